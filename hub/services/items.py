"""The checks that every method makes on what it is given, and how its errors name an item.

Every method refuses, before it does anything: an item without a key where it needs keys, a key that stands
twice in one instance, an attribute without a name or with another's, an unknown action code, a quantity that
is no number of 0 or more, and an item that stands beneath itself.

Spec: docs/design/methods.md, "Words" and "Settled points", Objects.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from decimal import Decimal

from integration_objects.complex_object import instances, line_items, list_of, object_name
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import ACTION_CODES, ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

ONE = Decimal(1)
_ATTRIBUTES, _LINE_ITEMS = list_of(ATTRIBUTE), list_of(LINE_ITEM)
#: What an Action Code may be; the last three read as ``-``.
_KNOWN_CODES = frozenset((*ACTION_CODES, None, "", "--"))
#: Fields by which people know an instance, the first that is there.
_NUMBERS = ("Order Number", "Quote Number", "Work Order Number", "Account Id", "Row Id")


class KeyMissing(Refused):
    """An item has no Integration Id, and the method needs one."""


class KeyTwice(Refused):
    """Two items of one instance have the same Integration Id."""


class CircleOfItems(Refused):
    """An item stands beneath itself."""


class ActionCodeUnknown(Refused):
    """An action code is none of Add, Update, Delete and ``-``."""


class QuantityWrong(Refused):
    """A quantity is no number, or is below 0."""


class AttributeNameMissing(Refused):
    """An attribute has no name."""


class AttributeTwice(Refused):
    """Two attributes of one item have the same name."""


def check_items(tree: PropertySet, method: str, *, keys: bool = False) -> None:
    """Refuse a complex object that no method takes.

    Args:
        tree: a message, or an empty object. Not changed.
        method: the method's name, for the error.
        keys: whether the method needs every item's key.

    Raises:
        KeyMissing, KeyTwice, CircleOfItems, ActionCodeUnknown, QuantityWrong, AttributeNameMissing,
        AttributeTwice:
            each names the method, the object and the item.
    """
    for instance in instances(tree):
        for _ in checked_items(tree, instance, method, keys=keys):
            pass


def checked_items(
    tree: PropertySet,
    instance: PropertySet,
    method: str,
    *,
    keys: bool = False,
    known: Container[str] | None = None,
) -> Iterator[tuple[PropertySet, PropertySet | None]]:
    """Walk the items of one instance as `walk_items` does, and check each before it is given.

    Large trees don't fit into the processor's caches, so that a second walk costs as much as the work itself.

    Args:
        tree: the message that the instance is of. Not changed.
        instance: whose items are walked. Not changed.
        method: the method's name, for the error.
        keys: whether the method needs every item's key.
        known: the keys of the items given so far, where the caller, who needs keys, enters each in a record of his own
            before he asks for the next; two records of a large tree would drive each other out of the caches.

    Raises:
        Refused: as `check_items`.
    """
    seen: dict[str | int, PropertySet] = {}
    # Iterators, and not a stack of items to come: those would leave the caches again before their turn.
    siblings: Iterator[PropertySet] = iter(line_items(instance))
    parent: PropertySet | None = None
    waiting: list[tuple[Iterator[PropertySet], PropertySet | None]] = []
    while True:
        for item in siblings:
            properties = item.properties
            key = properties.get(KEY)
            if keys and not key:
                raise _key_missing(tree, instance, item, method)
            if known is None:
                mark = key or id(item)
                if mark in seen:
                    raise _met_twice(tree, instance, item, method, same=seen[mark] is item)
                seen[mark] = item
            elif key in known:
                walked = checked_items(tree, instance, method, keys=keys)
                first = next(found for found, _ in walked if found.properties.get(KEY) == key)
                raise _met_twice(tree, instance, item, method, same=first is item)
            if properties.get("Action Code") not in _KNOWN_CODES:
                raise _action_unknown(tree, instance, item, None, method)
            quantity = properties.get("Quantity")
            if quantity is not None and quantity != "1":
                _check_quantity(tree, instance, item, quantity, method)
            below: list[PropertySet] = []
            for child in item.children:
                if child.type == _ATTRIBUTES:
                    _check_attributes(tree, instance, item, child.children, method)
                elif child.type == _LINE_ITEMS:
                    below = child.children
            yield item, parent
            if below:
                waiting.append((siblings, parent))
                siblings, parent = iter(below), item
                break
        else:
            if not waiting:
                return
            siblings, parent = waiting.pop()


def action_of(text: str | None, method: str) -> str:
    """The action code that an argument means.

    Raises:
        ActionCodeUnknown: it is none.
    """
    code = NO_ACTION if text in (None, "", "--") else text
    if code not in ACTION_CODES:
        raise ActionCodeUnknown(
            f"{method} was given an unknown action code",
            where="argument 'action'",
            why=f"expected one of {', '.join(ACTION_CODES)}, found '{text}'",
            mend="give one of these",
        )
    return str(code)


def quantity_of(item: PropertySet) -> Decimal:
    """The item's quantity, already checked; null is 1."""
    text = item.properties.get("Quantity")
    return ONE if text is None or text == "1" else Decimal(text)


def place(tree: PropertySet, instance: PropertySet, item: PropertySet, attribute: str | None = None) -> str:
    """Where an item stands, as errors say it: object, instance, item, attribute, and the source's line."""
    parts = [object_label(tree, instance), item_label(instance, item)]
    if attribute is not None:
        parts.append(f"attribute '{attribute}'")
    if item.origin is not None:
        parts.append(f"line {item.origin}")
    return ", ".join(parts)


def object_label(tree: PropertySet, instance: PropertySet | None = None) -> str:
    """The object's name and the number by which people know the instance: ``OM Order 'O-7'``."""
    name = object_name(tree) or "complex object"
    if instance is None:
        found = instances(tree)
        if len(found) != 1:
            return name
        instance = found[0]
    number = next((instance.get(field) for field in _NUMBERS if instance.get(field)), None)
    return f"{name} '{number}'" if number else name


def item_label(instance: PropertySet, item: PropertySet) -> str:
    """The item by its key; by its place beneath its parent where it has none."""
    key = item.properties.get(KEY)
    if key:
        return f"line item '{key}'"
    stack: list[tuple[PropertySet, PropertySet | None]] = [(root, None) for root in line_items(instance)]
    seen: set[int] = set()  # what is wrong may be that an item stands beneath itself
    while stack:
        node, parent = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node is item:
            siblings = line_items(instance if parent is None else parent)
            number = next(i for i, sibling in enumerate(siblings, 1) if sibling is item)
            if parent is None:
                return f"root item {number}"
            above = parent.properties.get(KEY)
            return f"line item {number} beneath " + (f"'{above}'" if above else "an item without a key")
        stack.extend((child, node) for child in line_items(node))
    return "a line item without a key"


def _action_unknown(
    tree: PropertySet, instance: PropertySet, item: PropertySet, attribute: PropertySet | None, method: str
) -> ActionCodeUnknown:
    node = item if attribute is None else attribute
    return ActionCodeUnknown(
        f"{method} met an unknown action code",
        where=place(tree, instance, item, None if attribute is None else attribute.get("Name")),
        node=item,
        why=f"expected one of {', '.join(ACTION_CODES)}, found '{node.get('Action Code')}'",
        mend="mend the action code, or the map or look-up table that made it",
    )


def _check_quantity(tree: PropertySet, instance: PropertySet, item: PropertySet, text: str, method: str) -> None:
    try:
        number = read_number(text)
    except ValueError as fault:
        why = str(fault)
    else:
        if number >= 0:
            return
        why = f"expected a number of 0 or more, found '{text}'"
    raise QuantityWrong(
        f"{method} met a quantity that is no number of 0 or more",
        where=place(tree, instance, item),
        node=item,
        why=why,
        mend="mend the item's Quantity, or leave it out for 1",
    )


def _check_attributes(
    tree: PropertySet, instance: PropertySet, item: PropertySet, found: list[PropertySet], method: str
) -> None:
    named = {one.properties.get("Name") for one in found}
    codes = {one.properties.get("Action Code") for one in found}
    if len(named) == len(found) and named.isdisjoint((None, "")) and codes <= _KNOWN_CODES:
        return
    names: set[str] = set()
    for attribute in found:
        properties = attribute.properties
        name = properties.get("Name")
        if not name:
            raise AttributeNameMissing(
                f"{method} met an attribute without a name",
                where=place(tree, instance, item),
                node=item,
                why="attributes are told apart by their Name within the item",
                mend="give the attribute a Name",
            )
        if name in names:
            raise AttributeTwice(
                f"{method} met two attributes with one name",
                where=place(tree, instance, item, name),
                node=item,
                why="a name stands once among the attributes of an item",
                mend="drop or rename one of them",
            )
        names.add(name)
        if properties.get("Action Code") not in _KNOWN_CODES:
            raise _action_unknown(tree, instance, item, attribute, method)


def _met_twice(
    tree: PropertySet, instance: PropertySet, item: PropertySet, method: str, *, same: bool
) -> CircleOfItems | KeyTwice:
    """The error for an item that stands twice, or for a key that two items have."""
    if same:
        return CircleOfItems(
            f"{method} met a line item twice",
            where=place(tree, instance, item),
            node=item,
            why="the item stands beneath itself, or in two places of one tree",
            mend="give each line item one parent",
        )
    return KeyTwice(
        f"{method} met two line items with one key",
        where=place(tree, instance, item),
        node=item,
        why=f"{KEY} is unique within an instance",
        mend=f"drop one of the items, or give it an {KEY} of its own",
    )


def _key_missing(tree: PropertySet, instance: PropertySet, item: PropertySet, method: str) -> KeyMissing:
    return KeyMissing(
        f"{method} needs the key of every {LINE_ITEM.lower()}",
        where=place(tree, instance, item),
        node=item,
        why=f"expected {KEY}, found none",
        mend=f"give the item an {KEY}",
    )
