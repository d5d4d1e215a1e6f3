"""Attributes are kept as JSON of their items, and views show them as the tables that they were.

The rows of an item are an array in their order, each an object of its columns without those that are null; all values
are text. An item was last changed when it or one of its attributes was. Columns that a deployment added go with them,
and who could read a table can read its view.

Revision: 0002
Revises: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# Table of attributes, table of their items, the column with an attribute's item.
_TABLES = (
    ("s_asset_xa", "s_asset", "asset_id"),
    ("s_quote_item_xa", "s_quote_item", "quote_item_id"),
    ("s_order_item_xa", "s_order_item", "order_item_id"),
    ("s_work_order_item_xa", "s_work_order_item", "work_order_item_id"),
)
# What the JSON keeps, and whether it is a number.
_FIELDS = {"name": False, "action_cd": False, "text_value": False, "number_value": True, "date_value": False}
_AUDIT = {"created": 32, "created_by": 255, "last_upd": 32, "last_upd_by": 255}


def upgrade() -> None:
    """Move the rows of each table into its items, and put a view in its place."""
    for table, items, owner in _TABLES:
        added = _added(table)
        if _is_sqlite():
            check = f"CONSTRAINT ck_{items}_attributes CHECK (attributes IS NULL OR json_valid(attributes))"
            _run(f"ALTER TABLE {items} ADD COLUMN attributes TEXT {check}")
        else:
            _run(f"ALTER TABLE {items} ADD COLUMN attributes JSON")
        _run(_gather(table, items, owner, {**_FIELDS, **added}))
        _run(
            f"UPDATE {items} SET (last_upd, last_upd_by) = (SELECT xa.last_upd, xa.last_upd_by FROM {table} AS xa "
            f"WHERE xa.{owner} = {items}.row_id ORDER BY xa.last_upd DESC LIMIT 1) WHERE EXISTS "
            f"(SELECT 1 FROM {table} AS xa WHERE xa.{owner} = {items}.row_id AND xa.last_upd > {items}.last_upd)"
        )
        readers = [(role, right) for role, right in _rights(table) if right == "SELECT"]
        _run(f"DROP TABLE {table}")
        _run(_view(table, items, owner, added))
        _grant(table, readers)


def downgrade() -> None:
    """Put the tables back, with the rows that the views show."""
    for table, items, owner in reversed(_TABLES):
        added = _added(table)
        made = f"{table}_made"
        op.create_table(
            made,
            _text("row_id", 64, nullable=False),
            _text(owner, 64, nullable=False),
            _text("name", 255, nullable=False),
            _text("action_cd", 30),
            _text("text_value", 4000),
            _number("number_value"),
            _text("date_value", 32),
            sa.Column("position", sa.BigInteger(), nullable=False),
            _text("root_id", 64, nullable=False),
            *[_text(name, length, nullable=False) for name, length in _AUDIT.items()],
            *[_number(name) if number else _text(name, None) for name, number in added.items()],
            sa.PrimaryKeyConstraint("row_id", name=f"pk_{table}"),
            sa.UniqueConstraint(owner, "name", name=f"uq_{table}_name"),
            sa.ForeignKeyConstraint([owner], [f"{items}.row_id"], name=f"fk_{table}_{owner}"),
            *[
                sa.CheckConstraint(f"length({name}) <= {length}", name=f"ck_{table}_{name}_length")
                for name, length in {"name": 255, "action_cd": 30, "text_value": 4000, "date_value": 32}.items()
            ],
        )
        names = ", ".join((owner, *_FIELDS, "position", "root_id", *_AUDIT, *added))
        long = "lower(hex(randomblob(16)))" if _is_sqlite() else "md5(row_id)"
        row_id = f"CASE WHEN length(row_id) <= 64 THEN row_id ELSE {long} END"
        _run(f"INSERT INTO {made} (row_id, {names}) SELECT {row_id}, {names} FROM {table}")
        _run(f"DROP VIEW {table}")
        _run(f"ALTER TABLE {made} RENAME TO {table}")
        _grant(table, _rights(items))
        _run(f"ALTER TABLE {items} DROP COLUMN attributes")


def _gather(table: str, items: str, owner: str, fields: dict[str, bool]) -> str:
    """The statement that writes into each item the JSON of its attributes, in their order."""
    if _is_sqlite():
        # A column that is null adds nothing; an aggregate takes the rows as the subquery orders them.
        parts = " || ".join(
            f"CASE WHEN xa.{name} IS NULL THEN '' ELSE ',\"{name}\":' || json_quote(CAST(xa.{name} AS TEXT)) END"
            for name in fields
        )
        return (
            f"UPDATE {items} SET attributes = (SELECT '[' || group_concat(one, ',') || ']' FROM "
            f"(SELECT '{{' || substr({parts}, 2) || '}}' AS one FROM {table} AS xa "
            f"WHERE xa.{owner} = {items}.row_id ORDER BY xa.position)) "
            f"WHERE row_id IN (SELECT {owner} FROM {table})"
        )
    pairs = ", ".join(f"'{name}', xa.{name}" + ("::text" if number else "") for name, number in fields.items())
    return (
        f"UPDATE {items} SET attributes = made.attributes FROM (SELECT xa.{owner} AS item, "
        f"json_strip_nulls(json_agg(json_build_object({pairs}) ORDER BY xa.position)) AS attributes "
        f"FROM {table} AS xa GROUP BY xa.{owner}) AS made WHERE made.item = {items}.row_id"
    )


def _view(table: str, items: str, owner: str, added: dict[str, bool]) -> str:
    """The statement that creates the view of an item's attributes."""
    sqlite = _is_sqlite()
    place = "one.key" if sqlite else "one.place - 1"
    fields = {**_FIELDS, **added}
    shown = {name: f"json_extract(one.value, '$.{name}')" if sqlite else f"one.{name}" for name in fields}
    columns = {
        "row_id": f"item.row_id || ':' || ({place})",
        owner: "item.row_id",
        **{name: shown[name] for name in _FIELDS},
        "position": place,
        **{name: f"item.{name}" for name in ("root_id", *_AUDIT)},
        **{name: shown[name] for name in added},
    }
    selected = ", ".join(f"{column} AS {name}" for name, column in columns.items())
    if sqlite:
        return f"CREATE VIEW {table} AS SELECT {selected} FROM {items} AS item, json_each(item.attributes) AS one"
    typed = ", ".join(f"{name} " + ("numeric" if number else 'text COLLATE "C"') for name, number in fields.items())
    return (
        f"CREATE VIEW {table} AS SELECT {selected} FROM {items} AS item CROSS JOIN LATERAL "
        f"ROWS FROM (json_to_recordset(item.attributes) AS ({typed})) "
        f"WITH ORDINALITY AS one ({', '.join(fields)}, place)"
    )


def _added(table: str) -> dict[str, bool]:
    """The columns that a deployment's extension has added, and whether they are numbers."""
    columns = sa.inspect(op.get_bind()).get_columns(table)
    return {
        column["name"]: isinstance(column["type"], sa.Numeric) for column in columns if column["name"].startswith("x_")
    }


def _rights(table: str) -> list[tuple[str, str]]:
    """Who else may do what with a table: SQLite knows nobody."""
    if _is_sqlite():
        return []
    statement = sa.text(
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants "
        "WHERE table_schema = current_schema() AND table_name = :name AND grantee <> current_user ORDER BY 1, 2"
    )
    return [(row.grantee, row.privilege_type) for row in op.get_bind().execute(statement, {"name": table})]


def _grant(table: str, rights: list[tuple[str, str]]) -> None:
    quote = op.get_bind().dialect.identifier_preparer.quote
    for role, right in rights:
        _run(f"GRANT {right} ON {table} TO {role if role == 'PUBLIC' else quote(role)}")


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _text(name: str, length: int | None, *, nullable: bool = True) -> sa.Column[Any]:
    """A text that is compared by code point."""
    kind: type[sa.String] = sa.Text if length is None else sa.String
    type_ = kind(length).with_variant(kind(length, collation="C"), "postgresql")
    return sa.Column(name, type_, nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    """An exact decimal: text on SQLite, whose numbers are floats."""
    return sa.Column(name, sa.Text().with_variant(sa.Numeric(), "postgresql"))
