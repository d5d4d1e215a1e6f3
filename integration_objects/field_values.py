"""What the text of a field means: the one place that reads and writes numbers and dates.

Numbers are digits with a sign and a point, nothing else; they are decimals and never floats. Dates are ISO
dates or date-times; a date stands for its midnight, and a time without a zone is UTC. Text is what XML can
carry.

Spec: docs/design/methods.md, "Settled points", Expressions; docs/design/guarantees.md, "Limits", "SQLite".
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal

from integration_objects.definition import Field

#: Digits of a stored number, before and after the point.
WHOLE_DIGITS = 15
FRACTION_DIGITS = 7
#: Years that a date may lie in.
FIRST_YEAR, LAST_YEAR = 1900, 2199
#: Characters of a value that an error shows.
_SHOWN = 40

_NUMBER = re.compile(r"[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))")
_DATE = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def shown(text: str) -> str:
    """The value as an error may show it: quoted, and cut where it is long.

    >>> shown("Open")
    "'Open'"
    """
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text)} characters)"


def as_number(text: str) -> Decimal | None:
    """The number that *text* reads as, of any size; None where it is none.

    >>> as_number("-5.990"), as_number("1e3"), as_number("")
    (Decimal('-5.990'), None, None)
    """
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def read_number(text: str) -> Decimal:
    """The number that a field's *text* means.

    Raises:
        ValueError: it is no number (``''``, blanks, exponents and grouping are none), or has more than 15
            digits before the point (leading zeros apart) or 7 after it. The text says what was found.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a number (digits with a sign and a point), found {shown(text)}")
    whole, fraction = match[1] or "", match[2] or match[3] or ""
    if len(whole) > WHOLE_DIGITS and len(whole.lstrip("0")) > WHOLE_DIGITS:
        raise ValueError(f"expected at most {WHOLE_DIGITS} digits before the point, found {shown(text)}")
    if len(fraction) > FRACTION_DIGITS:
        raise ValueError(f"expected at most {FRACTION_DIGITS} digits after the point, found {shown(text)}")
    return Decimal(text)


def write_number(number: Decimal) -> str:
    """The number as plain text, without exponent; zero has no sign.

    >>> write_number(Decimal("1E+3")), write_number(Decimal("5.990")), write_number(Decimal("-0"))
    ('1000', '5.990', '0')
    """
    if not number and number.as_tuple().exponent > 0:  # type: ignore[operator]  # no infinities here
        return "0"
    return format(number if number else abs(number), "f")


def as_date(text: str) -> datetime.datetime | None:
    """The moment that *text* reads as, in UTC; None where it is no ISO date or date-time."""
    match = _DATE.fullmatch(text)
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)


def read_date(text: str) -> datetime.datetime:
    """The moment that a field's *text* means, in UTC: a date's midnight, a time without a zone as UTC.

    Raises:
        ValueError: it is no ISO date or date-time, there is no such day, or its year isn't 1900 to 2199.
    """
    moment = as_date(text)
    if moment is not None:
        return moment
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found {shown(text)}")
    if not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, found {shown(text)}")
    raise ValueError(f"there is no such day or time: {shown(text)}")


def in_utc(text: str) -> str:
    """The date as it is stored: a zoned date-time written in UTC, anything else as it came.

    >>> in_utc("2026-01-31T12:00:00+01:00"), in_utc("2026-01-31T12:00:00"), in_utc("2026-01-31")
    ('2026-01-31T11:00:00Z', '2026-01-31T12:00:00', '2026-01-31')
    """
    if len(text) <= len("2026-01-31T12:00") or text.endswith("Z") or text[-6] not in "+-":
        return text
    moment = read_date(text)
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if moment.microsecond else "%Y-%m-%dT%H:%M:%SZ"
    return moment.strftime(form)


def check_characters(text: str) -> str | None:
    """Why *text* can't be carried (a control character, a lone surrogate), or None."""
    found = _NOT_XML.search(text)
    if found is None:
        return None
    return f"character U+{ord(found[0]):04X} at position {found.start() + 1} is not allowed in text"


def check_value(field: Field, text: str) -> str | None:
    """Why *text* is no value of *field*, or None where it is one.

    ``''`` is a text and belongs to every text field, also to one with a list of values; it is no number, date
    or flag. ``''`` and ``--`` are action codes.
    """
    if field.type == "number":
        return _fault_of(read_number, text)
    if field.type == "date":
        return _fault_of(read_date, text)
    if field.type == "flag":
        return None if text in ("Y", "N") else f"expected Y or N, found {shown(text)}"
    if field.length is not None and len(text) > field.length:
        return f"expected at most {field.length} characters, found {len(text)}"
    if field.values and text and text not in field.values and not (text == "--" and "-" in field.values):
        return f"expected one of {', '.join(field.values)}, found {shown(text)}"
    return check_characters(text)


def _fault_of(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except ValueError as fault:
        return str(fault)
    return None
