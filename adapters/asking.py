"""Questions to other systems: over the broker's channels, or over embedded ones where no broker is set.

Spec: docs/design/integration.md, "Transports".
"""

from __future__ import annotations

from typing import Protocol

from adapters.database.connection.database import Database
from adapters.database.messages.embedded_queue import EmbeddedQueue
from adapters.transport import CHANNEL, Delivery, Envelope, Setup


class Asker(Protocol):
    """Carries questions: a transport of channels, or the embedded queue."""

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Hand over a question, and return its reply; see `Transport.ask`."""

    def close(self) -> None:
        """End the connections."""


def open_asker(setup: Setup) -> Asker:
    """Open the carrier of questions of a deployment; nothing is connected yet."""
    transport = CHANNEL.open(setup)
    if transport is not None:
        return transport
    settings = setup.settings
    database = Database(settings["database_url"], folder=setup.folder, unsafe=settings["unsafe_database"])
    return EmbeddedQueue(database, setup.surroundings)
