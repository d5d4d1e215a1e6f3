"""User sessions: the quote that each works on. Everything runs in the caller's transaction.

Source: "New Products and Services Process", step 1; spec: docs/design/workflows.md (the active quote is per user
session).
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from adapters.database.connection.upsert import per_dialect
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

SESSION = HUB.tables["hub_session"]
_ACTIVE = select(SESSION.c.quote_id).where(SESSION.c.name == bindparam("session"))
_SET = per_dialect(
    SESSION,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"quote_id": insert.excluded.quote_id, "since": insert.excluded.since},
        where=SESSION.c.quote_id != insert.excluded.quote_id,
    ),
)


class Sessions:
    """The active quotes of user sessions, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def active_quote(self, session: str) -> str | None:
        """The Row Id of the session's active quote; None where it has none. The quote may be gone since."""
        return self._connection.scalar(_ACTIVE, {"session": session})

    def set_active_quote(self, session: str, quote_id: str) -> None:
        """Make *quote_id* the session's active quote."""
        values = {"name": session, "quote_id": quote_id, "since": self._surroundings.now()}
        self._connection.execute(_SET[self._connection.dialect.name], values)
