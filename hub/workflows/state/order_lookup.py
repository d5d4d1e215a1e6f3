"""Stored orders in a workflow's hand: found by their number, their account locked, read afresh behind the lock.

    active      the revision that people see, and that counts: Active Flag Y
    in force    the revision that provisioning works on: the active one, or, while a supplement isn't submitted yet,
                the submitted one that it is to replace

Spec: docs/design/workflows.md, "Supplemental Order (Revise), Cancel"; docs/design/road.md, "Whose order, which line".
"""

from __future__ import annotations

from hub.workflow_manager.run import Run
from hub.workflows.state.lines import line_in
from integration_objects.complex_object import instances, message, walk_items
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet

#: header statuses of an order that nobody works on yet
UNSUBMITTED = ("New", "Pending")
#: header statuses of an order that was submitted
SUBMITTED = ("Open", "Complete", "Failed")


class OrderUnknown(Refused):
    """A workflow is asked to work on an order that isn't there."""


class LineUnknown(Refused):
    """A workflow is asked to work on a line that its order doesn't have."""


def accounts_of_order_number(run: Run, number: str) -> set[str]:
    """The account of the order of this number; none where there is no such order."""
    found = {header.get("Account Id") for header in run.headers(ORDER, {"Order Number": number})}
    return {account for account in found if account is not None}


def order_in_hand(run: Run, number: str) -> PropertySet:
    """The active revision of an order, its account locked before it is read.

    Raises:
        OrderUnknown: there is no order of this number.
    """
    accounts = accounts_of_order_number(run, number)
    run.effects.lock_accounts(accounts)
    found = instances(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}))
    if not found:
        raise OrderUnknown(
            f"there is no order '{number}'",
            where=f"{ORDER}, Order Number",
            why="no order of this number is stored",
            mend="mend the number: it is the hub's own, as in O-0000001; replies and `orderhub show` have it",
        )
    return found[0]


def in_force(run: Run, active: PropertySet) -> PropertySet:
    """The revision of an order that provisioning works on; *active* itself where it is, or where there is none.

    A supplement that isn't submitted has taken over the active flag, and provisioning knows nothing of it.
    """
    if active.get("Status") not in UNSUBMITTED or revision_of(active) == 1:
        return active
    found = run.query(ORDER, {"Order Number": active.get("Order Number"), "Status": list(SUBMITTED)})
    return max(instances(found), key=revision_of, default=active)


def revision_of(order: PropertySet) -> int:
    """The order's revision, counted from 1."""
    return int(read_number(order.get("Revision") or "1"))


def next_revision(run: Run, number: str | None) -> int:
    """One above the highest revision of an order."""
    headers = run.headers(ORDER, {"Order Number": number})
    return 1 + max((int(read_number(header["Revision"] or "1")) for header in headers), default=0)


def is_hubs_supplement(order: PropertySet) -> bool:
    """Whether an order is a supplement that was made in the hub and not by its sender: it carries no source."""
    return revision_of(order) > 1 and order.get("Source Order Number") is None


def set_active(run: Run, order: PropertySet, flag: str) -> None:
    """Write an order's Active Flag, and nothing else."""
    twin = order.copy_node()
    twin.properties = {"Row Id": order.get("Row Id"), "Active Flag": flag}
    run.effects.update(message(ORDER, [twin]))


def root_of(order: PropertySet, line: str) -> tuple[PropertySet, PropertySet]:
    """The line called *line*, by Integration Id or Line Number, and the root that it stands beneath (or is).

    Raises:
        LineUnknown: the order has no such line.
    """
    found = line_in(order, line)
    if found is not None:
        return found
    known = [f"{item.get(KEY)} ({described(item)})" for item, _ in walk_items(order)]
    raise LineUnknown(
        f"the order {order.get('Order Number')} has no line '{line}'",
        where=f"order {order.get('Order Number')}",
        why="its lines are " + ", ".join(known[:20]) + (", ..." if len(known) > 20 else ""),
        mend="name the line by its Integration Id",
    )


def described(item: PropertySet) -> str:
    """A line as people speak of it: its product, and the number that the customer knows it by."""
    product = item.get("Product Name") or item.get("Product Id") or "a line without a product"
    return f"{product} {item.get('Service Id')}" if item.get("Service Id") else product
