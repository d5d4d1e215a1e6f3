"""Paths of data maps: children and attributes only, resolved against the definition when the map is loaded.

    FIELD  @id  A/B  A[2]/B  A/B@C       from the node where the rule stands
    ..FIELD  ../..FIELD  ../A@C          from the node above, and the one above that
    .                                    the node's own text

A path that gives one value must match once at most. That is proven against the definition, before any message. Paths
skip the ``ListOf`` nodes of internal objects.

Spec: docs/design/road.md, "Data maps: the grammar".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from integration_objects.definition import Component, Field, FieldType
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from maps.shape import Shape

_STEP = re.compile(r"^(?P<name>[^\[\]]+?)(?:\[(?P<number>[1-9][0-9]{0,8})\])?$")
#: The field of an external component whose value Y says that the component's text is null (schemas.external_object).
#: A property, because the tree has no null for a node's own text.
NIL = "@xsi:nil"


class PathUnknown(Exception):
    """A path without a place in the definition, or with several matches where one value is needed."""

    def __init__(self, why: str, mend: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.mend = mend


@dataclass(frozen=True, eq=False)
class Position:
    """The place of a rule in the source's definition.

    Attributes:
        component: the source component of the node.
        above: the position that ``..`` leads to; None at the root.
        shape: the shape of the source.
    """

    component: Component
    above: Position | None
    shape: Shape

    def below(self, component: Component) -> Position:
        """The position at a child component of this one."""
        return Position(component, self, self.shape)


class Scope:
    """The place of a rule in a message: the node, and the scope that ``..`` leads to."""

    __slots__ = ("above", "node")

    def __init__(self, node: PropertySet, above: Scope | None) -> None:
        self.node = node
        self.above = above


Find = Callable[[Scope], list[Scope]]
Holder = Callable[[Scope], PropertySet | None]
Raw = Callable[[Scope], str | None]


@dataclass(frozen=True, eq=False)
class ValuePath:
    """A path to one value.

    Attributes:
        text: the path as written in the map.
        component: the component that has the value.
        field: the value's field; None for the node's own text.
        holder: finds the node that has the value, or None.
        raw: reads the value's text; None for a null and for a field that isn't carried (after ``null_reads_as``).
    """

    text: str
    component: Component
    field: Field | None
    holder: Holder
    raw: Raw

    @property
    def type(self) -> FieldType:
        """The type of the value."""
        return self.field.type if self.field is not None else self.component.text or "text"

    def is_null_carried(self, scope: Scope) -> bool:
        """Whether the source carries the field, or the component with its own text, with a null."""
        node = self.holder(scope)
        if node is None:
            return False
        if self.field is None:
            return node.properties.get(NIL) == "Y"
        return node.properties.get(self.field.name, "") is None


@dataclass(frozen=True)
class _Step:
    name: str
    number: int | None


def value_path(text: str, position: Position) -> ValuePath:
    """Resolve the path *text*, from *position*, to one value.

    Raises:
        PathUnknown: the definition has no such path, or the path may match more than once.
    """
    up, rest = _climb(text)
    start = position
    for _ in range(up):
        if start.above is None:
            raise PathUnknown(f"there is nothing above '{start.component.name}'", "take away a '..'")
        start = start.above
    parts = [] if rest in ("", ".") else rest.split("/")
    # An attribute is the last step, and may stand behind a component without a slash: A/B@C.
    attribute = ""
    if parts and "@" in parts[-1]:
        last, _, name = parts.pop().partition("@")
        attribute = "@" + name
        if last:
            parts.append(last)
    component, steps = start.component, [_step(part, text) for part in parts]
    field: Field | None = None
    if attribute:
        component = _walk(component, steps, start.shape, text)
        field = _field(component, attribute)
    # The last step may be a field or a component with a text of its own. A number makes it a component for certain.
    elif steps and steps[-1].number is None:
        component = _walk(component, steps[:-1], start.shape, text)
        field = component.fields.get(steps[-1].name)
        if field is not None:
            steps.pop()
        elif steps[-1].name in component.children:
            component = _walk(component, steps[-1:], start.shape, text)
        else:
            _field(component, steps[-1].name)
    else:
        component = _walk(component, steps, start.shape, text)
    if field is None and component.text is None:
        raise PathUnknown(
            f"'{component.name}' is a component and has no text of its own",
            _known("name one of its fields", component),
        )
    holder = _holder(up, steps, start.shape)
    return ValuePath(text, component, field, holder, _raw(up, steps, field, holder))


def node_path(text: str, position: Position) -> tuple[Find, Position, bool]:
    """Resolve the path *text*, from *position*, to any number of nodes.

    Returns:
        A function that finds the nodes; the position of each; whether the path can match more than once.

    Raises:
        PathUnknown: the definition has no such path.
    """
    if text in ("", "."):
        return (lambda scope: [scope]), position, False
    if text.startswith("."):
        raise PathUnknown("a path to nodes goes down only", "begin with a child component's name")
    if "@" in text:
        raise PathUnknown("an XML attribute is a value, not a node", "name a child component")
    many, here = False, position
    steps = [_step(part, text) for part in text.split("/")]
    for step in steps:
        many = many or (step.number is None and here.shape.may_repeat(here.component, step.name))
        here = here.below(_child(here.component, step.name))
    return _find(steps, position.shape), here, many


def _climb(text: str) -> tuple[int, str]:
    """Count the steps upwards at the path's beginning; return the count and the rest of the path."""
    up, rest = 0, text
    while rest.startswith(".."):
        up += 1
        rest = rest[2:]
        if not rest.startswith("/"):
            break
        rest = rest[1:]
    return up, rest


def _step(part: str, text: str) -> _Step:
    found = _STEP.match(part)
    if found is None or found["name"].startswith(".."):
        raise PathUnknown(
            f"'{part}' is no step of a path in '{text}'",
            "write A/B, A[2]/B, A@b or ..FIELD; '..' only in front",
        )
    return _Step(found["name"], int(found["number"]) if found["number"] else None)


def _walk(component: Component, steps: list[_Step], shape: Shape, text: str) -> Component:
    """Find the component at the end of *steps*. Each step must match once at most."""
    for step in steps:
        below = _child(component, step.name)
        if step.number is None and shape.may_repeat(component, step.name):
            raise PathUnknown(
                f"'{text}' may match more than once: '{component.name}' may have several '{step.name}', "
                "and one value is needed",
                f"write {step.name}[1] for the first one, or make a component for each",
            )
        component = below
    return component


def _child(component: Component, name: str) -> Component:
    below = component.children.get(name)
    if below is not None:
        return below
    if name in component.fields:
        raise PathUnknown(f"'{name}' is a field of '{component.name}', not a component", "name a component")
    raise PathUnknown(
        f"'{component.name}' has no component '{name}'",
        nearest(name, component.children) or _known("", component),
    )


def _field(component: Component, name: str) -> Field:
    field = component.fields.get(name)
    if field is None:
        known = [*component.fields, *component.children]
        raise PathUnknown(f"'{component.name}' has no field '{name}'", nearest(name, known) or _known("", component))
    return field


def _known(lead: str, component: Component) -> str:
    names = ", ".join(f"'{name}'" for name in [*component.fields, *component.children][:12])
    if not names:
        return lead
    return f"{lead + ': ' if lead else 'it has '}{names}"


def _find(steps: list[_Step], shape: Shape) -> Find:
    finds = [_find_children(step, shape) for step in steps]
    if len(finds) == 1:
        return finds[0]

    def find(scope: Scope) -> list[Scope]:
        scopes = [scope]
        for find_children in finds:
            scopes = [below for above in scopes for below in find_children(above)]
        return scopes

    return find


def _find_children(step: _Step, shape: Shape) -> Find:
    name, number, children = step.name, step.number, shape.children
    if number is not None:
        return lambda scope: [Scope(node, scope) for node in children(scope.node, name)[number - 1 : number]]
    return lambda scope: [Scope(node, scope) for node in children(scope.node, name)]


def _holder(up: int, steps: list[_Step], shape: Shape) -> Holder:
    # Numbers are counted from 1 in paths, from 0 in lists. A step without a number was proven to match once at most.
    descents = [(step.name, (step.number or 1) - 1) for step in steps]
    children = shape.children

    def holder(scope: Scope) -> PropertySet | None:
        here = scope
        for _ in range(up):
            if here.above is None:
                return None
            here = here.above
        node = here.node
        for name, number in descents:
            siblings = children(node, name)
            if number >= len(siblings):
                return None
            node = siblings[number]
        return node

    return holder


def _raw(up: int, steps: list[_Step], field: Field | None, holder: Holder) -> Raw:
    """Make the function that reads the text. The frequent cases take the fewest operations."""
    if field is None:

        def text(scope: Scope) -> str | None:
            node = holder(scope)
            return None if node is None or node.properties.get(NIL) == "Y" else node.value

        return text
    name, null = field.name, field.null_reads_as
    if null is not None:

        def meant(scope: Scope) -> str | None:
            node = holder(scope)
            if node is None:
                return null
            found = node.properties.get(name)
            return null if found is None else found

        return meant
    # The most frequent case in every map, and the one that costs least.
    if not steps and up == 0:
        return lambda scope: scope.node.properties.get(name)

    def found(scope: Scope) -> str | None:
        node = holder(scope)
        return None if node is None else node.properties.get(name)

    return found
