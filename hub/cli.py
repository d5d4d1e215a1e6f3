"""The command line: `orderhub`.

Standard output carries the result and nothing else; messages go to standard error. Exit codes: 0 done; 1 something
was rejected or failed, and it says what; 2 the command or its input is wrong. Modules that a command needs are
imported by it, so that the others start fast.

Spec: integration.md, "Reached from outside"; road.md, "Command line, completed".
"""

from __future__ import annotations

import json
import pathlib
import sys
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from hub import cli_call, cli_doors, cli_maps, cli_messages, cli_objects, cli_workflow
from hub.printing import complain, out, print_findings, table
from integration_objects.errors import HubError, Retryable

if TYPE_CHECKING:
    from hub.desk import Desk

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
        from hub import logs

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


def open_desk(proven: bool = False) -> Desk:
    """The deployment in the working folder, its database ready; *proven*: all its declarations, not as needed."""
    from hub.deployment import open_deployment
    from hub.desk import Desk

    deployment = open_deployment(pathlib.Path.cwd())
    desk = Desk(deployment.prove() if proven else deployment)
    desk.prepare_database()
    return desk


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
        from hub.scenario_demo import play_scenario

        all_final = play_scenario(folder, scenario)
    else:
        from hub.demo import play

        all_final = play(folder)
    raise typer.Exit(0 if all_final else 1)


@app.command()
def check(as_json: Json = False) -> None:
    """Prove all routes, maps, objects, schemas and templates of the deployment together."""
    from hub.deployment import check_deployment

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
    from hub.processes import check_workers, run_workers

    # Whatever keeps the hub from starting is told here, once, before there are processes.
    desk = open_desk(proven=True)
    number = workers or desk.deployment.settings.workers
    check_workers(desk.deployment, number)
    desk.close()
    all_final = run_workers(desk.deployment, number, once)
    if not all_final:
        complain("some messages are not in a final state: see `orderhub status`")
    raise typer.Exit(0 if all_final else 1)


@app.command()
def load(
    files: Annotated[list[pathlib.Path], typer.Argument(help="Messages in the hub's own XML.")],
    dry_run: DryRun = False,
) -> None:
    """Upsert accounts, products, price lists, opening profiles and what else customers have, file by file."""
    from adapters.database.connection import repeated
    from adapters.files import read_file, shown_path
    from hub.run import Origin
    from hub.workflows.hub_object import load as load_object
    from schemas.check import Limits
    from schemas.hub_xml import hub_from_xml

    desk = open_desk()

    def work(file: pathlib.Path) -> None:
        def unit() -> list[str]:
            tree = hub_from_xml(read_file(file), desk.deployment.definitions, Limits.files())
            with desk.write(dry_run=dry_run) as transaction:
                return load_object(transaction.run(Origin("load", "local", shown_path(file))), tree)

        for line in repeated(unit):
            out(line)

    cli_objects.each_file(files, work)
    desk.close()


@app.command()
def show(
    object: Annotated[str, typer.Argument(help="The integration object: 'OM Order', 'OM Asset', Account, ...")],
    key: Annotated[str, typer.Argument(help="Order or quote number, account id, ...: the object's first key.")],
    text: Annotated[bool, typer.Option("--text", help="As a tree for reading, not as XML.")] = False,
    as_json: Json = False,
) -> None:
    """Print one stored integration object as XML."""
    from hub.stored import stored_object

    desk = open_desk()
    with desk.read() as transaction:
        tree = stored_object(transaction.store, desk.deployment.definitions, object, key)
    cli_objects.print_object(tree, desk.deployment.definitions, text, as_json)
    desk.close()


@app.command()
def status(as_json: Json = False) -> None:
    """Show the components and the messages: how many in each state, what waits to leave, what fell out."""
    from hub.stored import status_of

    desk = open_desk()
    with desk.read() as transaction:
        found = status_of(transaction, desk.deployment)
    desk.close()
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
    from hub.route import component_of

    desk = open_desk()
    known = [component_of(name) for name in desk.deployment.route_names]
    if component not in known:
        raise typer.BadParameter(f"there is no component '{component}'; there are {', '.join(known)}")
    with desk.write() as transaction:
        if paused:
            transaction.messages.control.pause(component, "paused by an operator")
        else:
            transaction.messages.control.resume(component)
    desk.close()


@database.command("upgrade")
def upgrade_database(dry_run: DryRun = False) -> None:
    """Create or migrate the database, and add what the deployment's extensions need."""
    from adapters.database.upgrade import needs_upgrade, upgrade
    from hub.deployment import open_deployment
    from hub.desk import Desk

    desk = Desk(open_deployment(pathlib.Path.cwd()))
    if dry_run:
        needed = needs_upgrade(desk.database, desk.deployment.definitions)
        out("the database would be upgraded" if needed else "the database is ready: nothing would be done")
    else:
        upgrade(desk.database, desk.deployment.definitions)
        complain("the database is ready")
    desk.close()


if __name__ == "__main__":
    main()
