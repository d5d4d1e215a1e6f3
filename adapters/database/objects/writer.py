"""Writing one instance: all its tables, in the caller's transaction, touching only the rows that it names.

    1. match     the header's row (locked), then each component's rows by key
    2. insert    owners and parents first
    3. update    only the columns that change; a moved item keeps its row
    4. delete    named rows, and under synchronize the children that a carried list no longer has
    5. version   of the header, one more where anything changed

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from adapters.database.connection.driver_faults import race_of
from adapters.database.connection.statements import insert_rows, is_one_of, once, parts, update_rows
from adapters.database.objects.entries import Entries
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import VersionConflict, VersionMissing
from adapters.database.objects.json_writer import JsonWriter
from adapters.database.objects.layout import StoredComponent
from adapters.database.objects.matcher import Matcher
from adapters.database.objects.positions import POSITION, places_among
from adapters.database.objects.references import Known, check_references
from adapters.database.objects.row_deletion import RowDeletion
from adapters.database.objects.written import Written
from adapters.database.schema.json_views import AUDIT
from adapters.database.schema.tables import VERSION_COLUMN
from integration_objects.field_values import as_number

#: The place of the version in a header's row as it is read (`StoredComponent.hidden`).
_VERSION = 1


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
    """Writes one instance; a *fresh* one is known not to be there."""

    def __init__(self, writing: Writing, entries: Entries, *, fresh: bool = False) -> None:
        self._writing = writing
        self._connection = writing.connection
        self._entries = entries
        self._matcher = Matcher(writing.connection, fresh=fresh)
        self._deletion = RowDeletion(writing.connection)
        self._written = Written()
        self._json = JsonWriter(entries, self._matcher, self._check_references, self._new_id, self._written)
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
            race = race_of(error, self._entries.stored.name)
            if race is None:
                raise
            raise race from error
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
        found = None if header.row is None else header.row[_VERSION]
        if found is None or as_number(carried) != Decimal(found):
            raise VersionConflict(
                f"'{header.stored.name}' was changed by somebody else",
                where=header.where(),
                why=f"the message changes version {carried}, "
                + ("and it isn't there any more" if found is None else f"and it is at version {found} now"),
                mend="read it again, and make the change on what is there now",
            )

    def _write_header(self, header: Entry) -> None:
        self._check_references(header.stored, [header])
        if header.row is None:
            column = self._entries.stored.row_id_key
            header.row_id = header.row_id or (column and header.value(column)) or self._new_id()
        self._json.write(header.stored, [header])
        if header.row is None:
            self._insert(header.stored, [header])

    def _raise_version(self, header: Entry) -> None:
        if header.row is None:
            return
        changes: dict[str, Any] = {}
        if not self._entries.stored.is_borrowed:
            changes = header.changes()
            header.prove_changes(changes)
        if changes or self._written.changed:
            changes[VERSION_COLUMN] = header.row[_VERSION] + 1
            self._update(header.stored, [(header, changes)])

    # The components

    def _write_component(self, stored: StoredComponent) -> None:
        entries = self._entries.of[id(stored)]
        if not entries:
            return
        self._matcher.match(stored, entries)
        deletes = "delete" in self._entries.operations
        kept = [entry for entry in entries if entry.operation != "delete"] if deletes else entries
        new = [entry for entry in kept if entry.row is None]
        for entry in new:
            entry.row_id = entry.row_id or self._new_id()
        self._json.write(stored, kept)
        written = [entry for entry in kept if entry.row is None or entry.differs]
        self._check_references(stored, written)
        moved = [entry for entry in kept if entry.is_moved] if stored.parent_place is not None else []
        places: dict[int, int] = {}
        if new or moved or "synchronize" in self._entries.operations:
            places = self._places(stored, kept)
            self._insert(stored, new, places)
        changed = {id(entry) for entry in (*written, *moved)}
        self._update_found(
            stored,
            [entry for entry in kept if entry.row is not None and (id(entry) in changed or id(entry) in places)],
            places,
        )
        self._renew_roots(stored, kept)
        if deletes:
            self._written.deleted += self._deletion.delete_rows(
                stored, [entry.row_id for entry in entries if entry.operation == "delete"]
            )

    def _check_references(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        check_references(self._connection, self._writing.known, stored, entries)

    def _renew_roots(self, stored: StoredComponent, entries: Sequence[Entry]) -> None:
        """Write the new root into rows that are beneath another one now."""
        if stored.parent_place is None or not stored.has_root:
            return
        place = stored.place["root_id"]
        beneath = [entry for entry in entries if entry.row is not None and entry.row[place] != entry.root.row_id]
        self._deletion.renew_roots(stored, beneath)

    def _places(self, stored: StoredComponent, entries: Sequence[Entry]) -> dict[int, int]:
        """The positions of entries that are new or moved, by the entry's id: last among their siblings.

        Under synchronize, where the tree says the order of all siblings, all get theirs where it differs.
        """
        if all(entry.owner is not None and entry.owner.row is None for entry in entries):
            taken: dict[int, int] = {}
            places = {}
            for entry in entries:
                place = places[id(entry)] = taken.get(id(entry.owner), 0)
                taken[id(entry.owner)] = place + 1
            return places
        by_owner: dict[str, list[Entry]] = {}
        for entry in entries:
            by_owner.setdefault(entry.owned_by, []).append(entry)
        next_of = self._next_positions(stored, by_owner)
        places = {}
        for owner, owned in by_owner.items():
            places.update(places_among(owned, next_of[owner]))
        return places

    def _next_positions(self, stored: StoredComponent, by_owner: dict[str, list[Entry]]) -> dict[str, int]:
        result = dict.fromkeys(by_owner, 0)
        grown = [
            owner
            for owner, owned in by_owner.items()
            if owned[0].owner is not None
            and owned[0].owner.row is not None
            and any(entry.row is None or entry.is_moved for entry in owned)
        ]
        column = stored.owner_column
        assert column is not None  # noqa: S101  # only a header has none
        connection = self._connection
        highest = func.max(stored.table.c.position)
        if len(grown) == 1:
            # Of one owner the index gives the highest at once, however many it has.
            of_one = once(
                connection,
                stored.table,
                ("highest of one",),
                lambda: select(highest).where(column == bindparam("owner", type_=column.type)),
            )
            found = connection.scalar(of_one, {"owner": grown[0]})
            result[grown[0]] = 0 if found is None else found + 1
            return result
        for part in parts(grown):
            of_each = once(
                connection,
                stored.table,
                ("highest of each",),
                lambda: select(column, highest).where(is_one_of(column, "owners")).group_by(column),
            )
            rows = connection.execute(of_each, {"owners": part})
            result.update((owner, found + 1) for owner, found in rows)
        return result

    def _update_found(self, stored: StoredComponent, entries: Sequence[Entry], places: dict[int, int]) -> None:
        """Update the columns that differ, of rows that are moved also the parent and the position."""
        updates = []
        parent = stored.component.parent_column
        for entry in entries:
            changes = entry.changes()
            entry.prove_changes(changes)
            if parent is not None and entry.is_moved:
                changes[parent] = None if entry.parent is None else entry.parent.row_id
            position = places.get(id(entry))
            if position is not None and entry.row is not None and position != entry.row[POSITION]:
                changes["position"] = position
            if changes:
                updates.append((entry, changes))
        self._update(stored, updates)

    def _delete_dropped(self) -> None:
        """Delete the children that carried lists of synchronized components no longer have."""
        if "synchronize" not in self._entries.operations:
            return
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
        insert_entries(self._writing, stored, entries, places)
        self._written.inserted += len(entries)

    def _update(self, stored: StoredComponent, updates: Sequence[tuple[Entry, dict[str, Any]]]) -> None:
        if not updates:
            return
        stamp = {"last_upd": self._writing.now, "last_upd_by": self._writing.user}
        update_rows(
            self._connection, stored.table, [(entry.row_id, {**changes, **stamp}) for entry, changes in updates]
        )
        # Rows that only keep other rows are counted as those.
        own = set(stored.json_columns)
        self._written.updated += sum(1 for _, changes in updates if not changes.keys() <= own)

    def _new_id(self) -> str:
        # One identifier an instance: its rows are made together, and keep its order in time.
        self._prefix = self._prefix or self._writing.new_id()
        self._made += 1
        return self._prefix if self._made == 1 else f"{self._prefix}.{self._made}"


def insert_entries(
    writing: Writing, stored: StoredComponent, entries: Sequence[Entry], places: dict[int, int] | None = None
) -> None:
    """Insert a component's entries, which have their row ids, as one block; *places* are their positions by id.

    Raises:
        FieldMissing: a required field has no value.
    """
    if not entries:
        return
    for entry in entries:
        entry.prove_whole()
    shapes = {id(entry.shape): entry.shape for entry in entries}
    carried = tuple(dict.fromkeys(column for shape in shapes.values() for column in shape.columns))
    stamp = (writing.now, writing.user, writing.now, writing.user)
    rows = []
    for entry in entries:
        values = entry.values if len(shapes) == 1 else tuple([entry.value(column) for column in carried])
        hidden: tuple[Any, ...]
        if entry.owner is None or places is None:
            hidden = (entry.row_id, 1)
        else:
            hidden = (entry.row_id, entry.owned_by, places[id(entry)])
            if stored.parent_place is not None:
                hidden += (None if entry.parent is None else entry.parent.row_id,)
            if stored.has_root:
                hidden += (entry.root.row_id,)
        rows.append(hidden + values + stamp)
    insert_rows(writing.connection, stored.table, (*stored.hidden, *carried, *AUDIT), rows)


def insert_headers(writing: Writing, headers: Sequence[Entry], name: str) -> None:
    """Insert instances of the object *name* that are headers alone and carry no key, as one block.

    Without a key none of them can be there already, so that nothing is looked for but what they refer to.

    Raises:
        Refused: as `store_faults` has it.
    """
    stored = headers[0].stored
    check_references(writing.connection, writing.known, stored, headers)
    for header in headers:
        header.row_id = writing.new_id()
    try:
        insert_entries(writing, stored, headers)
    except IntegrityError as error:
        race = race_of(error, name)
        if race is None:
            raise
        raise race from error
