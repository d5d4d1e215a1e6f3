"""A deployment's extension: a new field is stored, read, mapped and sent, without a change elsewhere."""

from __future__ import annotations

import pathlib

import pytest

from adapters.database.schema.upgrade import upgrade
from hub.data_manager.open_hub import OpenHub
from hub.deployment.proof import load_deployment
from hub.deployment.settings import FILE, read_settings
from integration_objects.complex_object import attributes, message, walk_items
from integration_objects.property_set import PropertySet
from schemas.check import parse
from tests.road import Road

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
def extended(tmp_path: pathlib.Path):
    """A deployment with an extension, a dialect, a map, a route and a system of its own: declarations only."""
    for name, text in EXTENSIONS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")
    road = Road(tmp_path).load_samples()
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
    with extended.open_hub.database.read() as connection:
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
    with extended.open_hub.database.read() as connection:
        shown = connection.exec_driver_sql("SELECT number_value, x_unit FROM s_asset_xa").all()
    assert [tuple(row) for row in shown] == [("5.990", "kW")]


COMPONENT = """
extends: Account
components:
  Account:
    children:
      - component: Loyalty Card
        table: x_loyalty_card
        keys: [[Card Number]]
        fields:
          Card Number: {length: 30, required: yes}
          Level: {length: 10, values: [Silver, Gold]}
          Partner Account Id: {length: 64, references: Account.Account Id}
        children:
          - component: Booking
            table: x_loyalty_booking
            keys: [[Booking Number]]
            fields:
              Booking Number: {length: 30, required: yes}
              Booked Date: {type: date}
              Points: {type: number}
"""
CARDS = (
    '<Message IntObjectName="Account"><ListOfAccount><Account><AccountId>1-A</AccountId><ListOfLoyaltyCard>'
    "<LoyaltyCard><CardNumber>77</CardNumber><Level>Gold</Level><PartnerAccountId>1-B</PartnerAccountId>"
    "<ListOfBooking><Booking><BookingNumber>1</BookingNumber><BookedDate>2026-01-05</BookedDate>"
    "<Points>12.5</Points></Booking></ListOfBooking></LoyaltyCard>"
    "</ListOfLoyaltyCard></Account></ListOfAccount></Message>"
)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def loyal(request, tmp_path):
    """A deployment whose accounts have a component with tables of its own, on a database that was there before."""
    settings = {}
    if request.param == "PostgreSQL":
        settings["database_url"] = request.getfixturevalue("database_url")
    (tmp_path / FILE).touch()
    _upgrade(tmp_path, settings)
    (tmp_path / "integration_objects").mkdir()
    (tmp_path / "integration_objects" / "account.yaml").write_text(COMPONENT, encoding="utf-8")
    _upgrade(tmp_path, settings)
    road = Road(tmp_path, **settings).load_samples()
    yield road
    road.close()


def _upgrade(folder, settings):
    """What `orderhub db upgrade` does."""
    deployment = load_deployment(folder, read_settings(folder, environment=False, **settings))
    open_hub = OpenHub(deployment)
    upgrade(open_hub.database, deployment.definitions)
    open_hub.close()


def test_a_component_with_tables_of_its_own_is_declared_upgraded_stored_and_queried(loyal):
    assert loyal.load(CARDS) == ["updated Account 1-A"]
    [account] = loyal.stored("Account", Account_Id="1-A")
    [cards] = [one for one in account.children if one.type == "ListOf Loyalty Card"]
    assert str(cards) == str(
        PropertySet(
            "ListOf Loyalty Card",
            children=[
                PropertySet(
                    "Loyalty Card",
                    properties={"Card Number": "77", "Level": "Gold", "Partner Account Id": "1-B"},
                    children=[
                        PropertySet(
                            "ListOf Booking",
                            children=[
                                PropertySet(
                                    "Booking",
                                    properties={"Booking Number": "1", "Booked Date": "2026-01-05", "Points": "12.5"},
                                )
                            ],
                        )
                    ],
                )
            ],
        )
    )
    assert loyal.load(CARDS) == ["unchanged Account 1-A"]
    shown = loyal.work(CARDS.replace("Gold", "Lead"), "hub_object", "C-2")
    assert (shown["state"], shown["error"]["why"]) == ("invalid", "expected one of Silver, Gold, found 'Lead'")
    shown = loyal.work(CARDS.replace("1-B", "1-Z"), "hub_object", "C-3")
    assert (shown["state"], shown["reason"]) == ("rejected", "ReferenceUnknown")
    [account] = loyal.stored("Account", Account_Id="1-A")
    with loyal.open_hub.write() as transaction:
        [done] = transaction.store.synchronize(message("Account", [without_bookings(account)]))
    assert done.rows["deleted"] == 1


def without_bookings(account):
    """The account as it was read, its card with an empty list of bookings."""
    result = account.copy()
    for node in result.walk():
        if node.type == "ListOf Booking":
            node.children = []
    return result
