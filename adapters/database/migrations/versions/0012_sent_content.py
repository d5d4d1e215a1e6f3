"""Orders keep a digest of their content as it was sent; lines of work orders keep the action's alias.

    s_order.sent_content               tells a repeat of a revision from another order under its number
    s_work_order_item.action_alias     Suspend, Resume
    s_work_order_item.asset_status     the status that the service is to have

Revision: 0012
Revises: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

_COLUMNS = (
    ("s_order", "sent_content", 64),
    ("s_work_order_item", "action_alias", 255),
    ("s_work_order_item", "asset_status", 30),
)


def upgrade() -> None:
    """Add the columns; orders that are there have no digest, and are not compared."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for table, column, length in _COLUMNS:
        # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR({length}){collation} "
            f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {length})"
        )


def downgrade() -> None:
    """Take the columns away."""
    for table, column, _ in _COLUMNS:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
