"""The stand-in for billing keeps accounts of its own, writes numbered files, and answers the hub's."""

from __future__ import annotations

import pathlib
import random
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hub.demo.billing_stand_in import BillingStandIn


@pytest.fixture
def billing(tmp_path: pathlib.Path) -> Iterator[BillingStandIn]:
    stand_in = BillingStandIn(tmp_path / "billing.db", tmp_path / "folder")
    yield stand_in
    stand_in.close()


def lines(path: pathlib.Path) -> list[str]:
    return path.read_text(encoding="iso-8859-1").split("\n")[:-1]


def from_hub(tmp_path: pathlib.Path, other: BillingStandIn) -> None:
    """Let another stand-in play the hub: its file becomes the hub's."""
    (tmp_path / "folder" / "outbox").mkdir(parents=True, exist_ok=True)
    for path in (tmp_path / "other" / "inbox").glob("ACCOUNTS.*"):
        path.rename(tmp_path / "folder" / "outbox" / path.name)


def test_a_file_has_each_changed_account_once(tmp_path: pathlib.Path, billing: BillingStandIn) -> None:
    billing.add("7", {"CUST-NAME": "Jane", "CREDIT-LIMIT": "-2.50"})
    billing.set("7", {"CITY": "Malmö"})
    assert billing.write() == 1
    header, record, trailer = lines(tmp_path / "folder" / "inbox" / "ACCOUNTS.00000001.txt")
    assert header.startswith("H00000001DELTA 00000000")
    assert record.startswith("DA7                   Jane ")
    assert "-00000000250" in record
    assert trailer.startswith("T0000000010000000007" + "0" * 15 + f"{250:015}")
    assert {len(header), len(record), len(trailer)} == {292}
    assert billing.write() is None


def test_a_record_that_a_user_changed_since_the_last_file_is_kept(
    tmp_path: pathlib.Path, billing: BillingStandIn
) -> None:
    hub = BillingStandIn(tmp_path / "hub.db", tmp_path / "other")
    for key in ("1", "2"):
        billing.add(key, {"CUST-NAME": "billing's"})
        hub.add(key, {"CUST-NAME": "the hub's"})
    hub.delete("3")
    billing.write()
    billing.set("2", {"CUST-NAME": "changed"})
    hub.write()
    from_hub(tmp_path, hub)
    assert billing.read() == 1
    assert [values[0] for values in billing.accounts().values()] == ["the hub's", "changed"]
    answer = lines(tmp_path / "folder" / "inbox" / "ACCOUNTS.00000002.txt")
    assert answer[0].startswith("H00000002ANSWER00000001")
    assert [line[30:38].strip() for line in answer[1:-1]] == ["ACCEPTED", "KEPT"]
    hub.close()


def test_a_cut_file_is_left_for_the_whole_one(tmp_path: pathlib.Path, billing: BillingStandIn) -> None:
    hub = BillingStandIn(tmp_path / "hub.db", tmp_path / "other")
    hub.add("1", {"CUST-NAME": "Jane"})
    hub.write()
    from_hub(tmp_path, hub)
    path = tmp_path / "folder" / "outbox" / "ACCOUNTS.00000001.txt"
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert billing.read() == 0
    path.write_bytes(whole)
    assert billing.read() == 1
    path.write_bytes(whole)
    assert billing.read() == 0, "the same file again changes nothing"
    hub.close()


def test_the_same_seed_does_the_same_edits(tmp_path: pathlib.Path, billing: BillingStandIn) -> None:
    other = BillingStandIn(tmp_path / "other.db", tmp_path / "other")
    for stand_in in (billing, other):
        stand_in.edit(50, random.Random(7))  # noqa: S311  # chance edits, no secrets
    assert billing.accounts() == other.accounts()
    assert len(billing.accounts()) > 3
    other.close()


def test_the_program_runs_by_itself(tmp_path: pathlib.Path) -> None:
    def run(*words: str) -> str:
        command = [sys.executable, "-m", "hub.demo.billing_stand_in", "billing.db", "folder", *words]
        root = pathlib.Path(__file__).resolve().parents[3]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(root)}
        )
        return done.stdout

    run("add", "1", "CUST-NAME=Jane", "CITY=Tacoma")
    assert run("exchange") == "files read: 0\nfile written: 1\n"
    assert run("show").startswith("1  Jane  -  -  -  -  -  Tacoma")
    assert run("write") == "file written: None\n"
