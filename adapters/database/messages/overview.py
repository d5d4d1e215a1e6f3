"""What an operator asks the inbox: which messages aren't finished, since when and why, and which keys they hold.

In the transaction of *connection*.

Spec: docs/design/guarantees.md, G7 (nothing fails silently).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, not_, select, text

from adapters.database.messages.inbox_row import INBOX
from adapters.database.messages.next_in_line import in_line
from adapters.database.schema.hub_tables import UNFINISHED_STATES

#: the keys that are listed at most
MOST_KEYS = 100
_C = INBOX.c
# A message that the hub has sent to itself for a later day; a message that is tried again is in another state.
_IS_PLANNED = and_(_C.state == "received", _C.due_at > bindparam("now"))
_PLANNED = (
    select(_C.route, func.count().label("messages"), func.min(_C.due_at).label("first"))
    .where(_IS_PLANNED)
    .group_by(_C.route)
    .order_by(_C.route)
)
_UNFINISHED = (
    select(_C.route, _C.state, _C.reason, func.count().label("messages"), func.min(_C.received_at).label("oldest"))
    .where(_C.state.in_(UNFINISHED_STATES), not_(_IS_PLANNED))
    .group_by(_C.route, _C.state, _C.reason)
    .order_by(_C.route, _C.state, _C.reason)
)
_FAILED = (
    select(_C.error, _C.due_at)
    .where(_C.state.in_(UNFINISHED_STATES), _C.reason.in_(bindparam("reasons", expanding=True)))
    .order_by(_C.due_at.desc())
    .limit(MOST_KEYS)
)
#: the characters of a time by which `Overview.flow` groups: a minute, ten minutes, an hour
FLOW_STEPS = {"minute": 16, "ten minutes": 15, "hour": 13}
_ROW, _OTHER = INBOX.alias("row_"), INBOX.alias("other")
_LINE = (
    select(_OTHER.c.seq)
    .where(_OTHER.c.route == _ROW.c.route, _OTHER.c.key == _ROW.c.key, text(in_line("other")))
    .correlate(_ROW)
)
_BEHIND = _LINE.with_only_columns(func.count()).where(_OTHER.c.seq > _ROW.c.seq).scalar_subquery()
_HELD = (
    select(
        _ROW.c.route,
        _ROW.c.key,
        _ROW.c.id.label("message"),
        _ROW.c.message_id,
        _ROW.c.state,
        _ROW.c.reason,
        _ROW.c.due_at,
        _ROW.c.received_at.label("since"),
        _BEHIND.label("behind"),
    )
    .where(
        text(in_line("row_")),
        _ROW.c.state != "received",
        _ROW.c.key.is_not(None),
        ~_LINE.where(_OTHER.c.seq < _ROW.c.seq).exists(),
    )
    .order_by(_ROW.c.seq)
    .limit(MOST_KEYS)
)


class Overview:
    """The unfinished messages, for an operator."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unfinished(self, now: str) -> list[dict[str, Any]]:
        """Count the unfinished messages, without planned ones.

        Returns:
            ``route``, ``state``, ``reason``, ``messages``, ``oldest`` (ISO time).
        """
        return [dict(row) for row in self._connection.execute(_UNFINISHED, {"now": now}).mappings()]

    def planned(self, now: str) -> list[dict[str, Any]]:
        """Count the messages that the hub has sent to itself for a later day: ``route``, ``messages``, ``first``."""
        return [dict(row) for row in self._connection.execute(_PLANNED, {"now": now}).mappings()]

    def flow(self, since: str, step: str) -> list[tuple[str, str | None, int]]:
        """Count the messages that came since a time, by when they came and when they ended.

        Read from one index, without the rows.

        Args:
            since: an ISO time.
            step: one of `FLOW_STEPS`.

        Returns:
            The beginning of the time of receipt, that of the end or None, and the number; in order.
        """
        characters = FLOW_STEPS[step]
        came, ended = (func.substr(column, 1, characters) for column in (_C.received_at, _C.final_at))
        statement = select(came, ended, func.count()).where(_C.received_at >= since).group_by(came, ended)
        return sorted(((row[0], row[1], row[2]) for row in self._connection.execute(statement)), key=lambda row: row[0])

    def last_errors(self, reasons: Sequence[str]) -> list[dict[str, Any]]:
        """List errors of unfinished messages that failed for one of *reasons*.

        Returns:
            At most a hundred, the one that is tried again last first: ``what``, ``why``, ``again_at``.
        """
        rows = self._connection.execute(_FAILED, {"reasons": list(reasons)})
        errors = [(json.loads(error) if isinstance(error, str) else error, again_at) for error, again_at in rows]
        return [{"what": error["what"], "why": error["why"], "again_at": again_at} for error, again_at in errors]

    def held_keys(self) -> list[dict[str, Any]]:
        """List the keys whose first message retries or is parked: the later messages of the key wait for it.

        Returns:
            The first hundred, the oldest first: ``route``, ``key``, ``message`` (its id), ``message_id``, ``state``,
            ``reason``, ``due_at``, ``since``, and ``behind``, the number of messages that wait.
        """
        return [dict(row) for row in self._connection.execute(_HELD).mappings()]
