"""Look-up of stored orders by number; of an order that is worked on the account is locked first, then it is read.

    active      the revision that people see, and that counts: Active Flag Y
    in force    the revision that provisioning works on: the active one, or, while a supplement isn't submitted yet,
                the submitted one that it is to replace

Spec: docs/design/workflows.md, "Supplemental Order (Revise), Cancel"; docs/design/road.md, "Whose order, which line".
"""

from __future__ import annotations

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.run import Run
from integration_objects.complex_object import instances, message
from integration_objects.errors import Refused
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet

#: the licence's module that the workflows of orders belong to
MODULE = "Orders"
ORDER_NUMBER = Argument("order", "order", required=True, help="The hub's Order Number.")
#: header statuses of an order that nobody works on yet
UNSUBMITTED = ("New", "Pending")
#: header statuses of an order that was submitted
SUBMITTED = ("Open", "Complete", "Failed")


class OrderUnknown(Refused):
    """There is no order of this number."""

    what = "there is no order '{number}'"
    where = "OM Order, Order Number"
    why = "no order of this number is stored"
    mend = "mend the number: it is the hub's own, as in O-0000001; `orderhub orders ACCOUNT` lists those of an account"


def accounts_of_order_number(run: Run, number: str) -> set[str]:
    """Return the account of the order of this number; none where there is no such order."""
    accounts = {header.get("Account Id") for header in run.headers(ORDER, {"Order Number": number})}
    return {account for account in accounts if account is not None}


def order_in_hand(run: Run, number: str) -> PropertySet:
    """Return the active revision of an order; its account is locked before the order is read."""
    # Before the order is read: a run that has waited for the lock reads the order as the run before has left it.
    run.effects.lock_accounts(accounts_of_order_number(run, number))
    return active_order(run, number)


def active_order(run: Run, number: str) -> PropertySet:
    """Return the active revision of an order, to read from; nothing is locked.

    Raises:
        OrderUnknown: there is no such order.
    """
    for order in instances(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"})):
        return order
    raise OrderUnknown(number=number)


def in_force(run: Run, active: PropertySet) -> PropertySet:
    """Return the revision of an order that provisioning works on; *active* itself where there is no other.

    A supplement that isn't submitted has taken over the active flag, and provisioning knows nothing of it.
    """
    if active.get("Status") not in UNSUBMITTED or revision_of(active) == 1:
        return active
    # By status and not by the flag: the unsubmitted supplement has the flag.
    submitted = run.query(ORDER, {"Order Number": active.get("Order Number"), "Status": list(SUBMITTED)})
    return max(instances(submitted), key=revision_of, default=active)


def revision_of(document: PropertySet) -> int:
    """Return the revision of an order, a quote or a work order, counted from 1."""
    return int(document.get("Revision") or 1)


def next_revision(run: Run, number: str | None) -> int:
    """Return the revision after the highest one of an order."""
    headers = run.headers(ORDER, {"Order Number": number})
    return 1 + max((int(header["Revision"] or 1) for header in headers), default=0)


def is_hubs_supplement(order: PropertySet) -> bool:
    """Tell whether an order is a supplement that was made in the hub and not by its sender: it carries no source."""
    return revision_of(order) > 1 and order.get("Source Order Number") is None


def is_made_here(run: Run, order: PropertySet) -> bool:
    """Tell whether an order was made in the hub: none of its revisions came from a sender."""
    if revision_of(order) == 1 or order.get("Source Order Number") is not None:
        return order.get("Source Order Number") is None
    # A supplement that was made here carries no source, also where the order that it revises has one.
    revisions = run.headers(ORDER, {"Order Number": order.get("Order Number")})
    return all(header["Source Order Number"] is None for header in revisions)


def set_active(run: Run, order: PropertySet, flag: str) -> None:
    """Write an order's Active Flag, and nothing else."""
    twin = order.copy_node()
    # An update leaves all that it doesn't carry as it is stored: the lines and the order's own status stay.
    twin.properties = {"Row Id": order.get("Row Id"), "Active Flag": flag}
    run.effects.update(message(ORDER, [twin]))


def described(item: PropertySet) -> str:
    """Name a line as people speak of it: its product, and the number that the customer knows it by."""
    product = item.get("Product Name") or item.get("Product Id") or "a line without a product"
    return f"{product} {item.get('Service Id')}" if item.get("Service Id") else product


def place_of(item: PropertySet) -> str:
    """Name a line for an error's where: by its sender's reference, or by its number and product.

    >>> place_of(PropertySet("Line Item", properties={"Line Number": "3", "Product Id": "Caller Id"}))
    'line 3 (Caller Id)'
    """
    reference, number = item.get("Source Reference"), item.get("Line Number")
    if reference:
        return f"line item '{reference}'"
    return f"line {number} ({described(item)})" if number else described(item)
