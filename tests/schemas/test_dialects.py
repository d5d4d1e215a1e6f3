"""The shipped dialects: what they carry, and that every message comes back as it went."""

from __future__ import annotations

import datetime
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_objects.property_set import PropertySet
from schemas.check import AgainstSchema, parse
from schemas.from_xml import external_from_xml
from schemas.to_xml import external_to_xml
from tests.shipped_objects import shipped_external_objects, shipped_xml_objects

OBJECTS = shipped_xml_objects()
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
NUMBER = st.decimals(0, 1_000_000, places=4).map(str)
DATE = st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)).map(lambda day: f"{day:%Y%m%d}")


def some(required: dict[str, st.SearchStrategy[str]], optional: dict[str, st.SearchStrategy[str]]):  # type: ignore[no-untyped-def]
    return st.fixed_dictionaries(required, optional=optional)


def short(most: int) -> st.SearchStrategy[str]:
    return TEXT.map(lambda text: text[:most]).filter(bool)


ACTION = st.sampled_from("ACDN")
FEATURE = some({"NAME": short(100)}, {"VAL": TEXT.map(lambda text: text[:250]), "ACTN": ACTION}).map(
    lambda properties: PropertySet("FEATURE", properties=properties)
)
LINE = st.builds(
    lambda properties, features: PropertySet("LINE", properties=properties, children=features),
    some(
        {"LINE-NO": st.from_regex(r"[0-9]{1,6}", fullmatch=True), "ACTN": ACTION, "PROD-CD": st.just("LBPKG001")},
        {
            "PARENT-LINE-NO": st.just("1"),
            "SVC-REF": short(64),
            "QTY": NUMBER,
            "UOM": short(30),
            "OCCURS": st.integers(1, 999).map(str),
            "PHONE": short(64),
            "PRICE": NUMBER,
            "PRICE-TYPE": st.sampled_from("ORU"),
            "BILL-CUST": st.just("C-1"),
            "DUE-DATE": DATE,
        },
    ),
    st.lists(FEATURE, max_size=3),
)
ORDERS = st.builds(
    lambda properties, lines: PropertySet(
        "ORDERS", children=[PropertySet("ORDER", properties=properties, children=lines)]
    ),
    some(
        {"ORD-NO": st.just("4711"), "CUST-NO": st.just("C-1")},
        {"MSG-ID": short(64), "REV-NO": st.integers(1, 999).map(str), "DUE-DATE": DATE, "CURR": st.just("USD")},
    ),
    st.lists(LINE, min_size=1, max_size=4),
)


@settings(max_examples=100, deadline=None)
@given(ORDERS)
def test_every_mainframe_order_is_valid_and_comes_back_as_it_went(tree: PropertySet) -> None:
    obj = OBJECTS["Mainframe Order"]
    element = parse(external_to_xml(tree, obj))
    obj.schema.validate(element)
    assert external_from_xml(element, obj) == tree


MESSAGES = {
    "Mainframe Answer": "<ANSWER><MSG-ID>m1</MSG-ID><STATE>OK</STATE><ORD-NO>4711</ORD-NO><REV-NO>1</REV-NO>"
    "<HUB-ORD-NO>1-5</HUB-ORD-NO><LINE><LINE-REF>4711-1</LINE-REF><HUB-REF>ABC</HUB-REF></LINE>"
    "<ERR><REASON>R</REASON><WHAT>w</WHAT><WHERE>x</WHERE><WHY>y</WHY><MEND>z</MEND></ERR></ANSWER>",
    "Provisioning Work Order": '<workOrder xmlns="urn:orderhub:provisioning:work-order:1"><number>5-1</number>'
    "<revision>1</revision><orderNumber>5</orderNumber><fulfilmentSystem>Provisioning</fulfilmentSystem>"
    "<dueDate>2026-01-31</dueDate><account>1-A</account><line><integrationId>A1</integrationId>"
    "<action>none</action><product>P 1</product><line><integrationId>A2</integrationId><action>add</action>"
    "<product>P 2</product><quantity>1</quantity><serviceNumber>555</serviceNumber>"
    '<dueDate>2026-01-31T10:00:00Z</dueDate><characteristic type="number"><name>Speed</name><value>100</value>'
    "<action>add</action></characteristic></line></line></workOrder>",
    "Provisioning Status": '<workOrderStatus xmlns="urn:orderhub:provisioning:status:1"><sourceSystem>M</sourceSystem>'
    "<sourceOrderNumber>4711</sourceOrderNumber><revision>1</revision><time>2026-01-31T10:00:00Z</time><line>"
    "<integrationId>A2</integrationId><status>COMPLETED</status><completedDate>2026-01-31</completedDate>"
    "<serviceNumber>555</serviceNumber><reason>ok</reason></line></workOrderStatus>",
    "Billing Message": '<BillingMessage xmlns="urn:orderhub:billing:1"><EventId>e1</EventId>'
    "<EventType>LinesCompleted</EventType><OrderNumber>5</OrderNumber><AccountId>1-A</AccountId>"
    "<BillingAccountId>1-B</BillingAccountId><CurrencyCode>USD</CurrencyCode><Charge>"
    "<IntegrationId>A2</IntegrationId><Action>Start</Action><ProductId>P 2</ProductId><PriceType>Recurring</PriceType>"
    "<Price>9.99</Price><Quantity>1</Quantity><StartDate>2026-01-31</StartDate></Charge></BillingMessage>",
}


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_of_each_dialect_comes_back_as_it_went(name: str) -> None:
    obj, body = OBJECTS[name], MESSAGES[name]
    element = parse(body.encode())
    obj.schema.validate(element)
    written = external_to_xml(external_from_xml(element, obj), obj)
    assert written.decode() == f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


def test_a_status_names_its_work_order_one_way_only() -> None:
    both = MESSAGES["Provisioning Status"].replace(
        "<sourceSystem>", "<workOrderNumber>5-1</workOrderNumber><sourceSystem>"
    )
    with pytest.raises(AgainstSchema):
        OBJECTS["Provisioning Status"].schema.validate(parse(both.encode()))
    hub = both.replace("<sourceSystem>M</sourceSystem><sourceOrderNumber>4711</sourceOrderNumber>", "")
    OBJECTS["Provisioning Status"].schema.validate(parse(hub.encode()))


def test_a_wrong_date_of_the_mainframe_is_shown_with_line_and_path() -> None:
    body = (
        b"<ORDERS><ORDER><ORD-NO>1</ORD-NO><CUST-NO>C</CUST-NO><DUE-DATE>20261301</DUE-DATE>\n"
        b"<LINE><LINE-NO>1</LINE-NO><ACTN>A</ACTN><PROD-CD>LBPKG001</PROD-CD></LINE></ORDER></ORDERS>"
    )
    with pytest.raises(AgainstSchema) as caught:
        OBJECTS["Mainframe Order"].schema.validate(parse(body))
    assert caught.value.where == "line 1, /ORDERS[1]/ORDER[1]/DUE-DATE[1]"
    assert "20261301" in caught.value.why


def test_every_dialect_is_described() -> None:
    page = (pathlib.Path(__file__).parents[2] / "docs" / "schemas.md").read_text(encoding="utf-8")
    missing = [name for name in shipped_external_objects() if f"**{name}**" not in page]
    assert missing == []
