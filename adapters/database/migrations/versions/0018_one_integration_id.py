"""An Integration Id names one service item in all accounts, and not only in one.

Revision: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integration_objects.errors import Misconfigured

revision = "0018"
down_revision = "0017"

_INDEX = "ix_s_asset_integration_id"
#: Integration Ids that the refusal names.
_SHOWN = 10


class IntegrationIdsShared(Misconfigured):
    """Service items of several accounts have one Integration Id."""

    what = "Integration Ids name service items of several accounts: {count}"
    where = "s_asset.integration_id"
    why = "an Integration Id is unique across all accounts and all time; shared are {shared}"
    mend = (
        "nothing was changed: with the version of the hub that made the database, give all but one of the service "
        "items another Integration Id, on s_asset and on that account's open orders and quotes; then upgrade"
    )


def upgrade() -> None:
    """Make the key unique in the whole table; a database with doubles is refused first."""
    _refuse_shared()
    # Beside the constraint within an account: SQLite changes no constraint of a table that is there.
    op.create_index(_INDEX, "s_asset", ["integration_id"], unique=True)


def downgrade() -> None:
    """Make the key unique within an account alone."""
    op.drop_index(_INDEX, "s_asset")


def _refuse_shared() -> None:
    connection = op.get_bind()
    asset = sa.table("s_asset", sa.column("integration_id"), sa.column("account_id"))
    several = (
        sa.select(asset.c.integration_id)
        .where(asset.c.integration_id.is_not(None))
        .group_by(asset.c.integration_id)
        .having(sa.func.count() > 1)
    )
    shared = connection.scalars(several.order_by(asset.c.integration_id)).all()
    if not shared:
        return
    rows = sa.select(asset.c.integration_id, asset.c.account_id).where(asset.c.integration_id.in_(shared[:_SHOWN]))
    accounts: dict[str, list[str]] = {}
    for key, account in connection.execute(rows.order_by(asset.c.integration_id, asset.c.account_id)):
        accounts.setdefault(key, []).append(account)
    named = [f"'{key}' ({', '.join(those)})" for key, those in accounts.items()]
    if len(shared) > _SHOWN:
        named.append(f"and {len(shared) - _SHOWN} more")
    raise IntegrationIdsShared(count=len(shared), shared=", ".join(named))
