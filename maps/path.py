"""Paths of data maps: children and attributes only, found in the definition when the map is loaded.

    FIELD  @id  A/B  A[2]/B  A/B@C       from the node where the rule stands
    ..FIELD  ../..FIELD  ../A@C          from the node above, and the one above that
    .                                    the node's own text

A path that gives one value must be able to match once at most; that is proven against the definition, so that
no message finds it out. For internal objects the ``ListOf`` nodes are not seen.

Source: spec: docs/design/road.md, "Data maps: the grammar".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from integration_objects.complex_object import list_of
from integration_objects.definition import Component, Field, FieldType
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

_STEP = re.compile(r"^(?P<name>[^\[\]]+?)(?:\[(?P<number>[1-9][0-9]{0,8})\])?$")
_LIST_OF = list_of("")
#: The field of an external component that says, with Y, that its own text is null (schemas.external_object).
NIL = "@xsi:nil"


class PathUnknown(Exception):
    """A path that the definition doesn't have, or that may match more than once where one is wanted."""

    def __init__(self, why: str, mend: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.mend = mend


@dataclass(frozen=True, eq=False)
class Position:
    """Where a rule stands in the source, as far as it is known before any message.

    Attributes:
        component: the source component of the node.
        above: the position that ``..`` leads to; None at the root.
        external: whether children hang directly beneath the node (else in ``ListOf`` nodes).
    """

    component: Component
    above: Position | None
    external: bool

    def below(self, component: Component) -> Position:
        """The position at a child component of this one."""
        return Position(component, self, self.external)


class Scope:
    """Where a rule stands in a message: the node, and the scope that ``..`` leads to."""

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
        text: as the map has it.
        component: the component that has the value.
        field: the value's field; None where the value is the node's own text.
        holder: finds the node that has the value; None where there is none.
        raw: the value's text, null where it is null or not carried (after the field's ``null_reads_as``).
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
    """The path *text*, read from *position*, to one value.

    Raises:
        PathUnknown: the definition has no such path, or it may match more than once.
    """
    up, rest = _climb(text)
    start = position
    for _ in range(up):
        if start.above is None:
            raise PathUnknown(f"there is nothing above '{start.component.name}'", "take away a '..'")
        start = start.above
    parts = [] if rest in ("", ".") else rest.split("/")
    attribute = ""
    if parts and "@" in parts[-1]:
        last, _, name = parts.pop().partition("@")
        attribute = "@" + name
        if last:
            parts.append(last)
    component, steps = start.component, [_step(part, text) for part in parts]
    field: Field | None = None
    if attribute:
        component = _walk(component, steps, start.external, text)
        field = _field(component, attribute)
    elif steps and steps[-1].number is None:
        component = _walk(component, steps[:-1], start.external, text)
        field = component.fields.get(steps[-1].name)
        if field is not None:
            steps.pop()
        elif steps[-1].name in component.children:
            component = _walk(component, steps[-1:], start.external, text)
        else:
            _field(component, steps[-1].name)
    else:
        component = _walk(component, steps, start.external, text)
    if field is None and component.text is None:
        raise PathUnknown(
            f"'{component.name}' is a component and has no text of its own",
            _known("name one of its fields", component),
        )
    holder = _holder(up, steps, start.external)
    return ValuePath(text, component, field, holder, _raw(up, steps, field, holder))


def node_path(text: str, position: Position) -> tuple[Find, Position, bool]:
    """The path *text*, read from *position*, to any number of nodes.

    Returns:
        What finds the nodes; the position of each; whether the path can match more than once.

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
        many = many or (step.number is None and _may_repeat(here.component, step.name, here.external))
        here = here.below(_child(here.component, step.name))
    return _find(steps, position.external), here, many


def child_nodes(node: PropertySet, name: str, external: bool) -> list[PropertySet]:
    """The child components called *name* of a node."""
    if external:
        return [child for child in node.children if child.type == name]
    type = _LIST_OF + name
    for child in node.children:
        if child.type == type:
            return child.children
    return []


def places(root: PropertySet, external: bool) -> Iterator[tuple[PropertySet, str]]:
    """Every component of a tree with its path, ``/ORDER[1]/LINE[2]``; ``ListOf`` nodes are not seen.

    Args:
        root: an external object's root element, or an internal object's message.
        external: which of the two it is.
    """
    return ((node, _path(way)) for node, way in _ways(root, external))


def place_of(node: PropertySet, root: PropertySet, external: bool) -> str:
    """Where *node* is: ``line 22, /ORDER[1]/LINE[2]``; searched for, because only a failure asks."""
    path = next((_path(way) for one, way in _ways(root, external) if one is node), f"/{node.type}")
    return path if node.origin is None else f"line {node.origin}, {path}"


@dataclass(frozen=True)
class _Way:
    """The last step of the way to a node, and the way to the node above."""

    step: str
    above: _Way | None


def _ways(root: PropertySet, external: bool) -> Iterator[tuple[PropertySet, _Way]]:
    """Every component with the way to it. Of any depth, for only the path that is asked for is written out."""
    if external:
        stack = [(root, _Way(f"/{root.type}[1]", None))]
    else:
        lists = [child for envelope in root.children for child in envelope.children]
        stack = _numbered([node for one in lists for node in one.children], None)
    while stack:
        node, way = stack.pop()
        yield node, way
        below = node.children if external else [one for child in node.children for one in child.children]
        stack.extend(_numbered(below, way))


def _numbered(nodes: list[PropertySet], above: _Way | None) -> list[tuple[PropertySet, _Way]]:
    """Siblings with their ways, the last one first, as a stack wants them."""
    seen: dict[str, int] = {}
    found = []
    for node in nodes:
        seen[node.type] = seen.get(node.type, 0) + 1
        found.append((node, _Way(f"/{node.type}[{seen[node.type]}]", above)))
    found.reverse()
    return found


def _path(way: _Way) -> str:
    steps = []
    here: _Way | None = way
    while here is not None:
        steps.append(here.step)
        here = here.above
    return "".join(reversed(steps))


def _climb(text: str) -> tuple[int, str]:
    """How often the path goes up, and the rest of it."""
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


def _walk(component: Component, steps: list[_Step], external: bool, text: str) -> Component:
    """The component at the end of *steps*, each of which must match once at most."""
    for step in steps:
        below = _child(component, step.name)
        if step.number is None and _may_repeat(component, step.name, external):
            raise PathUnknown(
                f"'{text}' may match more than once: '{component.name}' may have several '{step.name}', "
                "and one value is wanted",
                f"write {step.name}[1] for the first one, or make a component for each",
            )
        component = below
    return component


def _may_repeat(component: Component, name: str, external: bool) -> bool:
    most = component.occurs.get(name, (0, 1) if external else (0, None))[1]
    return most is None or most > 1


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


def _find(steps: list[_Step], external: bool) -> Find:
    if len(steps) == 1:
        return _find_children(steps[0], external)
    finds = [_find_children(step, external) for step in steps]

    def find(scope: Scope) -> list[Scope]:
        scopes = [scope]
        for one in finds:
            scopes = [found for here in scopes for found in one(here)]
        return scopes

    return find


def _find_children(step: _Step, external: bool) -> Find:
    name, number = step.name, step.number
    if number is not None:
        return lambda scope: [
            Scope(node, scope) for node in child_nodes(scope.node, name, external)[number - 1 : number]
        ]
    if external:
        return lambda scope: [Scope(node, scope) for node in scope.node.children if node.type == name]
    return lambda scope: [Scope(node, scope) for node in child_nodes(scope.node, name, False)]


def _holder(up: int, steps: list[_Step], external: bool) -> Holder:
    descents = [(step.name, (step.number or 1) - 1) for step in steps]

    def holder(scope: Scope) -> PropertySet | None:
        here = scope
        for _ in range(up):
            if here.above is None:
                return None
            here = here.above
        node = here.node
        for name, number in descents:
            found = child_nodes(node, name, external)
            if number >= len(found):
                return None
            node = found[number]
        return node

    return holder


def _raw(up: int, steps: list[_Step], field: Field | None, holder: Holder) -> Raw:
    """What reads the text; the frequent cases in the fewest operations."""
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
    if not steps and up == 0:
        return lambda scope: scope.node.properties.get(name)

    def found(scope: Scope) -> str | None:
        node = holder(scope)
        return None if node is None else node.properties.get(name)

    return found
