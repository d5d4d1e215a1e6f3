"""Service points and agreements that quotes, orders and assets name are there, as foreign keys hold it.

    s_asset, s_quote_item, s_order_item    service point, agreement
    s_doc_quote, s_order                   agreement

Accounts have had their foreign keys since the first release.

Revision: 0025
Revises: 0024
"""

from __future__ import annotations

import re
from functools import partial

import sqlalchemy as sa
from alembic import op

from adapters.database.migrations.sqlite_tables import declare_anew
from integration_objects.errors import Misconfigured

revision = "0025"
down_revision = "0024"

_SERVICE_POINT, _AGREEMENT = ("s_service_point", "service_point_id"), ("s_agreement", "agreement_id")
_REFERENCES = {
    "s_asset": {"service_point_id": _SERVICE_POINT, "cur_agree_id": _AGREEMENT},
    "s_quote_item": {"asset_id": _SERVICE_POINT, "agree_id": _AGREEMENT},
    "s_order_item": {"asset_id": _SERVICE_POINT, "agree_id": _AGREEMENT},
    "s_doc_quote": {"agree_id": _AGREEMENT},
    "s_order": {"agree_id": _AGREEMENT},
}
#: columns that had an index before
_INDEXED = frozenset((("s_asset", "service_point_id"), ("s_order_item", "asset_id")))
#: rows that the refusal names
_SHOWN = 10


class ReferencesDangling(Misconfigured):
    """Rows name service points or agreements that aren't stored."""

    what = "rows of the database name service points or agreements that aren't there: {count}"
    where = "{columns}"
    why = "each must be there from this version on; the rows are {rows}"
    mend = (
        "nothing was changed: with the version of the hub that made the database, load these service points and "
        "agreements (orderhub load), or set the columns of rows that need none to NULL; then upgrade"
    )


def upgrade() -> None:
    """Add the foreign keys and their indexes; a database with rows that name nothing is refused first."""
    _refuse_dangling()
    for table, references in _REFERENCES.items():
        for column in references:
            if (table, column) not in _INDEXED:
                op.create_index(f"ix_{table}_{column}", table, [column])
        keys = [
            f"CONSTRAINT fk_{table}_{column} FOREIGN KEY({column}) REFERENCES {target} ({key})"
            for column, (target, key) in references.items()
        ]
        if op.get_bind().dialect.name == "sqlite":
            declare_anew(op.get_bind(), table, partial(_with_keys, keys))
        else:
            op.execute(f"ALTER TABLE {table} " + ", ".join(f"ADD {key}" for key in keys))


def downgrade() -> None:
    """Take the foreign keys and their indexes away."""
    for table, references in _REFERENCES.items():
        for column in references:
            if (table, column) not in _INDEXED:
                op.drop_index(f"ix_{table}_{column}", table)
        names = [f"fk_{table}_{column}" for column in references]
        if op.get_bind().dialect.name == "sqlite":
            declare_anew(op.get_bind(), table, partial(_without_keys, names))
        else:
            op.execute(f"ALTER TABLE {table} " + ", ".join(f"DROP CONSTRAINT {name}" for name in names))


def _with_keys(keys: list[str], statement: str) -> str:
    """Put constraints at the end of a CREATE TABLE statement, where SQLite wants them: behind all columns."""
    return statement.rstrip().removesuffix(")").rstrip() + "".join(f", \n\t{key}" for key in keys) + "\n)"


def _without_keys(names: list[str], statement: str) -> str:
    for name in names:
        statement = re.sub(rf",\s*CONSTRAINT {name} FOREIGN KEY\(\w+\) REFERENCES \w+ \(\w+\)", "", statement)
    return statement


def _refuse_dangling() -> None:
    connection = op.get_bind()
    count, columns, rows = 0, [], []
    for table, references in _REFERENCES.items():
        for column, (target, key) in references.items():
            row, stored = sa.table(table, sa.column("row_id"), sa.column(column)), sa.table(target, sa.column(key))
            is_there = sa.exists().where(stored.c[key] == row.c[column])
            dangling = sa.and_(row.c[column].is_not(None), ~is_there)
            found = connection.scalar(sa.select(sa.func.count()).select_from(row).where(dangling)) or 0
            if not found:
                continue
            count += found
            columns.append(f"{table}.{column}")
            named = sa.select(row.c.row_id, row.c[column]).where(dangling).order_by(row.c.row_id).limit(_SHOWN)
            rows += [f"{table} {row_id} ({column} '{value}')" for row_id, value in connection.execute(named)]
    if count:
        more = [f"and {count - _SHOWN} more"] if count > _SHOWN else []
        raise ReferencesDangling(count=count, columns=", ".join(columns), rows=", ".join(rows[:_SHOWN] + more))
