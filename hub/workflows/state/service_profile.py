"""The customer's service profile: the present items, and the items that are there once the open orders are done.

Source: "Modify Asset Sub-process" 1, "Customer Service Profile"; spec: docs/design/workflows.md,
docs/design/methods.md "Apply".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from hub.services.action_alias import ALIAS
from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import revision_of
from hub.workflows.state.rebase import BUILT_ON, leave_alone
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import (
    action_code,
    attributes,
    drop_items,
    empty,
    instances,
    items_of,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.field_values import read_date
from integration_objects.names import ASSET, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import made_at

INACTIVE = "Inactive"
#: header statuses of an order that still changes the requested state
OPEN_HEADERS = ("New", "Pending", "Open")

#: without a due date, due, created
_Place = tuple[bool, float, str]


def profile(run: Run, account_id: str, kept: Collection[str | None] = ()) -> PropertySet:
    """Return the account's service profile as `without_inactive` leaves it: an OM Asset message, or an empty one."""
    return without_inactive(run.query(ASSET, {"Account Id": account_id}), kept)


def keys_above(orders: Iterable[PropertySet]) -> set[str | None]:
    """Return the keys of the items right above lines that have an action.

    These items stay where the orders are applied, though they are Inactive: a bundle may be gone before provisioning
    has done the lines that another order put beneath it.
    """
    return {
        parent.get(KEY)
        for tree in orders
        for order in instances(tree)
        for item, parent in walk_items(order)
        if parent is not None and action_code(item) != NO_ACTION
    }


def without_inactive(asset: PropertySet, kept: Collection[str | None] = ()) -> PropertySet:
    """Drop the Inactive items of an asset that this run has read, in place; an empty object where no item is left.

    An Inactive item above a living one stays: a bundle may be gone before provisioning has taken away the lines
    beneath it, and without the bundle every later order would lose these lines.

    Args:
        asset: an OM Asset message. Changed.
        kept: the keys of items that stay, with all above them, though they are Inactive.
    """
    for instance in instances(asset):
        drop_items(instance, lambda item: item.get("Status") == INACTIVE and item.get(KEY) not in kept)
    return asset if any(line_items(instance) for instance in instances(asset)) else empty(ASSET)


def requested_state(
    run: Run,
    account_id: str,
    but_not: frozenset[str] = frozenset(),
    orders: Sequence[PropertySet] | None = None,
) -> PropertySet:
    """Return the profile with all open orders applied: the state that the customer has asked for so far.

    Args:
        run: the run.
        account_id: the account.
        but_not: row ids of orders that don't count: the document being edited, and the one that it replaces.
        orders: the orders that count, as Apply takes them; None: all that are open.
    """
    if orders is None:
        orders = open_orders(run, account_id, but_not)
    orders = in_sequence(run, account_id, orders, but_not)
    asset = profile(run, account_id, keys_above(orders))
    if not orders:
        return asset
    return without_inactive(run.call("Apply", asset, orders).asset)


def open_orders(run: Run, account_id: str, but_not: frozenset[str] = frozenset()) -> list[PropertySet]:
    """Return the account's open orders, as Apply takes them: one message each, in the order in which they will come.

    By due date, null last, then creation of the order's first revision (row ids are ordered by time), then revision.
    Roots that are processed are left out, lines that are applied already count as ``-``, and lines that failed never
    come.
    """
    return [message(ORDER, [order]) for order in _open(run, account_id) if order.get("Row Id") not in but_not]


def orders_before(run: Run, order: PropertySet) -> list[PropertySet]:
    """Return the open orders of an order's account that come before it, as `open_orders` gives them."""
    return orders_around(run, order)[0]


def orders_after(run: Run, order: PropertySet) -> list[PropertySet]:
    """Return the open orders of an order's account that come after it, as `open_orders` gives them."""
    return orders_around(run, order)[1]


def orders_around(run: Run, order: PropertySet) -> tuple[list[PropertySet], list[PropertySet]]:
    """Return the open orders of an order's account that come before it, and those that come after it."""
    others = [
        other for other in _open(run, order.get("Account Id") or "") if other.get("Row Id") != order.get("Row Id")
    ]
    # Of all orders in one query, not one query for each.
    first_rows = _first_rows(run, [*others, order])
    turn = _turn(order, first_rows)
    before = [message(ORDER, [other]) for other in others if _turn(other, first_rows) < turn]
    return before, [message(ORDER, [other]) for other in others[len(before) :]]


def in_sequence(
    run: Run, account_id: str, orders: Sequence[PropertySet], but_not: frozenset[str] = frozenset()
) -> list[PropertySet]:
    """Add the applied lines of later orders behind earlier orders, so that they are applied again and their values win.

    Provisioning may answer a later order first. Its values on a service item stay, whatever an earlier order brings
    then: the later order's line is laid over the item again. A line that was applied before the earlier order was made
    is a part of the state for which that order was made, and stays beneath it. Nothing is read where the orders change
    no existing item. The account is locked.

    Args:
        run: the run.
        account_id: the account.
        orders: OM Order messages of one order each, in the order in which they come. Not changed.
        but_not: row ids of orders that don't count.

    Returns:
        The same messages, and between them those of later orders: their applied lines of the same items, all else `-`.
    """
    given = [order for tree in orders for order in instances(tree)]
    if not _changes(orders):
        return list(orders)
    first_rows = _first_rows(run, given)
    changes: dict[str | None, list[tuple[_Place, str]]] = {}  # by item: where an order comes, and when it was made
    for order in given:
        place = _place(order, first_rows)
        moment = made_at(place[2])
        # An identifier from elsewhere tells no time, so that no line can be called applied since then.
        if moment is not None:
            for item in _changed_in(order):
                changes.setdefault(item.get(KEY), []).append((place, moment))
    if not changes:
        return list(orders)
    since = read_date(min(moment for item_changes in changes.values() for _, moment in item_changes))

    def may_be_later(header: dict[str, str | None]) -> bool:
        """Tell whether an order was still at work when the first of the given ones was made."""
        completed = header["Completed Date"]
        counts = header["Status"] != "New" and header["Row Id"] not in but_not
        return counts and (completed is None or read_date(completed) >= since)

    headers = run.headers(ORDER, {"Account Id": account_id, "Active Flag": "Y"}, may_be_later)
    others = [PropertySet("Order", properties=header) for header in headers]
    first_rows = _first_rows(run, [*given, *others])
    begin = min(place for item_changes in changes.values() for place, _ in item_changes)
    later = [other.get("Row Id") or "" for other in others if _place(other, first_rows) > begin]
    # The usual case: no order was overtaken, and no line of another order is read.
    if not later:
        return list(orders)
    sequence = [(_place(order, first_rows), tree) for tree in orders for order in instances(tree)]
    for order in instances(run.query(ORDER, {"Row Id": later})):
        place = _place(order, first_rows)
        for item in items_of(order):
            earlier = [moment for at, moment in changes.get(item.get(KEY), ()) if at < place]
            if not earlier or not _was_applied_since(item, max(earlier)):
                # Not removed: it keeps the place of the lines beneath it.
                make_no_action(item)
        leave_alone(line_items(order))
        again = message(ORDER, [order])
        if _changes([again]):
            sequence.append((place, again))
    return [tree for _, tree in sorted(sequence, key=lambda pair: pair[0])]


def _was_applied_since(item: PropertySet, moment: str) -> bool:
    applied = item.get("Applied Date")
    return applied is not None and read_date(applied) >= read_date(moment)


def changed_items(orders: Iterable[PropertySet]) -> Iterator[PropertySet]:
    """Yield the lines that change or take away an existing item."""
    for tree in orders:
        for order in instances(tree):
            yield from _changed_in(order)


def _changed_in(order: PropertySet) -> Iterator[PropertySet]:
    return (item for item in items_of(order) if action_code(item) not in ("Add", NO_ACTION))


def _changes(orders: Iterable[PropertySet]) -> bool:
    return next(changed_items(orders), None) is not None


def _open(run: Run, account_id: str) -> list[PropertySet]:
    """Return the account's open orders in the order in which they will come, without lines that never come."""
    orders = instances(run.query(ORDER, {"Account Id": account_id, "Active Flag": "Y", "Status": list(OPEN_HEADERS)}))
    result = []
    for order in in_turn(run, orders):
        header = order.copy_node()
        # The flag tells of a root and everything beneath it: nothing of a flagged one is still to come.
        roots = [root for root in line_items(order) if root.get("Order Item Processed Flag") != "Y"]
        if not roots:
            continue
        put_list(header, LINE_ITEM).extend(roots)
        result.append(still_to_come(header))
    return result


def in_turn(run: Run, orders: Sequence[PropertySet]) -> list[PropertySet]:
    """Sort orders, of which the headers count alone, in the order in which they will come."""
    first_rows = _first_rows(run, orders)
    return sorted(orders, key=lambda order: _turn(order, first_rows))


def rows_of_making(run: Run, orders: Sequence[PropertySet]) -> list[str]:
    """Return for each order the row id of its first revision; row ids are ordered by the time of making."""
    first_rows = _first_rows(run, orders)
    return [first_rows.get(order.get("Order Number")) or order.get("Row Id") or "" for order in orders]


def _first_rows(run: Run, orders: Sequence[PropertySet]) -> dict[str | None, str]:
    """Return the row ids of the first revisions, by Order Number: a supplement keeps the place of its order."""
    numbers = [order.get("Order Number") or "" for order in orders if revision_of(order) > 1]
    if not numbers:
        return {}
    first_rows: dict[str | None, str] = {}
    for header in run.headers(ORDER, {"Order Number": numbers}):
        row_id = header["Row Id"] or ""
        # Row ids are ordered by time: the smallest is that of the first revision.
        first_rows[header["Order Number"]] = min(row_id, first_rows.get(header["Order Number"], row_id))
    return first_rows


def _turn(order: PropertySet, first_rows: Mapping[str | None, str]) -> tuple[_Place, int]:
    return _place(order, first_rows), revision_of(order)


def _place(order: PropertySet, first_rows: Mapping[str | None, str]) -> _Place:
    """Say where an order comes among the others, in any revision."""
    due = order.get("Due Date")
    moment = 0.0 if due is None else read_date(due).timestamp()
    # False sorts before True: orders with a due date come before those without.
    return due is None, moment, first_rows.get(order.get("Order Number")) or order.get("Row Id") or ""


def still_to_come(order: PropertySet) -> PropertySet:
    """Return an order's instance in which applied lines count as ``-``, and added lines that failed are left out.

    Updates carry only the fields that they change, where these are recorded. The result is not to be changed.
    """
    # Most orders have no such line, and a look costs less than a copy of a large order.
    if not any(
        item.get("Applied Date") or item.get("Status") in NEVER_COMES or item.get(BUILT_ON) for item in items_of(order)
    ):
        return order
    result = order.copy()
    leave_alone(line_items(result))
    for item in items_of(result):
        if item.get("Applied Date") is not None or (item.get("Status") in NEVER_COMES and action_code(item) != "Add"):
            make_no_action(item)
        _drop_failed_additions(item)
    _drop_failed_additions(result)
    return result


def _drop_failed_additions(node: PropertySet) -> None:
    below = line_items(node)
    below[:] = [child for child in below if child.get("Status") not in NEVER_COMES or action_code(child) != "Add"]


def make_no_action(item: PropertySet) -> None:
    """Set ``-`` on a line item and its attributes, in place; the line asks for no status and has no alias any more."""
    for node in (item, *attributes(item)):
        node.properties["Action Code"] = NO_ACTION
    # Null and not absent: an update of the store leaves a field alone that the message doesn't carry.
    for name in (ALIAS, "Asset Status"):
        if name in item.properties:
            item.properties[name] = None


def no_profile(account_id: str) -> PropertySet:
    """Return an OM Asset message of an account without any service."""
    if not account_id:
        return empty(ASSET)
    return message(ASSET, [PropertySet("Asset", properties={"Account Id": account_id})])
