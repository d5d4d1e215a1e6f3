"""What a process works on: written and committed before the work, gone with the work's own commit.

A process that dies leaves its marks, and its next start takes just those messages one by one, with their deaths
counted.

Spec: docs/design/road.md, "What commits when" (redelivered, three deaths); docs/design/guarantees.md, "pika, RabbitMQ".
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from adapters.database.connection.row_lookup import DIALECTS, is_one_of, listed
from adapters.database.connection.upsert import per_dialect
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

IN_HAND = HUB.tables["hub_in_hand"]

_TAKE = per_dialect(
    IN_HAND,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["inbox_id"],
        set_={"process": insert.excluded.process, "since": insert.excluded.since},
    ),
)
_LEFT = select(IN_HAND.c.inbox_id).where(IN_HAND.c.process == bindparam("by")).order_by(IN_HAND.c.inbox_id)
_PUT_DOWN = {name: delete(IN_HAND).where(is_one_of(name, IN_HAND.c.inbox_id, "ids")) for name in DIALECTS}


class WorkMarks:
    """The marks, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, process: str) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._process = process

    def take(self, row_ids: Sequence[str]) -> None:
        """Mark inbox rows as worked on by this process; the caller commits before the work begins."""
        if row_ids:
            since = self._surroundings.now()
            self._connection.execute(
                _TAKE[self._connection.dialect.name],
                [{"inbox_id": row_id, "process": self._process, "since": since} for row_id in row_ids],
            )

    def left(self) -> list[str]:
        """The rows that a process of this name had in hand when it died, the oldest first."""
        return list(self._connection.scalars(_LEFT, {"by": self._process}))

    def put_down(self, row_ids: Sequence[str]) -> None:
        """Take the marks away, in the transaction of the work."""
        if row_ids:
            dialect = self._connection.dialect.name
            self._connection.execute(_PUT_DOWN[dialect], {"ids": listed(dialect, row_ids)})
