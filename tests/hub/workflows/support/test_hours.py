"""Hours: spans of the week, read, asked and counted."""

from __future__ import annotations

import pytest

from hub.workflows.support.hours import HoursUnreadable, read_hours
from integration_objects.field_values import read_date

OFFICE = "Mon-Fri 08:00-18:00, Sat 09:00-13:00, not 2026-12-25"
ZONE = "Europe/Berlin"


def moment(text):
    return read_date(text)


def hours(text=OFFICE, zone=ZONE):
    return read_hours(text, zone, "here")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("2026-02-02T06:59:59Z", False),  # a Monday, an hour behind Berlin
        ("2026-02-02T07:00:00Z", True),
        ("2026-02-02T17:00:00Z", False),
        ("2026-07-06T06:00:00Z", True),  # summer time
        ("2026-02-07T08:30:00Z", True),  # a Saturday
        ("2026-02-08T10:00:00Z", False),
        ("2026-12-25T10:00:00Z", False),  # a Friday that is left out
    ],
)
def test_hours_hold_by_the_clocks_of_their_place(text, holds):
    assert hours().holds(moment(text)) is holds


def test_a_night_ends_on_the_next_morning_and_a_week_has_no_last_day():
    night = hours("Sat-Mon 22:00-06:00", "UTC")
    assert night.holds(moment("2026-02-03T05:00:00Z"))  # the Tuesday after the Monday
    assert not night.holds(moment("2026-02-04T05:00:00Z"))
    assert night.next_begin(moment("2026-02-04T05:00:00Z")) == moment("2026-02-07T22:00:00Z")
    assert night.end_of(moment("2026-02-02T23:00:00Z")) == moment("2026-02-03T06:00:00Z")


def test_the_next_begin_and_the_end_are_told():
    friday_evening = moment("2026-02-06T18:00:00Z")
    assert hours().next_begin(friday_evening) == moment("2026-02-07T08:00:00Z")
    assert hours().end_of(friday_evening) is None
    assert hours().end_of(moment("2026-02-06T10:00:00Z")) == moment("2026-02-06T17:00:00Z")
    around = hours("daily 00:00-24:00")
    assert around.holds(friday_evening)
    assert around.end_of(friday_evening) is None


def test_a_span_within_another_ends_nothing():
    nested = hours("Mon-Fri 08:00-18:00, Mon 10:00-12:00")
    assert nested.end_of(moment("2026-02-02T08:00:00Z")) == moment("2026-02-02T17:00:00Z")
    assert nested.end_of(moment("2026-02-02T10:00:00Z")) == moment("2026-02-02T17:00:00Z")


def test_minutes_are_counted_within_the_hours_only():
    # From Friday 17:00 on: an hour on Friday, four on Saturday, and one on Monday.
    assert hours().after(moment("2026-02-06T16:00:00Z"), 360) == moment("2026-02-09T08:00:00Z")
    assert hours().after(moment("2026-02-06T20:00:00Z"), 30) == moment("2026-02-07T08:30:00Z")
    # The night in which the clocks go forward has an hour less.
    assert hours("daily 00:00-24:00").after(moment("2026-03-28T23:00:00Z"), 120) == moment("2026-03-29T01:00:00Z")


@pytest.mark.parametrize("text", ["", "  ", None])
def test_no_hours_have_no_bounds(text):
    assert read_hours(text, ZONE, "here") is None


@pytest.mark.parametrize(
    "text",
    ["Mon 8-18", "Mon-Fry 08:00-18:00", "Mon 24:00-25:00", "Mon 08:60-09:00", "not 2026-12-25", "not 2026-02-30"],
)
def test_hours_that_cannot_be_read_are_refused_with_an_example(text):
    with pytest.raises(HoursUnreadable) as refused:
        hours(text)
    assert refused.value.mend == "write them as in Mon-Fri 08:00-18:00, Sat 09:00-13:00, not 2026-12-25"
    assert refused.value.what == f"the hours '{text}' can't be read"
