"""Sessions: who is logged in, from the log-in to the log-out.

    begin        a session with a new token; the one before it in the same browser ends
    find         the session of a token, if it is within its limits
    end, end_all

A token is known to the browser only; the table has its digest. Everything runs in the caller's transaction.

Source: OWASP ASVS 5.0, 7 (session management). Spec: docs/users.md, "Sessions".
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.database.access.sessions import StoredSession, StoredSessions
from integration_objects.errors import printable
from integration_objects.surroundings import new_token, token_digest

if TYPE_CHECKING:
    from hub.access.user import User
    from integration_objects.surroundings import Surroundings

#: Characters of the column.
_MOST_ADDRESS = 255
#: Seconds between two notes that a session is in use: not each page writes.
_NOTED_S = 60


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts, in seconds: without use, and at most."""

    idle_s: float
    longest_s: float


@dataclass(frozen=True)
class Session:
    """A session with its user.

    Attributes:
        digest: of the token; names the session where the token must not stand.
        ends_at: when the user must log in again, however busy.
        must_be_noted: whether the use is to be written down (`Sessions.note`).
    """

    user: User
    digest: str
    made_at: str
    seen_at: str
    ends_at: str
    address: str
    must_be_noted: bool


class Sessions:
    """The sessions, in the transaction of *connection*."""

    def __init__(self, connection: Any, surroundings: Surroundings, limits: SessionLimits) -> None:
        self._surroundings = surroundings
        self._limits = limits
        self._stored = StoredSessions(connection)

    def begin(self, user_id: str, address: str, token_before: str | None = None) -> str:
        """Begin a session, and return its token, which was never used before.

        Args:
            token_before: the token that the browser brought to the log-in; its session ends, whoever's it was.
        """
        now = self._surroundings.now()
        self._stored.remove_ended(now, self._surroundings.later(-self._limits.idle_s))
        if token_before is not None:
            self._stored.end(_digest(token_before))
        token = new_token()
        ends_at = self._surroundings.later(self._limits.longest_s)
        self._stored.add(StoredSession(_digest(token), user_id, now, now, ends_at, printable(address)[:_MOST_ADDRESS]))
        return token

    def find(self, token: str) -> StoredSession | None:
        """Return the session of a token; None for none, and for one that is over."""
        session = self._stored.by_digest(_digest(token))
        if session is None:
            return None
        now = self._surroundings.now()
        is_idle = session.seen_at <= self._surroundings.later(-self._limits.idle_s)
        return None if is_idle or session.ends_at <= now else session

    def of(self, stored: StoredSession, user: User) -> Session:
        """Return a session with its user."""
        seen_s = datetime.datetime.fromisoformat(stored.seen_at).timestamp()
        is_due = self._surroundings.seconds() - seen_s >= min(_NOTED_S, self._limits.idle_s / 2)
        return Session(user, stored.digest, stored.made_at, stored.seen_at, stored.ends_at, stored.address, is_due)

    def note(self, digest: str) -> None:
        """Note that a session is in use."""
        self._stored.seen(digest, self._surroundings.now())

    def end(self, token: str) -> None:
        """End the session of a token."""
        self._stored.end(_digest(token))

    def end_all(self, user_id: str, kept: str = "") -> int:
        """End all sessions of a user, but for the one with the digest *kept*; return their number."""
        return self._stored.end_all(user_id, kept)


def _digest(token: str) -> str:
    # A cookie is whatever somebody sends.
    return token_digest(token.encode(errors="replace").decode())
