"""Deaths of processes get their time; columns that nothing has ever filled go.

A message that a process died with is worked alone. Its deaths are counted only if they come close together, so that
the inbox row keeps the time of the last one.

Revision: 0010
Revises: 0009
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_UNUSED = ("taken_by", "taken_until", "takes")
_LENGTHS = {"taken_by": 255, "taken_until": 32}
_INDEXES = {"inbox_id": "inbox_id", "message_id": "message_id", "waiting": "destination, seq"}


def upgrade() -> None:
    """Add the time of the last death; drop the columns that were always empty."""
    _add_text("hub_inbox", "died_at", 32)
    op.drop_column("hub_door_count", "unacknowledged")
    if _is_sqlite():
        _make_outbox_anew()
    else:
        for column in _UNUSED:
            op.drop_column("hub_outbox", column)


def downgrade() -> None:
    """Take it back."""
    op.drop_column("hub_inbox", "died_at")
    op.execute(f"ALTER TABLE hub_door_count ADD unacknowledged {_big()} DEFAULT 0 NOT NULL")
    for column, length in _LENGTHS.items():
        _add_text("hub_outbox", column, length)
    op.execute("ALTER TABLE hub_outbox ADD takes INTEGER DEFAULT 0 NOT NULL")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _big() -> str:
    return "INTEGER" if _is_sqlite() else "BIGINT"


def _add_text(table: str, column: str, length: int) -> None:
    """Add a column of text with the check of its length; PostgreSQL compares it by code point."""
    collation = "" if _is_sqlite() else ' COLLATE "C"'
    check = f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {length})"
    op.execute(f"ALTER TABLE {table} ADD {column} VARCHAR({length}){collation} {check}")


def _make_outbox_anew() -> None:
    """Make the table again without the unused columns: SQLite drops no column that a check of the table names."""
    connection = op.get_bind()
    statement = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'hub_outbox'"))
    # One line a column and a constraint, as the baseline's CREATE TABLE has them.
    named = re.compile(rf"\b({'|'.join(_UNUSED)})\b")
    op.execute("ALTER TABLE hub_outbox RENAME TO hub_outbox_old")
    op.execute("\n".join(line for line in statement.splitlines() if not named.search(line)))
    columns = ", ".join(column["name"] for column in sa.inspect(connection).get_columns("hub_outbox"))
    op.execute(f"INSERT INTO hub_outbox ({columns}) SELECT {columns} FROM hub_outbox_old")
    # Row numbers are never given out twice, not even those of deleted rows.
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'hub_outbox'")
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq) "
        "SELECT 'hub_outbox', seq FROM sqlite_sequence WHERE name = 'hub_outbox_old'"
    )
    op.execute("DROP TABLE hub_outbox_old")
    for end, key in _INDEXES.items():
        where = " WHERE sent_at IS NULL" if end == "waiting" else ""
        op.execute(f"CREATE INDEX ix_hub_outbox_{end} ON hub_outbox ({key}){where}")
