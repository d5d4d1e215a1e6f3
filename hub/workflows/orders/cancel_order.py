"""Cancel an order, or take a supplement back that isn't submitted.

Source: "f. Supplemental Order Process", the Cancel Option; spec: docs/design/workflows.md, "Supplemental Order
(Revise), Cancel".
"""

from __future__ import annotations

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.fallout_entries import resolve_failed
from hub.workflows.fulfilment.later_orders import mark_later_orders
from hub.workflows.fulfilment.withdrawn_tasks import report_withdrawn_tasks
from hub.workflows.fulfilment.work_orders import send_work_orders, start_work_orders
from hub.workflows.orders import approvals
from hub.workflows.orders.supplements import cancel_lines, decided_condition, give_back, is_unsubmitted_supplement
from hub.workflows.state.id_holders import prove_cancelled
from hub.workflows.state.milestones import is_past, past_point
from hub.workflows.state.order_lookup import MODULE, ORDER_NUMBER, described, order_in_hand
from hub.workflows.state.statuses import check_change
from integration_objects.complex_object import items_of, message
from integration_objects.errors import Refused
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet

#: the mend for an order that can't be cancelled, by its status
_INSTEAD_OF_CANCELLING = {
    "Cancelled": "nothing: the order is cancelled already",
    "Failed": "try the failed lines again, or amend the order (`orderhub workflow fallout-list` has its entry)",
}


class PartlyComplete(Refused):
    """An order is to be cancelled, and a part of it is complete."""

    what = "the order {number} can't be cancelled: a part of it is complete"
    where = "order {number}"
    why = "these lines are complete: {lines}"
    mend = "revise the order to drop or postpone the rest; take away what is there with another order"


def cancel_order(run: Run, order: str) -> Outcome:
    """Cancel an order; take a supplement back that isn't submitted.

    Returns:
        The revision that is active now: the original again, or the cancelled order.

    Raises:
        OrderUnknown: there is no such order.
        StatusChangeRefused: the order is done with.
        PartlyComplete: a part of it is complete already.
        PastPointOfNoReturn: the work on a line can't be stopped any more.
        ServiceIdGivenAway: another service has got a number or a service point that the order has set free.

    Source: "f. Supplemental Order Process", the Cancel Option.
    """
    stored = order_in_hand(run, order)
    if stored.get("Status") == "Open":
        # The table of statuses knows the header alone; of an Open order the lines decide, too.
        _refuse_begun(stored)
        prove_cancelled(run, stored)
    else:
        instead = _INSTEAD_OF_CANCELLING.get(stored.get("Status") or "", "change the services with another order")
        check_change("order", order, stored.get("Status"), "Cancelled", mend=instead, where=f"order {order}")
    is_taken_back = is_unsubmitted_supplement(stored)
    present = set_aside(run, stored, run.actor)
    text = f"revision {stored.get('Revision')} was a supplement; revision {present.get('Revision')} is in force again"
    notes = (Note("taken back", text),) if is_taken_back else ()
    return Outcome(objects=(message(ORDER, [present]),), notes=notes)


def set_aside(run: Run, order: PropertySet, by: str) -> PropertySet:
    """Cancel an order that may be cancelled; returns the revision that is active now."""
    # While the order is still Pending: a cancelled one has no approvals that wait.
    approvals.withdraw(run, order, by)
    # A sender's revision that waits for this supplement can be worked on as soon as it is gone.
    run.effects.release(decided_condition(order.get("Order Number")))
    if is_unsubmitted_supplement(order):
        original = give_back(run, order)
        # Its work went on while the supplement was made, and nothing new was begun.
        start_work_orders(run, original)
        return original
    was_open = order.get("Status") == "Open"
    # Read before the lines are cancelled: afterwards none is Pending or Open.
    still_to_come = [item for item in items_of(order) if item.get("Status") in ("Pending", "Open")]
    cancel_lines(order)
    run.effects.update(message(ORDER, [order]))
    if was_open:
        # Each system gets a revision without lines: the work order is withdrawn.
        send_work_orders(run, order, again=True)
        report_withdrawn_tasks(run, order, order, still_to_come)
    resolve_failed(run, order, "the order was cancelled")
    mark_later_orders(run, order, still_to_come, "was cancelled")
    return order


def _refuse_begun(order: PropertySet) -> None:
    """Refuse to cancel an open order if a line is complete, or has passed its point of no return."""
    complete = [item for item in items_of(order) if item.get("Status") == "Complete"]
    if complete:
        lines = ", ".join(f"{described(item)} ({item.get(KEY)})" for item in complete)
        raise PartlyComplete(number=order.get("Order Number"), lines=lines)
    for item in items_of(order):
        if is_past(item):
            raise past_point(item, order, "be cancelled")


WORKFLOWS = (
    named_workflow(
        "Cancel Order",
        cancel_order,
        "cancel an order; of a supplement that isn't submitted, make the original active again",
        ORDER_NUMBER,
        module=MODULE,
    ),
)
