"""The transport itself: a publishing link, a consuming link, and their use.

There are two connections, because a broker that lacks memory or disk stops reading from publishers: on a shared
connection the acknowledgements, which free its memory, would be stuck too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from adapters.rabbitmq.address import Address, Timeouts
from adapters.rabbitmq.asker import Asker
from adapters.rabbitmq.consumer import Consumer, QueuedMessage, Tag
from adapters.rabbitmq.link import Link
from adapters.rabbitmq.properties import envelope_of, properties_of, sender_of
from adapters.rabbitmq.publisher import Message, Publisher
from adapters.rabbitmq.topology import check_name, declare, depth
from adapters.transport import MOST_BYTES, Channel, Delivery, Envelope, Setup, Transport
from integration_objects.surroundings import Surroundings

#: messages that the broker hands over for each queue before they are acknowledged: three groups of the default size
#: With one group, the broker would pause while the group is committed. All hubs use the same number, whatever their
#: settings: (m) a quorum queue appends returned messages to those that were returned before, so that a hub which takes
#: fewer messages than another hub returned, and then stops, puts the older ones behind the younger.
PREFETCH = 75


class RabbitMQ(Transport):
    """See the head of the package. The first use connects."""

    is_broker = True

    def __init__(
        self,
        url: str,
        surroundings: Surroundings,
        *,
        prefetch: int = PREFETCH,
        app_id: str = "orderhub",
        most_bytes: int = MOST_BYTES,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Read the address.

        Raises:
            BrokerUrlFaulty: *url* can't be used.
        """
        self._surroundings = surroundings
        self._app_id = app_id
        self._most_bytes = most_bytes
        self._most_bytes_of: dict[str, int] = {}  # smaller limits, by channel
        self.address = Address(url)
        timeouts = timeouts or Timeouts()
        self._out = Link(self.address, f"{app_id} publish", timeouts, surroundings)
        self._in = Link(self.address, f"{app_id} consume", timeouts, surroundings)
        self._publisher = Publisher(self._out)
        self._consumer = Consumer(self._in, prefetch, surroundings)
        self._asker = Asker(self._in, self._publisher, app_id, most_bytes, surroundings)

    @classmethod
    def open(cls, setup: Setup) -> Self | None:
        """Make the transport of a deployment's broker; None where its settings name no broker."""
        url = setup.settings["broker_url"]
        return None if url is None else cls(url, setup.surroundings)

    def declare(self, channels: Sequence[Channel]) -> None:
        """Declare the queues *channels* with their dead-letter queues, as `topology.declare`; note their limits."""
        for channel in channels:
            if channel.most_bytes is not None:
                self._most_bytes_of[channel.name] = min(channel.most_bytes, self._most_bytes)
        declare(self._in, channels)

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Publish *envelopes* persistently and mandatory; return when all are confirmed.

        `transport.confirmed_of` tells from an error which envelopes were confirmed in spite of it. Besides the errors
        of every transport there is `NotTaken`, a kind of TransportAway: the broker refuses to keep a message.
        """
        check_name(channel, f"queue {channel[:40]} at {self.address}")
        messages = [
            Message(properties_of(envelope, self._app_id, self._surroundings), envelope.body) for envelope in envelopes
        ]
        if messages:
            self._publisher.publish(channel, messages)

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Publish a question mandatory, and wait for its reply on the process's own reply queue."""
        check_name(channel, f"queue {channel[:40]} at {self.address}")
        return self._asker.ask(channel, envelope, timeout_s)

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* messages that the broker has handed over. The first call starts the consumer.

        A lost link or a cancelled consumer is restored by itself; an error means that *wait_s* was too short for that.
        """
        return self.receive_any([channel], limit, wait_s)

    def receive_any(self, channels: Sequence[str], limit: int, wait_s: float) -> list[Delivery]:
        """Take from several channels, beginning with another one at each call; in order within each."""
        return [self._delivery(message) for message in self._consumer.receive(channels, limit, wait_s)]

    def depth(self, channel: str) -> int:
        """Count the messages that are ready in a queue; the ones that a hub has taken and not filed are not in it."""
        return depth(self._in, channel)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge *deliveries* on their own channels, finished prefixes in one frame."""
        self._consumer.acknowledge([delivery.tag for delivery in deliveries if isinstance(delivery.tag, Tag)])

    def release(self, channels: Sequence[str]) -> None:
        """Stop consuming *channels*, and give back their unacknowledged messages, until the next `receive`.

        For a paused route, or a database that is away: other hubs could work the messages in the buffer, and the broker
        ends a consumer that keeps messages for half an hour.
        """
        self._consumer.release(channels)

    def close(self) -> None:
        """Give back all unacknowledged messages, to the heads of their queues, and end both connections."""
        self._in.close()
        self._out.close()

    def _delivery(self, message: QueuedMessage) -> Delivery:
        properties, queue = message.properties, message.queue
        envelope, fault = envelope_of(properties, message.body, self._most_bytes_of.get(queue, self._most_bytes))
        return Delivery(envelope, queue, sender_of(properties), queue, message.redelivered, message.tag, fault)
