"""INSERT ... ON CONFLICT as SQLite and PostgreSQL both know it, made once for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def per_dialect(table: Table, make: Callable[[Any], Any]) -> dict[str, Any]:
    """One statement for each dialect, by its name.

    Args:
        table: to insert into.
        make: gets the dialect's own INSERT, and returns the statement.
    """
    return {name: make(insert(table)) for name, insert in _INSERTS.items()}
