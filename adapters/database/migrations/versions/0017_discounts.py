"""Items of quotes, orders and assets keep the discount or the price that a person gave, with the reason.

    discnt_percent, discnt_amt, agreed_price    one of the three
    discnt_reason, discnt_by                    why, and who gave it

Revision: 0017
Revises: 0016
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

_TABLES = ("s_asset", "s_quote_item", "s_order_item")
_NUMBERS = ("discnt_percent", "discnt_amt", "agreed_price")
_TEXTS = (("discnt_reason", 1000), ("discnt_by", 255))


def upgrade() -> None:
    """Add the columns; the items that are there have no discounts of persons."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    collation = ' COLLATE "C"' if on_postgresql else ""
    for table in _TABLES:
        for column in _NUMBERS:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {'NUMERIC' if on_postgresql else 'TEXT'}")
        for column, length in _TEXTS:
            # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
            op.execute(
                f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR({length}){collation} "
                f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {length})"
            )


def downgrade() -> None:
    """Take the columns away."""
    for table in _TABLES:
        for column in (*_NUMBERS, *(column for column, _ in _TEXTS)):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
