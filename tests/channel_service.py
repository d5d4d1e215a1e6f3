"""A small system that answers questions on a channel, as a test tells it to: over RabbitMQ, or in a hub's database."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from adapters.asking import serve
from adapters.transport import Envelope, Setup
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
    ready = threading.Event()
    settings = {"broker_url": broker_url, "database_url": database_url, "unsafe_database": True}
    setup = Setup(pathlib.Path(), settings, Surroundings())
    work = functools.partial(serve, setup, channel, service.reply, service.stopped.is_set, ready.set)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield service
    finally:
        service.stopped.set()
        thread.join()
