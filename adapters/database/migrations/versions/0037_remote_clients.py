"""Remote clients: the files that users have, and the changes that came back to their authors.

Revision: 0037
Revises: 0034
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0034"


def upgrade() -> None:
    """Create the two tables with their indexes."""
    op.create_table(
        "hub_remote_file",
        _text("id", 64, nullable=False),
        _text("user_id", 64, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("base_digest", 32, nullable=False),
        _text("taken_digest", 32),
        sa.Column("answered_by", sa.Integer()),
        sa.Column("has_hierarchy", sa.Integer(), nullable=False),
        _text("made_at", 32, nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_hub_remote_file"),
        sa.UniqueConstraint("user_id", "number", name="uq_hub_remote_file_number"),
        *_bounded("hub_remote_file", id=64, user_id=64, base_digest=32, taken_digest=32, made_at=32),
    )
    op.create_table(
        "hub_remote_returned",
        _text("id", 64, nullable=False),
        _text("user_id", 64, nullable=False),
        _text("object", 255, nullable=False),
        _text("conflict", 32, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("at", 32, nullable=False),
        _text("ended", 32),
        *[sa.Column(name, sa.Text()) for name in ("key", "field", "base", "yours", "hub", "reason")],
        sa.PrimaryKeyConstraint("id", name="pk_hub_remote_returned"),
        sa.CheckConstraint("ended IN ('let go', 'changed again')", name="ck_hub_remote_returned_ended"),
        *_bounded("hub_remote_returned", id=64, user_id=64, object=255, conflict=32, at=32, ended=32),
    )
    op.execute("CREATE INDEX ix_hub_remote_returned_open ON hub_remote_returned (user_id, id) WHERE ended IS NULL")


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("hub_remote_returned")
    op.drop_table("hub_remote_file")


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[str]:
    """Return a column of text that both databases compare by code point."""
    collated = sa.String(length, collation="C")
    return sa.Column(name, sa.String(length).with_variant(collated, "postgresql"), nullable=nullable)


def _bounded(table: str, **lengths: int) -> list[sa.CheckConstraint]:
    """Return the checks of the lengths, because SQLite reads VARCHAR(64) as TEXT."""
    return [
        sa.CheckConstraint(f"length({name}) <= {length}", name=f"ck_{table}_{name}_length")
        for name, length in lengths.items()
    ]
