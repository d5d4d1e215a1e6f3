"""The catalogue: the structure, attributes and rules of products.

Revision: 0003
Revises: 0001
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NEW_COLUMNS = {"description": 4000, "service_id_kind": 30, "point_of_no_return": 255}


def upgrade() -> None:
    """Add the products' new columns, and the tables of what is beneath a product."""
    for column, length in _NEW_COLUMNS.items():
        _add_text("s_prod_int", column, length)
    op.create_table(
        "s_prod_assoc",
        *_owned("product_id"),
        _text("name", 100, nullable=False),
        _number("least"),
        _number("most"),
        *_hidden(),
        *_constraints("s_prod_assoc", "product_id", "s_prod_int"),
        sa.UniqueConstraint("product_id", "name", name="uq_s_prod_assoc_name"),
        *_lengths("s_prod_assoc", name=100),
    )
    op.create_table(
        "s_prod_struct",
        *_owned("product_id"),
        _text("component_product_id", 100, nullable=False),
        _text("association_level", 100),
        _number("least"),
        _number("most"),
        _number("default_qty"),
        _number("seq_num"),
        *_hidden(),
        *_constraints("s_prod_struct", "product_id", "s_prod_int"),
        _product("s_prod_struct", "component_product_id"),
        sa.UniqueConstraint("product_id", "component_product_id", name="uq_s_prod_struct_component_product_id"),
        *_lengths("s_prod_struct", component_product_id=100, association_level=100),
    )
    op.create_index("ix_s_prod_struct_component_product_id", "s_prod_struct", ["component_product_id"])
    op.create_table(
        "s_prod_bndl_struct",
        *_owned("product_id"),
        _text("within_product_id", 100, nullable=False),
        _text("component_product_id", 100, nullable=False),
        _text("association_level", 100),
        _number("least"),
        _number("most"),
        _number("default_qty"),
        _number("seq_num"),
        *_hidden(),
        *_constraints("s_prod_bndl_struct", "product_id", "s_prod_int"),
        _product("s_prod_bndl_struct", "within_product_id"),
        _product("s_prod_bndl_struct", "component_product_id"),
        sa.UniqueConstraint(
            "product_id",
            "within_product_id",
            "component_product_id",
            name="uq_s_prod_bndl_struct_within_product_id_component_product_id",
        ),
        *_lengths("s_prod_bndl_struct", within_product_id=100, component_product_id=100, association_level=100),
    )
    op.create_index("ix_s_prod_bndl_struct_within_product_id", "s_prod_bndl_struct", ["within_product_id"])
    op.create_index("ix_s_prod_bndl_struct_component_product_id", "s_prod_bndl_struct", ["component_product_id"])
    op.create_table(
        "s_prod_attr",
        *_owned("product_id"),
        _text("name", 255, nullable=False),
        _text("type_cd", 30),
        _text("required_flg", 1),
        _text("default_val", 4000),
        _text("least_val", 64),
        _text("most_val", 64),
        *_hidden(),
        *_constraints("s_prod_attr", "product_id", "s_prod_int"),
        sa.UniqueConstraint("product_id", "name", name="uq_s_prod_attr_name"),
        sa.CheckConstraint("required_flg IN ('Y', 'N')", name="ck_s_prod_attr_required_flg"),
        *_lengths("s_prod_attr", name=255, type_cd=30, default_val=4000, least_val=64, most_val=64),
    )
    op.create_table(
        "s_prod_rule",
        *_owned("product_id"),
        _text("name", 100, nullable=False),
        _text("kind_cd", 30, nullable=False),
        _text("prod_id", 100),
        _text("other_prod_id", 100),
        _text("expr_txt", None),
        _text("message_txt", 4000),
        *_hidden(),
        *_constraints("s_prod_rule", "product_id", "s_prod_int"),
        _product("s_prod_rule", "prod_id"),
        _product("s_prod_rule", "other_prod_id"),
        sa.UniqueConstraint("product_id", "name", name="uq_s_prod_rule_name"),
        *_lengths("s_prod_rule", name=100, kind_cd=30, prod_id=100, other_prod_id=100, message_txt=4000),
    )
    op.create_index("ix_s_prod_rule_prod_id", "s_prod_rule", ["prod_id"])
    op.create_index("ix_s_prod_rule_other_prod_id", "s_prod_rule", ["other_prod_id"])
    op.create_table(
        "s_prod_attr_val",
        *_owned("attr_id"),
        _text("val", 255, nullable=False),
        *_hidden(),
        *_constraints("s_prod_attr_val", "attr_id", "s_prod_attr"),
        sa.UniqueConstraint("attr_id", "val", name="uq_s_prod_attr_val_val"),
        *_lengths("s_prod_attr_val", val=255),
    )


def downgrade() -> None:
    """Drop the tables and the columns, with what is in them."""
    op.drop_table("s_prod_attr_val")
    op.drop_table("s_prod_rule")
    op.drop_table("s_prod_attr")
    op.drop_table("s_prod_bndl_struct")
    op.drop_table("s_prod_struct")
    op.drop_table("s_prod_assoc")
    for column in reversed(_NEW_COLUMNS):
        # Each database drops a column's checks with it; Alembic's own way rebuilds SQLite's table, to which rows refer.
        op.execute(f"ALTER TABLE s_prod_int DROP COLUMN {column}")


def _add_text(table: str, column: str, length: int) -> None:
    """Add a column with the check of its length, which SQLite can't add later."""
    declared = f"VARCHAR({length})"
    if op.get_bind().dialect.name == "postgresql":
        declared += ' COLLATE "C"'
    check = f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {length})"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {declared} {check}")


def _owned(owner: str) -> Iterator[sa.Column[Any]]:
    yield _text("row_id", 64, nullable=False)
    yield _text(owner, 64, nullable=False)


def _hidden() -> Iterator[sa.Column[Any]]:
    """The order among siblings; when and by whom a row was made and last changed."""
    yield sa.Column("position", sa.BigInteger(), nullable=False)
    yield _text("created", 32, nullable=False)
    yield _text("created_by", 255, nullable=False)
    yield _text("last_upd", 32, nullable=False)
    yield _text("last_upd_by", 255, nullable=False)


def _constraints(table: str, owner: str, owned_by: str) -> Iterator[sa.Constraint]:
    yield sa.PrimaryKeyConstraint("row_id", name=f"pk_{table}")
    yield sa.ForeignKeyConstraint([owner], [f"{owned_by}.row_id"], name=f"fk_{table}_{owner}")


def _product(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["s_prod_int.product_id"], name=f"fk_{table}_{column}")


def _text(name: str, length: int | None, *, nullable: bool = True) -> sa.Column[Any]:
    """A text that is compared by code point."""
    kind: type[sa.String] = sa.Text if length is None else sa.String
    type_ = kind(length).with_variant(kind(length, collation="C"), "postgresql")
    return sa.Column(name, type_, nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    """An exact decimal: text on SQLite, whose numbers are floats."""
    return sa.Column(name, sa.Text().with_variant(sa.Numeric(), "postgresql"))


def _lengths(table: str, **lengths: int) -> Iterator[sa.CheckConstraint]:
    """Checks of lengths, because SQLite reads VARCHAR(64) as TEXT."""
    for column, length in lengths.items():
        yield sa.CheckConstraint(f"length({column}) <= {length}", name=f"ck_{table}_{column}_length")
