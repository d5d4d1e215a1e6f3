"""`orderhub object from-schema` and `orderhub map draft`: declarations drafted from the files of a partner.

Spec: docs/schemas.md, "A first draft"; docs/data_maps.md, "A first draft".
"""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from adapters.files import FileUnreadable, read_file
from hub.command_line.exit_codes import misused
from hub.deployment.deployment import open_deployment
from hub.presentation.printing import complain, out
from integration_objects.component import snake_case
from integration_objects.errors import Refused, UnknownName


class MappedObjectUnknown(UnknownName, Refused):
    """A map is to be drafted from or to an object that neither the hub nor the deployment has."""

    kind = "integration object"
    where = "argument {argument}"


def in_schemas_folder(file: pathlib.Path) -> tuple[pathlib.Path, str]:
    """Split a file's path into the schemas folder, and the path by which declarations name the file.

    >>> in_schemas_folder(pathlib.Path("shop/schemas/kiosk/order.xsd"))[1]
    'kiosk/order.xsd'
    """
    parts = file.parts
    start = parts.index("schemas") + 1 if "schemas" in parts else len(parts) - 1
    return pathlib.Path(*parts[:start]), "/".join(parts[start:])


def from_schema(
    file: Annotated[
        pathlib.Path, typer.Argument(help="An XSD, or a JSON Schema (.json), beneath the folder schemas/.")
    ],
    root: Annotated[
        str | None, typer.Option(metavar="NAME", help="The messages' root element; left out where there is only one.")
    ] = None,
) -> None:
    """Draft the declaration of an external object from an XSD or a JSON Schema, and print it."""
    # Imported here, as below: the other commands of these groups draft nothing.
    from schemas.drafts import draft_object

    folder, path = in_schemas_folder(file)
    read_file(file)  # first of all, so that the file's own absence isn't told as that of an included one

    def read(name: str) -> bytes:
        try:
            return read_file(folder / name)
        except FileUnreadable as error:
            raise FileNotFoundError(f"the file '{folder / name}' can't be read") from error

    with misused():
        text = draft_object(read, path, root)
    out(text.removesuffix("\n"))
    complain(f"save this as a .yaml file in schemas/, beside {path}; the name is yours to choose")


def draft_map(
    source: Annotated[str, typer.Argument(help="The integration object that comes in.")],
    target: Annotated[str, typer.Argument(help="The integration object that the map makes.")],
) -> None:
    """Draft a map from one integration object to another, with each guess marked, and print it."""
    from maps.drafting.draft import draft

    objects = open_deployment(pathlib.Path.cwd()).objects
    for argument, name in (("SOURCE", source), ("TARGET", target)):
        if name not in objects:
            with misused():
                raise MappedObjectUnknown(name, objects, argument=argument)
    drafted = draft(objects[source], objects[target])
    out(drafted.text.removesuffix("\n"))
    complain(f"save this as maps/{snake_case(source)}_to_{snake_case(target)}.yaml, and correct each guess")
    complain(f"missing: {len(drafted.missing)}; `orderhub map check` tells what the map still lacks")
