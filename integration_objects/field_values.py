"""The meaning of a field's text: the one module that reads and writes numbers and dates.

Numbers are digits with a sign and a point; they are decimals and never floats. Dates are ISO dates or date-times;
a date stands for its midnight, and a time without a zone is UTC. Text may hold the characters that XML can carry.
XML Schema has more spellings of the same values. `plain_date` and `plain_number` translate them where a message is
read.

Spec: docs/design/methods.md, "Settled points", Expressions; docs/design/guarantees.md, "Limits", "SQLite".
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from integration_objects.component import Field

#: Digits of a stored number, before and after the point.
WHOLE_DIGITS = 15
FRACTION_DIGITS = 7
#: The first and last year of a date.
FIRST_YEAR, LAST_YEAR = 1900, 2199
#: Characters of a value that an error shows.
#: A value may be a megabyte long, and errors stand in headers and logs.
_SHOWN = 40

_NUMBER = re.compile(r"[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))")
_DATE = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
#: Digits of a second's fraction that the hub keeps, and the longest date with so many.
_SECOND_DIGITS = 6
_LONGEST_DATE = len("2026-01-31T12:00:00.123456Z")
_ZONE = r"Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00"
_ZONED_DAY = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:{_ZONE})")
_END_OF_DAY = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T24:00:00(?:\.0+)?((?:{_ZONE})?)")
_LONG_FRACTION = re.compile(rf"(.*\.[0-9]{{{_SECOND_DIGITS}}})[0-9]+((?:{_ZONE})?)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,9}")
#: The values of ``xs:double`` that are no numbers for the hub.
NOT_FINITE = frozenset(("INF", "+INF", "-INF", "NaN"))
#: The largest exponent of a double is 308: a larger one is an infinity or a zero to every other system.
_LARGEST_EXPONENT = 400
#: The characters that XML can't carry, for the class of a pattern. Patterns of the others compile six times as long.
UNWRITABLE = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
NOT_XML = re.compile(f"[{UNWRITABLE}]")


def shown(text: str) -> str:
    """Quote a value for an error, and cut it where it is long.

    >>> shown("Open")
    "'Open'"
    """
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text)} characters)"


def as_number(text: str) -> Decimal | None:
    """Read a number of any size; None where the text is no number.

    >>> as_number("-5.990"), as_number("1e3"), as_number("")
    (Decimal('-5.990'), None, None)
    """
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def as_float(text: str) -> Decimal | None:
    """Read a number that may have an exponent, as ``xs:double`` writes it; None where the text is no such number.

    >>> as_float("1.5E3"), as_float("2"), as_float("INF")
    (Decimal('1.5E+3'), Decimal('2'), None)
    """
    if _FLOAT.fullmatch(text) is None:
        return as_number(text)
    number = Decimal(text)
    # Bounded: written out, the number 1e999999999 has a billion digits.
    return number if not number or abs(number.adjusted()) <= _LARGEST_EXPONENT else None


def read_number(text: str) -> Decimal:
    """Read the number in a field's *text*.

    Raises:
        ValueError: the text is no number (``''``, blanks, exponents and grouping are none), or has more than 15
            digits before the point (leading zeros apart) or 7 after it (zeros at the end apart). The error says the
            expected and the found.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a number (digits with a sign and a point), found {shown(text)}")
    whole, fraction = match[1] or "", match[2] or match[3] or ""
    # Two conditions: stripping costs more than counting, and nearly no number is so long.
    if len(whole) > WHOLE_DIGITS and len(whole.lstrip("0")) > WHOLE_DIGITS:
        raise ValueError(f"expected at most {WHOLE_DIGITS} digits before the point, found {shown(text)}")
    if len(fraction) > FRACTION_DIGITS:
        surplus = fraction[FRACTION_DIGITS:]
        if surplus.strip("0"):
            raise ValueError(f"expected at most {FRACTION_DIGITS} digits after the point, found {shown(text)}")
        text = text[: -len(surplus)]
    return Decimal(text)


def write_number(number: Decimal) -> str:
    """Write a number as plain text, without exponent; zero has no sign.

    >>> write_number(Decimal("1E+3")), write_number(Decimal("5.990")), write_number(Decimal("-0"))
    ('1000', '5.990', '0')
    """
    # format would write as many zeros as the exponent says.
    if not number and number.as_tuple().exponent > 0:  # type: ignore[operator]  # no infinities here
        return "0"
    return format(number if number else abs(number), "f")


def as_date(text: str) -> datetime.datetime | None:
    """Read a moment, in UTC; None where the text is no ISO date or date-time."""
    match = _DATE.fullmatch(text)
    # The form first: fromisoformat reads week dates and other forms, which other systems don't.
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    # Not the machine's zone: a message must mean the same on each machine.
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)


def read_date(text: str) -> datetime.datetime:
    """Read the moment in a field's *text*, in UTC: a date's midnight, a time without a zone as UTC.

    Raises:
        ValueError: the text is no ISO date or date-time, there is no such day, or the year isn't 1900 to 2199.
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
    """Write a date as it is stored: a zoned date-time in UTC, any other text unchanged.

    >>> in_utc("2026-01-31T12:00:00+01:00"), in_utc("2026-01-31T12:00:00"), in_utc("2026-01-31")
    ('2026-01-31T11:00:00Z', '2026-01-31T12:00:00', '2026-01-31')
    """
    # Most stored dates are in UTC already: they need no parser.
    if len(text) <= len("2026-01-31T12:00"):
        return text
    # Only an offset such as +01:00 has its sign there.
    if text[-6] not in "+-":
        return text if len(text) <= _LONGEST_DATE else plain_date(text)
    moment = read_date(text)
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if moment.microsecond else "%Y-%m-%dT%H:%M:%SZ"
    return moment.strftime(form)


def plain_number(text: str) -> str:
    """Write out the exponent of a number of ``xs:double`` or ``xs:float``; leave any other text as it is.

    >>> plain_number("1.5E3"), plain_number("INF")
    ('1500', 'INF')
    """
    number = as_float(text) if "e" in text or "E" in text else None
    return text if number is None else write_number(number)


def plain_date(text: str) -> str:
    """Translate a date or date-time of XML Schema into the hub's spelling; leave any other text as it is.

    The zone of a date without a time is dropped: the day is the sender's. 24:00:00 is the midnight of the next day.
    Digits of a second beyond the sixth are cut, since rounding could reach the next day.

    >>> plain_date("2026-01-31+01:00"), plain_date("2026-12-31T24:00:00Z")
    ('2026-01-31', '2027-01-01T00:00:00Z')
    >>> plain_date("2026-01-31T12:00:00.1234567+01:00")
    '2026-01-31T12:00:00.123456+01:00'
    """
    if len(text) == len("2026-01-31"):
        return text
    if text[10:11] != "T":
        day = _ZONED_DAY.fullmatch(text)
        return text if day is None else day[1]
    if text[11:13] == "24" and (end := _END_OF_DAY.fullmatch(text)):
        try:
            following = datetime.date.fromisoformat(end[1]) + datetime.timedelta(days=1)
        # There is no such day, or none after it: the text stays, and the field's check says so.
        except (ValueError, OverflowError):
            return text
        return f"{following.isoformat()}T00:00:00{end[2]}"
    if "." in text and (long := _LONG_FRACTION.fullmatch(text)):
        return long[1] + long[2]
    return text


def check_characters(text: str) -> str | None:
    """Return the reason why XML can't carry *text*, or None: a control character, lone surrogate or noncharacter."""
    wrong = NOT_XML.search(text)
    if wrong is None:
        return None
    return f"character U+{ord(wrong[0]):04X} at position {wrong.start() + 1} is not allowed in text"


def check_value(field: Field, text: str) -> str | None:
    """Return the reason why *text* is no value of *field*, or None where it is one.

    ``''`` is a value of every text field, also of a field with a list of values; it is no number, date or flag.
    ``''`` and ``--`` are action codes.
    """
    if field.type in ("number", "date"):
        try:
            read_number(text) if field.type == "number" else read_date(text)
        except ValueError as fault:
            return str(fault)
        return None
    if field.type == "flag":
        return None if text in ("Y", "N") else f"expected Y or N, found {shown(text)}"
    if field.length is not None and len(text) > field.length:
        return f"expected at most {field.length} characters, found {len(text)}"
    if field.values and text and text not in field.values and not (text == "--" and "-" in field.values):
        return f"expected one of {', '.join(field.values)}, found {shown(text)}"
    return check_characters(text)
