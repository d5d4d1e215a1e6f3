"""Accounts are found at once by the numbers that other systems know them by, without blanks and signs.

Revision: 0045
Revises: 0044
"""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"

#: The blanks and signs that don't tell two numbers apart.
_SIGNS = " -./()+_:,"


def upgrade() -> None:
    """Add the index."""
    plain = "number"
    for sign in _SIGNS:
        plain = f"replace({plain}, '{sign}', '')"
    op.execute(f"CREATE INDEX ix_s_account_key_number ON s_account_key (lower({plain}))")


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_s_account_key_number", "s_account_key")
