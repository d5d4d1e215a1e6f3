"""The command line: `orderhub`.

Standard output carries the result and nothing else; messages go to standard error. Exit codes: 0 done; 1 something
was rejected or failed, and it says what; 2 the command or its input is wrong. Modules that a command needs are
imported by it, so that the others start fast.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Command line, completed".
"""

from __future__ import annotations

import json
import pathlib
import sys
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from hub.command_line import (
    call as cli_call,
)
from hub.command_line import (
    doors as cli_doors,
)
from hub.command_line import (
    maps as cli_maps,
)
from hub.command_line import (
    messages as cli_messages,
)
from hub.command_line import (
    objects as cli_objects,
)
from hub.command_line import (
    workflow as cli_workflow,
)
from hub.presentation.printing import complain, out, print_findings, table
from integration_objects.errors import HubError, Retryable

if TYPE_CHECKING:
    from hub.data_manager.open_hub import OpenHub

app = typer.Typer(
    name="orderhub",
    help="A message-driven integration hub for complex orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("call")(cli_call.call)
app.command("workflow", context_settings={"help_option_names": []})(cli_workflow.workflow)
app.command("send")(cli_doors.send)
app.command("receive")(cli_doors.receive)
app.add_typer(cli_maps.app, name="map")
app.add_typer(cli_messages.app, name="messages")
app.add_typer(cli_objects.app, name="object")
database = typer.Typer(no_args_is_help=True, help="The hub's database.")
app.add_typer(database, name="db")

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def main() -> None:
    """Run the command line; no traceback reaches a user for anything that the hub foresaw."""
    if sys.argv[1:2] != ["call"]:  # it logs nothing, and starts in half the time without
        from hub.command_line import logs

        logs.configure()
    try:
        app()
    except HubError as error:
        complain(str(error))
        sys.exit(1 if isinstance(error, Retryable) else 2)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        complain(str(_unforeseen(error)))
        sys.exit(1)


def _unforeseen(error: Exception) -> HubError:
    """A fault of ours, told as every other: what, where, why, mend."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return HubError(
        "the command failed in a way that nobody foresaw",
        where=f"{frame.filename}:{frame.lineno}",
        why=f"{type(error).__name__}: {error}",
        mend="report it with this text; nothing that was not finished was stored",
    )


def opened_hub(proven: bool = False) -> OpenHub:
    """The deployment in the working folder, its database ready; *proven*: all its declarations, not as needed."""
    from hub.data_manager.open_hub import OpenHub
    from hub.deployment.deployment import open_deployment

    deployment = open_deployment(pathlib.Path.cwd())
    open_hub = OpenHub(deployment.prove() if proven else deployment)
    open_hub.prepare_database()
    return open_hub


@app.command()
def demo(
    scenario: Annotated[
        str | None,
        typer.Option(metavar="LETTER", help="Play a usage scenario, with those before it: a, b, c, d or f."),
    ] = None,
) -> None:
    """Run the main job on the embedded defaults, in ./orderhub-demo/, and show what happened."""
    folder = pathlib.Path.cwd() / "orderhub-demo"
    if scenario is not None:
        from hub.demo.scenario_demo import play_scenario

        all_final = play_scenario(folder, scenario)
    else:
        from hub.demo.main_job import play

        all_final = play(folder)
    raise typer.Exit(0 if all_final else 1)


@app.command()
def check(as_json: Json = False) -> None:
    """Prove all routes, maps, objects, schemas and templates of the deployment together."""
    from hub.deployment.deployment import check_deployment

    found = check_deployment(pathlib.Path.cwd())
    print_findings(found, as_json)
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(1)
    complain(f"the deployment is sound: {len(found)} findings" if found else "the deployment is sound")


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="End when only final and parked messages are left.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; without it, the setting `workers`.")
    ] = None,
) -> None:
    """Run the hub: receive, process, dispatch."""
    from hub.data_manager.processes import check_workers, run_workers

    # Whatever keeps the hub from starting is told here, once, before there are processes.
    open_hub = opened_hub(proven=True)
    number = workers or open_hub.deployment.settings.workers
    check_workers(open_hub.deployment, number)
    open_hub.close()
    all_final = run_workers(open_hub.deployment, number, once)
    if not all_final:
        complain("some messages are not in a final state: see `orderhub status`")
    raise typer.Exit(0 if all_final else 1)


@app.command()
def load(
    files: Annotated[list[pathlib.Path], typer.Argument(help="Messages in the hub's own XML.")],
    dry_run: DryRun = False,
) -> None:
    """Upsert accounts, products, price lists, opening profiles and what else customers have, file by file."""
    from adapters.database.connection.database import repeated
    from adapters.files import read_file, shown_path
    from hub.workflow_manager.origin import Origin
    from hub.workflows.received.hub_object import load as load_object
    from schemas.check import Limits
    from schemas.hub_xml import hub_from_xml

    open_hub = opened_hub()

    def work(file: pathlib.Path) -> None:
        def unit() -> list[str]:
            tree = hub_from_xml(read_file(file), open_hub.deployment.definitions, Limits.files())
            with open_hub.write(dry_run=dry_run) as transaction:
                return load_object(transaction.run(Origin("load", "local", shown_path(file))), tree)

        for line in repeated(unit):
            out(line)

    cli_objects.each_file(files, work)
    open_hub.close()


@app.command()
def show(
    object: Annotated[str, typer.Argument(help="The integration object: 'OM Order', 'OM Asset', Account, ...")],
    key: Annotated[str, typer.Argument(help="Order or quote number, account id, ...: the object's first key.")],
    text: Annotated[bool, typer.Option("--text", help="As a tree for reading, not as XML.")] = False,
    as_json: Json = False,
) -> None:
    """Print one stored integration object as XML."""
    from hub.data_manager.lookup import stored_object

    open_hub = opened_hub()
    with open_hub.read() as transaction:
        tree = stored_object(transaction.store, open_hub.deployment.definitions, object, key)
    cli_objects.print_object(tree, open_hub.deployment.definitions, text, as_json)
    open_hub.close()


@app.command()
def status(as_json: Json = False) -> None:
    """Show the components and the messages: how many in each state, what waits to leave, what fell out."""
    from hub.data_manager.lookup import status_of

    open_hub = opened_hub()
    with open_hub.read() as transaction:
        found = status_of(transaction, open_hub.deployment)
    open_hub.close()
    if as_json:
        out(json.dumps(found, ensure_ascii=False, indent=2))
        return
    out(
        table(
            ("component", "state", "why"),
            [(c["name"], c["state"], c["why"] or "") for c in found["components"]],
        )
    )
    messages = found["messages"]
    out("")
    out(table(("messages", "count"), [*messages["states"].items(), ("received", messages["received"])]))
    out(
        f"\nduplicates {messages['duplicates']}; the doors counted {found['doors']['deliveries']} deliveries: "
        + ("both sides agree" if found["doors"]["agrees"] else "THE TWO SIDES DIFFER")
    )
    if found["outbox"]:
        out("")
        out(table(("waits for", "messages", "since"), [tuple(row.values()) for row in found["outbox"]]))
    if found["fallout"]:
        out("")
        out(
            table(
                ("fallout", "order", "cause", "reason"),
                [(f["row_id"], f["order_number"], f["cause"], f["reason"]) for f in found["fallout"]],
            )
        )


@app.command()
def pause(
    component: Annotated[str, typer.Argument(help="route:NAME, as `orderhub status` lists it.")],
) -> None:
    """Pause a component: a route works no message; from a broker's queue it takes none in."""
    _set_component(component, paused=True)


@app.command()
def resume(
    component: Annotated[str, typer.Argument(help="route:NAME, as `orderhub status` lists it.")],
) -> None:
    """Let a paused or stopped component go on."""
    _set_component(component, paused=False)


def _set_component(component: str, paused: bool) -> None:
    from hub.deployment.route import component_of

    open_hub = opened_hub()
    known = [component_of(name) for name in open_hub.deployment.route_names]
    if component not in known:
        raise typer.BadParameter(f"there is no component '{component}'; there are {', '.join(known)}")
    with open_hub.write() as transaction:
        if paused:
            transaction.messages.control.pause(component, "paused by an operator")
        else:
            transaction.messages.control.resume(component)
    open_hub.close()


@database.command("upgrade")
def upgrade_database(dry_run: DryRun = False) -> None:
    """Create or migrate the database, and add what the deployment's extensions need."""
    from adapters.database.schema.upgrade import needs_upgrade, upgrade
    from hub.data_manager.open_hub import OpenHub
    from hub.deployment.deployment import open_deployment

    open_hub = OpenHub(open_deployment(pathlib.Path.cwd()))
    if dry_run:
        needed = needs_upgrade(open_hub.database, open_hub.deployment.definitions)
        out("the database would be upgraded" if needed else "the database is ready: nothing would be done")
    else:
        upgrade(open_hub.database, open_hub.deployment.definitions)
        complain("the database is ready")
    open_hub.close()


if __name__ == "__main__":
    main()
