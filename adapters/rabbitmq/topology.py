"""The hub's queues at the broker: declared, and proven where they are already; never changed.

    x-queue-type               quorum
    x-single-active-consumer   true, for a route that keeps an order
    x-delivery-limit           50 where a dead-letter queue takes what exceeds it, else 1,000,000
    x-dead-letter-...          the default exchange, to the route's dead-letter queue, at least once

The limit stands there to be far off: (m) with a small one and a prefetch above 1, neighbours of a bad message are dead
letters with it; the hub counts attempts itself. It is an argument, and not left out, because AMQP can't set a policy
and RabbitMQ 4 limits by itself at 20, after which a message of a queue without a dead-letter queue is dropped. For
the same reason a queue without one gets a limit that nothing reaches. Dead-lettering at least once wants
``reject-publish``, which does nothing as long as no policy limits the queue's length.

Spec: docs/design/integration.md, "Doors"; docs/design/guarantees.md, "pika, RabbitMQ". All of it is in RabbitMQ 3.10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pika import exceptions

from adapters.rabbitmq.faults import QueueDiffers, hub_fault, said
from adapters.rabbitmq.link import Answer, Link
from adapters.transport import Unroutable
from integration_objects.errors import HubError

DELIVERY_LIMIT = 50
UNREACHED_LIMIT = 1_000_000
_MOST_NAME_BYTES = 255
_PRECONDITION_FAILED = 406
_INEQUIVALENT = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' .*: received (?P<expected>.*?) but current is (?P<found>.*)$"
)
_VALUE = re.compile(r"^(?:the value )?'(?P<value>.*?)'(?: of type '[^']*')?$")


@dataclass(frozen=True)
class Queue:
    """A queue that the hub needs.

    Attributes:
        name: the channel's name.
        single_active: only one of its consumers gets messages, for a route that keeps an order.
        dead_letter: the queue of what the broker gives up; declared with it. The hub's own dead letters go there
            too, by publishing.
        theirs: it is another system's queue: it has to be there, and is not declared. (AMQP doesn't tell its kind.)
    """

    name: str
    single_active: bool = False
    dead_letter: str | None = None
    theirs: bool = False

    def arguments(self) -> dict[str, Any]:
        """What it is declared with."""
        arguments: dict[str, Any] = {
            "x-queue-type": "quorum",
            "x-delivery-limit": UNREACHED_LIMIT if self.dead_letter is None else DELIVERY_LIMIT,
        }
        if self.single_active:
            arguments["x-single-active-consumer"] = True
        if self.dead_letter is not None:
            arguments["x-dead-letter-exchange"] = ""
            arguments["x-dead-letter-routing-key"] = self.dead_letter
            arguments["x-dead-letter-strategy"] = "at-least-once"
            arguments["x-overflow"] = "reject-publish"
        return arguments


def declare(link: Link, queues: Sequence[Queue]) -> None:
    """Declare *queues* with their dead-letter queues; prove those that are there.

    Raises:
        QueueDiffers: a queue is of another kind; nothing of it was changed.
        Unroutable: a queue of another system isn't there.
        BrokerRefused: the user may not declare it.
        TransportAway: the broker doesn't answer.
    """
    for queue in _with_dead_letters(queues):
        link.ask(_declaring(queue, str(link.address)))


def check_name(name: str, where: str) -> None:
    """Refuse a name that no queue can have.

    Raises:
        Unroutable: it is empty or too long.
    """
    size = len(name.encode())
    if not 0 < size <= _MOST_NAME_BYTES:
        raise Unroutable(
            f"there can be no queue '{name[:40]}'",
            where=where,
            why=f"the name has {size} bytes in UTF-8, and may have 1 to {_MOST_NAME_BYTES}",
            mend="correct the name in the route or system",
        )


def missing(name: str, where: str, why: str) -> Unroutable:
    """The error of a queue that isn't there."""
    return Unroutable(
        f"there is no queue '{name}'",
        where=where,
        why=why,
        mend="declare it, or correct the name in the route or system",
        channel=name,
    )


def _with_dead_letters(queues: Sequence[Queue]) -> Iterator[Queue]:
    """Dead-letter queues first: what the broker gives up must find its way from the first message on."""
    named = {queue.name for queue in queues}
    for name in dict.fromkeys(queue.dead_letter for queue in queues):
        if name is not None and name not in named:
            yield Queue(name)
    yield from queues


def _declaring(queue: Queue, broker: str) -> Callable[[Any, Answer[None]], None]:
    where = f"queue {queue.name} at {broker}"
    check_name(queue.name, where)

    def closed(channel: Any, reason: BaseException) -> None:
        answers[0].fail(_fault(queue, where, reason))

    def opened(channel: Any) -> None:
        channel.add_on_close_callback(closed)
        if queue.theirs:
            channel.queue_declare(queue.name, passive=True, callback=lambda _: declared(channel))
        else:
            channel.queue_declare(
                queue.name, durable=True, arguments=queue.arguments(), callback=lambda _: declared(channel)
            )

    def declared(channel: Any) -> None:
        answers[0].give(None)
        channel.close()

    answers: list[Answer[None]] = []

    def work(connection: Any, answer: Answer[None]) -> None:
        answers.append(answer)
        connection.channel(on_open_callback=opened)

    return work


def _fault(queue: Queue, where: str, reason: BaseException) -> HubError:
    if isinstance(reason, exceptions.ChannelClosedByBroker):
        if reason.reply_code == _PRECONDITION_FAILED:
            return _differs(queue, where, reason)
        if queue.theirs and reason.reply_code == 404:
            return missing(queue.name, where, said(reason))
    return hub_fault(reason, where, f"the queue '{queue.name}' can't be declared")


def _differs(queue: Queue, where: str, reason: BaseException) -> QueueDiffers:
    text = said(reason)
    found = _INEQUIVALENT.search(text)
    if found is None:
        why = text
    else:
        name = found["argument"]
        why = f"expected {name} {_value(found['expected'])}, found {_value(found['found'])}"
    return QueueDiffers(
        f"the queue '{queue.name}' is of another kind than the hub needs",
        where=where,
        why=why,
        mend="empty and delete that queue, so that the hub can declare it, or name another one",
        channel=queue.name,
    )


def _value(text: str) -> str:
    found = _VALUE.match(text.strip())
    return text.strip() if found is None else found["value"] or "''"
