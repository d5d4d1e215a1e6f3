"""Quotes' and orders' lines: what the service items that they update were like when the lines were made.

Revision: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = ("s_quote_item", "s_order_item")


def upgrade() -> None:
    """Add the columns."""
    collation = "" if op.get_bind().dialect.name == "sqlite" else ' COLLATE "C"'
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN built_on TEXT{collation}")


def downgrade() -> None:
    """Drop them, with what is in them."""
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN built_on")
