"""Merge a batch: its rows that differ are decided, written, and noted, chunk by chunk, each chunk in one transaction.

    merge          a file of data
    take_answer    the partner's answer to a file of the hub's: what was accepted is agreed on

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

from adapters.database.connection.database import repeated
from adapters.database.replication.agreed import AgreedRecord
from adapters.database.replication.batches import MESSAGE, FeedBatch
from adapters.database.replication.rows import REJECTED, FeedRow
from hub.data_manager.open_hub import Transaction
from hub.replication.answers import accept
from hub.replication.compare import is_older
from hub.replication.flat_row import digest_of
from hub.replication.object_writes import write_objects
from hub.replication.opened_feed import OpenFeed
from hub.replication.row_decisions import DecidedRow, agreed_after, decide_rows, decisions_of, settled_fields
from integration_objects.names import ACCOUNT


def merge(open_feed: OpenFeed, batch: FeedBatch) -> Generator[int, None, FeedBatch]:
    """Merge the rows of a file of data from the checkpoint on; yield the position reached."""
    while True:
        position, batch = repeated(partial(_merge_chunk, open_feed, batch))
        if position is None:
            return batch
        yield position


def _merge_chunk(open_feed: OpenFeed, batch: FeedBatch) -> tuple[int | None, FeedBatch]:
    feed = open_feed.feed
    with open_feed.write() as transaction:
        open_feed.prove_running(transaction)
        rows = open_feed.rows(transaction)
        part = rows.listing(batch.id, batch.merged_to, feed.chunk)
        if not part:
            return None, accept(open_feed, transaction, batch)
        decided = merge_rows(open_feed, transaction, batch, part)
        batch = open_feed.batches(transaction).advance(
            batch,
            merged_to=part[-1].position,
            conflicts=batch.conflicts + sum(row.has_conflict for row in decided),
            rejected=batch.rejected + sum(row.status in REJECTED and row.row.operation != "missing" for row in decided),
        )
    return part[-1].position, batch


def merge_rows(
    open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch, part: Sequence[FeedRow]
) -> list[DecidedRow]:
    """Decide rows of a batch, write the hub's objects, and note what is agreed and why; return the decided rows."""
    feed = open_feed.feed
    # Before the reading: an order may change the account at the same time.
    if feed.object == ACCOUNT:
        transaction.store.lock_accounts(sorted({row.key for row in part if row.key is not None}))
    decided = write_objects(open_feed, transaction, decide_rows(open_feed, transaction, part, batch.kind == MESSAGE))
    now = open_feed.open_hub.surroundings.now()
    agreed = [after for row in decided if (after := agreed_after(row, batch.id, now)) is not None]
    open_feed.agreed(transaction).put(agreed)
    decisions = open_feed.decisions(transaction)
    decisions.supersede({row.row.key or "": settled_fields(feed, row) for row in decided})
    decisions.add(batch.id, (each for row in decided for each in decisions_of(feed, row)))
    statuses = ((row.row.position, row.status, row.reason) for row in decided)
    open_feed.rows(transaction).set_statuses(batch.id, statuses)
    return decided


def take_answer(open_feed: OpenFeed, batch: FeedBatch) -> Generator[int, None, FeedBatch]:
    """Take the partner's answer to a file of the hub's; yield the position reached.

    A record that the partner kept or rejected stays as it was agreed on. All others of the file are agreed on as sent.
    """
    while True:
        position, batch = repeated(partial(_answer_chunk, open_feed, batch))
        if position is None:
            break
        yield position
    while (position := repeated(partial(_agree_chunk, open_feed, batch))) is not None:
        yield position
    with open_feed.write() as transaction:
        _end_answered(open_feed, transaction, batch)
        return accept(open_feed, transaction, batch)


def _answer_chunk(open_feed: OpenFeed, batch: FeedBatch) -> tuple[int | None, FeedBatch]:
    with open_feed.write() as transaction:
        open_feed.prove_running(transaction)
        rows = open_feed.rows(transaction)
        part = rows.listing(batch.id, batch.merged_to, open_feed.feed.chunk)
        if not part:
            return None, batch
        others = [row for row in part if row.operation in ("kept", "rejected")]
        sent = open_feed.agreed(transaction).by_key([row.key or "" for row in others])
        # Only what this file sent: a later file may have sent the record again.
        keys = [key for key, record in sent.items() if record.sent_batch == batch.of_batch]
        open_feed.agreed(transaction).clear_sent(keys)
        for row in others:
            _note_on_sent(open_feed, transaction, batch, row)
        rows.set_statuses(batch.id, ((row.position, "IMPORTED", None) for row in part))
        batch = open_feed.batches(transaction).advance(
            batch,
            merged_to=part[-1].position,
            kept=batch.kept + sum(row.operation == "kept" for row in others),
            rejected=batch.rejected + sum(row.operation == "rejected" for row in others),
        )
    return part[-1].position, batch


def _note_on_sent(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch, row: FeedRow) -> None:
    """Keep the partner's words with the row that the hub sent."""
    rows = open_feed.rows(transaction)
    _, reason, text = row.fields
    for sent in rows.of_key(batch.of_batch or "", row.key or ""):
        words = {"answer": row.operation, "reason": reason or row.operation, "what": text or ""}
        rows.set_statuses(batch.of_batch or "", [(sent.position, "EXPORTED", words)])


def _agree_chunk(open_feed: OpenFeed, batch: FeedBatch) -> int | None:
    """Agree on the next rows of the hub's file that are not answered otherwise; return the position, None at the end.

    The checkpoint is that of the hub's file.
    """
    with open_feed.write() as transaction:
        open_feed.prove_running(transaction)
        batches, agreed = open_feed.batches(transaction), open_feed.agreed(transaction)
        sent = batches.first_of(batch)
        if sent is None or not sent.is_open:
            return None
        part = open_feed.rows(transaction).listing(sent.id, sent.merged_to, open_feed.feed.chunk, ("EXPORTED",))
        if not part:
            return None
        keys = [row.key or "" for row in part]
        known, versions = agreed.by_key(keys), open_feed.rows(transaction).versions(batch.id, keys)
        now = open_feed.open_hub.surroundings.now()
        # A row with words of the partner's was kept or rejected.
        accepted = [(row, known[row.key or ""]) for row in part if row.reason is None and row.key in known]
        agreed.put(
            as_sent(row, record, batch.id, sent.id, now, versions.get(row.key or "")) for row, record in accepted
        )
        batches.advance(sent, merged_to=part[-1].position)
        return part[-1].position


def as_sent(
    row: FeedRow, record: AgreedRecord, batch_id: str, sent_id: str, now: str, version: str | None
) -> AgreedRecord:
    """Return the agreed row once the partner has the values of a row of ours; later values may be on their way.

    Args:
        batch_id: the batch by which it is agreed.
        sent_id: the batch of the row.
        version: the partner's version of the record with these values; None where it tells none.
    """
    is_last = record.sent_batch == sent_id
    waiting = record._replace(sent=None if is_last else record.sent, sent_batch=None if is_last else record.sent_batch)
    # A message has overtaken the answer: the partner has changed the record since.
    if version is not None and record.version is not None and is_older(version, record.version):
        return waiting
    is_deleted = row.operation == "delete"
    fields = record.fields if is_deleted else row.fields
    return waiting._replace(
        fields=fields,
        digest=digest_of(fields),
        version=version or record.version,
        is_deleted=is_deleted,
        deleted_at=now if is_deleted else None,
        batch_id=batch_id,
        position=0,
    )


def _end_answered(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch) -> None:
    """Note that the file of the hub's is answered."""
    batches, alarms = open_feed.batches(transaction), open_feed.alarms(transaction)
    answered = batches.first_of(batch)
    if answered is not None and answered.is_open:
        batches.advance(answered, state="done", kept=batch.kept, rejected=batch.rejected)
        alarms.clear("late answer", str(answered.number))
        if batch.rejected:
            sentence = f"The partner rejected {batch.rejected} records of file {answered.number}."
            alarms.sound("rejected", str(answered.number), sentence)


def take_refusal(open_feed: OpenFeed, batch: FeedBatch) -> FeedBatch:
    """Take the partner's answer that it refused a whole file: the file leaves once more, with the same bytes."""
    with open_feed.write() as transaction:
        batches = open_feed.batches(transaction)
        refused = batches.first_of(batch)
        if refused is not None and refused.is_open:
            batches.advance(refused, digest=None, error=batch.error)
            sentence = (
                f"The partner refused file {refused.number} ({(batch.error or {}).get('reason') or 'no reason'})."
            )
            open_feed.alarms(transaction).sound("refused by the partner", str(refused.number), sentence)
        return accept(open_feed, transaction, batch)
