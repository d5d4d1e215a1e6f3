"""Batches: files of many messages, how far each is filed, and the message that each of its orders became.

    announced   a command puts the file into its folder; the running hub hasn't taken it from there yet
    received    in its folder; not read so far
    filing      proven; its orders become messages, part by part
    working     all orders are messages, and some of them aren't final
    done        answered
    refused     refused whole: none of its orders became a message
    given up    by an operator; some of its orders may be messages

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, select, update
from sqlalchemy.exc import IntegrityError

from adapters.database.messages.inbox_row import INBOX
from adapters.database.messages.outbox import OUTBOX
from adapters.database.schema.hub_tables import HUB, REFUSED_STATES
from integration_objects.errors import HubError, Refused
from integration_objects.surroundings import Surroundings

BATCH = HUB.tables["hub_batch"]
PART = HUB.tables["hub_batch_part"]
_B, _P, _I = BATCH.c, PART.c, INBOX.c
#: the columns of a batch without the bytes of its header and trailer
_SHOWN = tuple(column for column in BATCH.columns if column.name not in ("head", "tail"))
_BY_ID = select(*_SHOWN).where(_B.id == bindparam("batch_id"))
_BY_NUMBER = select(*_SHOWN).where(_B.route == bindparam("of_route"), _B.number == bindparam("of_number"))
_SAME = (
    select(*_SHOWN)
    .where(_B.route == bindparam("of_route"), _B.digest == bindparam("of_digest"), _B.state != "refused")
    .order_by(_B.seq)
)
_OPEN = select(*_SHOWN).where(_B.final_at.is_(None)).order_by(_B.seq)
_FRAME = select(_B.head, _B.tail).where(_B.id == bindparam("batch_id"))
_THE_BATCH = _B.id == bindparam("batch_id")
_ADOPT = (
    update(BATCH)
    .where(_THE_BATCH, _B.state == "announced")
    .values(state="received", source=bindparam("of_source"), received_at=bindparam("now"))
)
_ACCEPT = (
    update(BATCH)
    .where(_THE_BATCH, _B.state == "received")
    .values(
        state="filing",
        number=bindparam("of_number"),
        orders=bindparam("found"),
        root_id=bindparam("of_root"),
        resubmits=bindparam("first"),
        repeats=bindparam("repeated"),
        head=bindparam("before"),
        tail=bindparam("behind"),
        error=None,
    )
)
# The checkpoint and the messages behind it are one transaction. Another process that files the same batch finds another
# checkpoint, and writes nothing.
_FILE = (
    update(BATCH)
    .where(_THE_BATCH, _B.state == "filing", _B.filed == bindparam("so_far"))
    .values(filed=bindparam("now_filed"))
)
_WORK = update(BATCH).where(_THE_BATCH, _B.state == "filing", _B.filed == _B.orders).values(state="working")
_FINISH = (
    update(BATCH)
    .where(_THE_BATCH, _B.final_at.is_(None))
    .values(state=bindparam("ended"), final_at=bindparam("now"), error=bindparam("fault"))
)
_GIVE_UP = _FINISH.where(_B.state == bindparam("state_before")).values(
    # A file of which nothing was taken leaves its number to the next one.
    number=case((_B.filed > 0, _B.number))
)
# They waited for the outcome of another batch, and have to be read for themselves.
_PUT_BACK_REPEATS = (
    update(BATCH)
    .where(_B.repeats == bindparam("batch_id"), _B.final_at.is_(None))
    .values(state="received", repeats=None)
)
# Not on a final one, whose error is why it was refused.
_NOTE = update(BATCH).where(_THE_BATCH, _B.final_at.is_(None)).values(error=bindparam("fault"))
_UNFINISHED = (
    select(_P.position)
    .select_from(PART.join(INBOX, _I.id == _P.inbox_id))
    .where(_P.batch_id == bindparam("batch_id"), _P.position >= bindparam("first"), _I.final_at.is_(None))
    .order_by(_P.position)
    .limit(1)
)
_STATES = (
    select(_I.state, func.count())
    .select_from(PART.join(INBOX, _I.id == _P.inbox_id))
    .where(_P.batch_id == bindparam("batch_id"))
    .group_by(_I.state)
)
_ANSWERS = (
    select(_P.position, _P.own_id, _P.place, _I.id, _I.state, _I.error, OUTBOX.c.body)
    .select_from(PART.join(INBOX, _I.id == _P.inbox_id).outerjoin(OUTBOX, OUTBOX.c.id == _I.reply_outbox_id))
    .where(_P.batch_id == bindparam("batch_id"), _P.position > bindparam("behind"))
    .order_by(_P.position)
    .limit(bindparam("most"))
)
_PARTS = (
    select(_P.position, _I.state, _P.own_id, _I.id, _P.place, _I.error)
    .select_from(PART.join(INBOX, _I.id == _P.inbox_id))
    .where(_P.batch_id == bindparam("batch_id"))
    .order_by(_P.position)
)
_EARLIER = (
    select(_P.own_id, _P.position, _I.state, OUTBOX.c.body)
    .select_from(
        PART.join(BATCH, _B.id == _P.batch_id)
        .join(INBOX, _I.id == _P.inbox_id)
        .outerjoin(OUTBOX, OUTBOX.c.id == _I.reply_outbox_id)
    )
    .where(_B.root_id == bindparam("of_root"), _B.id != bindparam("not_of"))
    .order_by(_B.seq)
)
_EARLIER_BY_ID = _EARLIER.where(_P.own_id.in_(bindparam("wanted", expanding=True)))
_EARLIER_BY_POSITION = _EARLIER.where(_P.position.in_(bindparam("wanted", expanding=True)))


class BatchNumberReused(Refused):
    """A file has the number of an earlier one, and other bytes."""

    what = "the file's number '{number}' belongs to an earlier file"
    where = "route {route}, batch {first.id}"
    why = "{first.name}, received {first.received_at}, has this number and other bytes"
    mend = "give a new file a number of its own; send an unchanged one byte by byte as it was"


@dataclass(frozen=True)
class BatchRow:
    """A batch; the fields are the columns of ``hub_batch``.

    Attributes:
        seq: its place in the order of arrival.
        id: given by the hub.
        digest: SHA-256 of the file.
        name: the file's name, as its sender gave it.
        source: ``<folder>/<file>``; None while it is announced only.
        number: the sender's number of the file, from its header; None for none, and for a batch of which nothing was
            taken.
        root_id: the first of a chain of batches that resubmit one another; its own id for most.
        resubmits: the batch whose refused orders come again; None for none.
        repeats: the batch that the file is a repeat of; None for a new one.
        orders, filed: the orders of the file, and how many of them are messages by now.
        error: why it is refused or given up, or why its work is interrupted; None where nothing of this is so.
    """

    seq: int
    id: str
    route: str
    state: str
    digest: str
    size: int
    name: str
    source: str | None
    number: str | None
    root_id: str
    resubmits: str | None
    repeats: str | None
    received_at: str
    final_at: str | None
    orders: int
    filed: int
    error: Mapping[str, str] | None

    @property
    def answered(self) -> str:
        """The batch whose orders the answer lists: this one, or the first one where this one repeats it."""
        return self.repeats or self.id


@dataclass(frozen=True)
class BatchPart:
    """The message of an order.

    Attributes:
        position: in the file, from 1.
        own_id: the sender's id of the order, where its route declares one.
        place: where it begins in the file.
        inbox_id: the message.
    """

    position: int
    own_id: str | None
    place: str
    inbox_id: str


@dataclass(frozen=True)
class PartAnswer:
    """The outcome of an order.

    Attributes:
        position, own_id, place: see `BatchPart`.
        inbox_id, state: of the message.
        error: why it was refused; None for another one.
        reply: OM Reply in the hub's own XML; None where it has none yet.
    """

    position: int
    own_id: str | None
    place: str
    inbox_id: str
    state: str
    error: Mapping[str, str] | None
    reply: bytes | None


class Batches:
    """The batches, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def row(self, batch_id: str) -> BatchRow | None:
        """Return the batch of this id; None if there is none."""
        return _row_or_none(self._connection.execute(_BY_ID, {"batch_id": batch_id}).one_or_none())

    def answered(self, batch: BatchRow) -> BatchRow:
        """Return the batch whose orders the answer to *batch* lists: itself, or the one that it repeats."""
        return batch if batch.repeats is None else self.row(batch.repeats) or batch

    def numbered(self, route: str, number: str) -> BatchRow | None:
        """Return the batch that has the sender's number; None if there is none, or only refused ones."""
        return _row_or_none(
            self._connection.execute(_BY_NUMBER, {"of_route": route, "of_number": number}).one_or_none()
        )

    def same(self, route: str, digest: str) -> list[BatchRow]:
        """Return the batches with these bytes that aren't refused, the oldest first."""
        rows = self._connection.execute(_SAME, {"of_route": route, "of_digest": digest})
        return [_row(row) for row in rows]

    def open(self, route: str | None = None) -> list[BatchRow]:
        """Return the batches that aren't final, of *route* or of all, the oldest first."""
        statement = _OPEN if route is None else _OPEN.where(_B.route == route)
        return [_row(row) for row in self._connection.execute(statement)]

    def listing(self, limit: int, route: str | None = None, state: str | None = None) -> list[BatchRow]:
        """Return the newest batches, the last one first."""
        statement = select(*_SHOWN).order_by(_B.seq.desc()).limit(limit)
        if route is not None:
            statement = statement.where(_B.route == route)
        if state is not None:
            statement = statement.where(_B.state == state)
        return [_row(row) for row in self._connection.execute(statement)]

    def add(self, route: str, digest: str, size: int, name: str, source: str | None, resubmits: str | None) -> BatchRow:
        """Add a batch: received, or announced where it has no *source* yet."""
        batch_id, now = self._surroundings.new_id(), self._surroundings.now()
        values = {
            "id": batch_id,
            "route": route,
            "state": "announced" if source is None else "received",
            "digest": digest,
            "size": size,
            "name": name,
            "source": source,
            "root_id": batch_id,
            "resubmits": resubmits,
            "received_at": now,
        }
        self._connection.execute(BATCH.insert(), values)
        row = self.row(batch_id)
        assert row is not None  # noqa: S101  # written just now
        return row

    def adopt(self, batch_id: str, source: str) -> bool:
        """Note that an announced file is in its folder; return False for a batch that isn't announced."""
        values = {"batch_id": batch_id, "of_source": source, "now": self._surroundings.now()}
        return self._connection.execute(_ADOPT, values).rowcount == 1

    def accept(
        self,
        batch: BatchRow,
        *,
        orders: int,
        head: bytes,
        tail: bytes,
        number: str | None = None,
        first: BatchRow | None = None,
        repeats: str | None = None,
    ) -> bool:
        """Note that a received file is proven; return False for a batch that isn't received.

        Args:
            batch: the batch.
            orders, head, tail: of the file.
            number: the sender's number of the file.
            first: the batch whose refused orders come again.
            repeats: the batch that has the same bytes.

        Raises:
            BatchNumberReused: another process accepted a file of this number since `numbered` looked for one.
        """
        values = {
            "batch_id": batch.id,
            "of_number": number,
            "found": orders,
            "of_root": batch.id if first is None else first.root_id,
            "first": None if first is None else first.id,
            "repeated": repeats,
            "before": head,
            "behind": tail,
        }
        try:
            with self._connection.begin_nested():
                return self._connection.execute(_ACCEPT, values).rowcount == 1
        except IntegrityError:
            earlier = None if number is None else self.numbered(batch.route, number)
            if earlier is None:
                raise
            raise BatchNumberReused(number=number, route=batch.route, first=earlier) from None

    def frame(self, batch_id: str) -> tuple[bytes, bytes]:
        """Return the bytes before the first order and behind the last one."""
        row = self._connection.execute(_FRAME, {"batch_id": batch_id}).one()
        return bytes(row.head or b""), bytes(row.tail or b"")

    def note_filed(self, batch_id: str, before: int, parts: Sequence[BatchPart]) -> bool:
        """Note the next messages of a batch.

        Returns:
            False where the batch isn't filed up to *before*: another process files it, too, and nothing may be written.
        """
        values = {"batch_id": batch_id, "so_far": before, "now_filed": before + len(parts)}
        if self._connection.execute(_FILE, values).rowcount != 1:
            return False
        self._connection.execute(PART.insert(), [{"batch_id": batch_id, **vars(part)} for part in parts])
        return True

    def work(self, batch_id: str) -> bool:
        """Note that all orders of a batch are messages; return False while some aren't."""
        return self._connection.execute(_WORK, {"batch_id": batch_id}).rowcount == 1

    def finish(self, batch_id: str, error: HubError | None = None) -> bool:
        """End a batch: refused for *error*, else done; return False for one that is final already."""
        values = {"batch_id": batch_id, "ended": "done" if error is None else "refused", "fault": _json(error)}
        return self._connection.execute(_FINISH, {**values, "now": self._surroundings.now()}).rowcount == 1

    def give_up(self, batch: BatchRow, error: HubError) -> bool:
        """End a batch for an operator's reason, *error*; return False where its state isn't that of *batch* any more.

        Unfinished repeats of it become batches of their own.
        """
        values = {"batch_id": batch.id, "ended": "given up", "fault": _json(error), "state_before": batch.state}
        if self._connection.execute(_GIVE_UP, {**values, "now": self._surroundings.now()}).rowcount != 1:
            return False
        self._connection.execute(_PUT_BACK_REPEATS, {"batch_id": batch.id})
        return True

    def note(self, batch_id: str, error: HubError | None) -> None:
        """Note why the work on a batch is interrupted; None: it goes on."""
        self._connection.execute(_NOTE, {"batch_id": batch_id, "fault": _json(error)})

    def first_unfinished(self, batch_id: str, first: int = 1) -> int | None:
        """Return the position of the first message from *first* on that isn't final; None where all are."""
        return self._connection.scalar(_UNFINISHED, {"batch_id": batch_id, "first": first})

    def states(self, batch_id: str) -> dict[str, int]:
        """Count the messages of a batch by state."""
        rows = self._connection.execute(_STATES, {"batch_id": batch_id})
        return {row[0]: row[1] for row in rows}

    def answers(self, batch_id: str, behind: int, limit: int) -> list[PartAnswer]:
        """Return the outcomes of the orders behind a position, in order."""
        rows = self._connection.execute(_ANSWERS, {"batch_id": batch_id, "behind": behind, "most": limit})
        return [
            PartAnswer(
                row.position,
                row.own_id,
                row.place,
                row.id,
                row.state,
                None if row.error is None else json.loads(row.error),
                None if row.body is None else bytes(row.body),
            )
            for row in rows
        ]

    def parts(self, batch_id: str, every: bool) -> list[dict[str, Any]]:
        """Return the orders of a batch in order, those that are refused or parked, or *every* one.

        Returns:
            ``position``, ``state``, ``own_id``, ``id`` (of the message), ``place``, ``error``.
        """
        statement = _PARTS if every else _PARTS.where(_I.state.in_((*REFUSED_STATES, "parked")))
        rows = self._connection.execute(statement, {"batch_id": batch_id}).mappings()
        return [{**row, "error": None if row["error"] is None else json.loads(row["error"])} for row in rows]

    def earlier(
        self, batch: BatchRow, own_ids: Iterable[str], positions: Iterable[int]
    ) -> dict[str | int, list[tuple[str, bytes | None]]]:
        """Find the earlier messages of orders in the batches that this one resubmits.

        Args:
            batch: the batch that resubmits.
            own_ids: the senders' ids of orders that have one.
            positions: the positions of the other orders.

        Returns:
            For each id or position with earlier messages: the state and the reply of each.
        """
        found: dict[str | int, list[tuple[str, bytes | None]]] = {}
        values = {"of_root": batch.root_id, "not_of": batch.id}
        for row in self._connection.execute(_EARLIER_BY_ID, {**values, "wanted": list(own_ids)}):
            found.setdefault(row.own_id, []).append((row.state, row.body))
        for row in self._connection.execute(_EARLIER_BY_POSITION, {**values, "wanted": list(positions)}):
            found.setdefault(row.position, []).append((row.state, row.body))
        return found


def _json(error: HubError | None) -> str | None:
    return None if error is None else json.dumps(error.as_dict(), ensure_ascii=False)


def _row_or_none(row: Row[Any] | None) -> BatchRow | None:
    return None if row is None else _row(row)


def _row(row: Row[Any]) -> BatchRow:
    values: dict[str, Any] = dict(row._mapping)
    return BatchRow(**{**values, "error": None if row.error is None else json.loads(row.error)})
