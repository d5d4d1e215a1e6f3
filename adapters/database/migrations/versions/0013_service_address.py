"""Items of quotes, orders and assets know the address at which the service is provided.

    serv_addr_id    the address; of items that are there already, null: that of the service account counts

Revision: 0013
Revises: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

_COLUMN = "serv_addr_id"
_TABLES = ("s_asset", "s_quote_item", "s_order_item")


def upgrade() -> None:
    """Add the column, its reference and its index."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for table in _TABLES:
        # By hand: Alembic would copy the whole table on SQLite for the sake of the check and the reference.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {_COLUMN} VARCHAR(64){collation} "
            f"CONSTRAINT ck_{table}_{_COLUMN}_length CHECK (length({_COLUMN}) <= 64) "
            f"CONSTRAINT fk_{table}_{_COLUMN} REFERENCES s_address (address_id)"
        )
        op.create_index(f"ix_{table}_{_COLUMN}", table, [_COLUMN])


def downgrade() -> None:
    """Take the column away."""
    for table in _TABLES:
        op.drop_index(f"ix_{table}_{_COLUMN}", table)
        op.execute(f"ALTER TABLE {table} DROP COLUMN {_COLUMN}")
