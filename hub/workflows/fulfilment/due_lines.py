"""Due lines: an order's lines that no system provides get their statuses when it is time.

    plan_due_lines        at Submit: the hub sends itself a message for each due date that is to come
    settle_lines          at Submit, at each answer of provisioning, at a retry: decide them, as `unprovided_lines` says
    complete-due-lines    the same for one order by itself, when a due date has come; work orders whose day has come
                          are sent

Source: "m. Move Process" (the specified dates); spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.workflow_manager.named_workflow import named_workflow, request
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.taken_lines import take_lines
from hub.workflows.fulfilment.unprovided_lines import Clock, Decisions, dates_to_come, decide_lines, has_undecided
from hub.workflows.fulfilment.work_orders import start_work_orders
from hub.workflows.state.days import made_of, moment_text
from hub.workflows.state.order_lookup import (
    MODULE,
    ORDER_NUMBER,
    described,
    in_force,
    order_in_hand,
    revision_of,
)
from integration_objects.complex_object import message
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet

#: the Status Reason of an added bundle that fails
NOTHING_CAME = "no line beneath it came"


@dataclass(frozen=True)
class SettledLines:
    """The lines that were decided just now; their statuses stand on the order.

    Attributes:
        completed: lines that are complete.
        failed: added bundles that failed.
    """

    completed: Sequence[PropertySet] = ()
    failed: Sequence[PropertySet] = ()

    @property
    def changed(self) -> list[PropertySet]:
        """All of them."""
        return [*self.completed, *self.failed]


def settle_lines(run: Run, order: PropertySet) -> SettledLines:
    """Decide the lines of an open order that no system provides; raise an entry for a bundle that can't be taken away.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force, with the newest statuses of its other lines. Changed in place, and not stored.
    """
    if order.get("Status") != "Open" or not has_undecided(order):
        return SettledLines()
    decisions = decide_lines(order, clock_of(run, order))
    for item, date in decisions.completed:
        item.properties |= {"Status": "Complete", "Completed Date": date}
    for item in decisions.failed:
        item.properties |= {"Status": "Failed", "Status Reason": NOTHING_CAME}
    _report_kept(run, order, decisions)
    return SettledLines([item for item, _ in decisions.completed], decisions.failed)


def clock_of(run: Run, order: PropertySet) -> Clock:
    """Make the clock by which an order's lines are decided."""
    return Clock(run.now(), made_of(run, order), run.runtime.zone_name)


def plan_due_lines(run: Run, order: PropertySet) -> None:
    """Plan the completion of an open order's lines that no system provides: one message for each day to come.

    In the transaction that opens the order: no death of a process can forget a day.
    """
    if not has_undecided(order):
        return
    clock = clock_of(run, order)
    number, revision = order.get("Order Number") or "", revision_of(order)
    for date in dates_to_come(order, clock):
        due_at = moment_text(clock.moment(date))
        # A supplement plans its own days; the messages of the revision before it find nothing to do then.
        run.effects.plan(f"{number} {revision} {date}", request("complete-due-lines", [("order", number)]), due_at)


def _report_kept(run: Run, order: PropertySet, decisions: Decisions) -> None:
    for item, failed in decisions.kept:
        named = "; ".join(map(fallout_entries.why_failed, failed))
        reason = f"{described(item)} ({item.get(KEY)}) stays and is charged, because a line beneath it stays: {named}"
        keys = [line.get(KEY) or "" for line in (item, *failed)]
        fallout_entries.raise_once(run, order, fallout_entries.REMOVAL_HELD, reason, keys)


def work_due_lines(run: Run, order: PropertySet, active: PropertySet) -> bool:
    """Decide an order's lines that no system provides, with all consequences; tell whether one was decided.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force, as it is stored. Changed in place, and stored.
        active: the active revision: *order* itself, or a supplement that isn't submitted yet.
    """
    settled = settle_lines(run, order)
    if not settled.changed:
        return False
    take_lines(run, order, active, settled.changed, settled.completed)
    return True


def complete_due_lines(run: Run, order: str) -> Outcome:
    """Complete the lines of an order that no system provides, and whose due date has come; harmless a second time.

    Raises:
        OrderUnknown: there is no such order.
    """
    active = order_in_hand(run, order)
    submitted = in_force(run, active)
    if work_due_lines(run, submitted, active) or (active is submitted and start_work_orders(run, submitted)):
        return Outcome(objects=(message(ORDER, [submitted]),))
    return Outcome("filtered", objects=(message(ORDER, [submitted]),), why="no line of the order is due")


WORKFLOWS = (
    named_workflow(
        "Complete Due Lines",
        complete_due_lines,
        "complete an order's lines that no system provides, and that are due; harmless a second time",
        ORDER_NUMBER,
        module=MODULE,
    ),
)
