"""Publishing in batches, without a wait for each confirm.

A batch goes out at once. Each message's tag stays open until the broker confirms it, returns it as unroutable, or
refuses it. Every message is `mandatory`: (m) without that flag an unroutable message is confirmed and lost. A failure
names the confirmed messages of the batch (`transport.confirmed_of`), so that the outbox marks these as sent.

Spec: docs/design/guarantees.md, G3 and "pika, RabbitMQ"; docs/design/performance.md, rule 5.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pika import exceptions, spec

from adapters.rabbitmq.faults import MessageNotAllowed, hub_fault, said
from adapters.rabbitmq.link import Answer, Link
from adapters.rabbitmq.topology import missing
from adapters.transport import CONFIRMED, NotTaken
from integration_objects.errors import HubError

#: messages and bytes that are on their way without a confirm; a quorum queue confirms a message after most of its
#: nodes have stored it, and that may take long
MOST_OPEN = 500
MOST_OPEN_BYTES = 16 * 1024 * 1024
#: the beginnings of the names that the broker gives to a client's own queue for replies
_REPLY_QUEUES = ("amq.gen-", "amq.rabbitmq.reply-to.")
_PRECONDITION_FAILED = 406
_NACK = "it answered with basic.nack: the queue is full, or has no leader"
_MAKE_ROOM = "nothing where it passes; else make room in the queue, or lift the limit of its policy"


@dataclass(frozen=True)
class Message:
    """A message in the driver's form."""

    properties: Any
    body: bytes


@dataclass(eq=False)
class _Batch:
    """The messages of one `publish` on their way, and their confirms. The I/O thread's, until its answer is given."""

    queue: str
    where: str
    messages: Sequence[Message]
    answer: Answer[None] | None = None
    confirmed: set[int] = field(default_factory=set)
    returned: dict[int, str] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    failure: HubError | None = None

    def settle(self, place: int, is_kept: bool) -> None:
        """Note that a message was confirmed, or refused; give the answer after the last message."""
        # RabbitMQ confirms an unroutable message, too, behind its return: the confirm alone proves nothing.
        if is_kept and place not in self.returned:
            self.confirmed.add(place)
        elif not is_kept:
            self.refused.add(place)
        if len(self.confirmed) + len(self.returned) + len(self.refused - self.returned.keys()) == len(self.messages):
            self._end()

    def _end(self) -> None:
        assert self.answer is not None  # noqa: S101  # set when it was sent
        if self.returned:
            self.answer.fail(missing(self.queue, self.where, next(iter(self.returned.values()))))
        elif self.refused:
            what = f"the broker did not keep {len(self.refused)} of {len(self.messages)} messages"
            self.answer.fail(NotTaken(what, where=self.where, why=_NACK, mend=_MAKE_ROOM))
        else:
            self.answer.give(None)


class Publisher:
    """Publishes over one link. Safe between threads; each thread's messages keep their order."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._channel: _ConfirmingChannel | None = None  # the I/O thread's

    def publish(self, queue: str, messages: Sequence[Message]) -> None:
        """Hand *messages* to the broker, in order; return when it has stored them all.

        Raises:
            Unroutable, TransportAway, NotTaken, MessageNotAllowed: with the positions of the confirmed messages. The
                batches after the failed one were not sent.
        """
        done = 0
        for part in _parts(messages):
            batch = _Batch(queue, f"queue {queue} at {self._link.address}", part)
            try:
                self._link.ask(functools.partial(self._send, batch))
            except HubError as error:
                # Positions in the caller's list, over all batches: the outbox marks these rows as sent.
                error.objects[CONFIRMED] = (*range(done), *(done + place for place in sorted(batch.confirmed)))
                raise
            done += len(part)

    def _send(self, batch: _Batch, connection: Any, answer: Answer[None]) -> None:
        batch.answer = answer
        if self._channel is None or not self._channel.is_of(connection):
            self._channel = _ConfirmingChannel(connection, str(self._link.address))
        self._channel.send(batch)


class _ConfirmingChannel:
    """One channel in confirm mode, with its open tags. Lives in the I/O thread."""

    def __init__(self, connection: Any, broker: str) -> None:
        self._connection = connection
        self._broker = broker
        self._channel: Any = None
        self._ended = False
        self._waiting: list[_Batch] = []  # batches that came before the channel was ready
        self._next_tag = 1
        self._open: dict[int, tuple[_Batch, int]] = {}
        connection.channel(on_open_callback=self._opened)

    def is_of(self, connection: Any) -> bool:
        """Whether the channel can be used on *connection*."""
        return self._connection is connection and not self._ended

    def send(self, batch: _Batch) -> None:
        """Publish all of *batch*."""
        if self._channel is None:
            # Opening a channel and its confirm mode takes two answers of the broker; the I/O thread must not wait for
            # them.
            self._waiting.append(batch)
            return
        for place, message in enumerate(batch.messages):
            # The tag first: pika counts a message even if publishing it raises an error.
            self._open[self._next_tag] = (batch, place)
            self._next_tag += 1
            # Such a queue ends with its client, and never comes again: a reply for it would wait for ever. The broker
            # also returns each mandatory message to a direct reply-to, although it delivers the message.
            mandatory = not batch.queue.startswith(_REPLY_QUEUES)
            self._channel.basic_publish("", batch.queue, message.body, message.properties, mandatory=mandatory)

    def _opened(self, channel: Any) -> None:
        channel.add_on_close_callback(self._closed)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._settled, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Any) -> None:
        self._channel = channel
        waiting, self._waiting = self._waiting, []
        for batch in waiting:
            self.send(batch)

    def _settled(self, method: Any) -> None:
        """Take a basic.ack or basic.nack, of one tag or of all up to it."""
        confirm = method.method
        is_kept = isinstance(confirm, spec.Basic.Ack)
        # With `multiple` a confirm is for every open tag up to its own; a tag of 0 is for all.
        if not confirm.multiple:
            tags = [confirm.delivery_tag] if confirm.delivery_tag in self._open else []
        else:
            tags = list(_up_to(self._open, confirm.delivery_tag))
        for tag in tags:
            batch, place = self._open.pop(tag)
            batch.settle(place, is_kept)

    def _returned(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        """Take a basic.return, which comes before the message's confirm, and doesn't bear its tag."""
        why = f"{method.reply_code} {method.reply_text}"
        for batch, place in self._open.values():
            message = batch.messages[place]
            if (
                place not in batch.returned
                and batch.queue == method.routing_key
                and message.properties.message_id == properties.message_id
                and message.body == body
            ):
                batch.returned[place] = why
                return

    def _closed(self, channel: Any, reason: BaseException) -> None:
        self._ended = True
        for batch in {*self._waiting, *(batch for batch, _ in self._open.values())}:
            if batch.answer is not None:
                batch.answer.fail(_fault(reason, batch.where))
        self._waiting, self._open = [], {}


def _fault(reason: BaseException, where: str) -> HubError:
    """Make the error of a channel that was closed while it published."""
    # On a channel that publishes only, RabbitMQ answers so to a message that it never takes, such as one over its
    # `max_message_size`. On other channels the code has other meanings (`faults.CODES`).
    if isinstance(reason, exceptions.ChannelClosedByBroker) and reason.reply_code == _PRECONDITION_FAILED:
        return MessageNotAllowed(where=where, why=said(reason))
    return hub_fault(reason, where, "the broker did not confirm the published messages")


def _up_to(tags: dict[int, tuple[_Batch, int]], last: int) -> Iterator[int]:
    for tag in tags:  # in the order of publishing
        if last and tag > last:
            return
        yield tag


def _parts(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Cut *messages* into parts that may be on their way at once; a single message may be larger."""
    start = size = 0
    for place, message in enumerate(messages):
        size += len(message.body)
        if place > start and (place - start == MOST_OPEN or size > MOST_OPEN_BYTES):
            yield messages[start:place]
            start, size = place, len(message.body)
    if start < len(messages):
        yield messages[start:]
