"""An instance on its way into the tables: its tree as flat entries, checked against the definition.

Nothing here knows a connection.

Spec: docs/design/integration.md "The EAI database adapter".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from adapters.database.objects.entry import Entry, KeyValues, read_values
from adapters.database.objects.faults import (
    ComponentUnknown,
    DuplicateInMessage,
    OperationRefused,
    OperationUnknown,
)
from adapters.database.objects.json_children import JsonLists
from adapters.database.objects.layout import OPERATION, Key, StoredComponent, StoredObject
from adapters.database.schema.tables import VERSION_FIELD
from integration_objects.complex_object import list_of
from integration_objects.property_set import PropertySet

OPERATIONS = ("insert", "update", "upsert", "synchronize", "delete")
#: The place of the position in a row as it is read (`StoredComponent.hidden`).
POSITION = 2
_LIST = list_of("")


class Entries:
    """An instance's entries.

    Attributes:
        of: the entries of each component: parents before children, siblings in their order.
        json: the lists of the components that are kept as JSON, where the instance carries any. They become entries
            only where they must (`JsonLists`).
        each_its_own: whether each node may have an operation of its own.
        operations: all operations of the entries.
        version: the version that the header carries, or None.
    """

    def __init__(self, stored: StoredObject, header: Entry, each_its_own: bool) -> None:
        self.stored = stored
        self.header = header
        self.each_its_own = each_its_own
        self.json: dict[StoredComponent, JsonLists] = {}
        self.of: dict[StoredComponent, list[Entry]] = {stored.header: [header]}
        for component in stored.components:
            self.of[component] = []
        self.operations = {header.operation}
        self.version = header.node.properties.get(VERSION_FIELD)

    def walk(self) -> Iterator[Entry]:
        """Yield all entries, owners before the entries that they own."""
        return chain.from_iterable(self.of.values())

    def in_json(
        self, below: StoredComponent, owners: Sequence[Entry], nodes: Sequence[Sequence[PropertySet]]
    ) -> list[list[Entry]]:
        """Make the entries of the nodes that each of *owners* keeps as JSON, checked and with their values.

        Raises:
            Refused: as `entries_of`.
        """
        # All owners' nodes at once, so that values and keys are proven by column.
        lists = [self._list(below, owner, own) for owner, own in zip(owners, nodes, strict=True)]
        entries = [*chain.from_iterable(lists)]
        for entry in entries:
            self._children(entry)
        if entries:
            read_values(below, entries)
            _refuse_doubles(below, entries)
        return lists

    def add_tree(self) -> None:
        """Add the entries of all nodes beneath the header."""
        stack = [self.header]
        while stack:
            below = self._children(stack.pop())
            for child in below:
                self.of[child.component].append(child)
            # A leaf needs no visit; a deleted entry gets one, which refuses other operations beneath it.
            stack.extend([child for child in reversed(below) if child.node.children or child.operation == "delete"])

    def read_json(self, component: StoredComponent) -> None:
        """Check and take the lists that the rows of *component* keep as JSON."""
        for below in component.in_json:
            lists = self.json.get(below)
            if lists is not None and not lists.read_plain(self.each_its_own):
                lists.entries = self.in_json(below, lists.owners, lists.nodes)

    def set_operation(self, entry: Entry, operation: str | None, above: Entry | None) -> None:
        """Set the entry's operation: the given one, its own, or that of the entry above."""
        if operation is None:
            operation = entry.node.properties.get(OPERATION)
            if operation is None and above is not None:
                operation = above.operation
        if operation not in OPERATIONS:
            raise OperationUnknown(operation or "", OPERATIONS, component=entry.component.name, where=entry.where())
        if self.stored.is_borrowed and operation == "synchronize":
            raise OperationRefused(
                f"'{self.stored.name}' can't be synchronized",
                where=entry.where(),
                why="an instance is all that an account has; a part of it would delete the rest",
                mend="upsert the items that changed, and delete by name the items that ended",
            )
        entry.operation = operation

    def _children(self, entry: Entry) -> list[Entry]:
        """Make the entries directly beneath *entry*; none beneath a deleted one, whose rows all go with it.

        Lists that are kept as JSON are taken as they are.
        """
        if entry.operation == "delete" and not (self.stored.is_borrowed and entry.owner is None):
            _refuse_operations_beneath(entry)
            return []
        children = []
        declared = entry.component.definition.children
        for holder in entry.node.children:
            name = holder.type.removeprefix(_LIST)
            if name not in declared or not holder.type.startswith(_LIST):
                raise ComponentUnknown(name, declared, above=entry.component.name, where=entry.where())
            below = entry.component.beneath.get(name)
            if below is None:
                continue
            if below.json_column:
                if below not in self.json:
                    self.json[below] = JsonLists(below)
                self.json[below].add(entry, holder.children)
            else:
                entry.lists.append(below)
                children += self._list(below, entry, holder.children)
        return children

    def _list(self, below: StoredComponent, above: Entry, nodes: Sequence[PropertySet]) -> list[Entry]:
        """Make the entries of the nodes of one list, with their operations."""
        name = below.name
        entries = []
        for number, node in enumerate(nodes, 1):
            entry = Entry(node, below, above.operation, above, number)
            if node.type != name:
                raise ComponentUnknown(node.type, [name], above=list_of(name), where=entry.where())
            if self.each_its_own:
                self.set_operation(entry, None, above)
            entries.append(entry)
        return entries


def entries_of(stored: StoredObject, instance: PropertySet, operation: str | None, number: int) -> Entries:
    """Flatten and check an instance.

    Args:
        instance: the header's node. Not changed.
        operation: the operation on the whole instance; None where each node has its own.
        number: its place in the message, from 1.

    Raises:
        Refused: a component, field, value or operation is not as the definition has it.
    """
    header = Entry(instance, stored.header, "", None, number)
    if instance.type != stored.header.name:
        raise ComponentUnknown(instance.type, [stored.header.name], above=stored.name, where=header.where())
    entries = Entries(stored, header, operation is None)
    entries.set_operation(header, operation, None)
    entries.operations = {header.operation}
    entries.add_tree()
    # A header that is another object's row is only found by its key: its other fields are no columns of that row.
    read_values(stored.header, [header], stored.header.keys[0][0] if stored.is_borrowed else None)
    entries.read_json(stored.header)
    # Component by component, and not node by node: the values of a column are checked together, each only once.
    for component in stored.components:
        own = entries.of[component]
        if own:
            read_values(component, own)
            _refuse_doubles(component, own)
        if operation is None:
            entries.operations.update(entry.operation for entry in own)
        entries.read_json(component)
    return entries


def _refuse_operations_beneath(entry: Entry) -> None:
    for node in entry.node.walk():
        operation = node.properties.get(OPERATION, "delete")
        if operation != "delete":
            raise OperationRefused(
                f"'{operation}' stands beneath a '{entry.component.name}' that is deleted",
                where=entry.where(),
                why="a deleted component goes with all that it has",
                mend="take the operation away, or move the component",
            )


def _refuse_doubles(component: StoredComponent, entries: list[Entry]) -> None:
    """Refuse two entries of one owner with the same key."""
    for key in component.keys:
        firsts: dict[Any, Entry] = {}
        for entry in entries:
            values = entry.key_values(key)
            if values is None:
                continue
            first = firsts.setdefault((entry.owner, values), entry)
            if first is not entry:
                raise DuplicateInMessage(
                    component=component.name, key=named(key, values), first=first.path(), where=entry.where()
                )


def named(key: Key, values: KeyValues) -> str:
    """Write a key for an error: ``Order Number '1', Revision '2'``."""
    return ", ".join(f"{name} '{value}'" for name, value in zip(key, values, strict=True))


@dataclass
class RowCounts:
    """The numbers of rows that an instance's writing inserted, updated and deleted.

    Rows that are kept as JSON count as the rows that their view shows; the row that keeps them doesn't count for that.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """The number of all rows that were written."""
        return self.inserted + self.updated + self.deleted


def places_among(siblings: Sequence[Entry], last: int) -> dict[Entry, int]:
    """Return the positions of one owner's entries that are new or moved, counted from *last*.

    Under synchronize the tree gives the order of all siblings: where theirs differs, all get a new position.
    """
    positions = [None if entry.row is None or entry.is_moved else entry.row[POSITION] for entry in siblings]
    if all(entry.operation == "synchronize" for entry in siblings) and not _is_in_order(positions):
        positions, last = [None] * len(siblings), 0
    unplaced = [entry for entry, position in zip(siblings, positions, strict=True) if position is None]
    return {entry: place for place, entry in enumerate(unplaced, last)}


def _is_in_order(positions: Sequence[Any]) -> bool:
    """Say whether the known positions rise, and the siblings without one stand behind them."""
    known = [position for position in positions if position is not None]
    return positions[len(known) :] == [None] * (len(positions) - len(known)) and all(
        before < after for before, after in pairwise(known)
    )
