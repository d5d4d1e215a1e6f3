"""The connection to the database, the only one that the hub has.

Transactions write, or only read; on SQLite those that write take turns. A driver's errors stop here: `write` and `read`
raise the hub's (`driver_faults`).

Spec: docs/design/guarantees.md, "SQLite", "PostgreSQL".
"""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, Transaction
from sqlalchemy.exc import SQLAlchemyError

from adapters.database.connection.dialect import dialect_of_url
from adapters.database.connection.driver_faults import (
    CommitUnknown,
    ConstraintRace,
    DatabaseAway,
    DatabaseBusy,
    DatabaseFull,
    hub_fault,
)
from adapters.database.connection.engines import BUSY_S, known_url
from integration_objects.errors import HubError, Misconfigured, Retryable

T = TypeVar("T")

#: How often a unit of work is tried where the database asks for it.
MOST_ATTEMPTS = 5


class WriteWithinWrite(Misconfigured):
    """A thread that is writing began a second transaction that writes: it would wait for itself for ever."""

    what = "a transaction that writes was begun within another"
    where = "{database}"
    mend = "hand the connection of the first one on; this is a defect of the hub: report it"


class Database:
    """A database: transactions that write, one at a time on SQLite, and transactions that only read.

    Args:
        folder: the folder of a relative SQLite file; None for the working folder.
        unsafe: use a PostgreSQL that may lose what it has committed.

    Raises:
        DatabaseUnknown: *url* names no database that the hub can use.
        DatabaseFolderMissing: the folder of a SQLite file doesn't exist.
    """

    def __init__(self, url: str, *, folder: pathlib.Path | None = None, unsafe: bool = False) -> None:
        self._url = known_url(url, folder)
        self.dialect = dialect_of_url(self._url.drivername)
        self._unsafe = unsafe
        self._checked = False
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._engine = self.dialect.open_engine(self._url)
        self._reader = self._engine.execution_options(**self.dialect.reader_options)

    @property
    def shown_url(self) -> str:
        """Return the URL as errors show it, without its passwords."""
        # libpq takes them among the options, too: password, sslpassword.
        hidden = {name: "***" for name in self._url.query if "password" in name.lower()}
        return self._url.update_query_dict(hidden).render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes: committed at the end, rolled back on an error.

        Raises:
            CommitUnknown: the link was lost during COMMIT.
            Retryable: the database is away, busy or full; nothing was written.
            Misconfigured: it can't be used as the settings have it.
        """
        if not self.dialect.writers_take_turns:
            with self._border(), self._transaction(self._engine) as connection:
                yield connection
            return
        if self._writer == threading.get_ident():
            raise WriteWithinWrite(database=self.shown_url)
        # SQLite's own waiting is looking again from time to time, where an unlucky writer can miss every turn. A lock
        # hands the turn on between the threads of this process; between processes SQLite decides.
        if not self._turn.acquire(timeout=BUSY_S):
            raise DatabaseBusy(
                "the database is being written to",
                database=self.shown_url,
                cause=f"another thread has been writing for {BUSY_S:.0f} seconds",
            )
        # Behind the lock: only the thread that has the turn reads its own name here.
        self._writer = threading.get_ident()
        try:
            with self._border(), self._transaction(self._engine) as connection:
                yield connection
        finally:
            self._writer = None
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads, and sees one state throughout; take every result whole at once."""
        with self._border(), self._reader.connect() as connection:
            if not self._checked:
                self._check(connection)
            yield connection

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold the lock *name* on a connection of its own; yield False where another session has it.

        It needs `dialect.has_session_locks`. The lock spans transactions, costs none of its own, and ends with the
        connection: a process that died holds nothing.
        """
        with self._border(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            has_lock = self.dialect.try_session_lock(connection, name)
            try:
                yield has_lock
            except BaseException:
                connection.invalidate()  # a pooled connection would keep the lock
                raise
            if has_lock:
                self.dialect.unlock_session(connection, name)

    def is_world_fault(self, error: BaseException) -> bool:
        """Return whether *error*, a driver's or the hub's own for it, ends the whole transaction, not one message."""
        if isinstance(error, HubError):
            return isinstance(error, (DatabaseAway, DatabaseBusy, DatabaseFull))
        fault = hub_fault(error, "")
        return fault is not None and fault.verdict != "refuse"

    def fault_of(self, error: BaseException) -> HubError | None:
        """Return the hub's error for a driver's *error* that concerns one message; None for another error."""
        return hub_fault(error, self.shown_url)

    def check(self) -> None:
        """Connect, and refuse a database that may lose what it has committed.

        Raises:
            DatabaseUnsafe: one of PostgreSQL's settings is off, and `unsafe` isn't set.
        """
        with self.read() as connection:
            self._check(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _check(self, connection: Connection) -> None:
        self.dialect.prove_safe(connection, self.shown_url, self._unsafe)
        self._checked = True

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            if not self._checked:
                self._check(connection)
                # The check began a transaction by asking; the real one must begin by itself.
                connection.rollback()
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                # The first error is the one to tell of: a rollback over a lost link fails as well.
                _roll_back(transaction)
                raise
            self._commit(transaction)

    def _commit(self, transaction: Transaction) -> None:
        try:
            transaction.commit()
        except SQLAlchemyError as error:
            fault = hub_fault(error, self.shown_url)
            _roll_back(transaction)
            # A SQLite file has no link to lose: what its COMMIT refuses was not committed.
            if isinstance(fault, DatabaseAway) and self.dialect.is_shared:
                raise CommitUnknown(database=self.shown_url, cause=fault.why) from error
            raise

    @contextmanager
    def _border(self) -> Iterator[None]:
        """Raise the hub's errors in place of a driver's."""
        try:
            yield
        except SQLAlchemyError as error:
            fault = hub_fault(error, self.shown_url)
            if fault is None:
                raise
            raise fault from error


def repeated(work: Callable[[], T], on: tuple[type[Retryable], ...] = ()) -> T:
    """Do *work*, a whole unit of work with its transaction; do it again where it lost a conflict or its link.

    Args:
        work: work that nobody else repeats: a worker's loop takes its messages again by itself.
        on: further errors after which it is tried again, beside those of the database.

    Raises:
        Retryable: the last error, after 5 attempts; a lost COMMIT at once, which may have taken effect.
    """
    again: tuple[type[Retryable], ...] = (DatabaseAway, DatabaseBusy, ConstraintRace, *on)
    for _ in range(MOST_ATTEMPTS - 1):
        try:
            return work()
        # First, because it is a kind of DatabaseAway: the work may have taken effect, and must not be done twice.
        except CommitUnknown:
            raise
        except again:
            continue
    return work()


def _roll_back(transaction: Transaction) -> None:
    try:
        transaction.rollback()
    except SQLAlchemyError:
        # The state of this connection is unknown: it must not go back into the pool.
        transaction.connection.invalidate()
