"""Lines of work orders tell provisioning the address at which the service is provided.

    s_work_order_item.serv_addr_id    the Address Id

Revision: 0014
Revises: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

_TABLE, _COLUMN = "s_work_order_item", "serv_addr_id"


def upgrade() -> None:
    """Add the column; work orders that were sent have no address."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
    op.execute(
        f"ALTER TABLE {_TABLE} ADD COLUMN {_COLUMN} VARCHAR(64){collation} "
        f"CONSTRAINT ck_{_TABLE}_{_COLUMN}_length CHECK (length({_COLUMN}) <= 64)"
    )


def downgrade() -> None:
    """Take the column away."""
    op.execute(f"ALTER TABLE {_TABLE} DROP COLUMN {_COLUMN}")
