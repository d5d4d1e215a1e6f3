"""What every transport promises; one suite, run on each implementation."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.rabbitmq import RabbitMQ
from adapters.transport import Channel, Delivery, Envelope, EnvelopeRefused, Transport, Unroutable
from adapters.transports.folder import FolderTransport
from adapters.transports.http import HttpTransport
from adapters.transports.memory import MemoryBroker, MemoryTransport
from integration_objects.surroundings import Surroundings
from tests.hub.http_door.served_door import TOKENS, road_with_doors, served_road


@dataclass
class Implementation:
    """An implementation under test.

    Attributes:
        open: another connection to the same channels.
        unknown: a channel that doesn't exist.
        carries_properties: whether ids and headers arrive.
        orders: the channel that is there.
        keeps_reserve: whether a consumer is handed more than it was asked for, and keeps it until it is.
        drops_hub_headers: whether those under x-orderhub- are dropped, because strangers send here.
        delivered: takes the messages that came in, at the other side of a transport that is pushed; None where
            `receive` takes them.
    """

    open: Callable[[], Transport]
    unknown: str
    carries_properties: bool
    orders: str = "orders"
    keeps_reserve: bool = False
    drops_hub_headers: bool = False
    delivered: Callable[[], list[Delivery]] | None = None

    def received(self) -> list[Delivery]:
        """Everything that is there now."""
        if self.delivered is not None:
            return self.delivered()
        return self.open().receive(self.orders, limit=100, wait_s=0)


@pytest.fixture(params=["memory", "folder", "RabbitMQ", "http"])
def transports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Implementation]:
    with implementation(request, tmp_path) as made:
        yield made


@pytest.fixture(params=["memory", "folder", "RabbitMQ"])
def receivers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Implementation]:
    """The transports at which messages wait; HTTP hands its own over."""
    with implementation(request, tmp_path) as made:
        yield made


@contextlib.contextmanager
def implementation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Implementation]:
    with contextlib.ExitStack() as stack:
        orders = "orders"
        delivered: Callable[[], list[Delivery]] | None = None
        if request.param == "memory":
            memory = MemoryBroker("orders")
            make: Callable[[], Any] = lambda: MemoryTransport(memory)  # noqa: E731
            unknown = "ordres"
        elif request.param == "RabbitMQ":
            url = request.getfixturevalue("broker_url")
            orders, unknown = request.getfixturevalue("new_queue_name")(), "ordres"
            make = lambda: RabbitMQ(url, Surroundings())  # noqa: E731
            with contextlib.closing(make()) as topology:
                topology.declare([Channel(orders)])
        elif request.param == "http":
            (tmp_path / "far").mkdir()
            door = stack.enter_context(served_road(road_with_doors(tmp_path / "far")))
            url = f"http://127.0.0.1:{door.port}/messages/orders"
            make = lambda: HttpTransport({"orders": url}, {"orders": TOKENS["kite"]}, Surroundings())  # noqa: E731
            unknown, delivered = "ordres", door.deliveries
        else:
            make = lambda: FolderTransport(tmp_path, Surroundings(), settle_s=0, outbound="inbox")  # noqa: E731
            unknown = "../orders"

        def opened() -> Transport:
            transport = make()
            stack.callback(transport.close)
            return transport

        broker = request.param == "RabbitMQ"
        yield Implementation(
            opened,
            unknown,
            request.param not in ("folder", "http"),
            orders,
            keeps_reserve=broker,
            drops_hub_headers=broker,
            delivered=delivered,
        )


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    return [delivery.envelope.body for delivery in deliveries]


def envelopes(*numbers: int) -> list[Envelope]:
    return [Envelope(f"m{number}", b"<ORDER>%d</ORDER>" % number) for number in numbers]


def test_what_was_published_is_received_once_and_in_order(transports: Implementation) -> None:
    publisher = transports.open()
    publisher.publish(transports.orders, envelopes(*range(12)))
    publisher.publish(transports.orders, envelopes(*range(12, 15)))
    received = transports.received()
    assert bodies(received) == [b"<ORDER>%d</ORDER>" % number for number in range(15)]
    assert [delivery.redelivered for delivery in received] == [False] * 15
    assert transports.open().receive(transports.orders, limit=100, wait_s=0) == []


def test_the_messages_that_wait_outside_are_counted(transports: Implementation) -> None:
    """None from a transport that can't tell; RabbitMQ counts a moment after it has confirmed."""
    transport = transports.open()
    transport.publish(transports.orders, envelopes(1, 2, 3))
    deadline = time.monotonic() + 10
    while transport.depth(transports.orders) not in (None, 3):
        assert time.monotonic() < deadline
    consumer = transports.open()
    consumer.acknowledge(consumer.receive(transports.orders, limit=10, wait_s=5))
    while transport.depth(transports.orders) not in (None, 0):
        assert time.monotonic() < deadline


def test_what_was_published_is_there_when_publish_returns(transports: Implementation) -> None:
    publisher = transports.open()
    publisher.publish(transports.orders, envelopes(1))
    publisher.close()
    assert bodies(transports.received()) == [b"<ORDER>1</ORDER>"]


def test_unacknowledged_messages_come_again_after_a_close_in_their_old_order(receivers: Implementation) -> None:
    receivers.open().publish(receivers.orders, envelopes(1, 2, 3))
    consumer = receivers.open()
    first = consumer.receive(receivers.orders, limit=2, wait_s=0)
    consumer.acknowledge(first[1:])
    consumer.close()
    again = receivers.open().receive(receivers.orders, limit=10, wait_s=0)
    assert bodies(again) == [b"<ORDER>1</ORDER>", b"<ORDER>3</ORDER>"]
    # What lay in the reserve may have been worked on, for all that the other side knows.
    assert [delivery.redelivered for delivery in again] == [True, receivers.keeps_reserve]


def test_acknowledged_messages_never_come_again(receivers: Implementation) -> None:
    receivers.open().publish(receivers.orders, envelopes(1, 2))
    consumer = receivers.open()
    received = consumer.receive(receivers.orders, limit=10, wait_s=0)
    consumer.acknowledge(received)
    consumer.acknowledge(received)
    consumer.close()
    assert receivers.open().receive(receivers.orders, limit=10, wait_s=0) == []


def test_two_consumers_do_not_get_the_same_message(receivers: Implementation) -> None:
    receivers.open().publish(receivers.orders, envelopes(*range(10)))
    one, two = receivers.open(), receivers.open()
    received = one.receive(receivers.orders, limit=4, wait_s=0) + two.receive(receivers.orders, limit=100, wait_s=0)
    if receivers.keeps_reserve:
        received += one.receive(receivers.orders, limit=100, wait_s=0)
    assert sorted(bodies(received)) == sorted(b"<ORDER>%d</ORDER>" % number for number in range(10))


def test_the_limit_is_kept(receivers: Implementation) -> None:
    consumer = receivers.open()
    receivers.open().publish(receivers.orders, envelopes(1, 2, 3))
    assert bodies(consumer.receive(receivers.orders, limit=2, wait_s=0)) == [b"<ORDER>1</ORDER>", b"<ORDER>2</ORDER>"]
    assert bodies(consumer.receive(receivers.orders, limit=2, wait_s=0)) == [b"<ORDER>3</ORDER>"]


def test_receive_waits_as_long_as_it_is_told_and_no_longer(transports: Implementation) -> None:
    consumer = transports.open()
    start = time.monotonic()
    assert consumer.receive(transports.orders, limit=1, wait_s=0.2) == []
    assert time.monotonic() - start >= 0.2


def test_receive_returns_as_soon_as_something_comes(receivers: Implementation) -> None:
    consumer = receivers.open()
    publisher = receivers.open()
    timer = threading.Timer(0.1, lambda: publisher.publish(receivers.orders, envelopes(1)))
    timer.start()
    assert bodies(consumer.receive(receivers.orders, limit=1, wait_s=20)) == [b"<ORDER>1</ORDER>"]
    timer.join()


def test_an_unknown_channel_is_unroutable_both_ways(transports: Implementation) -> None:
    transport = transports.open()
    with pytest.raises(Unroutable):
        transport.publish(transports.unknown, envelopes(1))
    if transports.delivered is None:
        with pytest.raises(Unroutable):
            transport.receive(transports.unknown, limit=1, wait_s=0)


def test_ids_and_headers_are_kept_as_far_as_the_transport_carries_them(transports: Implementation) -> None:
    sent = Envelope(
        "m:1/ü",
        b"\x00\xff",
        correlation_id="c1",
        reply_to="replies",
        type="Mainframe Order",
        content_type="text/plain",
        headers={"traceparent": "00-1", "x-orderhub-note": "Straße"},
    )
    transports.open().publish(transports.orders, [sent])
    [received] = transports.received()
    assert received.envelope.body == sent.body
    assert received.envelope.content_type == sent.content_type
    assert received.channel == transports.orders
    assert received.fault is None
    if transports.carries_properties:
        found = received.envelope
        assert (found.message_id, found.correlation_id, found.reply_to) == ("m:1/ü", "c1", "replies")
        headers = {"traceparent": "00-1"} if transports.drops_hub_headers else dict(sent.headers)
        assert (found.type, dict(found.headers)) == ("Mainframe Order", headers)


def test_an_envelope_that_no_transport_carries_is_refused_and_none_of_its_group_leaves(
    transports: Implementation,
) -> None:
    transport = transports.open()
    with pytest.raises(EnvelopeRefused):
        transport.publish(transports.orders, [Envelope("m1", b""), Envelope("m\x002", b"")])
    assert transports.received() == []
