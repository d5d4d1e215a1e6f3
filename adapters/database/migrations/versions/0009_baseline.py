"""The baseline: all tables and views of the first release.

Columns are written as ``name type``, with ``!`` where a value is required and ``-> table.column`` for a reference:

    a number       a text of at most so many characters, compared by code point
    id, moment, user   likewise, of 64, 32 and 255 characters that the hub makes itself
    text, long     a text of any length, compared by code point; one that is never compared
    number         a decimal that keeps its digits
    flag, json     Y or N; JSON
    big, int       a whole number of 64 bits, of 32 bits
    big_count, count   likewise, 0 at first
    place          an item's place among its siblings
    bytes          a body, or a recording

The revisions 0001 to 0008 made databases before the first release. No step leads from them to this one.

Revision: 0009
Revises: none
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0009"
down_revision = None

_IN_LINE = "state IN ('received', 'retrying') OR state = 'parked' AND waits_for IS NULL"
#: Views that show as a table the attributes that a line keeps as JSON: the line's table, and the view's owner column.
_ATTRIBUTE_VIEWS = {
    "s_asset": "asset_id",
    "s_quote_item": "quote_item_id",
    "s_order_item": "order_item_id",
    "s_work_order_item": "work_order_item_id",
}
#: The members of an attribute, each with whether it is a number.
_ATTRIBUTE = {
    "name": False,
    "action_cd": False,
    "text_value": False,
    "number_value": True,
    "date_value": False,
}
_AUDIT = "created moment!, created_by user!, last_upd moment!, last_upd_by user!"
#: Texts whose lengths no check holds: the hub itself makes them.
_LENGTHS = {"id": 64, "moment": 32, "user": 255, "flag": 1}
_BIG: TypeEngine[Any] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TYPES: dict[str, TypeEngine[Any]] = {
    "text": sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
    "long": sa.Text(),
    "number": sa.Text().with_variant(sa.Numeric(), "postgresql"),
    "json": sa.Text().with_variant(sa.JSON(), "postgresql"),
    "big": _BIG,
    "big_count": _BIG,
    "count": sa.Integer(),
    "int": sa.Integer(),
    "place": sa.BigInteger(),
    "bytes": sa.LargeBinary(),
}


def upgrade() -> None:
    """Create the tables, then the views."""
    _metadata().create_all(op.get_bind(), checkfirst=False)
    for table, owner_column in _ATTRIBUTE_VIEWS.items():
        op.execute(_attribute_view(table, owner_column))


def downgrade() -> None:
    """Drop everything."""
    for table in _ATTRIBUTE_VIEWS:
        op.execute(f"DROP VIEW {table}_xa")
    _metadata().drop_all(op.get_bind(), checkfirst=False)


def _metadata() -> sa.MetaData:
    metadata = sa.MetaData()
    _messages(metadata)
    _control(metadata)
    _lookups(metadata)
    _accounts(metadata)
    _premises(metadata)
    _catalogue(metadata)
    _prices(metadata)
    _quotes(metadata)
    _orders(metadata)
    _profiles(metadata)
    _work_orders(metadata)
    return metadata


def _messages(metadata: sa.MetaData) -> None:
    """Messages that came in and that leave."""
    _table(
        metadata,
        "hub_inbox",
        "seq big!, id 64!, route 255!, sender 255!, identity 137!, digest 64!, state 16!, key 255, "
        "due_at 32!, waits_for 255, repeats count!, attempts count!, deaths count!, replays count!, "
        "received_at 32!, final_at 32, message_id 128, correlation_id 128, reply_to 255, type 255, "
        "content_type 255!, source 1024!, reason 128, map 255, map_version 64, reply_outbox_id 64, "
        "size big!, headers long!, error long, also_reply_to long, body bytes!",
        primary="seq",
        unique={"id": "id", "identity": "route sender identity"},
        checks={
            "state": "state IN ('received', 'retrying', 'parked', 'done', 'filtered', 'rejected', 'invalid', 'dead')",
            "waits_for": "waits_for IS NULL OR state = 'parked'",
            "final_at": "(final_at IS NULL) = (state IN ('received', 'retrying', 'parked'))",
        },
        indexes={
            "line": ("route seq", _IN_LINE),
            "key": ("route key seq", _IN_LINE),
            "waits_for": ("waits_for due_at", "waits_for IS NOT NULL"),
            "state": ("state route seq repeats", None),
        },
    )
    _table(
        metadata,
        "hub_recording",
        "inbox_id 64! -> hub_inbox.id, data bytes!",
        primary="inbox_id",
    )
    _table(
        metadata,
        "hub_in_hand",
        "inbox_id 64! -> hub_inbox.id, process 255!, since 32!",
        primary="inbox_id",
    )
    _table(
        metadata,
        "hub_outbox",
        "seq big!, id 64!, message_id 128!, inbox_id 64 -> hub_inbox.id, route 255, destination 255!, "
        "kind 16!, type 255, correlation_id 128, reply_to 255, content_type 255!, created_at 32!, "
        "due_at 32!, attempts count!, sent_at 32, taken_by 255, taken_until 32, takes count!, "
        "headers long!, error long, body bytes!",
        primary="seq",
        unique={"id": "id"},
        checks={"kind": "kind IN ('outbound', 'reply', 'dead letter')"},
        indexes={
            "waiting": ("destination seq", "sent_at IS NULL"),
            "inbox_id": ("inbox_id", None),
            "message_id": ("message_id", None),
        },
    )


def _control(metadata: sa.MetaData) -> None:
    """What controls the hub's processes, and the runs of workflows."""
    _table(
        metadata,
        "hub_door_count",
        "route 255!, process 255!, deliveries big!, unacknowledged big_count!",
        primary="route process",
    )
    _table(
        metadata,
        "hub_lease",
        "name 255!, holder 255!, until 32!",
        primary="name",
    )
    _table(
        metadata,
        "hub_component",
        "name 255!, state 16!, why long, since 32!",
        primary="name",
        checks={"state": "state IN ('running', 'paused')"},
    )
    _table(
        metadata,
        "hub_sequence",
        "name 255!, value big!",
        primary="name",
    )
    _table(
        metadata,
        "hub_extension",
        "name 255!, digest 64!, applied_at 32!",
        primary="name digest",
    )
    _table(
        metadata,
        "hub_session",
        "name 255!, quote_id 64!, since 32!",
        primary="name",
    )
    _table(
        metadata,
        "hub_workflow_run",
        "id 64!, workflow 255!, run_by 255!, finished 32!, arguments long!, data bytes!",
        primary="id",
    )


def _lookups(metadata: sa.MetaData) -> None:
    """Senders' line references, and fallout."""
    _table(
        metadata,
        "s_integration_key",
        "system 255!, account_id 64!, source_reference 255!, integration_id 64!, created 32!",
        primary="system account_id source_reference",
        indexes={"integration_id": ("account_id integration_id", None)},
    )
    _table(
        metadata,
        "s_fallout",
        "row_id 64!, account_id 64, order_id 64, order_number 255, inbox_id 64, lines long!, cause 255!, "
        "reason long!, state 16!, created 32!, created_by 255!, resolved 32, resolved_by 255, "
        "resolution long",
        primary="row_id",
        checks={"state": "state IN ('Open', 'Resolved')"},
        indexes={"state": ("state created", None), "order_number": ("order_number", None)},
    )


def _accounts(metadata: sa.MetaData) -> None:
    """Accounts and their records."""
    _headers(
        metadata,
        "s_account",
        "account_id 64!, name 255, account_class 30, parent_account_id 64, currency_code 30, status 30, "
        "account_type 30, address_id 64 -> s_address.address_id, phone_number 40, email_address 255, "
        "credit_status 30, credit_limit number",
        keys=["account_id"],
    )
    _items(
        metadata,
        "s_account_key",
        "account_id -> s_account.row_id",
        "system 64!, number 64!",
        keys=["system number"],
        unique_everywhere=True,
    )
    _headers(
        metadata,
        "s_address",
        "address_id 64!, street 255, street_2 255, city 100, state 100, postal_code 30, country 100, description 4000",
        keys=["address_id"],
    )
    _headers(
        metadata,
        "s_contact",
        "contact_id 64!, account_id 64 -> s_account.account_id, first_name 100, last_name 100!, "
        "job_title 100, phone_number 40, email_address 255, address_id 64 -> s_address.address_id, "
        "primary_flag flag",
        keys=["contact_id"],
    )
    _headers(
        metadata,
        "s_agreement",
        "agreement_id 64!, name 255, agreement_type 30, status 30, "
        "account_id 64! -> s_account.account_id, effective_start_date 32, effective_end_date 32, "
        "currency_code 30, description 4000",
        keys=["agreement_id"],
    )
    _headers(
        metadata,
        "s_opportunity",
        "opportunity_id 64!, name 255, account_id 64 -> s_account.account_id, status 30, sales_stage 30, "
        "close_date 32, currency_code 30, description 4000",
        keys=["opportunity_id"],
    )
    _items(
        metadata,
        "s_revenue_item",
        "opportunity_id -> s_opportunity.row_id",
        "sequence number, product_id 100 -> s_prod_int.product_id, quantity number, price number, "
        "revenue_date 32, price_type 30, currency_code 30, quote_id 64",
        keys=["sequence"],
    )
    _headers(
        metadata,
        "s_trouble_ticket",
        "ticket_number 64!, account_id 64! -> s_account.account_id, "
        "contact_id 64 -> s_contact.contact_id, integration_id 64, service_id 100, status 30, "
        "severity 30, summary 255, description 4000, opened_date 32, closed_date 32, "
        "owner_user_id 64 -> s_user.user_id",
        keys=["ticket_number"],
    )
    _headers(
        metadata,
        "s_user",
        "user_id 64!, first_name 100, last_name 100, role 64, email_address 255, active_flag flag",
        keys=["user_id"],
    )


def _premises(metadata: sa.MetaData) -> None:
    """Service points and meters."""
    _headers(
        metadata,
        "s_service_point",
        "service_point_id 64!, address_id 64! -> s_address.address_id, "
        "product_id 100 -> s_prod_int.product_id, service_id 100, description 4000",
        keys=["service_point_id"],
    )
    _headers(
        metadata,
        "s_meter",
        "meter_id 64!, serial_number 100, meter_type 30, status 30",
        keys=["meter_id"],
    )
    _headers(
        metadata,
        "s_meter_location",
        "meter_id 64! -> s_meter.meter_id, service_point_id 64! -> s_service_point.service_point_id, "
        "from_date 32!, to_date 32",
        keys=["meter_id from_date"],
    )


def _catalogue(metadata: sa.MetaData) -> None:
    """Products, their structure, attributes and rules."""
    _headers(
        metadata,
        "s_prod_int",
        "product_id 100!, name 255, description 4000, crt_ast_rec_flg flag, serv_inst_flg flag, "
        "price_type_cd 30, transferable_flg flag, fulfilment_system 255, service_id_kind 30, "
        "point_of_no_return 255, list_price number, currency_code 30",
        keys=["product_id"],
    )
    _items(
        metadata,
        "s_prod_assoc",
        "product_id -> s_prod_int.row_id",
        "name 100!, least number, most number",
        keys=["name"],
    )
    _items(
        metadata,
        "s_prod_struct",
        "product_id -> s_prod_int.row_id",
        "component_product_id 100! -> s_prod_int.product_id, association_level 100, least number, "
        "most number, default_qty number, seq_num number",
        keys=["component_product_id"],
    )
    _items(
        metadata,
        "s_prod_bndl_struct",
        "product_id -> s_prod_int.row_id",
        "within_product_id 100! -> s_prod_int.product_id, "
        "component_product_id 100! -> s_prod_int.product_id, association_level 100, least number, "
        "most number, default_qty number, seq_num number",
        keys=["within_product_id component_product_id"],
    )
    _items(
        metadata,
        "s_prod_attr",
        "product_id -> s_prod_int.row_id",
        "name 255!, type_cd 30, required_flg flag, default_val 4000, least_val 64, most_val 64",
        keys=["name"],
    )
    _items(
        metadata,
        "s_prod_attr_val",
        "attr_id -> s_prod_attr.row_id",
        "val 255!",
        keys=["val"],
    )
    _items(
        metadata,
        "s_prod_rule",
        "product_id -> s_prod_int.row_id",
        "name 100!, kind_cd 30!, prod_id 100 -> s_prod_int.product_id, "
        "other_prod_id 100 -> s_prod_int.product_id, expr_txt text, message_txt 4000",
        keys=["name"],
    )


def _prices(metadata: sa.MetaData) -> None:
    """Price lists."""
    _headers(
        metadata,
        "s_pri_lst",
        "price_list_id 64!, name 255, currency_code 30!, eff_start_dt 32, eff_end_dt 32",
        keys=["price_list_id"],
    )
    _items(
        metadata,
        "s_pri_lst_item",
        "pri_lst_id -> s_pri_lst.row_id",
        "name 255!, prod_id 100! -> s_prod_int.product_id, bundle_prod_id 100 -> s_prod_int.product_id, "
        "price_type_cd 30!, unit_of_measure 30, number_of_occurrences number, price number!, "
        "pri_desc_txt 4000, eff_start_dt 32, eff_end_dt 32",
        keys=["name"],
    )
    _items(
        metadata,
        "s_pri_rule",
        "pri_lst_id -> s_pri_lst.row_id",
        "name 255!, kind 30!, prod_id 100! -> s_prod_int.product_id, "
        "bundle_prod_id 100 -> s_prod_int.product_id, from_quantity number, every number, price number, "
        "percent number, amount number, eff_start_dt 32, eff_end_dt 32",
        keys=["name"],
    )


def _quotes(metadata: sa.MetaData) -> None:
    """Quotes and their lines."""
    _headers(
        metadata,
        "s_doc_quote",
        "quote_number 64, rev_num number, status 30, account_id 64 -> s_account.account_id, "
        "serv_accnt_id 64 -> s_account.account_id, bill_accnt_id 64 -> s_account.account_id, agree_id 64, "
        "opportunity_id 64, price_list_id 64, currency_code 30, description 4000",
        keys=["quote_number rev_num"],
    )
    _items(
        metadata,
        "s_quote_item",
        "quote_id -> s_doc_quote.row_id",
        "asset_integ_id 64, source_reference 255, ln_num 30, prod_id 100 -> s_prod_int.product_id, "
        "prod_name 255, action_cd 30, stat_cd 30, qty_req number, extended_qty number, "
        "track_as_asset flag, service_num 100, asset_id 64, serv_accnt_id 64 -> s_account.account_id, "
        "inv_accnt_id 64 -> s_account.account_id, agree_id 64, price_type 30, unit_of_measure 30, "
        "number_of_occurrences number, list_price number, adj_unit_pri number, curcy_cd 30, amt_dt 32, "
        "pricing_comment 4000, pri_desc_txt 4000, req_dlvrd_dt 32, asset_status 30, action_alias 255, "
        "built_on text, fulfilment_system 255, attributes json",
        parent="par_sq_item_id",
        keys=["asset_integ_id"],
    )


def _orders(metadata: sa.MetaData) -> None:
    """Orders, their lines and approvals."""
    _headers(
        metadata,
        "s_order",
        "order_number 64, source_system 64, source_order_number 64, source_revision number, "
        "rev_num number, active_flg flag, order_type 30, status 30, "
        "account_id 64 -> s_account.account_id, serv_accnt_id 64 -> s_account.account_id, "
        "bill_accnt_id 64 -> s_account.account_id, agree_id 64, quote_id 64, price_list_id 64, "
        "currency_code 30, due_date 32, completed_date 32",
        keys=["order_number rev_num", "source_system source_order_number source_revision"],
        indexes=["quote_id"],
    )
    _items(
        metadata,
        "s_order_item",
        "order_id -> s_order.row_id",
        "asset_integ_id 64, source_reference 255, ln_num 30, prod_id 100 -> s_prod_int.product_id, "
        "prod_name 255, action_cd 30, status_cd 30, qty_req number, extended_qty number, "
        "track_as_asset flag, service_num 100, asset_id 64, serv_accnt_id 64 -> s_account.account_id, "
        "bill_accnt_id 64 -> s_account.account_id, agree_id 64, price_type 30, unit_of_measure 30, "
        "number_of_occurrences number, list_price number, adj_unit_pri number, amt_curcy_cd 30, "
        "amt_dt 32, pricing_comment 4000, pri_desc_txt 4000, req_ship_dt 32, completed_dt 32, "
        "calculated_effective_start_date 32, calculated_effective_end_date 32, processed_flg flag, "
        "asset_status 30, action_alias 255, built_on text, applied_dt 32, status_reason 4000, "
        "milestone 255, past_no_return_flg flag, fulfilment_system 255, attributes json",
        parent="par_order_item_id",
        keys=["asset_integ_id"],
    )
    _headers(
        metadata,
        "s_order_approval",
        "order_id 64!, rule 255!, order_number 64, rev_num number, account_id 64, state 30!, reason 4000, "
        "held_date 32, decided_by 255, decided_date 32, comments 4000",
        keys=["order_id rule"],
        indexes=["order_number", "state"],
    )


def _profiles(metadata: sa.MetaData) -> None:
    """Service profiles and their history."""
    _items(
        metadata,
        "s_asset",
        "account_id -> s_account.account_id",
        "integration_id 64, source_reference 255, prod_id 100 -> s_prod_int.product_id, status_cd 30, "
        "qty number, extended_qty number, track_as_asset flag, serial_num 100, service_point_id 64, "
        "serv_accnt_id 64 -> s_account.account_id, bill_accnt_id 64 -> s_account.account_id, "
        "cur_agree_id 64, price_type 30, unit_of_measure 30, number_of_occurrences number, "
        "purch_list_unit_pri number, purch_adj_unit_pri number, asset_val_curcy_cd 30, "
        "asset_val_exch_dt 32, comments 4000, pri_desc_txt 4000, start_dt 32, end_dt 32, "
        "orig_order_id 64, fulfilment_system 255, attributes json",
        parent="par_asset_id",
        keys=["integration_id"],
    )
    _headers(
        metadata,
        "s_service_profile_history",
        "account_id 64! -> s_account.account_id, integration_id 64!, product_id 100, action_code 30!, "
        "order_number 64, order_revision number, changed_date 32!, old_values text, new_values text",
        indexes=["integration_id", "order_number"],
    )


def _work_orders(metadata: sa.MetaData) -> None:
    """Work orders and their lines."""
    _headers(
        metadata,
        "s_work_order",
        "work_order_number 128!, rev_num number, order_number 64, order_revision number, "
        "source_system 64, source_order_number 64, account_id 64, fulfilment_system 255, due_date 32, "
        "status 30, currency_code 30",
        keys=["work_order_number"],
        indexes=["account_id", "order_number", "source_system source_order_number"],
    )
    _items(
        metadata,
        "s_work_order_item",
        "work_order_id -> s_work_order.row_id",
        "integration_id 64, source_reference 255, ln_num 30, prod_id 100, prod_name 255, action_cd 30, "
        "status_cd 30, status_time 32, qty_req number, service_num 100, service_point_id 64, "
        "serv_accnt_id 64, bill_accnt_id 64, req_ship_dt 32, completed_dt 32, attributes json",
        parent="par_work_order_item_id",
        keys=["integration_id"],
    )


def _headers(
    metadata: sa.MetaData, name: str, fields: str, *, keys: Sequence[str] = (), indexes: Sequence[str] = ()
) -> None:
    """Add the table of an object's headers. Changes *metadata*."""
    columns = f"row_id id!, {fields}, modification_num int!, {_AUDIT}"
    _table(
        metadata,
        name,
        columns,
        primary="row_id",
        unique={"_".join(key.split()): key for key in keys},
        indexes=_plain(*_referring(fields), *indexes),
    )


def _items(
    metadata: sa.MetaData,
    name: str,
    owner: str,
    fields: str,
    *,
    parent: str | None = None,
    keys: Sequence[str] = (),
    unique_everywhere: bool = False,
) -> None:
    """Add the table of a component beneath another. Changes *metadata*.

    Args:
        metadata: gets the table.
        name: the table's name.
        owner: the column of the owner's row, and the column that it refers to.
        fields: the fields' columns.
        parent: the column of the item above, for items that nest.
        keys: the columns of each unique key within an owner.
        unique_everywhere: the keys are unique in the whole table.
    """
    owner_column, _, target = owner.partition(" -> ")
    columns = f"row_id id!, {owner_column} id! -> {target}, "
    if parent is None:
        columns += f"{fields}, position place!, {_AUDIT}"
    else:
        columns += f"{parent} id -> {name}.row_id, {fields}, position place!, root_id id!, {_AUDIT}"
    indexes = _referring(fields)
    if parent is not None:
        indexes += [parent, "root_id"]
    # A key within the owner begins with the owner's column: its index finds the owner's rows as well.
    if parent is not None or unique_everywhere:
        indexes.append(f"{owner_column} position")
    scope = "" if unique_everywhere else f"{owner_column} "
    _table(
        metadata,
        name,
        columns,
        primary="row_id",
        unique={"_".join(key.split()): scope + key for key in keys},
        indexes=_plain(*indexes),
    )


def _referring(fields: str) -> list[str]:
    """Return the columns that refer to others: each has an index, for those who ask what refers to a row."""
    return [spec.split()[0] for spec in fields.split(", ") if " -> " in spec]


def _plain(*indexes: str) -> dict[str, tuple[str, None]]:
    return {"_".join(columns.split()): (columns, None) for columns in indexes}


def _table(
    metadata: sa.MetaData,
    name: str,
    columns: str,
    *,
    primary: str,
    unique: Mapping[str, str] = MappingProxyType({}),
    checks: Mapping[str, str] = MappingProxyType({}),
    indexes: Mapping[str, tuple[str, str | None]] = MappingProxyType({}),
) -> None:
    """Add a table. Changes *metadata*.

    Args:
        metadata: gets the table.
        name: the table's name; with *primary*, *unique*, *checks* and *indexes* also the names of what belongs to it.
        columns: as the head of this file explains.
        primary: the columns of the primary key; a key `seq` is numbered by the database, and no number comes again.
        unique: the columns of each unique key.
        checks: the conditions.
        indexes: the columns of each index, and the condition of the rows in it.
    """
    table = sa.Table(
        name,
        metadata,
        *[item for spec in columns.split(", ") for item in _column(name, *spec.split())],
        sa.PrimaryKeyConstraint(*primary.split(), name=_name("pk", name)),
        *[sa.UniqueConstraint(*key.split(), name=_name("uq", name, end)) for end, key in unique.items()],
        *[sa.CheckConstraint(condition, name=_name("ck", name, end)) for end, condition in checks.items()],
        sqlite_autoincrement=primary == "seq",
    )
    for end, (key, condition) in indexes.items():
        where = None if condition is None else sa.text(condition)
        index = [table.c[column] for column in key.split()]
        sa.Index(_name("ix", name, end), *index, sqlite_where=where, postgresql_where=where)


def _column(
    table: str, name: str, kind: str, arrow: str = "", target: str = ""
) -> Iterator[sa.Column[Any] | sa.Constraint]:
    """Give the column, its checks, and the reference."""
    base = kind.removesuffix("!")
    default = sa.text("0") if base.endswith("count") else None
    yield sa.Column(name, _type(base), nullable=base == kind, server_default=default)
    if base.isdecimal():
        yield sa.CheckConstraint(f"length({name}) <= {base}", name=_name("ck", table, f"{name}_length"))
    elif base == "flag":
        yield sa.CheckConstraint(f"{name} IN ('Y', 'N')", name=_name("ck", table, name))
    elif base == "json":
        check = sa.CheckConstraint(f"{name} IS NULL OR json_valid({name})", name=_name("ck", table, name))
        yield check.ddl_if(dialect="sqlite")
    if arrow:
        yield sa.ForeignKeyConstraint([name], [target], name=_name("fk", table, name))


def _type(kind: str) -> TypeEngine[Any]:
    if kind in _TYPES:
        return _TYPES[kind]
    length = _LENGTHS.get(kind) or int(kind)
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _name(kind: str, table: str, end: str = "") -> str:
    """Return the name of a constraint or index; PostgreSQL would cut a longer one."""
    name = f"{kind}_{table}_{end}" if end else f"{kind}_{table}"
    if len(name) <= 63:
        return name
    return f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _attribute_view(table: str, owner_column: str) -> str:
    """Return the statement that creates the view of a table's attributes."""
    if op.get_bind().dialect.name == "sqlite":
        place = "one.key"
        members = [f"json_extract(one.value, '$.{name}') AS {name}" for name in _ATTRIBUTE]
        rows = ", json_each(item.attributes) AS one"
    else:
        place = "one.place - 1"
        members = [f"one.{name} AS {name}" for name in _ATTRIBUTE]
        typed = ", ".join(
            f"{name} " + ("numeric" if number else 'text COLLATE "C"') for name, number in _ATTRIBUTE.items()
        )
        rows = (
            f" CROSS JOIN LATERAL ROWS FROM (json_to_recordset(item.attributes) AS ({typed}))"
            f" WITH ORDINALITY AS one ({', '.join(_ATTRIBUTE)}, place)"
        )
    columns = [
        f"item.row_id || ':' || ({place}) AS row_id",
        f"item.row_id AS {owner_column}",
        *members,
        f"{place} AS position",
        *[f"item.{name} AS {name}" for name in ("root_id", "created", "created_by", "last_upd", "last_upd_by")],
    ]
    return f"CREATE VIEW {table}_xa AS SELECT {', '.join(columns)} FROM {table} AS item{rows}"  # names above
