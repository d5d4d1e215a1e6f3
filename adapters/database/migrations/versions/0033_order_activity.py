"""The events of orders: a row for each, with the lines concerned as JSON, and a view that shows these lines as a table.

Revision: 0033
Revises: 0032
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0033"
down_revision = "0032"

_TABLE = "s_order_activity"
_VIEW = "s_order_activity_line"
_LINE = ("integration_id", "ln_num", "prod_id", "old_status", "new_status", "detail")
_AUDIT = {"created": 32, "created_by": 255, "last_upd": 32, "last_upd_by": 255}
#: the columns of bounded texts, with their lengths; those of _AUDIT aren't checked, because the hub itself makes them
_BOUNDED = {
    "order_number": 64,
    "account_id": 64,
    "event": 30,
    "event_time": 32,
    "actor": 255,
    "message_id": 64,
    "old_status": 30,
    "new_status": 30,
}
_REQUIRED = frozenset(("order_number", "event", "event_time", *_AUDIT))
_EXACT: TypeEngine[str] = sa.Text().with_variant(sa.Numeric(), "postgresql")


def upgrade() -> None:
    """Create the table with its indexes, and the view."""
    op.create_table(
        _TABLE,
        _text("row_id", 64, nullable=False),
        _text("order_number"),
        sa.Column("order_revision", _EXACT),
        *[_text(name) for name in _BOUNDED if name != "order_number"],
        sa.Column("detail", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")),
        sa.Column("lines", sa.Text().with_variant(sa.JSON(), "postgresql")),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *[_text(name, length) for name, length in _AUDIT.items()],
        sa.PrimaryKeyConstraint("row_id", name=f"pk_{_TABLE}"),
        *_checks(),
    )
    op.create_index(f"ix_{_TABLE}_order_number", _TABLE, ["order_number"])
    op.create_index(f"ix_{_TABLE}_message_id", _TABLE, ["message_id"])
    op.execute(_view())


def downgrade() -> None:
    """Drop the view and the table."""
    op.execute(f"DROP VIEW {_VIEW}")
    op.drop_table(_TABLE)


def _text(name: str, length: int | None = None, *, nullable: bool | None = None) -> sa.Column[str]:
    """Return a column of text that both databases compare by code point."""
    length = length or _BOUNDED[name]
    collated = sa.String(length, collation="C")
    nullable = name not in _REQUIRED if nullable is None else nullable
    return sa.Column(name, sa.String(length).with_variant(collated, "postgresql"), nullable=nullable)


def _checks() -> Iterator[sa.CheckConstraint]:
    for name, length in _BOUNDED.items():
        yield sa.CheckConstraint(f"length({name}) <= {length}", name=f"ck_{_TABLE}_{name}_length")
    if op.get_bind().dialect.name == "sqlite":
        yield sa.CheckConstraint("lines IS NULL OR json_valid(lines)", name=f"ck_{_TABLE}_lines")


def _view() -> str:
    if op.get_bind().dialect.name == "sqlite":
        place = "one.key"
        members = [f"json_extract(one.value, '$.{name}') AS {name}" for name in _LINE]
        rows = ", json_each(item.lines) AS one"
    else:
        place = "one.place - 1"
        members = [f"one.{name} AS {name}" for name in _LINE]
        typed = ", ".join(f'{name} text COLLATE "C"' for name in _LINE)
        rows = (
            f" CROSS JOIN LATERAL ROWS FROM (json_to_recordset(item.lines) AS ({typed}))"
            f" WITH ORDINALITY AS one ({', '.join(_LINE)}, place)"
        )
    columns = [
        f"item.row_id || ':' || ({place}) AS row_id",
        "item.row_id AS activity_id",
        *members,
        f"{place} AS position",
        *[f"item.{name} AS {name}" for name in _AUDIT],
    ]
    return f"CREATE VIEW {_VIEW} AS SELECT {', '.join(columns)} FROM {_TABLE} AS item{rows}"  # names above
