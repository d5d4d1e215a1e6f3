"""The state of a sender's message, and its answer, as the door shows them.

Spec: docs/http.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.database.messages.inbox_row import InboxRow
from adapters.database.schema.hub_tables import REFUSED_STATES
from adapters.transport import refused_id
from hub.data_manager.endings import GivenUp
from hub.data_manager.open_hub import OpenHub
from hub.deployment.route import Route
from hub.http_door.problems import RequestRefused


class MessageNotYours(RequestRefused):
    """The sender has sent no message of this id. A message of another sender is none, either."""

    status = 404
    what = "there is no message '{id}' of yours"
    where = "/{door}/{channel}"
    why = "neither as the id of a receipt nor as an Idempotency-Key"
    mend = "name the id that the receipt had, or the Idempotency-Key that you sent"


class AnswerNotThere(RequestRefused):
    """A message has no answer yet."""

    status = 404
    what = "there is no answer to the message '{id}' yet"
    where = "/answers/{channel}"
    why = "its state is '{state}'"
    mend = "ask again later"


@dataclass(frozen=True)
class Answer:
    """The answer to a message, in the format of its route."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class MessageState:
    """A message of a sender, with its answer; None while there is none."""

    row: InboxRow
    answer: Answer | None

    @property
    def is_refused(self) -> bool:
        """Whether the message was refused for good."""
        return self.row.state in REFUSED_STATES

    @property
    def error(self) -> Mapping[str, str] | None:
        """The error as the sender sees it; None for one that tells of the hub's own database, systems and code."""
        if self.row.state == "dead":
            # The stored error is that of the last try.
            return GivenUp(where=f"message {self.row.message_id or self.row.id}", why="").as_dict()
        return self.row.error if self.is_refused else None

    def as_dict(self) -> dict[str, Any]:
        """Return the state as partners see it."""
        row = self.row
        return {
            "id": row.id,
            "message_id": row.message_id,
            "state": row.state,
            "received_at": row.received_at,
            "final_at": row.final_at,
            "error": self.error,
            "answer": None if self.answer is None else _shown(self.answer),
        }


def _shown(answer: Answer) -> dict[str, str | None]:
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        text = None  # records in another code page; the bytes themselves have an address of their own
    return {"content_type": answer.content_type, "text": text}


def state_of(open_hub: OpenHub, route: Route, sender: str, name: str, door: str) -> MessageState:
    """Find a message of *sender* by the id of its receipt, or by the id that the sender gave it.

    Raises:
        MessageNotYours: there is none, or it is another sender's.
    """
    if not refused_id(name):
        with open_hub.read() as transaction:
            inbox = transaction.messages.inbox
            row = inbox.row(name)
            if row is None or (row.route, row.sender) != (route.name, sender):
                row = inbox.find(route.name, sender, name)
            if row is not None:
                reply = None if row.reply_outbox_id is None else transaction.messages.outbox.row(row.reply_outbox_id)
                message = None if reply is None else reply.message
                return MessageState(row, None if message is None else Answer(message.body, message.content_type))
    raise MessageNotYours(id=name, door=door, channel=route.place)
