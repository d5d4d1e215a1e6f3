"""The embedded queue as other systems use it: questions and replies in the outbox of a hub's database.

    ask     write a question for a channel, and wait for its reply on a channel that nobody else reads
    take    take the messages that wait on a channel, as `orderhub receive` does
    put     put a message on a channel

A message waits as an outbox row. The taker of the row has the message; there is no second delivery. So a question whose
taker dies gets no reply, and is asked again.

Spec: docs/design/road.md, "Transports"; docs/design/guarantees.md, G7.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.database.connection.database import Database
from adapters.database.messages.outbox import Outbox, OutboxMessage
from adapters.transport import Delivery, Envelope, NoReply, check_envelope
from integration_objects.surroundings import Surroundings

#: seconds between two looks for a reply: the first, doubled at each look up to the longest
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.002, 0.05
#: the beginning of the name of a channel for replies
REPLIES = "replies."


class EmbeddedQueue:
    """The channels of one database. Any thread may use it, outside of transactions."""

    def __init__(self, database: Database, surroundings: Surroundings) -> None:
        self._database = database
        self._surroundings = surroundings

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Write a question, and wait for its reply; see `Transport.ask`."""
        correlation_id = self._surroundings.new_id()
        reply_to = f"{REPLIES}{correlation_id}"
        question = check_envelope(replace(envelope, reply_to=reply_to, correlation_id=correlation_id))
        row_id = self._write(channel, question)
        end = self._surroundings.monotonic() + timeout_s
        look_s = _FIRST_LOOK_S
        while not (found := self.take(reply_to, 1)):
            if self._surroundings.monotonic() > end:
                with self._database.write() as connection:
                    # Nobody is to answer it any more, if it still waits.
                    Outbox(connection, self._surroundings).give_up(row_id)
                raise NoReply(kind="channel", name=channel, where=f"channel {channel}", timeout_s=timeout_s)
            self._surroundings.sleep(look_s)
            look_s = min(2 * look_s, _LONGEST_LOOK_S)
        return Delivery(found[0], reply_to, "local", reply_to)

    def take(self, channel: str, limit: int) -> list[Envelope]:
        """Take up to *limit* messages of a channel, oldest first."""
        # A look first: on SQLite, each look that could write would wait for the hub's own work.
        with self._database.read() as connection:
            if not Outbox(connection, self._surroundings).take(channel, 1, peek=True):
                return []
        with self._database.write() as connection:
            return [row.envelope for row in Outbox(connection, self._surroundings).take(channel, limit)]

    def put(self, channel: str, envelope: Envelope) -> None:
        """Put a message on a channel."""
        self._write(channel, check_envelope(envelope))

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def _write(self, channel: str, envelope: Envelope) -> str:
        message = OutboxMessage(
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
        with self._database.write() as connection:
            return Outbox(connection, self._surroundings).emit(message)
