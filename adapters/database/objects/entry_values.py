"""The values of an instance's entries: the fields that its nodes carry, as their columns keep them.

    Shape          which columns an entry carries; entries of the same columns share one
    read_values    from the nodes' properties to the entries' values, a column at a time

The nodes of a message mostly carry the same fields, and a column mostly holds few different values: what there is
to know about the fields is worked out once for a component, and each different value is checked once for a column.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/performance.md, rule 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from adapters.database.objects.faults import FieldInvalid, FieldUnknown
from adapters.database.objects.layout import Binder, StoredComponent, ValueFault
from adapters.database.schema.tables import VERSION_FIELD
from integration_objects.nearest import nearest

if TYPE_CHECKING:
    from adapters.database.objects.entry import Entry

OPERATION = "Operation"
#: Sets of fields that are kept for a component: a sender that leaves other fields out each time makes many.
_MOST_KEPT = 500

Pick = Callable[[Any], tuple[Any, ...]]


def pick(places: Sequence[Any]) -> Pick:
    """What gives the values at these places of a row, or of these names of a dict, as a tuple."""
    if not places:
        return lambda row: ()
    if len(places) == 1:
        place = places[0]
        return lambda row: (row[place],)
    return itemgetter(*places)


#: Stands for what gives the key of a row's own identifier, which isn't among an entry's values.
ROW_ID: Pick = pick(("row_id",))


class Shape:
    """Which columns an entry carries, and in which order.

    Attributes:
        columns: without the row id.
        place: of each column among them.
        stored: of a row, the values of these columns.
        keys: for each of the component's keys what gives its values of an entry's; None where the entry
            can't have the key. Of the row's own identifier: `ROW_ID`.
        required: the required fields with their places; None for one that isn't carried.
    """

    __slots__ = ("_longer", "columns", "keys", "place", "required", "stored")

    def __init__(self, stored: StoredComponent, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.place = {column: place for place, column in enumerate(columns)}
        self.stored = pick([stored.place[column] for column in columns])
        self.keys: dict[tuple[str, ...], Pick | None] = {}
        for key in stored.keys:
            columns_of_key = [stored.columns[name] for name in key]
            if columns_of_key == ["row_id"]:
                self.keys[key] = ROW_ID
            else:
                whole = all(column in self.place for column in columns_of_key)
                self.keys[key] = pick([self.place[column] for column in columns_of_key]) if whole else None
        self.required = tuple((name, self.place.get(stored.columns[name])) for name in stored.required)
        self._longer: dict[str, Shape] = {}

    def and_column(self, stored: StoredComponent, column: str) -> Shape:
        """The shape that has *column* behind these."""
        found = self._longer.get(column)
        if found is None:
            found = self._longer[column] = shape_of(stored, (*self.columns, column))
        return found


def shape_of(stored: StoredComponent, columns: tuple[str, ...]) -> Shape:
    """The shape of entries that carry these columns."""
    found: Shape = _kept(stored.shapes, columns, lambda: Shape(stored, columns))
    return found


@dataclass(frozen=True)
class _Fields:
    """A set of fields that nodes carry: those that have a column, their values' places and their binders."""

    names: tuple[str, ...]
    binders: tuple[Binder, ...]
    texts: Pick
    shape: Shape
    row_id: str | None


def read_values(stored: StoredComponent, entries: Sequence[Entry], only: str | None = None) -> None:
    """Give the entries, all of *stored*, the values of their nodes' properties. Changes the entries.

    Args:
        stored: the component.
        entries: in their order.
        only: the one field that is read; the others are only proven to be fields.

    Raises:
        FieldUnknown, FieldInvalid: of the first entry at fault.
    """
    groups: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(tuple(entry.node.properties), []).append(entry)
    for names, group in groups.items():
        fields = _kept(stored.shapes, ("fields", only, *names), lambda: _fields(group[0], names, only))  # noqa: B023  # called at once
        texts = [fields.texts(entry.node.properties) for entry in group]
        try:
            values = _bound(texts, fields.binders)
            row_ids = [fields.row_id and _row_id(entry, fields.row_id) for entry in group]
        except ValueFault:
            _raise_first(entries, only)
            raise
        shape = fields.shape
        for entry, found, row_id in zip(group, values, row_ids, strict=True):
            entry.shape = shape
            entry.values = found
            entry.row_id = row_id or ""


def _bound(rows: list[tuple[Any, ...]], binders: tuple[Binder, ...]) -> list[tuple[Any, ...]]:
    """The stored values of the texts, each different one of a column made once."""
    if len(rows) == 1:
        return [tuple([None if text is None else bind(text) for text, bind in zip(rows[0], binders, strict=True)])]
    columns = list(zip(*rows, strict=True))
    bound = [bound_column(column, bind) for column, bind in zip(columns, binders, strict=True)]
    if all(made is column for made, column in zip(bound, columns, strict=True)):
        return rows
    return list(zip(*bound, strict=True))


def bound_column(column: Sequence[str | None], bind: Binder) -> Sequence[str | None]:
    """The stored values of a column's texts, each different one made once; *column* itself where they are the same.

    Raises:
        ValueFault: one is no value of the field.
    """
    written = {}
    for text in set(column):
        if text is not None:
            made = bind(text)
            if made != text:
                written[text] = made
    return [text if text is None else written.get(text, text) for text in column] if written else column


def _row_id(entry: Entry, name: str) -> str | None:
    text = entry.node.properties[name]
    return None if text is None else entry.stored.binders[name](text)


def _raise_first(entries: Sequence[Entry], only: str | None) -> None:
    """Raise the fault of the first entry that has one, at its first field."""
    for entry in entries:
        binders = entry.stored.binders
        for name, text in entry.node.properties.items():
            if only is not None and name != only:
                continue
            if name not in binders:
                _prove_field(entry, name)
            elif text is not None:
                try:
                    binders[name](text)
                except ValueFault as fault:
                    raise FieldInvalid(
                        f"'{name}' can't have its value",
                        where=entry.where(),
                        why=str(fault),
                        mend=f"correct '{name}', or leave it out",
                    ) from fault


def _fields(entry: Entry, names: tuple[str, ...], only: str | None) -> _Fields:
    stored = entry.stored
    carried = []
    row_id = None
    for name in names:
        column = stored.columns.get(name)
        if column is None:
            _prove_field(entry, name)
        elif only is not None and name != only:
            continue
        elif column == "row_id":
            row_id = name
        else:
            carried.append(name)
    shape = shape_of(stored, tuple(stored.columns[name] for name in carried))
    binders = tuple(stored.binders[name] for name in carried)
    return _Fields(tuple(carried), binders, pick(carried), shape, row_id)


def _prove_field(entry: Entry, name: str) -> None:
    """Refuse a property that is no field of the component; one without a column is only not stored."""
    if name in entry.stored.component.fields or name == OPERATION:
        return
    if name == VERSION_FIELD and entry.owner is None:
        return
    raise FieldUnknown(
        f"'{entry.stored.name}' has no field '{name}'",
        where=entry.where(),
        mend=nearest(name, entry.stored.component.fields) or "mend the field's name, or extend the object",
    )


def _kept(kept: dict[Any, Any], key: Any, make: Callable[[], Any]) -> Any:
    found = kept.get(key)
    if found is None:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        found = kept[key] = make()
    return found
