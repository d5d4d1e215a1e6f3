"""The writes of a transaction's messages, collected and written in blocks when the transaction ends.

    finish, answer, emit, release, plan, keep_keys   collected while the messages are worked, each in its savepoint
    mark, undo      a message's writes are forgotten with its savepoint
    write           one statement for the endings of a whole group, one for the messages that leave

A group of 25 messages needs as many statements for this as one does. Objects don't wait: a message must find the
objects that the message before it in its group has stored.

Spec: docs/design/performance.md, rules 4 and 6; docs/design/road.md, "What commits when".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

# The parts of the store are loaded by the store.
if TYPE_CHECKING:
    from adapters.database.messages.filing import Arrival, Filing
    from adapters.database.messages.inbox import Ending, Inbox
    from adapters.database.messages.message_keys import MessageKey, MessageKeys
    from adapters.database.messages.outbox import Outbox, OutboxMessage


@dataclass
class PendingWrites:
    """The writes of one transaction that wait for its end; nothing reads them before that.

    Attributes:
        parts: returns the parts of the store that write; it is called if there is something to write.
    """

    parts: Callable[[], tuple[Inbox, Outbox, Filing, MessageKeys]]
    _endings: list[tuple[Ending, bytes | None]] = field(default_factory=list)
    _leaving: list[tuple[OutboxMessage, str | None]] = field(default_factory=list)
    _conditions: list[str] = field(default_factory=list)
    _planned: list[Arrival] = field(default_factory=list)
    _keys: list[tuple[int, MessageKey]] = field(default_factory=list)

    def finish(self, ending: Ending, recording: bytes | None = None) -> None:
        """End an inbox row, and keep the recording of its run."""
        self._endings.append((ending, recording))

    def emit(self, message: OutboxMessage) -> None:
        """Send a message, behind those that were collected before it."""
        self._leaving.append((message, None))

    def answer(self, row_id: str, reply: OutboxMessage) -> None:
        """Send a reply to an inbox row's message; a later repeat gets the same reply."""
        self._leaving.append((reply, row_id))

    def release(self, condition: str) -> None:
        """Put the rows that wait for *condition* back in their places."""
        self._conditions.append(condition)

    def plan(self, arrival: Arrival) -> None:
        """File a message that the hub sends to itself; the same one again is a repeat."""
        self._planned.append(arrival)

    def keep_keys(self, seq: int, keys: Iterable[MessageKey]) -> None:
        """Keep the business keys of an inbox row, by which people find it."""
        self._keys += [(seq, key) for key in keys]

    def mark(self) -> tuple[int, ...]:
        """Return how much is collected now, for `undo`."""
        return tuple(map(len, self._collected))

    def undo(self, mark: tuple[int, ...]) -> None:
        """Forget the writes that were collected since *mark*."""
        for collected, length in zip(self._collected, mark, strict=True):
            del collected[length:]

    @property
    def _collected(self) -> tuple[list[Any], ...]:
        return self._endings, self._leaving, self._conditions, self._planned, self._keys

    def write(self) -> None:
        """Write everything that is collected.

        Raises:
            RowIsFinal: another process brought one of the rows to its end; nothing of this transaction may stay.
        """
        if not any(self.mark()):
            return
        inbox, outbox, filing, keys = self.parts()
        # The outbox comes first: an ending names the outbox row of its reply.
        written = outbox.emit_all([message for message, _ in self._leaving])
        replies = {row: outbox for (_, row), outbox in zip(self._leaving, written, strict=True) if row is not None}
        inbox.finish_all([ending for ending, _ in self._endings], replies)
        ended = {ending.row_id for ending, _ in self._endings}
        inbox.set_replies({row: outbox for row, outbox in replies.items() if row not in ended})
        # Behind the endings, which lock their rows: a repeat that is filed meanwhile either stands in `also_reply_to`
        # by now, or waits for the lock and finds the reply.
        inbox.answer_others({row: message for message, row in self._leaving if row is not None})
        inbox.record_all((ending.row_id, data) for ending, data in self._endings if data is not None)
        inbox.release(*dict.fromkeys(self._conditions))
        filing.file(self._planned)
        keys.keep(self._keys)
        for collected in self._collected:
            collected.clear()
