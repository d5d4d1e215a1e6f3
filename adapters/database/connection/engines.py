"""SQLAlchemy's engines for both databases, with the settings without which a commit or an update could be lost.

    sqlite:///orderhub.db                   the default; writers take turns, within the process by a lock
    postgresql://user@host:5432/name        many writers; fsync, full_page_writes and synchronous_commit on

Spec: docs/design/guarantees.md, "SQLite", "PostgreSQL".
"""

from __future__ import annotations

import pathlib
import sqlite3

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from integration_objects.errors import Misconfigured

#: Seconds that a writer waits for its turn on SQLite.
BUSY_S = 30.0
#: Milliseconds; the server ends what takes longer.
_STATEMENT_MS, _LOCK_MS, _IDLE_MS = 30_000, 5_000, 60_000
#: Without these a commit that was acknowledged can be lost.
_SAFE_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")
#: The first version of each of SQLite's lines whose write-ahead log doesn't lose a reset.
_SAFE_WAL = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


class DatabaseUnknown(Misconfigured):
    """The database URL names a database that the hub can't use."""

    what = "the database URL names no database that the hub can use"
    where = "setting database_url"
    why = "expected sqlite:///<file> or postgresql://<user>@<host>/<name>, found {found}"
    mend = "mend it in orderhub.toml or in ORDERHUB_DATABASE_URL"


class DatabaseFolderMissing(Misconfigured):
    """The folder of a SQLite file doesn't exist; the hub makes none for a mistyped path."""

    what = "the folder of the database isn't there"
    where = "setting database_url"
    why = "{folder} is {state}"
    mend = "make the folder, or mend the path in orderhub.toml or in ORDERHUB_DATABASE_URL"


class DatabaseUnsafe(Misconfigured):
    """The database may lose what it has committed, or can't keep every text."""

    what = "the database may lose what it has committed: {settings} is off"
    where = "{database}"
    why = "the hub acknowledges a message once its transaction is committed for good"
    mend = (
        "set {settings} to on in postgresql.conf, or allow it with the setting "
        "unsafe_database where losing orders doesn't matter"
    )


def known_url(url: str, folder: pathlib.Path | None) -> URL:
    """Return the URL with the hub's driver; a relative SQLite file is looked for in *folder*.

    Raises:
        DatabaseUnknown: the URL names no database that the hub can use.
    """
    try:
        known = make_url(url)
    except (ArgumentError, ValueError):
        # ValueError: the port is no number.
        raise DatabaseUnknown(found="no URL") from None
    kind = known.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return known.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and known.database not in (None, "", ":memory:"):
        path = (folder or pathlib.Path()).absolute() / str(known.database)
        return known.set(drivername="sqlite+pysqlite", database=str(path))
    raise DatabaseUnknown(found=f"{kind}:" if kind else "no URL")


def may_exist(url: str, folder: pathlib.Path | None) -> bool:
    """Tell whether the database may be there already: a SQLite file is there or not, a server must be asked.

    Raises:
        DatabaseUnknown: the URL names no database that the hub can use.
    """
    known = known_url(url, folder)
    return known.get_backend_name() != "sqlite" or pathlib.Path(str(known.database)).exists()


def sqlite_engine(url: URL) -> Engine:
    """Return an engine for a SQLite file.

    Raises:
        DatabaseFolderMissing: the file's folder doesn't exist.
    """
    folder = pathlib.Path(str(url.database)).parent
    if not folder.is_dir():
        raise DatabaseFolderMissing(folder=folder, state="a file" if folder.exists() else "missing")
    # Without parameters in its errors: the log must not quote customers' data.
    # The pool hands a connection from thread to thread, to one at a time; sqlite3 would refuse that by itself.
    engine = create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False}, hide_parameters=True)
    # Left to itself, sqlite3 begins transactions late and deferred, and SQLAlchemy then loses updates without
    # an error: the driver is kept in autocommit mode, and transactions are begun here.
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Return whether this version of SQLite has the fix without which a write-ahead log can lose commits.

    >>> wal_is_safe((3, 40, 1)), wal_is_safe((3, 44, 6)), wal_is_safe((3, 51, 2)), wal_is_safe((3, 52, 0))
    (False, True, False, True)
    """
    in_line = any(version >= fixed and version[:2] == fixed[:2] for fixed in _SAFE_WAL)
    return in_line or version > _SAFE_WAL[-1]


def postgresql_engine(url: URL) -> Engine:
    """Return an engine for a PostgreSQL server, with limits of time for statements, locks and idle transactions."""
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
        # Milliseconds, and the keepalives are seconds. A link with data on its way sends no keepalives: this limit
        # serves it.
        "tcp_user_timeout": 30_000,
    }
    return create_engine(url, connect_args={**arguments, **url.query}, pool_use_lifo=True, hide_parameters=True)


def prove_postgresql_safe(connection: Connection, database: str, may_lose: bool) -> None:
    """Refuse a server that may lose what it has committed, and a database that can't keep every text.

    Raises:
        DatabaseUnsafe: a setting is off, and *may_lose* doesn't allow it; or the encoding isn't UTF8.
    """
    values = {name: connection.scalar(text(f"SHOW {name}")) for name in _SAFE_SETTINGS}
    off = ", ".join(name for name, value in values.items() if value == "off")
    if off and not may_lose:
        raise DatabaseUnsafe(settings=off, database=database)
    # SQL_ASCII, LATIN1 and others fail at the first character that they lack, in the middle of a message.
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise DatabaseUnsafe(
            f"the database's encoding is {encoding}",
            why="only UTF8 keeps every text that a message can carry",
            mend="create the database with ENCODING 'UTF8'",
            database=database,
        )


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    # Each connection sets these anew: SQLite keeps neither `synchronous` nor `foreign_keys` in the file.
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
    # Two transactions that read first and write later would each wait for the other: a writer says so at once.
    reads = connection.get_execution_options().get("access") == "read"
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
