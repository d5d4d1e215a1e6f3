"""Numbers, dates and text of fields."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_objects.definition import Field, FieldType
from integration_objects.field_values import (
    as_float,
    check_value,
    in_utc,
    plain_date,
    plain_number,
    read_date,
    read_number,
    write_number,
)


@pytest.mark.parametrize(
    "text", ["0", "5.990", "-1", "+1.5", ".5", "5.", "000000000000000001", "9" * 15 + "." + "9" * 7]
)
def test_numbers_are_digits_with_a_sign_and_a_point(text: str) -> None:
    assert read_number(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1e5", "1,000", "1_000", ".", "-", "--1", "NaN", "Infinity", "٣", "0x1"]
)
def test_nothing_else_is_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        read_number(text)


def test_a_number_has_fifteen_digits_before_the_point_and_seven_after() -> None:
    assert check_value(Field("Price", "number"), "1" + "0" * 15) == (
        "expected at most 15 digits before the point, found '1000000000000000'"
    )
    assert check_value(Field("Price", "number"), "0.12345678") == (
        "expected at most 7 digits after the point, found '0.12345678'"
    )


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15) + 1, max_value=10**15 - 1, places=7))
def test_a_number_reads_as_it_was_written(number: Decimal) -> None:
    assert read_number(write_number(number)) == number


def test_numbers_are_written_plainly() -> None:
    assert [write_number(Decimal(text)) for text in ("1E+3", "1E-7", "-0.00", "0E+23")] == [
        "1000",
        "0.0000001",
        "0.00",
        "0",
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1234567.12345670", "1234567.1234567"), ("1.5000000000", "1.5000000"), (".00000000", ".0000000"), ("-0", "-0")],
)
def test_zeros_at_the_end_of_a_number_are_no_digits_too_many(text: str, number: str) -> None:
    assert check_value(Field("Price", "number"), text) is None
    assert write_number(read_number(text)) == write_number(Decimal(number))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.5E3", "1500"),
        ("1e-3", "0.001"),
        ("-.5E+1", "-5"),
        ("1E0", "1"),
        ("0E999999999", "0"),
        ("1500", "1500"),
        ("INF", "INF"),
        ("NaN", "NaN"),
        ("1e999999999", "1e999999999"),
        ("e3", "e3"),
        ("1e", "1e"),
    ],
)
def test_an_exponent_is_written_out(text: str, plain: str) -> None:
    assert plain_number(text) == plain


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_double_is_a_number(number: float) -> None:
    assert as_float(repr(number)) == Decimal(repr(number))


def test_a_date_is_its_midnight_and_a_time_without_zone_is_utc() -> None:
    midnight = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
    assert read_date("2026-01-31") == read_date("2026-01-31T00:00:00") == midnight
    assert read_date("2026-01-31T01:00:00+01:00") == midnight


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-1-31",
        "20260131",
        "2026-01-31 12:00:00",
        "2026-W05-6",
        "2026-01-31T12",
        "2026-01-31Z",
        "soon",
    ],
)
def test_other_spellings_are_no_dates(text: str) -> None:
    with pytest.raises(ValueError, match="expected a date"):
        read_date(text)


def test_years_are_1900_to_2199_and_days_exist() -> None:
    field = Field("Due Date", "date")
    assert [check_value(field, text) for text in ("1900-01-01", "2199-12-31T23:59:59.999999Z")] == [
        None,
        None,
    ]
    assert check_value(field, "1899-12-31") == "expected a year from 1900 to 2199, found '1899-12-31'"
    assert check_value(field, "2200-01-01") == "expected a year from 1900 to 2199, found '2200-01-01'"
    assert check_value(field, "2026-02-29") == "there is no such day or time: '2026-02-29'"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31Z", "2026-01-31"),
        ("2026-01-31-14:00", "2026-01-31"),
        ("2026-01-31T24:00:00", "2026-02-01T00:00:00"),
        ("2026-12-31T24:00:00.000+01:00", "2027-01-01T00:00:00+01:00"),
        ("2026-01-31T12:00:00.1234567", "2026-01-31T12:00:00.123456"),
        ("2026-12-31T23:59:59.999999999Z", "2026-12-31T23:59:59.999999Z"),
        # No such day, no day after it, no such zone: the check of the field says so.
        ("2026-02-30T24:00:00", "2026-02-30T24:00:00"),
        ("9999-12-31T24:00:00", "9999-12-31T24:00:00"),
        ("2026-01-31+15:00", "2026-01-31+15:00"),
        ("2026-01-31T24:00:01", "2026-01-31T24:00:01"),
    ],
)
def test_the_spellings_of_xml_schema_are_translated(text: str, plain: str) -> None:
    assert plain_date(text) == plain


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-01-31T12:00:00.1234567Z", "2026-01-31T12:00:00.123456Z"),
        ("2026-01-31T12:00:00.123456789", "2026-01-31T12:00:00.123456"),
        ("2026-01-31T12:00:00.123456789+01:00", "2026-01-31T11:00:00.123456Z"),
    ],
)
def test_digits_of_a_second_beyond_the_sixth_are_cut(text: str, stored: str) -> None:
    assert check_value(Field("Due Date", "date"), text) is None
    assert in_utc(text) == stored
    assert read_date(text) == read_date(stored)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


@given(st.datetimes(timezones=st.just(datetime.UTC)), st.integers(1901, 2198), OFFSETS)
def test_a_zoned_time_is_stored_as_the_same_moment_in_utc(
    moment: datetime.datetime, year: int, zone: datetime.timezone
) -> None:
    text = moment.replace(year=year, day=min(moment.day, 28)).astimezone(zone).isoformat()
    assert read_date(in_utc(text)) == read_date(text)
    assert in_utc(text).endswith("Z")


@pytest.mark.parametrize(
    ("type", "text", "why"),
    [
        ("flag", "Y", None),
        ("flag", "yes", "expected Y or N, found 'yes'"),
        ("flag", "", "expected Y or N, found ''"),
        ("text", "tab\tand\n", None),
        ("text", "a\x00b", "character U+0000 at position 2 is not allowed in text"),
        ("text", "\ud800", "character U+D800 at position 1 is not allowed in text"),
        ("text", "12345678901", "expected at most 10 characters, found 11"),
        (
            "number",
            "x" * 60,
            f"expected a number (digits with a sign and a point), found '{'x' * 40}'... (60 characters)",
        ),
    ],
)
def test_a_value_is_checked_by_its_fields_type(type: FieldType, text: str, why: str | None) -> None:
    assert check_value(Field("F", type, length=10), text) == why


def test_a_list_of_values_holds_and_the_spellings_of_no_action_are_among_them() -> None:
    field = Field("Action Code", values=("Add", "Update", "Delete", "-"))
    assert [check_value(field, text) for text in ("Add", "", "--", "-")] == [None] * 4
    assert check_value(field, "add") == "expected one of Add, Update, Delete, -, found 'add'"
