"""The message that a run works for, and the ids of the messages that the run sends out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

#: who says the prices of a received order's lines; a route declares it
WhoPrices = Literal["sender", "hub"]
#: the route of the messages that the hub sends to itself
DUE_LINES = "orderhub.due-lines"
#: the route of the messages by which the hub tells itself which records of feeds it has changed
FEED_CHANGES = "orderhub.feed-changes"

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


@dataclass(frozen=True)
class Origin:
    """The message that a run works for; the ids of all outbound messages are derived from it.

    Attributes:
        route, sender, identity: the key of the inbound message.
        inbox_id: its row in the message store; None for a run that a command started.
        message_id, correlation_id: the sender's ids.
        replays: how often an operator had the message worked again; the answer to a replay has an id of its own.
        prices: who says the prices of the lines that the message orders: its sender, or the hub.
        traceparent: the sender's trace context, as W3C Trace Context writes it; None for none.
        person: the person who asked for a run that a page started; None for any other run.
    """

    route: str
    sender: str
    identity: str
    inbox_id: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    replays: int = 0
    prices: WhoPrices = "sender"
    traceparent: str | None = None
    person: str | None = None

    def actor(self, user: str) -> str:
        """Return the sender of the message, or the person at a page; *user* for a run that a command started."""
        return self.person or (user if self.inbox_id is None else self.sender)


def outbound_id(origin: Origin, system: str, number: int) -> str:
    """Make the id of the *number*-th message to *system*: the same id each time that the inbound message is worked."""
    # The replays are a part: a receiver that knows repeats by id must not drop the answer to a replay.
    parts = "\x1f".join((origin.route, origin.sender, origin.identity, system, str(number), str(origin.replays)))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def trace_context(origin: Origin, message_id: str) -> dict[str, str]:
    """Make the header ``traceparent`` of a message that leaves, so that a trace shows which message caused it.

    The trace is the sender's; a message without one begins a trace of its own, which is not sampled. Both ids are
    derived, not made by chance: a message that is made again after a death has the same headers.

    Source: W3C Trace Context, "traceparent Header".

    >>> came = Origin("orders", "local", "M-1", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    >>> trace_context(came, "5c1d")["traceparent"]
    '00-4bf92f3577b34da6a3ce929d0e0e4736-a3c849cb52282ec6-01'
    """
    sent = _TRACEPARENT.fullmatch(origin.traceparent or "")
    trace, flags = sent.groups() if sent else (outbound_id(origin, "trace", 0), "00")
    return {"traceparent": f"00-{trace}-{hashlib.sha256(message_id.encode()).hexdigest()[:16]}-{flags}"}
