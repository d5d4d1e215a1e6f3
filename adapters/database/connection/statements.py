"""Statements for both databases: made once and kept; the values that differ from call to call are bound.

A list of texts is one bound value, whatever its length (`is_one_of`), so that one statement serves all lists. Values go
to the driver as they are, numbers as the text of their digits, which both databases read exactly.

Spec: docs/design/performance.md, rules 1 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy import Dialect as SqlDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from adapters.database.connection.column_types import Exact, JsonText
from adapters.database.connection.dialect import DIALECTS, Dialect, dialect_of, once
from integration_objects.service_number import SIGNS

T = TypeVar("T")
#: Statements that a function keeps (`lru_cache`): senders that leave out other fields each time make many.
MOST_STATEMENTS = 1000
#: Values that one statement takes; both databases allow many more, but a statement's time has a limit.
PART = 500


def parts(values: Sequence[T]) -> Sequence[Sequence[T]]:
    """Cut *values* into parts that one statement takes."""
    if len(values) <= PART:
        return (values,) if values else ()
    return [values[start : start + PART] for start in range(0, len(values), PART)]


class _TextList(TypeDecorator[Sequence[str]]):
    """A bound list of texts, as each database takes it."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: SqlDialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: SqlDialect) -> Any:
        return DIALECTS[dialect.name].bound_list(value)


class _Condition(FunctionElement[bool]):
    """A condition whose SQL is the dialect's."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> Any:
        # SQLAlchemy would compare a function's result with 1 on SQLite, and no index would be used.
        return self


class _IsOneOf(_Condition):
    """The condition of `is_one_of`."""

    inherit_cache = True


@compiles(_IsOneOf)
def _is_one_of_text(element: _IsOneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = element.clauses
    return DIALECTS[compiler.dialect.name].is_one_of(
        compiler.process(column, **options), compiler.process(texts, **options), isinstance(column.type, Exact)
    )


def is_one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that *column* is among the list of texts that is bound as *name*."""
    bound: BindParameter[Any] = bindparam(name, type_=_TextList())
    return _IsOneOf(column, bound)


def plain_number(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a number as `integration_objects.service_number.plain_number` does, in SQL that both databases know.

    The signs stand in the SQL, not in bound values: an index on this expression is found by its text.
    """
    plain: ColumnElement[str] = column
    for sign in SIGNS:
        plain = func.replace(plain, text(f"'{sign}'"), text("''"))
    return func.lower(plain, type_=Text())


def plain_name(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a name as `integration_objects.service_number.plain_name` does."""
    return func.lower(column, type_=Text())


class _TryLockText(_Condition):
    """The condition of `try_lock_text`."""

    inherit_cache = True


@compiles(_TryLockText)
def _try_lock_text_text(element: _TryLockText, compiler: SQLCompiler, **options: Any) -> str:
    (locked,) = element.clauses
    return DIALECTS[compiler.dialect.name].try_lock_text(compiler.process(locked, **options))


def try_lock_text(text: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that locks *text* until the transaction ends; false where another transaction has it."""
    return _TryLockText(text)


class InsertOrElse:
    """An INSERT that says what is done on a conflict; made once for each database, which has a construct of its own."""

    def __init__(self, table: Table, make: Callable[[Any], Executable]) -> None:
        self._table = table
        self._make = make

    def on(self, connection: Connection) -> Executable:
        """Return the statement for the database of *connection*."""
        table = self._table
        return once(connection, table, (self,), lambda: self._make(dialect_of(connection).insert(table)))


def upsert(
    table: Table,
    keys: Iterable[str],
    change: Callable[[Any], Mapping[str, Any]],
    where: Callable[[Any], ColumnElement[bool]] | None = None,
    returning: Sequence[Column[Any]] = (),
) -> InsertOrElse:
    """Return an INSERT that changes the row with the same *keys* instead, where there is one.

    Args:
        table: the table.
        keys: the columns of a unique key.
        change: is called with the rejected row's columns (`excluded`); returns the new values of the existing row.
        where: is called with the same columns; returns the condition under which the existing row is changed.
        returning: the columns that the statement returns.
    """

    def make(insert: Any) -> Executable:
        new = insert.excluded
        condition = None if where is None else where(new)
        statement = insert.on_conflict_do_update(index_elements=list(keys), set_=dict(change(new)), where=condition)
        return _returning(statement, returning)

    return InsertOrElse(table, make)


def insert_or_nothing(table: Table, keys: Iterable[str], returning: Sequence[Column[Any]]) -> InsertOrElse:
    """Return an INSERT that does nothing where a row has the same *keys*, and returns columns of the new rows."""
    return InsertOrElse(
        table, lambda insert: _returning(insert.on_conflict_do_nothing(index_elements=list(keys)), returning)
    )


def _returning(statement: Any, columns: Sequence[Column[Any]]) -> Executable:
    returned: Executable = statement.returning(*columns) if columns else statement
    return returned


def rows_with_keys(
    dialect: Dialect, table: Table, columns: Sequence[Column[str]]
) -> tuple[FromClause, Callable[[Sequence[Sequence[str]]], dict[str, Any]]]:
    """Find the rows of *table* by several keys of *columns*.

    Returns:
        The source to select from, and the function that makes the statement's values of a list of keys.
    """
    keys = dialect.unfold(columns)
    equal = [column == value for column, value in zip(columns, keys.values, strict=True)]
    return keys.source.join(table, and_(*equal)), keys.bound


def select_rows(dialect: Dialect, table: Table, names: Sequence[str]) -> Select[Any]:
    """Return the SELECT of the columns *names*, numbers and JSON as text, without a condition yet."""
    return select(*[_plain(dialect, table.c[name]) for name in names])


def _plain(dialect: Dialect, column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, (Exact, JsonText)):
        return dialect.as_text(column).label(column.name)
    return column


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert *rows*, values of *columns*, in this order; other columns are left to the database."""
    if rows:
        dialect_of(connection).insert_rows(connection, table, columns, rows)


def update_rows(connection: Connection, table: Table, updates: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Update rows by their row id, each with its own changes; changes of the same columns go together."""
    # One statement for all rows that change the same columns, in the order in which the rows came.
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row_id, changes in updates:
        groups.setdefault(tuple(changes), []).append((*changes.values(), row_id))
    for columns, rows in groups.items():
        dialect_of(connection).update_rows(connection, table, columns, rows)
