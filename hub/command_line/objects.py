"""`orderhub load`, `show` and `object`: stored objects in the hub's own XML.

Spec: docs/design/integration.md, "Reached from outside", "EAI database adapter".
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from adapters.database.connection.database import repeated
from adapters.database.objects.store import InstanceResult
from adapters.files import read_file, shown_path
from hub.command_line.drafts import from_schema
from hub.command_line.exit_codes import CommandFailed, misused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import All, DryRun, Files, Json
from hub.command_line.text_command import TextCommand
from hub.data_manager.lookup import header_expression, known_object, shown_addresses, stored_object
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.definitions import load_definitions
from hub.presentation.addresses import NO_ADDRESSES, Addresses, address_ids
from hub.presentation.printing import complain, flush, out, print_json
from hub.presentation.screen import screen
from hub.presentation.tree_json import tree_json
from hub.workflow_manager.origin import Origin
from integration_objects.definition import Definitions
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from integration_objects.secrets import refuse_masks, without_secrets
from schemas.check import Limits
from schemas.hub_xml import hub_from_xml, hub_to_xml
from schemas.secret_values import secrets_in

app = typer.Typer()
object_app = typer.Typer(no_args_is_help=True, help="One operation of the EAI database adapter on the hub's own XML.")
app.add_typer(object_app, name="object")
object_app.command("from-schema")(from_schema)

T = TypeVar("T")

_OPERATIONS = {
    "insert": "Insert every instance; one that is there already is an error.",
    "update": "Update every instance; fields that it doesn't carry stay, nothing is deleted.",
    "upsert": "Insert or update every instance; nothing is deleted.",
    "synchronize": ("Make stored instances equal to the message's; children that a carried list lacks are deleted."),
    "delete": "Delete every instance, with all beneath it.",
    "execute": "Do the operation on each component that its property Operation names.",
}


@app.command(cls=TextCommand)
def load(files: Files, dry_run: DryRun = False) -> None:
    """Upsert accounts, products, price lists, opening profiles and customers' other objects, file by file."""
    # Imported here, as in the functions below: the workflows take longer to load than a look at an object takes.
    from hub.workflows.received.hub_object import load as load_object

    with opened_hub() as open_hub:

        def load_file(file: pathlib.Path) -> None:
            def work(transaction: Transaction, tree: PropertySet) -> list[str]:
                return load_object(transaction.run(Origin("load", "local", shown_path(file))), tree)

            for line in _write(open_hub, file, dry_run, work):
                out(line)

        _each_file(files, load_file)


@app.command(cls=TextCommand)
def show(
    object: Annotated[str, typer.Argument(help="The integration object: 'OM Order', 'OM Asset', Account, ...")],
    key: Annotated[str, typer.Argument(help="Order or quote number, account id, ...: the object's first key.")],
    text: Annotated[bool, typer.Option("--text", help="As a table for reading, not as XML.")] = False,
    whole: All = False,
    as_json: Json = False,
) -> None:
    """Print one stored integration object as XML."""
    with opened_hub() as open_hub:
        definitions = open_hub.deployment.definitions
        with open_hub.read() as transaction:
            tree = stored_object(transaction.store, definitions, object, key)
            if text:
                from hub.workflows.state.service_id import with_service_ids

                # For reading only: XML and JSON are printed as they are stored, but for secrets, and can be loaded.
                tree = with_service_ids(transaction.run(Origin("show", "local", key)), tree)
            tree = open_hub.renew_secret_names(transaction).masked(tree)
            addresses = shown_addresses(transaction.store, address_ids([tree])) if text else NO_ADDRESSES
        _print_object(tree, definitions, text, whole, as_json, addresses)


@object_app.command("query", cls=TextCommand)
def query(
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="The integration object.")],
    example: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="Fields of the header.")] = None,
    where: Annotated[str | None, typer.Option(help="An expression that the header must satisfy, too.")] = None,
    text: Annotated[bool, typer.Option("--text", help="As tables for reading, not as XML.")] = False,
    whole: All = False,
    as_json: Json = False,
) -> None:
    """Print the instances whose fields have these values; an empty object where there are none."""
    fields: dict[str, str | None] = {}
    for pair in example or []:
        field, sign, value = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"'{pair}' is no field=value")
        fields[field] = value
    with opened_hub() as open_hub:
        definitions = open_hub.deployment.definitions
        with misused(), open_hub.read() as transaction:
            known_object(definitions, name)
            condition = None if where is None else header_expression(definitions, name, where)
            # With Modification Numbers: an update that sends one back overwrites no change that was made meanwhile.
            tree = transaction.store.query(name, fields, condition, versions=True)
            tree = open_hub.renew_secret_names(transaction).masked(tree)
            addresses = shown_addresses(transaction.store, address_ids([tree])) if text else NO_ADDRESSES
        _print_object(tree, definitions, text, whole, as_json, addresses)


def _print_object(
    tree: PropertySet, definitions: Definitions, text: bool, whole: bool, as_json: bool, addresses: Addresses
) -> None:
    """Print a message: as the hub's XML, as a table for reading, or as the methods' JSON."""
    if text and as_json:
        raise typer.BadParameter("--text and --json are two forms: give one")
    if as_json:
        out(tree_json(tree, definitions))
    else:
        out(screen(tree, whole, addresses) if text else hub_to_xml(tree, definitions).decode())


def _write(open_hub: OpenHub, file: pathlib.Path, dry_run: bool, work: Callable[[Transaction, PropertySet], T]) -> T:
    """Do *work* with the message in a file, in a transaction that is repeated if the database asks for it."""

    def unit() -> T:
        tree = hub_from_xml(body, open_hub.deployment.definitions, Limits.files())
        with open_hub.write(dry_run=dry_run) as transaction:
            open_hub.renew_secret_names(transaction)
            return work(transaction, tree)

    body = read_file(file)
    try:
        return repeated(unit)
    except HubError as error:
        without_secrets(error, secrets_in(body, open_hub.secret_names, Limits.files()))
        raise


def _each_file(files: Sequence[pathlib.Path], work: Callable[[pathlib.Path], None]) -> None:
    """Do *work* with each file; an error ends the command, and the files before it stay done.

    Raises:
        HubError: an error of *work*, with the file; standard error tells the number of files that are done.
    """
    for number, file in enumerate(files):
        try:
            work(file)
        except HubError as error:
            if number:
                complain(f"done: {number} of {len(files)} files; nothing was done from {file} on")
            raise error.at(str(file)) from error
        # A closed pipe ends the command before the next file is worked.
        flush()


def _operate(transaction: Transaction, operation: str, tree: PropertySet) -> Sequence[InstanceResult]:
    refuse_masks(tree)
    run = transaction.run(Origin("object", "local", operation))
    results: Sequence[InstanceResult] = getattr(run.effects, operation)(tree)
    run.finish()
    return results


def _add_operation(operation: str, help: str) -> None:
    """Add a command that does an operation of the database adapter with files."""

    @object_app.command(operation, help=help, cls=TextCommand)
    def operate(files: Files, dry_run: DryRun = False, as_json: Json = False) -> None:
        rows: list[dict[str, Any]] = []
        with opened_hub() as open_hub:

            def operate_on(file: pathlib.Path) -> None:
                entries = _write(
                    open_hub, file, dry_run, lambda transaction, tree: _operate(transaction, operation, tree)
                )
                rows.extend(entry.as_dict() for entry in entries)
                for entry in () if as_json else entries:
                    key = ", ".join(f"{name} {value}" for name, value in entry.key.items())
                    out(f"{entry.operation}\t{entry.object}\t{key}\t{entry.row_id}")

            try:
                _each_file(files, operate_on)
            except HubError as error:
                # With the rows of the files before: these are committed, and a script must hear of them.
                raise CommandFailed(error, rows=rows) from error
        if as_json:
            print_json(rows)


# By a call for each: a function that is defined in the loop itself would see the last operation only.
for _operation, _help in _OPERATIONS.items():
    _add_operation(_operation, _help)


@object_app.command("schema", cls=TextCommand)
def schema(name: Annotated[str, typer.Argument(metavar="OBJECT", help="The integration object.")]) -> None:
    """Print the XSD of an object's message in the hub's own XML."""
    from schemas.hub_xsd import hub_xsd

    definitions = load_definitions(pathlib.Path.cwd())
    with misused():
        known = known_object(definitions, name)
    out(hub_xsd(known).decode())


@object_app.command("model", cls=TextCommand)
def model() -> None:
    """Print the data model as a page: a drawing of all tables, and each object's fields, columns and values."""
    from adapters.database.schema.data_model import data_model_page

    out(data_model_page(load_definitions(pathlib.Path.cwd())).rstrip("\n"))
