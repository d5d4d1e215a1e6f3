"""Reading integration objects: rows to property sets.

An instance carries every field that has a column, null or not; it carries a list of components only where there are
any. One statement for each table reads all of an object's rows.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, Text, bindparam, exists, func, or_, select

from adapters.database.connection.column_types import Exact
from adapters.database.connection.dialect import Dialect, dialect_of
from adapters.database.connection.statements import (
    MOST_STATEMENTS,
    is_one_of,
    parts,
    plain_name,
    plain_number,
    select_rows,
)
from adapters.database.objects.faults import FieldInvalid, FieldNotDeclared, FieldNotStored, RowsAmbiguous
from adapters.database.objects.json_children import objects_in
from adapters.database.objects.layout import StoredComponent, StoredObject
from adapters.database.objects.stored_values import ValueFault
from adapters.database.schema.tables import NAMES, NUMBERS, VERSION_COLUMN, VERSION_FIELD
from integration_objects import service_number
from integration_objects.complex_object import list_of, message
from integration_objects.expression import Expression
from integration_objects.property_set import PropertySet

#: Field -> the value that it must equal, None for null, or several values of which it must equal one.
Example = Mapping[str, str | Sequence[str] | None]
Rows = list[Sequence[Any]]
#: Columns that a statement compares: each with whether it is null, equal to a value, or one of a list.
Kinds = tuple[tuple[str, str], ...]
#: A message of instances, and the row id of the last one; None for no instance.
Page = tuple[PropertySet, str | None]

#: Columns before the fields in a component's row as `_beneath` reads it, and in a header's row.
_BEFORE_FIELDS, BEFORE_HEADER = 4, 3
#: Greater than every character of a text, in both databases' order of characters.
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Wanted:
    """The instances that are wanted.

    Attributes:
        header: what their headers are like.
        component: the name of a component directly beneath the header.
        beneath: what one of their rows of that component is like; empty for no condition.
    """

    header: Example
    component: str = ""
    beneath: Example = field(default_factory=dict)


class ObjectReader:
    """Reads integration objects in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = dialect_of(connection)

    def query(self, stored: StoredObject, example: Example, where: Expression | None, versions: bool) -> PropertySet:
        """Read the instances whose headers are like *example* and satisfy *where*, with their components."""
        return self._assembled(stored, self.headers(stored, example, stored.header.json_columns), where, versions)

    def page(self, stored: StoredObject, wanted: Wanted, after: str, most: int, *, whole: bool) -> Page:
        """Read the first *most* instances behind a row id, as `query`; their row ids are in order.

        Args:
            whole: with the components beneath; else the headers only.

        Returns:
            The instances, and the row id of the last one; None for no instance.
        """
        header = stored.header
        key = header.columns[header.keys[0][0]] if stored.is_borrowed else "row_id"
        besides = header.json_columns if whole else ()
        columns = ("row_id", key, VERSION_COLUMN, *header.columns.values(), *besides)
        kinds, values = _bound(header, wanted.header, stored.name, "value")
        beneath = header.beneath[wanted.component] if wanted.beneath else None
        kinds_beneath: Kinds = ()
        if beneath is not None:
            kinds_beneath, more = _bound(beneath, wanted.beneath, f"{stored.name}, {beneath.name}", "beneath")
            values |= more
        statement = _page(self._dialect, header, columns, kinds, beneath, kinds_beneath)
        rows: Rows = list(self._connection.execute(statement, {**values, "after": after, "most": most}).all())
        return self._assembled(stored, rows, None, False, whole=whole), rows[-1][0] if rows else None

    def _assembled(
        self, stored: StoredObject, header_rows: Rows, where: Expression | None, versions: bool, *, whole: bool = True
    ) -> PropertySet:
        """Make the message of the instances with these header rows that satisfy *where*."""
        header = stored.header
        headers: dict[str, PropertySet] = {}
        instances = []
        rows = []
        end = BEFORE_HEADER + len(header.columns)
        for row in header_rows:
            properties = dict(zip(header.columns, row[BEFORE_HEADER:end], strict=True))
            node = PropertySet(header.name, properties=properties)
            # Asked before the components are read: those of other instances stay in the database.
            if where is not None and not where.is_true(node):
                continue
            if versions and VERSION_FIELD in header.definition.fields:
                node.properties[VERSION_FIELD] = str(row[2])
            headers[row[1]] = node
            instances.append(node)
            rows.append(row)
        if headers and whole:
            self._read_components(stored, headers, rows)
        return message(stored.name, instances)

    def headers(self, stored: StoredObject, example: Example, besides: Sequence[str] = ()) -> Rows:
        """Read the header rows like *example*, oldest first: row id, key for owned rows, version, fields, *besides*."""
        header = stored.header
        key = header.columns[header.keys[0][0]] if stored.is_borrowed else "row_id"
        columns = ("row_id", key, VERSION_COLUMN, *header.columns.values(), *besides)
        return self._rows(header, columns, example, stored.name)

    def owners(self, stored: StoredObject, component: StoredComponent, example: Example) -> list[str]:
        """Read the owner keys of the rows of *component* that are like *example*, each once."""
        columns = ("row_id", component.owner_column.name)
        place = f"{stored.name}, {component.name}"
        return list(dict.fromkeys(row[1] for row in self._rows(component, columns, example, place)))

    def keys(self, header: StoredComponent, row_ids: Sequence[str]) -> list[str]:
        """Read the keys of the headers with these row ids."""
        statement = _keys(header)
        return [key for part in parts(row_ids) for key in self._connection.scalars(statement, {"wanted": part})]

    def items(self, component: StoredComponent, field: str, values: Sequence[str]) -> Rows:
        """Read the rows of *component* with one of these values of a field: row id, owner key, fields.

        Service ids are compared without their blanks and signs.
        """
        statement = _with_value(self._dialect, component, component.columns[field])
        rows: Rows = []
        for part in parts(values):
            rows.extend(self._connection.execute(statement, {"wanted": part}).all())
        rows.sort(key=itemgetter(0))
        return rows

    def values(self, stored: StoredObject, component: StoredComponent, field: str, example: Example) -> set[str]:
        """Read the values of a field in the rows of *component* that are like *example*."""
        columns = ("row_id", component.columns[field])
        rows = self._rows(component, columns, example, f"{stored.name}, {component.name}")
        return {row[1] for row in rows if row[1] is not None}

    def beginning(self, component: StoredComponent, field: str, text: str, most: int) -> Rows:
        """Read the first rows of *component* of which a field begins with a text: row id, owner key, fields.

        The shortest values come first. Numbers and names are compared as their indexes have them.
        """
        name = component.columns[field]
        low = _compared_text(component, name, text)
        if not low:
            return []
        # A range and not LIKE: any index serves it, on both databases, and no character of the text means another one.
        values = {"low": low, "high": low + _LAST_CHARACTER, "most": most}
        return list(self._connection.execute(_beginning(self._dialect, component, name), values).all())

    def containing(self, component: StoredComponent, field: str, text: str, most: int) -> Rows:
        """Read the first rows of *component* of which a field has a text anywhere, as `beginning`; by no index."""
        name = component.columns[field]
        part = _compared_text(component, name, text)
        for sign in ("\\", "%", "_"):
            part = part.replace(sign, f"\\{sign}")
        values = {"pattern": f"%{part}%", "most": most}
        return list(self._connection.execute(_containing(self._dialect, component, name), values).all())

    def counts(self, component: StoredComponent, fields: Sequence[str], owners: Sequence[str]) -> Rows:
        """Count the rows beneath these owners by the first of the fields that has a value: owner key, value, count."""
        statement = _counts(component, tuple(component.columns[field] for field in fields))
        return [row for part in parts(owners) for row in self._connection.execute(statement, {"owners": part}).all()]

    def holders(self, header: StoredComponent, components: Sequence[StoredComponent], keys: Sequence[str]) -> list[str]:
        """Return those of *keys* whose headers have a row of one of *components* directly beneath them."""
        statement = _holders(header, tuple(components))
        return [key for part in parts(keys) for key in self._connection.scalars(statement, {"wanted": part})]

    def _rows(self, component: StoredComponent, columns: tuple[str, ...], example: Example, place: str) -> Rows:
        kinds, values = _bound(component, example, place, "value")
        statement = _like(self._dialect, component, columns, kinds)
        lists = {name: value for name, value in values.items() if isinstance(value, list)}
        longest = max(lists, key=lambda name: len(lists[name]), default=None)
        # Only the longest list is cut into parts: nobody asks for several long ones at once.
        rows: Rows = []
        for cut in [values] if longest is None else ({**values, longest: part} for part in parts(lists[longest])):
            rows.extend(self._connection.execute(statement, cut).all())
        rows.sort(key=itemgetter(0))
        return rows

    def _read_components(self, stored: StoredObject, headers: dict[str, PropertySet], header_rows: Rows) -> None:
        """Read the rows beneath the headers, which are given by the key for owned rows, and put them there."""
        nodes: dict[StoredComponent, dict[str, PropertySet]] = {stored.header: headers}
        rows: dict[StoredComponent, Rows] = {stored.header: header_rows}
        for component in stored.components:
            own: Rows = []
            for part in parts(list(headers)):
                values = {"owner": part[0]} if len(part) == 1 else {"owners": part}
                statement = _beneath(self._dialect, component, len(part) == 1)
                own.extend(self._connection.execute(statement, values).all())
            # By position, and here: the parts of a long list are each in an order of their own.
            own.sort(key=itemgetter(3))
            names, type = tuple(component.columns), component.name
            end = _BEFORE_FIELDS + len(names)
            rows[component] = own
            nodes[component] = {
                row[0]: PropertySet(type, "", dict(zip(names, row[_BEFORE_FIELDS:end], strict=True))) for row in own
            }
        for above in (stored.header, *stored.components):
            for below in above.beneath.values():
                if below.json_column:
                    _put_json(above, below, rows[above], nodes[above])
                else:
                    _put(above, below, rows[below], nodes)


@lru_cache(MOST_STATEMENTS)
def _keys(header: StoredComponent) -> Select[Any]:
    """Make the statement of `ObjectReader.keys`."""
    return select(header.key_columns(header.keys[0])[0]).where(is_one_of(header.table.c.row_id, "wanted"))


@lru_cache(MOST_STATEMENTS)
def _with_value(dialect: Dialect, component: StoredComponent, name: str) -> Select[Any]:
    """Make the statement that finds the rows with one of the wanted values of a column, as `ObjectReader.items`."""
    return _owned_rows(dialect, component).where(is_one_of(_compared(component, name), "wanted"))


@lru_cache(MOST_STATEMENTS)
def _beginning(dialect: Dialect, component: StoredComponent, name: str) -> Select[Any]:
    """Make the statement of `ObjectReader.beginning`."""
    column = _compared(component, name)
    low, high = (bindparam(bound, type_=Text()) for bound in ("low", "high"))
    return _first(_owned_rows(dialect, component).where(column >= low, column < high), component, column)


@lru_cache(MOST_STATEMENTS)
def _containing(dialect: Dialect, component: StoredComponent, name: str) -> Select[Any]:
    """Make the statement of `ObjectReader.containing`."""
    column = _compared(component, name)
    pattern = column.like(bindparam("pattern", type_=Text()), escape="\\")
    return _first(_owned_rows(dialect, component).where(pattern), component, column)


@lru_cache(MOST_STATEMENTS)
def _counts(component: StoredComponent, names: tuple[str, ...]) -> Select[str, Any, int]:
    """Make the statement of `ObjectReader.counts`."""
    owner, value = component.owner_column, func.coalesce(*(component.table.c[name] for name in names))
    return select(owner, value, func.count()).where(is_one_of(owner, "owners")).group_by(owner, value)


def _first(statement: Select[Any], component: StoredComponent, column: ColumnElement[str]) -> Select[Any]:
    return statement.order_by(column, component.table.c.row_id).limit(bindparam("most", type_=Integer()))


def _owned_rows(dialect: Dialect, component: StoredComponent) -> Select[Any]:
    """Make the statement for rows of a component: row id, owner key (its own row id for a header), fields."""
    owner = "row_id" if component.owner is None else component.owner_column.name
    return select_rows(dialect, component.table, ("row_id", owner, *component.columns.values()))


def _compared(component: StoredComponent, name: str) -> ColumnElement[str]:
    """Return a column as the index has it by which it is looked for."""
    column: ColumnElement[str] = component.table.c[name]
    if NUMBERS.get(component.table.name) == name:
        return plain_number(column)
    return plain_name(column) if NAMES.get(component.table.name) == name else column


def _compared_text(component: StoredComponent, name: str, text: str) -> str:
    """Return a text as `_compared` has the column's values."""
    if NUMBERS.get(component.table.name) == name:
        return service_number.plain_number(text)
    return service_number.plain_name(text) if NAMES.get(component.table.name) == name else text


@lru_cache(MOST_STATEMENTS)
def _holders(header: StoredComponent, components: tuple[StoredComponent, ...]) -> Select[Any]:
    """Make the statement that finds the wanted headers with a row of one of *components*."""
    key = header.key_columns(header.keys[0])[0]
    conditions = [exists().where(below.owner_column == header.table.c[below.owner_key]) for below in components]
    return select(key).where(is_one_of(key, "wanted"), or_(*conditions))


@lru_cache(MOST_STATEMENTS)
def _beneath(dialect: Dialect, component: StoredComponent, is_one: bool) -> Select[Any]:
    """Make the statement for the rows beneath one header, or several: row id, owner, parent, position, fields."""
    owner = component.owner_column
    above = owner if component.parent_column is None else component.parent_column
    columns = ("row_id", owner.name, above.name, "position")
    fields = select_rows(dialect, component.table, (*component.columns.values(), *component.json_columns))
    labels = [component.table.c[name].label(f"at_{place}") for place, name in enumerate(columns)]
    return select(*labels).add_columns(*fields.selected_columns).where(_is_beneath(component, is_one))


def _is_beneath(component: StoredComponent, is_one: bool) -> ColumnElement[bool]:
    owner, above = component.owner_column, component.owner
    if above is not None and above.owner is not None:
        return owner.in_(select(above.table.c.row_id).where(_is_beneath(above, is_one)))
    return owner == bindparam("owner", type_=owner.type) if is_one else is_one_of(owner, "owners")


def _put(
    above: StoredComponent,
    below: StoredComponent,
    rows: Rows,
    nodes: dict[StoredComponent, dict[str, PropertySet]],
) -> None:
    """Put the rows' nodes beneath those of *above*, in their order."""
    is_nested = below is above
    nodes_above, own = nodes[above], nodes[below]
    lists: dict[str, list[PropertySet]] = {}
    type = list_of(below.name)
    has_parents = below.parent_column is not None
    for row in rows:
        # A nesting component is put twice: its roots beneath their owner, the others beneath their parents.
        if has_parents and (row[2] is not None) is not is_nested:
            continue
        key = row[2] if is_nested else row[1]
        children = lists.get(key)
        if children is None:
            holder = PropertySet(type)
            nodes_above[key].children.append(holder)
            children = lists[key] = holder.children
        children.append(own[row[0]])


def _put_json(above: StoredComponent, below: StoredComponent, rows: Rows, owners: dict[str, PropertySet]) -> None:
    """Put the rows that the rows of *above* keep as JSON beneath their nodes, in their order."""
    place = above.in_json.index(below) - len(above.in_json)
    keeping = [row for row in rows if row[place]]
    kept = objects_in(below, [row[place] for row in keeping])
    type, name = list_of(below.name), below.name
    fields = tuple(below.columns.items())
    for row, objects in zip(keeping, kept, strict=True):
        nodes = [PropertySet(name, "", {field: own.get(column) for field, column in fields}) for own in objects]
        if nodes:
            owners[row[0]].children.append(PropertySet(type, "", None, nodes))


def _wanted(
    component: StoredComponent, name: str, value: str | Sequence[str] | None, place: str
) -> str | list[str] | None:
    """Return the wanted value of a field as it is stored: a value, a list of values, or null."""
    if name not in component.columns:
        fields = component.definition.fields
        if name in fields:
            raise FieldNotStored(
                field=name, table=component.table.name, fields=", ".join(component.columns), where=place
            )
        raise FieldNotDeclared(name, fields, component=component.name, where=place)
    bind = component.binders[name]
    try:
        if value is None or isinstance(value, str):
            return value if value is None else bind(value)
        return [bind(text) for text in dict.fromkeys(value)]
    except ValueFault as fault:
        raise FieldInvalid(field=name, fault=fault, where=place) from fault


def _bound(component: StoredComponent, example: Example, place: str, bound: str) -> tuple[Kinds, dict[str, Any]]:
    """Return an example's columns with their kinds, as `_conditions` takes them, and the values by bound names."""
    wanted = {name: _wanted(component, name, value, place) for name, value in example.items()}
    kinds = tuple((component.columns[name], _kind(value)) for name, value in wanted.items())
    return kinds, {f"{bound}{number}": value for number, value in enumerate(wanted.values()) if value is not None}


def _kind(wanted: str | list[str] | None) -> str:
    if wanted is None:
        return "null"
    return "equal" if isinstance(wanted, str) else "one of"


@lru_cache(MOST_STATEMENTS)
def _like(dialect: Dialect, component: StoredComponent, columns: tuple[str, ...], kinds: Kinds) -> Select[Any]:
    """Make the statement that finds rows by these columns, each null, equal to a value or one of a list."""
    return select_rows(dialect, component.table, columns).where(*_conditions(dialect, component, kinds, "value"))


@lru_cache(MOST_STATEMENTS)
def _page(
    dialect: Dialect,
    header: StoredComponent,
    columns: tuple[str, ...],
    kinds: Kinds,
    beneath: StoredComponent | None,
    kinds_beneath: Kinds,
) -> Select[Any]:
    """Make the statement of `ObjectReader.page`."""
    row_id = header.table.c.row_id
    statement = select_rows(dialect, header.table, columns).where(
        *_conditions(dialect, header, kinds, "value"), row_id > bindparam("after", type_=Text())
    )
    if beneath is not None:
        is_beneath = beneath.owner_column == header.table.c[beneath.owner_key]
        like = _conditions(dialect, beneath, kinds_beneath, "beneath")
        statement = statement.where(exists().where(is_beneath, *like))
    return statement.order_by(row_id).limit(bindparam("most", type_=Integer()))


def _conditions(dialect: Dialect, component: StoredComponent, kinds: Kinds, bound: str) -> list[ColumnElement[bool]]:
    return [
        _condition(dialect, component, column, kind, f"{bound}{place}") for place, (column, kind) in enumerate(kinds)
    ]


def _condition(dialect: Dialect, component: StoredComponent, name: str, kind: str, bound: str) -> ColumnElement[bool]:
    column = component.table.c[name]
    if kind == "null":
        return column.is_(None)
    # A number in a key has one writing, and its index is used only where the text is compared as it is.
    in_key = any(component.columns[field] == name for key in component.keys for field in key)
    if isinstance(column.type, Exact) and not in_key:
        return dialect.equals_number(column, bound) if kind == "equal" else dialect.is_one_of_numbers(column, bound)
    return column == bindparam(bound, type_=column.type) if kind == "equal" else is_one_of(column, bound)


def the_owner(owners: list[str], component: StoredComponent, example: Example) -> str | None:
    """Return the only owner of the rows like *example*, or None.

    Raises:
        RowsAmbiguous: there are several.
    """
    if len(owners) > 1:
        raise RowsAmbiguous(
            component=component.name,
            key=", ".join(f"{name} '{value}'" for name, value in example.items()),
            rows=f"those of {', '.join(owners)}",
            where=f"table {component.table.name}",
            mend="leave the value to one of them",
        )
    return owners[0] if owners else None
