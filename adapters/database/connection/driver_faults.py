"""What the drivers' errors mean to the hub: one table for each driver, the most specific first.

    DatabaseAway        Retryable       the link was lost, or nobody answers
      CommitUnknown                     the link was lost during COMMIT: neither acknowledge nor send again
    DatabaseBusy        Retryable       a lock, a deadlock, a conflict of transactions, a time limit
    DatabaseFull        Retryable       no room on its disk
    ConstraintBroken    Refused         data that the tables refuse, and that no check found before
    TablesMissing       Misconfigured   the database hasn't been upgraded
    DatabaseUnusable    Misconfigured   the wrong file, user or rights; a broken database

Spec: docs/design/guarantees.md, "PostgreSQL": 40001, 40P01, 57P01 and lost connections are tried again.
"""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration_objects.errors import HubError, Misconfigured, Refused, Retryable


class DatabaseAway(Retryable):
    """The database doesn't answer, or the link to it was lost before COMMIT: nothing was written."""


class CommitUnknown(DatabaseAway):
    """The link was lost during COMMIT: whether it took effect, only the database knows.

    Neither acknowledge nor send again; the redelivery and the inbox decide.
    """


class DatabaseBusy(Retryable):
    """Somebody else holds what this transaction needs, or a time limit passed: nothing was written."""


class DatabaseFull(Retryable):
    """The database's disk has no room left: nothing was written."""


class ConstraintBroken(Refused):
    """The data breaks a constraint of the tables that no check before it found."""


class TablesMissing(Misconfigured):
    """A table or a column isn't there: the database hasn't been upgraded."""


class DatabaseUnusable(Misconfigured):
    """The database can't be used as the settings have it."""


#: What the reader can do about each.
MENDS: dict[type[HubError], str] = {
    DatabaseAway: "nothing, where it comes back by itself; else start the database, or mend the database URL",
    DatabaseBusy: "nothing; it is tried again",
    DatabaseFull: "make room on the database's disk",
    ConstraintBroken: "correct the message",
    TablesMissing: "run `orderhub db upgrade`",
    DatabaseUnusable: "mend the database, its rights, or the database URL in the settings",
}

#: SQLSTATE or its beginning -> the hub's error.
POSTGRESQL: dict[str, type[HubError]] = {
    "25P03": DatabaseAway,  # idle in transaction for too long: the server has closed the link
    "25P04": DatabaseAway,
    "42P01": TablesMissing,
    "42703": TablesMissing,
    "53100": DatabaseFull,
    "53300": DatabaseAway,
    "55P03": DatabaseBusy,  # lock_timeout
    "57014": DatabaseBusy,  # statement_timeout
    "08": DatabaseAway,
    "22": ConstraintBroken,
    "23": ConstraintBroken,
    "3F": TablesMissing,
    "40": DatabaseBusy,  # serialization failure, deadlock
    "53": DatabaseBusy,
    "55": DatabaseBusy,
    "57": DatabaseAway,  # the server is being stopped or started
    "58": DatabaseAway,  # an error of the server's system
    "": DatabaseUnusable,
}

#: The beginning of SQLite's error name -> the hub's error.
SQLITE: dict[str, type[HubError]] = {
    "SQLITE_BUSY": DatabaseBusy,
    "SQLITE_LOCKED": DatabaseBusy,
    "SQLITE_PROTOCOL": DatabaseBusy,
    "SQLITE_INTERRUPT": DatabaseBusy,
    "SQLITE_NOMEM": DatabaseBusy,
    "SQLITE_FULL": DatabaseFull,
    "SQLITE_IOERR": DatabaseAway,
    "SQLITE_CONSTRAINT": ConstraintBroken,
    "SQLITE_MISMATCH": ConstraintBroken,
    "SQLITE_TOOBIG": ConstraintBroken,
    "": DatabaseUnusable,
}


#: How a server says that it doesn't let this user in, has no such database, or doesn't take the URL's options: waiting
#: helps none of them.
_REFUSES = re.compile(
    r"FATAL: .*(role|database) \".*\" does not exist|authentication failed|no pg_hba.conf entry"
    r"|permission denied for database|no password supplied|is not permitted to log in"
    r"|invalid command-line argument|invalid value for parameter|unrecognized configuration parameter"
)


def hub_fault(error: BaseException, where: str) -> HubError | None:
    """The hub's error for a driver's *error*; None where it is none of the driver's.

    Args:
        error: what was raised in a transaction.
        where: the database, as people know it.
    """
    if isinstance(error, PoolTimeout):
        return _fault(DatabaseBusy, "all connections to the database are in use", where, str(error))
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    return _fault(_kind(error), "the database refused or lost a transaction", where, _first_line(error.orig))


def _kind(error: DBAPIError) -> type[HubError]:
    cause = error.orig
    name = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        if name == "SQLITE_ERROR" and str(cause).startswith(("no such table", "no such column", "table ")):
            return TablesMissing
        return _longest(SQLITE, name)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _longest(POSTGRESQL, state)
    if error.connection_invalidated or type(cause).__module__.startswith("psycopg"):
        # Without a SQLSTATE there is no connection, or none any more; psycopg keeps none for a server's refusal.
        return DatabaseUnusable if _REFUSES.search(str(cause)) else DatabaseAway
    return DatabaseUnusable


def _longest(table: dict[str, type[HubError]], name: str) -> type[HubError]:
    return next(kind for start, kind in table.items() if name.startswith(start))


def _fault(kind: type[HubError], what: str, where: str, why: str) -> HubError:
    return kind(what, where=where, why=why, mend=MENDS[kind])


def _first_line(error: BaseException) -> str:
    """The driver's message without its details, which may hold customers' data."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
