"""Writing one instance: all its tables, in the caller's transaction, touching only the rows that it names.

    1. match     the header's row (locked), then each component's rows by key
    2. insert    owners and parents first
    3. update    only the columns that change; a moved item keeps its row
    4. delete    named rows, and under synchronize the children that a carried list no longer has
    5. version   of the header, one more where anything changed

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from adapters.database.connection.driver_faults import race_of
from adapters.database.connection.statements import MOST_STATEMENTS, insert_rows, is_one_of, parts, update_rows
from adapters.database.objects.entries import POSITION, Entries, RowCounts, places_among
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import VersionConflict
from adapters.database.objects.json_writer import JsonWriter
from adapters.database.objects.layout import StoredComponent
from adapters.database.objects.matcher import Matcher
from adapters.database.objects.references import Known, check_references
from adapters.database.objects.row_deletion import RowDeletion
from adapters.database.schema.json_views import AUDIT
from adapters.database.schema.tables import VERSION_COLUMN
from integration_objects.field_values import as_number

#: The place of the version in a header's row as it is read (`StoredComponent.hidden`).
_VERSION = 1
Places = dict[Entry, int]


@dataclass
class Writing:
    """The things that all instances of a call share.

    Attributes:
        new_id: makes an identifier, one for each instance; the identifiers of its rows begin with it.
        known: reference values that the transaction has found already.
    """

    connection: Connection
    now: str
    user: str
    new_id: Callable[[], str]
    known: Known

    def check_references(self, component: StoredComponent, entries: Sequence[Entry]) -> None:
        """Refuse values that must be stored elsewhere and aren't."""
        check_references(self.connection, self.known, component, entries)


@contextmanager
def _races(name: str) -> Iterator[None]:
    """Raise a retryable error for a constraint that a check has just found kept: another transaction was faster."""
    try:
        yield
    except IntegrityError as error:
        race = race_of(error, name)
        if race is None:
            raise
        raise race from error


class InstanceWriter:
    """Writes one instance; a *fresh* one is known not to be there."""

    def __init__(self, writing: Writing, entries: Entries, *, fresh: bool = False) -> None:
        self._writing = writing
        self._connection = writing.connection
        self._entries = entries
        self._stored = entries.stored
        self._matcher = Matcher(writing.connection, fresh=fresh)
        self._deletion = RowDeletion(writing.connection)
        self._counts = RowCounts()
        self._json = JsonWriter(entries, self._matcher, writing.check_references, self._new_id, self._counts)
        self._prefix = ""
        self._ids = 0

    def write(self) -> RowCounts:
        """Write the instance; the header's entry then has its row id.

        Raises:
            Refused: as `faults` has it; the caller's savepoint must be rolled back then.
            ConstraintRace: another transaction came between check and write.
        """
        header = self._entries.header
        # A stored header is locked first: writers of one instance queue there, and never meet in its other tables.
        self._matcher.match_header(self._entries)
        self._check_version()
        with _races(self._stored.name):
            if header.operation == "delete" and not self._stored.is_borrowed:
                self._counts.deleted = self._deletion.delete_instance(header)
                return self._counts
            # Owners come before their rows, and the version comes last: it rises only if a row changed.
            if not self._stored.is_borrowed:
                self._write_header(header)
            for component in self._stored.components:
                self._write_component(component)
            self._delete_dropped()
            self._raise_version(header)
        return self._counts

    def _check_version(self) -> None:
        header, carried = self._entries.header, self._entries.version
        if carried is None or (header.operation == "insert" and not self._stored.is_borrowed):
            return
        stored = None if header.row is None else header.row[_VERSION]
        if stored is None or as_number(carried) != Decimal(stored):
            raise VersionConflict(
                component=header.component.name,
                carried=carried,
                found="it isn't there any more" if stored is None else f"it is at version {stored} now",
                where=header.where(),
            )

    def _write_header(self, header: Entry) -> None:
        self._writing.check_references(header.component, [header])
        if header.row is None:
            column = self._stored.row_id_key
            header.row_id = header.row_id or (column and header.carried(column)) or self._new_id()
        self._json.write(header.component, [header])
        if header.row is None:
            self._insert(header.component, [header])

    def _raise_version(self, header: Entry) -> None:
        if header.row is None:
            return
        changes = {} if self._stored.is_borrowed else header.changes()
        if changes or self._counts.total:
            changes[VERSION_COLUMN] = header.row[_VERSION] + 1
            self._update(header.component, [(header, changes)])

    def _write_component(self, component: StoredComponent) -> None:
        entries = self._entries.of[component]
        if not entries:
            return
        self._matcher.match(component, entries)
        deletes = "delete" in self._entries.operations
        kept = [entry for entry in entries if entry.operation != "delete"] if deletes else entries
        new = [entry for entry in kept if entry.row is None]
        for entry in new:
            entry.row_id = entry.row_id or self._new_id()
        # The JSON of the rows below becomes a value of these rows, and must be known before they are compared.
        self._json.write(component, kept)
        written = [entry for entry in kept if entry.row is None or entry.differs]
        self._writing.check_references(component, written)
        moved = [entry for entry in kept if entry.is_moved] if component.parent_place is not None else []
        places: Places = {}
        if new or moved or "synchronize" in self._entries.operations:
            places = self._places(component, kept)
            # Inserts come before updates: a moved row may get a new row as its parent.
            self._insert(component, new, places)
        changed = {*written, *moved}
        found = [entry for entry in kept if entry.row is not None and (entry in changed or entry in places)]
        self._update_found(component, found, places)
        self._renew_roots(component, kept)
        # Deletions come last: a row that moved away from a deleted one must not go with it.
        if deletes:
            row_ids = [entry.row_id for entry in entries if entry.operation == "delete"]
            self._counts.deleted += self._deletion.delete_rows(component, row_ids)

    def _renew_roots(self, component: StoredComponent, entries: Sequence[Entry]) -> None:
        """Write the new root into rows that are beneath another one now."""
        if component.parent_place is None or not component.has_root:
            return
        place = component.place["root_id"]
        beneath = [entry for entry in entries if entry.row is not None and entry.row[place] != entry.root.row_id]
        self._deletion.renew_roots(component, beneath)

    def _places(self, component: StoredComponent, entries: Sequence[Entry]) -> Places:
        """Return the positions of entries that are new or moved: last among their siblings."""
        by_owner: dict[str, list[Entry]] = {}
        for entry in entries:
            by_owner.setdefault(entry.owned_by, []).append(entry)
        next_positions = self._next_positions(component, by_owner)
        places: Places = {}
        for owner, siblings in by_owner.items():
            places.update(places_among(siblings, next_positions.get(owner, 0)))
        return places

    def _next_positions(self, component: StoredComponent, by_owner: dict[str, list[Entry]]) -> dict[str, int]:
        """Return the next free position beneath each stored owner that gets new or moved entries."""
        grown = [
            owner
            for owner, siblings in by_owner.items()
            if siblings[0].owner is not None
            and siblings[0].owner.row is not None
            and any(entry.row is None or entry.is_moved for entry in siblings)
        ]
        if len(grown) == 1:
            highest = self._connection.scalar(_highest_position(component), {"owner": grown[0]})
            return {} if highest is None else {grown[0]: highest + 1}
        next_positions: dict[str, int] = {}
        for part in parts(grown):
            rows = self._connection.execute(_highest_positions(component), {"owners": part})
            next_positions.update((owner, highest + 1) for owner, highest in rows)
        return next_positions

    def _update_found(self, component: StoredComponent, entries: Sequence[Entry], places: Places) -> None:
        """Update the columns that differ; of moved rows also the parent and the position."""
        updates = []
        parent = component.definition.parent_column
        for entry in entries:
            changes = entry.changes()
            if parent is not None and entry.is_moved:
                changes[parent] = None if entry.parent is None else entry.parent.row_id
            position = places.get(entry)
            if position is not None and entry.row is not None and position != entry.row[POSITION]:
                changes["position"] = position
            if changes:
                updates.append((entry, changes))
        self._update(component, updates)

    def _delete_dropped(self) -> None:
        """Delete the children that carried lists of synchronized components no longer have."""
        if "synchronize" not in self._entries.operations:
            return
        carrying: dict[tuple[StoredComponent, StoredComponent], list[Entry]] = {}
        for entry in self._entries.walk():
            if entry.operation == "synchronize" and entry.row is not None:
                for below in entry.lists:
                    carrying.setdefault((below, entry.component), []).append(entry)
        # Only now, with all components written: a row that moved to another place of the tree is no longer among these.
        for (below, _), above in carrying.items():
            kept = {entry.row_id for entry in self._entries.of[below]}
            dropped = [row_id for row_id in self._deletion.children(below, above) if row_id not in kept]
            self._counts.deleted += self._deletion.delete_rows(below, dropped)

    def _insert(self, component: StoredComponent, entries: Sequence[Entry], places: Places | None = None) -> None:
        _insert_entries(self._writing, component, entries, places or {})
        self._counts.inserted += len(entries)

    def _update(self, component: StoredComponent, updates: Sequence[tuple[Entry, dict[str, Any]]]) -> None:
        if not updates:
            return
        stamp = {"last_upd": self._writing.now, "last_upd_by": self._writing.user}
        rows = [(entry.row_id, {**changes, **stamp}) for entry, changes in updates]
        update_rows(self._connection, component.table, rows)
        # A row that only keeps other rows is counted as those.
        own = set(component.json_columns)
        self._counts.updated += sum(1 for _, changes in updates if not changes.keys() <= own)

    def _new_id(self) -> str:
        # One identifier an instance: its rows are made together, and keep its order in time.
        self._prefix = self._prefix or self._writing.new_id()
        self._ids += 1
        return self._prefix if self._ids == 1 else f"{self._prefix}.{self._ids}"


@lru_cache(MOST_STATEMENTS)
def _highest_position(component: StoredComponent) -> Select[Any]:
    # The index on owner and position answers this at once, however many rows the owner has.
    owner = component.owner_column
    return select(func.max(component.table.c.position)).where(owner == bindparam("owner", type_=owner.type))


@lru_cache(MOST_STATEMENTS)
def _highest_positions(component: StoredComponent) -> Select[Any, Any]:
    owner = component.owner_column
    return select(owner, func.max(component.table.c.position)).where(is_one_of(owner, "owners")).group_by(owner)


def _insert_entries(writing: Writing, component: StoredComponent, entries: Sequence[Entry], places: Places) -> None:
    """Insert a component's entries, which have their row ids and *places*, as one block.

    Raises:
        FieldMissing: a required field has no value.
    """
    if not entries:
        return
    for entry in entries:
        entry.prove_whole()
    # A block has one list of columns: where entries carry different ones, all of them, with the default for a gap.
    shapes = dict.fromkeys(entry.shape for entry in entries)
    carried = tuple(dict.fromkeys(column for shape in shapes for column in shape.columns))
    stamp = (writing.now, writing.user, writing.now, writing.user)
    rows = []
    for entry in entries:
        values = entry.values if len(shapes) == 1 else tuple([entry.inserted(column) for column in carried])
        hidden: tuple[Any, ...]
        if entry.owner is None:
            hidden = (entry.row_id, 1)
        else:
            hidden = (entry.row_id, entry.owned_by, places[entry])
            if component.parent_place is not None:
                hidden += (None if entry.parent is None else entry.parent.row_id,)
            if component.has_root:
                hidden += (entry.root.row_id,)
        rows.append(hidden + values + stamp)
    insert_rows(writing.connection, component.table, (*component.hidden, *carried, *AUDIT), rows)


def insert_headers(writing: Writing, alone: Sequence[Entries], name: str) -> None:
    """Insert instances of the object *name* that are headers alone and carry no key, as one block.

    Without a key none of them can be there already, so that only their references are looked for. The components that
    a header keeps as JSON go with it.

    Raises:
        Refused: as `faults` has it.
        ConstraintRace: another transaction came between check and write.
    """
    headers = [entries.header for entries in alone]
    component = headers[0].component
    writing.check_references(component, headers)
    matcher = Matcher(writing.connection, fresh=True)
    for entries in alone:
        entries.header.row_id = writing.new_id()
        if component.in_json:
            JsonWriter(entries, matcher, writing.check_references, writing.new_id, RowCounts()).write(
                component, [entries.header]
            )
    with _races(name):
        _insert_entries(writing, component, headers, {})
