"""Quotes have a last day.

    s_doc_quote.valid_until_date    the last day on which the quote's prices can be ordered

Revision: 0016
Revises: 0015
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column; the quotes that are there have no end."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
    op.execute(
        f"ALTER TABLE s_doc_quote ADD COLUMN valid_until_date VARCHAR(32){collation} "
        "CONSTRAINT ck_s_doc_quote_valid_until_date_length CHECK (length(valid_until_date) <= 32)"
    )


def downgrade() -> None:
    """Take the column away."""
    op.execute("ALTER TABLE s_doc_quote DROP COLUMN valid_until_date")
