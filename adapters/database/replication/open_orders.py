"""The accounts that have orders in some statuses: such an account isn't deleted because a partner deletes it.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from adapters.database.connection.statements import is_one_of, parts
from adapters.database.objects.layout import StoredObjects
from integration_objects.names import ORDER


def accounts_with_orders(
    connection: Connection, objects: StoredObjects, keys: Sequence[str], statuses: Sequence[str]
) -> frozenset[str]:
    """Return those accounts, by their Account Id, that have an order in one of *statuses*."""
    header = objects.of(ORDER).header
    names = ("Account Id", "Status", "Active Flag")
    account, status, is_newest = (header.table.c[header.columns[name]] for name in names)
    statement = select(account).distinct().where(is_one_of(account, "wanted"), status.in_(statuses), is_newest == "Y")
    return frozenset(key for part in parts(keys) for key in connection.scalars(statement, {"wanted": part}))
