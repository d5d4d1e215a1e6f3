"""The history of service profiles: what each completed order line changed, old and new."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import event

from tests.road import mainframe_line, mainframe_order, provisioning_status, sample

HISTORY = "Service Profile History"


@pytest.fixture
def served(road):
    """The road, with the first order completed."""
    road.work(sample("order-1-new-service.xml"))
    road.complete()
    return road


def rows(road, **example):
    """The history: product, action, order, old values, new values; without what every new item has."""
    return [
        (
            one.get("Product Id"),
            one.get("Action Code"),
            one.get("Order Number"),
            json.loads(one.get("Old Values") or "{}"),
            json.loads(one.get("New Values") or "{}"),
        )
        for one in road.stored(HISTORY, **example)
    ]


def test_what_is_new_is_told_with_all_its_values(served):
    found = {product: (action, old, new) for product, action, _, old, new in rows(served, Account_Id="1-B")}
    assert set(found) == {"Local Breakthrough Package", "Local Line", "Caller Id", "Call Forwarding", "Voice Mail"}
    action, old, new = found["Call Forwarding"]
    [asset] = served.stored("OM Asset", Account_Id="1-B")
    line = asset.children[0].children[0].children[0].children[0]
    forwarding = next(one for one in line.walk() if one.get("Product Id") == "Call Forwarding")
    assert (action, old) == ("Add", {})
    assert new == {
        **{
            name: value
            for name, value in forwarding.properties.items()
            if value is not None and name not in ("Row Id", "Action Code")
        },
        "Parent Item Id": line.get("Integration Id"),
        "Attribute/Forwarding Number/Text Value": "5095550199",
        "Attribute/Rings/Text Value": "6",
    }


def test_a_change_is_told_with_the_changed_values_only(served):
    served.work(sample("order-2-change.xml"))
    served.complete()
    [order] = served.stored("OM Order", Order_Number="O-0000002")
    [ended] = [one.get("Completed Date") for one in order.walk() if one.get("Product Id") == "Voice Mail"]
    assert rows(served, Order_Number="O-0000002") == [
        (
            "Call Forwarding",
            "Update",
            "O-0000002",
            {"Attribute/Forwarding Number/Text Value": "5095550199"},
            {"Attribute/Forwarding Number/Text Value": "5095550177"},
        ),
        (
            "Voice Mail",
            "Delete",
            "O-0000002",
            {"Status": "Active"},
            {"Status": "Inactive", "Effective End Date": ended},
        ),
    ]


def test_each_change_has_its_account_item_revision_and_time(served):
    [asset] = served.stored("OM Asset", Account_Id="1-B")
    key = asset.children[0].children[0].get("Integration Id")
    [row] = served.stored(HISTORY, Integration_Id=key)
    assert (row.get("Account Id"), row.get("Order Revision")) == ("1-B", "1")
    assert row.get("Changed Date")
    assert row.get("Row Id")


def test_a_line_that_changes_nothing_leaves_no_row(served):
    before = len(served.stored(HISTORY))
    same = "<FEATURE><NAME>Rings</NAME><VAL>6</VAL><ACTN>C</ACTN></FEATURE>"
    served.work(mainframe_order("9", mainframe_line(1, "C", "CALFW001", ref="FWD-77", quantity=None, more=same)))
    served.complete()
    assert len(served.stored(HISTORY)) == before


def test_an_attribute_that_goes_is_told_with_its_old_value(served):
    gone = "<FEATURE><NAME>Rings</NAME><ACTN>D</ACTN></FEATURE>"
    served.work(mainframe_order("9", mainframe_line(1, "C", "CALFW001", ref="FWD-77", quantity=None, more=gone)))
    served.complete()
    assert rows(served, Order_Number="O-0000002") == [
        ("Call Forwarding", "Update", "O-0000002", {"Attribute/Rings/Text Value": "6"}, {})
    ]


def test_the_same_status_again_writes_no_history_twice(served):
    before = len(served.stored(HISTORY))
    [work_order] = served.stored("OM Work Order")
    asked = [node for node in work_order.walk() if node.type == "Line Item" and node.get("Action Code") == "Add"]
    keys = [line.get("Integration Id") for line in asked]
    assert len(keys) == 5
    number = work_order.get("Work Order Number")
    again = provisioning_status(number, [(key, "COMPLETED") for key in keys], time="2026-03-01T10:00:00Z")
    assert served.work(again, "provisioning_status")["state"] == "filtered"
    assert len(served.stored(HISTORY)) == before


def test_the_history_is_read_by_command(served, command):
    out = command("object", "query", HISTORY, "Order Number=O-0000001").out
    assert out.count("<ServiceProfileChange>") == 5
    assert command("show", HISTORY, "1-B").out.count("<ServiceProfileChange>") == 5


def test_the_history_costs_the_same_however_many_items_changed(road):
    """One statement for all rows of a run, and none to look for them."""
    counts = []
    for number, lines in (("1", 2), ("2", 7)):
        sent = [mainframe_line(line, "A", "LCLLN001", ref=f"{number}-{line}") for line in range(1, lines + 1)]
        road.work(mainframe_order(number, *sent))
        [work_order] = road.work_orders()
        texts: list[str] = []

        def note(connection, cursor, statement, parameters, context, executemany, texts=texts):
            if "s_service_profile_history" in statement:
                texts.append(statement)

        event.listen(road.open_hub.database._engine, "before_cursor_execute", note)
        road.complete(work_order)
        event.remove(road.open_hub.database._engine, "before_cursor_execute", note)
        counts.append(len(texts))
        assert len(road.stored(HISTORY, Order_Number=f"O-000000{number}")) == lines
    assert counts == [1, 1]


def test_a_service_that_moves_is_told_with_both_parents(road):
    road.work(
        mainframe_order(
            "1",
            mainframe_line(1, "A", "CALID001", ref="P1"),
            mainframe_line(2, "A", "CALID001", ref="P2"),
            mainframe_line(3, "A", "CALCD001", parent=1, ref="L"),
        )
    )
    road.complete()
    [order] = road.stored("OM Order", Order_Number="O-0000001")
    first, second = (one.get("Integration Id") for one in order.children[0].children)
    moved = [
        mainframe_line(1, "N", "CALID001", ref="P2", quantity=None),
        mainframe_line(2, "C", "CALCD001", parent=1, ref="L", quantity=None),
    ]
    assert road.work(mainframe_order("2", *moved))["state"] == "done"
    road.complete()
    assert rows(road, Order_Number="O-0000002") == [
        ("Calling Card", "Update", "O-0000002", {"Parent Item Id": first}, {"Parent Item Id": second})
    ]
