"""Supplements: a submitted order copied to a new revision, to be changed and submitted in its place.

    revise --> revision 1, Open, Active Flag N        revision 2, Pending, Active Flag Y
               provisioning goes on with it           is edited; statuses of lines that it left alone come through
    submit --> retired                                Open; its work orders replace those of revision 1
    cancel --> Active Flag Y again                    deleted

Source: "f. Supplemental Order Process", figure 10F; spec: docs/design/workflows.md, "Supplemental Order (Revise),
Cancel".
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from hub.services.differences import differs_in
from hub.workflow_manager.run import Run
from hub.workflows.orders import approvals
from hub.workflows.state.milestones import forget, is_past
from hub.workflows.state.order_lookup import (
    described,
    in_force,
    is_hubs_supplement,
    next_revision,
    order_in_hand,
    revision_of,
    set_active,
)
from hub.workflows.state.statuses import FAILED
from integration_objects.complex_object import action_code, attributes, message, put_list, walk_items
from integration_objects.definition import Component
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, ORDER
from integration_objects.property_set import PropertySet

#: of a supplement's header: what its original's sender said, and what has not happened to it yet
_NOT_COPIED = ("Source System", "Source Order Number", "Source Revision", "Completed Date")


class NothingToSupplement(Refused):
    """An order is to be revised on which nobody works: it isn't submitted yet, or it is done with."""


class SupplementOpen(Refused):
    """An order is to be revised that has a supplement which isn't submitted yet."""


class SupplementOvertaken(Refused):
    """Lines that a supplement changes or leaves out were provisioned while it was made."""


def revise(run: Run, number: str) -> PropertySet:
    """Copy a submitted order to a new revision, which takes its place once it is submitted.

    Args:
        run: the run.
        number: the order's number.

    Returns:
        The new revision: Pending and active. Its lines keep their keys; what is complete or has failed stays so.

    Raises:
        OrderUnknown: there is no such order.
        HeldForApproval: the order, or its supplement, waits for an approval.
        SupplementOpen: there is a supplement already.
        NothingToSupplement: the order is New, Complete, Failed or Cancelled.

    Source: "f. Supplemental Order Process", figure 10F.
    """
    original = order_in_hand(run, number)
    approvals.refuse_held(run, original, "be revised")
    _refuse_second_supplement(original)
    if original.get("Status") != "Open":
        raise NothingToSupplement(
            f"the order {number} can't be revised",
            where=f"order {number}",
            why=f"its status is {original.get('Status')}, and a supplement overrides an order that is Open",
            mend={
                "New": "edit it as it is: it isn't submitted yet",
                "Failed": "amend it from its fallout entry",
            }.get(original.get("Status") or "", "change the services with an order of its own"),
        )
    return supplement_of(run, original)


def supplement_of(run: Run, original: PropertySet, failed_again: bool = False) -> PropertySet:
    """Make and store the supplement of an order, and take the active flag from the order.

    Args:
        run: the run; the order's account is locked.
        original: the active revision. Not changed.
        failed_again: whether lines that failed are to be tried again with the supplement.
    """
    supplement = original.copy()
    for name in _NOT_COPIED:
        supplement.properties.pop(name, None)
    supplement.properties.update(
        {
            "Row Id": run.new_id(),
            "Revision": str(next_revision(run, original.get("Order Number"))),
            "Status": "Pending",
            "Active Flag": "Y",
        }
    )
    again = {"Open", *FAILED} if failed_again else {"Open"}
    for item, _ in walk_items(supplement):
        item.properties["Row Id"] = run.new_id()
        if item.get("Status") in FAILED and failed_again:
            forget(item)
        if item.get("Status") in again:
            item.properties["Status"] = "Pending"
            item.properties["Order Item Processed Flag"] = "N"
    set_active(run, original, "N")
    run.effects.insert(message(ORDER, [supplement]))
    return supplement


def _refuse_second_supplement(order: PropertySet) -> None:
    if order.get("Status") != "Pending":
        return
    number, revision = order.get("Order Number"), order.get("Revision")
    raise SupplementOpen(
        f"the order {number} can't be revised: its revision {revision} isn't submitted yet",
        where=f"order {number}, revision {revision}",
        why="an order has at most one supplement that isn't submitted",
        mend="edit and submit that revision, or cancel it",
    )


# What happens to the original meanwhile


def pass_on(run: Run, active: PropertySet, changed: Iterable[PropertySet]) -> None:
    """Let the news of an order's lines through to its supplement, where that leaves them alone. Changes *active*.

    Args:
        run: the run.
        active: the supplement that isn't submitted yet.
        changed: the lines of the revision in force whose status or milestone has changed.
    """
    same = Sameness(run.definitions[ORDER].root.children[LINE_ITEM])
    lines = {item.get(KEY): item for item, _ in walk_items(active)}
    for item in changed:
        twin = lines.get(item.get(KEY))
        if twin is not None and same(twin, item):
            take_over(twin, item)
    run.effects.update(message(ORDER, [active]))


def bring_up_to_date(run: Run, supplement: PropertySet, original: PropertySet) -> None:
    """What is complete in the original, or past its point of no return, is so in the supplement. Changes it.

    Raises:
        SupplementOvertaken: the supplement changes such a line, or leaves it out.
    """
    same = Sameness(run.definitions[ORDER].root.children[LINE_ITEM])
    lines = {item.get(KEY): item for item, _ in walk_items(supplement)}
    overtaken = []
    for item, _ in walk_items(original):
        if item.get("Status") != "Complete" and not is_past(item):
            continue
        twin = lines.get(item.get(KEY))
        if twin is None or not same(twin, item):
            done = "is complete" if item.get("Status") == "Complete" else "has passed its point of no return"
            what = "leaves it out" if twin is None else "changes it"
            overtaken.append(f"{described(item)} ({item.get(KEY)}) {done}, and the supplement {what}")
        elif item.get("Status") == "Complete":
            take_over(twin, item)
    if overtaken:
        number = supplement.get("Order Number")
        raise SupplementOvertaken(
            f"the supplement of the order {number} came too late for {len(overtaken)} of its lines",
            where=f"order {number}, revision {supplement.get('Revision')}",
            why="; ".join(overtaken),
            mend={
                "Open": "cancel the supplement, revise the order again, and change these services with an order of "
                "their own",
                "Failed": "cancel the supplement, change these services with an order of their own, and amend what "
                "failed from its fallout entry",
            }.get(
                original.get("Status") or "",
                "cancel the supplement, and change these services with an order of their own",
            ),
        )


def take_over(twin: PropertySet, done: PropertySet) -> None:
    """Make a supplement's line what it is in the original, in place; it keeps its row.

    It keeps its flag, too: the original's root may be processed, while the supplement has put more beneath it.
    """
    kept = {name: twin.get(name) for name in ("Row Id", "Line Number", "Order Item Processed Flag")}
    status = done.get("Status")
    twin.properties = {**done.properties, **kept, "Status": "Pending" if status == "Open" else status}
    put_list(twin, ATTRIBUTE)[:] = [attribute.copy_node() for attribute in attributes(done)]


class Sameness:
    """A question: do two lines ask for the same?

    Args:
        component: the line item's.
        but_not: compared fields that may differ: the Service Id may be provisioning's own.
    """

    def __init__(self, component: Component, but_not: Container[str] = ("Service Id",)) -> None:
        attribute = component.children[ATTRIBUTE]
        self._items = differs_in(component, [name for name in component.compared if name not in but_not])
        self._values = differs_in(attribute, attribute.compared)

    def __call__(self, one: PropertySet, two: PropertySet) -> bool:
        """Whether both have the same action, fields and attributes."""
        if action_code(one) != action_code(two) or self._items(one.properties, two.properties):
            return False
        values = self._by_name(one), self._by_name(two)
        return values[0].keys() == values[1].keys() and not any(
            action_code(value) != action_code(values[1][name])
            or self._values(value.properties, values[1][name].properties)
            for name, value in values[0].items()
        )

    @staticmethod
    def _by_name(item: PropertySet) -> Mapping[str | None, PropertySet]:
        return {attribute.get("Name"): attribute for attribute in attributes(item)}


# How it ends without being submitted


def is_unsubmitted_supplement(order: PropertySet) -> bool:
    """Whether an order is a revision after the first that isn't submitted, or is held."""
    return order.get("Status") == "Pending" and revision_of(order) > 1


def give_back(run: Run, supplement: PropertySet) -> PropertySet:
    """Delete a supplement that isn't submitted, and make the revision active again that it was to replace.

    One that its sender sent, or that was held, is kept as Cancelled: it was seen outside, and is not forgotten.

    Returns:
        The revision that is active now.
    """
    original = in_force(run, supplement)
    was_held = bool(run.headers(approvals.APPROVAL, {"Order Id": supplement.get("Row Id")}))
    if is_hubs_supplement(supplement) and not was_held:
        run.effects.delete(message(ORDER, [supplement.copy_node()]))
    else:
        cancel_lines(supplement)
        supplement.properties["Active Flag"] = "N"
        run.effects.update(message(ORDER, [supplement]))
    set_active(run, original, "Y")
    return original


def cancel_lines(order: PropertySet) -> None:
    """Cancel an order and each line on which there was something to do, in place.

    The table of statuses has no way from Open to Cancelled for a line by itself; a line goes with its order.
    """
    order.properties["Status"] = "Cancelled"
    for item, parent in walk_items(order):
        if item.get("Status") in ("Pending", "Open"):
            item.properties["Status"] = "Cancelled"
        if parent is None:
            item.properties["Order Item Processed Flag"] = "Y"


def decided_condition(number: str | None) -> str:
    """What a sender's revision waits for while a supplement made in the hub isn't submitted."""
    return f"order {number} supplement decided"
