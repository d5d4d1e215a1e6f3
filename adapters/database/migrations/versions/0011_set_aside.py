"""Messages that leave can be set aside and given up; a refused reply-to is kept.

    hub_outbox.aside_at            since when the message is out of its destination's line
    hub_outbox.given_up_at         when an operator gave it up
    hub_outbox.object              the integration object that waits to be made into the system's message
    hub_inbox.reply_to_refused     the reply-to that the route doesn't allow

Revision: 0011
Revises: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_COLUMNS = (
    ("hub_outbox", "aside_at", 32),
    ("hub_outbox", "given_up_at", 32),
    ("hub_outbox", "object", 255),
    ("hub_inbox", "reply_to_refused", 255),
)
_LINE = "CREATE INDEX ix_hub_outbox_waiting ON hub_outbox (destination, seq) WHERE sent_at IS NULL"


def upgrade() -> None:
    """Add the columns, and take the messages that are set aside out of the index of the waiting ones."""
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    for table, column, length in _COLUMNS:
        # By hand: Alembic would copy the whole table on SQLite for the sake of the check.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR({length}){collation} "
            f"CONSTRAINT ck_{table}_{column}_length CHECK (length({column}) <= {length})"
        )
    op.execute("DROP INDEX ix_hub_outbox_waiting")
    op.execute(f"{_LINE} AND aside_at IS NULL")
    op.execute(
        "CREATE INDEX ix_hub_outbox_aside ON hub_outbox (destination, seq) "
        "WHERE aside_at IS NOT NULL AND given_up_at IS NULL"
    )


def downgrade() -> None:
    """Take the columns away; messages that are set aside or given up wait again."""
    op.execute("DROP INDEX ix_hub_outbox_aside")
    op.execute("DROP INDEX ix_hub_outbox_waiting")
    for table, column, _ in _COLUMNS:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(_LINE)
