"""The outbox: messages that are to leave, written in the transaction that decided on them, published afterwards.

    emit             write a message, in the caller's transaction
    waiting          read the messages that a dispatcher publishes next to one destination, in order
    mark_sent        mark messages that the other side has confirmed
    take             take the messages of an embedded channel: the outbox row itself waits in the queue

A row's id is its own; its message id is the event's, and stays the same however often the event is sent: the
repeat of an inbound message gets the first reply again, a row of its own with the same message id and body.

Spec: docs/design/guarantees.md G3; docs/design/integration.md, "The way of one message", step 8; docs/design/road.md,
"Dispatcher".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, func, literal, select, update

from adapters.database.connection.statements import parts
from adapters.database.schema.hub_tables import HUB
from adapters.transport import XML, Envelope
from integration_objects.surroundings import Surroundings

OUTBOX = HUB.tables["hub_outbox"]
_C = OUTBOX.c


@dataclass(frozen=True)
class OutboxMessage:
    """A message that is to leave.

    Attributes:
        message_id: the event's id, made from (inbound id, system, number), never by chance.
        destination: channel, queue or folder; a reply's is the reply-to.
        kind: outbound, reply or dead letter.
        body: the bytes, ready to leave.
        inbox_id: the inbound message that caused it; None for none (a command).
        route: the route that worked it; None for none.
        type, correlation_id, reply_to, content_type, headers: as in `Envelope`.
    """

    message_id: str
    destination: str
    kind: str
    body: bytes
    inbox_id: str | None = None
    route: str | None = None
    type: str | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    content_type: str = XML
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OutboxRow:
    """A message in the outbox.

    Attributes:
        id: the row's own id.
        message: what leaves.
        created_at, due_at, sent_at: ISO times; sent_at is None while it waits.
        attempts: how often publishing it failed.
        error: why publishing it failed the last time; None where it didn't.
    """

    id: str
    message: OutboxMessage
    created_at: str
    due_at: str
    attempts: int
    sent_at: str | None = None
    error: Mapping[str, str] | None = None

    @property
    def envelope(self) -> Envelope:
        """Return the message as a transport carries it."""
        message = self.message
        return Envelope(
            message.message_id,
            message.body,
            correlation_id=message.correlation_id,
            reply_to=message.reply_to,
            type=message.type,
            content_type=message.content_type,
            headers=message.headers,
            timestamp=self.created_at,
        )


_MESSAGE = tuple(column.name for column in fields(OutboxMessage))
_EMIT = OUTBOX.insert()
# Polled by "not sent", never by "seq above the last one": a transaction with a lower seq may commit later (m).
_WAITING = (
    select(OUTBOX)
    .where(_C.destination == bindparam("destination"), _C.sent_at.is_(None))
    .order_by(_C.seq)
    .limit(bindparam("most"))
)
# Two readers of one channel get different rows. SQLite's compiler leaves FOR UPDATE out: there the write transaction
# is the lock.
_WAITING_AND_LOCKED = _WAITING.with_for_update(skip_locked=True)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_MARK_SENT = update(OUTBOX).where(_C.id.in_(_IDS), _C.sent_at.is_(None)).values(sent_at=bindparam("now"), error=None)
_MARK_FAILED = (
    update(OUTBOX)
    .where(_C.id == bindparam("row_id"), _C.sent_at.is_(None))
    .values(attempts=_C.attempts + 1, error=bindparam("fault"), due_at=bindparam("due"))
)
_TRY_NOW = update(OUTBOX).where(_C.sent_at.is_(None), _C.due_at > bindparam("now")).values(due_at=bindparam("now"))
_BY_ID = select(OUTBOX).where(_C.id == bindparam("row_id"))


def _destinations(within: bool) -> Select[Any]:
    """Return the statement that finds the distinct destinations of unsent messages.

    It hops along the index from destination to destination, so that its cost doesn't grow with the waiting messages.

    Args:
        within: only those from ``first`` to before ``end``.
    """
    next_ = select(_C.destination).where(_C.sent_at.is_(None)).order_by(_C.destination).limit(literal(1))
    start = next_
    if within:
        next_ = next_.where(_C.destination < bindparam("end"))
        start = next_.where(_C.destination >= bindparam("first"))
    hop = select(start.scalar_subquery().label("destination")).cte("hop", recursive=True)
    further = next_.where(_C.destination > hop.c.destination).correlate(hop).scalar_subquery()
    hop = hop.union_all(select(further).where(hop.c.destination.is_not(None)))
    return select(hop.c.destination).where(hop.c.destination.is_not(None)).order_by(hop.c.destination)


_DESTINATIONS, _DESTINATIONS_WITHIN = _destinations(within=False), _destinations(within=True)
_WAITS = (
    select(_C.destination)
    .where(_C.sent_at.is_(None), _C.destination == bindparam("destination"))
    .order_by(_C.seq)
    .limit(literal(1))
)
_EVER = select(_C.destination).where(_C.destination == bindparam("destination")).limit(literal(1))
_COUNT = (
    select(_C.destination, func.count().label("waiting"), func.min(_C.created_at).label("oldest"))
    .where(_C.sent_at.is_(None))
    .group_by(_C.destination)
    .order_by(_C.destination)
)


class Outbox:
    """The outbox, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def emit(self, message: OutboxMessage) -> str:
        """Write a message that is to leave; return the row's id."""
        return self.emit_all([message])[0]

    def emit_all(self, messages: Sequence[OutboxMessage]) -> list[str]:
        """Write messages that are to leave, in this order; return the rows' ids."""
        if not messages:
            return []
        now = self._surroundings.now()
        rows = [_values(message, self._surroundings.new_id(), now) for message in messages]
        self._connection.execute(_EMIT, rows)
        return [row["id"] for row in rows]

    def row(self, row_id: str) -> OutboxRow | None:
        """Return the row of this id; None if there is none."""
        row = self._connection.execute(_BY_ID, {"row_id": row_id}).one_or_none()
        return None if row is None else _row(row)

    def destinations_waiting(
        self, names: Iterable[str] | None = None, prefixes: Iterable[str] | None = None
    ) -> list[str]:
        """Return the destinations with unsent messages, sorted; the cost doesn't grow with the number of messages.

        Args:
            names: only these, and
            prefixes: only those that begin so; without both, every destination.
        """
        if names is None and prefixes is None:
            return list(self._connection.scalars(_DESTINATIONS))
        waiting: set[str] = set()
        for prefix in prefixes or ():
            # The first text behind all those that begin with the prefix: texts are sorted by code point.
            end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            waiting.update(self._connection.scalars(_DESTINATIONS_WITHIN, {"first": prefix, "end": end}))
        for name in set(names or ()) - waiting:
            waiting.update(self._connection.scalars(_WAITS, {"destination": name}))
        return sorted(waiting)

    def has_had(self, destination: str) -> bool:
        """Return whether a message, sent or not, was ever for this destination; without one, all rows are read."""
        return self._connection.scalar(_EVER, {"destination": destination}) is not None

    def waiting_counts(self) -> list[dict[str, Any]]:
        """Count the unsent messages of each destination: ``destination``, ``waiting``, ``oldest`` (ISO time)."""
        return [dict(row) for row in self._connection.execute(_COUNT).mappings()]

    def waiting(self, destination: str, limit: int) -> list[OutboxRow]:
        """Return the next messages of *destination* in order, up to the first that is not due yet.

        A message that could not be published holds back the messages behind it.
        """
        now = self._surroundings.now()
        result = []
        for row in self._connection.execute(_WAITING, {"destination": destination, "most": limit}).all():
            # Not skipped: messages of one destination leave in their order.
            if row.due_at > now:
                break
            result.append(_row(row))
        return result

    def heads(self, destinations: Iterable[str]) -> list[OutboxRow]:
        """Return the next message, due or not, of each of *destinations* where one waits."""
        heads = (
            self._connection.execute(_WAITING, {"destination": name, "most": 1}).one_or_none() for name in destinations
        )
        return [_row(head) for head in heads if head is not None]

    def try_now(self) -> None:
        """Make the messages due that could not be published: the hub was started, and the cause may be mended."""
        self._connection.execute(_TRY_NOW, {"now": self._surroundings.now()})

    def mark_sent(self, ids: Iterable[str]) -> None:
        """Mark rows as sent, after the other side confirmed them."""
        for part in parts(list(ids)):
            self._connection.execute(_MARK_SENT, {"ids": part, "now": self._surroundings.now()})

    def mark_failed(self, row_id: str, error: Mapping[str, str], due_at: str) -> None:
        """Note why a row could not be published, and when it is tried again."""
        fault = json.dumps(dict(error), ensure_ascii=False)
        self._connection.execute(_MARK_FAILED, {"row_id": row_id, "fault": fault, "due": due_at})

    def take(self, channel: str, limit: int, peek: bool = False) -> list[OutboxRow]:
        """Take the oldest messages of an embedded channel: with this transaction's commit they are sent.

        Args:
            channel: the destination.
            limit: most messages.
            peek: only look at them.
        """
        # SQLite leaves FOR UPDATE out by itself: there the write transaction is the lock.
        statement = _WAITING if peek else _WAITING_AND_LOCKED
        rows = [_row(row) for row in self._connection.execute(statement, {"destination": channel, "most": limit})]
        if rows and not peek:
            self.mark_sent(row.id for row in rows)
        return rows


def _values(message: OutboxMessage, row_id: str, now: str) -> dict[str, Any]:
    return {
        **vars(message),
        "headers": json.dumps(dict(message.headers), ensure_ascii=False),
        "id": row_id,
        "created_at": now,
        "due_at": now,
    }


def _row(row: Row[Any]) -> OutboxRow:
    values = {name: row._mapping[name] for name in _MESSAGE}
    message = OutboxMessage(**{**values, "body": bytes(row.body), "headers": json.loads(row.headers)})
    error = None if row.error is None else json.loads(row.error)
    return OutboxRow(row.id, message, row.created_at, row.due_at, row.attempts, row.sent_at, error)
