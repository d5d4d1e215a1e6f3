"""Consuming: pushed messages wait in a buffer until the hub takes them; they are acknowledged by prefixes.

Each queue has a channel of its own with its own prefetch, so that the trouble of one queue doesn't stop the others.
The broker cancels a consumer whose queue was deleted or lost its leader. That, a channel that the broker closes, and a
lost link are the same failure: the buffer is forgotten, because the broker delivers its messages again, and the next
`receive` starts a new consumer. A delivery knows its consumer: its tag means nothing on another channel.

Spec: docs/design/guarantees.md, "pika, RabbitMQ"; docs/design/performance.md, rule 5.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pika import exceptions

from adapters.rabbitmq.faults import hub_fault, said
from adapters.rabbitmq.link import Answer, Link
from adapters.rabbitmq.topology import check_name, missing
from adapters.transport import TransportAway
from integration_objects.errors import HubError
from integration_objects.log import Log
from integration_objects.surroundings import Surroundings

log = Log()

#: the longest wait of a new consumer for messages that the broker counted, and for others, in seconds: the count
#: of a quorum queue lags, and the messages of a consumer that died come back a moment later
_FIRST_LOOK_S = 1.0
_EMPTY_LOOK_S = 0.1
_REPEATS = "nothing; they come again and are recognised as repeats"
#: seconds between two tries to start consumers again, within one `receive`
_RETRY_S = 0.25


@dataclass(frozen=True)
class QueuedMessage:
    """A message from a consumer's buffer.

    Attributes:
        queue, redelivered, properties, body: as the broker gave them.
        tag: the mark for its acknowledgement.
    """

    queue: str
    redelivered: bool
    properties: Any
    body: bytes
    tag: Tag


@dataclass(frozen=True)
class Tag:
    """The consumer that a message came by, and its number there."""

    consumption: Consumption
    number: int


class Consumption:
    """One consumer on one channel, from its start to its end. Callbacks run in the I/O thread."""

    def __init__(self, queue: str, where: str, prefetch: int, changed: threading.Condition) -> None:
        self.queue = queue
        self.where = where
        self.buffer: deque[QueuedMessage] = deque()  # guarded by changed
        self.ended: HubError | None = None  # guarded by changed
        self._prefetch = prefetch
        self._changed = changed
        self._channel: Any = None
        self._started: Answer[int] | None = None
        self._unacknowledged: dict[int, None] = {}  # delivered and not acknowledged, in order; the I/O thread's

    def start(self, connection: Any, started: Answer[int]) -> None:
        """Open the channel and consume; *started* gets the number of messages that the queue had."""
        self._started = started
        connection.channel(on_open_callback=self._opened)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Acknowledge the finished prefix of the open messages in one frame, the others one by one.

        Raises:
            TransportAway: their channel is gone.
        """
        finished = {number for number in numbers if number in self._unacknowledged}
        if not finished:
            return
        # A tag is a number of its channel: on the next channel the same number is another message.
        if self.ended is not None or not self._channel.is_open:
            what = f"{len(finished)} messages could not be acknowledged"
            why = self.ended.why if self.ended is not None else "the channel is being closed"
            why = f"the link that they came by is gone: {why}"
            raise TransportAway(what, where=self.where, why=why, mend=_REPEATS)
        prefix = 0
        for number in self._unacknowledged:
            if number not in finished:
                break
            prefix = number
        if prefix:
            self._channel.basic_ack(prefix, multiple=True)
        for number in sorted(finished):
            del self._unacknowledged[number]
            if number > prefix:
                self._channel.basic_ack(number)

    def stop(self) -> None:
        """Close the channel: the broker gives the unacknowledged messages to others."""
        if self._channel is not None and self._channel.is_open:
            self._channel.close()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._closed)
        channel.add_on_cancel_callback(self._cancelled)
        # Before basic_consume: RabbitMQ applies a prefetch to the consumers that start after it.
        channel.basic_qos(prefetch_count=self._prefetch)
        # The passive declaration gives the number of messages, and fails for a missing queue before a consumer starts.
        channel.queue_declare(self.queue, passive=True, callback=self._consume)

    def _consume(self, declared: Any) -> None:
        def consuming(_: Any) -> None:
            if self._started is not None:
                self._started.give(declared.method.message_count)

        self._channel.basic_consume(self.queue, self._deliver, callback=consuming)

    def _deliver(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        """Put a delivery into the buffer and wake the receiver. Called by pika on the I/O thread."""
        delivery_tag = method.delivery_tag
        self._unacknowledged[delivery_tag] = None
        message = QueuedMessage(self.queue, bool(method.redelivered), properties, body, Tag(self, delivery_tag))
        with self._changed:
            self.buffer.append(message)
            self._changed.notify_all()

    def _cancelled(self, method: Any) -> None:
        """End the consumption that the broker cancelled: its channel stays open, but nothing would come by it."""
        self._end(exceptions.ConsumerCancelled())
        self.stop()

    def _closed(self, channel: Any, reason: BaseException) -> None:
        self._end(reason)

    def _end(self, reason: BaseException) -> None:
        if isinstance(reason, exceptions.ChannelClosedByBroker) and reason.reply_code == 404:
            fault: HubError = missing(self.queue, self.where, said(reason))
        elif isinstance(reason, exceptions.ConsumerCancelled):
            fault = hub_fault(reason, self.where, "the broker cancelled the consumer")
        else:
            fault = hub_fault(reason, self.where, f"the consumer of the queue '{self.queue}' ended")
        with self._changed:
            if self.ended is not None:
                return
            self.ended = fault
            # The broker delivers these again. Worked from here, they could not be acknowledged any more.
            self.buffer.clear()
            self._changed.notify_all()
        if self._started is not None:
            self._started.fail(fault)
        if not isinstance(reason, exceptions.ChannelClosedByClient | exceptions.ConnectionClosedByClient):
            log.warning("consumer ended", channel=self.queue, **fault.as_dict())


class Consumer:
    """The consumers of a process, over one link. `receive` and `acknowledge` may be called by different threads."""

    def __init__(self, link: Link, prefetch: int, surroundings: Surroundings) -> None:
        self._link = link
        self._prefetch = prefetch
        self._surroundings = surroundings
        self._changed = threading.Condition()
        self._starting = threading.Lock()
        self._consumptions: dict[str, Consumption] = {}  # guarded by changed
        self._turn = 0

    def receive(self, queues: Sequence[str], limit: int, wait_s: float) -> list[QueuedMessage]:
        """Take up to *limit* messages of *queues* together; wait at most *wait_s* for the first.

        Raises:
            Unroutable: a queue is missing, and the others had nothing.
            TransportAway: the broker didn't answer within *wait_s*.
        """
        end = self._surroundings.monotonic() + wait_s
        while True:
            fault = self._ensure(queues, limit)
            left = end - self._surroundings.monotonic()
            with self._changed:
                # While one queue doesn't work, the others are waited for in short turns.
                self._changed.wait_for(
                    lambda: self._has_news(queues), max(0.0, left if fault is None else min(left, _RETRY_S))
                )
                messages = self._take(queues, limit)
            if messages:
                return messages
            if self._surroundings.monotonic() < end and (fault is None or isinstance(fault, TransportAway)):
                if fault is not None:
                    self._link.wait_open(min(_RETRY_S, max(0.0, left)))
                continue
            if fault is not None:
                raise fault
            return []

    def acknowledge(self, tags: Sequence[Tag]) -> None:
        """Acknowledge messages by their tags.

        Raises:
            TransportAway: the channel of some is gone; all others were acknowledged.
        """
        numbers: dict[Consumption, list[int]] = {}
        for tag in tags:
            numbers.setdefault(tag.consumption, []).append(tag.number)

        def work(connection: Any, answer: Answer[None]) -> None:
            fault: HubError | None = None
            for consumption, group in numbers.items():
                try:
                    consumption.acknowledge(group)
                except TransportAway as error:
                    fault = error
            if fault is None:
                answer.give(None)
            else:
                answer.fail(fault)

        if numbers:
            self._link.ask(work)

    def release(self, queues: Sequence[str]) -> None:
        """Stop consuming *queues*: the broker gives their unacknowledged messages to others, taken or not."""
        with self._changed:
            stopped = [self._consumptions.pop(queue) for queue in queues if queue in self._consumptions]
            for consumption in stopped:
                # Cleared before the broker is told: no thread may take a message that is on its way to another hub.
                consumption.buffer.clear()

        def work(connection: Any, answer: Answer[None]) -> None:
            for consumption in stopped:
                consumption.stop()
            answer.give(None)

        if any(consumption.ended is None for consumption in stopped):
            self._link.ask(work)

    def _has_news(self, queues: Sequence[str]) -> bool:
        """Whether a message can be taken, or a consumer must be started again. Called with the lock held."""
        consumptions = (self._consumptions[queue] for queue in queues if queue in self._consumptions)
        return any(consumption.buffer or consumption.ended is not None for consumption in consumptions)

    def _take(self, queues: Sequence[str], limit: int) -> list[QueuedMessage]:
        """Take messages queue by queue. Called with the lock held."""
        # Each call begins with another queue, so that a full queue doesn't starve those behind it.
        self._turn += 1
        messages: list[QueuedMessage] = []
        for step in range(len(queues)):
            consumption = self._consumptions.get(queues[(self._turn + step) % len(queues)])
            while consumption is not None and consumption.buffer and len(messages) < limit:
                messages.append(consumption.buffer.popleft())
        return messages

    def _ensure(self, queues: Sequence[str], limit: int) -> HubError | None:
        """Start the consumers that don't run; return the first fault of a consumer that can't be started."""
        first: HubError | None = None
        for queue in queues:
            try:
                self._start(queue, limit)
            except HubError as error:
                error.objects.setdefault("channel", queue)
                first = first or error
                if isinstance(error, TransportAway) and not self._link.wait_open(0):
                    break  # without a link, the other consumers would fail alike
        return first

    def _runs(self, queue: str) -> bool:
        consumption = self._consumptions.get(queue)
        return consumption is not None and consumption.ended is None

    def _start(self, queue: str, limit: int) -> None:
        # Asked before every receive: the usual answer needs no lock, and is looked at again under the lock.
        if self._runs(queue):
            return
        # Two consumers of one process would share a queue's messages, and lose the order that a key promises.
        with self._starting:
            if self._runs(queue):
                return
            where = f"queue {queue} at {self._link.address}"
            check_name(queue, where)
            consumption = Consumption(queue, where, self._prefetch, self._changed)
            ready = self._link.ask(consumption.start)
            expected = min(ready, limit, self._prefetch)
            with self._changed:
                self._consumptions[queue] = consumption
                self._changed.wait_for(
                    lambda: len(consumption.buffer) >= max(1, expected) or consumption.ended is not None,
                    _FIRST_LOOK_S if expected else _EMPTY_LOOK_S,
                )
