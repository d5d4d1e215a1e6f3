"""Fallout: entries that a person must look at and resolve before an order can be closed.

Spec: docs/design/workflows.md, the two traps of Apply Completed; docs/design/road.md, "OM Work Order Status".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

FALLOUT = HUB.tables["s_fallout"]
_C = FALLOUT.c
_ROWS = select(FALLOUT).order_by(_C.created, _C.row_id)
_RESOLVE = (
    update(FALLOUT)
    .where(_C.row_id == bindparam("of_row"), _C.state == "Open")
    .values(
        state="Resolved",
        resolved=bindparam("now"),
        resolved_by=bindparam("by"),
        resolution=bindparam("how"),
    )
)


@dataclass(frozen=True)
class FalloutEntry:
    """An entry.

    Attributes:
        cause: the stable name of the situation, as ``LineFailed``.
        reason: a sentence for the person who looks at it.
        account_id, order_id, order_number: the order and its account; None where unknown.
        inbox_id: the message that led to the entry, if one did.
        lines: Integration Ids of the lines concerned.
    """

    cause: str
    reason: str
    account_id: str | None = None
    order_id: str | None = None
    order_number: str | None = None
    inbox_id: str | None = None
    lines: Sequence[str] = ()


class Fallout:
    """The fallout entries, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, user: str = "hub") -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._user = user

    def insert(self, entry: FalloutEntry) -> str:
        """Keep an open entry; return its row id."""
        row_id = self._surroundings.new_id()
        self._connection.execute(
            FALLOUT.insert(),
            {
                **vars(entry),
                "row_id": row_id,
                "lines": json.dumps(list(entry.lines)),
                "state": "Open",
                "created": self._surroundings.now(),
                "created_by": self._user,
            },
        )
        return row_id

    def listing(
        self, state: str | None = "Open", order_number: str | None = None, account_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the entries, the oldest first; None for a state, an order or an account takes all of them."""
        statement = _ROWS
        if state is not None:
            statement = statement.where(_C.state == state)
        if order_number is not None:
            statement = statement.where(_C.order_number == order_number)
        if account_id is not None:
            statement = statement.where(_C.account_id == account_id)
        return [_entry(dict(row)) for row in self._connection.execute(statement).mappings()]

    def entry(self, row_id: str) -> dict[str, Any] | None:
        """Return the entry of this row, in any state; None if there is none."""
        row = self._connection.execute(_ROWS.where(_C.row_id == row_id)).mappings().one_or_none()
        return None if row is None else _entry(dict(row))

    def resolve(self, row_id: str, resolution: str) -> bool:
        """Resolve the entry, and keep how it was resolved; return False for an entry that isn't open."""
        values = {"of_row": row_id, "now": self._surroundings.now(), "by": self._user, "how": resolution}
        return self._connection.execute(_RESOLVE, values).rowcount == 1


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "lines": json.loads(row["lines"])}
