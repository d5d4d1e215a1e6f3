"""Consuming: what the broker pushes waits in a buffer, until the hub takes it; acknowledged by prefixes.

Each queue has a channel of its own with its own prefetch, so that one queue's trouble is not another's. A consumer
that the broker cancels (the queue was deleted, or lost its leader), a channel that it closes and a link that is lost
are failures alike: what was buffered is forgotten, because the broker delivers it again, and the next `receive` starts
a new consumer. Deliveries know the consumer that they came by: a tag means nothing on another channel.

Spec: docs/design/guarantees.md, "pika, RabbitMQ"; docs/design/performance.md, rule 5.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pika import exceptions

from adapters.rabbitmq.faults import hub_fault, said
from adapters.rabbitmq.link import Answer, Link
from adapters.rabbitmq.topology import check_name, missing
from adapters.transport import TransportAway
from integration_objects.errors import HubError
from integration_objects.surroundings import Surroundings

log = structlog.get_logger()

#: the longest that a new consumer waits for what the broker said was there, and for what it didn't say, in seconds:
#: the count of a quorum queue lags, and a consumer that died gives back a moment later
_FIRST_LOOK_S = 1.0
_EMPTY_LOOK_S = 0.1
#: seconds between two tries to start consumers again, within one `receive`
_RETRY_S = 0.25


@dataclass(frozen=True)
class Taken:
    """A message from a consumer's buffer.

    Attributes:
        queue, redelivered, properties, body: as the broker gave them.
        tag: what it is acknowledged by.
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
        self.buffer: deque[Taken] = deque()  # guarded by changed
        self.ended: HubError | None = None  # guarded by changed
        self._prefetch = prefetch
        self._changed = changed
        self._channel: Any = None
        self._started: Answer[int] | None = None
        self._open: dict[int, None] = {}  # delivered and not acknowledged, in order; the I/O thread's

    def start(self, connection: Any, started: Answer[int]) -> None:
        """Open the channel and consume; *started* gets the number of messages that were there."""
        self._started = started
        connection.channel(on_open_callback=self._opened)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Acknowledge: the finished prefix of what is open in one frame, the rest one by one.

        Raises:
            TransportAway: it is not the channel any more that they came by.
        """
        finished = {number for number in numbers if number in self._open}
        if not finished:
            return
        if self.ended is not None or not self._channel.is_open:
            why = self.ended.why if self.ended is not None else "the channel is being closed"
            raise TransportAway(
                f"{len(finished)} messages could not be acknowledged",
                where=self.where,
                why=f"the link that they came by is gone: {why}",
                mend="nothing; they come again and are recognised as repeats",
            )
        prefix = 0
        for number in self._open:
            if number not in finished:
                break
            prefix = number
        if prefix:
            self._channel.basic_ack(prefix, multiple=True)
        for number in sorted(finished):
            del self._open[number]
            if number > prefix:
                self._channel.basic_ack(number)

    def stop(self) -> None:
        """Close the channel: the broker gives what wasn't acknowledged to others."""
        if self._channel is not None and self._channel.is_open:
            self._channel.close()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._closed)
        channel.add_on_cancel_callback(self._cancelled)
        channel.basic_qos(prefetch_count=self._prefetch)
        # It says how much is there; and whether the queue is, before anything is asked of it.
        channel.queue_declare(self.queue, passive=True, callback=self._found)

    def _found(self, declared: Any) -> None:
        def consuming(_: Any) -> None:
            if self._started is not None:
                self._started.give(declared.method.message_count)

        self._channel.basic_consume(self.queue, self._deliver, callback=consuming)

    def _deliver(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        number = method.delivery_tag
        self._open[number] = None
        taken = Taken(self.queue, bool(method.redelivered), properties, body, Tag(self, number))
        with self._changed:
            self.buffer.append(taken)
            self._changed.notify_all()

    def _cancelled(self, method: Any) -> None:
        """The broker ended the consumer: the channel lives on, and nothing would ever come by it again."""
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

    def receive(self, queues: Sequence[str], limit: int, wait_s: float) -> list[Taken]:
        """Take what is there of *queues*, up to *limit* together, waiting at most *wait_s* for the first.

        Raises:
            Unroutable: a queue isn't there, and the others had nothing.
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
                taken = self._take(queues, limit)
            if taken:
                return taken
            if self._surroundings.monotonic() < end and (fault is None or isinstance(fault, TransportAway)):
                if fault is not None:
                    self._link.wait_open(min(_RETRY_S, max(0.0, left)))
                continue
            if fault is not None:
                raise fault
            return []

    def acknowledge(self, tags: Sequence[Tag]) -> None:
        """Acknowledge what was taken.

        Raises:
            TransportAway: for those whose channel is gone; all others were acknowledged.
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
        """Stop consuming *queues*: the broker gives to others what was not acknowledged, taken or not."""
        with self._changed:
            stopped = [self._consumptions.pop(queue) for queue in queues if queue in self._consumptions]
            for consumption in stopped:
                consumption.buffer.clear()

        def work(connection: Any, answer: Answer[None]) -> None:
            for consumption in stopped:
                consumption.stop()
            answer.give(None)

        if any(consumption.ended is None for consumption in stopped):
            self._link.ask(work)

    def _has_news(self, queues: Sequence[str]) -> bool:
        """Whether something can be taken, or has to be started again. Called with the lock held."""
        found = [self._consumptions.get(queue) for queue in queues]
        return any(one is not None and (one.buffer or one.ended is not None) for one in found)

    def _take(self, queues: Sequence[str], limit: int) -> list[Taken]:
        """From one queue after another, each time another one first. Called with the lock held."""
        self._turn += 1
        taken: list[Taken] = []
        for step in range(len(queues)):
            consumption = self._consumptions.get(queues[(self._turn + step) % len(queues)])
            while consumption is not None and consumption.buffer and len(taken) < limit:
                taken.append(consumption.buffer.popleft())
        return taken

    def _ensure(self, queues: Sequence[str], limit: int) -> HubError | None:
        """Start the consumers that don't run; the first fault of one that can't be started."""
        first: HubError | None = None
        for queue in queues:
            try:
                self._start(queue, limit)
            except HubError as error:
                error.objects.setdefault("channel", queue)
                first = first or error
                if isinstance(error, TransportAway) and not self._link.wait_open(0):
                    break  # the same for all
        return first

    def _start(self, queue: str, limit: int) -> None:
        # Quick, because it is asked before every receive.
        running = self._consumptions.get(queue)
        if running is not None and running.ended is None:
            return
        with self._starting:
            running = self._consumptions.get(queue)
            if running is not None and running.ended is None:
                return
            where = f"queue {queue} at {self._link.address}"
            check_name(queue, where)
            new = Consumption(queue, where, self._prefetch, self._changed)
            ready = self._link.ask(new.start)
            expected = min(ready, limit, self._prefetch)
            with self._changed:
                self._consumptions[queue] = new
                self._changed.wait_for(
                    lambda: len(new.buffer) >= max(1, expected) or new.ended is not None,
                    _FIRST_LOOK_S if expected else _EMPTY_LOOK_S,
                )
