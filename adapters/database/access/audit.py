"""The audit: who did what, when, from where and why; rows are only ever added.

Everything runs in the caller's transaction.

Spec: docs/users.md, "Audit".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from adapters.database.connection.statements import insert_rows
from adapters.database.messages.control import SEQUENCE, Control
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

AUDIT = HUB.tables["hub_audit"]
_A = AUDIT.c
#: The sequence that numbers the rows.
_NUMBERS = "audit"
#: Rows that a walk through the audit reads at once.
_AT_ONCE = 1000
_LAST_DIGEST = select(_A.digest).order_by(_A.number.desc()).limit(1)
_NUMBER = select(SEQUENCE.c.value).where(SEQUENCE.c.name == _NUMBERS)
_BEHIND = select(AUDIT).where(_A.number > bindparam("behind")).order_by(_A.number).limit(_AT_ONCE)


class AuditRow(NamedTuple):
    """A row of the audit.

    Attributes:
        who: the user's name; "" for somebody whom nobody knows.
        outcome: done or denied.
        digest: of the row and the digest of the row before.
    """

    number: int
    at: str
    who: str
    address: str
    action: str
    outcome: str
    object_kind: str
    object_key: str | None
    account_id: str | None
    why: str
    digest: str


class AuditRows:
    """The rows of the audit, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._control = Control(connection, surroundings)

    def next(self) -> tuple[int, str]:
        """Take the number of the next row; return it with the digest of the last row, "" for the first one.

        Until the transaction ends, others that append wait: they must build on this row.
        """
        number = self._control.next_number(_NUMBERS)
        return number, self._connection.scalar(_LAST_DIGEST) or ""

    def add(self, row: AuditRow) -> None:
        """Add the row whose number `next` gave."""
        insert_rows(self._connection, AUDIT, AuditRow._fields, [row])

    def last_number(self) -> int:
        """Return the number that was given out last; 0 for none."""
        return self._connection.scalar(_NUMBER) or 0

    def count(self) -> int:
        """Count the rows."""
        return self._connection.scalar(select(func.count()).select_from(AUDIT)) or 0

    def in_order(self) -> Iterator[AuditRow]:
        """Read all rows by number, some at a time."""
        behind = -1
        while rows := self._connection.execute(_BEHIND, {"behind": behind}).all():
            for row in rows:
                yield AuditRow(*row)
            behind = rows[-1].number

    def newest(
        self, limit: int, *, who: str | None = None, account_id: str | None = None, before: int | None = None
    ) -> list[AuditRow]:
        """Return the newest rows, the last one first.

        Args:
            limit: the most rows.
            who: only rows of this user.
            account_id: only rows about this account.
            before: only rows with a lower number.
        """
        statement = select(AUDIT).order_by(_A.number.desc()).limit(limit)
        for column, value in ((_A.who, who), (_A.account_id, account_id)):
            if value is not None:
                statement = statement.where(column == value)
        if before is not None:
            statement = statement.where(_A.number < before)
        return [AuditRow(*row) for row in self._connection.execute(statement)]
