"""Repair the differences that a reconciliation found, and that don't end by themselves.

    the partner has another value than it told       its record is merged now, compared three ways, as from a file
    the partner lacks a record that it had taken     the record counts as never agreed: the next export sends it
    the hub rejected the partner's record            the record is merged once more

Nothing is overwritten without a look: a value that both sides changed is a conflict here, too. The repair is a batch of
its own, whose records `orderhub feed why` shows.

Spec: docs/design/legacy.md, "Reconciliation".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from adapters.database.replication.batches import FeedBatch
from adapters.database.replication.rows import REJECTED, FeedRow
from hub.data_manager.open_hub import Transaction
from hub.replication.difference_class import EXPECTED
from hub.replication.flat_row import digest_of
from hub.replication.merge import merge_rows
from hub.replication.opened_feed import OpenFeed
from hub.replication.reconcile import Reconciled, TheirRecord


def repair(open_feed: OpenFeed, result: Reconciled) -> FeedBatch | None:
    """Repair the lost records, and those of the hub's fault; return the repair's batch, None where none is needed."""
    keys = dict.fromkeys(difference.key for name, difference in result.differences if name not in EXPECTED)
    waiting = iter(keys)
    batch: FeedBatch | None = None
    while part := list(islice(waiting, open_feed.feed.chunk)):
        with open_feed.open_hub.write() as transaction:
            if batch is None:
                batch = open_feed.batches(transaction).add(open_feed.feed.name, "in", "repair", "done")
            batch = _repair_part(open_feed, transaction, batch, part, result)
    return batch


def _repair_part(
    open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch, keys: Sequence[str], result: Reconciled
) -> FeedBatch:
    open_feed.agreed(transaction).remove([key for key in keys if result.records[key] is None])
    theirs = [(key, record) for key in keys if (record := result.records[key]) is not None]
    rows = [_row(position, key, record) for position, (key, record) in enumerate(theirs, batch.records + 1)]
    open_feed.rows(transaction).add(batch.id, rows)
    decided = merge_rows(open_feed, transaction, batch, [row for row in rows if row.row_status == "IN_PROGRESS"])
    return open_feed.batches(transaction).advance(
        batch,
        records=batch.records + len(rows),
        changes=batch.changes + len(rows),
        conflicts=batch.conflicts + sum(row.has_conflict for row in decided),
        rejected=batch.rejected + sum(row.status in REJECTED for row in decided),
    )


def _row(position: int, key: str, record: TheirRecord) -> FeedRow:
    read = record.read
    status = "IN_PROGRESS" if read.fault is None else read.status
    reason = None if read.fault is None else read.fault.as_dict()
    # Without its version: the extract tells the partner's present state, also where that is an older one.
    return FeedRow(position, key, "present", None, digest_of(read.row), None, None, status, reason, read.row)
