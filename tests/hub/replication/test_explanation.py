"""Sixty values after a file in which both sides had changed much: each one's origin, rule and lost value are told."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from hub.replication.explanation import explain
from tests.hub.replication.test_faulty_files import (
    CHANGED_AT,
    FIRST_NAME,
    LAST_NAME,
    LIMIT,
    NAME,
    OPERATION,
    PHONE,
    STATUS,
    header,
    joined,
    put,
    record,
    with_totals,
)
from tests.hub.replication.two_sides import TwoSides

#: Of each field: its place in a record, the partner's new text, and what happens where the hub has changed it, too.
FIELDS = {
    "Name": (NAME, "Theirs {n}", "partner wins"),
    "Status": (STATUS, "I", "hub wins"),
    "Credit Limit": (LIMIT, "+00000015000", "added"),
    "Phone Number": (PHONE, "509-555-01{n:02}", "partner wins"),  # the record is the later one
    "Contact/Last Name": (LAST_NAME, "Their {n}", "open"),
}
OURS = {"Name": "Ours {n}", "Status": "Suspended", "Credit Limit": "107", "Phone Number": "206-555-01{n:02}"}


def first(key: str) -> str:
    """The record that both sides agree on, with a contact."""
    line = put(put(record(key), STATUS, "A"), PHONE, "425-555-0100")
    return put(put(line, FIRST_NAME, "Ann"), LAST_NAME, "Agreed")


def test_each_of_sixty_values_is_explained(sqlite: TwoSides) -> None:
    sides, chance = sqlite, random.Random(14)  # noqa: S311
    keys = [f"{number:03}" for number in range(1, 13)]
    sides.deliver("a", joined(with_totals([header("00000001"), *map(first, keys)])))
    assert sides.imported() == ["a done"]
    changed_by_us = {(key, field) for key in keys for field in FIELDS if chance.random() < 0.5}
    lines = []
    for number, key in enumerate(keys):
        ours = {
            name.replace(" ", "_"): text.format(n=number) for name, text in OURS.items() if (key, name) in changed_by_us
        }
        sides.put(key, **ours)
        if (key, "Contact/Last Name") in changed_by_us:
            sides.set_last_name(key, f"Our {number}")
        line = put(put(first(key), OPERATION, "C"), CHANGED_AT, "20260102000000")
        for place, text, _ in FIELDS.values():
            line = put(line, place, text.format(n=number))
        lines.append(line)
    content = joined(with_totals([header("00000002"), *lines]))
    sides.deliver("b", content)
    assert sides.imported() == ["b done"]

    outcomes: Counter[str] = Counter()
    with sides.open_hub.read() as transaction:
        for number, key in enumerate(keys):
            for field, (_, text, outcome) in FIELDS.items():
                told: dict[str, Any] = explain(sides.open_feed, transaction, key, field)[0]
                begin, end = map(int, told["bytes"].split(" to "))
                assert (told["file"], told["number"], told["record"]) == ("b", 2, number + 1)
                assert content[begin - 1 : end].decode("iso-8859-1").rstrip("\n") == lines[number]
                assert told["rule"] == sides.feed.fields[sides.feed.names.index(field)].owner
                both = (key, field) in changed_by_us
                assert told["outcome"] == (outcome if both else "taken"), (key, field)
                our = OURS.get(field, "Our {n}").format(n=number)
                lost = {"partner wins": our, "hub wins": told["theirs"]}.get(told["outcome"])
                assert told.get("lost") == lost
                if both:
                    assert told["ours"] == our
                if field in ("Name", "Phone Number", "Contact/Last Name"):
                    assert told["theirs"] == text.format(n=number)
                outcomes[told["outcome"]] += 1
    assert sum(outcomes.values()) == 60
    assert set(outcomes) == {"taken", "partner wins", "hub wins", "added", "open"}
