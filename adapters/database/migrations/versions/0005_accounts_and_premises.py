"""Accounts' addresses and credit; premises, meters, contacts, agreements, opportunities, users, tickets; history.

Revision: 0005
Revises: 0004
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ACCOUNT = {"account_type": 30, "address_id": 64, "phone_number": 40, "email_address": 255, "credit_status": 30}
_NEW = (
    "s_address",
    "s_meter",
    "s_user",
    "s_agreement",
    "s_contact",
    "s_opportunity",
    "s_revenue_item",
    "s_service_point",
    "s_meter_location",
    "s_trouble_ticket",
    "s_service_profile_history",
)


def upgrade() -> None:
    """Create the new tables, those first that others refer to, and the accounts' new columns."""
    op.create_table(
        "s_address",
        _text("row_id", 64, nullable=False),
        _text("address_id", 64, nullable=False),
        _text("street", 255),
        _text("street_2", 255),
        _text("city", 100),
        _text("state", 100),
        _text("postal_code", 30),
        _text("country", 100),
        _text("description", 4000),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_address"),
        sa.UniqueConstraint("address_id", name="uq_s_address_address_id"),
        *_lengths(
            "s_address",
            address_id=64,
            street=255,
            street_2=255,
            city=100,
            state=100,
            postal_code=30,
            country=100,
            description=4000,
        ),
    )
    op.create_table(
        "s_meter",
        _text("row_id", 64, nullable=False),
        _text("meter_id", 64, nullable=False),
        _text("serial_number", 100),
        _text("meter_type", 30),
        _text("status", 30),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_meter"),
        sa.UniqueConstraint("meter_id", name="uq_s_meter_meter_id"),
        *_lengths("s_meter", meter_id=64, serial_number=100, meter_type=30, status=30),
    )
    op.create_table(
        "s_user",
        _text("row_id", 64, nullable=False),
        _text("user_id", 64, nullable=False),
        _text("first_name", 100),
        _text("last_name", 100),
        _text("role", 64),
        _text("email_address", 255),
        _text("active_flag", 1),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_user"),
        sa.UniqueConstraint("user_id", name="uq_s_user_user_id"),
        *_flags("s_user", "active_flag"),
        *_lengths("s_user", user_id=64, first_name=100, last_name=100, role=64, email_address=255),
    )
    op.create_table(
        "s_agreement",
        _text("row_id", 64, nullable=False),
        _text("agreement_id", 64, nullable=False),
        _text("name", 255),
        _text("agreement_type", 30),
        _text("status", 30),
        _text("account_id", 64, nullable=False),
        _text("effective_start_date", 32),
        _text("effective_end_date", 32),
        _text("currency_code", 30),
        _text("description", 4000),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_agreement"),
        sa.UniqueConstraint("agreement_id", name="uq_s_agreement_agreement_id"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_agreement_account_id"),
        *_lengths(
            "s_agreement",
            agreement_id=64,
            name=255,
            agreement_type=30,
            status=30,
            account_id=64,
            effective_start_date=32,
            effective_end_date=32,
            currency_code=30,
            description=4000,
        ),
    )
    op.create_index("ix_s_agreement_account_id", "s_agreement", ["account_id"])
    op.create_table(
        "s_contact",
        _text("row_id", 64, nullable=False),
        _text("contact_id", 64, nullable=False),
        _text("account_id", 64),
        _text("first_name", 100),
        _text("last_name", 100, nullable=False),
        _text("job_title", 100),
        _text("phone_number", 40),
        _text("email_address", 255),
        _text("address_id", 64),
        _text("primary_flag", 1),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_contact"),
        sa.UniqueConstraint("contact_id", name="uq_s_contact_contact_id"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_contact_account_id"),
        sa.ForeignKeyConstraint(["address_id"], ["s_address.address_id"], name="fk_s_contact_address_id"),
        *_flags("s_contact", "primary_flag"),
        *_lengths(
            "s_contact",
            contact_id=64,
            account_id=64,
            first_name=100,
            last_name=100,
            job_title=100,
            phone_number=40,
            email_address=255,
            address_id=64,
        ),
    )
    op.create_index("ix_s_contact_account_id", "s_contact", ["account_id"])
    op.create_index("ix_s_contact_address_id", "s_contact", ["address_id"])
    op.create_table(
        "s_opportunity",
        _text("row_id", 64, nullable=False),
        _text("opportunity_id", 64, nullable=False),
        _text("name", 255),
        _text("account_id", 64),
        _text("status", 30),
        _text("sales_stage", 30),
        _text("close_date", 32),
        _text("currency_code", 30),
        _text("description", 4000),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_opportunity"),
        sa.UniqueConstraint("opportunity_id", name="uq_s_opportunity_opportunity_id"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_opportunity_account_id"),
        *_lengths(
            "s_opportunity",
            opportunity_id=64,
            name=255,
            account_id=64,
            status=30,
            sales_stage=30,
            close_date=32,
            currency_code=30,
            description=4000,
        ),
    )
    op.create_index("ix_s_opportunity_account_id", "s_opportunity", ["account_id"])
    op.create_table(
        "s_revenue_item",
        _text("row_id", 64, nullable=False),
        _text("opportunity_id", 64, nullable=False),
        _number("sequence"),
        _text("product_id", 100),
        _number("quantity"),
        _number("price"),
        _text("revenue_date", 32),
        _text("price_type", 30),
        _text("currency_code", 30),
        _text("quote_id", 64),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_revenue_item"),
        sa.UniqueConstraint("opportunity_id", "sequence", name="uq_s_revenue_item_sequence"),
        sa.ForeignKeyConstraint(["opportunity_id"], ["s_opportunity.row_id"], name="fk_s_revenue_item_opportunity_id"),
        sa.ForeignKeyConstraint(["product_id"], ["s_prod_int.product_id"], name="fk_s_revenue_item_product_id"),
        *_lengths("s_revenue_item", product_id=100, revenue_date=32, price_type=30, currency_code=30, quote_id=64),
    )
    op.create_index("ix_s_revenue_item_product_id", "s_revenue_item", ["product_id"])
    op.create_table(
        "s_service_point",
        _text("row_id", 64, nullable=False),
        _text("service_point_id", 64, nullable=False),
        _text("address_id", 64, nullable=False),
        _text("product_id", 100),
        _text("service_id", 100),
        _text("description", 4000),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_service_point"),
        sa.UniqueConstraint("service_point_id", name="uq_s_service_point_service_point_id"),
        sa.ForeignKeyConstraint(["address_id"], ["s_address.address_id"], name="fk_s_service_point_address_id"),
        sa.ForeignKeyConstraint(["product_id"], ["s_prod_int.product_id"], name="fk_s_service_point_product_id"),
        *_lengths(
            "s_service_point", service_point_id=64, address_id=64, product_id=100, service_id=100, description=4000
        ),
    )
    op.create_index("ix_s_service_point_address_id", "s_service_point", ["address_id"])
    op.create_index("ix_s_service_point_product_id", "s_service_point", ["product_id"])
    op.create_table(
        "s_meter_location",
        _text("row_id", 64, nullable=False),
        _text("meter_id", 64, nullable=False),
        _text("service_point_id", 64, nullable=False),
        _text("from_date", 32, nullable=False),
        _text("to_date", 32),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_meter_location"),
        sa.UniqueConstraint("meter_id", "from_date", name="uq_s_meter_location_meter_id_from_date"),
        sa.ForeignKeyConstraint(["meter_id"], ["s_meter.meter_id"], name="fk_s_meter_location_meter_id"),
        sa.ForeignKeyConstraint(
            ["service_point_id"], ["s_service_point.service_point_id"], name="fk_s_meter_location_service_point_id"
        ),
        *_lengths("s_meter_location", meter_id=64, service_point_id=64, from_date=32, to_date=32),
    )
    op.create_index("ix_s_meter_location_meter_id", "s_meter_location", ["meter_id"])
    op.create_index("ix_s_meter_location_service_point_id", "s_meter_location", ["service_point_id"])
    op.create_table(
        "s_trouble_ticket",
        _text("row_id", 64, nullable=False),
        _text("ticket_number", 64, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("contact_id", 64),
        _text("integration_id", 64),
        _text("service_id", 100),
        _text("status", 30),
        _text("severity", 30),
        _text("summary", 255),
        _text("description", 4000),
        _text("opened_date", 32),
        _text("closed_date", 32),
        _text("owner_user_id", 64),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_trouble_ticket"),
        sa.UniqueConstraint("ticket_number", name="uq_s_trouble_ticket_ticket_number"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_trouble_ticket_account_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["s_contact.contact_id"], name="fk_s_trouble_ticket_contact_id"),
        sa.ForeignKeyConstraint(["owner_user_id"], ["s_user.user_id"], name="fk_s_trouble_ticket_owner_user_id"),
        *_lengths(
            "s_trouble_ticket",
            ticket_number=64,
            account_id=64,
            contact_id=64,
            integration_id=64,
            service_id=100,
            status=30,
            severity=30,
            summary=255,
            description=4000,
            opened_date=32,
            closed_date=32,
            owner_user_id=64,
        ),
    )
    op.create_index("ix_s_trouble_ticket_account_id", "s_trouble_ticket", ["account_id"])
    op.create_index("ix_s_trouble_ticket_contact_id", "s_trouble_ticket", ["contact_id"])
    op.create_index("ix_s_trouble_ticket_owner_user_id", "s_trouble_ticket", ["owner_user_id"])
    op.create_table(
        "s_service_profile_history",
        _text("row_id", 64, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("integration_id", 64, nullable=False),
        _text("product_id", 100),
        _text("action_code", 30, nullable=False),
        _text("order_number", 64),
        _number("order_revision"),
        _text("changed_date", 32, nullable=False),
        _text("old_values", None),
        _text("new_values", None),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_service_profile_history"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["s_account.account_id"], name="fk_s_service_profile_history_account_id"
        ),
        *_lengths(
            "s_service_profile_history",
            account_id=64,
            integration_id=64,
            product_id=100,
            action_code=30,
            order_number=64,
            changed_date=32,
        ),
    )
    op.create_index("ix_s_service_profile_history_account_id", "s_service_profile_history", ["account_id"])
    op.create_index("ix_s_service_profile_history_integration_id", "s_service_profile_history", ["integration_id"])
    op.create_index("ix_s_service_profile_history_order_number", "s_service_profile_history", ["order_number"])
    for column, length in _ACCOUNT.items():
        _add_to_account(column, length)
    op.add_column("s_account", _number("credit_limit"))
    op.create_index("ix_s_account_address_id", "s_account", ["address_id"])


def downgrade() -> None:
    """Take it all back, with what is in it."""
    op.drop_index("ix_s_account_address_id", "s_account")
    for column in ("credit_limit", *reversed(_ACCOUNT)):
        op.execute(f"ALTER TABLE s_account DROP COLUMN {column}")
    for table in reversed(_NEW):
        op.drop_table(table)


def _add_to_account(column: str, length: int) -> None:
    """Add a text with its constraints: SQLite takes them with their column only."""
    collation = ' COLLATE "C"' if op.get_context().dialect.name == "postgresql" else ""
    reference = ""
    if column == "address_id":
        reference = " CONSTRAINT fk_s_account_address_id REFERENCES s_address (address_id)"
    op.execute(
        f"ALTER TABLE s_account ADD COLUMN {column} VARCHAR({length}){collation}"
        f" CONSTRAINT ck_s_account_{column}_length CHECK (length({column}) <= {length}){reference}"
    )


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


def _flags(table: str, *columns: str) -> Iterator[sa.CheckConstraint]:
    for column in columns:
        yield sa.CheckConstraint(f"{column} IN ('Y', 'N')", name=f"ck_{table}_{column}")


def _lengths(table: str, **lengths: int) -> Iterator[sa.CheckConstraint]:
    """Checks of lengths, because SQLite reads VARCHAR(64) as TEXT."""
    for column, length in lengths.items():
        yield sa.CheckConstraint(f"length({column}) <= {length}", name=f"ck_{table}_{column}_length")
