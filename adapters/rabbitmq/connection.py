"""pika's connection and channel, where the hub needs another habit.

    HubConnection    unreadable headers of a message don't end it, and it can be cut
    HubChannel       closes without cancelling its consumers first

A message that waits unacknowledged at a hub goes back to its queue when the hub's channel ends. RabbitMQ puts such
messages before all others, in their order, and only then wakes the next consumer of a queue with a single active one:
both are one step of the queue's log, whether the client closed the channel or died. A cancelled consumer is another
matter: the next consumer is woken at once and gets younger messages, while the older ones still wait at the first.
(m) So 75 of 3,000 messages were overtaken at each stop. The hub therefore never cancels.

Spec: docs/design/guarantees.md, "pika, RabbitMQ".
"""

from __future__ import annotations

import struct
from typing import Any

import pika
from pika import exceptions, frame, spec
from pika.channel import Channel

from adapters.rabbitmq.properties import UNREAD

_HEADERS_FLAG = spec.BasicProperties.FLAG_HEADERS


class HubChannel(Channel):  # type: ignore[misc]  # pika is untyped
    """pika's channel, which gives its unacknowledged messages back in order when it closes."""

    def basic_cancel(self, consumer_tag: str = "", callback: Any = None) -> None:
        """Do nothing. pika calls this method for each consumer before it closes a channel."""


class HubConnection(pika.SelectConnection):  # type: ignore[misc]  # pika is untyped
    """pika's connection, made of `HubChannel`s; unreadable headers of a message don't end it, and it can be cut."""

    def cut(self, reason: Exception) -> None:
        """End the stream at once, as pika itself does when the heartbeats stay away."""
        if not self.is_closed:
            self._terminate_stream(reason)

    def _create_channel(self, channel_number: int, on_open_callback: Any) -> HubChannel:
        return HubChannel(self, channel_number, on_open_callback)

    def _read_frame(self) -> Any:
        # (m) pika 1.4.4 raises on a header that is a time after the year 9999 or deeply nested, and RabbitMQ accepts
        # both. The exception would leave the I/O loop and end the link, again with each redelivery: one message of any
        # sender would stop every route of the process.
        try:
            return super()._read_frame()
        except exceptions.AMQPError as error:
            # Every other error of AMQP concerns the connection itself, and has to end it.
            if not isinstance(error, exceptions.InvalidFieldTypeException):
                raise
            return _frame_without_headers(self._frame_buffer, error)
        except Exception as error:
            return _frame_without_headers(self._frame_buffer, error)


def _frame_without_headers(data: bytes, error: Exception) -> tuple[int, Any]:
    """Read the content header frame at the head of *data* without its headers; raise *error* for another frame."""
    kind, channel, size = struct.unpack_from(">BHL", data)
    if kind != spec.FRAME_HEADER:
        raise error
    end = spec.FRAME_HEADER_SIZE + size + spec.FRAME_END_SIZE
    content = data[spec.FRAME_HEADER_SIZE : end - 1]
    # AMQP's content header: class (2 bytes), weight (2), body size (8), flags (2); then the values of the set flags, in
    # the flags' order.
    _, _, body_size = struct.unpack_from(">HHQ", content)
    (flags,) = struct.unpack_from(">H", content, 12)
    start = 14
    # Only these two stand before the headers. Both are short strings: a byte with the length, then the text.
    for flag in (spec.BasicProperties.FLAG_CONTENT_TYPE, spec.BasicProperties.FLAG_CONTENT_ENCODING):
        if flags & flag:
            start += 1 + content[start]
    if not flags & _HEADERS_FLAG:
        raise error
    (table,) = struct.unpack_from(">I", content, start)
    properties = spec.BasicProperties()
    properties.decode(struct.pack(">H", flags & ~_HEADERS_FLAG) + content[14:start] + content[start + 4 + table :])
    setattr(properties, UNREAD, f"{type(error).__name__}: {error}"[:200])
    return end, frame.Header(channel, body_size, properties)
