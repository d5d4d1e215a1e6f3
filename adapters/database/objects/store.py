"""The EAI database adapter: integration objects in tables, one call for an object with all its tables.

Everything runs in the caller's transaction; the store never commits. A call on a message treats each of its
instances for itself, in their order.

    insert       the instance is not there yet
    update       it is there, and so is every component that the message carries
    upsert       either; nothing is deleted
    synchronize  as upsert, and children that a carried list doesn't have are deleted; not for OM Asset
    delete       the instance with all that it has; for OM Asset the items that the message names
    execute      each component says its own in the property Operation; without one, as the one above it

An absent field or list is not touched, an empty field is set to empty, a null one to null. An instance of OM
Asset is an account's profile: the account's row must be there, and is its version.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/road.md "Storage"; docs/design/data-model.md
"Rules".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, select

from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import is_one_of, once, parts
from adapters.database.objects.entries import Entries, entries_of
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import ComponentUnknown, OperationRefused
from adapters.database.objects.hierarchies import check_hierarchy, is_moved
from adapters.database.objects.layout import StoredComponent, StoredObject, stored_object
from adapters.database.objects.reader import Example, ObjectReader, one_owner
from adapters.database.objects.references import Known
from adapters.database.objects.writer import InstanceWriter, Writing, insert_headers
from adapters.database.objects.written import Written
from adapters.database.schema.tables import field_place
from integration_objects.complex_object import instances, object_name
from integration_objects.declaration import NAME_KNOWN
from integration_objects.definition import Definitions
from integration_objects.expression import Expression
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings

__all__ = ["Done", "Example", "ObjectStore"]


@dataclass(frozen=True)
class Done:
    """What was done to one instance.

    Attributes:
        operation: ``inserted``, ``updated``, ``unchanged`` or ``deleted``.
        object: the integration object's name.
        key: the fields of the key by which people know it.
        row_id: the header's row.
        rows: how many rows of all tables were ``inserted``, ``updated`` and ``deleted``; what is kept as JSON counts
            as the rows that its view shows.
    """

    operation: str
    object: str
    key: dict[str, str]
    row_id: str
    rows: Mapping[str, int] = field(default_factory=dict)


class ObjectStore:
    """Integration objects in the transaction of *connection*.

    Args:
        connection: the caller's transaction.
        definitions: the deployment's integration objects.
        metadata: their tables, as `tables_of` made them.
        surroundings: for the time and identifiers.
        user: who changes the rows.
        version_required: refuse a change that doesn't carry the version that it changes.
    """

    def __init__(
        self,
        connection: Connection,
        definitions: Definitions,
        metadata: MetaData,
        surroundings: Surroundings,
        user: str = "hub",
        *,
        version_required: bool = False,
    ) -> None:
        self._connection = connection
        self._definitions = definitions
        self._metadata = metadata
        self._surroundings = surroundings
        self._user = user
        self._version_required = version_required
        self._reader = ObjectReader(connection)
        self._known: Known = {}
        self._headers: dict[tuple[str, str], dict[str, str | None]] = {}
        self._holders: dict[tuple[str, tuple[str, ...]], dict[str, bool]] = {}
        self._owners: dict[tuple[str, str | None, tuple[tuple[str, Any], ...]], str] = {}
        self._changed: set[str] = set()

    def query(
        self,
        name: str,
        example: Example | None = None,
        where: Expression | None = None,
        *,
        root_keys: Sequence[str] | None = None,
        versions: bool = False,
    ) -> PropertySet:
        """The instances of *name* as a message, oldest first; an empty object for none.

        Args:
            name: the integration object.
            example: fields of the header that must equal these values: None for null, a list for any of it.
            where: evaluated on the header of each instance that the example finds.
            root_keys: read only the trees of items that hold an item with one of these Integration Ids.
            versions: carry the header's Modification Number, where it has that field, for an update that must not
                lose another's.

        Raises:
            FieldUnknown, FieldNotStored, FieldInvalid: the example names no stored field, or none of its values.
        """
        return self._reader.query(self._stored(name), example or {}, where, root_keys, versions)

    def keys(self, name: str, example: Example | None = None) -> list[dict[str, str | None]]:
        """The headers' fields of the instances like *example*, without reading what is beneath them."""
        stored = self._stored(name)
        return [
            dict(zip(stored.header.columns, row[3:], strict=True))
            for row in self._reader.headers(stored, example or {})
        ]

    def headers_by_key(self, name: str, keys: Iterable[str]) -> dict[str, dict[str, str | None]]:
        """The headers' fields of the instances with one of these keys, by key; those that are not there are left out.

        What many messages of a transaction ask for (products) is read once in it. Not to be changed by the caller.
        """
        stored = self._stored(name)
        key = stored.header.keys[0][0]
        wanted = list(dict.fromkeys(keys))
        known = {} if stored.header.table.name in self._changed else self._headers
        missing = [one for one in wanted if (name, one) not in known]
        if missing:
            found = self.keys(name, {key: missing})
            known = {**known, **{(name, header[key] or ""): header for header in found}}
            if stored.header.table.name not in self._changed:
                self._headers = known
        return {one: known[name, one] for one in wanted if (name, one) in known}

    def holders_of(self, name: str, components: tuple[str, ...], keys: Iterable[str]) -> set[str]:
        """Which of the instances with one of these keys have one of *components* directly beneath their header.

        Like `headers_by_key` it is asked once in a transaction.
        """
        stored = self._stored(name)
        wanted = list(dict.fromkeys(keys))
        known = {} if self.has_changed(name) else self._holders.setdefault((name, components), {})
        missing = [one for one in wanted if one not in known]
        if missing:
            found = set(self._reader.holders(stored, [self._beneath(stored, one) for one in components], missing))
            known.update((one, one in found) for one in missing)
        return {one for one in wanted if known[one]}

    def has_changed(self, name: str) -> bool:
        """Whether this transaction wrote such objects: then what it read of them before may be no longer so."""
        return self._stored(name).header.table.name in self._changed

    def owner_of(self, name: str, component: str | None, example: Example) -> str | None:
        """The key of the header whose component is like *example* (None: the header itself); None for none.

        What was found is not looked for again in this transaction, unless it changes such objects itself.

        Raises:
            RowsAmbiguous: there are several.
        """
        stored = self._stored(name)
        question = (name, component, tuple(example.items()))
        unchanged = stored.header.table.name not in self._changed
        found = self._owners.get(question) if unchanged else None
        if found is None:
            found = self._owner_of(stored, component, example)
            if found is not None and unchanged:
                self._owners[question] = found
                if stored.row_id_key is not None:  # what refers to it need not look again
                    self._known.setdefault((stored.header.table.name, stored.row_id_key), set()).add(found)
        return found

    def _owner_of(self, stored: StoredObject, component: str | None, example: Example) -> str | None:
        header = stored.header
        if component is None:
            key = header.keys[0][0]
            position = list(header.columns).index(key) + 3
            found = [row[position] for row in self._reader.headers(stored, example)]
            return one_owner(found, header, example)
        one = self._beneath(stored, component)
        return one_owner(self._reader.owners(stored, one, example), one, example)

    def _beneath(self, stored: StoredObject, component: str) -> StoredComponent:
        header = stored.header
        beneath = [one for one in (*stored.components, *header.in_json) if one.owner is header]
        for one in beneath:
            if one.name == component:
                return one
        raise ComponentUnknown(
            f"'{stored.name}' holds no '{component}'",
            mend=nearest(component, [one.name for one in beneath]) or NAME_KNOWN,
        )

    def lock_accounts(self, account_ids: Iterable[str]) -> None:
        """Lock accounts, in sorted order, until the transaction ends. On SQLite a writer is alone anyway."""
        table_name, column_name = field_place(self._definitions, "Account", "Account Id")
        table = self._metadata.tables[table_name]
        column = table.c[column_name]
        connection = self._connection
        statement = once(
            connection,
            table,
            ("lock", column_name),
            lambda: select(column).where(is_one_of(column, "wanted")).order_by(column).with_for_update(),
        )
        for part in parts(sorted(set(account_ids))):
            dialect_of(connection).lock_rows(connection, statement, {"wanted": part})

    def insert(self, tree: PropertySet, *, fresh: bool = False) -> list[Done]:
        """Insert every instance; refused where one is there already.

        Args:
            tree: the message.
            fresh: its keys and row ids were made in this transaction, or looked for under its locks, and aren't looked
                for again. One that is there all the same breaks the database's constraint: `ConstraintRace`.
        """
        return self._write(tree, "insert", fresh=fresh)

    def update(self, tree: PropertySet) -> list[Done]:
        """Update every instance and component that the message carries; refused where one isn't there."""
        return self._write(tree, "update")

    def upsert(self, tree: PropertySet) -> list[Done]:
        """Insert or update every instance and component that the message carries; nothing is deleted."""
        return self._write(tree, "upsert")

    def synchronize(self, tree: PropertySet) -> list[Done]:
        """Make the instances equal to the message's: children that a carried list doesn't have are deleted."""
        return self._write(tree, "synchronize")

    def delete(self, tree: PropertySet) -> list[Done]:
        """Delete every instance with all that it has; of OM Asset the items that the message names."""
        return self._write(tree, "delete")

    def execute(self, tree: PropertySet) -> list[Done]:
        """Do to each component what its property Operation says; without one, what the one above it says."""
        return self._write(tree, None)

    def _stored(self, name: str | None) -> StoredObject:
        return stored_object(name, self._definitions, self._metadata)

    def _write(self, tree: PropertySet, operation: str | None, *, fresh: bool = False) -> list[Done]:
        found = instances(tree)
        if not found:
            return []
        stored = self._stored(object_name(tree))
        writing = Writing(
            self._connection,
            self._surroundings.now(),
            self._user,
            self._surroundings.new_id,
            self._version_required,
            self._known_references(stored),
        )
        done, moved = [], []
        if operation == "insert" and not stored.components:
            alone = [entries_of(stored, instance, operation, number) for number, instance in enumerate(found, 1)]
            if not any(_has_key(entries.header) for entries in alone):
                insert_headers(writing, [entries.header for entries in alone], stored.name)
                return [_done(entries, Written(inserted=1)) for entries in alone]
        for number, instance in enumerate(found, 1):
            entries = entries_of(stored, instance, operation, number)
            if stored.is_borrowed and entries.header.operation == "delete":
                _prove_named(entries)
            done.append(_done(entries, InstanceWriter(writing, entries, fresh=fresh).write()))
            if is_moved(entries.header):
                moved.append(entries.header)
        check_hierarchy(self._connection, stored.header, moved)
        return done

    def _known_references(self, stored: StoredObject) -> Known:
        """The reference values that were found in this transaction, without those that it writes itself.

        What it writes may be taken back with its savepoint, or deleted.
        """
        if not stored.is_borrowed:
            self._changed.add(stored.header.table.name)
        self._known = {place: found for place, found in self._known.items() if place[0] not in self._changed}
        return self._known


def _has_key(header: Entry) -> bool:
    header.fill_keys()
    return any(header.key_values(key) is not None for key in header.stored.keys)


def _prove_named(entries: Entries) -> None:
    """Of a profile only what is named is deleted: the account's row is another object's."""
    if not any(entry.owner is not None for entry in entries.walk()):
        raise OperationRefused(
            f"the message names nothing of '{entries.stored.name}' to delete",
            where=entries.header.where(),
            why="only the items that it names are deleted, never the account",
            mend="name the items, by Integration Id",
        )


def _done(entries: Entries, written: Written) -> Done:
    header = entries.header
    operation = "updated" if written.changed else "unchanged"
    if header.operation == "delete":
        operation = "deleted"
    elif header.row is None or (entries.stored.is_borrowed and header.operation == "insert"):
        operation = "inserted"
    key: dict[str, str] = {}
    for fields in header.stored.keys:
        found = {name: header.current(header.stored.columns[name]) for name in fields}
        if all(found.values()) and "row_id" not in [header.stored.columns[name] for name in fields]:
            key = {name: str(value) for name, value in found.items()}
            break
    rows = {"inserted": written.inserted, "updated": written.updated, "deleted": written.deleted}
    return Done(operation, entries.stored.name, key or {"Row Id": header.row_id}, header.row_id, rows)
