"""The sessions of people who are logged in, and the failures of those who tried.

A session is known by the digest of its token: whoever reads the table can't act as its user. Everything runs in the
caller's transaction.

Spec: docs/users.md, "Sessions", "Throttling".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, or_, select, update

from adapters.database.connection.statements import insert_rows, is_one_of, upsert
from adapters.database.schema.hub_tables import HUB

SESSION = HUB.tables["hub_user_session"]
FAILURE = HUB.tables["hub_log_in_failure"]
_S, _F = SESSION.c, FAILURE.c
_BY_DIGEST = select(SESSION).where(_S.digest == bindparam("wanted"))
_SEEN = update(SESSION).where(_S.digest == bindparam("wanted")).values(seen_at=bindparam("now"))
_END = delete(SESSION).where(_S.digest == bindparam("wanted"))
_END_ALL = delete(SESSION).where(_S.user_id == bindparam("of_user"), _S.digest != bindparam("kept"))
_OVER = delete(SESSION).where(or_(_S.ends_at <= bindparam("now"), _S.seen_at <= bindparam("idle_since")))
# One statement counts and reads: of log-ins at once, each gets another number. An old failure doesn't count.
_COUNT = upsert(
    FAILURE,
    ["digest"],
    lambda new: {
        "failures": case((_F.last_at <= bindparam("forgotten"), 1), else_=_F.failures + 1),
        "last_at": new.last_at,
    },
    returning=[_F.failures],
)
_FAILURES = select(FAILURE).where(is_one_of(_F.digest, "wanted"), _F.last_at > bindparam("forgotten"))
_UNCOUNT = update(FAILURE).where(_F.digest == bindparam("wanted")).values(failures=_F.failures - 1)
_CLEAR = delete(FAILURE).where(_F.digest == bindparam("wanted"))
_FORGET = delete(FAILURE).where(_F.last_at <= bindparam("forgotten"))


class StoredSession(NamedTuple):
    """A session; *ends_at* is its absolute limit."""

    digest: str
    user_id: str
    made_at: str
    seen_at: str
    ends_at: str
    address: str


class Failures(NamedTuple):
    """The failures of a name or an address."""

    digest: str
    failures: int
    last_at: str


class StoredSessions:
    """The sessions, in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_digest(self, digest: str) -> StoredSession | None:
        """Return the session whose token has this digest; None for none."""
        row = self._connection.execute(_BY_DIGEST, {"wanted": digest}).one_or_none()
        return None if row is None else StoredSession(*row)

    def add(self, session: StoredSession) -> None:
        """Store a new session."""
        insert_rows(self._connection, SESSION, StoredSession._fields, [session])

    def seen(self, digest: str, now: str) -> None:
        """Note that a session is in use."""
        self._connection.execute(_SEEN, {"wanted": digest, "now": now})

    def end(self, digest: str) -> None:
        """End a session, if there is one."""
        self._connection.execute(_END, {"wanted": digest})

    def end_all(self, user_id: str, kept: str = "") -> int:
        """End all sessions of a user but the one with the digest *kept*; return their number."""
        return self._connection.execute(_END_ALL, {"of_user": user_id, "kept": kept}).rowcount

    def remove_ended(self, now: str, idle_since: str) -> None:
        """Remove the sessions whose absolute limit has passed, and those that weren't used since a time."""
        self._connection.execute(_OVER, {"now": now, "idle_since": idle_since})


class LogInFailures:
    """The failed log-ins since the time *forgotten*, in the transaction of *connection*."""

    def __init__(self, connection: Connection, forgotten: str) -> None:
        self._connection = connection
        self._forgotten = forgotten

    def of(self, digests: Sequence[str]) -> dict[str, Failures]:
        """Return the failures of names and addresses by their digests; those without any are left out."""
        values = {"wanted": list(digests), "forgotten": self._forgotten}
        return {row.digest: Failures(*row) for row in self._connection.execute(_FAILURES, values)}

    def count(self, digest: str, now: str) -> int:
        """Count a failure; return the number of failures."""
        values = {"digest": digest, "failures": 1, "last_at": now, "forgotten": self._forgotten}
        return int(self._connection.execute(_COUNT.on(self._connection), values).scalar_one())

    def uncount(self, digest: str) -> None:
        """Take a failure back, which was none."""
        self._connection.execute(_UNCOUNT, {"wanted": digest})

    def clear(self, digest: str) -> None:
        """Forget the failures of a name or an address."""
        self._connection.execute(_CLEAR, {"wanted": digest})

    def remove_forgotten(self) -> None:
        """Remove the failures that don't count any more."""
        self._connection.execute(_FORGET, {"forgotten": self._forgotten})
