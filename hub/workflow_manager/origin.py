"""The message that a run works for, and the ids of the messages that the run sends out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

#: who says what the lines of a received order cost; a route declares it
WhoPrices = Literal["sender", "hub"]


@dataclass(frozen=True)
class Origin:
    """The message that a run works for; all its outbound message ids are derived from it.

    Attributes:
        route, sender, identity: what makes the inbound message unique.
        inbox_id: its row in the message store; None for a run that a command started.
        message_id, correlation_id: as the sender gave them.
        replays: how often an operator had it worked again; another answer then has another id.
        prices: who says what a line costs that the message orders: its sender, or the hub.
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
    """The message id of the *number*-th message to *system*: the same however often the inbound one is worked."""
    parts = "\x1f".join((origin.route, origin.sender, origin.identity, system, str(number), str(origin.replays)))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
