"""Addresses are found by the beginning of their street, in small letters.

Revision: 0046
Revises: 0045
"""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Add the index."""
    op.execute("CREATE INDEX ix_s_address_street ON s_address (lower(street))")


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_s_address_street", "s_address")
