"""Price lists: their items and their rules.

Revision: 0004
Revises: 0003
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the list's table before those of what belongs to it."""
    op.create_table(
        "s_pri_lst",
        _text("row_id", 64, nullable=False),
        _text("price_list_id", 64, nullable=False),
        _text("name", 255),
        _text("currency_code", 30, nullable=False),
        _text("eff_start_dt", 32),
        _text("eff_end_dt", 32),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_pri_lst"),
        sa.UniqueConstraint("price_list_id", name="uq_s_pri_lst_price_list_id"),
        *_lengths("s_pri_lst", price_list_id=64, name=255, currency_code=30, eff_start_dt=32, eff_end_dt=32),
    )
    op.create_table(
        "s_pri_lst_item",
        _text("row_id", 64, nullable=False),
        _text("pri_lst_id", 64, nullable=False),
        _text("name", 255, nullable=False),
        _text("prod_id", 100, nullable=False),
        _text("bundle_prod_id", 100),
        _text("price_type_cd", 30, nullable=False),
        _text("unit_of_measure", 30),
        _number("number_of_occurrences"),
        _number("price", nullable=False),
        _text("pri_desc_txt", 4000),
        _text("eff_start_dt", 32),
        _text("eff_end_dt", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_pri_lst_item"),
        sa.UniqueConstraint("pri_lst_id", "name", name="uq_s_pri_lst_item_name"),
        *_references("s_pri_lst_item"),
        *_lengths(
            "s_pri_lst_item",
            name=255,
            prod_id=100,
            bundle_prod_id=100,
            price_type_cd=30,
            unit_of_measure=30,
            pri_desc_txt=4000,
            eff_start_dt=32,
            eff_end_dt=32,
        ),
    )
    op.create_index("ix_s_pri_lst_item_prod_id", "s_pri_lst_item", ["prod_id"])
    op.create_index("ix_s_pri_lst_item_bundle_prod_id", "s_pri_lst_item", ["bundle_prod_id"])
    op.create_table(
        "s_pri_rule",
        _text("row_id", 64, nullable=False),
        _text("pri_lst_id", 64, nullable=False),
        _text("name", 255, nullable=False),
        _text("kind", 30, nullable=False),
        _text("prod_id", 100, nullable=False),
        _text("bundle_prod_id", 100),
        _number("from_quantity"),
        _number("every"),
        _number("price"),
        _number("percent"),
        _number("amount"),
        _text("eff_start_dt", 32),
        _text("eff_end_dt", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_pri_rule"),
        sa.UniqueConstraint("pri_lst_id", "name", name="uq_s_pri_rule_name"),
        *_references("s_pri_rule"),
        *_lengths("s_pri_rule", name=255, kind=30, prod_id=100, bundle_prod_id=100, eff_start_dt=32, eff_end_dt=32),
    )
    op.create_index("ix_s_pri_rule_prod_id", "s_pri_rule", ["prod_id"])
    op.create_index("ix_s_pri_rule_bundle_prod_id", "s_pri_rule", ["bundle_prod_id"])


def downgrade() -> None:
    """Drop them, with what is in them."""
    op.drop_table("s_pri_rule")
    op.drop_table("s_pri_lst_item")
    op.drop_table("s_pri_lst")


def _references(table: str) -> Iterator[sa.ForeignKeyConstraint]:
    """What belongs to a list names its list, its product and its bundle's product."""
    yield sa.ForeignKeyConstraint(["pri_lst_id"], ["s_pri_lst.row_id"], name=f"fk_{table}_pri_lst_id")
    for column in ("prod_id", "bundle_prod_id"):
        yield sa.ForeignKeyConstraint([column], ["s_prod_int.product_id"], name=f"fk_{table}_{column}")


def _text(name: str, length: int | None, *, nullable: bool = True) -> sa.Column[Any]:
    """A text that is compared by code point."""
    kind: type[sa.String] = sa.Text if length is None else sa.String
    type_ = kind(length).with_variant(kind(length, collation="C"), "postgresql")
    return sa.Column(name, type_, nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    """An exact decimal: text on SQLite, whose numbers are floats."""
    return sa.Column(name, sa.Text().with_variant(sa.Numeric(), "postgresql"), nullable=nullable)


def _audit() -> Iterator[sa.Column[Any]]:
    """When and by whom a row was made and last changed."""
    yield _text("created", 32, nullable=False)
    yield _text("created_by", 255, nullable=False)
    yield _text("last_upd", 32, nullable=False)
    yield _text("last_upd_by", 255, nullable=False)


def _lengths(table: str, **lengths: int) -> Iterator[sa.CheckConstraint]:
    """Checks of lengths, because SQLite reads VARCHAR(64) as TEXT."""
    for column, length in lengths.items():
        yield sa.CheckConstraint(f"length({column}) <= {length}", name=f"ck_{table}_{column}_length")
