"""The consequences of new statuses of an order's lines: billing, service profile, supplement, work orders that waited
for them, orders that rely on them.

Provisioning's answers, due dates and retries all come here.

Spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.completion import take_completed_lines
from hub.workflows.fulfilment.late_answers import settle_old_requests
from hub.workflows.fulfilment.later_orders import mark_later_orders
from hub.workflows.fulfilment.revisions import pass_on
from hub.workflows.fulfilment.work_orders import start_work_orders
from hub.workflows.state.statuses import FAILED
from integration_objects.complex_object import items_of
from integration_objects.property_set import PropertySet


def take_lines(
    run: Run, order: PropertySet, active: PropertySet, changed: Sequence[PropertySet], completed: Sequence[PropertySet]
) -> None:
    """Take in new statuses of an order's lines, and store the order.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force, with the new statuses. Changed in place.
        active: the active revision: *order* itself, or a supplement that isn't submitted yet.
        changed: the lines with a new status or fact.
        completed: those that are complete now.
    """
    completed_now = {id(item) for item in completed}
    # In the order's own order: billing reads a bundle before its lines, whichever of them decided.
    completed = [item for item in items_of(order) if id(item) in completed_now]
    take_completed_lines(run, order, completed)
    settle_old_requests(run, order, completed)
    if active is not order:
        # After the completed lines: the supplement takes over the dates that their application has written.
        pass_on(run, active, changed)
    else:
        # Nothing new is begun while somebody makes a supplement, which may change it.
        start_work_orders(run, order)
    # Last: the search for open orders that rely on the failed lines reads the order as it is stored.
    failed = [item for item in changed if item.get("Status") in FAILED]
    if failed:
        mark_later_orders(run, order, failed, "failed in part")
