"""Batches may be given up by an operator.

Revision: 0028
Revises: 0026
"""

from __future__ import annotations

from functools import partial

from alembic import op

from adapters.database.migrations.sqlite_tables import declare_anew

revision = "0028"
down_revision = "0026"

_TABLE, _CHECK = "hub_batch", "ck_hub_batch_state"
_FORMER = "state IN ('announced', 'received', 'filing', 'working', 'done', 'refused')"
_GIVEN_UP = _FORMER.replace("'refused'", "'refused', 'given up'")


def upgrade() -> None:
    """Let the state be 'given up'."""
    _check(_FORMER, _GIVEN_UP)


def downgrade() -> None:
    """Call the batches that were given up refused: the state is gone."""
    op.execute(f"UPDATE {_TABLE} SET state = 'refused' WHERE state = 'given up'")
    _check(_GIVEN_UP, _FORMER)


def _check(before: str, after: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        declare_anew(op.get_bind(), _TABLE, partial(_replaced, before, after))
    else:
        op.drop_constraint(_CHECK, _TABLE)
        op.create_check_constraint(_CHECK, _TABLE, after)


def _replaced(before: str, after: str, statement: str) -> str:
    assert statement.count(f"({before})") == 1  # noqa: S101  # as revision 0026 wrote it
    return statement.replace(f"({before})", f"({after})")
