"""What a service is known by: the three ways, over time, and where the hub tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.workflows.state.service_id import Network, installed, service_id
from integration_objects.complex_object import all_items, instances, items_of
from integration_objects.definition import shipped_definitions
from integration_objects.field_values import read_date
from integration_objects.property_set import PropertySet
from schemas.check import parse
from tests.road import Road, sample

NETWORK = Network(
    {"P": {"Service Point Id": "P", "Service Id": "5095550140"}, "Q": {"Service Point Id": "Q", "Service Id": None}},
    {"1": {"Meter Id": "1", "Serial Number": "SN-1"}, "2": {"Meter Id": "2", "Serial Number": None}},
    {
        "P": [
            {"Meter Id": "2", "Service Point Id": "P", "From Date": "2026-02-01T12:00:00Z", "To Date": None},
            {"Meter Id": "1", "Service Point Id": "P", "From Date": "2025-01-01", "To Date": "2026-01-15"},
        ]
    },
)


def item(point: str | None = "P", own: str | None = "own") -> PropertySet:
    return PropertySet("Line Item", properties={"Service Id": own, "Service Point Id": point})


@pytest.mark.parametrize(
    ("kind", "point", "on", "expected"),
    [
        (None, "P", "2026-01-01", "own"),
        ("Attribute", "P", "2026-01-01", "own"),
        ("Service Point", "P", "2026-01-01", "5095550140"),
        ("Service Point", "Q", "2026-01-01", None),
        ("Service Point", "unknown", "2026-01-01", None),
        ("Service Point", None, "2026-01-01", "own"),
        ("Meter", "P", "2024-12-31", None),
        ("Meter", "P", "2025-01-01", "SN-1"),
        ("Meter", "P", "2026-01-14T23:59:59Z", "SN-1"),
        ("Meter", "P", "2026-01-15", None),
        ("Meter", "P", "2026-02-01T11:59:59Z", None),
        ("Meter", "P", "2026-02-01T13:00:00+01:00", "2"),
        ("Meter", "P", "2199-12-31", "2"),
        ("Meter", "unknown", "2026-01-01", None),
        ("Meter", None, "2026-01-01", "own"),
    ],
)
def test_a_service_id_is_told_as_the_product_says(kind, point, on, expected):
    assert service_id(item(point), {"Service Id Kind": kind}, NETWORK, on) == expected


def test_a_product_that_was_written_in_has_the_items_own():
    assert service_id(item(), {}, NETWORK, "2026-01-01") == "own"


DAYS = st.dates(read_date("2000-01-01").date(), read_date("2040-01-01").date())


@given(st.lists(DAYS, min_size=1, max_size=8, unique=True), DAYS)
def test_of_meters_one_after_the_other_the_last_that_was_installed_is_there(days, on):
    """A law: with each removed when the next comes, the one installed is the last whose day isn't later."""
    days = sorted(days)
    ends = [*days[1:], None]
    locations = [
        {"From Date": str(day), "To Date": None if end is None else str(end)}
        for day, end in zip(days, ends, strict=True)
    ]
    found = installed(reversed(locations), str(on))
    past = [str(day) for day in days if day <= on]
    assert (found or {}).get("From Date") == (past[-1] if past else None)


KIND = """
extends: Product
components:
  Product:
    fields:
      Service Id Kind: {length: 30}
"""
PRODUCTS = (
    '<Message IntObjectName="Product"><ListOfProduct>'
    "<Product><ProductId>Electricity</ProductId><FulfilmentSystem>Provisioning</FulfilmentSystem>"
    "<ServiceIdKind>Meter</ServiceIdKind></Product>"
    "<Product><ProductId>Gas</ProductId><FulfilmentSystem>Provisioning</FulfilmentSystem>"
    "<ServiceIdKind>Meter</ServiceIdKind></Product>"
    "<Product><ProductId>Local Line</ProductId><FulfilmentSystem>Provisioning</FulfilmentSystem>"
    "<ServiceIdKind>Service Point</ServiceIdKind></Product>"
    "</ListOfProduct></Message>"
)


@pytest.fixture
def network(tmp_path):
    """The road, with the samples' meters; products whose service ids are joined in."""
    if "Service Id Kind" not in shipped_definitions()["Product"].root.fields:
        (tmp_path / "integration_objects").mkdir()
        (tmp_path / "integration_objects" / "product.yaml").write_text(KIND, encoding="utf-8")
    made = Road(tmp_path).load_samples()
    made.load(PRODUCTS)
    for name in ("premises", "customers", "service_points", "meters", "meter_locations"):
        made.load(sample(f"{name}.xml"))
    yield made
    made.close()


#: without a tariff no energy can be ordered
TARIFF = "<ListOfAttribute><Attribute><Name>Tariff</Name><TextValue>Standard</TextValue></Attribute></ListOfAttribute>"


def test_work_orders_and_billing_are_told_the_meter_of_the_date(network):
    """Due before the meter was replaced, the old one; completed after it, the new one; the asset keeps its own."""
    order = (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><AccountId>2-EN</AccountId>'
        "<DueDate>2026-01-10</DueDate><ListOfLineItem>"
        "<LineItem><SourceReference>E</SourceReference><ProductId>Electricity</ProductId><ActionCode>Add</ActionCode>"
        f"<Quantity>1</Quantity><ServicePointId>SP-WINTER-EL</ServicePointId>{TARIFF}</LineItem>"
        "<LineItem><SourceReference>G</SourceReference><ProductId>Gas</ProductId><ActionCode>Add</ActionCode>"
        f"<Quantity>1</Quantity><ServicePointId>SP-WINTER-GAS</ServicePointId>{TARIFF}</LineItem>"
        "<LineItem><SourceReference>L</SourceReference><ProductId>Local Line</ProductId><ActionCode>Add</ActionCode>"
        "<Quantity>1</Quantity><ServicePointId>SP-HOME-LINE</ServicePointId></LineItem>"
        "<LineItem><SourceReference>C</SourceReference><ProductId>Calling Card</ProductId>"
        "<ActionCode>Add</ActionCode><Quantity>1</Quantity><ServiceId>card</ServiceId></LineItem>"
        "</ListOfLineItem></Order></ListOfOMOrder></Message>"
    )
    shown = network.work(order, "hub_object", "W-1")
    assert shown["state"] == "done", shown["error"]
    [work_order] = network.stored("OM Work Order")
    assert [line.get("Service Id") for line in work_order.children[0].children] == [
        "EL-40017",
        "GA-22008",
        "5095550140",
        "card",
    ]
    network.complete(time="2026-01-20T10:00:00Z")
    [event] = network.left("billing.events")
    told = [node.text for node in parse(event.message.body).iter() if node.tag.rpartition("}")[2] == "ServiceId"]
    assert told == ["EL-40391", "GA-22008", "5095550140", "card"]
    [asset] = network.stored("OM Asset", Account_Id="2-EN")
    assert [one.get("Service Id") for one in asset.children[0].children] == [None, None, None, "card"]


# Shown


@pytest.fixture
def shop(network):
    """The same with the samples' price list."""
    network.load(sample("price_list.xml"))
    return network


def shown_ids(outcome):
    return [item.get("Service Id") for tree in outcome.objects for item in all_items([tree])]


def test_the_joined_id_is_shown_and_never_stored(shop):
    """In quotes, orders, profiles and projected states, each with the meter of its day; in the tables, nowhere."""
    plan = [
        {"request": "add", "product": product, "fields": {"Service Point Id": point}, "attributes": attributes}
        for product, point, attributes in (
            ("Electricity", "SP-WINTER-EL", {"Tariff": "Standard"}),
            ("Local Line", "SP-HOME-LINE", {}),
        )
    ]
    quoted = shop.ask("new-products-and-services", account="2-EN", requests=plan)
    assert shown_ids(quoted) == ["EL-40017", "5095550140"]
    number = instances(quoted.objects[0])[0].get("Quote Number")
    placed = shop.ask("quote-to-order", quote=number, due_date="2026-01-20")
    # On the order's day the meter is replaced; the quote's lines have no day, so that today's meter counts.
    assert shown_ids(placed) == ["EL-40391", "5095550140", "EL-40017", "5095550140"]
    submitted = shop.ask("submit", order=instances(placed.objects[0])[0].get("Order Number"))
    assert shown_ids(submitted) == ["EL-40391", "5095550140"]
    assert shown_ids(shop.ask("projected-state", account="2-EN")) == ["EL-40017", "5095550140"]
    # Provisioning answers in February, when the meter has been replaced.
    shop.complete()
    assert shown_ids(shop.ask("profile", quote=number)) == ["EL-40391", "5095550140"]
    stored = [shop.stored(name) for name in ("OM Quote", "OM Order")] + [shop.stored("OM Asset", Account_Id="2-EN")]
    assert {item.get("Service Id") for found in stored for instance in found for item in items_of(instance)} == {None}


def test_an_id_of_its_own_goes_before_the_joined_one(shop):
    """What is typed is shown as it is, also where provisioning will be told the service point's."""
    fields = {"Service Point Id": "SP-HOME-LINE", "Service Id": "509-555-0140"}
    plan = [{"request": "add", "product": "Local Line", "fields": fields}]
    assert shown_ids(shop.ask("new-products-and-services", account="2-EN", requests=plan)) == ["509-555-0140"]


def test_a_reply_to_a_request_has_the_joined_id(shop):
    plan = [{"request": "add", "product": "Local Line", "fields": {"Service Point Id": "SP-HOME-LINE"}}]
    outcome = shop.ask("new-products-and-services", account="2-EN", requests=plan)
    assert [node.get("Service Id") for node in outcome.reply.walk() if node.type == "Line Item"] == ["5095550140"]
