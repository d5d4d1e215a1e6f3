"""The two shapes of a tree: where the child components of a node hang, and which texts its fields take.

    ExternalShape    children hang directly beneath the node; the schema knows more notations of a value
    InternalShape    children of one kind hang in a ``ListOf`` node; the definition checks every value

A map is compiled for the shapes of its source and its target, and asks nothing else about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from integration_objects.complex_object import components, list_of, put_list
from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.expression import Value
from integration_objects.field_values import check_characters, check_value, shown, write_number
from integration_objects.property_set import PropertySet


class Unfit(Exception):
    """A value can't stand in its field; it becomes ValueUnfit where the node is known."""


class InternalShape:
    """The shape of the hub's own objects."""

    #: the words of a flag that comes from an external object
    flag_words: ClassVar[Mapping[str, str]] = {"true": "Y", "1": "Y", "false": "N", "0": "N"}

    def children(self, node: PropertySet, name: str) -> list[PropertySet]:
        """Return the child components of this name."""
        return components(node, name)

    def all_children(self, node: PropertySet) -> list[PropertySet]:
        """Return the child components of every name, in order."""
        return [child for siblings in node.children for child in siblings.children]

    def roots(self, tree: PropertySet) -> list[PropertySet]:
        """Return the components at the top of a tree: the instances of a message."""
        return [node for envelope in tree.children for siblings in envelope.children for node in siblings.children]

    def child_type(self, name: str) -> str:
        """Return the type of the node that stands for children of this name among a node's own children."""
        return list_of(name)

    def hang(self, node: PropertySet, nodes: Sequence[PropertySet], name: str) -> None:
        """Put components of this name beneath *node*, behind its other children. Changes *node*."""
        put_list(node, name).extend(nodes)

    def may_repeat(self, component: Component, name: str) -> bool:
        """Tell whether a node may have several children of this name."""
        most = component.occurs.get(name, (0, None))[1]
        return most is None or most > 1

    def unfit(self, field: Field, text: str) -> str | None:
        """Say why *text* can't stand in *field*; None for a text that can."""
        return check_value(field, text)

    def truth(self, value: bool, field: Field) -> str:
        """Write a truth value as the text of *field*."""
        if field.type != "flag":
            raise Unfit(f"a truth value fits a flag only, and '{field.name}' is a {field.type}")
        return "Y" if value else "N"

    def written(self, value: Value, field: Field) -> str | None:
        """Write the value of an expression as the text of *field*; None for null.

        Raises:
            Unfit: the value can't be written there.
        """
        if value is None:
            return None
        if isinstance(value, bool):
            return self.truth(value, field)
        return write_number(value) if isinstance(value, Decimal) else str(value)


class ExternalShape(InternalShape):
    """The shape of external objects."""

    flag_words: ClassVar[Mapping[str, str]] = {"Y": "true", "N": "false"}

    def children(self, node: PropertySet, name: str) -> list[PropertySet]:
        """Return the child components of this name."""
        return [child for child in node.children if child.type == name]

    def all_children(self, node: PropertySet) -> list[PropertySet]:
        """Return the child components of every name, in order."""
        return node.children

    def roots(self, tree: PropertySet) -> list[PropertySet]:
        """Return the component at the top of a tree: its root element."""
        return [tree]

    def child_type(self, name: str) -> str:
        """Return the type of children of this name."""
        return name

    def hang(self, node: PropertySet, nodes: Sequence[PropertySet], name: str) -> None:
        """Put components of this name beneath *node*, behind its other children. Changes *node*."""
        node.children.extend(nodes)

    def may_repeat(self, component: Component, name: str) -> bool:
        """Tell whether a node may have several children of this name."""
        # XML Schema's default for maxOccurs is 1; a definition of the hub that says nothing allows any number.
        most = component.occurs.get(name, (0, 1))[1]
        return most is None or most > 1

    def unfit(self, field: Field, text: str) -> str | None:
        """Say why *text* can't stand in *field*. The field's type is checked by the schema."""
        if field.length is not None and len(text) > field.length:
            return f"expected at most {field.length} characters, found {len(text)}"
        if field.values and text not in field.values:
            return f"expected one of {', '.join(field.values)}, found {shown(text)}"
        return check_characters(text)

    def truth(self, value: bool, field: Field) -> str:
        """Write a truth value as XML does."""
        return "true" if value else "false"


#: The shapes; a shape has no state.
INTERNAL: InternalShape = InternalShape()
EXTERNAL: InternalShape = ExternalShape()
Shape = InternalShape


def shape_of(obj: IntegrationObject) -> Shape:
    """Return the shape of an integration object's trees."""
    return EXTERNAL if obj.external else INTERNAL


def places(tree: PropertySet, shape: Shape) -> Iterator[tuple[PropertySet, str]]:
    """List every component of a tree with its path, ``/ORDER[1]/LINE[2]``, without ``ListOf`` nodes."""
    return ((node, _path(way)) for node, way in _ways(tree, shape))


def path_of(node: PropertySet, tree: PropertySet, shape: Shape) -> str | None:
    """Write the path of *node* in *tree*, ``/ORDER[1]/LINE[2]``; None for a node of another tree."""
    return next((_path(way) for other, way in _ways(tree, shape) if other is node), None)


#: The last step of the way to a node, and the way to the node above it.
_Way = tuple[str, "_Way | None"]


def _ways(tree: PropertySet, shape: Shape) -> Iterator[tuple[PropertySet, _Way]]:
    """List every component with the way to it, so that a path is written only for the node that is asked for."""
    stack = _numbered(shape.roots(tree), None)
    while stack:
        node, way = stack.pop()
        yield node, way
        stack.extend(_numbered(shape.all_children(node), way))


def _numbered(nodes: Sequence[PropertySet], above: _Way | None) -> list[tuple[PropertySet, _Way]]:
    """Pair siblings with their ways, the last one first, as a stack needs them."""
    counts: dict[str, int] = {}
    numbered: list[tuple[PropertySet, _Way]] = []
    for node in nodes:
        counts[node.type] = counts.get(node.type, 0) + 1
        numbered.append((node, (f"/{node.type}[{counts[node.type]}]", above)))
    # A stack gives its last entry first.
    numbered.reverse()
    return numbered


def _path(way: _Way) -> str:
    steps: list[str] = []
    step: _Way | None = way
    while step is not None:
        steps.append(step[0])
        step = step[1]
    return "".join(reversed(steps))
