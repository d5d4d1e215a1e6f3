"""The hub's errors for the drivers' errors: one table for each driver, the most specific first.

Spec: docs/design/guarantees.md, "PostgreSQL": 40001, 40P01, 57P01 and lost connections are tried again.
"""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration_objects.errors import HubError, Misconfigured, Refused, Retryable


class DriverFault(HubError):
    """An error that a driver raised; the derived classes say what it means to the hub."""

    what = "the database refused or lost a transaction"
    where = "{database}"
    why = "{cause}"


class DatabaseAway(DriverFault, Retryable):
    """The database doesn't answer, or the link to it was lost before COMMIT: nothing was written."""

    mend = "nothing, where it comes back by itself; else start the database, or mend the database URL"


class CommitUnknown(DatabaseAway):
    """The link was lost during COMMIT: only the database knows whether the transaction took effect.

    Neither acknowledge nor send again; the redelivery and the inbox decide.
    """

    what = "the link to the database was lost during COMMIT"
    mend = "nothing; the message is delivered again, and the inbox knows whether it was worked"


class DatabaseBusy(DriverFault, Retryable):
    """Another transaction holds a lock or a row that this one needs, or a time limit passed: nothing was written."""

    mend = "nothing; it is tried again"


class DatabaseFull(DriverFault, Retryable):
    """The database's disk has no room left: nothing was written."""

    mend = "make room on the database's disk"


class ConstraintBroken(DriverFault, Refused):
    """The data breaks a constraint of the tables that no check before it found."""

    mend = "correct the message"


class TablesMissing(DriverFault, Misconfigured):
    """A table or column is missing: the database hasn't been upgraded."""

    mend = "run `orderhub db upgrade`"


class DatabaseUnusable(DriverFault, Misconfigured):
    """The database can't be used with the settings: a wrong file, user or right."""

    mend = "mend the database, its rights, or the database URL in the settings"


class ConstraintRace(Retryable):
    """Another transaction wrote the same key between this one's check and its write; the next attempt sees it."""

    what = "another transaction wrote what '{name}' was checked against"
    why = "{cause}"
    mend = "nothing; it is tried again"


#: SQLSTATE or its beginning -> the hub's error; the first that fits counts, so that whole codes stand before classes.
POSTGRESQL: dict[str, type[HubError]] = {
    # a read-only transaction: a standby after a failover, or a server that its host has locked because its disk is full
    "25006": DatabaseAway,
    "25P03": DatabaseAway,  # idle in transaction for too long: the server has closed the link
    # transaction_timeout, since PostgreSQL 17
    "25P04": DatabaseAway,
    "42P01": TablesMissing,
    "42703": TablesMissing,
    "53100": DatabaseFull,
    # too many connections: one becomes free when another process ends its transaction
    "53300": DatabaseAway,
    "55P03": DatabaseBusy,  # lock_timeout
    "57014": DatabaseBusy,  # statement_timeout
    "08": DatabaseAway,
    # 22 is a value that its type can't hold, 23 a broken constraint
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
    # the machine's fault, never the message's
    "SQLITE_NOMEM": DatabaseBusy,
    "SQLITE_FULL": DatabaseFull,
    "SQLITE_IOERR": DatabaseAway,
    # with all of its extended names, such as SQLITE_CONSTRAINT_UNIQUE
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
#: The constraints of unique keys and of references, as the drivers name their violation.
_KEYS = frozenset(("23505", "23503", *(f"SQLITE_CONSTRAINT_{kind}" for kind in ("UNIQUE", "PRIMARYKEY", "FOREIGNKEY"))))


def hub_fault(error: BaseException, database: str) -> HubError | None:
    """Return the hub's error for an *error* of the driver of *database*; None for another error."""
    # SQLAlchemy's own error: no driver raised it.
    if isinstance(error, PoolTimeout):
        return DatabaseBusy("all connections to the database are in use", database=database, cause=error)
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    return _kind(error)(database=database, cause=first_line(error.orig))


def race_of(error: IntegrityError, name: str) -> ConstraintRace | None:
    """Return the error for keys that were free when they were checked; None for another constraint.

    A check that ran in this transaction found the keys of *name* free, and a writer's savepoint broke one all the same:
    another transaction came between.
    """
    cause = error.orig
    # The writer alone knows that the keys were free: elsewhere the same code is the message's own fault.
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return ConstraintRace(name=name, cause=first_line(cause)) if code in _KEYS and cause is not None else None


def _kind(error: DBAPIError) -> type[HubError]:
    cause = error.orig
    name = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        # SQLite has one code for all faults of a statement: only its text tells that a table or column is missing.
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


def first_line(error: BaseException) -> str:
    """Return the driver's message without its details, which may hold customers' data."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
