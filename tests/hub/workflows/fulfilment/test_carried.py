"""Work orders and billing events carry an order's own fields and components, aliases, and the date of a change."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from adapters.database.schema.upgrade import upgrade
from hub.data_manager.open_hub import OpenHub
from hub.deployment.proof import load_deployment
from hub.deployment.settings import FILE, read_settings
from integration_objects.complex_object import first_instance, items_of, list_of
from integration_objects.names import KEY, WORK_ORDER
from integration_objects.property_set import PropertySet
from schemas.check import parse
from schemas.hub_xml import hub_from_xml
from tests.road import SETTINGS, Road, mainframe_line, mainframe_order, provisioning_status, work_order_lines

ADDRESS = """
      - component: Delivery Address
        table: {table}
        keys: [[Street]]
        fields: {{Street: {{length: 100, required: yes}}, City: {{length: 50}}}}
"""
EXTENSIONS = {
    "integration_objects/order.yaml": """
extends: OM Order
components:
  Order:
    fields: {Cost Centre: {length: 30}, Internal Note: {length: 100}}
    children:"""
    + ADDRESS.format(table="x_order_address"),
    "integration_objects/work_order.yaml": """
extends: OM Work Order
components:
  Work Order:
    fields: {Cost Centre: {length: 30}}
    children:"""
    + ADDRESS.format(table="x_work_order_address"),
    "integration_objects/billing_event.yaml": """
extends: OM Billing Event
components:
  Billing Event:
    fields: {Cost Centre: {length: 30}}
    children:
      - component: Delivery Address
        fields: {Street: {length: 100}}
""",
    "adapters/systems/copies.yaml": """
system: Provisioning Copy
takes: OM Work Order
for: Provisioning
channel: copies.work_orders
""",
    "adapters/systems/billing_copies.yaml": """
system: Billing Copy
takes: OM Billing Event
channel: copies.billing
""",
}


@pytest.fixture
def extended(tmp_path: pathlib.Path) -> Any:
    for name, text in EXTENSIONS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / FILE).write_text(SETTINGS, encoding="utf-8")
    opened = OpenHub(load_deployment(tmp_path, read_settings(tmp_path, environment=False)))
    upgrade(opened.database, opened.deployment.definitions)
    opened.close()
    road = Road(tmp_path).load_samples()
    yield road
    road.close()


def order(lines: str, number: str = "1", header: str = "") -> str:
    return (
        '<Message MessageType="Integration Object" IntObjectName="OM Order" IntObjectFormat="Hierarchical">'
        f"<ListOfOMOrder><Order><SourceSystem>CRM</SourceSystem><SourceOrderNumber>{number}</SourceOrderNumber>"
        f"<AccountId>1-B</AccountId><CurrencyCode>USD</CurrencyCode>{header}"
        f"<ListOfLineItem>{lines}</ListOfLineItem></Order></ListOfOMOrder></Message>"
    )


def line(reference: str, action: str, product: str = "Local Line", more: str = "") -> str:
    return (
        f"<LineItem><SourceReference>{reference}</SourceReference><ProductId>{product}</ProductId>"
        f"<ActionCode>{action}</ActionCode>{more}</LineItem>"
    )


def sent(road: Road, channel: str) -> list[PropertySet]:
    """The objects that left on a channel in the hub's own XML."""
    definitions = road.open_hub.deployment.definitions
    return [first_instance(hub_from_xml(row.message.body, definitions)) for row in road.take(channel)]


def addresses(instance: PropertySet) -> list[dict[str, Any]]:
    below = instance.child(list_of("Delivery Address"))
    return [] if below is None else [dict(entry.properties) for entry in below.children]


def test_header_fields_and_components_of_one_name_leave_with_the_order(extended):
    header = (
        "<CostCentre>4711</CostCentre><InternalNote>for us</InternalNote><ListOfDeliveryAddress><DeliveryAddress>"
        "<Street>Mill Lane</Street><City>Spokane</City></DeliveryAddress></ListOfDeliveryAddress>"
    )
    assert extended.work(order(line("L", "Add"), header=header), "hub_object", id="1")["state"] == "done"
    [work_order] = sent(extended, "copies.work_orders")
    assert (work_order.get("Cost Centre"), work_order.get("Internal Note")) == ("4711", None)
    assert addresses(work_order) == [{"Street": "Mill Lane", "City": "Spokane"}]
    [stored] = extended.stored(WORK_ORDER, Work_Order_Number="O-0000001-1")
    assert [address["Street"] for address in addresses(stored)] == ["Mill Lane"]

    extended.complete()
    [event] = sent(extended, "copies.billing")
    assert event.get("Cost Centre") == "4711"
    # The event's own Delivery Address has a street and no city.
    assert addresses(event) == [{"Street": "Mill Lane"}]


def test_a_revision_replaces_the_components_of_the_work_order(extended):
    def header(street: str, revision: int) -> str:
        return (
            f"<SourceRevision>{revision}</SourceRevision><ListOfDeliveryAddress><DeliveryAddress>"
            f"<Street>{street}</Street></DeliveryAddress></ListOfDeliveryAddress>"
        )

    for revision, street in ((1, "Mill Lane"), (2, "High Street")):
        xml = order(line("L", "Add"), header=header(street, revision))
        assert extended.work(xml, "hub_object", id=str(revision))["state"] == "done"
    [stored] = extended.stored(WORK_ORDER, Work_Order_Number="O-0000001-1")
    assert [address["Street"] for address in addresses(stored)] == ["High Street"]


# Suspend, Resume, and the date of a change


def charges(road: Road) -> list[dict[str, str | None]]:
    found = []
    for row in road.take("billing.events"):
        for charge in parse(row.message.body).iter("{*}Charge"):
            found.append({name: charge.findtext(f"{{*}}{name}") for name in ("Action", "ChangeDate", "Price")})
    return found


def completed(road: Road, day: str) -> None:
    [work_order] = road.work_orders()
    keys = [entry.get("integrationId") or "" for entry in work_order_lines(work_order)]
    status = provisioning_status(
        work_order.get("number") or "", [(key, "COMPLETED") for key in keys], time=f"{day}T08:00:00Z"
    )
    assert road.work(status, "provisioning_status")["state"] == "done"


def test_a_senders_suspension_is_told_by_its_own_word_and_date(road):
    road.work(order(line("L", "Add")), "hub_object", id="1")
    completed(road, "2026-01-20")
    for channel in ("billing.events", "billing.records"):
        road.take(channel)
    for number, status, word in (("2", "Suspended", "Suspend"), ("3", "Active", "Resume")):
        xml = order(line("L", "Update", more=f"<AssetStatus>{status}</AssetStatus>"), number)
        assert road.work(xml, "hub_object", id=number)["state"] == "done"
        [row] = road.left("provisioning.work_orders")
        assert [one.text for one in parse(row.message.body).iter("{*}action")] == [word.lower()]
        completed(road, "2026-03-01")
        [charge] = charges(road)
        assert (charge["Action"], charge["ChangeDate"]) == (word, "2026-03-01T08:00:00Z")
        [record] = [row.message.body.decode("iso-8859-1") for row in road.take("billing.records")]
        assert record.splitlines()[1][424:439] == f"20260301{word:7}"
        assert set(road.profile().values()) == {status}


def test_a_change_of_price_says_from_when_it_holds(road):
    road.work(order(line("L", "Add", more="<AdjustedPrice>10</AdjustedPrice>")), "hub_object", id="1")
    completed(road, "2026-01-20")
    assert [charge["ChangeDate"] for charge in charges(road)] == [None]
    road.work(order(line("L", "Update", more="<AdjustedPrice>12.5</AdjustedPrice>"), "2"), "hub_object", id="2")
    completed(road, "2026-03-01")
    assert charges(road) == [{"Action": "Change", "ChangeDate": "2026-03-01T08:00:00Z", "Price": "12.5"}]


def test_a_line_that_stands_above_another_one_asks_for_no_status(road):
    """A suspended bundle of two: the one line is done, the other one is asked for again beneath it."""
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L"), mainframe_line(2, "A", "CALID001", 1)))
    road.complete()
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    keys = {item.get("Product Id"): item.get(KEY) or "" for item in items_of(stored)}
    quote = first_instance(road.ask("suspend", account="1-B", root=keys["Local Line"]).objects[0])
    placed = road.ask("quote-to-order", quote=quote.get("Quote Number") or "")
    number = first_instance(placed.objects[0]).get("Order Number") or ""
    road.ask("submit", order=number)
    [first] = road.work_orders()
    assert [entry.get("action") for entry in work_order_lines(first)] == ["suspend", "suspend"]
    answers = [(keys["Local Line"], "COMPLETED"), (keys["Caller Id"], "FAILED")]
    road.work(provisioning_status(first.get("number") or "", answers), "provisioning_status")
    [entry] = [entry for entry in road.fallout() if entry["cause"] == "Lines Failed"]
    road.ask("fallout-retry", entry=entry["row_id"])
    [second] = road.work_orders()
    assert [entry.get("action") for entry in work_order_lines(second)] == ["none", "suspend"]
    [stored] = road.stored(WORK_ORDER, Work_Order_Number=second.get("number"))
    assert [item.get("Action Alias") for item in items_of(stored)] == [None, "Suspend"]


def test_the_alias_of_an_action_is_shown_in_trees(road, command):
    road.work(order(line("L", "Add")), "hub_object", id="1")
    road.complete()
    road.work(order(line("L", "Update", more="<AssetStatus>Suspended</AssetStatus>"), "2"), "hub_object", id="2")
    assert "Local Line  Suspend " in command("show", "OM Order", "O-0000002", "--text").out


# Line numbers


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        # The second line stands for two services: its copy gets a number of its own.
        (("1", "2", "3"), ["1", "2", "4", "3"]),
        ((None, None, None), ["1", "2", "3", "4"]),
        (("10", "20", "30"), ["10", "20", "3", "30"]),
        (("1", "1", None), ["1", "2", "3", "4"]),
    ],
)
def test_line_numbers_are_unique_also_after_explode(road, numbers, expected):
    lines = [
        line(
            f"L{place}",
            "Add",
            "Local Line",
            more=f"<Quantity>{2 if place == 1 else 1}</Quantity>"
            + ("" if number is None else f"<LineNumber>{number}</LineNumber>"),
        )
        for place, number in enumerate(numbers)
    ]
    assert road.work(order("".join(lines)), "hub_object", id="1")["state"] == "done"
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    assert [item.get("Line Number") for item in items_of(stored)] == expected


def test_a_supplement_keeps_the_number_of_a_finished_copy(road):
    first = line("A", "Add", more="<Quantity>2</Quantity><LineNumber>1</LineNumber>")
    road.work(order(first), "hub_object", id="1")
    [work_order] = road.work_orders()
    copy = work_order_lines(work_order)[1]
    status = provisioning_status(work_order.get("number") or "", [(copy.get("integrationId") or "", "COMPLETED")])
    road.work(status, "provisioning_status")
    more = line("B", "Add", more="<LineNumber>2</LineNumber>")
    shown = road.work(order(first + more, header="<SourceRevision>2</SourceRevision>"), "hub_object", id="2")
    assert shown["state"] == "done", shown
    [stored] = road.stored("OM Order", Order_Number="O-0000001", Active_Flag="Y")
    assert [item.get("Line Number") for item in items_of(stored)] == ["1", "2", "3"]
