"""Integration objects: what a tree may hold, and what it means.

    IntegrationObject          "OM Order"; its root component is the instance's header
      Component                "Order" > "Line Item" > "Attribute", "Line Item" (a component may hold itself)
        Field                  "Quantity": type, length, column, ...

An internal object is read from YAML here; an external one from an XSD in `schemas.external_object`. Both are
these same three classes, so that maps can be proven against either. How a definition is written, and how a
deployment extends it, stands in docs/integration_objects.md.

Source: "Application integration services", figure 4B; spec: docs/design/integration.md, docs/design/data-model.md,
docs/design/road.md "Storage".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from integration_objects.component import (
    ActionAlias,
    Component,
    Definitions,
    Field,
    FieldType,
    IntegrationObject,
    element_name,
    snake_case,
)
from integration_objects.declaration import NAME_KNOWN, Node, Source, read, shipped
from integration_objects.definition_proof import HIDDEN_COLUMNS, prove
from integration_objects.nearest import nearest

__all__ = [
    "EXTENSION_PREFIX",
    "HIDDEN_COLUMNS",
    "ActionAlias",
    "Component",
    "Definitions",
    "Field",
    "FieldType",
    "IntegrationObject",
    "element_name",
    "prove",
    "read_definitions",
    "shipped_definitions",
    "snake_case",
]

#: What a deployment's own columns and tables begin with, so that a later release can't collide with them.
EXTENSION_PREFIX = "x_"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*")
_STORED_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LISTS = ("compared", "cleared", "not applied", "triggers", "old values")
_METHODS = ("complete statuses", "trigger field", "trigger value", "trigger condition", "action aliases")
_STORED = ("table", "parent column", "owner column", "json column")
_COMPONENT = ("nested", "keys", "fields", "children", *_LISTS, *_METHODS, "help")
_FIELD = (
    "type",
    "length",
    "required",
    "column",
    "stored",
    "null reads as",
    "values",
    "references",
    "hierarchy",
    "help",
)
_EXTENSION = ("components", "references")
_EXTENDED = ("fields", "children", *_LISTS, *_METHODS)


@functools.cache
def shipped_definitions() -> dict[str, IntegrationObject]:
    """The integration objects that come with the hub, by name."""
    return read_definitions(shipped("integration_objects"))


def read_definitions(sources: Sequence[Source], extensions: Sequence[Source] = ()) -> dict[str, IntegrationObject]:
    """Read integration objects, and prove them.

    Args:
        sources: the shipped declarations: integration objects, and components shared between them.
        extensions: a deployment's: each extends an object or a shared component, or is an object of its own.
            Their columns and tables begin with ``x_``.

    Returns:
        The objects by name.

    Raises:
        DeclarationFault: anything in the declarations that can't be, with its place.
    """
    reading = _Reading()
    for source in sources:
        reading.take(read(source), extension=False)
    for source in extensions:
        reading.take(read(source), extension=True)
    definitions = {name: reading.integration_object(name) for name in reading.objects}
    reading.prove_all_used(definitions)
    prove(definitions)
    return definitions


@dataclass(frozen=True)
class _Place:
    """Where a component is stored, and whether a deployment said so."""

    table: str
    parent_column: str | None
    owner_column: str | None
    json_column: str | None
    extension: bool
    where: str


class _Reading:
    """One reading of all declarations: first everything is taken in, then the objects are built."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[Node, bool]] = {}
        self.shared: dict[str, Node] = {}
        self.extended: dict[str, list[Node]] = {}
        self.used: set[int] = set()
        # The tables by which columns were named: each must be there.
        self.tables_named: dict[str, Node] = {}

    def take(self, node: Node, *, extension: bool) -> None:
        parts = node.mapping()
        if "integration object" in parts:
            name = _name(parts["integration object"])
            if name in self.objects:
                raise parts["integration object"].fault(
                    f"the integration object '{name}' is declared twice",
                    f"first in {self.objects[name][0].where}",
                    mend="give it another name" + (", or extend the first" if extension else ""),
                )
            self.objects[name] = (node, extension)
        elif "shared component" in parts and not extension:
            self.shared[_name(parts["shared component"])] = node
        elif "extends" in parts and extension:
            self.extended.setdefault(parts["extends"].text(), []).append(node)
        else:
            wanted = ("integration object", "extends" if extension else "shared component")
            raise node.fault(
                "this is no declaration of an integration object",
                f"expected the key '{wanted[0]}' or '{wanted[1]}'",
                mend=next(
                    (found for key in parts if (found := nearest(key, wanted))), f"begin it with '{wanted[0]}: ...'"
                ),
            )

    def integration_object(self, name: str) -> IntegrationObject:
        node, extension = self.objects[name]
        parts = node.mapping(
            required=["integration object", "component"],
            optional=["row of", "references", "table", *_COMPONENT],
        )
        row_of = _reference(parts["row of"]) if "row of" in parts else None
        place = self._place(node, None, extension=extension, nested=False)
        root = self._component(name, _name(parts["component"]), node, place, {}, "")
        help = parts["help"].text() if "help" in parts else ""
        result = IntegrationObject(name, root, row_of=row_of, help=help, where=node.where)
        checked = "references" not in parts or _flag(parts, "references")
        for extending in self.extended.get(name, ()):
            extra = extending.mapping(required=["extends"], optional=_EXTENSION)
            checked = _flag(extra, "references") if "references" in extra else checked
        for component in result.components() if not checked else ():
            for key, one in component.fields.items():
                component.fields[key] = replace(one, references=None)
        return result

    def prove_all_used(self, definitions: Definitions) -> None:
        """Refuse extensions of what isn't there, and columns of tables that aren't."""
        for target, nodes in self.extended.items():
            for node in nodes:
                parts = node.mapping(required=["extends"], optional=_EXTENSION)
                if target not in self.objects and target not in self.shared:
                    known = [*self.objects, *self.shared]
                    raise parts["extends"].fault(
                        f"there is no integration object or shared component '{target}'",
                        "known are " + ", ".join(known),
                        mend=nearest(target, known) or NAME_KNOWN,
                    )
                if target in self.shared and "references" in parts:
                    raise parts["references"].fault(
                        "only an integration object can switch references", mend="take 'references' away"
                    )
                for key, value in parts["components"].items() if "components" in parts else ():
                    if id(value) not in self.used:
                        raise key.fault(
                            f"'{target}' has no component '{key.text()}'",
                            mend="name one of its components, or take this one away",
                        )
        tables = {component.table for one in definitions.values() for component in one.components()}
        for table, node in self.tables_named.items():
            if table not in tables:
                raise node.fault(f"there is no table '{table}'", mend=nearest(table, tables) or NAME_KNOWN)

    def _component(
        self, target: str, name: str, node: Node, place: _Place, below: Mapping[str, Node], shared: str
    ) -> Component:
        """Build one component and all beneath it.

        Args:
            target: the integration object's name.
            name: the component's.
            node: its declaration.
            place: where it is stored.
            below: where the components beneath a shared one are stored in this object, by name.
            shared: the name of the shared component that this belongs to; "" for none.
        """
        parts = node.mapping()
        component = Component(
            name,
            table=place.table,
            parent_column=place.parent_column,
            owner_column=place.owner_column,
            json_column=place.json_column,
            where=node.where,
            stored_where=place.where,
        )
        self._fields(component, parts, extension=place.extension)
        if "keys" in parts:
            component.keys = tuple(
                tuple(_field_named(one, component, "keys") for one in key.sequence())
                for key in parts["keys"].sequence()
            )
        _put_settings(component, parts)
        self._children(target, component, parts, below, shared, extension=place.extension)
        for origin in dict.fromkeys((shared, target)):
            for extending in self.extended.get(origin, ()):
                self._extend(target, component, extending)
        if _flag(parts, "nested"):
            component.children[name] = component
        component.occurs = dict.fromkeys(component.children, (0, None))
        _derive(component)
        return component

    def _extend(self, target: str, component: Component, extending: Node) -> None:
        parts = extending.mapping(required=["extends"], optional=_EXTENSION)
        for key, node in parts["components"].items() if "components" in parts else ():
            if key.text() == component.name:
                self.used.add(id(node))
                extra = node.mapping(optional=_EXTENDED)
                self._fields(component, extra, extension=True)
                _put_settings(component, extra)
                self._children(target, component, extra, {}, "", extension=True)

    def _children(
        self,
        target: str,
        component: Component,
        parts: Mapping[str, Node],
        below: Mapping[str, Node],
        shared: str,
        *,
        extension: bool,
    ) -> None:
        names = []
        for entry in parts["children"].sequence() if "children" in parts else ():
            name, declaration, stored, beneath, part_of = self._child(entry, below, shared)
            if name in component.children or name == component.name:
                raise entry.fault(f"'{component.name}' has two components '{name}'", mend="rename one of the two")
            names.append(name)
            nested = _flag(declaration.mapping(), "nested")
            place = self._place(stored, component, extension=extension, nested=nested)
            component.children[name] = self._component(target, name, declaration, place, beneath, part_of)
        if component.name == shared:
            for name, stored in below.items():
                if name not in names:
                    raise stored.fault(f"'{shared}' has no component '{name}'", mend=nearest(name, names) or NAME_KNOWN)

    def _child(
        self, entry: Node, below: Mapping[str, Node], shared: str
    ) -> tuple[str, Node, Node, Mapping[str, Node], str]:
        """A child: name, declaration, where it is stored, where what is beneath it is, its shared name."""
        if "use" not in entry.mapping():
            parts = entry.mapping(required=["component"], optional=[*_STORED, *_COMPONENT])
            name = _name(parts["component"])
            stored = below.get(name, entry)
            if stored is not entry:
                stored.mapping(optional=_STORED)
            return name, entry, stored, below, shared
        parts = entry.mapping(required=["use"], optional=[*_STORED, "children"])
        name = parts["use"].text()
        if name not in self.shared:
            raise parts["use"].fault(
                f"there is no shared component '{name}'", mend=nearest(name, self.shared) or NAME_KNOWN
            )
        declaration = self.shared[name]
        declaration.mapping(required=["shared component"], optional=_COMPONENT)
        return name, declaration, entry, parts["children"].mapping() if "children" in parts else {}, name

    def _place(self, node: Node, above: Component | None, *, extension: bool, nested: bool) -> _Place:
        """Where a component is stored, as *node* says; *above* is None for a header."""
        parts = node.mapping()
        if "table" not in parts:
            for key in _STORED:
                if key in parts:
                    raise parts[key].fault(
                        f"a component without a table has no {key}", mend=f"name its table, or take the {key} away"
                    )
            return _Place("", None, None, None, extension, node.where)
        table = _stored_name(parts["table"], "table", prefixed=extension)
        if above is None:
            return _Place(table, None, None, None, extension, node.where)
        if above.json_column is not None:
            raise parts["table"].fault(
                f"'{table}' can't be stored beneath '{above.name}', which is kept as JSON",
                f"'{above.name}' has no rows of its own, only the column '{above.json_column}' of the row above it",
                mend=f"give '{above.name}' a table of its own, or take this table away",
            )
        owner, parent = snake_case(above.name) + "_id", "parent_id" if nested else None
        if "owner column" in parts:
            owner = _stored_name(parts["owner column"], "column", prefixed=False)
        if "parent column" in parts:
            if not nested:
                raise parts["parent column"].fault(
                    "only a nested component has a parent column", mend="say 'nested: yes', or take it away"
                )
            parent = _stored_name(parts["parent column"], "column", prefixed=False)
        if "json column" not in parts:
            return _Place(table, parent, owner, None, extension, node.where)
        column = _json_column(parts["json column"], above, extension=extension, nested=nested)
        return _Place(table, None, owner, column, extension, parts["json column"].where)

    def _fields(self, component: Component, parts: Mapping[str, Node], *, extension: bool) -> None:
        for key, node in parts["fields"].items() if "fields" in parts else ():
            name = _name(key)
            if name in component.fields:
                raise key.fault(
                    f"'{component.name}' has the field '{name}' already",
                    f"declared in {component.fields[name].where}",
                    mend="rename it, or take it away",
                )
            component.fields[name] = self._field(key, node, component.table, extension=extension)

    def _field(self, key: Node, node: Node, table: str, *, extension: bool) -> Field:
        name, parts = key.text(), node.mapping(optional=_FIELD)
        type: FieldType = "text"
        if "type" in parts:
            type = parts["type"].choice("text", "number", "date", "flag")  # type: ignore[assignment]
        length = parts["length"].whole() if "length" in parts else None
        if length is not None and (type != "text" or length < 1):
            raise parts["length"].fault(
                f"'{name}' can't have the length {length}",
                f"it is a {type}; only a text has a length, of 1 or more",
                mend="take the length away, or give one of 1 or more to a text",
            )
        if "references" in parts:
            _reference(parts["references"])
        return Field(
            name,
            type,
            length,
            required=_flag(parts, "required"),
            column=self._column(name, parts, table, extension=extension),
            null_reads_as=parts["null reads as"].text() if "null reads as" in parts else None,
            values=tuple(parts["values"].texts()) if "values" in parts else (),
            references=parts["references"].text() if "references" in parts else None,
            hierarchy=_flag(parts, "hierarchy"),
            help=parts["help"].text() if "help" in parts else "",
            where=key.where,
        )

    def _column(self, name: str, parts: Mapping[str, Node], table: str, *, extension: bool) -> str | None:
        """The field's column in *table*; columns of a deployment's own tables need no prefix."""
        if "stored" in parts and not _flag(parts, "stored"):
            return None
        node = parts.get("column")
        if node is not None and node.kind == "mapping":
            for key, _ in node.items():
                self.tables_named.setdefault(key.text(), key)
            node = node.mapping().get(table)
            if node is None:
                return None
        if not table:
            return None
        prefixed = extension and not table.startswith(EXTENSION_PREFIX)
        if node is None:
            return (EXTENSION_PREFIX if prefixed else "") + snake_case(name)
        column = _stored_name(node, "column", prefixed=prefixed)
        if column in HIDDEN_COLUMNS and (name, column) != ("Row Id", "row_id"):
            raise node.fault(f"the column '{column}' is the hub's own", mend="name another")
        return column


def _put_settings(component: Component, parts: Mapping[str, Node]) -> None:
    """Put the listed fields and the settings of the methods into *component*, behind what it has."""
    for key in _LISTS:
        attribute = snake_case(key)
        names: tuple[str, ...] = getattr(component, attribute)
        for entry in parts[key].sequence() if key in parts else ():
            name = _field_named(entry, component, key)
            if name in names:
                raise entry.fault(f"'{name}' stands under '{key}' twice", mend="take one of the two away")
            names = (*names, name)
        setattr(component, attribute, names)
    if "complete statuses" in parts:
        component.complete_statuses = tuple(parts["complete statuses"].texts())
    if "trigger field" in parts:
        component.trigger_field = _field_named(parts["trigger field"], component, "trigger field")
        component.trigger_where = parts["trigger field"].where
    for key in ("trigger value", "trigger condition"):
        if key in parts:
            setattr(component, snake_case(key), parts[key].text())
            component.trigger_where = parts[key].where
    for node in parts["action aliases"].sequence() if "action aliases" in parts else ():
        alias = node.mapping(required=["code", "alias"], optional=["condition"])
        condition = alias["condition"].text() if "condition" in alias else ""
        code = alias["code"].choice("Add", "Update", "Delete", "-")
        place = alias["condition"].where if "condition" in alias else ""
        component.aliases += (ActionAlias(code, alias["alias"].text(), condition, node.where, place),)


def _derive(component: Component) -> None:
    """Add the fields that aliases and old values are written to; they are neither stored nor applied."""
    derived = [Field("Action Alias", length=255, where=component.where)] if component.aliases else []
    for name in component.old_values:
        origin = component.fields[name]
        derived.append(Field("Old " + name, origin.type, origin.length, where=origin.where))
    for one in derived:
        component.fields.setdefault(one.name, one)
        if one.name not in component.not_applied:
            component.not_applied += (one.name,)


def _name(node: Node) -> str:
    name = node.text()
    if not _NAME.fullmatch(name):
        raise node.fault(
            f"'{name}' can't be a name",
            "expected words of letters, digits, _ and -, with one blank between them",
            mend="name it so, such as 'Order Number'",
        )
    return name


def _field_named(node: Node, component: Component, key: str) -> str:
    name = node.text()
    if name not in component.fields:
        raise node.fault(
            f"'{component.name}' has no field '{name}', which stands under '{key}'",
            mend=nearest(name, component.fields) or NAME_KNOWN,
        )
    return name


def _stored_name(node: Node, what: str, *, prefixed: bool) -> str:
    name = node.text()
    if not _STORED_NAME.fullmatch(name):
        raise node.fault(
            f"'{name}' can't be a {what}",
            "expected lower-case letters, digits and _",
            mend="name it so, such as order_number",
        )
    if prefixed and not name.startswith(EXTENSION_PREFIX):
        raise node.fault(
            f"the {what} '{name}' is a deployment's own, and is not named like one",
            f"expected '{EXTENSION_PREFIX}...'",
            mend=f"call it '{EXTENSION_PREFIX}{name}'",
        )
    return name


def _json_column(node: Node, above: Component, *, extension: bool, nested: bool) -> str:
    """The column of the row of *above* that keeps a component as JSON."""
    if nested:
        raise node.fault(
            "a nested component can't be kept as JSON",
            "its rows are found one by one, by their parent",
            mend="give it a table",
        )
    if not above.table:
        raise node.fault(
            f"'{above.name}' has no table that could have the column '{node.text()}'",
            "what is kept as JSON is kept in the row above it",
            mend="take the json column away, so that it has a table of its own",
        )
    column = _stored_name(node, "column", prefixed=extension and not above.table.startswith(EXTENSION_PREFIX))
    if column in HIDDEN_COLUMNS:
        raise node.fault(f"the column '{column}' is the hub's own", mend="name another")
    return column


def _reference(node: Node) -> tuple[str, str]:
    target, dot, name = node.text().partition(".")
    if not (target and dot and name):
        raise node.fault(
            f"'{node.text()}' is no reference",
            "expected 'Object.Field'",
            mend="write it so, such as Account.Account Id",
        )
    return target, name


def _flag(parts: Mapping[str, Node], key: str) -> bool:
    return key in parts and parts[key].flag()
