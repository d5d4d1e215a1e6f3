"""The first tables: accounts, products, quotes, orders, assets, work orders, and the hub's own.

Revision: 0001
Revises: nothing
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite makes row numbers for INTEGER only.
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create all tables, those first that others refer to."""
    op.create_table(
        "hub_component",
        _text("name", 255, nullable=False),
        _text("state", 16, nullable=False),
        sa.Column("why", sa.Text()),
        _text("since", 32, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hub_component"),
        sa.CheckConstraint("state IN ('running', 'paused')", name="ck_hub_component_state"),
        *_lengths("hub_component", name=255, state=16, since=32),
    )
    op.create_table(
        "hub_door_count",
        _text("route", 255, nullable=False),
        _text("process", 255, nullable=False),
        sa.Column("deliveries", _BIG, nullable=False),
        sa.Column("unacknowledged", _BIG, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("route", "process", name="pk_hub_door_count"),
        *_lengths("hub_door_count", route=255, process=255),
    )
    op.create_table(
        "hub_extension",
        _text("name", 255, nullable=False),
        _text("digest", 64, nullable=False),
        _text("applied_at", 32, nullable=False),
        sa.PrimaryKeyConstraint("name", "digest", name="pk_hub_extension"),
        *_lengths("hub_extension", name=255, digest=64, applied_at=32),
    )
    op.create_table(
        "hub_inbox",
        sa.Column("seq", _BIG, autoincrement=True, nullable=False),
        _text("id", 64, nullable=False),
        _text("route", 255, nullable=False),
        _text("sender", 255, nullable=False),
        _text("identity", 137, nullable=False),
        _text("digest", 64, nullable=False),
        _text("state", 16, nullable=False),
        _text("key", 255),
        _text("due_at", 32, nullable=False),
        _text("waits_for", 255),
        sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deaths", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("replays", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _text("received_at", 32, nullable=False),
        _text("final_at", 32),
        _text("message_id", 128),
        _text("correlation_id", 128),
        _text("reply_to", 255),
        _text("type", 255),
        _text("content_type", 255, nullable=False),
        _text("source", 1024, nullable=False),
        _text("reason", 128),
        _text("map", 255),
        _text("map_version", 64),
        _text("reply_outbox_id", 64),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("also_reply_to", sa.Text()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_hub_inbox"),
        sa.UniqueConstraint("id", name="uq_hub_inbox_id"),
        sa.UniqueConstraint("route", "sender", "identity", name="uq_hub_inbox_identity"),
        sa.CheckConstraint(
            "state IN ('received', 'retrying', 'parked', 'done', 'filtered', 'rejected', 'invalid', 'dead')",
            name="ck_hub_inbox_state",
        ),
        sa.CheckConstraint("waits_for IS NULL OR state = 'parked'", name="ck_hub_inbox_waits_for"),
        sa.CheckConstraint(
            "(final_at IS NULL) = (state IN ('received', 'retrying', 'parked'))", name="ck_hub_inbox_final_at"
        ),
        *_lengths(
            "hub_inbox",
            id=64,
            route=255,
            sender=255,
            identity=137,
            digest=64,
            state=16,
            key=255,
            due_at=32,
            waits_for=255,
            received_at=32,
            final_at=32,
            message_id=128,
            correlation_id=128,
            reply_to=255,
            type=255,
            content_type=255,
            source=1024,
            reason=128,
            map=255,
            map_version=64,
            reply_outbox_id=64,
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_hub_inbox_key",
        "hub_inbox",
        ["route", "key", "seq"],
        sqlite_where=sa.text("state IN ('received', 'retrying') OR state = 'parked' AND waits_for IS NULL"),
        postgresql_where=sa.text("state IN ('received', 'retrying') OR state = 'parked' AND waits_for IS NULL"),
    )
    op.create_index(
        "ix_hub_inbox_line",
        "hub_inbox",
        ["route", "seq"],
        sqlite_where=sa.text("state IN ('received', 'retrying') OR state = 'parked' AND waits_for IS NULL"),
        postgresql_where=sa.text("state IN ('received', 'retrying') OR state = 'parked' AND waits_for IS NULL"),
    )
    op.create_index("ix_hub_inbox_state", "hub_inbox", ["state", "route", "seq", "repeats"])
    op.create_index(
        "ix_hub_inbox_waits_for",
        "hub_inbox",
        ["waits_for", "due_at"],
        sqlite_where=sa.text("waits_for IS NOT NULL"),
        postgresql_where=sa.text("waits_for IS NOT NULL"),
    )
    op.create_table(
        "hub_lease",
        _text("name", 255, nullable=False),
        _text("holder", 255, nullable=False),
        _text("until", 32, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hub_lease"),
        *_lengths("hub_lease", name=255, holder=255, until=32),
    )
    op.create_table(
        "hub_sequence",
        _text("name", 255, nullable=False),
        sa.Column("value", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hub_sequence"),
        *_lengths("hub_sequence", name=255),
    )
    op.create_table(
        "s_account",
        _text("row_id", 64, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("name", 255),
        _text("account_class", 30),
        _text("parent_account_id", 64),
        _text("currency_code", 30),
        _text("status", 30),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_account"),
        sa.UniqueConstraint("account_id", name="uq_s_account_account_id"),
        *_lengths(
            "s_account", account_id=64, name=255, account_class=30, parent_account_id=64, currency_code=30, status=30
        ),
    )
    op.create_table(
        "s_fallout",
        _text("row_id", 64, nullable=False),
        _text("account_id", 64),
        _text("order_id", 64),
        _text("order_number", 255),
        _text("inbox_id", 64),
        sa.Column("lines", sa.Text(), nullable=False),
        _text("cause", 255, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("state", 16, nullable=False),
        _text("created", 32, nullable=False),
        _text("created_by", 255, nullable=False),
        _text("resolved", 32),
        _text("resolved_by", 255),
        sa.Column("resolution", sa.Text()),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_fallout"),
        sa.CheckConstraint("state IN ('Open', 'Resolved')", name="ck_s_fallout_state"),
        *_lengths(
            "s_fallout",
            row_id=64,
            account_id=64,
            order_id=64,
            order_number=255,
            inbox_id=64,
            cause=255,
            state=16,
            created=32,
            created_by=255,
            resolved=32,
            resolved_by=255,
        ),
    )
    op.create_index("ix_s_fallout_order_number", "s_fallout", ["order_number"])
    op.create_index("ix_s_fallout_state", "s_fallout", ["state", "created"])
    op.create_table(
        "s_integration_key",
        _text("system", 255, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("source_reference", 255, nullable=False),
        _text("integration_id", 64, nullable=False),
        _text("created", 32, nullable=False),
        sa.PrimaryKeyConstraint("system", "account_id", "source_reference", name="pk_s_integration_key"),
        *_lengths("s_integration_key", system=255, account_id=64, source_reference=255, integration_id=64, created=32),
    )
    op.create_index("ix_s_integration_key_integration_id", "s_integration_key", ["account_id", "integration_id"])
    op.create_table(
        "s_prod_int",
        _text("row_id", 64, nullable=False),
        _text("product_id", 100, nullable=False),
        _text("name", 255),
        _text("crt_ast_rec_flg", 1),
        _text("serv_inst_flg", 1),
        _text("price_type_cd", 30),
        _text("transferable_flg", 1),
        _text("fulfilment_system", 255),
        _number("list_price"),
        _text("currency_code", 30),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_prod_int"),
        sa.UniqueConstraint("product_id", name="uq_s_prod_int_product_id"),
        *_flags("s_prod_int", "crt_ast_rec_flg", "serv_inst_flg", "transferable_flg"),
        *_lengths("s_prod_int", product_id=100, name=255, price_type_cd=30, fulfilment_system=255, currency_code=30),
    )
    op.create_table(
        "s_work_order",
        _text("row_id", 64, nullable=False),
        _text("work_order_number", 128, nullable=False),
        _number("rev_num"),
        _text("order_number", 64),
        _number("order_revision"),
        _text("source_system", 64),
        _text("source_order_number", 64),
        _text("account_id", 64),
        _text("fulfilment_system", 255),
        _text("due_date", 32),
        _text("status", 30),
        _text("currency_code", 30),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_work_order"),
        sa.UniqueConstraint("work_order_number", name="uq_s_work_order_work_order_number"),
        *_lengths(
            "s_work_order",
            work_order_number=128,
            order_number=64,
            source_system=64,
            source_order_number=64,
            account_id=64,
            fulfilment_system=255,
            due_date=32,
            status=30,
            currency_code=30,
        ),
    )
    op.create_index("ix_s_work_order_account_id", "s_work_order", ["account_id"])
    op.create_index("ix_s_work_order_order_number", "s_work_order", ["order_number"])
    op.create_index(
        "ix_s_work_order_source_system_source_order_number", "s_work_order", ["source_system", "source_order_number"]
    )
    op.create_table(
        "hub_in_hand",
        _text("inbox_id", 64, nullable=False),
        _text("process", 255, nullable=False),
        _text("since", 32, nullable=False),
        sa.PrimaryKeyConstraint("inbox_id", name="pk_hub_in_hand"),
        sa.ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_in_hand_inbox_id"),
        *_lengths("hub_in_hand", inbox_id=64, process=255, since=32),
    )
    op.create_table(
        "hub_outbox",
        sa.Column("seq", _BIG, autoincrement=True, nullable=False),
        _text("id", 64, nullable=False),
        _text("message_id", 128, nullable=False),
        _text("inbox_id", 64),
        _text("route", 255),
        _text("destination", 255, nullable=False),
        _text("kind", 16, nullable=False),
        _text("type", 255),
        _text("correlation_id", 128),
        _text("reply_to", 255),
        _text("content_type", 255, nullable=False),
        _text("created_at", 32, nullable=False),
        _text("due_at", 32, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _text("sent_at", 32),
        _text("taken_by", 255),
        _text("taken_until", 32),
        sa.Column("takes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_hub_outbox"),
        sa.UniqueConstraint("id", name="uq_hub_outbox_id"),
        sa.ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_outbox_inbox_id"),
        sa.CheckConstraint("kind IN ('outbound', 'reply', 'dead letter')", name="ck_hub_outbox_kind"),
        *_lengths(
            "hub_outbox",
            id=64,
            message_id=128,
            inbox_id=64,
            route=255,
            destination=255,
            kind=16,
            type=255,
            correlation_id=128,
            reply_to=255,
            content_type=255,
            created_at=32,
            due_at=32,
            sent_at=32,
            taken_by=255,
            taken_until=32,
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hub_outbox_inbox_id", "hub_outbox", ["inbox_id"])
    op.create_index("ix_hub_outbox_message_id", "hub_outbox", ["message_id"])
    op.create_index(
        "ix_hub_outbox_waiting",
        "hub_outbox",
        ["destination", "seq"],
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "hub_recording",
        _text("inbox_id", 64, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("inbox_id", name="pk_hub_recording"),
        sa.ForeignKeyConstraint(["inbox_id"], ["hub_inbox.id"], name="fk_hub_recording_inbox_id"),
        *_lengths("hub_recording", inbox_id=64),
    )
    op.create_table(
        "s_account_key",
        _text("row_id", 64, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("system", 64, nullable=False),
        _text("number", 64, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_account_key"),
        sa.UniqueConstraint("system", "number", name="uq_s_account_key_system_number"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.row_id"], name="fk_s_account_key_account_id"),
        *_lengths("s_account_key", system=64, number=64),
    )
    op.create_index("ix_s_account_key_account_id_position", "s_account_key", ["account_id", "position"])
    op.create_table(
        "s_asset",
        _text("row_id", 64, nullable=False),
        _text("account_id", 64, nullable=False),
        _text("par_asset_id", 64),
        _text("integration_id", 64),
        _text("source_reference", 255),
        _text("prod_id", 100),
        _text("status_cd", 30),
        _number("qty"),
        _number("extended_qty"),
        _text("track_as_asset", 1),
        _text("serial_num", 100),
        _text("service_point_id", 64),
        _text("serv_accnt_id", 64),
        _text("bill_accnt_id", 64),
        _text("cur_agree_id", 64),
        _text("price_type", 30),
        _text("unit_of_measure", 30),
        _number("number_of_occurrences"),
        _number("purch_list_unit_pri"),
        _number("purch_adj_unit_pri"),
        _text("asset_val_curcy_cd", 30),
        _text("asset_val_exch_dt", 32),
        _text("comments", 4000),
        _text("pri_desc_txt", 4000),
        _text("start_dt", 32),
        _text("end_dt", 32),
        _text("orig_order_id", 64),
        _text("fulfilment_system", 255),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_asset"),
        sa.UniqueConstraint("account_id", "integration_id", name="uq_s_asset_integration_id"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_asset_account_id"),
        sa.ForeignKeyConstraint(["par_asset_id"], ["s_asset.row_id"], name="fk_s_asset_par_asset_id"),
        sa.ForeignKeyConstraint(["prod_id"], ["s_prod_int.product_id"], name="fk_s_asset_prod_id"),
        sa.ForeignKeyConstraint(["serv_accnt_id"], ["s_account.account_id"], name="fk_s_asset_serv_accnt_id"),
        sa.ForeignKeyConstraint(["bill_accnt_id"], ["s_account.account_id"], name="fk_s_asset_bill_accnt_id"),
        *_flags("s_asset", "track_as_asset"),
        *_lengths(
            "s_asset",
            integration_id=64,
            source_reference=255,
            prod_id=100,
            status_cd=30,
            serial_num=100,
            service_point_id=64,
            serv_accnt_id=64,
            bill_accnt_id=64,
            cur_agree_id=64,
            price_type=30,
            unit_of_measure=30,
            asset_val_curcy_cd=30,
            asset_val_exch_dt=32,
            comments=4000,
            pri_desc_txt=4000,
            start_dt=32,
            end_dt=32,
            orig_order_id=64,
            fulfilment_system=255,
        ),
    )
    op.create_index("ix_s_asset_account_id_position", "s_asset", ["account_id", "position"])
    op.create_index("ix_s_asset_bill_accnt_id", "s_asset", ["bill_accnt_id"])
    op.create_index("ix_s_asset_par_asset_id", "s_asset", ["par_asset_id"])
    op.create_index("ix_s_asset_prod_id", "s_asset", ["prod_id"])
    op.create_index("ix_s_asset_root_id", "s_asset", ["root_id"])
    op.create_index("ix_s_asset_serv_accnt_id", "s_asset", ["serv_accnt_id"])
    op.create_table(
        "s_doc_quote",
        _text("row_id", 64, nullable=False),
        _text("quote_number", 64),
        _number("rev_num"),
        _text("status", 30),
        _text("account_id", 64),
        _text("serv_accnt_id", 64),
        _text("bill_accnt_id", 64),
        _text("agree_id", 64),
        _text("opportunity_id", 64),
        _text("price_list_id", 64),
        _text("currency_code", 30),
        _text("description", 4000),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_doc_quote"),
        sa.UniqueConstraint("quote_number", "rev_num", name="uq_s_doc_quote_quote_number_rev_num"),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_doc_quote_account_id"),
        sa.ForeignKeyConstraint(["serv_accnt_id"], ["s_account.account_id"], name="fk_s_doc_quote_serv_accnt_id"),
        sa.ForeignKeyConstraint(["bill_accnt_id"], ["s_account.account_id"], name="fk_s_doc_quote_bill_accnt_id"),
        *_lengths(
            "s_doc_quote",
            quote_number=64,
            status=30,
            account_id=64,
            serv_accnt_id=64,
            bill_accnt_id=64,
            agree_id=64,
            opportunity_id=64,
            price_list_id=64,
            currency_code=30,
            description=4000,
        ),
    )
    op.create_index("ix_s_doc_quote_account_id", "s_doc_quote", ["account_id"])
    op.create_index("ix_s_doc_quote_bill_accnt_id", "s_doc_quote", ["bill_accnt_id"])
    op.create_index("ix_s_doc_quote_serv_accnt_id", "s_doc_quote", ["serv_accnt_id"])
    op.create_table(
        "s_order",
        _text("row_id", 64, nullable=False),
        _text("order_number", 64),
        _text("source_system", 64),
        _text("source_order_number", 64),
        _number("source_revision"),
        _number("rev_num"),
        _text("active_flg", 1),
        _text("order_type", 30),
        _text("status", 30),
        _text("account_id", 64),
        _text("serv_accnt_id", 64),
        _text("bill_accnt_id", 64),
        _text("agree_id", 64),
        _text("quote_id", 64),
        _text("price_list_id", 64),
        _text("currency_code", 30),
        _text("due_date", 32),
        _text("completed_date", 32),
        sa.Column("modification_num", sa.Integer(), nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_order"),
        sa.UniqueConstraint("order_number", "rev_num", name="uq_s_order_order_number_rev_num"),
        sa.UniqueConstraint(
            "source_system",
            "source_order_number",
            "source_revision",
            name="uq_s_order_source_system_source_order_number_source_revision",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["s_account.account_id"], name="fk_s_order_account_id"),
        sa.ForeignKeyConstraint(["serv_accnt_id"], ["s_account.account_id"], name="fk_s_order_serv_accnt_id"),
        sa.ForeignKeyConstraint(["bill_accnt_id"], ["s_account.account_id"], name="fk_s_order_bill_accnt_id"),
        *_flags("s_order", "active_flg"),
        *_lengths(
            "s_order",
            order_number=64,
            source_system=64,
            source_order_number=64,
            order_type=30,
            status=30,
            account_id=64,
            serv_accnt_id=64,
            bill_accnt_id=64,
            agree_id=64,
            quote_id=64,
            price_list_id=64,
            currency_code=30,
            due_date=32,
            completed_date=32,
        ),
    )
    op.create_index("ix_s_order_account_id", "s_order", ["account_id"])
    op.create_index("ix_s_order_bill_accnt_id", "s_order", ["bill_accnt_id"])
    op.create_index("ix_s_order_quote_id", "s_order", ["quote_id"])
    op.create_index("ix_s_order_serv_accnt_id", "s_order", ["serv_accnt_id"])
    op.create_table(
        "s_work_order_item",
        _text("row_id", 64, nullable=False),
        _text("work_order_id", 64, nullable=False),
        _text("par_work_order_item_id", 64),
        _text("integration_id", 64),
        _text("source_reference", 255),
        _text("ln_num", 30),
        _text("prod_id", 100),
        _text("prod_name", 255),
        _text("action_cd", 30),
        _text("status_cd", 30),
        _text("status_time", 32),
        _number("qty_req"),
        _text("service_num", 100),
        _text("service_point_id", 64),
        _text("serv_accnt_id", 64),
        _text("bill_accnt_id", 64),
        _text("req_ship_dt", 32),
        _text("completed_dt", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_work_order_item"),
        sa.UniqueConstraint("work_order_id", "integration_id", name="uq_s_work_order_item_integration_id"),
        sa.ForeignKeyConstraint(["work_order_id"], ["s_work_order.row_id"], name="fk_s_work_order_item_work_order_id"),
        sa.ForeignKeyConstraint(
            ["par_work_order_item_id"], ["s_work_order_item.row_id"], name="fk_s_work_order_item_par_work_order_item_id"
        ),
        *_lengths(
            "s_work_order_item",
            integration_id=64,
            source_reference=255,
            ln_num=30,
            prod_id=100,
            prod_name=255,
            action_cd=30,
            status_cd=30,
            status_time=32,
            service_num=100,
            service_point_id=64,
            serv_accnt_id=64,
            bill_accnt_id=64,
            req_ship_dt=32,
            completed_dt=32,
        ),
    )
    op.create_index("ix_s_work_order_item_par_work_order_item_id", "s_work_order_item", ["par_work_order_item_id"])
    op.create_index("ix_s_work_order_item_root_id", "s_work_order_item", ["root_id"])
    op.create_index("ix_s_work_order_item_work_order_id_position", "s_work_order_item", ["work_order_id", "position"])
    op.create_table(
        "s_asset_xa",
        _text("row_id", 64, nullable=False),
        _text("asset_id", 64, nullable=False),
        _text("name", 255, nullable=False),
        _text("action_cd", 30),
        _text("text_value", 4000),
        _number("number_value"),
        _text("date_value", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_asset_xa"),
        sa.UniqueConstraint("asset_id", "name", name="uq_s_asset_xa_name"),
        sa.ForeignKeyConstraint(["asset_id"], ["s_asset.row_id"], name="fk_s_asset_xa_asset_id"),
        *_lengths("s_asset_xa", name=255, action_cd=30, text_value=4000, date_value=32),
    )
    op.create_table(
        "s_order_item",
        _text("row_id", 64, nullable=False),
        _text("order_id", 64, nullable=False),
        _text("par_order_item_id", 64),
        _text("asset_integ_id", 64),
        _text("source_reference", 255),
        _text("ln_num", 30),
        _text("prod_id", 100),
        _text("prod_name", 255),
        _text("action_cd", 30),
        _text("status_cd", 30),
        _number("qty_req"),
        _number("extended_qty"),
        _text("track_as_asset", 1),
        _text("service_num", 100),
        _text("asset_id", 64),
        _text("serv_accnt_id", 64),
        _text("bill_accnt_id", 64),
        _text("agree_id", 64),
        _text("price_type", 30),
        _text("unit_of_measure", 30),
        _number("number_of_occurrences"),
        _number("list_price"),
        _number("adj_unit_pri"),
        _text("amt_curcy_cd", 30),
        _text("amt_dt", 32),
        _text("pricing_comment", 4000),
        _text("pri_desc_txt", 4000),
        _text("req_ship_dt", 32),
        _text("completed_dt", 32),
        _text("calculated_effective_start_date", 32),
        _text("calculated_effective_end_date", 32),
        _text("processed_flg", 1),
        _text("asset_status", 30),
        _text("applied_dt", 32),
        _text("fulfilment_system", 255),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_order_item"),
        sa.UniqueConstraint("order_id", "asset_integ_id", name="uq_s_order_item_asset_integ_id"),
        sa.ForeignKeyConstraint(["order_id"], ["s_order.row_id"], name="fk_s_order_item_order_id"),
        sa.ForeignKeyConstraint(
            ["par_order_item_id"], ["s_order_item.row_id"], name="fk_s_order_item_par_order_item_id"
        ),
        sa.ForeignKeyConstraint(["prod_id"], ["s_prod_int.product_id"], name="fk_s_order_item_prod_id"),
        sa.ForeignKeyConstraint(["serv_accnt_id"], ["s_account.account_id"], name="fk_s_order_item_serv_accnt_id"),
        sa.ForeignKeyConstraint(["bill_accnt_id"], ["s_account.account_id"], name="fk_s_order_item_bill_accnt_id"),
        *_flags("s_order_item", "track_as_asset", "processed_flg"),
        *_lengths(
            "s_order_item",
            asset_integ_id=64,
            source_reference=255,
            ln_num=30,
            prod_id=100,
            prod_name=255,
            action_cd=30,
            status_cd=30,
            service_num=100,
            asset_id=64,
            serv_accnt_id=64,
            bill_accnt_id=64,
            agree_id=64,
            price_type=30,
            unit_of_measure=30,
            amt_curcy_cd=30,
            amt_dt=32,
            pricing_comment=4000,
            pri_desc_txt=4000,
            req_ship_dt=32,
            completed_dt=32,
            calculated_effective_start_date=32,
            calculated_effective_end_date=32,
            asset_status=30,
            applied_dt=32,
            fulfilment_system=255,
        ),
    )
    op.create_index("ix_s_order_item_bill_accnt_id", "s_order_item", ["bill_accnt_id"])
    op.create_index("ix_s_order_item_order_id_position", "s_order_item", ["order_id", "position"])
    op.create_index("ix_s_order_item_par_order_item_id", "s_order_item", ["par_order_item_id"])
    op.create_index("ix_s_order_item_prod_id", "s_order_item", ["prod_id"])
    op.create_index("ix_s_order_item_root_id", "s_order_item", ["root_id"])
    op.create_index("ix_s_order_item_serv_accnt_id", "s_order_item", ["serv_accnt_id"])
    op.create_table(
        "s_quote_item",
        _text("row_id", 64, nullable=False),
        _text("quote_id", 64, nullable=False),
        _text("par_sq_item_id", 64),
        _text("asset_integ_id", 64),
        _text("source_reference", 255),
        _text("ln_num", 30),
        _text("prod_id", 100),
        _text("prod_name", 255),
        _text("action_cd", 30),
        _text("stat_cd", 30),
        _number("qty_req"),
        _number("extended_qty"),
        _text("track_as_asset", 1),
        _text("service_num", 100),
        _text("asset_id", 64),
        _text("serv_accnt_id", 64),
        _text("inv_accnt_id", 64),
        _text("agree_id", 64),
        _text("price_type", 30),
        _text("unit_of_measure", 30),
        _number("number_of_occurrences"),
        _number("list_price"),
        _number("adj_unit_pri"),
        _text("curcy_cd", 30),
        _text("amt_dt", 32),
        _text("pricing_comment", 4000),
        _text("pri_desc_txt", 4000),
        _text("req_dlvrd_dt", 32),
        _text("asset_status", 30),
        _text("fulfilment_system", 255),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_quote_item"),
        sa.UniqueConstraint("quote_id", "asset_integ_id", name="uq_s_quote_item_asset_integ_id"),
        sa.ForeignKeyConstraint(["quote_id"], ["s_doc_quote.row_id"], name="fk_s_quote_item_quote_id"),
        sa.ForeignKeyConstraint(["par_sq_item_id"], ["s_quote_item.row_id"], name="fk_s_quote_item_par_sq_item_id"),
        sa.ForeignKeyConstraint(["prod_id"], ["s_prod_int.product_id"], name="fk_s_quote_item_prod_id"),
        sa.ForeignKeyConstraint(["serv_accnt_id"], ["s_account.account_id"], name="fk_s_quote_item_serv_accnt_id"),
        sa.ForeignKeyConstraint(["inv_accnt_id"], ["s_account.account_id"], name="fk_s_quote_item_inv_accnt_id"),
        *_flags("s_quote_item", "track_as_asset"),
        *_lengths(
            "s_quote_item",
            asset_integ_id=64,
            source_reference=255,
            ln_num=30,
            prod_id=100,
            prod_name=255,
            action_cd=30,
            stat_cd=30,
            service_num=100,
            asset_id=64,
            serv_accnt_id=64,
            inv_accnt_id=64,
            agree_id=64,
            price_type=30,
            unit_of_measure=30,
            curcy_cd=30,
            amt_dt=32,
            pricing_comment=4000,
            pri_desc_txt=4000,
            req_dlvrd_dt=32,
            asset_status=30,
            fulfilment_system=255,
        ),
    )
    op.create_index("ix_s_quote_item_inv_accnt_id", "s_quote_item", ["inv_accnt_id"])
    op.create_index("ix_s_quote_item_par_sq_item_id", "s_quote_item", ["par_sq_item_id"])
    op.create_index("ix_s_quote_item_prod_id", "s_quote_item", ["prod_id"])
    op.create_index("ix_s_quote_item_quote_id_position", "s_quote_item", ["quote_id", "position"])
    op.create_index("ix_s_quote_item_root_id", "s_quote_item", ["root_id"])
    op.create_index("ix_s_quote_item_serv_accnt_id", "s_quote_item", ["serv_accnt_id"])
    op.create_table(
        "s_work_order_item_xa",
        _text("row_id", 64, nullable=False),
        _text("work_order_item_id", 64, nullable=False),
        _text("name", 255, nullable=False),
        _text("action_cd", 30),
        _text("text_value", 4000),
        _number("number_value"),
        _text("date_value", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_work_order_item_xa"),
        sa.UniqueConstraint("work_order_item_id", "name", name="uq_s_work_order_item_xa_name"),
        sa.ForeignKeyConstraint(
            ["work_order_item_id"], ["s_work_order_item.row_id"], name="fk_s_work_order_item_xa_work_order_item_id"
        ),
        *_lengths("s_work_order_item_xa", name=255, action_cd=30, text_value=4000, date_value=32),
    )
    op.create_table(
        "s_order_item_xa",
        _text("row_id", 64, nullable=False),
        _text("order_item_id", 64, nullable=False),
        _text("name", 255, nullable=False),
        _text("action_cd", 30),
        _text("text_value", 4000),
        _number("number_value"),
        _text("date_value", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_order_item_xa"),
        sa.UniqueConstraint("order_item_id", "name", name="uq_s_order_item_xa_name"),
        sa.ForeignKeyConstraint(["order_item_id"], ["s_order_item.row_id"], name="fk_s_order_item_xa_order_item_id"),
        *_lengths("s_order_item_xa", name=255, action_cd=30, text_value=4000, date_value=32),
    )
    op.create_table(
        "s_quote_item_xa",
        _text("row_id", 64, nullable=False),
        _text("quote_item_id", 64, nullable=False),
        _text("name", 255, nullable=False),
        _text("action_cd", 30),
        _text("text_value", 4000),
        _number("number_value"),
        _text("date_value", 32),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("root_id", 64, nullable=False),
        *_audit(),
        sa.PrimaryKeyConstraint("row_id", name="pk_s_quote_item_xa"),
        sa.UniqueConstraint("quote_item_id", "name", name="uq_s_quote_item_xa_name"),
        sa.ForeignKeyConstraint(["quote_item_id"], ["s_quote_item.row_id"], name="fk_s_quote_item_xa_quote_item_id"),
        *_lengths("s_quote_item_xa", name=255, action_cd=30, text_value=4000, date_value=32),
    )


def downgrade() -> None:
    """Drop them all, with what is in them."""
    op.drop_table("s_quote_item_xa")
    op.drop_table("s_order_item_xa")
    op.drop_table("s_work_order_item_xa")
    op.drop_table("s_quote_item")
    op.drop_table("s_order_item")
    op.drop_table("s_asset_xa")
    op.drop_table("s_work_order_item")
    op.drop_table("s_order")
    op.drop_table("s_doc_quote")
    op.drop_table("s_asset")
    op.drop_table("s_account_key")
    op.drop_table("hub_recording")
    op.drop_table("hub_outbox")
    op.drop_table("hub_in_hand")
    op.drop_table("s_work_order")
    op.drop_table("s_prod_int")
    op.drop_table("s_integration_key")
    op.drop_table("s_fallout")
    op.drop_table("s_account")
    op.drop_table("hub_sequence")
    op.drop_table("hub_lease")
    op.drop_table("hub_inbox")
    op.drop_table("hub_extension")
    op.drop_table("hub_door_count")
    op.drop_table("hub_component")


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
