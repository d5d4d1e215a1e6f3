"""Components that are kept as JSON: their nodes on the way in, the text of the column, and the rows of the view.

A row is an object of its columns in the definition's order; a null column is left out, so that equal rows have equal
texts. All rows of a message are written and read at once: each different value of a column is written once, and all
texts together are one text to the parser.

Most lists are plain: every node carries fields with good values and nothing else. Their values are checked and kept by
column, without entries; a new row gets its JSON from the columns at once. Other lists, and all that change stored rows,
become entries.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/performance.md, rules 1 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from json import JSONDecoder, JSONEncoder
from typing import Any

from adapters.database.objects.entry import Entry, Row
from adapters.database.objects.faults import JsonUnreadable
from adapters.database.objects.layout import OPERATION, StoredComponent
from adapters.database.objects.stored_values import ValueFault, bound_column
from integration_objects.property_set import PropertySet

#: A row as the JSON has it: the values of its columns, without those that are null.
JsonObject = dict[str, str]
Columns = dict[str, Sequence[str | None]]

_quoted = JSONEncoder(ensure_ascii=False).encode
# A number that another program wrote is text too, and keeps its digits.
_decoded = JSONDecoder(parse_float=str, parse_int=str).decode


class JsonLists:
    """The lists of one component that an instance carries.

    Attributes:
        owners: the entries that carry a list of it, in their order.
        nodes: the nodes of each owner's list.
        columns: the stored values of all nodes by column, in the definition's order; None where they aren't plain.
        keyed: whether the nodes are plain and all have a value for every field of the same key.
        entries: the entries of each owner's nodes, where they aren't plain.
    """

    def __init__(self, component: StoredComponent) -> None:
        self.component = component
        self.owners: list[Entry] = []
        self.nodes: list[Sequence[PropertySet]] = []
        self.columns: Columns | None = None
        self.keyed = False
        self.entries: list[list[Entry]] = []

    def add(self, owner: Entry, nodes: Sequence[PropertySet]) -> None:
        """Take a list that *owner* carries; a second one continues its first."""
        if self.owners and self.owners[-1] is owner:
            self.nodes[-1] = [*self.nodes[-1], *nodes]
        else:
            self.owners.append(owner)
            self.nodes.append(nodes)

    def read_plain(self, each_its_own: bool) -> bool:
        """Take the values of the nodes by column, where the lists are plain. Return whether they are.

        A node with an operation of its own isn't plain (*each_its_own*: whether it may have one).
        """
        component = self.component
        if component.references or component.has_row_id:
            return False
        nodes = [*chain.from_iterable(self.nodes)]
        name = component.name
        # A loop, not `any` over a generator: a call for each node costs as much as the question.
        for node in nodes:
            if node.children or node.type != name:
                return False
        properties = [node.properties for node in nodes]
        carried = set(chain.from_iterable(properties))
        if each_its_own and OPERATION in carried:
            return False
        if not carried - component.definition.fields.keys() <= {OPERATION}:
            return False
        # Lists with a fault aren't plain: they become entries, are checked again, and the error names the node.
        columns: Columns = {}
        try:
            for field, column in component.columns.items():
                if field in carried:
                    columns[column] = bound_column(
                        [fields.get(field) for fields in properties], component.binders[field]
                    )
        except ValueFault:
            return False
        for field in component.required:
            if not all(columns.get(component.columns[field], (None,) if nodes else ())):
                return False
        if not self._read_keys(columns):
            return False
        self.columns = columns
        return True

    def _read_keys(self, columns: Columns) -> bool:
        """Say whether no owner has two nodes with one key. Sets *keyed*."""
        self.keyed = False
        for key in self.component.keys:
            names = [self.component.columns[field] for field in key]
            if not all(name in columns for name in names):
                continue
            self.keyed = self.keyed or all(all(columns[name]) for name in names)
            values = [*zip(*[columns[name] for name in names], strict=True)] if len(names) > 1 else columns[names[0]]
            end = 0
            for nodes in self.nodes:
                start, end = end, end + len(nodes)
                if len(set(values[start:end])) < end - start:
                    return False
        return True


def texts_of(columns: Mapping[str, Sequence[str | None]], sizes: Sequence[int]) -> list[str | None]:
    """Write the JSON text of each owner's rows; None for an owner without rows.

    Args:
        columns: of all rows, owner by owner, the values of each column, the columns in the definition's order.
        sizes: the number of rows of each owner.

    >>> texts_of({"name": ["a", "b"], "text_value": ["1", None]}, [2, 0])
    ['[{"name":"a","text_value":"1"},{"name":"b"}]', None]
    """
    members = []
    for name, values in columns.items():
        parts: dict[str | None, str] = {None: ""}
        for value in set(values):
            if value is not None:
                parts[value] = f',"{name}":{_quoted(value)}'
        members.append([parts[value] for value in values])
    # Every member begins with a comma, because the first of a row may be left out; the row's first comma goes.
    rows = ["{" + row[1:] + "}" for row in map("".join, zip(*members, strict=True))]
    texts: list[str | None] = []
    end = 0
    for size in sizes:
        start, end = end, end + size
        texts.append("[" + ",".join(rows[start:end]) + "]" if size else None)
    return texts


def objects_in(component: StoredComponent, texts: Sequence[str]) -> list[list[JsonObject]]:
    """Read the objects in each of *texts*, which are values of the component's column.

    Raises:
        JsonUnreadable: one of them is no list of objects with texts.
    """
    try:
        # One call of the parser for all texts: it costs less than a call for each.
        lists: list[list[JsonObject]] = _decoded(f"[{','.join(texts)}]")
        are_lists = len(lists) == len(texts) and {type(rows) for rows in lists} <= {list}
        if are_lists and {type(row) for rows in lists for row in rows} <= {dict}:
            return lists
    except (ValueError, TypeError):
        pass
    return [_objects(component, text) for text in texts]


def _objects(component: StoredComponent, text: str) -> list[JsonObject]:
    """Read one text by itself, so that an error can name the fault in it: another program has written it."""
    try:
        rows: Any = _decoded(text)
        fault = repr(text[:40])
    except ValueError as error:
        rows, fault = None, f"no JSON: {error}"
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    table = "" if component.owner is None else component.owner.table.name
    raise JsonUnreadable(component=component.name, table=table, column=component.json_column, found=fault)


def objects_kept_by(component: StoredComponent, owners: Sequence[Entry]) -> list[list[JsonObject]]:
    """Read the objects of *component* that the rows of each of *owners* keep; none for an owner without a row."""
    return objects_in(component, [owner.stored(component.json_column) or "[]" for owner in owners])


def rows_kept_by(component: StoredComponent, owners: Sequence[Entry]) -> list[list[Row]]:
    """Read the rows of *component*, in its layout, that the rows of each of *owners* keep."""
    fields = component.layout[len(component.hidden) :]
    lists: list[list[Row]] = []
    for owner, objects in zip(owners, objects_kept_by(component, owners), strict=True):
        root = (owner.root.row_id,) if component.has_root else ()
        lists.append(
            [
                (row_id_of(owner, row, place), owner.row_id, place, *root, *map(row.get, fields))
                for place, row in enumerate(objects)
            ]
        )
    return lists


def row_id_of(owner: Entry, row: JsonObject, place: int) -> str:
    """Return the identifier of the row at *place* among those that *owner* keeps."""
    return row.get("row_id") or f"{owner.row_id}:{place}"
