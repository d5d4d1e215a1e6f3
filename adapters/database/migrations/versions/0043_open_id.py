"""Users who are proven by a provider of OpenID Connect.

Revision: 0043
Revises: 0042
"""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Add the column for the provider and the user's subject there, and its unique index."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # By hand, as in revision 0034.
    op.execute(
        f"ALTER TABLE hub_user ADD COLUMN open_id VARCHAR(512){collation} "
        "CONSTRAINT ck_hub_user_open_id_length CHECK (length(open_id) <= 512)"
    )
    op.execute("CREATE UNIQUE INDEX uq_hub_user_open_id ON hub_user (open_id) WHERE open_id IS NOT NULL")


def downgrade() -> None:
    """Take the column away."""
    op.execute("DROP INDEX uq_hub_user_open_id")
    op.execute("ALTER TABLE hub_user DROP COLUMN open_id")
