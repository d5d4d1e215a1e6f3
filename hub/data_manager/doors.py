"""The doors of a deployment's routes, as its transports see them: what waits there, and what can't be taken.

Apart from the intakes, because a command that looks at the doors works no message.

Spec: docs/design/road.md, "Transports", "Doors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.transport import CHANNEL, KINDS, Transport, TransportAway, TransportKind
from hub.data_manager.open_hub import OpenHub
from integration_objects.errors import HubError


def left_alone(open_hub: OpenHub) -> dict[str, str]:
    """Look at the doors of the deployment's routes: the messages that can't be taken, each with the reason."""
    found: dict[str, str] = {}
    for kind, place in open_hub.deployment.doors.values():
        # Brokers hand over what they have: only a door that looks by itself can leave something alone.
        if kind is not CHANNEL:
            transport = open_transport(open_hub, kind)
            if transport is not None:
                try:
                    found |= transport.left_alone(place)
                except TransportAway as error:
                    # The door itself can't be used now: nothing in it can be taken.
                    found[place] = error.why
                transport.close()
    return found


def doors(open_hub: OpenHub) -> list[dict[str, Any]]:
    """Look at the doors of the deployment's routes, embedded channels apart.

    Returns:
        For each: ``route``, ``door`` (``channel mainframe.orders``), ``waiting``, the number of messages outside, and
        ``why`` there is no number: the transport doesn't answer, or lacks the channel.
    """
    # The others aren't opened: what they load takes longer than the look.
    kinds = {kind.name: kind for kind, _ in open_hub.deployment.doors.values()}
    transports = _open(open_hub, kinds)
    found = []
    for route, (kind, place) in open_hub.deployment.doors.items():
        transport = transports.get(kind.name)
        if transport is None:
            continue
        waiting, why = None, None
        try:
            waiting = transport.depth(place)
        except HubError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
        found.append({"route": route, "door": f"{kind.name} {place}", "waiting": waiting, "why": why})
    for transport in transports.values():
        transport.close()
    return found


def open_transport(open_hub: OpenHub, kind: TransportKind) -> Transport | None:
    """Open the deployment's transport of a kind; None where the settings switch it off."""
    return kind.open(open_hub.deployment.setup(open_hub.surroundings))


def open_transports(open_hub: OpenHub) -> dict[str, Transport]:
    """Open the deployment's transports; give them by the name of their kind."""
    return _open(open_hub, KINDS)


def _open(open_hub: OpenHub, kinds: Mapping[str, TransportKind]) -> dict[str, Transport]:
    transports = {name: open_transport(open_hub, kind) for name, kind in kinds.items()}
    return {name: transport for name, transport in transports.items() if transport is not None}
