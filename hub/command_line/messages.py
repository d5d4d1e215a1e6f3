"""`orderhub messages`: the message store. Spec: docs/design/integration.md, "Reached from outside"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapters.database.messages.inbox_row import InboxRow
from adapters.database.messages.store import MessageStore
from adapters.database.schema.hub_tables import STATES
from hub.command_line.exit_codes import CommandMisused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import DryRun, Json
from hub.data_manager.data_manager import DataManager
from hub.presentation.printing import complain, out, print_json, table
from integration_objects.errors import Refused, UnknownName
from integration_objects.field_values import read_date

app = typer.Typer()
messages_app = typer.Typer(no_args_is_help=True, help="The message store: what happened to every message.")
app.add_typer(messages_app, name="messages")

_LISTED = ("id", "route", "state", "message_id", "key", "received_at", "attempts", "reason")
_OUTBOUND = ("kind", "destination", "type", "message_id", "sent_at")


class MessageUnknown(Refused):
    """A command names a message that the store doesn't have."""

    what = "there is no message '{id}'"
    where = "message {id}"
    why = "neither an id of the message store nor a sender's message id is equal to it"
    mend = "`orderhub messages list` shows the ids"


class MessageStateUnknown(UnknownName, CommandMisused):
    """A command asks for messages of a state that there isn't."""

    kind = "state"
    where = "option --state"
    why = "states are {states}"


class RouteWithoutMessages(UnknownName, CommandMisused):
    """A command asks for the messages of a route that isn't switched on and never had a message."""

    kind = "route"
    where = "option --route"
    why = "this deployment has {names}, and the store has no message of another"


class TimeUnreadable(CommandMisused):
    """A command asks for messages since a time that can't be read."""

    what = "'{text}' is no time"
    where = "option --since"
    why = "{fault}"
    mend = "write a date, or a date and time with its zone: 2026-01-31T12:00:00Z"


class MessageNotThere(Refused):
    """A message is in a state in which the command can do nothing with it."""

    what = "the message {row_id} stays as it is"
    where = "message {row_id}"
    why = "it is {state}; this can be done with messages that are {states}"
    mend = "`orderhub messages list` shows every message's state"


@messages_app.command("list")
def list_messages(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    route: Annotated[str | None, typer.Option(help="Only this route's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most messages, the newest first.")] = 100,
    since: Annotated[str | None, typer.Option(help="Only those received at this ISO time or later.")] = None,
    as_json: Json = False,
) -> None:
    """List messages, the newest first."""
    if state is not None and state not in STATES:
        raise MessageStateUnknown(state, STATES, states=", ".join(STATES))
    since = None if since is None else _stored_time(since)
    with opened_hub() as open_hub, open_hub.read() as transaction:
        messages = transaction.messages
        rows = messages.listing(state, route, limit, since)
        if route is not None and not rows:
            _check_route(messages, open_hub.deployment.route_names, route)
    if as_json:
        print_json(rows)
    else:
        _print_rows(_LISTED, rows)


def _print_rows(heads: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    out(table(heads, [[row[head] for head in heads] for row in rows]))


def _check_route(messages: MessageStore, known: Sequence[str], route: str) -> None:
    """Refuse a route that isn't switched on and never had a message."""
    if route not in known and not messages.listing(route=route, limit=1):
        raise RouteWithoutMessages(route, known)


def _stored_time(text: str) -> str:
    """Return a time as the message store writes it."""
    try:
        return read_date(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError as error:
        raise TimeUnreadable(text=text, fault=error) from error


@messages_app.command("show")
def show_message(
    id: Annotated[str, typer.Argument(help="The id in the message store, or the sender's message id.")],
    body: Annotated[bool, typer.Option("--body", help="Print the message itself.")] = False,
    as_json: Json = False,
) -> None:
    """Show one message: its states, its error, what left because of it."""
    with opened_hub() as open_hub, open_hub.read() as transaction:
        row = _row(transaction.messages, id)
        record = transaction.messages.show(row.id)
    if record is None:
        raise MessageUnknown(id=id)
    if body:
        out(row.body.decode("utf-8", "replace"))
    elif as_json:
        print_json(record)
    else:
        _print_record(record)


def _print_record(record: Mapping[str, Any]) -> None:
    fields = {name: value for name, value in record.items() if name not in ("outbound", "error", "headers")}
    error = record["error"] or {}
    fields |= {name: error[name] for name in ("what", "where", "why", "mend") if error.get(name)}
    for name, value in fields.items():
        if value is not None:
            out(f"{name:<16}{value}")
    if record["outbound"]:
        out("")
        _print_rows(_OUTBOUND, record["outbound"])


@messages_app.command("replay")
def replay_message(
    id: Annotated[str, typer.Argument(help="A parked, retrying, refused or dead message.")],
    dry_run: DryRun = False,
) -> None:
    """Put a message back in its place, to be worked again by `orderhub run`."""
    with opened_hub() as open_hub, open_hub.write(dry_run=dry_run) as transaction:
        row = _row(transaction.messages, id)
        if not transaction.messages.inbox.replay(row.id):
            states = "parked, retrying, rejected, invalid or dead"
            raise MessageNotThere(row_id=row.id, state=row.state, states=states)
    complain(f"{row.id}: would be put back, and worked again" if dry_run else f"{row.id}: done")


@messages_app.command("give-up")
def give_up_message(id: Annotated[str, typer.Argument(help="A parked or retrying message.")]) -> None:
    """Make a message dead: it is kept, and its key is free for the messages behind it."""
    with opened_hub() as open_hub:
        with open_hub.read() as transaction:
            row = _row(transaction.messages, id)
        if not DataManager(open_hub).give_up(row.id):
            raise MessageNotThere(row_id=row.id, state=row.state, states="parked or retrying")
    complain(f"{row.id}: done")


def _row(messages: MessageStore, id: str) -> InboxRow:
    """Return the row of a message by its id in the store, or by the sender's message id."""
    row = messages.inbox.row(id)
    if row is None:
        row_id = messages.by_message_id(id)
        row = None if row_id is None else messages.inbox.row(row_id)
    if row is None:
        raise MessageUnknown(id=id)
    return row
