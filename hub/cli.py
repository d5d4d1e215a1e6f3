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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub import cli_call, cli_maps, cli_messages, cli_objects
from hub.printing import complain, out, table
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
app.add_typer(cli_maps.app, name="map")
app.add_typer(cli_messages.app, name="messages")
app.add_typer(cli_objects.app, name="object")
database = typer.Typer(no_args_is_help=True, help="The hub's database.")
app.add_typer(database, name="db")

#: the name of the one worker process
PROCESS = "worker-1"

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")]


def main() -> None:
    """Run the command line; no traceback reaches a user for anything that the hub foresaw."""
    import structlog

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
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


def open_desk(proven: bool = False, process: str = "command") -> Desk:
    """The deployment in the working folder, its database ready; *proven*: all its declarations, not as needed."""
    from hub.deployment import open_deployment
    from hub.desk import Desk

    deployment = open_deployment(pathlib.Path.cwd())
    desk = Desk(deployment.prove() if proven else deployment, process=process)
    desk.prepare_database()
    return desk


@app.command()
def demo(
    scenario: Annotated[str | None, typer.Option(help="Play one of the usage scenarios.", hidden=True)] = None,
) -> None:
    """Run the main job on the embedded defaults, in ./orderhub-demo/, and show what happened."""
    from hub.demo import play

    if scenario is not None:
        raise typer.BadParameter("the scenarios aren't there yet; run `orderhub demo`")
    raise typer.Exit(0 if play(pathlib.Path.cwd() / "orderhub-demo") else 1)


@app.command()
def check() -> None:
    """Prove all routes, maps, objects, schemas and templates of the deployment together."""
    from hub.deployment import check_deployment

    found = check_deployment(pathlib.Path.cwd())
    for finding in found:
        out(str(finding))
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(1)
    complain(f"the deployment is sound: {len(found)} findings" if found else "the deployment is sound")


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="End when only final and parked messages are left.")] = False,
) -> None:
    """Run the hub: receive, process, dispatch."""
    from hub.worker import Worker, stopped_by_signals

    desk = open_desk(proven=True, process=PROCESS)
    worker = Worker(desk)
    with stopped_by_signals(worker):
        all_final = worker.run(once)
    desk.close()
    if not all_final:
        complain("some messages are not in a final state: see `orderhub status`")
    raise typer.Exit(0 if all_final else 1)


@app.command()
def send(
    route: Annotated[str, typer.Argument(help="The route whose door takes the messages.")],
    files: Annotated[list[pathlib.Path], typer.Argument(help="One message each.")],
    id: Annotated[str | None, typer.Option("--id", help="The message id; without one, the route's identity.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="The channel that the answer goes to.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="What the answer is correlated by.")] = None,
) -> None:
    """Put messages in at a route's door; prints each one's id in the message store."""
    from adapters.files import read_message
    from adapters.transport import Delivery, Envelope, check_envelope
    from hub.data_manager import DataManager
    from hub.doors import folder_door

    desk = open_desk()
    found = desk.deployment.routes.get(route)
    if found is None:
        _unknown_route(desk, route)
        return
    if id is not None and len(files) > 1:
        raise typer.BadParameter("one id means one message: give one file")
    envelopes = []
    for file in files:
        body, oversize = read_message(file, found.limits.body)
        envelopes.append(
            check_envelope(Envelope(id, body, correlation_id=correlation_id, reply_to=reply_to, oversize=oversize))
        )
    if found.door == "folder":
        for file, envelope in zip(files, envelopes, strict=True):
            out(str(folder_door(desk).put_in(found.place, file.name, envelope.body)))
        return
    manager = DataManager(desk)
    refused = False
    for file, envelope in zip(files, envelopes, strict=True):
        filed = manager.file(found, [Delivery(envelope, found.place, "local", str(file))])[0]
        out(f"{filed.row_id}\t{filed.outcome}\t{filed.state}\t{file}")
        refused = refused or filed.outcome == "id reused"
    desk.close()
    raise typer.Exit(1 if refused else 0)


def _unknown_route(desk: Desk, route: str) -> None:
    from hub.route import RouteUnknown

    known = desk.deployment.routes
    from integration_objects.declaration import nearest

    raise RouteUnknown(
        f"there is no route '{route}'",
        where="orderhub.toml, routes",
        why=f"this deployment has {', '.join(known) or 'none'}",
        mend=nearest(route, known)
        or "name one of them, or switch a shipped route on in orderhub.toml (routes = [...])",
    )


@app.command()
def receive(
    channel: Annotated[str, typer.Argument(help="The embedded channel.")],
    limit: Annotated[int, typer.Option(min=1, help="Most messages.")] = 100,
    peek: Annotated[bool, typer.Option("--peek", help="Show them, and leave them there.")] = False,
    into: Annotated[
        pathlib.Path | None, typer.Option(help="A folder: one file a message, instead of standard output.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take what left on an embedded channel: replies, work orders, billing messages, dead letters."""
    from adapters.files import write_message

    desk = open_desk()
    with desk.write() as transaction:
        rows = transaction.messages.outbox.take(channel, limit, peek)
        if into is not None:  # on the disk before the commit that takes them
            for row in rows:
                out(str(write_message(into, row.envelope)))
    if into is None and as_json:
        out(json.dumps([_envelope(row) for row in rows], ensure_ascii=False, indent=2))
    elif into is None:
        for row in rows:
            out(row.message.body.decode("utf-8", "replace").rstrip("\n"))
    desk.close()


def _envelope(row: Any) -> dict[str, Any]:
    message = row.message
    return {
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "channel": message.destination,
        "kind": message.kind,
        "type": message.type,
        "content_type": message.content_type,
        "headers": dict(message.headers),
        "created_at": row.created_at,
        "body": message.body.decode("utf-8", "replace"),
    }


@app.command()
def load(files: Annotated[list[pathlib.Path], typer.Argument(help="Messages in the hub's own XML.")]) -> None:
    """Upsert accounts, products and opening profiles."""
    from adapters.files import read_file
    from hub.run import Origin
    from hub.workflows.hub_object import load as load_object
    from schemas.check import Limits
    from schemas.hub_xml import hub_from_xml

    desk = open_desk()
    for file in files:
        try:
            tree = hub_from_xml(read_file(file), desk.deployment.definitions, Limits.files())
            with desk.write() as transaction:
                done = load_object(transaction.run(Origin("load", "local", str(file))), tree)
        except HubError as error:
            raise error.at(str(file)) from error
        for line in done:
            out(line)
    desk.close()


@app.command()
def show(
    object: Annotated[str, typer.Argument(help="The integration object: 'OM Order', 'OM Asset', Account, ...")],
    key: Annotated[str, typer.Argument(help="Order or quote number, account id, product id, work order number.")],
    text: Annotated[bool, typer.Option("--text", help="As a tree for reading, not as XML.")] = False,
) -> None:
    """Print one stored integration object as XML."""
    from hub.printing import picture
    from hub.stored import stored_object
    from schemas.hub_xml import hub_to_xml

    desk = open_desk()
    with desk.read() as transaction:
        tree = stored_object(transaction.store, desk.deployment.definitions, object, key)
    if text:
        out(picture(tree))
    else:
        out(hub_to_xml(tree, desk.deployment.definitions).decode())
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
    """Pause a component: a route takes messages in, but none is worked."""
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
def upgrade_database() -> None:
    """Create or migrate the database, and add what the deployment's extensions need."""
    from adapters.database.upgrade import upgrade
    from hub.deployment import open_deployment
    from hub.desk import Desk

    desk = Desk(open_deployment(pathlib.Path.cwd()))
    upgrade(desk.database, desk.deployment.definitions)
    complain("the database is ready")
    desk.close()


if __name__ == "__main__":
    main()
