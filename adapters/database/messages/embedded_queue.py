"""The embedded queue as other systems use it: questions and replies in the outbox of a hub's database.

    ask     write a question for a channel, and wait for its reply on a channel that nobody else reads
    take    take the messages that wait on a channel, as `orderhub receive` does
    put     put a message on a channel

A message waits as an outbox row. The taker of the row has the message; there is no second delivery. So a question whose
taker dies gets no reply, and is asked again.

Nothing stays of an exchange: the asker removes question and reply at its end. A reply that comes later finds no
question, and isn't written. If the asker dies, the question is dropped by its taker once it has expired; a reply that
is there by then is removed with a later question. The hub's own answers to inbound messages stay, as all of its
messages do.

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
#: the header of a question with the time after which nobody waits for the reply
EXPIRES_AT = "x-orderhub-expires-at"
#: seconds by which the clocks of two machines may differ; the taker of a question has another clock than its asker
_CLOCKS_DIFFER_S = 60.0
#: seconds after which a reply that waits is nobody's: more than any time limit of a question
_FORGOTTEN_S = 3600.0


class EmbeddedQueue:
    """The channels of one database. Any thread may use it, outside of transactions."""

    def __init__(self, database: Database, surroundings: Surroundings) -> None:
        self._database = database
        self._surroundings = surroundings

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Write a question, and wait for its reply; see `Transport.ask`."""
        correlation_id = self._surroundings.new_id()
        reply_to = f"{REPLIES}{correlation_id}"
        headers = {**envelope.headers, EXPIRES_AT: self._surroundings.later(timeout_s + _CLOCKS_DIFFER_S)}
        addressed = replace(envelope, reply_to=reply_to, correlation_id=correlation_id, headers=headers)
        question = _message(channel, check_envelope(addressed), self._surroundings)
        with self._database.write() as connection:
            outbox = Outbox(connection, self._surroundings)
            outbox.clear(REPLIES, self._surroundings.later(-_FORGOTTEN_S))
            outbox.emit(question, correlation_id)
        end = self._surroundings.monotonic() + timeout_s
        look_s = _FIRST_LOOK_S
        while not self._waits(reply_to) and self._surroundings.monotonic() <= end:
            self._surroundings.sleep(look_s)
            look_s = min(2 * look_s, _LONGEST_LOOK_S)
        with self._database.write() as connection:
            outbox = Outbox(connection, self._surroundings)
            # The question first: a reply that `put` writes meanwhile is found by the statement after it.
            outbox.remove([correlation_id])
            found = outbox.take(reply_to, 1)
            outbox.remove([row.id for row in found])
        if not found:
            raise NoReply(kind="channel", name=channel, where=f"channel {channel}", timeout_s=timeout_s)
        return Delivery(found[0].envelope, reply_to, "local", reply_to)

    def take(self, channel: str, limit: int) -> list[Envelope]:
        """Take up to *limit* messages of a channel, oldest first; drop the questions that have expired."""
        # A look first: on SQLite, each look that could write would wait for the hub's own work.
        if not self._waits(channel):
            return []
        with self._database.write() as connection:
            outbox = Outbox(connection, self._surroundings)
            rows = outbox.take(channel, limit)
            now = self._surroundings.now()
            expired = {row.id for row in rows if row.message.headers.get(EXPIRES_AT, now) < now}
            if expired:
                outbox.remove(sorted(expired))
            return [row.envelope for row in rows if row.id not in expired]

    def put(self, channel: str, envelope: Envelope) -> None:
        """Put a message on a channel; a reply for which nobody waits any more is dropped."""
        message = _message(channel, check_envelope(envelope), self._surroundings)
        with self._database.write() as connection:
            outbox = Outbox(connection, self._surroundings)
            if not channel.startswith(REPLIES) or outbox.hold(channel.removeprefix(REPLIES)):
                outbox.emit(message)

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def _waits(self, channel: str) -> bool:
        with self._database.read() as connection:
            return bool(Outbox(connection, self._surroundings).take(channel, 1, peek=True))


def _message(channel: str, envelope: Envelope, surroundings: Surroundings) -> OutboxMessage:
    return OutboxMessage(
        message_id=envelope.message_id or surroundings.new_id(),
        destination=channel,
        kind="outbound",
        body=envelope.body,
        type=envelope.type,
        correlation_id=envelope.correlation_id,
        reply_to=envelope.reply_to,
        content_type=envelope.content_type,
        headers=envelope.headers,
    )
