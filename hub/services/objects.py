"""A complex object as the methods take it: its definition, its instances, and copies of it.

Spec: docs/design/methods.md, "Settled points", Objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hub.services.items import object_label
from integration_objects.complex_object import (
    action_code,
    attributes,
    instances,
    is_empty,
    line_items,
    list_of,
    message,
    object_name,
)
from integration_objects.definition import Component, Definitions, IntegrationObject
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

ATTRIBUTES = list_of(ATTRIBUTE)
LINE_ITEMS = list_of(LINE_ITEM)
#: An attribute's value, in each of its types.
VALUE_FIELDS = ("Text Value", "Number Value", "Date Value")
#: Whose line items a nameless empty object is taken to have; all three objects share them.
_ANY = "OM Order"


class ObjectUnknown(Refused):
    """A tree or an argument names an integration object that nobody declared."""


class ManyInstances(Refused):
    """A method that wants one instance was given several."""


def definition_of(name: str | None, definitions: Definitions, method: str) -> IntegrationObject:
    """The definition of the object called *name*; of the order for a nameless empty object.

    Raises:
        ObjectUnknown: there is none; the error lists those that are known.
    """
    try:
        return definitions[_ANY if name is None else name]
    except KeyError:
        raise ObjectUnknown(
            f"{method} doesn't know the integration object '{_ANY if name is None else name}'",
            where="integration_objects/",
            why=f"known are {', '.join(sorted(definitions))}",
            mend="name one of these, or declare the object",
        ) from None


def items_of(tree: PropertySet, definitions: Definitions, method: str) -> Component:
    """The definition of the tree's line items; a component without fields where the object has none."""
    return line_item_of(definition_of(object_name(tree), definitions, method))


def line_item_of(definition: IntegrationObject) -> Component:
    """The line item's component; one without fields where the object has none."""
    return definition.root.children.get(LINE_ITEM) or Component(LINE_ITEM)


def attribute_of(component: Component) -> Component:
    """The attribute's component of a line item's; one without fields where it has none."""
    return component.children.get(ATTRIBUTE) or Component(ATTRIBUTE)


def only_instance(tree: PropertySet | None, method: str, argument: str) -> PropertySet | None:
    """The one instance of a tree, None for an empty object or none.

    Raises:
        ManyInstances: there are several.
    """
    if tree is None or is_empty(tree):
        return None
    found = instances(tree)
    if len(found) > 1:
        raise ManyInstances(
            f"{method} wants one instance in '{argument}'",
            where=object_label(tree),
            tree=tree,
            why=f"expected one, found {len(found)}",
            mend="give one instance; Merge puts several together",
        )
    return found[0] if found else None


def copied(tree: PropertySet, drop: Callable[[PropertySet], bool] | None = None) -> PropertySet:
    """A copy of a message with every action code written out, without the line items that *drop* says.

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


def has_items(tree: PropertySet) -> bool:
    """Whether any instance of the message has a line item."""
    return any(line_items(instance) for instance in instances(tree))


def rewrapped(tree: PropertySet, found: Sequence[PropertySet]) -> PropertySet:
    """A message with *tree*'s envelope around other instances."""
    result = tree.copy_node()
    envelope = tree.children[0].copy_node()
    listing = tree.children[0].children[0].copy_node()
    listing.children = list(found)
    envelope.children = [listing]
    result.children = [envelope]
    return result


def header_copy(instance: PropertySet) -> PropertySet:
    """A copy of the header with its own components, but for the line items."""
    result = instance.copy_node()
    result.children = [child.copy() for child in instance.children if child.type != LINE_ITEMS]
    return result


def as_object(name: str, instance: PropertySet, definitions: Definitions, method: str) -> PropertySet:
    """A message of the object *name* with *instance*'s header fields that both have by name, but for Row Id.

    The header has no line items yet; the message is new, and so is everything in it.
    """
    root = definition_of(name, definitions, method).root
    fields = {field: text for field, text in instance.properties.items() if field in root.fields and field != "Row Id"}
    return message(name, [PropertySet(root.name, properties=fields, origin=instance.origin)])


def fit(roots: Iterable[PropertySet], source: Component, target: Component) -> None:
    """Drop what line items of one object have and those of another haven't, where they become those; in place.

    A deployment may give a field, or a component, to the line items of one object only. As with a header's fields, what
    both have by name is taken over.

    Args:
        roots: the line items, which are nobody else's.
        source: the line item's component where they come from.
        target: likewise where they go.
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
    """Whether *source*, or a component beneath it, has a field or a component that *target* hasn't."""
    if source is target:
        return False
    if not (source.fields.keys() <= target.fields.keys() and source.children.keys() <= target.children.keys()):
        return True
    pairs = [(child, target.children[name]) for name, child in source.children.items() if child is not source]
    return any(_has_more(one, other) for one, other in pairs)


def unlike(item: PropertySet) -> list[PropertySet]:
    """Copies of the item's lists that are neither attributes nor line items: a deployment's own."""
    return [child.copy() for child in item.children if child.type != ATTRIBUTES and child.type != LINE_ITEMS]


def lists_for(
    item: PropertySet, values: list[PropertySet], others: list[PropertySet] | None = None
) -> list[PropertySet]:
    """The lists of an item's copy: attributes, a deployment's own, line items (none in it yet).

    Args:
        item: the original. Not changed.
        values: the copy's attributes; a list that the original carries is there even where these are none.
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


def made_new(
    properties: Mapping[str, str | None],
    component: Component,
    new_id: Callable[[], str],
    *,
    row_id: bool = False,
) -> dict[str, str | None]:
    """A copied item's fields without those that must not be twice, and with a new key.

    Args:
        properties: the original's. Not changed.
        component: the line item's definition; its list ``cleared`` says which fields a copy drops.
        new_id: makes an identifier.
        row_id: whether the copy gets a new Row Id too.

    Source: "e. Explode Method", lists a) and b).
    """
    cleared = component.cleared
    result = {name: text for name, text in properties.items() if name not in cleared}
    result[KEY] = new_id()
    if row_id:
        result["Row Id"] = new_id()
    return result


def put_attributes(item: PropertySet, source: PropertySet, found: list[PropertySet]) -> None:
    """Put attributes before *item*'s lists, if there are any or *source* has the list. Changes *item*."""
    if found or source.child(ATTRIBUTES) is not None:
        item.children.insert(0, PropertySet(ATTRIBUTES, children=found))


def attribute_copies(item: PropertySet, action: str, dropped: Sequence[str] = ()) -> list[PropertySet]:
    """Copies of all attributes of an item with one action code, without the fields *dropped*."""
    result = []
    for attribute in attributes(item):
        twin = attribute.copy() if attribute.children else attribute.copy_node()
        if dropped:
            for name in dropped:
                twin.properties.pop(name, None)
        twin.properties["Action Code"] = action
        result.append(twin)
    return result
