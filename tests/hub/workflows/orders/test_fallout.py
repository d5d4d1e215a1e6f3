"""Fallout: listed with what can be done, retried, amended, closed; later orders that were built on what failed."""

from __future__ import annotations

import pytest

from hub.presentation.printing import whole_seconds
from hub.workflows.orders.fallout import CannotBeRetried, FalloutResolved, FalloutUnclear, FalloutUnknown, LineNotFailed
from integration_objects.complex_object import line_items, message, walk_items
from tests.road import VOICE_MAIL, mainframe_line, mainframe_order, provisioning_status, work_order_lines

NUMBER = "O-0000001"


@pytest.fixture
def keys(road):
    """An order for a line with caller id, whose caller id failed; its keys by product."""
    road.work(
        mainframe_order(
            "8", mainframe_line(1, "A", "LCLLN001", ref="L"), mainframe_line(2, "A", "CALID001", parent=1, ref="C")
        )
    )
    [work_order] = road.work_orders()
    return {line.get("product"): line.get("integrationId") for line in work_order_lines(work_order)}


def answer(road, pairs, time="2026-02-01T10:00:00Z", revision=None, reason=None):
    body = provisioning_status(f"{NUMBER}-1", pairs, time=time, revision=revision, reason=reason)
    return road.work(body, "provisioning_status")["state"]


def fail_caller_id(road, keys):
    answer(road, [(keys["Caller Id"], "FAILED")], reason="no such feature here")
    answer(road, [(keys["Local Line"], "COMPLETED")], "2026-02-01T11:00:00Z")
    [entry] = road.fallout()
    return entry


def statuses(road):
    [order] = road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    return order.get("Status"), [item.get("Status") for item, _ in walk_items(order)]


def test_a_command_that_raises_an_entry_says_which_and_what_comes_next(road, keys, command):
    printed = command(
        "workflow", "order-synchronization", f"work-order={NUMBER}-1", "status=Failed", "reason=no free port"
    )
    [entry] = road.fallout()
    assert printed.err == (
        f"changed: order {NUMBER}: Status: Open -> Failed\n"
        "changed: 2 lines: Status: Open -> Failed, Status Reason: nothing -> no free port\n"
        f"fallout: Lines Failed: the entry {entry['row_id']} was raised for the order {NUMBER}\n"
        f"next: orderhub workflow fallout-list order={NUMBER}\n"
    )
    listed = command("workflow", "fallout-list", f"order={NUMBER}").out
    assert listed.startswith(f"Lines Failed: entry {entry['row_id']}\n  since:    {whole_seconds(entry['created'])}\n")
    assert f"\n  next:     orderhub workflow fallout-retry entry={entry['row_id']}\n" in listed


def test_an_entry_is_listed_with_its_lines_and_what_can_be_done(road, keys):
    entry = fail_caller_id(road, keys)
    [row] = road.ask("fallout-list", order=NUMBER).rows
    assert row == {
        "entry": entry["row_id"],
        "cause": "Lines Failed",
        "account": "1-B",
        "order": NUMBER,
        "status": "Failed",
        "lines": f"Caller Id ({keys['Caller Id']}) Failed",
        "reason": f"Caller Id ({keys['Caller Id']}) Failed: no such feature here",
        "can be done": "fallout-retry, fallout-amend, fallout-close",
        "since": entry["created"],
        "resolution": None,
    }
    assert road.ask("fallout-list", account="1-A").rows == ()


@pytest.mark.parametrize("lines", [{}, {"lines": "Caller Id"}, {"lines": "2"}])
def test_a_retry_sends_a_new_revision_of_the_work_order(road, keys, lines):
    entry = fail_caller_id(road, keys)
    road.ask("fallout-retry", entry=entry["row_id"], **lines)
    assert statuses(road) == ("Open", ["Complete", "Open"])
    [revised] = road.work_orders()
    assert (revised.get("number"), revised.get("revision")) == (f"{NUMBER}-1", "2")
    assert [(line.get("product"), line.get("action")) for line in work_order_lines(revised)] == [
        ("Local Line", "none"),
        ("Caller Id", "add"),
    ]
    assert road.fallout() == []
    # The answer to the first try comes late: it is superseded, and undoes nothing.
    assert answer(road, [(keys["Caller Id"], "FAILED")], "2026-02-02T10:00:00Z", revision=1) == "filtered"
    assert answer(road, [(keys["Caller Id"], "COMPLETED")], "2026-02-02T11:00:00Z", revision=2) == "done"
    assert statuses(road) == ("Complete", ["Complete", "Complete"])
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}


def test_a_retry_that_fails_again_is_an_entry_again(road, keys):
    entry = fail_caller_id(road, keys)
    road.ask("fallout-retry", entry=entry["row_id"])
    answer(road, [(keys["Caller Id"], "REJECTED")], "2026-02-02T10:00:00Z", revision=2)
    assert statuses(road) == ("Failed", ["Complete", "Rejected"])
    [again] = road.fallout()
    assert again["row_id"] != entry["row_id"]
    with pytest.raises(FalloutResolved) as refused:
        road.ask("fallout-retry", entry=entry["row_id"])
    assert refused.value.what == f"the fallout entry '{entry['row_id']}' is resolved"
    assert refused.value.why.endswith(": tried again by hub")


def test_only_failed_lines_are_tried_again(road, keys):
    entry = fail_caller_id(road, keys)
    with pytest.raises(LineNotFailed) as refused:
        road.ask("fallout-retry", entry=entry["row_id"], lines=keys["Local Line"])
    assert str(refused.value) == (
        f"the line '{keys['Local Line']}' can't be tried again\n"
        "  where: order O-0000001\n"
        f"  why:   the failed lines are Caller Id ({keys['Caller Id']})\n"
        "  mend:  name failed lines, by number, service id or key, or none for all of them"
    )
    assert statuses(road) == ("Failed", ["Complete", "Failed"])


def test_amending_makes_a_supplement_in_which_the_failed_lines_are_asked_for_again(road, keys):
    entry = fail_caller_id(road, keys)
    road.ask("fallout-amend", entry=entry["row_id"])
    assert statuses(road) == ("Pending", ["Complete", "Pending"])
    assert [one["row_id"] for one in road.fallout()] == [entry["row_id"]]  # until the supplement is submitted
    road.ask("submit", order=NUMBER)
    assert road.fallout() == []
    [resolved] = road.fallout("Resolved")
    assert resolved["resolution"] == "amended by revision 2"
    [revised] = road.work_orders()
    assert [(line.get("product"), line.get("action")) for line in work_order_lines(revised)] == [
        ("Local Line", "none"),
        ("Caller Id", "add"),
    ]
    assert len(road.left("billing.events")) == 1


def test_an_amended_order_may_drop_what_failed(road, keys):
    entry = fail_caller_id(road, keys)
    road.ask("fallout-amend", entry=entry["row_id"])
    [order] = road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    line_items(line_items(order)[0]).clear()
    with road.open_hub.write() as transaction:
        transaction.store.synchronize(message("OM Order", [order]))
    road.ask("submit", order=NUMBER)
    assert statuses(road) == ("Complete", ["Complete"])
    assert road.fallout() == []


def test_closing_says_how(road, keys):
    entry = fail_caller_id(road, keys)
    outcome = road.ask("fallout-close", entry=entry["row_id"], resolution="sold her another feature")
    assert [str(note) for note in outcome.notes] == [
        "resolved: Lines Failed of the order O-0000001: sold her another feature"
    ]
    [row] = road.ask("fallout-list", resolved="Y").rows
    assert (row["resolution"], row["can be done"]) == ("sold her another feature", "")


def test_an_unknown_entry_is_named(road):
    with pytest.raises(FalloutUnknown) as refused:
        road.ask("fallout-retry", entry="X")
    assert str(refused.value) == (
        "there is no fallout entry 'X'\n"
        "  where: argument 'entry'\n"
        "  why:   no entry of this id is stored\n"
        "  mend:  take the id from `orderhub workflow fallout-list`"
    )


def test_a_child_below_a_failed_parent_is_applied_when_the_parent_comes_after_all(road, keys):
    """The first trap: Trim hides the child; its entry is resolved only when the child is in the profile."""
    answer(road, [(keys["Local Line"], "FAILED"), (keys["Caller Id"], "COMPLETED")])
    assert [entry["cause"] for entry in road.fallout()] == ["Lines Failed", "Completed Below Failed"]
    road.ask("fallout-retry", entry=road.fallout()[0]["row_id"])
    assert [entry["cause"] for entry in road.fallout()] == ["Completed Below Failed"]
    answer(road, [(keys["Local Line"], "COMPLETED")], "2026-02-02T10:00:00Z", revision=2)
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}
    assert road.fallout() == []
    assert statuses(road) == ("Complete", ["Complete", "Complete"])


def test_later_orders_that_were_built_on_a_failed_line_are_marked_for_review(road, keys):
    """The second trap: order 2 changes the caller id that never came; order 3 has nothing to do with it."""
    change = mainframe_line(1, "C", "CALID001", ref="C", quantity=None, more="<PRICE>2.00</PRICE>")
    assert road.work(mainframe_order("9", change))["state"] == "done"
    assert road.work(mainframe_order("10", mainframe_line(1, "A", "ISDNL001", ref="I")))["state"] == "done"
    answer(road, [(keys["Caller Id"], "FAILED")])
    [mark] = road.fallout()
    caller_id = keys["Caller Id"]
    assert (mark["cause"], mark["order_number"], mark["lines"]) == ("Built On Failed Lines", "O-0000002", [caller_id])
    assert mark["reason"] == (
        "the order O-0000001 failed in part; this order relies on lines of it that will not come: "
        f"Caller Id ({caller_id}, Add)"
    )
    [row] = road.ask("fallout-list", order="O-0000002").rows
    assert row["can be done"] == "revise, cancel-order, fallout-close"
    with pytest.raises(CannotBeRetried) as refused:
        road.ask("fallout-retry", entry=mark["row_id"])
    assert refused.value.why == (
        "its cause is Built On Failed Lines; lines can be tried again if it is "
        "Lines Failed or Completed Below Failed or Removal Held By Failed Lines or Work Held By Failed Lines"
    )


def test_later_orders_are_marked_where_an_order_is_cancelled_under_them(road, keys):
    road.work(
        mainframe_order("9", mainframe_line(1, "C", "CALID001", ref="C", quantity=None, more="<PRICE>2.00</PRICE>"))
    )
    road.ask("cancel-order", order=NUMBER)
    [mark] = road.fallout()
    assert (mark["cause"], mark["order_number"]) == ("Built On Failed Lines", "O-0000002")


def test_an_entry_is_called_by_the_end_of_its_id(road, keys):
    first, second = (f"06H25V0HP0008{number}SYSZTGWM5WAB" for number in (1, 2))
    with road.open_hub.database.write() as connection:
        for row_id in (first, second):
            connection.exec_driver_sql(
                "insert into s_fallout (row_id, state, cause, reason, order_number, account_id, lines, created, "
                f"created_by) values ('{row_id}', 'Open', 'Lines Failed', 'none', '{NUMBER}', '1-A', '[]', "
                "'2026-01-01T00:00:00Z', 'x')"
            )
    with pytest.raises(FalloutUnclear) as refused:
        road.ask("fallout-close", entry="wm5wab", resolution="done")
    assert str(refused.value) == (
        "'wm5wab' is the end of 2 fallout entries' ids\n"
        "  where: argument 'entry'\n"
        f"  why:   they are {first}, {second}\n"
        "  mend:  give more of the id"
    )
    road.ask("fallout-close", entry="1syszTGWM5WAB", resolution="done")
    assert [entry["row_id"] for entry in road.fallout()] == [second]
    # Fewer signs than a short key has are no name.
    with pytest.raises(FalloutUnknown):
        road.ask("fallout-close", entry="M5WAB", resolution="done")


def test_applying_completed_lines_a_second_time_changes_nothing(road, keys):
    answer(road, [(key, "COMPLETED") for key in keys.values()])
    before = road.stored("OM Asset", Account_Id="1-B"), road.stored("OM Order"), len(road.left("billing.events"))
    road.ask("apply-completed", order=NUMBER)
    road.ask("apply-completed", order=NUMBER)
    after = road.stored("OM Asset", Account_Id="1-B"), road.stored("OM Order"), len(road.left("billing.events"))
    assert after == before


def test_a_stacked_order_that_completes_first_is_applied_when_what_it_builds_on_is_there(road, keys):
    """Provisioning answers in another order than it was asked: the voice mail's line isn't in the profile yet."""
    mail = mainframe_line(2, "A", "VOICM001", parent=1, ref="V", more=VOICE_MAIL)
    road.work(mainframe_order("9", mainframe_line(1, "N", "LCLLN001", ref="L"), mail))
    [stacked] = road.work_orders()
    assert road.complete(stacked)["state"] == "done"
    assert road.profile() == {}
    [row] = road.ask("fallout-list").rows
    key = work_order_lines(stacked)[1].get("integrationId")
    assert (row["cause"], row["order"], row["lines"], row["reason"], row["can be done"]) == (
        "Waits For Another Order",
        "O-0000002",
        f"Voice Mail ({key}) Complete",
        f"Voice Mail ({key}, Add): its parent '{keys['Local Line']}' isn't there",
        "apply-completed, fallout-close",
    )
    road.ask("apply-completed", order="O-0000002")
    assert len(road.fallout()) == 1  # still the same one
    answer(road, [(keys["Local Line"], "COMPLETED"), (keys["Caller Id"], "COMPLETED")])
    assert road.profile() == {
        "Local Line": "Active",
        "Local Line / Caller Id": "Active",
        "Local Line / Voice Mail": "Active",
    }
    assert road.fallout() == []
    [resolved] = road.fallout("Resolved")
    assert resolved["resolution"] == "the lines are in the service profile now"
    assert len(road.left("billing.events")) == 2


@pytest.fixture
def waiting(road, keys):
    """A voice mail that is complete before the line that it stands beneath; its order."""
    mail = mainframe_line(2, "A", "VOICM001", parent=1, ref="V", more=VOICE_MAIL)
    road.work(mainframe_order("9", mainframe_line(1, "N", "LCLLN001", ref="L"), mail))
    road.complete(road.work_orders()[-1])
    [entry] = road.fallout()
    assert entry["cause"] == "Waits For Another Order"
    return entry["order_number"]


def test_what_waited_for_an_order_that_is_cancelled_waits_no_more(road, keys, waiting):
    road.ask("cancel-order", order=NUMBER)
    road.ask("apply-completed", order=waiting)
    [entry] = road.fallout()
    assert (entry["cause"], entry["reason"]) == (
        "Ignored by Apply",
        f"Voice Mail ({entry['lines'][0]}, Add): its parent '{keys['Local Line']}' isn't there",
    )
    [resolved] = road.fallout("Resolved")
    assert (resolved["cause"], resolved["resolution"]) == (
        "Waits For Another Order",
        "the service profile can't take the lines any more: see Ignored by Apply",
    )


def test_what_waits_for_a_failed_line_waits_until_nobody_tries_that_again(road, keys, waiting):
    answer(road, [(key, "FAILED") for key in keys.values()])
    road.ask("apply-completed", order=waiting)
    assert [entry["cause"] for entry in road.fallout()] == ["Waits For Another Order", "Lines Failed"]
    road.ask("fallout-close", entry=road.fallout()[1]["row_id"], resolution="she has gone elsewhere")
    road.ask("apply-completed", order=waiting)
    assert [entry["cause"] for entry in road.fallout()] == ["Ignored by Apply"]
