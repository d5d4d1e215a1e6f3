"""One message or one file that can't travel doesn't stop the others: on a real RabbitMQ and PostgreSQL."""

from __future__ import annotations

import time

import pytest

from adapters.database.messages.outbox import OutboxMessage
from adapters.transport import Envelope
from tests.crash.hub_at_work import ORDERS_QUEUE, ROUTE, WORK_ORDERS, order

DEAD_LETTERS = f"{ROUTE}.dead-letter"
#: bytes that the broker takes in a message at most, for a test
MOST_BYTES = 20_000


def reused(number: int, identity: str) -> bytes:
    """An order whose own identity stands in its body alone."""
    return order(number).replace(f"M-{number}".encode(), identity.encode())


def aside(hub):
    return hub.rows(
        "SELECT destination, message_id, error FROM hub_outbox WHERE aside_at IS NOT NULL ORDER BY message_id"
    )


def wait_final(hub, number):
    final = "SELECT count(*) FROM hub_inbox WHERE final_at IS NOT NULL"
    hub.wait(lambda: hub.number(final) >= number, f"{number} messages don't get final", running=True)


def wait_left(hub):
    """Wait until nothing waits to leave but what is set aside."""
    waiting = "SELECT count(*) FROM hub_outbox WHERE sent_at IS NULL AND aside_at IS NULL"
    hub.wait(lambda: hub.number(waiting) == 0, "messages don't leave", running=True)


def test_no_message_id_stops_the_outbound_queue(served_hub):
    hub = served_hub(workers=1)
    # As a version wrote that didn't look: the head of the line, which no transport carries.
    open_hub = hub.open_hub()
    with open_hub.write() as transaction:
        transaction.messages.outbox.emit(
            OutboxMessage("old", WORK_ORDERS, "outbound", b"<a/>", correlation_id="MF-0001\n")
        )
    open_hub.close()
    identities = ["\n  MF-1\n  ", "MF\n2", "\U0001f4e6" * 64, "MF&#x9f;4"]
    hub.publish(ORDERS_QUEUE, [Envelope(None, reused(place, text)) for place, text in enumerate(identities, 1)])
    hub.send(range(11, 21))
    hub.start()
    wait_final(hub, 14)
    wait_left(hub)
    states = hub.rows("SELECT state, reason, count(*) FROM hub_inbox GROUP BY state, reason ORDER BY state")
    assert states == [("done", None, 11), ("invalid", "IdentityRefused", 3)]
    [(destination, message_id, error)] = aside(hub)
    assert (destination, message_id) == (WORK_ORDERS, "old")
    assert "EnvelopeRefused" in error
    assert hub.log.count("message set aside") == 1
    assert hub.end() == 0
    good = hub.rows("SELECT identity, message_id FROM hub_inbox WHERE state = 'done'")
    assert {identity for identity, _ in good} == {"MF-1", *(f"M-{number}" for number in range(11, 21))}
    assert {envelope.correlation_id for envelope in hub.queue(WORK_ORDERS)} == {message_id for _, message_id in good}
    assert len(hub.queue(DEAD_LETTERS)) == 3


def test_a_message_that_the_broker_never_takes_is_set_aside(served_hub, private_rabbitmq):
    """It closes the channel by which the whole batch was published."""
    hub = served_hub(workers=1)
    before = private_rabbitmq.control("eval", "application:get_env(rabbit, max_message_size).").strip()
    private_rabbitmq.control("eval", f"application:set_env(rabbit, max_message_size, {MOST_BYTES}).")
    try:
        open_hub = hub.open_hub()
        with open_hub.write() as transaction:
            bodies = [b"<a/>", b"x" * (MOST_BYTES + 1), b"<b/>"]
            transaction.messages.outbox.emit_all(
                [OutboxMessage(f"m{place}", WORK_ORDERS, "outbound", body) for place, body in enumerate(bodies)]
            )
        open_hub.close()
        hub.start()
        wait_left(hub)
        [(_, message_id, error)] = aside(hub)
        assert message_id == "m1"
        assert "MessageNotAllowed" in error
        assert hub.end() == 0
        assert {envelope.message_id for envelope in hub.queue(WORK_ORDERS)} == {"m0", "m2"}
    finally:
        size = before.removeprefix("{ok,").removesuffix("}")
        private_rabbitmq.control("eval", f"application:set_env(rabbit, max_message_size, {size}).")


def test_no_refused_message_stops_the_dead_letters(served_hub):
    hub = served_hub(workers=2)
    bodies = [b"<foo>&#x80;</foo>", "<foo>\x9f</foo>".encode(), b"<foo\x7f/>", b"\xff", "<é/>".encode() * 2, b"<bar/>"]
    hub.publish(ORDERS_QUEUE, [Envelope(f"B-{place}", body) for place, body in enumerate(bodies)])
    hub.send(range(1, 6))
    hub.start()
    wait_final(hub, len(bodies) + 5)
    hub.wait_sent()
    assert hub.end() == 0
    letters = hub.queue(DEAD_LETTERS)
    assert sorted(envelope.body for envelope in letters) == sorted(bodies)
    assert hub.number("SELECT count(*) FROM hub_inbox WHERE state = 'done'") == 5


@pytest.mark.parametrize("away", ["kill", "stop"])
def test_files_that_are_taken_while_the_database_is_away_are_taken_again(served_hub, private_postgresql, away):
    hub = served_hub(workers=1, routes=["mainframe_folder"], folder_settle_s=0)
    inbox = hub.folder / "folders" / "mainframe" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "a.xml").write_bytes(order(1))
    hub.start()
    hub.wait_done(1)
    getattr(private_postgresql, away)()
    (inbox / "b.xml").write_bytes(order(2))
    failed = hub.log.count("the world is at fault")
    # Two failures since the file lies there: at least one step has found it, and could not file it.
    hub.wait(lambda: hub.log.count("the world is at fault") >= failed + 2, "no step fails", running=True)
    private_postgresql.start()
    (inbox / "c.xml").write_bytes(order(3))
    hub.wait_done(3)
    hub.wait_sent()
    assert hub.end() == 0
    done = inbox.parent / "done"
    assert sorted(file.name for file in done.glob("?.xml")) == ["a.xml", "b.xml", "c.xml"]
    assert list(inbox.iterdir()) == []
    assert list((inbox.parent / "working" / ".taken").iterdir()) == []


def test_what_kills_left_in_folders_is_cleared_at_the_next_start(embedded_hub):
    hub = embedded_hub(workers=1, routes=["mainframe_folder"], folder_settle_s=0)
    folder = hub.folder / "folders" / "mainframe"
    (folder / "inbox").mkdir(parents=True)
    hub.start()
    for number in range(1, 41):
        (folder / "inbox" / f"{number}.xml").write_bytes(order(number))
        if number % 10 == 0:
            time.sleep(0.2)
            hub.kill_everything()
            hub.start()
    hub.wait_done(40)
    done = folder / "done"
    hub.wait(lambda: len(list(done.glob("*.reply.xml"))) == 40, "answers don't lie beside their files", running=True)
    (folder / "working" / ".taken" / "gone.xml").touch()
    (folder / "done" / ".orderhub-1.tmp").touch()
    hub.kill_everything()
    hub.start()
    left = [folder / "working" / ".taken" / "gone.xml", folder / "done" / ".orderhub-1.tmp"]
    hub.wait(lambda: not any(file.exists() for file in left), "leftovers stay", running=True)
    assert hub.end() == 0
    assert [file.name for file in folder.rglob(".*.tmp")] == []
    assert list((folder / "working" / ".taken").iterdir()) == []
    assert len(list((folder / "done").glob("*.reply.xml"))) == 40
