"""A broker's intake while the hub's database is away."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pika
import pytest

from adapters.database.connection import engines
from adapters.database.connection.driver_faults import DatabaseAway, DatabaseBusy
from adapters.rabbitmq import RabbitMQ
from adapters.transport import Delivery, Envelope, TransportAway, Unroutable
from hub.data_manager.data_manager import DataManager
from hub.data_manager.intake import BrokerIntake
from hub.deployment.channels import channel_of
from integration_objects.surroundings import Surroundings
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

    def declare(self, channels):
        self.done.append(f"declare {', '.join(channel.name for channel in channels)}")
        if self.fault is not None:
            raise self.fault

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

    def try_write(self):
        return self._ask("take", None)

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


def test_messages_are_not_given_up_while_the_database_can_not_be_written(road, private_rabbitmq):
    """Each time that a message comes back counts for the broker; after 50 times it makes a dead letter of it."""
    route = road.open_hub.deployment.routes["mainframe_order"]
    transport, manager = RabbitMQ(private_rabbitmq.url, Surroundings()), Manager("take")
    with closing(transport), closing(pika.BlockingConnection(pika.URLParameters(private_rabbitmq.url))) as stranger:
        transport.declare([channel_of(route)])
        transport.publish(route.place, [Envelope("M-1", b"<ORDERS/>")])
        intake = BrokerIntake(transport, manager, [route])
        for _ in range(60):
            with pytest.raises(DatabaseAway):
                intake.take_in(25, 1.0)
        manager.away_at = None
        assert intake.take_in(25, 20.0) == 1
        assert stranger.channel().queue_delete(route.dead_letters).method.message_count == 0
        stranger.channel().queue_delete(route.place)


def test_a_write_is_tried_on_the_database_itself(monkeypatch, request):
    """It changes nothing, and fails where the next message would."""
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    road = request.getfixturevalue("road")
    manager = DataManager(road.open_hub)
    manager.try_write()
    with road.open_hub.read() as transaction:
        assert transaction.messages.counts().deliveries == 0
    with closing(sqlite3.connect(road.folder / "orderhub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            manager.try_write()


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


def resume(road, route):
    with road.open_hub.write() as transaction:
        transaction.messages.control.resume(route.component)


def test_a_route_that_is_resumed_declares_its_queue_again(road):
    """Somebody may have deleted the queue; until a restart nobody else would declare it."""
    route = road.open_hub.deployment.routes["mainframe_order"]
    gone = Unroutable("there is no queue 'mainframe.orders'", channel="mainframe.orders", mend="mend it")
    broker, manager = Broker(fault=gone), DataManager(road.open_hub)
    intake = BrokerIntake(broker, manager, [route])
    assert [intake.take_in(25, 0.0) for _ in range(2)] == [0, 0]
    assert broker.done == ["release mainframe.orders"]
    resume(road, route)
    # The broker refuses the declaration: the route is stopped again, with the reason.
    assert intake.take_in(25, 0.0) == 0
    assert manager.paused() == {"mainframe_order"}
    broker.fault = None
    resume(road, route)
    assert intake.take_in(25, 0.0) == 1
    assert broker.done[1:] == [
        "declare mainframe.orders",
        "release mainframe.orders",
        "declare mainframe.orders",
        "acknowledge",
    ]


def test_a_queue_that_was_deleted_under_the_hub_is_there_again_after_a_resume(road, private_rabbitmq):
    route = road.open_hub.deployment.routes["mainframe_order"]
    transport, manager = RabbitMQ(private_rabbitmq.url, Surroundings()), DataManager(road.open_hub)
    with closing(transport), closing(pika.BlockingConnection(pika.URLParameters(private_rabbitmq.url))) as stranger:
        transport.declare([channel_of(route)])
        intake = BrokerIntake(transport, manager, [route])
        assert intake.take_in(25, 0.1) == 0
        stranger.channel().queue_delete(route.place)
        deadline = time.monotonic() + 20
        while not manager.paused():
            assert time.monotonic() < deadline
            assert intake.take_in(25, 0.1) == 0
        resume(road, route)
        assert intake.take_in(25, 0.1) == 0
        assert manager.paused() == set()
        transport.publish(route.place, [Envelope("M-1", b"<ORDERS/>")])
        assert intake.take_in(25, 20.0) == 1
        stranger.channel().queue_delete(route.place)
        stranger.channel().queue_delete(route.dead_letters)


def test_a_fault_of_no_route_stops_the_hub(road):
    route = road.open_hub.deployment.routes["mainframe_order"]
    fault = Unroutable("the broker lets nobody in", mend="mend it")
    with pytest.raises(Unroutable):
        BrokerIntake(Broker(fault=fault), DataManager(road.open_hub), [route]).take_in(25, 0.0)


def test_a_message_that_comes_again_waits_for_its_turn_alone(road):
    """It may have killed the process that was working it, and more likely hasn't; the broker doesn't say."""
    route = road.open_hub.deployment.routes["hub_object"]
    again = Delivery(Envelope("M-1", sample("customers.xml")), route.place, "broker", route.place, redelivered=True)
    (filed,) = DataManager(road.open_hub).take([(route, again)])
    with road.open_hub.read() as transaction:
        row = transaction.messages.inbox.row(filed.row_id)
    assert (row.state, row.deaths) == ("received", 0)
    assert row.died_at is not None
    assert road.run()
    with road.open_hub.read() as transaction:
        assert transaction.messages.inbox.row(filed.row_id).is_final
