"""The intakes of a deployment: messages that come in by its transports get into the hub's inbox.

    FilingIntake    one route and its folder: received, filed, acknowledged
    BatchIntake     one route of batches: see `batch_intake`
    BrokerIntake    all routes that read a broker's queues, in one group: received, filed or worked, acknowledged

An embedded channel needs no intake: without a broker, `orderhub send` and the dispatcher write its messages into the
inbox themselves. Nor does HTTP: its door files each message before it answers the sender.

Spec: docs/design/road.md "Transports"; docs/design/integration.md "Transports";
docs/design/guarantees.md G1 (acknowledge after
the commit).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from adapters.transport import KINDS, Transport, TransportAway
from hub.data_manager.batch_intake import BatchIntake
from hub.data_manager.data_manager import DataManager
from hub.data_manager.door_intake import Intake, LeftAlone
from hub.data_manager.open_hub import OpenHub
from hub.deployment.channels import channel_of, declared_channels
from hub.deployment.route import Route
from integration_objects.errors import Misconfigured, Retryable

#: files that one look at a folder takes in
FILES = 50


def declare_channels(open_hub: OpenHub, transports: Mapping[str, Transport]) -> None:
    """Declare the channels that the deployment reads and writes; for the errors see `Transport.declare`."""
    for name, transport in transports.items():
        transport.declare(declared_channels(open_hub.deployment, KINDS[name]))


class FilingIntake(Intake):
    """One route and its folder."""

    def __init__(self, transport: Transport, manager: DataManager, route: Route) -> None:
        self._transport = transport
        self._manager = manager
        self._route = route
        self._left_alone = LeftAlone(transport, route)

    def take_in(self, limit: int, wait_s: float) -> int:
        """File the messages that are there, without a wait.

        A death between filing and acknowledging makes them come again; then filing recognises the repeats.
        """
        place = self._route.place
        deliveries = self._transport.receive(place, max(limit, FILES), 0)
        self._left_alone.tell()
        if deliveries:
            try:
                self._manager.file(self._route, deliveries)
            except BaseException:
                # Not in the database: without this, the transport would think that they are in work for ever.
                self._transport.release([place])
                raise
            # Acknowledged after the commit, never before: the database must have them for good (G1).
            self._transport.acknowledge(deliveries)
        return len(deliveries)

    def is_left(self) -> bool:
        """Whether messages wait, files that still grow included."""
        return self._transport.is_left(self._route.place)

    def leaves_alone(self) -> bool:
        """Whether messages lie there that can't be taken."""
        return bool(self._transport.left_alone(self._route.place))


class BrokerIntake(Intake):
    """The queues of all running routes, in one group: committed together, then acknowledged together."""

    def __init__(self, transport: Transport, manager: DataManager, routes: Sequence[Route]) -> None:
        self._transport = transport
        self._manager = manager
        self._routes = {route.place: route for route in routes}
        #: the names of the routes that were paused at the last look
        self._paused: set[str] = set()
        self._failed_to_write = False

    def take_in(self, limit: int, wait_s: float) -> int:
        """Receive a group, work or file it in one transaction, acknowledge it after the commit.

        A route whose queue the hub can't read any more is stopped. When it is resumed, its queue is declared again.
        """
        try:
            paused = self._manager.paused()
            if self._failed_to_write:
                # The broker counts how often a message comes back, and gives it up after 50 times. A database that can
                # be read and not written, because its disk is full, would use that up within half an hour.
                self._manager.try_write()
                self._failed_to_write = False
        except Retryable:
            # Without a database nothing can be worked here: hubs whose database answers get the messages.
            self._give_back(list(self._routes))
            raise
        paused |= self._declare_again(self._paused - paused)
        self._paused = paused
        channels = [place for place, route in self._routes.items() if route.name not in paused]
        # A buffer would keep the messages of a paused route from other hubs; and the broker ends a consumer that keeps
        # messages for half an hour.
        self._transport.release([place for place in self._routes if place not in channels])
        if not channels:
            return 0
        try:
            deliveries = self._transport.receive_any(channels, limit, wait_s)
        except Misconfigured as error:
            route = self._routes.get(error.objects.get("channel", ""))
            if route is None:
                raise
            # The queue of one route is gone or closed to the hub: that route stops, the others go on.
            self._manager.stop(route, error)
            self._paused.add(route.name)  # it may be resumed before the next look
            return 0
        if not deliveries:
            return 0
        try:
            self._manager.take([(self._routes[delivery.channel], delivery) for delivery in deliveries])
        except BaseException:
            self._failed_to_write = True
            # Not acknowledged: the broker delivers them again, marked as redelivered.
            self._give_back(channels)
            raise
        self._transport.acknowledge(deliveries)
        return len(deliveries)

    def is_left(self) -> bool:
        """Nothing is known to be left: `take_in` has waited for the next message."""
        return False

    def _declare_again(self, resumed: set[str]) -> set[str]:
        """Declare the queues of *resumed* routes, which may have been deleted; return the routes stopped again."""
        stopped = set()
        for route in self._routes.values():
            if route.name in resumed:
                try:
                    self._transport.declare([channel_of(route)])
                except Misconfigured as error:
                    self._manager.stop(route, error)
                    stopped.add(route.name)
        return stopped

    def _give_back(self, channels: Sequence[str]) -> None:
        """Stop consuming *channels*. An error is suppressed: another failure is being raised already."""
        with contextlib.suppress(TransportAway):  # a lost link has given everything back by itself
            self._transport.release(channels)


def intakes_of(manager: DataManager, transports: Mapping[str, Transport]) -> list[Intake]:
    """Make the intakes of all routes whose transport is open; those of brokers come last, because they may wait."""
    filing: list[Intake] = []
    brokers: list[Intake] = []
    for name, transport in transports.items():
        if transport.is_pushed:
            continue
        routes = [route for route in manager.routes.values() if route.transport.name == name]
        if not transport.is_broker:
            filing += [_intake(manager, transport, route) for route in routes]
        elif routes:
            brokers.append(BrokerIntake(transport, manager, routes))
    return filing + brokers


def _intake(manager: DataManager, transport: Transport, route: Route) -> Intake:
    if route.batch is not None:
        return BatchIntake(transport, manager.open_hub, route)
    return FilingIntake(transport, manager, route)
