"""Batches: files of many messages, and the message that each of their orders became.

Revision: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0026"
down_revision = "0025"

_BIG: TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = "'announced', 'received', 'filing', 'working'"


def upgrade() -> None:
    """Create the two tables with their indexes."""
    batch = _bounded("hub_batch", id=64, route=255, state=16, digest=64, name=255, source=1024, number=255)
    further = _bounded("hub_batch", root_id=64, resubmits=64, repeats=64, received_at=32, final_at=32)
    op.create_table(
        "hub_batch",
        sa.Column("seq", _BIG, nullable=False, autoincrement=True),
        _text("id", 64, nullable=False),
        _text("route", 255, nullable=False),
        _text("state", 16, nullable=False),
        _text("digest", 64, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        _text("name", 255, nullable=False),
        _text("source", 1024),
        _text("number", 255),
        _text("root_id", 64, nullable=False),
        _text("resubmits", 64),
        _text("repeats", 64),
        _text("received_at", 32, nullable=False),
        _text("final_at", 32),
        sa.Column("orders", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("filed", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("error", sa.Text()),
        sa.Column("head", sa.LargeBinary()),
        sa.Column("tail", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("seq", name="pk_hub_batch"),
        sa.UniqueConstraint("id", name="uq_hub_batch_id"),
        sa.UniqueConstraint("route", "number", name="uq_hub_batch_number"),
        sa.CheckConstraint(f"state IN ({_OPEN}, 'done', 'refused')", name="ck_hub_batch_state"),
        sa.CheckConstraint(f"(final_at IS NULL) = (state IN ({_OPEN}))", name="ck_hub_batch_final_at"),
        *batch,
        *further,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "hub_batch_part",
        _text("batch_id", 64, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("inbox_id", 64, nullable=False),
        _text("own_id", 128),
        _text("place", 255, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_hub_batch_part"),
        sa.UniqueConstraint("inbox_id", name="uq_hub_batch_part_inbox_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["hub_batch.id"], name="fk_hub_batch_part_batch_id"),
        sa.ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_batch_part_inbox_id"),
        *_bounded("hub_batch_part", batch_id=64, inbox_id=64, own_id=128, place=255),
    )
    op.execute("CREATE INDEX ix_hub_batch_route ON hub_batch (route, seq) WHERE final_at IS NULL")
    op.create_index("ix_hub_batch_digest", "hub_batch", ["route", "digest"])
    op.create_index("ix_hub_batch_root_id", "hub_batch", ["root_id"])
    op.create_index("ix_hub_batch_part_own_id", "hub_batch_part", ["batch_id", "own_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("hub_batch_part")
    op.drop_table("hub_batch")


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
