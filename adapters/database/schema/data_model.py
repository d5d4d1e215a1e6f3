"""The data model as a page: a drawing of all tables, then the fields of each object, stored or only sent.

It is made from the definitions, so that it can't say anything else than the tables do: `orderhub object model`
prints it for a deployment with its extensions, and docs/data_model.md is what it prints for the shipped objects.

Spec: docs/design/data-model.md, "Objects and where they live".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Table, UniqueConstraint

from adapters.database.connection.column_types import Exact
from adapters.database.schema.json_views import views_of
from adapters.database.schema.tables import owned_components, tables_of
from integration_objects.definition import Component, Definitions, Field, IntegrationObject

_OPENING = """# The data model

Made from the integration objects' definitions by `orderhub object model`, which draws a deployment's extensions too.
The tables of the hub's own books (inbox, outbox, recordings) are left out.

In the drawing, a line leads from a table to the one whose rows name its rows, by the column on the line; a dotted
line isn't kept by a foreign key. Of the columns it shows keys and references. What is kept as JSON of the row above it
(a view shows it as a table) hangs on a dotted line with that row's column.

A field that is "Y where none is given" is never null in the tables: an object that comes without it, or with null, is
stored and read back with that value. All other fields are read back as they came.

The last part has the objects that are messages only, such as OM Reply: no table keeps them.
"""
_MESSAGES = "\n# Objects that are messages only"


def data_model_page(definitions: Definitions) -> str:
    """Return the page in Markdown, its drawing in Mermaid."""
    lines = [_OPENING, "```mermaid", "erDiagram", *_drawing(definitions), "```"]
    messages: list[str] = []
    for name in sorted(definitions):
        stored = [component for component, _ in owned_components(definitions[name]) if component.table]
        if stored:
            lines += _object(definitions[name], stored, definitions)
        elif not any(component.table for component in definitions[name].components()):
            messages += _message_object(definitions[name])
    return "\n".join([*lines, _MESSAGES, *messages]) + "\n"


def _drawing(definitions: Definitions) -> Iterator[str]:
    metadata = tables_of(definitions)
    components = {
        component.table: component
        for definition in definitions.values()
        for component in definition.components()
        if component.table
    }
    tables = [metadata.tables[name] for name in sorted(components) if components[name].json_column is None]
    for table in tables:
        yield f"    {table.name} {{"
        yield from (f"        {kind} {name} {marks}".rstrip() for kind, name, marks in _keys(table))
        yield "    }"
    for table in tables:
        for key in sorted(table.foreign_keys, key=lambda key: str(key.parent.name)):
            above = "|o" if key.parent.nullable else "||"
            yield f"    {key.column.table.name} {above}--o{{ {table.name} : {key.parent.name}"
        for field in components[table.name].fields.values():
            if field.hierarchy:
                yield f"    {table.name} |o..o{{ {table.name} : {field.column}"
    for name, view in sorted(views_of(metadata).items()):
        yield f"    {view.owner.name} ||..o{{ {name} : {view.json_column}"


def _keys(table: Table) -> Iterator[tuple[str, str, str]]:
    """Give the columns of keys and of references: type, name, and their marks."""
    unique = {
        column.name
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
        for column in constraint.columns
    }
    for column in table.columns:
        kinds = {"PK": column.primary_key, "FK": bool(column.foreign_keys), "UK": column.name in unique}
        marks = [mark for mark, applies in kinds.items() if applies]
        if marks:
            yield "number" if isinstance(column.type, Exact) else "text", column.name, ", ".join(marks)


def _object(definition: IntegrationObject, stored: Iterable[Component], definitions: Definitions) -> Iterator[str]:
    yield f"\n## {definition.name}\n"
    text = definition.help
    if definition.row_of is not None:
        text += f" An instance is the row of its {definition.row_of[0]}."
    if text:
        yield text.strip()
    for component in stored:
        first = _first_with(component, definitions)
        yield f"\n**{component.name}** in `{component.table}`" + _json_note(component) + _keys_note(component)
        if first is not None and first[0] != definition.name:
            yield f"\nThe fields are those of {first[0]}; columns called otherwise here: " + _otherwise(
                component, first[1]
            )
            continue
        yield "\n| field | column | type | |\n| --- | --- | --- | --- |"
        yield from (_row(field) for field in component.fields.values())


def _message_object(definition: IntegrationObject) -> Iterator[str]:
    yield f"\n## {definition.name}\n"
    if definition.help:
        yield definition.help.strip()
    for component in definition.components():
        beneath = [
            above.name
            for above in definition.components()
            if any(child is component for child in above.children.values())
        ]
        place = f" beneath {' or '.join(beneath)}" if beneath else ""
        yield f"\n**{component.name}**{place}{_keys_note(component)}"
        yield "\n| field | type | |\n| --- | --- | --- |"
        yield from (f"| {field.name} | {_type(field)} | {_notes(field)} |" for field in component.fields.values())


def _first_with(component: Component, definitions: Definitions) -> tuple[str, Component] | None:
    """Return the first object, by name, with this component: a shared component is described once."""
    for name in sorted(definitions):
        for candidate in definitions[name].components():
            is_same = candidate.where == component.where and list(candidate.fields) == list(component.fields)
            if candidate.table and is_same:
                return name, candidate
    return None


def _json_note(component: Component) -> str:
    return "" if component.json_column is None else f", a view of the JSON in `{component.json_column}` of its owner"


def _keys_note(component: Component) -> str:
    keys = " or ".join(" and ".join(key) for key in component.keys)
    return f", found by {keys}" if keys else ""


def _otherwise(component: Component, first: Component) -> str:
    columns = [
        f"{name} `{field.column}`" if field.column else f"{name} none"
        for name, field in component.fields.items()
        if field.column != first.fields[name].column
    ]
    return (", ".join(columns) or "none") + "."


def _row(field: Field) -> str:
    column = f"`{field.column}`" if field.column else ""
    return f"| {field.name} | {column} | {_type(field)} | {_notes(field)} |"


def _type(field: Field) -> str:
    return f"{field.type} of {field.length}" if field.length is not None else field.type


def _notes(field: Field) -> str:
    notes = ["Required."] if field.required else []
    if field.values:
        notes.append(f"One of {', '.join(field.values)}.")
    if field.default is not None:
        notes.append(f"{field.default} where none is given.")
    elif field.null_reads_as is not None:
        notes.append(f"Null reads as {field.null_reads_as}.")
    if field.references is not None:
        notes.append(f"Must be there as {field.references.replace('.', ', ')}.")
    if field.help:
        notes.append(field.help)
    return " ".join(notes).replace("|", "\\|")
