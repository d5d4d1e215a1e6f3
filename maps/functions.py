"""The functions of data maps and rules: a small, closed set.

Each function takes values and returns one. A null subject gives null, unless the function says otherwise. Positions
count from 1. No function reads a clock, a file or a database. `lookup` belongs to the data map, which knows the tables.

Spec: docs/design/methods.md, "Expression language"; docs/design/road.md, "Data maps: the grammar". The list:
docs/expressions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from integration_objects.complex_object import carries, components
from integration_objects.component import Component
from integration_objects.expression import (
    ARITHMETIC,
    MAX_TEXT,
    DateText,
    Expression,
    ExpressionFault,
    Function,
    NoResult,
    Value,
    calculated,
    describe,
    ordered,
    text_of,
)
from integration_objects.field_values import FRACTION_DIGITS, as_float, as_number, shown, write_number
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.time_zone import UTC
from maps.date_functions import date_functions
from maps.function_arguments import declared, number_argument, text_argument, whole_argument


def _bounded(length: int) -> None:
    if length > MAX_TEXT:
        raise NoResult(f"the text has more than {MAX_TEXT} characters", "make less text")


# Text.


def upper(text: Value) -> Value:
    """Make the text's letters capitals."""
    return None if text is None else text_argument(text).upper()


def lower(text: Value) -> Value:
    """Make the text's letters small."""
    return None if text is None else text_argument(text).lower()


def trim(text: Value) -> Value:
    """Drop the blanks at both ends."""
    # XML's blanks alone: Python's strip would take a no-break space, too, which may be meant.
    return None if text is None else text_argument(text).strip(" \t\r\n")


def length(text: Value) -> Value:
    """Count the characters."""
    return None if text is None else Decimal(len(text_argument(text)))


def substring(text: Value, start: Value, count: Value = Decimal(MAX_TEXT)) -> Value:
    """Take *count* characters (or all that follow) from position *start* on."""
    if text is None:
        return None
    first = whole_argument(start, 1, MAX_TEXT) - 1
    return text_argument(text)[first : first + whole_argument(count, 0, MAX_TEXT)]


def left(text: Value, count: Value) -> Value:
    """Take the first *count* characters."""
    return None if text is None else text_argument(text)[: whole_argument(count, 0, MAX_TEXT)]


def right(text: Value, count: Value) -> Value:
    """Take the last *count* characters."""
    if text is None:
        return None
    whole, number = text_argument(text), whole_argument(count, 0, MAX_TEXT)
    return whole[max(0, len(whole) - number) :]


def replace(text: Value, old: Value, new: Value) -> Value:
    """Put *new* for every *old*."""
    if text is None:
        return None
    whole, sought, put = text_argument(text), text_argument(old), text_argument(new)
    if not sought:
        raise NoResult("there is nothing to replace: the second argument is empty", "give the text to be replaced")
    _bounded(len(whole) + whole.count(sought) * (len(put) - len(sought)))
    return whole.replace(sought, put)


def concat(*texts: Value) -> Value:
    """Join texts; null joins as nothing."""
    parts = [text_argument(text) for text in texts]
    # Bounded before it is made, so that no map can take all memory.
    _bounded(sum(map(len, parts)))
    return "".join(parts)


def pad_left(text: Value, width: Value, fill: Value = " ") -> Value:
    """Fill the text up to *width* characters at its left; a longer one stays."""
    return _padded(text, width, fill, str.rjust)


def pad_right(text: Value, width: Value, fill: Value = " ") -> Value:
    """Fill the text up to *width* characters at its right; a longer one stays."""
    return _padded(text, width, fill, str.ljust)


def _padded(text: Value, width: Value, fill: Value, justify: Callable[[str, int, str], str]) -> Value:
    if text is None:
        return None
    sign = text_argument(fill)
    if len(sign) != 1:
        raise NoResult(f"expected one character to fill with, found {shown(sign)}", "give one character")
    return justify(text_argument(text), whole_argument(width, 0, MAX_TEXT), sign)


def part(text: Value, separator: Value, number: Value) -> Value:
    """Cut the text at each *separator* and take the part of that *number*; null where there is none."""
    if text is None:
        return None
    if not text_argument(separator):
        raise NoResult("there is nothing to cut at: the second argument is empty", "give the separator")
    parts = text_argument(text).split(text_argument(separator))
    wanted = whole_argument(number, 1, MAX_TEXT)
    return parts[wanted - 1] if wanted <= len(parts) else None


# Numbers.


def number(value: Value, implied: Value = Decimal(0)) -> Value:
    """Read a text as a number; its last *implied* digits stand behind the point."""
    if value is None:
        return None
    found = value if isinstance(value, Decimal) else as_float(text_argument(value))
    if found is None:
        text = shown(text_argument(value))
        why = f"expected a number (digits with a sign and a point, perhaps an exponent), found {text}"
        raise NoResult(why, "cut the text down to its digits first, or have the sender mend it")
    return calculated(ARITHMETIC.scaleb, found, Decimal(-whole_argument(implied, 0, FRACTION_DIGITS)))


def format_number(value: Value, places: Value) -> Value:
    """Write a number with just *places* digits after the point, rounded as `round` does."""
    if value is None:
        return None
    # As on bills; decimal's own default rounds a half to the even digit.
    return write_number(_quantized(number_argument(value), places, ROUND_HALF_UP))


def round_(value: Value, places: Value = Decimal(0)) -> Value:
    """Round to *places* digits after the point; a half goes away from zero."""
    return None if value is None else _quantized(number_argument(value), places, ROUND_HALF_UP)


def floor(value: Value) -> Value:
    """Take the next whole number below."""
    return None if value is None else _quantized(number_argument(value), Decimal(0), ROUND_FLOOR)


def ceiling(value: Value) -> Value:
    """Take the next whole number above."""
    return None if value is None else _quantized(number_argument(value), Decimal(0), ROUND_CEILING)


def _quantized(value: Decimal, places: Value, rounding: str) -> Decimal:
    step = Decimal(1).scaleb(-whole_argument(places, 0, 20))
    return calculated(lambda number: number.quantize(step, rounding, ARITHMETIC), value)


def abs_(value: Value) -> Value:
    """Drop the sign."""
    return None if value is None else calculated(ARITHMETIC.abs, number_argument(value))


def mod(value: Value, by: Value) -> Value:
    """Take the remainder of a division, with the sign of the first."""
    if value is None or by is None:
        return None
    # Before the calculation: decimal's own error would name the operation and not the mend.
    if not number_argument(by):
        raise NoResult("division by zero", "test the divisor first: if([x] = 0, ..., ...)")
    return calculated(ARITHMETIC.remainder, number_argument(value), number_argument(by))


def min_(*values: Value) -> Value:
    """Take the least of numbers or dates; null where one is null."""
    return _extreme(values, lambda one, two: bool(two < one))


def max_(*values: Value) -> Value:
    """Take the greatest of numbers or dates; null where one is null."""
    return _extreme(values, lambda one, two: bool(two > one))


def _extreme(values: tuple[Value, ...], better: Callable[[Any, Any], bool]) -> Value:
    if None in values:
        return None
    best = values[0]
    # A single value is compared with itself, to be refused like one of many if it has no order.
    ordered(best, best)
    for value in values[1:]:
        if better(*ordered(best, value)):
            best = value
    return best


# Choices.


def if_(condition: Callable[[], Value], then: Callable[[], Value], otherwise: Callable[[], Value]) -> Value:
    """Take the second value where the first is TRUE, else the third; null counts as FALSE."""
    found = condition()
    if found is None or isinstance(found, bool):
        return then() if found else otherwise()
    why = f"expected TRUE or FALSE, found {describe(found)}"
    raise NoResult(why, "compare the value with something")


def coalesce(*values: Callable[[], Value]) -> Value:
    """Take the first value that isn't null; the empty text is none."""
    for value in values:
        found = value()
        if found is not None:
            return found
    return None


def null_if(value: Value, *nothings: Value) -> Value:
    """Give null where the value is one of the others, as text, and the value itself elsewhere.

    A date is also compared by its day: other systems write 0001-01-01 for no date and 9999-12-31 for ever, and some of
    them with a time.
    """
    texts = [text_of(nothing) for nothing in nothings]
    text = text_of(value)
    return None if text in texts or (isinstance(value, DateText) and value[:10] in texts) else value


# Children.


def count(scope: Any, name: Value) -> Value:
    """Count the child components of that name."""
    return Decimal(sum(1 for _ in _children(scope, name)))


def sum_(scope: Any, name: Value, field: Value) -> Value:
    """Add up a number field of the child components of that name; null and absent ones count as 0."""
    total = Decimal(0)
    for child in _children(scope, name):
        text = child.properties.get(text_argument(field))
        if text is None:
            continue
        found = as_number(text)
        if found is None:
            why = f"expected a number in field {text_argument(field)!r}, found {shown(text)}"
            raise NoResult(why, "write the field as digits with a sign and a point")
        total = calculated(ARITHMETIC.add, total, found)
    return total


def prove_children(expression: Expression, component: Component) -> None:
    """Refuse an unknown component or field in `count` and `sum`: the result 0 would hide a mistyped name.

    Args:
        expression: compiled, with these functions.
        component: the component of the node that the expression is evaluated on.

    Raises:
        ExpressionFault: names the unknown component or field.
    """
    for call in expression.calls:
        if call.name not in ("count", "sum"):
            continue
        constants = dict(call.constants)
        name, field = constants.get(0), constants.get(1)
        if isinstance(name, str) and name not in component.children:
            raise ExpressionFault(
                f"component {component.name!r} has no component {name!r}",
                column=call.column,
                expression=expression.text,
                mend=nearest(name, component.children) or "name one of the components beneath it",
            )
        if isinstance(name, str) and isinstance(field, str) and field not in component.children[name].fields:
            raise ExpressionFault(
                f"component {name!r} has no field {field!r}",
                column=call.column,
                expression=expression.text,
                mend=nearest(field, component.children[name].fields) or "use a field of its definition",
            )


def _children(scope: Any, name: Value) -> Iterator[PropertySet]:
    """List the child components: in their list for the hub's own objects, directly for external ones."""
    node: PropertySet = getattr(scope, "node", scope)
    type = text_argument(name)
    if carries(node, type):
        yield from components(node, type)
    yield from (child for child in node.children if child.type == type)


FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        declared(upper, 1, 1),
        declared(lower, 1, 1),
        declared(trim, 1, 1),
        declared(length, 1, 1),
        declared(substring, 2, 3),
        declared(left, 2, 2),
        declared(right, 2, 2),
        declared(replace, 3, 3),
        declared(concat, 1, None),
        declared(pad_left, 2, 3),
        declared(pad_right, 2, 3),
        declared(part, 3, 3),
        declared(number, 1, 2),
        declared(format_number, 2, 2),
        declared(round_, 1, 2),
        declared(floor, 1, 1),
        declared(ceiling, 1, 1),
        declared(abs_, 1, 1),
        declared(mod, 2, 2),
        declared(min_, 1, None),
        declared(max_, 1, None),
        # For expressions outside of maps. A map puts the functions of its own zone in their place.
        *date_functions(UTC).values(),
        declared(if_, 3, 3, lazy=True),
        declared(coalesce, 1, None, lazy=True),
        declared(null_if, 2, None),
        declared(count, 1, 1, needs_scope=True),
        declared(sum_, 2, 2, needs_scope=True),
    )
}
