"""The outbox to the doors: in order per destination, confirmed, then marked.

    <channel>              a broker's queue, published with confirms; or an embedded one: moved into the inbox of the
                           route that reads it, or left for `receive`
    folder:<name>          a file in that folder's outbox
    answer:<folder>/<file> the reply beside the file that came in, which moves to done/ or rejected/

Spec: docs/design/road.md "Out and back" (dispatcher), "The inbox is the one waiting room"; docs/design/guarantees.md
G3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from adapters.database.messages.outbox import OutboxRow
from adapters.rabbitmq import NotTaken, RabbitMQ
from adapters.system import FOLDER
from adapters.transport import TransportAway, confirmed_of
from adapters.transports.folder import FolderTransport
from hub.data_manager.data_manager import DataManager
from hub.data_manager.filing import ANSWER
from hub.data_manager.open_hub import OpenHub
from hub.deployment.route import Route
from integration_objects.errors import HubError, verdict_of

log = structlog.get_logger()

#: states whose file goes to rejected/
REFUSED = ("rejected", "invalid", "dead")
#: messages of one destination that are published at once
BATCH = 100
#: seconds that a dispatcher may hold a destination on SQLite; a dead one's is free after that
LEASE_S = 60
#: seconds until a message that couldn't be published is tried again
DELAYS_S = (1, 5, 30, 120, 600)
#: at most, where the whole door was away: however long it was, it is used soon after it answers again
MOST_AWAY_S = 5


class Dispatcher:
    """Publishes what waits in the outbox. One a process; a lock keeps one dispatcher to a destination."""

    def __init__(
        self, open_hub: OpenHub, data_manager: DataManager, folders: FolderTransport, broker: RabbitMQ | None = None
    ) -> None:
        self._open_hub = open_hub
        self._data_manager = data_manager
        self._folders = folders
        self._broker = broker
        #: the embedded channels that a route of this deployment reads
        self._readers: Mapping[str, Route] = {
            route.place: route
            for route in open_hub.deployment.routes.values()
            if route.door == "channel" and broker is None
        }

    def step(self) -> int:
        """Dispatch what is due, a batch for each destination; returns how many messages left."""
        return sum(self._dispatch(destination) for destination in self._destinations())

    def waits(self) -> bool:
        """Whether messages wait that this dispatcher will send, now or later; not those that no wait will help."""
        with self._open_hub.read() as transaction:
            heads = transaction.messages.outbox.heads(self._destinations())
        return any(verdict_of(head.error) in (None, "retry") for head in heads)

    def _destinations(self) -> list[str]:
        """Where something waits that isn't for `orderhub receive` to take."""
        with self._open_hub.read() as transaction:
            outbox = transaction.messages.outbox
            if self._broker is not None:
                return outbox.destinations_waiting()
            return outbox.destinations_waiting(names=list(self._readers), prefixes=[FOLDER, ANSWER])

    def _dispatch(self, destination: str) -> int:
        if destination in self._readers:
            return self._move(destination, self._readers[destination])
        return self._publish(destination)

    def _move(self, channel: str, route: Route) -> int:
        """From the outbox into the inbox of the route that reads the channel."""
        return self._data_manager.move(channel, route, BATCH)

    def _publish(self, destination: str) -> int:
        """Publish outside of any transaction, then mark: a death between repeats a message, with the same id."""
        with self._turn(f"dispatch:{destination}") as alone:
            return self._publish_batch(destination) if alone else 0

    @contextmanager
    def _turn(self, name: str) -> Iterator[bool]:
        """Keep one dispatcher to a destination: by a session lock, or by a lease on SQLite, which has none."""
        if not self._open_hub.database.is_sqlite:
            with self._open_hub.database.lock(name) as alone:
                yield alone
            return
        lease = name[:255]
        with self._open_hub.write() as transaction:
            alone = transaction.messages.control.acquire_lease(lease, self._open_hub.holder, LEASE_S)
        yield alone
        if alone:
            with self._open_hub.write() as transaction:
                transaction.messages.control.release_lease(lease, self._open_hub.holder)

    def _publish_batch(self, destination: str) -> int:
        with self._open_hub.read() as transaction:
            rows = transaction.messages.outbox.waiting(destination, BATCH)
        fault: HubError | None = None
        try:
            if rows:
                self._put(destination, rows)
        except HubError as error:
            fault = error
        with self._open_hub.write() as transaction:
            if fault is None:
                transaction.messages.outbox.mark_sent(row.id for row in rows)
            else:
                arrived = {rows[place].id for place in confirmed_of(fault)}
                transaction.messages.outbox.mark_sent(arrived)
                failed = next(row for row in rows if row.id not in arrived)
                if fault.verdict == "retry" or (failed.error or {}).get("reason") != fault.reason:
                    log.warning("not dispatched", destination=destination, **fault.as_dict())
                delay = DELAYS_S[min(failed.attempts, len(DELAYS_S) - 1)]
                if isinstance(fault, TransportAway) and not isinstance(fault, NotTaken):
                    delay = min(delay, MOST_AWAY_S)
                transaction.messages.outbox.mark_failed(
                    failed.id, fault.as_dict(), self._open_hub.surroundings.later(delay)
                )
        return 0 if fault is not None else len(rows)

    def _put(self, destination: str, rows: list[OutboxRow]) -> None:
        if destination.startswith(FOLDER):
            self._folders.publish(destination.removeprefix(FOLDER), [row.envelope for row in rows])
            return
        if not destination.startswith(ANSWER):
            if self._broker is not None:
                self._broker.publish(destination, [row.envelope for row in rows])
            return
        for row in rows:
            state = row.message.headers.get("x-orderhub-state", "")
            self._folders.settle(destination.removeprefix(ANSWER), state in REFUSED, row.message.body)
