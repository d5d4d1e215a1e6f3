"""`orderhub layout`: records of fixed width, copybooks, CSV and JSON, shown, decoded, encoded and diagnosed.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from adapters.files import opened, read_file
from hub.command_line.drafts import in_schemas_folder
from hub.command_line.exit_codes import REFUSED, misused
from hub.deployment.deployment import open_deployment
from hub.presentation.printing import complain, out, table
from hub.presentation.records import layout_table, object_table, read_record_json, record_json
from integration_objects.errors import Refused, UnknownName, located
from integration_objects.property_set import PropertySet
from schemas.external_component import ExternalObject
from schemas.layouts.copybook.source_text import read_copybook_text
from schemas.layouts.csv_layout import CellUnreadable
from schemas.layouts.diagnosis import SAMPLE
from schemas.layouts.diagnosis import diagnose as diagnosed
from schemas.layouts.drafts import draft
from schemas.layouts.fixed_layout import FixedLayout
from schemas.layouts.layout import Layout
from schemas.layouts.record import FieldUnreadable
from schemas.layouts.record_object import RecordObject
from schemas.layouts.ruler import marked, ruler
from schemas.layouts.support import EXAMPLES
from schemas.layouts.values.code_pages import code_page
from schemas.limits import Limits

app = typer.Typer()
layout_app = typer.Typer(no_args_is_help=True, help="Layouts: records of fixed width, COBOL copybooks, CSV, JSON.")
app.add_typer(layout_app, name="layout")

Name = Annotated[str, typer.Argument(metavar="LAYOUT", help="The name of the external object.")]
File = Annotated[pathlib.Path, typer.Argument(help="The file of records.")]


class LayoutUnknown(UnknownName, Refused):
    """A command names a layout that neither the hub nor the deployment has."""

    kind = "layout"
    where = "argument LAYOUT"


def _found(name: str) -> ExternalObject:
    known = open_deployment(pathlib.Path.cwd()).external_objects
    if name not in known.layouts:
        with misused():
            raise LayoutUnknown(name, known.layouts)
    return known[name]


@layout_app.command("show")
def show(name: Name) -> None:
    """Print the records and fields of a layout: place, name, what it holds, line of the copybook or declaration."""
    found = _found(name)
    if isinstance(found, RecordObject):
        out(f"{name}: {found.layout.says}")
        head, *rows = layout_table(found.layout)
    else:
        out(f"{name}: JSON, as {found.described_by} describes it")
        head, *rows = object_table(found.definition)
    out(table(head, rows))


@layout_app.command("check")
def check(
    names: Annotated[list[str] | None, typer.Argument(metavar="LAYOUT", help="Names of layouts; none: all.")] = None,
) -> None:
    """Prove layouts, their copybooks and their JSON Schemas."""
    for name in names or open_deployment(pathlib.Path.cwd()).external_objects.layouts:
        found = _found(name)
        if isinstance(found, RecordObject):
            out(f"{name}: sound, {sum(1 for _ in found.layout.every_type())} records")
        else:
            out(f"{name}: sound, {sum(1 for _ in found.definition.components())} components")


@layout_app.command("decode")
def decode(name: Name, file: File) -> None:
    """Read a file; print a line of JSON for each topmost record, or for the message, with all beneath it."""
    found = _found(name)
    with opened(file) as records, located(str(file)):
        if not isinstance(found, RecordObject):
            out(record_json(found.read(records.read(), Limits.files()).tree))
            return
        try:
            for node in found.layout.read(records):
                out(record_json(node))
        except (FieldUnreadable, CellUnreadable) as error:
            _draw(error, found.layout)
            raise


@layout_app.command("encode")
def encode(
    name: Name,
    file: Annotated[pathlib.Path, typer.Argument(help="Lines of JSON, as `layout decode` prints them.")],
) -> None:
    """Write a file of records, or a line for each message in JSON, to standard output, from lines of JSON."""
    found = _found(name)
    with located(str(file)):
        nodes = _nodes(file)
        parts = (
            found.layout.write(nodes) if isinstance(found, RecordObject) else (found.write(n) + b"\n" for n in nodes)
        )
        for part in parts:
            sys.stdout.buffer.write(part)


def _nodes(file: pathlib.Path) -> Iterator[PropertySet]:
    with opened(file) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield read_record_json(line, number, str(file))


@layout_app.command("diagnose")
def diagnose(name: Name, file: File) -> None:
    """Say why a file doesn't fit its layout: record formats, code pages, offsets, delimiters that fit better."""
    found = _found(name)
    if not isinstance(found, RecordObject):
        with opened(file) as message, located(str(file)):
            found.prove(message.read(), Limits.files())
        out(f"the file fits {name}")
        return
    with opened(file) as records:
        first, *others = diagnosed(found.layout, records.read(SAMPLE))
    if first.reads_all:
        out(f"the file fits {name}: {first.records} records were read")
        return
    out(f"the file doesn't fit {name}: {first.records} records could be read")
    for cause in others:
        read = f"; read so, {cause.records} records fit" if cause.records else ""
        out(f"likely: {cause.text}{read}")
    if not others:
        out("nothing else fits better: `orderhub layout decode` names the first fault")
    raise typer.Exit(REFUSED)


@layout_app.command("support")
def support() -> None:
    """Print the clauses of COBOL that layouts know, each with an example that is tried now."""
    out(
        table(
            ("clause", "works", "entries", "bytes"),
            (
                (each.clause, "yes" if each.is_proven() else "NO", _entries(each.copybook), each.bytes)
                for each in EXAMPLES
            ),
        )
    )


def _entries(copybook: str) -> str:
    return " ".join(copybook.removeprefix("01 R.").split())


@layout_app.command("from-copybook")
def from_copybook(
    file: Annotated[pathlib.Path, typer.Argument(help="A copybook beneath the folder schemas/.")],
) -> None:
    """Draft the declaration of a layout from a copybook, and print it."""
    _, path = in_schemas_folder(file)
    with located(str(file)):
        out(draft(read_copybook_text(read_file(file), path), path).removesuffix("\n"))
    complain(f"save this as a .yaml file in schemas/, beside the copybook {path}, and correct what is marked")


def _draw(error: FieldUnreadable | CellUnreadable, layout: Layout[Any]) -> None:
    """Print the bytes of a field, or the line of a cell, that can't be read."""
    place = (error.objects["data"], error.objects["start"], error.objects["length"])
    for line in (
        ruler(*place, code_page(layout.options.code_page)) if isinstance(layout, FixedLayout) else marked(*place)
    ):
        complain(line)
