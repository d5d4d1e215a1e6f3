"""Old rows of the interface table are removed; what answers, conflicts and `feed why` need stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.deployment.feed import Kept
from hub.replication import purge as purging
from hub.replication.explanation import explain
from hub.replication.purge import purge
from tests.hub.replication.test_faulty_files import LAST_NAME, NAME, STATUS, put, record
from tests.hub.replication.test_import_decisions import changed, delta, full, open_conflict
from tests.hub.replication.two_sides import FEED, TwoSides


def purged(sides: TwoSides) -> tuple[int, int]:
    """Purge; return the removed rows, and their batches."""
    outcome = purge(sides.open_feed)
    return outcome.rows, outcome.batches


def rows(sides: TwoSides) -> dict[str, list[int]]:
    """The positions of the rows of each file and export that has any."""
    found = {}
    for batch in reversed(sides.batches()):
        with sides.open_hub.read() as transaction:
            stored = sides.open_feed.rows(transaction)
            at = [place for place in range(1, batch.records + batch.missing + 1) if stored.at(batch.id, place)]
        if at:
            found[str(batch.name)] = at
    return found


def three_files(sides: TwoSides) -> None:
    """A first file, one with a change, an unchanged, a rejected and a missing record, and a later one."""
    sides.road.set_clock("2026-01-01T00:00:00Z")
    sides.deliver("a", delta(1, record("1"), record("2"), record("3")))
    sides.deliver("b", full(2, put(record("1"), NAME, "New"), record("2"), put(record("4"), STATUS, "X")))
    sides.deliver("c", delta(3, changed(put(record("2"), NAME, "New"))))
    assert sides.imported() == ["a done", "b done", "c done"]
    sides.feed = replace(sides.feed, kept=Kept(days=30, sources=365, batches=1))


def test_unchanged_rows_go_after_some_days_and_sources_of_values_later(sides: TwoSides) -> None:
    three_files(sides)
    whole = {"a": [1, 2, 3], "b": [1, 2, 3, 4], "c": [1]}
    assert (purged(sides), rows(sides)) == ((0, 0), whole), "nothing is old"
    sides.road.set_clock("2026-02-01T00:00:00Z")
    assert (purged(sides), rows(sides)) == ((1, 1), {**whole, "b": [1, 3, 4]}), "the unchanged one"
    sides.road.set_clock("2027-02-01T00:00:00Z")
    with sides.open_hub.read() as transaction:
        before = explain(sides.open_feed, transaction, "1", "Name")
    assert (purged(sides), rows(sides)) == ((5, 2), {"b": [3], "c": [1]}), "the rejected one, and the newest batch"
    assert purged(sides) == (0, 0)
    with sides.open_hub.read() as transaction:
        after = explain(sides.open_feed, transaction, "1", "Name")
    assert [each["bytes"] for each in before] == ["294 to 585", "294 to 585"]
    told = [(each["file"], each["number"], each["outcome"]) for each in after]
    assert told == [("b", 2, "taken"), ("a", 1, "add")], "the file and the rule are told for ever"


def test_a_file_that_comes_again_after_a_purge_gets_the_same_answer(sqlite: TwoSides) -> None:
    three_files(sqlite)
    answers = sorted(path.read_bytes() for path in (sqlite.folder / "outbox").iterdir())
    sqlite.road.set_clock("2028-01-01T00:00:00Z")
    assert purged(sqlite) == (6, 2)
    for path in (sqlite.folder / "outbox").iterdir():
        path.unlink()
    for number, name in enumerate("abc", 1):
        (done,) = (sqlite.folder / "done").glob(f"{name}*")
        sqlite.deliver(f"again{number}", done.read_bytes())
    assert sqlite.imported() == ["again1 repeat", "again2 repeat", "again3 repeat"]
    assert sorted(path.read_bytes() for path in (sqlite.folder / "outbox").iterdir()) == answers


def test_the_row_of_an_open_conflict_and_an_export_without_an_answer_stay(sides: TwoSides) -> None:
    sides.road.set_clock("2026-01-01T00:00:00Z")
    open_conflict(sides)
    sides.put("9", Name="nine", Status="Active")
    assert sides.export() == ["A9 nine A"]
    last = changed(put(put(record("1"), LAST_NAME, "Jones"), NAME, "New"))
    sides.deliver("c", delta(3, last))
    sides.put("8", Name="eight", Status="Active")
    sides.export()
    assert sides.imported() == ["c done"]
    sides.feed = replace(sides.feed, kept=Kept(days=1, sources=1, batches=1))
    sides.road.set_clock("2027-01-01T00:00:00Z")
    assert purged(sides) == (1, 1), "the first file's"
    assert list(rows(sides)) == ["b", f"{FEED}.00000003", f"{FEED}.00000004", "c"]


def test_a_purge_takes_some_rows_in_each_transaction(sqlite: TwoSides, monkeypatch: pytest.MonkeyPatch) -> None:
    three_files(sqlite)
    monkeypatch.setattr(purging, "_AT_ONCE", 2)
    sqlite.road.set_clock("2028-01-01T00:00:00Z")
    assert purged(sqlite) == (6, 2)
    assert rows(sqlite) == {"b": [3], "c": [1]}


def test_the_rows_of_messages_go_although_no_file_came_behind_them(sides: TwoSides) -> None:
    """A feed whose messages all arrive has few files."""
    sides.road.set_clock("2026-01-01T00:00:00Z")
    sides.put("1", Name="one", Status="Active")
    sides.pass_messages()
    sides.road.surroundings.sleep(2)
    sides.billing.set("1", {"CUST-NAME": "two"})
    sides.billing.add("2", {"CUST-NAME": "two", "CUST-STAT": "X"})
    sides.pass_messages()
    assert sides.batches() == []
    sides.road.set_clock("2026-02-15T00:00:00Z")
    assert purged(sides) == (1, 1), "the hub's; billing's one stays as a source, and a rejected one stays"
    with sides.open_hub.read() as transaction:
        assert [each["bytes"] for each in explain(sides.open_feed, transaction, "1", "Name")] == ["1 to 292"]
    sides.road.set_clock("2027-02-15T00:00:00Z")
    assert purged(sides) == (1, 1)
    assert purged(sides) == (0, 0)
