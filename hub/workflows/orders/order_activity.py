"""Order activity: the events of an order, a row for each, oldest first.

Source: claim 17 (the order activity domain); spec: docs/order_status.md.
"""

from __future__ import annotations

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.order_events import LINE
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import MODULE, ORDER_NUMBER, OrderUnknown
from integration_objects.complex_object import components, instances
from integration_objects.names import ORDER, ORDER_ACTIVITY
from integration_objects.property_set import PropertySet

#: activities that an answer has, the last ones, and lines that a row names
MOST_SHOWN, _MOST_NAMED = 50, 5


def order_activity(run: Run, order: str) -> Outcome:
    """List the events of an order, oldest first.

    Raises:
        OrderUnknown: there is no such order.
    """
    found = instances(run.query(ORDER_ACTIVITY, {"Order Number": order}))
    if not found and not run.headers(ORDER, {"Order Number": order}):
        raise OrderUnknown(number=order)
    more = len(found) - MOST_SHOWN
    note = Note("more", f"and {more} earlier; `orderhub object query '{ORDER_ACTIVITY}'` has all")
    notes = (note,) if more > 0 else ()
    why = "" if found else f"nothing was written down of the order {order}: it was done before there were activities"
    return Outcome(rows=tuple(_row(activity) for activity in found[-MOST_SHOWN:]), notes=notes, why=why)


def _row(activity: PropertySet) -> dict[str, str | None]:
    old, new = activity.get("Old Status"), activity.get("New Status")
    return {
        "time": activity.get("Event Time"),
        "revision": activity.get("Order Revision"),
        "event": activity.get("Event"),
        "status": f"{old} -> {new}" if old else new,
        "lines": _lines(activity),
        "detail": activity.get("Detail"),
        "who": activity.get("Actor"),
        "message": activity.get("Message Id"),
    }


def _lines(activity: PropertySet) -> str | None:
    """Name the lines of an activity, by number and product, and what is told of each."""
    lines = components(activity, LINE)
    named = [_named(line) for line in lines[:_MOST_NAMED]]
    if len(lines) > _MOST_NAMED:
        named.append(f"and {len(lines) - _MOST_NAMED} more")
    return ", ".join(named) or None


def _named(line: PropertySet) -> str:
    name = " ".join(part for part in (line.get("Line Number"), line.get("Product Id")) if part)
    return f"{name} ({line.get('Detail')})" if line.get("Detail") else name


WORKFLOWS = (
    named_workflow(
        "Order Activity",
        order_activity,
        "list the events of an order: who, what, when, and from which message",
        ORDER_NUMBER,
        module=MODULE,
        asks_only=True,
    ),
)
