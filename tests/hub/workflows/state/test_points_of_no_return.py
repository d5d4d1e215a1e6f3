"""Milestones, and the lines that can't be changed any more once they have reached their products'."""

from __future__ import annotations

import pytest

from hub.workflows.orders.supplements import SupplementOvertaken
from hub.workflows.state.milestones import PastPointOfNoReturn
from integration_objects.complex_object import line_items, message, walk_items
from tests.road import VOICE_MAIL, mainframe_line, mainframe_order, provisioning_status, work_order_lines

NUMBER = "O-0000001"
PRODUCT = (
    '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Local Line</ProductId>'
    "<PointOfNoReturn>Port Assigned</PointOfNoReturn></Product></ListOfProduct></Message>"
)


@pytest.fixture
def keys(road):
    """A mainframe's order for a line with voice-mail, whose product has a point of no return; keys by product."""
    road.load(PRODUCT)
    road.work(
        mainframe_order(
            "12",
            mainframe_line(1, "A", "LCLLN001", ref="L"),
            mainframe_line(2, "A", "VOICM001", parent=1, ref="V", more=VOICE_MAIL),
        )
    )
    [work_order] = road.work_orders()
    return {line.get("product"): line.get("integrationId") for line in work_order_lines(work_order)}


def report(road, key, milestone, time="2026-02-01T10:00:00Z"):
    body = provisioning_status(f"{NUMBER}-1", [(key, "INPROGRESS")], time=time, milestone=milestone)
    return road.work(body, "provisioning_status")["state"]


def line(road):
    [order] = road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    return line_items(order)[0]


def test_a_line_keeps_its_last_milestone_and_whether_it_is_past(road, keys):
    key = keys["Local Line"]
    assert report(road, key, "Scheduled") == "done"
    assert (line(road).get("Milestone"), line(road).get("Past Point Of No Return")) == ("Scheduled", "N")
    assert report(road, key, "Port Assigned", "2026-02-01T11:00:00Z") == "done"
    assert (line(road).get("Milestone"), line(road).get("Past Point Of No Return")) == ("Port Assigned", "Y")
    assert report(road, key, "Tested", "2026-02-01T12:00:00Z") == "done"
    assert (line(road).get("Milestone"), line(road).get("Past Point Of No Return")) == ("Tested", "Y")
    assert report(road, key, "Tested", "2026-02-01T13:00:00Z") == "filtered"


def test_a_milestone_that_is_heard_of_late_counts_but_is_not_the_last(road, keys):
    key = keys["Local Line"]
    report(road, key, "Tested", "2026-02-01T12:00:00Z")
    assert report(road, key, "Port Assigned", "2026-02-01T11:00:00Z") == "done"
    assert (line(road).get("Milestone"), line(road).get("Past Point Of No Return")) == ("Tested", "Y")


def test_a_line_past_its_point_of_no_return_is_not_cancelled(road, keys):
    report(road, keys["Local Line"], "Port Assigned")
    with pytest.raises(PastPointOfNoReturn) as refused:
        road.ask("cancel-order", order=NUMBER)
    assert str(refused.value) == (
        "the line Local Line can't be cancelled any more\n"
        "  where: order O-0000001, line L\n"
        "  why:   the work on it has passed its point of no return (its last milestone: Port Assigned)\n"
        "  mend:  leave the line as it is, and change its service with another order, which follows the open one"
    )


def test_a_senders_revision_neither_leaves_it_out_nor_changes_it(road, keys):
    report(road, keys["Local Line"], "Port Assigned")
    shown = road.work(mainframe_order("12", mainframe_line(1, "A", "ISDNL001", ref="I"), revision=2))
    assert (shown["state"], shown["reason"]) == ("rejected", "PastPointOfNoReturn")
    assert shown["error"]["what"] == "the line Local Line can't be left out any more"
    changed = mainframe_line(1, "A", "LCLLN001", ref="L", more="<PRICE>99.00</PRICE>")
    shown = road.work(mainframe_order("12", changed, revision=2, message="again"))
    assert (shown["reason"], shown["error"]["what"]) == (
        "PastPointOfNoReturn",
        "the line Local Line can't be changed any more",
    )
    kept = mainframe_order("12", mainframe_line(1, "A", "LCLLN001", ref="L"), revision=2, message="third")
    assert road.work(kept)["state"] == "done"
    assert line(road).get("Past Point Of No Return") == "Y"
    [revised] = road.work_orders()
    assert [(one.get("product"), one.get("action")) for one in work_order_lines(revised)] == [("Local Line", "add")]


def test_a_supplement_made_before_is_overtaken(road, keys):
    road.ask("revise", order=NUMBER)
    [order] = road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    line_items(order)[0].properties["Adjusted Price"] = "9.99"
    with road.open_hub.write() as transaction:
        transaction.store.synchronize(message("OM Order", [order]))
    report(road, keys["Local Line"], "Port Assigned")
    with pytest.raises(SupplementOvertaken) as refused:
        road.ask("submit", order=NUMBER)
    assert refused.value.why == (
        f"Local Line ({keys['Local Line']}) has passed its point of no return, and the supplement changes it"
    )


def test_a_follow_on_order_is_stacked_on_the_open_one(road, keys):
    report(road, keys["Local Line"], "Port Assigned")
    follow_on = road.work(mainframe_order("13", mainframe_line(1, "D", "LCLLN001", ref="L", quantity=None)))
    assert follow_on["state"] == "done"
    assert road.ask("projected-state", account="1-B").objects == ()


def test_another_products_milestones_bind_nobody(road, keys):
    report(road, keys["Voice Mail"], "Port Assigned")
    [order] = road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    assert [item.get("Past Point Of No Return") for item, _ in walk_items(order)] == ["N", "N"]
    road.ask("cancel-order", order=NUMBER)
