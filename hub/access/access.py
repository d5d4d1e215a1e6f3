"""Access to a deployment: the log-in, the sessions, the users and the audit, each in its transaction.

    log_in, log_out, log_out_everywhere, change_password    transactions of their own
    session_of                                               the session of a request
    people, audit                                            within the transaction of an action

A password is looked at outside of any transaction, because that takes its time on purpose.

Spec: docs/users.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from adapters.database.access.users import StoredUser, Users
from adapters.database.connection.database import repeated
from hub.access.audit import DENIED, DONE, Actor, Audit
from hub.access.passwords import check_password, is_outdated, is_password, password_digest
from hub.access.people import USER, People, stored_user
from hub.access.rights import CHANGE_OWN_PASSWORD
from hub.access.sessions import Session, SessionLimits, Sessions
from hub.access.throttle import Throttle
from hub.access.totp import step_of
from hub.access.user import ActionObject, User
from integration_objects.errors import Refused, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.database.connection.database import Database
    from adapters.database.objects.store import ObjectStore
    from hub.access.user_type import UserType
    from integration_objects.surroundings import Surroundings

LOG_IN, LOG_OUT, LOG_OUT_EVERYWHERE = "log in", "log out", "log out everywhere"
SESSION = "session"


class LogInRefused(Refused):
    """A log-in failed. The error doesn't tell by which part, because that would help to guess the others."""

    what = "the log-in failed"
    where = "the log-in"
    why = "the name, the password or the code is wrong, or the user is disabled"
    mend = "try again; an administrator can give you a new password"


class PasswordWrong(Refused):
    """A user who changes the own password gave a wrong one as the present password."""

    what = "the password wasn't changed"
    where = "the present password"
    why = "it is wrong"
    mend = "type the password by which you logged in"


@dataclass(frozen=True)
class Credentials:
    """What somebody types to log in; the code only where the user has codes."""

    name: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)


@dataclass(frozen=True)
class LoggedIn:
    """A log-in that succeeded: the user, and the token that the browser keeps."""

    user: User
    token: str = field(repr=False)


class Access:
    """The users, rights and sessions of an open deployment.

    Args:
        open_store: opens the store of objects in a transaction; the accounts are read there.
    """

    def __init__(
        self,
        database: Database,
        surroundings: Surroundings,
        user_types: Mapping[str, UserType],
        open_store: Callable[[Any], ObjectStore],
        limits: SessionLimits,
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._types = user_types
        self._open_store = open_store
        self._limits = limits

    def people(self, connection: Any) -> People:
        """Return the users, in the transaction of *connection*."""
        return People(connection, self._surroundings, self._types, self._open_store(connection))

    def audit(self, connection: Any) -> Audit:
        """Return the audit, in the transaction of *connection*: that of the audited action."""
        return Audit(connection, self._surroundings)

    def user_within(self, connection: Any, user: User) -> User:
        """Return a session's user with the accounts beneath the given ones, in the transaction of *connection*."""
        return self.people(connection).within(user)

    def log_in(self, credentials: Credentials, address: str, token_before: str | None = None) -> LoggedIn:
        """Log somebody in, and begin a session.

        Args:
            address: the network's address of the browser.
            token_before: the token that the browser brought; its session ends.

        Raises:
            LogInThrottled: the name or the address must wait.
            LogInRefused: the name, the password or the code is wrong, or the user is disabled.
        """
        name = credentials.name.strip().lower()
        stored = repeated(lambda: self._begin(name, address))
        digest = None if stored is None else stored.password
        is_right = is_password(credentials.password, digest)
        renewed = password_digest(credentials.password) if is_right and digest and is_outdated(digest) else None
        result = repeated(
            lambda: self._end(stored if is_right else None, credentials, address, token_before, renewed, name)
        )
        if result is None:
            raise LogInRefused
        return result

    def log_in_proven(self, open_id: str, address: str, token_before: str | None = None) -> LoggedIn:
        """Log in the user whom a provider of OpenID Connect has proven; the arguments are those of `log_in`.

        Args:
            open_id: the provider and the subject, as `open_id_of` writes them.

        Raises:
            LogInRefused: no user has the subject, or the user is disabled.
        """
        result = repeated(lambda: self._end_proven(open_id, address, token_before))
        if result is None:
            raise LogInRefused
        return result

    def deny_log_in(self, address: str) -> None:
        """Write to the audit that somebody whom nobody knows failed to log in."""
        with self._database.write() as connection:
            self._deny(connection, None, address)

    def session_of(self, token: str | None) -> Session | None:
        """Return the session of a request's token, with its user as the user is now; None for none.

        The user's accounts are the given ones; `user_within` has those beneath them, too.

        The use of the session is noted about once a minute, in a transaction of its own.
        """
        if not token:
            return None
        with self._database.read() as connection:
            session = self._session(connection, token)
        if session is not None:
            # What they are looked up in ends here.
            session = replace(session, user=replace(session.user, members=frozenset()))
        if session is not None and session.must_be_noted:
            # A page that only reads must not fail because the database is being written to: the next page notes it.
            with suppress(Retryable), self._database.write() as connection:
                self._sessions(connection).note(session.digest)
        return session

    def log_out(self, token: str, address: str) -> None:
        """End the session of a token."""
        with self._database.write() as connection:
            session = self._session(connection, token)
            self._sessions(connection).end(token)
            if session is not None:
                self._note(connection, session.user, address, LOG_OUT)

    def log_out_everywhere(self, user: User, address: str) -> None:
        """End all sessions of a user, this one, too."""
        with self._database.write() as connection:
            self._sessions(connection).end_all(user.id)
            self._note(connection, user, address, LOG_OUT_EVERYWHERE)

    def change_password(self, session: Session, present: str, new: str, address: str) -> None:
        """Change the password of a session's user, and end the user's other sessions.

        Raises:
            LogInThrottled: too many wrong passwords.
            PasswordWrong: *present* isn't the password.
            PasswordUnfit: *new* can't be one.
        """
        user = session.user
        stored = repeated(lambda: self._begin(user.name, address))
        if stored is None or not is_password(present, stored.password):
            with self._database.write() as connection:
                self._note(connection, user, address, CHANGE_OWN_PASSWORD, DENIED)
            raise PasswordWrong
        with self._database.write() as connection:
            # Now, whatever the new one is: somebody who looks for a good one must not be made to wait.
            Throttle(connection, self._surroundings, user.name, address).succeed()
        check_password(new, (user.name, user.organization))
        digest = password_digest(new)
        with self._database.write() as connection:
            users = Users(connection)
            now = users.by_id(user.id)
            # An administrator may have disabled the user, or given another password, meanwhile.
            if now is None or now.password != stored.password or now.disabled_at is not None:
                raise PasswordWrong
            users.set_password(user.id, digest, must_change=False)
            self._sessions(connection).end_all(user.id, kept=session.digest)
            self._note(connection, user, address, CHANGE_OWN_PASSWORD)

    def _begin(self, name: str, address: str) -> StoredUser | None:
        """Count a try, and read the user."""
        with self._database.write() as connection:
            Throttle(connection, self._surroundings, name, address).begin()
            return stored_user(Users(connection), name)

    def _end(
        self,
        proven: StoredUser | None,
        credentials: Credentials,
        address: str,
        token_before: str | None,
        renewed: str | None,
        name: str,
    ) -> LoggedIn | None:
        """Begin the session of a user whose password is right; None for a log-in that fails, which is audited."""
        with self._database.write() as connection:
            # Read again: the user may have been disabled, or have got another password, meanwhile.
            stored = stored_user(Users(connection), name)
            is_right = proven is not None and stored is not None and stored.password == proven.password
            if (
                stored is None
                or not is_right
                or stored.disabled_at is not None
                or not self._takes(connection, stored, credentials.code)
            ):
                self._deny(connection, stored, address)
                return None
            Throttle(connection, self._surroundings, name, address).succeed()
            if renewed is not None:
                Users(connection).set_password(stored.id, renewed, must_change=stored.must_change_password)
            return self._begin_session(connection, stored, address, token_before)

    def _end_proven(self, open_id: str, address: str, token_before: str | None) -> LoggedIn | None:
        """Begin the session of a user whom a provider has proven; None for a log-in that fails, which is audited."""
        with self._database.write() as connection:
            stored = Users(connection).by_open_id(open_id)
            if stored is None or stored.disabled_at is not None:
                self._deny(connection, stored, address)
                return None
            return self._begin_session(connection, stored, address, token_before)

    def _begin_session(self, connection: Any, stored: StoredUser, address: str, token_before: str | None) -> LoggedIn:
        user = self.people(connection).user(stored.name)
        token = self._sessions(connection).begin(stored.id, address, token_before)
        self._note(connection, user, address, LOG_IN)
        return LoggedIn(user, token)

    def _deny(self, connection: Any, stored: StoredUser | None, address: str) -> None:
        # A name that nobody has isn't written down: it may be a password.
        who = "" if stored is None else stored.name
        self.audit(connection).append(Actor(who, address), LOG_IN, ActionObject(SESSION), outcome=DENIED)

    def _takes(self, connection: Any, stored: StoredUser, code: str) -> bool:
        """Whether the code is right, for a user who has codes; a code is taken once."""
        if stored.totp_secret is None:
            return True
        step = step_of(stored.totp_secret, code, self._surroundings.seconds(), stored.totp_step)
        return step is not None and Users(connection).take_totp_step(stored.id, step)

    def _session(self, connection: Any, token: str) -> Session | None:
        sessions = self._sessions(connection)
        stored = sessions.find(token)
        if stored is None:
            return None
        user = self.people(connection).user_by_id(stored.user_id)
        return None if user is None or user.disabled else sessions.of(stored, user)

    def _sessions(self, connection: Any) -> Sessions:
        return Sessions(connection, self._surroundings, self._limits)

    def _note(self, connection: Any, user: User, address: str, action: str, outcome: str = DONE) -> None:
        kind = ActionObject(USER, user.name) if action == CHANGE_OWN_PASSWORD else ActionObject(SESSION)
        self.audit(connection).append(Actor(user.name, address), action, kind, outcome=outcome)
