"""Complex objects as JSON.

    {"name": "OM Asset", "empty": false,
     "instances": [{"fields": {"Account Id": "1-A"},
                    "items": [{"fields": {"Integration Id": "A1"},
                               "attributes": [{"Name": "Colour", "Text Value": "Red"}],
                               "items": []}]}]}

A field that is carried and null is null, one that isn't carried has no entry; decimals are strings, as they came.
Line items stand under "items", attributes (their fields alone) under "attributes", all other components under
"components", by name: ``{"Account Key": [{"fields": {...}}]}``.

Spec: docs/design/methods.md, "Reached from outside".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from integration_objects.complex_object import attributes, instances, is_empty, list_of, object_name
from integration_objects.component import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, LINE_ITEM
from integration_objects.property_set import PropertySet

#: Levels of components; readers of JSON and of indented text stop where XML's flat form goes on.
MAX_LEVELS = 1_000

_ITEMS, _ATTRIBUTES = list_of(LINE_ITEM), list_of(ATTRIBUTE)
_LIST = "ListOf "


class TreeTooDeep(Refused):
    """A tree is too deep for the form that was asked for."""

    what = "the result has no {form} form"
    why = "it has {levels:,} levels, and {most:,} are the most"
    mend = "ask for --format xml, which writes deep lines flat"


def check_levels(tree: PropertySet, form: str) -> None:
    """Refuse a tree that is deeper than 1,000 levels of components, the header not counted.

    Raises:
        TreeTooDeep: it is; the error counts the levels.
    """
    # Level by level and not by recursion: the tree that is refused here is the deep one.
    levels, level = -1, list(instances(tree))
    while level:
        levels += 1
        level = [below for node in level for listing in node.children for below in listing.children]
    if levels > MAX_LEVELS:
        where = object_name(tree) or "complex object"
        raise TreeTooDeep(form=form, levels=levels, most=MAX_LEVELS, where=where)


def tree_json(tree: PropertySet, definitions: Definitions) -> str:
    """Write the tree as JSON, a line for each component.

    Raises:
        TreeTooDeep: it is deeper than 1,000 levels.
    """
    check_levels(tree, "JSON")
    name = object_name(tree)
    head = f'{{"name": {_text(name)}, "empty": {"true" if is_empty(tree) else "false"}, "instances": ['
    definition = definitions.get(name or "")
    root = Component("") if definition is None else definition.root
    pieces = list(_pieces([_Task(node, root, 1) for node in instances(tree)]))
    return "".join([head, *pieces, "]}"])


def numbered_item(item: PropertySet, number: int, above: int | None) -> dict[str, Any]:
    """Return a line item as other systems are asked about it, with its number and that of the item above it."""
    values = [attribute.properties for attribute in attributes(item)]
    return {"number": number, "above": above, "fields": item.properties, "attributes": values}


class _Task(NamedTuple):
    """A component that is still to be written."""

    node: PropertySet
    component: Component
    level: int


def _pieces(top: list[_Task]) -> Iterator[str]:
    """Yield the JSON of sibling components, and of all beneath them."""
    # The stack holds what is still to be written, the first on top: components, and the text between and behind them.
    stack: list[_Task | str] = []
    _push(stack, top)
    while stack:
        task = stack.pop()
        if isinstance(task, str):
            yield task
            continue
        indent, fields = "\n" + "  " * task.level, _text(task.node.properties)
        # An attribute always has a Name, so that other members can follow its fields after a comma.
        yield f"{indent}{fields[:-1]}" if task.component.name == ATTRIBUTE else f'{indent}{{"fields": {fields}'
        stack.append("}")
        _push_lists(stack, task)


def _push_lists(stack: list[_Task | str], task: _Task) -> None:
    """Put all beneath a component onto the stack, the last first."""
    node, component, level = task
    others = [child for child in node.children if child.type not in (_ITEMS, _ATTRIBUTES)]
    if LINE_ITEM in component.children or node.child(_ITEMS) is not None:
        stack.append("]")
        _push(stack, _beneath(node.child(_ITEMS), component, level))
        stack.append(', "items": [')
    if others:
        stack.append("}")
        for number, listing in reversed(list(enumerate(others))):
            stack.append("]")
            _push(stack, _beneath(listing, component, level))
            stack.append(f"{', ' if number else ''}{_text(listing.type.removeprefix(_LIST))}: [")
        stack.append(', "components": {')
    if ATTRIBUTE in component.children or node.child(_ATTRIBUTES) is not None:
        stack.append("]")
        _push(stack, _beneath(node.child(_ATTRIBUTES), component, level))
        stack.append(', "attributes": [')


def _push(stack: list[_Task | str], tasks: list[_Task]) -> None:
    for number in range(len(tasks) - 1, -1, -1):
        stack.append(tasks[number])
        if number:
            stack.append(",")


def _beneath(listing: PropertySet | None, component: Component, level: int) -> list[_Task]:
    if listing is None:
        return []
    name = listing.type.removeprefix(_LIST)
    below = component.children.get(name) or Component(name)
    return [_Task(node, below, level + 1) for node in listing.children]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
