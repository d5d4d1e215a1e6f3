"""The audit: who did what, when, from where and why; a chain of digests, so that a removed row shows.

    Actor            who acts, and from where
    Audit.append     adds a row, in the transaction of the action
    Audit.verify     finds rows that were removed, changed, put in another order, or added by somebody else

Each row's digest includes the digest of the row before. Whoever can write the whole table can make a new chain: an
operator who keeps the number and digest of a row elsewhere (`orderhub audit verify` prints the last one)
finds this, too.

Spec: docs/users.md, "Audit".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.database.access.audit import AuditRow, AuditRows
from hub.access.user import ActionObject
from integration_objects.errors import printable

if TYPE_CHECKING:
    from integration_objects.surroundings import Surroundings

DONE, DENIED = "done", "denied"
#: Characters of the columns; longer texts come from addresses that somebody made up.
_MOST_NAME, _MOST_ID, _MOST_WHY = 255, 64, 4000


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where.

    Attributes:
        who: the user's name; "" for somebody whom nobody knows.
        address: the network's address, or the words command line.
    """

    who: str
    address: str


@dataclass(frozen=True)
class KnownRow:
    """The number and the digest of a row, as somebody kept them outside of the database.

    >>> KnownRow.read("17:ab"), KnownRow.read("17"), str(KnownRow(17, "ab"))
    (KnownRow(number=17, digest='ab'), None, '17:ab')
    """

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> KnownRow | None:
        """Read NUMBER:DIGEST; None for any other text."""
        number, _, digest = text.partition(":")
        return cls(int(number), digest) if number.isascii() and number.isdigit() and digest else None


@dataclass(frozen=True)
class AuditFault:
    """A row that isn't as it was written, or isn't there."""

    number: int
    text: str


@dataclass(frozen=True)
class VerifiedAudit:
    """The result of a walk through the audit; *last* is None for an empty one."""

    rows: int
    last: KnownRow | None
    faults: tuple[AuditFault, ...]


class Audit:
    """The audit, in the transaction of *connection*."""

    def __init__(self, connection: Any, surroundings: Surroundings) -> None:
        self._rows = AuditRows(connection, surroundings)
        self._surroundings = surroundings

    def append(
        self, actor: Actor, action: str, object: ActionObject, why: str = "", *, outcome: str = DONE
    ) -> AuditRow:
        """Add a row; the last statement of a transaction, because others that append wait for its end.

        Args:
            action: the right that the action needs, or another name for it.
            why: the reason that the user gave; never a body, a password or a token.
            outcome: done, or denied.
        """
        number, before = self._rows.next()
        row = AuditRow(
            number,
            self._surroundings.now(),
            _cut(actor.who),
            _cut(actor.address),
            _cut(action),
            outcome,
            _cut(object.kind),
            None if object.key is None else _cut(object.key),
            None if object.account is None else _cut(object.account, _MOST_ID),
            _cut(why, _MOST_WHY),
            "",
        )
        row = row._replace(digest=_digest(row, before))
        self._rows.add(row)
        return row

    def newest(self, limit: int, **only: Any) -> list[AuditRow]:
        """Return the newest rows, the last one first; *only* as `AuditRows.newest` takes it."""
        return self._rows.newest(limit, **only)

    def verify(self, known: KnownRow | None = None) -> VerifiedAudit:
        """Walk through all rows, and compare each with the one before; and with a *known* row."""
        faults: list[AuditFault] = []
        rows, last, is_known = 0, None, known is None
        before = KnownRow(0, "")
        for row in self._rows.in_order():
            faults += _faults_of(row, before)
            if known is not None and row.number == known.number:
                is_known = True
                if row.digest != known.digest:
                    faults.append(AuditFault(row.number, "its digest isn't the known one: the chain was made anew"))
            rows, last = rows + 1, KnownRow(row.number, row.digest)
            before = last
        given_out = self._rows.last_number()
        faults += _missing(before.number, given_out)
        if before.number > given_out:
            faults.append(AuditFault(given_out + 1, "the hub never gave this number out"))
        if known is not None and not is_known and known.number > before.number:
            faults.append(AuditFault(known.number, "the known row is missing"))
        return VerifiedAudit(rows, last, tuple(dict.fromkeys(faults)))


def _faults_of(row: AuditRow, before: KnownRow) -> Iterator[AuditFault]:
    yield from _missing(before.number, row.number - 1)
    if row.digest != _digest(row, before.digest):
        yield AuditFault(row.number, "it was changed, or the row before it was changed or removed")


def _missing(before: int, to: int) -> Iterator[AuditFault]:
    """Tell of the rows behind a number, up to another one: none of them is there."""
    if to == before + 1:
        yield AuditFault(to, "the row is missing")
    elif to > before:
        yield AuditFault(before + 1, f"the rows from here to {to} are missing")


def _digest(row: AuditRow, before: str) -> str:
    """Return the digest of a row and of the digest before; JSON keeps the fields apart."""
    fields = [before, *row._replace(digest="")]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=True).encode()).hexdigest()


def _cut(text: str, most: int = _MOST_NAME) -> str:
    """Make a text fit for its column."""
    text = printable(text)
    return text if len(text) <= most else text[: most - 1] + "…"
