"""The functions on dates. A moment's day and time are those of a time zone: the caller's, or the one that is named.

    date(text, form, zone)         a text as a date; a time of day is one of the zone
    format_date(date, form, zone)  the date as text, its day and time in the zone
    add_days(date, days)

A date without a time is a day, the same one in every zone.

Spec: docs/design/methods.md, "Expression language". The list: docs/expressions.md.
"""

from __future__ import annotations

import datetime
import re
from zoneinfo import ZoneInfo

from integration_objects.expression import DateText, Expression, ExpressionFault, Function, NoResult, Value
from integration_objects.field_values import plain_date, read_date, shown
from integration_objects.nearest import nearest
from integration_objects.time_zone import UTC, ZoneUnknown, time_zone
from maps.function_arguments import declared, text_argument, whole_argument

#: Two-digit years from this one on are in the 1900s, smaller ones in the 2000s.
#: A fixed turn: one that moved with the year would read a stored message another way later.
_CENTURY_TURN = 50
_DAY_LENGTH = len("YYYY-MM-DD")

# The longer names first: an alternation takes the first name that fits, and DD begins DDD.
_PATTERN = re.compile("YYYY|YY|DDD|MM|DD|HH|MI|SS")
#: The letters that are written as they stand: those of the ISO form, YYYY-MM-DDTHH:MI:SSZ.
_LITERALS = re.compile("T(?=HH)|Z$")
_LETTERS = re.compile(r"[^\W\d_]+")
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


def date_functions(zone_name: str) -> dict[str, Function]:
    """Make the functions for the days and times of a zone.

    Args:
        zone_name: the zone where a call names none; it was proven.
    """
    own_zone = time_zone(zone_name)

    def date(value: Value, form: Value = None, zone: Value = None) -> Value:
        """Read a text as a date, in the given form (YYYYMMDD, DD.MM.YYYY HH:MI, YYDDD, ...) or ISO."""
        return None if value is None else read_as(text_argument(value), form, _zone(zone, own_zone))

    def format_date(value: Value, form: Value, zone: Value = None) -> Value:
        """Write a date in the given form, its day and time in the zone."""
        return None if value is None else write_as(text_argument(value), text_argument(form), _zone(zone, own_zone))

    functions = (
        declared(date, 1, 3),
        declared(format_date, 2, 3),
        declared(add_days, 2, 2),
    )
    return {function.name: function for function in functions}


def prove_dates(expression: Expression) -> None:
    """Refuse a form of dates and a time zone that stand in an expression and mean nothing.

    Raises:
        ExpressionFault: names the form or the zone, with the column of the function.
    """
    for call in expression.calls:
        form = call.constants.get(1)
        if call.name in ("date", "format_date") and isinstance(form, str):
            try:
                # A form to read by must name a whole day besides.
                (_form if call.name == "date" else prove_form)(form)
            except NoResult as fault:
                raise ExpressionFault(
                    str(fault), column=call.column, expression=expression.text, mend=fault.mend
                ) from fault
        name = call.constants.get(2)
        if call.name in ("date", "format_date") and isinstance(name, str):
            try:
                time_zone(name)
            except ZoneUnknown as fault:
                raise ExpressionFault(
                    str(fault), column=call.column, expression=expression.text, mend=fault.mend
                ) from fault


def _zone(name: Value, own_zone: ZoneInfo) -> ZoneInfo:
    try:
        return own_zone if name is None else time_zone(text_argument(name))
    except ZoneUnknown as fault:
        raise NoResult(str(fault), fault.mend) from None


def read_as(text: str, form: Value, zone: ZoneInfo) -> Value:
    """Read a date in *form*, a time of day as one of *zone*; without a form, read an ISO date.

    Raises:
        NoResult: the text has another form, or there is no such day or time.
    """
    if form is None:
        text = plain_date(text.strip(" \t\r\n"))
        read_date(text)
        return DateText(text)
    found = _form(text_argument(form)).fullmatch(text)
    if found is None:
        why = f"expected a date as {text_argument(form)}, found {shown(text)}"
        raise NoResult(why, "give the form in which the text has its date, or have the sender mend it")
    digits = {name: int(value) for name, value in found.groupdict().items()}
    try:
        moment = _moment(digits)
    except ValueError:
        raise NoResult(f"there is no such day or time: {shown(text)}", "have the sender mend the date") from None
    if "HH" not in digits:
        result = f"{moment:%Y-%m-%d}"
    elif zone.key == UTC:
        result = f"{moment:%Y-%m-%dT%H:%M:%S}"
    else:
        result = f"{_in_utc(moment, zone, text):%Y-%m-%dT%H:%M:%S}Z"
    read_date(result)
    return DateText(result)


def _in_utc(local: datetime.datetime, zone: ZoneInfo, text: str) -> datetime.datetime:
    """Return the moment of a local time; of an hour that comes twice, the first one."""
    moment = local.replace(tzinfo=zone).astimezone(datetime.UTC)
    # Clocks that are set forward leave an hour out: no moment has such a time, and Python gives the hour after it.
    if moment.astimezone(zone).replace(tzinfo=datetime.UTC) != local:
        raise NoResult(f"there is no such time in {zone.key}: {shown(text)}", "have the sender mend the time")
    return moment


def _moment(digits: dict[str, int]) -> datetime.datetime:
    year = digits["YYYY"] if "YYYY" in digits else digits["YY"] + (1900 if digits["YY"] >= _CENTURY_TURN else 2000)
    time = (digits.get("HH", 0), digits.get("MI", 0), digits.get("SS", 0))
    if "DDD" not in digits:
        return datetime.datetime(year, digits["MM"], digits["DD"], *time, tzinfo=datetime.UTC)
    day = datetime.datetime(year, 1, 1, *time, tzinfo=datetime.UTC) + datetime.timedelta(digits["DDD"] - 1)
    if day.year != year:
        raise ValueError("day of another year")
    return day


def prove_form(form: str) -> None:
    """Refuse a form that would be written literally in part: with a letter that belongs to none of its parts.

    Raises:
        NoResult: names the letters and the known parts, and proposes the form or the part that is probably meant.
    """
    known = f"the parts of a form are {', '.join(_WRITE)}, T before HH, and Z at the end"
    names = _PATTERN.findall(form)
    letters = _unknown_letters(form)
    if letters:
        # In capitals, minutes behind the hour are mistaken for months.
        capitals = re.sub("(HH[^A-Z]?)MM", r"\1MI", form.upper())
        near = f"did you mean '{capitals}'?" if not _unknown_letters(capitals) else nearest(letters, _WRITE)
        why = f"the form {shown(form)} has letters that are no part of a date: {shown(letters)}"
        raise NoResult(why, f"{near + ' ' if near else ''}{known}; other letters stand outside of the form")
    if not names:
        raise NoResult(f"the form {shown(form)} has no part of a date", known)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        hint = "minutes are MI" if twice == "MM" else "name each part once"
        raise NoResult(f"the form {shown(form)} has {twice} twice", f"{hint}; {known}")


def _unknown_letters(form: str) -> str:
    """Return the first letters of a form that are none of its parts; "" where all are."""
    for found in _LETTERS.finditer(_PATTERN.sub(" ", _LITERALS.sub(" ", form))):
        # Letters without a case, as the signs for year and month in Chinese, can't be mistyped parts.
        if found[0].upper() != found[0].lower():
            return found[0]
    return ""


def _form(form: str) -> re.Pattern[str]:
    """Make the pattern that reads a date in *form*: a year with month and day, or with the day of the year."""
    prove_form(form)
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


def write_as(text: str, form: str, zone: ZoneInfo) -> str:
    """Write the date in *form*, its day and time in *zone*.

    Raises:
        NoResult: the form has a letter that is no part of a date.
    """
    prove_form(form)
    moment = read_date(text)
    # A date without a time is a day. Its midnight in UTC is another day in half of the zones.
    if len(text) > _DAY_LENGTH:
        moment = moment.astimezone(zone)
    return _PATTERN.sub(lambda match: moment.strftime(_WRITE[match[0]]), form)


def add_days(value: Value, days: Value) -> Value:
    """Go that many days on, or back; a time of day stays."""
    if value is None or days is None:
        return None
    text = text_argument(value)
    # Dates have the years 1900 to 2199, some 110,000 days. A wider step would overflow Python's dates.
    moment = read_date(text) + datetime.timedelta(whole_argument(days, -110_000, 110_000))
    if len(text) == _DAY_LENGTH:
        result = moment.strftime("%Y-%m-%d")
    else:
        # `read_date` gives the moment in UTC, whatever offset the text has; a text without a zone stays without.
        zone = "" if re.search("(Z|[+-]..:..)$", text) is None else "Z"
        result = moment.strftime("%Y-%m-%dT%H:%M:%S.%f" if moment.microsecond else "%Y-%m-%dT%H:%M:%S") + zone
    read_date(result)
    return DateText(result)
