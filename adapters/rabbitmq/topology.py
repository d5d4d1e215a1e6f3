"""The hub's queues at the broker: declared, and checked where they exist already; never changed.

    x-queue-type               quorum
    x-single-active-consumer   true, for a route that keeps an order
    x-delivery-limit           50 with a dead-letter queue, else 1,000,000
    x-dead-letter-...          the default exchange, to the route's dead-letter queue, at least once

The limit is far off on purpose: (m) with a small limit and a prefetch above 1, the neighbours of a bad message become
dead letters with it; the hub counts attempts itself. It can't be left out: AMQP can't set a policy, and RabbitMQ 4 has
a limit of 20 by itself, after which a message of a queue without a dead-letter queue is dropped. So a queue without one
gets a limit that nothing reaches. Dead-lettering at least once needs ``reject-publish``, which has no effect as long as
no policy limits the queue's length.

RabbitMQ names the first argument that differs, and no other one. The hub asks again with the value that was found,
until the broker agrees: one error names every difference. The queue exists, so that these declarations change nothing.

Spec: docs/design/integration.md, "Transports";
docs/design/guarantees.md, "pika, RabbitMQ". All of it is in RabbitMQ 3.10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pika import exceptions

from adapters.rabbitmq.differences import DURABLE, Difference, difference_of
from adapters.rabbitmq.faults import QueueDiffers, hub_fault, said
from adapters.rabbitmq.link import Answer, Link
from adapters.transport import Channel, Unroutable
from integration_objects.errors import HubError

DELIVERY_LIMIT = 50
UNREACHED_LIMIT = 1_000_000
#: A queue's name is an AMQP short string, whose length is one byte.
_MOST_NAME_BYTES = 255
_NOT_FOUND, _PRECONDITION_FAILED = 404, 406
#: the most differences that the broker is asked for; a queue has fewer arguments
_MOST_DIFFERENCES = 20


def declare(link: Link, channels: Sequence[Channel]) -> None:
    """Declare *channels* with their dead-letter queues; check the queues that exist.

    Raises:
        QueueDiffers: a queue is of another kind; nothing of it was changed.
        BrokerRefused: the user has no right to declare it.
        TransportAway: the broker doesn't answer.
    """
    for channel in _with_dead_letters(channels):
        if channel.shared:
            # A passive declaration first: another system's queue may have any arguments, which AMQP doesn't tell.
            try:
                link.ask(_declaring(channel, str(link.address), None))
                continue
            except Unroutable:
                pass
        _declare_own(link, channel)


def depth(link: Link, name: str) -> int:
    """Count the messages that are ready in the queue *name*.

    Raises:
        Unroutable: there is no such queue.
        BrokerRefused: the user has no right to look at it.
        TransportAway: the broker doesn't answer.
    """
    return link.ask(_declaring(Channel(name, shared=True), str(link.address), None))


def _declare_own(link: Link, channel: Channel) -> None:
    """Declare a queue with the hub's arguments; name all differences of a queue that has other ones."""
    arguments: Mapping[str, Any] = {DURABLE: True, **_arguments(channel)}
    differences: dict[str, Difference] = {}
    fault: QueueDiffers | None = None
    while fault is None or len(differences) < _MOST_DIFFERENCES:
        try:
            link.ask(_declaring(channel, str(link.address), arguments))
            break
        except QueueDiffers as error:
            fault = fault or error
            difference = difference_of(error.why)
            # The same argument again: the found value can't be written by a client, and the broker would go on so.
            if difference is None or difference.argument in differences:
                break
            differences[difference.argument] = difference
            arguments = difference.adopted(arguments)
    if fault is not None:
        # The kind first, since the others often follow from it.
        kind_first = sorted(differences.values(), key=lambda difference: difference.argument != "x-queue-type")
        why = "; ".join(map(str, kind_first)) or fault.why
        raise QueueDiffers(channel=channel.name, where=fault.where, why=why) from fault


def _arguments(channel: Channel) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        # RabbitMQ refuses to declare a queue again with other arguments: an argument that changes here stops every hub.
        "x-queue-type": "quorum",
        "x-delivery-limit": UNREACHED_LIMIT if channel.dead_letter is None else DELIVERY_LIMIT,
    }
    if channel.single_active:
        arguments["x-single-active-consumer"] = True
    if channel.dead_letter is not None:
        arguments["x-dead-letter-exchange"] = ""
        arguments["x-dead-letter-routing-key"] = channel.dead_letter
        arguments["x-dead-letter-strategy"] = "at-least-once"
        arguments["x-overflow"] = "reject-publish"
    return arguments


def check_name(name: str, where: str) -> None:
    """Refuse a name that is empty or too long for a queue.

    Raises:
        Unroutable: the name is refused.
    """
    size = len(name.encode())
    if not 0 < size <= _MOST_NAME_BYTES:
        why = f"the name has {size} bytes in UTF-8, and may have 1 to {_MOST_NAME_BYTES}"
        mend = "correct the name in the route or system"
        raise Unroutable(f"there can be no queue '{name[:40]}'", where=where, why=why, mend=mend)


def missing(name: str, where: str, why: str) -> Unroutable:
    """Make the error of a queue that doesn't exist."""
    return Unroutable(kind="queue", name=name, where=where, why=why, channel=name)


def _with_dead_letters(channels: Sequence[Channel]) -> Iterator[Channel]:
    """Put dead-letter queues first: the broker may give up the first message already, and must find its queue."""
    named = {channel.name for channel in channels}
    for name in dict.fromkeys(channel.dead_letter for channel in channels):
        if name is not None and name not in named:
            yield Channel(name)
    yield from channels


def _declaring(
    channel: Channel, broker: str, arguments: Mapping[str, Any] | None
) -> Callable[[Any, Answer[int]], None]:
    """Make the I/O thread's work that declares *channel* and gives the number of its ready messages.

    Without *arguments* it only looks whether the queue exists.
    """
    where = f"queue {channel.name} at {broker}"
    check_name(channel.name, where)

    def work(connection: Any, answer: Answer[int]) -> None:
        def declared(amqp_channel: Any, frame: Any) -> None:
            answer.give(frame.method.message_count)
            amqp_channel.close()

        def opened(amqp_channel: Any) -> None:
            # A refused declaration closes the AMQP channel: the reason of the close is the broker's answer.
            amqp_channel.add_on_close_callback(lambda _, reason: answer.fail(_fault(channel, where, reason)))
            of_queue = {name: value for name, value in (arguments or {}).items() if name != DURABLE}
            amqp_channel.queue_declare(
                channel.name,
                passive=arguments is None,
                durable=arguments is not None and arguments[DURABLE],
                arguments=of_queue or None,
                callback=lambda frame: declared(amqp_channel, frame),
            )

        connection.channel(on_open_callback=opened)

    return work


def _fault(channel: Channel, where: str, reason: BaseException) -> HubError:
    if isinstance(reason, exceptions.ChannelClosedByBroker):
        if reason.reply_code == _PRECONDITION_FAILED:
            return QueueDiffers(channel=channel.name, where=where, why=said(reason))
        if channel.shared and reason.reply_code == _NOT_FOUND:
            return missing(channel.name, where, said(reason))
    return hub_fault(reason, where, f"the queue '{channel.name}' can't be declared")
