"""Columns that want a value which no field gives: a deployment declared that a field has one, and has taken it back.

The upgrade drops nothing, so the column stays NOT NULL. Each row that is stored would break that constraint, and the
sender of the message could do nothing about it. The hub says so before it works a message.

Spec: docs/design/road.md, "Storage".
"""

from __future__ import annotations

from sqlalchemy import Table, inspect

from adapters.database.connection.database import Database
from adapters.database.schema.tables import extension_tables
from integration_objects.definition import EXTENSION_PREFIX, Definitions
from integration_objects.errors import Misconfigured


class FieldTakenBack(Misconfigured):
    """A field that always had a value, required or by default, is no longer declared, or may be null now."""

    what = "the column '{table}.{column}' wants a value, and no field of the declarations always has one"
    where = "{database}"
    why = "its field was declared with 'required' or 'default' when the column was made; now it is {now}"
    mend = "declare the field as it was, or run on the database: {statement}"


class FieldTakenBackOnSqlite(FieldTakenBack):
    """As `FieldTakenBack`, on a database that can't take NOT NULL off a column."""

    mend = "declare the field as it was, or give the component another table name and load its rows again"


def refuse_fields_taken_back(database: Database, definitions: Definitions) -> None:
    """Refuse the database if a column of a deployment's own table wants a value that no field gives.

    Raises:
        FieldTakenBack: names the first such column.
    """
    extended = extension_tables(definitions).tables
    tables = {name: table for name, table in extended.items() if _is_extended(table)}
    if not tables:
        return
    with database.read() as connection:
        stored = inspect(connection).get_multi_columns(filter_names=list(tables))
    kind = FieldTakenBack if database.dialect.is_shared else FieldTakenBackOnSqlite
    for (_, name), columns in stored.items():
        for column in columns:
            declared = tables[name].columns.get(column["name"])
            # A default serves rows without the column, and none that sets it to null.
            is_served = column["default"] is not None if declared is None else not declared.nullable
            if not column["nullable"] and not is_served:
                raise kind(
                    table=name,
                    column=column["name"],
                    database=database.shown_url,
                    now="not declared" if declared is None else "declared without",
                    statement=f"ALTER TABLE {name} ALTER COLUMN {column['name']} DROP NOT NULL",
                )


def _is_extended(table: Table) -> bool:
    return any(name.startswith(EXTENSION_PREFIX) for name in (table.name, *table.columns.keys()))
