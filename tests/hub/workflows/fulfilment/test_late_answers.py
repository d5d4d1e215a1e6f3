"""Answers to a request that was replaced or withdrawn: what was done is done, and somebody hears of it."""

from __future__ import annotations

import pytest

from hub.workflows.orders.compensation import CannotBeUndone, NothingAbove, NothingWithdrawn
from integration_objects.complex_object import first_instance, items_of
from integration_objects.names import KEY
from schemas.check import parse
from tests.road import Road, mainframe_line, mainframe_order, provisioning_status, work_order_lines

LINE = mainframe_line(1, "A", "LCLLN001", ref="L")
OTHER = mainframe_line(2, "A", "LCLLN001", ref="M")
FEATURE = mainframe_line(3, "A", "CALID001", parent=1, ref="C")
WORK_ORDER = "O-0000001-1"


def lines_of(road, revision: str | None = None):
    """The order's lines by reference: of the active revision, or of this one."""
    wanted = {"Active_Flag": "Y"} if revision is None else {"Revision": revision}
    [stored] = road.stored("OM Order", Order_Number="O-0000001", **wanted)
    return {(item.get("Source Reference") or "")[-1]: item for item in items_of(stored)}


def keys_of(road) -> dict[str, str]:
    return {reference: item.get(KEY) or "" for reference, item in lines_of(road).items()}


def answer(road, lines, revision: int | None = 1, day: str = "10") -> dict:
    xml = provisioning_status(WORK_ORDER, lines, revision=revision, time=f"2026-02-{day}T10:00:00Z")
    return road.work(xml, "provisioning_status")


def entries(road, cause: str):
    return [entry for entry in road.fallout() if entry["cause"] == cause]


def billed(road) -> list[str | None]:
    return [
        charge.findtext("{*}Action") for row in road.take("billing.events") for charge in parse(row.message.body)[-1:]
    ]


@pytest.fixture
def dropped(road: Road):
    """An order of two lines, of which its second revision keeps the first; and the keys of both."""
    road.work(mainframe_order("1", LINE, OTHER))
    keys = keys_of(road)
    assert road.work(mainframe_order("1", LINE, revision=2))["state"] == "done"
    road.work_orders()
    return road, keys


def test_a_completion_of_a_line_that_both_revisions_have_completes_it(dropped):
    road, keys = dropped
    assert answer(road, [(keys["L"], "COMPLETED")])["state"] == "done"
    [stored] = road.stored("OM Order", Order_Number="O-0000001", Active_Flag="Y")
    assert (stored.get("Status"), road.profile()) == ("Complete", {"Local Line": "Active"})
    assert road.fallout() == []
    # The answer to the present revision says the same once more.
    assert answer(road, [(keys["L"], "COMPLETED")], revision=2, day="11")["state"] == "filtered"


def test_a_completion_of_a_dropped_line_falls_out_once(dropped):
    road, keys = dropped
    assert answer(road, [(keys["M"], "COMPLETED")])["state"] == "done"
    [entry] = entries(road, "Completed After Withdrawal")
    assert entry["lines"] == [keys["M"]]
    assert entry["reason"] == (
        "provisioning completed lines of revision 1, and the order doesn't ask for them any more: "
        f"Local Line ({keys['M']})"
    )
    [row] = road.ask("fallout-list").rows
    assert row["can be done"] == "fallout-keep, fallout-undo, fallout-close"
    # The present revision lacks the line.
    assert row["lines"] == f"Local Line ({keys['M']}) Open in revision 1"
    # The replaced line keeps its status: the order goes on without it.
    assert (lines_of(road, "1")["M"].get("Status"), lines_of(road, "1")["M"].get("Completed Date")) == (
        "Open",
        "2026-02-10T10:00:00Z",
    )
    assert answer(road, [(keys["M"], "COMPLETED")], day="11")["state"] == "filtered"
    road.ask("fallout-close", entry=entry["row_id"], resolution="told the customer")
    assert answer(road, [(keys["M"], "COMPLETED")], day="12")["state"] == "filtered"
    assert road.fallout() == []


def test_without_a_revision_the_other_lines_of_the_answer_are_taken(dropped):
    road, keys = dropped
    assert answer(road, [(keys["L"], "COMPLETED"), (keys["M"], "COMPLETED")], revision=None)["state"] == "done"
    assert road.profile() == {"Local Line": "Active"}
    assert len(entries(road, "Completed After Withdrawal")) == 1


@pytest.mark.parametrize("code", ["FAILED", "REJECTED", "CANCELLED"])
def test_nothing_was_done_where_a_replaced_request_failed(dropped, code):
    road, keys = dropped
    assert answer(road, [(keys["L"], code), (keys["M"], code)])["state"] == "filtered"
    assert lines_of(road)["L"].get("Status") == "Open"
    assert road.fallout() == []


def test_a_line_that_no_revision_has_asked_for_is_refused(dropped):
    road, keys = dropped
    shown = answer(road, [(keys["L"], "COMPLETED"), ("NONE", "COMPLETED")])
    assert (shown["state"], shown["reason"]) == ("rejected", "LineNotAsked")
    assert lines_of(road)["L"].get("Status") == "Open"


def test_a_revision_that_never_was_is_refused(dropped):
    road, keys = dropped
    shown = answer(road, [(keys["L"], "COMPLETED")], revision=3)
    assert (shown["state"], shown["reason"]) == ("rejected", "WorkOrderRevisionUnknown")


def test_a_line_that_asks_otherwise_now_stays_open_and_falls_out_until_it_is_done(road):
    feature = "<FEATURE><NAME>Forwarding Number</NAME><VAL>{}</VAL></FEATURE>"
    parts = [
        mainframe_line(2, "A", "CALFW001", parent=1, ref="F", more=feature.format(number))
        for number in ("2535550142", "2535550199")
    ]
    road.work(mainframe_order("1", LINE, parts[0]))
    keys = keys_of(road)
    shown = road.work(mainframe_order("1", LINE, parts[1], revision=2))
    assert shown["state"] == "done", shown["error"]
    assert answer(road, [(keys["L"], "COMPLETED"), (keys["F"], "COMPLETED")])["state"] == "done"
    assert {name: item.get("Status") for name, item in lines_of(road).items()} == {"L": "Complete", "F": "Open"}
    [entry] = entries(road, "Completed As Replaced")
    assert entry["lines"] == [keys["F"]]
    assert answer(road, [(keys["F"], "COMPLETED")], revision=2, day="11")["state"] == "done"
    assert road.fallout() == []
    assert road.profile()["Local Line / Call Forwarding"] == "Active"


def test_another_price_is_the_same_work(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L", more="<PRICE>5.99</PRICE>")))
    keys = keys_of(road)
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L", more="<PRICE>4.99</PRICE>"), revision=2))
    assert answer(road, [(keys["L"], "COMPLETED")])["state"] == "done"
    [asset] = road.stored("OM Asset", Account_Id="1-B")
    assert [item.get("Adjusted Price") for item in items_of(asset)] == ["4.99"]


def test_a_number_that_was_assigned_for_the_replaced_revision_is_kept(dropped):
    road, keys = dropped
    told = provisioning_status(WORK_ORDER, [(keys["L"], "INPROGRESS")], revision=1, milestone="Port Assigned")
    assert road.work(told, "provisioning_status")["state"] == "done"
    assert lines_of(road)["L"].get("Milestone") == "Port Assigned"


def test_a_completion_after_the_order_was_cancelled_falls_out(road):
    road.work(mainframe_order("1", LINE))
    keys = keys_of(road)
    road.ask("cancel-order", order="O-0000001")
    assert answer(road, [(keys["L"], "COMPLETED")])["state"] == "done"
    [entry] = entries(road, "Completed After Withdrawal")
    assert (entry["lines"], lines_of(road)["L"].get("Status")) == ([keys["L"]], "Cancelled")
    road.ask("fallout-keep", entry=entry["row_id"])
    assert road.profile() == {"Local Line": "Active"}


def test_a_service_that_is_kept_is_billed_and_in_the_profile(dropped):
    road, keys = dropped
    answer(road, [(keys["L"], "COMPLETED"), (keys["M"], "COMPLETED")])
    [entry] = entries(road, "Completed After Withdrawal")
    assert billed(road) == ["Start"]
    road.ask("fallout-keep", entry=entry["row_id"])
    [asset] = road.stored("OM Asset", Account_Id="1-B")
    assert {item.get(KEY): item.get("Status") for item in items_of(asset)} == {
        keys["L"]: "Active",
        keys["M"]: "Active",
    }
    assert billed(road) == ["Start"]
    assert road.fallout() == []
    # From here on it is a service like any other.
    shown = road.work(mainframe_order("2", mainframe_line(1, "D", "LCLLN001", ref=keys["M"], quantity=None)))
    assert shown["state"] == "done", shown["error"]


def test_a_service_is_kept_only_beneath_one_that_is_there(road):
    road.work(mainframe_order("1", LINE, FEATURE))
    keys = keys_of(road)
    road.work(mainframe_order("1", LINE, revision=2))
    answer(road, [(keys["C"], "COMPLETED")])
    [entry] = entries(road, "Completed After Withdrawal")
    with pytest.raises(NothingAbove) as refused:
        road.ask("fallout-keep", entry=entry["row_id"])
    assert refused.value.why == "the service above it (Local Line) isn't in the service profile"
    answer(road, [(keys["L"], "COMPLETED")], revision=2)
    road.ask("fallout-keep", entry=entry["row_id"])
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}


def test_a_service_that_is_undone_is_taken_away_and_never_billed(road):
    road.work(mainframe_order("1", LINE, FEATURE, OTHER))
    keys = keys_of(road)
    road.work(mainframe_order("1", OTHER, revision=2))
    answer(road, [(keys["C"], "COMPLETED"), (keys["L"], "COMPLETED")])
    road.work_orders()
    [entry] = entries(road, "Completed After Withdrawal")
    made = first_instance(road.ask("fallout-undo", entry=entry["row_id"]).objects[0])
    assert (made.get("Order Type"), made.get("Status")) == ("Compensation", "Open")
    [work_order] = road.work_orders()
    assert [(line.get("integrationId"), line.get("action")) for line in work_order_lines(work_order)] == [
        (keys["L"], "remove"),
        (keys["C"], "remove"),
    ]
    # Other orders of the account go their way meanwhile.
    assert road.work(mainframe_order("2", mainframe_line(1, "A", "ISDNL001", ref="I")))["state"] == "done"
    road.take("billing.events")
    assert road.complete(work_order, time="2026-02-11T10:00:00Z")["state"] == "done"
    [stored] = road.stored("OM Order", Order_Number=made.get("Order Number"))
    assert (stored.get("Status"), road.profile(), billed(road), road.fallout()) == ("Complete", {}, [], [])


def test_a_withdrawn_removal_that_was_done_is_kept_and_not_undone(road):
    road.work(mainframe_order("1", LINE))
    road.complete()
    keys = keys_of(road)
    road.work(
        mainframe_order("2", mainframe_line(1, "D", "LCLLN001", ref="L", quantity=None), OTHER, customer="100300")
    )
    road.work(mainframe_order("2", OTHER, revision=2))
    xml = provisioning_status("O-0000002-1", [(keys["L"], "COMPLETED")], revision=1)
    assert road.work(xml, "provisioning_status")["state"] == "done"
    [entry] = entries(road, "Completed After Withdrawal")
    with pytest.raises(CannotBeUndone) as refused:
        road.ask("fallout-undo", entry=entry["row_id"])
    assert refused.value.why == "its action is Delete, and only added services can be taken away again"
    road.ask("fallout-keep", entry=entry["row_id"])
    assert road.profile() == {"Local Line": "Inactive"}


def test_other_entries_have_nothing_to_keep_or_undo(road):
    road.work(mainframe_order("1", LINE))
    answer(road, [(keys_of(road)["L"], "FAILED")])
    [entry] = road.fallout()
    for workflow, causes in (
        ("fallout-keep", "Completed After Withdrawal or Completed Below Failed"),
        ("fallout-undo", "Completed After Withdrawal or Tasks Done Before Withdrawal or Completed Below Failed"),
    ):
        with pytest.raises(NothingWithdrawn) as refused:
            road.ask(workflow, entry=entry["row_id"])
        why = "its cause is Lines Failed; lines can be kept or undone if it is "
        assert refused.value.why.startswith(why + causes)


def test_a_removal_that_fails_can_be_tried_again(dropped):
    road, keys = dropped
    answer(road, [(keys["M"], "COMPLETED")])
    [entry] = entries(road, "Completed After Withdrawal")
    road.ask("fallout-undo", entry=entry["row_id"])
    removal = provisioning_status("O-0000002-1", [(keys["M"], "FAILED")], time="2026-02-11T10:00:00Z")
    assert road.work(removal, "provisioning_status")["state"] == "done"
    [failed] = entries(road, "Lines Failed")
    road.ask("fallout-retry", entry=failed["row_id"])
    again = provisioning_status("O-0000002-1", [(keys["M"], "COMPLETED")], "2026-02-12T10:00:00Z", revision=2)
    assert road.work(again, "provisioning_status")["state"] == "done"
    assert road.fallout() == []
