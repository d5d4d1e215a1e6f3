"""The smallest transport: queues in the memory of this process, for tests and examples; the one to copy.

    speaks       nothing; both ends are in one process
    supports     declare, publish, ask, receive, acknowledge, redelivery after close or release; safe between threads
    loses        everything when the process ends
    settings     none: the transports of one deployment's folder share a broker

>>> broker = MemoryBroker("orders")
>>> transport = MemoryTransport(broker)
>>> transport.publish("orders", [Envelope("m1", b"<ORDER/>")])
>>> [delivery] = transport.receive("orders", limit=10, wait_s=0)
>>> delivery.envelope.message_id, delivery.redelivered
('m1', False)
>>> transport.acknowledge([delivery])
>>> transport.receive("orders", limit=10, wait_s=0)
[]
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from adapters.transport import Channel, Delivery, Envelope, NoReply, Setup, Transport, Unroutable, admit, check_envelope


@dataclass(order=True)
class _Entry:
    """A message in a queue; the queue is sorted by the order of publishing."""

    place: int
    channel: str = field(compare=False)
    envelope: Envelope = field(compare=False)
    redelivered: bool = field(default=False, compare=False)


class MemoryBroker:
    """The other side: named queues that outlive the transports that use them."""

    def __init__(self, *channels: str) -> None:
        self.queues: dict[str, list[_Entry]] = {channel: [] for channel in channels}
        self.changed = threading.Condition()
        self.places = 0

    def queue(self, channel: str) -> list[_Entry]:
        """Return the queue of this name, oldest message first."""
        if channel not in self.queues:
            why = f"the broker has {', '.join(sorted(self.queues)) or 'none'}"
            raise Unroutable(kind="queue", name=channel, where=f"channel {channel}", why=why)
        return self.queues[channel]

    def put(self, channel: str, *envelopes: Envelope) -> None:
        """Append *envelopes*, unchecked, as a sender's client may send them."""
        queue = self.queue(channel)
        for envelope in envelopes:
            self.places += 1
            queue.append(_Entry(self.places, channel, envelope))


class MemoryTransport(Transport):
    """One connection to a `MemoryBroker`."""

    #: The broker of each deployment that was opened in this process, by the deployment's folder.
    brokers: ClassVar[dict[Path, MemoryBroker]] = {}

    def __init__(self, broker: MemoryBroker, sender: str = "local") -> None:
        self._broker = broker
        self._sender = sender
        self._unacknowledged: dict[int, _Entry] = {}

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Connect to the deployment's broker."""
        return cls(cls.brokers.setdefault(setup.folder, MemoryBroker()))

    def declare(self, channels: Sequence[Channel]) -> None:
        """Make the queues that are missing."""
        with self._broker.changed:
            for name in (name for channel in channels for name in (channel.name, channel.dead_letter)):
                if name is not None:
                    self._broker.queues.setdefault(name, [])

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Append *envelopes* to the queue."""
        checked = [check_envelope(envelope) for envelope in envelopes]
        with self._broker.changed:
            self._broker.put(channel, *checked)
            self._broker.changed.notify_all()

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Append the question to the queue, and wait for the reply on a queue that nobody else reads."""
        with self._broker.changed:
            self._broker.places += 1
            reply_to = f"reply.{self._broker.places}"
            self._broker.queues[reply_to] = []
        question = replace(envelope, reply_to=reply_to, correlation_id=reply_to)
        try:
            self.publish(channel, [question])
            for delivery in self.receive(reply_to, 1, timeout_s):
                self.acknowledge([delivery])
                return delivery
        finally:
            with self._broker.changed:
                # A reply that comes from now on has no queue, and is dropped.
                del self._broker.queues[reply_to]
                queue = self._broker.queues.get(channel, [])
                queue[:] = [entry for entry in queue if entry.envelope.correlation_id != reply_to]
        raise NoReply(kind="queue", name=channel, where=f"channel {channel}", timeout_s=timeout_s)

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* messages from the head of the queue."""
        with self._broker.changed:
            queue = self._broker.queue(channel)
            self._broker.changed.wait_for(lambda: queue, timeout=wait_s)
            entries = queue[:limit]
            del queue[:limit]
            self._unacknowledged.update((entry.place, entry) for entry in entries)
        return [self._delivery(entry) for entry in entries]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Forget *deliveries*."""
        with self._broker.changed:
            for delivery in deliveries:
                self._unacknowledged.pop(delivery.tag, None)  # type: ignore[call-overload]  # the entry's place

    def release(self, channels: Sequence[str]) -> None:
        """Put the unacknowledged messages of *channels* back into their places."""
        with self._broker.changed:
            for entry in [entry for entry in self._unacknowledged.values() if entry.channel in channels]:
                del self._unacknowledged[entry.place]
                entry.redelivered = True
                # By its place and not at the end: what comes again keeps its turn, as RabbitMQ's queues do it.
                insort(self._broker.queues[entry.channel], entry)
            self._broker.changed.notify_all()

    def close(self) -> None:
        """Put all unacknowledged messages back into their places."""
        self.release(list(self._broker.queues))

    def _delivery(self, entry: _Entry) -> Delivery:
        envelope, fault = admit(entry.envelope)
        return Delivery(envelope, entry.channel, self._sender, entry.channel, entry.redelivered, entry.place, fault)
