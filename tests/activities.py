"""The activities of orders, and the law that they give the statuses of the orders' lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.workflow_manager.order_events import LINE
from integration_objects.complex_object import components, items_of
from integration_objects.names import KEY, ORDER, ORDER_ACTIVITY
from integration_objects.property_set import PropertySet


def activities(road: Any, order: str | None = None) -> list[PropertySet]:
    """All activities, oldest first; those of one order, if one is given."""
    found: list[PropertySet] = road.stored(ORDER_ACTIVITY, **({} if order is None else {"Order_Number": order}))
    return found


def told(road: Any, order: str | None = None) -> list[tuple[str | None, int, str | None]]:
    """Of each activity the event, the number of its lines, and the detail."""
    return [(row.get("Event"), len(components(row, LINE)), row.get("Detail")) for row in activities(road, order)]


def replayed_statuses(activities: Iterable[PropertySet]) -> dict[str, str]:
    """Return the statuses that the lines of an order's revision have after its activities, by key.

    Args:
        activities: the activities of one revision, in their order.
    """
    statuses: dict[str, str] = {}
    for activity in activities:
        if activity.get("Event") == "Taken Back":
            statuses.clear()
        for line in components(activity, LINE):
            key, old, new = line.get(KEY) or "", line.get("Old Status"), line.get("New Status")
            if new is not None:
                statuses[key] = new
            elif old is not None:
                statuses.pop(key, None)
    return statuses


def prove_activities(road: Any) -> int:
    """Prove that the activities of every revision of an order give the statuses of its lines; return their number.

    Orders that a test has stored by itself are left out.
    """
    by_revision: dict[tuple[str | None, str | None], list[PropertySet]] = {}
    for row in activities(road):
        by_revision.setdefault((row.get("Order Number"), row.get("Order Revision")), []).append(row)
    proven = 0
    for order in road.stored(ORDER):
        revision = (order.get("Order Number"), order.get("Revision"))
        own = by_revision.get(revision, [])
        if own and own[0].get("Event") in ("Made", "Revised"):
            statuses = {item.get(KEY): item.get("Status") for item in items_of(order)}
            assert replayed_statuses(own) == statuses, revision
            order_statuses = [status for row in own if (status := row.get("New Status")) is not None]
            assert order_statuses[-1] == order.get("Status"), revision
            proven += 1
    return proven
