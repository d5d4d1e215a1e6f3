"""The rows that an instance's entries mean: found by key, through an index, and only the rows that are named.

Spec: docs/design/integration.md "The EAI database adapter": children are matched by key through an index, without
reading all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, or_

from adapters.database.connection.dialect import Dialect, dialect_of
from adapters.database.connection.statements import MOST_STATEMENTS, parts, rows_with_keys, select_rows
from adapters.database.objects.entries import Entries, named
from adapters.database.objects.entry import Entry, KeyValues, Row
from adapters.database.objects.faults import (
    AlreadyThere,
    BelongsElsewhere,
    ProfileAccountUnknown,
    RowNotFound,
    RowsAmbiguous,
)
from adapters.database.objects.json_children import rows_kept_by
from adapters.database.objects.layout import Key, StoredComponent, pick

#: Rows by their owner (None where the key is unique everywhere) and the values of the key.
Found = dict[tuple[str | None, KeyValues], list[Row]]


class Matcher:
    """Finds the rows of entries in the transaction of *connection*; a *fresh* instance has none yet."""

    def __init__(self, connection: Connection, *, fresh: bool = False) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)
        self._fresh = fresh

    def match_header(self, entries: Entries) -> None:
        """Find and lock the header's row, and refuse an operation that it doesn't allow. Changes the entry.

        Raises:
            KeyNotWhole, RowNotFound, RowsAmbiguous, AlreadyThere: by the operation.
        """
        header = entries.header
        if entries.stored.definition.row_of is None:
            self.match(header.component, [header])
            return
        self._find(header.component, [header])
        if header.row is None:
            account = entries.stored.definition.row_of[0].lower()
            (field,), (value,) = header.key()
            raise ProfileAccountUnknown(
                object=account, value=value, profile=entries.stored.name, field=field, where=header.where()
            )

    def match(self, component: StoredComponent, entries: Sequence[Entry]) -> None:
        """Find the rows of *entries*, all of one component, and refuse operations that they don't allow.

        Changes the entries: an entry whose row is found gets it.
        """
        if not self._fresh:
            # Beneath a new owner there is no row yet.
            old = [entry for entry in entries if entry.owner is None or entry.owner.row is not None]
            self._find(component, [entry for entry in old if entry.operation != "insert"])
        new = [entry for entry in entries if entry.row is None]
        # Before any write: a refused message leaves nothing behind, not even within the caller's savepoint.
        for entry in new:
            if entry.operation in ("update", "delete"):
                raise RowNotFound(
                    component=component.name,
                    operation=entry.operation,
                    key=named(*entry.key()),
                    beneath="" if entry.owner is None else f" beneath {entry.owner.path()}",
                    where=entry.where(),
                )
        if component.owner is None:
            # Only a new header gets the defaults of a key: they mustn't decide which stored row an update means.
            for entry in new:
                entry.fill_keys()
        if not self._fresh:
            self._refuse_present(component, new)

    def _find(self, component: StoredComponent, entries: Sequence[Entry]) -> None:
        by_key: dict[Key, list[tuple[Entry, KeyValues]]] = {}
        for entry in entries:
            key, values = entry.key()
            by_key.setdefault(key, []).append((entry, values))
        for key, wanted in by_key.items():
            is_scoped = component.is_scoped(key)
            # A header is locked, so that its version can't rise between this read and the write.
            found = self._rows(component, key, wanted, lock=component.owner is None)
            for entry, values in wanted:
                rows = found.get((entry.owned_by if is_scoped else None, values))
                if rows is None:
                    continue
                if len(rows) > 1:
                    row_ids = ", ".join(sorted(str(row[0]) for row in rows))
                    raise RowsAmbiguous(
                        component=component.name, key=named(key, values), rows=row_ids, where=entry.where()
                    )
                entry.row = rows[0]
                entry.row_id = rows[0][0]
                if not is_scoped and component.owner is not None:
                    _prove_owner(entry, key, values)

    def _refuse_present(self, component: StoredComponent, entries: Sequence[Entry]) -> None:
        """Refuse to insert an entry that is stored already, by any of its keys."""
        if component.owner is None:
            for entry in entries:
                self._refuse_header(component, entry)
            return
        for key in component.keys:
            is_scoped = component.is_scoped(key)
            wanted = []
            for entry in entries:
                # Beneath a new owner only a row id, or a key of the whole table, can be taken already.
                if is_scoped and entry.owner is not None and entry.owner.row is None:
                    continue
                values = entry.key_values(key)
                if values is not None:
                    wanted.append((entry, values))
            found = self._rows(component, key, wanted, lock=False) if wanted else {}
            for entry, values in wanted:
                rows = found.get((entry.owned_by if is_scoped else None, values))
                if rows:
                    raise already_there(entry, key, values, rows[0][0])

    def _refuse_header(self, component: StoredComponent, header: Entry) -> None:
        """Refuse a header that has a key of a stored one; one statement asks for all of its keys."""
        wanted = {key: values for key in component.keys if (values := header.key_values(key)) is not None}
        if not wanted:
            return
        statement = _rows_with_any_key(self._dialect, component, tuple(wanted))
        flat = [value for values in wanted.values() for value in values]
        rows = self._connection.execute(statement, {f"key{place}": value for place, value in enumerate(flat)}).all()
        for key, values in wanted.items() if rows else ():
            key_of = component.key_in_row(key)
            for row in rows:
                if key_of(row) == values:
                    raise already_there(header, key, values, row[0])

    def _rows(
        self, component: StoredComponent, key: Key, wanted: Sequence[tuple[Entry, KeyValues]], *, lock: bool
    ) -> Found:
        """Read the rows with these key values."""
        if component.json_column:
            return _rows_in_json(component, key, wanted)
        is_scoped = component.is_scoped(key)
        # Each key once: a row that is read twice would look like two rows with one key.
        keys = dict.fromkeys((entry.owned_by, *values) if is_scoped else values for entry, values in wanted)
        columns = _key_columns(component, key)
        key_of = pick([component.place[column.name] for column in columns])
        found: Found = {}
        for part in parts(list(keys)):
            statement, bind = _rows_by_key(self._dialect, component, key, len(part) > 1, lock)
            for row in self._connection.execute(statement, bind(part)).all():
                values = key_of(row)
                found.setdefault((values[0], values[1:]) if is_scoped else (None, values), []).append(row)
        return found


def _key_columns(component: StoredComponent, key: Key) -> list[Any]:
    owner = [component.owner_column] if component.is_scoped(key) else []
    return [*owner, *component.key_columns(key)]


@lru_cache(MOST_STATEMENTS)
def _rows_by_key(
    dialect: Dialect, component: StoredComponent, key: Key, several: bool, lock: bool
) -> tuple[Select[Any], Callable[[Any], dict[str, Any]]]:
    """Make the statement that finds the rows with one value of the key, or several, and the binder of the values."""
    columns = _key_columns(component, key)
    statement = select_rows(dialect, component.table, component.layout)
    if several:
        joined, bind = rows_with_keys(dialect, component.table, columns)
        statement = statement.select_from(joined)
    else:
        names = [f"key{place}" for place in range(len(columns))]
        for column, name in zip(columns, names, strict=True):
            statement = statement.where(column == bindparam(name, type_=column.type))

        def bind(keys: Any) -> dict[str, Any]:
            return dict(zip(names, keys[0], strict=True))

    return (statement.with_for_update(of=component.table) if lock else statement), bind


@lru_cache(MOST_STATEMENTS)
def _rows_with_any_key(dialect: Dialect, component: StoredComponent, keys: tuple[Key, ...]) -> Select[Any]:
    """Make the statement that finds the rows with any of several keys."""
    number = count()
    conditions = [
        and_(*[column == bindparam(f"key{next(number)}", type_=column.type) for column in component.key_columns(key)])
        for key in keys
    ]
    return select_rows(dialect, component.table, component.layout).where(or_(*conditions))


def _rows_in_json(component: StoredComponent, key: Key, wanted: Sequence[tuple[Entry, KeyValues]]) -> Found:
    """Read the rows that the owners' rows keep."""
    owners = list(dict.fromkeys(entry.owner for entry, _ in wanted if entry.owner is not None))
    key_of = component.key_in_row(key)
    found: Found = {}
    for owner, rows in zip(owners, rows_kept_by(component, owners), strict=True):
        for row in rows:
            found.setdefault((owner.row_id, key_of(row)), []).append(row)
    return found


def _prove_owner(entry: Entry, key: Key, values: KeyValues) -> None:
    column = entry.component.owner_column.name
    places = {"column": column, "found": entry.stored(column), "expected": entry.owned_by}
    if places["found"] != places["expected"]:
        raise BelongsElsewhere(component=entry.component.name, key=named(key, values), where=entry.where(), **places)


def already_there(entry: Entry, key: Key, values: KeyValues, row_id: str) -> AlreadyThere:
    """Make the error for an entry that the row *row_id* has by one of its keys."""
    return AlreadyThere(component=entry.component.name, row=row_id, key=named(key, values), where=entry.where())
