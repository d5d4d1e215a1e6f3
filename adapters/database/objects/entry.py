"""One node of an instance on its way into the tables, and the values that it carries.

The nodes of a message mostly carry the same fields, and a column mostly holds few different values: the fields are
looked up once for each set of them, and each different value of a column is checked once.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/performance.md, rule 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.database.objects.faults import FieldInvalid, FieldMissing, FieldNotDeclared, KeyNotWhole
from adapters.database.objects.layout import ROW_ID, CarriedFields, Key, Shape, StoredComponent
from adapters.database.objects.stored_values import ValueFault, bound_column
from integration_objects.property_set import PropertySet, origin_text

KeyValues = tuple[str, ...]
#: A row as it is read: the values of its component's `layout`.
Row = Sequence[Any]


class Entry:
    """A node that is stored.

    A column has three values: the *carried* one of the node, the *stored* one of the row, and the *resulting* one once
    the row is written.

    Attributes:
        owner: the entry above of another kind; None for the header.
        parent: the entry above of the same kind; None for a root.
        root: the root item that it is beneath; itself for a root.
        number: its place among its siblings of the same kind, from 1.
        shape: the columns that it carries.
        values: the values of these columns, as they are stored.
        row_id: the identifier that is carried, found or new; "" while unknown.
        row: the row found; None where there is none.
        lists: the components whose lists it carries.
    """

    __slots__ = (
        "component",
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
        "values",
    )

    shape: Shape

    def __init__(
        self, node: PropertySet, component: StoredComponent, operation: str, above: Entry | None, number: int
    ) -> None:
        self.node = node
        self.component = component
        self.operation = operation
        self.parent: Entry | None = None
        self.owner: Entry | None = above
        self.root: Entry = self
        if above is not None:
            if above.component is component:
                self.parent = above
                self.owner = above.owner
                self.root = above.root
            elif above.owner is not None:
                # An attribute has the root that its item is beneath.
                self.root = above.root
        self.number = number
        self.values: tuple[str | None, ...] = ()
        self.row_id = ""
        self.row: Row | None = None
        self.lists: list[StoredComponent] = []

    @property
    def owned_by(self) -> str:
        """The value of its owner column: the owner's row id, or its key where the header is another object's row."""
        owner = self.owner
        assert owner is not None  # noqa: S101  # only a header has none
        key = self.component.owner_key
        return owner.row_id if key == "row_id" else str(owner.carried(key) or owner.stored(key))

    @property
    def differs(self) -> bool:
        """Whether it carries a value that its row doesn't have."""
        return self.row is not None and self.shape.in_row(self.row) != self.values

    @property
    def is_moved(self) -> bool:
        """Whether its row is beneath another item than the entry."""
        place = self.component.parent_place
        if self.row is None or place is None:
            return False
        return bool(self.row[place] != (None if self.parent is None else self.parent.row_id))

    def carried(self, column: str) -> str | None:
        """Return the value that it carries for *column*; None where it carries null, or nothing."""
        place = self.shape.place.get(column)
        return None if place is None else self.values[place]

    def inserted(self, column: str) -> str | None:
        """Return the value that a new row gets for *column*: the carried one, else the column's default."""
        place = self.shape.place.get(column)
        return self.component.defaults.get(column) if place is None else self.values[place]

    def stored(self, column: str) -> Any:
        """Return the value in its row; None where there is no row."""
        return None if self.row is None else self.row[self.component.place[column]]

    def resulting(self, column: str) -> Any:
        """Return the value of its row once it is written: the carried one, else the stored one."""
        return self.carried(column) if column in self.shape.place else self.stored(column)

    def set_value(self, column: str, value: str | None) -> None:
        """Let it carry *value* for *column*."""
        place = self.shape.place.get(column)
        if place is None:
            # Entries that get the same column share the new shape, too: the writer groups rows by their shapes.
            longer = self.shape.longer.get(column)
            if longer is None:
                longer = self.shape.longer[column] = self.component.shape((*self.shape.columns, column))
            self.shape = longer
            self.values = (*self.values, value)
        else:
            self.values = (*self.values[:place], value, *self.values[place + 1 :])

    def changes(self) -> dict[str, Any]:
        """Return the columns of its row that get another value, with the value.

        Raises:
            FieldMissing: a required field would lose its value.
        """
        if self.row is None:
            return {}
        pairs = zip(self.shape.columns, self.values, self.shape.in_row(self.row), strict=True)
        changes = {column: value for column, value, stored in pairs if value != stored}
        for name, _ in self.shape.required if changes else ():
            # An empty text is no value for a required field; a column that stays as it is has one.
            column = self.component.columns[name]
            if not changes.get(column, "unchanged"):
                raise self._missing(name, changes[column])
        return changes

    def path(self) -> str:
        """Return the node's path: ``/Order[1]/Line Item[3]``."""
        steps: list[str] = []
        entry: Entry | None = self
        while entry is not None:
            steps.append(f"/{entry.component.name}[{entry.number}]")
            entry = entry.parent or entry.owner
        return "".join(reversed(steps))

    def where(self) -> str:
        """Return the node's place for errors: path, line of the source, table."""
        line = "" if self.node.origin is None else f", {origin_text(self.node.origin)}"
        return f"{self.path()}{line}, table {self.component.table.name}"

    def key_values(self, key: Key) -> KeyValues | None:
        """Return the stored values of one of the component's keys; None where a field is absent or null."""
        pick_key = self.shape.keys[key]
        if pick_key is None:
            return None
        values = (self.row_id,) if pick_key is ROW_ID else pick_key(self.values)
        return values if all(values) else None

    def key(self) -> tuple[Key, KeyValues]:
        """Return the first of the component's keys whose fields all have a value, with their values.

        Raises:
            KeyNotWhole: every key lacks a value.
        """
        keys = self.component.keys
        for key in keys:
            values = self.key_values(key)
            if values is not None:
                return key, values
        gaps = [f"({', '.join(key)}) lacks {', '.join(name for name in key if not self._has(name))}" for key in keys]
        raise KeyNotWhole(
            component=self.component.name, gaps="; ".join(gaps) or "the component has no key", where=self.where()
        )

    def fill_keys(self) -> None:
        """Fill the one missing field of a key with the field's default for null."""
        component = self.component
        for key in component.keys:
            if len(key) == 1:
                continue
            for name in key:
                default = component.definition.fields[name].null_reads_as
                others = all(self._has(other) for other in key if other != name)
                if default is not None and others and not self._has(name):
                    self.set_value(component.columns[name], component.binders[name](default))

    def prove_whole(self) -> None:
        """Refuse a new row in which a required field has no value.

        Raises:
            FieldMissing: names the field.
        """
        for name, place in self.shape.required:
            if place is None or not self.values[place]:
                raise self._missing(name, None if place is None else self.values[place])

    def _has(self, name: str) -> bool:
        column = self.component.columns[name]
        return bool(self.row_id if column == "row_id" else self.carried(column))

    def _missing(self, name: str, value: str | None) -> FieldMissing:
        return FieldMissing(field=name, found="''" if value == "" else "none", where=self.where())


def read_values(component: StoredComponent, entries: Sequence[Entry], only: str | None = None) -> None:
    """Give the entries, all of *component*, the values of their nodes' properties. Changes the entries.

    If *only* is given, this one field is read; the others are proven to be fields.

    Raises:
        FieldNotDeclared, FieldInvalid: of the first entry at fault.
    """
    # Nodes with the same fields in the same order share one plan: most messages need one or two plans.
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(tuple(entry.node.properties), []).append(entry)
    for names, group in groups.items():
        fields = component.carried_fields(names, only)
        if fields.undeclared is not None:
            _raise_first(component, entries, only)
        texts = [fields.texts(entry.node.properties) for entry in group]
        try:
            rows = _bound(texts, fields)
            row_ids = [_row_id(entry, fields.row_id) for entry in group]
        except ValueFault:
            # Column by column, a fault is found in no order that a sender knows: the error names the first node's.
            _raise_first(component, entries, only)
            raise
        for entry, values, row_id in zip(group, rows, row_ids, strict=True):
            entry.shape = fields.shape
            entry.values = values
            entry.row_id = row_id


def _bound(rows: list[tuple[Any, ...]], fields: CarriedFields) -> list[tuple[Any, ...]]:
    """Bind rows of texts, column by column."""
    if len(rows) == 1:
        cells = zip(rows[0], fields.binders, fields.defaults, strict=True)
        return [tuple([default if text is None else bind(text) for text, bind, default in cells])]
    columns = list(zip(*rows, strict=True))
    bound = [*map(bound_column, columns, fields.binders, fields.defaults)]
    if all(result is column for result, column in zip(bound, columns, strict=True)):
        return rows
    return list(zip(*bound, strict=True))


def _row_id(entry: Entry, name: str | None) -> str:
    text = None if name is None else entry.node.properties[name]
    return "" if name is None or text is None else entry.component.binders[name](text)


def _raise_first(component: StoredComponent, entries: Sequence[Entry], only: str | None) -> None:
    """Raise the fault of the first entry that has one, at its first field."""
    for entry in entries:
        for name, text in entry.node.properties.items():
            if not component.declares(name):
                raise FieldNotDeclared(name, component.definition.fields, component=component.name, where=entry.where())
            if text is None or name not in component.binders or (only is not None and name != only):
                continue
            try:
                component.binders[name](text)
            except ValueFault as fault:
                raise FieldInvalid(field=name, fault=fault, where=entry.where()) from fault
