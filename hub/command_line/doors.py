"""`orderhub send` and `receive`: messages put in at a route's door, and taken where they left.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Transports".
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.presentation.printing import flush, out
from integration_objects.errors import Refused

if TYPE_CHECKING:
    from adapters.database.messages.outbox import OutboxRow
    from adapters.transport import Envelope, Transport
    from hub.data_manager.open_hub import OpenHub
    from hub.deployment.route import Route


class OptionUnusable(Refused):
    """An option means nothing at this route's door."""


class MessageTooLarge(Refused):
    """A file is larger than any message that the hub takes from a broker."""


class ChannelOfBroker(Refused):
    """A channel's messages are at the broker, not in the hub."""


def send(
    route: Annotated[str, typer.Argument(help="The route whose door takes the messages.")],
    files: Annotated[list[pathlib.Path], typer.Argument(help="One message each.")],
    id: Annotated[str | None, typer.Option("--id", help="The message id; without one, the route's identity.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="The channel that the answer goes to.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="What the answer is correlated by.")] = None,
) -> None:
    """Put messages in at a route's door; prints each one's id in the message store, or where it went."""
    from hub.command_line.app import opened_hub
    from hub.data_manager.intake import open_transport
    from hub.deployment.route import RouteUnknown

    if id is not None and len(files) > 1:
        raise typer.BadParameter("one id means one message: give one file")
    open_hub = opened_hub()
    found = open_hub.deployment.routes.get(route)
    if found is None:
        raise RouteUnknown(route, open_hub.deployment.routes)
    given = {"--id": id, "--reply-to": reply_to, "--correlation-id": correlation_id}
    transport = open_transport(open_hub, found.transport)
    if transport is not None and not transport.carries_properties:
        _put_in(transport, found, files, [name for name, value in given.items() if value is not None])
    elif transport is not None:
        _publish(open_hub, transport, found, files, id, reply_to, correlation_id)
    elif _file(open_hub, found, files, id, reply_to, correlation_id):
        raise typer.Exit(1)
    open_hub.close()


def receive(
    channel: Annotated[str, typer.Argument(help="The embedded channel.")],
    limit: Annotated[int, typer.Option(min=1, help="Most messages.")] = 100,
    peek: Annotated[bool, typer.Option("--peek", help="Show them, and leave them there.")] = False,
    into: Annotated[
        pathlib.Path | None, typer.Option(help="A folder: one file a message, instead of standard output.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")] = False,
) -> None:
    """Take what left on an embedded channel: replies, work orders, billing messages, dead letters."""
    from adapters.transport import CHANNEL
    from hub.command_line.app import opened_hub
    from hub.data_manager.intake import open_transport
    from hub.deployment.channels import check_channel

    open_hub = opened_hub()
    if open_transport(open_hub, CHANNEL) is not None:
        raise ChannelOfBroker(
            f"the channel '{channel}' is a queue of the broker",
            where="setting broker_url",
            why="what leaves is published there; only embedded channels are read by this command",
            mend="read the queue with a client of the broker",
        )
    with open_hub.read() if peek else open_hub.write() as transaction:
        rows = transaction.messages.outbox.take(channel, limit, peek)
        if not rows:
            check_channel(open_hub.deployment, transaction.messages.outbox, channel)
        # On the disk, or handed over, before the commit that takes them.
        _hand_over(rows, into, as_json)
    open_hub.close()


def _put_in(transport: Transport, route: Route, files: Sequence[pathlib.Path], options: Sequence[str]) -> None:
    """Put files in as their sender would, whole, whatever their size: the route itself refuses those too large."""
    from adapters.files import check_readable, read_parts

    if options:
        raise OptionUnusable(
            f"{' and '.join(options)} can't be used with the route '{route.name}'",
            where=f"route {route.name}, {route.transport.name} {route.place}",
            why="a file carries nothing but its body: its answer lies beside it, its identity is what is in it",
            mend="leave the option out, or send to a route that reads a channel",
        )
    for file in files:
        check_readable(file)
    for file in files:
        out(transport.put_in(route.place, file.name, read_parts(file)))


def _publish(
    open_hub: OpenHub,
    transport: Transport,
    route: Route,
    files: Sequence[pathlib.Path],
    id: str | None,
    reply_to: str | None,
    correlation_id: str | None,
) -> None:
    """Publish files to a route's channel; print each one's message id, because there is no row yet."""
    from adapters.files import shown_path
    from adapters.transport import MOST_BYTES
    from hub.data_manager.intake import declare_channels

    envelopes = _envelopes(files, MOST_BYTES, id, reply_to, correlation_id)
    for file, envelope in zip(files, envelopes, strict=True):
        if envelope.oversize is not None:
            raise MessageTooLarge(
                "the file is too large for a message",
                where=shown_path(file),
                why=f"it has {envelope.size} bytes, and the hub takes {MOST_BYTES} from a broker at most",
                mend="send it in parts, or by a folder",
            )
    try:
        declare_channels(open_hub, {route.transport.name: transport})
        transport.publish(route.place, envelopes)
    finally:
        transport.close()
    for file, envelope in zip(files, envelopes, strict=True):
        out(f"{envelope.message_id or '-'}\tpublished\t{route.place}\t{shown_path(file)}")


def _file(
    open_hub: OpenHub,
    route: Route,
    files: Sequence[pathlib.Path],
    id: str | None,
    reply_to: str | None,
    correlation_id: str | None,
) -> bool:
    """File messages in the inbox, which is the embedded queue; returns whether one was refused at the door."""
    from adapters.files import shown_path
    from adapters.transport import Delivery
    from hub.data_manager.data_manager import DataManager

    manager = DataManager(open_hub)
    refused = False
    envelopes = _envelopes(files, route.limits.body, id, reply_to, correlation_id)
    for file, envelope in zip(files, envelopes, strict=True):
        filed = manager.file(route, [Delivery(envelope, route.place, "local", shown_path(file))])[0]
        out(f"{filed.row_id}\t{filed.outcome}\t{filed.state}\t{shown_path(file)}")
        refused = refused or filed.outcome == "id reused"
    return refused


def _envelopes(
    files: Sequence[pathlib.Path], most: int, id: str | None, reply_to: str | None, correlation_id: str | None
) -> list[Envelope]:
    from adapters.files import read_message
    from adapters.transport import Envelope, check_envelope

    envelopes = []
    for file in files:
        body, oversize = read_message(file, most)
        envelopes.append(
            check_envelope(Envelope(id, body, correlation_id=correlation_id, reply_to=reply_to, oversize=oversize))
        )
    return envelopes


def _hand_over(rows: Sequence[OutboxRow], into: pathlib.Path | None, as_json: bool) -> None:
    from adapters.files import shown_path, write_message

    if into is not None:
        for row in rows:
            out(shown_path(write_message(into, row.envelope)))
    elif as_json:
        out(json.dumps([_envelope(row) for row in rows], ensure_ascii=False, indent=2))
    else:
        for row in rows:
            out(row.message.body.decode("utf-8", "replace").rstrip("\n"))
    flush()


def _envelope(row: OutboxRow) -> dict[str, Any]:
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
