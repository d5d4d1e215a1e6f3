"""Orders: milestones and points of no return on their lines, approvals, later orders to be reviewed.

Revision: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns, then the table."""
    # Written out: SQLite takes a column's check only in the very statement that adds the column.
    collation = "" if op.get_bind().dialect.name == "sqlite" else ' COLLATE "C"'
    op.execute(
        f"ALTER TABLE s_order_item ADD COLUMN status_reason VARCHAR(4000){collation} "
        "CONSTRAINT ck_s_order_item_status_reason_length CHECK (length(status_reason) <= 4000)"
    )
    op.execute(
        f"ALTER TABLE s_order_item ADD COLUMN milestone VARCHAR(255){collation} "
        "CONSTRAINT ck_s_order_item_milestone_length CHECK (length(milestone) <= 255)"
    )
    op.execute(
        f"ALTER TABLE s_order_item ADD COLUMN past_no_return_flg VARCHAR(1){collation} "
        "CONSTRAINT ck_s_order_item_past_no_return_flg CHECK (past_no_return_flg IN ('Y', 'N'))"
    )
    op.create_table(
        "s_order_approval",
        _text("row_id", 64, nullable=False),
        _text("order_id", 64, nullable=False),
        _text("rule", 255, nullable=False),
        _text("order_number", 64),
        sa.Column("rev_num", sa.Text().with_variant(sa.Numeric(), "postgresql")),
        _text("account_id", 64),
        _text("state", 30, nullable=False),
        _text("reason", 4000),
        _text("held_date", 32),
        _text("decided_by", 255),
        _text("decided_date", 32),
        _text("comments", 4000),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        _text("created", 32, nullable=False),
        _text("created_by", 255, nullable=False),
        _text("last_upd", 32, nullable=False),
        _text("last_upd_by", 255, nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_order_approval"),
        sa.UniqueConstraint("order_id", "rule", name="uq_s_order_approval_order_id_rule"),
        *(
            sa.CheckConstraint(f"length({column}) <= {length}", name=f"ck_s_order_approval_{column}_length")
            for column, length in (
                ("order_id", 64),
                ("rule", 255),
                ("order_number", 64),
                ("account_id", 64),
                ("state", 30),
                ("reason", 4000),
                ("held_date", 32),
                ("decided_by", 255),
                ("decided_date", 32),
                ("comments", 4000),
            )
        ),
    )
    op.create_index("ix_s_order_approval_order_number", "s_order_approval", ["order_number"])
    op.create_index("ix_s_order_approval_state", "s_order_approval", ["state"])


def downgrade() -> None:
    """Drop them, with what is in them."""
    op.drop_table("s_order_approval")
    for column in ("past_no_return_flg", "milestone", "status_reason"):
        # Each database drops a column's check with it; Alembic's own way rebuilds SQLite's table, to which rows refer.
        op.execute(f"ALTER TABLE s_order_item DROP COLUMN {column}")


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[str]:
    """A text that is compared by code point."""
    kind = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=nullable)
