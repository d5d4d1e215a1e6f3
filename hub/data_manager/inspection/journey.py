"""The journey of a message across messages: what came in and what left about its orders, in the order of time.

Spec: docs/the_road.md, "Looking at a message".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.database.messages.journey import came_in, left
from hub.data_manager.open_hub import Transaction


@dataclass(frozen=True)
class JourneyStep:
    """A message of a journey.

    Attributes:
        at: when it came in, or was written.
        direction: in or out.
        id: its id in the message store.
        place: the route by which it came, or the destination to which it left.
        kind: its type, or for messages that leave outbound, reply or dead letter.
        state, reason: its state, and the reason of its error.
        because_of: the message that came in by which it left; None for one that came in.
        answers: the message that left, which it answers; None for no answer.
    """

    at: str
    direction: str
    id: str
    place: str
    kind: str
    state: str
    reason: str | None
    because_of: str | None = None
    answers: str | None = None


def journey_of(transaction: Transaction, row_id: str, seq: int) -> list[JourneyStep]:
    """Return the journey of the message with this id and number, the oldest step first."""
    messages = transaction.messages
    orders = [key for key in messages.message_keys.of(seq) if key.kind == "order"]
    came = came_in(transaction.connection, row_id, orders)
    gone = left(transaction.connection, [row["id"] for row in came])
    sent = {row["message_id"]: row["id"] for row in gone}
    steps = [_came(row, sent) for row in came] + [_left(row) for row in gone]
    # Stable: what left because of a message stands behind it, also at one time.
    return sorted(steps, key=lambda step: step.at)


def _came(row: dict[str, Any], sent: dict[str, str]) -> JourneyStep:
    answers = sent.get(row["correlation_id"] or "")
    kind = row["type"] or row["source"]
    return JourneyStep(
        row["received_at"], "in", row["id"], row["route"], kind, row["state"], row["reason"], None, answers
    )


def _left(row: dict[str, Any]) -> JourneyStep:
    reason = (row["error"] or {}).get("reason")
    kind = row["kind"] if row["type"] is None else f"{row['kind']}: {row['type']}"
    return JourneyStep(
        row["created_at"], "out", row["id"], row["destination"], kind, row["state"], reason, row["inbox_id"]
    )
