"""Each difference between the two sides is found, and classed by its reason."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import pytest

from adapters.database.replication.agreed import AgreedRecord, AgreedRecords
from adapters.database.replication.batches import FeedBatches
from adapters.database.replication.decisions import Decision, Decisions
from adapters.database.replication.rows import FeedRow, FeedRows
from hub.replication.buckets import Buckets
from hub.replication.difference_class import Difference, class_of
from hub.replication.flat_row import digest_of, version_of
from hub.replication.opened_feed import OpenFeed
from hub.replication.reconcile import ExtractIncomplete, Reconciled, Reconciliation
from hub.replication.repairs import repair
from tests.hub.replication.two_sides import FEED, TwoSides

NAMES = ("unchanged", "never-sent", "on-its-way", "answer-out", "later", "open", "lost", "gone", "unknown", "rejected")


def extract_of(sides: TwoSides) -> bytes:
    """A file with all of billing's accounts."""
    number = sides.billing.write(full=True)
    path = sides.folder / "inbox" / f"ACCOUNTS.{number:08}.txt"
    content = path.read_bytes()
    path.unlink()
    return content


def reconciled(sides: TwoSides) -> Reconciled:
    return Reconciliation(OpenFeed(sides.open_hub, sides.feed)).reconcile(io.BytesIO(extract_of(sides)), "extract")


def lines(result: Reconciled) -> list[str]:
    return [f"{one.key} {one.field or 'record'}: {name}" for name, one in result.differences]


def agree(sides: TwoSides) -> None:
    """Note that the partner has what billing has; nothing is out."""
    latest = version_of(str(sides.billing.database.execute("SELECT max(changed_at) FROM account").fetchone()[0]))
    with sides.open_hub.write() as transaction:
        agreed = AgreedRecords(transaction.connection, FEED)
        agreed.put(
            AgreedRecord(
                record.key, record.sent or (), digest_of(record.sent or ()), latest, False, None, None, None, "", 0
            )
            for record in list(agreed.in_key_order())
        )


def test_two_equal_sides_have_no_difference(sides: TwoSides) -> None:
    for key in "123":
        sides.put(key, Name=key, Status="Active", Credit_Limit="5.50")
    sides.export()
    sides.billing.read()
    result = reconciled(sides)
    assert (result.ours, result.theirs, result.differences) == (3, 3, [])


def test_each_difference_is_found_and_classed(sides: TwoSides) -> None:
    """All ways by which the two sides come to differ, in one extract."""
    for key in NAMES[:-2]:
        sides.put(key, Name=key, Status="Active")
    sides.put("Ω", Name="the layout has no such letter", Status="Active")
    sides.export()
    sides.billing.read()
    agree(sides)
    # The partner's old changes, of which it never told.
    sides.billing.database.execute("UPDATE account SET \"CUST-NAME\" = 'other' WHERE key = 'lost'")
    sides.billing.database.execute("DELETE FROM account WHERE key = 'gone'")
    columns = 'changed_at, key, "CUST-NAME", "CUST-STAT"'
    sides.billing.database.execute(f"INSERT INTO account ({columns}) VALUES (20260101000000, 'unknown', 'u', 'A')")
    sides.billing.database.execute(f"INSERT INTO account ({columns}) VALUES (20260101000000, 'rejected', 'r', 'A')")
    with sides.open_hub.write() as transaction:
        batches = FeedBatches(transaction.connection, sides.road.surroundings)
        batch = batches.add(FEED, "in", "delta", "done", number=1, name="ACCOUNTS.1", rejected=1)
        fields = ("r", "Active", *[None] * (len(sides.feed.fields) - 2))
        why = {"what": "it has no city"}
        row = FeedRow(7, "rejected", "add", None, digest_of(fields), 0, 1, "REQUIRED_COLS", why, fields)
        FeedRows(transaction.connection).add(batch.id, [row])
        decisions = Decisions(transaction.connection, sides.road.surroundings, FEED)
        decisions.add(batch.id, [Decision("open", "Name", 1, "manual", "open", "update_differing", "open")])
    for key in ("on-its-way", "answer-out"):
        sides.put(key, Name="changed")
    sides.export()
    sides.billing.database.execute("UPDATE account SET \"CUST-NAME\" = 'changed' WHERE key = 'answer-out'")
    sides.billing.set("later", {"CITY": "Tacoma"})
    sides.put("answer-out", Name="changed again")
    sides.put("never-sent", Name="changed", Phone_Number="5")
    sides.put("new", Name="new", Status="Active")
    sides.put("open", Name="changed")
    result = reconciled(sides)
    assert lines(result) == [
        "answer-out Name: in flight",
        "gone record: lost",
        "later Address/City: in flight",
        "lost Name: lost",
        "never-sent Name: never sent",
        "never-sent Phone Number: never sent",
        "new record: never sent",
        "on-its-way Name: in flight",
        "open Name: open conflict",
        "rejected record: our fault",
        "unknown record: lost",
        "Ω record: our fault",
    ]
    assert result.counts()["in flight"] == 3
    repaired = repair(OpenFeed(sides.open_hub, sides.feed), result)
    assert repaired is not None
    assert repaired.records == 3, "lost, unknown and rejected; the record that is gone is sent again"
    assert sides.ours()["lost"][0] == "lost", "the partner has an older state"
    assert sides.ours()["unknown"][0] == "u"
    sides.billing.database.commit()
    sides.export()
    sides.billing.read()
    assert sides.billing.accounts()["gone"][0] == "gone"
    assert sides.billing.accounts()["lost"][0] == "lost"
    sides.imported()
    left = reconciled(sides)
    assert {name for name, _ in left.differences} == {"in flight", "open conflict", "our fault"}
    assert [one.key for name, one in left.differences if name == "our fault"] == ["Ω"]
    faults = {one.key: one.fault for _, one in result.differences if one.fault}
    assert faults["rejected"] == "file ACCOUNTS.1, record 7: it has no city"


def test_a_change_that_the_partner_never_told_is_taken_by_the_repair(sides: TwoSides) -> None:
    """Its file was lost on the way, and a later one has come: so the change is not in flight any more."""
    for key in "12":
        sides.put(key, Name=key, Status="Active")
    sides.export()
    sides.billing.read()
    agree(sides)
    for key in "12":
        sides.billing.set(key, {"CITY": "Tacoma"})
    sides.billing.database.execute("DELETE FROM unsent WHERE key = '1'")
    sides.billing.database.commit()
    with sides.open_hub.write() as transaction:
        # What the later file brought.
        agreed = AgreedRecords(transaction.connection, FEED)
        (other,) = agreed.by_key(["2"]).values()
        agreed.put([other._replace(version=version_of("20991231000000"))])
    result = reconciled(sides)
    assert lines(result) == ["1 Address/City: lost", "2 Address/City: lost"]
    repair(OpenFeed(sides.open_hub, sides.feed), result)
    city = sides.feed.names.index("Address/City")
    assert (sides.ours()["1"][city], sides.ours()["2"][city]) == ("Tacoma", None)


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_an_extract_that_is_not_whole_is_refused(sides: TwoSides, cut: int) -> None:
    for key in "123":
        sides.put(key, Name=key, Status="Active")
    sides.export()
    sides.billing.read()
    kept = extract_of(sides).split(b"\n")[: cut + 1]
    with pytest.raises(ExtractIncomplete) as raised:
        Reconciliation(OpenFeed(sides.open_hub, sides.feed)).reconcile(io.BytesIO(b"\n".join([*kept, b""])), "extract")
    assert raised.value.why == f"it has {cut} records, and its trailer says nothing"


def test_a_pending_order_explains_a_difference(sides: TwoSides) -> None:
    assert class_of(Difference("1", "Name", "a", "b", "a", is_pending=True)) == "pending order"
    sides.put("1", Name="one", Status="Active")
    sides.export()
    sides.billing.read()
    agree(sides)
    sides.open_order("1")
    sides.billing.database.execute("DELETE FROM account")
    assert lines(reconciled(sides)) == ["1 record: pending order"]


def test_buckets_differ_by_a_record_that_comes_twice() -> None:
    here, there = Buckets(), Buckets()
    for key in "123":
        here.add(key, (key,))
        there.add(key, (key,))
    assert here.differing(there) == frozenset()
    assert there.differing(here) == frozenset()
    bucket = there.add("2", ("2",))
    there.add("2", ("2",))
    assert here.differing(there) == {bucket}


def test_the_command_prints_the_classes_and_the_differences(tmp_path: pathlib.Path, command: Any) -> None:
    sides = TwoSides(tmp_path)
    pathlib.Path("orderhub.toml").write_text(
        f'database_url = "sqlite:///orderhub.db"\nfeeds = ["{FEED}"]\n', encoding="utf-8"
    )
    sides.put("1", Name="one", Status="Active")
    sides.export()
    sides.billing.read()
    pathlib.Path("extract").write_bytes(extract_of(sides))
    printed = command("feed", "reconcile", FEED, "extract").out
    assert printed == "records: 1 of the hub, 1 of the partner; differences: 0\n"
    agree(sides)
    sides.billing.database.execute("UPDATE account SET CITY = 'Tacoma', changed_at = 20260101000000")
    pathlib.Path("extract").write_bytes(extract_of(sides))
    printed = command("feed", "reconcile", FEED, "extract", expect=4).out
    assert "lost           1" in printed
    assert "1    Address/City  lost" in printed
    sides.close()
