"""The checks that every method makes on its objects, and the names of line items in errors.

Every method refuses, before it does anything: an item without a key where the method needs keys, a key that stands
twice in one instance, an attribute without a name or with the name of another, an unknown action code, a quantity that
is no number of 0 or more, and an item that stands beneath itself.

Spec: docs/design/methods.md, "Words" and "Settled points", Objects.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator
from decimal import Decimal

from integration_objects.complex_object import instances, line_items, list_of, object_name
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import ACTION_CODES, ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet, origin_text

ONE = Decimal(1)
ATTRIBUTES, LINE_ITEMS = list_of(ATTRIBUTE), list_of(LINE_ITEM)
#: The values that an Action Code may have; the last three read as ``-``.
_KNOWN_CODES = frozenset((*ACTION_CODES, None, "", "--"))
#: Fields by which people know an instance, the preferred one first.
_NUMBERS = ("Order Number", "Quote Number", "Work Order Number", "Account Id", "Row Id")


class ItemKeyMissing(Refused):
    """An item has no Integration Id, and the method needs one."""

    what = "a line item has no key, and every line item needs one"
    why = "expected Integration Id, found none"
    mend = "give the item an Integration Id"


class ItemKeyTwice(Refused):
    """Two items of one instance have the same Integration Id."""

    what = "two line items have one key"
    why = "Integration Id is unique within an instance"
    mend = "drop one of the items, or give it an Integration Id of its own"


class CircleOfItems(Refused):
    """An item stands beneath itself."""

    what = "a line item stands twice in one tree"
    why = "the item stands beneath itself, or in two places of one tree"
    mend = "give each line item one parent"


class ActionCodeUnknown(Refused):
    """An action code is none of Add, Update, Delete and ``-``."""

    what = "'{code}' is no action code"
    why = "expected one of Add, Update, Delete, -, found '{code}'"
    mend = "mend the action code, or the map or look-up table that made it"


class QuantityWrong(Refused):
    """A quantity is no number, or is below 0."""

    what = "{quantity} is no number of 0 or more"
    why = "{fault}"
    mend = "mend the item's Quantity, or leave it out for 1"


class AttributeNameMissing(Refused):
    """An attribute has no name."""

    what = "an attribute has no name"
    why = "attributes are told apart by their Name within the item"
    mend = "give the attribute a Name"


class AttributeTwice(Refused):
    """Two attributes of one item have the same name."""

    what = "two attributes of a line item have one name"
    where = "attribute '{name}'"
    why = "a name stands once among the attributes of an item"
    mend = "drop or rename one of them"


def check_items(tree: PropertySet, *, keys: bool = False) -> None:
    """Refuse a complex object that no method takes.

    Args:
        tree: a message, or an empty object. Not changed.
        keys: whether the method needs every item's key.

    Raises:
        ItemKeyMissing, ItemKeyTwice, CircleOfItems, ActionCodeUnknown, QuantityWrong, AttributeNameMissing,
        AttributeTwice:
            each names the object and the item.
    """
    for instance in instances(tree):
        _check_instance(tree, instance, keys)


def _check_instance(tree: PropertySet, instance: PropertySet, keys: bool) -> None:
    deque(checked_items(tree, instance, keys=keys), maxlen=0)


def checked_items(
    tree: PropertySet, instance: PropertySet, *, keys: bool = False, known: Container[str] | None = None
) -> Iterator[tuple[PropertySet, PropertySet | None]]:
    """Walk the items of one instance as `walk_items` does, and check each item before it is given.

    Large trees don't fit into the processor's caches, so that a second walk costs as much as the work itself.

    Args:
        tree: the message that the instance is part of. Not changed.
        instance: the instance whose items are walked. Not changed.
        keys: whether the method needs every item's key.
        known: the keys of the items given so far. A caller that needs keys, and enters each key in a record of its own
            before it asks for the next item, gives that record: two records of a large tree would drive each other out
            of the caches.
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
            try:
                if keys and not key:
                    raise ItemKeyMissing
                if known is None:
                    mark = key or id(item)
                    if mark in seen:
                        raise CircleOfItems() if seen[mark] is item else ItemKeyTwice()
                    seen[mark] = item
                elif key in known:
                    _check_instance(tree, instance, keys)  # comes here again, with the item that had the key first
                code = properties.get("Action Code")
                if code not in _KNOWN_CODES:
                    raise ActionCodeUnknown(code=code)
                quantity = properties.get("Quantity")
                if quantity is not None and quantity != "1":
                    _check_quantity(quantity, properties.get("Product Id"))
                below: list[PropertySet] = []
                for child in item.children:
                    if child.type == ATTRIBUTES:
                        _check_attributes(child.children)
                    elif child.type == LINE_ITEMS:
                        below = child.children
            except Refused as refusal:
                refusal.objects["node"] = item
                refusal.at(place(tree, instance, item))
                raise
            yield item, parent
            if below:
                waiting.append((siblings, parent))
                siblings, parent = iter(below), item
                break
        else:
            if not waiting:
                return
            siblings, parent = waiting.pop()


def _check_quantity(text: str, product: str | None) -> None:
    quantity = f"the quantity of {product}" if product else "a quantity"
    try:
        number = read_number(text)
    except ValueError as fault:
        raise QuantityWrong(quantity=quantity, fault=fault) from fault
    if number < 0:
        raise QuantityWrong(quantity=quantity, fault=f"expected a number of 0 or more, found '{text}'")


def _check_attributes(attributes: list[PropertySet]) -> None:
    known = {attribute.properties.get("Name") for attribute in attributes}
    codes = {attribute.properties.get("Action Code") for attribute in attributes}
    if len(known) == len(attributes) and known.isdisjoint((None, "")) and codes <= _KNOWN_CODES:
        return  # the common case
    names: set[str] = set()
    for attribute in attributes:
        name = attribute.properties.get("Name")
        if not name:
            raise AttributeNameMissing
        if name in names:
            raise AttributeTwice(name=name)
        names.add(name)
        code = attribute.properties.get("Action Code")
        if code not in _KNOWN_CODES:
            raise ActionCodeUnknown(code=code, where=f"attribute '{name}'")


def action_of(text: str | None) -> str:
    """Return the action code that the argument `action` means.

    Raises:
        ActionCodeUnknown: it is none.
    """
    code = NO_ACTION if text in (None, "", "--") else text
    if code not in ACTION_CODES:
        raise ActionCodeUnknown(code=code, where="argument 'action'", mend="give one of these")
    return str(code)


def quantity_of(item: PropertySet) -> Decimal:
    """Return the item's quantity, already checked; null is 1."""
    text = item.properties.get("Quantity")
    return ONE if text is None or text == "1" else Decimal(text)


def place(tree: PropertySet, instance: PropertySet, item: PropertySet) -> str:
    """Return the place of an item as errors give it: object, instance, item, and the source's line."""
    return f"{object_label(tree, instance)}, {item_label(instance, item)}{line_of(item)}"


def line_of(item: PropertySet) -> str:
    """Return the line of the source, as the last part of a place; "" where it isn't known."""
    return "" if item.origin is None else f", {origin_text(item.origin)}"


def object_label(tree: PropertySet, instance: PropertySet | None = None) -> str:
    """Return the object's name and the number by which people know the instance: ``OM Order 'O-7'``."""
    name = object_name(tree) or "complex object"
    if instance is None:
        carried = instances(tree)
        if len(carried) != 1:
            return name
        instance = carried[0]
    number = next((instance.get(field) for field in _NUMBERS if instance.get(field)), None)
    return f"{name} '{number}'" if number else name


def item_label(instance: PropertySet, item: PropertySet) -> str:
    """Name the item by its key; by its place beneath its parent where it has none."""
    key = item.properties.get(KEY)
    if key:
        return f"line item '{key}'"
    stack: list[tuple[PropertySet, PropertySet | None]] = [(root, None) for root in line_items(instance)]
    seen: set[int] = set()  # the tree may be refused because an item stands beneath itself
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
