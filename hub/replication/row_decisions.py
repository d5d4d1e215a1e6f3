"""Decide the rows of a batch: each is compared three ways, and nothing is written.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from adapters.database.replication.agreed import AgreedRecord
from adapters.database.replication.decisions import Decision
from adapters.database.replication.flat_rows import OurRecord
from adapters.database.replication.rows import FeedRow
from hub.data_manager.open_hub import Transaction
from hub.deployment.feed import Feed, FlatRow
from hub.replication.compare import NO_VALUE, AgreedRow, Conflict, Operation, RecordDecision, decide
from hub.replication.differences import is_closed
from hub.replication.flat_row import digest_of, time_of
from hub.replication.opened_feed import OpenFeed
from integration_objects.errors import HubError, Refused
from integration_objects.field_values import read_date

#: The state of a row that was not taken, by the name of the conflict.
_REFUSED_STATUS = {
    "update_missing": "FOREIGN_KEY",
    "delete_missing": "FOREIGN_KEY",
    "delete_recently_updated": "AMBIGUOUS",
    "missing_in_file": "AMBIGUOUS",
    "stale": "DUP_RECORD_EXISTS",
}
#: What happened, by the name of a record's conflict.
_WORDS = {
    "insert_exists": "the hub has the record already",
    "update_differing": "both sides changed the record",
    "update_missing": "the hub has no such record",
    "update_recently_deleted": "the hub has deleted the record",
    "update_after_disconnect": "the hub has closed the record",
    "delete_missing": "the hub has no such record, and never had it",
    "delete_recently_updated": "the hub has changed the record since",
    "missing_in_file": "the full file doesn't have the record",
    "projected_change_pending": "an open order changes the record",
    "unique_violation": "another record of the hub has a value that only one can have",
    "column_missing": "the record lacks a field",
    "stale": "the hub knows a newer state of the record",
}
#: The state of a row whose record the store refuses, by the reason.
_STORE_STATUS = {
    "ReferenceUnknown": "FOREIGN_KEY",
    "StillReferenced": "FOREIGN_KEY",
    "AboveItself": "FOREIGN_KEY",
    "FieldMissing": "REQUIRED_COLS",
    "KeyNotWhole": "REQUIRED_COLS",
    "FieldInvalid": "PICKLIST_VALUE",
    "RowsAmbiguous": "AMBIGUOUS",
    "RecordAmbiguous": "AMBIGUOUS",
}
#: Outcomes of fields that change nothing and say nothing new.
_SILENT = ("unchanged", "to send")
#: The conflict of a record that lacks a field; any other one is told first.
_LACKING: Conflict = "column_missing"


class RecordAmbiguous(Refused):
    """The hub has several joined objects where a feed's record has room for one."""

    what = "the hub has several objects for the record"
    where = "{feed.object} {key}"
    why = "at most one of {joined} can be joined to it"
    mend = "leave one of them, then send the record again"


@dataclass(frozen=True)
class DecidedRow:
    """A row with its decision.

    Attributes:
        row: the partner's record.
        ours: the hub's record; None for none.
        agreed: the agreed row; None for none.
        decision: what becomes of it; None where it is rejected.
        status: the row's state from now on.
        reason: why it was not taken whole; None otherwise.
    """

    row: FeedRow
    ours: OurRecord | None
    agreed: AgreedRecord | None
    decision: RecordDecision | None
    status: str
    reason: Mapping[str, str] | None = None

    @property
    def has_conflict(self) -> bool:
        """Whether the two sides collided."""
        return self.reason is not None and "conflict" in self.reason

    def rejected(self, error: HubError) -> DecidedRow:
        """Return the row, rejected for an error of the store."""
        status = _STORE_STATUS.get(error.reason, "SQL_ERROR")
        reason = error.as_dict()
        if error.reason in ("AlreadyThere", "BelongsElsewhere"):
            reason["conflict"] = "unique_violation"
        return DecidedRow(self.row, self.ours, self.agreed, None, status, reason)


def decide_rows(
    open_feed: OpenFeed, transaction: Transaction, rows: Sequence[FeedRow], is_message: bool = False
) -> list[DecidedRow]:
    """Decide the rows of a chunk, or of a message, by what the hub has and what was agreed."""
    keys = [row.key for row in rows if row.key is not None]
    ours = open_feed.flat_rows.by_key(transaction.connection, keys)
    agreed = open_feed.agreed(transaction).by_key(keys)
    deleted = [row.key for row in rows if row.operation in ("delete", "missing") and row.key is not None]
    busy = open_feed.with_open_orders(transaction, deleted)
    return [
        _decided(open_feed.feed, row, ours.get(row.key or ""), agreed.get(row.key or ""), row.key in busy, is_message)
        for row in rows
    ]


def _decided(
    feed: Feed,
    row: FeedRow,
    ours: OurRecord | None,
    agreed: AgreedRecord | None,
    has_open_order: bool,
    is_message: bool,
) -> DecidedRow:
    if ours is not None and ours.is_ambiguous:
        error = RecordAmbiguous(feed=feed, key=row.key, joined=", ".join(feed.joined))
        return DecidedRow(row, ours, agreed, None, "").rejected(error)
    is_ours_closed = ours is not None and is_closed(feed, ours.fields)
    theirs_at = time_of(row.version, feed.zone)
    ours_at = None if ours is None or ours.changed_at is None else read_date(ours.changed_at)
    decision = decide(
        cast(Operation, row.operation),
        feed.owners,
        _agreed_row(agreed),
        None if ours is None or is_ours_closed else ours.fields,
        [NO_VALUE if place in row.lacking else value for place, value in enumerate(row.fields)],
        version=row.version,
        on_its_way=_on_its_way(agreed, is_message),
        ours_state="closed" if is_ours_closed else None,
        theirs_is_newer=theirs_at is not None and (ours_at is None or theirs_at > ours_at),
        deletes_missing=feed.deletes_missing,
        has_open_order=has_open_order,
    )
    if is_message and _is_other_state(row, agreed):
        decision = RecordDecision("refused", decision.ours, decision.agreed, "stale")
    collided = (field.conflict for field in decision.fields if field.conflict not in (None, _LACKING))
    conflict = decision.conflict or next(collided, _LACKING if row.lacking else None)
    reason = None if conflict is None else {"conflict": conflict, "reason": conflict, "what": _WORDS[conflict]}
    if reason is not None and conflict == _LACKING:
        reason["what"] = f"the record lacks {', '.join(feed.fields[place].record for place in row.lacking)}"
    if decision.outcome == "refused":
        return DecidedRow(row, ours, agreed, decision, _REFUSED_STATUS.get(conflict or "", "SQL_ERROR"), reason)
    return DecidedRow(row, ours, agreed, decision, "IMPORTED" if conflict is None else "PARTIALLY_IMPORTED", reason)


def _on_its_way(agreed: AgreedRecord | None, is_message: bool) -> FlatRow | None:
    """Return the sent values that the partner may have had when it made its record; None for none.

    The files and their answers are one sequence: a row of a file was made before the partner had a file of the hub's
    that isn't answered. A message comes when it comes.
    """
    if agreed is None or agreed.sent_batch is None:
        return None
    return agreed.sent if is_message or agreed.is_sent_by_message else None


def _is_other_state(row: FeedRow, agreed: AgreedRecord | None) -> bool:
    """Tell whether a message has the version that was agreed on, and other values: nobody knows which are the newer."""
    if agreed is None or row.version is None or row.version != agreed.version:
        return False
    return row.operation != "delete" and (agreed.is_deleted or row.digest != agreed.digest)


def _agreed_row(agreed: AgreedRecord | None) -> AgreedRow | None:
    # A record that the hub sent, and that was never agreed on, has no values. Nor has one that it sent and deleted.
    if agreed is None or not (agreed.fields or agreed.version):
        return None
    return AgreedRow(agreed.fields, agreed.version, agreed.is_deleted)


def agreed_after(decided: DecidedRow, batch_id: str, now: str) -> AgreedRecord | None:
    """Return the agreed row that a decision makes; None where it stays as it is.

    The values that the hub has sent, and that are not answered, stay beside it.
    """
    decision, before = decided.decision, decided.agreed
    if decision is None or decision.outcome == "refused" or decision.agreed is None:
        return None
    after = decision.agreed
    if after == _agreed_row(before):
        return None
    return AgreedRecord(
        decided.row.key or "",
        after.values,
        digest_of(after.values),
        after.version,
        after.is_deleted,
        now if after.is_deleted else None,
        None if before is None else before.sent,
        None if before is None else before.sent_batch,
        batch_id,
        decided.row.position,
    )


def settled_fields(feed: Feed, decided: DecidedRow) -> frozenset[str]:
    """Return the fields whose open conflicts a decision settles.

    The others tell nothing new of the field: a person must decide still.
    """
    fields = () if decided.decision is None else decided.decision.fields
    return frozenset(
        name
        for name, field in zip(feed.names, fields, strict=False)
        if field.outcome != "to send" and field.conflict != _LACKING
    )


def decisions_of(feed: Feed, decided: DecidedRow) -> Iterator[Decision]:
    """Yield what is kept of a decision: each field that was taken or collided, and the record as a whole."""
    decision, row = decided.decision, decided.row
    key = row.key or ""
    if decision is None:
        if decided.has_conflict and decided.reason is not None:
            yield Decision(
                key,
                None,
                row.position,
                "record",
                "refused",
                decided.reason["conflict"],
                "settled",
                reason=decided.reason.get("what"),
            )
        return
    if decision.conflict is not None or not decision.fields:
        outcome = decision.outcome
        conflict = decision.conflict or (_LACKING if row.lacking else None)
        reason = None if decided.reason is None else decided.reason.get("what")
        yield Decision(key, None, row.position, "record", outcome, conflict, "settled", reason=reason)
    base = _agreed_row(decided.agreed)
    values: FlatRow | None = None if base is None or base.is_deleted else base.values
    for place, field in enumerate(decision.fields):
        if field.outcome in _SILENT and field.conflict is None:
            continue
        yield Decision(
            key,
            feed.names[place],
            row.position,
            feed.owners[place],
            field.outcome,
            field.conflict,
            "open" if field.outcome == "open" else "settled",
            () if values is None else values[place],
            () if decided.ours is None else decided.ours.fields[place],
            () if place in row.lacking else row.fields[place],
            field.value,
            "the partner's record doesn't have the field: the hub's value stayed" if place in row.lacking else None,
        )
