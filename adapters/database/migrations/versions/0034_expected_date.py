"""The lines of orders have the day on which provisioning expects to be done.

Revision: 0034
Revises: 0033
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"

_TABLE, _COLUMN = "s_order_item", "expected_dt"


def upgrade() -> None:
    """Add the column; nothing is known of the lines that are there."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
    op.execute(
        f"ALTER TABLE {_TABLE} ADD COLUMN {_COLUMN} VARCHAR(32){collation} "
        f"CONSTRAINT ck_{_TABLE}_{_COLUMN}_length CHECK (length({_COLUMN}) <= 32)"
    )


def downgrade() -> None:
    """Take the column away."""
    op.execute(f"ALTER TABLE {_TABLE} DROP COLUMN {_COLUMN}")
