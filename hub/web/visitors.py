"""The people behind requests: sessions, the log-in and the log-out, through `hub.access`."""

from __future__ import annotations

from dataclasses import dataclass

from hub.access.access import Access, Credentials
from hub.access.audit import DONE, Actor
from hub.access.sessions import Session
from hub.access.user import ActionObject, User
from hub.data_manager.open_hub import OpenHub, Transaction


@dataclass(frozen=True)
class Visitor:
    """A person who is logged in.

    Attributes:
        token: the session's token, as the browser's cookie has it.
        address: the network address that the request came from.
    """

    access: Access
    session: Session
    token: str
    address: str

    @property
    def user(self) -> User:
        """The person, with his rights and accounts as they are now."""
        return self.session.user

    def audit(
        self, transaction: Transaction, action: str, about: ActionObject, why: str = "", outcome: str = DONE
    ) -> None:
        """Write an action of this person to the audit, in the transaction of the action."""
        actor = Actor(self.user.name, self.address)
        self.access.audit(transaction.connection).append(actor, action, about, why, outcome=outcome)


class Visitors:
    """The sessions of one open hub."""

    def __init__(self, open_hub: OpenHub) -> None:
        self._access = open_hub.access

    def find(self, token: str, address: str) -> Visitor | None:
        """Return the person whose session a token names; None for none."""
        session = self._access.session_of(token)
        return None if session is None else Visitor(self._access, session, token, address)

    def log_in(self, credentials: Credentials, address: str, token_before: str | None) -> str:
        """Begin a session; return its token.

        Raises:
            LogInThrottled, LogInRefused: as for `Access.log_in`.
        """
        return self._access.log_in(credentials, address, token_before).token

    def log_out(self, token: str, address: str) -> None:
        """End a session."""
        self._access.log_out(token, address)

    def change_password(self, visitor: Visitor, present: str, new: str) -> None:
        """Change a person's own password; the other sessions end.

        Raises:
            LogInThrottled, PasswordWrong, PasswordUnfit: as for `Access.change_password`.
        """
        self._access.change_password(visitor.session, present, new, visitor.address)
