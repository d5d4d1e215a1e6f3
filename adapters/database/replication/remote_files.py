"""The files of remote clients as the hub keeps them, and the changes that came back to their authors.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, insert, select, update

from adapters.database.schema.hub_tables import HUB

_FILE = HUB.tables["hub_remote_file"]
_F = _FILE.c
_RETURNED = HUB.tables["hub_remote_returned"]
_R = _RETURNED.c


@dataclass(frozen=True)
class KeptFile:
    """A file that a user has, or had.

    Attributes:
        accounts: the accounts that were asked for.
        has_hierarchy: whether the accounts beneath these are in the file, too.
        taken_digest: the digest of the edits that were taken; None before the file is applied.
        answered_by: the number of the file that answered it.
        body: the bytes, where the file is the newest answer; else None.
    """

    id: str
    user_id: str
    number: int
    base_digest: str
    accounts: Sequence[str]
    has_hierarchy: bool
    made_at: str
    taken_digest: str | None = None
    answered_by: int | None = None
    body: bytes | None = None


@dataclass(frozen=True)
class ReturnedChange:
    """A change that wasn't taken.

    Attributes:
        key, field: the record and its field; the field is None where the whole record came back.
        base, yours, hub: the value that was downloaded, the user's, and the hub's, where the user may see it.
        conflict: the name of the conflict, or the kind of the refusal.
        number: the file that shows the change first.
    """

    id: str
    object: str
    key: str
    field: str | None
    base: str | None
    yours: str | None
    hub: str | None
    reason: str
    conflict: str
    number: int = 0
    at: str = ""


class RemoteFiles:
    """The files and the returned changes of one user, in the transaction of *connection*."""

    def __init__(self, connection: Connection, user_id: str) -> None:
        self._connection = connection
        self._user_id = user_id

    def by_id(self, id: str) -> KeptFile | None:
        """Return a file of this user; None where the user has no such file."""
        return next(iter(self._files(_F.id == id)), None)

    def newest(self) -> KeptFile | None:
        """Return the file with the highest number; None for a user without files."""
        return next(iter(self._files(_F.number > 0)), None)

    def last_taken(self) -> int:
        """Return the highest number of a file that was applied; 0 for none."""
        taken = self._files(_F.taken_digest.is_not(None))
        return taken[0].number if taken else 0

    def answer(self, number: int) -> bytes | None:
        """Return the bytes of an answer; None where a newer one has replaced it."""
        statement = select(_F.body).where(_F.user_id == self._user_id, _F.number == number)
        return self._connection.scalar(statement)

    def add(self, file: KeptFile) -> None:
        """Keep a new file; the bytes of the answers before it are forgotten."""
        if file.body is not None:
            of_user = and_(_F.user_id == self._user_id, _F.body.is_not(None))
            self._connection.execute(update(_FILE).where(of_user).values(body=None))
        values = {**vars(file), "accounts": json.dumps(list(file.accounts)), "has_hierarchy": int(file.has_hierarchy)}
        self._connection.execute(insert(_FILE).values(values))

    def mark_taken(self, file: KeptFile, digest: str, answered_by: int) -> None:
        """Note that the edits of a file are taken."""
        values = {"taken_digest": digest, "answered_by": answered_by}
        self._connection.execute(update(_FILE).where(_F.id == file.id).values(values))

    def open_returned(self) -> list[ReturnedChange]:
        """Return the changes that wait for their author, the oldest first."""
        names = list(ReturnedChange.__dataclass_fields__)
        statement = (
            select(*[_R[name] for name in names])
            .where(_R.user_id == self._user_id, _R.ended.is_(None))
            .order_by(_R.number, _R.id)
        )
        return [ReturnedChange(*row) for row in self._connection.execute(statement)]

    def end_returned(self, ids: Iterable[str], ended: str) -> None:
        """Note that the author has acted on changes."""
        for id in ids:
            self._connection.execute(update(_RETURNED).where(_R.id == id).values(ended=ended))

    def add_returned(self, changes: Iterable[ReturnedChange], number: int, now: str) -> None:
        """Keep changes that come back with the file *number*."""
        rows = [{**vars(replace(change, number=number, at=now)), "user_id": self._user_id} for change in changes]
        if rows:
            self._connection.execute(insert(_RETURNED), rows)

    def _files(self, condition: object) -> list[KeptFile]:
        columns = [_F[name] for name in KeptFile.__dataclass_fields__ if name != "body"]
        statement = select(*columns).where(_F.user_id == self._user_id, condition).order_by(_F.number.desc())  # type: ignore[arg-type]
        return [
            KeptFile(**{**row._mapping, "accounts": json.loads(row.accounts), "has_hierarchy": bool(row.has_hierarchy)})
            for row in self._connection.execute(statement)
        ]
