"""The doors of a deployment: the folders and the broker that its routes name, wired once.

    Door            what the worker asks: take in what is there, is something left
    FolderDoor      one route's folder
    BrokerDoor      all routes that read channels, where the settings name a broker

Without a broker a channel is an embedded queue, whose messages are inbox rows from `send` on: it needs no door.

Spec: docs/design/road.md "Doors"; docs/design/integration.md "Doors"; docs/design/guarantees.md G1 (acknowledge after
the commit).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from adapters.rabbitmq import Queue, RabbitMQ
from adapters.transport import TransportAway, Unroutable
from adapters.transports.folder import FolderTransport
from hub.data_manager.data_manager import DataManager
from hub.data_manager.open_hub import OpenHub
from hub.deployment.route import Route
from integration_objects.errors import Misconfigured, Retryable
from schemas.check import Limits

#: where a deployment's folders lie
FOLDERS = "folders"
#: files taken in by one look at a folder
FILES = 50


class Door:
    """What brings messages in."""

    def take_in(self, limit: int, wait_s: float) -> int:
        """Take up to *limit* messages into the hub; returns how many there were, after *wait_s* seconds at most."""
        raise NotImplementedError

    def is_left(self) -> bool:
        """Whether messages wait outside that `take_in` hasn't seen."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what was not taken in."""


class FolderDoor(Door):
    """One route's folder: filed, then taken over; a death between the two makes a repeat, and no more."""

    def __init__(self, route: Route, folders: FolderTransport, manager: DataManager) -> None:
        self._route = route
        self._folders = folders
        self._manager = manager

    def take_in(self, limit: int, wait_s: float) -> int:
        """File what has settled in ``inbox/``; a folder is looked at, not waited for."""
        deliveries = self._folders.receive(self._route.place, max(limit, FILES), 0)
        if deliveries:
            self._manager.file(self._route, deliveries)
            self._folders.acknowledge(deliveries)
        return len(deliveries)

    def is_left(self) -> bool:
        """Whether files wait, those that still grow included."""
        return self._folders.holds_files(self._route.place)

    def close(self) -> None:
        """Give the files back."""
        self._folders.close()


class BrokerDoor(Door):
    """The queues of all running routes, in one group: committed together, then acknowledged together."""

    def __init__(self, broker: RabbitMQ, manager: DataManager, routes: Sequence[Route]) -> None:
        self._broker = broker
        self._manager = manager
        self._routes = {route.place: route for route in routes}

    def take_in(self, limit: int, wait_s: float) -> int:
        """Receive a group, work or file it in one transaction, acknowledge it after the commit.

        A route whose queue the hub can't read any more is stopped.
        """
        try:
            paused = self._manager.paused()
        except Retryable:
            self._give_back(list(self._routes))  # to hubs whose database answers
            raise
        channels = [place for place, route in self._routes.items() if route.name not in paused]
        self._broker.release([place for place in self._routes if place not in channels])
        if not channels:
            return 0
        try:
            deliveries = self._broker.receive_any(channels, limit, wait_s)
        except Misconfigured as error:
            route = self._routes.get(error.objects.get("channel", ""))
            if route is None:
                raise
            self._manager.stop(route, error)  # one route's queue is gone, or no more for the hub: the others go on
            return 0
        if not deliveries:
            return 0
        try:
            self._manager.take([(self._routes[one.channel], one) for one in deliveries])
        except BaseException:
            # Not acknowledged: the broker hands them out again, marked as redelivered.
            self._give_back(channels)
            raise
        self._broker.acknowledge(deliveries)
        return len(deliveries)

    def is_left(self) -> bool:
        """Never known: `take_in` has waited for what may come."""
        return False

    def _give_back(self, channels: Sequence[str]) -> None:
        """Stop consuming, on the way out of a failure that is the one to tell of."""
        with contextlib.suppress(TransportAway):  # a link that is lost has given everything back by itself
            self._broker.release(channels)


def open_broker(open_hub: OpenHub) -> RabbitMQ | None:
    """The deployment's broker, its queues declared and proven; None where the settings name none.

    Raises:
        QueueDiffers: a queue is there, and of another kind; it is never changed.
        BrokerRefused, TransportAway: the broker doesn't let the hub in, or doesn't answer.
    """
    deployment = open_hub.deployment
    if deployment.settings.broker_url is None:
        return None
    return RabbitMQ(
        deployment.settings.broker_url, open_hub.surroundings, prefetch=PREFETCHED_GROUPS * deployment.settings.group
    )


#: groups that the broker hands over before the first is acknowledged
PREFETCHED_GROUPS = 3


def declare_queues(open_hub: OpenHub, broker: RabbitMQ) -> None:
    """Declare what the deployment reads and writes; a queue that another system made is left as it is.

    Raises:
        QueueDiffers: a route's queue is there, and of another kind.
        BrokerRefused, TransportAway: the broker doesn't let the hub in, or doesn't answer.
    """
    deployment = open_hub.deployment
    routes = [route for route in deployment.routes.values() if route.door == "channel"]
    read = [Queue(route.place, single_active=route.key is not None, dead_letter=route.dead_letters) for route in routes]
    broker.declare(read)
    broker.declare([Queue(route.dead_letters) for route in deployment.routes.values() if route.door == "folder"])
    written = {system.channel for system in deployment.systems.values()}
    written |= {route.reply.channel for route in deployment.routes.values()}
    for name in sorted(name for name in written if name is not None and name not in {queue.name for queue in read}):
        try:
            broker.declare([Queue(name, theirs=True)])
        except Unroutable:
            broker.declare([Queue(name)])


def folder_door(open_hub: OpenHub, most_bytes: int = Limits().body) -> FolderTransport:
    """The deployment's folders, in ``folders/`` beside its settings."""
    return FolderTransport(
        open_hub.deployment.folder / FOLDERS,
        open_hub.surroundings,
        settle_s=open_hub.deployment.settings.folder_settle_s,
        most_bytes=most_bytes,
    )


def open_doors(open_hub: OpenHub, manager: DataManager, broker: RabbitMQ | None) -> list[Door]:
    """The doors of all routes."""
    routes = list(manager.routes.values())
    doors: list[Door] = [
        FolderDoor(route, folder_door(open_hub, route.limits.body), manager)
        for route in routes
        if route.door == "folder"
    ]
    channels = [route for route in routes if route.door == "channel"]
    if broker is not None and channels:
        doors.append(BrokerDoor(broker, manager, channels))
    return doors
