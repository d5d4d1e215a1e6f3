"""The proof of integration objects: their declarations fit each other.

Spec: docs/design/integration.md "Integration object definitions"; docs/architecture.md, idea 3.
"""

from __future__ import annotations

from collections.abc import Iterable

from integration_objects.component import Component, Definitions, Field, IntegrationObject, element_name
from integration_objects.declaration import NAME_KNOWN, DeclarationFault, DeclaredNameUnknown

#: Columns that every table has, or may have, besides those of its fields.
HIDDEN_COLUMNS = frozenset(
    ("row_id", "position", "root_id", "modification_num", "created", "created_by", "last_upd", "last_upd_by")
)


class TableUsedTwice(DeclarationFault):
    """Two components are stored in one table."""

    what = "the table '{table}' is used twice"
    why = "it is the table of '{other.name}' in {other.where}"
    mend = "give each component a table of its own"


class HierarchyWithoutKey(DeclarationFault):
    """A field shall name the instance above, and the header has no key for it."""

    what = "'{field}' can't name the '{component}' above a '{component}'"
    why = "a hierarchy needs a stored field of a header whose first key is one stored field"
    mend = "take `hierarchy` away, or give the header such a key"


class HierarchyOfAnotherType(DeclarationFault):
    """A field shall name the instance above by its key, and can't hold every key."""

    what = "'{field.name}' can't hold every '{key.name}'"
    why = (
        "'{key.name}' is a {key.type} of length {key.length}, "
        "and '{field.name}' a {field.type} of length {field.length}"
    )
    mend = "declare it as '{key.name}' is"


class OwnerNotStored(DeclarationFault):
    """A component is stored, and the component above it is not."""

    what = "'{child.name}' of '{object}' is stored, but '{component}' above it is not"
    why = "a row of '{child.table}' would belong to nothing"
    mend = "take its table away, or extend an object that is stored"


class NamesCollide(DeclarationFault):
    """Two fields or components have one element name or one column."""

    what = "{first} and {second} of '{component}' have the same {kind}"
    why = "both are {use}"
    mend = "give one of them another {other}"


class ReferenceWithoutKey(DeclarationFault):
    """A reference names a field by which no instance can be looked up."""

    what = "'{name}' refers to '{reference}', which is no stored key of '{object}'"
    why = "only a key of one field that has a column can be looked up"
    mend = "name such a key of '{object}', or add one to its definition"


def prove(definitions: Definitions) -> None:
    """Prove that the declarations of internal objects fit each other.

    Raises:
        DeclarationFault: two fields with one element name or one column; an unknown reference or row; a table that is
            used twice, or that lies beneath a component without one; a hierarchy of an object without a key of one
            field.
    """
    tables: dict[str, Component] = {}
    for definition in definitions.values():
        if definition.row_of is not None:
            _prove_reference(definitions, ".".join(definition.row_of), definition.where, definition.name)
        for component in definition.components():
            _prove_owner(definition, component)
            _prove_names(component)
            _prove_columns(component)
            for field in component.fields.values():
                if field.references is not None:
                    _prove_reference(definitions, field.references, field.where, field.name)
                if field.hierarchy:
                    _prove_hierarchy(definition, component, field)
            # By identity: `components` gives a nested component once, so that another one is another declaration.
            other = tables.setdefault(component.table, component) if component.table else component
            if other is not component:
                raise TableUsedTwice(table=component.table, other=other, where=component.where)


def _prove_hierarchy(definition: IntegrationObject, component: Component, field: Field) -> None:
    """Refuse a field that names the instance above, unless a header stores it, and it looks like the header's key."""
    key = component.fields.get(component.keys[0][0]) if component.keys and len(component.keys[0]) == 1 else None
    if component is not definition.root or field.column is None or key is None or key.column is None:
        raise HierarchyWithoutKey(field=field.name, component=component.name, where=field.where)
    # A key that is longer than the field could never be named.
    if (field.type, field.length) != (key.type, key.length):
        raise HierarchyOfAnotherType(field=field, key=key, where=field.where)


def _prove_owner(definition: IntegrationObject, component: Component) -> None:
    """Refuse components with a table beneath a component without a row."""
    is_stored = bool(component.table) or (component is definition.root and definition.row_of is not None)
    for child in component.children.values():
        if child.table and not is_stored:
            raise OwnerNotStored(child=child, component=component.name, object=definition.name, where=child.where)


def _prove_names(component: Component) -> None:
    names = [(field.name, field.where) for field in component.fields.values()]
    # In the hub's own XML, fields and lists are elements side by side, and share their names.
    names += [("ListOf " + child.name, child.where) for child in component.children.values()]
    entries = [(element_name(name), f"'{name}'", where) for name, where in names]
    _prove_distinct(component, entries, kind="element name", other="name", use="written <{}>")


def _prove_columns(component: Component) -> None:
    columns = [
        (component.parent_column, "the parent", component.where),
        (component.owner_column, "the owner", component.where),
        *((field.column, f"'{field.name}'", field.where) for field in component.fields.values()),
        *((child.json_column, f"'{child.name}'", child.stored_where) for child in component.children.values()),
    ]
    _prove_distinct(component, columns, kind="column", other="column", use=f"stored in {component.table}.{{}}")


def _prove_distinct(
    component: Component, entries: Iterable[tuple[str | None, str, str]], *, kind: str, other: str, use: str
) -> None:
    """Refuse a name that two things have; an entry is the name, the thing, and the place of its declaration."""
    things: dict[str, str] = {}
    for name, thing, where in entries:
        if name in things:
            first, both = things[name], use.format(name)
            raise NamesCollide(
                component=component.name, first=first, second=thing, kind=kind, use=both, other=other, where=where
            )
        if name is not None:
            things[name] = thing


def _prove_reference(definitions: Definitions, reference: str, where: str, name: str) -> None:
    target, _, field = reference.partition(".")
    if target not in definitions:
        raise DeclaredNameUnknown(target, definitions, kind="integration object", otherwise=NAME_KNOWN, where=where)
    root = definitions[target].root
    if field not in root.fields:
        raise DeclaredNameUnknown(field, root.fields, kind=f"{target} field", otherwise=NAME_KNOWN, where=where)
    if root.fields[field].column is None or (field,) not in root.keys:
        raise ReferenceWithoutKey(name=name, reference=reference, object=target, where=where)
