"""The place of integration objects in the tables, worked out once for each deployment.

    StoredObjects             all objects of a deployment
      StoredObject            "OM Order"
        header                StoredComponent: s_order; for OM Asset the account's row
        components            StoredComponent for each other table, owners first: s_order_item
          in_json             StoredComponent for the rows that a JSON column keeps: s_order_item_xa, which is a view
            Shape             a set of its columns, as an entry carries them

Spec: docs/design/road.md "Storage".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Table

from adapters.database.objects.faults import NotStored, ObjectNotDeclared
from adapters.database.objects.stored_values import Binder, binder_of
from adapters.database.schema.tables import (
    ID_LENGTH,
    UNIQUE_EVERYWHERE,
    VERSION_COLUMN,
    VERSION_FIELD,
    DeclaredTables,
    field_place,
    owned_components,
    owner_reference,
    stored_fields,
    stored_keys,
)
from integration_objects.definition import Component, Definitions, Field, IntegrationObject

#: The property of a node that says what `execute` does to the node.
OPERATION = "Operation"
#: Sets of fields that are kept for a component: a sender that leaves out other fields each time makes many.
_MOST_KEPT = 500

Key = tuple[str, ...]
Pick = Callable[[Any], tuple[Any, ...]]


def pick(places: Sequence[Any]) -> Pick:
    """Return the function that gives the values at these places of a row, or names of a dict, as a tuple."""
    if not places:
        return lambda row: ()
    if len(places) == 1:
        place = places[0]
        return lambda row: (row[place],)
    return itemgetter(*places)


#: Stands for the pick of a key that is the row's own identifier, which isn't among an entry's values.
ROW_ID: Pick = pick(("row_id",))


@dataclass(frozen=True)
class Reference:
    """A field whose values must be stored elsewhere: in *table*.*column*, the key of *object*."""

    field: str
    object: str
    table: Table
    column: Column[str]


@dataclass(frozen=True)
class CarriedFields:
    """A set of fields that nodes carry.

    Attributes:
        texts: picks the values of the fields that have a column, the row id's apart, from a node's properties.
        binders: their binders, in the same order.
        defaults: the stored texts that nulls become, in the same order; None for null itself.
        shape: their columns.
        row_id: the carried field whose column is the row id; None for none.
        undeclared: a carried field that the component doesn't have; None for none.
    """

    texts: Pick
    binders: tuple[Binder, ...]
    defaults: tuple[str | None, ...]
    shape: Shape
    row_id: str | None
    undeclared: str | None


@dataclass(eq=False)
class StoredComponent:
    """A component and its table.

    Attributes:
        table: where its rows are; the view that shows them, where a JSON column keeps them.
        owner: the component above of another kind; None for the header.
        owner_key: the column of the owner's table that the rows refer to.
        columns: the column of each stored field, by the field's name, in the definition's order.
        defaults: the stored text that a null in a column becomes, by the column.
        keys: the user keys whose fields are all stored, in the definition's order, Row Id among them.
        required: the fields without which no row is inserted.
        beneath: the stored components that its lists hold, by name; where its rows nest, itself among them.
    """

    definition: Component
    table: Table
    owner: StoredComponent | None
    owner_key: str
    columns: dict[str, str]
    binders: dict[str, Binder]
    keys: tuple[Key, ...]
    references: tuple[Reference, ...] = ()
    required: tuple[str, ...] = ()
    defaults: dict[str, str] = field(default_factory=dict)
    beneath: dict[str, StoredComponent] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The type of its nodes."""
        return self.definition.name

    @cached_property
    def json_column(self) -> str:
        """The column of the owner's table that keeps its rows; "" for a component with a table."""
        return self.definition.json_column or ""

    @cached_property
    def children(self) -> tuple[StoredComponent, ...]:
        """The components that it owns and that have a table."""
        return tuple(below for below in self.beneath.values() if below.owner is self and not below.json_column)

    @cached_property
    def in_json(self) -> tuple[StoredComponent, ...]:
        """The components beneath that its rows keep as JSON."""
        return tuple(below for below in self.beneath.values() if below.json_column)

    @cached_property
    def json_columns(self) -> tuple[str, ...]:
        """The columns of its own table that keep rows of the components beneath."""
        return tuple(below.json_column for below in self.in_json)

    @cached_property
    def owner_column(self) -> Column[str]:
        """The column with the owner's key. A header has none, and isn't asked for it."""
        return self.table.c[str(self.definition.owner_column)]

    @cached_property
    def parent_column(self) -> Column[str] | None:
        """The column with the row above of the same kind; None where the rows don't nest."""
        name = self.definition.parent_column
        return None if name is None else self.table.c[name]

    @cached_property
    def has_root(self) -> bool:
        """Whether its rows name the root item that they are beneath."""
        return "root_id" in self.table.c

    @cached_property
    def has_row_id(self) -> bool:
        """Whether the row id is the column of a field."""
        return "row_id" in self.columns.values()

    @cached_property
    def hierarchy(self) -> str | None:
        """The field that names the instance of the same object above; None for none."""
        fields = self.definition.fields.values()
        return next((known.name for known in fields if known.hierarchy and known.name in self.columns), None)

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of each column's field, and of each component that a column keeps as JSON."""
        kept = {below.json_column: below.name for below in self.in_json}
        return {column: name for name, column in self.columns.items()} | kept

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The columns that are the hub's own: row id and version; or row id, owner, position, parent, root."""
        if self.owner is None:
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
        """The place of each column in a row as it is read."""
        return {column: place for place, column in enumerate(self.layout)}

    @cached_property
    def parent_place(self) -> int | None:
        """The place in a row of the row above of the same kind; None where the rows don't nest."""
        return None if self.parent_column is None else self.place[self.parent_column.name]

    def key_columns(self, key: Key) -> list[Column[str]]:
        """Return the columns of a key's fields."""
        return [self.table.c[self.columns[name]] for name in key]

    def key_in_row(self, key: Key) -> Pick:
        """Return the function that picks the values of a key from a row as it is read."""
        return pick([self.place[self.columns[name]] for name in key])

    def is_scoped(self, key: Key) -> bool:
        """Say whether the key is unique only within an owner, and not in the whole table."""
        if self.json_column:
            return True
        if self.owner is None or self.table.name in UNIQUE_EVERYWHERE:
            return False
        return [self.columns[name] for name in key] != ["row_id"]

    @cached_property
    def shape(self) -> Callable[[tuple[str, ...]], Shape]:
        """The function that gives the shape of entries with these columns; it keeps the shapes."""
        return lru_cache(_MOST_KEPT)(partial(Shape, self))

    @cached_property
    def carried_fields(self) -> Callable[[tuple[str, ...], str | None], CarriedFields]:
        """The function that sorts the fields of a node, or only one of them; it keeps the answers."""
        return lru_cache(_MOST_KEPT)(self._carried_fields)

    def _carried_fields(self, names: tuple[str, ...], only: str | None) -> CarriedFields:
        stored = [name for name in names if name in self.columns and only in (None, name)]
        row_id = next((name for name in stored if self.columns[name] == "row_id"), None)
        carried = [name for name in stored if name != row_id]
        undeclared = next((name for name in names if not self.declares(name)), None)
        columns = tuple(self.columns[name] for name in carried)
        binders = tuple(self.binders[name] for name in carried)
        defaults = tuple(self.defaults.get(column) for column in columns)
        return CarriedFields(pick(carried), binders, defaults, self.shape(columns), row_id, undeclared)

    def declares(self, name: str) -> bool:
        """Say whether its nodes may carry this property: a field, the operation, or a header's version."""
        is_version = name == VERSION_FIELD and self.owner is None
        return name in self.columns or name in self.definition.fields or name == OPERATION or is_version


class Shape:
    """The columns that an entry carries, in their order; entries with the same columns share a shape.

    Attributes:
        columns: without the row id.
        place: the place of each column among them.
        in_row: picks the values of these columns from a row as it is read.
        keys: for each of the component's keys the function that picks it from an entry's values; None where the entry
            can't have the key; `ROW_ID` where the key is the row's own identifier.
        required: the required fields with their places; None for one that isn't carried.
        longer: the shapes with one more column, by this column.
    """

    __slots__ = ("columns", "in_row", "keys", "longer", "place", "required")

    def __init__(self, component: StoredComponent, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.place = {column: place for place, column in enumerate(columns)}
        self.in_row = pick([component.place[column] for column in columns])
        self.keys: dict[Key, Pick | None] = {}
        for key in component.keys:
            columns_of_key = [component.columns[name] for name in key]
            if columns_of_key == ["row_id"]:
                self.keys[key] = ROW_ID
            elif all(column in self.place for column in columns_of_key):
                self.keys[key] = pick([self.place[column] for column in columns_of_key])
            else:
                self.keys[key] = None
        self.longer: dict[str, Shape] = {}
        self.required = tuple((name, self.place.get(component.columns[name])) for name in component.required)


@dataclass(eq=False)
class StoredObject:
    """An integration object and its tables.

    Attributes:
        header: its header's table; for an object that is another's row (OM Asset), the table of that row.
        components: the others that have a table, owners before the components that they own.
    """

    definition: IntegrationObject
    header: StoredComponent
    components: list[StoredComponent]

    @property
    def name(self) -> str:
        """The integration object's name."""
        return self.definition.name

    @property
    def is_borrowed(self) -> bool:
        """Whether the header is another object's row, which this object neither makes nor deletes."""
        return self.definition.row_of is not None

    @property
    def row_id_key(self) -> str | None:
        """The column whose value becomes a new header's row id, such as an account's key; None for a new identifier."""
        header = self.header
        if header.has_row_id or not header.keys or len(header.keys[0]) != 1:
            return None
        # The value must fit into every column that refers to the row.
        key = header.definition.fields.get(header.keys[0][0])
        fits = key is not None and key.type == "text" and key.required and (key.length or ID_LENGTH + 1) <= ID_LENGTH
        return header.columns[header.keys[0][0]] if fits else None


class StoredObjects:
    """The integration objects of a deployment in its tables.

    Each object is worked out when it is first asked for.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._tables = DeclaredTables(definitions)
        self._known: dict[str | None, StoredObject] = {}

    def of(self, name: str | None) -> StoredObject:
        """Return the integration object *name* as it lies in the tables.

        Raises:
            ObjectNotDeclared: no object has this name.
            NotStored: the object has no tables.
        """
        known = self._known.get(name)
        if known is None:
            definition = self._definitions.get(name or "")
            if definition is None:
                raise ObjectNotDeclared(name or "", self._definitions)
            known = self._known[name] = self._stored(definition)
        return known

    def _stored(self, definition: IntegrationObject) -> StoredObject:
        # By identity: a definition's components have no names of their own, and may hold themselves.
        stored: dict[int, StoredComponent] = {}
        for component, owner in owned_components(definition):
            if component is definition.root:
                stored[id(component)] = self._header(definition)
            elif component.table and owner is not None and id(owner) in stored:
                owner_key = owner_reference(self._definitions, definition, owner)[1]
                stored[id(component)] = self._component(component, stored[id(owner)], owner_key)
        for above in stored.values():
            for name, child in above.definition.children.items():
                if id(child) in stored:
                    above.beneath[name] = stored[id(child)]
        header, *components = [component for component in stored.values() if not component.json_column]
        return StoredObject(definition, header, components)

    def _header(self, definition: IntegrationObject) -> StoredComponent:
        root = definition.root
        if definition.row_of is not None:
            table, column = field_place(self._definitions, *definition.row_of)
            name = definition.row_of[1]
            binder = binder_of(root.fields.get(name, Field(name)), in_key=True)
            return StoredComponent(root, self._tables[table], None, "", {name: column}, {name: binder}, ((name,),))
        if not root.table:
            raise NotStored(object=definition.name, where=root.where or definition.where)
        return self._component(root, None, "")

    def _component(self, component: Component, owner: StoredComponent | None, owner_key: str) -> StoredComponent:
        columns = stored_fields(component)
        stored = set(stored_keys(component))
        keys = tuple(
            key for key in component.keys if key in stored or (len(key) == 1 and columns.get(key[0]) == "row_id")
        )
        in_keys = {name for key in keys for name in key}
        binders = {name: binder_of(component.fields[name], in_key=name in in_keys) for name in columns}
        defaults = {name: component.fields[name].default for name in columns}
        return StoredComponent(
            component,
            self._tables[component.table],
            owner,
            owner_key,
            columns,
            binders,
            keys,
            tuple(self._references(component, list(columns))),
            tuple(name for name in columns if component.fields[name].required),
            {columns[name]: binders[name](text) for name, text in defaults.items() if text is not None},
        )

    def _references(self, component: Component, names: Sequence[str]) -> list[Reference]:
        references = []
        for name in names:
            target = component.fields[name].references
            if target is not None:
                object_name, _, key = target.partition(".")
                table_name, column = field_place(self._definitions, object_name, key)
                table = self._tables[table_name]
                references.append(Reference(name, object_name, table, table.c[column]))
        return references
