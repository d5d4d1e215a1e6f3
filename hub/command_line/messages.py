"""`orderhub messages`: the message store. Spec: docs/design/integration.md, "Reached from outside"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapters.database.messages.inbox_row import InboxRow
from adapters.database.messages.message_filter import MessageFilter
from adapters.database.messages.outbox import OUTBOX_STATES, OutboxMessage, OutboxRow
from adapters.database.messages.store import MessageStore
from adapters.database.schema.hub_tables import STATES
from hub.command_line.exit_codes import CommandMisused, misused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import MOST_NUMBER, DryRun, Json
from hub.command_line.text_command import TextCommand
from hub.presentation.printing import complain, out, print_json, table
from integration_objects.errors import Refused, UnknownName
from integration_objects.field_values import read_date

app = typer.Typer()
messages_app = typer.Typer(no_args_is_help=True, help="The message store: the states and errors of every message.")
app.add_typer(messages_app, name="messages")

State = Annotated[str | None, typer.Option(help="Only those in this state, or in one of these: rejected,invalid.")]
Route = Annotated[str | None, typer.Option(help="Only this route's.")]
Since = Annotated[str | None, typer.Option(help="Only those received at this ISO time or later.")]
Until = Annotated[str | None, typer.Option(help="Only those received before this ISO time.")]
Batch = Annotated[str | None, typer.Option(help="Only the orders of this batch.")]
Sender = Annotated[str | None, typer.Option(help="Only this sender's.")]
Reason = Annotated[str | None, typer.Option(help="Only those with this reason of an error.")]
Order = Annotated[str | None, typer.Option(help="Only those about this order, by the hub's number or the sender's.")]
Account = Annotated[str | None, typer.Option(help="Only those about this account.")]
IntegrationId = Annotated[str | None, typer.Option(help="Only those about the service with this Integration Id.")]
ServiceId = Annotated[str | None, typer.Option(help="Only those about the service with this number.")]
Before = Annotated[
    int | None,
    typer.Option(metavar="SEQ", max=2**63 - 1, help="Only those filed before the one with this seq."),
]

_LISTED = ("id", "route", "state", "message_id", "identity", "key", "received_at", "due_at", "attempts", "reason")
MessageId = Annotated[str, typer.Argument(help="An id in the message store, the sender's message id, or the identity.")]
_JOURNEY = ("at", "direction", "place", "kind", "state", "reason", "id", "because_of", "answers")
_OUTBOUND = ("id", "kind", "destination", "type", "message_id", "state", "sent_at")
_LEAVING = ("id", "state", "kind", "destination", "type", "message_id", "created_at", "attempts", "reason")
#: the identity of a message without one: its body's digest, and the row's id behind it for a question that has ended
_DIGEST = re.compile("[0-9a-f]{64}(@.+)?")


class MessageUnknown(Refused):
    """A command names a message that the store doesn't have."""

    what = "there is no message '{id}'"
    where = "message {id}"
    why = "no id of the message store, no sender's message id, no identity and no body's digest is equal to it"
    mend = "`orderhub messages list` and `orderhub messages outbound` show the ids"


class MessageStateUnknown(UnknownName, CommandMisused):
    """A command asks for messages of a state that there isn't."""

    kind = "state"
    where = "option --state"
    why = "states are {states}"

    @classmethod
    def check(cls, state: str | None, states: Sequence[str]) -> None:
        """Refuse a state that isn't among *states*."""
        if state is not None and state not in states:
            raise cls(state, states, states=", ".join(states))


class RouteWithoutMessages(UnknownName, CommandMisused):
    """A command asks for the messages of a route that isn't switched on and never had a message."""

    kind = "route"
    where = "option --route"
    why = "this deployment has {names}, and the store has no message of another"


class TimeUnreadable(CommandMisused):
    """A command asks for messages since or until a time that can't be read."""

    what = "'{text}' is no time"
    where = "option --{option}"
    why = "{fault}"
    mend = "write a date, or a date and time with its zone: 2026-01-31T12:00:00Z"


class KeysSeveral(CommandMisused):
    """A command asks for messages about several things at once."""

    what = "one search goes by one business key"
    where = "options {keys}"
    why = "several are given"
    mend = "leave all but one of them out"


class MessageNotThere(Refused):
    """A message is in a state in which the command can do nothing with it."""

    what = "the message {row_id} stays as it is"
    where = "message {row_id}"
    why = "it is {state}; this can be done with messages that are {states}"
    mend = "`orderhub messages list` shows every message's state"


class MessageLeaves(Refused):
    """A command for messages that came in names a message that leaves."""

    what = "the message {id} is an outbound message"
    where = "message {id}"
    why = "only messages that came in are worked again"
    mend = "`orderhub messages resend {id}` puts it back into its place in the line"


class MessageCameIn(Refused):
    """A command for messages that leave names a message that came in."""

    what = "the message {id} is an inbound message"
    where = "message {id}"
    why = "only messages that leave are sent again"
    mend = "`orderhub messages replay {id}` has it worked again; `orderhub messages outbound` lists messages that leave"


@messages_app.command("list", cls=TextCommand)
def list_messages(
    state: State = None,
    route: Route = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_NUMBER, help="Most messages, the newest first.")] = 100,
    since: Since = None,
    until: Until = None,
    batch: Batch = None,
    sender: Sender = None,
    reason: Reason = None,
    order: Order = None,
    account: Account = None,
    integration_id: IntegrationId = None,
    service_id: ServiceId = None,
    before: Before = None,
    as_json: Json = False,
) -> None:
    """List messages, the newest first."""
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        messages = transaction.messages
        business = business_key(order=order, account=account, integration_id=integration_id, service_id=service_id)
        chosen_by = chosen(messages, state, route, since, until, batch, sender, reason, business)
        # One more than is printed: it tells that there are more.
        rows = messages.listing(chosen_by, limit + 1, before)
        if route is not None and not rows:
            _check_route(messages, open_hub.deployment.route_names, route)
    if as_json:
        print_json(rows[:limit])
    else:
        _print_rows(_LISTED, [{**row, "identity": _own_identity(row)} for row in rows[:limit]])
    _tell_more(rows, limit)


def business_key(**keys: str | None) -> tuple[str, str] | None:
    """Return the kind and the value of the one business key that is given, None for none.

    Raises:
        KeysSeveral: there are several.
    """
    given = [(name.replace("_", " "), value) for name, value in keys.items() if value is not None]
    if len(given) > 1:
        raise KeysSeveral(keys=", ".join(f"--{kind.replace(' ', '-')}" for kind, _ in given))
    return given[0] if given else None


def chosen(
    messages: MessageStore,
    state: str | None,
    route: str | None,
    since: str | None,
    until: str | None,
    batch: str | None,
    sender: str | None,
    reason: str | None,
    business: tuple[str, str] | None,
) -> MessageFilter:
    """Make the filter for messages that came in, of a command's options.

    Raises:
        MessageStateUnknown, TimeUnreadable: an option names no state or no time.
    """
    states = tuple(name.strip() for name in state.split(",")) if state is not None else ()
    for name in states:
        MessageStateUnknown.check(name, STATES)
    return MessageFilter(
        states=states,
        route=route,
        sender=sender,
        reason=reason,
        since=None if since is None else stored_time(since, "since"),
        until=None if until is None else stored_time(until, "until"),
        batch=batch,
        keys=() if business is None else messages.message_keys.named(*business),
    )


@messages_app.command("outbound", cls=TextCommand)
def list_outbound(
    state: Annotated[str | None, typer.Option(help=f"Only those in this state: {', '.join(OUTBOX_STATES)}.")] = None,
    destination: Annotated[str | None, typer.Option(help="Only those for this destination.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_NUMBER, help="Most messages, the newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """List messages that leave, the newest first: where to, in which state, and why one has not left."""
    MessageStateUnknown.check(state, OUTBOX_STATES)
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        rows = transaction.messages.outbox.listing(state, destination, limit + 1)
    if as_json:
        print_json(rows[:limit])
    else:
        _print_rows(_LEAVING, [{**row, "reason": (row["error"] or {}).get("reason")} for row in rows[:limit]])
    _tell_more(rows, limit)


def _own_identity(row: Mapping[str, Any]) -> str | None:
    """Return the identity of a message if its sender knows it, and it isn't the message id."""
    identity = row["identity"]
    return None if identity == row["message_id"] or _DIGEST.fullmatch(identity) else identity


def _tell_more(rows: Sequence[object], limit: int) -> None:
    # To standard error, for people and for scripts: standard output is an array with stable names.
    if len(rows) > limit:
        complain(f"there are more messages: these are the newest {limit}; --limit shows more")


def _print_rows(heads: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    out(table(heads, [[row[head] for head in heads] for row in rows]))


def _check_route(messages: MessageStore, known: Sequence[str], route: str) -> None:
    """Refuse a route that isn't switched on and never had a message."""
    if route not in known and not messages.listing(MessageFilter(route=route), 1):
        raise RouteWithoutMessages(route, known)


def stored_time(text: str, option: str) -> str:
    """Return the time of an option as the message store writes it."""
    try:
        # Stored times are texts in UTC of one width: the database compares them as texts.
        return read_date(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError as error:
        raise TimeUnreadable(text=text, option=option, fault=error) from error


@messages_app.command("show", cls=TextCommand)
def show_message(
    id: MessageId,
    body: Annotated[bool, typer.Option("--body", help="Print the message itself, with *** for secrets.")] = False,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="With --body: print secrets, too.")] = False,
    as_json: Json = False,
) -> None:
    """Show one message: its states, its error, the messages that left because of it; or a message that leaves."""
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        leaving = transaction.messages.outbox.row(id)
        message: InboxRow | OutboxMessage
        if leaving is not None:
            record, message = leaving.as_dict(), leaving.message
        else:
            message = _row(transaction.messages, id)
            record = transaction.messages.show(message.id) or {}
        content = message.body
        if body and not unmasked:
            from hub.data_manager.inspection.shown_body import shown_body

            names = open_hub.renew_secret_names(transaction)
            content = shown_body(content, names, open_hub.deployment, message)
    if body:
        out(content.decode("utf-8", "replace"))
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
            out(f"{name:<16} {value}")
    if record.get("outbound"):
        out("")
        _print_rows(_OUTBOUND, record["outbound"])


@messages_app.command("journey", cls=TextCommand)
def show_journey(id: MessageId, as_json: Json = False) -> None:
    """Show the messages that came in and left about the orders of a message, in the order of time."""
    from hub.data_manager.inspection.journey import journey_of

    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        leaving = transaction.messages.outbox.row(id)
        row = _row(transaction.messages, id if leaving is None else leaving.message.inbox_id or id)
        steps = [vars(step) for step in journey_of(transaction, row.id, row.seq)]
    if as_json:
        print_json(steps)
    else:
        _print_rows(_JOURNEY, steps)


@messages_app.command("stages", cls=TextCommand)
def show_stages(id: MessageId, as_json: Json = False) -> None:
    """Show a message's stages: as it came, converted, mapped, each step of its run, its events, what left."""
    from hub.data_manager.inspection.stages import stages_of
    from hub.presentation.stages_text import stages_json, stages_lines

    with opened_hub() as open_hub, open_hub.read() as transaction:
        stages = stages_of(transaction, _row(transaction.messages, id), with_body=True)
    if as_json:
        print_json(stages_json(vars(stages)))
    else:
        for line in stages_lines(vars(stages)):
            out(line)


@messages_app.command("why", cls=TextCommand)
def show_why(
    id: MessageId,
    value: Annotated[str | None, typer.Argument(metavar="[VALUE]", help="The value that is asked about.")] = None,
    field: Annotated[str | None, typer.Option(help="Only this field of the mapped message.")] = None,
    as_json: Json = False,
) -> None:
    """Tell where a value of a message comes from: the map's line, the source's line, the run's answers."""
    from hub.data_manager.inspection.why import why

    with opened_hub() as open_hub, open_hub.read() as transaction:
        found = why(transaction, _row(transaction.messages, id), value, field)
    if as_json:
        steps = [vars(step) for step in found.steps]
        print_json({"fields": [str(each) for each in found.fields], "steps": steps, "map_changed": found.map_changed})
        return
    for each in found.fields:
        out(str(each))
    for step in found.steps:
        out(f"the run was answered {step.question}{f' ({step.about})' if step.about else ''}: {step.answer}")
    if not found.fields and not found.steps:
        complain("neither the mapped message nor an answer of its run has it")
    if found.map_changed:
        complain("the map is another one than when the message was worked: this is what it does today")


@messages_app.command("replay", cls=TextCommand)
def replay_message(
    id: Annotated[str, typer.Argument(help="A parked, retrying, refused or dead message.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Put a message back in its place, to be worked again by `orderhub run`."""
    with opened_hub(only_messages=True) as open_hub, open_hub.write(dry_run=dry_run) as transaction:
        if transaction.messages.outbox.row(id) is not None:
            raise MessageLeaves(id=id)
        row = _row(transaction.messages, id)
        if not transaction.messages.inbox.replay(row.id):
            states = "parked, retrying, rejected, invalid or dead"
            raise MessageNotThere(row_id=row.id, state=row.state, states=states)
    if as_json:
        print_json({"id": row.id, "state": "received"})
    complain(f"{row.id}: would be put back, and worked again" if dry_run else f"{row.id}: received")


@messages_app.command("give-up", cls=TextCommand)
def give_up_message(
    id: Annotated[str, typer.Argument(help="A parked or retrying message, or one that has not left.")],
    as_json: Json = False,
) -> None:
    """Make a message dead: it is kept, and its key is free for the others. A message that leaves is never sent."""
    # Imported here, as in `resend_message`: the other commands work no message, and start without the code for it.
    from hub.data_manager.data_manager import DataManager

    with opened_hub() as open_hub:
        with open_hub.write() as transaction:
            leaving = transaction.messages.outbox.row(id)
            if leaving is not None and not transaction.messages.outbox.give_up(leaving.id):
                raise _left(leaving)
        if leaving is not None:
            tell_end(leaving.id, "given up", as_json)
            return
        # Apart from the transaction above: the data manager opens its own, and SQLite has one writer at a time.
        with open_hub.read() as transaction:
            row = _row(transaction.messages, id)
        if not DataManager(open_hub).give_up(row.id):
            raise MessageNotThere(row_id=row.id, state=row.state, states="parked or retrying")
    tell_end(row.id, "dead", as_json)


def tell_end(id: str, state: str, as_json: bool) -> None:
    """Tell that a message, or a batch, has ended."""
    if as_json:
        print_json({"id": id, "state": state})
    complain(f"{id}: {state}")


@messages_app.command("resend", cls=TextCommand)
def resend_message(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Messages that have not left.")],
    to: Annotated[str | None, typer.Option("--to", help="Another channel, or folder:NAME.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Put messages that have not left back into their places in the line, or send them elsewhere; all or none."""
    from hub.data_manager.outbound import resend
    from hub.deployment.channels import check_destination

    rows: list[dict[str, str]] = []
    with opened_hub() as open_hub, open_hub.write(dry_run=dry_run) as transaction:
        if to is not None:
            with misused():
                check_destination(open_hub.deployment, transaction.messages.outbox, to)
        for id in ids:
            row = transaction.messages.outbox.row(id)
            if row is None:
                raise MessageCameIn(id=_row(transaction.messages, id).id)
            if not resend(open_hub, transaction, row, to):
                raise _left(row)
            place = to or row.message.destination
            rows.append({"id": row.id, "state": "waiting", "destination": place})
            complain(f"{row.id}: would wait for {place}" if dry_run else f"{row.id}: waiting for {place}")
    if as_json:
        print_json(rows)


def _left(row: OutboxRow) -> MessageNotThere:
    """Make the error for an outbound message that nothing can be done with: it is sent or given up."""
    mend = f"nothing: a message that is sent or given up is never sent again; `orderhub messages show {row.id}` has it"
    return MessageNotThere(row_id=row.id, state=row.state, states="waiting or set aside", mend=mend)


def _row(messages: MessageStore, id: str) -> InboxRow:
    """Return the row of a message by its id in the store, its sender's message id, its identity, or its digest."""
    row = messages.inbox.row(id)
    if row is None:
        named = messages.named(id)
        row = messages.inbox.row(named[0]) if named else None
        if len(named) > 1:
            complain(f"{len(named)} messages have this id; this is the newest. Older ones: {', '.join(named[1:])}")
    if row is None:
        raise MessageUnknown(id=id)
    return row
