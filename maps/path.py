"""Paths of data maps: children and attributes only, resolved against the definition when the map is loaded.

    FIELD  @id  A/B  A[2]/B  A/B@C       from the node where the rule stands
    A[B@c='x']/D  A[B='x' AND C='y'][1]  the A that satisfies a condition, and the first of several
    ..FIELD  ../..FIELD  ../A@C          from the node above, and the one above that
    .                                    the node's own text
    answered:A/B                         from the root of the answered message (maps of replies)

A path that gives one value must match once at most. That is proven against the definition, before any message; only a
condition leaves it to the message. Paths skip the ``ListOf`` nodes of internal objects.

Spec: docs/design/road.md, "Data maps: the grammar".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from integration_objects.definition import Component, Field, FieldType
from integration_objects.expression import ExpressionFault
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from maps.path_steps import PathTest, PathUnknown, Step, split_path, step_of
from maps.scope import Position, RootScope, Scope
from maps.shape import Shape

#: The field of an external component whose value Y says that the component's text is null (schemas.external_object).
#: A property, because the tree has no null for a node's own text.
NIL = "@xsi:nil"
#: The beginning of a path into the answered message.
ANSWERED = "answered:"


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
        shape: the shape of the tree that it leads into.
        names: the components and fields that it reads.
        holder: finds the node that has the value, or None.
        raw: reads the value's text; None for a null and for a field that isn't carried (after ``null_reads_as``).
    """

    text: str
    component: Component
    field: Field | None
    shape: Shape
    names: frozenset[str]
    holder: Holder
    raw: Raw

    @property
    def type(self) -> FieldType:
        """The type of the value."""
        return self.field.type if self.field is not None else self.component.text or "text"

    def is_null_carried(self, scope: Scope) -> bool:
        """Tell whether the source carries the field, or the component with its own text, with a null."""
        node = self.holder(scope)
        if node is None:
            return False
        if self.field is None:
            return node.properties.get(NIL) == "Y"
        return node.properties.get(self.field.name, "") is None


@dataclass(frozen=True, eq=False)
class _Way:
    """A step with its conditions resolved: each is a path from the child, and a test of its text."""

    step: Step
    conditions: tuple[tuple[ValuePath, PathTest], ...]


def value_path(text: str, position: Position) -> ValuePath:
    """Resolve the path *text*, from *position*, to one value.

    Raises:
        PathUnknown: the definition has no such path, or the path may match more than once.
    """
    start = _start(text, position)
    rest = start.rest
    parts = [] if rest in ("", ".") else split_path(rest)
    # An attribute is the last step, and may stand behind a component without a slash: A/B@C.
    attribute = ""
    if parts:
        last, sign, name = parts[-1].rpartition("@")
        # An @ within brackets belongs to a condition.
        if sign and "]" not in name:
            attribute = "@" + name
            parts[-1:] = [last] if last else []
    steps = [step_of(part, text) for part in parts]
    field: Field | None = None
    # The last step may be a field or a component with a text of its own. Brackets make it a component for certain.
    if not attribute and steps and steps[-1].is_plain:
        end, ways = _walk(start.position, steps[:-1], text)
        field = end.component.fields.get(steps[-1].name)
        if field is None and steps[-1].name in end.component.children:
            end, last_way = _walk(end, steps[-1:], text)
            ways += last_way
        elif field is None:
            _field(end.component, steps[-1].name)
    else:
        end, ways = _walk(start.position, steps, text)
        field = _field(end.component, attribute) if attribute else None
    component = end.component
    if field is None and component.text is None:
        raise PathUnknown(
            f"'{component.name}' is a component and has no text of its own",
            _known("name one of its fields", component),
        )
    names = {step.name for step in steps} | {attribute.removeprefix("@")} - {""}
    names |= {name for way in ways for path, _ in way.conditions for name in path.names}
    holder = _holder(start, ways, text)
    raw = _raw(start.is_own and not ways, field, holder)
    return ValuePath(text, component, field, start.position.shape, frozenset(names), holder, raw)


def node_path(text: str, position: Position) -> tuple[Find, Position, bool]:
    """Resolve the path *text*, from *position*, to any number of nodes.

    Returns:
        A function that finds the nodes; the position of each; whether the path can match more than once, as far as the
        message doesn't decide it by a condition.

    Raises:
        PathUnknown: the definition has no such path.
    """
    if text in ("", "."):
        return (lambda scope: [scope]), position, False
    if text.startswith("."):
        raise PathUnknown("a path to nodes goes down only", "begin with a child component's name")
    start = _start(text, position)
    parts = split_path(start.rest) if start.rest else []
    if parts and "@" in parts[-1].rpartition("]")[2]:
        raise PathUnknown("an XML attribute is a value, not a node", "name a child component")
    many, end, ways = False, start.position, []
    for step in [step_of(part, text) for part in parts]:
        many = many or (step.is_plain and end.shape.may_repeat(end.component, step.name))
        end = end.below(_child(end.component, step.name))
        ways.append(_way(step, end))
    return _find(start, ways), end, many


@dataclass(frozen=True, eq=False)
class _Start:
    """The node where the steps of a path begin.

    Attributes:
        position: its position.
        up: the steps upwards from the rule's own node.
        is_answered: whether it is the root of the answered message.
        rest: the rest of the path.
    """

    position: Position
    up: int
    is_answered: bool
    rest: str

    @property
    def is_own(self) -> bool:
        """Tell whether the steps begin at the node where the rule stands."""
        return self.up == 0 and not self.is_answered

    def find(self, scope: Scope) -> list[Scope]:
        """Find the scope of the node in a message; none where the message has no such node."""
        if self.is_answered:
            circumstances = scope.root().circumstances
            return [] if circumstances.answered is None else [RootScope(circumstances.answered, circumstances)]
        for _ in range(self.up):
            if scope.above is None:
                return []
            scope = scope.above
        return [scope]


def _start(text: str, position: Position) -> _Start:
    if text.startswith(ANSWERED):
        if position.answered is None:
            raise PathUnknown(
                "the map doesn't say which message is answered", "add `answers:` with its object to the map's head"
            )
        return _Start(position.answered, 0, True, text.removeprefix(ANSWERED))
    up, rest = _climb(text)
    for _ in range(up):
        if position.above is None:
            raise PathUnknown(f"there is nothing above '{position.component.name}'", "take away a '..'")
        position = position.above
    return _Start(position, up, False, rest)


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


def _walk(position: Position, steps: list[Step], text: str) -> tuple[Position, list[_Way]]:
    """Find the position at the end of *steps*. Each step must match once at most, or have a condition."""
    ways = []
    for step in steps:
        component = position.component
        below = _child(component, step.name)
        if step.is_plain and position.shape.may_repeat(component, step.name):
            raise PathUnknown(
                f"'{text}' may match more than once: '{component.name}' may have several '{step.name}', "
                "and one value is needed",
                f"write {step.name}[1] for the first one, choose one by a condition, {step.name}[FIELD='...'], "
                "or make a component for each",
            )
        position = position.below(below)
        ways.append(_way(step, position))
    return position, ways


def _way(step: Step, position: Position) -> _Way:
    """Resolve the conditions of a step that leads to *position*."""
    conditions = []
    for test in step.tests:
        path = value_path(test.path, position)
        values = path.field.values if path.field is not None else ()
        if path.type == "flag":
            values = ("Y", "N")
        if values and test.value not in values:
            raise PathUnknown(
                f"'{test.path}' is never '{test.value}': it is one of {', '.join(values)}",
                nearest(str(test.value), values) or "compare it with one of them",
            )
        conditions.append((path, test))
    return _Way(step, tuple(conditions))


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


def _find(start: _Start, ways: list[_Way]) -> Find:
    finds: list[Find] = [] if start.is_own else [start.find]
    finds += [_find_children(way, start.position.shape) for way in ways]
    if len(finds) == 1:
        return finds[0]

    def find(scope: Scope) -> list[Scope]:
        scopes = [scope]
        for find_children in finds:
            scopes = [below for above in scopes for below in find_children(above)]
        return scopes

    return find


def _find_children(way: _Way, shape: Shape) -> Find:
    name, number, conditions, children = way.step.name, way.step.number, way.conditions, shape.children
    if conditions:

        def chosen(scope: Scope) -> list[Scope]:
            below = [Scope(node, scope) for node in children(scope.node, name)]
            found = [child for child in below if all(test.holds(path.raw(child)) for path, test in conditions)]
            return found if number is None else found[number - 1 : number]

        return chosen
    if number is not None:
        return lambda scope: [Scope(node, scope) for node in children(scope.node, name)[number - 1 : number]]
    return lambda scope: [Scope(node, scope) for node in children(scope.node, name)]


def _holder(start: _Start, ways: list[_Way], text: str) -> Holder:
    if start.is_answered or any(way.conditions for way in ways):
        find = _find(start, ways)

        def choose(scope: Scope) -> PropertySet | None:
            found = find(scope)
            if len(found) > 1:
                raise ExpressionFault(
                    f"{len(found)} nodes fit '{text}', and one value is needed",
                    "correct the message, add to the condition, or write a number behind it: A[B='x'][1]",
                    running=True,
                )
            return found[0].node if found else None

        return choose
    # Numbers are counted from 1 in paths, from 0 in lists. A step without a number was proven to match once at most.
    descents = [(way.step.name, (way.step.number or 1) - 1) for way in ways]
    up, children = start.up, start.position.shape.children

    def holder(scope: Scope) -> PropertySet | None:
        for _ in range(up):
            if scope.above is None:
                return None
            scope = scope.above
        node = scope.node
        for name, number in descents:
            siblings = children(node, name)
            if number >= len(siblings):
                return None
            node = siblings[number]
        return node

    return holder


def _raw(is_own: bool, field: Field | None, holder: Holder) -> Raw:
    """Make the function that reads the text. The frequent cases take the fewest operations.

    *is_own*: the value is one of the node where the rule stands.
    """
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
    if is_own:
        return lambda scope: scope.node.properties.get(name)

    def found(scope: Scope) -> str | None:
        node = holder(scope)
        return None if node is None else node.properties.get(name)

    return found
