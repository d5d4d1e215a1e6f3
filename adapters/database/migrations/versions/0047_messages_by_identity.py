"""Messages are found by their identity, which isn't the message id where a route takes it from a field.

Revision: 0047
Revises: 0046
"""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_hub_inbox_identity", "hub_inbox", ["identity"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_hub_inbox_identity", "hub_inbox")
