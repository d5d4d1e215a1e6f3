"""Ranges of numbers: each copy of a line gets a number, as many as the range has."""

from __future__ import annotations

import json

import pytest

from hub.configurator.number_range import numbers_in
from hub.configurator.requests import CopyItem, RequestFaulty, TooManyRequests
from hub.configurator.requests_json import requests_from_json
from integration_objects.complex_object import line_items
from tests.hub.configurator.products import configured, line, product, products, quote


def copy(**parts):
    return json.dumps([{"request": "copy", "item": "L", **parts}])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("509-555-0102..509-555-0104", ["509-555-0102", "509-555-0103", "509-555-0104"]),
        ("509-555-0102 .. 0103", ["509-555-0102", "509-555-0103"]),
        ("5095550099..5095550100", ["5095550099", "5095550100"]),
        ("1-07..1-07", ["1-07"]),
    ],
)
def test_a_range_has_its_first_and_last_number_and_all_between(text, numbers):
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("509-555-0104..509-555-0102", "has 0 numbers; from 1 to 10000 are allowed"),
        ("1..90000", "is no range"),
        ("00001..90000", "has 90000 numbers"),
        ("509-555-0102..509-556-0110", "is no range"),
        ("509-555-0102..", "is no range"),
        ("a..b", "is no range"),
        ("1...3", "is no range"),
    ],
)
def test_what_is_no_range_is_refused(text, fault):
    with pytest.raises(RequestFaulty, match=fault):
        numbers_in(text)


def test_a_range_makes_a_copy_for_each_number():
    (asked,) = requests_from_json(copy(fields={"Service Id": "1-08..1-10", "Due Date": "2026-05-01"}))
    assert isinstance(asked, CopyItem)
    assert (asked.times, [dict(fields) for fields in asked.fields]) == (
        3,
        [{"Service Id": f"1-{number}", "Due Date": "2026-05-01"} for number in ("08", "09", "10")],
    )
    state = quote(line("Line", "L", service_id="1-07"))
    made = configured(state, [asked], products(product("Line")))
    assert [item.get("Service Id") for item in line_items(made)] == ["1-07", "1-08", "1-09", "1-10"]
    assert requests_from_json(copy(times=3, fields={"Service Id": "1-08..10", "Due Date": "2026-05-01"})) == [asked]


def test_fields_that_are_given_once_are_set_on_each_copy():
    (asked,) = requests_from_json(copy(times="2", fields={"Due Date": "2026-05-01"}))
    assert isinstance(asked, CopyItem)
    assert list(asked.fields) == [{"Due Date": "2026-05-01"}] * 2


def test_another_count_than_the_ranges_is_refused():
    with pytest.raises(RequestFaulty) as refused:
        requests_from_json(copy(times=2, fields={"Service Id": "1-08..1-10"}))
    assert str(refused.value) == (
        "a request is not understood\n"
        "  where: request 1, times\n"
        "  why:   'times' is '2', and the range '1-08..1-10' has 3 numbers\n"
        "  mend:  give a number for each copy, or leave 'times' out"
    )


def test_a_mistyped_count_fills_no_memory():
    with pytest.raises(TooManyRequests):
        requests_from_json(copy(times=99999999, fields={"Due Date": "2026-05-01"}))


def test_two_dots_in_another_field_are_a_text():
    (asked,) = requests_from_json(copy(fields={"Pricing Comment": "as agreed..."}))
    assert isinstance(asked, CopyItem)
    assert (asked.times, list(asked.fields)) == (1, [{"Pricing Comment": "as agreed..."}])
