"""The hub's answers to the partner's files: one file each, with the records that were not taken.

    refuse            a whole file is refused; its answer says why
    accept            all records of a file are judged; its answer lists the rejected ones
    repeat_answer     a file came again: its answer leaves again
    publish_answers   the files of answers that aren't in the outbox are written, after a crash with the same bytes

An answer has a number of the hub's sequence. The other side doesn't answer it.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from adapters.database.replication.batches import FeedBatch, FeedBatches
from adapters.database.replication.rows import REJECTED
from hub.data_manager.open_hub import Transaction
from hub.replication.flat_row import written_version
from hub.replication.opened_feed import OpenFeed
from hub.replication.written_file import FileHead, written_file
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet

#: The file is written of its rows, and isn't in the outbox so far.
_UNWRITTEN = "collecting"


def refuse(
    open_feed: OpenFeed,
    transaction: Transaction,
    batch: FeedBatch,
    error: HubError,
    number: int | None = None,
    state: str = "refused",
) -> FeedBatch:
    """Refuse a whole file before a record of it was taken; *number* is the file's, where the batch hasn't got it."""
    batches = open_feed.batches(transaction)
    open_feed.rows(transaction).remove(batch.id)
    open_feed.alarms(transaction).clear("held", batch.id)
    refused = batches.advance(batch, state=state, error=error)
    _add_answer(open_feed, batches, refused, number, error)
    about = str(batch.number or number or batch.name)
    open_feed.alarms(transaction).sound("refused", about, f"The file {batch.name} was refused: {error.what}.")
    return refused


def accept(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch) -> FeedBatch:
    """Note that all records of a file are judged, and make its answer; an answer isn't answered."""
    batches, alarms = open_feed.batches(transaction), open_feed.alarms(transaction)
    done = batches.advance(batch, state="done", error=None)
    for kind, about in (("held", batch.id), ("refused", str(batch.number))):
        alarms.clear(kind, about)
    if batch.kind != "answer":
        _add_answer(open_feed, batches, done, None, None)
    return done


def repeat_answer(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch) -> None:
    """Let the answer to a batch leave once more, with the same bytes."""
    batches = open_feed.batches(transaction)
    answer = batches.answer_of(batch.id)
    if answer is not None and answer.state == "done":
        batches.advance(answer, state=_UNWRITTEN)


def publish_answers(open_feed: OpenFeed) -> list[FeedBatch]:
    """Write the answers that aren't in the outbox; return them."""
    with open_feed.open_hub.read() as transaction:
        unwritten = [
            batch
            for batch in open_feed.batches(transaction).open(open_feed.feed.name, "out")
            if batch.kind == "answer" and batch.state == _UNWRITTEN
        ]
    return [open_feed.publish(answer, answer_parts(open_feed, answer), state="done") for answer in unwritten]


def answer_parts(open_feed: OpenFeed, answer: FeedBatch) -> Iterator[bytes]:
    """Yield the bytes of an answer."""
    with open_feed.open_hub.read() as transaction:
        answered = open_feed.batches(transaction).row(answer.of_batch or "")
    assert answered is not None  # noqa: S101  # an answer is made with its batch's end
    of = answered.number or answer.records or None
    refusal = None if answered.state == "done" else answer.error
    head = FileHead("answer", answer.number or 0, answer.received_at, of, refusal)
    return written_file(open_feed.feed, open_feed.layout, head, partial(_records, open_feed, answered))


def _add_answer(
    open_feed: OpenFeed, batches: FeedBatches, batch: FeedBatch, number: int | None, error: HubError | None
) -> None:
    batches.add(
        open_feed.feed.name,
        "out",
        "answer",
        _UNWRITTEN,
        number=open_feed.next_number(batches, "out"),
        of_batch=batch.id,
        # The number of a refused file stands nowhere else: its batch has given it back.
        records=number or 0,
        error=error,
    )


def _records(open_feed: OpenFeed, answered: FeedBatch) -> Iterator[PropertySet]:
    """Make the records of an answer: one for each rejected row, in the order of the file."""
    form = open_feed.feed.file.answer
    for row in open_feed.each_row(answered.id, REJECTED):
        # A record that a full file doesn't have has no answer of its own.
        if row.operation == "missing":
            continue
        reason = row.reason or {}
        properties: dict[str, str | None] = {
            form.position: str(row.position),
            form.key: row.key,
            form.outcome: form.codes["rejected"],
            form.reason: reason.get("conflict") or reason.get("reason"),
            form.text: reason.get("what"),
        }
        if form.version is not None and row.version is not None:
            properties[form.version] = written_version(row.version)
        yield PropertySet(form.record, properties=properties)
