"""The outbox: messages that are to leave, written in the transaction that decided on them, published afterwards.

    emit             write a message, in the caller's transaction
    waiting          read the messages that a dispatcher publishes next to one destination, in order
    mark_sent        mark messages that the other side has confirmed
    set_aside        take a message that its destination can't have out of the line, so that the others go on
    put_back, give_up   carry out an operator's decision on a message that has not left
    take             take the messages of an embedded channel: the outbox row itself waits in the queue
    remove, clear    delete messages of embedded channels that nobody is to see any more

A row's id is its own; its message id is the event's, and stays the same however often the event is sent: the
repeat of an inbound message gets the first reply again, a row of its own with the same message id and body, and the
repeat's correlation id.

Spec: docs/design/guarantees.md G3; docs/design/integration.md, "The way of one message", step 8; docs/design/road.md,
"Dispatcher".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Row,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)

from adapters.database.connection.statements import parts
from adapters.database.schema.hub_tables import HUB
from adapters.transport import XML, Envelope
from integration_objects.surroundings import Surroundings

OUTBOX = HUB.tables["hub_outbox"]
_C = OUTBOX.c
#: the header of a reply that names the reply-to that the sender asked for and the route doesn't allow
REPLY_TO_REFUSED = "x-orderhub-reply-to-refused"


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
        object: the integration object that the body holds in the hub's own XML, because the system's message could not
            be made of it; None for a message that can leave.
        is_kept: whether it is a part of a batch's answer, and so never leaves by itself.
        fault: why the message is set aside from the beginning, as `HubError.as_dict`; None for one that can leave.
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
    object: str | None = None
    fault: Mapping[str, str] | None = None
    is_kept: bool = False


@dataclass(frozen=True)
class OutboxRow:
    """A message in the outbox.

    Attributes:
        id: the row's own id.
        message: what leaves.
        created_at, due_at, sent_at: ISO times; sent_at is None while it waits.
        attempts: how often publishing it failed.
        error: why publishing it failed the last time; None where it didn't.
        aside_at, given_up_at: since when it is out of its destination's line, and when an operator gave it up.
    """

    id: str
    message: OutboxMessage
    created_at: str
    due_at: str
    attempts: int
    sent_at: str | None = None
    error: Mapping[str, str] | None = None
    aside_at: str | None = None
    given_up_at: str | None = None

    @property
    def state(self) -> str:
        """Return the state, one of `OUTBOX_STATES`."""
        return outbox_state(self.sent_at, self.aside_at, self.given_up_at)

    def as_dict(self) -> dict[str, Any]:
        """Return the row without its body, as people and ``--json`` get it."""
        message = {name: value for name, value in vars(self.message).items() if name in _MESSAGE and name != "body"}
        return {
            "id": self.id,
            "state": self.state,
            **message,
            "headers": dict(self.message.headers),
            "size": len(self.message.body),
            "created_at": self.created_at,
            "sent_at": self.sent_at,
            "due_at": self.due_at,
            "attempts": self.attempts,
            "error": self.error,
        }

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


#: waiting: in its destination's line; set aside: out of the line until an operator decides; sent; given up
OUTBOX_STATES = ("waiting", "set aside", "sent", "given up")


def outbox_state(sent_at: str | None, aside_at: str | None, given_up_at: str | None) -> str:
    """Return the state of a row with these times."""
    # First: a message may be confirmed while an operator gives it up.
    if sent_at is not None:
        return "sent"
    if given_up_at is not None:
        return "given up"
    return "waiting" if aside_at is None else "set aside"


_MESSAGE = tuple(column.name for column in fields(OutboxMessage) if column.name not in ("fault", "is_kept"))
_EMIT = OUTBOX.insert()
_IN_LINE = and_(_C.sent_at.is_(None), _C.aside_at.is_(None))
IN_STATE = {
    "waiting": _IN_LINE,
    "set aside": and_(_C.sent_at.is_(None), _C.aside_at.is_not(None), _C.given_up_at.is_(None)),
    "sent": _C.sent_at.is_not(None),
    "given up": and_(_C.sent_at.is_(None), _C.given_up_at.is_not(None)),
}
# Polled by "not sent", never by "seq above the last one": a transaction with a lower seq may commit later (m).
_WAITING = (
    select(OUTBOX).where(_C.destination == bindparam("destination"), _IN_LINE).order_by(_C.seq).limit(bindparam("most"))
)
# Two readers of one channel get different rows. SQLite's compiler leaves FOR UPDATE out: there the write transaction
# is the lock.
_WAITING_AND_LOCKED = _WAITING.with_for_update(skip_locked=True)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
# Not where an operator has sent the row elsewhere while it was published: then it leaves for both destinations, and
# never for none.
_WENT_THERE = _C.destination == bindparam("destination_then")
_MARK_SENT = (
    update(OUTBOX)
    .where(_C.id.in_(_IDS), _C.sent_at.is_(None), _WENT_THERE)
    .values(sent_at=bindparam("now"), error=None)
)
_THE_ROW = _C.id == bindparam("row_id")
_MARK_FAILED = (
    update(OUTBOX)
    .where(_THE_ROW, _IN_LINE, _WENT_THERE)
    .values(attempts=_C.attempts + 1, error=bindparam("fault"), due_at=bindparam("due"))
)
_SET_ASIDE = (
    update(OUTBOX)
    .where(_THE_ROW, _IN_LINE, _WENT_THERE)
    .values(attempts=_C.attempts + 1, error=bindparam("fault"), aside_at=bindparam("now"))
)
_PUT_BACK = (
    update(OUTBOX)
    # A message that was given up never leaves: its cause may have been served otherwise.
    .where(_THE_ROW, _C.sent_at.is_(None), _C.given_up_at.is_(None))
    .values(
        destination=func.coalesce(bindparam("elsewhere"), _C.destination),
        body=func.coalesce(bindparam("made", type_=LargeBinary), _C.body),
        content_type=func.coalesce(bindparam("made_content_type"), _C.content_type),
        type=func.coalesce(bindparam("made_type"), _C.type),
        object=None,
        attempts=0,
        error=None,
        due_at=bindparam("now"),
        aside_at=None,
    )
)
_GIVE_UP = (
    update(OUTBOX)
    .where(_THE_ROW, _C.sent_at.is_(None), _C.given_up_at.is_(None))
    .values(given_up_at=bindparam("now"), aside_at=func.coalesce(_C.aside_at, bindparam("now")))
)
# Messages of other systems only: the hub's own are answers, which a repeated message gets again.
_REMOVE = delete(OUTBOX).where(_C.id.in_(_IDS), _C.inbox_id.is_(None))
_OLD = and_(
    _IN_LINE,
    _C.destination >= bindparam("first"),
    _C.destination < bindparam("end"),
    _C.created_at < bindparam("before"),
)
_REMOVE_OLD = delete(OUTBOX).where(_OLD, _C.inbox_id.is_(None))
_GIVE_UP_OLD = update(OUTBOX).where(_OLD).values(given_up_at=bindparam("now"), aside_at=bindparam("now"))
_HOLD = select(_C.id).where(_THE_ROW).with_for_update()
_STILL_WAITING = select(_C.id).where(_C.id.in_(_IDS), _C.destination == bindparam("destination"), _IN_LINE)
_TRY_NOW = update(OUTBOX).where(_IN_LINE, _C.due_at > bindparam("now")).values(due_at=bindparam("now"))
_BY_ID = select(OUTBOX).where(_THE_ROW)
OUTBOX_LISTED = tuple(
    _C[name]
    for name in (
        *("id", "inbox_id", "kind", "destination", "type", "message_id", "correlation_id", "created_at"),
        *("sent_at", "aside_at", "given_up_at", "attempts", "error"),
    )
)


def _destinations(within: bool) -> Select[Any]:
    """Return the statement that finds the distinct destinations of unsent messages.

    It hops along the index from destination to destination, so that its cost doesn't grow with the waiting messages.

    Args:
        within: only those from ``first`` to before ``end``.
    """
    next_ = select(_C.destination).where(_IN_LINE).order_by(_C.destination).limit(literal(1))
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
    .where(_IN_LINE, _C.destination == bindparam("destination"))
    .order_by(_C.seq)
    .limit(literal(1))
)
_EVER = select(_C.destination).where(_C.destination == bindparam("destination")).limit(literal(1))
_COUNT = (
    select(_C.destination, func.count().label("waiting"), func.min(_C.created_at).label("oldest"))
    .where(_IN_LINE)
    .group_by(_C.destination)
    .order_by(_C.destination)
)
_COUNT_ASIDE = (
    select(_C.destination, func.count().label("messages"), func.min(_C.aside_at).label("oldest"))
    .where(IN_STATE["set aside"])
    .group_by(_C.destination)
    .order_by(_C.destination)
)


class Outbox:
    """The outbox, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def emit(self, message: OutboxMessage, row_id: str | None = None) -> str:
        """Write a message that is to leave; return the row's id: *row_id*, or a new one."""
        row = _values(message, row_id or self._surroundings.new_id(), self._surroundings.now())
        self._connection.execute(_EMIT, [row])
        return str(row["id"])

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
            waiting.update(self._connection.scalars(_DESTINATIONS_WITHIN, _range(prefix)))
        for name in set(names or ()) - waiting:
            waiting.update(self._connection.scalars(_WAITS, {"destination": name}))
        return sorted(waiting)

    def has_had(self, destination: str) -> bool:
        """Return whether a message, sent or not, was ever for this destination; without one, all rows are read."""
        return self._connection.scalar(_EVER, {"destination": destination}) is not None

    def waiting_counts(self) -> list[dict[str, Any]]:
        """Count the unsent messages of each destination: ``destination``, ``waiting``, ``oldest`` (ISO time)."""
        return [dict(row) for row in self._connection.execute(_COUNT).mappings()]

    def aside_counts(self) -> list[dict[str, Any]]:
        """Count the messages of each destination that are set aside: ``destination``, ``messages``, ``oldest``."""
        return [dict(row) for row in self._connection.execute(_COUNT_ASIDE).mappings()]

    def listing(
        self, state: str | None = None, destination: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return messages that leave, the last written first, each with its ``state`` and ``error``.

        Args:
            state: only those in this state.
            destination: only those for this one.
            limit: most messages.
        """
        statement = select(*OUTBOX_LISTED).order_by(_C.seq.desc()).limit(limit)
        if state is not None:
            statement = statement.where(IN_STATE[state])
        if destination is not None:
            statement = statement.where(_C.destination == destination)
        return [described(row) for row in self._connection.execute(statement).mappings()]

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

    def still_waiting(self, destination: str, ids: Sequence[str]) -> set[str]:
        """Return the ids of those rows that wait for *destination* still."""
        values = {"ids": list(ids), "destination": destination}
        return set(self._connection.scalars(_STILL_WAITING, values))

    def heads(self, destinations: Iterable[str]) -> list[OutboxRow]:
        """Return the next message, due or not, of each of *destinations* where one waits."""
        heads = (
            self._connection.execute(_WAITING, {"destination": name, "most": 1}).one_or_none() for name in destinations
        )
        return [_row(head) for head in heads if head is not None]

    def try_now(self) -> None:
        """Make the messages due that could not be published: the hub was started, and the cause may be mended."""
        self._connection.execute(_TRY_NOW, {"now": self._surroundings.now()})

    def mark_sent(self, destination: str, ids: Iterable[str]) -> None:
        """Mark rows as sent to *destination*, after the other side confirmed them."""
        for part in parts(list(ids)):
            values = {"ids": part, "destination_then": destination, "now": self._surroundings.now()}
            self._connection.execute(_MARK_SENT, values)

    def mark_failed(self, destination: str, row_id: str, error: Mapping[str, str], due_at: str) -> None:
        """Note why a row could not be published to *destination*, and when it is tried again."""
        values = {"row_id": row_id, "destination_then": destination, "due": due_at}
        self._connection.execute(_MARK_FAILED, {**values, "fault": json.dumps(dict(error), ensure_ascii=False)})

    def set_aside(self, destination: str, row_id: str, error: Mapping[str, str]) -> None:
        """Take a row out of the line of *destination* until an operator decides: the messages behind it go on."""
        values = {"row_id": row_id, "destination_then": destination, "now": self._surroundings.now()}
        self._connection.execute(_SET_ASIDE, {**values, "fault": json.dumps(dict(error), ensure_ascii=False)})

    def put_back(
        self,
        row_id: str,
        destination: str | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        type: str | None = None,
    ) -> bool:
        """Put a row that has not left back into its place in the line; return False for one sent or given up.

        Args:
            row_id: the row's own id.
            destination: another one; None for its own.
            body, content_type, type: of the message, where they are made anew; None for those that it has.
        """
        values = {"row_id": row_id, "elsewhere": destination, "now": self._surroundings.now()}
        made = {"made": body, "made_content_type": content_type, "made_type": type}
        return self._connection.execute(_PUT_BACK, {**values, **made}).rowcount == 1

    def give_up(self, row_id: str) -> bool:
        """Give up a row that has not left: it is kept, and never sent; return False for one that is sent."""
        values = {"row_id": row_id, "now": self._surroundings.now()}
        return self._connection.execute(_GIVE_UP, values).rowcount == 1

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
            self.mark_sent(channel, (row.id for row in rows))
        return rows

    def hold(self, row_id: str) -> bool:
        """Return whether the row is there; until the transaction ends, nobody removes it."""
        # On SQLite the write transaction holds it.
        return self._connection.scalar(_HOLD, {"row_id": row_id}) is not None

    def remove(self, ids: Sequence[str]) -> None:
        """Delete rows, but none that the hub wrote as the answer to an inbound message."""
        self._connection.execute(_REMOVE, {"ids": list(ids)})

    def clear(self, prefix: str, before: str) -> None:
        """Delete the messages that wait since a time *before* on channels whose names begin with *prefix*.

        The hub's answers to inbound messages are given up: they are kept.
        """
        values = {**_range(prefix), "before": before}
        self._connection.execute(_REMOVE_OLD, values)
        self._connection.execute(_GIVE_UP_OLD, {**values, "now": self._surroundings.now()})


def answer_again(
    reply: OutboxMessage, destination: str | None, correlation_id: str | None, refused: str | None
) -> OutboxMessage:
    """Make the reply to a repeat from the reply to its first message: the same id and body, at the repeat's own place.

    Args:
        reply: the reply to the first message.
        destination: the repeat's reply-to; None for the first one's.
        correlation_id: the repeat's, by which its sender waits for the answer; None for the first one's.
        refused: the reply-to that the repeat asked for and the route doesn't allow; None for none.
    """
    headers = {name: value for name, value in reply.headers.items() if name != REPLY_TO_REFUSED}
    return replace(
        reply,
        destination=destination or reply.destination,
        correlation_id=correlation_id or reply.correlation_id,
        headers=headers if refused is None else {**headers, REPLY_TO_REFUSED: refused},
    )


def described(row: RowMapping) -> dict[str, Any]:
    """Return columns of a row as people and ``--json`` get them: ``state`` beside the times, the error as a mapping."""
    result: dict[str, Any] = dict(row)
    times = (result["sent_at"], result.pop("aside_at"), result.pop("given_up_at"))
    error = result.pop("error")
    return {**result, "state": outbox_state(*times), "error": None if error is None else json.loads(error)}


def _range(prefix: str) -> dict[str, str]:
    """Return the first text that begins with *prefix*, and the first text behind all those that do."""
    # Texts are sorted by code point.
    return {"first": prefix, "end": prefix[:-1] + chr(ord(prefix[-1]) + 1)}


def _values(message: OutboxMessage, row_id: str, now: str) -> dict[str, Any]:
    fault = message.fault
    return {
        **{name: getattr(message, name) for name in _MESSAGE},
        "headers": json.dumps(dict(message.headers), ensure_ascii=False),
        "id": row_id,
        "created_at": now,
        "due_at": now,
        "error": None if fault is None else json.dumps(dict(fault), ensure_ascii=False),
        "aside_at": None if fault is None else now,
        "sent_at": now if message.is_kept else None,
    }


def _row(row: Row[Any]) -> OutboxRow:
    values = {name: row._mapping[name] for name in _MESSAGE}
    message = OutboxMessage(**{**values, "body": bytes(row.body), "headers": json.loads(row.headers)})
    error = None if row.error is None else json.loads(row.error)
    times = (row.aside_at, row.given_up_at)
    return OutboxRow(row.id, message, row.created_at, row.due_at, row.attempts, row.sent_at, error, *times)
