"""The smallest door: queues in the memory of this process, for tests and examples; the one to copy.

    speaks       nothing; both ends are in one process
    supports     publish, receive, acknowledge, redelivery after close; safe between threads
    loses        everything when the process ends
    settings     none

>>> broker = MemoryBroker("orders")
>>> door = MemoryTransport(broker)
>>> door.publish("orders", [Envelope("m1", b"<ORDER/>")])
>>> [delivery] = door.receive("orders", limit=10, wait_s=0)
>>> delivery.envelope.message_id, delivery.redelivered
('m1', False)
>>> door.acknowledge([delivery])
>>> door.receive("orders", limit=10, wait_s=0)
[]
"""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.transport import Delivery, Envelope, Transport, Unroutable, admit, check_envelope


@dataclass(order=True)
class _Entry:
    """A message in a queue: its place in the order of publishing decides."""

    place: int
    channel: str
    envelope: Envelope
    redelivered: bool = False


class MemoryBroker:
    """The other side: named queues that outlive the transports that use them."""

    def __init__(self, *channels: str) -> None:
        self.queues: dict[str, list[_Entry]] = {channel: [] for channel in channels}
        self.changed = threading.Condition()
        self.places = 0

    def queue(self, channel: str) -> list[_Entry]:
        """The queue of this name, oldest message first."""
        if channel not in self.queues:
            raise Unroutable(
                f"there is no queue '{channel}'",
                where=f"channel {channel}",
                why=f"the broker has {', '.join(sorted(self.queues)) or 'none'}",
                mend="declare it, or correct the name in the route or system",
            )
        return self.queues[channel]


class MemoryTransport(Transport):
    """One connection to a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, sender: str = "local") -> None:
        self._broker = broker
        self._sender = sender
        self._taken: dict[int, _Entry] = {}

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Append *envelopes* to the queue."""
        checked = [check_envelope(envelope) for envelope in envelopes]
        with self._broker.changed:
            queue = self._broker.queue(channel)
            for envelope in checked:
                self._broker.places += 1
                queue.append(_Entry(self._broker.places, channel, envelope))
            self._broker.changed.notify_all()

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* messages from the head of the queue."""
        with self._broker.changed:
            queue = self._broker.queue(channel)
            self._broker.changed.wait_for(lambda: queue, timeout=wait_s)
            taken = queue[:limit]
            del queue[:limit]
            self._taken.update((entry.place, entry) for entry in taken)
        return [self._delivery(entry) for entry in taken]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Forget *deliveries*."""
        with self._broker.changed:
            for delivery in deliveries:
                self._taken.pop(delivery.tag, None)  # type: ignore[call-overload]  # the place, as set below

    def close(self) -> None:
        """Put what was not acknowledged back in its place."""
        with self._broker.changed:
            for entry in self._taken.values():
                entry.redelivered = True
                insort(self._broker.queues[entry.channel], entry, key=lambda entry: entry.place)
            self._taken.clear()
            self._broker.changed.notify_all()

    def _delivery(self, entry: _Entry) -> Delivery:
        envelope, fault = admit(entry.envelope)
        return Delivery(envelope, entry.channel, self._sender, entry.channel, entry.redelivered, entry.place, fault)
