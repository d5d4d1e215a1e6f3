"""Judge the rows of a batch as a whole: which differ from the agreed records, and whether they are too many.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from adapters.database.replication.batches import FeedBatch
from adapters.database.replication.rows import REJECTED, FeedRow
from hub.data_manager.open_hub import Transaction
from hub.replication.guard import MassChange, mass_change
from hub.replication.opened_feed import OpenFeed
from integration_objects.errors import Refused

#: Rows that are compared in one statement.
JUDGED = 20_000
#: Earlier batches that tell what is usual.
_USUAL = 5
#: Batches of all kinds among which they are looked for.
_LOOKED_AT = 50


class FeedKeyTwice(Refused):
    """A file has two records of one key."""

    what = "an earlier record of the file has the same key"
    where = "the record"
    why = "one file says one thing of a record"
    mend = "send the later record again, in the next file"


def judge(open_feed: OpenFeed, batch: FeedBatch) -> Generator[int, None, FeedBatch]:
    """Compare the rows with the agreed records by digest, then count; the batch is merged next, or held.

    Yields the rows compared so far.
    """
    feed, twice = open_feed.feed, FeedKeyTwice().as_dict()
    while batch.judged_to < batch.records:
        up_to = min(batch.records, batch.judged_to + JUDGED)
        with open_feed.write() as transaction:
            open_feed.prove_running(transaction)
            open_feed.rows(transaction).judge(batch.id, feed.name, batch.judged_to, up_to, twice)
            batch = open_feed.batches(transaction).advance(batch, judged_to=up_to)
        yield up_to
    with open_feed.write() as transaction:
        return _count(open_feed, transaction, batch)


def _count(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch) -> FeedBatch:
    rows, batches, feed = open_feed.rows(transaction), open_feed.batches(transaction), open_feed.feed
    statuses = rows.statuses(batch.id)
    operations = rows.operations(batch.id, feed.name)
    missing = rows.missing(batch.id, feed.name, is_partners=True) if batch.kind == "full" else []
    rows.add(batch.id, (_missing_row(batch.records + at, key) for at, key in enumerate(missing, 1)))
    counts: dict[str, Any] = {
        **operations,
        "missing": len(missing),
        "unchanged": statuses.get("DUP_RECORD_EXISTS", 0),
        "rejected": sum(statuses.get(status, 0) for status in REJECTED),
    }
    held = excess_of(open_feed, transaction, replace(batch, **counts))
    if held is None:
        return batches.advance(batch, state="merging", **counts)
    return batches.advance(batch, state="held", error=held, **counts)


def excess_of(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch) -> MassChange | None:
    """Compare the counts of a batch with the limits; return the reason to hold it, with its alarm, or None."""
    feed = open_feed.feed
    done = open_feed.batches(transaction).listing(
        feed.name, _LOOKED_AT, direction=batch.direction, states=("sent", "done")
    )
    usual = [each for each in done if each.kind == batch.kind][:_USUAL]
    held = mass_change(feed, batch, open_feed.agreed(transaction).count(), usual)
    if held is not None:
        open_feed.alarms(transaction).sound("held", batch.id, f"{held.what}: {held.why}.")
    return held


def _missing_row(position: int, key: str) -> FeedRow:
    return FeedRow(position, key, "missing", None, None, None, None, "IN_PROGRESS", None, ())
