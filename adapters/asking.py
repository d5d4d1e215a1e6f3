"""Questions over channels: those of a broker, or embedded ones where no broker is set.

    open_asker      asks
    serve           answers, as the systems do that the hub asks; for tests and demonstrations

Spec: docs/design/integration.md, "Transports".
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

from adapters.database.connection.database import Database
from adapters.database.messages.embedded_queue import EmbeddedQueue
from adapters.transport import CHANNEL, Asker, Channel, Envelope, Setup, Transport, Unroutable


def open_asker(setup: Setup) -> Asker:
    """Open the carrier of questions of a deployment; nothing is connected yet."""
    transport = CHANNEL.open(setup)
    if transport is not None:
        return transport
    return _embedded(setup)


#: seconds between two looks at a channel
_LOOK_S = 0.01
Answer = Callable[[Envelope], Envelope | None]


def serve(
    setup: Setup, channel: str, answer: Answer, is_stopped: Callable[[], bool], ready: Callable[[], None]
) -> None:
    """Answer the questions on a channel until *is_stopped*.

    Args:
        answer: returns the reply to a question; None for silence.
        ready: is called once the channel is there.
    """
    transport = CHANNEL.open(setup)
    if transport is not None:
        with closing(transport):
            transport.declare([Channel(channel, shared=True)])
            ready()
            while not is_stopped():
                _answer_at_broker(transport, channel, answer)
        return
    with closing(_embedded(setup)) as queue:
        ready()
        while not is_stopped():
            for question in queue.take(channel, 1):
                reply = answer(question)
                if reply is not None and question.reply_to is not None:
                    queue.put(question.reply_to, replace(reply, correlation_id=question.correlation_id))
            setup.surroundings.sleep(_LOOK_S)


def _answer_at_broker(transport: Transport, channel: str, answer: Answer) -> None:
    for delivery in transport.receive(channel, 1, 5 * _LOOK_S):
        question = delivery.envelope
        reply = answer(question)
        if reply is not None and question.reply_to is not None:
            # Unroutable: the asker waits no longer.
            with suppress(Unroutable):
                transport.publish(question.reply_to, [replace(reply, correlation_id=question.correlation_id)])
        transport.acknowledge([delivery])


def _embedded(setup: Setup) -> EmbeddedQueue:
    settings = setup.settings
    database = Database(settings["database_url"], folder=setup.folder, unsafe=settings["unsafe_database"])
    return EmbeddedQueue(database, setup.surroundings)
