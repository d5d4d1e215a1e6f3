"""RabbitMQ, beyond what every transport promises: confirms, cuts, cancelled consumers, strangers' properties."""

from __future__ import annotations

import contextlib
import datetime
import functools
import gzip
import inspect
import socket
import ssl
import struct
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from pika import exceptions, frame, spec
from pika.adapters.utils import connection_workflow, io_services_utils
from structlog.testing import capture_logs

from adapters.rabbitmq import (
    PREFETCH,
    BrokerRefused,
    BrokerUrlFaulty,
    QueueDiffers,
    RabbitMQ,
    Timeouts,
)
from adapters.rabbitmq.address import Address
from adapters.rabbitmq.faults import FAULTS, hub_fault
from adapters.rabbitmq.link import Link
from adapters.rabbitmq.publisher import MOST_OPEN
from adapters.transport import (
    Channel,
    Delivery,
    Envelope,
    EnvelopeRefused,
    NotTaken,
    Setup,
    TransportAway,
    Unroutable,
    confirmed_of,
)
from integration_objects.errors import HubError, Misconfigured, Retryable
from integration_objects.surroundings import SeededSurroundings, Surroundings
from tests.services.cutting_proxy import CuttingProxy

ROOT = Path(__file__).parents[2]
QUICK = Timeouts(connect_s=5, answer_s=5, backoff_s=0.02, longest_backoff_s=0.1)


@pytest.fixture
def open_transport(broker_url: str) -> Iterator[Callable[..., RabbitMQ]]:
    """Opens transports that are closed after the test, to the broker or to a URL before it."""
    opened: list[RabbitMQ] = []

    def make(url: str = broker_url, **settings: Any) -> RabbitMQ:
        opened.append(RabbitMQ(url, Surroundings(), **{"timeouts": QUICK, **settings}))
        return opened[-1]

    yield make
    for transport in opened:
        transport.close()


@pytest.fixture
def queue(new_queue_name: Any, open_transport: Any) -> str:
    """A quorum queue for one test."""
    name: str = new_queue_name()
    open_transport().declare([Channel(name)])
    return name


@pytest.fixture
def stranger(broker_url: str) -> Iterator[Any]:
    """A channel of somebody else's, who uses pika as it is."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    yield connection.channel()
    connection.close()


@pytest.fixture
def proxy(broker_url: str) -> Iterator[CuttingProxy]:
    with CuttingProxy(broker_url) as proxy:
        yield proxy


def envelopes(*numbers: int) -> list[Envelope]:
    return [Envelope(f"m{number}", b"<ORDER>%d</ORDER>" % number) for number in numbers]


def ids(deliveries: list[Delivery]) -> list[str | None]:
    return [delivery.envelope.message_id for delivery in deliveries]


def take(transport: RabbitMQ, queue: str, count: int) -> list[Delivery]:
    """*count* messages, which may come in several groups."""
    taken: list[Delivery] = []
    end = time.monotonic() + 20
    while len(taken) < count and time.monotonic() < end:
        taken += until(functools.partial(transport.receive, queue, count - len(taken), 5))
    return taken


def until(works: Callable[[], Any]) -> Any:
    """What *works* returns, once the world isn't at fault any more."""
    end = time.monotonic() + 20
    while True:
        try:
            return works()
        except Retryable:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


# Topology


def test_queues_are_quorum_queues_with_a_limit_far_off_and_a_dead_letter_queue(
    new_queue_name: Any, open_transport: Any, stranger: Any
) -> None:
    """The broker compares: what is declared again with other arguments is refused."""
    name = new_queue_name(".dead-letter")
    transport = open_transport()
    for _ in range(2):
        transport.declare([Channel(name, single_active=True, dead_letter=f"{name}.dead-letter")])
    stranger.queue_declare(
        name,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": 50,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"{name}.dead-letter",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )
    stranger.queue_declare(
        f"{name}.dead-letter", durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
    )


def documented_arguments(column: int, dead_letters: str) -> dict[str, Any]:
    """Read the arguments of a queue from the table in docs/production.md."""
    known = {"`quorum`": "quorum", "`at-least-once`": "at-least-once", "`reject-publish`": "reject-publish"}
    found: dict[str, Any] = {}
    for line in (ROOT / "docs/production.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `x-"):
            name, value = (line.strip("| ").split(" | ")[place] for place in (0, column))
            if value.startswith("`true`"):
                found[name.strip("`")] = True
            elif value.isdigit():
                found[name.strip("`")] = int(value)
            elif value.startswith("empty text"):
                found[name.strip("`")] = ""
            elif value.startswith("the dead-letter queue's name"):
                found[name.strip("`")] = dead_letters
            elif value != "absent":
                found[name.strip("`")] = known[value]
    return found


def test_queues_that_an_operator_declares_as_documented_serve_a_hub_with_the_documented_rights(
    private_rabbitmq: Any, open_transport: Any
) -> None:
    """The hub's user may touch these queues only."""
    name = f"operated-{uuid.uuid4().hex[:8]}"
    dead_letters, answers = f"{name}.dead-letter", f"{name}.answers"
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(private_rabbitmq.url))) as connection:
        operator = connection.channel()
        for queue, column in ((dead_letters, 2), (answers, 2), (name, 1)):
            operator.queue_declare(queue, durable=True, arguments=documented_arguments(column, dead_letters))
        private_rabbitmq.control("add_user", name, "secret")
        own = rf"^{name}(\..*)?$"
        private_rabbitmq.control("set_permissions", name, own, r"^amq\.default$", rf"^{name}$")
        transport = open_transport(private_rabbitmq.url.replace("guest:guest", f"{name}:secret"))
        transport.declare([Channel(name, single_active=True, dead_letter=dead_letters), Channel(answers, shared=True)])
        transport.publish(name, envelopes(1))
        transport.acknowledge(take(transport, name, 1))
        transport.publish(answers, envelopes(2))
        transport.publish(dead_letters, envelopes(3))
        with pytest.raises(BrokerRefused):
            transport.declare([Channel("somebody-elses")])
        for queue in (dead_letters, answers, name):
            operator.queue_delete(queue)
        private_rabbitmq.control("delete_user", name)


def test_a_queue_of_another_kind_is_an_error_and_is_not_changed(
    new_queue_name: Any, open_transport: Any, stranger: Any
) -> None:
    name = new_queue_name()
    stranger.queue_declare(name, durable=True)
    stranger.basic_publish("", name, b"<ORDER/>")
    transport = open_transport()
    with pytest.raises(QueueDiffers) as caught:
        transport.declare([Channel(name)])
    assert str(caught.value) == (
        f"the queue '{name}' is of another kind than the hub needs\n"
        f"  where: queue {name} at {transport.address}\n"
        "  why:   expected x-queue-type quorum, found none (a classic queue)\n"
        "  mend:  empty and delete that queue, so that the hub can declare it, or name another one"
    )
    assert stranger.queue_declare(name, durable=True).method.message_count == 1


def test_a_queue_that_lacks_the_single_active_consumer_is_told_apart(new_queue_name: Any, open_transport: Any) -> None:
    name = new_queue_name()
    transport = open_transport()
    transport.declare([Channel(name)])
    with pytest.raises(QueueDiffers) as caught:
        transport.declare([Channel(name, single_active=True)])
    assert caught.value.why == "expected x-single-active-consumer true, found none"


@pytest.mark.parametrize(
    ("durable", "arguments", "why"),
    [
        (
            False,
            {},
            "expected x-queue-type quorum, found none (a classic queue); expected durable true, found false; "
            "expected x-dead-letter-exchange '', found none; "
            "expected x-dead-letter-routing-key {name}.dead-letter, found none; "
            "expected x-overflow reject-publish, found none; expected x-single-active-consumer true, found none",
        ),
        (
            True,
            {
                "x-queue-type": "quorum",
                "x-single-active-consumer": False,
                "x-delivery-limit": 20,
                "x-dead-letter-exchange": "elsewhere",
                "x-message-ttl": 60_000,
            },
            "expected x-dead-letter-exchange '', found elsewhere; "
            "expected x-dead-letter-routing-key {name}.dead-letter, found none; "
            "expected x-dead-letter-strategy at-least-once, found none; expected x-message-ttl none, found 60000; "
            "expected x-overflow reject-publish, found none; expected x-single-active-consumer true, found false; "
            "expected x-delivery-limit 50, found 20",
        ),
        (
            True,
            {"x-queue-type": "stream"},
            "expected x-queue-type quorum, found stream",
        ),
    ],
    ids=["classic, in memory", "quorum, other arguments", "stream"],
)
def test_all_differences_of_a_queue_are_named_at_once_and_nothing_is_changed(
    new_queue_name: Any, open_transport: Any, stranger: Any, durable: bool, arguments: dict[str, Any], why: str
) -> None:
    """The broker itself names the first one only."""
    name = new_queue_name(".dead-letter")
    stranger.queue_declare(name, durable=durable, arguments=arguments)
    with pytest.raises(QueueDiffers) as caught:
        open_transport().declare([Channel(name, single_active=True, dead_letter=f"{name}.dead-letter")])
    found = caught.value.why.split("; ")
    # The kind comes first; the order of the others is the broker's.
    assert found[0].startswith("expected x-queue-type") == ("x-queue-type" in why)
    assert sorted(found) == sorted(why.format(name=name).split("; "))
    stranger.queue_declare(name, durable=durable, arguments=arguments)


def test_a_queue_of_another_system_stays_as_it_is_and_is_made_where_it_is_missing(
    queue: str, open_transport: Any, stranger: Any, new_queue_name: Any
) -> None:
    transport = open_transport()
    theirs, ours = new_queue_name(), new_queue_name()
    stranger.queue_declare(theirs, durable=True)
    for _ in range(2):
        transport.declare([Channel(queue, single_active=True, shared=True), Channel(theirs, shared=True)])
        transport.declare([Channel(ours, shared=True)])
    transport.declare([Channel(ours)])
    with pytest.raises(QueueDiffers):
        transport.declare([Channel(theirs)])


def test_only_one_consumer_of_a_queue_with_an_order_gets_messages_until_it_is_gone(
    new_queue_name: Any, open_transport: Any
) -> None:
    name = new_queue_name()
    one, two = open_transport(), open_transport()
    one.declare([Channel(name, single_active=True)])
    assert one.receive(name, 10, 0) == []
    assert two.receive(name, 10, 0) == []
    open_transport().publish(name, envelopes(*range(10)))
    first = one.receive(name, 1, 5)
    assert ids(first) == ["m0"]
    assert two.receive(name, 10, 0.2) == []
    one.acknowledge(first)
    one.close()
    assert two.receive(name, 1, 5)[0].envelope.message_id == "m1"


@pytest.fixture
def ordered(new_queue_name: Any, open_transport: Any) -> str:
    """A queue with a single active consumer, as a route with an order has it."""
    name: str = new_queue_name()
    open_transport().declare([Channel(name, single_active=True)])
    return name


@pytest.mark.parametrize("leaves", ["closed", "released", "cut"])
def test_what_a_leaving_consumer_had_comes_before_younger_messages(
    ordered: str, open_transport: Any, broker_url: str, leaves: str
) -> None:
    """The next consumer waits already; it must not go on behind the messages that come back."""
    with CuttingProxy(broker_url) as between:
        first, second = open_transport(between.url), open_transport()
        assert first.receive(ordered, 1, 0) == second.receive(ordered, 1, 0) == []
        open_transport().publish(ordered, envelopes(*range(3 * PREFETCH)))
        worked = take(first, ordered, 10)
        first.acknowledge(worked)
        if leaves == "closed":
            first.close()
        elif leaves == "released":
            first.release([ordered])
        else:
            between.refuse()
            between.cut()
        expected = [f"m{number}" for number in range(3 * PREFETCH)]
        arrived: list[str] = []
        while expected[-1] not in arrived:
            more = take(second, ordered, 1)
            second.acknowledge(more)
            arrived += ids(more)
    # A cut can lose acknowledgements that were on their way: then the worked messages come once more, in their places.
    assert ids(worked) == expected[:10]
    assert len(arrived) >= len(expected) - 10
    assert arrived == expected[-len(arrived) :]


def test_hubs_with_groups_of_other_sizes_keep_the_order_when_they_leave(
    ordered: str, broker_url: str, tmp_path: Path
) -> None:
    """A quorum queue appends returned messages to those that were returned before, and were not taken since."""
    hubs = []
    for group in (25, 5, 25):
        hub = RabbitMQ.open(Setup(tmp_path, {"broker_url": broker_url, "group": group}, Surroundings()))
        assert hub is not None
        hubs.append(hub)
        assert hub.receive(ordered, 1, 0) == []
    hubs[0].publish(ordered, envelopes(*range(200)))
    for hub in hubs[:2]:
        assert ids(take(hub, ordered, 5)) == ["m0", "m1", "m2", "m3", "m4"]
        hub.close()
    assert ids(take(hubs[2], ordered, 60)) == [f"m{number}" for number in range(60)]
    hubs[2].close()


def test_what_exceeds_the_delivery_limit_is_not_lost(new_queue_name: Any, open_transport: Any, stranger: Any) -> None:
    """Without a dead-letter queue the broker would drop it."""
    name = new_queue_name(".dead-letter")
    transport = open_transport()
    transport.declare([Channel(name, dead_letter=f"{name}.dead-letter")])
    transport.publish(name, envelopes(1))
    for count, (method, _, _) in enumerate(stranger.consume(name, inactivity_timeout=2)):
        if method is None:
            break
        stranger.basic_nack(method.delivery_tag, requeue=True)
        if count == 50:
            break
    stranger.cancel()
    [dead] = transport.receive(f"{name}.dead-letter", 10, 5)
    assert dead.envelope.message_id == "m1"
    assert dict(dead.envelope.headers) == {}


# Publishing


def test_an_unroutable_message_is_an_error(open_transport: Any) -> None:
    """Without `mandatory` the broker confirms it, and it is gone."""
    transport = open_transport()
    with pytest.raises(Unroutable) as caught:
        transport.publish("orderhub-test.ordres", envelopes(1, 2))
    assert str(caught.value) == (
        "there is no queue 'orderhub-test.ordres'\n"
        f"  where: queue orderhub-test.ordres at {transport.address}\n"
        "  why:   312 NO_ROUTE\n"
        "  mend:  declare it, or correct the name in the route or system"
    )
    assert confirmed_of(caught.value) == ()


def test_a_partial_failure_tells_which_messages_the_broker_has(
    new_queue_name: Any, open_transport: Any, stranger: Any
) -> None:
    name = new_queue_name()
    stranger.queue_declare(name, durable=True, arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
    transport = open_transport()
    with pytest.raises(NotTaken) as caught:
        transport.publish(name, envelopes(1, 2, 3, 4, 5))
    assert confirmed_of(caught.value) == (0, 1)
    assert caught.value.what == "the broker did not keep 3 of 5 messages"
    assert ids(take(transport, name, 2)) == ["m1", "m2"]


def test_more_than_may_be_open_goes_in_parts_and_a_failure_counts_through(
    new_queue_name: Any, open_transport: Any, stranger: Any
) -> None:
    name = new_queue_name()
    most = MOST_OPEN + 3
    stranger.queue_declare(name, durable=True, arguments={"x-max-length": most, "x-overflow": "reject-publish"})
    with pytest.raises(NotTaken) as caught:
        open_transport().publish(name, envelopes(*range(2 * MOST_OPEN)))
    assert confirmed_of(caught.value) == tuple(range(most))


def test_a_link_that_is_cut_before_the_confirms_tells_so_and_comes_back(
    queue: str, open_transport: Any, proxy: CuttingProxy
) -> None:
    transport = open_transport(proxy.url)
    transport.publish(queue, envelopes(1))
    proxy.cut_at(b"m2-is-lost", delivered=False)
    with pytest.raises(TransportAway) as caught:
        transport.publish(queue, [Envelope("m2-is-lost", b"")])
    assert confirmed_of(caught.value) == ()
    until(lambda: transport.publish(queue, envelopes(3)))
    assert ids(take(open_transport(), queue, 2)) == ["m1", "m3"]


def test_a_broker_that_swallows_everything_is_not_waited_for_for_ever(
    queue: str, open_transport: Any, proxy: CuttingProxy
) -> None:
    transport = open_transport(proxy.url, timeouts=Timeouts(answer_s=0.3, backoff_s=0.02, longest_backoff_s=0.05))
    transport.publish(queue, envelopes(1))
    proxy.hold()
    with pytest.raises(TransportAway) as caught:
        transport.publish(queue, envelopes(2))
    assert caught.value.why == "no answer within 0.3 s"
    proxy.release()
    until(lambda: transport.publish(queue, envelopes(3)))


def test_a_broker_that_blocks_publishers_for_too_long_counts_as_away(queue: str, open_transport: Any) -> None:
    transport = open_transport(timeouts=Timeouts(blocked_s=0.2, backoff_s=0.02, longest_backoff_s=0.05))
    transport.publish(queue, envelopes(1))

    def blocked(connection: Any, answer: Any) -> None:
        connection._process_frame(frame.Method(0, spec.Connection.Blocked("low on memory")))  # as if it had come

    with pytest.raises(TransportAway) as caught:
        transport._out.ask(blocked)
    assert caught.value.why.startswith("ConnectionBlockedTimeout")
    until(lambda: transport.publish(queue, envelopes(2)))


def test_two_threads_publish_each_in_its_own_order(queue: str, open_transport: Any) -> None:
    transport = open_transport()

    def publish(start: int) -> None:
        for number in range(start, start + 60, 20):
            transport.publish(queue, envelopes(*range(number, number + 20)))

    threads = [threading.Thread(target=publish, args=(start,)) for start in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    received: list[int] = []
    while len(received) < 120:
        group = transport.receive(queue, 50, 5)
        transport.acknowledge(group)
        received += [int((message_id or "")[1:]) for message_id in ids(group)]
    assert [number for number in received if number < 1000] == list(range(60))
    assert [number for number in received if number >= 1000] == list(range(1000, 1060))


# Consuming


def test_finished_prefixes_are_acknowledged_in_one_frame_and_the_rest_one_by_one(
    queue: str, open_transport: Any
) -> None:
    transport = open_transport()
    transport.publish(queue, envelopes(*range(6)))
    received = take(transport, queue, 6)
    channel = received[0].tag.consumption._channel
    sent: list[tuple[int, bool]] = []
    acknowledge = channel.basic_ack

    def spied(tag: int, multiple: bool = False) -> None:
        sent.append((tag, multiple))
        acknowledge(tag, multiple)

    channel.basic_ack = spied
    transport.acknowledge([received[1], received[0], received[3]])
    transport.acknowledge([received[2], received[4]])
    assert sent == [(2, True), (4, False), (5, True)]
    transport.close()
    again = open_transport().receive(queue, 10, 2)
    assert [(delivery.envelope.message_id, delivery.redelivered) for delivery in again] == [("m5", True)]


def test_what_came_by_a_lost_link_is_not_acknowledged_on_the_new_one(
    queue: str, open_transport: Any, proxy: CuttingProxy
) -> None:
    """Tags count from 1 on each channel: an old tag 1 would acknowledge another message."""
    transport = open_transport(proxy.url)
    open_transport().publish(queue, envelopes(1, 2, 3))
    old = take(transport, queue, 3)
    proxy.cut()
    new = take(transport, queue, 3)
    assert [(delivery.envelope.message_id, delivery.redelivered) for delivery in new] == [
        ("m1", True),
        ("m2", True),
        ("m3", True),
    ]
    with pytest.raises(TransportAway) as caught:
        transport.acknowledge(old[:2])
    assert caught.value.what == "2 messages could not be acknowledged"
    assert caught.value.mend == "nothing; they come again and are recognised as repeats"
    transport.acknowledge(new[2:])
    transport.close()
    assert ids(take(open_transport(), queue, 2)) == ["m1", "m2"]


def test_a_cut_in_the_middle_of_a_wait_is_mended_within_the_wait(
    queue: str, open_transport: Any, proxy: CuttingProxy
) -> None:
    transport = open_transport(proxy.url)
    assert transport.receive(queue, 1, 0) == []
    publisher = open_transport()

    def cut_and_publish() -> None:
        proxy.cut()
        publisher.publish(queue, envelopes(1))

    timer = threading.Timer(0.2, cut_and_publish)
    timer.start()
    assert ids(transport.receive(queue, 1, 20)) == ["m1"]
    timer.join()


def test_a_consumer_that_the_broker_cancels_is_a_failure_and_is_restored(
    queue: str, open_transport: Any, stranger: Any
) -> None:
    """pika's `start_consuming` would just return, and nothing would ever come again."""
    transport = open_transport()
    assert transport.receive(queue, 1, 0) == []
    stranger.queue_delete(queue)
    with pytest.raises(Unroutable) as caught:
        transport.receive(queue, 1, 5)
    assert caught.value.what == f"there is no queue '{queue}'"
    transport.declare([Channel(queue)])
    transport.publish(queue, envelopes(1))
    assert ids(transport.receive(queue, 1, 5)) == ["m1"]


def test_a_broker_that_is_away_is_told_at_once_and_comes_back_by_itself(
    queue: str, open_transport: Any, proxy: CuttingProxy
) -> None:
    proxy.refuse()
    transport = open_transport(proxy.url)
    for call in (lambda: transport.publish(queue, envelopes(1)), lambda: transport.receive(queue, 1, 0)):
        with pytest.raises(TransportAway) as caught:
            call()
        assert str(caught.value) == (
            "the broker doesn't answer\n"
            f"  where: {transport.address}\n"
            "  why:   ConnectionRefusedError: 111 Connection refused\n"
            "  mend:  nothing, where it comes back by itself; else start the broker, or mend the broker URL"
        )
    proxy.accept()
    until(lambda: transport.publish(queue, envelopes(1)))
    assert ids(until(lambda: transport.receive(queue, 1, 5))) == ["m1"]


def test_a_broker_that_resets_a_connection_while_it_is_opened_is_away_and_logs_no_traceback(
    queue: str, open_transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between pika's two looks at the new socket can't be met by timing, so that pika's error is raised."""
    connector = io_services_utils._AsyncStreamConnector
    resets = [ValueError("Expected connected socket, but getpeername() failed")]

    def connect(*args: Any, **settings: Any) -> Any:
        if resets:
            raise resets.pop()
        return connector(*args, **settings)

    monkeypatch.setattr(io_services_utils, "_AsyncStreamConnector", connect)
    transport = open_transport()
    with capture_logs() as logs:
        with pytest.raises(TransportAway, match="Expected connected socket"):
            transport.publish(queue, envelopes(1))
        until(lambda: transport.publish(queue, envelopes(1)))
    assert [line["event"] for line in logs] == ["broker away", "broker link open"]
    assert "traceback" not in logs[0]


def test_heartbeats_go_on_during_long_work(queue: str, open_transport: Any) -> None:
    """The broker ends a link that gives no sign of life for twice the heartbeat: here after 2 s."""
    transport = open_transport(timeouts=Timeouts(heartbeat_s=1, answer_s=5))
    transport.publish(queue, envelopes(1))
    received = transport.receive(queue, 1, 5)
    time.sleep(3.5)
    transport.acknowledge(received)
    transport.close()
    assert open_transport().receive(queue, 1, 0) == []


def test_several_channels_are_received_from_in_turn_and_a_missing_one_stops_none(
    new_queue_name: Any, open_transport: Any
) -> None:
    names = [new_queue_name(), new_queue_name()]
    transport = open_transport()
    transport.declare([Channel(name) for name in names])
    for name in names:
        transport.publish(name, envelopes(1, 2, 3))
    assert {transport.receive_any(names, 1, 2)[0].channel for _ in range(2)} == set(names)
    rest: list[Delivery] = []
    while len(rest) < 4:
        rest += transport.receive_any([*names, "ordres"], 10, 2)
    assert sorted((delivery.channel, delivery.envelope.message_id) for delivery in rest) == sorted(
        (name, message_id) for name in names for message_id in ("m2", "m3")
    )
    with pytest.raises(Unroutable) as caught:
        transport.receive_any([*names, "ordres"], 10, 0)
    assert caught.value.objects["channel"] == "ordres"


def test_a_released_channel_is_given_back_and_can_be_received_from_again(queue: str, open_transport: Any) -> None:
    one, two = open_transport(), open_transport()
    one.publish(queue, envelopes(1, 2, 3))
    taken = one.receive(queue, 1, 5)
    one.release([queue])
    assert sorted(ids(take(two, queue, 3))) == ["m1", "m2", "m3"]
    with pytest.raises(TransportAway):
        one.acknowledge(taken)
    two.release([queue])
    assert len(take(one, queue, 3)) == 3


def test_prefetch_bounds_what_is_handed_over(queue: str, open_transport: Any, stranger: Any) -> None:
    transport = open_transport(prefetch=4)
    transport.publish(queue, envelopes(*range(10)))
    first = take(transport, queue, 4)
    assert ids(first) == ["m0", "m1", "m2", "m3"]
    assert transport.receive(queue, 100, 0.2) == []
    transport.acknowledge(first)
    assert ids(transport.receive(queue, 1, 5)) == ["m4"]


def test_closing_does_not_wait_for_a_broker_that_swallows_everything(
    queue: str, open_transport: Any, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.rabbitmq.link._END_S", 0.3)
    transport = open_transport(proxy.url)
    transport.publish(queue, envelopes(1))
    proxy.hold()
    thread = transport._out._thread
    transport.close()
    assert not thread.is_alive()


def test_a_closed_transport_says_so_and_closing_twice_is_closing_once(queue: str, open_transport: Any) -> None:
    transport = open_transport()
    transport.publish(queue, envelopes(1))
    transport.close()
    transport.close()
    with pytest.raises(TransportAway) as caught:
        transport.publish(queue, envelopes(2))
    assert caught.value.why == "this link was closed"


# Properties


def test_what_leaves_is_persistent_and_bears_its_properties(queue: str, open_transport: Any, stranger: Any) -> None:
    sent = Envelope(
        "m1",
        b"<ORDER/>",
        correlation_id="c1",
        reply_to="replies",
        type="Mainframe Order",
        content_type="text/plain",
        headers={"traceparent": "00-1", "x-orderhub-route": "r", "note": "n"},
        timestamp="2026-01-31T12:00:00.250000Z",
    )
    open_transport().publish(queue, [sent, Envelope(None, b"")])
    [(_, found, _), (_, second, _)] = [stranger.basic_get(queue, auto_ack=True) for _ in range(2)]
    assert (found.message_id, found.correlation_id, found.reply_to, found.type) == (
        "m1",
        "c1",
        "replies",
        "Mainframe Order",
    )
    assert (found.content_type, found.app_id, found.delivery_mode) == ("text/plain", "orderhub", 2)
    assert found.timestamp == int(datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC).timestamp())
    del found.headers["x-delivery-count"]  # the broker's
    assert found.headers == {"traceparent": "00-1", "x-orderhub-route": "r", "x-orderhub-note": "n"}
    assert found.user_id is None
    assert len(second.message_id) == 26
    assert "traceparent" not in (second.headers or {})
    assert abs(second.timestamp - time.time()) < 60


def test_an_id_that_is_too_long_in_utf_8_is_refused_before_anything_leaves(queue: str, open_transport: Any) -> None:
    """AMQP's short strings have 255 bytes; a transport's ids have 128 characters."""
    transport = open_transport()
    with pytest.raises(EnvelopeRefused) as caught:
        transport.publish(queue, [*envelopes(1), Envelope("\N{OLD TURKIC LETTER ORKHON A}" * 64, b"")])
    assert caught.value.why == "it has 256 bytes in UTF-8, and may have 255"
    assert transport.receive(queue, 10, 0) == []


def test_strangers_headers_do_not_reach_the_control_of_the_hub(queue: str, open_transport: Any, stranger: Any) -> None:
    headers = {
        "traceparent": "00-1",
        "x-orderhub-route": "another",
        "X-OrderHub-State": "done",
        "x-delivery-count": 7,
        "x-death": [{"count": 3}],
        "CC": ["elsewhere-1"],
        "count": 7,
        "urgent": True,
        "at": datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC),
        "nothing": None,
    }
    stranger.basic_publish("", queue, b"<ORDER/>", pika.BasicProperties(headers=headers, user_id="guest"))
    stranger.basic_publish("", queue, b"<ORDER/>", pika.BasicProperties(timestamp=2**62))
    first, second = take(open_transport(), queue, 2)
    assert dict(first.envelope.headers) == {
        "traceparent": "00-1",
        "count": "7",
        "urgent": "true",
        "at": "2026-01-31T00:00:00+00:00",
    }
    assert (first.fault, first.sender, second.sender) == (None, "guest", "broker")
    assert (second.envelope.timestamp, second.envelope.content_type) == (None, "application/xml")


class AsItStands(pika.BasicProperties):  # type: ignore[misc]  # pika is untyped
    """Properties that are written byte by byte, as another client's may be."""

    def __init__(self, flags: int, data: bytes) -> None:
        super().__init__()
        self.data = struct.pack(">H", flags) + data

    def encode(self) -> list[bytes]:
        return [self.data]


def short(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def test_properties_that_are_not_utf_8_are_left_out_and_the_message_is_kept(
    queue: str, open_transport: Any, stranger: Any
) -> None:
    properties = AsItStands(
        spec.BasicProperties.FLAG_CONTENT_TYPE | spec.BasicProperties.FLAG_MESSAGE_ID,
        short(b"text/\xff") + short(b"m\xfc1"),
    )
    stranger.basic_publish("", queue, b"<ORDER/>", properties)
    [received] = open_transport().receive(queue, 1, 5)
    assert (received.envelope.message_id, received.envelope.body) == (None, b"<ORDER/>")
    assert received.envelope.content_type == "application/octet-stream"
    assert received.fault is not None
    assert str(received.fault) == (
        "the envelope's message_id is refused\n"
        "  where: message_id\n"
        "  why:   it is bytes, not text in UTF-8\n"
        "  mend:  send a message_id of 1 to 128 characters"
    )


def nested(depth: int) -> bytes:
    """A header's value of tables within tables."""
    value = b"V"
    for _ in range(depth):
        value = b"F" + struct.pack(">I", len(value) + 2) + short(b"n") + value
    return value


def test_empty_properties_are_none(queue: str, open_transport: Any, stranger: Any) -> None:
    empty = dict.fromkeys(("message_id", "correlation_id", "reply_to", "type", "content_type", "content_encoding"), "")
    stranger.basic_publish("", queue, b"<A/>", pika.BasicProperties(**empty))
    [delivery] = take(open_transport(), queue, 1)
    assert (delivery.envelope, delivery.fault) == (Envelope(None, b"<A/>"), None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"T" + struct.pack(">Q", 2**61), "OSError"),
        (b"T" + struct.pack(">Q", 253_402_300_800), "ValueError: year 10000 is out of range"),
        (nested(3_000), "RecursionError"),
    ],
)
def test_headers_that_the_driver_can_not_read_cost_a_message_its_headers_and_nobody_the_link(
    queue: str, open_transport: Any, stranger: Any, value: bytes, why: str
) -> None:
    """Raised out of the driver's loop, each redelivery would end the link to every route."""
    table = short(b"odd") + value
    flags = spec.BasicProperties.FLAG_CONTENT_TYPE | spec.BasicProperties.FLAG_HEADERS
    data = short(b"text/plain") + struct.pack(">I", len(table)) + table + short(b"m1")
    stranger.basic_publish("", queue, b"1", AsItStands(flags | spec.BasicProperties.FLAG_MESSAGE_ID, data))
    stranger.basic_publish("", queue, b"2", pika.BasicProperties(message_id="m2"))
    first, second = take(open_transport(), queue, 2)
    assert (first.redelivered, second.redelivered) == (False, False)
    assert (first.envelope.message_id, first.envelope.content_type, first.envelope.body) == ("m1", "text/plain", b"1")
    assert first.fault is not None
    assert first.fault.why.startswith(f"they can't be read: {why}")
    assert (second.envelope.message_id, second.fault) == ("m2", None)


def test_a_compressed_body_is_inflated_and_what_can_not_be_inflated_is_kept_and_refused(
    new_queue_name: Any, open_transport: Any, stranger: Any
) -> None:
    name, transport = new_queue_name(), open_transport()
    transport.declare([Channel(name, most_bytes=1_000)])
    sent = [
        ("gzip", gzip.compress(b"<A/>")),
        ("gzip", gzip.compress(b" " * 1_001)),
        ("br", b"<A/>"),
        ("UTF-8", b"<A/>"),
    ]
    for number, (encoding, body) in enumerate(sent):
        properties = pika.BasicProperties(message_id=f"m{number}", content_encoding=encoding)
        stranger.basic_publish("", name, body, properties)
    taken = take(transport, name, 4)
    assert [one.envelope.body for one in taken] == [b"<A/>", sent[1][1], b"<A/>", b"<A/>"]
    assert [None if one.fault is None else one.fault.why for one in taken] == [
        None,
        "the body inflates to more than 1000 bytes",
        "the hub doesn't know it",
        None,
    ]


def test_a_body_over_the_cap_is_kept_as_size_digest_and_beginning(queue: str, open_transport: Any) -> None:
    transport = open_transport(most_bytes=70_000)
    transport.publish(queue, [Envelope("m1", b"x" * 70_001), Envelope("m2", b"x" * 70_000)])
    first, second = take(transport, queue, 2)
    assert (first.envelope.size, len(first.envelope.body)) == (70_001, 65_536)
    assert first.envelope.digest == Envelope(None, b"x" * 70_001).digest
    assert second.envelope.oversize is None


# The address


def test_a_refused_password_stops_and_is_shown_nowhere(
    broker_url: str, open_transport: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    url = broker_url.replace("guest:guest", "guest:s3cret-Pass")
    transport = open_transport(url)
    with pytest.raises(BrokerRefused) as caught:
        transport.publish("orders", envelopes(1))
    assert isinstance(caught.value, Misconfigured)
    assert caught.value.where == str(transport.address)
    assert "ACCESS_REFUSED" in caught.value.why
    transport.close()
    shown = [str(caught.value), repr(transport.address), repr(caught.value.objects), caplog.text, *capfd.readouterr()]
    assert not any("s3cret" in text for text in shown)


def test_a_virtual_host_that_is_not_there_stops(broker_url: str, open_transport: Any) -> None:
    host = broker_url.split("//")[1].split("/")[0]
    with pytest.raises(BrokerRefused) as caught:
        open_transport(f"amqp://{host}/nowhere").receive("orders", 1, 0)
    assert "vhost nowhere not found" in caught.value.why


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hub:s3cret@host/", "it begins with neither amqp:// nor amqps://"),
        ("hub:s3cret@host", "it begins with neither amqp:// nor amqps://"),
        ("amqp://hub:s3cret@host:port/", "it has another form"),
        ("amqp://hub:s3/cret@host/", "it has another form"),
        ("amqp://hub:s3#cret@host/", "it has another form"),
        ("amqps://hub:s3cret@host/?cafile=x", "there is no part 'cafile'"),
        ("amqp://hub:s3cret@host/?cacertfile=x", "the query is for amqps:// only"),
        (
            "amqps://hub:s3cret@host/?cacertfile=absent.pem",
            "cacertfile absent.pem: [Errno 2] No such file or directory",
        ),
    ],
)
def test_a_faulty_url_is_refused_without_its_password(url: str, why: str) -> None:
    with pytest.raises(BrokerUrlFaulty) as caught:
        Address(url)
    assert caught.value.why == why
    assert "cret" not in str(caught.value)


def test_what_a_url_leaves_out_is_as_in_rabbitmq_s_own_clients() -> None:
    address = Address("amqp://host")
    assert (address.host, address.port, address.user, address.virtual_host) == ("host", 5672, "guest", "/")
    full = Address("amqps://h%40b:p%2Fw@[::1]:99/a%2Fb")
    assert (full.host, full.port, full.user, full.virtual_host) == ("::1", 99, "h@b", "a/b")
    assert str(full) == "amqps://[::1]:99/a/b"


def test_the_timeouts_is_the_guarantees() -> None:
    """docs/design/guarantees.md: heartbeat 10 to 20 s, blocked for 30 s, reconnect 0.5 to 30 s."""
    timeouts = Timeouts()
    assert 10 <= timeouts.heartbeat_s <= 20
    assert (timeouts.blocked_s, timeouts.backoff_s, timeouts.longest_backoff_s) == (30, 0.5, 30)
    parameters = Address("amqp://host").parameters("orderhub", timeouts)
    assert (parameters.heartbeat, parameters.blocked_connection_timeout) == (15, 30)


def test_the_link_waits_longer_from_try_to_try_with_jitter_from_half_a_second_to_thirty() -> None:
    pauses: list[float] = []

    class Ending(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0)
            if len(pauses) == 9:
                self.set()
            return self.is_set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    link = Link(Address(f"amqp://127.0.0.1:{port}"), "test", Timeouts(), SeededSurroundings())
    link._ending = Ending()
    link._live()
    longest = (1, 2, 4, 8, 16, 30, 30, 30, 30)
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    assert len(set(pauses[5:])) == 4


@pytest.fixture
def tls_proxy(broker_url: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A URL of the broker by TLS, and the certificate that makes it trusted."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    host, port = broker_url.rsplit("@", 1)[1].split("/")[0].split(":")
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(raw: socket.socket) -> None:
        with raw, socket.create_connection((host, int(port))) as broker:
            try:
                client = context.wrap_socket(raw, server_side=True)
            except OSError:  # the client didn't trust us
                return
            with client:
                up = threading.Thread(target=pump, args=(client, broker))
                up.start()
                pump(broker, client)
                up.join()

    def accept() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(raw,), daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    yield f"amqps://guest:guest@127.0.0.1:{listener.getsockname()[1]}/", certificate
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    acceptor.join()


def test_tls_reaches_the_broker_when_its_certificate_is_trusted_and_only_then(
    tls_proxy: tuple[str, Path], queue: str, open_transport: Any
) -> None:
    url, certificate = tls_proxy
    transport = open_transport(f"{url}?cacertfile={certificate}")
    transport.publish(queue, envelopes(1))
    assert ids(transport.receive(queue, 1, 5)) == ["m1"]
    with pytest.raises(BrokerRefused) as caught:
        open_transport(url).publish(queue, envelopes(2))
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.why


# The driver's errors


def drivers() -> list[type[BaseException]]:
    return [
        error
        for module in (exceptions, connection_workflow)
        for _, error in inspect.getmembers(module, inspect.isclass)
        if issubclass(error, Exception) and error.__module__.startswith("pika")
    ]


def test_every_error_of_the_driver_has_its_place_in_the_table() -> None:
    """One by one, but for those that a reply code tells apart, and kinds of one that is in the table."""
    coded = (exceptions.ConnectionClosed, exceptions.ChannelClosed)
    roots = (exceptions.AMQPError, exceptions.AMQPConnectionError, exceptions.AMQPChannelError)
    named = [driver for driver, _ in FAULTS]
    kept_by_a_kind = tuple(driver for driver in named if driver not in roots)
    lost = [
        error.__name__ for error in drivers() if error not in named and not issubclass(error, (*coded, *kept_by_a_kind))
    ]
    assert lost == []


def test_no_entry_of_the_table_hides_a_later_one() -> None:
    named = [driver for driver, _ in FAULTS]
    hidden = [
        later.__name__
        for place, later in enumerate(named)
        if any(issubclass(later, earlier) for earlier in named[:place])
    ]
    assert hidden == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.StreamLostError("reset"), TransportAway),
        (exceptions.ConnectionClosedByBroker(320, "CONNECTION_FORCED"), TransportAway),
        (exceptions.ConnectionClosedByBroker(530, "NOT_ALLOWED"), BrokerRefused),
        (exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED"), BrokerRefused),
        (exceptions.ChannelClosedByBroker(404, "NOT_FOUND"), Unroutable),
        (exceptions.ProbableAuthenticationError("ConnectionClosedByBroker: (403) 'ACCESS_REFUSED'"), BrokerRefused),
        (exceptions.ProbableAuthenticationError("StreamLostError: ('reset',)"), TransportAway),
        (exceptions.ShortStringTooLong(b"x"), EnvelopeRefused),
        (ssl.SSLCertVerificationError(1, "self-signed"), BrokerRefused),
        (TimeoutError("timed out"), TransportAway),
        (RuntimeError("whatever"), TransportAway),
    ],
)
def test_the_driver_s_errors_stop_at_the_border(error: Exception, kind: type[HubError]) -> None:
    assert type(hub_fault(error, "here")) is kind
