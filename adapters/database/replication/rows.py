"""The interface table: one row for each record of a batch, with the words of interface tables for its state.

    FOR_IMPORT               not judged so far
    IN_PROGRESS              differs from the agreed record; not merged so far
    IMPORTED                 taken whole
    PARTIALLY_IMPORTED       some fields taken, others not: a conflict
    DUP_RECORD_EXISTS        equal to the agreed record
    DUP_RECORD_IN_EIM_TBL    an earlier row of the batch has its key
    FOREIGN_KEY, REQUIRED_COLS, PICKLIST_VALUE, AMBIGUOUS, SQL_ERROR     rejected
    EXPORTED                 (out) sent

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, func, or_, select, update

from adapters.database.connection.statements import insert_rows, is_one_of, parts
from adapters.database.replication.agreed import AGREED
from adapters.database.replication.batches import BATCH, MESSAGE
from adapters.database.replication.decisions import DECISION
from adapters.database.schema.hub_tables import HUB

ROW = HUB.tables["hub_feed_row"]
_R, _A, _D = ROW.c, AGREED.c, DECISION.c
#: The states of rows that were rejected.
REJECTED = ("DUP_RECORD_IN_EIM_TBL", "FOREIGN_KEY", "REQUIRED_COLS", "PICKLIST_VALUE", "AMBIGUOUS", "SQL_ERROR")
_COLUMNS = (
    *("batch_id", "position", "key", "operation", "version", "digest", "place", "length"),
    *("row_status", "reason", "fields"),
)
_OF_BATCH = _R.batch_id == bindparam("of_batch")
_IN_RANGE = and_(_OF_BATCH, _R.position > bindparam("behind"), _R.position <= bindparam("up_to"))
_AGREED_OF_ROW = and_(_A.feed == bindparam("of_feed"), _A.key == _R.key)
_UNCHANGED = (
    update(ROW)
    .where(
        _IN_RANGE,
        _R.row_status == "FOR_IMPORT",
        _R.operation != "delete",
        select(1)
        .where(
            _AGREED_OF_ROW,
            _A.digest == _R.digest,
            _A.is_deleted == 0,
            or_(_R.version.is_(None), _A.version == _R.version),
        )
        .exists(),
    )
    .values(row_status="DUP_RECORD_EXISTS")
)
_DIFFERENT = update(ROW).where(_IN_RANGE, _R.row_status == "FOR_IMPORT").values(row_status="IN_PROGRESS")
_EARLIER = ROW.alias("earlier")
_TWICE = (
    update(ROW)
    .where(
        _IN_RANGE,
        _R.row_status == "FOR_IMPORT",
        select(1)
        .where(
            _EARLIER.c.batch_id == _R.batch_id,
            _EARLIER.c.key == _R.key,
            # The sum keeps the databases from walking along the positions in place of looking the key up.
            _EARLIER.c.position + 0 < _R.position,
        )
        .exists(),
    )
    .values(row_status="DUP_RECORD_IN_EIM_TBL", reason=bindparam("why"))
)
_STATUSES = select(_R.row_status, func.count()).where(_OF_BATCH).group_by(_R.row_status)
# A record that is agreed on has a row that is no tombstone.
_WITH_AGREED = (
    select(_R.operation, (func.coalesce(_A.is_deleted, 1) == 0).label("is_agreed"))
    .select_from(ROW.outerjoin(AGREED, _AGREED_OF_ROW))
    .where(_OF_BATCH, _R.row_status == "IN_PROGRESS")
    .subquery()
)
_OPERATIONS = select(_WITH_AGREED.c.operation, _WITH_AGREED.c.is_agreed, func.count()).group_by(
    _WITH_AGREED.c.operation, _WITH_AGREED.c.is_agreed
)
_OF_ROWS = select(func.coalesce(func.max(_R.version), "")).where(_R.batch_id == bindparam("of_batch"))
# A record that a message told of is younger than a file of which all records are older: the file couldn't have it.
_BY_MESSAGE = and_(
    _A.version.is_not(None),
    _A.version > _OF_ROWS.scalar_subquery(),
    exists().where(BATCH.c.id == _A.batch_id, BATCH.c.kind == MESSAGE),
)
_MISSING = (
    select(_A.key)
    .where(
        _A.feed == bindparam("of_feed"),
        _A.is_deleted == 0,
        ~select(1).where(_R.batch_id == bindparam("of_batch"), _R.key == _A.key).exists(),
    )
    .order_by(_A.key)
)
_VERSIONS = select(_R.key, _R.version).where(_OF_BATCH, is_one_of(_R.key, "wanted"), _R.version.is_not(None))
_SET = (
    update(ROW)
    .where(_OF_BATCH, _R.position == bindparam("of_position"))
    .values(row_status=bindparam("new_status"), reason=bindparam("new_reason"))
)

_IS_NAMED = (
    select(1)
    .where(
        _D.batch_id == _R.batch_id,
        _D.position == _R.position,
        or_(_D.state == "open", func.coalesce(_D.decided_at, _D.at) >= bindparam("kept_since")),
    )
    .exists()
)
# What a full file doesn't have is rejected, too, and has no place in an answer.
_IS_UNNEEDED = and_(or_(_R.row_status.notin_(REJECTED), _R.operation == "missing"), ~_IS_NAMED)
_IS_OLD = and_(_OF_BATCH, _R.position > bindparam("behind"), _IS_UNNEEDED)
_OF_MESSAGES = and_(is_one_of(_R.batch_id, "wanted"), _IS_UNNEEDED)
_PURGED = select(_R.position).where(_IS_OLD).order_by(_R.position)
_PURGE = delete(ROW).where(_IS_OLD, _R.position <= bindparam("up_to"))


class FeedRow(NamedTuple):
    """A record of a batch.

    Attributes:
        position: its place among the data or answer records of its file, from 1.
        key: None where the record has none.
        operation: add, change, delete or present; missing for a record that a full file doesn't have; for a record of
            an answer accepted, kept or rejected.
        version: in a form that sorts; None where the feed declares none.
        digest: of its values, made by the caller.
        place, length: its first byte in the file, from 0, and its number of bytes; None for a row that isn't a file's.
        row_status: see the module.
        reason: the words of an error, or of a conflict; None otherwise.
        fields: its values in the order of the feed's fields; for an answer: position, reason, text.
        lacking: the places of the values that the record doesn't carry, which is another fact than null.
    """

    position: int
    key: str | None
    operation: str
    version: str | None
    digest: str | None
    place: int | None
    length: int | None
    row_status: str
    reason: Mapping[str, str] | None
    fields: tuple[str | None, ...]
    lacking: tuple[int, ...] = ()


class FeedRows:
    """The rows of batches, in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, batch_id: str, rows: Iterable[FeedRow]) -> None:
        """Store rows."""
        # The text of a list is quicker made from its values than by json's encoder of all kinds.
        encode = json.encoder.encode_basestring
        insert_rows(
            self._connection,
            ROW,
            _COLUMNS,
            [
                (
                    batch_id,
                    *row[:8],
                    None if row.reason is None else json.dumps(row.reason, ensure_ascii=False),
                    f"[{','.join(['null' if value is None else encode(value) for value in row.fields])}]"
                    if not row.lacking
                    else _with_lacking(row),
                )
                for row in rows
            ],
        )

    def judge(self, batch_id: str, feed: str, behind: int, up_to: int, twice: Mapping[str, str]) -> None:
        """Set the states of the rows of a range: equal to the agreed record, a key that came before, or different.

        *twice* is the reason of a row whose key came before.
        """
        values = {"of_batch": batch_id, "of_feed": feed, "behind": behind, "up_to": up_to}
        self._connection.execute(_TWICE, {**values, "why": json.dumps(twice, ensure_ascii=False)})
        self._connection.execute(_UNCHANGED, values)
        self._connection.execute(_DIFFERENT, values)

    def statuses(self, batch_id: str) -> dict[str, int]:
        """Count the rows of a batch by their state."""
        return {row[0]: row[1] for row in self._connection.execute(_STATUSES, {"of_batch": batch_id})}

    def operations(self, batch_id: str, feed: str) -> dict[str, int]:
        """Count the rows that differ: ``adds``, ``changes``, ``deletes``."""
        counts = {"adds": 0, "changes": 0, "deletes": 0}
        for operation, is_agreed, number in self._connection.execute(
            _OPERATIONS, {"of_batch": batch_id, "of_feed": feed}
        ):
            if operation in ("delete", "missing"):
                counts["deletes"] += number
            else:
                counts["changes" if is_agreed else "adds"] += number
        return counts

    def listing(
        self, batch_id: str, behind: int, limit: int, statuses: Sequence[str] = ("IN_PROGRESS",)
    ) -> list[FeedRow]:
        """Read the rows in any of these states behind a position, in order."""
        statement = (
            select(ROW)
            .where(_R.batch_id == batch_id, _R.position > behind, _R.row_status.in_(statuses))
            .order_by(_R.position)
            .limit(limit)
        )
        return [_row(row) for row in self._connection.execute(statement)]

    def of_key(self, batch_id: str, key: str) -> list[FeedRow]:
        """Read the rows of a batch with this key."""
        statement = select(ROW).where(_R.batch_id == batch_id, _R.key == key).order_by(_R.position)
        return [_row(row) for row in self._connection.execute(statement)]

    def versions(self, batch_id: str, keys: Sequence[str]) -> dict[str, str]:
        """Return the versions that the rows of a batch with these keys have; those without one are left out."""
        found: dict[str, str] = {}
        for part in parts(keys):
            rows = self._connection.execute(_VERSIONS, {"of_batch": batch_id, "wanted": part})
            found.update((row.key, row.version) for row in rows)
        return found

    def at(self, batch_id: str, position: int) -> FeedRow | None:
        """Read one row; None where there is none."""
        row = self._connection.execute(
            select(ROW).where(_R.batch_id == batch_id, _R.position == position)
        ).one_or_none()
        return None if row is None else _row(row)

    def missing(self, batch_id: str, feed: str, *, is_partners: bool) -> list[str]:
        """Return the keys that are agreed on, and that no row of a full file has.

        A file of the partner's may be older than a message: a record that only the message told of isn't missing.
        """
        statement = _MISSING.where(~_BY_MESSAGE) if is_partners else _MISSING
        return list(self._connection.scalars(statement, {"of_batch": batch_id, "of_feed": feed}))

    def set_statuses(self, batch_id: str, changes: Iterable[tuple[int, str, Mapping[str, str] | None]]) -> None:
        """Set the state and the reason of rows, each given by its position."""
        values = [
            {
                "of_batch": batch_id,
                "of_position": position,
                "new_status": status,
                "new_reason": None if reason is None else json.dumps(reason, ensure_ascii=False),
            }
            for position, status, reason in changes
        ]
        if values:
            self._connection.execute(_SET, values)

    def purge(self, batch_id: str, behind: int, most: int, sources_until: str) -> tuple[int, int]:
        """Remove old rows of a batch behind a position.

        A rejected row stays, for its answer. A row of an open conflict stays, and one that a decision after the time
        *sources_until* names.

        Returns:
            The number of removed rows, and the position of the last one.
        """
        values = {"of_batch": batch_id, "behind": behind, "kept_since": sources_until}
        positions = self._connection.scalars(_PURGED.limit(most), values).all()
        if not positions:
            return 0, behind
        values["up_to"] = positions[-1]
        self._connection.execute(_PURGE, values)
        return len(positions), positions[-1]

    def purge_messages(self, batch_ids: Sequence[str], sources_until: str) -> tuple[int, int]:
        """Remove old rows of messages, as `purge` does; return the number of removed rows, and of their messages."""
        rows = batches = 0
        for part in parts(batch_ids):
            values = {"wanted": part, "kept_since": sources_until}
            found = self._connection.scalars(select(_R.batch_id).where(_OF_MESSAGES), values).all()
            self._connection.execute(delete(ROW).where(_OF_MESSAGES), values)
            rows, batches = rows + len(found), batches + len(set(found))
        return rows, batches

    def remove(self, batch_id: str) -> None:
        """Remove all rows of a batch that is given up."""
        self._connection.execute(delete(ROW).where(_OF_BATCH), {"of_batch": batch_id})


def _with_lacking(row: FeedRow) -> str:
    """Write the values as a list, with false in the places of those that the record doesn't carry."""
    values = [False if place in row.lacking else value for place, value in enumerate(row.fields)]
    return json.dumps(values, ensure_ascii=False)


def _row(row: Row[Any]) -> FeedRow:
    fields = json.loads(row.fields)
    lacking = tuple(place for place, value in enumerate(fields) if value is False)
    return FeedRow(
        row.position,
        row.key,
        row.operation,
        row.version,
        row.digest,
        row.place,
        row.length,
        row.row_status,
        None if row.reason is None else json.loads(row.reason),
        tuple(fields) if not lacking else tuple(value or None for value in fields),
        lacking,
    )
