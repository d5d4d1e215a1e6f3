"""What is kept as JSON, shown as a table: the views that bear the names of its components' tables.

    s_order_item.attributes     [{"name":"Colour","text_value":"red"},{"name":"Size","number_value":"5.990"}]

    s_order_item_xa             row_id      order_item_id  name    text_value  number_value  ...  position  root_id  ...
                                01K2.3:0    01K2.3         Colour  red                            0         01K2.2
                                01K2.3:1    01K2.3         Size                5.990              1         01K2.2

The rows of an item are an array in their order, each an object of its columns; a column without a value is left out.
Values are text, also numbers, so that they keep their digits. What the JSON doesn't say is the item's: the root item,
who changed it and when. A row without an identifier of its own has its item's, with its place.

Spec: docs/design/performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.types import Numeric

from adapters.database.connection.column_types import Exact
from integration_objects.definition import EXTENSION_PREFIX

#: When and by whom a row was made and last changed.
AUDIT = ("created", "created_by", "last_upd", "last_upd_by")


@dataclass(frozen=True)
class JsonView:
    """A view that shows a JSON column as a table.

    Attributes:
        table: the view's columns, as a table; it is no table that could be created.
        owner: the table that has the JSON column.
        json_column: the column.
        owner_column: the view's column with the owner's row id.
        fields: the names of the view's columns that the JSON keeps, in the definition's order.
    """

    table: Table
    owner: Table
    json_column: str
    owner_column: str
    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """The view's name: the table's of its component."""
        return self.table.name

    @property
    def extension_columns(self) -> list[str]:
        """The columns that a deployment added, or all where the view is its own."""
        own = self.name.startswith(EXTENSION_PREFIX)
        return [name for name in self.fields if own or name.startswith(EXTENSION_PREFIX)]


def views_of(metadata: MetaData) -> dict[str, JsonView]:
    """The views that belong to these tables, by name."""
    views: dict[str, JsonView] = metadata.info.setdefault("views", {})
    return views


def renew_views(connection: Connection, views: Iterable[JsonView]) -> None:
    """Create views, or add to them what they lack; columns of an extension that is no more stay.

    On PostgreSQL a view is replaced where it stands, so that who was allowed to read it still is.
    """
    found = inspect(connection)
    there = set(found.get_view_names())
    for view in views:
        columns = found.get_columns(view.name) if view.name in there else []
        kept = {column["name"]: isinstance(column["type"], Numeric) for column in columns}
        if kept and connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP VIEW {_quote(connection, view.name)}")
        connection.exec_driver_sql(view_text(connection, view, kept))


def view_text(connection: Connection, view: JsonView, kept: Mapping[str, bool] | None = None) -> str:
    """The statement that creates the view, or on PostgreSQL replaces it.

    Args:
        connection: says which database's SQL it is.
        view: the view.
        kept: the columns that it has already, in their order, and whether they are numbers: PostgreSQL can only
            add others behind them.
    """
    kept = kept or {}
    of_owner = {name for name in view.table.c.keys() if name not in view.fields}  # noqa: SIM118  # no dict
    fields = {column: kept.get(column, isinstance(view.table.c[column].type, Exact)) for column in view.fields}
    fields.update((name, number) for name, number in kept.items() if name not in of_owner)
    sqlite = connection.dialect.name == "sqlite"
    columns = (_sqlite_columns if sqlite else _postgresql_columns)(connection, view, fields)
    shown = [f"{columns[name]} AS {_quote(connection, name)}" for name in dict.fromkeys((*kept, *view.table.c.keys()))]
    source = f"{_quote(connection, view.owner.name)} AS item"
    json = f"item.{_quote(connection, view.json_column)}"
    if sqlite:
        return (
            f"CREATE VIEW {_quote(connection, view.name)} AS SELECT {', '.join(shown)} "  # noqa: S608  # names of the definitions
            f"FROM {source}, json_each({json}) AS one"
        )
    typed = ", ".join(
        f"{_quote(connection, name)} " + ("numeric" if number else 'text COLLATE "C"')
        for name, number in fields.items()
    )
    names = ", ".join(_quote(connection, name) for name in fields)
    return (
        f"CREATE OR REPLACE VIEW {_quote(connection, view.name)} AS SELECT {', '.join(shown)} "  # noqa: S608  # likewise
        f"FROM {source} CROSS JOIN LATERAL ROWS FROM (json_to_recordset({json}) AS ({typed})) "
        f"WITH ORDINALITY AS one ({names}, place)"
    )


def _sqlite_columns(connection: Connection, view: JsonView, fields: Iterable[str]) -> dict[str, str]:
    columns = {name: f"json_extract(one.value, '$.{name}')" for name in fields}
    return _columns(connection, view, columns, "one.key")


def _postgresql_columns(connection: Connection, view: JsonView, fields: Iterable[str]) -> dict[str, str]:
    columns = {name: f"one.{_quote(connection, name)}" for name in fields}
    return _columns(connection, view, columns, "one.place - 1")


def _columns(connection: Connection, view: JsonView, columns: dict[str, str], place: str) -> dict[str, str]:
    """What each column shows; *columns* are those that the JSON keeps."""
    row_id = f"item.row_id || ':' || ({place})"
    return {
        **columns,
        "row_id": f"coalesce({columns['row_id']}, {row_id})" if "row_id" in columns else row_id,
        view.owner_column: "item.row_id",
        "position": place,
        **{name: f"item.{name}" for name in ("root_id", *AUDIT)},
    }


def _quote(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
