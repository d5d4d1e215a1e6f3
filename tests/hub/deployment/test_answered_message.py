"""A dialect like UBL: nested lines of two names, parties chosen by a scheme, answers with date and parties."""

from __future__ import annotations

import pathlib

import pytest

from hub.deployment.proof import check_deployment
from schemas.check import parse
from tests.road import Road

XSD = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:trade" targetNamespace="urn:trade"
           elementFormDefault="qualified">
  <xs:complexType name="ID"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="schemeID" type="Text"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:simpleType name="Text"><xs:restriction base="xs:string"><xs:maxLength value="60"/></xs:restriction>
  </xs:simpleType>
  <xs:complexType name="Identification"><xs:sequence><xs:element name="ID" type="ID"/></xs:sequence></xs:complexType>
  <xs:complexType name="Party"><xs:sequence>
    <xs:element name="Identification" type="Identification" maxOccurs="unbounded"/>
    <xs:element name="Name" type="Text"/></xs:sequence></xs:complexType>
  <xs:complexType name="Line"><xs:sequence><xs:element name="ID" type="Text"/><xs:element name="Item" type="Text"/>
    <xs:element name="Quantity" type="Text"/>
    <xs:element name="SubLineItem" type="Line" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="ID" type="Text"/><xs:element name="Buyer" type="Party"/><xs:element name="Seller" type="Party"/>
    <xs:element name="LineItem" type="Line" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="OrderResponse"><xs:complexType><xs:sequence>
    <xs:element name="ID" type="Text"/><xs:element name="IssueDate" type="xs:date"/>
    <xs:element name="Code" type="Text"/>
    <xs:element name="Note" type="Text" minOccurs="0"/>
    <xs:element name="OrderReference" type="Text"/>
    <xs:element name="Buyer" type="Party"/><xs:element name="Seller" type="Party"/></xs:sequence>
  </xs:complexType></xs:element>
</xs:schema>
"""
ORDER_MAP = """\
map: Trade Order to OM Order
from: Trade Order
to: OM Order
make: Order
fields:
  Source System: "'TRADE'"
  Source Order Number: "[ID]"
  Account Id: "[Buyer/Identification[ID/@schemeID='CRM']/ID]"
  Currency Code: "'USD'"
children:
  - make: Line Item
    each: LineItem
    recurse: SubLineItem
    fields:
      Source Reference: "[ID]"
      Action Code: "'Add'"
      Product Id: "[Item]"
      Quantity: "number([Quantity])"
"""
PARTY = """\
  - make: {0}
    each: answered:{0}
    fields: {{Name: "[Name]"}}
    children:
      - make: Identification
        each: Identification
        children: [{{make: ID, each: ID, fields: {{".": "[.]", "@schemeID": "[@schemeID]"}}}}]
"""
REPLY_MAP = """\
map: OM Reply to Trade Response
from: OM Reply
to: Trade Response
answers: Trade Order
time zone: Asia/Tokyo
make: OrderResponse
fields:
  ID: "'R-' + [answered:ID]"
  IssueDate: "format_date(now(), 'YYYY-MM-DD')"
  Code: "if([State] = 'done', 'AP', 'RE')"
  Note: "left([Error[1]/What], 60)"
  OrderReference: "[answered:ID]"
children:
""" + "".join(PARTY.format(name) for name in ("Buyer", "Seller"))
ROUTE = """\
route: trade
from: {channel: trade.orders}
object: Trade Order
map: Trade Order to OM Order
workflow: Receive Order
identity: {field: "[ID]"}
reply: {object: Trade Response, map: OM Reply to Trade Response, channel: trade.responses}
"""
FILES = {
    "orderhub.toml": "routes = []\n",
    "schemas/trade/trade.xsd": XSD,
    "schemas/trade/order.yaml": 'external object: Trade Order\nschema: trade/trade.xsd\nroot: "{urn:trade}Order"\n',
    "schemas/trade/response.yaml": (
        'external object: Trade Response\nschema: trade/trade.xsd\nroot: "{urn:trade}OrderResponse"\n'
    ),
    "maps/trade_order.yaml": ORDER_MAP,
    "maps/trade_response.yaml": REPLY_MAP,
    "hub/routes/route.yaml": ROUTE,
}
ORDER = """\
<Order xmlns="urn:trade">
  <ID>4711</ID>
  <Buyer><Identification><ID schemeID="GLN">99</ID></Identification><Identification><ID schemeID="CRM">1-B</ID>
    </Identification><Name>Ann</Name></Buyer>
  <Seller><Identification><ID>7</ID></Identification><Name>Bob</Name></Seller>
  <LineItem>
    <ID>1</ID><Item>Small Business Enabler</Item>
    <Quantity>1</Quantity>
    <SubLineItem>
      <ID>2</ID><Item>Local Line</Item>
      <Quantity>5</Quantity>
      <SubLineItem><ID>3</ID><Item>Call Waiting</Item><Quantity>1</Quantity></SubLineItem>
    </SubLineItem>
  </LineItem>
</Order>
"""


def write(folder: pathlib.Path, **changed: str) -> None:
    """Write the deployment's files; *changed* by the stems of their names."""
    for name, text in FILES.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(changed.get(place.stem, text), "utf-8")


@pytest.fixture
def trade(tmp_path):
    write(tmp_path)
    made = Road(tmp_path).load_samples()
    yield made
    made.close()


def answer(road: Road) -> tuple[str, str]:
    (row,) = road.take("trade.responses")
    text = row.message.body.decode()
    return row.message.type, text


def elements(text: str) -> list[tuple[str, str]]:
    tree = parse(text.encode())
    return [(one.tag.rpartition("}")[2], (one.text or "").strip()) for one in tree.iter() if (one.text or "").strip()]


def test_an_order_of_nested_lines_is_worked_and_answered_with_date_and_parties(trade):
    shown = trade.work(ORDER, "trade")
    assert shown["state"] == "done", shown["error"]
    (order,) = trade.stored("OM Order", Source_Order_Number="4711")
    assert order.get("Account Id") == "1-B"
    kind, text = answer(trade)
    day = trade.surroundings.now()[:10]
    assert (kind, elements(text)) == (
        "Trade Response",
        [
            ("ID", "R-4711"),
            ("IssueDate", day),
            ("Code", "AP"),
            ("OrderReference", "4711"),
            ("ID", "99"),
            ("ID", "1-B"),
            ("Name", "Ann"),
            ("ID", "7"),
            ("Name", "Bob"),
        ],
    )


def test_a_refused_order_is_answered_likewise_and_the_error_names_the_fields_line(trade):
    shown = trade.work(ORDER.replace("      <Quantity>5<", "      <Quantity>one<"), "trade")
    assert (shown["state"], shown["reason"]) == ("rejected", "ExpressionFailed")
    assert shown["error"]["where"].endswith("line 11, /Order[1]/LineItem[1]/SubLineItem[1]/Quantity")
    kind, text = answer(trade)
    found = elements(text)
    assert (kind, found[0], found[2]) == ("Trade Response", ("ID", "R-4711"), ("Code", "RE"))
    assert ("Name", "Bob") in found


def test_a_message_that_was_not_understood_is_answered_in_the_hubs_xml(trade):
    shown = trade.work(ORDER.replace("<Name>Bob</Name>", ""), "trade", "M-1")
    assert shown["state"] == "invalid"
    _, text = answer(trade)
    assert "<MessageId>M-1</MessageId>" in text


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        (
            {"trade_response": REPLY_MAP.replace("answered:ID", "answered:IDD")},
            "'Order' has no field 'IDD' (did you mean 'ID'?)",
        ),
        (
            {"trade_response": REPLY_MAP.replace("answers: Trade Order", "answers: Trade Response")},
            "the map 'OM Reply to Trade Response' reads the answered 'Trade Response': "
            "the route's object is 'Trade Order' (name a map that answers the route's object)",
        ),
        (
            {"trade_order": ORDER_MAP.replace("make: Order", "answers: Trade Order\nmake: Order", 1)},
            "the map 'Trade Order to OM Order' reads the message that is answered: "
            "only the map of a route's reply can (take `answers` out of the map)",
        ),
        (
            {"route": ROUTE.replace('"[ID]"', '"[ID] + now()"')},
            "now() can't be a part of it: a message that comes again at another time would have another key",
        ),
        (
            {"trade_response": REPLY_MAP.replace("Asia/Tokyo", "Asia/Tokio")},
            "there is no time zone 'Asia/Tokio' (did you mean 'Asia/Tokyo'?)",
        ),
        (
            {"trade_response": REPLY_MAP.replace("'YYYY-MM-DD'", "'YYYY-MM-DD', 'Asia/Tokio'")},
            "column 1: there is no time zone 'Asia/Tokio' (did you mean 'Asia/Tokyo'?)",
        ),
        (
            {"trade_order": ORDER_MAP.replace("recurse: SubLineItem", "recurse: SubLine")},
            "'LineItem' has no component 'SubLine' (did you mean 'SubLineItem'?)",
        ),
    ],
)
def test_mistakes_are_found_by_check(tmp_path, changed, finding):
    write(tmp_path, **changed)
    texts = [str(found) for found in check_deployment(tmp_path)]
    assert any(finding in text for text in texts), texts


REPLY = (
    '<Message MessageType="Integration Object" IntObjectName="OM Reply" IntObjectFormat="Hierarchical"><ListOfOMReply>'
    "<Reply><State>done</State></Reply></ListOfOMReply></Message>"
)
RESPONSE = """\
<OrderResponse xmlns="urn:trade"><ID>R-4711</ID><IssueDate>2026-03-01</IssueDate><Code>AP</Code>
<OrderReference>4711</OrderReference>
<Buyer><Identification><ID schemeID="GLN">99</ID></Identification><Identification><ID schemeID="CRM">1-B</ID>
</Identification><Name>Ann</Name></Buyer>
<Seller><Identification><ID>7</ID></Identification><Name>Bob</Name></Seller></OrderResponse>
"""


def test_cases_have_the_answered_message_and_the_time(tmp_path, command):
    write(tmp_path)
    cases = tmp_path / "maps/cases/trade_response"
    cases.mkdir(parents=True)
    for name, text in {
        "done.in.xml": REPLY,
        "done.answered.xml": ORDER,
        "done.now.txt": "2026-02-28T20:00:00Z\n",
        "done.out.xml": RESPONSE,
    }.items():
        (cases / name).write_text(text)
    name = "OM Reply to Trade Response"
    assert command("map", "test", name).out == "passed  trade_response/done\n"
    (cases / "done.now.txt").unlink()
    assert '+  p["IssueDate"] = "2026-01-31"' in command("map", "test", name, expect=1).out
    traced = command("map", "run", "--trace", "--answered", cases / "done.answered.xml", name, cases / "done.in.xml")
    assert "from:   line 1, answered:/Order[1]/ID = '4711'" in traced.out
    assert "from:   now() = '20" in traced.out
    refused = command("map", "run", "--answered", cases / "done.in.xml", "Trade Order to OM Order", "x.xml", expect=1)
    assert "data map 'Trade Order to OM Order' reads no answered message" in refused.err


def test_a_trace_names_the_lines_of_simple_elements(tmp_path, command):
    write(tmp_path)
    (tmp_path / "order.xml").write_text(ORDER)
    traced = command("map", "run", "--trace", "Trade Order to OM Order", "order.xml").out
    assert "from:   line 11, /Order[1]/LineItem[1]/SubLineItem[1]/Quantity = '5'" in traced
    assert "from:   line 3, /Order[1]/Buyer[1]/Identification[2]/ID[1] = '1-B'" in traced
