"""Export a feed: the records in which the hub differs from the partner become a numbered file.

    collecting   page by page, the differing records become rows of a batch, and are noted as sent
    held         it changes more than the limits allow; a person releases or cancels it
    sent         the batch has its number; the file is written from the rows, and appears in the folder's outbox

Each page is one transaction with its checkpoint, so that an export that was killed goes on. A file that a crash left
out is written again from its rows, with the same bytes.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Literal, cast

from adapters.database.replication.batches import FeedBatch
from adapters.database.replication.rows import FeedRow
from hub.data_manager.open_hub import Transaction
from hub.deployment.feed import FileKind, FlatRow, RecordOperation
from hub.replication.differences import PAGE, SideBySide, page_of
from hub.replication.flat_row import digest_of, written_record, written_time
from hub.replication.judging import excess_of
from hub.replication.opened_feed import OpenFeed
from hub.replication.written_file import FileHead, written_file
from integration_objects.errors import Refused
from integration_objects.field_values import as_number
from integration_objects.property_set import PropertySet

#: The kind of the alarm about a record that can't be sent.
UNSENDABLE = "unsendable"
#: What becomes of a record at the partner, by the name of the batch's count.
_Change = Literal["adds", "changes", "deletes", "unchanged"]
_OPERATIONS: dict[_Change, RecordOperation] = {
    "adds": "add",
    "changes": "change",
    "deletes": "delete",
    "unchanged": "present",
}


@dataclass(frozen=True)
class Sending:
    """A record that is to be sent.

    Attributes:
        row: its values; None for a deletion.
        change: what becomes of it at the partner; unchanged records stand in a full file only.
        amount: the amount that the file's totals add up; zero for none.
        refusal: why it can't be sent; None for most.
        message: the message that carries other values of it, and whose answer is out; None for none.
    """

    key: str
    operation: RecordOperation
    row: FlatRow | None
    version: str | None
    change: _Change
    amount: Decimal
    refusal: Refused | None
    message: str | None = None

    def row_at(self, position: int, width: int) -> FeedRow:
        """Return it as a row of a batch; *width* is the number of the feed's fields."""
        fields = (None,) * width if self.row is None else self.row
        digest = digest_of(fields)
        return FeedRow(position, self.key, self.operation, self.version, digest, None, None, "EXPORTED", None, fields)


class FeedExport:
    """The exports of one feed."""

    def __init__(self, open_feed: OpenFeed) -> None:
        self._open_feed = open_feed
        self._open_hub = open_feed.open_hub
        self._feed = open_feed.feed
        self._layout = open_feed.layout

    def export(self, full: bool = False, always: bool = False) -> Iterator[str]:
        """Export the records that differ, or all; yield the last key of each page.

        An export that was interrupted is brought to its end, in its own kind. While an export is held, no other one
        begins: it would send the same records.

        Args:
            full: send every record.
            always: send a file also where nothing differs.

        Raises:
            FeedPaused: a person has paused the feed; the pages that were collected are kept.
        """
        kind: FileKind = "full" if full else "delta"
        batch, behind = self._interrupted()
        is_last = self.held() is not None
        while not is_last:
            with self._open_feed.write() as transaction:
                self._open_feed.prove_running(transaction)
                page = page_of(self._open_feed, transaction, behind)
                is_last = len(page) < PAGE
                batch = self._collect(transaction, batch, kind, page)
                if is_last:
                    self._end(transaction, batch, kind, always)
            behind = page[-1].key if page else behind
            yield behind

    def publish(self) -> list[FeedBatch]:
        """Write the files of numbered batches that aren't in the folder's outbox so far; return these batches.

        Raises:
            FeedPaused: a person has paused the feed.
        """
        published = []
        for batch in self._unpublished():
            head = FileHead(cast(FileKind, batch.kind), batch.number or 0, batch.received_at)
            parts = written_file(self._feed, self._layout, head, partial(self._records, batch))
            published.append(self._open_feed.publish(batch, parts))
        return published

    def held(self) -> FeedBatch | None:
        """Return the export that changes more than the limits allow, and waits for a person; None for none."""
        with self._open_hub.read() as transaction:
            return next(iter(self._open_batches(transaction, "held")), None)

    def _open_batches(self, transaction: Transaction, state: str) -> list[FeedBatch]:
        return [
            batch
            for batch in self._open_feed.batches(transaction).open(self._feed.name, "out")
            if batch.state == state and batch.kind in ("delta", "full")
        ]

    def _interrupted(self) -> tuple[FeedBatch | None, str]:
        """Return the batch that a crash left half collected, and the last key that is in it."""
        with self._open_hub.read() as transaction:
            batch = next(iter(self._open_batches(transaction, "collecting")), None)
            last = None if batch is None else self._open_feed.rows(transaction).at(batch.id, batch.staged_to)
        return batch, "" if last is None or last.key is None else last.key

    def _unpublished(self) -> list[FeedBatch]:
        with self._open_hub.read() as transaction:
            unpublished = [batch for batch in self._open_batches(transaction, "sent") if batch.digest is None]
            if unpublished:
                self._open_feed.prove_running(transaction)
            return unpublished

    def _collect(
        self, transaction: Transaction, batch: FeedBatch | None, kind: FileKind, page: Sequence[SideBySide]
    ) -> FeedBatch | None:
        """Store the rows of a page; the batch is made with the first row."""
        kind = kind if batch is None else cast(FileKind, batch.kind)
        sendings = [sending for side in page if (sending := self.sending(side, kind)) is not None]
        self.tell_unsendable(transaction, page, sendings)
        sendings = [sending for sending in sendings if sending.refusal is None]
        if not sendings:
            return batch
        batch = batch or self._open_feed.batches(transaction).add(self._feed.name, "out", kind, "collecting")
        self.note_sent(transaction, batch, sendings)
        counts = Counter(sending.change for sending in sendings)
        amount = sum((sending.amount for sending in sendings), Decimal(batch.amount or 0))
        return self._open_feed.batches(transaction).advance(
            batch,
            records=batch.records + len(sendings),
            staged_to=batch.staged_to + len(sendings),
            adds=batch.adds + counts["adds"],
            changes=batch.changes + counts["changes"],
            deletes=batch.deletes + counts["deletes"],
            unchanged=batch.unchanged + counts["unchanged"],
            amount=None if self._feed.file.control.amounts is None else f"{amount:f}",
        )

    def note_sent(self, transaction: Transaction, batch: FeedBatch, sendings: Sequence[Sending]) -> None:
        """Store the rows of a batch behind those that it has, and note their values as on their way."""
        width, begin = len(self._feed.fields), batch.staged_to + 1
        rows = (sending.row_at(position, width) for position, sending in enumerate(sendings, begin))
        self._open_feed.rows(transaction).add(batch.id, rows)
        changed = [sending for sending in sendings if sending.change != "unchanged"]
        self._open_feed.agreed(transaction).mark_sent(batch.id, [(sending.key, sending.row) for sending in changed])
        # From now on the answer to this batch tells what the partner has.
        messages = [sending.message for sending in changed if sending.message is not None]
        self._open_feed.batches(transaction).end_messages(messages)

    def tell_unsendable(
        self, transaction: Transaction, page: Sequence[SideBySide], sendings: Sequence[Sending]
    ) -> None:
        """Raise an alarm about each record that the layout can't hold; clear those of records that it holds now."""
        alarms = self._open_feed.alarms(transaction)
        refused = {sending.key: sending.refusal for sending in sendings if sending.refusal is not None}
        keys = {side.key for side in page}
        for alarm in alarms.standing(UNSENDABLE):
            if alarm.about in keys and alarm.about not in refused:
                alarms.clear(UNSENDABLE, alarm.about)
        for key, refusal in refused.items():
            alarms.sound(UNSENDABLE, key, f"Record {key} can't be sent: {refusal.what}.")

    def _end(self, transaction: Transaction, batch: FeedBatch | None, kind: FileKind, always: bool) -> None:
        """Give the collected batch its number, so that its file is part of the hub's sequence; or hold it."""
        batches = self._open_feed.batches(transaction)
        if batch is None and (always or kind == "full"):
            batch = batches.add(self._feed.name, "out", kind, "collecting")
        if batch is None:
            return
        if batch.kind == "full":
            missing = self._open_feed.rows(transaction).missing(batch.id, self._feed.name, is_partners=False)
            batch = batches.advance(batch, missing=len(missing))
        excess = excess_of(self._open_feed, transaction, batch)
        if excess is not None:
            batches.advance(batch, state="held", error=excess)
        else:
            batches.advance(batch, state="sent", number=self._open_feed.next_number(batches, "out"))

    def sending(self, side: SideBySide, kind: FileKind, is_message: bool = False) -> Sending | None:
        """Return what is sent of a record; None where nothing is.

        A record whose values left by a message that isn't answered is sent again, whatever its values are by now: the
        message may be lost. Its version is the time of now, as a message's is: the partner leaves an older message that
        comes later.
        """
        wanted, partners = side.wanted, side.partners
        change: _Change
        if wanted == partners and not side.is_in_doubt:
            change = "unchanged"
        else:
            # A partner that has applied the deletion has no record to change. If the deletion was lost, the partner may
            # reject the addition; that ends the doubt, and the next file has a change.
            is_new = partners is None or (side.agreed is not None and side.agreed.is_presence_in_doubt)
            change = "deletes" if wanted is None else "adds" if is_new else "changes"
        # A full file tells of a deletion by the absence; the next delta says it.
        if change == "unchanged" if kind != "full" else wanted is None:
            return None
        is_now = is_message or side.is_in_doubt
        ours_at = None if side.ours is None else side.ours.changed_at
        changed_at = self._open_hub.surroundings.now() if is_now else ours_at
        version = None if changed_at is None else written_time(changed_at, self._feed.zone)
        operation = "present" if kind == "full" else _OPERATIONS[change]
        message = side.agreed.sent_batch if side.agreed is not None and side.is_in_doubt else None
        amount, refusal = self._tried(side.key, operation, wanted, version)
        return Sending(side.key, operation, wanted, version, change, amount, refusal, message)

    def _tried(
        self, key: str, operation: str, row: FlatRow | None, version: str | None
    ) -> tuple[Decimal, Refused | None]:
        """Return a record's amount, and why the record can't be written in the partner's layout; None for most."""
        amounts = self._feed.file.control.amounts
        try:
            record = self._record(key, operation, row, version)
            amount = None if amounts is None else as_number(record.properties.get(amounts.of) or "")
            self._layout.typed_bytes(record)
        except Refused as error:
            return Decimal(0), error
        return amount or Decimal(0), None

    def _records(self, batch: FeedBatch) -> Iterator[PropertySet]:
        """Make the partner's records of a batch's rows."""
        for row in self._open_feed.each_row(batch.id, ("EXPORTED",)):
            yield self.record_of(row)

    def record_of(self, row: FeedRow) -> PropertySet:
        """Make the partner's record of a row that is sent."""
        return self._record(row.key or "", row.operation, row.fields, row.version)

    def _record(self, key: str, operation: str, row: FlatRow | None, version: str | None) -> PropertySet:
        feed, form = self._feed, self._feed.file
        nothing = (None,) * len(feed.fields)
        record = written_record(feed, key, nothing if row is None or operation == "delete" else row)
        if form.operation is not None and operation in form.operations:
            record.properties[form.operation] = form.operations[cast(RecordOperation, operation)]
        if feed.version is not None and version is not None:
            record.properties[feed.version] = version
        return record
