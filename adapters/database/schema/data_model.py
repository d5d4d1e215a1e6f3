"""The data model as a page: a drawing of all tables, then each object with its fields, columns and values.

It is made from the definitions, so that it can't say anything else than the tables do: `orderhub object model`
prints it for a deployment with its extensions, and docs/data_model.md is what it prints for the shipped objects.

Spec: docs/design/data-model.md, "Objects and where they live".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint

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
"""


def data_model_page(definitions: Definitions) -> str:
    """The page in Markdown, its drawing in Mermaid."""
    lines = [_OPENING, "```mermaid", "erDiagram", *_drawing(definitions), "```"]
    for name in sorted(definitions):
        stored = [component for component, _ in owned_components(definitions[name]) if component.table]
        if stored:
            lines += _object(definitions[name], stored, definitions)
    return "\n".join(lines) + "\n"


# The drawing


def _drawing(definitions: Definitions) -> Iterator[str]:
    metadata = tables_of(definitions)
    components = {one.table: one for item in definitions.values() for one in item.components() if one.table}
    tables = [metadata.tables[name] for name in sorted(components) if components[name].json_column is None]
    for table in tables:
        yield f"    {table.name} {{"
        yield from (f"        {kind} {name} {marks}".rstrip() for kind, name, marks in _keys(table))
        yield "    }"
    for table in tables:
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
            above = "|o" if key.parent.nullable else "||"
            yield f"    {key.column.table.name} {above}--o{{ {table.name} : {key.parent.name}"
        for field in components[table.name].fields.values():
            if field.hierarchy:
                yield f"    {table.name} |o..o{{ {table.name} : {field.column}"
    for name, view in sorted(views_of(metadata).items()):
        yield f"    {view.owner.name} ||..o{{ {name} : {view.json_column}"


def _keys(table: Table) -> Iterator[tuple[str, str, str]]:
    """The columns that tell rows apart, or name other rows: type, name, and which of these they are."""
    unique = {column.name for one in table.constraints if isinstance(one, UniqueConstraint) for column in one.columns}
    primary = {
        column.name for one in table.constraints if isinstance(one, PrimaryKeyConstraint) for column in one.columns
    }
    for column in table.columns:
        marks = [
            mark
            for mark, holds in (
                ("PK", column.name in primary),
                ("FK", bool(column.foreign_keys)),
                ("UK", column.name in unique),
            )
            if holds
        ]
        if marks:
            yield "number" if isinstance(column.type, Exact) else "text", column.name, ", ".join(marks)


# The objects


def _object(definition: IntegrationObject, stored: Iterable[Component], definitions: Definitions) -> Iterator[str]:
    yield f"\n## {definition.name}\n"
    text = definition.help
    if definition.row_of is not None:
        text += f" An instance is the row of its {definition.row_of[0]}."
    if text:
        yield text.strip()
    for component in stored:
        first = _first_with(component, definitions)
        yield f"\n**{component.name}** in `{component.table}`" + _json_told(component) + _keys_told(component)
        if first is not None and first[0] != definition.name:
            yield f"\nThe fields are those of {first[0]}; columns called otherwise here: " + _otherwise(
                component, first[1]
            )
            continue
        yield "\n| field | column | type | |\n| --- | --- | --- | --- |"
        yield from (_row(one) for one in component.fields.values())


def _first_with(component: Component, definitions: Definitions) -> tuple[str, Component] | None:
    """The first object, by name, with a component of this declaration and these fields: a shared one is told once."""
    for name in sorted(definitions):
        for one in definitions[name].components():
            if one.table and one.where == component.where and list(one.fields) == list(component.fields):
                return name, one
    return None


def _json_told(component: Component) -> str:
    return "" if component.json_column is None else f", a view of the JSON in `{component.json_column}` of its owner"


def _keys_told(component: Component) -> str:
    keys = " or ".join(" and ".join(key) for key in component.keys)
    return f", found by {keys}" if keys else ""


def _otherwise(component: Component, first: Component) -> str:
    told = [
        f"{name} `{one.column}`" if one.column else f"{name} none"
        for name, one in component.fields.items()
        if one.column != first.fields[name].column
    ]
    return (", ".join(told) or "none") + "."


def _row(one: Field) -> str:
    type = f"{one.type} of {one.length}" if one.length is not None else one.type
    column = f"`{one.column}`" if one.column else ""
    return f"| {one.name} | {column} | {type} | {_notes(one)} |"


def _notes(one: Field) -> str:
    notes = ["Required."] if one.required else []
    if one.values:
        notes.append(f"One of {', '.join(one.values)}.")
    if one.null_reads_as is not None:
        notes.append(f"Null reads as {one.null_reads_as}.")
    if one.references is not None:
        notes.append(f"Must be there as {one.references.replace('.', ', ')}.")
    if one.help:
        notes.append(one.help)
    return " ".join(notes).replace("|", "\\|")
