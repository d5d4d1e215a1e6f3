"""`orderhub object`: one operation of the EAI database adapter. Spec: docs/design/integration.md, "The EAI database
adapter".
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.presentation.printing import complain, flush, out, picture
from integration_objects.errors import HubError

if TYPE_CHECKING:
    from integration_objects.definition import Definitions
    from integration_objects.property_set import PropertySet

app = typer.Typer(no_args_is_help=True, help="One operation of the EAI database adapter on the hub's own XML.")

Files = Annotated[list[pathlib.Path], typer.Argument(help="Messages in the hub's own XML.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")]


@app.command("query")
def query(
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="The integration object.")],
    example: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="Fields of the header.")] = None,
    where: Annotated[str | None, typer.Option(help="An expression that the header must satisfy, too.")] = None,
    text: Annotated[bool, typer.Option("--text", help="As trees for reading, not as XML.")] = False,
    as_json: Json = False,
) -> None:
    """Print the instances whose fields have these values; an empty object where there are none."""
    from hub.command_line.app import opened_hub
    from hub.data_manager.lookup import header_expression, known_object

    fields: dict[str, str | None] = {}
    for pair in example or []:
        field, sign, value = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"'{pair}' is no field=value")
        fields[field] = value
    open_hub = opened_hub()
    definitions = open_hub.deployment.definitions
    known_object(definitions, name)
    condition = None if where is None else header_expression(definitions, name, where)
    with open_hub.read() as transaction:
        tree = transaction.store.query(name, fields, condition, versions=True)
    print_object(tree, definitions, text, as_json)
    open_hub.close()


def print_object(tree: PropertySet, definitions: Definitions, text: bool = False, as_json: bool = False) -> None:
    """Print a message: as the hub's XML, as trees for reading, or as the methods' JSON."""
    from hub.presentation.tree_json import tree_json
    from schemas.hub_xml import hub_to_xml

    if text and as_json:
        raise typer.BadParameter("--text and --json are two forms: give one")
    if as_json:
        out(tree_json(tree, definitions))
    else:
        out(picture(tree) if text else hub_to_xml(tree, definitions).decode())


def each_file(files: Sequence[pathlib.Path], work: Callable[[pathlib.Path], None]) -> None:
    """Do *work* with each file, a transaction of its own; an error ends it, and what was done stays done.

    Raises:
        HubError: what *work* raised, with the file; where others were done before, standard error says how many.
    """
    for number, file in enumerate(files):
        try:
            work(file)
        except HubError as error:
            if number:
                complain(f"done: {number} of {len(files)} files; nothing was done from {file} on")
            raise error.at(str(file)) from error
        flush()


def _command(operation: str, help: str) -> None:
    @app.command(operation, help=help)
    def operate(files: Files, dry_run: DryRun = False, as_json: Json = False) -> None:
        from adapters.database.connection.database import repeated
        from adapters.files import read_file
        from hub.command_line.app import opened_hub
        from schemas.check import Limits
        from schemas.hub_xml import hub_from_xml

        open_hub = opened_hub()
        rows: list[dict[str, Any]] = []

        def work(file: pathlib.Path) -> None:
            def unit() -> Any:
                tree = hub_from_xml(read_file(file), open_hub.deployment.definitions, Limits.files())
                with open_hub.write(dry_run=dry_run) as transaction:
                    return getattr(transaction.store, operation)(tree)

            done = repeated(unit)
            rows.extend(asdict(one) for one in done)
            for one in () if as_json else done:
                key = ", ".join(f"{name} {value}" for name, value in one.key.items())
                out(f"{one.operation}\t{one.object}\t{key}\t{one.row_id}")

        try:
            each_file(files, work)
        finally:
            if as_json and rows:
                out(json.dumps(rows, ensure_ascii=False, indent=2))
        open_hub.close()


_command("insert", "Insert every instance; one that is there already is an error.")
_command("update", "Update every instance; what it doesn't carry stays, nothing is deleted.")
_command("upsert", "Insert or update every instance; nothing is deleted.")
_command(
    "synchronize",
    "Make stored instances equal to the message's; children that a carried list lacks are deleted.",
)
_command("delete", "Delete every instance, with all beneath it.")
_command("execute", "Do with each component what its property Operation says.")


@app.command("schema")
def schema(name: Annotated[str, typer.Argument(metavar="OBJECT", help="The integration object.")]) -> None:
    """Print the XSD of an object's message in the hub's own XML."""
    from hub.data_manager.lookup import known_object
    from hub.deployment.definitions import load_definitions
    from schemas.hub_xsd import hub_xsd

    definitions = load_definitions(pathlib.Path.cwd())
    out(hub_xsd(known_object(definitions, name)).decode())


@app.command("model")
def model() -> None:
    """Print the data model as a page: a drawing of all tables, and each object's fields, columns and values."""
    from adapters.database.schema.data_model import data_model_page
    from hub.deployment.definitions import load_definitions

    out(data_model_page(load_definitions(pathlib.Path.cwd())).rstrip("\n"))
