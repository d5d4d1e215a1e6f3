"""Columns that SQLite and PostgreSQL declare differently: their types, their checks, and indexes of some rows only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Dialect, Index, Integer, Numeric, String, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from integration_objects.field_values import write_number

#: Options of a table whose row numbers are never given out twice, not even after the last row was deleted.
ROW_NUMBERS_ONCE: dict[str, Any] = {"sqlite_autoincrement": True}


class Exact(TypeDecorator[str]):
    """A decimal as the text of its digits: `numeric` on PostgreSQL, text on SQLite; never a float.

    Takes text or Decimal; gives text. SQLAlchemy's own Numeric goes through float on SQLite.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return Numeric on PostgreSQL, Text on SQLite."""
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the digits as text, which both databases take exactly."""
        return write_number(value) if isinstance(value, Decimal) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Return the digits as text."""
        return write_number(value) if isinstance(value, Decimal) else value


class JsonText(TypeDecorator[str]):
    """JSON as its text: `json` on PostgreSQL, which keeps the text as it was written, and text on SQLite.

    Measured on PostgreSQL 15, forty lines with three attributes: writing them costs the server 0.125 ms as text,
    0.138 as `json`, 0.188 as `jsonb`. Text would also take what is no JSON; `jsonb` changes what was written.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return JSON on PostgreSQL, Text on SQLite."""
        return dialect.type_descriptor(JSON() if dialect.name == "postgresql" else Text())


def plain_text(length: int | None) -> TypeEngine[str]:
    """Return the type of a text of at most *length* characters, compared and sorted by code point."""
    kind: type[String] = Text if length is None else String
    return kind(length).with_variant(kind(length, collation="C"), "postgresql")


def big_integer() -> TypeEngine[int]:
    """Return the type of a whole number of 64 bits; SQLite numbers the rows of a key that is INTEGER only."""
    return BigInteger().with_variant(Integer(), "sqlite")


def json_check(name: str, column: str) -> CheckConstraint:
    """Return the check that a column holds JSON; PostgreSQL needs none, because the column's type refuses others."""
    return CheckConstraint(f"{column} IS NULL OR json_valid({column})", name=name).ddl_if(dialect="sqlite")


def partial_index(name: str, table: Table, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of those rows only for which *where* is true."""
    # Not with SQLAlchemy's `sqlite_where` and `postgresql_where`: each loads the code of its database.
    return Index(name, *[table.c[column] for column in columns], unique=unique, info={"where": where})


@compiles(CreateIndex)
def _create_index(create: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:
    """Write the condition of a `partial_index` behind the statement, where both databases have it."""
    statement: str = compiler.visit_create_index(create, **options)  # type: ignore[no-untyped-call]  # SQLAlchemy's
    where = create.element.info.get("where")
    return statement if where is None else f"{statement} WHERE {where}"
