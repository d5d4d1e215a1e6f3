"""Reading integration objects: rows to property sets.

An instance read carries every field that has a column, null or not; it carries a list of components only where
there are any. All of an object's rows come with one statement for each of its tables.

Spec: integration.md "The EAI database adapter"; road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from adapters.database.store_faults import FieldInvalid, FieldNotStored, FieldUnknown, RowsAmbiguous
from adapters.database.stored_object import StoredComponent, StoredObject, ValueFault
from adapters.database.tables import VERSION_COLUMN, VERSION_FIELD
from integration_objects.complex_object import list_of, message
from integration_objects.declaration import nearest
from integration_objects.expression import Expression
from integration_objects.property_set import PropertySet

#: Field -> the value it must equal, None for null, or several of which it must equal one.
Example = Mapping[str, str | Sequence[str] | None]

#: Values that one statement takes; both databases allow many more, but plans grow with them.
PART = 500
_BEFORE_FIELDS = 4


def parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values in parts that one statement can hold."""
    for start in range(0, len(values), PART):
        yield values[start : start + PART]


class ObjectReader:
    """Reads integration objects in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def query(
        self,
        stored: StoredObject,
        example: Example,
        where: Expression | None,
        root_keys: Sequence[str] | None,
        versions: bool,
    ) -> PropertySet:
        """The instances whose headers are like *example* and satisfy *where*, with their components."""
        found: dict[str, PropertySet] = {}
        instances = []
        for row in self.headers(stored, example):
            node = PropertySet(stored.header.name, properties=dict(zip(stored.header.columns, row[3:], strict=True)))
            if where is not None and not where.is_true(node):
                continue
            if versions:
                node.properties[VERSION_FIELD] = str(row[2])
            found[row[1]] = node
            instances.append(node)
        if found:
            self._read_components(stored, found, root_keys)
        return message(stored.name, instances)

    def headers(self, stored: StoredObject, example: Example) -> list[Sequence[Any]]:
        """The header rows like *example*, oldest first: row id, key of what it owns, version, fields."""
        header = stored.header
        columns = header.table.c
        key = columns.row_id
        if stored.is_borrowed:
            key = columns[header.columns[header.keys[0][0]]]
        fields = [columns[column] for column in header.columns.values()]
        statement = select(columns.row_id, key, columns[VERSION_COLUMN], *fields)
        return self._rows(statement, header, example, stored.name)

    def owners(self, stored: StoredObject, component: StoredComponent, example: Example) -> list[str]:
        """The owner keys of the rows of *component* that are like *example*, each once."""
        assert component.owner_column is not None  # noqa: S101  # only a header has none
        statement = select(component.table.c.row_id, component.owner_column)
        where = f"{stored.name}, {component.name}"
        return list(dict.fromkeys(row[1] for row in self._rows(statement, component, example, where)))

    def _rows(
        self, statement: Select[Any], component: StoredComponent, example: Example, where: str
    ) -> list[Sequence[Any]]:
        longest = max(
            (name for name, wanted in example.items() if not isinstance(wanted, str | None)),
            key=lambda name: len(example[name] or ()),
            default=None,
        )
        # Only the longest list is parted: several long ones at once nobody asks for.
        wanted_parts = [None] if longest is None else list(parts(list(dict.fromkeys(example[longest] or ()))))
        found: list[Sequence[Any]] = []
        is_sqlite = self._connection.dialect.name == "sqlite"
        for part in wanted_parts:
            like = dict(example) if longest is None else {**example, longest: part or ()}
            conditions = [_condition(component, name, wanted, where, is_sqlite) for name, wanted in like.items()]
            found.extend(self._connection.execute(statement.where(*conditions)).all())
        found.sort(key=itemgetter(0))
        return found

    def _read_components(
        self, stored: StoredObject, headers: dict[str, PropertySet], root_keys: Sequence[str] | None
    ) -> None:
        """Read what is beneath the headers, by the key of what they own, and put it there."""
        nodes: dict[int, dict[str, PropertySet]] = {id(stored.header): headers}
        rows: dict[int, list[Sequence[Any]]] = {}
        for component in stored.components:
            found: list[Sequence[Any]] = []
            for part in parts(list(headers)):
                scope = _scope(stored, component, part, root_keys)
                found.extend(self._connection.execute(_select(component).where(scope)).all())
            found.sort(key=itemgetter(3))
            names = tuple(component.columns)
            rows[id(component)] = found
            nodes[id(component)] = {
                row[0]: PropertySet(component.name, properties=dict(zip(names, row[_BEFORE_FIELDS:], strict=True)))
                for row in found
            }
        for above in (stored.header, *stored.components):
            for child in above.component.children.values():
                below = stored.by_component.get(id(child))
                if below is not None:
                    _put(above, below, rows[id(below)], nodes)


def _select(component: StoredComponent) -> Select[Any]:
    columns = component.table.c
    parent = component.parent_column
    owner = component.owner_column
    assert owner is not None  # noqa: S101  # only a header has none
    fields = [columns[column] for column in component.columns.values()]
    above = owner if parent is None else parent
    return select(columns.row_id, owner, above, columns.position, *fields)


def _scope(
    stored: StoredObject, component: StoredComponent, headers: Sequence[str], root_keys: Sequence[str] | None
) -> ColumnElement[bool]:
    """Which rows of *component* are beneath the headers; beneath these roots only, where any are named."""
    owner, above = component.owner_column, component.owner
    assert owner is not None  # noqa: S101  # only a header has none
    assert above is not None  # noqa: S101  # likewise
    if above is not stored.header:
        within = _scope(stored, above, headers, root_keys)
        return owner.in_(select(above.table.c.row_id).where(within))
    condition: ColumnElement[bool] = owner.in_(headers)
    if root_keys is not None and component.parent_column is not None:
        key = next(key for key in component.keys if len(key) == 1 and component.columns[key[0]] != "row_id")
        roots = select(component.table.c.root_id).where(condition, component.key_columns(key)[0].in_(list(root_keys)))
        condition &= component.table.c.root_id.in_(roots)
    return condition


def _put(
    above: StoredComponent,
    below: StoredComponent,
    rows: list[Sequence[Any]],
    nodes: dict[int, dict[str, PropertySet]],
) -> None:
    """Put the rows' nodes beneath those of *above*, in their order."""
    nested = below is above
    places, own = nodes[id(above)], nodes[id(below)]
    lists: dict[str, list[PropertySet]] = {}
    type = list_of(below.name)
    parents = below.parent_column is not None
    for row in rows:
        if parents and (row[2] is not None) is not nested:
            continue
        place = row[2] if nested else row[1]
        found = lists.get(place)
        if found is None:
            holder = PropertySet(type)
            places[place].children.append(holder)
            found = lists[place] = holder.children
        found.append(own[row[0]])


def _condition(
    component: StoredComponent, name: str, wanted: str | Sequence[str] | None, where: str, is_sqlite: bool
) -> ColumnElement[bool]:
    column = component.columns.get(name)
    if column is None:
        raise _unknown(component, name, where)
    place = component.table.c[column]
    if wanted is None:
        return place.is_(None)
    binder = component.binders[name]
    values = [wanted] if isinstance(wanted, str) else list(wanted)
    try:
        bound = [binder(value) for value in values]
    except ValueFault as fault:
        raise FieldInvalid(
            f"'{name}' can't have the value that is looked for",
            where=where,
            why=str(fault),
            mend="look for a value that the field can have",
        ) from fault
    field = component.component.fields.get(name)
    # Numbers of keys have one writing, and an index that wants to be used.
    in_key = any(name in key for key in component.keys)
    if is_sqlite and field is not None and field.type == "number" and not in_key:
        return _without_zeros(place).in_([value.rstrip("0").rstrip(".") if "." in value else value for value in bound])
    return place == bound[0] if isinstance(wanted, str) else place.in_(bound)


def _without_zeros(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The number of a text column without its last zeros, so that 1.50 equals 1.5 (SQLite)."""
    return case((func.instr(column, ".") > 0, func.rtrim(func.rtrim(column, "0"), ".")), else_=column)


def _unknown(component: StoredComponent, name: str, where: str) -> FieldUnknown | FieldNotStored:
    if name in component.component.fields:
        return FieldNotStored(
            f"'{name}' isn't stored, so it can't be looked for",
            where=where,
            why=f"the field has no column in {component.table.name}",
            mend=f"look for one of {', '.join(component.columns)}",
        )
    return FieldUnknown(
        f"'{component.name}' has no field '{name}'",
        where=where,
        mend=nearest(name, component.component.fields) or "mend the field's name",
    )


def one_owner(found: list[str], component: StoredComponent, example: Example) -> str | None:
    """The only owner of the rows like *example*, or None.

    Raises:
        RowsAmbiguous: there are several.
    """
    if len(found) > 1:
        raise RowsAmbiguous(
            f"more than one row of {component.name} is like {dict(example)}",
            where=f"table {component.table.name}",
            why=f"they belong to {', '.join(found)}",
            mend="leave the value to one of them",
        )
    return found[0] if found else None
