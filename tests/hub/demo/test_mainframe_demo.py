"""`orderhub demo --scenario mainframe-profile`: a profile in a mainframe that dies; nothing is lost or doubled."""

from __future__ import annotations

import re

import pytest

from tests.test_readme import orderhub


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> str:
    played = orderhub(["demo", "--scenario", "mainframe-profile"], tmp_path_factory.mktemp("demo"))
    assert played.returncode == 0, played.stderr
    assert "Traceback" not in played.stderr
    return played.stdout


def part(play: str, title: str) -> str:
    """Return a part of the play; the keys, which differ from play to play, are KEY."""
    _, _, text = play.partition(title)
    text, _, _ = text.partition("\n---")[2].partition("\n---")
    return re.sub(" +", " ", re.sub(r"\b(?!SERVICE|FEATURE|PARENT)[0-9A-Z]{6,26}\b", "KEY", text))


def test_a_new_service_is_inserted_row_by_row(play: str) -> None:
    text = part(play, "New service")
    assert "<siebel-xmlext-query-req>\n" in text
    assert "insert SERVICE KEY: CUST-ID=2-LB, PARENT-SVC-ID=KEY, PROD-CD=Local Line, STAT=Active, " in text
    assert "insert FEATURE KEY Forwarding Number: CUST-ID=2-LB, TXT-VAL=509-555-0199 done\n" in text


def test_a_clerks_change_is_seen_and_only_the_change_of_the_hub_is_sent(play: str) -> None:
    text = part(play, "Modify")
    assert " 2 Local Line - 509-555-0124 0.00 KEY\n" in text
    assert '<value field="TXT-VAL" changed="true">509-555-0177</value>' in text
    assert [line for line in text.splitlines() if line.startswith("update ")] == [
        "update FEATURE KEY Forwarding Number: TXT-VAL=509-555-0177 done"
    ]


def test_a_death_in_the_middle_of_a_change_is_told_and_the_change_is_there_once(play: str) -> None:
    text = part(play, "The mainframe dies in the middle")
    assert "PROD-CD=Call Waiting, STAT=Active, QTY=1, [...] none\n" in text
    assert "changes of the service profile of account '2-LB' have not reached the system that keeps it\n" in text
    assert " reason: ProfileChangesWait\n" in text
    assert "update FEATURE KEY Rings: NUM-VAL=8 done\n" in text
    assert text.count("\n8 insert SERVICE ") == 1
    assert "\n9 update FEATURE " in text
    assert "\n10 " not in text


def test_a_mainframe_that_is_away_is_told_and_the_same_command_works_later(play: str) -> None:
    text = part(play, "Disconnect")
    assert " reason: ServiceAway\n" in text
    assert "in all: 5 Delete\n" in text
    assert "The hub's copy and the rows of the mainframe are equal: 5 of SERVICE, 2 attributes.\n" in play
