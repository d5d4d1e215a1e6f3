"""The arguments of functions: values read as text, numbers and whole numbers, and the declaration of a function."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from integration_objects.expression import Function, NoResult, Value, describe, text_of
from integration_objects.field_values import write_number


def text_argument(value: Value) -> str:
    """Return the value as text; null is the empty text."""
    return text_of(value) or ""


def number_argument(value: Value) -> Decimal:
    """Return a number.

    Raises:
        NoResult: the value is none.
    """
    if isinstance(value, Decimal):
        return value
    raise NoResult(f"expected a number, found {describe(value)}", "read a text with number() first")


def whole_argument(value: Value, least: int, most: int) -> int:
    """Return a whole number within bounds.

    Raises:
        NoResult: the value is none.
    """
    number = number_argument(value)
    if number != number.to_integral_value() or not least <= number <= most:
        why = f"expected a whole number from {least} to {most}, found {write_number(number)}"
        raise NoResult(why, "give the function such a number")
    return int(number)


def declared(
    call: Callable[..., Value],
    least: int,
    most: int | None,
    *,
    lazy: bool = False,
    needs_scope: bool = False,
) -> Function:
    """Declare a Python function as one of the language; its docstring is the help."""
    return Function(
        # `if_`, `min_` and others end in an underscore in Python only, where their names are taken.
        name=call.__name__.rstrip("_"),
        call=call,
        least=least,
        most=most,
        lazy=lazy,
        help=(call.__doc__ or "").strip(),
        needs_scope=needs_scope,
    )
