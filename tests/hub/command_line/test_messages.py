"""`orderhub messages`: filters that can't be are refused, and a replay can be tried."""

from __future__ import annotations

import json

import pytest

from adapters.database.messages.inbox import Ending
from tests.road import sample


@pytest.mark.parametrize(
    ("option", "value", "what", "mend"),
    [
        ("--state", "bogus", "there is no state 'bogus'", "name one of them"),
        ("--state", "parkd", "there is no state 'parkd'", "did you mean 'parked'?"),
        ("--route", "hub_objekt", "there is no route 'hub_objekt'", "did you mean 'hub_object'?"),
        ("--since", "bogus", "'bogus' is no time", "write a date, or a date and time with its zone"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_what_is_known(road, command, option, value, what, mend):
    printed = command("messages", "list", option, value, expect=2)
    assert printed.out == ""
    assert printed.err.startswith(f"{what}\n  where: option {option}\n")
    assert f"  mend:  {mend}" in printed.err


@pytest.mark.parametrize(
    "words",
    [
        ("messages", "list", "--limit", "9" * 20),
        ("messages", "list", "--before", "9" * 20),
        ("job", "list", "--limit", "9" * 20),
        ("job", "start", "x", "--reason", "y", "--rate", "9" * 10),
        ("job", "start", "x", "--reason", "y", "--stages", f"10,{'9' * 5000}"),
    ],
)
def test_a_number_that_no_database_takes_is_refused_with_its_option(road, command, words):
    assert words[-2] in command(*words, expect=2).err


def test_a_time_is_compared_in_utc(road, command):
    id = road.send(sample("order-1-new-service.xml"))
    received = road.shown(id)["received_at"]
    hour = int(received[11:13])
    assert hour < 23
    for since, expected in ((f"{received[:11]}{hour + 1:02}:00:00+01:00", [id]), ("2199-01-01", [])):
        rows = json.loads(command("messages", "list", "--json", "--since", since).out)
        assert [row["id"] for row in rows] == expected


def test_a_dry_run_of_a_replay_says_what_it_would_do_and_does_nothing(road, command):
    shown = road.work(sample("order-3-unknown-product.xml"))
    assert shown["state"] == "rejected"
    assert command("messages", "replay", "--dry-run", shown["id"]).err == (
        f"{shown['id']}: would be put back, and worked again\n"
    )
    assert road.shown(shown["id"]) == shown
    command("messages", "replay", shown["id"])
    assert (road.shown(shown["id"])["state"], road.shown(shown["id"])["replays"]) == ("received", 1)
    command("messages", "replay", "--dry-run", shown["id"], expect=1)


def test_why_a_message_was_filtered_is_shown(road, command):
    id = road.send(sample("order-1-new-service.xml"))
    with road.open_hub.write() as transaction:
        transaction.messages.inbox.finish_all([Ending(id, "filtered", why="revision 1 came after revision 2")])
    assert "what             revision 1 came after revision 2\n" in command("messages", "show", id).out
