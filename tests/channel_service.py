"""A small system that answers questions on a channel, as a test tells it to: over RabbitMQ, or in a hub's database."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from adapters.database.connection.database import Database
from adapters.database.messages.embedded_queue import EmbeddedQueue
from adapters.rabbitmq import RabbitMQ
from adapters.transport import Channel, Envelope
from integration_objects.surroundings import Surroundings


class ChannelService:
    """What was asked, and the answer.

    Attributes:
        asked: the documents that were asked, in order.
        answer: makes the answer: a document; bytes that are sent as they are; an envelope; or None for silence.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: Callable[[Any], Any] = lambda document: document
        self.stopped = threading.Event()

    def reply(self, question: Envelope) -> Envelope | None:
        document = json.loads(question.body)
        self.asked.append(document)
        answer = self.answer(document)
        if answer is None or isinstance(answer, Envelope):
            return answer
        return Envelope(None, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


@contextlib.contextmanager
def channel_service(channel: str, *, broker_url: str | None = None, database_url: str = "") -> Iterator[ChannelService]:
    """Serve a channel in a thread, at a broker or in a database."""
    service = ChannelService()
    serve = _at_broker if broker_url is not None else _in_database
    ready = threading.Event()
    thread = threading.Thread(target=serve, args=(service, channel, broker_url or database_url, ready), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield service
    finally:
        service.stopped.set()
        thread.join()


def _at_broker(service: ChannelService, channel: str, url: str, ready: threading.Event) -> None:
    with contextlib.closing(RabbitMQ(url, Surroundings())) as transport:
        transport.declare([Channel(channel)])
        transport.receive(channel, 1, 0)
        ready.set()
        while not service.stopped.is_set():
            for delivery in transport.receive(channel, 10, 0.05):
                question = delivery.envelope
                reply = service.reply(question)
                if reply is not None:
                    transport.publish(question.reply_to or "", [replace(reply, correlation_id=question.correlation_id)])
                transport.acknowledge([delivery])


def _in_database(service: ChannelService, channel: str, url: str, ready: threading.Event) -> None:
    with contextlib.closing(EmbeddedQueue(Database(url), Surroundings())) as queue:
        ready.set()
        while not service.stopped.is_set():
            for question in queue.take(channel, 10):
                reply = service.reply(question)
                if reply is not None:
                    queue.put(question.reply_to or "", replace(reply, correlation_id=question.correlation_id))
            time.sleep(0.005)
