"""Reading integration objects: rows to property sets.

An instance read carries every field that has a column, null or not; it carries a list of components only where
there are any. All of an object's rows come with one statement for each of its tables.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, or_, select

from adapters.database.connection.column_types import Exact
from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import is_one_of, once, parts, select_rows
from adapters.database.objects.faults import FieldInvalid, FieldNotStored, FieldUnknown, RowsAmbiguous
from adapters.database.objects.json_text import objects_in
from adapters.database.objects.layout import StoredComponent, StoredObject, ValueFault
from adapters.database.schema.tables import VERSION_COLUMN, VERSION_FIELD
from integration_objects.complex_object import list_of, message
from integration_objects.expression import Expression
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Field -> the value it must equal, None for null, or several of which it must equal one.
Example = Mapping[str, str | Sequence[str] | None]

_BEFORE_FIELDS = 4


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
        rows = []
        end = 3 + len(stored.header.columns)
        for row in self.headers(stored, example, stored.header.json_columns):
            properties = dict(zip(stored.header.columns, row[3:end], strict=True))
            node = PropertySet(stored.header.name, properties=properties)
            if where is not None and not where.is_true(node):
                continue
            if versions and VERSION_FIELD in stored.header.component.fields:
                node.properties[VERSION_FIELD] = str(row[2])
            found[row[1]] = node
            instances.append(node)
            rows.append(row)
        if found:
            self._read_components(stored, found, rows, root_keys)
        return message(stored.name, instances)

    def headers(self, stored: StoredObject, example: Example, besides: Sequence[str] = ()) -> list[Sequence[Any]]:
        """The header rows like *example*, oldest first: row id, key of what it owns, version, fields; *besides*."""
        header = stored.header
        key = header.columns[header.keys[0][0]] if stored.is_borrowed else "row_id"
        columns = ("row_id", key, VERSION_COLUMN, *header.columns.values(), *besides)
        return self._rows(header, columns, example, stored.name)

    def owners(self, stored: StoredObject, component: StoredComponent, example: Example) -> list[str]:
        """The owner keys of the rows of *component* that are like *example*, each once."""
        assert component.owner_column is not None  # noqa: S101  # only a header has none
        columns = ("row_id", component.owner_column.name)
        where = f"{stored.name}, {component.name}"
        return list(dict.fromkeys(row[1] for row in self._rows(component, columns, example, where)))

    def holders(self, stored: StoredObject, components: Sequence[StoredComponent], keys: Sequence[str]) -> list[str]:
        """The keys of the headers, of these keys, that have a row of one of *components* directly beneath them."""
        connection, header = self._connection, stored.header
        key = header.key_columns(header.keys[0])[0]
        statement = once(
            connection,
            header.table,
            ("holders", *(one.name for one in components)),
            lambda: select(key).where(
                is_one_of(key, "wanted"),
                or_(*[_has_rows(header, one) for one in components]),
            ),
        )
        found: list[str] = []
        for part in parts(keys):
            found.extend(connection.scalars(statement, {"wanted": part}))
        return found

    def _rows(
        self, component: StoredComponent, columns: tuple[str, ...], example: Example, where: str
    ) -> list[Sequence[Any]]:
        wanted = {name: _wanted(component, name, value, where) for name, value in example.items()}
        kinds = tuple((component.columns[name], _kind(value)) for name, value in wanted.items())
        connection = self._connection
        statement = once(
            connection, component.table, ("like", columns, kinds), lambda: _like(connection, component, columns, kinds)
        )
        lists = [name for name, value in wanted.items() if isinstance(value, list)]
        longest = max(lists, key=lambda name: len(wanted[name] or ()), default=None)
        # Only the longest list is parted: several long ones at once nobody asks for.
        wanted_parts = [None] if longest is None else parts(wanted[longest] or ())
        found: list[Sequence[Any]] = []
        for part in wanted_parts:
            values = {
                f"value{place}": part if name == longest and part else value
                for place, (name, value) in enumerate(wanted.items())
                if value is not None
            }
            found.extend(connection.execute(statement, values).all())
        found.sort(key=itemgetter(0))
        return found

    def _read_components(
        self,
        stored: StoredObject,
        headers: dict[str, PropertySet],
        header_rows: list[Sequence[Any]],
        root_keys: Sequence[str] | None,
    ) -> None:
        """Read what is beneath the headers, by the key of what they own, and put it there."""
        nodes: dict[int, dict[str, PropertySet]] = {id(stored.header): headers}
        rows: dict[int, list[Sequence[Any]]] = {id(stored.header): header_rows}
        for component in stored.components:
            found: list[Sequence[Any]] = []
            for part in parts(list(headers)):
                found.extend(self._beneath(stored, component, part, root_keys))
            found.sort(key=itemgetter(3))
            names, type = tuple(component.columns), component.name
            end = _BEFORE_FIELDS + len(names)
            rows[id(component)] = found
            nodes[id(component)] = {
                row[0]: PropertySet(type, "", dict(zip(names, row[_BEFORE_FIELDS:end], strict=True))) for row in found
            }
        for above in (stored.header, *stored.components):
            for child in above.component.children.values():
                below = stored.by_component.get(id(child))
                if below is None:
                    continue
                if below.json_column is None:
                    _put(above, below, rows[id(below)], nodes)
                else:
                    _put_json(above, below, rows[id(above)], nodes[id(above)])

    def _beneath(
        self, stored: StoredObject, component: StoredComponent, headers: Sequence[str], root_keys: Sequence[str] | None
    ) -> Sequence[Sequence[Any]]:
        connection, one, roots = self._connection, len(headers) == 1, root_keys is not None
        statement = once(
            connection,
            component.table,
            ("beneath", stored.header.table.name, one, roots),
            lambda: _select(connection, component).where(_scope(connection, stored, component, one, roots)),
        )
        values: dict[str, Any] = {"owner": headers[0]} if one else {"owners": headers}
        if root_keys is not None:
            values["roots"] = list(root_keys)
        return connection.execute(statement, values).all()


def _has_rows(header: StoredComponent, component: StoredComponent) -> ColumnElement[bool]:
    owner = component.owner_column
    assert owner is not None  # noqa: S101  # only a header has none
    return exists().where(owner == header.table.c[component.owner_key])


def _select(connection: Connection, component: StoredComponent) -> Select[Any]:
    owner = component.owner_column
    assert owner is not None  # noqa: S101  # only a header has none
    above = owner if component.parent_column is None else component.parent_column
    columns = ("row_id", owner.name, above.name, "position")
    fields = select_rows(connection, component.table, (*component.columns.values(), *component.json_columns))
    return select(*[component.table.c[name].label(f"at_{place}") for place, name in enumerate(columns)]).add_columns(
        *fields.selected_columns
    )


def _scope(
    connection: Connection, stored: StoredObject, component: StoredComponent, one: bool, roots: bool
) -> ColumnElement[bool]:
    """Which rows of *component* are beneath the bound headers; beneath the bound roots only, where there are any."""
    owner, above = component.owner_column, component.owner
    assert owner is not None  # noqa: S101  # only a header has none
    assert above is not None  # noqa: S101  # likewise
    if above is not stored.header:
        return owner.in_(select(above.table.c.row_id).where(_scope(connection, stored, above, one, roots)))
    condition: ColumnElement[bool] = (
        owner == bindparam("owner", type_=owner.type) if one else is_one_of(owner, "owners")
    )
    if roots and component.parent_column is not None:
        key = next(key for key in component.keys if len(key) == 1 and component.columns[key[0]] != "row_id")
        named = is_one_of(component.key_columns(key)[0], "roots")
        condition &= component.table.c.root_id.in_(select(component.table.c.root_id).where(condition, named))
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


def _put_json(
    above: StoredComponent, below: StoredComponent, rows: list[Sequence[Any]], owners: dict[str, PropertySet]
) -> None:
    """Put what the rows of *above* keep as JSON beneath their nodes, in its order."""
    place = above.in_json.index(below) - len(above.in_json)
    keeping = [row for row in rows if row[place]]
    kept = objects_in(below, [row[place] for row in keeping])
    type, name = list_of(below.name), below.name
    fields = tuple(below.columns.items())
    for row, objects in zip(keeping, kept, strict=True):
        nodes = [PropertySet(name, "", {field: one.get(column) for field, column in fields}) for one in objects]
        if nodes:
            owners[row[0]].children.append(PropertySet(type, "", None, nodes))


def _wanted(
    component: StoredComponent, name: str, wanted: str | Sequence[str] | None, where: str
) -> str | list[str] | None:
    """What the field's column must hold, as it is stored: a value, one of a list, or null."""
    if name not in component.columns:
        raise _unknown(component, name, where)
    if wanted is None:
        return None
    binder = component.binders[name]
    try:
        if isinstance(wanted, str):
            found: str | list[str] = binder(wanted)
        else:
            found = [binder(value) for value in dict.fromkeys(wanted)]
    except ValueFault as fault:
        raise FieldInvalid(
            f"'{name}' can't have the value that is looked for",
            where=where,
            why=str(fault),
            mend="look for a value that the field can have",
        ) from fault
    return found


def _kind(wanted: str | list[str] | None) -> str:
    if wanted is None:
        return "null"
    return "equal" if isinstance(wanted, str) else "one of"


def _like(
    connection: Connection,
    component: StoredComponent,
    columns: tuple[str, ...],
    kinds: tuple[tuple[str, str], ...],
) -> Select[Any]:
    """The statement that finds rows by these columns, each null, equal to a value or one of a list."""
    statement = select_rows(connection, component.table, columns)
    return statement.where(
        *[
            _condition(connection, component, column, kind, f"value{place}")
            for place, (column, kind) in enumerate(kinds)
        ]
    )


def _condition(
    connection: Connection, component: StoredComponent, name: str, kind: str, bound: str
) -> ColumnElement[bool]:
    column = component.table.c[name]
    if kind == "null":
        return column.is_(None)
    # Numbers of keys have one writing, and an index that wants to be used; of others 1.50 equals 1.5.
    in_key = any(component.columns[field] == name for key in component.keys for field in key)
    number = isinstance(column.type, Exact) and not in_key
    if number:
        dialect = dialect_of(connection)
        return dialect.equals_number(column, bound) if kind == "equal" else dialect.is_one_of_numbers(column, bound)
    if kind == "equal":
        return column == bindparam(bound, type_=column.type)
    return is_one_of(column, bound)


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
