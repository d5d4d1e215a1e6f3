"""Feeds: numbered files in both directions, their records, the values that both sides agreed on, decisions, alarms.

Revision: 0035
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0035"
down_revision = "0028"

_BIG: TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = "'waiting', 'staging', 'judging', 'held', 'merging', 'collecting', 'sent'"
_COUNTS = (
    *("records", "adds", "changes", "deletes", "unchanged", "missing"),
    *("conflicts", "rejected", "kept", "staged_to", "judged_to", "merged_to"),
)
_ROW_STATUSES = (
    "'FOR_IMPORT', 'IN_PROGRESS', 'IMPORTED', 'PARTIALLY_IMPORTED', 'DUP_RECORD_IN_EIM_TBL', 'DUP_RECORD_EXISTS', "
    "'FOREIGN_KEY', 'REQUIRED_COLS', 'PICKLIST_VALUE', 'AMBIGUOUS', 'SQL_ERROR', 'EXPORTED'"
)


def upgrade() -> None:
    """Create the five tables with their indexes."""
    _create_batches()
    _create_rows()
    _create_agreed()
    _create_decisions()
    _create_alarms()
    op.execute(
        "CREATE UNIQUE INDEX uq_hub_feed_batch_number ON hub_feed_batch (feed, direction, number) "
        "WHERE state NOT IN ('refused', 'cancelled')"
    )
    op.execute("CREATE INDEX ix_hub_feed_batch_open ON hub_feed_batch (feed, seq) WHERE final_at IS NULL")
    op.create_index("ix_hub_feed_batch_of_batch", "hub_feed_batch", ["of_batch"])
    op.create_index("ix_hub_feed_row_key", "hub_feed_row", ["batch_id", "key"])
    op.execute("CREATE INDEX ix_hub_feed_agreed_sent ON hub_feed_agreed (sent_batch, key) WHERE sent_batch IS NOT NULL")
    op.create_index("ix_hub_feed_decision_key", "hub_feed_decision", ["feed", "key", "seq"])
    op.create_index("ix_hub_feed_decision_batch_id", "hub_feed_decision", ["batch_id", "position"])
    op.execute("CREATE INDEX ix_hub_feed_decision_open ON hub_feed_decision (feed, seq) WHERE state = 'open'")


def downgrade() -> None:
    """Drop the tables."""
    for name in ("hub_feed_alarm", "hub_feed_decision", "hub_feed_agreed", "hub_feed_row", "hub_feed_batch"):
        op.drop_table(name)


def _create_batches() -> None:
    op.create_table(
        "hub_feed_batch",
        sa.Column("seq", _BIG, nullable=False, autoincrement=True),
        _text("id", 64, nullable=False),
        _text("feed", 255, nullable=False),
        _text("direction", 16, nullable=False),
        _text("kind", 16, nullable=False),
        sa.Column("number", _BIG),
        _text("state", 16, nullable=False),
        _text("digest", 64),
        sa.Column("size", _BIG),
        _text("name", 255),
        *[sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")) for name in _COUNTS],
        _text("amount", 64),
        _text("of_batch", 64),
        sa.Column("error", sa.Text()),
        _text("released_by", 255),
        sa.Column("release_reason", sa.Text()),
        _text("received_at", 32, nullable=False),
        _text("final_at", 32),
        sa.PrimaryKeyConstraint("seq", name="pk_hub_feed_batch"),
        sa.UniqueConstraint("id", name="uq_hub_feed_batch_id"),
        sa.CheckConstraint(f"state IN ({_OPEN}, 'done', 'refused', 'cancelled')", name="ck_hub_feed_batch_state"),
        sa.CheckConstraint("direction IN ('in', 'out')", name="ck_hub_feed_batch_direction"),
        sa.CheckConstraint(
            "kind IN ('delta', 'full', 'answer', 'overlay', 'repair', 'resubmission')", name="ck_hub_feed_batch_kind"
        ),
        sa.CheckConstraint(f"(final_at IS NULL) = (state IN ({_OPEN}))", name="ck_hub_feed_batch_final_at"),
        *_bounded("hub_feed_batch", id=64, feed=255, direction=16, kind=16, state=16, digest=64, name=255),
        *_bounded("hub_feed_batch", amount=64, of_batch=64, released_by=255, received_at=32, final_at=32),
        sqlite_autoincrement=True,
    )


def _create_rows() -> None:
    op.create_table(
        "hub_feed_row",
        _text("batch_id", 64, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("key", 255),
        _text("operation", 16, nullable=False),
        _text("version", 64),
        _text("digest", 32),
        sa.Column("place", _BIG),
        sa.Column("length", sa.Integer()),
        _text("row_status", 32, nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("fields", sa.Text()),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_hub_feed_row"),
        sa.CheckConstraint(f"row_status IN ({_ROW_STATUSES})", name="ck_hub_feed_row_row_status"),
        *_bounded("hub_feed_row", batch_id=64, key=255, operation=16, version=64, digest=32, row_status=32),
    )


def _create_agreed() -> None:
    op.create_table(
        "hub_feed_agreed",
        _text("feed", 255, nullable=False),
        _text("key", 255, nullable=False),
        _text("digest", 32, nullable=False),
        _text("version", 64),
        sa.Column("is_deleted", sa.Integer(), nullable=False, server_default=sa.text("0")),
        _text("deleted_at", 32),
        _text("sent_batch", 64),
        _text("batch_id", 64, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("sent", sa.Text()),
        sa.PrimaryKeyConstraint("feed", "key", name="pk_hub_feed_agreed"),
        *_bounded("hub_feed_agreed", feed=255, key=255, digest=32, version=64, deleted_at=32),
        *_bounded("hub_feed_agreed", sent_batch=64, batch_id=64),
    )


def _create_decisions() -> None:
    op.create_table(
        "hub_feed_decision",
        sa.Column("seq", _BIG, nullable=False, autoincrement=True),
        _text("feed", 255, nullable=False),
        _text("key", 255, nullable=False),
        _text("field", 255),
        _text("batch_id", 64, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("rule", 32, nullable=False),
        _text("outcome", 32, nullable=False),
        _text("conflict", 32),
        _text("state", 16, nullable=False),
        _text("at", 32, nullable=False),
        _text("decided_by", 255),
        _text("decided_at", 32),
        *[sa.Column(name, sa.Text()) for name in ("agreed", "ours", "theirs", "value", "reason")],
        sa.PrimaryKeyConstraint("seq", name="pk_hub_feed_decision"),
        sa.CheckConstraint("state IN ('settled', 'open', 'decided')", name="ck_hub_feed_decision_state"),
        *_bounded("hub_feed_decision", feed=255, key=255, field=255, batch_id=64, rule=32, outcome=32),
        *_bounded("hub_feed_decision", conflict=32, state=16, at=32, decided_by=255, decided_at=32),
        sqlite_autoincrement=True,
    )


def _create_alarms() -> None:
    op.create_table(
        "hub_feed_alarm",
        sa.Column("seq", _BIG, nullable=False, autoincrement=True),
        _text("feed", 255, nullable=False),
        _text("kind", 64, nullable=False),
        _text("about", 255, nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        _text("since", 32, nullable=False),
        _text("cleared_at", 32),
        sa.PrimaryKeyConstraint("seq", name="pk_hub_feed_alarm"),
        sa.UniqueConstraint("feed", "kind", "about", name="uq_hub_feed_alarm_about"),
        *_bounded("hub_feed_alarm", feed=255, kind=64, about=255, since=32, cleared_at=32),
        sqlite_autoincrement=True,
    )


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
