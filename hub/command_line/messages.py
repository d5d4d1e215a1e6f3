"""`orderhub messages`: the message store. Spec: docs/design/integration.md, "Reached from outside"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.presentation.printing import complain, out, table
from integration_objects.errors import Refused

if TYPE_CHECKING:
    from adapters.database.messages.store import MessageStore

app = typer.Typer(no_args_is_help=True, help="The message store: what happened to every message.")


class MessageUnknown(Refused):
    """A command names a message that the store doesn't have."""


class FilterUnknown(Refused):
    """A command asks for messages of a state, route or time that there can't be."""


class MessageNotThere(Refused):
    """A message is in a state in which the command can do nothing with it."""


@app.command("list")
def list_messages(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    route: Annotated[str | None, typer.Option(help="Only this route's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most messages, the newest first.")] = 100,
    since: Annotated[str | None, typer.Option(help="Only those received at this ISO time or later.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")] = False,
) -> None:
    """List messages, the newest first."""
    from hub.command_line.app import opened_hub

    _check_state(state)
    since = None if since is None else _time(since)
    open_hub = opened_hub()
    with open_hub.read() as transaction:
        rows = transaction.messages.listing(state, route, limit, since)
        if route is not None and not rows:
            _check_route(transaction.messages, open_hub.deployment.route_names, route)
    open_hub.close()
    if as_json:
        out(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    heads = ("id", "route", "state", "message_id", "key", "received_at", "attempts", "reason")
    out(table(heads, [[row[head] for head in heads] for row in rows]))


def _check_state(state: str | None) -> None:
    from adapters.database.schema.hub_tables import STATES
    from integration_objects.nearest import nearest

    if state is not None and state not in STATES:
        raise FilterUnknown(
            f"there is no state '{state}'",
            where="option --state",
            why=f"states are {', '.join(STATES)}",
            mend=nearest(state, STATES) or "name one of them",
        )


def _check_route(messages: MessageStore, known: Sequence[str], route: str) -> None:
    """Refuse a route that isn't switched on and never had a message."""
    from integration_objects.nearest import nearest

    if route not in known and not messages.listing(route=route, limit=1):
        raise FilterUnknown(
            f"there is no route '{route}'",
            where="option --route",
            why=f"this deployment has {', '.join(known) or 'none'}, and the store has no message of another",
            mend=nearest(route, known) or "name one of them",
        )


def _time(text: str) -> str:
    """A time as the message store has it."""
    from integration_objects.field_values import read_date

    try:
        return read_date(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError as error:
        raise FilterUnknown(
            f"'{text}' is no time",
            where="option --since",
            why=str(error),
            mend="write a date, or a date and time with its zone: 2026-01-31T12:00:00Z",
        ) from error


@app.command("show")
def show_message(
    id: Annotated[str, typer.Argument(help="The id in the message store, or the sender's message id.")],
    body: Annotated[bool, typer.Option("--body", help="Print the message itself.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")] = False,
) -> None:
    """Show one message: its states, its error, what left because of it."""
    from hub.command_line.app import opened_hub

    open_hub = opened_hub()
    with open_hub.read() as transaction:
        row_id = _row_id(transaction.messages, id)
        shown = transaction.messages.show(row_id)
        row = transaction.messages.inbox.row(row_id)
    open_hub.close()
    if shown is None or row is None:
        raise _unknown(id)
    if body:
        out(row.body.decode("utf-8", "replace"))
    elif as_json:
        out(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        _print(shown)


def _print(shown: dict[str, Any]) -> None:
    for name, value in shown.items():
        if name not in ("outbound", "error", "headers") and value is not None:
            out(f"{name:<16}{value}")
    if shown["error"]:
        for name in ("what", "where", "why", "mend"):
            if shown["error"].get(name):
                out(f"{name:<16}{shown['error'][name]}")
    heads = ("kind", "destination", "type", "message_id", "sent_at")
    if shown["outbound"]:
        out("")
        out(table(heads, [[row[head] for head in heads] for row in shown["outbound"]]))


@app.command("replay")
def replay_message(
    id: Annotated[str, typer.Argument(help="A parked, retrying, refused or dead message.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Put a message back in its place, to be worked again by `orderhub run`."""
    from hub.command_line.app import opened_hub

    open_hub = opened_hub()
    with open_hub.write(dry_run=dry_run) as transaction:
        row_id = _row_id(transaction.messages, id)
        if not transaction.messages.inbox.replay(row_id):
            row = transaction.messages.inbox.row(row_id)
            state = "" if row is None else row.state
            raise _stays(row_id, state, "parked, retrying, rejected, invalid or dead")
    complain(f"{row_id}: would be put back, and worked again" if dry_run else f"{row_id}: done")
    open_hub.close()


@app.command("give-up")
def give_up_message(id: Annotated[str, typer.Argument(help="A parked or retrying message.")]) -> None:
    """Make a message dead: it is kept, and its key is free for the messages behind it."""
    from hub.command_line.app import opened_hub
    from hub.data_manager.data_manager import DataManager

    open_hub = opened_hub()
    with open_hub.read() as transaction:
        row_id = _row_id(transaction.messages, id)
        row = transaction.messages.inbox.row(row_id)
    if not DataManager(open_hub).give_up(row_id):
        raise _stays(row_id, "" if row is None else row.state, "parked or retrying")
    complain(f"{row_id}: done")
    open_hub.close()


def _stays(row_id: str, state: str, states: str) -> MessageNotThere:
    return MessageNotThere(
        f"the message {row_id} stays as it is",
        where=f"message {row_id}",
        why=f"it is {state}; this can be done with messages that are {states}",
        mend="`orderhub messages list` shows every message's state",
    )


def _row_id(messages: Any, id: str) -> str:
    if messages.inbox.row(id) is not None:
        return id
    found: str | None = messages.by_message_id(id)
    if found is None:
        raise _unknown(id)
    return found


def _unknown(id: str) -> MessageUnknown:
    return MessageUnknown(
        f"there is no message '{id}'",
        where=f"message {id}",
        why="neither an id of the message store nor a sender's message id is equal to it",
        mend="`orderhub messages list` shows the ids",
    )
