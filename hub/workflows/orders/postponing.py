"""Other due dates for an order's lines that are still to come, also for lines that take a service away.

A service that an order disconnects is in no state after the order, so that the configurator can't set its due date.

Spec: docs/workflows/revise.md, docs/workflows/edit-order-line-item.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.configurator.requests import Request, SetItem
from hub.workflows.orders.finished_lines import is_finished, refuse_finished
from integration_objects.complex_object import ComplexObject, action_code, items_from, items_of
from integration_objects.names import NO_ACTION
from integration_objects.property_set import PropertySet

_DUE = "Due Date"


def postpone(order: PropertySet, due_date: str) -> None:
    """Give an order, and all of its lines that are still to come, another due date, in place."""
    order.properties[_DUE] = due_date
    for item in items_of(order):
        # A line without a date of its own has the order's.
        if item.get(_DUE) is not None and action_code(item) != NO_ACTION and not is_finished(item):
            item.properties[_DUE] = due_date


def postpone_deletes(order: PropertySet, requests: Sequence[Request]) -> list[Request]:
    """Carry out the requests that set nothing but the due date of a Delete line, in place; return the other ones.

    The lines beneath it get the same date.

    Raises:
        FinishedLine, PastPointOfNoReturn: the line and all beneath it are finished.
    """
    lines = ComplexObject(order)
    others: list[Request] = []
    for request in requests:
        line = lines.by_key(request.item) if isinstance(request, SetItem) and _sets_due_date_only(request) else None
        if line is None or not isinstance(request, SetItem) or action_code(line) != "Delete":
            others.append(request)
            continue
        refuse_finished(line, order)
        for item in items_from([line]):
            if action_code(item) == "Delete" and not is_finished(item):
                item.properties[_DUE] = request.fields[_DUE]
    return others


def _sets_due_date_only(request: SetItem) -> bool:
    return set(request.fields) == {_DUE} and not request.attributes
