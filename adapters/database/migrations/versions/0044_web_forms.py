"""The web application: the forms that were worked, so that a form that is sent twice is worked once.

Revision: 0044
Revises: 0043
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "hub_web_form",
        _text("id", 64),
        _text("person", 255),
        _text("at", 32),
        _text("label", 255),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hub_web_form"),
        *[
            sa.CheckConstraint(f"length({name}) <= {length}", name=f"ck_hub_web_form_{name}_length")
            for name, length in (("id", 64), ("person", 255), ("at", 32), ("label", 255))
        ],
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("hub_web_form")


def _text(name: str, length: int) -> sa.Column[str]:
    """Return a column of text that both databases compare by code point."""
    collated = sa.String(length, collation="C")
    return sa.Column(name, sa.String(length).with_variant(collated, "postgresql"), nullable=False)
