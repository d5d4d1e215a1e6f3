"""Repair the differences that a reconciliation found, and that don't end by themselves.

    the partner changed a record and never told      the record is merged now, compared three ways, as from a file
    the partner has an older state of a record       the next export sends the values of the hub; the others are kept
    the partner lacks a record that it had taken     the next export sends it
    the hub rejected the partner's record            the record is merged once more

The version of the partner's record tells a change from an older state. The repair is a batch of its own, whose records
`orderhub feed why` shows.

Spec: docs/design/legacy.md, "Reconciliation".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from adapters.database.replication.agreed import AgreedRecord
from adapters.database.replication.batches import FeedBatch
from adapters.database.replication.decisions import Decision
from adapters.database.replication.rows import REJECTED, FeedRow
from hub.data_manager.open_hub import Transaction
from hub.replication.difference_class import EXPECTED
from hub.replication.flat_row import digest_of
from hub.replication.merge import merge_rows
from hub.replication.opened_feed import OpenFeed
from hub.replication.reconcile import Reconciled, TheirRecord

#: The state of a row whose values the hub doesn't take.
_OLDER = "PARTIALLY_IMPORTED"


def repair(open_feed: OpenFeed, result: Reconciled) -> FeedBatch | None:
    """Repair the lost records, and those of the hub's fault; return the repair's batch, None where none is needed."""
    keys = dict.fromkeys(difference.key for name, difference in result.differences if name not in EXPECTED)
    waiting = iter(keys)
    batch: FeedBatch | None = None
    while part := list(islice(waiting, open_feed.feed.chunk)):
        with open_feed.write() as transaction:
            if batch is None:
                batch = open_feed.batches(transaction).add(open_feed.feed.name, "in", "repair", "done")
            batch = _repair_part(open_feed, transaction, batch, part, result)
    return batch


def _repair_part(
    open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch, keys: Sequence[str], result: Reconciled
) -> FeedBatch:
    agreed = open_feed.agreed(transaction)
    agreed.remove([key for key in keys if result.records[key] is None])
    theirs = [(key, record) for key in keys if (record := result.records[key]) is not None]
    known = agreed.by_key([key for key, _ in theirs])
    rows = [
        _row(position, key, record, known.get(key)) for position, (key, record) in enumerate(theirs, batch.records + 1)
    ]
    open_feed.rows(transaction).add(batch.id, rows)
    older = [row for row in rows if row.row_status == _OLDER]
    # The partner's state is agreed on as it is: so the export finds the differences.
    agreed.put(_as_it_is(row, known[row.key or ""], batch) for row in older)
    decisions = [each for row in older for each in _kept_values(open_feed, row, known[row.key or ""])]
    open_feed.decisions(transaction).add(batch.id, decisions)
    decided = merge_rows(open_feed, transaction, batch, [row for row in rows if row.row_status == "IN_PROGRESS"])
    return open_feed.batches(transaction).advance(
        batch,
        records=batch.records + len(rows),
        changes=batch.changes + len(rows),
        conflicts=batch.conflicts + len(older) + sum(row.has_conflict for row in decided),
        rejected=batch.rejected + sum(row.status in REJECTED for row in decided),
    )


def _row(position: int, key: str, record: TheirRecord, agreed: AgreedRecord | None) -> FeedRow:
    read, reason = record.read, None
    status = "IN_PROGRESS" if read.fault is None else read.status
    if read.fault is not None:
        reason = read.fault.as_dict()
    elif agreed is not None and agreed.partners is not None and (record.version or "") <= (agreed.version or ""):
        status, reason = _OLDER, {"conflict": "stale", "reason": "stale", "what": "the partner has an older state"}
    return FeedRow(position, key, "present", record.version, digest_of(read.row), None, None, status, reason, read.row)


def _as_it_is(row: FeedRow, agreed: AgreedRecord, batch: FeedBatch) -> AgreedRecord:
    return agreed._replace(fields=row.fields, digest=row.digest or "", batch_id=batch.id, position=row.position)


def _kept_values(open_feed: OpenFeed, row: FeedRow, agreed: AgreedRecord) -> Iterator[Decision]:
    """Keep the values of the partner's that the next export overwrites."""
    for name, before, theirs in zip(open_feed.feed.names, agreed.fields, row.fields, strict=True):
        if before != theirs:
            yield Decision(
                row.key or "",
                name,
                row.position,
                "repair",
                "hub wins",
                "stale",
                "settled",
                before,
                before,
                theirs,
                before,
            )
