"""INSERT and UPDATE of many rows at once, as the driver takes them.

The statements' text is made once for each table; values go to the driver as they are, numbers as text of their
digits, which both databases read exactly.

Spec: performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert *rows*, column to value, in this order; a column that a row doesn't have is null."""
    if not rows:
        return
    # A column that none of the rows has is left to the database.
    used = set().union(*rows)
    columns = [column.name for column in table.columns if column.name in used]
    statement = _once(connection, table, ("insert", *columns), lambda: _insert(connection, table, columns))
    connection.exec_driver_sql(statement, [tuple([row.get(column) for column in columns]) for row in rows])


def update_rows(connection: Connection, table: Table, updates: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Update rows by their row id, each with its own changes; those of the same columns go together."""
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row_id, changes in updates:
        groups.setdefault(tuple(changes), []).append((*changes.values(), row_id))
    for columns, values in groups.items():
        statement = _once(
            connection, table, ("update", *columns), lambda names=columns: _update(connection, table, names)
        )
        connection.exec_driver_sql(statement, values)


def _once(connection: Connection, table: Table, key: tuple[str, ...], make: Any) -> str:
    kept: dict[tuple[str, ...], str] = table.info.setdefault("statements", {})
    key = (connection.dialect.name, *key)
    if key not in kept:
        kept[key] = make()
    return kept[key]


def _insert(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote, mark = connection.dialect.identifier_preparer.quote, _mark(connection)
    names = ", ".join(quote(column) for column in columns)
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608  # names of the definitions, not values


def _update(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote, mark = connection.dialect.identifier_preparer.quote, _mark(connection)
    changes = ", ".join(f"{quote(column)} = {mark}" for column in columns)
    return f"UPDATE {quote(table.name)} SET {changes} WHERE row_id = {mark}"  # noqa: S608  # likewise


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"
