"""Orders that several systems work on in turn: each work order is sent once, after all that it waits for."""

from __future__ import annotations

import pytest

from hub.workflow_manager.effects import Effects
from integration_objects.complex_object import first_instance, items_of
from tests.hub.workflows.fulfilment.plans import BUILT, LINES, NUMBER, Plans
from tests.road import mainframe_line, mainframe_order, provisioning_status

AT_A_MILESTONE = BUILT.replace("{task: Build}]", "{task: Build, milestone: Port Assigned}]")


@pytest.fixture
def plans(road):
    return Plans(road)


def test_a_line_of_two_systems_is_complete_when_both_are_and_the_second_begins_after_the_first(plans):
    plans.declare(BUILT)
    plans.order()
    assert plans.left() == [f"{NUMBER}-1 1 network: ISDN Line add", f"{NUMBER}-2 1 provisioning: Local Line add"]
    assert plans.stored() == {f"{NUMBER}-1": "Open", f"{NUMBER}-2": "Open", f"{NUMBER}-3": "Waiting"}
    assert plans.answer(1)["state"] == "done"
    assert plans.left() == [f"{NUMBER}-3 1 access: ISDN Line add"]
    assert plans.statuses() == {"ISDN Line": "Open", "Local Line": "Open"}
    assert plans.road.profile() == {}
    plans.answer(2, day=2)
    plans.answer(3, day=3)
    assert plans.statuses() == {"ISDN Line": "Complete", "Local Line": "Complete"}
    assert plans.order_status() == "Complete"
    assert plans.road.profile() == {"ISDN Line": "Active", "Local Line": "Active"}
    assert plans.left() == []
    [item] = [one for one in items_of(plans.road.stored("OM Order")[0]) if one.get("Product Id") == "ISDN Line"]
    assert (item.get("Completed Date") or "")[:10] == "2026-02-03"


def test_a_work_order_that_waits_can_not_be_answered(plans):
    plans.declare(BUILT)
    plans.order()
    assert plans.answer(3)["reason"] == "WorkOrderUnknown"


def test_a_milestone_starts_the_next_system_before_the_first_one_is_done(plans):
    plans.declare(AT_A_MILESTONE)
    plans.order()
    plans.left()
    plans.answer(1, "INPROGRESS", milestone="Cable Laid")
    assert plans.left() == []
    plans.answer(1, "INPROGRESS", day=2, milestone="Port Assigned")
    assert plans.left() == [f"{NUMBER}-3 1 access: ISDN Line add"]
    plans.answer(3, day=3)
    assert plans.statuses()["ISDN Line"] == "Open"
    plans.answer(1, day=4)
    assert plans.statuses()["ISDN Line"] == "Complete"
    assert plans.left() == []


def test_an_answer_that_comes_twice_sends_nothing_twice(plans):
    plans.declare(BUILT)
    plans.order()
    plans.left()
    plans.answer(1)
    assert len(plans.left()) == 1
    assert plans.answer(1, day=2)["state"] == "filtered"
    assert plans.left() == []


def test_a_failed_task_fails_the_line_and_names_itself(plans):
    plans.declare(BUILT)
    plans.order()
    plans.answer(1, "FAILED", reason="no port is free")
    plans.left()
    assert plans.statuses()["ISDN Line"] == "Failed"
    assert plans.stored()[f"{NUMBER}-3"] == "Cancelled"
    plans.answer(2, day=2)
    assert plans.order_status() == "Failed"
    [(cause, reason)] = plans.fallout().items()
    assert cause == "Lines Failed"
    assert "Build, Network: no port is free" in reason


def test_a_retry_asks_only_for_the_task_that_failed(plans):
    plans.declare(BUILT)
    plans.order(LINES[0])
    plans.answer(1)
    plans.answer(2, "FAILED", day=2, reason="no answer")
    plans.left()
    [entry] = plans.road.fallout()
    plans.road.ask("fallout-retry", entry=entry["row_id"])
    assert plans.left() == [f"{NUMBER}-2 2 access: ISDN Line add"]
    plans.answer(2, day=3)
    assert plans.order_status() == "Complete"


def test_a_retry_of_the_first_task_plans_the_second_one_again(plans):
    plans.declare(BUILT)
    plans.order(LINES[0])
    plans.answer(1, "FAILED")
    plans.left()
    [entry] = plans.road.fallout()
    plans.road.ask("fallout-retry", entry=entry["row_id"])
    assert plans.left() == [f"{NUMBER}-1 2 network: ISDN Line add"]
    plans.answer(1, day=3)
    assert plans.left() == [f"{NUMBER}-2 1 access: ISDN Line add"]
    plans.answer(2, day=4)
    assert plans.order_status() == "Complete"


def test_a_retry_asks_by_the_rules_of_today(plans):
    """A task that no rule has any more is neither asked for nor waited for."""
    plans.declare(BUILT)
    plans.order(LINES[0])
    plans.answer(1, "FAILED")
    plans.left()
    [entry] = plans.road.fallout()
    plans.declare("decomposition rule: Only built\nproducts: [ISDN Line]\ntasks: [{task: Build, system: Network}]\n")
    plans.road.ask("fallout-retry", entry=entry["row_id"])
    assert plans.left() == [f"{NUMBER}-1 2 network: ISDN Line add"]
    plans.answer(1, day=3)
    assert plans.order_status() == "Complete"
    assert plans.left() == []


def test_an_answer_keeps_what_another_process_has_written_of_its_work_order_before_the_lock(plans, monkeypatch):
    plans.declare(BUILT)
    plans.order()
    lock, calls = Effects.lock_accounts, []

    def lock_behind_another_process(effects, account_ids):
        calls.append(account_ids)
        if len(calls) == 2:  # the command has locked before its run; a message that is worked alone hasn't
            found = effects.store.query("OM Work Order", {"Work Order Number": f"{NUMBER}-2"})
            first_instance(found).properties["Revision"] = "2"
            effects.store.update(found)
        lock(effects, account_ids)

    monkeypatch.setattr(Effects, "lock_accounts", lock_behind_another_process)
    plans.road.ask("order-synchronization", work_order=f"{NUMBER}-2", status="Complete")
    [stored] = plans.road.stored("OM Work Order", Work_Order_Number=f"{NUMBER}-2")
    assert (stored.get("Revision"), stored.get("Status")) == ("2", "Complete")


AFTER_ISDN = """\
decomposition rule: Local lines
products: [Local Line]
tasks:
  - {task: Provide, after: [{lines: order, products: [ISDN Line]}]}
"""


def test_work_that_waits_for_a_failed_line_falls_out_and_goes_on_after_a_retry(plans):
    plans.declare(AFTER_ISDN)
    plans.order()
    assert plans.left() == [f"{NUMBER}-1 1 provisioning: ISDN Line add"]
    plans.answer(1, "FAILED", reason="no port")
    [(cause, reason)] = plans.fallout().items()
    assert cause == "Work Held By Failed Lines"
    assert reason.startswith(f"the work order {NUMBER}-2 (Provide, Provisioning) waits for ISDN Line (")
    assert plans.order_status() == "Open"
    [entry] = plans.road.fallout()
    plans.road.ask("fallout-retry", entry=entry["row_id"])
    assert plans.fallout() == {}
    plans.answer(1, day=3)
    assert plans.left() == [f"{NUMBER}-1 2 provisioning: ISDN Line add", f"{NUMBER}-2 1 provisioning: Local Line add"]
    plans.answer(2, day=4)
    assert plans.order_status() == "Complete"


def test_nothing_new_is_begun_while_a_supplement_is_made(plans):
    plans.declare(BUILT)
    plans.order()
    plans.left()
    plans.road.ask("revise", order=NUMBER)
    plans.answer(1)
    assert plans.left() == []
    plans.road.ask("cancel-order", order=NUMBER)
    assert plans.left() == [f"{NUMBER}-3 1 access: ISDN Line add"]


def test_a_supplement_asks_nothing_again_that_is_done_and_starts_what_has_waited(plans):
    plans.declare(BUILT)
    plans.order()
    plans.left()
    plans.road.ask("revise", order=NUMBER)
    plans.answer(1)
    plans.road.ask("submit", order=NUMBER)
    assert plans.left() == [f"{NUMBER}-2 2 provisioning: Local Line add", f"{NUMBER}-3 1 access: ISDN Line add"]
    assert plans.answer(1, day=2)["state"] == "filtered"
    plans.answer(3, day=3)
    plans.answer(2, day=3)
    assert plans.order_status() == "Complete"


def test_a_supplement_leaves_the_lines_of_a_waiting_work_order_together(plans):
    plans.declare(BUILT)
    plans.order(LINES[0], mainframe_line(3, "A", "ISDNL001", ref="J"))
    plans.left()
    plans.road.ask("revise", order=NUMBER)
    plans.road.ask("submit", order=NUMBER)
    assert plans.left() == [f"{NUMBER}-1 2 network: ISDN Line add, ISDN Line add"]
    assert plans.stored() == {f"{NUMBER}-1": "Open", f"{NUMBER}-2": "Waiting"}
    plans.answer(1, day=2)
    assert plans.left() == [f"{NUMBER}-2 1 access: ISDN Line add, ISDN Line add"]


#: a line as a supplement asks for it anew
CHANGED = mainframe_line(1, "A", "ISDNL001", ref="I", more="<FEATURE><NAME>Listing Name</NAME><VAL>2</VAL></FEATURE>")


def at_work_on_both_tasks(plans, *lines):
    """An order of which both systems are at work."""
    plans.declare(AT_A_MILESTONE)
    plans.order(*lines)
    plans.answer(1, "INPROGRESS", milestone="Port Assigned")
    plans.left()


def test_an_amendment_waits_for_the_task_before_it_as_the_first_message_did(plans):
    at_work_on_both_tasks(plans, LINES[0])
    assert plans.stored() == {f"{NUMBER}-1": "Open", f"{NUMBER}-2": "Open"}
    plans.order(CHANGED, revision=2)
    assert plans.left() == [f"{NUMBER}-1 2 network: ISDN Line add"]
    assert plans.stored() == {f"{NUMBER}-1": "Open", f"{NUMBER}-2": "Waiting"}
    plans.answer(1, "INPROGRESS", day=2, milestone="Port Assigned", revision="2")
    assert plans.left() == [f"{NUMBER}-2 2 access: ISDN Line add"]
    plans.answer(1, day=3, revision="2")
    plans.answer(2, day=4, revision="2")
    assert plans.order_status() == "Complete"
    assert plans.fallout() == {}


def test_an_answer_to_the_revision_before_an_amendment_that_waits_completes_nothing(plans):
    at_work_on_both_tasks(plans, LINES[0])
    plans.order(CHANGED, revision=2)
    plans.left()
    for revision in (None, "1"):
        assert plans.answer(2, day=2, revision=revision)["state"] in ("done", "filtered")
    assert list(plans.fallout()) == ["Completed As Replaced"]
    plans.answer(1, day=3, revision="2")
    assert plans.left() == [f"{NUMBER}-2 2 access: ISDN Line add"]
    plans.answer(2, day=4, revision="2")
    assert plans.order_status() == "Complete"
    assert plans.fallout() == {}


def test_a_line_that_has_to_wait_again_is_withdrawn_if_its_system_must_hear_of_other_lines_now(plans):
    other = mainframe_line(3, "A", "ISDNL001", ref="J")
    at_work_on_both_tasks(plans, LINES[0], other)
    plans.order(CHANGED, revision=2)
    assert plans.left() == [f"{NUMBER}-1 2 network: ISDN Line add", f"{NUMBER}-2 2 access: "]
    assert plans.stored() == {f"{NUMBER}-1": "Open", f"{NUMBER}-2": "Cancelled", f"{NUMBER}-3": "Waiting"}
    plans.answer(1, day=3, revision="2")
    assert plans.left() == [f"{NUMBER}-3 1 access: ISDN Line add"]
    plans.answer(3, day=4)
    assert plans.order_status() == "Complete"


def test_an_unchanged_line_goes_on_beside_an_amendment_that_waits(plans):
    other = mainframe_line(3, "A", "ISDNL001", ref="J")
    at_work_on_both_tasks(plans, LINES[0], other)
    plans.order(CHANGED, other, revision=2)
    assert plans.stored() == {f"{NUMBER}-1": "Open", f"{NUMBER}-2": "Waiting"}
    plans.left()
    plans.answer(1, day=2, revision="2")
    assert plans.left() == [f"{NUMBER}-2 2 access: ISDN Line add, ISDN Line add"]
    plans.answer(2, day=3, revision="2")
    assert plans.order_status() == "Complete"


def test_a_second_supplement_and_a_cancellation_find_an_amendment_that_waits(plans):
    at_work_on_both_tasks(plans, LINES[0])
    plans.order(CHANGED, revision=2)
    plans.left()
    plans.order(CHANGED.replace("<VAL>2<", "<VAL>3<"), revision=3)
    assert plans.left() == [f"{NUMBER}-1 3 network: ISDN Line add", f"{NUMBER}-2 2 access: "]
    assert plans.stored()[f"{NUMBER}-3"] == "Waiting"
    plans.road.ask("cancel-order", order=NUMBER)
    assert plans.left() == [f"{NUMBER}-1 4 network: "]
    assert set(plans.stored().values()) == {"Cancelled"}


def test_an_amendment_that_waits_is_withdrawn_when_its_order_is_cancelled(plans):
    at_work_on_both_tasks(plans, LINES[0])
    plans.order(CHANGED, revision=2)
    plans.left()
    plans.road.ask("cancel-order", order=NUMBER)
    assert plans.left() == [f"{NUMBER}-1 3 network: ", f"{NUMBER}-2 2 access: "]
    assert set(plans.stored().values()) == {"Cancelled"}


def test_a_supplement_that_drops_a_line_reports_the_tasks_that_are_done(plans):
    plans.declare(BUILT)
    plans.order()
    plans.answer(1)
    plans.left()
    plans.order(LINES[1], revision=2)
    assert plans.left() == [f"{NUMBER}-2 2 provisioning: Local Line add", f"{NUMBER}-3 2 access: "]
    [(cause, reason)] = plans.fallout().items()
    assert cause == "Tasks Done Before Withdrawal"
    assert reason.endswith(": Build")
    [entry] = plans.road.fallout()
    [compensation] = plans.road.ask("fallout-undo", entry=entry["row_id"]).objects
    assert [one.get("Action Code") for one in items_of(first_instance(compensation))] == ["Delete"]
    assert plans.left()[0] == "O-0000002-1 1 network: ISDN Line remove"


def test_cancelling_an_order_withdraws_what_was_sent_and_forgets_what_was_not(plans):
    plans.declare(BUILT)
    plans.order()
    plans.left()
    plans.road.ask("cancel-order", order=NUMBER)
    assert plans.left() == [f"{NUMBER}-1 2 network: ", f"{NUMBER}-2 2 provisioning: "]
    assert set(plans.stored().values()) == {"Cancelled"}


def test_work_starts_some_days_before_its_due_date(plans):
    plans.declare(
        "decomposition rule: ISDN\nproducts: [ISDN Line]\ntasks: [{task: Send, system: Network, days before due: 3}]\n"
    )
    plans.road.set_clock("2026-02-01T00:00:00Z")
    plans.order(mainframe_line(1, "A", "ISDNL001", ref="I", more="<DUE-DATE>20260220</DUE-DATE>"))
    assert plans.left() == []
    plans.road.set_clock("2026-02-16T23:00:00Z")
    plans.road.run()
    assert plans.left() == []
    plans.road.set_clock("2026-02-17T00:00:01Z")
    plans.road.run()
    assert plans.left() == [f"{NUMBER}-1 1 network: ISDN Line add"]


def test_a_line_without_its_number_waits_for_it_while_others_go_on(plans):
    plans.declare(
        "decomposition rule: ISDN\nproducts: [ISDN Line]\n"
        "tasks: [{task: Build, system: Network}, {task: List, system: Access, needs: [Service Id]}]\n"
    )
    plans.order()
    assert [text.split()[2] for text in plans.left()] == ["network:", "provisioning:"]
    plans.road.ask("order-synchronization", work_order=f"{NUMBER}-1", status="Open", service_id="555-0100")
    assert plans.left() == [f"{NUMBER}-2 1 access: ISDN Line add"]


def test_a_status_by_the_senders_number_is_refused_where_several_systems_are_at_work_on_a_line(plans):
    plans.declare(
        "decomposition rule: ISDN\nproducts: [ISDN Line]\n"
        "tasks: [{task: Build, system: Network}, {task: List, system: Access}]\n"
    )
    plans.order(LINES[0])
    key = next(iter(items_of(plans.road.stored("OM Order")[0]))).get("Integration Id")
    told = provisioning_status("", [(key, "COMPLETED")], source=("MAINFRAME", "1"))
    shown = plans.road.work(told, "provisioning_status")
    assert shown["reason"] == "TaskUnclear"
    assert shown["error"]["why"] == (
        f"these work orders ask for the line: {NUMBER}-1 (Build, Network), {NUMBER}-2 (List, Access)"
    )
    plans.answer(1)
    later = provisioning_status("", [(key, "COMPLETED")], "2026-02-03T10:00:00Z", source=("MAINFRAME", "1"))
    assert plans.road.work(later, "provisioning_status")["state"] == "done"
    assert plans.order_status() == "Complete"


def test_an_order_whose_work_can_not_be_planned_waits_for_an_operator(plans):
    vars(plans.road.open_hub.runtime)["decomposition_rules"] = ()
    shown = plans.road.work(mainframe_order("1", *LINES))
    assert (shown["state"], shown["reason"]) == ("parked", "NoDecompositionRule")
