"""The message that a run works for, and the ids of the messages that the run sends out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

#: who says the prices of a received order's lines; a route declares it
WhoPrices = Literal["sender", "hub"]


@dataclass(frozen=True)
class Origin:
    """The message that a run works for; the ids of all outbound messages are derived from it.

    Attributes:
        route, sender, identity: the key of the inbound message.
        inbox_id: its row in the message store; None for a run that a command started.
        message_id, correlation_id: the sender's ids.
        replays: how often an operator had the message worked again; the answer to a replay has an id of its own.
        prices: who says the prices of the lines that the message orders: its sender, or the hub.
    """

    route: str
    sender: str
    identity: str
    inbox_id: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    replays: int = 0
    prices: WhoPrices = "sender"


def outbound_id(origin: Origin, system: str, number: int) -> str:
    """Make the id of the *number*-th message to *system*: the same id each time that the inbound message is worked."""
    parts = "\x1f".join((origin.route, origin.sender, origin.identity, system, str(number), str(origin.replays)))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
