"""Writing one instance: all its tables, in the caller's transaction, touching only the rows that it names.

    1. match     the header's row (locked), then each component's rows by key
    2. insert    owners and parents first
    3. update    only the columns that change; a moved item keeps its row
    4. delete    named rows, and under synchronize the children that a carried list no longer has
    5. version   of the header, one more where anything changed

Spec: integration.md "The EAI database adapter"; road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from adapters.database.object_entries import Entries
from adapters.database.object_entry import Entry
from adapters.database.object_matcher import Matcher
from adapters.database.object_reader import parts
from adapters.database.references import Known, check_references
from adapters.database.row_deletion import RowDeletion
from adapters.database.row_statements import insert_rows, update_rows
from adapters.database.store_faults import (
    ConstraintRace,
    VersionConflict,
    VersionMissing,
)
from adapters.database.stored_object import StoredComponent
from adapters.database.tables import VERSION_COLUMN
from integration_objects.field_values import as_number

#: Constraints that a check has just found kept: broken all the same, another transaction was faster.
_RACES = frozenset(
    (
        "23505",
        "23503",
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "SQLITE_CONSTRAINT_FOREIGNKEY",
    )
)


@dataclass
class Written:
    """How many rows an instance's writing inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def changed(self) -> bool:
        """Whether it wrote anything."""
        return bool(self.inserted or self.updated or self.deleted)


@dataclass
class Writing:
    """What the writing of instances shares within a transaction.

    Attributes:
        connection: of the caller's transaction.
        now: the time now.
        user: who changes the rows.
        new_id: makes an identifier; one is made for each instance, the rows' own begin with it.
        version_required: whether an update must carry the version that it changes.
        known: reference values that were found already, by table and column.
    """

    connection: Connection
    now: str
    user: str
    new_id: Callable[[], str]
    version_required: bool = False
    known: Known = field(default_factory=dict)


class InstanceWriter:
    """Writes one instance."""

    def __init__(self, writing: Writing, entries: Entries) -> None:
        self._writing = writing
        self._connection = writing.connection
        self._entries = entries
        self._matcher = Matcher(writing.connection)
        self._deletion = RowDeletion(writing.connection)
        self._written = Written()
        self._prefix = ""
        self._made = 0

    def write(self) -> Written:
        """Write the instance; the header's entry then has its row id.

        Raises:
            Refused: as `store_faults` has it; nothing must be kept of the transaction's savepoint then.
        """
        header = self._entries.header
        self._matcher.match_header(self._entries)
        self._check_version()
        try:
            if header.operation == "delete" and not self._entries.stored.is_borrowed:
                self._written.deleted = self._deletion.delete_instance(self._entries.stored, header)
                return self._written
            if not self._entries.stored.is_borrowed:
                self._write_header(header)
            for component in self._entries.stored.components:
                self._write_component(component)
            self._delete_dropped()
            self._raise_version(header)
        except IntegrityError as error:
            raise _race(error, self._entries.stored.name) from error
        return self._written

    # The header

    def _check_version(self) -> None:
        header, carried = self._entries.header, self._entries.version
        if carried is None:
            if self._writing.version_required and header.row is not None:
                raise VersionMissing(
                    f"the message changes '{header.stored.name}' and doesn't say which version",
                    where=header.where(),
                    why="the route requires the field Modification Number",
                    mend="read the instance, and send the Modification Number that was read with the change",
                )
            return
        if header.operation == "insert" and not self._entries.stored.is_borrowed:
            return
        found = None if header.row is None else header.row[VERSION_COLUMN]
        if found is None or as_number(carried) != Decimal(found):
            raise VersionConflict(
                f"'{header.stored.name}' was changed by somebody else",
                where=header.where(),
                why=f"the message changes version {carried}, "
                + ("and it isn't there any more" if found is None else f"and it is at version {found} now"),
                mend="read it again, and make the change on what is there now",
            )

    def _write_header(self, header: Entry) -> None:
        check_references(self._connection, self._writing.known, header.stored, [header])
        if header.row is None:
            column = self._entries.stored.row_id_key
            header.row_id = header.row_id or (column and header.values.get(column)) or self._new_id()
            self._insert(header.stored, [header])

    def _raise_version(self, header: Entry) -> None:
        if header.row is None:
            return
        changes: dict[str, Any] = {}
        if not self._entries.stored.is_borrowed:
            changes = _changes(header)
            header.prove_required(changes, whole=False)
        if changes or self._written.changed:
            changes[VERSION_COLUMN] = header.row[VERSION_COLUMN] + 1
            self._update(header.stored, [(header, changes)])

    # The components

    def _write_component(self, stored: StoredComponent) -> None:
        entries = self._entries.of[id(stored)]
        if not entries:
            return
        self._matcher.match(stored, entries)
        kept = [entry for entry in entries if entry.operation != "delete"]
        check_references(self._connection, self._writing.known, stored, kept)
        new = [entry for entry in kept if entry.row is None]
        for entry in new:
            entry.row_id = entry.row_id or self._new_id()
        places = self._places(stored, kept)
        self._insert(stored, new, places)
        moved = self._update_found(stored, [entry for entry in kept if entry.row is not None], places)
        self._deletion.renew_roots(stored, moved)
        self._written.deleted += self._deletion.delete_rows(
            stored, [entry.row_id for entry in entries if entry.operation == "delete"]
        )

    def _places(self, stored: StoredComponent, entries: Sequence[Entry]) -> dict[int, int]:
        """The positions of entries that are new or moved, by the entry's id: last among their siblings.

        Under synchronize, where the tree says the order of all siblings, all get theirs where it differs.
        """
        by_owner: dict[str, list[Entry]] = {}
        for entry in entries:
            by_owner.setdefault(entry.owned_by, []).append(entry)
        next_of = self._next_positions(stored, by_owner)
        places: dict[int, int] = {}
        for owner, owned in by_owner.items():
            last = next_of[owner]
            ordered = [None if _is_moved(entry) else entry.row and entry.row["position"] for entry in owned]
            whole = all(entry.operation == "synchronize" for entry in owned)
            if whole and not _is_in_order(ordered):
                ordered, last = [None] * len(owned), 0
            for entry, position in zip(owned, ordered, strict=True):
                if position is None:
                    places[id(entry)] = last
                    last += 1
        return places

    def _next_positions(self, stored: StoredComponent, by_owner: dict[str, list[Entry]]) -> dict[str, int]:
        result = dict.fromkeys(by_owner, 0)
        grown = [
            owner
            for owner, owned in by_owner.items()
            if owned[0].owner is not None
            and owned[0].owner.row is not None
            and any(entry.row is None or _is_moved(entry) for entry in owned)
        ]
        column = stored.owner_column
        assert column is not None  # noqa: S101  # only a header has none
        highest = func.max(stored.table.c.position)
        if len(grown) == 1:
            # Of one owner the index gives the highest at once, however many it has.
            found = self._connection.scalar(select(highest).where(column == grown[0]))
            result[grown[0]] = 0 if found is None else found + 1
        for part in parts(grown) if len(grown) > 1 else ():
            rows = self._connection.execute(select(column, highest).where(column.in_(part)).group_by(column))
            result.update((owner, found + 1) for owner, found in rows)
        return result

    def _update_found(self, stored: StoredComponent, entries: Sequence[Entry], places: dict[int, int]) -> list[Entry]:
        """Update the rows that differ. Returns the entries that are beneath another root now."""
        updates = []
        moved = []
        parent, has_root = stored.component.parent_column, stored.has_root
        for entry in entries:
            changes = _changes(entry)
            entry.prove_required(changes, whole=False)
            row = entry.row or {}
            if parent is not None and _is_moved(entry):
                changes[parent] = None if entry.parent is None else entry.parent.row_id
            if id(entry) in places and places[id(entry)] != row["position"]:
                changes["position"] = places[id(entry)]
            if parent is not None and has_root and row["root_id"] != entry.root.row_id:
                moved.append(entry)
            if changes:
                updates.append((entry, changes))
        self._update(stored, updates)
        return moved

    def _delete_dropped(self) -> None:
        """Delete the children that carried lists of synchronized components no longer have."""
        slots: dict[tuple[int, bool], tuple[StoredComponent, list[Entry]]] = {}
        for entry in self._entries.walk():
            if entry.operation == "synchronize" and entry.row is not None:
                for below in entry.lists:
                    slot = slots.setdefault((id(below), below is entry.stored), (below, []))
                    slot[1].append(entry)
        for (_, nested), (below, above) in slots.items():
            kept = {entry.row_id for entry in self._entries.of[id(below)]}
            found = self._deletion.children(below, above, nested=nested)
            self._written.deleted += self._deletion.delete_rows(below, [one for one in found if one not in kept])

    # Rows

    def _insert(self, stored: StoredComponent, entries: Sequence[Entry], places: dict[int, int] | None = None) -> None:
        rows = []
        for entry in entries:
            entry.prove_required(entry.values, whole=True)
            row: dict[str, Any] = {**entry.values, "row_id": entry.row_id}
            if entry.owner is None:
                row[VERSION_COLUMN] = 1
            else:
                row[str(stored.component.owner_column)] = entry.owned_by
                row["position"] = (places or {})[id(entry)]
                if stored.component.parent_column is not None and entry.parent is not None:
                    row[stored.component.parent_column] = entry.parent.row_id
                if stored.has_root:
                    row["root_id"] = entry.root.row_id
            row["created"] = row["last_upd"] = self._writing.now
            row["created_by"] = row["last_upd_by"] = self._writing.user
            rows.append(row)
        insert_rows(self._connection, stored.table, rows)
        self._written.inserted += len(rows)

    def _update(self, stored: StoredComponent, updates: Sequence[tuple[Entry, dict[str, Any]]]) -> None:
        stamp = {"last_upd": self._writing.now, "last_upd_by": self._writing.user}
        update_rows(
            self._connection, stored.table, [(entry.row_id, {**changes, **stamp}) for entry, changes in updates]
        )
        self._written.updated += len(updates)

    def _new_id(self) -> str:
        # One identifier an instance: its rows are made together, and keep its order in time.
        self._prefix = self._prefix or self._writing.new_id()
        self._made += 1
        return self._prefix if self._made == 1 else f"{self._prefix}.{self._made}"


def _changes(entry: Entry) -> dict[str, Any]:
    row = entry.row or {}
    return {column: value for column, value in entry.values.items() if row[column] != value}


def _is_moved(entry: Entry) -> bool:
    """Whether the row found is beneath another item than the entry."""
    column = entry.stored.component.parent_column
    if entry.row is None or column is None:
        return False
    parent = None if entry.parent is None else entry.parent.row_id
    return bool(entry.row[column] != parent)


def _is_in_order(positions: Sequence[Any]) -> bool:
    """Whether the known positions rise, and what has none stands behind them."""
    last = -1
    ended = False
    for position in positions:
        if position is None:
            ended = True
        elif ended or position <= last:
            return False
        else:
            last = position
    return True


def _race(error: IntegrityError, name: str) -> BaseException:
    cause = error.orig
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    if code not in _RACES:
        return error
    return ConstraintRace(
        f"another transaction wrote what '{name}' was checked against",
        why=str(cause).strip().splitlines()[0],
        mend="nothing; it is tried again",
    )
