"""Submit: an order is proven, held for approval if a rule says so, opened, and sent out as work orders.

Source: "j. Submit Order Process", "f. Supplemental Order Process"; spec: docs/design/workflows.md, docs/design/road.md
"Statuses".
"""

from __future__ import annotations

from dataclasses import replace

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.billing import prove_billable
from hub.workflows.fulfilment.completion import take_completed_lines
from hub.workflows.fulfilment.due_lines import plan_due_lines, settle_lines
from hub.workflows.fulfilment.later_orders import mark_later_orders, mark_orders_built_on, mark_overtaken_orders
from hub.workflows.fulfilment.plan import assign_tasks
from hub.workflows.fulfilment.revisions import keep_progress, same_request
from hub.workflows.fulfilment.withdrawn_tasks import report_withdrawn_tasks
from hub.workflows.fulfilment.work_orders import prove_work_orders, send_work_orders
from hub.workflows.orders import approvals
from hub.workflows.orders.supplements import bring_up_to_date, decided_condition
from hub.workflows.state.agreements import agreement_notes
from hub.workflows.state.belongings import prove_belongings
from hub.workflows.state.change_of_state import document_totals
from hub.workflows.state.due_dates import due_date_notes
from hub.workflows.state.id_holders import prove_ids_free
from hub.workflows.state.lines import ACCOUNTS, fill_products
from hub.workflows.state.missing_ids import prove_ids_given
from hub.workflows.state.order_lookup import (
    MODULE,
    ORDER_NUMBER,
    UNSUBMITTED,
    in_force,
    order_in_hand,
    revision_of,
    set_active,
)
from hub.workflows.state.order_rules import prove_in_turn, prove_rules, state_in_turn
from hub.workflows.state.rebase import rebase
from hub.workflows.state.service_address import fill_addresses
from hub.workflows.state.service_profile import changed_items
from hub.workflows.state.standing_values import standing_value_notes
from hub.workflows.state.statuses import StatusChangeRefused
from integration_objects.complex_object import ComplexObject, action_code, items_of, line_items, message
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

_RULES_MEND = "edit the order (edit-order-line-item) so that the services obey these rules after it, or cancel it"
_IDS_MEND = (
    "give the line another one (edit-order-line-item); or submit an order first that disconnects the other service or "
    "gives it another one"
)
_APPLY_MEND = "edit the order so that it follows from what was ordered before it, or cancel it"
#: the mend for an order that was submitted, by its status
_INSTEAD_OF_SUBMITTING = {
    "Open": "revise it (`orderhub workflow revise`) to change what was submitted",
    "Failed": "try the failed lines again, or amend it (`orderhub workflow fallout-list` has its entry)",
}


class AccountsMissing(Refused):
    """An order names no account."""

    what = "the order {number} names no account"
    where = "Order, Account Id"
    mend = "say which account the order is for (designate-accounts order={number} account=)"


class AlreadySubmitted(StatusChangeRefused):
    """An order is to be submitted that has been submitted, or is done with."""

    what = "the order {number} can't be submitted"
    where = "order {number}"
    why = "its status is {status}; only an order that is New or Pending can be submitted"
    mend = "{instead}"


class NothingOrdered(Refused):
    """An order without a line is to be submitted."""

    what = "the order {number} has no line"
    where = "order {number}"
    why = "an order without lines asks for no work"
    mend = "add products to the order, or cancel it"


class StillGrouped(Refused):
    """A line of an order that is submitted stands for several services."""

    what = "the order {number} has a line that stands for several services"
    where = "order {number}"
    why = "a service that is tracked as an asset has a quantity of 1 and its own service id"
    mend = "edit the line (edit-order-line-item): it becomes a line for each service; then give each service its id"


def submit_order(run: Run, order: str) -> Outcome:
    """Submit a stored order; it is Open or Complete then, or Pending if an approval rule holds it.

    Raises:
        OrderUnknown: there is no such order.
        Refused: as `submit`.
    """
    stored = order_in_hand(run, order)
    # Before the order is opened: a line may be complete, and applied, when it returns.
    notes = [*due_date_notes(run, stored), *agreement_notes(run, stored), *standing_value_notes(run, stored)]
    submit(run, stored, former=former_of(run, stored), is_stored=True)
    outcome = outcome_with_holds(run, stored)
    return replace(outcome, notes=(*notes, *outcome.notes))


def outcome_with_holds(run: Run, order: PropertySet) -> Outcome:
    """Make the outcome that shows an order, with a note for each rule that holds it."""
    notes = []
    for approval in approvals.approvals_held(run, order):
        reason = f": {approval.get('Reason')}" if approval.get("Reason") else ""
        notes.append(Note("held", f"the rule '{approval.get('Rule')}' holds the order{reason}"))
    return Outcome(objects=(message(ORDER, [order]),), notes=(*notes, *document_totals(order)))


def submit(run: Run, order: PropertySet, former: PropertySet | None = None, is_stored: bool = False) -> None:
    """Submit an order: prove it, hold it for approval or open it, decompose it, send its work orders.

    Args:
        run: the run; the order's account is locked.
        order: an OM Order instance in status New or Pending. Changed in place, and stored.
        former: the stored revision that the order replaces; None for a first one.
        is_stored: whether the order was made in the hub and is stored already. A sender's order isn't, and was proven
            when it was received.

    Raises:
        AlreadySubmitted: the order has been submitted already.
        HeldForApproval: it has, and waits for an approval.
        AccountsMissing: its header names no account.
        NothingOrdered, StillGrouped, OrderDoesNotApply: its lines can't be worked on.
        ConfigurationRefused: after it, services that it changes break rules of their products.
        ServiceIdMissing: a service that it adds needs a service id, and has none.
        ServiceIdHeld: it asks for a number or a service point that another service has.
        SupplementOvertaken: more of the former revision is done than the order knows.
        CannotLeave: a system that must hear of the order can't take one of its values.

    Source: "j. Submit Order Process", steps 1 to 6; "f. Supplemental Order Process".
    """
    number, status = order.get("Order Number") or "", order.get("Status") or ""
    if status not in UNSUBMITTED:
        instead = _INSTEAD_OF_SUBMITTING.get(status, "change the services with another order")
        raise AlreadySubmitted(number=number, status=order.get("Status"), instead=instead)
    if is_stored:
        approvals.refuse_held(run, order, "be submitted")
    _fill_accounts(order)
    if is_stored:
        prove_lines(run, order, former)
    # Behind the proof: lines that a supplement took over from the revision before keep their addresses.
    fill_addresses(run, order, former)
    prove_billable(run, order)
    # Behind the proof: nobody is asked to approve an order that can't be worked on.
    rules = approvals.rules_that_hold(run, order)
    if rules:
        # Now, and not when it is approved: its sender is told that the order waits, and hears of no fault later.
        prove_work_orders(run, order)
        order.properties["Status"] = "Pending"
        _store(run, order, former, is_stored)
        approvals.hold(run, order, rules)
    else:
        open_order(run, order, former, is_stored)


def open_order(run: Run, order: PropertySet, former: PropertySet | None, is_stored: bool) -> None:
    """Open an order that nothing holds, store it, send its work orders, and mark the orders that it concerns."""
    order.properties["Status"] = "Open"
    for item in items_of(order):
        if item.get("Status") == "Pending":
            item.properties["Status"] = "Open"
    if former is not None:
        keep_progress(run, order, former)
    assign_tasks(order, run.runtime.decomposition_rules)
    # Nobody answers for lines that no system provides: those that are due are complete at once.
    settled = settle_lines(run, order)
    # The order is stored before it is sent out and compared: the steps below read the open orders from the database.
    _store(run, order, former, is_stored)
    plan_due_lines(run, order)
    if former is not None:
        # Before the work orders: those that still wait for a failed line raise an entry of their own.
        fallout_entries.resolve_failed(run, order, f"amended by revision {order.get('Revision')}")
    send_work_orders(run, order, again=revision_of(order) > 1, must_leave=True)
    if former is not None:
        report_withdrawn_tasks(run, order, former, _dropped_lines(former, order))
        # A revision that the sender sent may wait until this supplement is submitted.
        run.effects.release(decided_condition(order.get("Order Number")))
        mark_later_orders(run, former, _dropped_lines(former, order), "was revised", replaced_by=order)
        mark_orders_built_on(run, order, _changed_lines(run, former, order))
    # A received order comes last, unless it has a due date. An order made in the hub keeps the place of its creation:
    # orders that were submitted since then may come after it.
    if is_stored or (order.get("Due Date") is not None and any(changed_items([message(ORDER, [order])]))):
        mark_overtaken_orders(run, order)
    if _has_news(order):
        take_completed_lines(run, order, settled.completed)


def _has_news(order: PropertySet) -> bool:
    """Tell whether an order that was opened just now has completed lines to apply, or nothing to do at all."""
    statuses = [(item.get("Status"), item.get("Applied Date")) for item in items_of(order)]
    return ("Complete", None) in statuses or not any(status == "Open" for status, _ in statuses)


def _dropped_lines(former: PropertySet, order: PropertySet) -> list[PropertySet]:
    """Return the lines of a former revision that were still to come, and that its supplement doesn't ask for."""
    asked = {item.get(KEY) for item in items_of(order) if action_code(item) != NO_ACTION}
    return [
        item for item in items_of(former) if item.get("Status") in ("Pending", "Open") and item.get(KEY) not in asked
    ]


def _changed_lines(run: Run, former: PropertySet, order: PropertySet) -> list[PropertySet]:
    """Return a supplement's lines that ask for something else than lines of the former revision still to come."""
    ask_the_same = same_request(run, but_not=())
    former_lines = ComplexObject(former)
    changed = []
    for item in items_of(order):
        line = former_lines.by_key(item.get(KEY))
        if (
            line is not None
            and line.get("Status") in ("Pending", "Open")
            and action_code(item) != NO_ACTION
            and not ask_the_same(item, line)
        ):
            changed.append(item)
    return changed


def _store(run: Run, order: PropertySet, former: PropertySet | None, is_stored: bool) -> None:
    """Store an order, and retire the revision that it replaces."""
    if former is not None and former.get("Active Flag") == "Y":
        approvals.withdraw(run, former, run.actor)
        # Before the new revision is stored: an order has one active revision at any moment.
        set_active(run, former, "N")
    if is_stored:
        run.effects.update(message(ORDER, [order]))
    else:
        # The number and revision were given under the account's lock: none of its keys can be taken.
        run.effects.insert(message(ORDER, [order]), fresh=True)


def former_of(run: Run, order: PropertySet) -> PropertySet | None:
    """Return the revision that a supplement replaces, the one that provisioning works on; None for a first one."""
    former = in_force(run, order)
    return None if former is order else former


def _fill_accounts(order: PropertySet) -> None:
    """Fill the header's accounts, and copy them to the lines that name none."""
    if order.get("Account Id") is None:
        raise AccountsMissing(number=order.get("Order Number"))
    for field in ACCOUNTS:
        if order.get(field) is None:
            order.properties[field] = order.get("Account Id")
        for item in items_of(order):
            if item.get(field) is None:
                item.properties[field] = order.get(field)


def prove_lines(run: Run, order: PropertySet, former: PropertySet | None) -> None:
    """Prove an order made in the hub on the state before it, and bring its lines up to date. Changes *order*.

    Raises:
        NothingOrdered, StillGrouped, OrderDoesNotApply: its lines can't be worked on.
        AccountUnknown, AccountOfAnother, AgreementUnknown, AgreementOfAnother, ServicePointUnknown: a line names
            something that isn't there, or isn't the customer's.
        ConfigurationRefused: after it, services that it changes break rules of their products.
        ServiceIdMissing: a service that it adds needs a service id, and has none.
        ServiceIdHeld: it asks for a number or a service point that another service has.
        SupplementOvertaken: more of the former revision is done than the order knows.
    """
    number = order.get("Order Number")
    # A supplement without lines withdraws all that the revision before it asks for.
    if former is None and not line_items(order):
        raise NothingOrdered(number=number)
    if former is not None:
        bring_up_to_date(run, order, former)
    fill_products(run, order)
    if not run.call("Fully Exploded", message(ORDER, [order])):
        raise StillGrouped(number=number)
    # Rebased before it is proven: fields that the order left alone follow the orders submitted since it was made.
    state = state_in_turn(run, order)
    rebase(run.definitions[ORDER].root.children[LINE_ITEM], line_items(order), state)
    prove_belongings(run, order)
    service_items = prove_in_turn(run, order, ORDER, state, _APPLY_MEND)
    prove_rules(run, order, service_items, is_configured=True, mend=_RULES_MEND)
    prove_ids_given(run, order, former)
    prove_ids_free(run, order, former, _IDS_MEND)


WORKFLOWS = (
    named_workflow(
        "Submit",
        submit_order,
        "submit an order: prove it, have it approved, open it, send its work orders",
        ORDER_NUMBER,
        module=MODULE,
    ),
)
