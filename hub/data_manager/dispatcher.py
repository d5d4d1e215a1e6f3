"""The outbox to the transports: in order per destination, confirmed, then marked.

    <channel>              a broker's queue, published with confirms; or an embedded one: moved into the inbox of the
                           route that reads it, or left for `receive`
    folder:<name>          a file in that folder's outbox
    answer:<folder>/<file> the reply beside the file that came in, which moves to done/ or rejected/
    virtual:<account>@<channel>  a change of a service profile that another system keeps

Spec: docs/design/road.md "Out and back" (dispatcher), "The inbox is the one waiting room"; docs/design/guarantees.md
G3.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.transport import CHANNEL, Transport, destination_prefixes
from hub.data_manager.data_manager import DataManager
from hub.data_manager.handing_over import BATCH, HandingOver
from hub.data_manager.open_hub import OpenHub
from hub.deployment.route import Route
from integration_objects.errors import verdict_of


class Dispatcher:
    """Publishes the messages that wait in the outbox. One for each process; a lock gives each destination to one."""

    def __init__(self, open_hub: OpenHub, data_manager: DataManager, transports: Mapping[str, Transport]) -> None:
        self._open_hub = open_hub
        self._data_manager = data_manager
        self._handing_over = HandingOver(open_hub, transports)
        self._channels_are_embedded = CHANNEL.name not in transports
        #: the embedded channels that a route of this deployment reads
        self._readers: Mapping[str, Route] = {
            route.place: route
            for route in open_hub.deployment.routes.values()
            if route.transport is CHANNEL and self._channels_are_embedded
        }

    def step(self) -> int:
        """Dispatch the messages that are due, a batch for each destination; return how many left."""
        return sum(self._dispatch(destination) for destination in self._destinations())

    def waits(self) -> bool:
        """Whether messages wait that this dispatcher will send, now or later, without a change by an operator."""
        with self._open_hub.read() as transaction:
            heads = transaction.messages.outbox.heads(self._destinations())
        # A fault that only an operator can mend must not keep `run --once` waiting.
        return any(verdict_of(head.error) in (None, "retry") for head in heads)

    def _destinations(self) -> list[str]:
        """List the destinations with messages, without the embedded channels that `orderhub receive` reads."""
        with self._open_hub.read() as transaction:
            outbox = transaction.messages.outbox
            if not self._channels_are_embedded:
                return outbox.destinations_waiting()
            return outbox.destinations_waiting(names=list(self._readers), prefixes=destination_prefixes())

    def _dispatch(self, destination: str) -> int:
        reader = self._readers.get(destination)
        if reader is not None:
            return self._data_manager.move(destination, reader, BATCH)
        return self._handing_over.hand_over(destination)
