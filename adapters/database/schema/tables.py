"""The tables, derived from the integration objects' definitions, and the hub's own.

Each stored component is a table of this form:

    row_id                              primary key, made by the hub
    <owner column>                      items: their header's row; attributes: their item's
    <parent column>                     nested items: the item above; null for a root
    position, root_id                   the order among siblings; the root item's row
    <a column for each stored field>
    <a JSON column>                     for each component beneath that is kept as JSON (`json_views`)
    modification_num                    headers: the version, 1 at first, one more with each change
    created, created_by, last_upd, last_upd_by

User keys are unique: a header's in its table, an item's or attribute's within its owner; rows that don't nest are
found by such a key's index, others by one on owner and position. Every constraint has a name, because Alembic's
batch mode drops those without one.

Spec: docs/design/road.md "Storage"; docs/design/data-model.md "Rules"; docs/design/guarantees.md "SQLite", "Alembic".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from adapters.database.connection.column_types import Exact, JsonText, json_check, plain_text
from adapters.database.connection.statements import plain_name, plain_number
from adapters.database.schema.hub_tables import hub_tables
from adapters.database.schema.json_views import AUDIT, JsonView, views_of
from integration_objects.definition import (
    EXTENSION_PREFIX,
    Component,
    Definitions,
    Field,
    IntegrationObject,
)

#: Characters of the hub's identifiers, and of a time in UTC.
ID_LENGTH, TIME_LENGTH = 64, 32
#: Characters of a user's name.
USER_LENGTH = 255
#: Tables whose keys are unique in the whole table: a sender's number leads to one account, and a service item's
#: Integration Id is "unique across all accounts and all time" (tables 1, 3 and 8 of the source).
UNIQUE_EVERYWHERE = frozenset(("s_account_key", "s_asset"))
#: Columns of such keys that a unique index guards, beside the constraint within an owner that the table began with:
#: SQLite changes no constraint of a table, and makes no table anew to which other tables refer.
_UNIQUE_INDEXES = {"s_asset": (("integration_id",),)}
#: A header's version: the field is no column's, because only the store writes it, and only a query that asks
#: for it reads it.
VERSION_FIELD, VERSION_COLUMN = "Modification Number", "modification_num"
#: Columns that are searched, and are no key and no reference.
_LOOKED_FOR = {
    "s_account": (("parent_account_id",),),
    "s_callback_request": (("status",), ("order_number",)),
    "s_help_topic": (("page",),),
    "s_inventory_request": (("status",), ("order_number",)),
    "s_order": (("quote_id",),),
    "s_order_activity": (("order_number",), ("message_id",)),
    "s_order_item": (("asset_integ_id",),),
    "s_order_approval": (("order_number",), ("state",)),
    "s_service_profile_history": (("integration_id",), ("order_number",)),
    "s_trouble_ticket": (("status",), ("order_number",)),
    "s_work_order": (("order_number",), ("source_system", "source_order_number"), ("account_id",)),
}
#: Columns of service ids, telephone numbers and accounts' numbers elsewhere: looked for without blanks and signs.
NUMBERS = {
    "s_account": "phone_number",
    "s_account_key": "number",
    "s_asset": "serial_num",
    "s_contact": "phone_number",
    "s_meter": "serial_number",
    "s_order_item": "service_num",
    "s_service_point": "service_id",
}
#: Columns of names and streets, which are looked for in small letters.
NAMES = {"s_account": "name", "s_address": "street", "s_contact": "last_name"}
#: PostgreSQL cuts longer names.
#: It does so silently, and two long names with one beginning would clash.
_MOST_NAME = 63
#: the definitions that `tables_of` was asked for last, with their tables
_made_last: tuple[Definitions, MetaData] | None = None


class DeclaredTables:
    """The tables and views of the stored components of *definitions*; each is made when it is first asked for.

    A command touches a few of them, and making all takes longer than its work. Constraints and indexes are only there
    once `complete` has added them: the database keeps them, and no statement on rows needs them.

    Attributes:
        metadata: the tables that have been made; `views_of` has the views.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.metadata = MetaData()
        self._stored = {
            component.table: (definitions[name], component, owner)
            for name in sorted(definitions)
            for component, owner in owned_components(definitions[name])
            if component.table
        }

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all tables and views."""
        return iter(self._stored)

    def __getitem__(self, name: str) -> Table:
        """Return a table, or a view as a table."""
        _, component, owner = self._stored[name]
        if owner is not None and component.json_column is not None:
            views = views_of(self.metadata)
            if name not in views:
                views[name] = _view(component, owner, self[owner.table])
            return views[name].table
        if name not in self.metadata.tables:
            _table(self.metadata, component, owner)
        return self.metadata.tables[name]

    def complete(self, names: Iterable[str]) -> MetaData:
        """Make the tables and views of these names, with all constraints and indexes; return the metadata."""
        for name in names:
            _ = self[name]
        for name, table in self.metadata.tables.items():
            _add_rules(table, self._definitions, *self._stored[name])
        return self.metadata

    def is_extended(self, name: str) -> bool:
        """Tell whether a deployment added the table or view, or columns to it."""
        _, component, _ = self._stored[name]
        columns = [field.column for field in component.fields.values()]
        columns += [child.json_column for child in component.children.values()]
        names = [name, component.owner_column, component.parent_column, *columns]
        return any(name is not None and name.startswith(EXTENSION_PREFIX) for name in names)


def tables_of(definitions: Definitions) -> MetaData:
    """Return the tables of all stored components of *definitions*, and the hub's own; `views_of` has the views.

    The tables are made once for the definitions that were asked for last. They are the same object each time, and must
    not be changed.
    """
    global _made_last
    last = _made_last
    if last is None or last[0] is not definitions:
        tables = DeclaredTables(definitions)
        metadata = tables.complete(tables)
        hub_tables(metadata)
        last = _made_last = (definitions, metadata)
    return last[1]


def extension_tables(definitions: Definitions) -> MetaData:
    """Return the tables and views that a deployment added or added columns to, and the tables of such views."""
    tables = DeclaredTables(definitions)
    return tables.complete([name for name in tables if tables.is_extended(name)])


def owned_components(definition: IntegrationObject) -> Iterator[tuple[Component, Component | None]]:
    """Give every component once, with the component above it that isn't its own kind; None for the header."""
    seen = {id(definition.root)}
    found: list[tuple[Component, Component | None]] = [(definition.root, None)]
    # The list grows while it is walked: components may hold components of their own kind.
    for component, owner in found:
        yield component, owner
        for child in component.children.values():
            if id(child) not in seen:
                seen.add(id(child))
                found.append((child, component))


def owner_reference(definitions: Definitions, definition: IntegrationObject, owner: Component) -> tuple[str, str]:
    """Return the table and column that an owner column refers to: for a borrowed header, the key of its row."""
    if definition.row_of is not None and owner is definition.root:
        return field_place(definitions, *definition.row_of)
    return owner.table, "row_id"


def field_place(definitions: Definitions, name: str, field_name: str) -> tuple[str, str]:
    """Return the table and column of a header's field."""
    root = definitions[name].root
    column = root.fields[field_name].column
    assert column is not None  # noqa: S101  # proven when the definitions were read
    return root.table, column


def stored_fields(component: Component) -> dict[str, str]:
    """Return the columns of the component's stored fields, by the fields' names."""
    return {field.name: field.column for field in component.fields.values() if field.column is not None}


def stored_keys(component: Component) -> list[tuple[str, ...]]:
    """Return the component's keys whose fields are all stored, without the row's own identifier."""
    columns = stored_fields(component)
    return [
        key
        for key in component.keys
        if all(name in columns for name in key) and [columns[name] for name in key] != ["row_id"]
    ]


def _table(metadata: MetaData, component: Component, owner: Component | None) -> None:
    """Add the table of a component, without its rules. Changes *metadata*."""
    name = component.table
    columns: list[Column[str]] = [Column("row_id", plain_text(ID_LENGTH), nullable=False)]
    if owner is not None and component.owner_column is not None:
        columns.append(Column(component.owner_column, plain_text(ID_LENGTH), nullable=False))
    if component.parent_column is not None:
        columns.append(Column(component.parent_column, plain_text(ID_LENGTH)))
    hidden: list[Column[int] | Column[str]] = []
    if owner is None:
        hidden.append(Column(VERSION_COLUMN, Integer, nullable=False))
    else:
        hidden.append(Column("position", BigInteger, nullable=False))
        if component.parent_column is not None or owner.parent_column is not None:
            hidden.append(Column("root_id", plain_text(ID_LENGTH), nullable=False))
    columns += [_field_column(name, str(field.column), field) for field in _own_fields(component)]
    columns += [Column(column, JsonText()) for column in _json_columns(component)]
    hidden.extend(_audit())
    Table(name, metadata, *columns, *hidden, PrimaryKeyConstraint("row_id", name=constraint_name("pk", name)))


def _add_rules(
    table: Table,
    definitions: Definitions,
    definition: IntegrationObject,
    component: Component,
    owner: Component | None,
) -> None:
    """Add the constraints and the indexes of a component's table. Changes *table*."""
    name = table.name
    constraints: list[ForeignKeyConstraint | UniqueConstraint | CheckConstraint] = []
    indexes: list[tuple[str, ...]] = []
    if owner is not None and component.owner_column is not None:
        target, column = owner_reference(definitions, definition, owner)
        constraints.append(_reference(name, component.owner_column, target, column))
        # A unique key that begins with the owner is such an index already.
        if component.parent_column is not None or not _has_key_by_owner(component, owner):
            indexes.append((component.owner_column, "position"))
    if component.parent_column is not None:
        constraints.append(_reference(name, component.parent_column, name, "row_id"))
        indexes.append((component.parent_column,))
        if owner is not None:
            indexes.append(("root_id",))
    for field in _own_fields(component):
        constraints.extend(_field_checks(name, field))
        if field.references is not None:
            target, column = field_place(definitions, *_reference_parts(field.references))
            constraints.append(_reference(name, str(field.column), target, column))
            indexes.append((str(field.column),))
    constraints += [json_check(constraint_name("ck", name, column), column) for column in _json_columns(component)]
    for constraint in (*constraints, *_unique_keys(component, owner)):
        table.append_constraint(constraint)
    _add_indexes(table, indexes)


def _add_indexes(table: Table, indexes: Iterable[tuple[str, ...]]) -> None:
    """Add the *indexes* of a table's structure, and those for what is looked for in it. Changes *table*."""
    name = table.name
    unique = _UNIQUE_INDEXES.get(name, ())
    for index in (*indexes, *_LOOKED_FOR.get(name, ()), *unique):
        columns_of = [table.c[column] for column in index]
        Index(constraint_name("ix", name, *index), *columns_of, unique=index in unique)
    if name in NUMBERS:
        Index(constraint_name("ix", name, NUMBERS[name]), plain_number(table.c[NUMBERS[name]]))
    if name in NAMES:
        Index(constraint_name("ix", name, NAMES[name]), plain_name(table.c[NAMES[name]]))


def _own_fields(component: Component) -> list[Field]:
    """Return the fields with columns of their own, without the row's identifier, which every table has."""
    return [field for field in component.fields.values() if field.column not in (None, "row_id")]


def _json_columns(component: Component) -> list[str]:
    """Return the columns that keep components beneath as JSON."""
    return [child.json_column for child in component.children.values() if child.json_column is not None]


def _field_column(table: str, name: str, field: Field) -> Column[str]:
    # A column that is added to a table with rows can be NOT NULL only by a default: those rows have no other value.
    is_added = name.startswith(EXTENSION_PREFIX) and not table.startswith(EXTENSION_PREFIX)
    is_required = field.default is not None or (field.required and not is_added)
    return Column(name, column_type(field), nullable=not is_required, server_default=field.default)


def _view(component: Component, owner: Component, owner_table: Table) -> JsonView:
    """Make the view that shows the JSON of *owner*'s rows as a table."""
    assert component.json_column is not None  # noqa: S101  # asked by the caller
    assert component.owner_column is not None  # noqa: S101  # what is kept as JSON has an owner
    fields = [field for field in component.fields.values() if field.column is not None]
    columns = [Column("row_id", plain_text(None)), Column(component.owner_column, plain_text(ID_LENGTH))]
    added = [field for field in fields if str(field.column).startswith(EXTENSION_PREFIX)]
    for field in fields:
        if field.column != "row_id" and field not in added:
            columns.append(Column(field.column, column_type(field)))
    hidden: list[Column[int] | Column[str]] = [Column("position", BigInteger)]
    if owner.parent_column is not None:
        hidden.append(Column("root_id", plain_text(ID_LENGTH)))
    # Last, since PostgreSQL replaces a view only by one with its columns in place and further ones behind.
    extras = [Column(field.column, column_type(field)) for field in added]
    # Not in the tables' metadata: code that creates, empties or compares tables must not meet a view.
    table = Table(component.table, MetaData(), *columns, *hidden, *_audit(), *extras)
    return JsonView(
        table,
        owner_table,
        component.json_column,
        component.owner_column,
        tuple(str(field.column) for field in fields),
    )


def _audit() -> Iterator[Column[str]]:
    for name in AUDIT:
        yield Column(name, plain_text(USER_LENGTH if name.endswith("_by") else TIME_LENGTH), nullable=False)


def _has_key_by_owner(component: Component, owner: Component) -> bool:
    """Return whether a unique key begins with the owner's column: its index then finds the owner's rows."""
    return component.table not in UNIQUE_EVERYWHERE and any(True for _ in _unique_keys(component, owner))


def _unique_keys(component: Component, owner: Component | None) -> Iterator[UniqueConstraint]:
    scope: tuple[str, ...] = ()
    widened = UNIQUE_EVERYWHERE - _UNIQUE_INDEXES.keys()
    if owner is not None and component.owner_column is not None and component.table not in widened:
        scope = (component.owner_column,)
    fields = stored_fields(component)
    for key in stored_keys(component):
        columns = [fields[name] for name in key]
        # An extension column of an existing table gets no unique constraint: its rows may hold duplicates.
        if component.table.startswith(EXTENSION_PREFIX) or not any(
            column.startswith(EXTENSION_PREFIX) for column in columns
        ):
            yield UniqueConstraint(*scope, *columns, name=constraint_name("uq", component.table, *columns))


def column_type(field: Field) -> TypeEngine[str]:
    """Return the type of a field's column."""
    return Exact() if field.type == "number" else plain_text(_length(field))


def _length(field: Field) -> int | None:
    return {"date": TIME_LENGTH, "flag": 1}.get(field.type, field.length)


def _field_checks(table: str, field: Field) -> Iterator[CheckConstraint]:
    column, length = str(field.column), _length(field)
    if field.type == "flag":
        yield CheckConstraint(f"{column} IN ('Y', 'N')", name=constraint_name("ck", table, column))
    elif field.type != "number" and length is not None:
        yield CheckConstraint(f"length({column}) <= {length}", name=constraint_name("ck", table, f"{column}_length"))


def _reference(table: str, column: str, target: str, target_column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [f"{target}.{target_column}"], name=constraint_name("fk", table, column))


def _reference_parts(text: str) -> tuple[str, str]:
    name, _, field_name = text.partition(".")
    return name, field_name


def constraint_name(kind: str, table: str, *columns: str) -> str:
    """Return a constraint's name; a name that PostgreSQL would cut ends with a digest instead."""
    name = "_".join((kind, table, *columns))
    if len(name) <= _MOST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _MOST_NAME - 9]}_{digest}"
