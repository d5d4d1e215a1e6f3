"""The export sends exactly the records in which the hub differs from the partner, once."""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.database.replication.agreed import AgreedRecord, AgreedRecords
from adapters.database.replication.alarms import FeedAlarms
from adapters.database.replication.batches import FeedBatches
from adapters.database.replication.decisions import Decision, Decisions
from adapters.database.replication.flat_rows import FlatRows
from hub.deployment.door import feed_component
from hub.deployment.feed import Limit
from hub.replication import differences, export
from hub.replication.deciding import TwoHeld, cancel, release
from hub.replication.export import FeedExport
from hub.replication.flat_row import digest_of
from hub.replication.opened_feed import FeedPaused, OpenFeed
from tests.hub.replication.two_sides import FEED, TwoSides

_READ_OURS = FlatRows.in_key_order


def agree(sides: TwoSides) -> None:
    """Note that the partner has all that was sent, as its answer would; and nothing is out."""
    with sides.open_hub.write() as transaction:
        agreed = AgreedRecords(transaction.connection, FEED)
        agreed.put(
            AgreedRecord(
                record.key,
                record.fields if record.sent is None else record.sent,
                digest_of(record.fields if record.sent is None else record.sent),
                None,
                record.sent is None,
                None,
                None,
                None,
                record.batch_id,
                0,
            )
            for record in list(agreed.in_key_order())
            if record.sent_batch is not None
        )


def test_each_record_is_sent_once(sides: TwoSides) -> None:
    for key in ("2", "10", "1"):
        sides.put(key, Name=f"Account {key}", Status="Active")
    assert sides.export() == ["A1 Account 1 A", "A10 Account 10 A", "A2 Account 2 A"]
    assert sides.export() == [], "the values are on their way"
    agree(sides)
    assert sides.export() == []
    sides.put("2", Name="Changed")
    assert sides.export() == ["C2 Changed A"]


def test_an_import_between_the_two_readings_of_an_export_waits_for_its_end(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the export misses the new account among the hub's, finds it agreed on, and sends a deletion."""
    sides.billing.add("B-1", {"CUST-NAME": "new at billing", "CUST-STAT": "A"})
    sides.billing.write()
    ends: list[str] = []
    process = threading.Thread(target=lambda: ends.extend(sides.imported()))
    read_agreed = AgreedRecords.in_key_order

    def read_later(agreed: AgreedRecords, behind: str = "") -> Iterator[AgreedRecord]:
        if not process.ident:
            process.start()
            process.join(1)
        return read_agreed(agreed, behind)

    monkeypatch.setattr(AgreedRecords, "in_key_order", read_later)
    # The hub's records are read first, before the patched reading of the agreed rows.
    monkeypatch.setattr(FlatRows, "in_key_order", lambda *place: iter(list(_READ_OURS(*place))))
    assert sides.export() == []
    process.join(30)
    assert (ends, sides.export(), list(sides.ours())) == (["ACCOUNTS.00000001.txt done"], [], ["B-1"])


def test_a_change_that_is_on_its_way_is_sent_again_where_it_changed_again(sqlite: TwoSides) -> None:
    sqlite.put("1", Name="first", Status="Active")
    sqlite.export()
    sqlite.put("1", Name="second")
    assert sqlite.export() == ["C1 second A"]


def test_a_closed_account_is_deleted_and_made_anew_once_it_opens_again(sides: TwoSides) -> None:
    sides.put("1", Name="one", Status="Active")
    sides.export()
    agree(sides)
    sides.put("1", Status="Closed")
    assert sides.export() == ["D1"]
    assert sides.export() == []
    agree(sides)
    sides.put("1", Status="Active")
    assert sides.export() == ["A1 one A"]


def test_an_account_that_was_closed_before_it_was_ever_sent_is_no_record(sqlite: TwoSides) -> None:
    sqlite.put("1", Name="one", Status="Closed")
    assert sqlite.export() == []


def test_a_full_file_has_every_record_and_sends_the_changed_ones(sqlite: TwoSides) -> None:
    for key in "12":
        sqlite.put(key, Name="one", Status="Active")
    sqlite.export()
    agree(sqlite)
    sqlite.put("2", Name="two")
    assert sqlite.export(full=True) == ["1 one A", "2 two A"]
    assert sqlite.export() == []


def test_nothing_is_sent_where_nothing_differs_unless_somebody_waits_for_a_file(sqlite: TwoSides) -> None:
    assert sqlite.export() == []
    assert not (sqlite.folder / "outbox").exists()
    sqlite.export(always=True)
    assert [path.name for path in (sqlite.folder / "outbox").iterdir()] == [f"{FEED}.00000001"]


def test_a_field_that_waits_for_a_person_is_not_sent(sqlite: TwoSides) -> None:
    sqlite.put("1", Name="one", Status="Active")
    sqlite.export()
    agree(sqlite)
    with sqlite.open_hub.write() as transaction:
        decisions = Decisions(transaction.connection, sqlite.road.surroundings, FEED)
        decisions.add("batch", [Decision("1", "Name", 1, "manual", "open", "update_differing", "open")])
    sqlite.put("1", Name="changed")
    assert sqlite.export() == []
    sqlite.put("1", Phone_Number="555")
    assert sqlite.export() == ["C1 one A"], "the partner keeps its name, and gets the telephone number"


def test_a_record_that_the_layout_cannot_hold_is_left_out_and_told(sqlite: TwoSides) -> None:
    sqlite.put("1", Name="Ω", Status="Active")
    sqlite.put("2", Name="two", Status="Active")
    assert sqlite.export() == ["A2 two A"]
    with sqlite.open_hub.read() as transaction:
        (alarm,) = FeedAlarms(transaction.connection, sqlite.road.surroundings, FEED).listing()
    assert alarm.sentence.startswith("Record 1 can't be sent: ")
    sqlite.put("1", Name="Omega")
    assert sqlite.export() == ["A1 Omega A"]
    with sqlite.open_hub.read() as transaction:
        assert FeedAlarms(transaction.connection, sqlite.road.surroundings, FEED).listing() == []


def test_the_stand_in_reads_what_the_hub_wrote(sides: TwoSides) -> None:
    sides.put("1", Name="Jane", Status="Inactive", Credit_Limit="-7.25", Phone_Number="555")
    sides.export()
    assert sides.billing.read() == 1
    assert sides.billing.accounts()["1"][:4] == ("Jane", "I", "-7.25", "555")


class Killed(Exception):
    """The process dies here."""


@pytest.mark.parametrize("place", range(1, 9))
def test_an_export_that_was_killed_anywhere_goes_on(
    sqlite: TwoSides, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever transaction dies, at its begin or before its commit, the file is the same in the end."""
    monkeypatch.setattr(differences, "PAGE", 2)
    monkeypatch.setattr(export, "PAGE", 2)
    for key in "12345":
        sqlite.put(key, Name=key, Status="Active")
    write = type(sqlite.open_hub).write
    count = 0

    def dying(self: Any) -> Any:
        nonlocal count
        count += 1
        if count == (place + 1) // 2 and place % 2:
            raise Killed
        manager = write(self)
        if count == (place + 1) // 2:
            enter, leave = manager.__enter__, manager.__exit__

            class Dying:
                def __enter__(self) -> Any:
                    return enter()

                def __exit__(self, *_: object) -> Any:
                    leave(Killed, Killed(), None)
                    raise Killed

            return Dying()
        return manager

    monkeypatch.setattr(type(sqlite.open_hub), "write", dying)
    with pytest.raises(Killed):
        sqlite.export()
    monkeypatch.setattr(type(sqlite.open_hub), "write", write)
    sqlite.export()
    sqlite.export()
    assert sqlite.billing.read() == 1
    assert list(sqlite.billing.accounts()) == list("12345")
    with sqlite.open_hub.read() as transaction:
        (batch,) = FeedBatches(transaction.connection, sqlite.road.surroundings).listing(FEED, 9)
    assert (batch.state, batch.records, batch.adds, batch.number) == ("sent", 5, 5, 1)


def test_a_file_that_a_crash_left_out_is_written_again_with_the_same_bytes(sqlite: TwoSides) -> None:
    sqlite.put("1", Name="one", Status="Active")
    sqlite.export()
    (path,) = (sqlite.folder / "outbox").iterdir()
    content = path.read_bytes()
    path.unlink()
    with sqlite.open_hub.write() as transaction:
        batches = FeedBatches(transaction.connection, sqlite.road.surroundings)
        (batch,) = batches.open(FEED, "out")
        batches.advance(batch, digest=None)
    FeedExport(OpenFeed(sqlite.open_hub, sqlite.feed)).publish()
    assert path.read_bytes() == content


def held_change(sides: TwoSides) -> FeedExport:
    """Three agreed accounts, two of which have changed, and a feed whose exports may change one."""
    sides.feed = replace(sides.feed, limits={"changes": Limit(most=1)})
    for key in "123":
        sides.put(key, Name="one", Status="Active")
    sides.export()
    agree(sides)
    for key in "12":
        sides.put(key, Name="two")
    assert sides.export() == []
    return FeedExport(OpenFeed(sides.open_hub, sides.feed))


def test_an_export_over_a_limit_is_held_before_a_file_is_written_until_a_person_releases_it(sides: TwoSides) -> None:
    held = held_change(sides).held()
    assert held is not None
    assert (held.state, held.number, held.changes) == ("held", None, 2)
    assert len(list((sides.folder / "outbox").iterdir())) == 1, "the first file"
    sentence = (
        "the export of billing_accounts changes more than its limits allow: 2 changes, and at most 1 are allowed."
    )
    assert sides.alarms() == [sentence]
    sides.put("3", Name="three")
    assert sides.export() == [], "no export overtakes the held one"
    with sides.open_hub.write() as transaction:
        released = release(sides.open_feed, transaction, "Ann", "a new price list")
    assert (released.number, released.released_by) == (2, "Ann")
    assert sides.export() == ["C1 two A", "C2 two A", "C3 three A"]
    assert (sides.billing.read(), sides.alarms()) == (3, [])
    sides.imported()
    assert [batch.state for batch in sides.batches("out")] == ["done"] * 3


def test_a_held_export_that_is_cancelled_sends_nothing_and_the_next_one_compares_anew(sides: TwoSides) -> None:
    held_change(sides)
    with sides.open_hub.write() as transaction:
        cancel(sides.open_feed, transaction, "Ann", "a mistake of ours")
    assert sides.alarms() == []
    sides.put("2", Name="one")
    assert sides.export() == ["C1 two A"]
    assert [batch.state for batch in sides.batches("out")] == ["sent", "cancelled", "sent"]


def test_a_release_names_the_direction_where_both_are_held(sqlite: TwoSides) -> None:
    held_change(sqlite)
    for key in "123":
        sqlite.billing.add(key, {"CUST-NAME": f"three {key}", "CUST-STAT": "A"})
    sqlite.billing.write()
    assert sqlite.imported() == ["ACCOUNTS.00000001.txt held"]
    with sqlite.open_hub.write() as transaction:
        with pytest.raises(TwoHeld):
            release(sqlite.open_feed, transaction, "Ann", "why")
        assert release(sqlite.open_feed, transaction, "Ann", "why", "out").direction == "out"
        assert release(sqlite.open_feed, transaction, "Ann", "why").direction == "in"


def test_a_full_file_lacks_a_record_although_a_message_told_of_it_last(sqlite: TwoSides) -> None:
    for key in "123":
        sqlite.put(key, Name="one", Status="Active")
    sqlite.pass_messages()
    for key in "12":
        # The partner's version is later than those of the hub's rows.
        sqlite.billing.database.execute("UPDATE clock SET time = 20991231000000")
        sqlite.billing.set(key, {"CUST-NAME": "two"})
    sqlite.pass_messages()
    for key in "12":
        sqlite.put(key, Status="Closed")
    sqlite.feed = replace(sqlite.feed, limits={"deletes": Limit(most=1)})
    assert sqlite.export(full=True) == []
    held = sqlite.batches("out")[0]
    assert (held.state, held.records, held.missing) == ("held", 1, 2)


def test_a_full_file_that_lacks_many_records_of_the_partners_is_held(sqlite: TwoSides) -> None:
    for key in "123":
        sqlite.put(key, Name="one", Status="Active")
    sqlite.export()
    agree(sqlite)
    for key in "12":
        sqlite.put(key, Status="Closed")
    sqlite.feed = replace(sqlite.feed, limits={"deletes": Limit(most=1)})
    assert sqlite.export(full=True) == []
    held = sqlite.batches("out")[0]
    assert (held.state, held.records, held.missing, held.unchanged) == ("held", 1, 2, 1)
    sqlite.feed = replace(sqlite.feed, limits={"size": Limit(per_cent=50)})
    with sqlite.open_hub.write() as transaction:
        release(sqlite.open_feed, transaction, "Ann", "they moved away")
    assert sqlite.export() == ["3 one A", "D1", "D2"]
    for key in "12":
        sqlite.put(key, Status="Active")
    assert sqlite.export(full=True) == []
    excess = "a size of 3 records, and 1 is usual, give or take 50 %"
    assert (sqlite.batches("out")[0].error or {})["why"] == excess


def test_a_paused_feed_exports_nothing_until_it_is_resumed(sides: TwoSides) -> None:
    sides.put("1", Name="one", Status="Active")
    with sides.open_hub.write() as transaction:
        transaction.messages.control.pause(feed_component(FEED))
    with pytest.raises(FeedPaused, match="the feed billing_accounts is paused"):
        sides.export()
    assert (sides.batches(), (sides.folder / "outbox").exists()) == ([], False)
    with sides.open_hub.write() as transaction:
        transaction.messages.control.resume(feed_component(FEED))
    assert sides.export() == ["A1 one A"]


def test_the_command_prints_what_was_sent(sqlite: TwoSides, command: Any) -> None:
    (pathlib.Path("orderhub.toml")).write_text(
        f'database_url = "sqlite:///orderhub.db"\nfeeds = ["{FEED}"]\n', encoding="utf-8"
    )
    sqlite.put("1", Name="one", Status="Active")
    printed = command("feed", "export", FEED).out
    assert printed == f"{FEED}.00000001\tdelta\t1 records\tadd 1, change 0, delete 0\n"
    assert command("feed", "export", FEED).out == "nothing to send: the partner has all values\n"
