"""The journey of a message: the messages that came in and left about the same orders, in the order of time.

    came in    the message, the ones about its orders, and the answers to the messages that left because of these
    left       the messages that left because of any of these

Spec: docs/the_road.md, "Looking at a message".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from adapters.database.messages.inbox_row import INBOX
from adapters.database.messages.message_keys import MessageKey, about
from adapters.database.messages.outbox import OUTBOX, described

_I, _O = INBOX.c, OUTBOX.c
#: messages of each direction that a journey has
MOST = 200
_CAME = tuple(
    _I[name]
    for name in (
        *("seq", "id", "route", "sender", "type", "state", "reason", "message_id", "correlation_id"),
        *("received_at", "final_at", "source"),
    )
)
_LEFT = tuple(
    _O[name]
    for name in (
        *("id", "inbox_id", "kind", "destination", "type", "message_id", "correlation_id", "created_at"),
        *("sent_at", "aside_at", "given_up_at", "attempts", "error"),
    )
)


def came_in(connection: Connection, message: str, orders: Sequence[MessageKey]) -> list[dict[str, Any]]:
    """Return the message with this id, the ones about the same orders, and the answers to what they sent.

    At most `MOST` are returned, the oldest first; the message itself is always among them.
    """
    rows = {row["id"]: dict(row) for row in connection.execute(_of([message])).mappings()}
    if orders:
        found = about(orders)
        statement = select(*_CAME).join(found, found.c.seq == _I.seq).order_by(found.c.seq).limit(MOST)
        rows |= {row["id"]: dict(row) for row in connection.execute(statement).mappings()}
    # An answer carries the id of the message that it answers; before it is worked, nothing else says what it is about.
    sent = select(_O.message_id).where(_O.inbox_id.in_(list(rows))).limit(MOST)
    ids = [*connection.scalars(sent), *(row["message_id"] for row in rows.values() if row["message_id"])]
    answers = select(*_CAME).where(_I.correlation_id.in_(ids)).order_by(_I.seq).limit(MOST)
    rows |= {row["id"]: dict(row) for row in connection.execute(answers).mappings()}
    ordered = sorted(rows.values(), key=lambda row: int(row["seq"]))
    kept = ordered[:MOST]
    return kept if any(row["id"] == message for row in kept) else [*kept[:-1], rows[message]]


def left(connection: Connection, messages: Sequence[str]) -> list[dict[str, Any]]:
    """Return the first messages that left because of these, or wait to leave, in their order."""
    statement = select(*_LEFT).where(_O.inbox_id.in_(messages)).order_by(_O.seq).limit(MOST)
    return [described(row) for row in connection.execute(statement).mappings()]


def _of(ids: Sequence[str]) -> Any:
    return select(*_CAME).where(_I.id.in_(ids))
