"""`orderhub demo --scenario replication`: a week of both sides, which are equal at its end."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> str:
    import contextlib
    import io

    from hub.demo.replication_demo import play_replication

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert play_replication(tmp_path_factory.mktemp("demo") / "orderhub-demo")
    return printed.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "  billing_accounts.00000001: add 4, change 0, delete 0\n",
        "  DCB-1 Riverside Clinic A 509-555-0177 Poe ",
        "  A0000000011-B ACCEPTED ",
        "7       1-B     Contact/Last Name  Doe     Roe        Miller\n",
        "1-B       billing  Jane D. Doe                       I          550           509-555-0142  Roe\n",
        "  ACCOUNTS.00000007.txt: refused: the file has no trailer\n",
        "  ACCOUNTS.00000007.txt: came before, nothing changes; its answer is sent again\n",
        "  lost: B-1, the record: the hub present, billing None\n",
        "  billing_accounts.00000009: add 1, change 1, delete 0\n",
        "\nThe two sides are equal: 5 accounts.\n",
    ],
)
def test_the_week_shows(week: str, text: str) -> None:
    assert text in week


def test_the_third_exchange_is_empty(week: str) -> None:
    _, _, saturday = week.partition("Saturday")
    assert "  nothing has changed\n" in saturday
    assert "  nothing to send\n" in saturday


def test_the_command_plays_it(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    played = []
    plays = {"replication": lambda folder: not played.append(folder.name)}
    monkeypatch.setattr("hub.command_line.demo.PLAYS", plays)
    command("demo", "--scenario", "replication")
    assert played == ["orderhub-demo"]
