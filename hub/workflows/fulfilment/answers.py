"""Answers of provisioning: the statuses and facts of a work order's lines, written into the order.

    answers to the present revision    the lines' statuses and facts (here), corrections of complete lines
    answers to replaced revisions      `late_answers`

Source: "Order synchronization"; spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import order_reply
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.brought_numbers import report_held_numbers
from hub.workflows.fulfilment.completion_dates import prove_completed, prove_ends
from hub.workflows.fulfilment.corrections import COMPLETED_DATE, Correction, correct_lines
from hub.workflows.fulfilment.due_lines import settle_lines
from hub.workflows.fulfilment.facts import set_facts
from hub.workflows.fulfilment.late_answers import (
    PresentAnswer,
    split_answers,
    take_late_answers,
)
from hub.workflows.fulfilment.taken_lines import take_lines
from hub.workflows.fulfilment.task_answers import asked_lines, not_known, set_task_status
from hub.workflows.fulfilment.work_orders import is_sent, is_waiting
from hub.workflows.state.milestones import MILESTONE, reach
from hub.workflows.state.order_lookup import described, in_force, revision_of
from hub.workflows.state.statuses import FAILED, StatusChangeRefused, change_to, check_change
from hub.workflows.state.task_progress import TASKS, has_reached, set_task
from integration_objects.complex_object import (
    action_code,
    first_instance,
    instances,
    items_of,
    line_items,
    message,
)
from integration_objects.errors import Refused, Waiting
from integration_objects.field_values import read_date, read_number
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER, WORK_ORDER
from integration_objects.property_set import PropertySet


class WorkOrderUnknown(Refused):
    """A status names a work order that the hub never sent."""

    what = "the work order '{number}' is unknown"
    where = "Work Order Status, Work Order Number"
    why = "the hub never sent a work order of this number"
    mend = "answer with the number of the work order, as it was sent"


class WorkOrderRevisionUnknown(Refused):
    """A status answers a revision of a work order that the hub never sent."""

    what = "the status answers revision {revision} of the work order {number}"
    where = "Work Order Status, Revision"
    why = "the newest revision that was sent is {newest}"
    mend = "answer with the revision of the work order, as it was sent"


class OneStatusAMessage(Refused):
    """A message carries no status, or several, or one that names neither order nor lines."""

    what = "the message must carry one status with at least one line"
    why = "it carries {count}{without_lines}"
    mend = "send each work order's status in a message of its own, with the lines that changed"


def accounts_of_status(run: Run, tree: PropertySet) -> set[str]:
    """Return the accounts of the orders that the statuses of a message answer; none for an unknown order."""
    return {
        work_order.get("Account Id") or ""
        for status in instances(tree)
        for work_order in _answered_work_orders(run, status)
    } - {""}


def synchronize_order(run: Run, tree: PropertySet) -> Outcome:
    """Take in an answer of provisioning: line statuses, facts, processed flags, billing event, service profile.

    A line that the message doesn't name keeps its status. So does a line whose last status has a later time. A message
    that changes any fact changes something, whatever the status beside the fact.

    Args:
        run: the run; the order's account is locked.
        tree: an OM Work Order Status message with one instance. Not changed.

    Raises:
        WorkOrderUnknown, WorkOrderRevisionUnknown, TaskUnclear, LineNotAsked, WorkOrderAsksNothing,
            StatusChangeRefused: refused, nothing is stored.
        CompletedInFuture, CompletedBeforeOrder, EndedBeforeStart: a line can't have been completed on its day.
        Waiting: the sender's order isn't here yet.

    Source: "Order synchronization"; spec: docs/design/road.md "Out and back".
    """
    status = _only_status(tree)
    work_orders = _answered_work_orders(run, status)
    if not work_orders:
        _refuse_unknown(run, status)
    # Behind the lock all is read afresh: another process may have answered these work orders, or sent new revisions.
    run.effects.lock_accounts({work_order.get("Account Id") or "" for work_order in work_orders})
    if run.effects.locked is None:  # a group has locked the account before the first read
        work_orders = _answered_work_orders(run, status)
    number = work_orders[0].get("Order Number")
    active = first_instance(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}))
    order = in_force(run, active)
    asked = asked_lines(work_orders)
    answers = not_known(line_items(status), asked, work_orders, order)
    present, replaced = split_answers(
        run, answers, [line.line for line in asked.values()], order, _is_replaced(status, work_orders)
    )
    taken = _take_lines(run, status, present, order, {id(line.line): line.work_order for line in asked.values()})
    prove_completed(run, order, taken.dated)
    prove_ends(run, order, taken.completed)
    late = take_late_answers(run, order, replaced, status.get("Status Time") or run.now())
    changed = taken.changed
    if not changed and not late:
        # Brokers deliver a message twice at times; the second answer says nothing new.
        return Outcome("filtered", order_reply(order), why="the status says nothing new of any line")
    if not changed:
        return Outcome("done", order_reply(order, [(item.get("Source Reference"), item.get(KEY)) for item in late]))
    report_held_numbers(run, order, taken.numbered)
    settled = settle_lines(run, order)
    changed = [*changed, *settled.changed]
    for work_order in work_orders:
        _close_work_order(work_order)
        run.effects.update(message(WORK_ORDER, [work_order]))
    # First: an order that waited for these services is applied to the corrected profile.
    correct_lines(run, order, taken.corrections)
    take_lines(run, order, active, changed, [*taken.completed, *settled.completed])
    return Outcome(
        "done", order_reply(order, [(item.get("Source Reference"), item.get(KEY)) for item in (*changed, *late)])
    )


def _only_status(tree: PropertySet) -> PropertySet:
    statuses = instances(tree)
    if len(statuses) != 1 or not line_items(statuses[0]):
        raise OneStatusAMessage(count=len(statuses), without_lines=" without lines" if len(statuses) == 1 else "")
    [status] = statuses
    if status.get("Work Order Number") is None and None in (
        status.get("Source System"),
        status.get("Source Order Number"),
    ):
        raise OneStatusAMessage(
            "the status doesn't say which order it is about",
            why="it has neither a Work Order Number nor a Source System with a Source Order Number",
            mend="send the number of the work order that it answers",
        )
    return status


def _answered_work_orders(run: Run, status: PropertySet) -> list[PropertySet]:
    """Return the work orders that a status answers: one by the hub's number, or all of the sender's order."""
    number = status.get("Work Order Number")
    source = {name: status.get(name) or "" for name in ("Source System", "Source Order Number")}
    found = run.query(WORK_ORDER, source if number is None else {"Work Order Number": number})
    return [work_order for work_order in instances(found) if is_sent(work_order)]


def _refuse_unknown(run: Run, status: PropertySet) -> None:
    """Refuse a status without a work order, or let it wait for the sender's order."""
    if status.get("Work Order Number") is not None:
        raise WorkOrderUnknown(number=status.get("Work Order Number"))
    system, number = status.get("Source System"), status.get("Source Order Number")
    if run.headers(ORDER, {"Source System": system, "Source Order Number": number}):
        raise WorkOrderUnknown(
            f"the order {system}/{number} has no work order",
            where="Work Order Status, Source Order Number",
            why="no system was asked to do anything for it",
            mend="answer the work orders that were sent, and no others",
        )
    raise Waiting(
        f"the status came before its order {system}/{number}",
        waits_for=f"order {system}/{number}",
        why="no order of this number has been taken in yet",
        mend="nothing, if the order is on its way; else send it",
    )


def _is_replaced(status: PropertySet, work_orders: Sequence[PropertySet]) -> bool:
    """Tell whether a status answers a revision that a later one has replaced, or will once its turn comes.

    Raises:
        WorkOrderRevisionUnknown: there never was such a revision.
    """
    text = status.get("Revision")
    # A sender's number answers all work orders of the order; each of them counts its own revisions.
    named = {line.get(KEY) for line in line_items(status)}
    concerned = [
        work_order for work_order in work_orders if any(line.get(KEY) in named for line in items_of(work_order))
    ]
    has_later = any(is_waiting(work_order) for work_order in concerned)
    if text is None:
        return has_later
    revision = read_number(text)
    newest = max(map(revision_of, concerned or work_orders))
    # An answer to a revision that was never sent is the other system's fault, not an answer that comes too early.
    if not 1 <= revision <= newest or revision != revision.to_integral_value():
        raise WorkOrderRevisionUnknown(revision=revision, number=work_orders[0].get("Work Order Number"), newest=newest)
    return has_later or revision < newest


@dataclass(frozen=True)
class _TakenLines:
    """The order's lines that a status changes.

    Attributes:
        changed: all of them.
        completed: those that it completes.
        corrections: those that were complete before.
        numbered: those that have got another Service Id.
    """

    changed: Sequence[PropertySet]
    completed: Sequence[PropertySet]
    corrections: Sequence[Correction]
    numbered: Sequence[PropertySet]

    @property
    def dated(self) -> list[PropertySet]:
        """The lines that have a new date of completion."""
        corrected = [correction.item for correction in self.corrections if COMPLETED_DATE in correction.old]
        return [*self.completed, *corrected]


def _take_lines(
    run: Run,
    status: PropertySet,
    answers: Iterable[PresentAnswer],
    order: PropertySet,
    work_orders: Mapping[int, PropertySet],
) -> _TakenLines:
    """Set the lines' statuses and facts on the order and its work orders, in place.

    *work_orders* are those of the lines, by the identity of the line.
    """
    time = status.get("Status Time") or run.now()
    component = run.definitions[ORDER].root.children[LINE_ITEM]
    asked_fields = run.definitions[WORK_ORDER].root.children[LINE_ITEM].fields
    changed: list[PropertySet] = []
    completed: list[PropertySet] = []
    corrections: list[Correction] = []
    numbered: list[PropertySet] = []
    reached: list[tuple[PropertySet, str]] = []
    for answer, line, item in answers:
        answer, progress = answer.copy_node(), item.get(TASKS)
        milestone = answer.get(MILESTONE)
        if milestone is not None:
            # However late the message comes, the line has been there: a point of no return stays passed.
            reached.append((item, milestone))
            _reach(item, work_orders[id(line)], milestone)
        last_time, before = line.get("Status Time"), item.get("Status")
        # A broker doesn't keep the order of redelivered messages: the newer status stands.
        is_late = last_time is not None and read_date(time) < read_date(last_time)
        has_status = not is_late and (answer.get("Status") or "") != (line if progress else item).get("Status")
        if has_status:
            _set_status(answer, line, item, order, time, work_orders[id(line)])
        old = set_facts(answer, item, component, only_new=is_late)
        if not has_status and not old and item.get(TASKS) == progress:
            continue
        line.properties |= {name: item.properties[name] for name in old if name in asked_fields}
        changed.append(item)
        if "Service Id" in old:
            numbered.append(item)
        if not is_late:
            line.properties["Status Time"] = time
        if before == "Complete":
            corrections.append(Correction(item, old))
        elif item.get("Status") == "Complete":
            completed.append(item)
    changed += reach(run, reached)
    return _TakenLines(list({item.get(KEY): item for item in changed}.values()), completed, corrections, numbered)


def _reach(item: PropertySet, work_order: PropertySet, milestone: str) -> None:
    """Keep a milestone of a line's task: the next milestone of the line doesn't undo it. Changes *item*."""
    task = work_order.get("Task") or ""
    if not has_reached(item, task, milestone):
        set_task(item, task, milestone=milestone)


def _set_status(
    answer: PropertySet, line: PropertySet, item: PropertySet, order: PropertySet, time: str, work_order: PropertySet
) -> None:
    """Write an answer's status on the work order's *line* and the order's *item*, in place."""
    new, where = answer.get("Status") or "", f"Work Order Status, line {item.get(KEY)}"
    name = f"{described(item)} ({item.get(KEY)}) of the order {order.get('Order Number')}"
    if new == "Open":
        raise StatusChangeRefused(
            kind="line",
            name=name,
            change=change_to(new),
            where=where,
            why=f"it is {item.get('Status')}, and only its fallout entry opens a line again",
            mend="answer the work order that follows when the line is tried again",
        )
    if item.get(TASKS) is None:
        check_change("order line", name, item.get("Status"), new, where=where)
        for node in (line, item):
            node.properties["Status"] = new
    else:
        set_task_status(answer, line, item, work_order)
    for node in (line, item):
        if new == "Complete" and node.get("Status") == "Complete":
            # A line that is complete without a date of its own was completed when the system says so.
            node.properties[COMPLETED_DATE] = time
    # The reason belongs to the status; a reason of this answer is written with its facts.
    if new in FAILED or item.get("Status") not in FAILED:
        item.properties["Status Reason"] = None


def _close_work_order(work_order: PropertySet) -> None:
    """Set the work order's status once no line is Open, in place."""
    statuses = {line.get("Status") for line in items_of(work_order) if action_code(line) != NO_ACTION}
    if "Open" not in statuses:
        work_order.properties["Status"] = "Failed" if FAILED & statuses else "Complete"
