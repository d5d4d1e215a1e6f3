"""Supplements: a submitted order copied to a new revision, to be changed and submitted in its place.

    revise --> revision 1, Open, Active Flag N        revision 2, Pending, Active Flag Y
               provisioning goes on with it           is edited; statuses of unchanged lines come through
    submit --> retired                                Open; its work orders replace those of revision 1
    cancel --> Active Flag Y again                    deleted

Source: "f. Supplemental Order Process", figure 10F; spec: docs/design/workflows.md, "Supplemental Order (Revise),
Cancel".
"""

from __future__ import annotations

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.revisions import same_request, take_over
from hub.workflows.orders import approvals
from hub.workflows.orders.postponing import postpone
from hub.workflows.state.change_of_state import document_totals
from hub.workflows.state.milestones import forget, is_past
from hub.workflows.state.order_lookup import (
    MODULE,
    ORDER_NUMBER,
    described,
    in_force,
    is_hubs_supplement,
    next_revision,
    order_in_hand,
    revision_of,
    set_active,
)
from hub.workflows.state.statuses import FAILED
from integration_objects.complex_object import ComplexObject, items_of, line_items, message
from integration_objects.errors import Refused
from integration_objects.names import APPROVAL, KEY, ORDER
from integration_objects.property_set import PropertySet

#: fields of an order's header that its supplement doesn't copy: the sender's numbers, and the end of the work.
#: A supplement that was made in the hub is known by the absence of these numbers (`is_hubs_supplement`).
_NOT_COPIED = ("Source System", "Source Order Number", "Source Revision", "Sent Content", "Completed Date")
#: the mend for an order that can't be revised, by its status
_INSTEAD_OF_REVISING = {
    "New": "edit it as it is: it isn't submitted yet",
    "Failed": "amend it from its fallout entry",
}
#: the mend for a supplement that came too late, by its original's status
_INSTEAD_OF_SUBMITTING = {
    "Open": "cancel the supplement, revise the order again, and change these services with another order",
    "Failed": "cancel the supplement, change these services with another order, and amend what failed from its "
    "fallout entry",
}


class NothingToSupplement(Refused):
    """An order is to be revised that isn't Open."""

    what = "the order {number} can't be revised"
    where = "order {number}"
    why = "its status is {status}, and a supplement overrides an order that is Open"
    mend = "{instead}"


class SupplementOpen(Refused):
    """An order is to be revised that has a supplement which isn't submitted yet."""

    what = "the order {number} can't be revised: its revision {revision} isn't submitted yet"
    where = "order {number}, revision {revision}"
    why = "an order has at most one supplement that isn't submitted"
    mend = "edit and submit that revision, or cancel it"


class SupplementOvertaken(Refused):
    """Lines that a supplement changes or leaves out were provisioned while it was made."""

    what = "the supplement of the order {number} came too late for {count} of its lines"
    where = "order {number}, revision {revision}"
    why = "{lines}"
    mend = "{instead}"


def revise(run: Run, order: str, due_date: str | None = None) -> Outcome:
    """Copy a submitted order to a new revision, which takes its place once it is submitted.

    Args:
        run: the run.
        order: the order's number.
        due_date: the new revision's due date, and that of its lines that are still to come; None: as they are.

    Returns:
        The new revision: Pending and active. Its lines keep their keys; complete and failed lines stay so.

    Raises:
        OrderUnknown: there is no such order.
        HeldForApproval: the order, or its supplement, waits for an approval.
        SupplementOpen: there is a supplement already.
        NothingToSupplement: the order is New, Complete, Failed or Cancelled.

    Source: "f. Supplemental Order Process", figure 10F.
    """
    original = order_in_hand(run, order)
    # Before the status: a held order is Pending, too, and can't be submitted, as the advice for a supplement would say.
    approvals.refuse_held(run, original, "be revised")
    status = original.get("Status") or ""
    if status == "Pending":
        raise SupplementOpen(number=order, revision=original.get("Revision"))
    if status != "Open":
        instead = _INSTEAD_OF_REVISING.get(status, "change the services with another order")
        raise NothingToSupplement(number=order, status=original.get("Status"), instead=instead)
    supplement = supplement_of(run, original, due_date=due_date)
    return Outcome(objects=(message(ORDER, [supplement]),), notes=tuple(document_totals(supplement)))


def supplement_of(
    run: Run, original: PropertySet, failed_again: bool = False, due_date: str | None = None
) -> PropertySet:
    """Make and store the supplement of an order, and take the active flag from the order.

    Args:
        run: the run; the order's account is locked.
        original: the active revision. Not changed.
        failed_again: whether failed lines are to be tried again with the supplement.
        due_date: the due date of all that is still to come; None: as it is.
    """
    supplement = original.copy()
    for name in _NOT_COPIED:
        supplement.properties.pop(name, None)
    supplement.properties |= {
        "Row Id": run.new_id(),
        "Revision": str(next_revision(run, original.get("Order Number"))),
        "Status": "Pending",
        "Active Flag": "Y",
    }
    for item in items_of(supplement):
        # New rows, the same Integration Ids: provisioning knows the lines by these.
        item.properties["Row Id"] = run.new_id()
        is_tried_again = failed_again and item.get("Status") in FAILED
        if is_tried_again:
            forget(item)
        if is_tried_again or item.get("Status") == "Open":
            item.properties |= {"Status": "Pending", "Order Item Processed Flag": "N"}
    if due_date is not None:
        postpone(supplement, due_date)
    # In this turn: an order has one active revision at any moment.
    set_active(run, original, "N")
    run.effects.insert(message(ORDER, [supplement]))
    return supplement


def bring_up_to_date(run: Run, supplement: PropertySet, original: PropertySet) -> None:
    """Take over the original's complete lines into a supplement. Changes *supplement*.

    Raises:
        SupplementOvertaken: the supplement changes or leaves out a line that is complete, or that has passed its point
            of no return.
    """
    ask_the_same = same_request(run)
    # Provisioning has gone on with the original while the supplement was made.
    lines = ComplexObject(supplement)
    overtaken = []
    for line in items_of(original):
        is_complete = line.get("Status") == "Complete"
        if not is_complete and not is_past(line):
            continue
        twin = lines.by_key(line.get(KEY))
        if twin is None or not ask_the_same(twin, line):
            state = "is complete" if is_complete else "has passed its point of no return"
            action = "leaves it out" if twin is None else "changes it"
            overtaken.append(f"{described(line)} ({line.get(KEY)}) {state}, and the supplement {action}")
        elif is_complete:
            take_over(twin, line)
    if overtaken:
        instead = "cancel the supplement, and change these services with another order"
        raise SupplementOvertaken(
            number=supplement.get("Order Number"),
            revision=supplement.get("Revision"),
            count=len(overtaken),
            lines="; ".join(overtaken),
            instead=_INSTEAD_OF_SUBMITTING.get(original.get("Status") or "", instead),
        )


def is_unsubmitted_supplement(order: PropertySet) -> bool:
    """Tell whether an order is a revision after the first that isn't submitted, or is held."""
    return order.get("Status") == "Pending" and revision_of(order) > 1


def give_back(run: Run, supplement: PropertySet) -> PropertySet:
    """Delete a supplement that isn't submitted, and make the revision active again that it was to replace.

    A supplement that its sender sent, or that was held, is kept as Cancelled: somebody outside has seen it.

    Returns:
        The revision that is active now.
    """
    original = in_force(run, supplement)
    was_held = bool(run.headers(APPROVAL, {"Order Id": supplement.get("Row Id")}))
    if is_hubs_supplement(supplement) and not was_held:
        # The header alone: the store deletes all beneath it.
        run.effects.delete(message(ORDER, [supplement.copy_node()]))
    else:
        cancel_lines(supplement)
        supplement.properties["Active Flag"] = "N"
        run.effects.update(message(ORDER, [supplement]))
    set_active(run, original, "Y")
    original.properties["Active Flag"] = "Y"
    return original


def cancel_lines(order: PropertySet) -> None:
    """Cancel an order and each line on which there is something to do, in place.

    The table of statuses has no way from Open to Cancelled for a line by itself; a line goes with its order.
    """
    order.properties["Status"] = "Cancelled"
    for item in items_of(order):
        if item.get("Status") in ("Pending", "Open"):
            item.properties["Status"] = "Cancelled"
    for root in line_items(order):
        # Nothing of a cancelled order is still to come, so that its roots count as done.
        root.properties["Order Item Processed Flag"] = "Y"


def decided_condition(number: str | None) -> str:
    """Name the condition that a sender's revision waits for while a supplement made in the hub isn't submitted."""
    return f"order {number} supplement decided"


WORKFLOWS = (
    named_workflow(
        "Revise",
        revise,
        "make a supplement of a submitted order: a new revision, to be edited and submitted",
        ORDER_NUMBER,
        Argument("due-date", "date", help="When what is still to come is wanted; without it, as before."),
        module=MODULE,
    ),
)
