"""An instance on its way into the tables: its tree as flat entries, checked against the definition.

    Entry                one node that is stored: its values by column, its key, what is to be done with it
    entries_of(...)      all of an instance's, by component, owners and parents first
    JsonLists            what is kept as JSON, which becomes entries only where it must

Nothing here knows a connection.

Spec: docs/design/integration.md "The EAI database adapter".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from adapters.database.objects.entry import Entry
from adapters.database.objects.entry_values import OPERATION, read_values
from adapters.database.objects.faults import (
    ComponentUnknown,
    DuplicateInMessage,
    OperationRefused,
    OperationUnknown,
)
from adapters.database.objects.json_lists import JsonLists
from adapters.database.objects.layout import StoredComponent, StoredObject
from adapters.database.schema.tables import VERSION_FIELD
from integration_objects.complex_object import list_of
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

OPERATIONS = ("insert", "update", "upsert", "synchronize", "delete")
_LIST = list_of("")


class Entries:
    """An instance's entries.

    Attributes:
        stored: the integration object.
        header: the header's entry.
        of: the entries of each component by the id of the StoredComponent: parents before children, siblings
            in their order.
        json: the lists of each component that is kept as JSON, by its id, where there are any.
        each_its_own: whether each node may say its own operation.
        operations: all that is to be done.
        version: the version that the header carries, or None.
    """

    def __init__(self, stored: StoredObject, header: Entry, each_its_own: bool) -> None:
        self.stored = stored
        self.header = header
        self.each_its_own = each_its_own
        self.json: dict[int, JsonLists] = {}
        self.of: dict[int, list[Entry]] = {id(stored.header): [header]}
        for component in stored.components:
            self.of[id(component)] = []
        self.operations = {header.operation}
        self.version = header.node.properties.get(VERSION_FIELD)

    def walk(self) -> Iterator[Entry]:
        """All entries, owners before what they own."""
        for entries in self.of.values():
            yield from entries


def entries_of(stored: StoredObject, instance: PropertySet, operation: str | None, number: int) -> Entries:
    """Flatten and check an instance.

    Args:
        stored: its integration object.
        instance: the header's node. Not changed.
        operation: what is to be done with it; None where each node says so itself.
        number: its place in the message, from 1.

    Raises:
        Refused: the tree holds what the definition doesn't, a value is none, an operation is none.
    """
    header = Entry(instance, stored.header, "", None, number)
    if instance.type != stored.header.name:
        raise ComponentUnknown(
            f"'{stored.name}' has no instances called '{instance.type}'",
            where=header.where(),
            mend=f"expected '{stored.header.name}'",
        )
    _set_operation(stored, header, operation, None)
    found = Entries(stored, header, operation is None)
    stack = [header]
    while stack:
        below = _children(found, stack.pop())
        for child in below:
            found.of[id(child.stored)].append(child)
        stack.extend([child for child in reversed(below) if child.node.children or child.operation == "delete"])
    # Of a header that is another object's row only the key is read: its other fields are no columns of that row.
    read_values(stored.header, [header], stored.header.keys[0][0] if stored.is_borrowed else None)
    _read_json(found, stored.header)
    for component in stored.components:
        entries = found.of[id(component)]
        if entries:
            read_values(component, entries)
            _refuse_doubles(component, entries)
        if operation is None:
            found.operations.update(entry.operation for entry in entries)
        _read_json(found, component)
    return found


def entries_in_json(
    found: Entries, below: StoredComponent, owners: Sequence[Entry], nodes: Sequence[Sequence[PropertySet]]
) -> list[list[Entry]]:
    """The entries of the nodes that each of *owners* keeps as JSON, checked and with their values.

    Raises:
        Refused: as `entries_of` has it.
    """
    entries = [_listed(found, below, owner, own) for owner, own in zip(owners, nodes, strict=True)]
    everything = [*chain.from_iterable(entries)]
    for entry in everything:
        _children(found, entry)
    if everything:
        read_values(below, everything)
        _refuse_doubles(below, everything)
    return entries


def _read_json(found: Entries, stored: StoredComponent) -> None:
    """Check and take the lists that the rows of *stored* keep as JSON."""
    for below in stored.in_json:
        lists = found.json.get(id(below))
        if lists is not None and not lists.read_plain(found.each_its_own):
            lists.entries = entries_in_json(found, below, lists.owners, lists.nodes)


def _children(found: Entries, entry: Entry) -> list[Entry]:
    """The entries directly beneath *entry*; none beneath what is deleted, which goes with all it has.

    Lists that are kept as JSON are taken as they are.
    """
    if entry.operation == "delete" and not (found.stored.is_borrowed and entry.owner is None):
        _refuse_operations_beneath(entry)
        return []
    children = []
    for holder in entry.node.children:
        name = holder.type.removeprefix(_LIST)
        component = entry.stored.component.children.get(name)
        if component is None or not holder.type.startswith(_LIST):
            raise ComponentUnknown(
                f"'{entry.stored.name}' holds no '{name}'",
                where=entry.where(),
                mend=nearest(name, entry.stored.component.children) or "mend the component's name",
            )
        below = found.stored.by_component.get(id(component))
        if below is None:
            continue
        if below.json_column is not None:
            lists = found.json.get(id(below))
            if lists is None:
                lists = found.json[id(below)] = JsonLists(below)
            lists.add(entry, holder.children)
            continue
        entry.lists.append(below)
        children += _listed(found, below, entry, holder.children)
    return children


def _listed(found: Entries, below: StoredComponent, above: Entry, nodes: Sequence[PropertySet]) -> list[Entry]:
    """The entries of the nodes of one list, with their operations."""
    name = below.name
    entries = []
    for number, node in enumerate(nodes, 1):
        entry = Entry(node, below, above.operation, above, number)
        if node.type != name:
            raise ComponentUnknown(
                f"the list of '{name}' holds a '{node.type}'", where=entry.where(), mend=f"expected '{name}'"
            )
        if found.each_its_own:
            _set_operation(found.stored, entry, None, above)
        entries.append(entry)
    return entries


def _set_operation(stored: StoredObject, entry: Entry, operation: str | None, above: Entry | None) -> None:
    """Set the entry's operation: the given one, its own, or that of the entry above."""
    if operation is None:
        operation = entry.node.properties.get(OPERATION)
        if operation is None and above is not None:
            operation = above.operation
    if operation not in OPERATIONS:
        raise OperationUnknown(
            f"'{entry.stored.name}' has no operation" if operation is None else f"no operation '{operation}'",
            where=entry.where(),
            why=f"expected one of {', '.join(OPERATIONS)}",
            mend=nearest(operation or "", OPERATIONS) or "name the operation",
        )
    if stored.is_borrowed and operation == "synchronize":
        raise OperationRefused(
            f"'{stored.name}' can't be synchronized",
            where=entry.where(),
            why="an instance is all that an account has; a part of it would delete the rest",
            mend="upsert what changed, and delete what ended by name",
        )
    entry.operation = operation


def _refuse_operations_beneath(entry: Entry) -> None:
    for node in entry.node.walk():
        operation = node.properties.get(OPERATION, "delete")
        if operation != "delete":
            raise OperationRefused(
                f"'{operation}' stands beneath a '{entry.stored.name}' that is deleted",
                where=entry.where(),
                why="what is deleted goes with all that it has",
                mend="take the operation away, or move the component",
            )


def _refuse_doubles(component: StoredComponent, entries: list[Entry]) -> None:
    """Refuse two entries of one owner with the same key.

    Raises:
        DuplicateInMessage: names both.
    """
    for key in component.keys:
        seen: dict[Any, Entry] = {}
        for entry in entries:
            values = entry.key_values(key)
            if values is None:
                continue
            first = seen.setdefault((id(entry.owner), values), entry)
            if first is not entry:
                named = ", ".join(f"{name} '{value}'" for name, value in zip(key, values, strict=True))
                raise DuplicateInMessage(
                    f"two '{component.name}' have the same key: {named}",
                    where=entry.where(),
                    why=f"the first is {first.path()}",
                    mend="leave one of them, or give it another key",
                )
