"""`orderhub send` and `receive`: messages put in at a route's door, and taken where they left.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Doors".
"""

from __future__ import annotations

import base64
import pathlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from adapters.database.messages.outbox import Outbox, OutboxRow
from adapters.files import check_readable, read_message, read_parts, shown_path, write_message
from adapters.transport import CHANNEL, MOST_BYTES, Delivery, Envelope, Transport, check_envelope
from hub.command_line.exit_codes import REFUSED, CommandMisused, misused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.data_manager.data_manager import DataManager
from hub.data_manager.doors import open_transport
from hub.data_manager.inspection.shown_body import shown_body
from hub.data_manager.intake import declare_channels
from hub.data_manager.open_hub import OpenHub
from hub.deployment.channels import check_channel
from hub.deployment.deployment import Deployment
from hub.deployment.route import Route, route_named
from hub.presentation.printing import complain, flush, out, print_json
from integration_objects.declaration import DeclarationFault
from integration_objects.errors import Refused
from integration_objects.secrets import SecretNames

app = typer.Typer()


class OptionUnusable(CommandMisused):
    """An option means nothing for the transport of a route."""

    what = "{options} can't be used with the route '{route.name}'"
    where = "route {route.name}, {route.transport.name} {route.place}"
    why = "a file carries its body alone: the answer is put beside it, and the identity comes from the content"
    mend = "leave the option out, or send to a route that reads a channel"


class MessageTooLarge(Refused):
    """A file is larger than any message that the hub takes from a broker."""

    what = "the file is too large for a message"
    where = "{file}"
    why = "it has {size} bytes, and the hub takes {most} from a broker at most"
    mend = "send it in parts, or by a folder"


class ChannelOfBroker(CommandMisused):
    """A channel's messages are at the broker, not in the hub."""

    what = "the channel '{channel}' is a queue of the broker"
    where = "setting broker_url"
    why = "the hub publishes its messages there; only embedded channels are read by this command"
    mend = "read the queue with a client of the broker"


@dataclass(frozen=True)
class _Properties:
    """The properties that all messages of one command carry; each may be absent."""

    id: str | None
    reply_to: str | None
    correlation_id: str | None

    @property
    def options(self) -> list[str]:
        """The names of the options that were given."""
        values = {"--id": self.id, "--reply-to": self.reply_to, "--correlation-id": self.correlation_id}
        return [name for name, value in values.items() if value is not None]

    def envelopes(self, files: Sequence[pathlib.Path], most: int) -> list[Envelope]:
        """Read each file as a message of at most *most* bytes; the envelope of a larger one says so."""
        envelopes = []
        for file in files:
            body, oversize = read_message(file, most)
            envelope = Envelope(
                self.id, body, correlation_id=self.correlation_id, reply_to=self.reply_to or None, oversize=oversize
            )
            envelopes.append(check_envelope(envelope))
        return envelopes


@app.command(cls=TextCommand)
def send(
    route: Annotated[str, typer.Argument(help="The route that takes the messages.")],
    files: Annotated[list[pathlib.Path], typer.Argument(help="One message each.")],
    id: Annotated[str | None, typer.Option("--id", help="The message id; without one, the route's identity.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="The channel that the answer goes to.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="The correlation id of the answer.")] = None,
) -> None:
    """Put messages in at a route's door; print each one's id in the message store, or its place."""
    if id is not None and len(files) > 1:
        raise typer.BadParameter("one id means one message: give one file")
    properties = _Properties(id, reply_to, correlation_id)
    with opened_hub() as open_hub:
        taken = route_named(open_hub.deployment.routes, route)
        _tell_reply_to(taken, reply_to)
        transport = open_transport(open_hub, taken.transport)
        if transport is None or transport.is_pushed:
            _file(open_hub, taken, files, properties)
        elif transport.carries_properties:
            _publish(open_hub, transport, taken, files, properties)
        else:
            _put_in(transport, taken, files, properties)


def _tell_reply_to(route: Route, reply_to: str | None) -> None:
    """Say where the answer goes if the route doesn't allow the reply-to; a route of files refuses the option itself."""
    if reply_to and route.transport.keeps_answers:
        complain(f"the route '{route.name}' keeps its answers for its senders: none goes to '{reply_to}'")
    if reply_to and route.transport is CHANNEL and not route.allows_reply_to(reply_to):
        place = "no answer is sent" if route.reply.channel is None else f"the answer goes to '{route.reply.channel}'"
        complain(f"the route '{route.name}' allows no reply-to '{reply_to}': {place}")


def _put_in(transport: Transport, route: Route, files: Sequence[pathlib.Path], properties: _Properties) -> None:
    """Put files in as their sender would, whole, whatever their size: the route itself refuses those too large."""
    if properties.options:
        raise OptionUnusable(options=" and ".join(properties.options), route=route)
    # All files before the first is put in: an unreadable one must not leave half of the command done.
    for file in files:
        check_readable(file)
    for file in files:
        out(transport.put_in(route.place, file.name, read_parts(file)))


def _publish(
    open_hub: OpenHub, transport: Transport, route: Route, files: Sequence[pathlib.Path], properties: _Properties
) -> None:
    """Publish files to a route's channel; print each one's message id, because there is no row yet."""
    # An id for each message here, and not in the broker's adapter, which would keep it from the reader of the output.
    envelopes = [
        replace(envelope, message_id=envelope.message_id or open_hub.surroundings.new_id())
        for envelope in properties.envelopes(files, MOST_BYTES)
    ]
    # Before the first is published: a message that the broker has can't be taken back.
    for file, envelope in zip(files, envelopes, strict=True):
        if envelope.oversize is not None:
            raise MessageTooLarge(file=shown_path(file), size=envelope.size, most=MOST_BYTES)
    try:
        # RabbitMQ returns a message for a queue that doesn't exist, and the hub may never have run at this broker.
        declare_channels(open_hub, {route.transport.name: transport})
        transport.publish(route.place, envelopes)
    finally:
        transport.close()
    for file, envelope in zip(files, envelopes, strict=True):
        out(f"{envelope.message_id}\tpublished\t{route.place}\t{shown_path(file)}")


def _file(open_hub: OpenHub, route: Route, files: Sequence[pathlib.Path], properties: _Properties) -> None:
    """File messages in the inbox, which is the embedded queue; end the command with 1 if one was refused there."""
    manager = DataManager(open_hub)
    is_refused = False
    envelopes = properties.envelopes(files, route.limits.body)
    for file, envelope in zip(files, envelopes, strict=True):
        filed = manager.file(route, [Delivery(envelope, route.place, "local", shown_path(file))])[0]
        out(f"{filed.row_id}\t{filed.outcome}\t{filed.state}\t{shown_path(file)}")
        is_refused = is_refused or (filed.row is not None and filed.state != "received")
    if is_refused:
        raise typer.Exit(REFUSED)


@app.command(cls=TextCommand)
def receive(
    channel: Annotated[str, typer.Argument(help="The embedded channel.")],
    limit: Annotated[int, typer.Option(min=1, help="Most messages.")] = 100,
    peek: Annotated[bool, typer.Option("--peek", help="Print the messages, and leave them there.")] = False,
    into: Annotated[
        pathlib.Path | None, typer.Option(help="A folder: one file a message, instead of standard output.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take messages from an embedded channel: replies, work orders, billing messages, dead letters."""
    with opened_hub(only_messages=True) as open_hub:
        if open_transport(open_hub, CHANNEL) is not None:
            raise ChannelOfBroker(channel=channel)
        with open_hub.read() if peek else open_hub.write() as transaction:
            outbox = transaction.messages.outbox
            rows = outbox.take(channel, limit, peek)
            if peek and into is None:
                # A look is for people; a message that is taken has to arrive whole.
                rows = _masked(rows, open_hub.renew_secret_names(transaction), open_hub.deployment)
            if not rows:
                _check_channel(open_hub.deployment, outbox, channel)
            # The messages are on the disk, or with the reader, before the commit takes them from the channel.
            _hand_over(rows, into, as_json)


def _masked(rows: Sequence[OutboxRow], names: SecretNames, deployment: Deployment) -> list[OutboxRow]:
    bodies = [shown_body(row.message.body, names, deployment, row.message) for row in rows]
    return [replace(row, message=replace(row.message, body=body)) for row, body in zip(rows, bodies, strict=True)]


def _check_channel(deployment: Deployment, outbox: Outbox, channel: str) -> None:
    """Refuse a channel that nothing leaves on; while declarations can't be read, say that this isn't known."""
    try:
        with misused():
            check_channel(deployment, outbox, channel)
    except DeclarationFault as fault:
        complain(f"nothing is there; whether anything leaves on '{channel}' isn't known: {fault.where}: {fault.what}")


def _hand_over(rows: Sequence[OutboxRow], into: pathlib.Path | None, as_json: bool) -> None:
    if into is not None:
        for row in rows:
            out(shown_path(write_message(into, row.envelope)))
    elif as_json:
        print_json([_described(row) for row in rows])
    else:
        # As text, for people: bytes of another encoding are replaced. `--into` writes the bytes themselves.
        for row in rows:
            out(row.message.body.decode("utf-8", "replace").rstrip("\n"))
    flush()


def _described(row: OutboxRow) -> dict[str, Any]:
    message = row.message
    # The message is taken by this: bytes that aren't UTF-8 must not get lost.
    body: dict[str, Any] = {"body": base64.b64encode(message.body).decode("ascii"), "body_encoding": "base64"}
    with suppress(UnicodeDecodeError):
        body = {"body": message.body.decode("utf-8")}
    return {
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "channel": message.destination,
        "kind": message.kind,
        "type": message.type,
        "content_type": message.content_type,
        "headers": dict(message.headers),
        "created_at": row.created_at,
        **body,
    }
