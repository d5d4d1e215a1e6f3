"""Orders: submitted, cancelled, approved and refused.

Source: "j. Submit Order Process", "f. Supplemental Order Process"; spec: docs/design/workflows.md, docs/design/road.md
"Statuses".
"""

from __future__ import annotations

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries as review
from hub.workflows.fulfilment import fulfilment
from hub.workflows.orders import approvals
from hub.workflows.orders.supplements import (
    Sameness,
    bring_up_to_date,
    cancel_lines,
    decided_condition,
    give_back,
    is_unsubmitted_supplement,
)
from hub.workflows.state.lines import fill_products
from hub.workflows.state.milestones import is_past, past_point
from hub.workflows.state.order_lookup import (
    UNSUBMITTED,
    described,
    in_force,
    order_in_hand,
    revision_of,
    set_active,
)
from hub.workflows.state.order_rules import prove_in_turn, prove_rules, state_in_turn
from hub.workflows.state.rebase import rebase
from hub.workflows.state.service_profile import changed_items
from hub.workflows.state.statuses import StatusChangeRefused, check_change
from integration_objects.complex_object import action_code, line_items, message, walk_items
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet


class AccountsMissing(Refused):
    """An order can't be submitted because nobody says which account it is for."""


class AlreadySubmitted(StatusChangeRefused):
    """An order is to be submitted that has been submitted, or is done with."""


#: What can be done with an order that was submitted, by its status.
_MENDS = {
    "Open": "revise it (`orderhub workflow revise`) to change what was submitted",
    "Failed": "try the failed lines again, or amend it (`orderhub workflow fallout-list` has its entry)",
}


class NothingOrdered(Refused):
    """An order without a line is to be submitted."""


class StillGrouped(Refused):
    """A line of an order that is submitted stands for several services."""


class PartlyComplete(Refused):
    """An order is to be cancelled of which a part is complete."""


# Submit


def submit_order(run: Run, number: str) -> PropertySet:
    """Submit a stored order; returns it, Open or Complete, or Pending where an approval rule holds it.

    Raises:
        OrderUnknown: there is no such order.
        Refused: as `submit`.
    """
    order = order_in_hand(run, number)
    submit(run, order, former=_replaced(run, order), is_stored=True)
    return order


def submit(run: Run, order: PropertySet, former: PropertySet | None = None, is_stored: bool = False) -> None:
    """Submit an order: prove it, have it approved where a rule says so, open it, decompose it, send its work orders.

    Args:
        run: the run; the order's account is locked.
        order: an OM Order instance in status New or Pending. Changed in place, and stored.
        former: the revision that it replaces, stored; None for a first one.
        is_stored: whether the order itself is stored already (it was made in the hub), or comes from a sender, whose
            order was proven when it was received.

    Raises:
        AlreadySubmitted: the order has been submitted already.
        HeldForApproval: it has, and waits for an approval.
        AccountsMissing: no account can be found for its header.
        NothingOrdered, StillGrouped, OrderDoesNotApply: its lines can't be worked on.
        ConfigurationRefused: after it, services that it changes break rules of their products.
        SupplementOvertaken: it replaces a revision of which more is done than it knows.

    Source: "j. Submit Order Process", steps 1 to 6; "f. Supplemental Order Process".
    """
    number, status = order.get("Order Number") or "", order.get("Status")
    if status not in UNSUBMITTED:
        raise AlreadySubmitted(
            f"the order {number} can't be submitted",
            where=f"order {number}",
            why=f"its status is {status}: submitted is what is {' or '.join(UNSUBMITTED)}",
            mend=_MENDS.get(status or "", "change the services with an order of its own"),
        )
    if is_stored:
        approvals.refuse_held(run, order, "be submitted")
    _fill_accounts(order)
    if is_stored:
        _prove_lines(run, order, former)
    rules = approvals.rules_that_hold(run, order)
    if rules:
        order.properties["Status"] = "Pending"
        _keep(run, order, former, is_stored)
        approvals.hold(run, order, rules)
    else:
        _open(run, order, former, is_stored)


def _open(run: Run, order: PropertySet, former: PropertySet | None, is_stored: bool) -> None:
    """Open an order that nothing holds, store it, and set everybody to work on it."""
    order.properties["Status"] = "Open"
    for item, _ in walk_items(order):
        if item.get("Status") == "Pending":
            item.properties["Status"] = "Open"
    done = fulfilment.complete_unassigned_lines(run, order)
    _keep(run, order, former, is_stored)
    fulfilment.send_work_orders(run, order, again=revision_of(order) > 1)
    if former is not None:
        review.resolve(run, order, "Lines Failed", f"amended by revision {order.get('Revision')}")
        run.effects.release(decided_condition(order.get("Order Number")))
        review.mark_later_orders(run, former, _dropped(former, order), "was revised", replaced_by=order)
        review.mark_orders_built_on(run, order, _asked_otherwise(run, former, order))
    if is_stored or (order.get("Due Date") is not None and any(changed_items([message(ORDER, [order])]))):
        review.mark_overtaken_orders(run, order)
    if fulfilment.has_news(order):
        fulfilment.take_completed_lines(run, order, done)


def _dropped(former: PropertySet, order: PropertySet) -> list[PropertySet]:
    """The lines of a former revision that were still to come, and that its supplement doesn't ask for any more."""
    asked = {item.get(KEY) for item, _ in walk_items(order) if action_code(item) != NO_ACTION}
    return [
        item
        for item, _ in walk_items(former)
        if item.get("Status") in ("Pending", "Open") and item.get(KEY) not in asked
    ]


def _asked_otherwise(run: Run, former: PropertySet, order: PropertySet) -> list[PropertySet]:
    """The lines of a supplement that ask for something else than its former revision did, which was still to come."""
    same = Sameness(run.definitions[ORDER].root.children[LINE_ITEM], but_not=())
    lines = {item.get(KEY): item for item, _ in walk_items(former) if item.get("Status") in ("Pending", "Open")}
    return [
        item
        for item, _ in walk_items(order)
        if item.get(KEY) in lines and action_code(item) != NO_ACTION and not same(item, lines[item.get(KEY)])
    ]


def _keep(run: Run, order: PropertySet, former: PropertySet | None, is_stored: bool) -> None:
    """Store an order as it is now; the revision that it replaces counts no more."""
    if former is not None and former.get("Active Flag") != "N":
        approvals.withdraw(run, former, run.actor)
        set_active(run, former, "N")
    if is_stored:
        run.effects.update(message(ORDER, [order]))
    else:
        run.effects.insert(
            message(ORDER, [order]), fresh=True
        )  # its number and revision were given under the account's lock


def _replaced(run: Run, order: PropertySet) -> PropertySet | None:
    """The revision that a supplement replaces: the one that provisioning works on; None for a first one."""
    former = in_force(run, order)
    return None if former is order else former


def _fill_accounts(order: PropertySet) -> None:
    """Fill the header's accounts, and hand them down to the lines that name none."""
    if order.get("Account Id") is None:
        raise AccountsMissing(
            f"the order {order.get('Order Number')} names no account",
            where="Order, Account Id",
            mend="say which account the order is for",
        )
    for field in ("Service Account Id", "Billing Account Id"):
        if order.get(field) is None:
            order.properties[field] = order.get("Account Id")
        for item, _ in walk_items(order):
            if item.get(field) is None:
                item.properties[field] = order.get(field)


_RULES_MEND = "edit the order (edit-order-line-item) so that the services obey these rules after it, or cancel it"


def _prove_lines(run: Run, order: PropertySet, former: PropertySet | None) -> None:
    number = order.get("Order Number")
    if not any(True for _ in walk_items(order)):
        raise NothingOrdered(
            f"the order {number} has no line",
            where=f"order {number}",
            why="there is nothing in it that anybody could do",
            mend="add products to the order, or cancel it",
        )
    if former is not None:
        bring_up_to_date(run, order, former)
    fill_products(run, order)
    if not run.call("Fully Exploded", message(ORDER, [order])):
        raise StillGrouped(
            f"the order {number} has a line that stands for several services",
            where=f"order {number}",
            why="a service that is tracked as an asset has a quantity of 1 and its own service id",
            mend="customize the line, which explodes it when it is written, and give each service its id",
        )
    mend = "edit the order so that it follows from what was ordered before it, or cancel it"
    state = state_in_turn(run, order)
    rebase(run.definitions[ORDER].root.children[LINE_ITEM], line_items(order), state)
    service_items = prove_in_turn(run, order, ORDER, state, mend)
    prove_rules(run, order, service_items, is_configured=True, mend=_RULES_MEND)


# Approve and refuse


def approve_order(run: Run, number: str, by: str, comment: str | None = None, rule: str | None = None) -> PropertySet:
    """Approve a held order under every rule on which *by* may decide; with the last approval it opens.

    Args:
        run: the run.
        number: the order's number.
        by: who approves.
        comment: why; None for nothing said.
        rule: the rule under which it is approved; None: all of them on which *by* may decide.

    Returns:
        The order: Open or Complete, or Pending where another rule still holds it.

    Raises:
        OrderUnknown, NotHeld, MayNotApprove: nothing is changed.
        SupplementOvertaken, OrderDoesNotApply, ConfigurationRefused: the order can't be opened any more as it stands.
    """
    order = order_in_hand(run, number)
    approvals.decide(run, order, by, approvals.APPROVED, comment, rule)
    if not approvals.approvals_held(run, order):
        former = _replaced(run, order)
        _prove_lines(run, order, former)  # things may have changed while it was held
        _open(run, order, former, is_stored=True)
    return order


def refuse_order(run: Run, number: str, by: str, comment: str | None = None, rule: str | None = None) -> PropertySet:
    """Refuse a held order: it is cancelled; of a supplement the revision is active again that it was to replace.

    Returns:
        The order that was refused.

    Raises:
        OrderUnknown, NotHeld, MayNotApprove: nothing is changed.
    """
    order = order_in_hand(run, number)
    approvals.decide(run, order, by, approvals.REFUSED, comment, rule)
    _set_aside(run, order, by)
    return order


# Cancel

_CANCEL_MEND = "change the services with an order of its own; what failed is dealt with from its fallout entry"


def cancel_order(run: Run, number: str) -> PropertySet:
    """Cancel an order: a supplement that isn't submitted is taken back, anything else becomes Cancelled.

    Args:
        run: the run.
        number: the order's number.

    Returns:
        The revision that is active now: the original again, or the cancelled order.

    Raises:
        OrderUnknown: there is no such order.
        StatusChangeRefused: the order is done with.
        PartlyComplete: a part of it is complete already.
        PastPointOfNoReturn: the work on a line can't be stopped any more.

    Source: "f. Supplemental Order Process", the Cancel Option.
    """
    order = order_in_hand(run, number)
    if order.get("Status") == "Open":
        _refuse_done(order)
    else:
        try:
            check_change("order", number, order.get("Status"), "Cancelled", mend=_CANCEL_MEND)
        except StatusChangeRefused as error:
            raise error.at(f"order {number}") from error
    return _set_aside(run, order, run.actor)


def _set_aside(run: Run, order: PropertySet, by: str) -> PropertySet:
    """Cancel an order that may be cancelled; returns the revision that is active now."""
    approvals.withdraw(run, order, by)
    run.effects.release(decided_condition(order.get("Order Number")))
    if is_unsubmitted_supplement(order):
        return give_back(run, order)
    was_open = order.get("Status") == "Open"
    lines = [item for item, _ in walk_items(order) if item.get("Status") in ("Pending", "Open")]
    cancel_lines(order)
    run.effects.update(message(ORDER, [order]))
    if was_open:
        fulfilment.send_work_orders(run, order, again=True)
    review.resolve(run, order, "Lines Failed", "the order was cancelled")
    review.mark_later_orders(run, order, lines, "was cancelled")
    return order


def _refuse_done(order: PropertySet) -> None:
    number = order.get("Order Number")
    done = [item for item, _ in walk_items(order) if item.get("Status") == "Complete"]
    if done:
        raise PartlyComplete(
            f"the order {number} can't be cancelled: a part of it is complete",
            where=f"order {number}",
            why="complete are " + ", ".join(f"{described(item)} ({item.get(KEY)})" for item in done),
            mend="take the services away with an order of its own, or revise the order to drop the rest",
        )
    for item, _ in walk_items(order):
        if is_past(item):
            raise past_point(item, order, "be cancelled")
