"""The services that hold a number or a service point are found at once.

    s_asset         by service point, and by service id without blanks and signs
    s_order_item    likewise, and by Integration Id

Revision: 0019
Revises: 0018
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

_COLUMNS = {"s_asset": ("service_point_id",), "s_order_item": ("asset_integ_id", "asset_id")}
_NUMBERS = {"s_asset": "serial_num", "s_order_item": "service_num"}
#: The blanks and signs that don't tell two numbers apart.
_SIGNS = " -./()+_:,"


def upgrade() -> None:
    """Add the indexes."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    for table, column in _NUMBERS.items():
        # The expression is an index's: it needs no column of its own, which every writer would have to fill.
        plain = column
        for sign in _SIGNS:
            plain = f"replace({plain}, '{sign}', '')"
        op.execute(f"CREATE INDEX ix_{table}_{column} ON {table} (lower({plain}))")


def downgrade() -> None:
    """Drop the indexes."""
    for table, columns in _COLUMNS.items():
        for column in (*columns, _NUMBERS[table]):
            op.drop_index(f"ix_{table}_{column}", table)
