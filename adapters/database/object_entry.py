"""One node of an instance on its way into the tables.

Spec: integration.md "The EAI database adapter".
"""

from __future__ import annotations

from typing import Any

from adapters.database.store_faults import FieldMissing, KeyMissing
from adapters.database.stored_object import StoredComponent
from integration_objects.property_set import PropertySet

Values = dict[str, str | None]
KeyValues = tuple[str, ...]


class Entry:
    """A node that is stored.

    Attributes:
        node, stored: the node, and its component's table.
        operation: what is to be done with it.
        owner: the entry above of another kind; None for the header.
        parent: the entry above of the same kind; None for a root.
        root: the root item that it is beneath; itself for a root.
        number: its place among its siblings of the same kind, from 1.
        values: the carried fields' stored values, by column, without the row id.
        row_id: carried, or found, or made; "" while unknown.
        row: the row found, by column; None where there is none.
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
        "stored",
        "values",
    )

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
        nested = above is not None and above.stored is stored
        self.parent = above if nested else None
        self.owner: Entry | None = above.owner if nested and above is not None else above
        # Of an attribute, the root that its item is beneath.
        beneath = above is not None and (nested or above.parent is not None or above.owner is not None)
        self.root: Entry = above.root if beneath and above is not None else self
        self.number = number
        self.values: Values = {}
        self.row_id = ""
        self.row: dict[str, Any] | None = None
        self.lists: list[StoredComponent] = []

    @property
    def owned_by(self) -> str:
        """What its owner column holds: the owner's row id, or its key where the header is another's row."""
        owner = self.owner
        assert owner is not None  # noqa: S101  # only a header has none
        key = self.stored.owner_key
        return owner.row_id if key == "row_id" else str(owner.values.get(key) or (owner.row or {})[key])

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
        """The stored values of the key's fields; None where one is absent or null."""
        found = []
        columns = self.stored.columns
        for name in key:
            column = columns[name]
            value = self.row_id if column == "row_id" else self.values.get(column)
            if not value:
                return None
            found.append(value)
        return tuple(found)

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
            missing = [name for name in key if self.key_values((name,)) is None]
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
            for name in key:
                reads_as = stored.component.fields[name].null_reads_as if len(key) > 1 else None
                others = tuple(other for other in key if other != name)
                if reads_as is not None and self.key_values((name,)) is None and self.key_values(others):
                    self.values[stored.columns[name]] = stored.binders[name](reads_as)

    def prove_required(self, values: Values, *, whole: bool) -> None:
        """Refuse a required field without a value: of a *whole* new row, or among a row's changes.

        Raises:
            FieldMissing: one has none.
        """
        for name in self.stored.required:
            column = self.stored.columns[name]
            if not values.get(column) and (whole or column in values):
                raise FieldMissing(
                    f"the required field '{name}' has no value",
                    where=self.where(),
                    why="expected a value, found " + ("''" if values.get(column) == "" else "none"),
                    mend=f"give '{name}' a value",
                )
