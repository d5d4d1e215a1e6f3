"""A transport of a deployment's own: pigeons, which carry messages to and from lofts in this process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from adapters.transport import XML, Channel, Delivery, Envelope, Setup, Transport, Unroutable


class Pigeons(Transport):
    """The pigeons of all lofts.

    Attributes:
        lofts: the messages of each declared loft, oldest first.
        settled: the answers: message, whether it was rejected, body.
    """

    lofts: ClassVar[dict[str, list[Envelope]]] = {}
    settled: ClassVar[list[tuple[str, bool, bytes | None]]] = []

    @classmethod
    def open(cls, setup: Setup) -> Self:
        return cls()

    def declare(self, channels: Sequence[Channel]) -> None:
        for channel in channels:
            self.lofts.setdefault(channel.name, [])

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        if channel not in self.lofts:
            raise Unroutable(kind="loft", name=channel, where="pigeons", why="it was not declared")
        self.lofts[channel] += envelopes

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        return [
            Delivery(envelope, channel, "pigeon", f"{channel}/{envelope.message_id}")
            for envelope in self.lofts[channel][:limit]
        ]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self.lofts[delivery.channel].remove(delivery.envelope)

    def settle(self, source: str, rejected: bool = False, reply: bytes | None = None, content_type: str = XML) -> None:
        self.settled.append((source, rejected, reply))
