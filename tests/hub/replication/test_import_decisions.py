"""Records are rejected by themselves, mass changes are held, conflicts are decided, and each value is explained."""

from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest

from adapters.database.replication.batches import FeedBatchTakenOver
from hub.deployment.door import feed_component
from hub.presentation.progress import Progress
from hub.replication.arrivals import look_for_arrivals
from hub.replication.deciding import (
    ConflictDecided,
    ConflictUnknown,
    DecisionUnfit,
    NothingHeld,
    cancel,
    decide_conflict,
    release,
)
from hub.replication.explanation import explain
from hub.replication.intake import check, next_turn, receive, stage
from hub.replication.opened_feed import FeedPaused
from hub.replication.preview import preview
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.hub.replication.test_faulty_files import (
    CHANGED_AT,
    FIRST_NAME,
    LAST_NAME,
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
from tests.hub.replication.two_sides import FEED, TwoSides


def delta(number: int, *records: str, of: int = 0) -> bytes:
    return joined(with_totals([header(f"{number:08}", of=f"{of:08}"), *records]))


def full(number: int, *records: str) -> bytes:
    return joined(with_totals([header(f"{number:08}", "FULL"), *(put(each, OPERATION, " ") for each in records)]))


def changed(line: str) -> str:
    return put(line, OPERATION, "C")


def statuses(sides: TwoSides) -> list[tuple[int, str, str | None]]:
    """The rows of the newest file of the partner's: position, state, reason."""
    batch = sides.batches("in")[0]
    with sides.open_hub.read() as transaction:
        rows = sides.open_feed.rows(transaction)
        return [
            (row.position, row.row_status, (row.reason or {}).get("reason"))
            for position in range(1, batch.records + batch.missing + 1)
            if (row := rows.at(batch.id, position)) is not None
        ]


def test_a_record_that_cannot_be_taken_is_rejected_by_itself(sides: TwoSides) -> None:
    sides.deliver(
        "a",
        delta(
            1,
            record("1"),
            put(record("2"), STATUS, "X"),
            record(""),
            record("1", name="Twice"),
            changed(record("9")),
            put(record("5"), OPERATION, "Q"),
            put(record("6"), FIRST_NAME, "Only first"),
            record("7"),
        ),
    )
    assert sides.imported() == ["a done"]
    assert statuses(sides) == [
        (1, "IMPORTED", None),
        (2, "PICKLIST_VALUE", "CodeUnknown"),
        (3, "REQUIRED_COLS", "FeedKeyMissing"),
        (4, "DUP_RECORD_IN_EIM_TBL", "FeedKeyTwice"),
        (5, "FOREIGN_KEY", "update_missing"),
        (6, "PICKLIST_VALUE", "FeedOperationUnknown"),
        (7, "REQUIRED_COLS", "FieldMissing"),
        (8, "IMPORTED", None),
    ]
    assert list(sides.ours()) == ["1", "7"]
    batch = sides.batches("in")[0]
    assert batch.rejected == 6
    lines = sides.last_answer().split("\n")[1:-2]
    assert [line[:30].split() for line in lines] == [
        ["A0000000022"],
        ["A000000003"],
        ["A0000000041"],
        ["A0000000059"],
        ["A0000000065"],
        ["A0000000076"],
    ]
    sides.deliver("b", delta(2, record("2"), of=1))
    assert sides.imported() == ["b done"]
    again = sides.batches("in")[0]
    assert (again.kind, again.of_batch, list(sides.ours())) == ("resubmission", batch.id, ["1", "2", "7"])


def test_a_mass_change_is_held_before_its_first_row_until_a_person_releases_it(sides: TwoSides) -> None:
    many = [record(f"{number:03}") for number in range(1, 61)]
    sides.deliver("a", delta(1, *many))
    sides.imported()
    before = sides.ours()
    sides.deliver("b", delta(2, *(put(changed(each), NAME, "Other") for each in many)))
    sides.deliver("c", delta(3, record("061")))
    assert sides.imported() == ["b held"]
    assert sides.imported() == ["b held"]
    assert sides.ours() == before
    assert sides.alarms()[0] == (
        "file 2 of billing_accounts changes more than its limits allow: "
        "60 changes, and at most 20 % of 60 records are allowed."
    )
    with sides.open_hub.write() as transaction:
        release(sides.open_feed, transaction, "Ann", "prices were raised")
    assert sides.imported() == ["b done", "c done"]
    assert sides.ours()["001"][0] == "Other"
    assert sides.alarms() == []
    released = next(batch for batch in sides.batches("in") if batch.number == 2)
    assert (released.released_by, released.release_reason) == ("Ann", "prices were raised")


def test_a_held_file_that_is_cancelled_leaves_its_number_free(sqlite: TwoSides) -> None:
    many = [record(f"{number:03}") for number in range(1, 61)]
    sqlite.deliver("a", delta(1, *many))
    sqlite.imported()
    with pytest.raises(NothingHeld), sqlite.open_hub.write() as transaction:
        release(sqlite.open_feed, transaction, "Ann", "no reason")
    sqlite.deliver("b", delta(2, *(put(changed(each), NAME, "Other") for each in many)))
    sqlite.imported()
    with sqlite.open_hub.write() as transaction:
        cancel(sqlite.open_feed, transaction, "Ann", "a mistake of billing's")
    assert sqlite.imported() == []
    assert "FeedBatchCancelled" in sqlite.last_answer()
    sqlite.deliver("b2", delta(2, put(changed(many[0]), NAME, "One")))
    assert sqlite.imported() == ["b2 done"]
    assert (sqlite.ours()["001"][0], sqlite.ours()["002"][0]) == ("One", "Name")


def test_a_record_that_a_full_file_lacks_is_reported_and_stays(sides: TwoSides) -> None:
    sides.deliver("a", full(1, record("1"), record("2")))
    sides.imported()
    sides.deliver("b", full(2, record("1")))
    assert sides.imported() == ["b done"]
    assert sides.ours()["2"][1] is None
    batch = sides.batches("in")[0]
    assert (batch.unchanged, batch.missing, batch.conflicts, batch.rejected) == (1, 1, 1, 0)
    assert statuses(sides)[-1] == (2, "AMBIGUOUS", "missing_in_file")


def test_a_manual_field_waits_for_a_person_and_the_decision_reaches_both_sides(sides: TwoSides) -> None:
    first = put(record("1"), LAST_NAME, "Doe")
    sides.deliver("a", delta(1, first))
    sides.imported()
    sides.set_last_name("1", "Smith")
    sides.deliver("b", delta(2, put(changed(first), LAST_NAME, "Jones")))
    assert sides.imported() == ["b done"]
    assert sides.ours()["1"][-1] == "Smith"
    assert sides.export() == [], "the field isn't sent before somebody decides"
    with sides.open_hub.read() as transaction:
        (conflict,) = sides.open_feed.decisions(transaction).conflicts(10)
    values = (conflict.field, conflict.agreed, conflict.ours, conflict.theirs)
    assert values == ("Contact/Last Name", "Doe", "Smith", "Jones")
    with sides.open_hub.write() as transaction:
        decide_conflict(sides.open_feed, transaction, conflict.seq, "value", "Smith-Jones", "Ann", "they married")
    with sides.open_hub.write() as transaction, pytest.raises(ConflictDecided, match="Ann decided it"):
        decide_conflict(sides.open_feed, transaction, conflict.seq, "theirs", None, "Bob", "they divorced")
    assert sides.ours()["1"][-1] == "Smith-Jones"
    assert len(sides.export()) == 1
    with sides.open_hub.read() as transaction:
        (told, *_) = explain(sides.open_feed, transaction, "1", "Contact/Last Name")
    assert (told["value"], told["decided by"], told["because"]) == ("Smith-Jones", "Ann", "they married")


def open_conflict(sides: TwoSides) -> int:
    """Both sides change a field that a person decides; return the conflict's number."""
    first = put(record("1"), LAST_NAME, "Doe")
    sides.deliver("a", delta(1, first))
    sides.imported()
    sides.set_last_name("1", "Smith")
    sides.deliver("b", delta(2, put(changed(first), LAST_NAME, "Jones")))
    sides.imported()
    with sides.open_hub.read() as transaction:
        (conflict,) = sides.open_feed.decisions(transaction).conflicts(10)
    return conflict.seq


def test_an_open_conflict_outlives_a_file_that_says_nothing_new_of_its_field(sides: TwoSides) -> None:
    open_conflict(sides)
    again = put(changed(put(record("1"), LAST_NAME, "Jones")), NAME, "New name")
    sides.deliver("c", delta(3, again))
    assert (sides.imported(), sides.ours()["1"][0]) == (["c done"], "New name")
    with sides.open_hub.read() as transaction:
        assert sides.open_feed.decisions(transaction).count_open() == 1
    assert sides.export() == [], "the field isn't sent before somebody decides"
    sides.deliver("d", delta(4, put(again, LAST_NAME, "Smith")))
    sides.imported()
    with sides.open_hub.read() as transaction:
        assert sides.open_feed.decisions(transaction).count_open() == 0


def test_the_conflict_of_a_record_that_was_removed_meanwhile_can_be_closed(sides: TwoSides) -> None:
    number = open_conflict(sides)
    with sides.open_hub.write() as transaction:
        store = transaction.store
        (keys,) = store.keys("Contact", {"Account Id": "1"})
        store.delete(message("Contact", [PropertySet("Contact", properties={"Contact Id": keys["Contact Id"]})]))
        store.delete(message("Account", [PropertySet("Account", properties={"Account Id": "1"})]))
    assert sides.export() == ["D1"]
    with sides.open_hub.write() as transaction, pytest.raises(DecisionUnfit, match="the record 1 was removed"):
        decide_conflict(sides.open_feed, transaction, number, "theirs", None, "Ann", "they married")
    with sides.open_hub.write() as transaction:
        decide_conflict(sides.open_feed, transaction, number, "ours", None, "Ann", "the account is gone")
    with sides.open_hub.read() as transaction:
        assert sides.open_feed.decisions(transaction).count_open() == 0
    assert sides.ours() == {}


def test_the_conflict_of_a_record_that_is_agreed_on_no_more_can_be_decided(sqlite: TwoSides) -> None:
    """A repair forgets what was agreed on where the partner has lost the record."""
    number = open_conflict(sqlite)
    with sqlite.open_hub.write() as transaction:
        sqlite.open_feed.agreed(transaction).remove(["1"])
        decide_conflict(sqlite.open_feed, transaction, number, "theirs", None, "Ann", "they married")
    assert sqlite.ours()["1"][-1] == "Jones"


def test_a_value_that_was_taken_without_a_conflict_cannot_be_decided(sqlite: TwoSides) -> None:
    sqlite.deliver("a", delta(1, record("1")))
    sqlite.deliver("b", delta(2, put(changed(record("1")), LAST_NAME, "Jones")))
    sqlite.imported()
    with sqlite.open_hub.write() as transaction:
        (taken,) = sqlite.open_feed.decisions(transaction).of_key("1", "Contact/Last Name")
        with pytest.raises(ConflictUnknown):
            decide_conflict(sqlite.open_feed, transaction, taken.seq, "value", "Smith", "Ann", "a wrong number")


def test_a_second_import_of_the_same_file_stops_and_stores_nothing(sqlite: TwoSides) -> None:
    sqlite.deliver("a", delta(1, record("1"), record("2")))
    feed = sqlite.open_feed
    list(receive(feed))
    waiting = next_turn(feed)
    assert waiting is not None
    assert list(check(feed, waiting)) == []
    (batch,) = sqlite.batches("in")
    next(stage(feed, batch))
    with pytest.raises(FeedBatchTakenOver):
        list(stage(feed, batch))
    assert sqlite.imported() == ["a done"]
    assert statuses(sqlite) == [(1, "IMPORTED", None), (2, "IMPORTED", None)]


def test_a_value_is_explained_by_file_record_bytes_and_rule(sqlite: TwoSides) -> None:
    sqlite.deliver("a", delta(1, record("1"), record("2")))
    sqlite.imported()
    sqlite.put("2", Name="Ours")
    sqlite.deliver("b", delta(2, put(changed(record("2")), NAME, "Theirs")))
    sqlite.imported()
    with sqlite.open_hub.read() as transaction:
        told = explain(sqlite.open_feed, transaction, "2", "Name")
    assert [(each["file"], each["record"], each["bytes"], each["outcome"]) for each in told] == [
        ("b", 1, "294 to 585", "partner wins"),
        ("a", 2, "587 to 878", "add"),
    ]
    assert (told[0]["value"], told[0]["lost"], told[1]["value"]) == ("Theirs", "Ours", "Name")


def test_a_preview_counts_and_changes_nothing(sqlite: TwoSides) -> None:
    sqlite.deliver("a", delta(1, record("1"), record("2")))
    sqlite.imported()
    sqlite.put("2", Name="Ours")
    file = sqlite.folder / "file"
    changes = [put(changed(record("2")), NAME, "Theirs"), record("3"), put(record("1"), OPERATION, "D")]
    file.write_bytes(delta(2, *changes))
    before = sqlite.ours()
    with file.open("rb") as content:
        counts = Progress("preview", 1).follow(preview(sqlite.open_feed, content))
    assert counts == {"add": 1, "change": 1, "delete": 1, "unchanged": 0, "conflict": 1, "rejected": 0}
    assert sqlite.ours() == before


def test_a_paused_feed_stops_between_two_chunks_and_goes_on_where_it_was(sqlite: TwoSides) -> None:
    sqlite.deliver("a", delta(1, record("1")))
    with sqlite.open_hub.write() as transaction:
        transaction.messages.control.pause(feed_component(FEED))
    with pytest.raises(FeedPaused):
        sqlite.imported()
    with sqlite.open_hub.write() as transaction:
        transaction.messages.control.resume(feed_component(FEED))
    assert sqlite.imported() == ["a done"]


def test_the_alarms_of_arrivals_are_cleared_by_the_arrival(sqlite: TwoSides) -> None:
    sqlite.road.set_clock("2026-01-05T02:05:00Z")
    sqlite.deliver("a", delta(1, record("1"), record("2")))
    sqlite.imported()
    look_for_arrivals(sqlite.open_feed)
    assert sqlite.alarms() == []
    sqlite.road.set_clock("2026-01-06T05:00:00Z")
    look_for_arrivals(sqlite.open_feed)
    assert sqlite.alarms() == ["billing_accounts: no file since 2026-01-05 02:05; one was due at 2026-01-06 02:00."]
    sqlite.deliver("b", delta(2))
    sqlite.imported()
    look_for_arrivals(sqlite.open_feed)
    assert [sentence.partition(": ")[2] for sentence in sqlite.alarms()] == [
        "file 2 has no record.",
        "file 2 came at 2026-01-06 05:00; the next one was due at 2026-01-07 02:00.",
    ]


@pytest.mark.parametrize(
    ("zone", "settings", "phone"),
    [
        ("", {}, "2"),
        ("Europe/Berlin", {}, "1"),
        ("", {"time_zone": "Europe/Berlin"}, "1"),
        ("UTC", {"time_zone": "Europe/Berlin"}, "2"),
        ("America/New_York", {}, "2"),
    ],
)
def test_the_newest_change_wins_by_the_partners_time_in_its_zone(
    tmp_path: pathlib.Path, zone: str, settings: dict[str, str], phone: str
) -> None:
    """The hub changes the number at 10:30 in UTC, the partner at 11:00 by its own clock."""
    sides = TwoSides(tmp_path, **settings)
    sides.feed = replace(sides.feed, zone=zone or sides.feed.zone)
    sides.road.set_clock("2026-07-01T08:00:00Z")
    sides.deliver("a", delta(1, record("1")))
    sides.imported()
    sides.road.set_clock("2026-07-01T10:30:00Z")
    sides.put("1", Phone_Number="1")
    partners = put(put(changed(record("1")), PHONE, "2"), CHANGED_AT, "20260701110000")
    sides.deliver("b", delta(2, partners))
    assert sides.imported() == ["b done"]
    assert sides.ours()["1"][3] == phone
    sides.close()


def test_the_hub_writes_its_times_in_the_partners_zone(sqlite: TwoSides) -> None:
    sqlite.feed = replace(sqlite.feed, zone="Europe/Berlin")
    sqlite.road.set_clock("2026-07-01T10:30:00Z")
    sqlite.put("1", Name="one", Status="Active")
    sqlite.export()
    header_line, line, *_ = sqlite.last_answer().split("\n")
    assert (header_line[23:35], line[CHANGED_AT][:12]) == ("202607011230", "202607011230")
