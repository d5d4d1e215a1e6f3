"""INSERT and UPDATE of many rows at once, as the driver takes them.

The statements' text is made once for each table; values go to the driver as they are, numbers as text of their
digits, which both databases read exactly. On PostgreSQL a block of rows is one COPY, in the same transaction, and
several rows are updated from arrays.

Spec: docs/design/performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Table
from sqlalchemy.exc import DBAPIError

from adapters.database.connection.column_types import Exact, JsonText
from adapters.database.connection.row_lookup import once

#: Rows from which on a COPY, which takes one more round trip, is faster than INSERTs.
_LEAST_COPIED = 8


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert *rows*, values of *columns*, in this order; other columns are left to the database."""
    if not rows:
        return
    if len(rows) >= _LEAST_COPIED and connection.dialect.name == "postgresql":
        _copy(
            connection, once(connection, table, ("copy", columns), lambda: _copy_text(connection, table, columns)), rows
        )
        return
    statement = once(connection, table, ("insert", columns), lambda: _insert_text(connection, table, columns))
    connection.exec_driver_sql(statement, rows if len(rows) > 1 else rows[0])


def update_rows(connection: Connection, table: Table, updates: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Update rows by their row id, each with its own changes; those of the same columns go together."""
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row_id, changes in updates:
        groups.setdefault(tuple(changes), []).append((*changes.values(), row_id))
    for columns, values in groups.items():
        _update(connection, table, columns, values)


def _update(connection: Connection, table: Table, columns: tuple[str, ...], values: list[tuple[Any, ...]]) -> None:
    if len(values) > 1 and connection.dialect.name == "postgresql":
        statement = once(
            connection, table, ("update many", columns), lambda: _update_many_text(connection, table, columns)
        )
        connection.exec_driver_sql(statement, tuple([list(column) for column in zip(*values, strict=True)]))
        return
    statement = once(connection, table, ("update", columns), lambda: _update_text(connection, table, columns))
    connection.exec_driver_sql(statement, values if len(values) > 1 else values[0])


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        # Wrapped as SQLAlchemy wraps what passes through it, so that one border knows all of the driver's errors.
        raise DBAPIError.instance(
            statement, None, error, driver.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _copy_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"COPY {quote(table.name)} ({', '.join(quote(column) for column in columns)}) FROM STDIN"


def _insert_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote, mark = connection.dialect.identifier_preparer.quote, _mark(connection)
    names = ", ".join(quote(column) for column in columns)
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608  # names of the definitions, not values


def _update_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote, mark = connection.dialect.identifier_preparer.quote, _mark(connection)
    changes = ", ".join(f"{quote(column)} = {mark}" for column in columns)
    return f"UPDATE {quote(table.name)} SET {changes} WHERE row_id = {mark}"  # noqa: S608  # likewise


def _update_many_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    changes = ", ".join(f"{quote(column)} = new.{quote(column)}" for column in columns)
    arrays = ", ".join(f"%s::{_array_type(table, column)}" for column in (*columns, "row_id"))
    names = ", ".join(quote(column) for column in (*columns, "row_id"))
    return (
        f"UPDATE {quote(table.name)} AS old SET {changes} FROM unnest({arrays}) AS new({names}) "  # noqa: S608  # likewise
        "WHERE old.row_id = new.row_id"
    )


def _array_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    if isinstance(kind, BigInteger):
        return "bigint[]"
    if isinstance(kind, Integer):
        return "integer[]"
    if isinstance(kind, JsonText):
        return "json[]"
    return "numeric[]" if isinstance(kind, Exact) else "text[]"


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"
