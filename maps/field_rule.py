"""A field rule fills one field of the target. It is compiled once; the frequent forms need no expression.

    Source Order Number: "[ORD-NO]"                        a reference: the source's text, as it came
    Action Code: "lookup('action', [ACTN])"                a look-up of a reference
    Source System: "'MAINFRAME'"                           a constant
    Due Date: "date([DUE], 'YYYYMMDD')"                    any other expression
    Currency Code: {value: "[CURR]", default: USD}         the default is text, in place of null

A null value leaves the field out. If the source carries a null in a field that the expression reads, or the expression
is NULL, the target carries the null.

Spec: docs/design/road.md, "Data maps: the grammar"; docs/design/methods.md, "carried".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from integration_objects.declaration import Node as Declared
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
    NoResult,
    Value,
    compile_expression,
)
from integration_objects.field_values import NOT_FINITE, as_number, shown, write_number
from integration_objects.time_zone import UTC
from maps.date_functions import date_functions, prove_dates
from maps.function_arguments import declared
from maps.functions import FUNCTIONS, prove_children
from maps.lookup import LookupTable
from maps.path import ValuePath, value_path
from maps.path_steps import PathUnknown
from maps.scope import Position, Scope
from maps.shape import Shape, Unfit

Form = Literal["reference", "lookup", "constant", "expression"]
Read = Callable[[Scope], str | None]

#: Accepted texts, and results of an expression, that a field rule remembers: most of them come again.
MAX_REMEMBERED = 2_000
#: An expression over more fields than this seldom meets the same values again.
MAX_KEY_FIELDS = 3

#: No text of an expression, compared by identity.
_UNKNOWN = "\0"


class LookupMiss(Exception):
    """A code isn't in a look-up table; it becomes NotInLookup where the field and the node are known."""

    def __init__(self, table: LookupTable, code: str) -> None:
        super().__init__(code)
        self.table = table
        self.code = code


@dataclass(eq=False)
class SourceExpression:
    """An expression over the source, with the paths and tables that it refers to.

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
        """The names on its paths: only they must be read. None if a function may read any component."""
        # `now` reads the circumstances and no component.
        if any(call.function.needs_scope and call.name != "now" for call in self.expression.calls):
            return None
        return frozenset(name for path in self.references for name in path.names)


@dataclass(frozen=True, eq=False)
class Language:
    """The tables and functions of one map's expressions.

    Attributes:
        lookups: the tables.
        functions: by name.
    """

    lookups: Mapping[str, LookupTable]
    functions: Mapping[str, Function]

    @staticmethod
    def of(lookups: Mapping[str, LookupTable], zone_name: str = UTC) -> Language:
        """Make the language of a map with these tables, whose days are those of a zone."""
        own = {"lookup": _lookup_function(lookups), "now": declared(now, 0, 0, needs_scope=True)}
        return Language(lookups, {**FUNCTIONS, **date_functions(zone_name), **own})


def now(scope: Scope) -> Value:
    """Return the moment of the map's run, the same one in the whole message."""
    moment = scope.root().circumstances.now
    if moment is None:
        raise NoResult("there is no clock here", "use now() in the fields of a map")
    return DateText(moment)


def compile_source_expression(text: str, position: Position, language: Language) -> SourceExpression:
    """Compile an expression of a map, whose fields are paths from *position*.

    Raises:
        ExpressionFault: the text is no expression, a path is unknown or may match more than once, or a look-up table
            is unknown.
    """
    references: list[ValuePath] = []

    def read(name: str, column: int) -> Callable[[Scope], Value]:
        try:
            path = value_path(name, position)
        except PathUnknown as unknown:
            raise ExpressionFault(unknown.why, column=column, mend=unknown.mend) from unknown
        references.append(path)
        return _typed(path, column)

    lookups = language.lookups
    expression = compile_expression(text, read, language.functions)
    prove_children(expression, position.component)
    prove_dates(expression)
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
    """The compiled rule of one field of a target component.

    Attributes:
        field: the target's field.
        shape: the shape of the target.
        where: file:line:column of the expression.
        source: the expression with its paths.
        form: the form of the expression.
        table: the look-up table of the form "lookup".
        default: the text in place of null; None for none.
        read: reads the text for a scope; None for null. Raises ExpressionFault, LookupMiss, Unfit.
        good: texts that were accepted before.
    """

    field: Field
    shape: Shape
    where: str
    source: SourceExpression
    form: Form
    table: LookupTable | None
    default: str | None
    read: Read
    good: set[str]

    @property
    def text(self) -> str:
        """The expression as written in the map."""
        return self.source.expression.text

    def accept(self, text: str) -> None:
        """Check a text for the field, and remember an accepted text.

        Raises:
            Unfit: the text can't stand in the field.
        """
        why = self.shape.unfit(self.field, text)
        if why is not None:
            raise Unfit(why)
        # Emptied as a whole: a bound on memory, whatever a sender writes into the field.
        if len(self.good) >= MAX_REMEMBERED:
            self.good.clear()
        self.good.add(text)

    def carries_null(self, scope: Scope) -> bool:
        """Tell whether a null value is carried by the target, rather than left out."""
        tree = self.source.expression.tree
        if isinstance(tree, Constant) and tree.value is None:
            return True
        return any(path.is_null_carried(scope) for path in self.source.references)


def compile_field_rule(
    field: Field,
    shape: Shape,
    node: Declared,
    default: str | None,
    position: Position,
    language: Language,
) -> FieldRule:
    """Compile the rule for *field*.

    Args:
        field: a field of the target.
        shape: the shape of the target.
        node: the declared expression.
        default: the text in place of null.
        position: the rule's place in the source.
        language: the map's tables and functions.

    Raises:
        ExpressionFault: as `compile_source_expression`.
    """
    source = compile_source_expression(node.text(), position, language)
    form, table, read = _form(source, field, shape)
    return FieldRule(field, shape, node.where, source, form, table, default, read, set())


def constant_text(rule: FieldRule) -> str | None:
    """Give the text of a rule of the form "constant"; None for null and for other forms."""
    tree = rule.source.expression.tree
    return rule.shape.written(tree.value, rule.field) if isinstance(tree, Constant) else None


def _form(source: SourceExpression, field: Field, shape: Shape) -> tuple[Form, LookupTable | None, Read]:
    expression = source.expression
    tree = expression.tree
    if isinstance(tree, Constant):
        constant = shape.written(tree.value, field)
        return "constant", None, lambda scope: constant
    if isinstance(tree, FieldName):
        path = source.references[0]
        if path.type == field.type == "flag" and path.shape is not shape:
            return "reference", None, _flag_read(path.raw, shape.flag_words)
        return "reference", None, path.raw
    if isinstance(tree, Call) and _is_plain_lookup(tree):
        table = source.lookups[str(tree.constants[0])]
        return "lookup", table, _lookup_read(table, source.references[0].raw, tree.constants)
    evaluate = expression.evaluate

    def read(scope: Scope) -> str | None:
        value = evaluate(scope)
        return value if type(value) is str else shape.written(value, field)

    raws = list({path.text: path.raw for path in source.references}.values())
    # A function that sees the scope may read more than the fields that the key is made of.
    if not 1 <= len(raws) <= MAX_KEY_FIELDS or _sees_scope(expression):
        return "expression", None, read
    return "expression", None, _remembering(read, raws)


def _flag_read(raw: Read, words: Mapping[str, str]) -> Read:
    """Translate a flag of the other shape: XML's true and false are the hub's Y and N."""

    def read(scope: Scope) -> str | None:
        text = raw(scope)
        return None if text is None else words.get(text, text)

    return read


def _sees_scope(expression: Expression) -> bool:
    return any(call.function.needs_scope for call in expression.calls)


def _remembering(read: Read, raws: list[Read]) -> Read:
    """Remember the texts of an expression over few fields by the fields' values."""
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
        # One look-up only, since another thread may empty the dictionary between two.
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
    """Tell whether a call looks a reference up in a table, with a quoted text as its default or none."""
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
        # A default that the call gives holds even where it is null. A null default of the table means that it has none.
        if given or default is not None:
            return default
        raise LookupMiss(table, key)

    return Function("lookup", lookup, 2, 3, help="Take the table's text for a code, or the default.")


def _typed(path: ValuePath, column: int) -> Callable[[Scope], Value]:
    """Make the function that reads the path's value with its type, for expressions."""
    raw = path.raw
    if path.type == "number":

        def number(scope: Scope) -> Value:
            text = raw(scope)
            if text is None:
                return None
            value = as_number(text.strip())
            if value is None and text in NOT_FINITE:
                # Left as text, so that a map can choose: null_if([x], 'NaN').
                return text
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
