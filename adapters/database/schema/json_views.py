"""Views that show JSON columns as tables; each bears the name of its component's table.

    s_order_item.attributes     [{"name":"Colour","text_value":"red"},{"name":"Size","number_value":"5.990"}]

    s_order_item_xa             row_id      order_item_id  name    text_value  number_value  ...  position  root_id  ...
                                01K2.3:0    01K2.3         Colour  red                            0         01K2.2
                                01K2.3:1    01K2.3         Size                5.990              1         01K2.2

The rows of an item are an array in their order, each an object of its columns; a column without a value is left out.
Values are text, also numbers, so that they keep their digits. The root item, and who changed the row and when, are the
item's. A row without an identifier of its own has its item's, with its place.

Spec: docs/design/performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.types import Numeric

from adapters.database.connection.column_types import Exact
from adapters.database.connection.dialect import dialect_of
from integration_objects.definition import EXTENSION_PREFIX

#: When and by whom a row was made and last changed.
AUDIT = ("created", "created_by", "last_upd", "last_upd_by")


@dataclass(frozen=True)
class JsonView:
    """A view that shows a JSON column as a table.

    Attributes:
        table: the view's columns, as a table that is never created.
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
        """Return the view's name: the name of its component's table."""
        return self.table.name

    @property
    def extension_columns(self) -> list[str]:
        """Return the columns that a deployment added; all columns, if the view is the deployment's."""
        own = self.name.startswith(EXTENSION_PREFIX)
        return [name for name in self.fields if own or name.startswith(EXTENSION_PREFIX)]


def views_of(metadata: MetaData) -> dict[str, JsonView]:
    """Return the views that belong to these tables, by name."""
    views: dict[str, JsonView] = metadata.info.setdefault("views", {})
    return views


def renew_views(connection: Connection, views: Iterable[JsonView]) -> None:
    """Create views, or add missing columns to them; columns of a former extension stay."""
    inspector = inspect(connection)
    names = set(inspector.get_view_names())
    for view in views:
        columns = inspector.get_columns(view.name) if view.name in names else []
        kept = {column["name"]: isinstance(column["type"], Numeric) for column in columns}
        dialect_of(connection).replace_view(connection, view.name, _query(connection, view, kept), exists=bool(kept))


def _query(connection: Connection, view: JsonView, kept: Mapping[str, bool]) -> str:
    """Return the SELECT of the view.

    Args:
        connection: says which database's SQL it is.
        view: the view.
        kept: the columns that it has already, in their order, and whether they are numbers: PostgreSQL can only
            add others behind them.
    """
    quote = connection.dialect.identifier_preparer.quote
    of_owner = {name for name in view.table.c.keys() if name not in view.fields}  # noqa: SIM118  # no dict
    fields = {column: kept.get(column, isinstance(view.table.c[column].type, Exact)) for column in view.fields}
    # Also those that no definition names any more: PostgreSQL refuses to replace a view by one with fewer columns.
    fields.update((name, number) for name, number in kept.items() if name not in of_owner)
    rows, columns, place = dialect_of(connection).json_rows(connection, f"item.{quote(view.json_column)}", fields)
    row_id = f"item.row_id || ':' || ({place})"
    columns |= {
        "row_id": f"coalesce({columns['row_id']}, {row_id})" if "row_id" in columns else row_id,
        view.owner_column: "item.row_id",
        "position": place,
        **{name: f"item.{name}" for name in ("root_id", *AUDIT)},
    }
    shown = [f"{columns[name]} AS {quote(name)}" for name in dict.fromkeys((*kept, *view.table.c.keys()))]
    return f"SELECT {', '.join(shown)} FROM {quote(view.owner.name)} AS item{rows}"  # noqa: S608  # names of the definitions
