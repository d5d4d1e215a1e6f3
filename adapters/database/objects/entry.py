"""One node of an instance on its way into the tables.

Spec: docs/design/integration.md "The EAI database adapter".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.database.objects.entry_values import ROW_ID, Shape
from adapters.database.objects.faults import FieldMissing, KeyMissing
from adapters.database.objects.layout import StoredComponent
from integration_objects.property_set import PropertySet

KeyValues = tuple[str, ...]
#: A row as it is read: the values of its component's `layout`.
Row = Sequence[Any]


class Entry:
    """A node that is stored.

    Attributes:
        node, stored: the node, and its component's table.
        operation: what is to be done with it.
        owner: the entry above of another kind; None for the header.
        parent: the entry above of the same kind; None for a root.
        root: the root item that it is beneath; itself for a root.
        number: its place among its siblings of the same kind, from 1.
        shape: which columns it carries, and in which order.
        values: their stored values.
        row_id: carried, or found, or made; "" while unknown.
        row: the row found; None where there is none.
        lists: the components whose lists it carries.
    """

    __slots__ = (
        "lists",
        "node",
        "number",
        "operation",
        "owner",
        "parent",
        "root",
        "row",
        "row_id",
        "shape",
        "stored",
        "values",
    )

    shape: Shape

    def __init__(
        self,
        node: PropertySet,
        stored: StoredComponent,
        operation: str,
        above: Entry | None,
        number: int,
    ) -> None:
        self.node = node
        self.stored = stored
        self.operation = operation
        self.parent: Entry | None = None
        self.owner: Entry | None = above
        self.root: Entry = self
        if above is not None:
            if above.stored is stored:
                self.parent = above
                self.owner = above.owner
                self.root = above.root
            elif above.owner is not None:
                # Of an attribute, the root that its item is beneath.
                self.root = above.root
        self.number = number
        self.values: tuple[str | None, ...] = ()
        self.row_id = ""
        self.row: Row | None = None
        self.lists: list[StoredComponent] = []

    @property
    def owned_by(self) -> str:
        """What its owner column holds: the owner's row id, or its key where the header is another's row."""
        owner = self.owner
        assert owner is not None  # noqa: S101  # only a header has none
        key = self.stored.owner_key
        return owner.row_id if key == "row_id" else str(owner.value(key) or owner.now(key))

    @property
    def differs(self) -> bool:
        """Whether it carries a value that its row doesn't have."""
        return self.row is not None and self.shape.stored(self.row) != self.values

    @property
    def is_moved(self) -> bool:
        """Whether the row found is beneath another item than the entry."""
        place = self.stored.parent_place
        if self.row is None or place is None:
            return False
        return bool(self.row[place] != (None if self.parent is None else self.parent.row_id))

    def value(self, column: str) -> str | None:
        """The value that it carries for *column*; None where it carries null, or nothing."""
        place = self.shape.place.get(column)
        return None if place is None else self.values[place]

    def now(self, column: str) -> Any:
        """The value in its row; None where there is no row."""
        return None if self.row is None else self.row[self.stored.place[column]]

    def current(self, column: str) -> Any:
        """The value that its row has once it is written: the carried one, else the one that is there."""
        return self.value(column) if column in self.shape.place else self.now(column)

    def set_value(self, column: str, value: str | None) -> None:
        """Let it carry *value* for *column*."""
        place = self.shape.place.get(column)
        if place is None:
            self.shape = self.shape.and_column(self.stored, column)
            self.values = (*self.values, value)
        else:
            self.values = (*self.values[:place], value, *self.values[place + 1 :])

    def changes(self) -> dict[str, Any]:
        """The columns of its row that get another value, with that value."""
        if self.row is None:
            return {}
        found = zip(self.shape.columns, self.values, self.shape.stored(self.row), strict=True)
        return {column: value for column, value, stored in found if value != stored}

    def path(self) -> str:
        """Where the node is: ``/Order[1]/Line Item[3]``."""
        steps: list[str] = []
        entry: Entry | None = self
        while entry is not None:
            steps.append(f"/{entry.stored.name}[{entry.number}]")
            entry = entry.parent or entry.owner
        return "".join(reversed(steps))

    def where(self) -> str:
        """The node's place for errors: path, line of the source, table."""
        line = "" if self.node.origin is None else f", line {self.node.origin}"
        return f"{self.path()}{line}, table {self.stored.table.name}"

    def key_values(self, key: tuple[str, ...]) -> KeyValues | None:
        """The stored values of the fields of one of the component's keys; None where one is absent or null."""
        of = self.shape.keys[key]
        if of is None:
            return None
        found = (self.row_id,) if of is ROW_ID else of(self.values)
        return found if all(found) else None

    def key(self) -> tuple[tuple[str, ...], KeyValues]:
        """The first of the component's keys whose fields all have a value, with their values.

        Raises:
            KeyMissing: there is none.
        """
        for key in self.stored.keys:
            values = self.key_values(key)
            if values is not None:
                return key, values
        lacked = []
        for key in self.stored.keys:
            missing = [name for name in key if not self._has(name)]
            lacked.append(f"({', '.join(key)}) lacks {', '.join(missing)}")
        raise KeyMissing(
            f"no key of '{self.stored.name}' is whole, so that its row can't be found",
            where=self.where(),
            why="; ".join(lacked) or "the component has no key",
            mend="give the fields of one key a value, or insert it",
        )

    def fill_keys(self) -> None:
        """Give the fields of a key, all others of which have values, what a null of theirs reads as."""
        stored = self.stored
        for key in stored.keys:
            if len(key) == 1:
                continue
            for name in key:
                reads_as = stored.component.fields[name].null_reads_as
                others = all(self._has(other) for other in key if other != name)
                if reads_as is not None and others and not self._has(name):
                    self.set_value(stored.columns[name], stored.binders[name](reads_as))

    def prove_whole(self) -> None:
        """Refuse a new row in which a required field has no value.

        Raises:
            FieldMissing: one has none.
        """
        for name, place in self.shape.required:
            if place is None or not self.values[place]:
                raise self._missing(name, None if place is None else self.values[place])

    def prove_changes(self, changes: dict[str, Any]) -> None:
        """Refuse changes that take a required field's value away.

        Raises:
            FieldMissing: they take one.
        """
        for name, _ in self.shape.required:
            column = self.stored.columns[name]
            if column in changes and not changes[column]:
                raise self._missing(name, changes[column])

    def _has(self, name: str) -> bool:
        column = self.stored.columns[name]
        return bool(self.row_id if column == "row_id" else self.value(column))

    def _missing(self, name: str, value: str | None) -> FieldMissing:
        return FieldMissing(
            f"the required field '{name}' has no value",
            where=self.where(),
            why="expected a value, found " + ("''" if value == "" else "none"),
            mend=f"give '{name}' a value",
        )
