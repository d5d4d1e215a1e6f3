"""The differences between SQLite and PostgreSQL, one class for each database.

No other folder asks which database it works on. Column types that differ are in `column_types`, the drivers' errors in
`driver_faults`.

Spec: docs/design/guarantees.md, "SQLite", "PostgreSQL"; docs/design/performance.md, rules 1 and 3.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    FromClause,
    Integer,
    Numeric,
    Table,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import AddConstraint, CheckConstraint, CreateColumn, ForeignKeyConstraint

from adapters.database.connection.column_types import Exact, JsonText
from adapters.database.connection.engines import postgresql_engine, prove_postgresql_safe, sqlite_engine

# SQLAlchemy's own code of a database is loaded by the class of that database.
if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

T = TypeVar("T")
#: Statements that are kept for a table: senders that leave out other fields each time make many.
_MOST_KEPT = 1000
#: Rows from which on a COPY, which takes one more round trip, is faster than INSERTs.
_LEAST_COPIED = 8
#: The seed of the locks of `try_lock_text`.
_TEXT_LOCKS = 0x6F72646572
#: The seed of the locks of `wait_for_names`.
_NAMES = 0x6E616D6573
# PostgreSQL locks numbers of 64 bits, so that a name is hashed. Two names with one hash would only wait for each other.
_SESSION_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_SESSION_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")
_NAME_LOCKS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(one.name, :seed))"
    " FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS one (name, place)"
).bindparams(seed=_NAMES)
_TRANSACTION_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


def dialect_of(connection: Connection) -> Dialect:
    """Return the dialect of *connection*."""
    return DIALECTS[connection.dialect.name]


def dialect_of_url(url: str) -> Dialect:
    """Return the dialect of a database URL, before anything connects to it."""
    return DIALECTS["sqlite" if url.startswith("sqlite") else "postgresql"]


def once(connection: Connection, table: Table, key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """Return the statement for *key* on *table*; it is made at the first call and kept for this kind of database.

    The statements are kept in the table's `info`: they name the table, and must not outlive it.
    """
    statements: dict[tuple[Any, ...], T] = table.info.setdefault("statements", {})
    key = (connection.dialect.name, *key)
    statement = statements.get(key)
    # Two threads may both make it: the statements are equal, and the later one stays.
    if statement is None:
        if len(statements) >= _MOST_KEPT:
            statements.clear()
        statement = statements[key] = make()
    return statement


@dataclass(frozen=True)
class Unfolded:
    """Rows that a statement gets as bound values: a source to select from, and the values of a row of it, in order.

    Attributes:
        bound: makes the statement's values of a list of rows.
    """

    source: FromClause
    values: Sequence[ColumnElement[Any]]
    bound: Callable[[Sequence[Sequence[str]]], dict[str, Any]]


class Dialect(ABC):
    """A kind of database: the hub's questions about it, and the work that each database does its own way.

    Attributes:
        name: SQLAlchemy's name of the database.
        writers_take_turns: only one transaction writes at a time.
        is_shared: processes on several machines use the database, and its administrator upgrades it.
        has_session_locks: a lock can be held across transactions.
        has_json_type: a column of JSON refuses other texts by its type.
        reader_options: the execution options of a connection that only reads, and sees one state throughout.
    """

    name: ClassVar[str]
    writers_take_turns: ClassVar[bool]
    is_shared: ClassVar[bool]
    has_session_locks: ClassVar[bool]
    has_json_type: ClassVar[bool]
    reader_options: ClassVar[Mapping[str, Any]]

    @abstractmethod
    def open_engine(self, url: URL) -> Engine:
        """Return the engine for *url*."""

    @abstractmethod
    def prove_safe(self, connection: Connection, database: str, may_lose: bool) -> None:
        """Refuse a *database* that may lose what it has committed, unless *may_lose* allows it."""

    def try_session_lock(self, connection: Connection, name: str) -> bool:
        """Lock *name* until it is unlocked or the connection ends; return False where another session has it."""
        raise NotImplementedError(f"{self.name} has no session locks")

    def unlock_session(self, connection: Connection, name: str) -> None:
        """Give the lock of a session back."""
        raise NotImplementedError(f"{self.name} has no session locks")

    @abstractmethod
    def insert(self, table: Table) -> SqliteInsert | PostgresqlInsert:
        """Return an INSERT that can say what is done on a conflict."""

    @abstractmethod
    def try_lock(self, connection: Connection, name: str) -> bool:
        """Lock *name* until the transaction ends; return False where another transaction has it."""

    @abstractmethod
    def wait_for_lock(self, connection: Connection, number: int) -> None:
        """Lock *number* until the transaction ends; wait for the transaction that has it."""

    @abstractmethod
    def wait_for_names(self, connection: Connection, names: Sequence[str]) -> None:
        """Lock names, in their order, until the transaction ends; wait for the transactions that have them."""

    @abstractmethod
    def lock_rows(self, connection: Connection, statement: Executable, values: Mapping[str, Any]) -> None:
        """Lock the rows of *statement*, a SELECT ... FOR UPDATE, until the transaction ends."""

    @abstractmethod
    def prepare_upgrade(self, connection: Connection, number: int) -> None:
        """Wait for another upgrade, which locks the same *number*, and lift the limits of time."""

    @abstractmethod
    def as_text(self, column: Column[Any]) -> ColumnElement[str]:
        """Return the text of a column of numbers or of JSON."""

    @abstractmethod
    def is_one_of(self, column: str, texts: str, is_number: bool) -> str:
        """Return the SQL of the condition that *column* is among the bound list *texts*."""

    @abstractmethod
    def try_lock_text(self, locked: str) -> str:
        """Return the SQL of the condition that locks a text, as `try_lock` does."""

    @abstractmethod
    def bound_list(self, texts: Iterable[str]) -> Any:
        """Return a list of texts as the driver binds it."""

    @abstractmethod
    def equals_number(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return the condition that a number equals the value bound as *name*, however both are written."""

    @abstractmethod
    def is_one_of_numbers(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return the condition that a number equals one of the list bound as *name*, however both are written."""

    @abstractmethod
    def unfold(self, columns: Sequence[Column[str]]) -> Unfolded:
        """Make a source of rows of one bound list of rows, each with a value for each of *columns*."""

    @abstractmethod
    def json_rows(
        self, connection: Connection, column: str, fields: Mapping[str, bool]
    ) -> tuple[str, dict[str, str], str]:
        """Unfold a JSON column into rows.

        Args:
            connection: says how names are quoted.
            column: the SQL of the column, an array of objects.
            fields: the objects' members, each with whether it is a number.

        Returns:
            The SQL of the source of rows, to stand behind the owner's table; of each field; and of a row's place.
        """

    @abstractmethod
    def replace_view(self, connection: Connection, name: str, query: str, exists: bool) -> None:
        """Create the view, or replace the one that *exists*."""

    @abstractmethod
    def add_column(
        self,
        connection: Connection,
        column: Column[Any],
        constraints: Sequence[CheckConstraint | ForeignKeyConstraint],
    ) -> None:
        """Add a column with its constraints to its table."""

    def insert_rows(
        self, connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert *rows*, values of *columns*, in this order; other columns are left to the database."""
        # Past SQLAlchemy's compiler and its binding of types, which cost time on every row (performance, rule 3).
        statement = once(connection, table, ("insert", columns), lambda: _insert_text(connection, table, columns))
        connection.exec_driver_sql(statement, rows if len(rows) > 1 else rows[0])

    def update_rows(
        self, connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Update rows: each of *rows* holds the values of *columns*, then the row id."""
        statement = once(connection, table, ("update", columns), lambda: _update_text(connection, table, columns))
        connection.exec_driver_sql(statement, rows if len(rows) > 1 else rows[0])


class Sqlite(Dialect):
    """SQLite: the transaction that writes is alone, so that every lock is free; a list is the text of a JSON array."""

    name = "sqlite"
    writers_take_turns = True
    is_shared = False
    has_session_locks = False
    has_json_type = False
    # Read by `engines`, where a transaction begins.
    reader_options = MappingProxyType({"access": "read"})

    def open_engine(self, url: URL) -> Engine:
        """Return the engine for a file."""
        return sqlite_engine(url)

    def prove_safe(self, connection: Connection, database: str, may_lose: bool) -> None:
        """Do nothing: the engine sets what makes SQLite's commits safe."""

    def insert(self, table: Table) -> SqliteInsert:
        """Return SQLite's INSERT."""
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Return True: no other transaction writes."""
        return True

    def wait_for_lock(self, connection: Connection, number: int) -> None:
        """Do nothing: no other transaction writes."""

    def wait_for_names(self, connection: Connection, names: Sequence[str]) -> None:
        """Do nothing: no other transaction writes."""

    def lock_rows(self, connection: Connection, statement: Executable, values: Mapping[str, Any]) -> None:
        """Do nothing: no other transaction writes."""

    def prepare_upgrade(self, connection: Connection, number: int) -> None:
        """Do nothing: no other transaction writes."""

    def as_text(self, column: Column[Any]) -> ColumnElement[str]:
        """Return the column: it holds text."""
        return type_coerce(column, Text())

    def is_one_of(self, column: str, texts: str, is_number: bool) -> str:
        """Unfold the JSON array; the statement stays the same for any number of texts."""
        return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608  # names and placeholders

    def try_lock_text(self, locked: str) -> str:
        """Return true: no other transaction writes."""
        return "1"

    def bound_list(self, texts: Iterable[str]) -> Any:
        """Return the text of a JSON array."""
        return json.dumps(list(texts), ensure_ascii=False)

    def equals_number(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Compare without trailing zeros: numbers are texts, and 1.50 equals 1.5."""
        return _without_zeros(column) == _without_zeros(bindparam(name, type_=Text()))

    def is_one_of_numbers(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Compare without trailing zeros, as `equals_number`."""
        unfolded = func.json_each(bindparam(name, type_=Text())).table_valued("value")
        return _without_zeros(column).in_(select(_without_zeros(unfolded.c.value)))

    def unfold(self, columns: Sequence[Column[str]]) -> Unfolded:
        """Unfold a JSON array of the rows, each an array of its values."""
        source = func.json_each(bindparam("rows", type_=Text())).table_valued("value", name="wanted")
        values = [
            type_coerce(func.json_extract(source.c.value, f"$[{place}]"), Text()) for place in range(len(columns))
        ]
        return Unfolded(source, values, lambda rows: {"rows": json.dumps(rows, ensure_ascii=False)})

    def json_rows(
        self, connection: Connection, column: str, fields: Mapping[str, bool]
    ) -> tuple[str, dict[str, str], str]:
        """Unfold with `json_each`."""
        return (
            f", json_each({column}) AS one",
            {name: f"json_extract(one.value, '$.{name}')" for name in fields},
            "one.key",
        )

    def replace_view(self, connection: Connection, name: str, query: str, exists: bool) -> None:
        """Drop the view and create it."""
        quoted = connection.dialect.identifier_preparer.quote(name)
        if exists:
            connection.exec_driver_sql(f"DROP VIEW {quoted}")
        connection.exec_driver_sql(f"CREATE VIEW {quoted} AS {query}")

    def add_column(
        self,
        connection: Connection,
        column: Column[Any],
        constraints: Sequence[CheckConstraint | ForeignKeyConstraint],
    ) -> None:
        """Add the column with its constraints in one statement: SQLite takes no constraint later."""
        inline = "".join(f" {_inline(connection, constraint)}" for constraint in constraints)
        connection.exec_driver_sql(_add_column_text(connection, column) + inline)


class Postgresql(Dialect):
    """PostgreSQL: rows, keys and sessions are locked; a list is an array; a block of rows is one COPY."""

    name = "postgresql"
    writers_take_turns = False
    is_shared = True
    has_session_locks = True
    has_json_type = True
    # With PostgreSQL's default each statement of a reader would see another state.
    reader_options = MappingProxyType({"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})

    def open_engine(self, url: URL) -> Engine:
        """Return the engine for a server."""
        return postgresql_engine(url)

    def prove_safe(self, connection: Connection, database: str, may_lose: bool) -> None:
        """Ask the server for its settings, and refuse those that can lose a commit."""
        prove_postgresql_safe(connection, database, may_lose)

    def insert(self, table: Table) -> PostgresqlInsert:
        """Return PostgreSQL's INSERT."""
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)

    def try_session_lock(self, connection: Connection, name: str) -> bool:
        """Take an advisory lock of the session."""
        return bool(connection.scalar(_SESSION_LOCK, {"name": name}))

    def unlock_session(self, connection: Connection, name: str) -> None:
        """Give the advisory lock back."""
        connection.execute(_SESSION_UNLOCK, {"name": name})

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take an advisory lock; the transaction's end gives it back."""
        return bool(connection.scalar(_TRANSACTION_LOCK, {"name": name}))

    def wait_for_lock(self, connection: Connection, number: int) -> None:
        """Take an advisory lock; the transaction's end gives it back."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")

    def wait_for_names(self, connection: Connection, names: Sequence[str]) -> None:
        """Take an advisory lock for each name; the transaction's end gives them back."""
        connection.execute(_NAME_LOCKS, {"names": list(names)}).all()

    def lock_rows(self, connection: Connection, statement: Executable, values: Mapping[str, Any]) -> None:
        """Execute the statement."""
        connection.execute(statement, values).all()

    def prepare_upgrade(self, connection: Connection, number: int) -> None:
        """Wait without a limit: the migration of a large table takes its time."""
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        self.wait_for_lock(connection, number)

    def as_text(self, column: Column[Any]) -> ColumnElement[str]:
        """Cast on the server: the driver would make a number or an object of the value."""
        return cast(column, Text())

    def is_one_of(self, column: str, texts: str, is_number: bool) -> str:
        """Compare with any of the array."""
        return f"{column} = ANY (CAST({texts} AS NUMERIC[]))" if is_number else f"{column} = ANY ({texts})"

    def try_lock_text(self, locked: str) -> str:
        """Take an advisory lock; `_TEXT_LOCKS` keeps it apart from the locks of `try_lock`."""
        return f"pg_try_advisory_xact_lock(hashtextextended({locked}, {_TEXT_LOCKS}))"

    def bound_list(self, texts: Iterable[str]) -> Any:
        """Return a list, which psycopg binds as an array."""
        return list(texts)

    def equals_number(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Compare as they are: numeric columns compare numbers."""
        return column == bindparam(name, type_=column.type)

    def is_one_of_numbers(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Compare as they are: numeric columns compare numbers."""
        return column == any_(_array(column, name))

    def unfold(self, columns: Sequence[Column[str]]) -> Unfolded:
        """Unfold one array for each column."""
        names = [f"rows{place}" for place in range(len(columns))]
        arrays = [_array(column, name) for column, name in zip(columns, names, strict=True)]
        source = func.unnest(*arrays).table_valued(*names, name="wanted").render_derived()

        def bound(rows: Sequence[Sequence[str]]) -> dict[str, Any]:
            return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))

        return Unfolded(source, [source.c[name] for name in names], bound)

    def json_rows(
        self, connection: Connection, column: str, fields: Mapping[str, bool]
    ) -> tuple[str, dict[str, str], str]:
        """Unfold with `json_to_recordset`, which gives each member its type."""
        names = {name: connection.dialect.identifier_preparer.quote(name) for name in fields}
        # Collation C, as in the tables: views sort by code point, too.
        typed = ", ".join(
            f"{names[name]} " + ("numeric" if is_number else 'text COLLATE "C"') for name, is_number in fields.items()
        )
        source = (
            f" CROSS JOIN LATERAL ROWS FROM (json_to_recordset({column}) AS ({typed}))"
            # ORDINALITY counts from 1, SQLite's json_each from 0: the views must show one place on both.
            f" WITH ORDINALITY AS one ({', '.join(names.values())}, place)"
        )
        return source, {name: f"one.{quoted}" for name, quoted in names.items()}, "one.place - 1"

    def replace_view(self, connection: Connection, name: str, query: str, exists: bool) -> None:
        """Replace the view where it stands, so that users who may read it still may."""
        quoted = connection.dialect.identifier_preparer.quote(name)
        connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {quoted} AS {query}")

    def add_column(
        self,
        connection: Connection,
        column: Column[Any],
        constraints: Sequence[CheckConstraint | ForeignKeyConstraint],
    ) -> None:
        """Add the column, then its constraints."""
        connection.exec_driver_sql(_add_column_text(connection, column))
        for constraint in constraints:
            connection.execute(AddConstraint(constraint, isolate_from_table=False))

    def insert_rows(
        self, connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert a block of rows with one COPY."""
        if len(rows) < _LEAST_COPIED:
            super().insert_rows(connection, table, columns, rows)
            return
        _copy(
            connection, once(connection, table, ("copy", columns), lambda: _copy_text(connection, table, columns)), rows
        )

    def update_rows(
        self, connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Update several rows from arrays, with one statement."""
        if len(rows) == 1:
            super().update_rows(connection, table, columns, rows)
            return
        statement = once(
            connection, table, ("update many", columns), lambda: _update_many_text(connection, table, columns)
        )
        connection.exec_driver_sql(statement, tuple([list(column) for column in zip(*rows, strict=True)]))


DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (Sqlite(), Postgresql())}


def _without_zeros(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number's text without its trailing zeros."""
    # Only with a point: the zeros of 100 are digits that count.
    return case((func.instr(number, ".") > 0, func.rtrim(func.rtrim(number, "0"), ".")), else_=number)


def _array(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    bound: BindParameter[Any] = bindparam(name, type_=ARRAY(Text()))
    # Bound as texts: the digits reach the server as they are, and it makes exact numbers of them.
    return cast(bound, ARRAY(Numeric())) if isinstance(column.type, Exact) else bound


def _insert_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote, mark = connection.dialect.identifier_preparer.quote, _mark(connection)
    names = ", ".join(quote(column) for column in columns)
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608  # names of the definitions, not values


def _update_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote, mark = connection.dialect.identifier_preparer.quote, _mark(connection)
    changes = ", ".join(f"{quote(column)} = {mark}" for column in columns)
    return f"UPDATE {quote(table.name)} SET {changes} WHERE row_id = {mark}"  # noqa: S608  # likewise


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def _copy_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"COPY {quote(table.name)} ({', '.join(quote(column) for column in columns)}) FROM STDIN"


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        # The driver's own cursor: SQLAlchemy has no COPY. It runs in SQLAlchemy's transaction all the same.
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        # COPY goes past SQLAlchemy. Its errors are wrapped as SQLAlchemy wraps them, so that one border knows all.
        raise DBAPIError.instance(
            statement, None, error, driver.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _update_many_text(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer.quote
    changes = ", ".join(f"{quote(column)} = new.{quote(column)}" for column in columns)
    # psycopg binds a list of texts as text[], and PostgreSQL assigns no text to a numeric column: each array is cast.
    arrays = ", ".join(f"%s::{_array_type(table, column)}" for column in (*columns, "row_id"))
    names = ", ".join(quote(column) for column in (*columns, "row_id"))
    return (
        f"UPDATE {quote(table.name)} AS old SET {changes} FROM unnest({arrays}) AS new({names}) "  # noqa: S608  # likewise
        "WHERE old.row_id = new.row_id"
    )


def _array_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    # Before Integer, which it derives from.
    if isinstance(kind, BigInteger):
        return "bigint[]"
    if isinstance(kind, Integer):
        return "integer[]"
    if isinstance(kind, JsonText):
        return "json[]"
    return "numeric[]" if isinstance(kind, Exact) else "text[]"


def _add_column_text(connection: Connection, column: Column[Any]) -> str:
    declaration = CreateColumn(column).compile(dialect=connection.dialect)
    return f"ALTER TABLE {connection.dialect.identifier_preparer.quote(column.table.name)} ADD COLUMN {declaration}"


def _inline(connection: Connection, constraint: CheckConstraint | ForeignKeyConstraint) -> str:
    if isinstance(constraint, CheckConstraint):
        return f"CONSTRAINT {constraint.name} CHECK ({constraint.sqltext})"
    (element,) = constraint.elements
    quote = connection.dialect.identifier_preparer.quote
    target = element.column
    return f"CONSTRAINT {constraint.name} REFERENCES {quote(target.table.name)} ({quote(target.name)})"
