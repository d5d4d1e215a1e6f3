"""The channels of a deployment: the queues and folders that its routes, systems and replies name.

Spec: docs/design/road.md, "Transports" (a channel is an embedded queue of that name).
"""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from adapters.database.messages.outbox import Outbox
from adapters.transport import CHANNEL, KEPT_OF_OVERSIZE, Channel, TransportKind, destination_of
from hub.deployment.deployment import Deployment
from integration_objects.errors import Refused, UnknownName

if TYPE_CHECKING:
    from hub.deployment.route import Route


class ChannelUnknown(UnknownName, Refused):
    """A command names a channel that nothing leaves on."""

    kind = "channel"
    why = "no system, route, reply or dead letter names it; there are {names}"


def channel_of(route: Route) -> Channel:
    """Return the channel that a route reads."""
    # A broker moves the messages that it gives up to a queue of its own only: a folder route has no such queue.
    is_own = destination_of(route.dead_letters).kind is route.transport
    return Channel(
        route.place,
        single_active=route.key is not None,
        dead_letter=route.dead_letters if is_own else None,
        # A batch is read order by order from its file: no more than its beginning is handed over.
        most_bytes=route.limits.body if route.batch is None else KEPT_OF_OVERSIZE,
    )


def declared_channels(deployment: Deployment, kind: TransportKind) -> list[Channel]:
    """List the channels of a kind that the deployment reads or writes.

    Another system may have made the channels that its systems and replies name, but not those of routes and dead
    letters.
    """
    routes = list(deployment.routes.values())
    channels: dict[str, Channel] = {}
    for route in routes:
        if route.transport is kind:
            channels[route.place] = channel_of(route)
    dead_letters = [route.dead_letters for route in routes if route.transport is not kind]
    written = {system.destination for system in deployment.systems.values()}
    written |= {feed.messages.destination for feed in deployment.feeds.values() if feed.messages is not None}
    written |= {route.reply.channel for route in routes if route.reply.channel is not None}
    written |= set(deployment.asked_channels)
    for names, shared in ((dead_letters, False), (sorted(written), True)):
        for destination in map(destination_of, names):
            if destination.kind is kind:
                # The channel of a route stays: it has the route's dead letters and its limit.
                channels.setdefault(destination.place, Channel(destination.place, shared=shared))
    return list(channels.values())


def channels_of(deployment: Deployment) -> list[str]:
    """List the channels that systems, routes, replies and dead letters name, sorted."""
    channels = declared_channels(deployment, CHANNEL)
    dead_letters = {channel.dead_letter for channel in channels if channel.dead_letter is not None}
    return sorted({channel.name for channel in channels} | dead_letters)


def check_channel(deployment: Deployment, outbox: Outbox, channel: str, where: str = "orderhub receive") -> None:
    """Refuse a channel that nothing leaves on.

    A channel that once had a message is known, too, and so is a reply-to that some route allows by a pattern.

    *where* is the place of the channel's name in the command.

    Raises:
        ChannelUnknown: names the known channels.
    """
    known = channels_of(deployment)
    # A pattern of stars alone would let every mistyped name pass for a channel.
    patterns = [pattern for route in deployment.routes.values() for pattern in route.reply_to if pattern.strip("*")]
    if channel in known or any(fnmatch.fnmatchcase(channel, pattern) for pattern in patterns):
        return
    if not outbox.has_had(channel):
        raise ChannelUnknown(channel, known, where=where)


def check_destination(deployment: Deployment, outbox: Outbox, destination: str) -> None:
    """Refuse a destination that an operator can't send a message to: one that nothing leaves on.

    A folder is made when it is first used, so that every folder's name will do.

    Raises:
        ChannelUnknown: names the known channels.
    """
    read = destination_of(destination)
    if read.is_answer or read.kind is CHANNEL:
        check_channel(deployment, outbox, destination, "option --to")
