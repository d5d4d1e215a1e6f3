"""`orderhub schema-for`: a JSON Schema of one kind of declaration, for editors.

Spec: docs/editors.md.
"""

from __future__ import annotations

from typing import Annotated

import typer

from hub.command_line.exit_codes import misused
from hub.command_line.text_command import TextCommand
from hub.deployment.editor_schemas import KINDS_OF_DECLARATIONS, editor_schema
from hub.presentation.printing import out, print_json, table
from integration_objects.errors import Refused, UnknownName

app = typer.Typer()


class DeclarationKindUnknown(UnknownName, Refused):
    """A command names a kind of declaration that there isn't."""

    kind = "kind of declaration"
    where = "argument KIND"


@app.command("schema-for", cls=TextCommand)
def schema_for(
    kind: Annotated[str | None, typer.Argument(help="The kind of declaration; none: list the kinds.")] = None,
) -> None:
    """Print the JSON Schema of a kind of declaration, for editors; or list the kinds."""
    if kind is None:
        out(table(("kind", "files"), ((name, place) for name, (place, _) in KINDS_OF_DECLARATIONS.items())))
        return
    if kind not in KINDS_OF_DECLARATIONS:
        with misused():
            raise DeclarationKindUnknown(kind, KINDS_OF_DECLARATIONS)
    print_json(editor_schema(kind))
