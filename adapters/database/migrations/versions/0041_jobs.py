"""Jobs on many messages, and messages by what they are about: orders, accounts and services.

Messages that are there already get the keys that the activities of orders know.

Revision: 0041
Revises: 0038
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0041"
down_revision = "0038"

_BIG: TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = "'previewed', 'running', 'stopped'"
_INDEXES = {
    "sender": "(sender, seq)",
    "reason": "(reason, seq) WHERE reason IS NOT NULL",
    "received_at": "(received_at, final_at)",
    "message_id": "(message_id) WHERE message_id IS NOT NULL",
    "correlation_id": "(correlation_id) WHERE correlation_id IS NOT NULL",
}


def upgrade() -> None:
    """Create the tables and indexes, and fill in the keys that are known."""
    _message_keys()
    _jobs()
    for name, columns in _INDEXES.items():
        op.execute(f"CREATE INDEX ix_hub_inbox_{name} ON hub_inbox {columns}")


def _message_keys() -> None:
    op.create_table(
        "hub_message_key",
        _text("kind", 16, nullable=False),
        _text("value", 128, nullable=False),
        sa.Column("seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "seq", name="pk_hub_message_key"),
        sa.CheckConstraint(
            "kind IN ('order', 'account', 'integration id', 'service id')", name="ck_hub_message_key_kind"
        ),
        *_bounded("hub_message_key", kind=16, value=128),
    )
    for kind, column in (("order", "order_number"), ("account", "account_id")):
        op.execute(
            "INSERT INTO hub_message_key (kind, value, seq)"  # names of this file
            f" SELECT DISTINCT '{kind}', a.{column}, i.seq FROM s_order_activity a"
            f" JOIN hub_inbox i ON i.id = a.message_id WHERE a.{column} IS NOT NULL"
        )
    op.create_index("ix_hub_message_key_seq", "hub_message_key", ["seq"])


def _jobs() -> None:
    op.create_table(
        "hub_job",
        sa.Column("seq", _BIG, nullable=False, autoincrement=True),
        _text("id", 64, nullable=False),
        _text("action", 16, nullable=False),
        _text("state", 16, nullable=False),
        _text("made_by", 255, nullable=False),
        _text("made_at", 32, nullable=False),
        _text("started_by", 255),
        _text("started_at", 32),
        _text("final_at", 32),
        _text("due_at", 32),
        _text("destination", 255),
        sa.Column("rate", sa.Integer()),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("chosen_by", sa.Text(), nullable=False),
        *[sa.Column(name, sa.Text()) for name in ("reason", "edit", "stages", "known_errors", "preview", "stopped_by")],
        sa.PrimaryKeyConstraint("seq", name="pk_hub_job"),
        sa.UniqueConstraint("id", name="uq_hub_job_id"),
        sa.CheckConstraint(
            "action IN ('replay', 'resubmit', 'give up', 'resend', 'give up outbound')", name="ck_hub_job_action"
        ),
        sa.CheckConstraint(f"state IN ({_OPEN}, 'done', 'cancelled')", name="ck_hub_job_state"),
        sa.CheckConstraint(f"(final_at IS NULL) = (state IN ({_OPEN}))", name="ck_hub_job_final_at"),
        sa.CheckConstraint("started_at IS NULL OR reason IS NOT NULL", name="ck_hub_job_reason"),
        *_bounded("hub_job", id=64, action=16, state=16, made_by=255, made_at=32, started_by=255, started_at=32),
        *_bounded("hub_job", final_at=32, due_at=32, destination=255),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "hub_job_item",
        _text("job_id", 64, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("message", 64, nullable=False),
        _text("state", 16, nullable=False),
        _text("reason_before", 128),
        _text("reason", 128),
        _text("result", 64),
        _text("ended_at", 32),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_hub_job_item"),
        sa.ForeignKeyConstraint(["job_id"], ["hub_job.id"], name="fk_hub_job_item_job_id"),
        sa.CheckConstraint(
            "state IN ('waiting', 'at work', 'succeeded', 'failed', 'skipped')", name="ck_hub_job_item_state"
        ),
        *_bounded("hub_job_item", job_id=64, message=64, state=16, reason_before=128, reason=128, result=64),
        *_bounded("hub_job_item", ended_at=32),
    )
    op.execute("CREATE INDEX ix_hub_job_running ON hub_job (seq) WHERE state = 'running'")
    op.create_index("ix_hub_job_item_state", "hub_job_item", ["job_id", "state", "position"])
    op.create_index("ix_hub_job_item_message", "hub_job_item", ["message"])


def downgrade() -> None:
    """Drop the indexes and tables."""
    for name in _INDEXES:
        op.drop_index(f"ix_hub_inbox_{name}", "hub_inbox")
    for table in ("hub_job_item", "hub_job", "hub_message_key"):
        op.drop_table(table)


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
