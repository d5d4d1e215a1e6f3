"""The events of orders, read off the writes that bring them about.

    OM Order stored            Made, Revised, Submitted, Lines Completed, Changed, Completed, Cancelled ...
    OM Order deleted           Taken Back: a supplement that wasn't submitted
    OM Work Order stored       Answer Received: lines have other statuses
    Order Approval stored      Held, Approved, Refused, Withdrawn
    work order sent            Work Order Sent, Work Order Withdrawn
    billing event sent         Billed

Spec: docs/order_status.md, docs/decisions/0011-activities-are-read-off-the-writes.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.database.objects.row_changes import RowChange, RowChanges
from integration_objects.complex_object import action_code, items_of
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

#: the component that names a line of an order in an activity
LINE = "Activity Line"
#: the event that a fulfilment system has answered
ANSWERED = "Answer Received"

_CHANGED = "Changed"
#: an order's new status -> the event; to Open only where the order wasn't Failed
_OF_ORDER = {"Open": "Submitted", "Complete": "Completed", "Failed": "Failed", "Cancelled": "Cancelled"}
#: a line's new status -> the event, where it isn't that of the whole order
_OF_LINE = {
    "Open": "Lines Opened",
    "Complete": "Lines Completed",
    "Failed": "Lines Failed",
    "Rejected": "Lines Rejected",
    "Cancelled": "Lines Cancelled",
}
#: events of an order -> the status that its lines get in the same event
_TOGETHER = {"Submitted": "Open", "Tried Again": "Open", "Cancelled": "Cancelled"}
#: statuses of a line that a fulfilment system gives
_ANSWERS = frozenset(("Complete", "Failed", "Rejected", "Cancelled"))
#: events of an order that end it, and stand behind those of its lines
_ENDS = ("Completed", "Failed")
#: fields of a line whose change is told, beside those that Delta compares; others are the hub's own bookkeeping
_TOLD = frozenset(("Quantity", "Due Date", "Completed Date", "Expected Date", "Attribute"))
#: fields of a header whose change is told
_TOLD_OF_ORDER = frozenset(("Due Date", "Service Account Id", "Billing Account Id", "Agreement Id"))

#: the fields of an order's line by which an activity names it
_NAMED_BY = (KEY, "Line Number", "Product Id")

Fields = Mapping[str, str | None]


@dataclass(frozen=True)
class OrderEvent:
    """An event of an order.

    Attributes:
        name: one of the values of the field Event of Order Activity.
        order: Order Number, Revision and Account Id of the order.
        lines: the lines concerned, as the component Activity Line.
        old_status, new_status: the order's, where the event changes it.
        detail: a sentence for people.
    """

    name: str
    order: Fields
    lines: Sequence[PropertySet] = ()
    old_status: str | None = None
    new_status: str | None = None
    detail: str | None = None


def order_stored(operation: str, changes: RowChanges, compared: frozenset[str]) -> Iterator[OrderEvent]:
    """Yield the events of an order that was inserted, changed or deleted.

    Args:
        operation: the result of the operation, as ``updated``.
        changes: the rows of the order.
        compared: fields of a line whose change is told.
    """
    header = changes.header
    order = _fields(header, "Order Number", "Revision", "Account Id")
    old, new = header.before("Status"), header.after("Status")
    if operation == "deleted":
        yield OrderEvent("Taken Back", order, old_status=old)
    elif header.is_new:
        lines = [_line(row.after, new=row.after("Status")) for row in _lines(changes)]
        yield OrderEvent("Made" if header.after("Revision") in (None, "1") else "Revised", order, lines, new_status=new)
        # A received order is submitted when it is stored first.
        if new in _OF_ORDER:
            yield OrderEvent("Submitted", order)
    else:
        yield from _order_changed(changes, order, compared.union(_TOLD))


def _order_changed(changes: RowChanges, order: Fields, compared: frozenset[str]) -> Iterator[OrderEvent]:
    header = changes.header
    old, new = header.before("Status"), header.after("Status")
    told = _names(header.differing() & _TOLD_OF_ORDER)
    event = None
    if old != new:
        name = "Tried Again" if (old, new) == ("Failed", "Open") else _OF_ORDER.get(new or "", _CHANGED)
        event = OrderEvent(name, order, (), old, new, told)
    elif told:
        event = OrderEvent(_CHANGED, order, detail=told)
    groups = _lines_by_event(changes, "" if event is None else event.name, compared)
    if event is not None and event.name not in _ENDS:
        yield replace(event, lines=groups.pop(event.name, ()))
    for name, lines in groups.items():
        yield OrderEvent(name, order, lines)
    if event is not None and event.name in _ENDS:
        yield event


def _lines_by_event(changes: RowChanges, of_order: str, compared: frozenset[str]) -> dict[str, list[PropertySet]]:
    """Sort the lines that have changed by their events; *of_order* is the event of the whole order, or ""."""
    groups: dict[str, list[PropertySet]] = {}

    def put(event: str, row: RowChange, detail: str | None, old: str | None = None, new: str | None = None) -> None:
        groups.setdefault(event, []).append(_line(row.after, old, new, detail))

    for row in _lines(changes):
        old, new, differing = row.before("Status"), row.after("Status"), row.differing()
        if row.is_new:
            put(_CHANGED, row, "added", None, new)
            continue
        if old != new:
            is_together = new is not None and _TOGETHER.get(of_order) == new
            event = of_order if is_together else _OF_LINE.get(new or "", _CHANGED)
            put(event, row, row.after("Status Reason") if "Status Reason" in differing else None, old, new)
            # A date that comes with the status says nothing of its own.
            differing -= {"Completed Date"}
        if "Milestone" in differing and row.after("Milestone") is not None:
            put("Milestone Reached", row, row.after("Milestone"))
        if differing & compared:
            put(_CHANGED, row, _names(differing & compared))
    return groups


def lines_taken_off(order: PropertySet, lines: Sequence[PropertySet]) -> Iterator[OrderEvent]:
    """Yield the event that lines were taken off an order; none for no lines."""
    if lines:
        left = [_line(line.get, old=line.get("Status"), detail="taken off") for line in lines]
        yield OrderEvent(_CHANGED, order.properties, left)


def work_order_stored(changes: RowChanges) -> Iterator[OrderEvent]:
    """Yield the event that a system has answered, where lines of a stored work order have got other statuses."""
    header = changes.header
    # A line that is asked for again is Open once more: that is no answer.
    answered = [
        row
        for row in _lines(changes)
        if row.after("Status") in _ANSWERS and row.before("Status") != row.after("Status")
    ]
    if header.is_new or not answered:
        return
    counts = Counter(row.after("Status") for row in answered)
    said = ", ".join(f"{number} {status}" for status, number in counts.items())
    order = {"Revision": header.after("Order Revision"), **_fields(header, "Order Number", "Account Id")}
    lines = [_line(row.after, detail=row.after("Status")) for row in answered]
    yield OrderEvent(ANSWERED, order, lines, detail=f"work order {header.after('Work Order Number')}: {said}")


def approval_stored(approval: RowChange) -> Iterator[OrderEvent]:
    """Yield the event that an order was held, or that somebody decided about it."""
    if approval.before("State") == approval.after("State"):
        return
    detail = f"the rule '{approval.after('Rule')}'"
    if not approval.is_new:
        comment = approval.after("Comment")
        detail += f", by {approval.after('Decided By')}" + (f": {comment}" if comment else "")
    order = _fields(approval, "Order Number", "Revision", "Account Id")
    yield OrderEvent(approval.after("State") or "", order, detail=detail)


def work_order_sent(work_order: PropertySet, system: str) -> OrderEvent:
    """Make the event that a work order was sent to a fulfilment system."""
    number, revision = work_order.get("Work Order Number"), work_order.get("Revision")
    event = "Work Order Withdrawn" if work_order.get("Status") == "Cancelled" else "Work Order Sent"
    return OrderEvent(
        event, _of_message(work_order), _asked(work_order), detail=f"{number}, revision {revision}, to {system}"
    )


def billed(billing_event: PropertySet) -> OrderEvent:
    """Make the event that billing was told of lines."""
    return OrderEvent(
        "Billed", _of_message(billing_event), _asked(billing_event), detail=billing_event.get("Event Type")
    )


def fallout(name: str, order: Fields, detail: str, keys: Iterable[str] = ()) -> OrderEvent:
    """Make the event that a fallout entry about lines of these keys was raised, or resolved."""
    return OrderEvent(name, order, [PropertySet(LINE, properties={KEY: key}) for key in keys], detail=detail)


def _of_message(instance: PropertySet) -> Fields:
    return {**instance.properties, "Revision": instance.get("Order Revision")}


def _asked(instance: PropertySet) -> list[PropertySet]:
    return [_line(line.get) for line in items_of(instance) if action_code(line) != NO_ACTION]


def _lines(changes: RowChanges) -> Iterator[RowChange]:
    return (row for row in changes.beneath() if row.component == LINE_ITEM)


def _fields(row: RowChange, *names: str) -> Fields:
    return {name: row.after(name) for name in names}


def _line(
    field: Callable[[str], str | None], old: str | None = None, new: str | None = None, detail: str | None = None
) -> PropertySet:
    """Make an activity's line; *field* gives the fields of the order's line."""
    line = PropertySet(LINE, properties={name: field(name) for name in _NAMED_BY})
    for name, text in (("Old Status", old), ("New Status", new), ("Detail", detail)):
        if text is not None:
            line.properties[name] = text
    return line


def _names(fields: Collection[str]) -> str | None:
    return ", ".join(sorted(fields)) or None
