"""The functions of data maps and rules: a small, closed set.

Each function takes values and returns one. A null subject gives null, unless the function says otherwise. Positions
count from 1. No function reads a clock, a file or a database. `lookup` belongs to the data map, which knows the tables.

Spec: docs/design/methods.md, "Expression language"; docs/design/road.md, "Data maps: the grammar". The list:
docs/expressions.md.
"""

from __future__ import annotations

import datetime
import re
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
from integration_objects.field_values import (
    FRACTION_DIGITS,
    as_float,
    as_number,
    plain_date,
    read_date,
    shown,
    write_number,
)
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Two-digit years from this one on are in the 1900s, smaller ones in the 2000s.
#: A fixed turn: one that moved with the year would read a stored message another way later.
_CENTURY_TURN = 50


def _text(value: Value) -> str:
    return text_of(value) or ""


def _number(value: Value) -> Decimal:
    if isinstance(value, Decimal):
        return value
    raise NoResult(f"expected a number, found {describe(value)}", "read a text with number() first")


def _whole(value: Value, least: int, most: int) -> int:
    number = _number(value)
    if number != number.to_integral_value() or not least <= number <= most:
        why = f"expected a whole number from {least} to {most}, found {write_number(number)}"
        raise NoResult(why, "give the function such a number")
    return int(number)


def _bounded(length: int) -> None:
    if length > MAX_TEXT:
        raise NoResult(f"the text has more than {MAX_TEXT} characters", "make less text")


# Text.


def upper(text: Value) -> Value:
    """Make the text's letters capitals."""
    return None if text is None else _text(text).upper()


def lower(text: Value) -> Value:
    """Make the text's letters small."""
    return None if text is None else _text(text).lower()


def trim(text: Value) -> Value:
    """Drop the blanks at both ends."""
    # XML's blanks alone: Python's strip would take a no-break space, too, which may be meant.
    return None if text is None else _text(text).strip(" \t\r\n")


def length(text: Value) -> Value:
    """Count the characters."""
    return None if text is None else Decimal(len(_text(text)))


def substring(text: Value, start: Value, count: Value = Decimal(MAX_TEXT)) -> Value:
    """Take *count* characters (or all that follow) from position *start* on."""
    if text is None:
        return None
    first = _whole(start, 1, MAX_TEXT) - 1
    return _text(text)[first : first + _whole(count, 0, MAX_TEXT)]


def left(text: Value, count: Value) -> Value:
    """Take the first *count* characters."""
    return None if text is None else _text(text)[: _whole(count, 0, MAX_TEXT)]


def right(text: Value, count: Value) -> Value:
    """Take the last *count* characters."""
    if text is None:
        return None
    whole, number = _text(text), _whole(count, 0, MAX_TEXT)
    return whole[max(0, len(whole) - number) :]


def replace(text: Value, old: Value, new: Value) -> Value:
    """Put *new* for every *old*."""
    if text is None:
        return None
    whole, sought, put = _text(text), _text(old), _text(new)
    if not sought:
        raise NoResult("there is nothing to replace: the second argument is empty", "say what is to be replaced")
    _bounded(len(whole) + whole.count(sought) * (len(put) - len(sought)))
    return whole.replace(sought, put)


def concat(*texts: Value) -> Value:
    """Join texts; null joins as nothing."""
    parts = [_text(text) for text in texts]
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
    sign = _text(fill)
    if len(sign) != 1:
        raise NoResult(f"expected one character to fill with, found {shown(sign)}", "give one character")
    return justify(_text(text), _whole(width, 0, MAX_TEXT), sign)


def part(text: Value, separator: Value, number: Value) -> Value:
    """Cut the text at each *separator* and take the part of that *number*; null where there is none."""
    if text is None:
        return None
    if not _text(separator):
        raise NoResult("there is nothing to cut at: the second argument is empty", "give the separator")
    parts = _text(text).split(_text(separator))
    wanted = _whole(number, 1, MAX_TEXT)
    return parts[wanted - 1] if wanted <= len(parts) else None


# Numbers.


def number(value: Value, implied: Value = Decimal(0)) -> Value:
    """Read a text as a number; its last *implied* digits stand behind the point."""
    if value is None:
        return None
    found = value if isinstance(value, Decimal) else as_float(_text(value))
    if found is None:
        why = f"expected a number (digits with a sign and a point, perhaps an exponent), found {shown(_text(value))}"
        raise NoResult(why, "cut the text down to its digits first, or have the sender mend it")
    return calculated(ARITHMETIC.scaleb, found, Decimal(-_whole(implied, 0, FRACTION_DIGITS)))


def format_number(value: Value, places: Value) -> Value:
    """Write a number with just *places* digits after the point, rounded as `round` does."""
    if value is None:
        return None
    return write_number(_quantized(_number(value), places, ROUND_HALF_UP))


def round_(value: Value, places: Value = Decimal(0)) -> Value:
    """Round to *places* digits after the point; a half goes away from zero."""
    return None if value is None else _quantized(_number(value), places, ROUND_HALF_UP)


def floor(value: Value) -> Value:
    """Take the next whole number below."""
    return None if value is None else _quantized(_number(value), Decimal(0), ROUND_FLOOR)


def ceiling(value: Value) -> Value:
    """Take the next whole number above."""
    return None if value is None else _quantized(_number(value), Decimal(0), ROUND_CEILING)


def _quantized(value: Decimal, places: Value, rounding: str) -> Decimal:
    step = Decimal(1).scaleb(-_whole(places, 0, 20))
    return calculated(lambda number: number.quantize(step, rounding, ARITHMETIC), value)


def abs_(value: Value) -> Value:
    """Drop the sign."""
    return None if value is None else calculated(ARITHMETIC.abs, _number(value))


def mod(value: Value, by: Value) -> Value:
    """Take the remainder of a division, with the sign of the first."""
    if value is None or by is None:
        return None
    # Before the calculation: decimal's own error would name the operation and not the mend.
    if not _number(by):
        raise NoResult("division by zero", "test the divisor first: if([x] = 0, ..., ...)")
    return calculated(ARITHMETIC.remainder, _number(value), _number(by))


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
    ordered(best, best)
    for value in values[1:]:
        if better(*ordered(best, value)):
            best = value
    return best


# Dates.

_PATTERN = re.compile("YYYY|YY|DDD|MM|DD|HH|MI|SS")
_READ = {
    "YYYY": r"(?P<YYYY>[0-9]{4})",
    "YY": r"(?P<YY>[0-9]{2})",
    "DDD": r"(?P<DDD>[0-9]{3})",
    "MM": r"(?P<MM>[0-9]{2})",
    "DD": r"(?P<DD>[0-9]{2})",
    "HH": r"(?P<HH>[0-9]{2})",
    "MI": r"(?P<MI>[0-9]{2})",
    "SS": r"(?P<SS>[0-9]{2})",
}
_WRITE = {
    "YYYY": "%Y",
    "YY": "%y",
    "DDD": "%j",
    "MM": "%m",
    "DD": "%d",
    "HH": "%H",
    "MI": "%M",
    "SS": "%S",
}


def date(value: Value, form: Value = None) -> Value:
    """Read a text as a date, in the given form (YYYYMMDD, DD.MM.YYYY HH:MI, YYDDD, ...) or ISO."""
    if value is None:
        return None
    text = _text(value)
    if form is None:
        text = plain_date(text.strip(" \t\r\n"))
        read_date(text)
        return DateText(text)
    found = _form(_text(form)).fullmatch(text)
    if found is None:
        why = f"expected a date as {_text(form)}, found {shown(text)}"
        raise NoResult(why, "give the form in which the text has its date, or have the sender mend it")
    digits = {name: int(value) for name, value in found.groupdict().items()}
    try:
        moment = _moment(digits)
    except ValueError:
        raise NoResult(f"there is no such day or time: {shown(text)}", "have the sender mend the date") from None
    result = moment.strftime("%Y-%m-%dT%H:%M:%S" if "HH" in digits else "%Y-%m-%d").zfill(4)
    read_date(result)
    return DateText(result)


def _moment(digits: dict[str, int]) -> datetime.datetime:
    year = digits["YYYY"] if "YYYY" in digits else digits["YY"] + (1900 if digits["YY"] >= _CENTURY_TURN else 2000)
    time = (digits.get("HH", 0), digits.get("MI", 0), digits.get("SS", 0))
    if "DDD" not in digits:
        return datetime.datetime(year, digits["MM"], digits["DD"], *time, tzinfo=datetime.UTC)
    day = datetime.datetime(year, 1, 1, *time, tzinfo=datetime.UTC) + datetime.timedelta(digits["DDD"] - 1)
    if day.year != year:
        raise ValueError("day of another year")
    return day


def _form(form: str) -> re.Pattern[str]:
    """The pattern that reads a date in *form*: a year with month and day, or with the day of the year."""
    names = _PATTERN.findall(form)
    year = [name for name in names if name in ("YYYY", "YY")]
    day = sorted(name for name in names if name in ("MM", "DD", "DDD"))
    if len(set(names)) < len(names) or len(year) != 1 or day not in (["DD", "MM"], ["DDD"]):
        why = f"expected a form such as YYYYMMDD or YYDDD, found {shown(form)}"
        raise NoResult(why, "name the year, and the month with the day or the day of the year, each once")
    pieces, place = [], 0
    for match in _PATTERN.finditer(form):
        pieces += [re.escape(form[place : match.start()]), _READ[match[0]]]
        place = match.end()
    return re.compile("".join([*pieces, re.escape(form[place:])]))


def format_date(value: Value, form: Value) -> Value:
    """Write a date in the given form, its time in UTC."""
    if value is None:
        return None
    moment = read_date(_text(value))
    return _PATTERN.sub(lambda match: moment.strftime(_WRITE[match[0]]), _text(form))


def add_days(value: Value, days: Value) -> Value:
    """Go that many days on, or back; a time of day stays."""
    if value is None or days is None:
        return None
    text = _text(value)
    moment = read_date(text) + datetime.timedelta(_whole(days, -110_000, 110_000))
    if len(text) == len("YYYY-MM-DD"):
        result = moment.strftime("%Y-%m-%d")
    else:
        zone = "" if re.search("(Z|[+-]..:..)$", text) is None else "Z"
        result = moment.strftime("%Y-%m-%dT%H:%M:%S.%f" if moment.microsecond else "%Y-%m-%dT%H:%M:%S") + zone
    read_date(result)
    return DateText(result)


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
        text = child.properties.get(_text(field))
        if text is None:
            continue
        found = as_number(text)
        if found is None:
            why = f"expected a number in field {_text(field)!r}, found {shown(text)}"
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
    type = _text(name)
    if carries(node, type):
        yield from components(node, type)
    yield from (child for child in node.children if child.type == type)


def _declared(
    call: Callable[..., Value],
    least: int,
    most: int | None,
    *,
    lazy: bool = False,
    needs_scope: bool = False,
) -> Function:
    return Function(
        name=call.__name__.rstrip("_"),
        call=call,
        least=least,
        most=most,
        lazy=lazy,
        help=(call.__doc__ or "").strip(),
        needs_scope=needs_scope,
    )


FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        _declared(upper, 1, 1),
        _declared(lower, 1, 1),
        _declared(trim, 1, 1),
        _declared(length, 1, 1),
        _declared(substring, 2, 3),
        _declared(left, 2, 2),
        _declared(right, 2, 2),
        _declared(replace, 3, 3),
        _declared(concat, 1, None),
        _declared(pad_left, 2, 3),
        _declared(pad_right, 2, 3),
        _declared(part, 3, 3),
        _declared(number, 1, 2),
        _declared(format_number, 2, 2),
        _declared(round_, 1, 2),
        _declared(floor, 1, 1),
        _declared(ceiling, 1, 1),
        _declared(abs_, 1, 1),
        _declared(mod, 2, 2),
        _declared(min_, 1, None),
        _declared(max_, 1, None),
        _declared(date, 1, 2),
        _declared(format_date, 2, 2),
        _declared(add_days, 2, 2),
        _declared(if_, 3, 3, lazy=True),
        _declared(coalesce, 1, None, lazy=True),
        _declared(null_if, 2, None),
        _declared(count, 1, 1, needs_scope=True),
        _declared(sum_, 2, 2, needs_scope=True),
    )
}
