"""Answers to the tasks of a line on which several systems work: each answers its own work order.

    asked_lines        the line of a work order that an answer is about
    not_known          the answers without those that say again that a task is complete
    set_task_status    a task's status, and the status that the line gets by it

Spec: docs/decomposition.md, "Lines with several tasks".
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from hub.workflows.fulfilment.work_orders import told_task
from hub.workflows.state.order_lookup import described
from hub.workflows.state.statuses import FAILED, check_change
from hub.workflows.state.task_progress import is_task_complete, progress_of, set_task, status_of_tasks
from integration_objects.complex_object import ComplexObject, action_code, items_of
from integration_objects.errors import Refused
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet


class TaskUnclear(Refused):
    """A status names a sender's order, and several systems are at work on a line of it."""

    what = "the status doesn't say which work on the line {line} it is about"
    where = "Work Order Status, line {key}"
    why = "these work orders ask for the line: {work_orders}"
    mend = "answer with the number of the work order, as it was sent"


class AskedLine(NamedTuple):
    """A line on which a work order asks for something."""

    line: PropertySet
    work_order: PropertySet


def asked_lines(work_orders: Iterable[PropertySet]) -> Mapping[str, AskedLine]:
    """Return the lines on which the answered work orders ask for something, by key.

    Raises:
        TaskUnclear: several systems are still at work on one line.
    """
    found: dict[str, list[AskedLine]] = {}
    for work_order in work_orders:
        for line in items_of(work_order):
            if action_code(line) != NO_ACTION:
                found.setdefault(line.get(KEY) or "", []).append(AskedLine(line, work_order))
    return {key: _only_open(key, lines) for key, lines in found.items()}


def _only_open(key: str, lines: Sequence[AskedLine]) -> AskedLine:
    still_open = [asked for asked in lines if asked.line.get("Status") == "Open"]
    if len(still_open) > 1:
        names = [f"{asked.work_order.get('Work Order Number')} ({told_task(asked.work_order)})" for asked in still_open]
        raise TaskUnclear(line=described(still_open[0].line), key=key, work_orders=", ".join(names))
    return (still_open or lines)[-1]


def not_known(
    answers: Iterable[PropertySet],
    asked: Container[str],
    work_orders: Iterable[PropertySet],
    order: PropertySet,
) -> list[PropertySet]:
    """Leave out answers that say again that a task is complete, and that no work order asks for any more.

    Args:
        answers: the lines of a status.
        asked: the keys of the lines for which the work orders ask.
        work_orders: the answered work orders.
        order: the revision in force.
    """
    view = ComplexObject(order)
    tasks = [work_order.get("Task") or "" for work_order in work_orders]

    def is_known(answer: PropertySet) -> bool:
        item = view.by_key(answer.get(KEY))
        if answer.get(KEY) in asked or item is None:
            return False
        return any(task in progress_of(item) and is_task_complete(item, task) for task in tasks)

    return [answer for answer in answers if not is_known(answer)]


def set_task_status(answer: PropertySet, line: PropertySet, item: PropertySet, work_order: PropertySet) -> None:
    """Write an answer's status on the work order's *line*, and what the line's tasks make of it on the order's *item*.

    Where a line has several tasks, the reason of the *answer* gets the name of the task. Changes all three.

    Raises:
        StatusChangeRefused: the task has another status already.
    """
    new, task = answer.get("Status") or "", work_order.get("Task") or ""
    where, name = f"Work Order Status, line {item.get(KEY)}", f"{described(item)} ({item.get(KEY)}), {task}"
    check_change("order line", name, line.get("Status"), new, where=where)
    line.properties["Status"] = new
    set_task(item, task, status=new)
    if new in FAILED and len(progress_of(item)) > 1:
        reason = f"{told_task(work_order)}: {answer.get('Reason') or 'no reason given'}"
        before = item.get("Status Reason") if item.get("Status") in FAILED else None
        answer.properties["Reason"] = f"{before}; {reason}" if before else reason
    elif item.get("Status") in FAILED:
        # The reason of the task that has failed stays.
        answer.properties["Reason"] = None
    if item.get("Status") not in FAILED:
        item.properties["Status"] = status_of_tasks(item)
