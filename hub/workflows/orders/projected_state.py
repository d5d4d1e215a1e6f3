"""Projected state: a service profile as it will be, which order sets each value, and the lines that Apply ignores.

Source: "Ability to configure a customer's service profile from the projected future state"; spec:
docs/design/legacy.md, "Projected state"; docs/design/workflows.md ("What Apply ignored is shown to whoever asked").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from hub.services.apply import Ignored
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.unprovided_lines import is_provided
from hub.workflows.quotes.quote_arguments import ACCOUNT
from hub.workflows.state.accounts import the_account
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.order_lookup import MODULE, described
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
    ComplexObject,
    action_code,
    all_items,
    attributes,
    empty,
    first_instance,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import read_date
from integration_objects.names import ASSET, KEY, LINE_ITEM, NO_ACTION, VALUE_FIELDS
from integration_objects.property_set import PropertySet

#: fields of an item that are shown beside those that Delta compares
_SHOWN_TOO = ("Status", "Quantity", "Price Type", "List Price")
#: the place of an item beneath its parent
PARENT = "Parent"


class DateIsPast(Refused):
    """A profile is asked for as it will be on a day that is over."""

    what = "the profile can't be projected to {on}"
    where = "argument 'on'"
    why = "today is {today}"
    mend = "give today or a later day; the service profile's history has the days before"


class OrderNotOpen(Refused):
    """A profile is asked for as it will be after an order that isn't open on this account."""

    what = "the order '{number}' isn't open on the account {account_id}"
    where = "argument 'orders'"
    why = "{open_orders}"
    mend = "name open orders of this account, or leave the argument out for all of them"


class RootUnknown(Refused):
    """A product is asked for that the account neither has nor has ordered."""

    what = "the account {account_id} has no service item '{root}'"
    where = "argument 'root'"
    why = "{roots}"
    mend = "name a service item by its product, its service id, its key, or the end of its key"


class Place(NamedTuple):
    """The place of a value: the item's key, the attribute's name (None for the item's own field), the field."""

    item: str
    attribute: str | None
    field: str


class _Step(NamedTuple):
    """The state after one more order, and the order's number; None for the profile as it is now."""

    order: str | None
    state: PropertySet


def projected_state(
    run: Run, account: str, root: str | None = None, on: str | None = None, orders: Sequence[str] | None = None
) -> Outcome:
    """Show an account's service profile as it will be, and which order sets each value.

    Args:
        run: the run.
        account: the Account Id.
        root: the one root item to show, by one of its names (`item_names`); None for all.
        on: the day; lines that are due later, or have no due date, are left out. None: in the end.
        orders: the numbers of the orders to apply; None: all that are open.

    Raises:
        AccountUnknown, DateIsPast, OrderNotOpen, RootUnknown: the profile can't be shown.
        ItemNameUnclear: several items are called *root*.
    """
    the_account(run, account)
    if on is not None and read_date(on).date() < read_date(run.now()).date():
        raise DateIsPast(on=on, today=run.now()[:10])
    chosen = _chosen_orders(open_orders(run, account), account, orders)
    notes_left_out: list[Note] = []
    if on is not None:
        for tree in chosen:
            notes_left_out += _leave_out_later(first_instance(tree), on)
    sequence = in_sequence(run, account, chosen)
    steps, ignored = _steps(run, profile(run, account, keys_above(sequence)), sequence)
    root = None if root is None else _key_of_root(run, steps, root, account)
    shown = _shown_items(steps, root, account)
    asset = steps[-1].state if root is None else _only_root(steps[-1].state, root)

    fields = [*run.definitions[ASSET].root.children[LINE_ITEM].compared, *_SHOWN_TOO]
    products = {item.get(KEY) or "": item.get("Product Id") for item in all_items([asset])}
    applied_before = _applied_before(sequence, chosen)
    notes = [
        *(note for note in _notes_of_removed(steps) if note.item in shown),
        *(
            Note("ignored", str(entry), entry.item)
            for entry in ignored
            if (root is None or entry.item in shown) and (entry.order, entry.item) not in applied_before
        ),
        *notes_left_out,
    ]
    names = run.secret_names()
    rows = tuple(
        {
            "product": products.get(place.item),
            **place._asdict(),
            "value": names.shown(place.attribute or place.field, value),
            "order": order,
        }
        for place, value, order in _values_set(steps, fields, shown)
    )
    why = _why_empty(account, on, notes_left_out) if is_empty(asset) else ""
    return Outcome(objects=() if is_empty(asset) else (asset,), notes=tuple(notes), rows=rows, why=why)


def _why_empty(account_id: str, on: str | None, left_out: Sequence[Note]) -> str:
    """Say why nothing is shown."""
    if on is not None and left_out:
        return f"the account {account_id} has no services on {on}; the lines that are left out come later"
    return f"the account {account_id} has no services, and none are to come"


def _chosen_orders(orders: Sequence[PropertySet], account_id: str, numbers: Sequence[str] | None) -> list[PropertySet]:
    if numbers is None:
        return list(orders)
    by_number = {_number(tree): tree for tree in orders}
    for number in numbers:
        if number not in by_number:
            open_orders = _listed("open orders", [number or "?" for number in by_number])
            raise OrderNotOpen(number=number, account_id=account_id, open_orders=open_orders)
    return [tree for number, tree in by_number.items() if number in numbers]


def _number(tree: PropertySet) -> str | None:
    return first_instance(tree).get("Order Number")


def _leave_out_later(order: PropertySet, on: str) -> list[Note]:
    """Turn the lines that don't come by the day into ``-``, in place; returns a note for each."""
    # By days and not by moments: a line that is due at noon comes on that day.
    until = read_date(on).date()
    notes: list[Note] = []
    left_out: list[PropertySet] = []
    view = ComplexObject(order)
    by_date = {id(item) for item in view.items if (due := due_date(order, item)) and read_date(due).date() <= until}
    coming = by_date | _brought(view, by_date)
    for item in view.items:
        waits_for = next((above for above in view.above(item) if _is_added(above) and id(above) not in coming), None)
        if action_code(item) == NO_ACTION or (id(item) in coming and not (waits_for and _is_added(item))):
            continue
        due = due_date(order, item)
        when = "no due date" if due is None else f"due {due}"
        if waits_for is not None and id(item) in coming:
            when = f"{when}, and {described(waits_for)} above it comes later"
        action = item.get("Action Alias") or action_code(item)
        text = f"order {order.get('Order Number')}: {action} {described(item)}: {when}"
        notes.append(Note("left out", text))
        left_out.append(item)
    # At the end: a line is judged by the actions of those above it.
    for item in left_out:
        make_no_action(item)
    return notes


def _brought(view: ComplexObject, coming: set[int]) -> set[int]:
    """Return the identities of the added lines that begin with a line beneath them: no system provides them."""
    brought: set[int] = set()
    for item in view.items:
        if id(item) in coming and _is_added(item):
            above = takewhile(lambda line: id(line) in coming or not _is_provided(view, line), view.above(item))
            brought |= {id(line) for line in above if _is_added(line)}
    return brought


def _is_added(item: PropertySet) -> bool:
    return action_code(item) == "Add"


def _is_provided(view: ComplexObject, item: PropertySet) -> bool:
    """Tell whether a system provides a line, also of an order that isn't opened yet: one above it names the system."""
    return any(is_provided(line) for line in (item, *view.above(item)))


def _applied_before(
    sequence: Sequence[PropertySet], orders: Sequence[PropertySet]
) -> set[tuple[str | None, str | None]]:
    """Return order numbers and keys of lines that the profile has already: a second time Apply ignores them."""
    # By identity: an order that is done in part stands in the sequence twice, with its open and its applied lines.
    again = [tree for tree in sequence if not any(tree is chosen for chosen in orders)]
    return {(_number(tree), item.get(KEY)) for tree in again for item in changed_items([tree])}


def _steps(run: Run, asset: PropertySet, orders: Sequence[PropertySet]) -> tuple[list[_Step], tuple[Ignored, ...]]:
    """Apply the orders one after the other: the states on the way, and the lines that Apply ignored in the end.

    Each time all orders up to one are applied to the profile, because several orders in one Apply give another result
    than one Apply after the other.
    """
    steps = [_Step(None, asset)]
    ignored: tuple[Ignored, ...] = ()
    for count, tree in enumerate(orders, start=1):
        applied = run.call("Apply", asset, orders[:count])
        steps.append(_Step(_number(tree), without_inactive(applied.asset.copy())))
        ignored = applied.ignored
    return steps, ignored


def _values_of(state: PropertySet, fields: Sequence[str]) -> Mapping[Place, str | None]:
    """Return the values of all items of a state, in the tree's order."""
    values: dict[Place, str | None] = {}
    for instance in instances(state):
        for item, parent in walk_items(instance):
            key = item.get(KEY) or ""
            values[Place(key, None, PARENT)] = None if parent is None else parent.get(KEY)
            values |= {Place(key, None, name): item.get(name) for name in fields if item.get(name) is not None}
            for attribute in attributes(item):
                for name in VALUE_FIELDS.values():
                    if attribute.get(name) is not None:
                        values[Place(key, attribute.get("Name"), name)] = attribute.get(name)
    return values


def _values_set(
    steps: Sequence[_Step], fields: Sequence[str], shown: set[str]
) -> Iterator[tuple[Place, str | None, str | None]]:
    """Yield the place of each shown value of the last state, the value, and the number of the order that set it."""
    set_by: dict[Place, str | None] = {}
    values: Mapping[Place, str | None] = {}
    for order, state in steps:
        before, values = values, _values_of(state, fields)
        for place, value in values.items():
            if place not in before or before[place] != value:
                set_by[place] = order
    for place, value in values.items():
        order = set_by[place]
        # A root item that nobody has moved stands beneath nothing: no news.
        if place.item in shown and not (place.field == PARENT and value is None and order is None):
            yield place, value, order


def _notes_of_removed(steps: Sequence[_Step]) -> Iterator[Note]:
    """Yield a note for each item that an order removes."""
    before: Mapping[str, str] = {}
    for order, state in steps:
        items = {item.get(KEY) or "": item.get("Product Id") or "" for item in all_items([state])}
        for key, product in before.items():
            if key not in items:
                yield Note("gone", f"the order {order} takes it away", key, product)
        before = items


def _key_of_root(run: Run, steps: Sequence[_Step], root: str, account_id: str) -> str:
    """Return the key of the root that is called *root* in the last state that has an item of this name."""
    for _, state in reversed(steps):
        named = ItemNames(run, ComplexObject.of(state).header).find(root, f"account '{account_id}', argument 'root'")
        if named is not None:
            return named.get(KEY) or ""
    return root


def _shown_items(steps: Sequence[_Step], root: str | None, account_id: str) -> set[str]:
    """Return the keys of all items that stand beneath the root in one of the states; of all items for no root."""
    shown: set[str] = set()
    roots: dict[str, str] = {}
    # In every state: an order may move an item from one root to another.
    for _, state in steps:
        view = ComplexObject.of(state)
        for item in view.items:
            above = view.root_of(item)
            root_key = above.get(KEY) or ""
            roots[root_key] = f"{described(above)} ({root_key})"
            if root in (None, root_key):
                shown.add(item.get(KEY) or "")
    if root is not None and root not in roots:
        raise RootUnknown(account_id=account_id, root=root, roots=_listed("service items", list(roots.values())))
    return shown


def _only_root(state: PropertySet, root: str) -> PropertySet:
    """Return the state with this root item only; an empty object if the state doesn't have it."""
    view = ComplexObject.of(state)
    kept = [item for item in line_items(view.header) if item.get(KEY) == root]
    return message(ASSET, [view.with_roots(kept)]) if kept else empty(ASSET)


def _listed(things: str, names: Sequence[str]) -> str:
    return f"its {things} are {', '.join(names)}" if names else f"it has no {things}"


WORKFLOWS = (
    named_workflow(
        "Projected State",
        projected_state,
        "show a service profile as it will be, and which order sets each value",
        ACCOUNT,
        Argument("root", help="Only this service item: its service id, product, key, or the key's end."),
        Argument("on", "date", help="On this day: without lines that are due later, or have no due date."),
        Argument("orders", "list", help="After these orders only: Order Numbers, separated by commas."),
        module=MODULE,
        asks_only=True,
    ),
)
