"""Items of quotes, orders and assets keep the number of their units that cost nothing.

    free_qty    units of the Extended Quantity that a price rule makes free, where others of the item have a price

Revision: 0015
Revises: 0014
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_COLUMN = "free_qty"
_TABLES = ("s_asset", "s_quote_item", "s_order_item")


def upgrade() -> None:
    """Add the column; the items that are there have no units that are free beside others that are charged."""
    kind = "NUMERIC" if op.get_bind().dialect.name == "postgresql" else "TEXT"
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {_COLUMN} {kind}")


def downgrade() -> None:
    """Take the column away."""
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {_COLUMN}")
