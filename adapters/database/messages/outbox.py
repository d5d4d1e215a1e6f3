"""The outbox: what leaves, written in the transaction that decided it, published afterwards.

    emit             a row, in the caller's transaction
    waiting          what a dispatcher publishes next to one destination, in order
    mark_sent        after the other side confirmed
    take             an embedded channel's messages: the outbox row itself waits in the queue

A row's id is its own; its message id is the event's, and stays the same however often the event is sent: the
repeat of an inbound message gets the first reply again, a row of its own with the same message id and body.

Spec: docs/design/guarantees.md G3; docs/design/integration.md, "The way of one message", step 8; docs/design/road.md,
"Dispatcher".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, func, literal, select, update

from adapters.database.schema.hub_tables import HUB
from adapters.transport import XML, Envelope
from integration_objects.surroundings import Surroundings

OUTBOX = HUB.tables["hub_outbox"]
_PARTS = 500  # ids in one statement
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
        """The message as a transport carries it."""
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


_EMIT = OUTBOX.insert()
_WAITING = (
    select(OUTBOX)
    .where(_C.destination == bindparam("destination"), _C.sent_at.is_(None))
    .order_by(_C.seq)
    .limit(bindparam("most"))
)
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
    """The distinct destinations of unsent messages: the index is hopped along, whatever number waits at each.

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
        """Write a message that is to leave; returns the row's id."""
        return self.emit_all([message])[0]

    def emit_all(self, messages: Sequence[OutboxMessage]) -> list[str]:
        """Write messages that are to leave, in this order; returns the rows' ids."""
        if not messages:
            return []
        now = self._surroundings.now()
        rows = [_values(message, self._surroundings.new_id(), now) for message in messages]
        self._connection.execute(_EMIT, rows)
        return [row["id"] for row in rows]

    def row(self, row_id: str) -> OutboxRow | None:
        """The row of this id; None for none."""
        found = self._connection.execute(_BY_ID, {"row_id": row_id}).one_or_none()
        return None if found is None else _row(found)

    def destinations_waiting(
        self, names: Iterable[str] | None = None, prefixes: Iterable[str] | None = None
    ) -> list[str]:
        """The destinations with a message that was not sent, sorted; what it costs doesn't grow with the messages.

        Args:
            names: only these, and
            prefixes: only those that begin so; without both, every destination.
        """
        if names is None and prefixes is None:
            return list(self._connection.scalars(_DESTINATIONS))
        found: set[str] = set()
        for prefix in prefixes or ():
            end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            found.update(self._connection.scalars(_DESTINATIONS_WITHIN, {"first": prefix, "end": end}))
        for name in set(names or ()) - found:
            found.update(self._connection.scalars(_WAITS, {"destination": name}))
        return sorted(found)

    def has_had(self, destination: str) -> bool:
        """Whether a message, sent or not, was ever for this destination; no index helps to find none."""
        return self._connection.scalar(_EVER, {"destination": destination}) is not None

    def waiting_counts(self) -> list[dict[str, Any]]:
        """Per destination with unsent messages: ``destination``, ``waiting``, ``oldest`` (ISO time)."""
        return [dict(row) for row in self._connection.execute(_COUNT).mappings()]

    def waiting(self, destination: str, limit: int) -> list[OutboxRow]:
        """The next messages of *destination* in order, up to the first that is not due yet.

        A message that could not be published holds back those behind it.
        """
        now = self._surroundings.now()
        result = []
        for found in self._connection.execute(_WAITING, {"destination": destination, "most": limit}).all():
            if found.due_at > now:
                break
            result.append(_row(found))
        return result

    def heads(self, destinations: Iterable[str]) -> list[OutboxRow]:
        """The next message of each of *destinations*, due or not; none of those where nothing waits."""
        found = (
            self._connection.execute(_WAITING, {"destination": name, "most": 1}).one_or_none() for name in destinations
        )
        return [_row(one) for one in found if one is not None]

    def try_now(self) -> None:
        """Make what could not be published due: whoever starts the hub may have mended what it was for."""
        self._connection.execute(_TRY_NOW, {"now": self._surroundings.now()})

    def mark_sent(self, ids: Iterable[str]) -> None:
        """Mark rows as sent, after the other side confirmed them."""
        for part in _parts(ids):
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
        "id": row_id,
        "message_id": message.message_id,
        "inbox_id": message.inbox_id,
        "route": message.route,
        "destination": message.destination,
        "kind": message.kind,
        "type": message.type,
        "correlation_id": message.correlation_id,
        "reply_to": message.reply_to,
        "content_type": message.content_type,
        "created_at": now,
        "due_at": now,
        "headers": json.dumps(dict(message.headers), ensure_ascii=False),
        "body": message.body,
    }


def _row(found: Row[Any]) -> OutboxRow:
    message = OutboxMessage(
        message_id=found.message_id,
        destination=found.destination,
        kind=found.kind,
        body=bytes(found.body),
        inbox_id=found.inbox_id,
        route=found.route,
        type=found.type,
        correlation_id=found.correlation_id,
        reply_to=found.reply_to,
        content_type=found.content_type,
        headers=json.loads(found.headers),
    )
    error = None if found.error is None else json.loads(found.error)
    return OutboxRow(found.id, message, found.created_at, found.due_at, found.attempts, found.sent_at, error)


def _parts(ids: Iterable[str]) -> list[list[str]]:
    """The ids in parts that one statement can hold."""
    all_ids = list(ids)
    return [all_ids[start : start + _PARTS] for start in range(0, len(all_ids), _PARTS)]
