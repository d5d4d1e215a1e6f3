"""The door itself: a publishing link, a consuming link, and what goes over them.

They are two connections, because a broker that lacks memory or disk stops reading from those that publish: on a
shared one, acknowledgements would be stuck too, which are what frees its memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.rabbitmq.address import Address, Patience
from adapters.rabbitmq.consumer import Consumer, Tag, Taken
from adapters.rabbitmq.link import Link
from adapters.rabbitmq.properties import envelope_of, properties_of, sender_of
from adapters.rabbitmq.publisher import Message, Publisher
from adapters.rabbitmq.topology import Queue, check_name, declare
from adapters.transport import Delivery, Envelope, Transport
from integration_objects.surroundings import Surroundings

#: messages that the broker hands over for each queue before they are acknowledged: three groups
PREFETCH = 75
#: bytes of a body, of which more is not kept: the cap that no route's limit exceeds
MOST_BYTES = 16 * 1024 * 1024


class RabbitMQ(Transport):
    """See the head of the package. Nothing is connected before it is needed."""

    def __init__(
        self,
        url: str,
        surroundings: Surroundings,
        *,
        prefetch: int = PREFETCH,
        app_id: str = "orderhub",
        most_bytes: int = MOST_BYTES,
        patience: Patience | None = None,
    ) -> None:
        """Read the address.

        Raises:
            BrokerUrlFaulty: *url* can't be used.
        """
        self._surroundings = surroundings
        self._app_id = app_id
        self._most_bytes = most_bytes
        self.address = Address(url)
        patience = patience or Patience()
        self._out = Link(self.address, f"{app_id} publish", patience, surroundings)
        self._in = Link(self.address, f"{app_id} consume", patience, surroundings)
        self._publisher = Publisher(self._out)
        self._consumer = Consumer(self._in, prefetch, surroundings)

    def declare(self, queues: Sequence[Queue]) -> None:
        """Declare *queues* with their dead-letter queues, and prove those that are there. Any number of times.

        Raises:
            QueueDiffers: a queue is of another kind; it was not changed.
            Unroutable: a queue of another system isn't there.
            BrokerRefused: the user may not.
            TransportAway: the broker doesn't answer.
        """
        declare(self._in, queues)

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Publish *envelopes* persistently and mandatory; return when all are confirmed.

        Of an error, `transport.confirmed_of` tells the places of those that were confirmed all the same. Besides
        the errors of every transport: `NotTaken` (a kind of TransportAway) where the broker refuses to keep one.
        """
        check_name(channel, f"queue {channel[:40]} at {self.address}")
        messages = [
            Message(properties_of(envelope, self._app_id, self._surroundings), envelope.body) for envelope in envelopes
        ]
        if messages:
            self._publisher.publish(channel, messages)

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take what the broker has handed over, up to *limit*. The first call starts the consumer.

        A lost link or a cancelled consumer is restored by itself; an error says that it wasn't within *wait_s*.
        """
        return self.receive_any([channel], limit, wait_s)

    def receive_any(self, channels: Sequence[str], limit: int, wait_s: float) -> list[Delivery]:
        """As `receive`, from several channels, each call another one first; in order within each.

        An error bears its channel as ``objects["channel"]``, and is raised only when the others had nothing.
        """
        return [self._delivery(taken) for taken in self._consumer.receive(channels, limit, wait_s)]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge *deliveries*, finished prefixes in one frame, on the channels that they came by."""
        self._consumer.acknowledge([delivery.tag for delivery in deliveries if isinstance(delivery.tag, Tag)])

    def release(self, channels: Sequence[str]) -> None:
        """Stop consuming *channels*, and give back what was not acknowledged, until the next `receive`.

        For a route that is paused or a database that is away: what waits in the buffer would be missed elsewhere,
        and the broker ends a consumer that keeps messages for half an hour.
        """
        self._consumer.release(channels)

    def close(self) -> None:
        """Give back what was not acknowledged, and end both connections."""
        self._in.close()
        self._out.close()

    def _delivery(self, taken: Taken) -> Delivery:
        envelope, fault = envelope_of(taken.properties, taken.body, self._most_bytes)
        return Delivery(
            envelope, taken.queue, sender_of(taken.properties), taken.queue, taken.redelivered, taken.tag, fault
        )
