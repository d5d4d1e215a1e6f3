"""The processes of orders, by the names under which commands and messages ask for them.

Source: "Workflow Processes" f, g, j, l; spec: docs/design/workflows.md, docs/design/legacy.md "Projected state".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.configurator.requests import Request
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fulfilment
from hub.workflows.orders import approvals, edit_order, fallout, supplements
from hub.workflows.orders import submit as orders
from hub.workflows.orders.projected_state import PARENT, Value, notes_of, project
from hub.workflows.quotes.quote_arguments import REQUESTS
from hub.workflows.state.accounts import the_account
from hub.workflows.state.order_lookup import SUBMITTED, in_force, order_in_hand
from integration_objects.complex_object import instances, is_empty, message, walk_items
from integration_objects.errors import Refused
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet

MODULE = "Orders"


class NotSubmitted(Refused):
    """The completed lines of an order are to be applied on which nobody works."""


def submit(run: Run, order: str) -> Outcome:
    """Submit a stored order. See `orders.submit_order`."""
    return _ordered(run, orders.submit_order(run, order))


def revise(run: Run, order: str) -> Outcome:
    """Make a supplement of a submitted order. See `supplements.revise`."""
    return _ordered(run, supplements.revise(run, order))


def edit_order_line_item(run: Run, order: str, line: str | None = None, requests: Sequence[Request] = ()) -> Outcome:
    """Configure a service item of an order further. See `edit_order.edit_order_line_item`."""
    edited, notes = edit_order.edit_order_line_item(run, order, line, requests)
    return Outcome(objects=(message(ORDER, [edited]),), notes=tuple(notes))


def cancel_order(run: Run, order: str) -> Outcome:
    """Cancel an order, or take a supplement back. See `orders.cancel_order`."""
    return _ordered(run, orders.cancel_order(run, order))


def approve(
    run: Run, order: str, by: str | None = None, rule: str | None = None, comment: str | None = None
) -> Outcome:
    """Approve a held order. See `orders.approve_order`."""
    return _ordered(run, orders.approve_order(run, order, by or run.actor, comment, rule))


def refuse(run: Run, order: str, by: str | None = None, rule: str | None = None, comment: str | None = None) -> Outcome:
    """Refuse a held order. See `orders.refuse_order`."""
    return _ordered(run, orders.refuse_order(run, order, by or run.actor, comment, rule))


def apply_completed(run: Run, order: str) -> Outcome:
    """Apply an order's completed lines to the service profile; a second time nothing is changed.

    Raises:
        OrderUnknown, NotSubmitted: there is no such order, or it isn't submitted.

    Source: "l. Apply Completed Sales Order Line Item Process".
    """
    active = order_in_hand(run, order)
    worked = in_force(run, active)
    if worked.get("Status") not in SUBMITTED:
        raise NotSubmitted(
            f"the order {order} has no completed lines",
            where=f"order {order}",
            why=f"its status is {worked.get('Status')}: nobody works on it",
            mend="submit it first; lines are completed by provisioning's statuses",
        )
    fulfilment.take_completed_lines(run, worked, [])
    return _ordered(run, worked)


def projected_state(
    run: Run, account: str, root: str | None = None, on: str | None = None, orders: list[str] | None = None
) -> Outcome:
    """A service profile as it will be. See `projected_state.project`."""
    the_account(run, account)
    projection = project(run, account, root, on, orders)
    products = {
        item.get(KEY) or "": item.get("Product Id")
        for instance in instances(projection.asset)
        for item, _ in walk_items(instance)
    }
    rows = tuple(_row(value, products) for value in projection.values if not _is_root(value))
    objects = () if is_empty(projection.asset) else (projection.asset,)
    return Outcome(objects=objects, notes=tuple(notes_of(projection)), rows=rows)


def _is_root(value: Value) -> bool:
    return value.place[2] == PARENT and value.value is None and value.order is None


def _row(value: Value, products: Mapping[str, str | None]) -> Mapping[str, str | None]:
    item, attribute, field = value.place
    return {
        "product": products.get(item),
        "item": item,
        "attribute": attribute,
        "field": field,
        "value": value.value,
        "order": value.order,
    }


def fallout_list(run: Run, order: str | None = None, account: str | None = None, resolved: bool = False) -> Outcome:
    """The fallout entries. See `fallout.listed`."""
    rows = tuple(fallout.listed(run, "Resolved" if resolved else "Open", order, account))
    return Outcome(rows=rows, why="" if rows else "there is no such fallout entry")


def fallout_retry(run: Run, entry: str, lines: list[str] | None = None) -> Outcome:
    """Ask for failed lines again. See `fallout.retry`."""
    return _ordered(run, fallout.retry(run, entry, lines or ()))


def fallout_amend(run: Run, entry: str) -> Outcome:
    """Make a supplement of a failed order. See `fallout.amend`."""
    return _ordered(run, fallout.amend(run, entry))


def fallout_close(run: Run, entry: str, resolution: str) -> Outcome:
    """Note that an entry was dealt with. See `fallout.close`."""
    closed = fallout.close(run, entry, resolution)
    return Outcome(notes=(Note("resolved", f"{closed['cause']} of the order {closed['order_number']}: {resolution}"),))


def _ordered(run: Run, order: PropertySet) -> Outcome:
    """An order as the answer, with what holds it."""
    notes = [
        Note(
            "held",
            f"the rule '{one.get('Rule')}' holds the order" + (f": {one.get('Reason')}" if one.get("Reason") else ""),
        )
        for one in approvals.approvals_held(run, order)
    ]
    return Outcome(objects=(message(ORDER, [order]),), notes=tuple(notes))


def _accounts_of_entry(run: Run, values: Mapping[str, Any]) -> set[str]:
    return fallout.accounts_of_entry(run, values["entry"])


_ORDER = Argument("order", "order", required=True, help="The hub's Order Number.")
_ENTRY = Argument("entry", required=True, help="The fallout entry's id, as fallout-list has it.")
_DECISION = (
    _ORDER,
    Argument("by", help="Who decides; without it, the setting `user`, or the sender of the message."),
    Argument("rule", help="The approval rule; without it, every one on which they may decide."),
    Argument("comment", help="Why."),
)

WORKFLOWS = (
    named_workflow(
        "Submit",
        submit,
        "submit an order: prove it, have it approved, open it, send its work orders",
        _ORDER,
        module=MODULE,
    ),
    named_workflow(
        "Revise",
        revise,
        "make a supplement of a submitted order: a new revision, to be edited and submitted",
        _ORDER,
        module=MODULE,
    ),
    named_workflow(
        "Edit Order Line Item",
        edit_order_line_item,
        "configure a service item of an order that isn't submitted, or add one",
        _ORDER,
        Argument("line", help="A line of the service item, by Integration Id or Line Number; without one, a new one."),
        REQUESTS,
        module=MODULE,
    ),
    named_workflow(
        "Cancel Order",
        cancel_order,
        "cancel an order; of a supplement that isn't submitted, make the original active again",
        _ORDER,
        module=MODULE,
    ),
    named_workflow(
        "Approve",
        approve,
        "approve an order that a rule holds; with the last approval it opens",
        *_DECISION,
        module=MODULE,
    ),
    named_workflow("Refuse", refuse, "refuse an order that a rule holds: it is cancelled", *_DECISION, module=MODULE),
    named_workflow(
        "Apply Completed",
        apply_completed,
        "apply an order's completed lines to the service profile; harmless a second time",
        _ORDER,
        module=MODULE,
    ),
    named_workflow(
        "Projected State",
        projected_state,
        "show a service profile as it will be, and which order sets each value",
        Argument("account", "account", required=True, help="The customer's Account Id."),
        Argument("root", help="Only this product, by its Integration Id."),
        Argument("on", "date", help="On this day: without what is due later, or has no due date."),
        Argument("orders", "list", help="After these orders only: Order Numbers, separated by commas."),
        module=MODULE,
    ),
    named_workflow(
        "Fallout List",
        fallout_list,
        "list what a person must look at: cause, order, lines, and what can be done",
        Argument("order", "order", help="Only this order's."),
        Argument("account", "account", help="Only this account's."),
        Argument("resolved", "flag", help="Y: those that are resolved, instead of the open ones."),
        module=MODULE,
    ),
    named_workflow(
        "Fallout Retry",
        fallout_retry,
        "ask for an order's failed lines again: its work orders get a new revision",
        _ENTRY,
        Argument("lines", "list", help="Integration Ids of failed lines; without them, all that failed."),
        module=MODULE,
        accounts=_accounts_of_entry,
    ),
    named_workflow(
        "Fallout Amend",
        fallout_amend,
        "make a supplement of a failed order, in which its failed lines can be changed",
        _ENTRY,
        module=MODULE,
        accounts=_accounts_of_entry,
    ),
    named_workflow(
        "Fallout Close",
        fallout_close,
        "note that an entry was dealt with, and how",
        _ENTRY,
        Argument("resolution", required=True, help="What was done about it."),
        module=MODULE,
        accounts=_accounts_of_entry,
    ),
)
