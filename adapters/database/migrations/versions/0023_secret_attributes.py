"""Attributes of products tell whether their values are secret.

    secret_flg    Y: displays, logs and records show *** in the place of the values

Revision: 0023
Revises: 0022
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

_TABLE, _COLUMN = "s_prod_attr", "secret_flg"


def upgrade() -> None:
    """Add the column; the attributes that are there are not secret."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
    op.execute(
        f"ALTER TABLE {_TABLE} ADD COLUMN {_COLUMN} VARCHAR(1){collation} DEFAULT 'N' NOT NULL "
        f"CONSTRAINT ck_{_TABLE}_{_COLUMN} CHECK ({_COLUMN} IN ('Y', 'N'))"
    )


def downgrade() -> None:
    """Take the column away."""
    op.execute(f"ALTER TABLE {_TABLE} DROP COLUMN {_COLUMN}")
