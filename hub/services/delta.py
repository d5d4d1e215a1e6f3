"""Delta: the quote or order that turns one state of a product into another.

Source: "b. Delta Method", Cases I to IV, figures 11F to 11K-3; spec: docs/design/methods.md, "Delta" and "Settled
points", Delta.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from decimal import Decimal

from hub.services.differences import differs_in
from hub.services.items import ONE, check_items, checked_items, quantity_of
from hub.services.objects import (
    VALUE_FIELDS,
    as_object,
    attribute_copies,
    attribute_of,
    definition_of,
    fit,
    items_of,
    line_item_of,
    lists_for,
    made_new,
    only_instance,
    put_attributes,
    unlike,
)
from hub.services.old_values import NOTHING, OLD, compile_condition
from integration_objects.complex_object import (
    attributes,
    carries,
    empty,
    instances,
    is_tracked,
    line_items,
    put_list,
)
from integration_objects.definition import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.expression import Expression
from integration_objects.field_values import write_number
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

QUOTE, ORDER = "OM Quote", "OM Order"
ALIAS = "Action Alias"
#: An item with its parent item, None for a root item.
Placed = tuple[PropertySet, PropertySet | None]


class NothingToCompare(Refused):
    """A delta of no objects at all was asked for."""


class OutputRefused(Refused):
    """Delta is asked for an object that is no change: neither a quote nor an order."""


def delta(
    old: PropertySet | None,
    new: PropertySet | None,
    definitions: Definitions,
    new_id: Callable[[], str],
    output: str = QUOTE,
    split: bool = True,
    compared: Sequence[str] | None = None,
    compared_values: Sequence[str] | None = None,
) -> PropertySet:
    """Find what has to be done so that *old* becomes *new*.

    Args:
        old: complex object with one instance: header > line items > attributes; None or empty for none. Not
            changed.
        new: likewise. Not changed.
        definitions: the integration objects; the output's line item says what is compared, which aliases and
            old values are written, and what a split's copy drops.
        new_id: makes an identifier; called for the key of each item that a grown quantity adds.
        output: the result's integration object, ``OM Quote`` or ``OM Order``.
        split: whether a grown whole quantity of a tracked item becomes an added item beside it (figure 11J).
        compared: item fields to compare instead of the definition's.
        compared_values: attribute fields to compare instead of the definition's.

    Returns:
        Every item of *new* with Add, Update or ``-``; every item that only *old* has with Delete, beneath its
        old parent, last among its siblings. The header has those fields of *new*'s (or of *old*'s, where
        *new* is empty) that the output's header has too. An empty object where both are empty.

    Raises:
        ManyInstances: one side has several instances.
        OutputRefused: *output* is neither of the two.
        ComparedFieldUnknown: *compared* or *compared_values* names a field that isn't one.
        Refused: what `check_items` finds; keys are needed.

    Source: "b. Delta Method"; figures 11G-1 to 11K-3.
    """
    if output not in (QUOTE, ORDER):
        raise OutputRefused(
            f"Delta can't make '{output}'",
            where="output",
            why="what changes one state into another is a quote or an order",
            mend=f"give {QUOTE} or {ORDER}",
        )
    component = line_item_of(definition_of(output, definitions, "Delta"))
    comparison = _Comparison(component, new_id, split, compared, compared_values)
    before, after = _State(old, "old"), _State(new, "new")
    header = after.instance or before.instance
    if header is None:
        return empty(output)
    result = as_object(output, header, definitions, "Delta")
    instance = instances(result)[0]
    instance.children += unlike(header) if instance.type == header.type else []
    roots = put_list(instance, LINE_ITEM)
    _Delta(before, after, comparison).write(roots)
    for one in (old, new):
        if one is not None:
            fit(roots, items_of(one, definitions, "Delta"), component)
    return result


def delta_of(
    objects: Sequence[PropertySet], definitions: Definitions, new_id: Callable[[], str], output: str = QUOTE
) -> PropertySet:
    """Find the delta of several states of one product, oldest first: that of the first and the last.

    Raises:
        NothingToCompare: *objects* is empty.

    Source: "b. Delta Method", "between two or more complex objects".
    """
    if not objects:
        raise NothingToCompare(
            "Delta was given no object",
            where="argument 'objects'",
            why="expected at least one state, oldest first",
            mend="give two states, or the same one twice",
        )
    return delta(objects[0], objects[-1], definitions, new_id, output)


class _Comparison:
    """How two items are compared; read from the definition once."""

    def __init__(
        self,
        component: Component,
        new_id: Callable[[], str],
        split: bool,
        compared: Sequence[str] | None,
        compared_values: Sequence[str] | None,
    ) -> None:
        attribute = attribute_of(component)
        self.component = component
        self.new_id = new_id
        self.split = split
        self.compared = tuple(component.compared if compared is None else compared)
        # The quantity is compared as a number of 1 or more by itself, and a split tells of it.
        self.items_differ = differs_in(component, [name for name in self.compared if name != "Quantity"])
        self.compared_values = tuple(attribute.compared if compared_values is None else compared_values)
        self.values_differ = differs_in(attribute, self.compared_values)
        self.dropped = ("Row Id", *attribute.cleared)
        self.aliases: list[tuple[str, str, Expression | None]] = [
            (
                alias.code,
                alias.alias,
                compile_condition(alias.condition, component, alias.condition_where) if alias.condition else None,
            )
            for alias in component.aliases
        ]


class _Delta:
    """One delta on its way.

    Attributes:
        old: the old items that were read, by key; None for those that the new state has.
        written: the items of the result, by key.

    Both states are walked together, the old one only as far as the next item of the new one needs it: where they have
    the same order, an item is still in the processor's cache when it is compared.
    """

    def __init__(self, before: _State, after: _State, comparison: _Comparison) -> None:
        self.after = after
        self.how = comparison
        self.old: dict[str, Placed | None] = {}
        self.written: dict[str, PropertySet] = {}
        self.splits = False
        self.unread = before.items(self.old)

    def write(self, roots: list[PropertySet]) -> None:
        """Write all items, the new state's first. Changes *roots*."""
        beneath: PropertySet | None = None
        above, target = None, roots
        for item, parent in self.after.items(self.written):
            if parent is not beneath:
                beneath = parent
                above = None if parent is None else _key(parent)
                target = roots if above is None else put_list(self.written[above], LINE_ITEM)
            self._write(item, above, target)
        self._read_old(None)
        for key, gone in self.old.items():
            if gone is None:
                continue
            item, parent = gone
            target = roots if parent is None else put_list(self.written[_key(parent)], LINE_ITEM)
            self._append(target, key, item, "Delete", attribute_copies(item, "Delete"), item)

    def _write(self, item: PropertySet, above: str | None, target: list[PropertySet]) -> None:
        """Write one item of the new state, and behind it what a grown quantity adds."""
        key = _key(item)
        found = self._old(key)
        if found is None:
            self._append(target, key, item, "Add", attribute_copies(item, "Add"), None)
            return
        old, old_parent = found
        old_above = None if old_parent is None else old_parent.properties[KEY]
        values, values_changed = self._attributes(old, item)
        changed = values_changed or above != old_above or self.how.items_differ(old.properties, item.properties)
        had = has = ONE
        if old.properties.get("Quantity") != item.properties.get("Quantity"):
            had, has = quantity_of(old), quantity_of(item)
        grown = self.how.split and _splits(had, has) and is_tracked(item)
        node = self._append(
            target, key, item, "Update" if changed or (had != has and not grown) else NO_ACTION, values, old
        )
        if grown:
            node.properties["Quantity"] = old.get("Quantity") or "1"
            if not self.splits:
                self.after.check()  # what is beneath the item is copied before the walk comes to it
                self.splits = True
            self._add_more(target, item, has - had)

    def _old(self, key: str) -> Placed | None:
        """Take an old item with its parent; each is asked for once."""
        found = self.old.get(key)
        if found is None:
            return self._read_old(key)
        self.old[key] = None
        return found

    def _read_old(self, wanted: str | None) -> Placed | None:
        """Read on in the old state, to the item *wanted* or to the end; takes it with its parent."""
        old = self.old
        for entry in self.unread:
            key = _key(entry[0])
            if key == wanted:
                old[key] = None
                return entry
            old[key] = entry
        return None

    def _append(
        self,
        target: list[PropertySet],
        key: str,
        item: PropertySet,
        action: str,
        values: list[PropertySet],
        old: PropertySet | None,
    ) -> PropertySet:
        """Write an item with its attributes and without its children. Changes *target*."""
        node = item.copy_node()
        node.properties["Action Code"] = action
        if action == "Update" and old is not None:
            self._carry_nulls(node, old)
        node.children = lists_for(item, values)
        if old is not None and old is not item:
            for name in self.how.component.old_values:
                node.properties[OLD + name] = old.get(name)
        if self.how.aliases:
            self._set_alias(node, action, NOTHING if old is None else old)
        target.append(node)
        self.written[key] = node
        return node

    def _carry_nulls(self, node: PropertySet, old: PropertySet) -> None:
        """Carry as null what only the old item had, or Apply would leave it standing. Changes *node*."""
        for name in (*self.how.compared, "Quantity"):
            if name not in node.properties and old.get(name) is not None:
                node.properties[name] = None

    def _carry_null_values(self, twin: PropertySet, was: PropertySet) -> None:
        """Likewise of an attribute, but for the three values, which Apply sets in any case. Changes *twin*."""
        for name in self.how.compared_values:
            if name not in twin.properties and name not in VALUE_FIELDS and was.get(name) is not None:
                twin.properties[name] = None

    def _set_alias(self, node: PropertySet, action: str, old: PropertySet) -> None:
        node.properties.pop(ALIAS, None)
        for code, alias, condition in self.how.aliases:
            if code == action and (condition is None or condition.is_true((node, old))):
                node.properties[ALIAS] = alias
                return

    def _attributes(self, old: PropertySet, new: PropertySet) -> tuple[list[PropertySet], bool]:
        """The attributes of an item that is in both states, new ones in their order, deleted ones last."""
        olds, news = attributes(old), attributes(new)
        if [one.properties for one in olds] == [one.properties for one in news]:
            return attribute_copies(new, NO_ACTION), False  # the common case
        before = {attribute.properties["Name"]: attribute for attribute in olds}
        result: list[PropertySet] = []
        any_changed = False
        for attribute in news:
            twin = attribute.copy() if attribute.children else attribute.copy_node()
            was = before.pop(attribute.properties["Name"], None)
            if was is None:
                action = "Add"
            elif self.how.values_differ(was.properties, attribute.properties):
                action = "Update"
                self._carry_null_values(twin, was)
            else:
                action = NO_ACTION
            any_changed = any_changed or action != NO_ACTION
            twin.properties["Action Code"] = action
            result.append(twin)
        for gone in before.values():
            any_changed = True
            twin = gone.copy() if gone.children else gone.copy_node()
            twin.properties["Action Code"] = "Delete"
            result.append(twin)
        return result, any_changed

    def _add_more(self, target: list[PropertySet], item: PropertySet, quantity: Decimal) -> None:
        """Write a copy of the new state's item, with all beneath it, for what its quantity has grown by."""
        stack = [(item, target)]
        while stack:
            source, beneath = stack.pop()
            node = source.copy_node()
            node.properties = made_new(source.properties, self.how.component, self.how.new_id)
            node.properties["Action Code"] = "Add"
            if source is item:
                node.properties["Quantity"] = write_number(quantity)
            node.children = unlike(source)
            put_attributes(node, source, attribute_copies(source, "Add", self.how.dropped))
            if self.how.aliases:
                self._set_alias(node, "Add", NOTHING)
            beneath.append(node)
            if carries(source, LINE_ITEM):
                children = put_list(node, LINE_ITEM)
                stack.extend((child, children) for child in reversed(line_items(source)))


class _State:
    """One side of a delta; *instance* is None where there is none, or it has no items."""

    def __init__(self, tree: PropertySet | None, argument: str) -> None:
        self.tree = tree
        found = only_instance(tree, "Delta", argument)
        self.instance = found if found is not None and line_items(found) else None

    def items(self, known: Container[str]) -> Iterator[Placed]:
        """The items with their parents, each checked before it is given; *known* has the keys of those given."""
        if self.tree is None or self.instance is None:
            return iter(())
        return checked_items(self.tree, self.instance, "Delta", keys=True, known=known)

    def check(self) -> None:
        """Check all items now."""
        if self.tree is not None:
            check_items(self.tree, "Delta", keys=True)


def _key(item: PropertySet) -> str:
    return str(item.properties[KEY])


def _splits(had: Decimal, has: Decimal) -> bool:
    """Whether a quantity grew from a whole number of at least 1 to a greater one."""
    return 1 <= had < has and had == had.to_integral_value() and has == has.to_integral_value()
