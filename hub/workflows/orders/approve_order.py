"""Approve or refuse an order that an approval rule holds.

Spec: docs/design/workflows.md, "Submit Order"; docs/design/road.md, "Statuses".
"""

from __future__ import annotations

from collections import Counter

from hub.presentation.item_row import action_word, counted_actions
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.approvals import APPROVED, REFUSED, approvals_held, decide, waiting_for
from hub.workflows.orders.cancel_order import set_aside
from hub.workflows.orders.submit import former_of, open_order, outcome_with_holds, prove_lines
from hub.workflows.state.change_of_state import document_totals
from hub.workflows.state.order_lookup import MODULE, ORDER_NUMBER, order_in_hand
from integration_objects.complex_object import instances, items_of, message
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet

#: columns of `approvals`, and the most rows of an answer
COLUMNS = ("key", "order", "revision", "account", "rule", "reason", "since", "changes", "totals")
MOST_WAITING = 200


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


def list_waiting(run: Run, by: str | None = None) -> Outcome:
    """List the approvals that a user may decide on, with what each order changes and costs.

    Args:
        run: the run.
        by: the user; None for the run's own.
    """
    rows = []
    for approval in waiting_for(run, by or run.actor)[:MOST_WAITING]:
        orders = instances(run.query(ORDER, {"Row Id": approval.get("Order Id")}))
        order = orders[0] if orders else PropertySet("Order")
        row = {
            "key": f"{approval.get('Order Id')} {approval.get('Rule')}",
            "order": approval.get("Order Number"),
            "revision": approval.get("Revision"),
            "account": approval.get("Account Id"),
            "rule": approval.get("Rule"),
            "reason": approval.get("Reason"),
            "since": approval.get("Held Date"),
            "changes": counted_actions(Counter(map(action_word, items_of(order)))),
            "totals": "; ".join(note.text.partition(", ")[2] for note in document_totals(order)) or None,
        }
        rows.append({column: row[column] for column in COLUMNS})
    return Outcome(rows=tuple(rows), why="" if rows else f"no order waits for {by or run.actor}")


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
    named_workflow(
        "Approvals",
        list_waiting,
        "list the orders that wait for somebody's approval, with what they change",
        Argument("by", help="Who decides; without it, the setting `user`, or the sender of the message."),
        module=MODULE,
        asks_only=True,
        columns=COLUMNS,
    ),
    named_workflow("Refuse", refuse, "refuse an order that a rule holds: it is cancelled", *_DECISION, module=MODULE),
)
