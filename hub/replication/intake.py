"""Take a partner's files in: register them, put them in order by their numbers, check them, and stage their records.

    receive     each file of the inbox becomes a batch that waits for its turn, a repeat, or a refusal
    next_turn   the batch that is in work, else the one whose number is next
    check       the first reading; a file whose totals are wrong is refused before any record is stored
    stage       the second reading: the records become rows, chunk by chunk

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from adapters.database.replication.batches import FeedBatch, FeedBatches
from adapters.database.replication.rows import FeedRow
from adapters.transport import Delivery
from hub.data_manager.batch_proof import BatchTooLarge
from hub.data_manager.open_hub import Transaction
from hub.deployment.feed import FileKind
from hub.replication.answers import refuse, repeat_answer
from hub.replication.batch_file import FeedFileGone, is_lost, opened_file
from hub.replication.digested_file import DigestedFile
from hub.replication.file_reading import CheckedFile, FileHeader, check_file, read_header
from hub.replication.opened_feed import OpenFeed
from hub.replication.staging import staged_rows
from integration_objects.errors import HubError, Refused, Waiting
from schemas.batch_format import MOST_FILE_BYTES

#: Rows that are stored in one transaction.
STAGED = 2000
#: Files that are taken from the inbox at once.
_AT_ONCE = 25


class FeedNumberReused(Refused):
    """A file has the number of an earlier one, and other bytes."""

    what = "the file's number {number} belongs to an earlier file"
    where = "feed {earlier.feed}, batch {earlier.id}"
    why = "{earlier.name}, received {earlier.received_at}, has this number and other bytes"
    mend = "give a new file the next number; send an unchanged one byte by byte as it was"


class FeedNumberPast(Refused):
    """A file's number is smaller than the next one, and no file of this number is known."""

    what = "the file's number {number} is past"
    where = "feed {feed}"
    why = "the next number is {expected}, and no file has this number"
    mend = "number the files one by one"


class FeedNumberMissing(Waiting):
    """A file waits for the files with the numbers before its own."""

    what = "file {batch.number} of {batch.feed} waits for file {expected}"
    where = "feed {batch.feed}, batch {batch.id}"
    why = "files are taken in the order of their numbers, and file {expected} hasn't come"
    mend = "send file {expected}"


class FirstFileUnknown(Refused):
    """A file names a file that it answers or sends again, and there is none."""

    what = "there is no file {of} that this one {does}"
    where = "feed {feed}, file {number}"
    why = "{reason}"
    mend = "name the number of a file that waits for it"


class FeedFileChanged(Refused):
    """A file was changed after it came, before its first record was taken."""

    what = "the file was changed after it came"
    where = "{batch.name}"
    why = "{reason}"
    mend = "send the file once more, and let no other program write it while the hub works on it"


@dataclass(frozen=True)
class Received:
    """The outcome of one file of the inbox.

    Attributes:
        name: the file's name.
        batch: its batch; None for a repeat.
        repeats: the batch that it is a repeat of; None for a new file.
    """

    name: str
    batch: FeedBatch | None
    repeats: FeedBatch | None = None


def receive(open_feed: OpenFeed) -> Iterator[Received]:
    """Take all settled files of the inbox in; yield the outcome of each."""
    folder, folders = open_feed.feed.folder, open_feed.folders
    # A file that isn't settled so far is waited for once.
    wait_s = open_feed.open_hub.deployment.settings.folder_settle_s if folders.is_left(folder) else 0.0
    while deliveries := folders.receive(folder, _AT_ONCE, wait_s):
        wait_s = 0.0
        outcomes = [_register(open_feed, delivery) for delivery in deliveries]
        folders.acknowledge(deliveries)
        yield from outcomes


def next_turn(open_feed: OpenFeed) -> FeedBatch | None:
    """Return the batch to work on: the one that is begun, else the waiting one with the next number; None for none.

    A batch whose number isn't next gets its reason, and an alarm stands until the gap is closed.
    """
    feed = open_feed.feed
    with open_feed.write() as transaction:
        batches, alarms = open_feed.batches(transaction), open_feed.alarms(transaction)
        waiting = []
        for batch in batches.open(feed.name, "in"):
            if batch.state != "waiting":
                return batch
            waiting.append(batch)
        expected = open_feed.next_number(batches, "in")
        if not waiting or waiting[0].number == expected:
            alarms.clear("gap")
            return waiting[0] if waiting else None
        for alarm in alarms.standing("gap"):
            if alarm.about != str(expected):
                alarms.clear("gap", alarm.about)
        gap = FeedNumberMissing(batch=waiting[0], expected=expected, waits_for=str(expected))
        for batch in waiting:
            batches.advance(batch, error=FeedNumberMissing(batch=batch, expected=expected, waits_for=str(expected)))
        alarms.sound("gap", str(expected), f"{gap.what}: it hasn't come.")
        return None


def check(open_feed: OpenFeed, batch: FeedBatch) -> Generator[int, None, FeedBatch]:
    """Read a waiting file once; it is staged next, or refused. Yields the bytes read so far.

    Raises:
        FeedFileInInbox: another import is taking the file.
    """
    surroundings = open_feed.open_hub.surroundings
    try:
        with opened_file(open_feed, batch) as taken:
            file = DigestedFile(taken)
            checked = yield from check_file(open_feed.feed, open_feed.layout, file, surroundings.now()[:10])
            _prove_same(batch, file)
        with open_feed.write() as transaction:
            return _accept(open_feed, transaction, batch, checked)
    except Refused as error:
        with open_feed.write() as transaction:
            return refuse(open_feed, transaction, batch, error)


def stage(open_feed: OpenFeed, batch: FeedBatch) -> Generator[int, None, FeedBatch]:
    """Store the records of a checked file as rows, from the first one that isn't stored; yield the bytes read so far.

    A file that isn't the checked one any more, or is lost, is refused: none of its records was taken so far.

    Raises:
        FeedFileInInbox: the file has come once more, and another import is taking it.
    """
    kind = cast(FileKind, "delta" if batch.kind == "resubmission" else batch.kind)
    try:
        with opened_file(open_feed, batch) as taken:
            file = DigestedFile(taken)
            rows = staged_rows(open_feed.feed, open_feed.key_field, open_feed.layout, file, kind, batch.staged_to)
            while part := _next_rows(batch, rows):
                with open_feed.write() as transaction:
                    open_feed.prove_running(transaction)
                    # First, so that a process that comes too late hears of the other one, and not of a row that is
                    # there.
                    batch = open_feed.batches(transaction).advance(batch, staged_to=part[-1].position)
                    open_feed.rows(transaction).add(batch.id, part)
                yield part[-1].place or 0
            _prove_same(batch, file)
    except (FeedFileChanged, FeedFileGone) as error:
        with open_feed.write() as transaction:
            return refuse(open_feed, transaction, batch, error)
    state = "merging" if batch.kind == "answer" else "judging"
    with open_feed.write() as transaction:
        return open_feed.batches(transaction).advance(batch, state=state)


def _next_rows(batch: FeedBatch, rows: Iterator[FeedRow]) -> list[FeedRow]:
    try:
        return list(itertools.islice(rows, STAGED))
    except Refused as error:
        # The checked file has no such fault.
        raise FeedFileChanged(batch=batch, reason=f"it had no fault, and now {error.what} ({error.where})") from error


def _prove_same(batch: FeedBatch, file: DigestedFile) -> None:
    """Prove that the bytes that were read are those that came; the digest is compared at the end of a reading."""
    found = file.digest()
    if found != batch.digest:
        raise FeedFileChanged(batch=batch, reason=f"its digest was {batch.digest}, and is {found}")


def _register(open_feed: OpenFeed, delivery: Delivery) -> Received:
    feed, envelope = open_feed.feed, delivery.envelope
    name = delivery.source.partition("/")[2]
    header: FileHeader | None = None
    fault: HubError | None = None
    try:
        with open_feed.folders.waiting(delivery.source) as file:
            header = _header_of(open_feed, file, envelope.size)
    except Refused as error:
        fault = error
    with open_feed.write() as transaction:
        batches = open_feed.batches(transaction)
        known = batches.of_name(feed.name, name)
        is_same = known is not None and known.digest == envelope.digest
        if known is not None and is_same and known.is_open:
            return Received(name, known)  # a death came between this and the file's move
        earlier = None if header is None else batches.numbered(feed.name, "in", header.number)
        if earlier is not None and earlier.digest == envelope.digest:
            return _repeated(open_feed, transaction, name, earlier)
        if header is not None:
            fault = _number_fault(open_feed, batches, header, earlier)
        if fault is not None and is_same and delivery.redelivered and _is_refused_for(known, fault):
            return Received(name, known)  # a death came between its refusal and its move
        facts = {"name": name, "digest": envelope.digest, "size": envelope.size}
        kind, number = ("delta", None) if header is None else (header.kind, header.number)
        batch = batches.add(feed.name, "in", kind, "waiting", number=None if fault else number, **facts)
        return Received(name, batch if fault is None else refuse(open_feed, transaction, batch, fault, number))


def _repeated(open_feed: OpenFeed, transaction: Transaction, name: str, earlier: FeedBatch) -> Received:
    """Take a file that came before: it is answered again, or it replaces the earlier one if that is lost."""
    if earlier.is_open and is_lost(open_feed, earlier):
        return Received(name, open_feed.batches(transaction).advance(earlier, name=name))
    repeat_answer(open_feed, transaction, earlier)
    return Received(name, None, earlier)


def _is_refused_for(known: FeedBatch | None, fault: HubError) -> bool:
    # The marker of a death outlives its file. So a file that was lost and is sent again seems to be delivered twice;
    # but it has no fault, or another one, and gets its own turn.
    return known is not None and (known.error or {}).get("reason") == fault.as_dict()["reason"]


def _header_of(open_feed: OpenFeed, file: BinaryIO, size: int) -> FileHeader:
    if size > MOST_FILE_BYTES:
        raise BatchTooLarge(found=size, counted="bytes", most=MOST_FILE_BYTES, where="the file")
    return read_header(open_feed.feed, open_feed.layout, file)


def _number_fault(
    open_feed: OpenFeed, batches: FeedBatches, header: FileHeader, earlier: FeedBatch | None
) -> Refused | None:
    if earlier is not None:
        return FeedNumberReused(number=header.number, earlier=earlier)
    expected = open_feed.next_number(batches, "in")
    if header.number < expected:
        return FeedNumberPast(number=header.number, feed=open_feed.feed.name, expected=expected)
    return None


def _accept(open_feed: OpenFeed, transaction: Transaction, batch: FeedBatch, checked: CheckedFile) -> FeedBatch:
    """Note that a file is checked; link it to the file that it answers or sends again.

    Raises:
        FirstFileUnknown: there is no such file.
    """
    batches, header = open_feed.batches(transaction), checked.header
    first = None
    if header.kind == "answer":
        first = None if header.of is None else batches.numbered(batch.feed, "out", header.of)
        if first is None or first.kind == "answer" or first.state != "sent":
            reason = "the hub's file of this number waits for no answer" if first else "the hub sent no such file"
            raise FirstFileUnknown(of=header.of, does="answers", feed=batch.feed, number=header.number, reason=reason)
    elif header.of is not None:
        first = batches.numbered(batch.feed, "in", header.of)
        if first is None or first.kind == "answer" or first.is_open:
            reason = "that file isn't done" if first else "no file has this number"
            raise FirstFileUnknown(
                of=header.of, does="sends again", feed=batch.feed, number=header.number, reason=reason
            )
    return batches.advance(
        batch,
        state="staging",
        kind="resubmission" if first is not None and header.kind == "delta" else header.kind,
        records=checked.records,
        amount=None if checked.amount is None else f"{checked.amount:f}",
        of_batch=None if first is None else first.id,
        # An answer that refuses the whole file says so in its header alone.
        error={"reason": checked.reason} if checked.is_refusal else None,
    )
