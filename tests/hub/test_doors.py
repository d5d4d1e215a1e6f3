"""A broker's door while the hub's database is away."""

from __future__ import annotations

import pytest

from adapters.database.driver_faults import DatabaseAway
from adapters.transport import Delivery, Envelope, TransportAway
from hub.doors import BrokerDoor


class Broker:
    """Has one message, and notes what is done to it."""

    def __init__(self, is_lost=False):
        self.done = []
        self.is_lost = is_lost

    def receive_any(self, channels, limit, wait_s):
        return [Delivery(Envelope("M-1", b"<A/>"), channels[0], "broker", channels[0])]

    def acknowledge(self, deliveries):
        self.done.append("acknowledge")

    def release(self, channels):
        if not channels:
            return
        self.done.append(f"release {', '.join(channels)}")
        if self.is_lost:
            raise TransportAway("the broker doesn't answer")


class Manager:
    """Its database goes away at one of its methods."""

    def __init__(self, away_at):
        self.away_at = away_at

    def paused(self):
        return self._ask("paused", set())

    def take(self, arrived):
        return self._ask("take", [])

    def _ask(self, method, answer):
        if method == self.away_at:
            raise DatabaseAway("the database doesn't answer")
        return answer


@pytest.mark.parametrize("is_lost", [False, True], ids=["broker there", "broker away too"])
@pytest.mark.parametrize("away_at", ["paused", "take"])
def test_without_a_database_nothing_is_acknowledged_and_everything_given_back(road, away_at, is_lost):
    route = road.desk.deployment.routes["mainframe_order"]
    broker = Broker(is_lost)
    door = BrokerDoor(broker, Manager(away_at), [route])
    with pytest.raises(DatabaseAway):
        door.take_in(25, 0.0)
    assert broker.done == ["release mainframe.orders"]


def test_what_was_taken_is_acknowledged(road):
    broker = Broker()
    door = BrokerDoor(broker, Manager(None), [road.desk.deployment.routes["mainframe_order"]])
    assert door.take_in(25, 0.0) == 1
    assert broker.done == ["acknowledge"]
