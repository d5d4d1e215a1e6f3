"""Guesses for a map's rules: the source value for each target field, and the source nodes for each target component.

Spec: docs/data_maps.md, "A first draft".
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from integration_objects.definition import Component, Field, FieldType
from maps.drafting.likeness import is_common, is_moment, likeness, words
from maps.drafting.source_view import MAX_STEPS, SourceValue, SourceView, is_mapped, position_of, value_exists
from maps.map_compiler import OWN_TEXT
from maps.scope import Position

#: A guess below this likelihood is none.
LEAST = 0.55
#: The likeliest nodes by name, which are compared field by field.
_COMPARED = 40
#: As many filled fields show that a component is meant; others are often optional.
_ENOUGH = 4
#: A name that is alike only together with its component's name is a little less alike.
_WITH_COMPONENT = 0.95
#: A long path is less likely than a short one.
_PER_STEP = 0.94
#: A text that is read as another type, and a value of another type that becomes a text, are less likely.
_TYPE_READ = 0.9
_TYPE_LOST = 0.8
#: Of the sender's number and the hub's own, the sender's is likelier.
_SENDERS = 0.02
#: A single node is less likely meant for components that may stand several times.
_NOT_REPEATED = 0.7
#: A text of such a name is no number to count with.
_IDS = (("id",), ("identifier",), ("code",))


@dataclass(frozen=True)
class FieldGuess:
    """A source value for a target field, with its likelihood from 0 to 1."""

    value: SourceValue
    likelihood: float


@dataclass(frozen=True)
class NodesGuess:
    """Source nodes for a target component: their path, their position, and the likelihood from 0 to 1."""

    path: str
    position: Position
    likelihood: float


@dataclass(frozen=True)
class Made:
    """A component of the target, and the one that it is made in (None for the header)."""

    component: Component
    holder: Component | None

    @property
    def fields(self) -> list[Field]:
        """The fields that a map may fill, with the component's own text."""
        own = [] if self.component.text is None else [Field(OWN_TEXT, self.component.text)]
        return own + [field for field in self.component.fields.values() if field.required or is_mapped(field)]

    def names_of(self, field: Field) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the words of a field's name, and of the name of the component that it belongs to."""
        if field.name != OWN_TEXT:
            return words(field.name), words(self.component.name)
        return words(self.component.name), words(self.holder.name) if self.holder is not None else ()


class Guesser:
    """Guesses from one source."""

    def __init__(self, view: SourceView) -> None:
        self._view = view

    def fields(self, made: Made, position: Position) -> dict[str, FieldGuess]:
        """Pair the fields of a target component with the values at *position*."""
        return {
            name: guess
            for name, guess in self._pairs(made, position.component, MAX_STEPS).items()
            if value_exists(guess.value.path, position)
        }

    def nodes(self, made: Made, position: Position, single: bool) -> NodesGuess | None:
        """Find the source nodes that are most like a target component; *single*: one node at most may be found."""
        named = []
        for nodes in self._view.nodes(position.component):
            if nodes.many and single:
                continue
            # Behind "Item/", "AdditionalItemProperty" says "item" once more.
            name, holder = words(nodes.component.name), words(nodes.path.rpartition("/")[0].rpartition("/")[2])
            own = tuple(word for word in name if word not in holder)
            alike = max(likeness(each, words(made.component.name)) for each in (name, own or name))
            alike *= _PER_STEP ** nodes.path.count("/") * (1 if nodes.many or single else _NOT_REPEATED)
            named.append((alike, nodes))
        named.sort(key=lambda each: -each[0])
        found = max(
            ((0.6 * alike + 0.4 * self.coverage(made, nodes.component), nodes) for alike, nodes in named[:_COMPARED]),
            key=lambda each: each[0],
            default=None,
        )
        if found is None or found[0] < LEAST:
            return None
        below = position_of(found[1].path, position)
        return None if below is None else NodesGuess(found[1].path, below, found[0])

    def coverage(self, made: Made, source: Component) -> float:
        """Estimate from 0 to 1 how well a component of the source fills one of the target."""
        found = self._pairs(made, source, 1).values()
        enough = min(_ENOUGH, len(made.fields))
        return min(1.0, sum(guess.likelihood for guess in found) / enough) if enough else 0.0

    def nesting_path(self, source: Component) -> str | None:
        """Find the way from a source node to the nodes of its kind within it."""
        return self._view.nesting_path(source)

    def _pairs(self, made: Made, source: Component, most_steps: int) -> dict[str, FieldGuess]:
        """Pair fields and values, the likeliest pair first; each value is used once."""
        values = self._view.values(source, most_steps)
        pairs = [
            (-likelihood, number, field.name, value)
            for field in made.fields
            for number, value in enumerate(values)
            if (likelihood := _likelihood(value, field, made)) >= LEAST
        ]
        guesses: dict[str, FieldGuess] = {}
        used: set[int] = set()
        # Of equals, the value that the source has first.
        for likelihood, number, name, value in sorted(pairs, key=lambda pair: pair[:3]):
            if name not in guesses and number not in used:
                guesses[name] = FieldGuess(value, -likelihood)
                used.add(number)
        return guesses


def _likelihood(value: SourceValue, field: Field, made: Made) -> float:
    """Say from 0 to 1 how likely a value is meant for a field."""
    by_type, (target, target_holder) = _by_type(value, field.type), made.names_of(field)
    if not by_type or ("parent" in value.words and "parent" not in target):
        return 0.0
    # In the hub's objects "Source" means the sender's. The sender doesn't say so, and hardly knows the hub's own.
    if not made.component.tag and f"Source {field.name}" in made.component.fields:
        return 0.0
    # Further down, a source is another thing: the currency that an exchange rate converts from.
    source, senders = (value.words, False) if value.steps else _without_source(value.words)
    target, takes_senders = _without_source(target)
    if value.steps and is_common(source):
        alike = _alike(_once(value.holder_words, source), (), target, target_holder) * _WITH_COMPONENT
    else:
        alike = _alike(source, value.holder_words, target, target_holder)
    bonus = _SENDERS * (senders or takes_senders)
    return min(1.0, (alike + bonus) * by_type * _PER_STEP**value.steps)


@functools.cache
def _alike(
    source: tuple[str, ...], holder: tuple[str, ...], target: tuple[str, ...], target_holder: tuple[str, ...]
) -> float:
    """Compare two names, as they stand and with one of them behind its component's name."""
    return max(
        likeness(source, target),
        likeness(_once(holder, source), target) * _WITH_COMPONENT,
        likeness(source, _once(target_holder, target)) * _WITH_COMPONENT,
    )


def _by_type(value: SourceValue, target: FieldType) -> float:
    """Say from 0 to 1 how well a value's type suits a field's."""
    if value.type == target:
        return 1.0
    if target == "text":
        return _TYPE_LOST
    # Dates of eight digits are texts, or numbers in records.
    read_from = ("text", "number") if target == "date" else ("text",)
    if target == "number" and value.words[-1:] in _IDS:
        return 0.0
    return _TYPE_READ if value.type in read_from and is_moment(value.words) is (target == "date") else 0.0


def _without_source(name: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    return (name[1:], True) if len(name) > 1 and name[0] == "source" else (name, False)


def _once(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
