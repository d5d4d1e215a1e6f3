"""A first draft of a data map, as text: every guess is marked, and everything that is missing is named.

    draft(source, target)     Draft: the map's text, and the list of the missing parts

`map check` accepts the draft but for the missing parts.

Spec: docs/data_maps.md, "A first draft".
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.names import ACTION_CODES
from maps.drafting.guesses import FieldGuess, Guesser, Made, NodesGuess
from maps.drafting.likeness import likeness, words
from maps.drafting.source_view import SourceValue, SourceView
from maps.map_compiler import OWN_TEXT
from maps.scope import Position
from maps.shape import shape_of

#: Components within components that a draft makes; a schema may be much deeper.
MAX_DEPTH = 8
#: Rules after which a draft makes required components only: two schemas that hold the same types have no end.
MAX_RULES = 100
#: The codes of a look-up table that a draft writes out.
MAX_CODES = 40
#: How much better nodes beneath the source's root must fill the target's header than the root does.
_BETTER = 1.3
_WIDTH = 118
_PLAIN_KEY = re.compile("[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9]|[A-Za-z]")
_NOT_NULL = re.compile("null|~", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """A drafted map.

    Attributes:
        text: the YAML.
        missing: the parts that somebody must write, a line each; `map check` refuses the map without them.
    """

    text: str
    missing: tuple[str, ...]


def draft(source: IntegrationObject, target: IntegrationObject) -> Draft:
    """Draft a map from one integration object to another."""
    shape = shape_of(source)
    guesser = Guesser(SourceView(shape))
    drafter = _Drafter(source, guesser)
    made, position = Made(target.root, None), Position(source.root, None, shape)
    rule = []
    nodes = guesser.nodes(made, position, single=target.external)
    # Many sources wrap their orders in an outer element; a file of records has them beneath the root.
    if nodes is not None and guesser.coverage(made, nodes.position.component) > _BETTER * guesser.coverage(
        made, source.root
    ):
        position = nodes.position
        rule = [f"each: {_scalar(nodes.path)}  # {_likely(nodes.likelihood)}"]
    rule += drafter.rule(made, position, (target.root,))
    head = [
        "# A draft. Each guess is by names and types: read every line, and correct it.",
        *_missing_lines(drafter.missing),
        f"map: {_scalar(f'{source.name} to {target.name}')}",
        f"from: {_scalar(source.name)}",
        f"to: {_scalar(target.name)}",
        *drafter.lookup_lines(),
        f"make: {_scalar(target.root.name)}",
    ]
    return Draft("\n".join([*head, *rule]) + "\n", tuple(drafter.missing))


def _missing_lines(missing: Sequence[str]) -> list[str]:
    return (
        ["# Missing, and without it `map check` refuses the map:", *(f"#   {line}" for line in missing)]
        if missing
        else []
    )


class _Drafter:
    """Drafts the rules of one map; collects its look-up tables and the missing parts."""

    def __init__(self, source: IntegrationObject, guesser: Guesser) -> None:
        self._source = source
        self._guesser = guesser
        self._rules = 0
        self.missing: list[str] = []
        #: each look-up table with its field of the source, its codes with their texts, and the codes without one
        self._lookups: dict[str, tuple[str, dict[str, str], list[str]]] = {}

    def rule(self, made: Made, position: Position, above: tuple[Component, ...]) -> list[str]:
        """Draft `fields` and `children` of a rule; *above*: the target's components from the header to this one."""
        self._rules += 1
        return [*self._fields(made, position), *self._children(made.component, position, above)]

    def lookup_lines(self) -> Iterator[str]:
        """Write the look-up tables that the rules use."""
        if self._lookups:
            yield "lookups:"
        for name, (read, texts, missing) in self._lookups.items():
            yield f"  {_key(name)}:  # the codes of {read}"
            yield from (f"    {_scalar(code)}: {_scalar(text)}  # guess" for code, text in texts.items())
            yield from (f"    # missing: {_scalar(code)}" for code in missing)

    def _fields(self, made: Made, position: Position) -> list[str]:
        guesses = self._guesser.fields(made, position)
        lines, left, filled = [], [], False
        for field in made.fields:
            guess = guesses.get(field.name)
            written = self._constant(field) if guess is None else self._value(field, guess, made.component)
            if written is not None:
                lines.append(f"  {_key(field.name)}: {written}")
                filled = True
            elif field.required or field.name == OWN_TEXT:
                name = "the text" if field.name == OWN_TEXT else field.name
                self.missing.append(f"{made.component.name}: {name} ({_described(field)})")
                lines.append(f"  # missing: {name} ({_described(field)})")
            else:
                left.append(field.name)
        return [*(["fields:"] if filled else []), *lines, *_comment("no guess for", left)]

    def _constant(self, field: Field) -> str | None:
        """Write the system that sends, where the target asks for it."""
        if words(field.name) != ("source", "system"):
            return None
        system = self._source.name.split()[0].upper()
        return f"{_quoted(_text(system))}  # guess, by the source's name"

    def _value(self, field: Field, guess: FieldGuess, component: Component) -> str | None:
        """Write the expression of a guess with its comment; None where no value of the source fits."""
        value, codes = guess.value, guess.value.codes
        known = field.values or (ACTION_CODES if field.name == "Action Code" else ())
        if codes and len(codes) <= MAX_CODES and not set(codes) <= set(known):
            name = self._lookup(field, component, value, known)
            if name is None:
                return None
            expression, note = f"lookup({_text(name)}, [{value.path}])", ""
        else:
            expression, note = _conversion(value, field)
        return f"{_quoted(expression)}  # {_likely(guess.likelihood)}{note}"

    def _lookup(self, field: Field, component: Component, value: SourceValue, known: Sequence[str]) -> str | None:
        """Draft a look-up table for the codes of a source field; return its name, or None if no code has a text."""
        texts = {code: text for code in value.codes if (text := _nearest(code, known) if known else code)}
        if not texts:
            return None
        missing = [code for code in value.codes if code not in texts]
        for name in (" ".join(words(field.name)), f"{component.name} {field.name}", f"{component.name} {value.path}"):
            table = (value.path, texts, missing)
            if self._lookups.get(name, table)[1:] == table[1:]:
                if name not in self._lookups and missing:
                    allowed = f" (one of {', '.join(known)})"
                    self.missing.append(f"look-up table {name}: {', '.join(missing)}{allowed}")
                self._lookups[name] = table
                return name
        return None

    def _children(self, component: Component, position: Position, above: tuple[Component, ...]) -> list[str]:
        lines, left = [], []
        for name, child in component.children.items():
            if child in above or len(above) >= MAX_DEPTH:
                continue  # lines within lines come by `recurse` or `flat`
            least, most = component.occurs.get(name, (0, None))
            made, nodes = Made(child, component), None
            if least or self._rules < MAX_RULES:
                nodes = self._guesser.nodes(made, position, single=most == 1)
            # An element that stands for its text is left out without one.
            if not least and (nodes is None or (child.text is not None and not self._has_text(made, nodes))):
                left.append(name)
                continue
            lines += self._child(made, position, nodes, above)
        if lines:
            lines = ["children:", *(f"  {line}" for line in lines)]
        return lines + _comment("no guess for", left)

    def _has_text(self, made: Made, nodes: NodesGuess) -> bool:
        return OWN_TEXT in self._guesser.fields(made, nodes.position)

    def _child(
        self, made: Made, position: Position, nodes: NodesGuess | None, above: tuple[Component, ...]
    ) -> list[str]:
        child, head = made.component, []
        if nodes is None:
            head.append("# guess: made once, since the target requires it")
        else:
            position = nodes.position
            head.append(f"each: {_scalar(nodes.path)}  # {_likely(nodes.likelihood)}")
            if child.children.get(child.name) is child:
                head += self._nesting(position.component)
        lines = [f"make: {_scalar(child.name)}", *head, *self.rule(made, position, (*above, child))]
        return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]

    def _nesting(self, source: Component) -> list[str]:
        """Write how the lines of a source nest: within each other, or in a flat list with the parent's key."""
        path = self._guesser.nesting_path(source)
        if path is not None:
            return [f"recurse: {_scalar(path)}  # guess"]
        by_words = {words(name): name for name in source.fields}
        for parent_words, parent in by_words.items():
            key = by_words.get(tuple(word for word in parent_words if word != "parent"))
            if key is not None and key != parent:
                return [f"flat: {{key: {_quoted(f'[{key}]')}, parent: {_quoted(f'[{parent}]')}}}  # guess"]
        return []


def _conversion(value: SourceValue, field: Field) -> tuple[str, str]:
    """Write the expression that makes a field's value of the source's, and the rest of its comment."""
    reference, length = f"[{value.path}]", value.field.length if value.field is not None else None
    if field.type == "date" and value.type in ("text", "number"):
        return f"date({reference}, 'YYYYMMDD')", "; the form of the date, too"
    if field.type == "number" and value.type != "number":
        return f"number({reference})", ""
    if field.type == "flag" and value.type != "flag":
        return f"{reference} = 'Y'", "; the text for yes, too"
    if length is not None and field.length is not None and length > field.length:
        # A plain reference is refused by the proof; a function leaves the length to each message.
        return f"coalesce({reference})", f"; more than {field.length} characters are refused"
    if field.values:
        return reference, f"; others than {', '.join(field.values)} are refused"
    return reference, ""


def _nearest(code: str, known: Sequence[str]) -> str | None:
    """Find the known value that a code probably means: the same word, or its beginning."""
    for text in known:
        if code.casefold() == text.casefold() or likeness(words(code), words(text)) >= 0.8:
            return text
    starting = [text for text in known if code and text.casefold().startswith(code.casefold())]
    return starting[0] if len(starting) == 1 else None


def _described(field: Field) -> str:
    length = f", at most {field.length} characters" if field.length is not None else ""
    values = f", one of {', '.join(field.values)}" if field.values else ""
    return f"{field.type}{length}{values}"


def _likely(likelihood: float) -> str:
    return f"guess, {round(100 * likelihood)} %"


def _comment(lead: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    text = f"{lead}: {', '.join(names)}"
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)


def _key(text: str) -> str:
    return text if _PLAIN_KEY.fullmatch(text) and not _NOT_NULL.fullmatch(text) else _quoted(text)


#: A plain scalar is written as a key is.
_scalar = _key


def _quoted(text: str) -> str:
    """Write a text in YAML's double quotes, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _text(text: str) -> str:
    """Write a text of an expression."""
    return "'" + text.replace("'", "''") + "'"
