"""A row of the inbox: a message, where it came from, its state and its turn."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from adapters.database.schema.hub_tables import FINAL_STATES, HUB
from adapters.transport import Envelope, Oversize

INBOX = HUB.tables["hub_inbox"]


@dataclass(slots=True)
class InboxRow:
    """A message in the inbox; the fields are the columns of ``hub_inbox``.

    Attributes:
        seq: its place in the order of filing.
        size: bytes of the whole body; more than ``len(body)`` where the body was over the limit.
        waits_for: the condition that releases a parked row; None for an operator.
        deaths: how often the process died because of it, as far as the hub can know.
        died_at: when a process last died with it in hand; such a message is worked alone. None once it was worked.
        replays: how often an operator put it back; part of the ids of the messages that leave because of it.
        error: what, where, why, mend and reason of an error; the remark alone, as what, for a row that ended without
            one; or None.
        also_reply_to: the places at which repeats want the reply, too, while it is still to come.
        reply_to_refused: the reply-to that the sender asked for and the route doesn't allow; None for none.
    """

    seq: int
    id: str
    route: str
    sender: str
    identity: str
    digest: str
    state: str
    key: str | None
    due_at: str
    received_at: str
    message_id: str | None
    correlation_id: str | None
    reply_to: str | None
    type: str | None
    content_type: str
    source: str
    size: int
    headers: dict[str, str]
    body: bytes
    waits_for: str | None = None
    repeats: int = 0
    attempts: int = 0
    deaths: int = 0
    replays: int = 0
    final_at: str | None = None
    died_at: str | None = None
    reason: str | None = None
    map: str | None = None
    map_version: str | None = None
    reply_outbox_id: str | None = None
    error: dict[str, str] | None = None
    also_reply_to: list[list[str | None]] = field(default_factory=list)
    reply_to_refused: str | None = None

    @property
    def is_final(self) -> bool:
        """Return whether the row is in one of the final states."""
        return self.state in FINAL_STATES

    @property
    def question_identity(self) -> str:
        """The identity of a question without an id, as soon as it has its answer: no other message has it."""
        return f"{self.digest}@{self.id}"

    @property
    def envelope(self) -> Envelope:
        """Return the message as it came in."""
        return Envelope(
            self.message_id,
            self.body,
            correlation_id=self.correlation_id,
            reply_to=self.reply_to,
            type=self.type,
            content_type=self.content_type,
            headers=self.headers,
            oversize=Oversize(self.size, self.digest) if self.size > len(self.body) else None,
        )


def inbox_row(row: Row[Any]) -> InboxRow:
    """Make an inbox row of a row of ``hub_inbox``."""
    values: dict[str, Any] = dict(row._mapping)
    values["headers"] = json.loads(values["headers"])
    values["error"] = None if values["error"] is None else json.loads(values["error"])
    values["also_reply_to"] = json.loads(values["also_reply_to"] or "[]")
    values["body"] = bytes(values["body"])
    return InboxRow(**values)
