"""Projected state: a service profile as it will be, which order set each value, and what came to nothing.

Source: "Ability to configure a customer's service profile from the projected future state"; spec:
docs/design/legacy.md,
"Projected state"; docs/design/workflows.md ("What Apply ignored is shown to whoever asked").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.services.apply import Ignored
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import described
from hub.workflows.state.service_profile import (
    changed_items,
    in_sequence,
    keys_above,
    make_no_action,
    open_orders,
    profile,
    without_inactive,
)
from integration_objects.complex_object import (
    action_code,
    attributes,
    empty,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import read_date
from integration_objects.names import ASSET, KEY, NO_ACTION
from integration_objects.property_set import PropertySet

#: of a value: the item's key, the attribute's name (None for the item's own field), the field
Place = tuple[str, str | None, str]

_VALUES = ("Text Value", "Number Value", "Date Value")
#: what an item is, beside the fields that Delta compares
_ALSO = ("Status", "Quantity", "Price Type", "List Price")
#: the place of an item beneath its parent
PARENT = "Parent"


class DateIsPast(Refused):
    """A profile is asked for as it will be on a day that is over."""


class OrderNotOpen(Refused):
    """A profile is asked for as it will be after an order that isn't open on this account."""


class RootUnknown(Refused):
    """A product is asked for that the account neither has nor has ordered."""


@dataclass(frozen=True)
class Value:
    """A value of the projected profile.

    Attributes:
        place: whose and which.
        value: the text.
        order: the number of the order that set it; None for the profile as it is now.
    """

    place: Place
    value: str | None
    order: str | None


@dataclass(frozen=True)
class Projection:
    """A service profile as it will be.

    Attributes:
        asset: an OM Asset message, or an empty one.
        orders: the numbers of the orders that were applied, in their order.
        values: every value that a line has, in the tree's order.
        ignored: what Apply ignored.
        gone: items that an order takes away: key, product, order number.
        left_out: what doesn't come by the day that was asked for: order number, a sentence.
    """

    asset: PropertySet
    orders: tuple[str | None, ...]
    values: tuple[Value, ...]
    ignored: tuple[Ignored, ...]
    gone: tuple[tuple[str, str, str | None], ...]
    left_out: tuple[tuple[str | None, str], ...]


def project(
    run: Run, account_id: str, root: str | None = None, on: str | None = None, numbers: Sequence[str] | None = None
) -> Projection:
    """The account's service profile as it will be.

    Args:
        run: the run.
        account_id: the account.
        root: the Integration Id of the one root item wanted; None for all.
        on: the day on which; what isn't due by then is left out, and so is what has no due date. None: in the end.
        numbers: the numbers of the orders to apply; None: all that are open.

    Raises:
        DateIsPast, OrderNotOpen, RootUnknown: nothing can be said.
    """
    if on is not None and read_date(on).date() < read_date(run.now()).date():
        raise DateIsPast(
            f"the profile can't be projected to {on}",
            where="argument 'on'",
            why=f"today is {run.now()[:10]}",
            mend="give today or a later day; what was, is in the service profile's history",
        )
    orders = _wanted(open_orders(run, account_id), account_id, numbers)
    left_out: list[tuple[str | None, str]] = []
    if on is not None:
        for tree in orders:
            _leave_out_later(instances(tree)[0], on, left_out)
    sequence = in_sequence(run, account_id, orders)
    asset = profile(run, account_id, keys_above(sequence))
    states, ignored = _states(run, asset, sequence)
    names = [instances(tree)[0].get("Order Number") for tree in sequence]
    fields = [*run.definitions[ASSET].root.children["Line Item"].compared, *_ALSO]
    wanted = _root_wanted(states, root, account_id)
    values = tuple(value for value in _values(states, names, fields) if value.place[0] in wanted)
    gone = tuple(entry for entry in _gone(states, names) if entry[0] in wanted)
    laid_again = _laid_again(sequence, orders)
    ignored = tuple(
        entry
        for entry in ignored
        if (root is None or entry.item in wanted) and (entry.order, entry.item) not in laid_again
    )
    last = states[-1] if root is None else _only(states[-1], root)
    numbers = [instances(tree)[0].get("Order Number") or "" for tree in orders]
    return Projection(last, tuple(numbers), values, ignored, gone, tuple(left_out))


def _wanted(orders: Sequence[PropertySet], account_id: str, numbers: Sequence[str] | None) -> list[PropertySet]:
    if numbers is None:
        return list(orders)
    by_number = {instances(tree)[0].get("Order Number"): tree for tree in orders}
    for number in numbers:
        if number not in by_number:
            raise OrderNotOpen(
                f"the order '{number}' isn't open on the account {account_id}",
                where="argument 'orders'",
                why="open are " + (", ".join(str(known) for known in by_number) or "none"),
                mend="name open orders of this account, or leave the argument out for all of them",
            )
    return [tree for number, tree in by_number.items() if number in numbers]


def _leave_out_later(order: PropertySet, on: str, left_out: list[tuple[str | None, str]]) -> None:
    """Turn the lines that don't come by the day into ``-``, in place; a line's own due date goes before the order's."""
    number = order.get("Order Number")
    until = read_date(on).date()
    for item, _ in walk_items(order):
        if action_code(item) == NO_ACTION:
            continue
        due = item.get("Due Date") or order.get("Due Date")
        if due is not None and read_date(due).date() <= until:
            continue
        left_out.append(
            (number, f"{action_code(item)} {described(item)}: " + ("no due date" if due is None else f"due {due}"))
        )
        make_no_action(item)


def _laid_again(sequence: Sequence[PropertySet], orders: Sequence[PropertySet]) -> set[tuple[str | None, str | None]]:
    """The order numbers and keys of lines that are in the profile already, and come to nothing a second time."""
    given = {id(tree) for tree in orders}
    return {
        (instances(tree)[0].get("Order Number"), item.get(KEY))
        for tree in sequence
        if id(tree) not in given
        for item in changed_items([tree])
    }


def _states(
    run: Run, asset: PropertySet, orders: Sequence[PropertySet]
) -> tuple[list[PropertySet], tuple[Ignored, ...]]:
    """The profile as it is, and after each order; each time all orders are applied up to it, as one Apply does it."""
    states = [asset]
    ignored: tuple[Ignored, ...] = ()
    for count in range(1, len(orders) + 1):
        applied = run.call("Apply", asset, orders[:count])
        states.append(without_inactive(applied.asset.copy()))
        ignored = applied.ignored
    return states, ignored


def _places(state: PropertySet, fields: Sequence[str]) -> Iterator[tuple[Place, str | None]]:
    for instance in instances(state):
        for item, parent in walk_items(instance):
            key = item.get(KEY) or ""
            yield (key, None, PARENT), None if parent is None else parent.get(KEY)
            for name in fields:
                if item.get(name) is not None:
                    yield (key, None, name), item.get(name)
            for attribute in attributes(item):
                for name in _VALUES:
                    if attribute.get(name) is not None:
                        yield (key, attribute.get("Name"), name), attribute.get(name)


def _values(states: Sequence[PropertySet], names: Sequence[str | None], fields: Sequence[str]) -> Iterator[Value]:
    set_by: dict[Place, str | None] = {}
    before: Mapping[Place, str | None] = {}
    for order, state in zip([None, *names], states, strict=True):
        now = dict(_places(state, fields))
        for place, value in now.items():
            if place not in before or before[place] != value:
                set_by[place] = order
        before = now
    for place, value in before.items():
        yield Value(place, value, set_by[place])


def _gone(states: Sequence[PropertySet], names: Sequence[str | None]) -> Iterator[tuple[str, str, str | None]]:
    before: Mapping[str, str] = {}
    for order, state in zip([None, *names], states, strict=True):
        now = {
            item.get(KEY) or "": item.get("Product Id") or ""
            for instance in instances(state)
            for item, _ in walk_items(instance)
        }
        for key, product in before.items():
            if key not in now:
                yield key, product, order
        before = now


def _root_wanted(states: Sequence[PropertySet], root: str | None, account_id: str) -> set[str]:
    """The keys of all items that stand, or stood on the way, beneath the root; of all items for no root."""
    wanted: set[str] = set()
    roots: set[str] = set()
    for state in states:
        for instance in instances(state):
            tops: dict[int, str] = {}
            for item, parent in walk_items(instance):
                top = tops[id(item)] = (item.get(KEY) or "") if parent is None else tops[id(parent)]
                roots.add(top)
                if root is None or top == root:
                    wanted.add(item.get(KEY) or "")
    if root is not None and root not in roots:
        raise RootUnknown(
            f"the account {account_id} has no product '{root}'",
            where="argument 'root'",
            why="its root items are " + (", ".join(sorted(roots)) or "none"),
            mend="name one of them, by Integration Id",
        )
    return wanted


def _only(state: PropertySet, root: str) -> PropertySet:
    if is_empty(state):
        return state
    [instance] = instances(state)
    kept = [item for item in line_items(instance) if item.get(KEY) == root]
    if not kept:
        return empty(ASSET)
    header = instance.copy_node()
    header.children = [PropertySet("ListOf Line Item", children=kept)]
    return message(ASSET, [header])


def notes_of(projection: Projection) -> Iterator[Note]:
    """What a reader should know beside the profile and its values."""
    for key, product, order in projection.gone:
        yield Note("gone", f"the order {order} takes it away", key, product)
    for entry in projection.ignored:
        yield Note("ignored", str(entry), entry.item)
    for number, text in projection.left_out:
        yield Note("left out", f"order {number}: {text}")
