"""User sessions with their active quotes, the workflows that commands ran, and names of actions on lines.

Revision: 0006
Revises: 0005
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_LINES = ("s_quote_item", "s_order_item")


def upgrade() -> None:
    """Create both tables, and add the columns."""
    op.create_table(
        "hub_session",
        _text("name", 255),
        _text("quote_id", 64),
        _text("since", 32),
        sa.PrimaryKeyConstraint("name", name="pk_hub_session"),
        *_lengths("hub_session", name=255, quote_id=64, since=32),
    )
    op.create_table(
        "hub_workflow_run",
        _text("id", 64),
        _text("workflow", 255),
        _text("run_by", 255),
        _text("finished", 32),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hub_workflow_run"),
        *_lengths("hub_workflow_run", id=64, workflow=255, run_by=255, finished=32),
    )
    for table in _LINES:
        # With the check of its length, which SQLite can't add later.
        declared = "VARCHAR(255)" + (' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else "")
        check = f"CONSTRAINT ck_{table}_action_alias_length CHECK (length(action_alias) <= 255)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN action_alias {declared} {check}")


def downgrade() -> None:
    """Drop them, with what is in them."""
    for table in _LINES:
        # Each database drops a column's checks with it; Alembic's own way rebuilds SQLite's table, to which rows refer.
        op.execute(f"ALTER TABLE {table} DROP COLUMN action_alias")
    op.drop_table("hub_workflow_run")
    op.drop_table("hub_session")


def _text(name: str, length: int) -> sa.Column[str]:
    """A text that is compared by code point."""
    type_ = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, type_, nullable=False)


def _lengths(table: str, **lengths: int) -> Iterator[sa.CheckConstraint]:
    """Checks of lengths, because SQLite reads VARCHAR(64) as TEXT."""
    for column, length in lengths.items():
        yield sa.CheckConstraint(f"length({column}) <= {length}", name=f"ck_{table}_{column}_length")
