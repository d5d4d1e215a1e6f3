"""Loops between channels: a route that feeds itself.

    error     the answers or dead letters of a route come back to it, directly or through other routes
    warning   the messages to a system come back in by a route, which may send to the system again

A folder is no loop: messages come in by its `inbox/` and leave by its `outbox/`.

Spec: docs/design/integration.md, "Routes" (`orderhub check`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from adapters.system import System
from adapters.transport import CHANNEL, destination_of
from hub.deployment.route import Route
from maps.check import Finding

#: A step of a loop: the route's kind of messages, their channel, and the route that reads the channel.
_Step = tuple[str, str, Route]


def loop_findings(routes: Mapping[str, Route], systems: Iterable[System]) -> list[Finding]:
    """List the routes that feed themselves, each loop once."""
    readers = {route.place: route for route in routes.values() if route.transport is CHANNEL}
    found: list[Finding] = []
    seen: set[frozenset[str]] = set()
    for route in routes.values():
        loop = _loop(route, readers)
        members = frozenset(step[2].name for step in loop)
        if loop and members not in seen:
            seen.add(members)
            senders = [route, *(step[2] for step in loop)]
            way = "; ".join(
                f"the {messages} of '{sender.name}' go to '{place}', which '{reader.name}' reads"
                # One sender more than steps: the last one is the route itself again.
                for sender, (messages, place, reader) in zip(senders, loop, strict=False)
            )
            mend = "give one of the routes another channel"
            found.append(Finding(route.where, f"route '{route.name}' feeds itself: {way}", mend, "error"))
    for system in systems:
        if system.transport is CHANNEL and system.place in readers:
            reader = readers[system.place].name
            text = f"the messages to system '{system.name}' come back in by route '{reader}'"
            mend = f"give the system another channel, unless route '{reader}' never sends to it"
            found.append(Finding(system.where, text, mend, "warning"))
    return found


def _loop(start: Route, readers: Mapping[str, Route]) -> list[_Step]:
    """Return the shortest way from a route back to it; nothing where there is none."""
    ways: list[list[_Step]] = [[step] for step in _steps(start, readers)]
    visited: set[str] = set()
    # The list grows while it is walked, so that shorter ways come before longer ones.
    for way in ways:
        route = way[-1][2]
        if route is start:
            return way
        if route.name not in visited:
            visited.add(route.name)
            ways += [[*way, step] for step in _steps(route, readers)]
    return []


def _steps(route: Route, readers: Mapping[str, Route]) -> Iterator[_Step]:
    written = [("dead letters", route.dead_letters)]
    if route.reply.channel is not None:
        written.insert(0, ("answers", route.reply.channel))
    for messages, name in written:
        destination = destination_of(name)
        if destination.kind is CHANNEL and destination.place in readers:
            yield messages, destination.place, readers[destination.place]
