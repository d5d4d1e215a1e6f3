"""A deployment's extension: a new field is stored, read, mapped and sent, without a change elsewhere."""

from __future__ import annotations

import pathlib

import pytest

from integration_objects.complex_object import attributes, walk_items
from schemas.check import parse

EXTENSIONS = {
    "integration_objects/line_item.yaml": """
extends: Line Item
components:
  Line Item:
    fields:
      Meter Type: {length: 30}
    compared: [Meter Type]
  Attribute:
    fields:
      Unit: {length: 10}
    compared: [Unit]
""",
    "integration_objects/om_work_order.yaml": """
extends: OM Work Order
components:
  Line Item:
    fields:
      Meter Type: {length: 30}
""",
    "adapters/systems/metering.yaml": """
system: Metering
takes: OM Work Order
for: Metering
channel: metering.work_orders
repeats: recognised by message id
""",
    "schemas/grid/order.xsd": """<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="gridOrder"><xs:complexType><xs:sequence>
    <xs:element name="meter" type="xs:string"/>
  </xs:sequence><xs:attribute name="id" type="xs:string" use="required"/></xs:complexType></xs:element>
</xs:schema>
""",
    "schemas/grid/order.yaml": """
external object: Grid Order
schema: grid/order.xsd
root: gridOrder
""",
    "maps/grid_order_to_om_order.yaml": """
map: Grid Order to OM Order
from: Grid Order
to: OM Order
make: Order
fields:
  Source System: "'GRID'"
  Source Order Number: "[@id]"
  Account Id: "'1-A'"
children:
  - make: Line Item
    fields:
      Source Reference: "'meter'"
      Product Id: "'Metering'"
      Action Code: "'Add'"
      Quantity: "1"
      Meter Type: "upper([meter])"
""",
    "hub/routes/grid_order.yaml": """
route: grid_order
from: {channel: grid.orders}
object: Grid Order
map: Grid Order to OM Order
workflow: Receive Order
identity: {field: "[@id]"}
""",
}
PRODUCT = (
    '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Metering</ProductId>'
    "<FulfilmentSystem>Metering</FulfilmentSystem></Product></ListOfProduct></Message>"
)


@pytest.fixture
def extended(tmp_path: pathlib.Path, build):
    """A deployment with an extension, a dialect, a map, a route and a system of its own: declarations only."""
    for name, text in EXTENSIONS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")
    road = build.Road(tmp_path).load_samples()
    road.load(PRODUCT)
    yield road
    road.close()


def test_a_field_of_a_deployment_is_mapped_stored_read_and_sent(extended):
    shown = extended.work('<gridOrder id="G-1"><meter>smart</meter></gridOrder>', "grid_order")
    assert shown["state"] == "done", shown["error"]
    [order] = extended.stored("OM Order", Source_Order_Number="G-1")
    assert [item.get("Meter Type") for item, _ in walk_items(order)] == ["SMART"]
    [sent] = extended.left("metering.work_orders")
    assert parse(sent.message.body).findtext(".//MeterType") == "SMART"
    with extended.desk.database.read() as connection:
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(s_order_item)")]
    assert "x_meter_type" in columns


def test_the_hubs_own_xml_carries_it_too(extended):
    profile = (
        '<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>1-A</AccountId><ListOfLineItem><LineItem>'
        "<IntegrationId>M1</IntegrationId><ProductId>Metering</ProductId><MeterType>old</MeterType>"
        "<ListOfAttribute><Attribute><Name>Load</Name><NumberValue>5.990</NumberValue><Unit>kW</Unit></Attribute>"
        "</ListOfAttribute></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
    )
    assert extended.work(profile, "hub_object", "P1")["state"] == "done"
    [asset] = extended.stored("OM Asset", Account_Id="1-A")
    [(item, _)] = walk_items(asset)
    assert item.get("Meter Type") == "old"
    [attribute] = attributes(item)
    assert (attribute.get("Number Value"), attribute.get("Unit")) == ("5.990", "kW")
    with extended.desk.database.read() as connection:
        shown = connection.exec_driver_sql("SELECT number_value, x_unit FROM s_asset_xa").all()
    assert [tuple(row) for row in shown] == [("5.990", "kW")]
