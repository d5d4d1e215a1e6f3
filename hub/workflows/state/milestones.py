"""Milestones of the work on an order's lines, and the points of no return.

A product may name a milestone as its Point Of No Return. Provisioning's statuses bring milestones. A line that reaches
its product's point of no return stays past it: editing the order, a supplement or cancelling the order can't change the
line any more; only a follow-on order can, which is stacked on the open one.

Spec: docs/design/workflows.md, "Supplemental Order (Revise), Cancel".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import described
from hub.workflows.state.statuses import FAILED
from hub.workflows.state.task_progress import forget_failed_tasks
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

MILESTONE = "Milestone"
PAST = "Past Point Of No Return"
POINT = "Point Of No Return"


class PastPointOfNoReturn(Refused):
    """A line would be changed or cancelled that has passed its product's point of no return."""

    what = "the line {line} can't {change} any more"
    where = "order {number}, line {reference}"
    why = "the work on it has passed its point of no return (its last milestone: {milestone})"
    mend = "leave the line as it is, and change its service with another order, which follows the open one"


def is_past(item: PropertySet) -> bool:
    """Tell whether an order's line has passed its point of no return; a failed line may be changed again."""
    return item.get(PAST) == "Y" and item.get("Status") not in FAILED


def reach(run: Run, reached: Sequence[tuple[PropertySet, str]]) -> list[PropertySet]:
    """Mark the lines that have passed their points of no return, in place.

    Args:
        run: the run.
        reached: order lines, each with a milestone that it has reached.

    Returns:
        The lines that passed now, and had not before.
    """
    product_ids = {item.get("Product Id") for item, _ in reached if not is_past(item)} - {None}
    # Nearly every status comes without a milestone: then no product is read.
    if not product_ids:
        return []
    products = instances(run.query("Product", {"Product Id": sorted(str(product_id) for product_id in product_ids)}))
    points = {product.get("Product Id"): product.get(POINT) for product in products}
    passed = []
    for item, milestone in reached:
        if not is_past(item) and points.get(item.get("Product Id")) == milestone:
            item.properties[PAST] = "Y"
            passed.append(item)
    return passed


def forget(item: PropertySet) -> None:
    """Clear what provisioning has said of a line, because the work on it begins anew. Changes *item*."""
    for name in (MILESTONE, PAST, "Expected Date", "Status Reason"):
        item.properties[name] = None
    forget_failed_tasks(item)


def past_point(item: PropertySet, order: PropertySet, change: str) -> PastPointOfNoReturn:
    """Make the refusal to change a line that is past its point of no return.

    *change* is the refused change, as "be changed".
    """
    return PastPointOfNoReturn(
        line=described(item),
        change=change,
        number=order.get("Order Number"),
        reference=item.get("Source Reference") or item.get(KEY),
        milestone=item.get(MILESTONE),
    )
