"""The address at which a service is provided.

It is the first of these that a line item has:

    the premises of its service point
    its own Service Address Id
    the address of the item above it; of an item with a service account that the item above doesn't have, and of a
    root item, the address of the service account

An added item gets its Service Address Id when its order is submitted, so that the service stays where it is when an
account moves.

Source: "m. Move Process", step 2; spec: docs/design/workflows.md, "Move".
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.workflow_manager.run import Run
from integration_objects.complex_object import ComplexObject, action_code, all_items, items_from, items_of, walk_items
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT, KEY, SERVICE_POINT
from integration_objects.property_set import PropertySet

FIELD = "Service Address Id"
#: fields whose change takes a service elsewhere
_DECIDING = ("Service Point Id", "Service Account Id")

Addresses = dict[str | None, str | None]


class AddressUnknown(Refused):
    """There is no address of this Address Id."""

    what = "the address '{address}' is unknown"
    where = "argument '{argument}'"
    why = "no address of this Address Id is stored{consequence}"
    mend = "mend the Address Id, or load the address with its service points (orderhub load)"


def service_addresses(run: Run, instance: PropertySet) -> dict[int, str | None]:
    """Find the addresses of all line items of a quote, order or asset, by the items' `id`; None for none.

    A root item without an address of its own is at the premises of the service points beneath it, if these are one.
    """
    points, accounts = _addresses_of_points(run, items_of(instance)), _addresses_of_accounts(run, instance)
    addresses: dict[int, str | None] = {}
    for item, parent in walk_items(instance):
        address = points.get(item.get("Service Point Id")) or item.get(FIELD)
        if address is None and parent is None:
            address = _only_premises(item, points) or accounts.get(_account_of(item, instance))
        elif address is None and parent is not None:
            address = _own_accounts(item, parent, accounts) or addresses[id(parent)]
        addresses[id(item)] = address
    return addresses


def addresses_told(run: Run, instance: PropertySet) -> dict[int, str | None]:
    """Find the addresses that items tell by themselves: by a point, a field, or an account unlike the one above.

    None for an item that has its address from the item above, and for a root item without a point or a field.
    """
    points, accounts = _addresses_of_points(run, items_of(instance)), _addresses_of_accounts(run, instance)
    return {
        id(item): points.get(item.get("Service Point Id"))
        or item.get(FIELD)
        or (None if parent is None else _own_accounts(item, parent, accounts))
        for item, parent in walk_items(instance)
    }


def service_points_of(roots: Iterable[PropertySet]) -> set[str]:
    """Return the Service Point Ids of these items and of all items beneath them."""
    return {point for item in items_from(list(roots)) if (point := item.get("Service Point Id")) is not None}


def fill_addresses(run: Run, order: PropertySet, former: PropertySet | None) -> None:
    """Give the added lines of an order the addresses of their services. Changes *order*.

    Args:
        run: the run.
        order: the order, with accounts on its lines.
        former: the revision that the order replaces, whose lines have their addresses; None for a first one.
    """
    added = [item for item in items_of(order) if action_code(item) == "Add" and item.get(FIELD) is None]
    if not added:
        return
    known = ComplexObject(former) if former is not None else None
    addresses = service_addresses(run, order)
    for item in added:
        line = None if known is None else known.by_key(item.get(KEY))
        stays = line is not None and all(line.get(name) == item.get(name) for name in _DECIDING)
        item.properties[FIELD] = line.get(FIELD) if line is not None and stays else addresses[id(item)]


def forget_old_addresses(before: PropertySet | None, after: PropertySet) -> None:
    """Take the old addresses off items of a state that got another service point or account, and no address, in place.

    *before* and *after* are OM Asset messages.
    """
    former = ComplexObject.of(before)
    for item in all_items([after]):
        old = former.by_key(item.get(KEY))
        if old is not None and item.get(FIELD) == old.get(FIELD):
            forget_old_address(item, old)


def forget_old_address(item: PropertySet, old: PropertySet) -> bool:
    """Take the address off an item whose service point or account isn't that of *old*; tell whether it had one."""
    if item.get(FIELD) is None or all(item.get(name) == old.get(name) for name in _DECIDING):
        return False
    item.properties[FIELD] = None
    return True


def _account_of(item: PropertySet, instance: PropertySet) -> str | None:
    return item.get("Service Account Id") or instance.get("Account Id")


def _own_accounts(item: PropertySet, parent: PropertySet, accounts: Addresses) -> str | None:
    """Return the address of a service account that the item above doesn't have; None where it has the same."""
    account = item.get("Service Account Id")
    return None if account is None or account == parent.get("Service Account Id") else accounts.get(account)


def _only_premises(root: PropertySet, points: Addresses) -> str | None:
    premises = {points.get(point) for point in service_points_of([root])} - {None}
    return premises.pop() if len(premises) == 1 else None


def _addresses_of_points(run: Run, items: Iterable[PropertySet]) -> Addresses:
    wanted = {item.get("Service Point Id") for item in items} - {None}
    headers = run.by_key(SERVICE_POINT, sorted(point or "" for point in wanted)) if wanted else {}
    return {point: header.get("Address Id") for point, header in headers.items()}


def _addresses_of_accounts(run: Run, instance: PropertySet) -> Addresses:
    wanted = {_account_of(item, instance) for item in items_of(instance)} - {None}
    headers = run.by_key(ACCOUNT, sorted(account or "" for account in wanted)) if wanted else {}
    return {account: header.get("Address Id") for account, header in headers.items()}
