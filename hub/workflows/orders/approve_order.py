"""Approve or refuse an order that an approval rule holds.

Spec: docs/design/workflows.md, "Submit Order"; docs/design/road.md, "Statuses".
"""

from __future__ import annotations

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.approvals import APPROVED, REFUSED, approvals_held, decide
from hub.workflows.orders.cancel_order import set_aside
from hub.workflows.orders.submit import former_of, open_order, outcome_with_holds, prove_lines
from hub.workflows.state.order_lookup import MODULE, ORDER_NUMBER, order_in_hand
from integration_objects.complex_object import message
from integration_objects.names import ORDER


def approve(
    run: Run, order: str, by: str | None = None, rule: str | None = None, comment: str | None = None
) -> Outcome:
    """Approve a held order; with the last approval it opens.

    Args:
        run: the run.
        order: the order's number.
        by: the user who approves; None for the run's own.
        rule: the rule under which the order is approved; None: all rules on which *by* may decide.
        comment: the reason; None for none.

    Returns:
        The order: Open or Complete, or Pending if another rule still holds it.

    Raises:
        OrderUnknown, NotHeld, MayNotApprove: nothing is changed.
        SupplementOvertaken, OrderDoesNotApply, ConfigurationRefused: the order can't be opened any more as it stands.
    """
    held = order_in_hand(run, order)
    decide(run, held, by or run.actor, APPROVED, comment, rule)
    # Another rule may still hold it: the order opens with the last approval.
    if not approvals_held(run, held):
        former = former_of(run, held)
        # Other orders may have changed the customer's services while this one was held.
        prove_lines(run, held, former)
        open_order(run, held, former, is_stored=True)
    return outcome_with_holds(run, held)


def refuse(run: Run, order: str, by: str | None = None, rule: str | None = None, comment: str | None = None) -> Outcome:
    """Refuse a held order: cancel it, and make the revision active again that a supplement was to replace.

    Arguments and errors are those of `approve`; the outcome shows the order that was refused.
    """
    held = order_in_hand(run, order)
    decide(run, held, by or run.actor, REFUSED, comment, rule)
    set_aside(run, held, by or run.actor)
    return Outcome(objects=(message(ORDER, [held]),))


_DECISION = (
    ORDER_NUMBER,
    Argument("by", help="Who decides; without it, the setting `user`, or the sender of the message."),
    Argument("rule", help="The approval rule; without it, every one on which they may decide."),
    Argument("comment", help="Why."),
)
WORKFLOWS = (
    named_workflow(
        "Approve",
        approve,
        "approve an order that a rule holds; with the last approval it opens",
        *_DECISION,
        module=MODULE,
    ),
    named_workflow("Refuse", refuse, "refuse an order that a rule holds: it is cancelled", *_DECISION, module=MODULE),
)
