"""The EAI database adapter: integration objects in tables, one call for an object with all its tables.

Everything runs in the caller's transaction; the store never commits. A call on a message treats each of its instances
by itself, in their order.

    insert       the instance is not there yet
    update       it is there, and so is every component that the message carries
    upsert       either; nothing is deleted
    synchronize  as upsert, and children that a carried list doesn't have are deleted; not for OM Asset
    delete       the instance with all its components; for OM Asset the items that the message names
    execute      each component has its own operation in the property Operation; without one, that of the one above

An absent field or list is not touched, an empty field is set to empty, a null one to null. An instance of OM Asset is
an account's profile: the account's row must be there, and its version is the profile's.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/road.md "Storage"; docs/design/data-model.md
"Rules".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select, select

from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import MOST_STATEMENTS, is_one_of, parts
from adapters.database.objects.entries import Entries, RowCounts, entries_of
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import ComponentUnknown, OperationRefused
from adapters.database.objects.layout import StoredComponent, StoredObject, StoredObjects
from adapters.database.objects.reader import BEFORE_HEADER, Example, ObjectReader, Rows, Wanted, the_owner
from adapters.database.objects.references import Known, check_hierarchy, is_moved, keys_above, keys_beneath
from adapters.database.objects.row_changes import RowChange, RowChanges
from adapters.database.objects.writer import InstanceWriter, Writing, insert_headers
from integration_objects.complex_object import instances, object_name
from integration_objects.expression import Expression
from integration_objects.names import ACCOUNT
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings

#: the key of a row's owner, and the row's fields
Owned = tuple[str, dict[str, str | None]]

__all__ = ["Example", "InstanceResult", "ObjectStore", "StoredObjects", "Wanted"]


@dataclass(frozen=True)
class InstanceResult:
    """The result of an operation on one instance.

    Attributes:
        operation: ``inserted``, ``updated``, ``unchanged`` or ``deleted``.
        key: the fields of the key by which people know it.
        row_id: the header's row.
        rows: the numbers of rows of all tables that were ``inserted``, ``updated`` and ``deleted``; rows that are kept
            as JSON count as the rows that their view shows.
        changes: the rows that were inserted or changed, with their fields before and after; None for an object that
            the store doesn't follow.
    """

    operation: str
    object: str
    key: dict[str, str]
    row_id: str
    rows: Mapping[str, int]
    changes: RowChanges | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the operation, the object, its key, its row and the counts of rows, for JSON."""
        names = ("operation", "object", "key", "row_id", "rows")
        return {name: getattr(self, name) for name in names}


class ObjectStore:
    """Integration objects in the transaction of *connection*; *user* is who changes the rows.

    Attributes:
        seen: for each object that is *watched*, and each of its watched header fields, the values that the field had
            before and after the writes of this transaction. A write that was taken back counts, too.

    The results of operations on objects that are *followed* have the changes of their rows. Others don't keep them: a
    message may have a hundred thousand instances.

    Answers are kept for the transaction's further questions, unless the transaction writes such objects itself: a
    savepoint may take a write back.
    """

    def __init__(
        self,
        connection: Connection,
        objects: StoredObjects,
        surroundings: Surroundings,
        user: str = "hub",
        followed: Collection[str] = (),
        watched: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self._connection = connection
        self._objects = objects
        self._surroundings = surroundings
        self._user = user
        self._followed = followed
        self.seen: dict[str, dict[str, set[str]]] = {
            name: {watched_field: set() for watched_field in fields} for name, fields in watched.items()
        }
        self._reader = ObjectReader(connection)
        self._known: Known = {}
        self._headers: dict[tuple[str, str], dict[str, str | None]] = {}
        self._holders: dict[tuple[str, tuple[str, ...]], dict[str, bool]] = {}
        self._owners: dict[tuple[str, str | None, tuple[tuple[str, Any], ...]], str] = {}
        self._changed: set[str] = set()

    def query(
        self, name: str, example: Example | None = None, where: Expression | None = None, *, versions: bool = False
    ) -> PropertySet:
        """Read the instances of *name* as a message, oldest first; an empty object for none.

        Args:
            example: fields of the header that must equal these values: None for null, a list for any of its values.
            where: evaluated on the header of each instance that the example finds.
            versions: carry the header's Modification Number, where it has that field, for an update that must not
                overwrite another one's change.

        Raises:
            FieldNotDeclared, FieldNotStored, FieldInvalid: the example names no stored field, or a value that the
                field can't have.
        """
        return self._reader.query(self._objects.of(name), example or {}, where, versions)

    def pages(self, name: str, wanted: Wanted, size: int, *, whole: bool) -> Iterator[PropertySet]:
        """Read the wanted instances of *name* page by page, oldest first, as messages of at most *size* instances.

        Args:
            whole: with the components beneath; else the headers only.
        """
        stored, after = self._objects.of(name), ""
        while True:
            tree, last = self._reader.page(stored, wanted, after, size, whole=whole)
            if last is None:
                return
            yield tree
            if len(instances(tree)) < size:
                return
            after = last

    def keys(self, name: str, example: Example | None = None) -> list[dict[str, str | None]]:
        """Read the headers' fields of the instances like *example*, without the components beneath them."""
        stored = self._objects.of(name)
        return [
            dict(zip(stored.header.columns, row[BEFORE_HEADER:], strict=True))
            for row in self._reader.headers(stored, example or {})
        ]

    def headers_by_key(self, name: str, keys: Iterable[str]) -> dict[str, dict[str, str | None]]:
        """Read the headers' fields of the instances with one of these keys, by key; missing ones are left out.

        A key is read once in a transaction: many messages ask for the same products. The caller must not change them.
        """
        key = self._objects.of(name).header.keys[0][0]
        wanted = list(dict.fromkeys(keys))
        known = {} if self.has_changed(name) else self._headers
        missing = [value for value in wanted if (name, value) not in known]
        if missing:
            known.update(((name, header[key] or ""), header) for header in self.keys(name, {key: missing}))
        return {value: known[name, value] for value in wanted if (name, value) in known}

    def keys_beneath(self, name: str, keys: Collection[str]) -> set[str]:
        """Return those of *keys* that are stored, and the keys of all instances beneath them in the hierarchy."""
        return keys_beneath(self._connection, self._objects.of(name).header, keys)

    def keys_above(self, name: str, key: str) -> set[str]:
        """Return the keys of all instances above *key* in the hierarchy."""
        return keys_above(self._connection, self._objects.of(name).header, key)

    def holders_of(self, name: str, components: tuple[str, ...], keys: Iterable[str]) -> set[str]:
        """Return those of *keys* whose instances have one of *components* directly beneath their header.

        A key is asked for once in a transaction, as by `headers_by_key`.
        """
        stored = self._objects.of(name)
        wanted = list(dict.fromkeys(keys))
        known = {} if self.has_changed(name) else self._holders.setdefault((name, components), {})
        missing = [key for key in wanted if key not in known]
        if missing:
            below = [_beneath(stored, component) for component in components]
            holders = set(self._reader.holders(stored.header, below, missing))
            known.update((key, key in holders) for key in missing)
        return {key for key in wanted if known[key]}

    def has_changed(self, name: str) -> bool:
        """Say whether this transaction wrote such objects: an earlier answer about them may then be wrong."""
        return self._objects.of(name).header.table.name in self._changed

    def owner_of(self, name: str, component: str | None, example: Example) -> str | None:
        """Return the key of the header whose component is like *example* (None: the header itself); None for none.

        An answer is kept for this transaction.

        Raises:
            RowsAmbiguous: there are several.
        """
        stored = self._objects.of(name)
        question = (name, component, tuple(example.items()))
        is_unchanged = not self.has_changed(name)
        owner = self._owners.get(question) if is_unchanged else None
        if owner is None:
            owner = self._owner_of(stored, component, example)
            if owner is not None and is_unchanged:
                self._owners[question] = owner
                if stored.row_id_key is not None:  # an object that refers to this one need not look again
                    self._known.setdefault((stored.header.table.name, stored.row_id_key), set()).add(owner)
        return owner

    def owners_of(self, name: str, component: str, example: Example) -> list[str]:
        """Return the keys of the headers that have a *component* like *example*, each once, in no certain order."""
        stored = self._objects.of(name)
        owners = self._reader.owners(stored, _beneath(stored, component), example)
        if stored.is_borrowed or stored.header.has_row_id or stored.row_id_key is not None:
            return owners
        return self._reader.keys(stored.header, owners)

    def items(self, name: str, component: str | None, field: str, values: Iterable[str]) -> list[Owned]:
        """Read the fields of each *component* that has one of *values* in a field, oldest first, with its owner's key.

        Without a component the headers are read, each with its own row id.
        Service ids are found whatever their blanks and signs: *values* are without them (`plain_number`).
        """
        wanted = self._component(name, component)
        return _owned(wanted, self._reader.items(wanted, field, list(dict.fromkeys(values))))

    def beginning(self, name: str, component: str | None, field: str, text: str, most: int) -> list[Owned]:
        """Read the first *most* rows of *component* (None: of the header) of which a field begins with a text.

        Each row comes as its owner's key (a header's own row id) and its fields, the shortest values first. Telephone
        numbers, service ids and meters' numbers are compared without blanks and signs, names without capitals.
        """
        wanted = self._component(name, component)
        return _owned(wanted, self._reader.beginning(wanted, field, text, most))

    def containing(self, name: str, component: str | None, field: str, text: str, most: int) -> list[Owned]:
        """Read the first *most* rows of which a field has a text anywhere, as `beginning`; the whole table is read."""
        wanted = self._component(name, component)
        return _owned(wanted, self._reader.containing(wanted, field, text, most))

    def counts(
        self, name: str, component: str, fields: Sequence[str], owners: Sequence[str]
    ) -> dict[str, dict[str, int]]:
        """Count the rows of *component* beneath these owners by the first of the *fields* that has a value."""
        counts: dict[str, dict[str, int]] = {}
        for owner, value, count in self._reader.counts(self._component(name, component), fields, owners):
            counts.setdefault(owner, {})[value] = count
        return counts

    def _component(self, name: str, component: str | None) -> StoredComponent:
        stored = self._objects.of(name)
        return stored.header if component is None else _beneath(stored, component)

    def lock_names(self, names: Iterable[str]) -> None:
        """Lock names until the transaction ends: two transactions that take one number do it one after the other.

        All transactions lock in sorted order, as for accounts.
        """
        dialect_of(self._connection).wait_for_names(self._connection, sorted(set(names)))

    def values_of(self, name: str, component: str, field: str, example: Example) -> set[str]:
        """Return the values that a *field* has in the components like *example*, of all instances."""
        stored = self._objects.of(name)
        return self._reader.values(stored, _beneath(stored, component), field, example)

    def _owner_of(self, stored: StoredObject, component: str | None, example: Example) -> str | None:
        header = stored.header
        if component is None:
            position = list(header.columns).index(header.keys[0][0]) + BEFORE_HEADER
            return the_owner([row[position] for row in self._reader.headers(stored, example)], header, example)
        below = _beneath(stored, component)
        return the_owner(self._reader.owners(stored, below, example), below, example)

    def lock_accounts(self, account_ids: Iterable[str]) -> None:
        """Lock accounts until the transaction ends.

        All transactions lock in sorted order, so that two of them can't wait for each other.
        """
        header = self._objects.of(ACCOUNT).header
        statement = _lock(header)
        for part in parts(sorted(set(account_ids))):
            dialect_of(self._connection).lock_rows(self._connection, statement, {"wanted": part})

    def insert(self, tree: PropertySet, *, fresh: bool = False) -> list[InstanceResult]:
        """Insert every instance; refuse one that is there already.

        Args:
            fresh: its keys and row ids were made in this transaction, or looked for under its locks, and aren't looked
                for again. One that is there all the same breaks the database's constraint: `ConstraintRace`.
        """
        return self._write(tree, "insert", fresh=fresh)

    def update(self, tree: PropertySet) -> list[InstanceResult]:
        """Update every instance and component that the message carries; refuse one that isn't there."""
        return self._write(tree, "update")

    def upsert(self, tree: PropertySet) -> list[InstanceResult]:
        """Insert or update every instance and component that the message carries; delete nothing."""
        return self._write(tree, "upsert")

    def synchronize(self, tree: PropertySet) -> list[InstanceResult]:
        """Make the instances equal to the message's: children that a carried list doesn't have are deleted."""
        return self._write(tree, "synchronize")

    def delete(self, tree: PropertySet) -> list[InstanceResult]:
        """Delete every instance with all its components; of OM Asset the items that the message names."""
        return self._write(tree, "delete")

    def execute(self, tree: PropertySet) -> list[InstanceResult]:
        """Do the operation in each component's property Operation; without one, that of the component above."""
        return self._write(tree, None)

    def _write(self, tree: PropertySet, operation: str | None, *, fresh: bool = False) -> list[InstanceResult]:
        nodes = instances(tree)
        if not nodes:
            return []
        stored = self._objects.of(object_name(tree))
        writing = Writing(
            self._connection,
            self._surroundings.now(),
            self._user,
            self._surroundings.new_id,
            self._known_references(stored),
        )
        # Histories and the like: headers alone, without keys, go in one block, whatever their number.
        if operation == "insert" and not stored.components and stored.name not in self.seen:
            alone = [entries_of(stored, node, operation, number) for number, node in enumerate(nodes, 1)]
            if not any(_has_key(entries.header) for entries in alone):
                insert_headers(writing, alone, stored.name)
                return [_result(entries, RowCounts(inserted=1)) for entries in alone]
        results, moved = [], []
        for number, node in enumerate(nodes, 1):
            entries = entries_of(stored, node, operation, number)
            if stored.is_borrowed and entries.header.operation == "delete":
                _prove_items_named(entries)
            result = _result(entries, InstanceWriter(writing, entries, fresh=fresh).write())
            if stored.name in self.seen and result.operation != "unchanged":
                self._note_seen(stored.name, RowChange(entries.header))
            is_followed = stored.name in self._followed
            results.append(replace(result, changes=RowChanges(entries)) if is_followed else result)
            if is_moved(entries.header):
                moved.append(entries.header)
        check_hierarchy(self._connection, stored.header, moved)
        return results

    def _note_seen(self, name: str, change: RowChange) -> None:
        for watched, values in self.seen[name].items():
            values.update(value for value in (change.before(watched), change.after(watched)) if value is not None)

    def _known_references(self, stored: StoredObject) -> Known:
        """Return the reference values found in this transaction, without those that it writes itself."""
        if not stored.is_borrowed:
            self._changed.add(stored.header.table.name)
        self._known = {place: values for place, values in self._known.items() if place[0] not in self._changed}
        return self._known


@lru_cache(MOST_STATEMENTS)
def _lock(header: StoredComponent) -> Select[Any]:
    column = header.key_columns(header.keys[0])[0]
    return select(column).where(is_one_of(column, "wanted")).order_by(column).with_for_update()


def _beneath(stored: StoredObject, name: str) -> StoredComponent:
    beneath = stored.header.beneath
    if name not in beneath:
        raise ComponentUnknown(name, beneath, above=stored.name)
    return beneath[name]


def _owned(component: StoredComponent, rows: Rows) -> list[Owned]:
    return [(row[1], dict(zip(component.columns, row[2:], strict=True))) for row in rows]


def _has_key(header: Entry) -> bool:
    header.fill_keys()
    return any(header.key_values(key) is not None for key in header.component.keys)


def _prove_items_named(entries: Entries) -> None:
    """Refuse to delete a whole profile: the account's row belongs to another object."""
    if not any(entry.owner is not None for entry in entries.walk()):
        raise OperationRefused(
            f"the message names nothing of '{entries.stored.name}' to delete",
            where=entries.header.where(),
            why="only the items that it names are deleted, never the account",
            mend="name the items, by Integration Id",
        )


def _result(entries: Entries, counts: RowCounts) -> InstanceResult:
    header = entries.header
    operation = "updated" if counts.total else "unchanged"
    if header.operation == "delete":
        operation = "deleted"
    elif header.row is None or (entries.stored.is_borrowed and header.operation == "insert"):
        operation = "inserted"
    return InstanceResult(operation, entries.stored.name, _shown_key(header), header.row_id, vars(counts))


def _shown_key(header: Entry) -> dict[str, str]:
    """Return the first key that is whole and that people know; else the row id."""
    columns = header.component.columns
    for key in header.component.keys:
        values = {name: header.resulting(columns[name]) for name in key}
        if all(values.values()) and "row_id" not in [columns[name] for name in key]:
            return {name: str(value) for name, value in values.items()}
    return {"Row Id": header.row_id}
