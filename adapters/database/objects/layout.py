"""How an integration object lies in the tables, worked out once for each deployment.

    StoredObject              "OM Order"
      header                  StoredComponent: s_order; for OM Asset the account's row
      components              StoredComponent for each other table, owners first: s_order_item
        in_json               StoredComponent for what its rows keep as JSON: s_order_item_xa, which is a view

Spec: docs/design/road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Column, MetaData, Table

from adapters.database.schema.json_views import views_of
from adapters.database.schema.tables import (
    ID_LENGTH,
    UNIQUE_EVERYWHERE,
    VERSION_COLUMN,
    field_place,
    owned_components,
    owner_reference,
    stored_fields,
    stored_keys,
)
from integration_objects.definition import Component, Definitions, Field, IntegrationObject
from integration_objects.errors import Refused
from integration_objects.field_values import check_value, in_utc, read_number, write_number

Binder = Callable[[str], str]
#: What a binder raises: the value's fault, as text.
ValueFault = ValueError


class ObjectUnknown(Refused):
    """The message is of an integration object that isn't declared."""


class NotStored(Refused):
    """The integration object has no tables: it only travels."""


@dataclass(frozen=True)
class Reference:
    """A field whose values must be found elsewhere: in *table*.*column*, which is the key of *object*."""

    field: str
    object: str
    table: Table
    column: Column[str]


@dataclass(eq=False)
class StoredComponent:
    """A component and its table.

    Attributes:
        component: its definition.
        table: where its rows are; the view that shows them, where they are kept as JSON.
        owner: the component above of another kind; None for the header.
        owner_key: the column of the owner's table that the rows refer to.
        columns: the column of each stored field, by the field's name, in the definition's order.
        binders: for each stored field what makes the stored text of a value, or raises ValueFault.
        keys: the user keys whose fields are all stored, in the definition's order, Row Id among them.
        references: the fields whose values must be found elsewhere.
        required: the fields without which no row is inserted.
        children: the components beneath that have a table.
        in_json: the components beneath that its rows keep as JSON.
        shapes: what is kept of the sets of fields that were carried (`entry_values`).
    """

    component: Component
    table: Table
    owner: StoredComponent | None
    owner_key: str
    columns: dict[str, str]
    binders: dict[str, Binder]
    keys: tuple[tuple[str, ...], ...]
    references: tuple[Reference, ...] = ()
    required: tuple[str, ...] = ()
    children: list[StoredComponent] = field(default_factory=list)
    in_json: list[StoredComponent] = field(default_factory=list)
    shapes: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The type of its nodes."""
        return self.component.name

    @property
    def json_column(self) -> str | None:
        """The column of the owner's table that keeps its rows; None where it has a table."""
        return self.component.json_column

    @cached_property
    def json_columns(self) -> tuple[str, ...]:
        """The columns of its own table that keep rows of the components beneath."""
        return tuple(str(one.json_column) for one in self.in_json)

    @cached_property
    def owner_column(self) -> Column[str] | None:
        """The column with the owner's key; None in a header."""
        name = self.component.owner_column
        return None if name is None or self.owner is None else self.table.c[name]

    @cached_property
    def parent_column(self) -> Column[str] | None:
        """The column with the row above of the same kind; None where they don't nest."""
        name = self.component.parent_column
        return None if name is None else self.table.c[name]

    @cached_property
    def has_root(self) -> bool:
        """Whether its rows name the root item that they are beneath."""
        return "root_id" in self.table.c

    @cached_property
    def hierarchy(self) -> str | None:
        """The field that names what is above an instance of the same object; None for none."""
        fields = self.component.fields.values()
        return next((one.name for one in fields if one.hierarchy and one.name in self.columns), None)

    @cached_property
    def unique_everywhere(self) -> bool:
        """Whether its keys are unique in the whole table, and not only within the owner."""
        return self.owner is None or self.table.name in UNIQUE_EVERYWHERE

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The columns that are the hub's own: row id and version; or row id, owner, position, parent, root."""
        if self.owner_column is None:
            return ("row_id", VERSION_COLUMN)
        parent = () if self.parent_column is None else (self.parent_column.name,)
        return ("row_id", self.owner_column.name, "position", *parent, *(("root_id",) if self.has_root else ()))

    @cached_property
    def layout(self) -> tuple[str, ...]:
        """The columns of a row as it is read, in this order: the hidden ones, then the fields', then JSON."""
        fields = [column for column in self.columns.values() if column not in self.hidden]
        return (*self.hidden, *fields, *self.json_columns)

    @cached_property
    def place(self) -> dict[str, int]:
        """Of each column, the place in a row."""
        return {column: place for place, column in enumerate(self.layout)}

    @cached_property
    def parent_place(self) -> int | None:
        """The place in a row of the row above of the same kind; None where they don't nest."""
        return None if self.parent_column is None else self.place[self.parent_column.name]

    def key_columns(self, key: tuple[str, ...]) -> list[Column[str]]:
        """The columns of a key's fields."""
        return [self.table.c[self.columns[name]] for name in key]


@dataclass(eq=False)
class StoredObject:
    """An integration object and its tables.

    Attributes:
        definition: the integration object.
        header: its header's table; for an object that is another's row (OM Asset), that one's.
        components: the others that have a table, owners before what they own.
        by_component: all of them, by their definition's id.
    """

    definition: IntegrationObject
    header: StoredComponent
    components: list[StoredComponent]
    by_component: dict[int, StoredComponent]

    @property
    def name(self) -> str:
        """The integration object's name."""
        return self.definition.name

    @property
    def is_borrowed(self) -> bool:
        """Whether the header is another object's row, which this one neither makes nor deletes."""
        return self.definition.row_of is not None

    @property
    def row_id_key(self) -> str | None:
        """The column whose value a new header's row id is: of an account, its key; None where the hub makes it."""
        header = self.header
        if "row_id" in header.columns.values() or not header.keys or len(header.keys[0]) != 1:
            return None
        key = header.component.fields.get(header.keys[0][0])
        fits = key is not None and key.type == "text" and key.required and (key.length or ID_LENGTH + 1) <= ID_LENGTH
        return header.columns[header.keys[0][0]] if fits else None


def stored_object(name: str | None, definitions: Definitions, metadata: MetaData) -> StoredObject:
    """The integration object *name* as it lies in the tables of *metadata*; worked out once.

    Raises:
        ObjectUnknown: there is none of that name.
        NotStored: it has no tables.
    """
    known: dict[str, StoredObject] = metadata.info.setdefault("stored objects", {})
    found = known.get(name or "")
    if found is None:
        definition = definitions.get(name or "")
        if definition is None:
            raise ObjectUnknown(
                f"there is no integration object '{name}'",
                why=f"declared are {', '.join(sorted(definitions))}",
                mend="mend the name, or declare the object",
            )
        found = known[definition.name] = _stored(definition, definitions, metadata)
    return found


def _stored(definition: IntegrationObject, definitions: Definitions, metadata: MetaData) -> StoredObject:
    by_component: dict[int, StoredComponent] = {}
    order: list[StoredComponent] = []
    for component, owner in owned_components(definition):
        above = None if owner is None else by_component.get(id(owner))
        if component is definition.root:
            one = _header(definition, definitions, metadata)
        elif not component.table or above is None or owner is None:
            continue
        else:
            key = owner_reference(definitions, definition, owner)[1]
            in_json = component.json_column is not None
            table = views_of(metadata)[component.table].table if in_json else metadata.tables[component.table]
            one = _component(component, definitions, metadata, table, above, key)
            (above.in_json if in_json else above.children).append(one)
        by_component[id(component)] = one
        if one.json_column is None:
            order.append(one)
    return StoredObject(definition, order[0], order[1:], by_component)


def _header(definition: IntegrationObject, definitions: Definitions, metadata: MetaData) -> StoredComponent:
    root = definition.root
    if definition.row_of is not None:
        table, column = field_place(definitions, *definition.row_of)
        name = definition.row_of[1]
        return StoredComponent(
            root,
            metadata.tables[table],
            None,
            "",
            {name: column},
            {name: _binder(root.fields.get(name, Field(name)), in_key=True)},
            ((name,),),
        )
    if not root.table:
        raise NotStored(
            f"the integration object '{definition.name}' isn't stored",
            where=root.where or definition.where,
            why="its header has no table: it only travels",
            mend="name an object that is stored",
        )
    return _component(root, definitions, metadata, metadata.tables[root.table], None, "")


def _component(
    component: Component,
    definitions: Definitions,
    metadata: MetaData,
    table: Table,
    owner: StoredComponent | None,
    owner_key: str,
) -> StoredComponent:
    columns = stored_fields(component)
    stored = set(stored_keys(component))
    keys = tuple(key for key in component.keys if key in stored or (len(key) == 1 and columns.get(key[0]) == "row_id"))
    in_keys = {name for key in keys for name in key}
    references = []
    for name in columns:
        target = component.fields[name].references
        if target is not None:
            wanted, _, field_name = target.partition(".")
            place, column = field_place(definitions, wanted, field_name)
            found = metadata.tables[place]
            references.append(Reference(name, wanted, found, found.c[column]))
    return StoredComponent(
        component,
        table,
        owner,
        owner_key,
        columns,
        {name: _binder(component.fields[name], in_key=name in in_keys) for name in columns},
        keys,
        tuple(references),
        tuple(name for name in columns if component.fields[name].required),
    )


def _binder(one: Field, *, in_key: bool) -> Binder:
    """What makes the stored text of a value: numbers without needless zeros in front, dates in UTC."""
    if one.type == "number":
        return _key_number if in_key else _number
    if one.type == "date":
        return _date
    length = ID_LENGTH if one.column == "row_id" else one.length
    if one.type == "text" and not one.values and (length is None or length > 0):

        def text(value: str) -> str:
            # Printable text holds no character that can't be stored; the thorough check is for the rest.
            if value.isprintable() and (length is None or len(value) <= length):
                return value
            return checked(value)

    else:

        def text(value: str) -> str:
            return checked(value)

    def checked(value: str) -> str:
        fault = check_value(one, value)
        if fault is not None:
            raise ValueFault(fault)
        if length is not None and len(value) > length:
            raise ValueFault(f"expected at most {length} characters, found {len(value)}")
        return value

    return text


def _number(value: str) -> str:
    if value.isdecimal() and value.isascii() and len(value) < 15 and (value[0] != "0" or len(value) == 1):
        return value
    return write_number(read_number(value))


def _key_number(value: str) -> str:
    """A number by which a row is found: 1.0 and 1 are one key, so that it has one writing."""
    number = _number(value)
    return number.rstrip("0").rstrip(".") if "." in number else number


def _date(value: str) -> str:
    fault = check_value(_ANY_DATE, value)
    if fault is not None:
        raise ValueFault(fault)
    return in_utc(value)


_ANY_DATE = Field("", type="date")
