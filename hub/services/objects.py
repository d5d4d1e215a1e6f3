"""A complex object as the methods take it: its definition, its instances, and copies of it.

Spec: docs/design/methods.md, "Settled points", Objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hub.services.items import ATTRIBUTES, LINE_ITEMS, object_label
from integration_objects.complex_object import (
    action_code,
    attributes,
    instances,
    is_empty,
    list_of,
    message,
    object_name,
)
from integration_objects.definition import Component, Definitions, IntegrationObject
from integration_objects.errors import Refused, UnknownName
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM, ORDER, QUOTE
from integration_objects.property_set import PropertySet

#: An attribute's value, in each of its types.
#: The objects that have line items, by their headers.
_OBJECTS = {"Asset": ASSET, "Quote": QUOTE, "Order": ORDER}


class ObjectUndeclared(UnknownName, Refused):
    """A tree or an argument names an integration object that nobody declared."""

    kind = "integration object"
    where = "integration_objects/"
    otherwise = "name one of these, or declare the object"


class ManyInstances(Refused):
    """A method that takes one instance was given several."""

    what = "the argument '{argument}' carries {count} instances, and one is allowed"
    where = "{label}"
    why = "expected one instance, found {count}"
    mend = "give one instance; Merge puts several together"


def definition_of(name: str | None, definitions: Definitions) -> IntegrationObject:
    """Return the definition of the object called *name*; of the order for a nameless empty object.

    Raises:
        ObjectUndeclared: there is none; the error lists the declared objects.
    """
    name = ORDER if name is None else name  # asset, quote and order share their line items
    if name not in definitions:
        raise ObjectUndeclared(name, definitions)
    return definitions[name]


def object_of(instance: PropertySet) -> str:
    """Return the name of the object that an instance belongs to, by its header's type.

    >>> object_of(PropertySet("Quote"))
    'OM Quote'
    """
    return _OBJECTS.get(instance.type, instance.type)


def item_component(tree: PropertySet, definitions: Definitions) -> Component:
    """Return the definition of the tree's line items; a component without fields where the object has none."""
    return line_item_of(definition_of(object_name(tree), definitions))


def line_item_of(definition: IntegrationObject) -> Component:
    """Return the line item's component; one without fields where the object has none."""
    return definition.root.children.get(LINE_ITEM) or Component(LINE_ITEM)


def attribute_of(component: Component) -> Component:
    """Return the component of a line item's attributes; one without fields where it has none."""
    return component.children.get(ATTRIBUTE) or Component(ATTRIBUTE)


def only_instance(tree: PropertySet | None, argument: str) -> PropertySet | None:
    """Return the one instance of the tree that *argument* gives; None for an empty object, or for none.

    Raises:
        ManyInstances: there are several.
    """
    if tree is None or is_empty(tree):
        return None
    carried = instances(tree)
    if len(carried) > 1:
        raise ManyInstances(argument=argument, label=object_label(tree), count=len(carried), tree=tree)
    return carried[0] if carried else None


def copied(tree: PropertySet, drop: Callable[[PropertySet], bool] | None = None) -> PropertySet:
    """Copy a message with every action code written out, without the line items that *drop* refuses.

    Args:
        tree: not changed; each node that stays is copied once.
        drop: asked once for each line item, parents first; TRUE drops the item with all beneath it.
    """
    result = tree.copy_node()
    stack = [(tree, result)]
    while stack:
        source, target = stack.pop()
        for node in source.children:
            if node.type == LINE_ITEM and drop is not None and drop(node):
                continue
            twin = node.copy_node()
            if node.type == LINE_ITEM or node.type == ATTRIBUTE:
                twin.properties["Action Code"] = action_code(node)
            target.children.append(twin)
            if node.children:
                stack.append((node, twin))
    return result


def header_copy(instance: PropertySet) -> PropertySet:
    """Copy the header with its own components, without the line items."""
    result = instance.copy_node()
    result.children = [child.copy() for child in instance.children if child.type != LINE_ITEMS]
    return result


def as_object(name: str, instance: PropertySet, definitions: Definitions) -> PropertySet:
    """Make a message of the object *name* with the fields that its header shares with *instance*'s, without Row Id.

    The message is new, and so is everything in it; its header has no line items yet.
    """
    root = definition_of(name, definitions).root
    fields = {field: text for field, text in instance.properties.items() if field in root.fields and field != "Row Id"}
    return message(name, [PropertySet(root.name, properties=fields, origin=instance.origin)])


def fit(roots: Iterable[PropertySet], source: Component, target: Component) -> None:
    """Drop the fields and components of line items that another object's line items don't have. Changes *roots*.

    A deployment may give a field, or a component, to the line items of one object only. As with a header's fields,
    the fields that both have by name are taken over.

    Args:
        roots: the line items, which no other tree holds.
        source: the line item's component in the object that they come from.
        target: the line item's component in the object that they become part of.
    """
    if not _has_more(source, target):
        return
    stack = [(root, target) for root in roots]
    while stack:
        node, own = stack.pop()
        node.properties = {name: text for name, text in node.properties.items() if name in own.fields}
        known = {list_of(name): component for name, component in own.children.items()}
        node.children = [listed for listed in node.children if listed.type in known]
        stack.extend((child, known[listed.type]) for listed in node.children for child in listed.children)


def _has_more(source: Component, target: Component) -> bool:
    """Tell whether *source*, or a component beneath it, has a field or a component that *target* hasn't."""
    if source is target:
        return False
    if not (source.fields.keys() <= target.fields.keys() and source.children.keys() <= target.children.keys()):
        return True
    pairs = [(child, target.children[name]) for name, child in source.children.items() if child is not source]
    return any(_has_more(own, other) for own, other in pairs)


def other_lists(item: PropertySet) -> list[PropertySet]:
    """Copy the item's lists that are neither attributes nor line items: a deployment's own components."""
    return [child.copy() for child in item.children if child.type != ATTRIBUTES and child.type != LINE_ITEMS]


def lists_for(
    item: PropertySet, values: list[PropertySet], others: list[PropertySet] | None = None
) -> list[PropertySet]:
    """Make the lists of an item's copy: attributes, a deployment's own, line items (none in it yet).

    Args:
        item: the original. Not changed.
        values: the copy's attributes; a list that the original carries is there even without attributes in it.
        others: the deployment's own lists; None for copies of the original's.
    """
    result: list[PropertySet] = []
    items: list[PropertySet] = []
    carried = bool(values)
    for child in item.children:
        if child.type == ATTRIBUTES:
            carried = True
        elif child.type == LINE_ITEMS:
            items = [PropertySet(LINE_ITEMS)]
        elif others is None:
            result.append(child.copy())
    if others is not None:
        result = list(others)
    if carried:
        result.insert(0, PropertySet(ATTRIBUTES, "", {}, values))
    return result + items if items else result


def fresh_properties(
    properties: Mapping[str, str | None], component: Component, new_id: Callable[[], str], *, row_id: bool = False
) -> dict[str, str | None]:
    """Copy an item's fields for a new item: without the fields that must be unique, and with a new key.

    Args:
        properties: the original's. Not changed.
        component: the line item's definition; its list ``cleared`` names the fields that a copy drops.
        row_id: whether the copy gets a new Row Id too.

    Source: "e. Explode Method", lists a) and b).
    """
    cleared = component.cleared
    result = {name: text for name, text in properties.items() if name not in cleared}
    result[KEY] = new_id()
    if row_id:
        result["Row Id"] = new_id()
    return result


def put_attributes(item: PropertySet, source: PropertySet, values: list[PropertySet]) -> None:
    """Put attributes before *item*'s lists, if there are any or *source* has the list. Changes *item*."""
    if values or source.child(ATTRIBUTES) is not None:
        item.children.insert(0, PropertySet(ATTRIBUTES, children=values))


def attribute_copies(item: PropertySet, action: str, dropped: Sequence[str] = ()) -> list[PropertySet]:
    """Copy all attributes of an item with one action code, without the fields *dropped*."""
    result = []
    for attribute in attributes(item):
        twin = attribute.copy() if attribute.children else attribute.copy_node()
        for name in dropped:
            twin.properties.pop(name, None)
        twin.properties["Action Code"] = action
        result.append(twin)
    return result
