"""Hours: the times of the week at which a contact answers, or a contact rule holds.

    Mon-Fri 08:00-18:00, Sat 09:00-13:00     two spans
    daily 18:00-08:00                        a span that ends before it begins ends on the next day
    daily 00:00-24:00                        always
    Mon-Fri 08:00-18:00, not 2026-12-25      no span begins on that day

The times are those of a place's clocks, also on the days on which the clocks are changed.

Spec: docs/support.md, "Hours".
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from integration_objects.errors import Refused
from integration_objects.time_zone import time_zone

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: days ahead in which a span is looked for: a year, with the days that are left out
_LOOKED_AHEAD = 400
_SPAN = re.compile(r"(?:(daily)|([A-Za-z]{3})(?:-([A-Za-z]{3}))?)\s+(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")
_NOT = re.compile(r"not\s+(\d{4}-\d\d-\d\d)")
_MIDNIGHT = 24 * 60

Span = tuple[datetime.datetime, datetime.datetime]


class HoursUnreadable(Refused):
    """Hours aren't written as spans of the week."""

    what = "the hours '{text}' can't be read"
    where = "{place}"
    why = "'{part}' is no span of hours"
    mend = "write them as in Mon-Fri 08:00-18:00, Sat 09:00-13:00, not 2026-12-25"


@dataclass(frozen=True)
class Hours:
    """The spans of a week.

    Attributes:
        spans: the weekday (0 for Monday), and the minutes from its midnight at which the span begins and ends.
        without: the days on which no span begins.
        zone: the name of the time zone.
    """

    spans: tuple[tuple[int, int, int], ...]
    without: frozenset[datetime.date]
    zone: str

    def holds(self, moment: datetime.datetime) -> bool:
        """Tell whether a moment is within a span."""
        return any(begin <= moment < end for begin, end in self._from(moment, days=1))

    def next_begin(self, moment: datetime.datetime) -> datetime.datetime | None:
        """Return the moment itself within a span, else the begin of the next span; None where none comes in a year."""
        return next((max(begin, moment) for begin, _ in self._from(moment)), None)

    def end_of(self, moment: datetime.datetime) -> datetime.datetime | None:
        """Return the moment until which a span holds that holds at a moment; None where none holds, or without end."""
        end = None
        for begin, ends in self._from(moment):
            # Spans that follow each other without a gap are one.
            if begin > (end or moment):
                return end
            # One span may lie within another.
            end = ends if end is None else max(end, ends)
        return None

    def after(self, moment: datetime.datetime, minutes: int) -> datetime.datetime:
        """Return the moment at which so many minutes of the hours have passed; where no hours come, by the clock."""
        left = datetime.timedelta(minutes=minutes)
        reached = moment
        for begin, end in self._from(moment):
            begin = max(begin, reached)
            if begin + left <= end:
                return begin + left
            left -= max(end - begin, datetime.timedelta())
            reached = max(reached, end)
        return moment + datetime.timedelta(minutes=minutes)

    def _from(self, moment: datetime.datetime, days: int = _LOOKED_AHEAD) -> Iterator[Span]:
        """Yield the spans that end after a moment, in UTC, in the order in which they begin."""
        zone = time_zone(self.zone)
        today = moment.astimezone(zone).date()
        # From yesterday on: a span may reach into the next day.
        for offset in range(-1, days + 1):
            day = today + datetime.timedelta(days=offset)
            if day in self.without:
                continue
            for weekday, begins, ends in self.spans:
                if weekday == day.weekday():
                    begin, end = (_moment(day, minutes, zone) for minutes in (begins, ends))
                    if end > moment:
                        yield begin, end


def read_hours(text: str | None, zone: str, place: str) -> Hours | None:
    """Read hours; None for none: they have no bounds.

    Args:
        text: as above; None or blank for none.
        zone: the name of the time zone.
        place: for the error.

    Raises:
        HoursUnreadable: a part is no span, names no day of the week, or no day of the calendar.
    """
    if text is None or not text.strip():
        return None
    spans: list[tuple[int, int, int]] = []
    without: set[datetime.date] = set()
    for part in (part.strip() for part in text.split(",")):
        try:
            if match := _NOT.fullmatch(part):
                without.add(datetime.date.fromisoformat(match[1]))
            else:
                spans += _spans(part)
        except ValueError as error:
            raise HoursUnreadable(text=text, part=part, place=place) from error
    if not spans:
        raise HoursUnreadable(text=text, part=text, place=place)
    return Hours(tuple(sorted(spans)), frozenset(without), zone)


def _spans(part: str) -> Iterator[tuple[int, int, int]]:
    match = _SPAN.fullmatch(part)
    if match is None:
        raise ValueError(part)
    begins, ends = (int(match[hour]) * 60 + int(match[hour + 1]) for hour in (4, 6))
    if begins >= _MIDNIGHT or ends > _MIDNIGHT:
        raise ValueError(part)
    if ends <= begins:
        ends += _MIDNIGHT
    for weekday in _weekdays(match):
        yield weekday, begins, ends


def _weekdays(match: re.Match[str]) -> list[int]:
    if match[1]:
        return list(range(7))
    first = DAYS.index(match[2].capitalize())
    last = DAYS.index((match[3] or match[2]).capitalize())
    # Sat-Mon goes over the end of the week.
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _moment(day: datetime.date, minutes: int, zone: datetime.tzinfo) -> datetime.datetime:
    """Return the moment at which the clocks of a zone show so many minutes after a day's midnight."""
    shown = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(minutes=minutes)
    return shown.replace(tzinfo=zone).astimezone(datetime.UTC)
