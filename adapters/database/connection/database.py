"""The connection to the database, the only one that the hub has.

Speaks SQLite (a file) and PostgreSQL through psycopg. Supports transactions that write and that only read.

    sqlite:///orderhub.db                   the default; writers take turns, within the process by a lock
    postgresql://user@host:5432/name        many writers; fsync, full_page_writes and synchronous_commit on

A driver's errors stop here: `write` and `read` raise the hub's (`driver_faults`).

Spec: docs/design/guarantees.md, "SQLite", "PostgreSQL".
"""

from __future__ import annotations

import pathlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Transaction, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from adapters.database.connection.driver_faults import (
    MENDS,
    CommitUnknown,
    DatabaseAway,
    DatabaseBusy,
    DatabaseFull,
    hub_fault,
)
from adapters.database.objects.faults import ConstraintRace
from integration_objects.errors import HubError, Misconfigured, Retryable

T = TypeVar("T")

#: How often a unit of work is tried where the database asks for it.
MOST_ATTEMPTS = 5
#: Seconds that a writer waits for its turn on SQLite.
_BUSY_S = 30.0
#: Milliseconds; the server ends what takes longer.
_STATEMENT_MS, _LOCK_MS, _IDLE_MS = 30_000, 5_000, 60_000
#: Without these a commit that was acknowledged can be lost.
_SAFE_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")
#: The first version of each of SQLite's lines whose write-ahead log doesn't lose a reset.
_SAFE_WAL = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")


class DatabaseUnknown(Misconfigured):
    """The database URL names a database that the hub doesn't speak to."""


class DatabaseFolderMissing(Misconfigured):
    """The folder that a SQLite file is to lie in isn't there."""


class DatabaseUnsafe(Misconfigured):
    """The database may lose what it has committed."""


class WriteWithinWrite(Misconfigured):
    """A thread that is writing began a second transaction that writes: it would wait for itself for ever."""


class Database:
    """A database: transactions that write, one at a time on SQLite, and transactions that read.

    Args:
        url: as in the settings.
        folder: what a relative SQLite file lies in; the working folder where none is given.
        unsafe: use a PostgreSQL that may lose what it has committed.

    Raises:
        DatabaseUnknown: *url* names no database that the hub speaks to.
        DatabaseFolderMissing: a SQLite file is to lie where no folder is; none is made for a mistyped path.
    """

    def __init__(self, url: str, *, folder: pathlib.Path | None = None, unsafe: bool = False) -> None:
        self._url = _known_url(url, folder)
        self._unsafe = unsafe
        self._checked = False
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._engine = _sqlite(self._url) if self.is_sqlite else _postgresql(self._url)
        options: dict[str, Any] = {"access": "read"}
        if not self.is_sqlite:
            options.update(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._reader = self._engine.execution_options(**options)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite file: one process or two, upgraded at start."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def shown_url(self) -> str:
        """The URL as errors show it, without the password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, rolled back on an error.

        Raises:
            CommitUnknown: the link was lost during COMMIT.
            Retryable: the database is away, busy or full; nothing was written.
            Misconfigured: it can't be used as the settings have it.
        """
        if not self.is_sqlite:
            with self._border(), self._transaction(self._engine) as connection:
                yield connection
            return
        if self._writer == threading.get_ident():
            raise WriteWithinWrite(
                "a transaction that writes was begun within another",
                where=self.shown_url,
                mend="hand the connection of the first one on; this is a defect of the hub: report it",
            )
        if not self._turn.acquire(timeout=_BUSY_S):
            raise DatabaseBusy(
                "the database is being written to", where=self.shown_url, why=_waited(), mend=MENDS[DatabaseBusy]
            )
        self._writer = threading.get_ident()
        try:
            with self._border(), self._transaction(self._engine) as connection:
                yield connection
        finally:
            self._writer = None
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state throughout; take every result whole at once."""
        with self._border(), self._reader.connect() as connection:
            if not self._checked:
                self._check(connection)
            yield connection

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold the lock *name* on a connection of its own; gives False where somebody else has it.

        PostgreSQL only. It spans transactions, costs none of its own, and ends with the connection: a process that
        died holds nothing.
        """
        with self._border(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            has_it = bool(connection.scalar(_LOCK, {"name": name}))
            try:
                yield has_it
            except BaseException:
                connection.invalidate()  # a pooled connection would keep the lock
                raise
            if has_it:
                connection.execute(_UNLOCK, {"name": name})

    def is_world_fault(self, error: BaseException) -> bool:
        """Whether *error*, a driver's or the hub's own for it, ends the whole transaction, not one message."""
        if isinstance(error, HubError):
            return isinstance(error, (DatabaseAway, DatabaseBusy, DatabaseFull))
        fault = hub_fault(error, "")
        return fault is not None and fault.verdict != "refuse"

    def fault_of(self, error: BaseException) -> HubError | None:
        """The hub's error for a driver's *error* that concerns one message; None where it is none of the driver's."""
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
        if not self.is_sqlite:
            found = {name: connection.scalar(text(f"SHOW {name}")) for name in _SAFE_SETTINGS}
            off = [name for name, value in found.items() if value == "off"]
            if off and not self._unsafe:
                raise DatabaseUnsafe(
                    f"the database may lose what it has committed: {', '.join(off)} is off",
                    where=self.shown_url,
                    why="the hub acknowledges a message once its transaction is committed for good",
                    mend=f"set {', '.join(off)} to on in postgresql.conf, or allow it with the setting "
                    "unsafe_database where losing orders doesn't matter",
                )
            encoding = connection.scalar(text("SHOW server_encoding"))
            if encoding != "UTF8":
                raise DatabaseUnsafe(
                    f"the database's encoding is {encoding}",
                    where=self.shown_url,
                    why="only UTF8 keeps every text that a message can carry",
                    mend="create the database with ENCODING 'UTF8'",
                )
        self._checked = True

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            if not self._checked:
                self._check(connection)
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
            if isinstance(fault, DatabaseAway) and not self.is_sqlite:
                raise CommitUnknown(
                    "the link to the database was lost during COMMIT",
                    where=self.shown_url,
                    why=fault.why,
                    mend="nothing; the message is delivered again, and the inbox knows whether it was worked",
                ) from error
            raise

    @contextmanager
    def _border(self) -> Iterator[None]:
        """The border that a driver's errors don't pass."""
        try:
            yield
        except SQLAlchemyError as error:
            fault = hub_fault(error, self.shown_url)
            if fault is None:
                raise
            raise fault from error


def repeated(work: Callable[[], T], on: tuple[type[Retryable], ...] = ()) -> T:
    """Do *work*, a whole unit of work with its transaction; where it lost a conflict or its link, do it all again.

    Args:
        work: what nobody else repeats: a worker's loop takes its messages again by itself.
        on: further errors after which it is tried again, beside those of the database.

    Raises:
        Retryable: the last error, after 5 attempts; a lost COMMIT at once, which may have taken effect.
    """
    again: tuple[type[Retryable], ...] = (DatabaseAway, DatabaseBusy, ConstraintRace, *on)
    for _ in range(MOST_ATTEMPTS - 1):
        try:
            return work()
        except CommitUnknown:
            raise
        except again:
            continue
    return work()


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this version of SQLite has the fix without which a write-ahead log can lose commits.

    >>> wal_is_safe((3, 40, 1)), wal_is_safe((3, 44, 6)), wal_is_safe((3, 51, 2)), wal_is_safe((3, 52, 0))
    (False, True, False, True)
    """
    in_line = any(version >= fixed and version[:2] == fixed[:2] for fixed in _SAFE_WAL)
    return in_line or version > _SAFE_WAL[-1]


def _known_url(url: str, folder: pathlib.Path | None) -> URL:
    try:
        known = make_url(url)
    except ArgumentError:
        known = None
    kind = "" if known is None else known.get_backend_name()
    if known is not None and kind in ("postgresql", "postgres"):
        return known.set(drivername="postgresql+psycopg")
    if known is not None and kind == "sqlite" and known.database not in (None, "", ":memory:"):
        path = (folder or pathlib.Path()).absolute() / str(known.database)
        return known.set(drivername="sqlite+pysqlite", database=str(path))
    raise DatabaseUnknown(
        "the database URL names no database that the hub can use",
        where="setting database_url",
        why="expected sqlite:///<file> or postgresql://<user>@<host>/<name>, found "
        + (f"{kind}:" if kind else "no URL"),
        mend="mend it in orderhub.toml or in ORDERHUB_DATABASE_URL",
    )


def _sqlite(url: URL) -> Engine:
    folder = pathlib.Path(str(url.database)).parent
    if not folder.is_dir():
        raise DatabaseFolderMissing(
            "the folder of the database isn't there",
            where="setting database_url",
            why=f"{folder} is {'a file' if folder.exists() else 'missing'}",
            mend="make the folder, or mend the path in orderhub.toml or in ORDERHUB_DATABASE_URL",
        )
    engine = create_engine(url, connect_args={"timeout": _BUSY_S, "check_same_thread": False})
    # Left to itself, sqlite3 begins transactions late and deferred, and SQLAlchemy then loses updates without
    # an error: the driver is kept in autocommit mode, and transactions are begun here.
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    wal = wal_is_safe(sqlite3.sqlite_version_info)
    # EXTRA is FULL, and flushes the folder too once the journal is deleted: in DELETE mode a commit isn't
    # safe from a power cut before that.
    for pragma in (
        f"journal_mode={'WAL' if wal else 'DELETE'}",
        f"synchronous={'FULL' if wal else 'EXTRA'}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("access") == "read"
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Engine:
    limits = {
        "statement_timeout": _STATEMENT_MS,
        "lock_timeout": _LOCK_MS,
        "idle_in_transaction_session_timeout": _IDLE_MS,
    }
    options = [f"-c {name}={value}" for name, value in limits.items()]
    own = url.normalized_query.get("options", ())  # they come last, and win where they name a limit
    url = url.difference_update_query(["options"])
    arguments = {
        "options": " ".join((*options, *own)),
        "application_name": "orderhub",
        "connect_timeout": 10,
        # A half-open link is found within half a minute, not after hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return create_engine(url, connect_args={**arguments, **url.query}, pool_use_lifo=True)


def _roll_back(transaction: Transaction) -> None:
    try:
        transaction.rollback()
    except SQLAlchemyError:
        transaction.connection.invalidate()


def _waited() -> str:
    return f"another thread has been writing for {_BUSY_S:.0f} seconds"
