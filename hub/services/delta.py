"""Delta: the quote or order that turns one state of a product into another.

Source: "b. Delta Method", Cases I to IV, figures 11F to 11K-3; a delta of several states is that of the first and the
last. Spec: docs/design/methods.md, "Delta" and "Settled points", Delta.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from decimal import Decimal

from hub.services.action_alias import ALIAS, alias_of
from hub.services.differences import differs_in
from hub.services.free_units import FREE, share_growth
from hub.services.items import ONE, check_items, checked_items, quantity_of
from hub.services.objects import (
    as_object,
    attribute_copies,
    attribute_of,
    definition_of,
    fit,
    fresh_properties,
    item_component,
    line_item_of,
    lists_for,
    only_instance,
    other_lists,
    put_attributes,
)
from hub.services.old_values import NOTHING, OLD
from integration_objects.complex_object import (
    attributes,
    carries,
    empty,
    first_instance,
    is_tracked,
    line_items,
    put_list,
)
from integration_objects.definition import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.field_values import write_number
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER, QUOTE, VALUE_FIELDS
from integration_objects.property_set import PropertySet

#: An item with its parent item, None for a root item.
Placed = tuple[PropertySet, PropertySet | None]


class OutputRefused(Refused):
    """Delta is asked for an object that is no change: neither a quote nor an order."""

    what = "a delta can't be of the kind '{output}'"
    where = "argument 'output'"
    why = "a change of one state into another is a quote or an order"
    mend = "give OM Quote or OM Order"


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
    """Make the quote or order that turns *old* into *new*.

    Args:
        old: complex object with one instance: header > line items > attributes; None or empty for none. Not changed.
        new: complex object with one instance, as *old*. Not changed.
        definitions: the integration objects; the output's line item declares the compared fields, the aliases and old
            values to write, and the fields that a split's copy drops.
        new_id: makes an identifier; called for the key of each item that a grown quantity adds.
        output: the result's integration object, ``OM Quote`` or ``OM Order``.
        split: whether a grown whole quantity of a tracked item becomes an added item beside it (figure 11J).
        compared: item fields to compare instead of the definition's.
        compared_values: attribute fields to compare instead of the definition's.

    Returns:
        Every item of *new* with Add, Update or ``-``; every item that only *old* has with Delete, beneath its old
        parent, last among its siblings. The header has the fields that *new*'s header (*old*'s, if *new* is empty)
        shares with the output's header. An empty object if both are empty.

    Raises:
        ManyInstances: one side has several instances.
        OutputRefused: *output* is neither of the two.
        ComparedFieldUnknown: *compared* or *compared_values* names a field that isn't declared.
        Refused: as `check_items`; keys are needed.
    """
    if output not in (QUOTE, ORDER):
        raise OutputRefused(output=output)
    component = line_item_of(definition_of(output, definitions))
    comparison = _Comparison(component, new_id, split, compared, compared_values)
    before, after = _State(old, "old"), _State(new, "new")
    header = after.instance or before.instance
    if header is None:
        return empty(output)
    result = as_object(output, header, definitions)
    instance = first_instance(result)
    instance.children += other_lists(header) if instance.type == header.type else []
    roots = put_list(instance, LINE_ITEM)
    _Delta(before, after, comparison).write(roots)
    for state in (old, new):
        if state is not None:
            fit(roots, item_component(state, definitions), component)
    return result


class _Comparison:
    """The rules of comparing two items; read from the definition once."""

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
        # The quantity is compared by itself, as a number, because a split writes its growth as an added item.
        # Everything else of the compared fields decides between Update and `-`.
        self.items_differ = differs_in(component, [name for name in self.compared if name != "Quantity"])
        self.compared_values = tuple(attribute.compared if compared_values is None else compared_values)
        self.values_differ = differs_in(attribute, self.compared_values)
        self.dropped = ("Row Id", *attribute.cleared)
        self.has_aliases = bool(component.aliases)
        self.alias_of = alias_of(component)


class _Delta:
    """The comparison of two states.

    Both states are walked together, the old one only as far as the next item of the new one needs it: if they have the
    same order, an item is still in the processor's cache when it is compared.

    Attributes:
        old: the old items that were read, by key; None for an item that the new state has.
        written: the items of the result, by key.
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
        # Each descendant of a deleted item is written as a Delete of its own: provisioning must take each of them away.
        for key, deleted in self.old.items():
            if deleted is None:
                continue
            item, parent = deleted
            target = roots if parent is None else put_list(self.written[_key(parent)], LINE_ITEM)
            self._append(target, key, item, "Delete", attribute_copies(item, "Delete"), item)

    def _write(self, item: PropertySet, above: str | None, target: list[PropertySet]) -> None:
        """Write one item of the new state, and behind it the item that a grown quantity adds."""
        key = _key(item)
        old_entry = self._old(key)
        if old_entry is None:
            self._append(target, key, item, "Add", attribute_copies(item, "Add"), None)
            return
        old, old_parent = old_entry
        old_above = None if old_parent is None else old_parent.properties[KEY]
        values, values_changed = self._attributes(old, item)
        before = after = ONE
        # Equal texts are equal numbers: most items need no decimal number.
        if old.properties.get("Quantity") != item.properties.get("Quantity"):
            before, after = quantity_of(old), quantity_of(item)
        grown = self.how.split and _splits(before, after) and is_tracked(item)
        part, growth = _parts(old, item, before, after) if grown else (item, item)
        changed = values_changed or above != old_above or self.how.items_differ(old.properties, part.properties)
        action = "Update" if changed or (before != after and not grown) else NO_ACTION
        node = self._append(target, key, part, action, values, old)
        if grown:
            node.properties["Quantity"] = old.get("Quantity") or "1"
            if not self.splits:
                self.after.check()  # the items beneath are copied before the walk comes to them
                self.splits = True
            self._add_more(target, growth, after - before)

    def _old(self, key: str) -> Placed | None:
        """Take an old item with its parent; each is asked for once."""
        entry = self.old.get(key)
        if entry is None:
            return self._read_old(key)
        self.old[key] = None
        return entry

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
        if self.how.has_aliases:
            self._set_alias(node, NOTHING if old is None else old)
        target.append(node)
        self.written[key] = node
        return node

    def _carry_nulls(self, node: PropertySet, old: PropertySet) -> None:
        """Carry as null the fields that only the old item had, or Apply would leave them standing. Changes *node*."""
        for name in (*self.how.compared, "Quantity"):
            if name not in node.properties and old.get(name) is not None:
                node.properties[name] = None

    def _carry_null_values(self, twin: PropertySet, old: PropertySet) -> None:
        """Carry as null the fields that only the old attribute had. Changes *twin*."""
        for name in self.how.compared_values:
            # Apply sets the three values in any case.
            if name not in twin.properties and name not in VALUE_FIELDS.values() and old.get(name) is not None:
                twin.properties[name] = None

    def _set_alias(self, node: PropertySet, old: PropertySet) -> None:
        # An alias of the input belongs to an earlier change.
        node.properties.pop(ALIAS, None)
        alias = self.how.alias_of(node, old)
        if alias is not None:
            node.properties[ALIAS] = alias

    def _attributes(self, old: PropertySet, new: PropertySet) -> tuple[list[PropertySet], bool]:
        """Make the attributes of an item that is in both states: those of *new* in their order, deleted ones last."""
        olds, news = attributes(old), attributes(new)
        # Equal in every field, so no field that is compared can differ.
        if [node.properties for node in olds] == [node.properties for node in news]:
            return attribute_copies(new, NO_ACTION), False  # the common case
        before = {attribute.properties["Name"]: attribute for attribute in olds}
        result: list[PropertySet] = []
        any_changed = False
        for attribute in news:
            twin = attribute.copy() if attribute.children else attribute.copy_node()
            former = before.pop(attribute.properties["Name"], None)
            if former is None:
                action = "Add"
            elif self.how.values_differ(former.properties, attribute.properties):
                action = "Update"
                self._carry_null_values(twin, former)
            else:
                action = NO_ACTION
            any_changed = any_changed or action != NO_ACTION
            twin.properties["Action Code"] = action
            result.append(twin)
        for deleted in before.values():
            any_changed = True
            twin = deleted.copy() if deleted.children else deleted.copy_node()
            twin.properties["Action Code"] = "Delete"
            result.append(twin)
        return result, any_changed

    def _add_more(self, target: list[PropertySet], item: PropertySet, quantity: Decimal) -> None:
        """Write a copy of the new state's item, with all beneath it, whose *quantity* is the growth."""
        stack = [(item, target)]
        while stack:
            source, beneath = stack.pop()
            node = source.copy_node()
            node.properties = fresh_properties(source.properties, self.how.component, self.how.new_id)
            node.properties["Action Code"] = "Add"
            if source is item:
                node.properties["Quantity"] = write_number(quantity)
            node.children = other_lists(source)
            put_attributes(node, source, attribute_copies(source, "Add", self.how.dropped))
            if self.how.has_aliases:
                self._set_alias(node, NOTHING)
            beneath.append(node)
            if carries(source, LINE_ITEM):
                children = put_list(node, LINE_ITEM)
                stack.extend((child, children) for child in reversed(line_items(source)))


class _State:
    """One side of a delta; *instance* is None if there is none, or if it has no items."""

    def __init__(self, tree: PropertySet | None, argument: str) -> None:
        self.tree = tree
        instance = only_instance(tree, argument)
        self.instance = instance if instance is not None and line_items(instance) else None

    def items(self, known: Container[str]) -> Iterator[Placed]:
        """Walk the items with their parents, each checked before it is given; *known* has the keys of those given."""
        if self.tree is None or self.instance is None:
            return iter(())
        return checked_items(self.tree, self.instance, keys=True, known=known)

    def check(self) -> None:
        """Check all items now."""
        if self.tree is not None:
            check_items(self.tree, keys=True)


def _key(item: PropertySet) -> str:
    return str(item.properties[KEY])


def _parts(old: PropertySet, item: PropertySet, before: Decimal, after: Decimal) -> tuple[PropertySet, PropertySet]:
    """Return the item as the units that were there, and as those that its growth adds: each with its own free units."""
    if item.get(FREE) is None:
        return item, item
    part, growth = item.copy_node(), item.copy_node()
    part.children = growth.children = item.children
    share_growth(old, part, growth, before, after - before)
    return part, growth


def _splits(before: Decimal, after: Decimal) -> bool:
    """Tell whether a quantity grew from a whole number of at least 1 to a greater one."""
    return 1 <= before < after and before == before.to_integral_value() and after == after.to_integral_value()
