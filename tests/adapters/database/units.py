"""Units of work on a database of the tests'."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from adapters.database.connection.database import Database, repeated

T = TypeVar("T")


def repeated_on(database: Database, work: Callable[[Connection], T]) -> T:
    """Do *work* in a transaction that writes, as often as `repeated` does."""

    def unit() -> T:
        with database.write() as connection:
            return work(connection)

    return repeated(unit)
