"""Columns that have a default are never null: a reader of the tables sees what the hub reads.

    rev_num 1, active_flg Y, processed_flg N    of quotes, orders and their lines
    crt_ast_rec_flg Y, serv_inst_flg N          of products
    action_cd -, track_as_asset Y               of lines
    ...                                         of product attributes, contacts, users and trouble tickets

Revision: 0020
Revises: 0019
"""

from __future__ import annotations

import re
from functools import partial

from alembic import op

from adapters.database.migrations.sqlite_tables import declare_anew

revision = "0020"
down_revision = "0019"

_DEFAULTS = {
    "s_doc_quote": {"rev_num": "1"},
    "s_quote_item": {"action_cd": "-", "track_as_asset": "Y"},
    "s_order": {"rev_num": "1", "active_flg": "Y"},
    "s_order_item": {"action_cd": "-", "track_as_asset": "Y", "processed_flg": "N", "past_no_return_flg": "N"},
    "s_asset": {"track_as_asset": "Y"},
    "s_work_order_item": {"action_cd": "-"},
    "s_prod_int": {"crt_ast_rec_flg": "Y", "serv_inst_flg": "N", "service_id_kind": "Attribute"},
    "s_prod_attr": {"type_cd": "text", "required_flg": "N"},
    "s_contact": {"primary_flag": "N"},
    "s_user": {"active_flag": "Y"},
    "s_trouble_ticket": {"status": "Open"},
}


def upgrade() -> None:
    """Fill the nulls, then refuse them."""
    for table, defaults in _DEFAULTS.items():
        # One walk through the table for all of its columns.
        values = ", ".join(f"{column} = coalesce({column}, '{text}')" for column, text in defaults.items())
        nulls = " OR ".join(f"{column} IS NULL" for column in defaults)
        op.execute(f"UPDATE {table} SET {values} WHERE {nulls}")
        if op.get_bind().dialect.name == "sqlite":
            declare_anew(op.get_bind(), table, partial(_with_defaults, defaults))
        else:
            changes = [f"ALTER {c} SET DEFAULT '{text}', ALTER {c} SET NOT NULL" for c, text in defaults.items()]
            op.execute(f"ALTER TABLE {table} {', '.join(changes)}")


def downgrade() -> None:
    """Take the defaults away; the values stay."""
    for table, defaults in _DEFAULTS.items():
        if op.get_bind().dialect.name == "sqlite":
            declare_anew(op.get_bind(), table, partial(_without_defaults, defaults))
        else:
            changes = [f"ALTER {column} DROP DEFAULT, ALTER {column} DROP NOT NULL" for column in defaults]
            op.execute(f"ALTER TABLE {table} {', '.join(changes)}")


def _with_defaults(defaults: dict[str, str], statement: str) -> str:
    for column, text in defaults.items():
        statement, times = re.subn(
            rf"([(,]\s*{column} (?:TEXT|VARCHAR\(\d+\)))(?=\s*[,)])", rf"\1 DEFAULT '{text}' NOT NULL", statement
        )
        assert times == 1, column  # noqa: S101  # the baseline has it once
    return statement


def _without_defaults(defaults: dict[str, str], statement: str) -> str:
    for column, text in defaults.items():
        statement = re.sub(rf"\b({column} \S+) DEFAULT '{text}' NOT NULL", r"\1", statement)
    return statement
