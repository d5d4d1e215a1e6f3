"""Products name the products of their service item after which they are provided.

    s_prod_after    the other product, and the milestone of its work that is enough

Revision: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_TABLE = "s_prod_after"


def upgrade() -> None:
    """Create the table with its index."""
    op.create_table(
        _TABLE,
        _text("row_id", 64, nullable=False),
        _text("product_id", 64, nullable=False),
        _text("other_prod_id", 100, nullable=False),
        _text("milestone", 255),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("created", 32, nullable=False),
        _text("created_by", 255, nullable=False),
        _text("last_upd", 32, nullable=False),
        _text("last_upd_by", 255, nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=f"pk_{_TABLE}"),
        sa.ForeignKeyConstraint(["product_id"], ["s_prod_int.row_id"], name=f"fk_{_TABLE}_product_id"),
        sa.ForeignKeyConstraint(["other_prod_id"], ["s_prod_int.product_id"], name=f"fk_{_TABLE}_other_prod_id"),
        # SQLite reads VARCHAR(100) as TEXT.
        sa.CheckConstraint("length(other_prod_id) <= 100", name=f"ck_{_TABLE}_other_prod_id_length"),
        sa.CheckConstraint("length(milestone) <= 255", name=f"ck_{_TABLE}_milestone_length"),
        sa.UniqueConstraint("product_id", "other_prod_id", name=f"uq_{_TABLE}_other_prod_id"),
    )
    op.create_index(f"ix_{_TABLE}_other_prod_id", _TABLE, ["other_prod_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table(_TABLE)


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[str]:
    """Return a column of text that both databases compare by code point."""
    collated = sa.String(length, collation="C")
    return sa.Column(name, sa.String(length).with_variant(collated, "postgresql"), nullable=nullable)
