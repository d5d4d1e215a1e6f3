"""New constraints and defaults in a table of SQLite, whose ALTER TABLE adds columns only.

The usual way, to copy the rows into a new table and drop the old one, isn't open here: it wants foreign keys to be off,
which no transaction can switch, and an upgrade is one transaction. SQLite's documentation has a faster one for
changes that leave the rows as they are: the table's text is written anew ("ALTER TABLE", part 7, "Making Other Kinds
Of Table Schema Changes").
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text


def declare_anew(connection: Connection, table: str, change: Callable[[str], str]) -> None:
    """Replace the CREATE TABLE statement of *table* by what *change* makes of it.

    The rows must keep already what the new statement demands of them: nobody proves it. Columns stay what they are.
    """
    statement = connection.scalar(
        text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"), {"table": table}
    )
    version = connection.scalar(text("PRAGMA schema_version"))
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    try:
        # With literals, since a planned upgrade is printed for people who run it by hand.
        changed = text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :table")
        values = {"sql": change(statement), "table": table}
        connection.exec_driver_sql(
            str(changed.bindparams(**values).compile(connection, compile_kwargs={"literal_binds": True}))
        )
        # Other connections read the tables anew when this number differs.
        connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    finally:
        # This connection reads them anew here, and refuses a statement that it can't read.
        connection.exec_driver_sql("PRAGMA writable_schema=RESET")
