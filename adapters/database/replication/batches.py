"""The batches of feeds: files and messages in either direction, and how far each is worked.

    waiting      its number isn't its turn
    staging      its control totals are right; its records become rows, chunk by chunk
    judging      each row is compared with the agreed values by digest; then the guard counts
    held         over a limit; a person releases or cancels it
    merging      each row that differs is compared three ways, chunk by chunk
    collecting   (out) the records that differ become rows
    sent         (out) written; the other side hasn't answered
    done         in: all rows are judged, and an answer is made; out: answered by the other side, or an answer of ours
    refused      none of its records were taken; its number is free
    cancelled    by a person, before a record was taken; its number is free

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, case, exists, func, select, update

from adapters.database.connection.statements import is_one_of, parts
from adapters.database.schema.hub_tables import HUB, OPEN_FEED_STATES
from integration_objects.errors import HubError, Retryable
from integration_objects.surroundings import Surroundings

BATCH = HUB.tables["hub_feed_batch"]
_ROW = HUB.tables["hub_feed_row"]
_B = BATCH.c
Direction = Literal["in", "out"]
#: The kind of a message between two files. It has no number, and is none of the files that most questions are about.
MESSAGE = "overlay"
#: The states of a batch that has no number of its own any more.
_GIVEN_UP = ("refused", "cancelled")
_BY_ID = select(BATCH).where(_B.id == bindparam("batch_id"))
_OF_FEED = select(BATCH).where(_B.feed == bindparam("of_feed"), _B.direction == bindparam("of_direction"))
_NUMBERED = _OF_FEED.where(_B.number == bindparam("of_number"), _B.state.notin_(_GIVEN_UP))
_OPEN = _OF_FEED.where(_B.final_at.is_(None), _B.kind != MESSAGE).order_by(_B.number, _B.seq)
_LAST_NUMBER = select(func.max(_B.number)).where(
    _B.feed == bindparam("of_feed"),
    _B.direction == bindparam("of_direction"),
    _B.state.notin_((*_GIVEN_UP, "waiting")),
)
_OF_NAME = (
    select(BATCH)
    .where(_B.feed == bindparam("of_feed"), _B.direction == "in", _B.name == bindparam("of_name"))
    # The name of a message is its id, which the partner chooses: it may be that of a file.
    .where(_B.kind != MESSAGE)
    .order_by(case((_B.final_at.is_(None), 0), else_=1), _B.seq.desc())
    .limit(1)
)
_ANSWER_OF = (
    select(BATCH).where(_B.of_batch == bindparam("of_id"), _B.kind == "answer").order_by(_B.seq.desc()).limit(1)
)
_MESSAGES = (
    select(
        _B.direction,
        func.count().label("messages"),
        func.sum(_B.records).label("records"),
        func.sum(_B.conflicts).label("conflicts"),
        func.sum(_B.rejected).label("rejected"),
        func.sum(_B.kept).label("kept"),
        func.sum(case((_B.final_at.is_(None), 1), else_=0)).label("unanswered"),
    )
    .where(_B.feed == bindparam("of_feed"), _B.kind == MESSAGE)
    .group_by(_B.direction)
)


class FeedBatchTakenOver(Retryable):
    """Another process works on the same batch; this one writes nothing."""

    what = "another process works on the batch"
    where = "feed {batch.feed}, batch {batch.id}"
    why = "its state or its checkpoint was changed by another process"
    mend = "nothing: the other process goes on; run the command again where it has ended"


@dataclass(frozen=True)
class FeedBatch:
    """A batch; the fields are the columns of ``hub_feed_batch``.

    Attributes:
        seq: its place in the order of arrival.
        id: given by the hub.
        kind: delta, full, answer, overlay (a message), repair or resubmission.
        number: its number in the sequence of its direction; None for a batch that isn't a file.
        digest: SHA-256 of the file or message.
        name: the file's name; the id of a message.
        records: the data or answer records of the file.
        adds, changes, deletes: the records of each kind, as the judgement counted them.
        unchanged: the records that are equal to the agreed ones.
        missing: the agreed records that a full file doesn't have.
        conflicts, rejected: the records with a conflict, and the records that were not taken.
        kept: records of which the other side keeps a value of its own.
        staged_to, judged_to, merged_to: the positions up to which rows are stored, compared by digest, and merged.
        amount: the total of the declared amount, as digits; None where none is declared.
        of_batch: the batch that an answer answers, or that a resubmission sends again.
        error: why it waits, is held or is refused; None otherwise.
        released_by, release_reason: who let a held batch go on, and why.
    """

    seq: int
    id: str
    feed: str
    direction: Direction
    kind: str
    number: int | None
    state: str
    digest: str | None
    size: int | None
    name: str | None
    records: int
    adds: int
    changes: int
    deletes: int
    unchanged: int
    missing: int
    conflicts: int
    rejected: int
    kept: int
    staged_to: int
    judged_to: int
    merged_to: int
    amount: str | None
    of_batch: str | None
    error: Mapping[str, str] | None
    released_by: str | None
    release_reason: str | None
    received_at: str
    final_at: str | None

    @property
    def is_open(self) -> bool:
        """Whether work on it is left."""
        return self.state in OPEN_FEED_STATES


def newest_batches(connection: Connection, limit: int) -> list[FeedBatch]:
    """Return the newest batches of all feeds, the last one first."""
    return [_row(row) for row in connection.execute(select(BATCH).order_by(_B.seq.desc()).limit(limit))]


class FeedBatches:
    """The batches of feeds, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def row(self, batch_id: str) -> FeedBatch | None:
        """Return the batch of this id; None if there is none."""
        return _row_or_none(self._connection.execute(_BY_ID, {"batch_id": batch_id}).one_or_none())

    def numbered(self, feed: str, direction: Direction, number: int) -> FeedBatch | None:
        """Return the batch with this number; None if there is none, or only refused and cancelled ones."""
        values = {"of_feed": feed, "of_direction": direction, "of_number": number}
        return _row_or_none(self._connection.execute(_NUMBERED, values).one_or_none())

    def of_name(self, feed: str, name: str) -> FeedBatch | None:
        """Return the batch of a file that came under this name, an open one before the last one; None for none."""
        return _row_or_none(self._connection.execute(_OF_NAME, {"of_feed": feed, "of_name": name}).one_or_none())

    def first_of(self, batch: FeedBatch) -> FeedBatch | None:
        """Return the batch that an answer answers, or that a resubmission sends again; None for neither."""
        return None if batch.of_batch is None else self.row(batch.of_batch)

    def last_number(self, feed: str, direction: Direction) -> int | None:
        """Return the largest number of a batch that is or was worked; None for none."""
        number: int | None = self._connection.scalar(_LAST_NUMBER, {"of_feed": feed, "of_direction": direction})
        return number

    def open(self, feed: str, direction: Direction) -> list[FeedBatch]:
        """Return the files on which work is left, by number."""
        return [_row(row) for row in self._connection.execute(_OPEN, {"of_feed": feed, "of_direction": direction})]

    def answer_of(self, batch_id: str) -> FeedBatch | None:
        """Return the last answer to a batch; None for none."""
        return _row_or_none(self._connection.execute(_ANSWER_OF, {"of_id": batch_id}).one_or_none())

    def listing(
        self, feed: str, limit: int, *, direction: Direction | None = None, states: Sequence[str] = ()
    ) -> list[FeedBatch]:
        """Return the newest files, the last one first."""
        statement = select(BATCH).where(_B.feed == feed, _B.kind != MESSAGE).order_by(_B.seq.desc()).limit(limit)
        if direction is not None:
            statement = statement.where(_B.direction == direction)
        if states:
            statement = statement.where(_B.state.in_(states))
        return [_row(row) for row in self._connection.execute(statement)]

    def ended(self, feed: str, direction: Direction, until: str, newest: int) -> list[FeedBatch]:
        """Return the files that ended before a time, without the *newest* ones that have rows, the oldest first."""
        with_rows = select(_B.seq).where(_B.feed == feed, _B.direction == direction, _B.records + _B.missing > 0)
        with_rows = with_rows.where(_B.kind != MESSAGE)
        # A subquery of its own: SQLite takes no OFFSET without a LIMIT.
        first_kept = with_rows.order_by(_B.seq.desc()).limit(1).offset(newest - 1).scalar_subquery()
        statement = (
            select(BATCH)
            .where(_B.feed == feed, _B.direction == direction, _B.final_at < until, _B.seq < first_kept)
            .where(_B.kind != MESSAGE, _B.records + _B.missing > 0)
            .order_by(_B.seq)
        )
        return [_row(row) for row in self._connection.execute(statement)]

    def ended_messages(self, feed: str, until: str, behind: int, most: int) -> list[tuple[int, str]]:
        """Return the place and the id of the messages that ended before a time, and have rows, behind a place."""
        statement = (
            select(_B.seq, _B.id)
            .where(_B.feed == feed, _B.kind == MESSAGE, _B.final_at < until, _B.seq > behind)
            .where(exists().where(_ROW.c.batch_id == _B.id))
            .order_by(_B.seq)
            .limit(most)
        )
        return [(row.seq, row.id) for row in self._connection.execute(statement)]

    def message_counts(self, feed: str) -> dict[str, dict[str, int]]:
        """Count the messages of each direction, ``in`` and ``out``, with their records and the outcomes of these."""
        rows = {row.direction: row for row in self._connection.execute(_MESSAGES, {"of_feed": feed})}
        names = ("messages", "records", "conflicts", "rejected", "kept", "unanswered")
        return {
            direction: {name: int(getattr(rows[direction], name)) if direction in rows else 0 for name in names}
            for direction in ("in", "out")
        }

    def end_messages(self, batch_ids: Iterable[str]) -> None:
        """Note that nobody waits for the answers to these messages: later values of their records have left."""
        for part in parts(sorted(set(batch_ids))):
            self._connection.execute(
                update(BATCH)
                .where(is_one_of(_B.id, "wanted"), _B.kind == MESSAGE, _B.final_at.is_(None))
                .values(state="done", final_at=self._surroundings.now()),
                {"wanted": part},
            )

    def add(self, feed: str, direction: Direction, kind: str, state: str, **values: Any) -> FeedBatch:
        """Add a batch; *values* are further columns, ``id`` among them where the hub hasn't to make one."""
        batch_id = values.pop("id", None) or self._surroundings.new_id()
        row = {
            "id": batch_id,
            "feed": feed,
            "direction": direction,
            "kind": kind,
            "state": state,
            "received_at": self._surroundings.now(),
            **_written(values),
        }
        if state not in OPEN_FEED_STATES:
            row["final_at"] = row["received_at"]
        self._connection.execute(BATCH.insert(), row)
        batch = self.row(batch_id)
        assert batch is not None  # noqa: S101  # written just now
        return batch

    def advance(self, batch: FeedBatch, **values: Any) -> FeedBatch:
        """Change a batch that is still as *batch* has it; return it as it is now.

        Raises:
            FeedBatchTakenOver: its state or a checkpoint is another one. The transaction must be rolled back.
        """
        changes = dict(values)
        if "state" in values:
            changes["final_at"] = None if values["state"] in OPEN_FEED_STATES else self._surroundings.now()
        statement = (
            update(BATCH)
            .where(
                _B.id == batch.id,
                _B.state == batch.state,
                _B.staged_to == batch.staged_to,
                _B.judged_to == batch.judged_to,
                _B.merged_to == batch.merged_to,
            )
            .values(**_written(changes))
        )
        if self._connection.execute(statement).rowcount != 1:
            raise FeedBatchTakenOver(batch=batch)
        return replace(batch, **_read(changes))


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(values)
    error = written.get("error")
    if error is not None:
        shown = error.as_dict() if isinstance(error, HubError) else dict(error)
        written["error"] = json.dumps(shown, ensure_ascii=False)
    return written


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    error = values.get("error")
    return {**values, "error": error.as_dict()} if isinstance(error, HubError) else dict(values)


def _row_or_none(row: Row[Any] | None) -> FeedBatch | None:
    return None if row is None else _row(row)


def _row(row: Row[Any]) -> FeedBatch:
    values: dict[str, Any] = dict(row._mapping)
    return FeedBatch(**{**values, "error": None if row.error is None else json.loads(row.error)})
