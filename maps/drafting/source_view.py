"""The values and the nodes of a source that the rules of a drafted map can reach.

Spec: docs/data_maps.md, "A first draft".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from integration_objects.definition import Component, Field, FieldType
from maps.drafting.likeness import words
from maps.map_compiler import OWN_TEXT
from maps.path import NIL, node_path, value_path
from maps.path_steps import PathUnknown
from maps.scope import Position
from maps.shape import Shape
from schemas.layouts.layout import KEPT

#: Steps of a path that is guessed; a longer one is seldom right.
MAX_STEPS = 3
#: Components whose values one rule looks at, and nodes: a schema such as UBL's has thousands within three steps.
MAX_COMPONENTS = 300
MAX_NODES = 5_000
#: Fields that the hub, the schema's machinery or the layout fills.
_NOT_MAPPED = frozenset(("Row Id", "Modification Number", "Parent Item Id", NIL, "@xsi:type", "FILLER"))


def is_mapped(field: Field) -> bool:
    """Tell whether a map may have to do with a field."""
    return field.name not in _NOT_MAPPED and not field.name.endswith(KEPT)


@dataclass(frozen=True)
class SourceValue:
    """A value of the source.

    Attributes:
        path: the path to it from the rule's node.
        steps: the components on the way; one with attributes that stands for its text counts as a field.
        field: its field; None for a component's own text.
        type: its type.
        words: the words of its name.
        holder_words: the words of the name of the component that it belongs to.
    """

    path: str
    steps: int
    field: Field | None
    type: FieldType
    words: tuple[str, ...]
    holder_words: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The values that the source allows; none for no restriction."""
        return self.field.values if self.field is not None else ()


@dataclass(frozen=True)
class SourceNodes:
    """Nodes of the source: the path to them, their component, and whether there may be several."""

    path: str
    component: Component
    many: bool


class SourceView:
    """Looks from a component of the source downwards; remembers every look."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._values: dict[tuple[int, int], list[SourceValue]] = {}
        self._nodes: dict[int, list[SourceNodes]] = {}

    def values(self, component: Component, most_steps: int) -> list[SourceValue]:
        """List the values that a rule at *component* can read, nearest first."""
        key = id(component), most_steps
        if key not in self._values:
            self._values[key] = [
                value for path, way in self._ways(component, most_steps, single=True) for value in _values_of(path, way)
            ]
        return self._values[key]

    def nodes(self, component: Component) -> list[SourceNodes]:
        """List the nodes beneath *component*, nearest first."""
        if id(component) not in self._nodes:
            self._nodes[id(component)] = [
                SourceNodes(path, way[-1], self._may_repeat(way))
                for path, way in self._ways(component, MAX_STEPS, single=False)
                if path
            ]
        return self._nodes[id(component)]

    def nesting_path(self, component: Component) -> str | None:
        """Find the way from a node to the nodes of its kind within it; None if it holds none."""
        for path, way in self._ways(component, MAX_STEPS - 1, single=False):
            for name, child in way[-1].children.items():
                # UBL's lines hold lines of another name, which then hold their own kind.
                is_alike = child.children.get(name) is child and set(child.fields) == set(component.fields)
                if child is component or is_alike:
                    return _joined(path, name)
        return None

    def _may_repeat(self, way: tuple[Component, ...]) -> bool:
        pairs = itertools.pairwise(way)
        return any(
            self._shape.may_repeat(above, name)
            for above, below in pairs
            for name, child in above.children.items()
            if child is below
        )

    def _ways(
        self, component: Component, most_steps: int, *, single: bool
    ) -> Iterator[tuple[str, tuple[Component, ...]]]:
        """Walk downwards level by level; *single*: only where one node at most can be found."""
        level: list[tuple[str, tuple[Component, ...]]] = [("", (component,))]
        looked_at = 0
        for _ in range(most_steps + 1):
            following = []
            for path, way in level:
                looked_at += 1
                if looked_at > (MAX_COMPONENTS if single else MAX_NODES):
                    return
                yield path, way
                for name, child in way[-1].children.items():
                    # A component within itself is walked by `recurse`.
                    if child not in way and not (single and self._shape.may_repeat(way[-1], name)):
                        following.append((_joined(path, name), (*way, child)))
            level = following


def value_exists(path: str, position: Position) -> bool:
    """Tell whether a map can be written with a path to a value: a name may hold signs that no path can."""
    try:
        value_path(path, position)
    except PathUnknown:
        return False
    return True


def position_of(path: str, position: Position) -> Position | None:
    """Return the position at the end of a path to nodes; None if no map can be written with the path."""
    try:
        return node_path(path, position)[1]
    except PathUnknown:
        return None


def _values_of(path: str, way: tuple[Component, ...]) -> Iterator[SourceValue]:
    component, steps = way[-1], len(way) - 1
    if component.text is not None:
        above = way[-2] if steps else component
        yield SourceValue(
            path or OWN_TEXT, max(steps - 1, 0), None, component.text, words(component.name), words(above.name)
        )
    for field in component.fields.values():
        if is_mapped(field):
            joined = path + field.name if field.name.startswith("@") else _joined(path, field.name)
            yield SourceValue(joined, steps, field, field.type, words(field.name), words(component.name))


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
