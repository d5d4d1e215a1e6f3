"""The embedded channels of a deployment: who names them.

Spec: docs/design/road.md, "Doors" (a channel is an embedded queue of that name).
"""

from __future__ import annotations

import fnmatch

from adapters.database.messages.outbox import Outbox
from hub.deployment.deployment import Deployment
from integration_objects.errors import Refused
from integration_objects.nearest import nearest


class ChannelUnknown(Refused):
    """A command names a channel that nothing leaves on."""


def channels_of(deployment: Deployment) -> list[str]:
    """The channels that systems, routes, replies and dead letters name, sorted."""
    routes = deployment.routes.values()
    named = {system.channel for system in deployment.systems.values()}
    named |= {route.place for route in routes if route.door == "channel"}
    named |= {route.reply.channel for route in routes} | {route.dead_letters for route in routes}
    return sorted(name for name in named if name is not None)


def check_channel(deployment: Deployment, outbox: Outbox, channel: str) -> None:
    """Refuse a channel that nothing leaves on.

    A reply-to that some route allows by name is known too, and so is a channel that once had a message.

    Raises:
        ChannelUnknown: names the channels that are known.
    """
    known = channels_of(deployment)
    patterns = [one for route in deployment.routes.values() for one in route.reply_to if one.strip("*")]
    if channel in known or any(fnmatch.fnmatchcase(channel, pattern) for pattern in patterns):
        return
    if not outbox.has_had(channel):
        raise ChannelUnknown(
            f"there is no channel '{channel}'",
            where="orderhub receive",
            why=f"no system, route, reply or dead letter names it; there are {', '.join(known) or 'none'}",
            mend=nearest(channel, known) or "name one of them",
        )
