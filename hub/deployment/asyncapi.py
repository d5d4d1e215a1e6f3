"""The AsyncAPI document of a deployment: each channel that the hub reads or writes, made of routes and systems.

The document is told from the hub's side: `receive` is a message that comes in, `send` one that leaves.

Spec: docs/design/legacy.md, "The HTTP door"; AsyncAPI 3.0.0; docs/http.md, "Documents".
"""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any
from urllib.parse import urlsplit

from adapters.transport import CHANNEL, HTTP, XML, TransportKind, destination_of
from hub.deployment.deployment import Deployment
from hub.deployment.named_parts import HUB_OBJECT
from hub.deployment.route import Route

_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
#: the name of the broker among the servers
_BROKER = "broker"


def asyncapi(deployment: Deployment) -> dict[str, Any]:
    """Make the AsyncAPI document of a deployment."""
    document = _Document(deployment)
    for route in deployment.routes.values():
        document.add_route(route)
    for system in deployment.systems.values():
        name = system.object or system.takes
        channel = document.channel(system.transport, system.place)
        message = document.message(channel, name, system.content_type)
        document.operation(f"send to {system.name}", "send", channel, [message], f"{name} to the system {system.name}")
    return document.as_dict()


class _Document:
    """A document that grows: channels and operations by their ids."""

    def __init__(self, deployment: Deployment) -> None:
        self._broker_url = deployment.settings.broker_url
        self._channels: dict[str, dict[str, Any]] = {}
        self._operations: dict[str, dict[str, Any]] = {}

    def add_route(self, route: Route) -> None:
        """Add what a route receives, its answers and its dead letters."""
        name = HUB_OBJECT if route.external is None else route.external.definition.name
        incoming = self.channel(route.transport, route.place)
        messages = [
            self.message(incoming, name, media_type, str(number or ""))
            for number, media_type in enumerate(_without_wildcards(route) or [route.content_type])
        ]
        operation = self.operation(f"receive {route.name}", "receive", incoming, messages, f"{name} by '{route.name}'")
        self._add_answer(route, operation)
        dead = destination_of(route.dead_letters)
        channel = self.channel(dead.kind, dead.place)
        letter = self.message(channel, name, route.content_type)
        self.operation(f"bury {route.name}", "send", channel, [letter], f"the refused messages of '{route.name}'")

    def _add_answer(self, route: Route, operation: dict[str, Any]) -> None:
        """Add the answer of a route to its operation, where it leaves by a channel."""
        if route.reply.channel is None or route.transport.answers is not None:
            return
        channel = self.channel(CHANNEL, route.reply.channel)
        answer = route.reply.object
        name = "OM Reply" if answer is None else answer.definition.name
        message = self.message(channel, name, XML if answer is None else answer.content_type)
        operation["reply"] = {"channel": _pointer("channels", channel), "messages": [message]}

    def channel(self, kind: TransportKind, place: str) -> str:
        """Return the id of a channel; add it if it is new."""
        address = f"/messages/{place}" if kind.name == HTTP else place
        id = _UNFIT.sub("_", kind.destination(place))
        # Two names may differ in characters only that an id doesn't have.
        while id in self._channels and self._channels[id]["address"] != address:
            id += "_"
        if id not in self._channels:
            self._channels[id] = {"address": address, "messages": {}, "x-orderhub-transport": kind.name}
            if kind is CHANNEL and self._broker_url is not None:
                self._channels[id]["servers"] = [_pointer("servers", _BROKER)]
        return id

    def message(self, channel: str, name: str, content_type: str, suffix: str = "") -> dict[str, str]:
        """Add a message to a channel; return the reference to it."""
        id = _UNFIT.sub("_", name) + suffix
        self._channels[channel]["messages"].setdefault(id, {"name": name, "contentType": content_type})
        return _pointer("channels", channel, "messages", id)

    def operation(
        self, name: str, action: str, channel: str, messages: list[dict[str, str]], summary: str
    ) -> dict[str, Any]:
        """Add an operation; return it."""
        made = {
            "action": action,
            "channel": _pointer("channels", channel),
            "messages": messages,
            "summary": summary,
        }
        id = _UNFIT.sub("_", name)
        # The names of two systems may differ in such characters only.
        while id in self._operations:
            id += "_"
        self._operations[id] = made
        return made

    def as_dict(self) -> dict[str, Any]:
        """Return the whole document."""
        document: dict[str, Any] = {
            "asyncapi": "3.0.0",
            "info": {"title": "orderhub", "version": importlib.metadata.version("orderhub")},
            "defaultContentType": XML,
            "channels": self._channels,
            "operations": self._operations,
        }
        if self._broker_url is not None:
            parts = urlsplit(self._broker_url)
            # Without user and password.
            host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
            document["servers"] = {_BROKER: {"host": host, "protocol": parts.scheme}}
        return document


def _without_wildcards(route: Route) -> list[str]:
    return [media_type for media_type in route.content_types if "*" not in media_type]


def _pointer(*path: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(path)}
