"""Which rows an instance's entries mean: by key, through an index, and only the rows that are named.

Spec: integration.md "The EAI database adapter": children are matched by key through an index, not by reading
all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, tuple_

from adapters.database.object_entries import Entries
from adapters.database.object_entry import Entry, KeyValues
from adapters.database.object_reader import parts
from adapters.database.store_faults import (
    AccountUnknown,
    AlreadyThere,
    BelongsElsewhere,
    RowNotFound,
    RowsAmbiguous,
)
from adapters.database.stored_object import StoredComponent

Key = tuple[str, ...]
Found = dict[tuple[str | None, KeyValues], list[dict[str, Any]]]


class Matcher:
    """Finds the rows of entries, in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def match_header(self, entries: Entries) -> None:
        """Find and lock the header's row, and refuse what its operation doesn't allow. Changes the entry.

        Raises:
            KeyMissing, RowNotFound, RowsAmbiguous, AlreadyThere: as the operation has it.
        """
        header = entries.header
        if entries.stored.is_borrowed:
            self._find(header.stored, [header])
            if header.row is None:
                key, values = header.key()
                raise AccountUnknown(
                    f"there is no {entries.stored.definition.row_of[0].lower()} '{values[0]}'"  # type: ignore[index]  # borrowed
                    f" that '{entries.stored.name}' could belong to",
                    where=header.where(),
                    why=f"no row with {key[0]} '{values[0]}'",
                    mend="load it first, or mend the key",
                )
            return
        self.match(header.stored, [header])

    def match(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        """Find the rows of *entries*, all of one component, and refuse what their operations don't allow.

        Changes the entries: those that have a row get it, the others stay without.
        """
        known = [entry for entry in entries if entry.owner is None or entry.owner.row is not None]
        self._find(stored, [entry for entry in known if entry.operation != "insert"])
        for entry in entries:
            if entry.row is None and entry.operation in ("update", "delete"):
                raise _not_found(entry)
        for entry in entries:
            if entry.row is None and entry.owner is None:
                entry.fill_keys()
        self._refuse_present(stored, [entry for entry in entries if entry.row is None])

    def _find(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        by_key: dict[Key, list[tuple[Entry, KeyValues]]] = {}
        for entry in entries:
            key, values = entry.key()
            by_key.setdefault(key, []).append((entry, values))
        for key, wanted in by_key.items():
            found = self._rows(stored, key, wanted, lock=stored.owner is None)
            for entry, values in wanted:
                rows = found.get((_scope(stored, key, entry), values), [])
                if len(rows) > 1:
                    raise _ambiguous(entry, key, values, rows)
                if rows:
                    entry.row = rows[0]
                    entry.row_id = rows[0]["row_id"]
                    _prove_owner(entry, key, values)

    def _refuse_present(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        """Refuse to insert what is there already, by any of its keys.

        Raises:
            AlreadyThere: names the key and the row.
        """
        for key in stored.keys:
            wanted = []
            for entry in entries:
                # Beneath a new owner only a row id, or a key of the whole table, can be taken already.
                new = entry.owner is not None and entry.owner.row is None
                values = entry.key_values(key)
                if values is not None and not (new and _scope(stored, key, entry) is not None):
                    wanted.append((entry, values))
            found = self._rows(stored, key, wanted, lock=False) if wanted else {}
            for entry, values in wanted:
                rows = found.get((_scope(stored, key, entry), values))
                if rows:
                    raise AlreadyThere(
                        f"'{stored.name}' is there already",
                        where=entry.where(),
                        why=f"row {rows[0]['row_id']} has {_named(key, values)}",
                        mend="update or upsert it, or give it another key",
                    )

    def _rows(
        self, stored: StoredComponent, key: Key, wanted: Sequence[tuple[Entry, KeyValues]], *, lock: bool
    ) -> Found:
        """The rows with these key values, by owner (None where keys are unique everywhere) and values."""
        columns = stored.key_columns(key)
        by_scope: dict[str | None, list[KeyValues]] = {}
        for entry, values in wanted:
            by_scope.setdefault(_scope(stored, key, entry), []).append(values)
        owner = stored.owner_column
        found: Found = {}
        names = [column.name for column in columns]
        for condition in _conditions(columns, owner, by_scope):
            statement = select(stored.table).where(condition)
            if lock:
                statement = statement.with_for_update()
            for row in self._connection.execute(statement).mappings():
                values = tuple(row[name] for name in names)
                scope = None if None in by_scope or owner is None else row[owner.name]
                found.setdefault((scope, values), []).append(dict(row))
        return found


def _conditions(
    columns: Sequence[ColumnElement[str]],
    owner: ColumnElement[str] | None,
    by_scope: dict[str | None, list[KeyValues]],
) -> Iterable[ColumnElement[bool]]:
    """Conditions that together find all keys, each small enough for one statement."""
    if owner is None or None in by_scope:
        yield from _equal(columns, [values for found in by_scope.values() for values in found])
    elif len(by_scope) == 1:
        ((scope, wanted),) = by_scope.items()
        for condition in _equal(columns, wanted):
            yield (owner == scope) & condition
    else:
        pairs = [(str(scope), *values) for scope, found in by_scope.items() for values in found]
        yield from _equal((owner, *columns), pairs)


def _equal(columns: Sequence[ColumnElement[str]], wanted: Sequence[KeyValues]) -> Iterable[ColumnElement[bool]]:
    for part in parts(wanted):
        if len(columns) == 1:
            yield columns[0].in_([values[0] for values in part])
        elif len(part) == 1:
            condition = columns[0] == part[0][0]
            for column, value in zip(columns[1:], part[0][1:], strict=True):
                condition &= column == value
            yield condition
        else:
            yield tuple_(*columns).in_(part)


def _scope(stored: StoredComponent, key: Key, entry: Entry) -> str | None:
    """The owner within which the key is unique; None where it is in the whole table."""
    if stored.unique_everywhere or (len(key) == 1 and stored.columns[key[0]] == "row_id"):
        return None
    return entry.owned_by


def _prove_owner(entry: Entry, key: Key, values: KeyValues) -> None:
    column = entry.stored.owner_column
    if column is None or entry.row is None or entry.row[column.name] == entry.owned_by:
        return
    raise BelongsElsewhere(
        f"the row of '{entry.stored.name}' belongs to something else",
        where=entry.where(),
        why=f"{_named(key, values)} is in {column.name} {entry.row[column.name]}, not in {entry.owned_by}",
        mend="give the key of a row that belongs there, or leave the key out and insert it",
    )


def _not_found(entry: Entry) -> RowNotFound:
    key, values = entry.key()
    return RowNotFound(
        f"there is no '{entry.stored.name}' to {entry.operation}",
        where=entry.where(),
        why=f"no row with {_named(key, values)}" + ("" if entry.owner is None else f" beneath {entry.owner.path()}"),
        mend="upsert it where it may be new, or mend the key",
    )


def _ambiguous(entry: Entry, key: Key, values: KeyValues, rows: Sequence[dict[str, Any]]) -> RowsAmbiguous:
    return RowsAmbiguous(
        f"more than one row of '{entry.stored.name}' has the key",
        where=entry.where(),
        why=f"{_named(key, values)} is in rows {', '.join(sorted(str(row['row_id']) for row in rows))}",
        mend="give the Row Id, or mend the rows",
    )


def _named(key: Key, values: KeyValues) -> str:
    return ", ".join(f"{name} '{value}'" for name, value in zip(key, values, strict=True))
