"""Which rows an instance's entries mean: by key, through an index, and only the rows that are named.

Spec: docs/design/integration.md "The EAI database adapter": children are matched by key through an index, not by
reading
all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, or_

from adapters.database.connection.statements import once, parts, rows_with_keys, select_rows
from adapters.database.objects.entries import Entries
from adapters.database.objects.entry import Entry, KeyValues, Row
from adapters.database.objects.entry_values import pick
from adapters.database.objects.faults import (
    AccountUnknown,
    AlreadyThere,
    BelongsElsewhere,
    RowNotFound,
    RowsAmbiguous,
)
from adapters.database.objects.json_rows import rows_kept_by
from adapters.database.objects.layout import StoredComponent

Key = tuple[str, ...]
Found = dict[tuple[str | None, KeyValues], list[Row]]


class Matcher:
    """Finds the rows of entries, in the transaction of *connection*; of a *fresh* instance there are none to find."""

    def __init__(self, connection: Connection, *, fresh: bool = False) -> None:
        self._connection = connection
        self._fresh = fresh

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
        if not self._fresh:
            known = [entry for entry in entries if entry.owner is None or entry.owner.row is not None]
            self._find(stored, [entry for entry in known if entry.operation != "insert"])
        new = [entry for entry in entries if entry.row is None]
        for entry in new:
            if entry.operation in ("update", "delete"):
                raise _not_found(entry)
        for entry in new:
            if entry.owner is None:
                entry.fill_keys()
        if not self._fresh:
            self._refuse_present(stored, new)

    def _find(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        by_key: dict[Key, list[tuple[Entry, KeyValues]]] = {}
        for entry in entries:
            key, values = entry.key()
            by_key.setdefault(key, []).append((entry, values))
        for key, wanted in by_key.items():
            scoped = _is_scoped(stored, key)
            found = self._rows(stored, key, wanted, lock=stored.owner is None)
            for entry, values in wanted:
                rows = found.get((entry.owned_by if scoped else None, values))
                if rows is None:
                    continue
                if len(rows) > 1:
                    raise _ambiguous(entry, key, values, rows)
                entry.row = rows[0]
                entry.row_id = rows[0][0]
                if not scoped:
                    _prove_owner(entry, key, values)

    def _refuse_present(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        """Refuse to insert what is there already, by any of its keys.

        Raises:
            AlreadyThere: names the key and the row.
        """
        if stored.owner is None:
            for entry in entries:
                self._refuse_header(stored, entry)
            return
        for key in stored.keys:
            scoped = _is_scoped(stored, key)
            wanted = []
            for entry in entries:
                # Beneath a new owner only a row id, or a key of the whole table, can be taken already.
                if scoped and entry.owner is not None and entry.owner.row is None:
                    continue
                values = entry.key_values(key)
                if values is not None:
                    wanted.append((entry, values))
            found = self._rows(stored, key, wanted, lock=False) if wanted else {}
            for entry, values in wanted:
                rows = found.get((entry.owned_by if scoped else None, values))
                if rows:
                    raise already_there(entry, key, values, rows[0])

    def _refuse_header(self, stored: StoredComponent, header: Entry) -> None:
        """Refuse a header of which one of the keys is there already, with one statement for all of them."""
        wanted = {key: values for key in stored.keys if (values := header.key_values(key)) is not None}
        if not wanted:
            return
        statement = once(
            self._connection,
            stored.table,
            ("present", tuple(wanted), stored.layout),
            lambda: _select_any(self._connection, stored, tuple(wanted)),
        )
        flat = [value for values in wanted.values() for value in values]
        found = self._connection.execute(statement, {f"key{place}": value for place, value in enumerate(flat)}).all()
        for key, values in wanted.items() if found else ():
            key_of = pick([stored.place[column.name] for column in stored.key_columns(key)])
            for row in found:
                if key_of(row) == values:
                    raise already_there(header, key, values, row)

    def _rows(
        self, stored: StoredComponent, key: Key, wanted: Sequence[tuple[Entry, KeyValues]], *, lock: bool
    ) -> Found:
        """The rows with these key values, by owner (None where keys are unique everywhere) and values."""
        if stored.json_column is not None:
            return _rows_in_json(stored, key, wanted)
        columns = stored.key_columns(key)
        owner = stored.owner_column
        scoped = owner is not None and _is_scoped(stored, key)
        if scoped and owner is not None:
            columns = [owner, *columns]
        keys = dict.fromkeys((entry.owned_by, *values) if scoped else values for entry, values in wanted)
        key_of = pick([stored.place[column.name] for column in columns])
        found: Found = {}
        for part in parts(list(keys)):
            statement, bind = once(
                self._connection,
                stored.table,
                ("by key", key, len(part) > 1, lock, stored.layout),
                partial(_select, self._connection, stored, columns, len(part) > 1, lock),
            )
            for row in self._connection.execute(statement, bind(part)).all():
                values = key_of(row)
                found.setdefault((values[0], values[1:]) if scoped else (None, values), []).append(row)
        return found


def _select(
    connection: Connection, stored: StoredComponent, columns: Sequence[Any], several: bool, lock: bool
) -> tuple[Select[Any], Callable[[Any], dict[str, Any]]]:
    """The statement that finds the rows with one key of these columns, or several, and what binds the keys."""
    statement = select_rows(connection, stored.table, stored.layout)
    if several:
        joined, bind = rows_with_keys(connection, stored.table, columns)
        statement = statement.select_from(joined)
    else:
        names = [f"key{place}" for place in range(len(columns))]
        for column, name in zip(columns, names, strict=True):
            statement = statement.where(column == bindparam(name, type_=column.type))

        def bind(keys: Any) -> dict[str, Any]:
            return dict(zip(names, keys[0], strict=True))

    return (statement.with_for_update(of=stored.table) if lock else statement), bind


def _select_any(connection: Connection, stored: StoredComponent, keys: Sequence[Key]) -> Select[Any]:
    """The statement that finds the rows with any of several keys."""
    number = count()
    conditions = [
        and_(*[column == bindparam(f"key{next(number)}", type_=column.type) for column in stored.key_columns(key)])
        for key in keys
    ]
    return select_rows(connection, stored.table, stored.layout).where(or_(*conditions))


def _rows_in_json(stored: StoredComponent, key: Key, wanted: Sequence[tuple[Entry, KeyValues]]) -> Found:
    """The rows that the owners' rows keep, by owner and the values of the key."""
    owners = list({id(entry.owner): entry.owner for entry, _ in wanted if entry.owner is not None}.values())
    key_of = pick([stored.place[column.name] for column in stored.key_columns(key)])
    found: Found = {}
    for owner, rows in zip(owners, rows_kept_by(stored, owners), strict=True):
        for row in rows:
            found.setdefault((owner.row_id, key_of(row)), []).append(row)
    return found


def _is_scoped(stored: StoredComponent, key: Key) -> bool:
    """Whether the key is unique only within an owner, and not in the whole table."""
    if stored.json_column is not None:
        return True
    return not (stored.unique_everywhere or (len(key) == 1 and stored.columns[key[0]] == "row_id"))


def _prove_owner(entry: Entry, key: Key, values: KeyValues) -> None:
    column = entry.stored.owner_column
    if column is None or entry.now(column.name) == entry.owned_by:
        return
    raise BelongsElsewhere(
        f"the row of '{entry.stored.name}' belongs to something else",
        where=entry.where(),
        why=f"{_named(key, values)} is in {column.name} {entry.now(column.name)}, not in {entry.owned_by}",
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


def already_there(entry: Entry, key: Key, values: KeyValues, row: Row) -> AlreadyThere:
    """The error for what is there already, in *row*, by one of its keys."""
    return AlreadyThere(
        f"'{entry.stored.name}' is there already",
        where=entry.where(),
        why=f"row {row[0]} has {_named(key, values)}",
        mend="update or upsert it, or give it another key",
    )


def _ambiguous(entry: Entry, key: Key, values: KeyValues, rows: Sequence[Row]) -> RowsAmbiguous:
    return RowsAmbiguous(
        f"more than one row of '{entry.stored.name}' has the key",
        where=entry.where(),
        why=f"{_named(key, values)} is in rows {', '.join(sorted(str(row[0]) for row in rows))}",
        mend="give the Row Id, or mend the rows",
    )


def _named(key: Key, values: KeyValues) -> str:
    return ", ".join(f"{name} '{value}'" for name, value in zip(key, values, strict=True))
