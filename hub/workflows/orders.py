"""Orders: submitted.

Source: "Submit Order Process", "Supplemental Order Process"; spec: workflows.md, road.md "Statuses".
"""

from __future__ import annotations

from hub.run import Run
from hub.workflows import fulfilment
from hub.workflows.service_profile import ORDER
from hub.workflows.statuses import check_change
from integration_objects.complex_object import message, walk_items
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet


class AccountsMissing(Refused):
    """An order can't be submitted because nobody says which account it is for."""


def submit(run: Run, order: PropertySet, former: PropertySet | None = None) -> None:
    """Submit an order that isn't stored yet: open it, decompose it, store it, send its work orders.

    Args:
        run: the run.
        order: an OM Order instance in status New or Pending. Changed in place.
        former: the revision that it replaces, stored; None for a first one.

    Raises:
        StatusChangeRefused: the order has been submitted already.
        AccountsMissing: no account can be found for its header.

    Source: "Submit Order Process", steps 1 to 6; "Supplemental Order Process".
    """
    check_change("order", order.get("Order Number") or "", order.get("Status"), "Open")
    _fill_accounts(order)
    order.properties["Status"] = "Open"
    for item, _ in walk_items(order):
        if item.get("Status") == "Pending":
            item.properties["Status"] = "Open"
    done = fulfilment.complete_unassigned_lines(run, order)
    if former is not None:
        retired = former.copy_node()
        retired.properties = {"Row Id": former.get("Row Id"), "Active Flag": "N"}
        run.update(message(ORDER, [retired]))
    # Its number and revision were given under the account's lock.
    run.insert(message(ORDER, [order]), fresh=True)
    fulfilment.send_work_orders(run, order)
    if any(item.get("Status") == "Complete" and item.get("Applied Date") is None for item, _ in walk_items(order)):
        fulfilment.take_completed_lines(run, order, done)


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
