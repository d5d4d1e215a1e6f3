"""The JSON form of requests, and its limits."""

from __future__ import annotations

import json
import pathlib

import pytest

from hub.configurator.requests import (
    MOST_REQUESTS,
    AddItem,
    CopyItem,
    MoveItem,
    RemoveItem,
    RequestFaulty,
    SetItem,
    TooManyRequests,
    check_limits,
)
from hub.configurator.requests_json import requests_from_json, requests_to_json
from tests.hub.configurator.products import configured, products_in, quote, sample

ALL = [
    AddItem("Local Line", "SBE", "L1", "2", {"Service Id": "1"}, {"Password": None}),
    AddItem("Local Line"),
    AddItem("Local Line", alone=True),
    RemoveItem("A"),
    RemoveItem("A", "Colour"),
    SetItem("A", {"Quantity": "3"}, {"Rings": "6"}),
    CopyItem("A", 4, ({"Service Id": "1"}, {})),
    MoveItem("A", "B"),
]


def test_requests_are_written_and_read_alike():
    assert requests_from_json(requests_to_json(ALL)) == ALL


def test_numbers_may_stand_without_quotes():
    text = '[{"request": "copy", "item": "A", "times": 4}, {"request": "set", "item": "A", "attributes": {"N": 1.50}}]'
    assert requests_from_json(text) == [CopyItem("A", 4), SetItem("A", {}, {"N": "1.50"})]


@pytest.mark.parametrize(
    ("text", "where", "why", "mend"),
    [
        ("", "batch", "Expecting value: line 1 column 1 (char 0)", "give a list of requests as JSON"),
        ("{}", "batch", "expected a list of requests", "put the requests into [ ]"),
        ("[" * 100_000, "batch", "it is nested too deep", "give a list of requests as JSON"),
        ("[NaN]", "batch", "NaN is no number", "give a list of requests as JSON"),
        ('[{"a": 1, "a": 2}]', "batch", "an object has one name twice", "give a list of requests as JSON"),
        ("[null]", "request 1", "expected an object, found nothing", 'write {"request": ...}'),
        ("[{}]", "request 1", "'request' is nothing; there are add, remove, set, copy, move", "name one of them"),
        (
            '[{"request": "remove", "item": "A"}, {"request": "ad", "product": "P"}]',
            "request 2",
            "'request' is 'ad'; there are add, remove, set, copy, move",
            "did you mean 'add'?",
        ),
        (
            '[{"request": "add", "produkt": "P"}]',
            "request 1",
            "'add' has no part 'produkt'; it has product, beneath, name, quantity, fields, attributes, alone",
            "did you mean 'product'?",
        ),
        ('[{"request": "add"}]', "request 1, product", "'add': expected a value, found none", "give it"),
        (
            '[{"request": "move", "item": "A", "beneath": null}]',
            "request 1, beneath",
            "'move': expected a value, found none",
            "give it",
        ),
        (
            '[{"request": "remove", "item": []}]',
            "request 1, item",
            "'remove': expected a text, found a list",
            "give a text",
        ),
        (
            '[{"request": "copy", "item": "A", "times": "0"}]',
            "request 1, times",
            "expected a whole number from 1, found '0'",
            "give one",
        ),
        (
            '[{"request": "copy", "item": "A", "fields": "1"}]',
            "request 1, fields",
            "'copy': expected a list, found a text",
            "use [ ]",
        ),
        (
            '[{"request": "set", "item": "A", "fields": {"Quantity": true}}]',
            "request 1, fields.Quantity",
            "'set': expected a text, found a truth value",
            "give a text",
        ),
    ],
)
def test_what_is_not_understood_is_refused(text, where, why, mend):
    with pytest.raises(RequestFaulty) as caught:
        requests_from_json(text)
    assert str(caught.value) == (f"a request is not understood\n  where: {where}\n  why:   {why}\n  mend:  {mend}")


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        ([RemoveItem("A")] * MOST_REQUESTS, [RemoveItem("A")] * 2001, "at most 2000, found 2001"),
        ([RemoveItem("A" * 1000)], [RemoveItem("A" * 1001)], "at most 1000, found 1001"),
        ([CopyItem("A", 10_000)], [CopyItem("A", 10_001)], "from 1 to 10000 are allowed, found 10001"),
        ([CopyItem("A", 1, ({},))], [CopyItem("A", 1, ({}, {}))], "at most 1, found 2"),
        ([CopyItem("A", 1)], [CopyItem("A", 0)], "from 1 to 10000 are allowed, found 0"),
        (
            [SetItem("A", {}, {str(n): "1" for n in range(200)})],
            [SetItem("A", {}, {str(n): "1" for n in range(201)})],
            "at most 200, found 201",
        ),
        ([SetItem("A", {"Q": "1" * 4000})], [SetItem("A", {"Q": "1" * 4001})], "at most 4000, found 4001"),
    ],
)
def test_limits_hold_from_the_last_accepted_to_the_first_refused(good, bad, why):
    check_limits(good)
    with pytest.raises(TooManyRequests) as caught:
        check_limits(bad)
    assert caught.value.why == why
    assert caught.value.mend == "ask for less at once, in several batches"


def test_a_text_that_is_too_long_is_not_read():
    text = json.dumps([{"request": "remove", "item": "A"}])
    assert requests_from_json(text + " " * (4 * 1024 * 1024 - len(text))) == [RemoveItem("A")]
    with pytest.raises(TooManyRequests) as caught:
        requests_from_json(text + " " * (4 * 1024 * 1024 - len(text) + 1))
    assert caught.value.why == "at most 4194304, found 4194305"


def test_the_batch_of_the_documentation_works():
    """A line is configured and copied four times: a Small Business Enabler with its least number of lines."""
    page = (pathlib.Path(__file__).parents[3] / "docs" / "configurator.md").read_text(encoding="utf-8")
    batch = requests_from_json(page.partition("```json")[2].partition("```")[0])
    found = products_in(configured(quote(), batch, sample()))
    assert found == {
        "Small Business Enabler": 1,
        "Local Line": 5,
        "Voice Mail": 5,
        "Call Waiting": 5,
        "Caller Id": 5,
    }
