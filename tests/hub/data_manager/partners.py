"""A deployment whose partners send batches in three forms: the shipped records, CSV and XML."""

from __future__ import annotations

import io
import pathlib
from typing import Any

from schemas.layouts.record_object import RecordObject
from tests.road import Road

ROUTES = ["mainframe_batch", "wren", "lark"]
#: the folder of each route of batches
RECORDS, CSV, XML = "mainframe.batches", "wren.orders", "lark.orders"

_LARK = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:lark" targetNamespace="urn:lark"
           elementFormDefault="qualified">
  <xs:element name="file">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="order" maxOccurs="unbounded">
          <xs:complexType>
            <xs:sequence>
              <xs:element name="number" type="xs:string"/>
              <xs:element name="customer" type="xs:string"/>
              <xs:element name="product" type="xs:string"/>
              <xs:element name="quantity" type="xs:integer"/>
            </xs:sequence>
          </xs:complexType>
        </xs:element>
        <xs:element name="orders" type="xs:integer"/>
      </xs:sequence>
      <xs:attribute name="id" type="xs:string" use="required"/>
    </xs:complexType>
  </xs:element>
  <xs:element name="answers">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="answer" minOccurs="0" maxOccurs="unbounded">
          <xs:complexType>
            <xs:attribute name="position" type="xs:string"/>
            <xs:attribute name="number" type="xs:string"/>
            <xs:attribute name="state" type="xs:string"/>
            <xs:attribute name="reason" type="xs:string"/>
          </xs:complexType>
        </xs:element>
        <xs:element name="why" type="xs:string" minOccurs="0"/>
      </xs:sequence>
      <xs:attribute name="file" type="xs:string"/>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""

_WREN = """\
external object: Wren Orders
layout: {delimiter: ";", type column: KIND}
records:
  HEAD:
    {type: H, occurs: 1, columns: {KIND: text, NO: {type: text, required: yes}}}
  ORDER:
    type: O
    occurs: 1
    columns:
      KIND: text
      NO: {type: text, length: 12, required: yes}
      CUSTOMER: {type: text, length: 8}
      PRODUCT: {type: text, length: 60, required: yes}
      QTY: {type: number, decimals: 0}
  END:
    {type: T, occurs: 1, columns: {KIND: text, QTY: number}, checks: {QTY: count ORDER}}
"""

_WREN_ANSWER = """\
external object: Wren Answers
layout: {delimiter: ";", type column: KIND, encoding: cp1252}
records:
  HEAD: {type: H, occurs: 1, columns: {KIND: text, FILE: text, STATE: text}}
  ANSWER:
    type: A
    occurs: 0..
    columns: {KIND: text, POSITION: text, NO: text, STATE: text, REASON: text, WHAT: text}
  ERROR: {type: E, occurs: 0.., columns: {KIND: text, REASON: text, WHAT: text}}
"""


def _to_om_order(name: str, source: str, each: str, number: str, customer: str, product: str, quantity: str) -> str:
    return f"""\
map: {name}
from: {source}
to: OM Order
make: Order
each: {each}
fields:
  Source System: "'{source.upper()}'"
  Source Order Number: "left([{number}], 30)"
  Source Revision: "'1'"
  Account Id: "left([{customer}], 15)"
  Currency Code: "'USD'"
children:
  - make: Line Item
    fields:
      Source Reference: "left([{number}], 30)"
      Product Id: "left([{product}], 100)"
      Action Code: "'Add'"
      Quantity: "[{quantity}]"
"""


_FILES = {
    "schemas/lark/orders.xsd": _LARK,
    "schemas/lark/orders.yaml": 'external object: Lark File\nschema: lark/orders.xsd\nroot: "{urn:lark}file"\n',
    "schemas/lark/answers.yaml": 'external object: Lark Answers\nschema: lark/orders.xsd\nroot: "{urn:lark}answers"\n',
    "schemas/wren/orders.yaml": _WREN,
    "schemas/wren/answers.yaml": _WREN_ANSWER,
    "maps/lark_file_to_om_order.yaml": _to_om_order(
        "Lark File to OM Order", "Lark File", "order", "number", "customer", "product", "quantity"
    ),
    "maps/wren_orders_to_om_order.yaml": _to_om_order(
        "Wren Orders to OM Order", "Wren Orders", "ORDER", "NO", "CUSTOMER", "PRODUCT", "QTY"
    ),
    "maps/om_reply_to_lark_answers.yaml": """\
map: OM Reply to Lark Answers
from: OM Reply
to: Lark Answers
make: answers
fields: {"@file": "[Batch Number]", why: "[Error[1]/Why]"}
children:
  - make: answer
    where: "[Batch Position] IS NOT NULL"
    fields:
      "@position": "[Batch Position]"
      "@number": "[Message Id]"
      "@state": "[State]"
      "@reason": "[Error[1]/Reason]"
""",
    "maps/om_reply_to_wren_answers.yaml": """\
map: OM Reply to Wren Answers
from: OM Reply
to: Wren Answers
make: Records
children:
  - make: HEAD
    fields: {FILE: "[Batch Number]", STATE: "[State]"}
  - make: ANSWER
    where: "[Batch Position] IS NOT NULL"
    fields:
      POSITION: "[Batch Position]"
      "NO": "[Message Id]"
      STATE: "[State]"
      REASON: "[Error[1]/Reason]"
      WHAT: "[Error[1]/What]"
  - make: ERROR
    each: Error
    where: "[..Batch Position] IS NULL"
    fields: {REASON: "[Reason]", WHAT: "[What]"}
""",
    "hub/routes/lark.yaml": """\
route: lark
from: {folder: lark.orders}
object: Lark File
map: Lark File to OM Order
workflow: Receive Order
identity: {field: "[order[1]/number]"}
key: "[order[1]/customer]"
reply: {object: Lark Answers, map: OM Reply to Lark Answers}
batch: {order: order, faulty orders: refused alone, number: "[@id]", count: "[orders]", answer: answer}
""",
    "hub/routes/wren.yaml": """\
route: wren
senders: [wren.orders, kite]
from: {folder: wren.orders}
object: Wren Orders
map: Wren Orders to OM Order
workflow: Receive Order
identity: {field: "[ORDER[1]/NO]"}
key: "[ORDER[1]/CUSTOMER]"
reply: {object: Wren Answers, map: OM Reply to Wren Answers}
batch: {order: ORDER, faulty orders: refused alone, number: "[HEAD/NO]", answer: ANSWER}
""",
}


def partners_road(folder: pathlib.Path, alone: bool = True, **settings: Any) -> Road:
    """A road whose routes take batches in records, CSV and XML; *alone*: a faulty order is refused alone."""
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        faulty_orders = "refused alone" if alone else "refuse the file"
        (folder / name).write_text(text.replace("refused alone", faulty_orders), encoding="utf-8")
    return Road(folder, **{"routes": ["mainframe_batch"], "systems": ["*"], **settings})


def csv_file(*orders: str, number: str = "W-1", count: int | None = None) -> bytes:
    """A file of lines such as `A-1;1-A;Local Line;1`."""
    lines = ["KIND;NO;CUSTOMER;PRODUCT;QTY", f"H;{number};;;", *(f"O;{order}" for order in orders)]
    return "\r\n".join([*lines, f"T;;;;{len(orders) if count is None else count}", ""]).encode()


def xml_file(*orders: str, id: str = "L-1", count: int | None = None) -> bytes:
    """A file of orders such as `A-1;1-A;Local Line;1`."""
    names = ("number", "customer", "product", "quantity")
    written = "".join(
        "\n<order>" + "".join(f"<{n}>{v}</{n}>" for n, v in zip(names, order.split(";"), strict=True)) + "</order>"
        for order in orders
    )
    count = len(orders) if count is None else count
    return f'<file xmlns="urn:lark" id="{id}">{written}\n<orders>{count}</orders>\n</file>'.encode()


def put_in(road: Road, place: str, name: str, content: bytes) -> None:
    """Put a file into the folder of a route, as its sender does."""
    folder = road.folder / "folders" / place / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def answer_to(road: Road, place: str, name: str, settled: str = "done") -> bytes:
    """The answer file that lies beside a settled file."""
    [answer] = (road.folder / "folders" / place / settled).glob(f"{name}.reply.*")
    return answer.read_bytes()


def rows(road: Road, name: str, content: bytes) -> list[dict[str, str | None]]:
    """The topmost records of an answer."""
    external = road.open_hub.deployment.external_objects[name]
    assert isinstance(external, RecordObject)
    return [dict(node.properties) for node in external.layout.read(io.BytesIO(content))]
