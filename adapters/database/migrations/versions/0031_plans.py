"""Work orders are planned: each has a task, and waits for other tasks, for data or for a day.

    s_work_order.task          the work that the system is to do on the lines
    s_work_order.unit          the key of the line or service item that it is for
    s_work_order.start_date    the date before which it isn't sent
    s_work_order.waits         the lines and tasks that it waits for, as JSON
    s_order_item.tasks         the progress of the line's tasks, as JSON

Revision: 0031
Revises: 0035
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0035"

_LENGTHS = (("s_work_order", "task", 255), ("s_work_order", "unit", 64), ("s_work_order", "start_date", 32))
_TEXTS = (("s_work_order", "waits"), ("s_order_item", "tasks"))


def upgrade() -> None:
    """Add the columns; the work orders that are there do the shipped rule's only task."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for table, column, length in _LENGTHS:
        # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR({length}){collation} "
            f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {length})"
        )
    for table, column in _TEXTS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT{collation}")
    op.execute("UPDATE s_work_order SET task = 'Provide'")


def downgrade() -> None:
    """Take the columns away."""
    for table, column in (*((table, column) for table, column, _ in _LENGTHS), *_TEXTS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
