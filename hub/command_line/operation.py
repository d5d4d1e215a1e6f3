"""`orderhub status`, `pause`, `resume` and `db`: the operation of the hub.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Command line, completed".
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Annotated, Any

import typer

from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import DryRun, Json
from hub.command_line.text_command import TextCommand
from hub.data_manager.doors import doors, left_alone
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.status import status_of
from hub.deployment.deployment import open_deployment
from hub.presentation.printing import complain, out, print_json, table

app = typer.Typer()
database = typer.Typer(no_args_is_help=True, help="The hub's database.")
app.add_typer(database, name="db")

Component = Annotated[str, typer.Argument(help="route:NAME or feed NAME, as `orderhub status` lists it.")]


@app.command(cls=TextCommand)
def status(as_json: Json = False) -> None:
    """Show the components and the messages: the number in each state, waiting messages, fallout."""
    with opened_hub(only_messages=True) as open_hub:
        with open_hub.read() as transaction:
            state = status_of(transaction, open_hub.deployment)
        # Behind the transaction: a broker that doesn't answer is waited for.
        state["channels"] = doors(open_hub)
        state["left_alone"] = [{"file": file, "why": why} for file, why in left_alone(open_hub).items()]
    if as_json:
        print_json(state)
    else:
        _print_status(state)


#: the tables of `status` behind the counts: the key in the JSON, the headings, and the fields of a row
_TABLES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("unfinished", ("route", "state", "why", "messages", "since"), ("route", "state", "reason", "messages", "oldest")),
    ("planned", ("planned by", "messages", "first due"), ("route", "messages", "first")),
    ("away", ("system away", "why", "tried again"), ("what", "why", "again_at")),
    (
        "held_keys",
        ("route", "key held", "by message", "state", "why", "behind"),
        ("route", "key", "message", "state", "reason", "behind"),
    ),
    ("channels", ("door of", "door", "waiting", "why"), ("route", "door", "waiting", "why")),
    ("outbox", ("waits for", "messages", "since", "why"), ("destination", "waiting", "oldest", "why")),
    ("set_aside", ("set aside for", "messages", "since"), ("destination", "messages", "oldest")),
    ("left_alone", ("left alone", "why"), ("file", "why")),
    ("unread", ("declaration not read", "why"), ("declaration", "why")),
    (
        "batches",
        ("batch", "route", "state", "file", "orders", "filed", "since", "why"),
        ("id", "route", "state", "name", "orders", "filed", "since", "reason"),
    ),
    ("jobs", ("job", "action", "state", "messages", "why"), ("id", "action", "state", "total", "reason")),
    ("feed_alarms", ("feed", "alarm", "since"), ("feed", "sentence", "since")),
    ("fallout", ("fallout", "order", "cause", "reason"), ("row_id", "order_number", "cause", "reason")),
)


def _print_status(state: Mapping[str, Any]) -> None:
    components = [(component["name"], component["state"], component["why"]) for component in state["components"]]
    out(table(("component", "state", "why"), components))
    messages, deliveries = state["messages"], state["doors"]
    counts = [(name, number, messages["oldest"].get(name)) for name, number in messages["states"].items()]
    out("")
    out(table(("messages", "count", "oldest"), [*counts, ("in all", messages["received"], None)]))
    out(
        f"\nduplicates {messages['duplicates']}; the doors counted {deliveries['deliveries']} deliveries: "
        + ("both sides agree" if deliveries["agrees"] else "THE TWO SIDES DIFFER")
    )
    # Messages without a reason only wait for their turn, and are counted above.
    troubled = [row for row in state["unfinished"] if row["reason"] is not None]
    outbox = [{**row, "why": _shown(row["error"])} for row in state["outbox"]]
    _print_rows(
        troubled, ("route", "state", "why", "messages", "since"), ("route", "state", "reason", "messages", "oldest")
    )
    for name, headings, fields in _TABLES:
        _print_rows(outbox if name == "outbox" else state[name], headings, fields)


def _print_rows(rows: Sequence[Mapping[str, Any]], headings: tuple[str, ...], fields: tuple[str, ...]) -> None:
    """Print a table of some fields, if there are rows."""
    if rows:
        out("")
        out(table(headings, [[row[name] for name in fields] for row in rows]))


def _shown(error: Mapping[str, str] | None) -> str | None:
    """Write a stored error as one line: the thing that failed, and why."""
    return None if error is None else ": ".join(filter(None, (error.get("what"), error.get("why"))))


@app.command(cls=TextCommand)
def pause(component: Component) -> None:
    """Pause a component: a route works no message; from a broker's queue it takes none in."""
    _set_component(component, paused=True)


@app.command(cls=TextCommand)
def resume(component: Component) -> None:
    """Let a paused or stopped component go on."""
    _set_component(component, paused=False)


def _set_component(component: str, paused: bool) -> None:
    with opened_hub(only_messages=True) as open_hub:
        known = open_hub.deployment.components
        if component not in known:
            raise typer.BadParameter(f"there is no component '{component}'; there are {', '.join(known)}")
        with open_hub.write() as transaction:
            if paused:
                transaction.messages.control.pause(component, "paused by an operator")
            else:
                transaction.messages.control.resume(component)


@database.command("upgrade", cls=TextCommand)
def upgrade_database(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Create or migrate the database, and add what the deployment's extensions need."""
    from adapters.database.schema.upgrade import planned_upgrade, upgrade

    # Not `opened_hub`: that refuses a PostgreSQL database which isn't upgraded yet.
    with closing(OpenHub(open_deployment(pathlib.Path.cwd()))) as open_hub:
        definitions = open_hub.deployment.definitions
        if dry_run:
            statements = planned_upgrade(open_hub.database, definitions)
            if as_json:
                print_json({"state": "to be upgraded" if statements else "ready", "statements": statements})
            else:
                for statement in statements:
                    out(f"{statement};")
            complain("the database would be upgraded" if statements else "the database is ready: nothing would be done")
        else:
            upgrade(open_hub.database, definitions)
            if as_json:
                print_json({"state": "ready"})
            complain("the database is ready")
