"""SELECT statements that are made once for each table and kept: what differs from call to call is bound.

A list of values is one bound value, so that one statement serves any number of them: on SQLite the text of a JSON
array that `json_each` unfolds, on PostgreSQL an array.

Spec: docs/design/performance.md, rule 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Numeric,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.database.connection.column_types import Exact, JsonText

T = TypeVar("T")

#: The databases that the statements are made for.
DIALECTS = ("sqlite", "postgresql")
#: Values that one statement takes; both databases allow many more, but a statement's time has a limit.
PART = 500
#: Statements that are kept for a table: senders that leave other fields out each time make many.
_MOST_KEPT = 1000


def parts(values: Sequence[T]) -> Sequence[Sequence[T]]:
    """The values in parts that one statement takes."""
    if len(values) <= PART:
        return (values,) if values else ()
    return [values[start : start + PART] for start in range(0, len(values), PART)]


def once(connection: Connection, table: Table, key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """What *make* makes for this table and kind of database, the first time *key* is asked for."""
    kept: dict[tuple[Any, ...], T] = table.info.setdefault("statements", {})
    key = (connection.dialect.name, *key)
    found = kept.get(key)
    if found is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        found = kept[key] = make()
    return found


def plainly(connection: Connection, columns: Sequence[Column[str]]) -> list[ColumnElement[Any]]:
    """The columns as the driver gives them, numbers and JSON as text."""
    text = type_coerce if connection.dialect.name == "sqlite" else cast
    return [
        text(column, Text()).label(column.name) if isinstance(column.type, (Exact, JsonText)) else column
        for column in columns
    ]


def listed(dialect: str, values: Sequence[str]) -> Any:
    """A list of values, as a statement with `is_one_of` binds it."""
    if dialect == "sqlite":
        return json.dumps(values, ensure_ascii=False)
    return list(values)


def is_one_of(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The condition that *column* is one of the list bound as *name*."""
    if dialect == "sqlite":
        unfolded = func.json_each(bindparam(name, type_=Text())).table_valued("value")
        return column.in_(select(unfolded.c.value))
    return column == any_(_array(column, name))


def of_keys(
    connection: Connection, table: Table, columns: Sequence[Column[str]]
) -> tuple[FromClause, Callable[..., Any]]:
    """The rows of *table* with any of several keys of these columns: what to select from, and what binds the keys."""
    if connection.dialect.name == "sqlite":
        wanted = func.json_each(bindparam("keys", type_=Text())).table_valued("value", name="wanted")
        equal = [
            column == type_coerce(func.json_extract(wanted.c.value, f"$[{place}]"), Text())
            for place, column in enumerate(columns)
        ]
        return wanted.join(table, and_(*equal)), _as_json
    names = [f"key{place}" for place in range(len(columns))]
    arrays = [_array(column, name) for column, name in zip(columns, names, strict=True)]
    unfolded = func.unnest(*arrays).table_valued(*names, name="wanted").render_derived()
    equal = [column == unfolded.c[name] for column, name in zip(columns, names, strict=True)]
    return unfolded.join(table, and_(*equal)), _as_arrays


def _as_json(keys: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {"keys": json.dumps(keys, ensure_ascii=False)}


def _as_arrays(keys: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {f"key{place}": list(column) for place, column in enumerate(zip(*keys, strict=True))}


def _array(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    bound: BindParameter[Any] = bindparam(name, type_=ARRAY(Text()))
    return cast(bound, ARRAY(Numeric())) if _is_number(column) else bound


def _is_number(column: ColumnElement[Any]) -> bool:
    return isinstance(column.type, Exact)


def select_rows(connection: Connection, table: Table, layout: Sequence[str]) -> Select[Any]:
    """SELECT of the columns *layout*, without a condition yet."""
    return select(*plainly(connection, [table.c[name] for name in layout]))
