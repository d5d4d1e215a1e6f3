"""A hub whose service profiles a stand-in mainframe keeps: in a thread that tests can reach into, or as a process."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from adapters.asking import serve
from adapters.rabbitmq import RabbitMQ
from adapters.transport import Envelope, Setup
from adapters.virtual_components.stand_in import StandInMainframe
from hub.deployment.deployment import keeper_of
from integration_objects.surroundings import Surroundings
from tests.customer_care import CustomerCare, care_on

KEEPER = "Mainframe Services"
CHANNEL = "mainframe.services"


class ServedMainframe(StandInMainframe):
    """The stand-in in a thread.

    Attributes:
        asked: the names of the requests that came, in order.
        disturb: makes another reply of an answer; None for silence.
    """

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__(path)
        self.asked: list[str] = []
        self.disturb: Callable[[Envelope, Envelope], Envelope | None] = lambda question, answer: answer

    def reply(self, question: Envelope) -> Envelope | None:
        self.asked.append((question.type or "").removeprefix("siebel-xmlext-"))
        return self.disturb(question, self.answer(question))


@contextlib.contextmanager
def served(mainframe: ServedMainframe, channel: str, broker_url: str | None, database_url: str) -> Iterator[None]:
    """Serve a channel by a mainframe, in a thread."""
    stopped, ready = threading.Event(), threading.Event()
    settings = {"broker_url": broker_url, "database_url": database_url, "unsafe_database": True}
    setup = Setup(pathlib.Path(), settings, Surroundings())
    work = functools.partial(serve, setup, channel, mainframe.reply, stopped.is_set, ready.set)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@contextlib.contextmanager
def care_with_mainframe(
    folder: pathlib.Path,
    database_url: str | None = None,
    broker_url: str | None = None,
    channel: str = CHANNEL,
    **declared: Any,
) -> Iterator[CustomerCare]:
    """Customer care whose profiles the mainframe keeps; with a broker, only the mainframe is asked over it.

    *channel* and *declared* (``timeout_s=1``) take the place of the shipped declaration's values.
    """
    with care_on(folder, database_url, service_profile=KEEPER) as care:
        deployment = care.open_hub.deployment
        if channel != CHANNEL or declared:
            kept = replace(deployment.profile_keeper.kept, channel=channel, **declared)
            vars(deployment)["profile_keeper"] = keeper_of(deployment, kept)
            # Made of the deployment's parts when it was first asked for.
            vars(care.open_hub).pop("runtime", None)
        if broker_url is not None:
            vars(deployment)["asker"] = RabbitMQ(broker_url, Surroundings())
        yield care
