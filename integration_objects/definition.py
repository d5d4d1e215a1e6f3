"""Integration objects read from YAML, and the names by which everybody else finds them.

An internal object is read from YAML here; an external object from an XSD in `schemas.external_object`. Both are made
of the same three classes, so that maps can be proven against either. How a definition is written, and how a
deployment extends it, stands in docs/integration_objects.md.

Source: "Application integration services", figure 4B; spec: docs/design/integration.md, docs/design/data-model.md,
docs/design/road.md "Storage".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from integration_objects.declaration import NAME_KNOWN, Node, Parts, Source, read, shipped
from integration_objects.definition_proof import HIDDEN_COLUMNS, prove
from integration_objects.field_values import check_value
from integration_objects.names import ACTION_CODES
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

#: A deployment's own columns and tables begin with this, so that a later release can't collide with them.
EXTENSION_PREFIX = "x_"

# No point, slash or square bracket: references and the paths of maps cut names there.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*")
# At most 63 characters: PostgreSQL cuts a longer name without an error, and two names could become one.
_STORED_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_REFERENCE = re.compile(r"[^.]+\..+", re.DOTALL)
#: The keys of a declaration, part by part.
FIELD_LIST_KEYS = ("compared", "cleared", "not applied", "triggers", "old values")
METHOD_KEYS = ("complete statuses", "trigger field", "trigger value", "trigger condition", "action aliases")
STORED_KEYS = ("table", "parent column", "owner column", "json column")
COMPONENT_KEYS = ("nested", "keys", "fields", "children", *FIELD_LIST_KEYS, *METHOD_KEYS, "help")
FIELD_KEYS = (
    *("type", "length", "required", "column", "stored", "default", "null reads as", "values", "references"),
    *("hierarchy", "help"),
)
OBJECT_KEYS = ("row of", "references", "table", *COMPONENT_KEYS)
ALIAS_KEYS = ("code", "alias")
EXTENSION_KEYS = ("components", "references")
EXTENDED_KEYS = ("fields", "children", *FIELD_LIST_KEYS, *METHOD_KEYS)


@functools.cache
def shipped_definitions() -> dict[str, IntegrationObject]:
    """Return the integration objects that come with the hub, by name."""
    return read_definitions(shipped("integration_objects"))


def read_definitions(sources: Sequence[Source], extensions: Sequence[Source] = ()) -> dict[str, IntegrationObject]:
    """Read integration objects, and prove them.

    Args:
        sources: the shipped declarations: integration objects, and components shared between them.
        extensions: a deployment's declarations: each extends an object or a shared component, or is an object of its
            own. Their columns and tables begin with ``x_``.

    Returns:
        The objects by name.

    Raises:
        DeclarationFault: a declaration is wrong; with its place.
    """
    reader = _DefinitionReader()
    for source in sources:
        reader.take(read(source), extension=False)
    for source in extensions:
        reader.take(read(source), extension=True)
    definitions = {name: reader.integration_object(name) for name in reader.objects}
    reader.prove_all_used(definitions)
    prove(definitions)
    return definitions


@dataclass(frozen=True)
class _Context:
    """The surroundings of a component's declaration.

    Attributes:
        target: the name of the integration object.
        extension: whether a deployment declares the component.
        shared: the name of the shared component that the component belongs to; "" for none.
        below: the nodes with the places of the components beneath the shared one in this object's tables, by name.
    """

    target: str
    extension: bool
    shared: str = ""
    below: Mapping[str, Node] = field(default_factory=dict)


class _DefinitionReader:
    """Takes all declarations in, then builds the objects: an extension may be read before the object it extends."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[Node, bool]] = {}
        self.shared: dict[str, Node] = {}
        self.extensions: dict[str, list[Parts]] = {}
        # The declared extensions of components that a component was built from, by identity.
        self.used: set[int] = set()
        # The tables for which a field names a column.
        self.tables_named: dict[str, Node] = {}

    def take(self, node: Node, *, extension: bool) -> None:
        parts = node.mapping()
        if "integration object" in parts:
            name = _name(parts["integration object"])
            if name in self.objects:
                first, is_own = self.objects[name]
                if extension and not is_own:
                    what = f"the hub ships an integration object '{name}'"
                    mend = f"write 'extends: {name}' to add to it, or give this one another name"
                    raise parts["integration object"].fault(what, mend=mend)
                raise parts["integration object"].twice("integration object", first.where)
            self.objects[name] = (node, extension)
        elif "shared component" in parts and not extension:
            self.shared[_name(parts["shared component"])] = node
        elif "extends" in parts and extension:
            extending = node.mapping(required=["extends"], optional=EXTENSION_KEYS)
            self.extensions.setdefault(parts["extends"].text(), []).append(extending)
        else:
            wanted = ("integration object", "extends" if extension else "shared component")
            mends = [mend for key in parts if (mend := nearest(key, wanted))]
            raise node.fault(
                "this is no declaration of an integration object",
                f"expected the key '{wanted[0]}' or '{wanted[1]}'",
                mend=mends[0] if mends else f"begin it with '{wanted[0]}: ...'",
            )

    def integration_object(self, name: str) -> IntegrationObject:
        node, extension = self.objects[name]
        parts = node.mapping(
            required=["integration object", "component"],
            optional=OBJECT_KEYS,
        )
        row_of = _reference(parts["row of"]) if "row of" in parts else None
        root = Component(_name(parts["component"]))
        # The place comes first, because the names of columns depend on the table.
        self._store(root, node, None, extension=extension, nested=False)
        self._build(root, node, _Context(name, extension))
        result = IntegrationObject(name, root, row_of=row_of, help=parts.text("help", ""), where=node.where)
        # The deployment's files come behind the shipped one, in the order of their names. The last one decides.
        switches = [keys for keys in (parts, *self.extensions.get(name, ())) if "references" in keys]
        if switches and not switches[-1].flag("references"):
            for component in result.components():
                for name, declared in component.fields.items():
                    component.fields[name] = replace(declared, references=None)
        return result

    def prove_all_used(self, definitions: Definitions) -> None:
        """Refuse extensions of objects and components that aren't there, and columns of unknown tables."""
        for target, extensions in self.extensions.items():
            for parts in extensions:
                if target not in self.objects and target not in self.shared:
                    known = [*self.objects, *self.shared]
                    raise parts["extends"].unknown(
                        "integration object or shared component", known, otherwise=NAME_KNOWN
                    )
                if target in self.shared and "references" in parts:
                    raise parts["references"].fault(
                        "only an integration object can switch references", mend="take 'references' away"
                    )
                for key, value in parts.entries("components"):
                    if id(value) not in self.used:
                        raise key.fault(
                            f"'{target}' has no component '{key.text()}'",
                            mend=nearest(key.text(), _components_of(target, definitions)) or NAME_KNOWN,
                        )
        tables = {component.table for definition in definitions.values() for component in definition.components()}
        for table, node in self.tables_named.items():
            if table not in tables:
                raise node.fault(f"there is no table '{table}'", mend=nearest(table, tables) or NAME_KNOWN)

    def _build(self, component: Component, node: Node, context: _Context) -> None:
        """Fill a component, which has its name and its table, from *node*, and build all components beneath it."""
        parts = node.mapping()
        component.where = node.where
        # Before the keys and the settings, which name fields.
        self._fields(component, parts, extension=context.extension)
        component.keys = tuple(
            tuple(_field_named(entry, component, "keys") for entry in key.sequence()) for key in parts.sequence("keys")
        )
        _put_settings(component, parts)
        self._children(component, parts, context)
        # Extensions of the shared component go first, so that they stand in one order in all objects that use it.
        for extended in dict.fromkeys((context.shared, context.target)):
            for extending in self.extensions.get(extended, ()):
                for key, extra in extending.entries("components"):
                    if key.text() == component.name:
                        self._extend(component, extra, _Context(context.target, extension=True))
        if parts.flag("nested"):
            component.children[component.name] = component
        # A map or a message may leave every internal component out, so nothing has a least number.
        component.occurs = dict.fromkeys(component.children, (0, None))
        _derive(component)

    def _extend(self, component: Component, node: Node, context: _Context) -> None:
        self.used.add(id(node))
        parts = node.mapping(optional=EXTENDED_KEYS)
        self._fields(component, parts, extension=True)
        _put_settings(component, parts)
        self._children(component, parts, context)

    def _children(self, component: Component, parts: Parts, context: _Context) -> None:
        names = []
        for entry in parts.sequence("children"):
            name, declaration, stored, child_context = self._child(entry, context)
            if name in component.children or name == component.name:
                raise entry.fault(f"'{component.name}' has two components '{name}'", mend="rename one of the two")
            names.append(name)
            child = component.children[name] = Component(name)
            nested = declaration.mapping().flag("nested")
            self._store(child, stored, component, extension=context.extension, nested=nested)
            self._build(child, declaration, child_context)
        for name, stored in context.below.items() if component.name == context.shared else ():
            if name not in names:
                what = f"'{component.name}' has no component '{name}'"
                raise stored.fault(what, mend=nearest(name, names) or NAME_KNOWN)

    def _child(self, entry: Node, context: _Context) -> tuple[str, Node, Node, _Context]:
        """Return a child's name, its declaration, the node with its place in the database, and its context."""
        if "use" not in entry.mapping():
            parts = entry.mapping(required=["component"], optional=[*STORED_KEYS, *COMPONENT_KEYS])
            name = _name(parts["component"])
            stored = context.below.get(name, entry)
            if stored is not entry:
                stored.mapping(optional=STORED_KEYS)
            return name, entry, stored, context
        used = entry.mapping()["use"]
        if used.text() not in self.shared:
            otherwise = "declare it here: write `component:` in place of `use:`"
            raise used.unknown("shared component", self.shared, otherwise=otherwise)
        parts = entry.mapping(required=["use"], optional=[*STORED_KEYS, "children"])
        name = parts["use"].text()
        declaration = self.shared[name]
        declaration.mapping(required=["shared component"], optional=COMPONENT_KEYS)
        below = parts["children"].mapping() if "children" in parts else {}
        return name, declaration, entry, replace(context, shared=name, below=below)

    def _store(
        self, component: Component, node: Node, above: Component | None, *, extension: bool, nested: bool
    ) -> None:
        """Read from *node* the place where a component is stored, into *component*; *above* is None for a header."""
        parts = node.mapping()
        component.stored_where = node.where
        if "table" not in parts:
            for key in STORED_KEYS:
                if key in parts:
                    mend = f"name its table, or take the {key} away"
                    raise parts[key].fault(f"a component without a table has no {key}", mend=mend)
            return
        component.table = _stored_name(parts["table"], "table", prefixed=extension)
        if above is None:
            return
        if above.json_column is not None:
            raise parts["table"].fault(
                f"'{component.table}' can't be stored beneath '{above.name}', which is kept as JSON",
                f"'{above.name}' has no rows of its own, only the column '{above.json_column}' of the row above it",
                mend=f"give '{above.name}' a table of its own, or take this table away",
            )
        if "parent column" in parts and not nested:
            mend = "say 'nested: yes', or take it away"
            raise parts["parent column"].fault("only a nested component has a parent column", mend=mend)
        component.owner_column = _column_of(parts, "owner column", snake_case(above.name) + "_id")
        if "json column" in parts:
            component.json_column = _json_column(parts["json column"], above, extension=extension, nested=nested)
            component.stored_where = parts["json column"].where
        elif nested:
            component.parent_column = _column_of(parts, "parent column", "parent_id")

    def _fields(self, component: Component, parts: Parts, *, extension: bool) -> None:
        for key, node in parts.entries("fields"):
            name = _name(key)
            if name in component.fields:
                raise key.twice("field", component.fields[name].where)
            component.fields[name] = self._field(key, node, component, extension=extension)

    def _field(self, key: Node, node: Node, component: Component, *, extension: bool) -> Field:
        name, parts = key.text(), node.mapping(optional=FIELD_KEYS)
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
        self._values(name, parts, type, length)
        default = _default(name, parts, component)
        return Field(
            name,
            type,
            length,
            required=parts.flag("required"),
            column=self._column(name, parts, component.table, extension=extension),
            default=default,
            null_reads_as=parts.text("null reads as", default),
            values=parts.texts("values"),
            references=parts.text("references", None),
            hierarchy=parts.flag("hierarchy"),
            help=parts.text("help", ""),
            where=key.where,
        )

    def _values(self, name: str, parts: Parts, type: FieldType, length: int | None) -> None:
        """Refuse values that the field's type and length don't allow."""
        nodes = [parts[key] for key in ("default", "null reads as") if key in parts]
        if "values" in parts:
            listed = parts["values"]
            nodes += [listed] if listed.kind == "scalar" else listed.sequence()
        for node in nodes:
            why = check_value(Field(name, type, length), node.text())
            if why is not None:
                raise node.fault(f"'{node.text()}' can't be a value of '{name}'", why, mend="give a value that fits")

    def _column(self, name: str, parts: Parts, table: str, *, extension: bool) -> str | None:
        """Return the field's column in *table*; columns of a deployment's own tables need no prefix."""
        if "stored" in parts and not parts.flag("stored"):
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
        return _own_column(node, prefixed=prefixed, field=name)


def _default(name: str, parts: Parts, component: Component) -> str | None:
    """Return the text that the field's column has where no value is given; None for a column that may be null."""
    if "default" not in parts:
        return None
    place = parts["default"]
    if component.json_column is not None:
        raise place.fault(
            f"'{name}' can't have a default",
            f"'{component.name}' is kept as JSON, which leaves out what has no value",
            mend="write `null reads as` in place of `default`",
        )
    others = [key for key in ("required", "stored", "null reads as") if key in parts]
    if others:
        raise place.fault(
            f"'{name}' has a default, and '{others[0]}' beside it",
            "a field with a default is stored, is never null, and reads as the default where a message leaves it out",
            mend=f"take '{others[0]}' away, or the default",
        )
    return place.text()


def _components_of(target: str, definitions: Definitions) -> list[str]:
    """List the components of an object, or of every object if *target* is a shared component."""
    objects = [definitions[target]] if target in definitions else definitions.values()
    return [component.name for definition in objects for component in definition.components()]


def _put_settings(component: Component, parts: Parts) -> None:
    """Put the listed fields and the settings of the methods into *component*, behind those that it has."""
    for key in FIELD_LIST_KEYS:
        attribute = snake_case(key)
        names: tuple[str, ...] = getattr(component, attribute)
        for entry in parts.sequence(key):
            name = _field_named(entry, component, key)
            if name in names:
                raise entry.fault(f"'{name}' stands under '{key}' twice", mend="take one of the two away")
            names = (*names, name)
        setattr(component, attribute, names)
    if "complete statuses" in parts:
        component.complete_statuses = parts.texts("complete statuses")
    if "trigger field" in parts:
        component.trigger_field = _field_named(parts["trigger field"], component, "trigger field")
        component.trigger_where["trigger field"] = parts["trigger field"].where
    for key in ("trigger value", "trigger condition"):
        if key in parts:
            setattr(component, snake_case(key), parts[key].text())
            component.trigger_where[key] = parts[key].where
    for node in parts.sequence("action aliases"):
        alias = node.mapping(required=ALIAS_KEYS, optional=["condition"])
        condition = alias.text("condition", "")
        code = alias["code"].choice(*ACTION_CODES)
        place = alias["condition"].where if "condition" in alias else ""
        component.aliases += (ActionAlias(code, alias["alias"].text(), condition, node.where, place),)


def _derive(component: Component) -> None:
    """Add the fields that aliases and old values are written to; they are neither stored nor applied."""
    derived = [Field("Action Alias", length=255, where=component.where)] if component.aliases else []
    for name in component.old_values:
        origin = component.fields[name]
        derived.append(Field("Old " + name, origin.type, origin.length, where=origin.where))
    for added in derived:
        # A definition may declare such a field itself, with a length of its own.
        component.fields.setdefault(added.name, added)
        if added.name not in component.not_applied:
            component.not_applied += (added.name,)


def _name(node: Node) -> str:
    expected = "words of letters, digits, _ and -, with one blank between them"
    return node.matching(_NAME, "a name", expected, "'Order Number'")


def _field_named(node: Node, component: Component, key: str) -> str:
    name = node.text()
    if name not in component.fields:
        what = f"'{component.name}' has no field '{name}', which stands under '{key}'"
        raise node.fault(what, mend=nearest(name, component.fields) or NAME_KNOWN)
    return name


def _stored_name(node: Node, kind: str, *, prefixed: bool) -> str:
    name = node.matching(_STORED_NAME, f"a {kind}", "lower-case letters, digits and _", "order_number")
    if prefixed and not name.startswith(EXTENSION_PREFIX):
        raise node.fault(
            f"the {kind} '{name}' is a deployment's own, and is not named like one",
            f"expected '{EXTENSION_PREFIX}...'",
            mend=f"call it '{EXTENSION_PREFIX}{name}'",
        )
    return name


def _own_column(node: Node, *, prefixed: bool, field: str = "") -> str:
    """Read the name of a column. Refuse the hub's own columns; only the field Row Id may name row_id."""
    column = _stored_name(node, "column", prefixed=prefixed)
    if column in HIDDEN_COLUMNS and (field, column) != ("Row Id", "row_id"):
        raise node.fault(f"the column '{column}' is the hub's own", mend="name another")
    return column


def _column_of(parts: Parts, key: str, default: str) -> str:
    return _stored_name(parts[key], "column", prefixed=False) if key in parts else default


def _json_column(node: Node, above: Component, *, extension: bool, nested: bool) -> str:
    """Read the column of the row of *above* that keeps a component as JSON."""
    if nested:
        raise node.fault(
            "a nested component can't be kept as JSON",
            "its rows are found one by one, by their parent",
            mend="give it a table",
        )
    if not above.table:
        raise node.fault(
            f"'{above.name}' has no table that could have the column '{node.text()}'",
            "a component that is kept as JSON is kept in the row above it",
            mend="take the json column away, so that it has a table of its own",
        )
    return _own_column(node, prefixed=extension and not above.table.startswith(EXTENSION_PREFIX))


def _reference(node: Node) -> tuple[str, str]:
    target, _, name = node.matching(_REFERENCE, "a reference", "'Object.Field'", "Account.Account Id").partition(".")
    return target, name
