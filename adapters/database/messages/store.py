"""The message store: inbox, outbox and the tables beside them, as one object in the caller's transaction.

    store = MessageStore(connection, surroundings, process="worker-1")
    filed = store.file(arrival)                 filing.py
    rows = store.inbox.claim(["orders"], 25)    inbox.py
    store.outbox.emit(message)                  outbox.py
    store.pending_writes.emit(message)          pending_writes.py: in blocks, when the transaction ends
    store.control.next_number("order")          control.py
    store.batches                               batches.py
    store.fallout                               fallout.py
    store.message_keys                          message_keys.py
    store.jobs                                  jobs.py
    store.keys, store.sessions, store.runs, store.forms    records.py

Nothing here commits: the row's final state and all effects of the message are the caller's one transaction.

Spec: docs/design/road.md, "What commits when", "An independent count"; docs/design/integration.md, "Reached from
outside".
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, or_, select

from adapters.database.messages.pending_writes import PendingWrites
from adapters.database.schema.hub_tables import HUB, STATES
from integration_objects.surroundings import Surroundings

# Each part makes its statements when it is loaded: a command loads the parts that it needs.
if TYPE_CHECKING:
    from adapters.database.messages.batches import Batches
    from adapters.database.messages.control import Control, WorkMarks
    from adapters.database.messages.fallout import Fallout
    from adapters.database.messages.filing import Arrival, Filed, Filing
    from adapters.database.messages.inbox import Inbox
    from adapters.database.messages.jobs import Jobs
    from adapters.database.messages.message_filter import MessageFilter
    from adapters.database.messages.message_keys import MessageKeys
    from adapters.database.messages.outbox import Outbox
    from adapters.database.messages.overview import Overview
    from adapters.database.messages.records import IntegrationKeys, Sessions, WebForms, WorkflowRuns

#: the modules of the parts
_PARTS = ("batches", "control", "fallout", "filing", "inbox", "jobs", "message_keys", "outbox", "overview", "records")
_I = HUB.tables["hub_inbox"].c
_O = HUB.tables["hub_outbox"].c
_COUNTS = select(_I.state, func.count(), func.sum(_I.repeats)).group_by(_I.state)
_LISTED = (
    "seq",
    "id",
    "route",
    "state",
    "message_id",
    "identity",
    "correlation_id",
    "key",
    "received_at",
    "attempts",
    "reason",
    "sender",
    "source",
    "repeats",
    "waits_for",
    "due_at",
    "final_at",
)
_SHOWN = (
    *_LISTED,
    "replays",
    "digest",
    "size",
    "reply_to",
    "reply_to_refused",
    "type",
    "content_type",
    "map",
    "map_version",
)
_LISTING = tuple(_I[name] for name in _LISTED)
_SHOW = select(*(_I[name] for name in _SHOWN), _I.headers, _I.error)
_OUTBOUND = ("id", "message_id", "destination", "kind", "type", "created_at", "sent_at", "attempts")
_SHOW_OUTBOUND = select(*(_O[name] for name in _OUTBOUND), _O.aside_at, _O.given_up_at, _O.error).order_by(_O.seq)


def load_parts() -> None:
    """Load the code of all parts: a process that works messages must not stop to load it while accounts are locked."""
    for name in _PARTS:
        importlib.import_module(f"{__package__}.{name}")


@dataclass(frozen=True)
class Counts:
    """Both sides of the count.

    Attributes:
        states: rows per state, every state named.
        duplicates: repeats, which are no rows.
        deliveries: the deliveries that the transports counted into the inbox.
    """

    states: Mapping[str, int]
    duplicates: int
    deliveries: int

    @property
    def received(self) -> int:
        """Return the number of distinct messages: the sum over all states."""
        return sum(self.states.values())

    @property
    def agrees(self) -> bool:
        """Return whether the transports counted as many deliveries as the rows account for."""
        return self.deliveries == self.received + self.duplicates


class MessageStore:
    """The message store, in the transaction of *connection*; each part is made when it is first asked for."""

    def __init__(
        self,
        connection: Connection,
        surroundings: Surroundings,
        process: str = "local",
        user: str = "hub",
    ) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._process = process
        self._user = user

    @cached_property
    def outbox(self) -> Outbox:
        """The messages that leave."""
        from adapters.database.messages.outbox import Outbox

        return Outbox(self._connection, self._surroundings)

    @cached_property
    def inbox(self) -> Inbox:
        """The messages that came in."""
        from adapters.database.messages.inbox import Inbox

        return Inbox(self._connection, self._surroundings, self.outbox)

    @cached_property
    def control(self) -> Control:
        """Leases, pauses, numbers and counts of deliveries."""
        from adapters.database.messages.control import Control

        return Control(self._connection, self._surroundings, self._process)

    @cached_property
    def _filing(self) -> Filing:
        from adapters.database.messages.filing import Filing

        return Filing(self._connection, self._surroundings, self.outbox, self.control)

    @cached_property
    def pending_writes(self) -> PendingWrites:
        """The writes that wait for the end of the transaction; the caller writes them before that."""
        return PendingWrites(lambda: (self.inbox, self.outbox, self._filing, self.message_keys))

    @cached_property
    def message_keys(self) -> MessageKeys:
        """The orders, accounts and services that messages are about."""
        from adapters.database.messages.message_keys import MessageKeys

        return MessageKeys(self._connection)

    @cached_property
    def jobs(self) -> Jobs:
        """The actions on many messages."""
        from adapters.database.messages.jobs import Jobs

        return Jobs(self._connection, self._surroundings)

    @cached_property
    def work_marks(self) -> WorkMarks:
        """The messages that this process works on."""
        from adapters.database.messages.control import WorkMarks

        return WorkMarks(self._connection, self._surroundings, self._process)

    @cached_property
    def overview(self) -> Overview:
        """What an operator asks the inbox."""
        from adapters.database.messages.overview import Overview

        return Overview(self._connection)

    @cached_property
    def keys(self) -> IntegrationKeys:
        """The Integration Ids of senders' line references."""
        from adapters.database.messages.records import IntegrationKeys

        return IntegrationKeys(self._connection, self._surroundings)

    @cached_property
    def batches(self) -> Batches:
        """The files of many messages."""
        from adapters.database.messages.batches import Batches

        return Batches(self._connection, self._surroundings)

    @cached_property
    def fallout(self) -> Fallout:
        """The entries that a person must look at."""
        from adapters.database.messages.fallout import Fallout

        return Fallout(self._connection, self._surroundings, self._user)

    @cached_property
    def sessions(self) -> Sessions:
        """The active quotes of user sessions."""
        from adapters.database.messages.records import Sessions

        return Sessions(self._connection, self._surroundings)

    @cached_property
    def runs(self) -> WorkflowRuns:
        """The workflows that commands ran."""
        from adapters.database.messages.records import WorkflowRuns

        return WorkflowRuns(self._connection, self._surroundings, self._user)

    @cached_property
    def forms(self) -> WebForms:
        """The forms of the web application that were worked."""
        from adapters.database.messages.records import WebForms

        return WebForms(self._connection, self._surroundings)

    def file(self, arrival: Arrival) -> Filed:
        """File one arrival: new, repeat or id reused. the count of its transport grows by one."""
        return self._filing.file([arrival])[0]

    def file_all(self, arrivals: Sequence[Arrival]) -> list[Filed]:
        """File arrivals in this order; return their outcomes in the same order."""
        return self._filing.file(arrivals)

    def counts(self, route: str | None = None) -> Counts:
        """Return both sides of the count, of *route* or of all routes."""
        statement = _COUNTS if route is None else _COUNTS.where(_I.route == route)
        states = dict.fromkeys(STATES, 0)
        duplicates = 0
        for state, number, repeats in self._connection.execute(statement):
            states[state] = number
            duplicates += int(repeats)
        return Counts(states, duplicates, self.control.deliveries(route))

    def listing(
        self, chosen_by: MessageFilter | None = None, limit: int = 100, before: int | None = None
    ) -> list[dict[str, Any]]:
        """Return messages, the last filed first, each with its number ``seq`` in the order of filing.

        Args:
            chosen_by: the filters; None for all messages.
            limit: most messages.
            before: only those that were filed before the message with this number.
        """
        from adapters.database.messages.message_filter import MessageFilter, page

        return page(self._connection, chosen_by or MessageFilter(), _LISTING, limit, before)

    def named(self, text: str) -> list[str]:
        """Return the ids of the messages whose message id, identity or digest is *text*, the last filed first."""
        # A digest is no identity where another message has it already, and is searched without an index.
        for is_named in (or_(_I.message_id == text, _I.identity == text), _I.digest == text):
            found = list(self._connection.scalars(select(_I.id).where(is_named).order_by(_I.seq.desc())))
            if found:
                return found
        return []

    def show(self, row_id: str) -> dict[str, Any] | None:
        """Return one message with its headers, error, and ``outbound``, the messages that it caused; or None."""
        message = self._connection.execute(_SHOW.where(_I.id == row_id)).mappings().one_or_none()
        if message is None:
            return None
        from adapters.database.messages.outbox import described

        outbound = self._connection.execute(_SHOW_OUTBOUND.where(_O.inbox_id == row_id)).mappings()
        return {
            **message,
            "headers": json.loads(message["headers"]),
            "error": _json(message["error"]),
            "outbound": [described(row) for row in outbound],
        }


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
