"""The customer's service profile: what is there, and what will be there once the open orders are done.

Source: "Modify Asset Sub-process" 1, "Customer Service Profile"; spec: docs/design/workflows.md,
docs/design/methods.md "Apply".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.rebase import BUILT_ON, leave_alone
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import (
    action_code,
    attributes,
    empty,
    instances,
    line_items,
    message,
    walk_items,
)
from integration_objects.field_values import read_date
from integration_objects.names import ASSET, KEY, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import made_at

INACTIVE = "Inactive"
#: header statuses of an order that still changes the requested state
OPEN_HEADERS = ("New", "Pending", "Open")

#: without a due date, due, created
_Place = tuple[bool, float, str]


def profile(run: Run, account_id: str, kept: Collection[str | None] = ()) -> PropertySet:
    """The account's service profile without its Inactive items: an OM Asset message, or an empty one.

    Args:
        run: the run.
        account_id: the account.
        kept: as `without_inactive` takes it.
    """
    return without_inactive(run.query(ASSET, {"Account Id": account_id}), kept)


def keys_above(orders: Iterable[PropertySet]) -> set[str | None]:
    """The keys of the items that stand right above lines on which there is something to do.

    Though they are Inactive, they stay where these orders are applied: a bundle may be gone before provisioning has
    done the lines that another order put beneath it.
    """
    return {
        parent.get(KEY)
        for tree in orders
        for order in instances(tree)
        for item, parent in walk_items(order)
        if parent is not None and action_code(item) != NO_ACTION
    }


def without_inactive(asset: PropertySet, kept: Collection[str | None] = ()) -> PropertySet:
    """Drop the Inactive items of an asset that this run has read, in place; an empty object where nothing is left.

    An Inactive item above a living one stays: a bundle may be gone before provisioning has taken away the lines
    beneath it, which would be lost to every later order if they went with it.

    Args:
        asset: an OM Asset message. Changed.
        kept: the keys of items that stay, with all above them, though they are Inactive.
    """
    for instance in instances(asset):
        living: set[int] = set()
        for item, _ in reversed(list(walk_items(instance))):
            below = line_items(item)
            below[:] = [child for child in below if id(child) in living]
            if below or item.get("Status") != INACTIVE or item.get(KEY) in kept:
                living.add(id(item))
        roots = line_items(instance)
        roots[:] = [root for root in roots if id(root) in living]
    return asset if any(line_items(instance) for instance in instances(asset)) else empty(ASSET)


def requested_state(
    run: Run,
    account_id: str,
    but_not: frozenset[str] = frozenset(),
    orders: Sequence[PropertySet] | None = None,
) -> PropertySet:
    """The profile with all open orders applied: what the customer has asked for so far.

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
    """The account's open orders, as Apply takes them: one message each, in the order in which they will come.

    By due date, null last, then creation of the order's first revision (row ids are ordered by time), then revision.
    Roots that are processed are left out, lines that are applied already count as ``-``, and lines that failed never
    come.
    """
    return [message(ORDER, [order]) for order in _open(run, account_id) if order.get("Row Id") not in but_not]


def orders_before(run: Run, order: PropertySet) -> list[PropertySet]:
    """The open orders of an order's account that come before it, as `open_orders` gives them."""
    before, _ = orders_around(run, order)
    return before


def orders_after(run: Run, order: PropertySet) -> list[PropertySet]:
    """The open orders of an order's account that come after it, as `open_orders` gives them."""
    _, after = orders_around(run, order)
    return after


def orders_around(run: Run, order: PropertySet) -> tuple[list[PropertySet], list[PropertySet]]:
    """The open orders of an order's account that come before it, and those that come after it."""
    others = [one for one in _open(run, order.get("Account Id") or "") if one.get("Row Id") != order.get("Row Id")]
    first = _first_rows(run, [*others, order])
    here = _when(order, first)
    before = [message(ORDER, [one]) for one in others if _when(one, first) < here]
    return before, [message(ORDER, [one]) for one in others[len(before) :]]


def in_sequence(
    run: Run, account_id: str, orders: Sequence[PropertySet], but_not: frozenset[str] = frozenset()
) -> list[PropertySet]:
    """Orders to be applied, and among them once more what orders that come later have applied already.

    Provisioning may answer a later order first. What that has set on a service item stays, whatever an earlier order
    brings then: the later order's line is laid over it again. What was applied before the earlier order was made is
    what that was built on, and stays beneath it. Where the orders change nothing that is there, nothing is read.

    Args:
        run: the run; the account is locked.
        account_id: the account.
        orders: OM Order messages of one order each, in the order in which they come. Not changed.
        but_not: row ids of orders that don't count.

    Returns:
        The same messages, and between them those of later orders: their applied lines of the same items, all else `-`.
    """
    if not any(True for _ in changed_items(orders)):
        return list(orders)
    given = [order for tree in orders for order in instances(tree)]
    first = _first_rows(run, given)
    # For each item, where the orders come that change it, and when they were made.
    asked: dict[str | None, list[tuple[_Place, str]]] = {}
    for order in given:
        place = _place(order, first)
        made = made_at(place[2])
        if made is not None:
            for item in changed_items([message(ORDER, [order])]):
                asked.setdefault(item.get(KEY), []).append((place, made))
    if not asked:
        return list(orders)
    since = read_date(min(made for changes in asked.values() for _, made in changes))

    def may_be_later(header: dict[str, str | None]) -> bool:
        """Whether an order was still at work when the first of the given ones was made."""
        done = header["Completed Date"]
        is_wanted = header["Status"] != "New" and header["Row Id"] not in but_not
        return is_wanted and (done is None or read_date(done) >= since)

    headers = run.headers(ORDER, {"Account Id": account_id, "Active Flag": "Y"}, may_be_later)
    others = [PropertySet("Order", properties=header) for header in headers]
    first = _first_rows(run, [*given, *others])
    begin = min(place for changes in asked.values() for place, _ in changes)
    later = [one.get("Row Id") or "" for one in others if _place(one, first) > begin]
    if not later:
        return list(orders)
    sequence = [(_place(order, first), tree) for tree in orders for order in instances(tree)]
    for order in instances(run.query(ORDER, {"Row Id": later})):
        place = _place(order, first)
        for item, _ in walk_items(order):
            before = [made for at, made in asked.get(item.get(KEY), ()) if at < place]
            if not before or not _was_applied_since(item, max(before)):
                make_no_action(item)
        leave_alone(line_items(order))
        again = message(ORDER, [order])
        if any(True for _ in changed_items([again])):
            sequence.append((place, again))
    return [tree for _, tree in sorted(sequence, key=lambda pair: pair[0])]


def _was_applied_since(item: PropertySet, made: str) -> bool:
    """Whether a line was applied after an order was made; what was applied before is what that order was built on."""
    applied = item.get("Applied Date")
    return applied is not None and read_date(applied) >= read_date(made)


def changed_items(orders: Iterable[PropertySet]) -> Iterator[PropertySet]:
    """The lines that change, or take away, what is there."""
    for tree in orders:
        for order in instances(tree):
            for item, _ in walk_items(order):
                if action_code(item) not in ("Add", NO_ACTION):
                    yield item


def _open(run: Run, account_id: str) -> list[PropertySet]:
    """The account's open orders with what is still to come of them, in the order in which they will come."""
    orders = instances(run.query(ORDER, {"Account Id": account_id, "Active Flag": "Y", "Status": list(OPEN_HEADERS)}))
    first = _first_rows(run, orders)
    result = []
    for order in sorted(orders, key=lambda one: _when(one, first)):
        header = order.copy_node()
        roots = [root for root in line_items(order) if root.get("Order Item Processed Flag") != "Y"]
        if not roots:
            continue
        header.children = [PropertySet("ListOf Line Item", children=roots)]
        result.append(still_to_come(header))
    return result


def _first_rows(run: Run, orders: Sequence[PropertySet]) -> dict[str | None, str]:
    """The row ids of the first revisions of those orders that are revised: a supplement keeps its order's place."""
    numbers = [one.get("Order Number") or "" for one in orders if int(one.get("Revision") or 1) > 1]
    if not numbers:
        return {}
    found: dict[str | None, str] = {}
    for header in run.headers(ORDER, {"Order Number": numbers}):
        row_id = header["Row Id"] or ""
        found[header["Order Number"]] = min(row_id, found.get(header["Order Number"], row_id))
    return found


def _when(order: PropertySet, first: Mapping[str | None, str]) -> tuple[_Place, int]:
    return _place(order, first), int(order.get("Revision") or 1)


def _place(order: PropertySet, first: Mapping[str | None, str]) -> _Place:
    """Where an order comes among the others, in any revision."""
    due = order.get("Due Date")
    moment = 0.0 if due is None else read_date(due).timestamp()
    return due is None, moment, first.get(order.get("Order Number")) or order.get("Row Id") or ""


def still_to_come(order: PropertySet) -> PropertySet:
    """An order's instance in which what was applied counts as ``-``, and what failed isn't there.

    Updates carry only what they change, where they remember what they were built on. The result is not to be changed.
    """
    if not any(
        item.get("Applied Date") or item.get("Status") in NEVER_COMES or item.get(BUILT_ON)
        for item, _ in walk_items(order)
    ):
        return order
    result = order.copy()
    leave_alone(line_items(result))
    for item, _ in walk_items(result):
        if item.get("Applied Date") is not None or (item.get("Status") in NEVER_COMES and action_code(item) != "Add"):
            make_no_action(item)
        below = line_items(item)
        below[:] = [child for child in below if not _never_comes(child)]
    roots = line_items(result)
    roots[:] = [root for root in roots if not _never_comes(root)]
    return result


def _never_comes(item: PropertySet) -> bool:
    return item.get("Status") in NEVER_COMES and action_code(item) == "Add"


def make_no_action(item: PropertySet) -> None:
    """Set ``-`` on a line item and its attributes, in place."""
    item.properties["Action Code"] = NO_ACTION
    for attribute in attributes(item):
        attribute.properties["Action Code"] = NO_ACTION


def no_profile(account_id: str) -> PropertySet:
    """An OM Asset message of an account without any service."""
    if not account_id:
        return empty(ASSET)
    return message(ASSET, [PropertySet("Asset", properties={"Account Id": account_id})])
