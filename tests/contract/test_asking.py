"""What every carrier of questions promises; one suite, run on memory, RabbitMQ and the embedded queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pika
import pytest

from adapters.database.connection.database import Database
from adapters.database.messages.embedded_queue import EmbeddedQueue
from adapters.database.messages.outbox import OUTBOX
from adapters.database.schema.upgrade import upgrade
from adapters.rabbitmq import RabbitMQ
from adapters.transport import Asker, Channel, Envelope, EnvelopeRefused, NoReply, Transport, TransportAway, Unroutable
from adapters.transports.memory import MemoryBroker, MemoryTransport
from integration_objects.definition import shipped_definitions
from integration_objects.surroundings import Surroundings
from tests.stocked import upgraded_sqlite


@dataclass
class Carrier:
    """A carrier under test: one that asks, and one that answers the next question on the channel."""

    asker: Asker
    channel: str
    answer: Callable[[Callable[[Envelope], Envelope | None]], None]


def answering(transport: Transport, channel: str) -> Callable[[Callable[[Envelope], Envelope | None]], None]:
    def answer(reply_to: Callable[[Envelope], Envelope | None]) -> None:
        for delivery in transport.receive(channel, 1, 10):
            reply = reply_to(delivery.envelope)
            if reply is not None:
                question = delivery.envelope
                # Unroutable: the asker waits no longer.
                with suppress(Unroutable):
                    transport.publish(question.reply_to or "", [replace(reply, correlation_id=question.correlation_id)])
            transport.acknowledge([delivery])

    return answer


@pytest.fixture(params=["memory", "RabbitMQ", "SQLite"])
def carrier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Carrier]:
    if request.param == "memory":
        broker = MemoryBroker("questions")
        yield Carrier(MemoryTransport(broker), "questions", answering(MemoryTransport(broker), "questions"))
    elif request.param == "RabbitMQ":
        url, channel = request.getfixturevalue("broker_url"), request.getfixturevalue("new_queue_name")()
        with closing(RabbitMQ(url, Surroundings())) as asker, closing(RabbitMQ(url, Surroundings())) as answerer:
            answerer.declare([Channel(channel)])
            yield Carrier(asker, channel, answering(answerer, channel))
    else:
        (tmp_path / "hub.db").write_bytes(upgraded_sqlite())
        url = f"sqlite:///{tmp_path}/hub.db"
        queues = [EmbeddedQueue(Database(url), Surroundings()) for _ in range(2)]
        yield Carrier(queues[0], "questions", answering_embedded(queues[1]))
        for queue in queues:
            queue.close()


def answering_embedded(queue: EmbeddedQueue) -> Callable[[Callable[[Envelope], Envelope | None]], None]:
    def answer(reply_to: Callable[[Envelope], Envelope | None]) -> None:
        end = time.monotonic() + 10
        while not (taken := queue.take("questions", 1)) and time.monotonic() < end:
            time.sleep(0.002)
        for question in taken:
            reply = reply_to(question)
            if reply is not None:
                queue.put(question.reply_to or "", replace(reply, correlation_id=question.correlation_id))

    return answer


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_each_question_gets_its_own_reply(carrier: Carrier) -> None:
    def answer_three() -> None:
        for _ in range(3):
            carrier.answer(lambda question: Envelope(None, b"to " + question.body, type="answer"))

    thread = in_background(answer_three)
    for number in range(3):
        reply = carrier.asker.ask(carrier.channel, Envelope(None, b"%d" % number), 10)
        assert (reply.envelope.body, reply.envelope.type, reply.fault) == (b"to %d" % number, "answer", None)
    thread.join()


def test_a_question_without_a_reply_ends_after_its_time_and_is_answered_no_more(carrier: Carrier) -> None:
    start = time.monotonic()
    with pytest.raises(NoReply) as silent:
        carrier.asker.ask(carrier.channel, Envelope(None, b"anybody?"), 0.2)
    assert 0.2 <= time.monotonic() - start < 5
    assert silent.value.why == "no reply within 0.2 s"
    asked: list[bytes] = []
    thread = in_background(
        lambda: carrier.answer(lambda question: asked.append(question.body) or Envelope(None, b"yes"))
    )
    assert carrier.asker.ask(carrier.channel, Envelope(None, b"you?"), 10).envelope.body == b"yes"
    thread.join()
    assert asked == [b"you?"]


def test_a_late_reply_is_no_reply_to_the_next_question(carrier: Carrier) -> None:
    def late(question: Envelope) -> Envelope:
        time.sleep(0.4)
        return Envelope(None, b"late")

    thread = in_background(lambda: carrier.answer(late))
    with pytest.raises(NoReply):
        carrier.asker.ask(carrier.channel, Envelope(None, b"1"), 0.2)
    try:
        thread.join()
    finally:
        thread = in_background(lambda: carrier.answer(lambda question: Envelope(None, b"in time")))
    assert carrier.asker.ask(carrier.channel, Envelope(None, b"2"), 10).envelope.body == b"in time"
    thread.join()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def embedded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database whose embedded channels are asked."""
    if request.param == "SQLite":
        (tmp_path / "hub.db").write_bytes(upgraded_sqlite())
        url = f"sqlite:///{tmp_path}/hub.db"
    else:
        url = request.getfixturevalue("make_postgresql")("asking")
    with closing(Database(url)) as database:
        if request.param == "PostgreSQL":
            upgrade(database, shipped_definitions())
        yield database


def rows_of_the_outbox(database: Database) -> list[tuple[str, str | None]]:
    """The messages that are there: destination, and when they were sent."""
    with database.read() as connection:
        return [(row.destination, row.sent_at) for row in connection.execute(OUTBOX.select())]


def test_nothing_stays_of_an_exchange_over_the_embedded_queue(embedded: Database) -> None:
    asker, other = EmbeddedQueue(embedded, Surroundings()), EmbeddedQueue(embedded, Surroundings())
    thread = in_background(lambda: answering_embedded(other)(lambda question: Envelope(None, b"yes")))
    assert asker.ask("questions", Envelope(None, b"?"), 10).envelope.body == b"yes"
    thread.join()
    assert rows_of_the_outbox(embedded) == []


def test_a_reply_after_its_time_limit_stays_nowhere(embedded: Database) -> None:
    asker, other = EmbeddedQueue(embedded, Surroundings()), EmbeddedQueue(embedded, Surroundings())
    asked = threading.Event()

    def late(question: Envelope) -> Envelope:
        asked.wait(10)
        return Envelope(None, b"late")

    thread = in_background(lambda: answering_embedded(other)(late))
    with pytest.raises(NoReply):
        asker.ask("questions", Envelope(None, b"?"), 0.2)
    asked.set()
    thread.join()
    assert rows_of_the_outbox(embedded) == []


def test_a_question_whose_asker_died_is_dropped_after_its_time_and_its_reply_with_a_later_question(
    embedded: Database,
) -> None:
    class Died(Exception):
        pass

    class Dying(Surroundings):
        def sleep(self, seconds: float) -> None:
            raise Died

    class Later(Surroundings):
        def seconds(self) -> float:
            return super().seconds() + 2 * 3600

    for _ in range(2):
        with pytest.raises(Died):
            EmbeddedQueue(embedded, Dying()).ask("questions", Envelope(None, b"?"), 1)
    [question] = EmbeddedQueue(embedded, Surroundings()).take("questions", 1)
    EmbeddedQueue(embedded, Surroundings()).put(question.reply_to or "", Envelope(None, b"yes"))
    later = EmbeddedQueue(embedded, Later())
    assert later.take("questions", 5) == []
    replies = [destination for destination, _ in rows_of_the_outbox(embedded) if destination != "questions"]
    assert replies == [question.reply_to]
    with pytest.raises(NoReply):
        later.ask("others", Envelope(None, b"?"), 0.01)
    # The question that was taken is told as sent, as each message that has left.
    assert [(destination, bool(sent)) for destination, sent in rows_of_the_outbox(embedded)] == [("questions", True)]


def test_a_question_that_no_transport_carries_is_refused(carrier: Carrier) -> None:
    with pytest.raises(EnvelopeRefused):
        carrier.asker.ask(carrier.channel, Envelope("a\x00", b""), 1)


def test_a_question_to_a_queue_that_is_not_there_is_refused_at_once(broker_url: str) -> None:
    with closing(RabbitMQ(broker_url, Surroundings())) as asker, pytest.raises(Unroutable):
        asker.ask("orderhub-test.nobody", Envelope(None, b""), 10)


def test_a_lost_link_ends_an_open_question_at_once_and_the_next_one_is_answered(
    broker_url: str, new_queue_name: Callable[[], str]
) -> None:
    channel = new_queue_name()
    with closing(RabbitMQ(broker_url, Surroundings())) as asker, closing(RabbitMQ(broker_url, Surroundings())) as other:
        other.declare([Channel(channel)])

        def cut(question: Envelope) -> None:
            link = asker._in
            link._give_up(link._connection, TransportAway("cut by the test", mend="nothing"))

        thread = in_background(lambda: answering(other, channel)(cut))
        start = time.monotonic()
        with pytest.raises(TransportAway) as cut_off:
            asker.ask(channel, Envelope(None, b"1"), 30)
        assert not isinstance(cut_off.value, NoReply)
        assert time.monotonic() - start < 10
        thread.join()
        thread = in_background(lambda: answering(other, channel)(lambda question: Envelope(None, b"again")))
        for _ in range(50):
            try:
                reply = asker.ask(channel, Envelope(None, b"2"), 5)
                break
            except TransportAway:
                time.sleep(0.1)
        assert reply.envelope.body == b"again"
        thread.join()


def test_clients_with_a_direct_reply_to_are_answered_once_and_forgotten_when_they_are_gone(
    broker_url: str, new_queue_name: Callable[[], str]
) -> None:
    """The broker returns mandatory messages for such names, although it delivers them."""
    channel = new_queue_name()
    with closing(RabbitMQ(broker_url, Surroundings())) as hub:
        hub.declare([Channel(channel)])
        client = pika.BlockingConnection(pika.URLParameters(broker_url))
        amqp = client.channel()
        replies: list[bytes] = []
        amqp.basic_consume("amq.rabbitmq.reply-to", lambda _c, _m, _p, body: replies.append(body), auto_ack=True)
        properties = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to")
        amqp.basic_publish("", channel, b"?", properties)
        [question] = hub.receive(channel, 1, 10)
        hub.acknowledge([question])
        reply_to = question.envelope.reply_to or ""
        hub.publish(reply_to, [Envelope("r1", b"!")])
        client.process_data_events(time_limit=2)
        client.close()
        assert replies == [b"!"]
        hub.publish(reply_to, [Envelope("r2", b"too late")])
