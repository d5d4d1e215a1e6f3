"""Accounts, contacts, meters and service points are found by what people call them.

    s_account, s_contact        by telephone number, without blanks and signs, and by name, in small letters
    s_meter, s_service_point    by number, without blanks and signs

Revision: 0024
Revises: 0023
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"

_NUMBERS = {
    "s_account": "phone_number",
    "s_contact": "phone_number",
    "s_meter": "serial_number",
    "s_service_point": "service_id",
}
_NAMES = {"s_account": "name", "s_contact": "last_name"}
#: The blanks and signs that don't tell two numbers apart, as in 0019.
_SIGNS = " -./()+_:,"


def upgrade() -> None:
    """Add the indexes."""
    for table, column in _NUMBERS.items():
        plain = column
        for sign in _SIGNS:
            plain = f"replace({plain}, '{sign}', '')"
        op.execute(f"CREATE INDEX ix_{table}_{column} ON {table} (lower({plain}))")
    for table, column in _NAMES.items():
        op.execute(f"CREATE INDEX ix_{table}_{column} ON {table} (lower({column}))")


def downgrade() -> None:
    """Drop the indexes."""
    for columns in (_NUMBERS, _NAMES):
        for table, column in columns.items():
            op.drop_index(f"ix_{table}_{column}", table)
