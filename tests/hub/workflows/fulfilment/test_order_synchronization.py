"""A person says what became of a work order's lines, by the same workflow that takes provisioning's word."""

from __future__ import annotations

import pytest

from hub.workflows.fulfilment.answers import WorkOrderUnknown
from hub.workflows.fulfilment.late_answers import LineNotAsked, WorkOrderAsksNothing
from hub.workflows.fulfilment.order_synchronization import NoLineNamed, OneServiceOneId
from hub.workflows.state.statuses import StatusChangeRefused
from integration_objects.complex_object import instances, walk_items
from integration_objects.names import KEY
from tests.road import mainframe_line, mainframe_order, sample


@pytest.fixture
def ordered(road):
    """The mainframe's order, of which provisioning was asked."""
    road.work(sample("order-1-new-service.xml"))
    return road


def statuses(road):
    [order] = road.stored("OM Order", Order_Number="O-0000001")
    return {item.get("Product Id"): item.get("Status") for item, _ in walk_items(order)}


def test_all_lines_that_have_no_answer_yet_are_complete(ordered):
    outcome = ordered.ask("order-synchronization", work_order="O-0000001-1", status="Complete")
    [order] = instances(outcome.objects[0])
    assert (outcome.state, order.get("Status")) == ("done", "Complete")
    assert set(statuses(ordered).values()) == {"Complete"}
    assert ordered.profile()["Local Breakthrough Package / Local Line / Voice Mail"] == "Active"
    assert len(ordered.left("billing.events")) == 1
    again = ordered.ask("order-synchronization", work_order="O-0000001-1", status="Complete")
    assert (again.state, again.why) == ("filtered", "the status says nothing new of any line")


@pytest.mark.parametrize("field", ["Integration Id", "Line Number", "Product Id"])
def test_of_some_lines_it_is_said_why_they_failed(ordered, field):
    [order] = ordered.stored("OM Order", Order_Number="O-0000001")
    [name] = [item.get(field) for item, _ in walk_items(order) if item.get("Product Id") == "Caller Id"]
    ordered.ask("order-synchronization", work_order="O-0000001-1", status="Failed", lines=name, reason="no port")
    assert statuses(ordered)["Caller Id"] == "Failed"
    assert statuses(ordered)["Local Line"] == "Open"
    ordered.set_clock("2026-02-03T10:00:00Z")
    ordered.ask(
        "order-synchronization", work_order="O-0000001-1", status="Complete", completed="2026-02-03", milestone="Built"
    )
    [order] = ordered.stored("OM Order", Order_Number="O-0000001")
    lines = {item.get("Product Id"): item for item, _ in walk_items(order)}
    assert order.get("Status") == "Failed"
    assert lines["Caller Id"].get("Status") == "Failed"
    assert (lines["Local Line"].get("Completed Date"), lines["Local Line"].get("Milestone")) == ("2026-02-03", "Built")


@pytest.mark.parametrize(
    ("given", "refusal", "why"),
    [
        (
            {"work_order": "O-9-1", "status": "Complete"},
            WorkOrderUnknown,
            "the hub never sent a work order of this number",
        ),
        (
            {"work_order": "O-0000001-1", "status": "Gone"},
            StatusChangeRefused,
            "its status is Open, and can become Complete or Failed or Rejected",
        ),
        ({"work_order": "O-0000001-1", "status": "Complete", "lines": "X"}, LineNotAsked, "its lines are "),
        ({"work_order": "O-0000001-1", "status": "Complete", "lines": ","}, NoLineNamed, "the list is empty"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(ordered, given, refusal, why):
    with pytest.raises(refusal) as caught:
        ordered.ask("order-synchronization", **given)
    assert caught.value.why.startswith(why)
    assert caught.value.where
    assert statuses(ordered)["Local Line"] == "Open"


def test_a_service_id_is_told_of_one_line(ordered):
    with pytest.raises(OneServiceOneId):
        ordered.ask("order-synchronization", work_order="O-0000001-1", status="Open", service_id="5550101")
    [order] = ordered.stored("OM Order", Order_Number="O-0000001")
    [key] = [item.get(KEY) for item, _ in walk_items(order) if item.get("Product Id") == "Local Line"]
    told = {"work_order": "O-0000001-1", "lines": key, "service_id": "5550101"}
    assert ordered.ask("order-synchronization", status="Open", **told).state == "done"
    [order] = ordered.stored("OM Order", Order_Number="O-0000001")
    [line] = [item for item, _ in walk_items(order) if item.get(KEY) == key]
    assert (line.get("Status"), line.get("Service Id")) == ("Open", "5550101")


def test_a_work_order_that_was_withdrawn_asks_nothing(road):
    road.work(mainframe_order("9", mainframe_line(1, "A", "LCLLN001", ref="L")))
    road.ask("cancel-order", order="O-0000001")
    with pytest.raises(WorkOrderAsksNothing) as caught:
        road.ask("order-synchronization", work_order="O-0000001-1", status="Complete")
    assert str(caught.value) == (
        "the work order asks nothing any more\n"
        "  where: Work Order Status, Work Order Number\n"
        "  why:   it was withdrawn, or a later revision asks nothing of this system\n"
        "  mend:  answer the work order that asks for the lines now, if there is one; else there is nothing to do"
    )
