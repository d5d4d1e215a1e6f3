"""A value that a system can't take is told to the order's sender, before anything is provisioned or billed."""

from __future__ import annotations

import pytest

from hub.workflow_manager.effects import CannotLeave
from integration_objects.complex_object import items_of
from tests.road import Road, mainframe_line, mainframe_order, provisioning_status

PRODUCT = """<Message MessageType="Integration Object" IntObjectName="Product" IntObjectFormat="Hierarchical">
<ListOfProduct><Product><ProductId>{}</ProductId><TrackAsAsset>Y</TrackAsAsset><PriceType>Recurring</PriceType>
<FulfilmentSystem>Provisioning</FulfilmentSystem></Product></ListOfProduct></Message>"""
STRICT = """<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="job"><xs:complexType><xs:sequence><xs:element name="task" maxOccurs="unbounded">
    <xs:complexType><xs:sequence><xs:element name="product">
      <xs:simpleType><xs:restriction base="xs:string">
        <xs:maxLength value="100"/><xs:pattern value="[A-Za-z ]*"/>
      </xs:restriction></xs:simpleType>
    </xs:element></xs:sequence></xs:complexType>
  </xs:element></xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""
FIELD_FORCE = {
    "schemas/field/job.xsd": STRICT,
    "schemas/field/job.yaml": "external object: Job\nschema: field/job.xsd\nroot: job\n",
    "maps/om_work_order_to_job.yaml": """
map: OM Work Order to Job
from: OM Work Order
to: Job
make: job
children:
  - make: task
    each: Line Item
    fields:
      product: "[Product Id]"
""",
    "adapters/systems/field_force.yaml": """
system: Field Force
takes: OM Work Order
for: Provisioning
map: OM Work Order to Job
object: Job
channel: field.jobs
""",
}


def order(product: str, number: str = "7", more: str = "") -> str:
    return (
        '<Message MessageType="Integration Object" IntObjectName="OM Order" IntObjectFormat="Hierarchical">'
        f"<ListOfOMOrder><Order><SourceSystem>CRM</SourceSystem><SourceOrderNumber>{number}</SourceOrderNumber>"
        f"<AccountId>1-B</AccountId><CurrencyCode>USD</CurrencyCode><ListOfLineItem><LineItem>"
        f"<SourceReference>A{number}</SourceReference><ProductId>{product}</ProductId><ActionCode>Add</ActionCode>{more}"
        "</LineItem></ListOfLineItem></Order></ListOfOMOrder></Message>"
    )


def test_a_letter_that_billings_encoding_lacks_is_refused_at_the_door(road):
    road.load(PRODUCT.format("Łącze"))
    shown = road.work(order("Łącze"), "hub_object", id="1")
    assert (shown["state"], shown["reason"]) == ("rejected", "CannotLeave")
    assert shown["error"]["what"] == "the order can't be taken: Billing File can't be sent OM Billing Event"
    assert shown["error"]["why"].endswith(
        "the field DETAIL/PRODUCT: the code page iso-8859-1 has no 'Ł' (U+0141); the field is text, 100 characters"
    )
    assert shown["error"]["mend"] == (
        "send values that Billing File can take; or mend its map, schema or template, and replay the message"
    )
    assert road.stored("OM Order") == []
    assert road.left("provisioning.work_orders") == []


def test_a_tab_in_a_service_id_is_refused_at_the_door(road):
    shown = road.work(order("Local Line", more="<ServiceId>555&#9;0101</ServiceId>"), "hub_object", id="1")
    assert (shown["state"], shown["reason"]) == ("rejected", "CannotLeave")
    assert "U+0009" in shown["error"]["why"]


def test_a_value_of_a_later_line_is_found_among_lines_that_repeat_each_other(road):
    lines = [mainframe_line(number, "A", "LCLLN001", ref=f"L{number}") for number in range(1, 6)]
    lines.append(mainframe_line(6, "A", "LCLLN001", ref="L6", more="<PHONE>555Ω</PHONE>"))
    shown = road.work(mainframe_order("1", *lines))
    assert (shown["state"], shown["reason"]) == ("rejected", "CannotLeave")


def test_a_value_that_a_work_orders_schema_forbids_is_refused_at_the_door(tmp_path):
    for name, text in FIELD_FORCE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    road = Road(tmp_path).load_samples()
    road.load(PRODUCT.format("Line 2"))
    assert road.work(order("Local Line"), "hub_object", id="1")["state"] == "done"
    shown = road.work(order("Line 2", "8"), "hub_object", id="2")
    assert (shown["state"], shown["reason"]) == ("rejected", "CannotLeave")
    assert shown["error"]["what"] == "the order can't be taken: Field Force can't be sent OM Work Order"
    road.close()


def test_an_order_that_a_rule_will_hold_is_refused_before_anybody_is_asked(tmp_path):
    rule = "approval rule: All\nhold line when: \"[Action Code] = 'Add'\"\napprovers: {users: [mary]}\n"
    for name, text in {**FIELD_FORCE, "hub/approvals/all.yaml": rule}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    road = Road(tmp_path).load_samples()
    road.load(PRODUCT.format("Line 2"))
    assert road.work(order("Local Line"), "hub_object", id="1")["state"] == "done"
    [held] = road.stored("OM Order", Order_Number="O-0000001")
    assert held.get("Status") == "Pending"
    assert road.work(order("Line 2", "8"), "hub_object", id="2")["reason"] == "CannotLeave"
    road.close()


def test_an_order_that_was_made_in_the_hub_is_refused_by_submit(road):
    road.load(PRODUCT.format("Łącze"))
    made = order("Łącze", more="<IntegrationId>K1</IntegrationId><Status>Pending</Status><RowId>R1.1</RowId>")
    source = "<SourceSystem>CRM</SourceSystem><SourceOrderNumber>7</SourceOrderNumber>"
    header = "<RowId>R1</RowId><OrderNumber>O-9</OrderNumber><Revision>1</Revision><Status>New</Status>"
    header += "<ActiveFlag>Y</ActiveFlag>"
    road.insert(made.replace(source, header))
    with pytest.raises(CannotLeave):
        road.ask("submit", order="O-9")
    [stored] = road.stored("OM Order", Order_Number="O-9")
    assert stored.get("Status") == "New"
    assert road.left("provisioning.work_orders") == []


def test_a_number_that_provisioning_brings_holds_up_the_one_system_that_cannot_take_it(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    [key] = [item.get("Integration Id") or "" for item in items_of(stored)]
    status = provisioning_status("O-0000001-1", [(key, "COMPLETED")])
    told = status.replace("</status>", "</status><serviceNumber>555Ω</serviceNumber>")
    assert road.work(told, "provisioning_status")["state"] == "done"
    assert road.profile() == {"Local Line": "Active"}
    assert (len(road.left("billing.events")), len(road.left("billing.records"))) == (1, 0)
    with road.open_hub.read() as transaction:
        [aside] = transaction.messages.outbox.listing("set aside")
    assert aside["destination"] == "billing.records"
