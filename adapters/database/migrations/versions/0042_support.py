"""The customer support domain: contact rules, callback requests, help topics, requests for inventory, ticket histories.

    s_contact_rule          whom to call
    s_callback_request      who asks to be called, with s_callback_event
    s_help_topic            the help centre's texts, with s_help_revision
    s_inventory_request     what is asked for of a stock, with s_reserved_item and s_inventory_event
    s_ticket_event          the history of a trouble ticket, which gets an order, a product and a resolution

Revision: 0042
Revises: 0041
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0042"
down_revision = "0041"

_EXACT: TypeEngine[str] = sa.Text().with_variant(sa.Numeric(), "postgresql")
_AUDIT = {"created": 32, "created_by": 255, "last_upd": 32, "last_upd_by": 255}
#: the kinds of columns that aren't texts of a length
_NUMBER, _TEXT, _FLAG = "number", "text", "flag"
_EVENT: Mapping[str, int | str] = {
    "sequence": _NUMBER,
    "event": 30,
    "event_time": 32,
    "actor": 255,
    "old_status": 30,
    "new_status": 30,
    "text": 4000,
}
#: table -> columns, with the most characters of a text or the kind
_TABLES: Mapping[str, Mapping[str, int | str]] = {
    "s_contact_rule": {
        "rule_name": 64,
        "description": 255,
        "product_id": 100,
        "order_type": 30,
        "status": 30,
        "region": 100,
        "page": 100,
        "applies": 255,
        "contact_name": 100,
        "phone_number": 40,
        "email_address": 255,
        "hours": 255,
        "time_zone": 64,
        "callback_minutes": _NUMBER,
        "active_flag": _FLAG,
    },
    "s_callback_request": {
        "callback_number": 64,
        "status": 30,
        "account_id": 64,
        "contact_id": 64,
        "caller_name": 100,
        "phone_number": 40,
        "topic": 255,
        "description": 4000,
        "order_number": 64,
        "product_id": 100,
        "page": 100,
        "earliest_date": 32,
        "latest_date": 32,
        "asked_date": 32,
        "asked_by": 255,
        "due_date": 32,
        "contact_rule": 64,
        "owner": 255,
        "tries": _NUMBER,
        "outcome": 4000,
        "closed_date": 32,
    },
    "s_callback_event": {"callback_id": 64, **_EVENT},
    "s_help_topic": {
        "topic_id": 64,
        "title": 255,
        "text": _TEXT,
        "words": 1000,
        "page": 100,
        "product_id": 100,
        "audience": 30,
        "status": 30,
        "rev_num": _NUMBER,
        "changed_by": 255,
        "changed_date": 32,
        "searched_text": _TEXT,
    },
    "s_help_revision": {
        "topic_id": 64,
        "rev_num": _NUMBER,
        "title": 255,
        "text": _TEXT,
        "status": 30,
        "changed_by": 255,
        "changed_date": 32,
        "reason": 255,
    },
    "s_inventory_request": {
        "request_number": 64,
        "status": 30,
        "account_id": 64,
        "order_number": 64,
        "integration_id": 64,
        "address_id": 64,
        "product_id": 100,
        "quantity": _NUMBER,
        "needed_date": 32,
        "description": 4000,
        "asked_date": 32,
        "asked_by": 255,
        "answered_quantity": _NUMBER,
        "answered_date": 32,
        "answered_by": 255,
        "closed_date": 32,
    },
    "s_reserved_item": {"request_id": 64, "number": 100, "reserved_date": 32},
    "s_inventory_event": {"request_id": 64, **_EVENT},
    "s_ticket_event": {"ticket_id": 64, **_EVENT},
}
_DEFAULTS = {
    "s_contact_rule": {"active_flag": "Y"},
    "s_callback_request": {"status": "Open", "tries": "0"},
    "s_help_topic": {"audience": "Everybody", "status": "Published", "rev_num": "1"},
    "s_inventory_request": {"status": "Open", "answered_quantity": "0"},
}
_REQUIRED = {
    "s_contact_rule": ("rule_name", "contact_name"),
    "s_callback_request": ("callback_number", "caller_name", "phone_number"),
    "s_callback_event": ("sequence", "event", "event_time"),
    "s_help_topic": ("topic_id", "title", "text"),
    "s_help_revision": ("rev_num",),
    "s_inventory_request": ("request_number", "product_id", "quantity"),
    "s_reserved_item": ("number",),
    "s_inventory_event": ("sequence", "event", "event_time"),
    "s_ticket_event": ("sequence", "event", "event_time"),
}
#: the key of a header; of a row beneath one, its owner's column and its key there
_KEYS = {
    "s_contact_rule": ("rule_name",),
    "s_callback_request": ("callback_number",),
    "s_callback_event": ("callback_id", "sequence"),
    "s_help_topic": ("topic_id",),
    "s_help_revision": ("topic_id", "rev_num"),
    "s_inventory_request": ("request_number",),
    "s_reserved_item": ("request_id", "number"),
    "s_inventory_event": ("request_id", "sequence"),
    "s_ticket_event": ("ticket_id", "sequence"),
}
#: the header of a row beneath one
_OWNERS = {
    "s_callback_event": "s_callback_request",
    "s_help_revision": "s_help_topic",
    "s_reserved_item": "s_inventory_request",
    "s_inventory_event": "s_inventory_request",
    "s_ticket_event": "s_trouble_ticket",
}
_REFERENCES = {
    "account_id": ("s_account", "account_id"),
    "contact_id": ("s_contact", "contact_id"),
    "product_id": ("s_prod_int", "product_id"),
    "address_id": ("s_address", "address_id"),
}
_LOOKED_FOR = {
    "s_callback_request": ("status", "order_number"),
    "s_help_topic": ("page",),
    "s_inventory_request": ("status", "order_number"),
    "s_trouble_ticket": ("status", "order_number", "product_id"),
}
#: columns that trouble tickets get
_OF_TICKETS = {"order_number": 64, "product_id": 100, "resolution": 4000}


def upgrade() -> None:
    """Create the tables with their indexes; give trouble tickets their columns."""
    for table in _TABLES:
        _create(table)
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for column, length in _OF_TICKETS.items():
        # By hand: Alembic would copy the whole table on SQLite for the sake of the checks.
        name = f"s_trouble_ticket_{column}"
        check = f"CONSTRAINT ck_{name}_length CHECK (length({column}) <= {length})"
        target = _REFERENCES.get(column)
        reference = f" CONSTRAINT fk_{name} REFERENCES {target[0]} ({target[1]})" if target else ""
        op.execute(f"ALTER TABLE s_trouble_ticket ADD COLUMN {column} VARCHAR({length}){collation} {check}{reference}")
    for table, columns in _LOOKED_FOR.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Drop the tables, and the columns of trouble tickets."""
    for column in _LOOKED_FOR["s_trouble_ticket"]:
        op.drop_index(f"ix_s_trouble_ticket_{column}", "s_trouble_ticket")
    for column in _OF_TICKETS:
        op.execute(f"ALTER TABLE s_trouble_ticket DROP COLUMN {column}")
    for table in reversed(list(_TABLES)):
        op.drop_table(table)


def _create(table: str) -> None:
    columns, owner = _TABLES[table], _OWNERS.get(table)
    # SQLAlchemy's integers are of 64 bits on SQLite.
    hidden = sa.Column("modification_num", sa.Integer(), nullable=False)
    if owner is not None:
        hidden = sa.Column("position", sa.BigInteger(), nullable=False)
    op.create_table(
        table,
        _column("row_id", 64, is_required=True),
        *[
            _column(name, kind, name in _needed(table), _DEFAULTS.get(table, {}).get(name))
            for name, kind in columns.items()
        ],
        hidden,
        *[_column(name, length, is_required=True) for name, length in _AUDIT.items()],
        sa.PrimaryKeyConstraint("row_id", name=f"pk_{table}"),
        sa.UniqueConstraint(*_KEYS[table], name=f"uq_{table}_{_KEYS[table][-1]}"),
        *_constraints(table),
    )
    if owner is None:
        for column in columns:
            if column in _REFERENCES:
                op.create_index(f"ix_{table}_{column}", table, [column])


def _needed(table: str) -> tuple[str, ...]:
    """Return the columns that are never null."""
    owner_columns = _KEYS[table][:1] if table in _OWNERS else ()
    return (*_REQUIRED[table], *_DEFAULTS.get(table, {}), *owner_columns)


def _column(name: str, kind: int | str, is_required: bool = False, default: str | None = None) -> sa.Column[str]:
    """Return a column; both databases compare texts by code point."""
    if kind == _NUMBER:
        return sa.Column(name, _EXACT, nullable=not is_required, server_default=default)
    if kind == _TEXT:
        text: TypeEngine[str] = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
        return sa.Column(name, text, nullable=not is_required, server_default=default)
    length = kind if isinstance(kind, int) else 1
    bounded = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    return sa.Column(name, bounded, nullable=not is_required, server_default=default)


def _constraints(table: str) -> Iterator[sa.CheckConstraint | sa.ForeignKeyConstraint]:
    owner = _OWNERS.get(table)
    for name, kind in _TABLES[table].items():
        if owner is not None and name == _KEYS[table][0]:
            yield sa.ForeignKeyConstraint([name], [f"{owner}.row_id"], name=f"fk_{table}_{name}")
            continue
        if kind == _FLAG:
            yield sa.CheckConstraint(f"{name} IN ('Y', 'N')", name=f"ck_{table}_{name}")
        elif isinstance(kind, int):
            yield sa.CheckConstraint(f"length({name}) <= {kind}", name=f"ck_{table}_{name}_length")
        if name in _REFERENCES:
            target, column = _REFERENCES[name]
            yield sa.ForeignKeyConstraint([name], [f"{target}.{column}"], name=f"fk_{table}_{name}")
