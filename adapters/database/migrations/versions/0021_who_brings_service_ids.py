"""Products say who brings the service id of a service: its order, or provisioning.

    s_prod_int.service_id_brought_by    Order, the default, or Provisioning

Revision: 0021
Revises: 0020
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

_TABLE, _COLUMN = "s_prod_int", "service_id_brought_by"


def upgrade() -> None:
    """Add the column."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
    op.execute(
        f"ALTER TABLE {_TABLE} ADD COLUMN {_COLUMN} VARCHAR(30){collation} DEFAULT 'Order' NOT NULL "
        f"CONSTRAINT ck_{_TABLE}_{_COLUMN}_length CHECK (length({_COLUMN}) <= 30)"
    )


def downgrade() -> None:
    """Take the column away."""
    op.execute(f"ALTER TABLE {_TABLE} DROP COLUMN {_COLUMN}")
