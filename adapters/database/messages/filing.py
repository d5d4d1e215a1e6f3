"""Filing: an arrival becomes an inbox row, once.

    new         a row of its own, state received
    repeat      the same identity and body as before: counted, and answered with the first reply again
    id reused   the same identity with another body: a row of its own, rejected, reason MessageIdReused

The row of a question without an id gives its identity up when it ends (`Ending.identity`): the next question like it is
new.

Whatever the outcome, the count of its transport grows by one in the same transaction.

Spec: docs/design/road.md, "Identity of a message" and "An independent count"; docs/design/guarantees.md G2 and G6.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, update

from adapters.database.connection.statements import insert_or_nothing
from adapters.database.messages.control import Control
from adapters.database.messages.inbox_row import INBOX, InboxRow
from adapters.database.messages.outbox import Outbox, answer_again
from adapters.transport import KEPT_OF_OVERSIZE, Envelope, destination_of
from integration_objects.errors import HubError, Refused
from integration_objects.surroundings import Surroundings

Outcome = Literal["new", "repeat", "id reused"]
#: Digits of a body's digest that make another identity, one more where the shorter ones are taken.
_DIGITS_OF_DIGEST = (8, 16, 32, 64)
# A sender's identity of 128 characters, '#' and 8 digits of the digest.
_MOST_IDENTITY = 137
_C = INBOX.c


#: The columns of a new row, beside its headers and its error; the database numbers it, and the others have defaults.
_FILED = (
    "id",
    "route",
    "sender",
    "identity",
    "digest",
    "state",
    "key",
    "due_at",
    "received_at",
    "final_at",
    "message_id",
    "correlation_id",
    "reply_to",
    "reply_to_refused",
    "type",
    "content_type",
    "source",
    "reason",
    "size",
    "body",
)


class MessageIdReused(Refused):
    """A sender gave another message the identity of an earlier one."""

    what = "message '{identity}' is refused: its identity belongs to an earlier message"
    where = "route {route}, sender {sender}, message {identity}"
    why = "the body differs from the first one's (SHA-256 begins {digest}, {size} bytes)"
    mend = "send a changed message under an id of its own, an unchanged one byte by byte as it was"


@dataclass(frozen=True)
class Arrival:
    """A message on its way into the inbox.

    Attributes:
        route: the route that it came by.
        sender: the broker's verified user, the folder's name, or ``local``.
        identity: the message id, a field, or the body's digest, as the route declares.
        envelope: the message; its reply-to is allowed by the route, or None.
        source: the name by which people recognise the message.
        key: messages of one key keep their order within the route; None for a message that keeps none.
        over_limit: the body is over the route's limit; its first 64 KiB are kept.
        fault: why the message is refused as soon as it is filed; None for a message to be worked.
        reply_to_refused: the reply-to that the sender asked for and the route doesn't allow; None for none.
        due_at: when the message is to be worked, for one that the hub sends to itself; None for now.
    """

    route: str
    sender: str
    identity: str
    envelope: Envelope
    source: str
    key: str | None = None
    over_limit: bool = False
    fault: HubError | None = None
    reply_to_refused: str | None = None
    due_at: str | None = None

    @property
    def correlation_id(self) -> str | None:
        """The id by which the sender waits for its answer."""
        return self.envelope.correlation_id or self.envelope.message_id


@dataclass(frozen=True)
class Filed:
    """The outcome of filing an arrival.

    Attributes:
        row_id: the inbox row; a repeat's is the first one's.
        outcome: new, repeat or id reused. For *id reused* the caller emits the dead letter and the reply.
        state: the row's state now.
        row: the row, where it was written now; None for a repeat.
    """

    row_id: str
    outcome: Outcome
    state: str
    row: InboxRow | None = None


# A second transaction with the same identity waits here for the first one's commit: then one of both is a repeat.
_FILE = insert_or_nothing(INBOX, ["route", "sender", "identity"], returning=[_C.id, _C.seq])
# One statement finds, counts and locks the first row: its ending can't be written between the look and the answer.
_REPEAT = (
    update(INBOX)
    .where(
        _C.route == bindparam("of_route"),
        _C.sender == bindparam("of_sender"),
        _C.identity == bindparam("of_identity"),
        _C.digest == bindparam("of_digest"),
    )
    .values(repeats=_C.repeats + 1)
    .returning(*(_C.id, _C.state, _C.reply_to, _C.correlation_id, _C.message_id, _C.also_reply_to, _C.reply_outbox_id))
)
_ALSO = update(INBOX).where(_C.id == bindparam("row_id")).values(also_reply_to=bindparam("others"))


class Filing:
    """Files arrivals, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, outbox: Outbox, control: Control) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._outbox = outbox
        self._control = control

    def file(self, arrivals: Sequence[Arrival]) -> list[Filed]:
        """File *arrivals* in this order, and count them for their transports; return the outcomes in this order."""
        if not arrivals:
            return []
        rows = [self._new_row(arrival) for arrival in arrivals]
        places = self._insert(rows)
        result = [self._filed(arrival, row, places) for arrival, row in zip(arrivals, rows, strict=True)]
        # Always in the order of the routes' names: two processes that count for the same routes would each hold a row
        # that the other waits for.
        for route, number in sorted(Counter(arrival.route for arrival in arrivals).items()):
            self._control.count_deliveries(route, number)
        return result

    def _new_row(self, arrival: Arrival) -> InboxRow:
        now = self._surroundings.now()
        envelope = arrival.envelope
        return InboxRow(
            seq=0,
            id=self._surroundings.new_id(),
            route=arrival.route,
            sender=arrival.sender,
            identity=arrival.identity,
            digest=envelope.digest,
            state="received",
            key=arrival.key,
            due_at=arrival.due_at or now,
            received_at=now,
            message_id=envelope.message_id,
            correlation_id=envelope.correlation_id,
            reply_to=envelope.reply_to,
            reply_to_refused=arrival.reply_to_refused,
            type=envelope.type,
            content_type=envelope.content_type,
            source=arrival.source,
            size=envelope.size,
            headers=dict(envelope.headers),
            body=envelope.body[:KEPT_OF_OVERSIZE] if _is_over(arrival) else envelope.body,
        )

    def _insert(self, rows: Sequence[InboxRow]) -> dict[str, int]:
        """Insert those of *rows* whose identity is new; return their places in the line, by id."""
        inserted = self._connection.execute(_FILE.on(self._connection), [_values(row) for row in rows])
        # By id: a block's RETURNING promises no order.
        return {row.id: row.seq for row in inserted}

    def _filed(self, arrival: Arrival, row: InboxRow, places: Mapping[str, int]) -> Filed:
        """Tell how an arrival was filed, of which *places* has the row if it was inserted."""
        if row.id not in places:
            return self._again(arrival, row)
        row.seq = places[row.id]
        return Filed(row.id, "new", row.state, row)

    def _again(self, arrival: Arrival, row: InboxRow) -> Filed:
        """File an arrival whose identity is there already."""
        for identity in _identities(row):
            first = self._count_repeat(arrival, row, identity)
            if first is not None:
                self._answer_again(arrival, first)
                return Filed(first.id, "repeat", first.state)
            # A digest belongs to one body: the row that had it was a question, and was answered just now.
            if identity == row.digest:
                return self._filed(arrival, row, self._insert([row]))
            # Taken by another body. The identities that bear the digest come next.
            if identity == row.identity:
                continue
            reused = _as_reused(row, identity)
            places = self._insert([reused])
            if places:
                reused.seq = places[reused.id]
                return Filed(reused.id, "id reused", reused.state, reused)
        raise _reused(row)  # four different bodies with digests that begin alike do not occur

    def _count_repeat(self, arrival: Arrival, row: InboxRow, identity: str) -> Row[Any] | None:
        values = {
            "of_route": arrival.route,
            "of_sender": arrival.sender,
            "of_identity": identity,
            "of_digest": row.digest,
        }
        return self._connection.execute(_REPEAT, values).one_or_none()

    def _answer_again(self, arrival: Arrival, first: Row[Any]) -> None:
        """Answer a repeat as the first message was answered; while that reply is to come, note where else it goes."""
        reply_to, correlation_id = arrival.envelope.reply_to, arrival.correlation_id
        if first.reply_outbox_id is None:
            others = json.loads(first.also_reply_to or "[]")
            place = [reply_to, correlation_id, arrival.reply_to_refused]
            # The first message's own place is answered anyhow: a broker that delivers twice asks for one answer.
            is_known = (reply_to, correlation_id) == (first.reply_to, first.correlation_id or first.message_id)
            if reply_to is not None and not is_known and place not in others:
                values = {"row_id": first.id, "others": json.dumps([*others, place])}
                self._connection.execute(_ALSO, values)
            return
        if reply_to is None and first.reply_to is not None:
            return  # the first message named a destination, the repeat names none
        if reply_to is not None and destination_of(reply_to).kind.keeps_answers:
            return  # the sender finds the first reply
        reply = self._outbox.row(first.reply_outbox_id)
        if reply is not None:
            # The same message id and body as the first time (G3).
            self._outbox.emit(answer_again(reply.message, reply_to, correlation_id, arrival.reply_to_refused))


def _is_over(arrival: Arrival) -> bool:
    return arrival.over_limit or arrival.envelope.oversize is not None


def _identities(row: InboxRow) -> Iterator[str]:
    """Give the row's identity, then the identities of another body under it."""
    yield row.identity
    for digits in _DIGITS_OF_DIGEST:
        yield f"{row.identity[: _MOST_IDENTITY - 1 - digits]}#{row.digest[:digits]}"


def _as_reused(row: InboxRow, identity: str) -> InboxRow:
    error = _reused(row)
    return replace(
        row,
        identity=identity,
        state="rejected",
        final_at=row.received_at,
        reason=error.reason,
        error=error.as_dict(),
    )


def _reused(row: InboxRow) -> MessageIdReused:
    return MessageIdReused(
        identity=row.identity, route=row.route, sender=row.sender, digest=row.digest[:8], size=row.size
    )


def _values(row: InboxRow) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _FILED},
        "headers": json.dumps(row.headers, ensure_ascii=False),
        "error": None if row.error is None else json.dumps(row.error, ensure_ascii=False),
    }
