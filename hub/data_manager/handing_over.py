"""The messages of one destination are handed to their transport: in order, confirmed, then marked.

A message that its destination can't have is set aside, and the messages behind it go on. A destination that can't have
any message now keeps all of them, in their order.

Spec: docs/design/road.md "Out and back" (dispatcher); docs/design/guarantees.md G3.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from adapters.database.messages.outbox import OutboxRow
from adapters.database.schema.hub_tables import REFUSED_STATES
from adapters.transport import NotTaken, Transport, TransportAway, confirmed_of, destination_of
from hub.data_manager.open_hub import OpenHub
from integration_objects.errors import HubError, Refused
from integration_objects.log import Log

log = Log()

#: messages of one destination that are published at once
BATCH = 100
#: seconds that a dispatcher may hold a destination on SQLite; a dead one's is free after that
LEASE_S = 60
#: seconds until a message that couldn't be published is tried again
DELAYS_S = (1, 5, 30, 120, 600)
#: the longest of these delays for a transport that is away, so that it is used soon after it answers again
MOST_AWAY_S = 5


class HandingOverFailed(Refused):
    """A message can't be handed to its transport, in a way that nobody foresaw."""

    what = "the message can't be handed over"
    where = "destination {destination}"
    why = "{fault}"
    mend = "this is a fault of the hub: mend it, then `orderhub messages resend {row_id}`"


class HandingOver:
    """Hands the messages of destinations to their transports; a lock gives each destination to one process."""

    def __init__(self, open_hub: OpenHub, transports: Mapping[str, Transport]) -> None:
        self._open_hub = open_hub
        self._transports = transports

    def hand_over(self, destination: str) -> int:
        """Publish the next messages of a destination that are due; return how many left, 0 where another does it."""
        with self._turn(f"dispatch:{destination}") as is_alone:
            return self._publish_batch(destination) if is_alone else 0

    @contextmanager
    def _turn(self, name: str) -> Iterator[bool]:
        """Give a destination to one dispatcher: by a session lock, or by a lease on SQLite, which has no such lock."""
        if self._open_hub.database.dialect.has_session_locks:
            with self._open_hub.database.lock(name) as is_alone:
                yield is_alone
            return
        lease = name[:255]
        with self._open_hub.write() as transaction:
            is_alone = transaction.messages.control.acquire_lease(lease, self._open_hub.holder, LEASE_S)
        # A lease is no fence: another process may join one that publishes for longer than LEASE_S. Then messages
        # repeat, under their ids.
        yield is_alone
        if is_alone:
            with self._open_hub.write() as transaction:
                transaction.messages.control.release_lease(lease, self._open_hub.holder)

    def _publish_batch(self, destination: str) -> int:
        # Published outside of any transaction, then marked: a death between the two repeats messages, under their ids.
        with self._open_hub.read() as transaction:
            rows = transaction.messages.outbox.waiting(destination, BATCH)
        sent: list[str] = []
        aside: list[tuple[OutboxRow, HubError]] = []
        failed: tuple[OutboxRow, HubError] | None = None
        parts: list[Sequence[OutboxRow]] = [rows] if rows else []
        while parts and failed is None:
            part = parts.pop(0)
            fault = self._hand_over(destination, part)
            arrived = range(len(part)) if fault is None else confirmed_of(fault)
            sent += [part[place].id for place in arrived]
            left = [row for place, row in enumerate(part) if place not in arrived]
            if fault is None or not left:
                continue
            if fault.verdict != "refuse":
                failed = left[0], fault
            elif len(part) == 1:
                aside.append((left[0], fault))
            else:
                # The refusal of a batch doesn't tell which of its messages is at fault: one by one, each tells for
                # itself.
                parts = [[row] for row in left]
        if rows:
            self._note(destination, sent, aside, failed)
        return len(sent) + len(aside)

    def _hand_over(self, text: str, rows: Sequence[OutboxRow]) -> HubError | None:
        """Hand rows to the destination's transport; return the fault that kept some of them from arriving."""
        destination = destination_of(text)
        transport = self._transports[destination.kind.name]
        try:
            if not destination.is_answer:
                transport.publish(destination.place, [row.envelope for row in rows])
                return None
            # One after the other, and no count of the settled ones: settling a file a second time changes nothing.
            for row in rows:
                state = row.message.headers.get("x-orderhub-state", "")
                transport.settle(destination.place, state in REFUSED_STATES, row.message.body, row.message.content_type)
        except HubError as fault:
            return fault
        except Exception as error:
            # Without this, one message would end the worker, and each worker that is started after it.
            log.error("unexpected fault", destination=text, traceback="".join(traceback.format_exception(error)))
            row_id = rows[0].id
            return HandingOverFailed(destination=text, fault=f"{type(error).__name__}: {error}", row_id=row_id)
        return None

    def _note(
        self,
        destination: str,
        sent: Sequence[str],
        aside: Sequence[tuple[OutboxRow, HubError]],
        failed: tuple[OutboxRow, HubError] | None,
    ) -> None:
        """Mark the messages that arrived and those that are set aside; delay the first that failed, and so the rest."""
        with self._open_hub.write() as transaction:
            outbox = transaction.messages.outbox
            outbox.mark_sent(destination, sent)
            for row, fault in aside:
                outbox.set_aside(destination, row.id, fault.as_dict())
            if failed is not None:
                row, fault = failed
                again_at = self._open_hub.surroundings.later(_delay(row, fault))
                outbox.mark_failed(destination, row.id, fault.as_dict(), again_at)
        for row, fault in aside:
            log.error("message set aside", destination=destination, outbox=row.id, **fault.as_dict())
        if failed is not None:
            row, fault = failed
            # A fault that lasts until an operator acts is logged once, not at each of its tries.
            if fault.verdict == "retry" or (row.error or {}).get("reason") != fault.reason:
                log.warning("not dispatched", destination=destination, **fault.as_dict())


def _delay(row: OutboxRow, fault: HubError) -> float:
    """Return the seconds until a message is tried again."""
    delay = DELAYS_S[min(row.attempts, len(DELAYS_S) - 1)]
    # NotTaken comes from a broker that is there: a full queue empties slowly, and gets the growing delays.
    if isinstance(fault, TransportAway) and not isinstance(fault, NotTaken):
        return min(delay, MOST_AWAY_S)
    return delay
