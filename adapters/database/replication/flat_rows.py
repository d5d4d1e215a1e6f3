"""The hub's own flat rows: the root of a feed with its joined objects, in one SELECT.

Numbers come as text without zeros at the end, as `hub.replication.flat_row` writes them.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, FromClause, Select, Table, and_, bindparam, select

from adapters.database.connection.column_types import Exact
from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import is_one_of, parts
from adapters.database.objects.layout import StoredComponent, StoredObjects

#: Rows that a stream reads at once.
_AT_ONCE = 500


class JoinedBy(Protocol):
    """A joined object as a feed declares it."""

    @property
    def key(self) -> str:
        """The field of its key."""

    @property
    def by(self) -> str:
        """The field that joins it to the root."""

    @property
    def is_named_by_root(self) -> bool:
        """Whether *by* is a field of the root; else it is a field of the joined object."""

    @property
    def where(self) -> Mapping[str, str]:
        """The fields that it must have besides."""


class OurRecord(NamedTuple):
    """One record of the hub.

    Attributes:
        key: the root's key.
        fields: the values, in the order of the feed's fields.
        changed_at: the last change of any of its objects, ISO in UTC.
        joined: the key of each joined object; None where there is none.
        is_ambiguous: whether several objects are joined where at most one can be.
    """

    key: str
    fields: tuple[str | None, ...]
    changed_at: str | None
    joined: Mapping[str, str | None]
    is_ambiguous: bool


@dataclass(frozen=True)
class FlatRows:
    """The flat rows of one feed.

    Args:
        objects: the stored objects of the deployment.
        root: the root's object.
        key: the field of its key.
        joined: the joined objects by name.
        fields: the joined object ("" for the root) and the field of each value.
    """

    objects: StoredObjects
    root: str
    key: str
    joined: Mapping[str, JoinedBy]
    fields: Sequence[tuple[str, str]]

    def by_key(self, connection: Connection, keys: Sequence[str]) -> dict[str, OurRecord]:
        """Read the records of these keys; missing ones are left out."""
        statement = self._statement(connection)
        statement = statement.where(is_one_of(self._column("", self.key), "wanted"))
        found: dict[str, OurRecord] = {}
        for part in parts(keys):
            rows = connection.execute(statement, {"wanted": part}).all()
            found.update((record.key, record) for record in self._records(connection, rows))
        return found

    def in_key_order(self, connection: Connection, behind: str = "") -> Iterator[OurRecord]:
        """Read all records behind a key in the order of their keys, some at a time."""
        key = self._column("", self.key)
        statement = self._statement(connection).where(key > bindparam("behind")).limit(bindparam("most"))
        while True:
            rows = connection.execute(statement, {"behind": behind, "most": _AT_ONCE}).all()
            # The rows of the last key may go on behind the limit.
            is_last = len(rows) < _AT_ONCE
            end = len(rows) if is_last else next(at for at in range(len(rows)) if rows[at][0] == rows[-1][0])
            end = end or len(rows)
            yield from self._records(connection, rows[:end])
            if is_last:
                return
            behind = rows[end - 1][0]

    def keys(self, connection: Connection) -> Iterator[str]:
        """Read the keys of all records, some at a time."""
        key = self._column("", self.key)
        statement = select(key).where(key > bindparam("behind")).order_by(key).limit(bindparam("most"))
        behind = ""
        while True:
            found = connection.scalars(statement, {"behind": behind, "most": _AT_ONCE}).all()
            yield from found
            if len(found) < _AT_ONCE:
                return
            behind = found[-1]

    def _records(self, connection: Connection, rows: Sequence[Any]) -> Iterator[OurRecord]:
        """Make records of rows: key, the fields, the key of each joined object, the time of each object's change."""
        end = 1 + len(self.fields)
        end_of_joined = end + len(self.joined)
        numbers = [1 + at for at, place in enumerate(self.fields) if isinstance(self._column(*place).type, Exact)]
        for at, row in enumerate(rows):
            if at and rows[at - 1][0] == row[0]:
                continue
            values = list(row)
            for place in numbers:
                values[place] = plain_digits(values[place])
            joined = dict(zip(self.joined, values[end:end_of_joined], strict=True))
            changed_at = max(filter(None, values[end_of_joined:]), default=None)
            is_ambiguous = at + 1 < len(rows) and rows[at + 1][0] == row[0]
            yield OurRecord(row[0], tuple(values[1:end]), changed_at, joined, is_ambiguous)

    def _statement(self, connection: Connection) -> Select[Any]:
        dialect = dialect_of(connection)
        columns = [self._column("", self.key)]
        for place in self.fields:
            column = self._column(*place)
            columns.append(dialect.as_text(column) if isinstance(column.type, Exact) else column)
        joined = [self._column(name, by.key) for name, by in self.joined.items()]
        times = [self._table(name).c["last_upd"] for name in ("", *self.joined)]
        return select(*columns, *joined, *times).select_from(self._source()).order_by(columns[0], *joined)

    def _source(self) -> FromClause:
        source: FromClause = self._table("")
        for name, by in self.joined.items():
            here, there = (by.by, by.key) if by.is_named_by_root else (self.key, by.by)
            condition = [self._column("", here) == self._column(name, there)]
            condition += [self._column(name, field) == value for field, value in by.where.items()]
            source = source.outerjoin(self._table(name), and_(*condition))
        return source

    def _header(self, joined: str) -> StoredComponent:
        return self.objects.of(joined or self.root).header

    def _table(self, joined: str) -> Table:
        return self._header(joined).table

    def _column(self, joined: str, field: str) -> Any:
        return self._table(joined).c[self._header(joined).columns[field]]


def plain_digits(number: str | None) -> str | None:
    """Write the text of a number without zeros at its end.

    >>> plain_digits("5.990"), plain_digits("100"), plain_digits("0.00"), plain_digits(None)
    ('5.99', '100', '0', None)
    """
    if number is None or "." not in number:
        return number
    return number.rstrip("0").rstrip(".") or "0"
