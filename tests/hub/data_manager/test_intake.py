"""A broker's intake while the hub's database is away."""

from __future__ import annotations

import pytest

from adapters.database.connection.driver_faults import DatabaseAway
from adapters.transport import Delivery, Envelope, TransportAway, Unroutable
from hub.data_manager.data_manager import DataManager
from hub.data_manager.intake import BrokerIntake
from tests.road import sample


class Broker:
    """Has one message, and notes what is done to it."""

    def __init__(self, is_lost=False, fault=None):
        self.done = []
        self.fault = fault
        self.is_lost = is_lost

    def receive_any(self, channels, limit, wait_s):
        if self.fault is not None:
            raise self.fault
        return [Delivery(Envelope("M-1", b"<A/>"), channels[0], "broker", channels[0])]

    def acknowledge(self, deliveries):
        self.done.append("acknowledge")

    def release(self, channels):
        if not channels:
            return
        self.done.append(f"release {', '.join(channels)}")
        if self.is_lost:
            raise TransportAway("the broker doesn't answer", mend="mend it")


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
            raise DatabaseAway("the database doesn't answer", database="", cause="")
        return answer


@pytest.mark.parametrize("is_lost", [False, True], ids=["broker there", "broker away too"])
@pytest.mark.parametrize("away_at", ["paused", "take"])
def test_without_a_database_nothing_is_acknowledged_and_everything_given_back(road, away_at, is_lost):
    route = road.open_hub.deployment.routes["mainframe_order"]
    broker = Broker(is_lost)
    intake = BrokerIntake(broker, Manager(away_at), [route])
    with pytest.raises(DatabaseAway):
        intake.take_in(25, 0.0)
    assert broker.done == ["release mainframe.orders"]


def test_what_was_taken_is_acknowledged(road):
    broker = Broker()
    intake = BrokerIntake(broker, Manager(None), [road.open_hub.deployment.routes["mainframe_order"]])
    assert intake.take_in(25, 0.0) == 1
    assert broker.done == ["acknowledge"]


def test_a_queue_that_is_gone_stops_its_own_route_until_it_is_resumed(road):
    route = road.open_hub.deployment.routes["mainframe_order"]
    gone = Unroutable("there is no queue 'mainframe.orders'", channel="mainframe.orders", mend="mend it")
    manager = DataManager(road.open_hub)
    assert BrokerIntake(Broker(fault=gone), manager, [route]).take_in(25, 0.0) == 0
    assert manager.paused() == {"mainframe_order"}
    with road.open_hub.read() as transaction:
        (stopped,) = transaction.messages.control.components()
    assert (stopped["name"], stopped["state"], stopped["why"]) == (
        "route:mainframe_order",
        "paused",
        "Unroutable: there is no queue 'mainframe.orders'",
    )


def test_a_fault_of_no_route_stops_the_hub(road):
    route = road.open_hub.deployment.routes["mainframe_order"]
    fault = Unroutable("the broker lets nobody in", mend="mend it")
    with pytest.raises(Unroutable):
        BrokerIntake(Broker(fault=fault), DataManager(road.open_hub), [route]).take_in(25, 0.0)


def test_a_message_that_comes_again_counts_a_death_and_waits_for_its_turn_alone(road):
    """It may have killed the process that was working it; the broker doesn't say."""
    route = road.open_hub.deployment.routes["hub_object"]
    again = Delivery(Envelope("M-1", sample("customers.xml")), route.place, "broker", route.place, redelivered=True)
    (filed,) = DataManager(road.open_hub).take([(route, again)])
    with road.open_hub.read() as transaction:
        row = transaction.messages.inbox.row(filed.row_id)
    assert (row.state, row.deaths) == ("received", 1)
    assert road.run()
    with road.open_hub.read() as transaction:
        assert transaction.messages.inbox.row(filed.row_id).is_final
