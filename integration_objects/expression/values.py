"""The values of the expression language, and the operators on two values.

    None        null
    str         text
    DateText    text that compares as a date
    Decimal     a number
    bool        a truth value

An operator that has no result raises `NoResult`; the evaluation adds the operator's column.

Spec: docs/design/methods.md, "Expression language" and "Settled points".
"""

from __future__ import annotations

import datetime
import decimal
import functools
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from integration_objects.expression.faults import NoResult
from integration_objects.field_values import as_date, as_number, shown, write_number

#: Characters of a text that an evaluation makes, and of a LIKE pattern: bounds on memory and time.
MAX_TEXT, MAX_PATTERN = 1_000_000, 1_000
#: Digits of arithmetic, and of the largest result written out.
#: 28 is decimal's default: a stored number with its 22 digits is computed exactly, and has room for a sum of many.
DIGITS, MAX_MAGNITUDE = 28, 99

ARITHMETIC = decimal.Context(
    prec=DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    # The exponents are bounded: 10 ^ 999999999 would otherwise be a number of a billion digits when it is written out.
    Emin=-MAX_MAGNITUDE,
    Emax=MAX_MAGNITUDE,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Underflow],
)

_GUARD = "divide only where the divisor isn't 0: test it first"
_SMALLER = "compute with numbers of fewer digits"
_UNQUOTE = "take the quotes off a number; number fields and dates can be put in order, other text can't"


class DateText(str):
    """The text of a date: of a field of date type, or from a function. It compares as a date."""

    __slots__ = ()


Value: TypeAlias = str | Decimal | bool | None


def describe(value: Value) -> str:
    """Name a value with its kind, for an error."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "the truth value TRUE" if value else "the truth value FALSE"
    if isinstance(value, Decimal):
        return f"the number {write_number(value)}"
    return f"{'the date' if isinstance(value, DateText) else 'the text'} {shown(str(value))}"


def text_of(value: Value) -> str | None:
    """Write a value as text: numbers plainly, truth values as TRUE and FALSE; None for null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return write_number(value) if isinstance(value, Decimal) else str(value)


def calculated(operation: Callable[..., Decimal], *numbers: Decimal) -> Decimal:
    """Calculate with decimals; a decimal fault becomes a `NoResult` that says what is wrong."""
    try:
        return operation(*numbers)
    except decimal.DivisionByZero:
        raise NoResult("division by zero", _GUARD) from None
    except decimal.Overflow:
        raise NoResult(f"the result has more than {MAX_MAGNITUDE + 1} digits", _SMALLER) from None
    except decimal.Underflow:
        raise NoResult(f"the result is nearer to zero than {MAX_MAGNITUDE} digits can say", _SMALLER) from None
    except decimal.InvalidOperation:
        found = " and ".join(write_number(number) for number in numbers)
        raise NoResult(f"the operation has no result for {found}", "test the values before they are used") from None


def ordered(left: Value, right: Value) -> tuple[Any, Any]:
    """Return two values as numbers or moments, which can be put in order."""
    if type(left) is Decimal and type(right) is Decimal:
        return left, right
    dates = _date_or_none(left), _date_or_none(right)
    if None not in dates:
        return dates
    raise NoResult(f"expected two numbers or two dates, found {describe(left)} and {describe(right)}", _UNQUOTE)


def _number_or_none(value: Value) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    return as_number(value) if isinstance(value, str) else None


def _date_or_none(value: Value) -> datetime.datetime | None:
    return as_date(value) if isinstance(value, str) else None


def _equal(left: Value, right: Value) -> bool:
    """Compare two values that aren't null: as numbers, as dates, or as text."""
    # type() and not isinstance: a DateText must not pass for a plain text, and the test is faster.
    left_type, right_type = type(left), type(right)
    if left_type is str and right_type is str:
        return left == right  # the common case
    if left_type is Decimal or right_type is Decimal:
        numbers = _number_or_none(left), _number_or_none(right)
        if None not in numbers:
            return numbers[0] == numbers[1]
    if left_type is DateText or right_type is DateText:
        dates = _date_or_none(left), _date_or_none(right)
        if None not in dates:
            return dates[0] == dates[1]
    return text_of(left) == text_of(right)


def _unequal(left: Value, right: Value) -> bool:
    return not _equal(left, right)


def _like(text: Value, pattern: Value) -> bool:
    if isinstance(text, bool) or isinstance(pattern, bool):
        why = f"expected two texts, found {describe(text)} and {describe(pattern)}"
        raise NoResult(why, "put the comparison into brackets, or use = to compare truth values")
    return _pattern_test(text_of(pattern) or "")(text_of(text) or "") is not None


# Bounded, because a pattern may be a field's value, another one for each message.
@functools.lru_cache(maxsize=512)
def _pattern_test(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return the test for a LIKE pattern."""
    if len(pattern) > MAX_PATTERN:
        why = f"expected a pattern of at most {MAX_PATTERN} characters, found {len(pattern)}"
        raise NoResult(why, "look for a shorter piece of it, with * for the rest")
    pieces = [""]
    signs = iter(pattern)
    for sign in signs:
        if sign == "*":
            pieces.append("")
        elif sign == "?":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(next(signs, "\\") if sign == "\\" else sign)
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL).fullmatch
    # The first place of each piece between two stars is good enough. An atomic group never tries another place, so no
    # text makes the test slow.
    between = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1])
    return re.compile(f"{pieces[0]}{between}.*{pieces[-1]}", re.DOTALL).fullmatch


def _add(left: Value, right: Value) -> Value:
    """Add numbers; join anything else as text."""
    if left is None or right is None:
        return None
    if type(left) is Decimal or type(right) is Decimal:
        first, second = _number_or_none(left), _number_or_none(right)
        if first is not None and second is not None:
            return calculated(ARITHMETIC.add, first, second)
    first_text, second_text = text_of(left) or "", text_of(right) or ""
    if len(first_text) + len(second_text) > MAX_TEXT:
        raise NoResult(f"the text has more than {MAX_TEXT} characters", "join less text")
    return first_text + second_text


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    # Decimal gives an infinity for 0 ^ -1, and no signal.
    if not base and exponent < 0:
        raise NoResult("division by zero", _GUARD)
    return calculated(ARITHMETIC.power, base, exponent)


def _divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    # For 0 / 0 Decimal signals an invalid operation, not a division by zero.
    if not divisor:
        raise NoResult("division by zero", _GUARD)
    return calculated(ARITHMETIC.divide, dividend, divisor)


def _of_numbers(calculate: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value, Value], Value]:
    """Make an operator that takes numbers only, no text that reads as a number; null with anything is null."""

    def operate(left: Value, right: Value) -> Value:
        if type(left) is Decimal and type(right) is Decimal:
            return calculate(left, right)
        if left is None or right is None:
            return None
        why = f"expected two numbers, found {describe(left)} and {describe(right)}"
        raise NoResult(why, "take the quotes off a number, and use number fields")

    return operate


OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": _of_numbers(functools.partial(calculated, ARITHMETIC.subtract)),
    "*": _of_numbers(functools.partial(calculated, ARITHMETIC.multiply)),
    "/": _of_numbers(_divide),
    "^": _of_numbers(_power),
}


def _in_order(test: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    return lambda left, right: test(*ordered(left, right))


#: The comparisons of two values that aren't null.
COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": _equal,
    "<>": _unequal,
    "!=": _unequal,
    ">": _in_order(operator.gt),
    ">=": _in_order(operator.ge),
    "<": _in_order(operator.lt),
    "<=": _in_order(operator.le),
    "LIKE": _like,
}
