"""The embedded queue: durable queues in the hub's own database, the default door.

    speaks       SQL; a queue's messages are the rows of ``hub_outbox`` with its name as destination
    supports     publish, receive, acknowledge, redelivery after close, death or a lease that ran out;
                 many consumers, on SQLite as far as it takes writers
    keeps        message id, correlation id, reply-to, type, content type, headers, time of sending
    settings     lease_s: how long a delivery belongs to its consumer
    example      EmbeddedQueue(database, surroundings).receive("replies", limit=10, wait_s=1.0)

What the hub itself emits to an embedded channel is such a row already, so that a dispatcher has nothing to
publish; and what comes in for a route is filed in the inbox directly. Any name is a queue: none is declared.

Spec: docs/design/integration.md, "Doors"; docs/design/road.md, "The inbox is the one waiting room" and "Doors".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from adapters.database.messages.outbox import Outbox, OutboxMessage, OutboxRow
from adapters.transport import Delivery, Envelope, Transport, admit, check_envelope
from integration_objects.surroundings import Surroundings

_POLL_S = 0.05


class Transactions(Protocol):
    """What the queue needs of the database: `adapters.database.connection.database.Database` has it."""

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that writes, committed at its end."""

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that reads."""


class EmbeddedQueue(Transport):
    """A consumer or publisher of embedded queues."""

    def __init__(
        self,
        database: Transactions,
        surroundings: Surroundings,
        sender: str = "local",
        lease_s: float = 60.0,
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._sender = sender
        self._lease_s = lease_s
        self._holder = surroundings.new_id()

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Write *envelopes* as rows in one transaction; an envelope without a message id gets one."""
        messages = [self._message(channel, check_envelope(envelope)) for envelope in envelopes]
        if messages:
            with self._database.write() as connection:
                Outbox(connection, self._surroundings).emit_all(messages)

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Lease the oldest free rows of the channel."""
        end = self._surroundings.monotonic() + wait_s
        while True:
            rows = self._lease(channel, limit)
            left = end - self._surroundings.monotonic()
            if rows or left <= 0:
                return [self._delivery(channel, row) for row in rows]
            self._surroundings.sleep(min(_POLL_S, left))

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Mark the rows as sent, as far as their leases have not passed to another consumer."""
        ids = [str(delivery.tag) for delivery in deliveries]
        if ids:
            with self._database.write() as connection:
                Outbox(connection, self._surroundings).acknowledge(ids, self._holder)

    def close(self) -> None:
        """End this consumer's leases."""
        with self._database.write() as connection:
            Outbox(connection, self._surroundings).give_back(self._holder)

    def _lease(self, channel: str, limit: int) -> list[OutboxRow]:
        # Looking first costs no write transaction while the queue is empty.
        with self._database.read() as connection:
            if not Outbox(connection, self._surroundings).take(channel, 1, peek=True):
                return []
        with self._database.write() as connection:
            outbox = Outbox(connection, self._surroundings)
            return outbox.lease(channel, limit, self._holder, self._lease_s)

    def _message(self, channel: str, envelope: Envelope) -> OutboxMessage:
        return OutboxMessage(
            message_id=envelope.message_id or self._surroundings.new_id(),
            destination=channel,
            kind="outbound",
            body=envelope.body,
            type=envelope.type,
            correlation_id=envelope.correlation_id,
            reply_to=envelope.reply_to,
            content_type=envelope.content_type,
            headers=envelope.headers,
        )

    def _delivery(self, channel: str, row: OutboxRow) -> Delivery:
        envelope, fault = admit(row.envelope)
        return Delivery(envelope, channel, self._sender, channel, row.takes > 0, row.id, fault)
