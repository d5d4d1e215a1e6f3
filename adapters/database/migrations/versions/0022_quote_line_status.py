"""Lines of quotes have the status of their quote.

Revision: 0022
Revises: 0021
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Fill the status of the lines that are there."""
    status = "SELECT status FROM s_doc_quote WHERE s_doc_quote.row_id = s_quote_item.quote_id"
    op.execute(f"UPDATE s_quote_item SET stat_cd = ({status}) WHERE stat_cd IS NULL")


def downgrade() -> None:
    """Leave the statuses: nothing reads them before."""
