"""The embedded queue, beyond what every transport promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.database.connection.database import Database
from adapters.database.messages.outbox import OutboxMessage
from adapters.database.messages.store import MessageStore
from adapters.database.schema.hub_tables import HUB
from adapters.transport import Envelope
from adapters.transports.embedded_queue import EmbeddedQueue
from integration_objects.surroundings import SeededSurroundings


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/hub.db")
    with database.write() as connection:
        HUB.create_all(connection)
    yield database
    database.close()


def test_a_delivery_comes_back_when_its_lease_has_run_out(database: Database) -> None:
    """A consumer that died gives nothing back: its lease ends by itself, and its late acknowledgement is void."""
    clock = SeededSurroundings()
    dead, alive = EmbeddedQueue(database, clock, lease_s=60), EmbeddedQueue(database, clock, lease_s=60)
    dead.publish("orders", [Envelope("m1", b"x")])
    lost = dead.receive("orders", limit=1, wait_s=0)
    assert alive.receive("orders", limit=1, wait_s=0) == []
    clock.sleep(61)
    [again] = alive.receive("orders", limit=1, wait_s=0)
    assert (again.envelope.message_id, again.redelivered) == ("m1", True)
    dead.acknowledge(lost)
    alive.close()
    assert len(dead.receive("orders", limit=1, wait_s=0)) == 1


def test_what_the_hub_emits_to_a_channel_is_in_its_queue(database: Database) -> None:
    with database.write() as connection:
        MessageStore(connection, SeededSurroundings()).outbox.emit(
            OutboxMessage("e1", "billing", "outbound", b"<EVENT/>", correlation_id="m1")
        )
    queue = EmbeddedQueue(database, SeededSurroundings())
    [delivery] = queue.receive("billing", limit=10, wait_s=0)
    assert (delivery.envelope.message_id, delivery.envelope.correlation_id) == ("e1", "m1")
    queue.acknowledge([delivery])
    with database.read() as connection:
        assert MessageStore(connection, SeededSurroundings()).outbox.destinations_waiting() == []
