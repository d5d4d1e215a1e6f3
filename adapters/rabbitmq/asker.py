"""Questions: each is published with the hub's own reply queue as reply-to, and its reply is waited for.

The reply queue is exclusive: the broker names it, and deletes it when the link ends. One consumer takes all replies of
the process, and hands each to the caller with its correlation id. A lost link fails all open questions at once, and the
next question makes another reply queue. The broker drops a question that nobody took in time (`expiration`), so that no
question is answered for which nobody waits.

Spec: docs/design/guarantees.md, "pika, RabbitMQ" and G7; docs/design/integration.md, "Transports".
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from adapters.rabbitmq.faults import hub_fault
from adapters.rabbitmq.link import Answer, Link
from adapters.rabbitmq.properties import envelope_of, properties_of, sender_of
from adapters.rabbitmq.publisher import Message, Publisher
from adapters.transport import Delivery, Envelope, NoReply
from integration_objects.errors import HubError
from integration_objects.surroundings import Surroundings


class ReplyQueue:
    """The exclusive queue of one link, from its start to its end. Callbacks run in the I/O thread.

    Attributes:
        name: the name that the broker gave.
    """

    def __init__(self, where: str, most_bytes: int) -> None:
        self.name = ""
        self._where = where
        self._most_bytes = most_bytes
        self._channel: Any = None
        self._started: Answer[None] | None = None
        self._lock = threading.Lock()
        # Guarded by _lock:
        self._waiting: dict[str, Answer[Delivery]] = {}
        self._ended: HubError | None = None

    @property
    def is_open(self) -> bool:
        """Whether replies can come by it."""
        return self._ended is None

    def start(self, connection: Any, started: Answer[None]) -> None:
        """Declare the queue and consume; *started* is given when replies can come."""
        self._started = started
        connection.channel(on_open_callback=self._opened)

    def expect(self, correlation_id: str) -> Answer[Delivery]:
        """Return the answer that the reply with this correlation id gives."""
        answer: Answer[Delivery] = Answer()
        with self._lock:
            if self._ended is not None:
                answer.fail(self._ended)
            self._waiting[correlation_id] = answer
        return answer

    def forget(self, correlation_id: str) -> None:
        """Wait no longer for this reply: it is dropped when it comes."""
        with self._lock:
            self._waiting.pop(correlation_id, None)

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _, reason: self._end(reason))
        channel.add_on_cancel_callback(lambda _: channel.close())
        channel.queue_declare("", exclusive=True, auto_delete=True, callback=self._consume)

    def _consume(self, declared: Any) -> None:
        self.name = declared.method.queue

        def consuming(_: Any) -> None:
            if self._started is not None:
                self._started.give(None)

        # Without acknowledgements: a reply that isn't read is asked for again.
        self._channel.basic_consume(self.name, self._deliver, auto_ack=True, callback=consuming)

    def _deliver(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        with self._lock:
            answer = self._waiting.pop(str(properties.correlation_id), None)
        if answer is not None:
            envelope, fault = envelope_of(properties, body, self._most_bytes)
            answer.give(Delivery(envelope, self.name, sender_of(properties), self.name, fault=fault))

    def _end(self, reason: BaseException) -> None:
        fault = hub_fault(reason, self._where, "the queue for replies is gone")
        with self._lock:
            self._ended = fault
            waiting, self._waiting = self._waiting, {}
        if self._started is not None:
            self._started.fail(fault)
        for answer in waiting.values():
            answer.fail(fault)


class Asker:
    """Asks over a consuming link and a publisher. Any thread may ask."""

    def __init__(
        self, link: Link, publisher: Publisher, app_id: str, most_bytes: int, surroundings: Surroundings
    ) -> None:
        self._link = link
        self._publisher = publisher
        self._app_id = app_id
        self._most_bytes = most_bytes
        self._surroundings = surroundings
        self._starting = threading.Lock()
        self._replies: ReplyQueue | None = None

    def ask(self, queue: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Publish a question to *queue*, and wait for its reply; see `Transport.ask`."""
        replies = self._reply_queue()
        correlation_id = self._surroundings.new_id()
        answer = replies.expect(correlation_id)
        try:
            question = replace(envelope, reply_to=replies.name, correlation_id=correlation_id)
            properties = properties_of(question, self._app_id, self._surroundings)
            properties.expiration = str(max(1, int(timeout_s * 1000)))
            self._publisher.publish(queue, [Message(properties, envelope.body)])
            return answer.wait(timeout_s)
        except TimeoutError as error:
            where = f"queue {queue} at {self._link.address}"
            raise NoReply(kind="queue", name=queue, where=where, timeout_s=timeout_s) from error
        finally:
            replies.forget(correlation_id)

    def _reply_queue(self) -> ReplyQueue:
        with self._starting:
            if self._replies is None or not self._replies.is_open:
                replies = ReplyQueue(f"queue for replies at {self._link.address}", self._most_bytes)
                self._link.ask(replies.start)
                self._replies = replies
            return self._replies
