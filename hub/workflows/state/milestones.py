"""Milestones of the work on an order's lines, and the points of no return.

A product may name a milestone as its Point Of No Return. Provisioning's statuses bring milestones; the line that
reaches its product's is past it from then on, whatever comes later: it can't be changed by editing the order, by a
supplement or by cancelling the order, only by a follow-on order, which is stacked on the open one.

Spec: docs/design/workflows.md, "Supplemental Order (Revise), Cancel".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import described
from hub.workflows.state.statuses import FAILED
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

MILESTONE = "Milestone"
PAST = "Past Point Of No Return"
POINT = "Point Of No Return"


class PastPointOfNoReturn(Refused):
    """A line is to be changed or cancelled that has passed its product's point of no return."""


def is_past(item: PropertySet) -> bool:
    """Whether an order's line has passed its point of no return; one on which the work failed may be changed again."""
    return item.get(PAST) == "Y" and item.get("Status") not in FAILED


def reach(run: Run, reached: Sequence[tuple[PropertySet, str]]) -> list[PropertySet]:
    """Note which lines have passed their points of no return, in place.

    Args:
        run: the run.
        reached: order lines, each with a milestone that it has reached.

    Returns:
        The lines that passed now, and had not before.
    """
    wanted = {item.get("Product Id") for item, _ in reached if not is_past(item)} - {None}
    if not wanted:
        return []
    products = instances(run.query("Product", {"Product Id": sorted(str(product) for product in wanted)}))
    points = {product.get("Product Id"): product.get(POINT) for product in products}
    passed = []
    for item, milestone in reached:
        if not is_past(item) and points.get(item.get("Product Id")) == milestone:
            item.properties[PAST] = "Y"
            passed.append(item)
    return passed


def forget(item: PropertySet) -> None:
    """The work on a line begins anew: it has reached nothing, and nothing was said of it, in place."""
    for name in (MILESTONE, PAST, "Status Reason"):
        item.properties[name] = None


def past_point(item: PropertySet, order: PropertySet, what: str) -> PastPointOfNoReturn:
    """The refusal to change a line that is past.

    Args:
        item: the line.
        order: its order.
        what: what was to be done, as "be changed".
    """
    return PastPointOfNoReturn(
        f"the line {described(item)} can't {what} any more",
        where=f"order {order.get('Order Number')}, line {item.get('Source Reference') or item.get(KEY)}",
        why=f"the work on it has passed its point of no return (its last milestone: {item.get(MILESTONE)})",
        mend="leave the line as it is, and change its service with an order of its own, which follows the open one",
    )
