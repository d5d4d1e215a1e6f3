"""`orderhub feed ...` as a user types it: each command's success and a failure, with the exit codes for schedulers."""

from __future__ import annotations

import json
import pathlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from hub.replication.intake import check, next_turn, receive
from tests.hub.replication.test_faulty_files import (
    CHANGED_AT,
    LAST_NAME,
    NAME,
    STATUS,
    header,
    joined,
    put,
    record,
    with_totals,
)
from tests.hub.replication.test_import_decisions import changed, delta, full
from tests.hub.replication.two_sides import FEED, TwoSides

#: Accounts enough for a share of them to be a limit.
MANY = [put(record(f"{number:03}"), LAST_NAME, "Doe") for number in range(1, 41)]


@pytest.fixture
def sides(tmp_path: pathlib.Path) -> Iterator[TwoSides]:
    two = TwoSides(tmp_path)
    (tmp_path / "orderhub.toml").write_text(
        f'database_url = "sqlite:///orderhub.db"\nfeeds = ["{FEED}"]\nfolder_settle_s = 0\n', encoding="utf-8"
    )
    yield two
    two.close()


def file(folder: pathlib.Path, name: str, content: bytes) -> pathlib.Path:
    """A file that a user has beside the deployment."""
    path = folder / name
    path.write_bytes(content)
    return path


def many_changed(number: int, name: str) -> bytes:
    return delta(number, *(changed(put(each, NAME, name)) for each in MANY))


def test_an_import_ends_with_0_4_8_and_12_as_its_files_do(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    assert command("feed", "import", FEED).out == "nothing to import\n"
    told = command("feed", "import", FEED, file(tmp_path, "a", delta(1, *MANY))).out
    assert told == "a\tdelta\tdone\trecords 40, adds 40\n"
    rejected = delta(2, changed(put(MANY[0], STATUS, "X")))
    assert "rejected 1" in command("feed", "import", FEED, file(tmp_path, "b", rejected), expect=4).out
    told = command("feed", "import", FEED, file(tmp_path, "d", delta(4, MANY[0])), expect=8).out
    assert "alarm since" in told
    assert "file 4 of billing_accounts waits for file 3: it hasn't come." in told
    told = command("feed", "import", FEED, file(tmp_path, "c", many_changed(3, "New")), expect=8).out
    assert "c\tdelta\theld\trecords 40, changes 40" in told
    assert "  mend: look at it, then `orderhub feed release billing_accounts --reason ...`" in told
    cut = joined(with_totals([header("00000005"), MANY[0]])[:-1])
    told = command("feed", "import", FEED, file(tmp_path, "e", cut), "--json", expect=8).out
    assert [(each["file"], each["state"]) for each in json.loads(told)] == [("c", "held")]
    assert "the export" not in command("feed", "release", FEED, "--reason", "prices").out
    told = command("feed", "import", FEED, expect=12).out
    assert [line.split("\t")[:3] for line in told.splitlines() if "\t" in line] == [
        ["c", "delta", "done"],
        ["d", "delta", "done"],
        ["e", "delta", "refused"],
    ]
    assert "  what: the file has no trailer" in told


def test_an_import_whose_file_is_gone_refuses_it_and_takes_it_when_it_comes_again(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    content = delta(1, record("1"))
    sides.deliver("a", content)
    feed = sides.open_feed
    list(receive(feed))
    batch = next_turn(feed)
    assert batch is not None
    list(check(feed, batch))
    feed.folders.close()
    (path,) = (sides.folder / "working").glob("a*")
    path.unlink()
    told = command("feed", "import", FEED, expect=12)
    assert "  what: the file isn't there any more" in told.out
    assert "  mend: send the file once more" in told.out
    assert command("feed", "import", FEED, file(tmp_path, "a", content)).out.startswith("a\tdelta\tdone\trecords 1")


def test_a_paused_feed_imports_and_exports_nothing_and_ends_with_8(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    sides.put("1", Name="one", Status="Active")
    assert command("feed", "pause", FEED, "--why", "billing moves").out == f"{FEED} is paused\n"
    assert "paused: True" in command("feed", "status", FEED).out
    told = command("feed", "export", FEED, expect=8)
    assert (told.out, "reason: FeedPaused" in told.err) == ("", True)
    told = command("feed", "import", FEED, file(tmp_path, "a", delta(1, record("2"))), expect=8)
    assert "the feed billing_accounts is paused" in told.err
    assert command("feed", "resume", FEED).out == f"{FEED} goes on\n"
    assert "a\tdelta\tdone" in command("feed", "import", FEED).out
    assert f"{FEED}.00000002\tdelta\t1 records\tadd 1" in command("feed", "export", FEED).out


def test_an_export_over_a_limit_ends_with_8_until_it_is_released_or_cancelled(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    command("feed", "import", FEED, file(tmp_path, "a", delta(1, *MANY)))
    for each in MANY[:30]:
        sides.put(each[2:5], Name="New")
    told = command("feed", "export", FEED, expect=8).out
    assert told.splitlines()[:2] == [
        "held\tdelta\t30 records\tadd 0, change 30, delete 0",
        "  what: the export of billing_accounts changes more than its limits allow",
    ]
    assert "30 changes, and at most 20 % of 40 records are allowed" in told
    assert (
        command("feed", "cancel", FEED, "--reason", "wrong").out
        == "the export is cancelled; the next one compares anew\n"
    )
    assert json.loads(command("feed", "export", FEED, "--json", expect=8).out)[0]["state"] == "held"
    assert "name" not in command("feed", "release", FEED, "--reason", "right", "--direction", "in", expect=1).out
    told = command("feed", "release", FEED, "--reason", "right", "--direction", "out").out
    assert told == f"the export is released as file 2; `orderhub feed export {FEED}` writes it\n"
    assert command("feed", "export", FEED).out == f"{FEED}.00000002\tdelta\t30 records\tadd 0, change 30, delete 0\n"
    assert command("feed", "export", FEED).out == "nothing to send: the partner has all values\n"
    assert "reason: NothingHeld" in command("feed", "release", FEED, "--reason", "again", expect=1).err
    assert "reason: NothingHeld" in command("feed", "cancel", FEED, "--reason", "again", expect=1).err
    assert (
        "--direction is one of in, out"
        in command("feed", "release", FEED, "--reason", "x", "--direction", "up", expect=2).err
    )


def test_a_held_file_is_cancelled_and_its_number_is_free(sides: TwoSides, tmp_path: pathlib.Path, command: Any) -> None:
    command("feed", "import", FEED, file(tmp_path, "a", delta(1, *MANY)))
    command("feed", "import", FEED, file(tmp_path, "b", many_changed(2, "New")), expect=8)
    assert command("feed", "cancel", FEED, "--reason", "a mistake").out == "file 2 is cancelled; its number is free\n"
    assert "b\tdelta\tdone" in command("feed", "import", FEED, file(tmp_path, "b", delta(2, changed(MANY[0])))).out


def test_feeds_are_listed_and_shown_with_their_batches_and_alarms(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    command("feed", "import", FEED, file(tmp_path, "a", delta(1, *MANY)))
    command("feed", "import", FEED, file(tmp_path, "c", delta(3, MANY[0])), expect=8)
    (listed,) = json.loads(command("feed", "list", "--json").out)
    assert (listed["feed"], listed["records"], listed["open in"], listed["alarms"]) == (FEED, 40, 1, 1)
    assert command("feed", "list").out.splitlines()[0].startswith("feed ")
    told = command("feed", "status", FEED).out
    assert "next number of the partner: 2" in told
    assert "alarms: file 3 of billing_accounts waits for file 2: it hasn't come." in told
    status = json.loads(command("feed", "status", FEED, "--limit", "1", "--json").out)
    assert [(batch["name"], batch["state"]) for batch in status["batches"]] == [("c", "waiting")]
    assert "FeedUnknown" in command("feed", "status", "billing", expect=1).err
    (tmp_path / "orderhub.toml").write_text('database_url = "sqlite:///orderhub.db"\n', encoding="utf-8")
    assert command("feed", "list").out.startswith("no feed is switched on: ")


def test_a_preview_tells_the_changes_and_refuses_a_faulty_file(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    good = file(tmp_path, "a", delta(1, *MANY))
    assert command("feed", "preview", FEED, good).out.startswith("would add 40, change 0, delete 0")
    assert json.loads(command("feed", "preview", FEED, good, "--json").out)["add"] == 40
    bad = file(tmp_path, "b", joined(with_totals([header("00000001"), MANY[0]], COUNT="000000002")))
    assert "reason: FeedTotalWrong" in command("feed", "preview", FEED, bad, expect=1).err
    assert "reason: FileUnreadable" in command("feed", "preview", FEED, tmp_path / "none", expect=2).err
    assert sides.ours() == {}


def test_a_conflict_is_listed_decided_explained_and_reported(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    assert command("feed", "conflicts", FEED).out == "no conflict waits for a person\n"
    command("feed", "import", FEED, file(tmp_path, "a", delta(1, MANY[0])))
    sides.set_last_name("001", "Smith")
    command("feed", "import", FEED, file(tmp_path, "b", delta(2, changed(put(MANY[0], LAST_NAME, "Jones")))), expect=4)
    (conflict,) = json.loads(command("feed", "conflicts", FEED, "--json").out)
    values = (conflict["field"], conflict["agreed"], conflict["ours"], conflict["theirs"])
    assert values == ("Contact/Last Name", "Doe", "Smith", "Jones")
    assert "Contact/Last Name" in command("feed", "conflicts", FEED, "--key", "001").out
    number = conflict["number"]
    wrong = command("feed", "decide", FEED, number, "--take", "mine", "--reason", "x", expect=2)
    assert "--take is one of ours, theirs, value" in wrong.err
    assert "ConflictUnknown" in command("feed", "decide", FEED, 99, "--take", "ours", "--reason", "x", expect=1).err
    told = command("feed", "decide", FEED, number, "--take", "theirs", "--reason", "they married").out
    assert told == f"decided: Contact/Last Name of 001; `orderhub feed export {FEED}` sends what the partner lacks\n"
    again = command("feed", "decide", FEED, number, "--take", "ours", "--reason", "no", expect=1).err
    assert "reason: ConflictDecided" in again
    told = command("feed", "why", FEED, "001", "Contact/Last Name").out
    assert told.startswith("Contact/Last Name: Jones\n")
    assert "  because: they married" in told
    assert json.loads(command("feed", "why", FEED, "001", "--json").out)[-1]["file"] == "a"
    assert command("feed", "why", FEED, "7").out == "no file brought a value of 7\n"
    assert "reason: FeedFieldUnknown" in command("feed", "why", FEED, "001", "Nickname", expect=1).err
    for form, begin in {"text": "", "csv": "", "html": "<"}.items():
        report = command("feed", "report", FEED, "--number", 2, "--format", form).out
        assert report.lstrip().startswith(begin), form
        assert "update_differing" in report, form
    assert json.loads(command("feed", "report", FEED, "--json").out)["facts"]["number"] == 2
    assert "reason: FeedBatchUnknown" in command("feed", "report", FEED, "--number", 9, expect=1).err
    assert "--format is one of text, csv, html" in command("feed", "report", FEED, "--format", "pdf", expect=2).err


def test_a_reconciliation_ends_with_4_where_a_difference_stays_and_repairs_it(
    sides: TwoSides, tmp_path: pathlib.Path, command: Any
) -> None:
    command("feed", "import", FEED, file(tmp_path, "a", delta(1, *MANY)))
    whole = file(tmp_path, "extract", full(2, *MANY))
    told = command("feed", "reconcile", FEED, whole).out
    assert told == "records: 40 of the hub, 40 of the partner; differences: 0\n"
    older = put(put(MANY[0], NAME, "Other"), CHANGED_AT, "20200101000000")
    lost = file(tmp_path, "older", full(2, older, *MANY[2:]))
    found = json.loads(command("feed", "reconcile", FEED, lost, "--json", expect=4).out)
    assert (found["ours"], found["theirs"], found["classes"]["lost"], found["repair"]) == (40, 39, 2, None)
    assert (
        "repaired: 1 records merged, 1 conflicts" in command("feed", "reconcile", FEED, lost, "--repair", expect=4).out
    )
    assert f"{FEED}.00000002\tdelta\t2 records\tadd 1, change 1" in command("feed", "export", FEED).out
    cut = file(tmp_path, "cut", b"".join(full(2, *MANY).splitlines(keepends=True)[:-1]))
    assert "reason: ExtractIncomplete" in command("feed", "reconcile", FEED, cut, expect=1).err


def test_old_rows_are_purged(sides: TwoSides, tmp_path: pathlib.Path, command: Any) -> None:
    for number in range(1, 12):
        sides.deliver(f"f{number}", delta(number, changed(MANY[0]) if number > 1 else MANY[0]))
    assert len(sides.imported()) == 11
    with closing(sqlite3.connect(tmp_path / "orderhub.db")) as connection, connection:
        connection.execute("UPDATE hub_feed_batch SET final_at = '2020-01-01T00:00:00.000000Z'")
        connection.execute("UPDATE hub_feed_decision SET at = '2020-01-01T00:00:00.000000Z'")
    assert command("feed", "purge", FEED).out == "removed 1 rows of 1 batches\n"
    assert json.loads(command("feed", "purge", FEED, "--json").out) == {"rows": 0, "batches": 0}
    assert "reason: FeedUnknown" in command("feed", "purge", "billing", expect=1).err
