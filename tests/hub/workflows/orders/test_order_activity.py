"""Order activity: each event of an order is a row, with who brought it about and the message that it came from.

That the rows give the present statuses of the lines is proven behind every test of workflows (`conftest`).
"""

from __future__ import annotations

import pytest

from hub.workflow_manager.origin import Origin
from hub.workflows.state.order_lookup import OrderUnknown
from integration_objects.complex_object import components, line_items
from integration_objects.errors import Refused
from integration_objects.names import KEY
from tests.activities import activities, told
from tests.customer_care import the
from tests.road import provisioning_status, sample, work_order_lines


def ordered(care, product="Local Line", account="1-B", **quote):
    """An order that isn't submitted; its number."""
    made = the(care("new-products-and-services", account=account, product=product, **quote))
    return care.place(made.get("Quote Number")).get("Order Number")


def last(care, number, count):
    return told(care.road, number)[-count:]


def test_an_order_is_told_from_its_message_to_its_completion(any_care):
    care = any_care
    received = care.road.work(sample("order-1-new-service.xml"))
    assert told(care.road) == [
        ("Made", 6, None),
        ("Submitted", 0, None),
        ("Work Order Sent", 5, "O-0000001-1, revision 1, to Provisioning"),
    ]
    answer = care.road.complete()
    assert told(care.road)[3:] == [
        ("Answer Received", 5, "work order O-0000001-1: 5 Complete"),
        ("Billed", 6, "Lines Completed"),
        ("Lines Completed", 6, None),
        ("Completed", 0, None),
    ]
    rows = activities(care.road)
    assert {row.get("Message Id") for row in rows[:3]} == {received["id"]}
    assert {row.get("Message Id") for row in rows[3:]} == {answer["id"]}
    assert {row.get("Actor") for row in rows} == {"local"}
    assert {row.get("Account Id") for row in rows} == {"1-B"}
    # A repeat of the answer says nothing new, and a refused order leaves nothing.
    assert care.road.work(sample("order-3-unknown-product.xml"))["state"] == "rejected"
    assert len(activities(care.road)) == 7


def test_a_line_of_an_activity_names_its_line_and_both_statuses(care):
    number = ordered(care)
    care("submit", order=number)
    (row,) = (row for row in activities(care.road, number) if row.get("Event") == "Submitted")
    (line,) = components(row, "Activity Line")
    (service,) = line_items(care.order(number))
    assert (row.get("Old Status"), row.get("New Status")) == ("New", "Open")
    assert line.properties == {
        KEY: service.get(KEY),
        "Line Number": "1",
        "Product Id": "Local Line",
        "Old Status": "Pending",
        "New Status": "Open",
        "Detail": None,
    }


def test_a_failure_a_milestone_and_a_retry_are_told(care):
    number = ordered(care)
    care("submit", order=number)
    care("order-synchronization", work_order=f"{number}-1", status="Open", milestone="Port Assigned")
    assert last(care, number, 1) == [("Milestone Reached", 1, None)]
    care("order-synchronization", work_order=f"{number}-1", status="Rejected", reason="no pair left")
    events = [event for event, _, _ in last(care, number, 4)]
    assert events == ["Answer Received", "Fallout", "Lines Rejected", "Failed"]
    care("fallout-retry", entry=care.road.fallout()[0]["row_id"])
    assert [event for event, _, _ in last(care, number, 3)] == ["Tried Again", "Work Order Sent", "Fallout Resolved"]


def test_an_edit_tells_the_lines_that_it_adds_changes_and_takes_off(care):
    number = ordered(care)
    line = line_items(care.order(number))[0].get(KEY)
    add = [{"request": "add", "beneath": line, "product": "Caller Id"}]
    care("edit-order-line-item", order=number, line=line, requests=add)
    assert last(care, number, 1) == [("Changed", 1, None)]
    (row,) = components(activities(care.road, number)[-1], "Activity Line")
    assert (row.get("Product Id"), row.get("Detail"), row.get("New Status")) == ("Caller Id", "added", "Pending")
    remove = [{"request": "remove", "item": row.get(KEY)}]
    care("edit-order-line-item", order=number, line=line, requests=remove)
    (row,) = components(activities(care.road, number)[-1], "Activity Line")
    assert (row.get("Old Status"), row.get("New Status"), row.get("Detail")) == ("Pending", None, "taken off")
    care("edit-order-line-item", order=number, line=line,
         requests=[{"request": "set", "item": line, "fields": {"Service Id": "509-555-0177"}}])  # fmt: skip
    (row,) = components(activities(care.road, number)[-1], "Activity Line")
    assert row.get("Detail") == "Service Id"


def test_a_supplement_is_told_whether_it_is_submitted_or_taken_back(care):
    number = ordered(care)
    care("submit", order=number)
    care("revise", order=number)
    care("cancel-order", order=number)
    assert [event for event, _, _ in last(care, number, 2)] == ["Revised", "Taken Back"]
    care("revise", order=number)
    care("submit", order=number)
    events = [(row.get("Event"), row.get("Order Revision")) for row in activities(care.road, number)]
    assert ("Submitted", "2") in events
    care("cancel-order", order=number)
    assert [event for event, _, _ in last(care, number, 2)] == ["Cancelled", "Work Order Withdrawn"]


def test_a_refused_run_leaves_no_activity(care):
    number = ordered(care)
    before = told(care.road)
    with pytest.raises(Refused):
        care("order-synchronization", work_order=f"{number}-1", status="Complete")
    assert told(care.road) == before


def test_an_answer_that_is_refused_leaves_no_activity_and_its_neighbours_in_the_group_leave_theirs(care):
    first, second = ordered(care), ordered(care)
    for number in (first, second):
        care("submit", order=number)
    before = len(activities(care.road))
    good, bad = care.road.work_orders()
    keys = [[(line.get("integrationId") or "", "COMPLETED") for line in work_order_lines(one)] for one in (good, bad)]
    time = max("2026-02-01T10:00:00Z", care.road.surroundings.now())
    care.road.send(
        provisioning_status(bad.get("number") or "", [("NOBODY", "COMPLETED")], time=time), "provisioning_status"
    )
    sent = care.road.send(provisioning_status(good.get("number") or "", keys[0], time=time), "provisioning_status")
    care.road.run()
    new = activities(care.road)[before:]
    assert {(row.get("Order Number"), row.get("Message Id")) for row in new} == {(first, sent)}


def test_the_question_lists_the_events_oldest_first(care):
    number = ordered(care)
    care("submit", order=number)
    rows = care("order-activity", order=number).rows
    assert [(row["event"], row["status"], row["lines"], row["who"]) for row in rows] == [
        ("Made", "New", "1 Local Line", "hub"),
        ("Submitted", "New -> Open", "1 Local Line", "hub"),
        ("Work Order Sent", None, "1 Local Line", "hub"),
    ]
    with pytest.raises(OrderUnknown):
        care("order-activity", order="O-9")


def test_a_long_list_shows_the_last_events(care):
    number = ordered(care)
    with care.open_hub.write() as transaction:
        run = transaction.run(Origin("test", "local", "test"))
        for place in range(60):
            run.effects.raise_fallout(care.order(number), "Test", f"number {place}", [])
        run.finish()
    outcome = care("order-activity", order=number)
    assert len(outcome.rows) == 50
    assert outcome.rows[-1]["detail"] == "Test: number 59"
    assert [str(note) for note in outcome.notes] == [
        "more: and 11 earlier; `orderhub object query 'Order Activity'` has all"
    ]


def test_activities_are_shown_like_any_object(care):
    number = ordered(care)
    assert care.look("Order Activity", number).get("Event") == "Made"
