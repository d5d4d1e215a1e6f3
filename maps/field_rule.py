"""A field rule: how one field of the target is filled. Compiled once; the frequent forms need no expression.

    Source Order Number: "[ORD-NO]"                        a reference: the source's text, as it came
    Action Code: "lookup('action', [ACTN])"                a look-up of a reference
    Source System: "'MAINFRAME'"                           a constant
    Due Date: "date([DUE], 'YYYYMMDD')"                    anything else of the expression language
    Currency Code: {value: "[CURR]", default: USD}         the default is text, and stands for null

A value that is null leaves the field out; where the source itself carries a null in a field that the
expression reads, or the expression is NULL, the target carries the null.

Source: spec: docs/design/road.md, "Data maps: the grammar"; docs/design/methods.md, "carried".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from integration_objects.definition import Field
from integration_objects.expression import (
    Call,
    Constant,
    DateText,
    Expression,
    ExpressionFault,
    FieldName,
    Function,
    Node,
    Value,
    compile_expression,
)
from integration_objects.field_values import as_number, check_characters, check_value, shown, write_number
from maps.functions import FUNCTIONS, prove_children
from maps.lookup import LookupTable
from maps.path import PathUnknown, Position, Scope, ValuePath, value_path

Form = Literal["reference", "lookup", "constant", "expression"]
Read = Callable[[Scope], str | None]

#: Accepted texts, and results of an expression, that a field rule remembers: most of them come again.
MAX_REMEMBERED = 2_000
#: An expression over more fields than this seldom meets the same values again.
MAX_KEY_FIELDS = 3

#: No text of an expression, compared by identity.
_UNKNOWN = "\0"


class LookupMiss(Exception):
    """A code isn't in a look-up table; becomes NotInLookup where the field and the node are known."""

    def __init__(self, table: LookupTable, code: str) -> None:
        super().__init__(code)
        self.table = table
        self.code = code


class Unfit(Exception):
    """A value can't stand in its field; becomes ValueUnfit where the node is known."""


@dataclass(eq=False)
class SourceExpression:
    """An expression over the source, with what it refers to.

    Attributes:
        expression: compiled.
        references: the paths that it reads, in the order in which they are written.
        lookups: the tables of its map.
    """

    expression: Expression
    references: tuple[ValuePath, ...]
    lookups: Mapping[str, LookupTable]

    @property
    def names(self) -> frozenset[str] | None:
        """The names on its paths; nothing else needs to be read for it. None where a function sees all there is."""
        if _sees_scope(self.expression):
            return None
        steps = (step for path in self.references for step in re.split("[/@]", path.text))
        return frozenset(step.lstrip(".").partition("[")[0] for step in steps)


def compile_source_expression(text: str, position: Position, lookups: Mapping[str, LookupTable]) -> SourceExpression:
    """Compile an expression of a map, whose fields are paths from *position*.

    Raises:
        ExpressionFault: the text is no expression, a path is unknown or may match more than once, or a
            look-up table is unknown.
    """
    references: list[ValuePath] = []

    def read(name: str, column: int) -> Callable[[Scope], Value]:
        try:
            path = value_path(name, position)
        except PathUnknown as unknown:
            raise ExpressionFault(unknown.why, column=column, mend=unknown.mend) from unknown
        references.append(path)
        return _typed(path, column)

    functions = {**FUNCTIONS, "lookup": _lookup_function(lookups)}
    expression = compile_expression(text, read, functions)
    prove_children(expression, position.component)
    for call in expression.calls:
        if call.name == "lookup":
            name = dict(call.constants).get(0)
            if not isinstance(name, str) or name not in lookups:
                raise ExpressionFault(
                    f"there is no look-up table {name!r}" if name else "lookup wants a table's name in quotes",
                    column=call.column,
                    expression=text,
                    mend="the map's tables: " + (", ".join(lookups) or "none; add it at `lookups`"),
                )
    return SourceExpression(expression, tuple(references), lookups)


@dataclass(eq=False)
class FieldRule:
    """How one field of a target component is filled.

    Attributes:
        field: the target's field.
        external: whether the target is an external object, whose schema checks what is written.
        where: file:line:column of the expression.
        source: the expression and what it reads.
        form: which of the frequent forms it has.
        table: the look-up table, where the form is a look-up of a reference.
        default: the text where the value is null; None for none.
        read: the text for a scope; None for null. Raises ExpressionFault, LookupMiss, Unfit.
        good: texts that were accepted before.
    """

    field: Field
    external: bool
    where: str
    source: SourceExpression
    form: Form
    table: LookupTable | None
    default: str | None
    read: Read
    good: set[str]

    @property
    def text(self) -> str:
        """The expression as the map has it."""
        return self.source.expression.text

    def accept(self, text: str) -> None:
        """Check a text for the field, and remember it where it may stand there.

        Raises:
            Unfit: it may not.
        """
        why = unfit(self.field, self.external, text)
        if why is not None:
            raise Unfit(why)
        if len(self.good) >= MAX_REMEMBERED:
            self.good.clear()
        self.good.add(text)

    def carries_null(self, scope: Scope) -> bool:
        """Whether the target carries a null where the value is null."""
        tree = self.source.expression.tree
        if isinstance(tree, Constant) and tree.value is None:
            return True
        return any(path.is_null_carried(scope) for path in self.source.references)


def compile_field_rule(
    field: Field,
    external: bool,
    text: str,
    default: str | None,
    where: str,
    position: Position,
    lookups: Mapping[str, LookupTable],
) -> FieldRule:
    """Compile the rule for *field*.

    Args:
        field: the target's.
        external: whether the target is an external object.
        text: the expression.
        default: the text where the value is null.
        where: the place of the expression.
        position: where the rule stands in the source.
        lookups: the map's tables.

    Raises:
        ExpressionFault: as `compile_source_expression`.
    """
    source = compile_source_expression(text, position, lookups)
    form, table, read = _form(source, field, external, position, lookups)
    return FieldRule(field, external, where, source, form, table, default, read, set())


def unfit(field: Field, external: bool, text: str) -> str | None:
    """Why *text* can't stand in a target's field, or None.

    An external field's type is its schema's business, which also knows other notations of numbers and dates.
    """
    if not external:
        return check_value(field, text)
    if field.length is not None and len(text) > field.length:
        return f"expected at most {field.length} characters, found {len(text)}"
    if field.values and text not in field.values:
        return f"expected one of {', '.join(field.values)}, found {shown(text)}"
    return check_characters(text)


def constant_text(rule: FieldRule) -> str | None:
    """The text that a rule of the form constant always gives; None for null and for other forms."""
    tree = rule.source.expression.tree
    return _written(tree.value, rule.field, rule.external) if isinstance(tree, Constant) else None


def _form(
    source: SourceExpression,
    field: Field,
    external: bool,
    position: Position,
    lookups: Mapping[str, LookupTable],
) -> tuple[Form, LookupTable | None, Read]:
    expression = source.expression
    tree = expression.tree
    if isinstance(tree, Constant):
        constant = _written(tree.value, field, external)
        return "constant", None, lambda scope: constant
    if isinstance(tree, FieldName):
        path = source.references[0]
        if path.type == field.type == "flag" and position.external != external:
            return "reference", None, _flag_read(path.raw, external)
        return "reference", None, path.raw
    if isinstance(tree, Call) and _is_plain_lookup(tree):
        table = lookups[str(tree.constants[0])]
        return "lookup", table, _lookup_read(table, source.references[0].raw, tree.constants)
    evaluate = expression.evaluate

    def read(scope: Scope) -> str | None:
        value = evaluate(scope)
        return value if type(value) is str else _written(value, field, external)

    raws = list({path.text: path.raw for path in source.references}.values())
    if not 1 <= len(raws) <= MAX_KEY_FIELDS or _sees_scope(expression):
        return "expression", None, read
    return "expression", None, _remembering(read, raws)


def _flag_read(raw: Read, external: bool) -> Read:
    """A flag of the other side: XML's true and false are the hub's Y and N."""
    words = {"Y": "true", "N": "false"} if external else {"true": "Y", "1": "Y", "false": "N", "0": "N"}

    def read(scope: Scope) -> str | None:
        text = raw(scope)
        return None if text is None else words.get(text, text)

    return read


def _sees_scope(expression: Expression) -> bool:
    return any(call.name in FUNCTIONS and FUNCTIONS[call.name].needs_scope for call in expression.calls)


def _remembering(read: Read, raws: list[Read]) -> Read:
    """The reader of an expression over few fields, which gives the same text for the same values."""
    known: dict[object, str | None] = {}
    first = raws[0]
    second = raws[-1]
    key: Callable[[Scope], object] = first
    if len(raws) == 2:
        key = lambda scope: (first(scope), second(scope))  # noqa: E731  # one call less than a def with a loop
    elif len(raws) > 2:
        key = lambda scope: tuple([raw(scope) for raw in raws])  # noqa: E731

    def remember(scope: Scope) -> str | None:
        values = key(scope)
        # One look, because another thread may empty the dictionary in between.
        found = known.get(values, _UNKNOWN)
        if found is not _UNKNOWN:
            return found
        found = read(scope)
        if len(known) >= MAX_REMEMBERED:
            known.clear()
        known[values] = found
        return found

    return remember


def _is_plain_lookup(call: Call) -> bool:
    """Whether a call is a look-up of a reference in a table, with a text as its default at most."""
    if call.name != "lookup" or not isinstance(call.parts[1], FieldName):
        return False
    return all(_is_quoted(part) for place, part in enumerate(call.parts) if place != 1)


def _is_quoted(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, str) and not node.is_bare


def _lookup_read(table: LookupTable, raw: Read, constants: Mapping[int, Value]) -> Read:
    values = table.values
    given = constants.get(2, table.default)
    default = given if isinstance(given, str) else None

    def read(scope: Scope) -> str | None:
        code = raw(scope)
        if code is None:
            return default
        text = values.get(code, default)
        if text is None:
            raise LookupMiss(table, code)
        return text

    return read


def _lookup_function(lookups: Mapping[str, LookupTable]) -> Function:
    def lookup(name: Value, code: Value, *given: Value) -> Value:
        table = lookups[str(name)]
        default = given[0] if given else table.default
        if code is None:
            return default
        key = write_number(code) if isinstance(code, Decimal) else str(code)
        if key in table.values:
            return table.values[key]
        if given or default is not None:
            return default
        raise LookupMiss(table, key)

    return Function("lookup", lookup, 2, 3, help="Take the table's text for a code, or the default.")


def _typed(path: ValuePath, column: int) -> Callable[[Scope], Value]:
    """What reads the path's value with its type, for expressions."""
    raw = path.raw
    if path.type == "number":

        def number(scope: Scope) -> Value:
            text = raw(scope)
            if text is None:
                return None
            value = as_number(text.strip())
            if value is None:
                why = f"expected a number in '{path.text}', found {shown(text)}"
                mend = "have the sender write digits with a sign and a point, or read the text by number()"
                raise ExpressionFault(why, column=column, mend=mend, running=True)
            return value

        return number
    if path.type == "date":

        def date(scope: Scope) -> Value:
            text = raw(scope)
            return None if text is None else DateText(text)

        return date
    return raw


def _written(value: Value, field: Field, external: bool) -> str | None:
    """A value as the text of a field."""
    if value is None:
        return None
    if isinstance(value, bool):
        if external:
            return "true" if value else "false"
        if field.type == "flag":
            return "Y" if value else "N"
        raise Unfit(f"a truth value fits a flag only, and '{field.name}' is a {field.type}")
    if isinstance(value, Decimal):
        return write_number(value)
    return str(value)
