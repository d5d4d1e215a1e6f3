"""The proof of integration objects: what their declarations say of each other must hold.

Source: spec, docs/design/integration.md "Integration object definitions"; docs/architecture.md, idea 3.
"""

from __future__ import annotations

from integration_objects.component import Component, Definitions, Field, IntegrationObject, element_name
from integration_objects.declaration import NAME_KNOWN, DeclarationFault
from integration_objects.nearest import nearest

#: Columns that every table has, or may have, besides those of its fields.
HIDDEN_COLUMNS = frozenset(
    ("row_id", "position", "root_id", "modification_num", "created", "created_by", "last_upd", "last_upd_by")
)


def prove(definitions: Definitions) -> None:
    """Prove what the declarations of internal objects say of each other.

    Raises:
        DeclarationFault: two fields with one element name or one column, a reference or a row that isn't
            there, a table that is used twice, or one beneath what isn't stored; a hierarchy of what has no key
            of one field.
    """
    tables: dict[str, Component] = {}
    for definition in definitions.values():
        if definition.row_of is not None:
            _prove_reference(definitions, ".".join(definition.row_of), definition.where, definition.name)
        for component in definition.components():
            _prove_owner(definition, component)
            _prove_names(component)
            _prove_columns(component)
            for one in component.fields.values():
                if one.references is not None:
                    _prove_reference(definitions, one.references, one.where, one.name)
                if one.hierarchy:
                    _prove_hierarchy(definition, component, one)
            if component.table:
                other = tables.setdefault(component.table, component)
                if other is not component:
                    raise DeclarationFault(
                        f"the table '{component.table}' is used twice",
                        where=component.where,
                        why=f"it is the table of '{other.name}' in {other.where}",
                        mend="give each component a table of its own",
                    )


def _prove_hierarchy(definition: IntegrationObject, component: Component, one: Field) -> None:
    """What names the instance above must be stored in a header, and look like the key that it names."""
    key = component.fields.get(component.keys[0][0]) if component.keys and len(component.keys[0]) == 1 else None
    if component is not definition.root or one.column is None or key is None or key.column is None:
        raise DeclarationFault(
            f"'{one.name}' can't name what is above a '{component.name}'",
            where=one.where,
            why="a hierarchy needs a stored field of a header whose first key is one stored field",
            mend="take `hierarchy` away, or give the header such a key",
        )
    if (one.type, one.length) != (key.type, key.length):
        raise DeclarationFault(
            f"'{one.name}' can't hold every '{key.name}'",
            where=one.where,
            why=f"'{key.name}' is a {key.type} of length {key.length}, it is a {one.type} of length {one.length}",
            mend=f"declare it as '{key.name}' is",
        )


def _prove_owner(definition: IntegrationObject, component: Component) -> None:
    """What is stored beneath a component must have a row above that it belongs to."""
    above_is_stored = bool(component.table) or (component is definition.root and definition.row_of is not None)
    for child in component.children.values():
        if child.table and not above_is_stored:
            raise DeclarationFault(
                f"'{child.name}' of '{definition.name}' is stored, but '{component.name}' above it is not",
                where=child.where,
                why=f"a row of '{child.table}' would belong to nothing",
                mend="take its table away, or extend an object that is stored",
            )


def _prove_names(component: Component) -> None:
    names = [(one.name, one.where) for one in component.fields.values()]
    names += [("ListOf " + child.name, child.where) for child in component.children.values()]
    seen: dict[str, str] = {}
    for name, where in names:
        first = seen.setdefault(element_name(name), name)
        if first is not name:
            raise DeclarationFault(
                f"'{first}' and '{name}' of '{component.name}' have the same element name",
                where=where,
                why=f"both are written <{element_name(name)}>",
                mend="give one of them another name",
            )


def _prove_columns(component: Component) -> None:
    seen: dict[str, str] = {}
    for column, what in ((component.parent_column, "the parent"), (component.owner_column, "the owner")):
        if column is not None:
            seen[column] = what
    for one in component.fields.values():
        if one.column is None:
            continue
        _prove_column(component, seen, one.column, f"'{one.name}'", one.where)
    for child in component.children.values():
        if child.json_column is not None:
            _prove_column(component, seen, child.json_column, f"'{child.name}'", child.stored_where)


def _prove_column(component: Component, seen: dict[str, str], column: str, what: str, where: str) -> None:
    first = seen.setdefault(column, what)
    if first != what:
        raise DeclarationFault(
            f"{first} and {what} of '{component.name}' have the same column",
            where=where,
            why=f"both are stored in {component.table}.{column}",
            mend="give one of them another column",
        )


def _prove_reference(definitions: Definitions, text: str, where: str, name: str) -> None:
    target, _, field_name = text.partition(".")
    if target not in definitions:
        raise DeclarationFault(
            f"'{name}' refers to the integration object '{target}', which isn't there",
            where=where,
            mend=nearest(target, definitions) or NAME_KNOWN,
        )
    root = definitions[target].root
    if field_name not in root.fields:
        raise DeclarationFault(
            f"'{name}' refers to '{text}', but '{root.name}' has no field '{field_name}'",
            where=where,
            mend=nearest(field_name, root.fields) or NAME_KNOWN,
        )
    if root.fields[field_name].column is None or (field_name,) not in root.keys:
        raise DeclarationFault(
            f"'{name}' refers to '{text}', which is no stored key of '{target}'",
            where=where,
            why="only a key of one field that has a column can be looked up",
            mend=f"name such a key of '{target}', or add one to its definition",
        )
