"""The columns of fixed-width records: a value becomes text of an exact number of bytes, or is refused.

    {{ line["Product Id"]|left(20) }}       text, blanks after it
    {{ line["Line Number"]|right(6) }}      text, blanks before it
    {{ line["Price"]|number(12, 2) }}       000000001995: zeros before it, the point not written
    {{ order["Due Date"]|date("YYYYMMDD") }}

Bytes are counted in the target's encoding. Nothing is ever cut: a value that doesn't fit is a `ColumnFault`. So is a
value with a line break, which would break its record in two.

Spec: docs/design/guarantees.md, "Out"; docs/design/integration.md, "Routes".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from jinja2 import Undefined

from integration_objects.expression import NoResult
from integration_objects.field_values import as_number, shown, write_number
from integration_objects.time_zone import UTC, ZoneUnknown, time_zone
from maps.date_functions import write_as

#: Bytes of the widest column: the longest record of a mainframe's data set.
MAX_WIDTH = 32_760
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ColumnFault(ValueError):
    """A value that can't be written into its column."""


class RawText(str):
    """Text that is written without a change: a filled column, or a value in the format's own notation."""

    __slots__ = ()


class Columns:
    """The column filters for one encoding."""

    def __init__(self, encoding: str, zone_name: str = UTC) -> None:
        self._encoding = encoding
        self._zone_name = zone_name

    def left(self, value: Any, width: int) -> RawText:
        """Write text with blanks after it; null is blanks."""
        text = plain(value)
        return RawText(text + " " * self._free(text, width))

    def right(self, value: Any, width: int) -> RawText:
        """Write text with blanks before it; null is blanks."""
        text = plain(value)
        return RawText(" " * self._free(text, width) + text)

    def number(self, value: Any, width: int, places: int = 0, signed: bool = False, blank: bool = False) -> RawText:
        """Write a number with zeros before it, and *places* digits behind a point that isn't written.

        Args:
            value: a number, or text that reads as one.
            width: of the column, the sign included.
            places: digits after the point; a value with more digits is refused, not rounded.
            signed: whether the first byte is ``+`` or ``-``; without a sign a negative value is refused.
            blank: whether null is written as blanks; else null is refused.
        """
        _check_width(width)
        if value is None and blank:
            return RawText(" " * width)
        digits = _digits(value, places)
        sign = ("-" if digits < 0 else "+") if signed else ""
        if digits < 0 and not signed:
            raise ColumnFault(f"{write_number(_decimal(value))} is negative, and the column has no sign")
        text = sign + str(abs(digits)).zfill(width - len(sign))
        self._free(text, width)
        return RawText(text)

    def date(self, value: Any, form: str, zone: str | None = None) -> RawText:
        """Write a date in *form* (YYYYMMDD, YYDDD, YYYYMMDDHHMISS ...); null is blanks.

        The day and the time are those of *zone*, or of the system's time zone.
        """
        if value is None:
            return RawText(" " * len(form))
        return self.left(dated(value, form, zone or self._zone_name), len(form))

    def _free(self, text: str, width: int) -> int:
        """Count the bytes of the column that *text* leaves free."""
        _check_width(width)
        control = _CONTROL.search(text)
        if control is not None:
            raise ColumnFault(f"character U+{ord(control[0]):04X} can't stand in a record: {shown(text)}")
        size = len(encoded(text, self._encoding))
        if size > width:
            raise ColumnFault(f"{shown(text)} takes {size} bytes in {self._encoding}, the column has {width}")
        return width - size


def plain(value: Any) -> str:
    """Give the value as text: a number in digits, null as nothing.

    Raises:
        ColumnFault: a list, a float, or another value that could be written in several ways.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return str(value)  # raises jinja2's error, which names the missing value
    if isinstance(value, Decimal):
        return write_number(value)
    # True would be written as "True", which no receiver expects.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ColumnFault(f"a {type(value).__name__} can't be written")


def dated(value: Any, form: str, zone_name: str) -> str:
    """Give the date as text in *form*, its day and time in a zone.

    Raises:
        ColumnFault: there is no such zone, or the form has a letter that is no part of a date.
    """
    try:
        return write_as(plain(value), form, time_zone(zone_name))
    except (ZoneUnknown, NoResult) as fault:
        raise ColumnFault(f"{fault}: {fault.mend}") from fault


def encoded(text: str, encoding: str) -> bytes:
    """Encode the text.

    Raises:
        ColumnFault: the encoding lacks a character.
    """
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        sign = ord(text[error.start])
        raise ColumnFault(f"character U+{sign:04X} does not exist in {encoding}: {shown(text)}") from None


def _digits(value: Any, places: int) -> int:
    if not isinstance(places, int) or not 0 <= places <= 15:
        raise ColumnFault(f"expected 0 to 15 digits after the point, found {places!r}")
    number = _decimal(value).scaleb(places)
    if number != number.to_integral_value():
        raise ColumnFault(f"{write_number(_decimal(value))} has more than {places} digits after the point")
    return int(number)


def _decimal(value: Any) -> Decimal:
    if value is None:
        raise ColumnFault("a null is no number; write default(0, true) or blank=true where it may be one")
    number = value if isinstance(value, Decimal) else as_number(plain(value))
    if number is None:
        raise ColumnFault(f"expected a number, found {shown(plain(value))}")
    return number


def _check_width(width: Any) -> None:
    if not isinstance(width, int) or not 1 <= width <= MAX_WIDTH:
        raise ColumnFault(f"expected a width of 1 to {MAX_WIDTH}, found {width!r}")
