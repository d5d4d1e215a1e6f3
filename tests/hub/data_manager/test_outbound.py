"""Messages that can't leave: set aside, put back, sent elsewhere, given up; the others of the destination go on."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from adapters.database.messages.outbox import OUTBOX, OutboxMessage
from adapters.transport import Envelope
from adapters.transports.memory import MemoryBroker, MemoryTransport
from hub.workflow_manager.effects import SYSTEM_HEADER
from tests.road import Road, mainframe_line, mainframe_order, provisioning_status, sample, work_order_lines

BAD_ID = "MF-0001\n"


@pytest.fixture
def broker(monkeypatch):
    """A broker in memory, in the place of RabbitMQ."""
    broker = MemoryBroker()
    monkeypatch.setenv("ORDERHUB_BROKER_URL", "amqp://broker.example/")
    monkeypatch.setattr("adapters.rabbitmq.transport.RabbitMQ.open", lambda setup: MemoryTransport(broker))
    return broker


@pytest.fixture
def brokered(broker, tmp_path):
    road = Road(tmp_path, broker_url="amqp://broker.example/").load_samples()
    yield road
    road.close()


def emit(road, *messages):
    """Write messages that leave, as they stand; return the rows' ids."""
    with road.open_hub.write() as transaction:
        return transaction.messages.outbox.emit_all(messages)


def states(road, destination):
    with road.open_hub.read() as transaction:
        rows = transaction.messages.outbox.listing(destination=destination)
    return {row["message_id"]: (row["state"], (row["error"] or {}).get("reason")) for row in reversed(rows)}


def test_a_message_that_its_transport_refuses_is_set_aside_and_the_rest_of_its_queue_leaves(brokered, broker):
    ids = ["one", "two", "three"]
    queue = "provisioning.work_orders"
    emit(
        brokered,
        *(OutboxMessage(id, queue, "outbound", b"<a/>", correlation_id=BAD_ID if id == "two" else id) for id in ids),
    )
    assert not brokered.run()
    assert states(brokered, queue) == {
        "one": ("sent", None),
        "two": ("set aside", "EnvelopeRefused"),
        "three": ("sent", None),
    }
    assert [entry.envelope.message_id for entry in broker.queues[queue]] == ["one", "three"]


@pytest.mark.parametrize("end", ["folder:records", "embedded"])
def test_no_transport_lets_one_message_stop_the_others(road, end, tmp_path):
    destination = "mainframe.orders" if end == "embedded" else end
    good, bad = sample("order-1-new-service.xml"), b"<ORDERS/>"
    emit(
        road,
        OutboxMessage("bad", destination, "outbound", bad, correlation_id=BAD_ID),
        OutboxMessage("good", destination, "outbound", good),
    )
    road.run()
    if end == "embedded":  # the route that reads the channel refuses it, as what came from a broker
        assert road.counts() == {"done": 1, "invalid": 1, "received": 1}  # the day of the order is planned
    else:
        assert states(road, destination) == {"bad": ("set aside", "EnvelopeRefused"), "good": ("sent", None)}
        assert [file.name for file in (tmp_path / "folders" / "records" / "outbox").iterdir()] == ["good.xml"]


def test_a_file_whose_name_is_taken_by_a_folder_is_set_aside(road, tmp_path):
    (tmp_path / "folders" / "records" / "outbox" / "one.xml").mkdir(parents=True)
    emit(road, *(OutboxMessage(id, "folder:records", "outbound", b"<a/>") for id in ("one", "two")))
    road.run()
    assert states(road, "folder:records") == {"one": ("set aside", "FileNotWritable"), "two": ("sent", None)}


def test_a_fault_that_nobody_foresaw_sets_one_message_aside(brokered, broker, monkeypatch):
    publish = MemoryTransport.publish

    def fail(self, channel, envelopes):
        if any(envelope.message_id == "one" for envelope in envelopes):
            raise ZeroDivisionError("division by zero")
        publish(self, channel, envelopes)

    monkeypatch.setattr(MemoryTransport, "publish", fail)
    emit(brokered, *(OutboxMessage(id, "billing.events", "outbound", b"<a/>") for id in ("one", "two")))
    brokered.run()
    assert states(brokered, "billing.events") == {"one": ("set aside", "HandingOverFailed"), "two": ("sent", None)}


def test_an_identity_in_indented_xml_is_the_id_without_the_white_space(road):
    order = mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L1"), message="\n  MF-0001\n  ")
    shown = road.work(order)
    assert (shown["state"], shown["identity"], shown["message_id"]) == ("done", "MF-0001", "MF-0001")
    [work_order] = road.left("provisioning.work_orders")
    assert work_order.message.correlation_id == "MF-0001"


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        ("MF\n1", "character 3 is the control character U+000A"),
        ("MF&#x85;1", "character 3 is the control character U+0085"),
        ("M" * 129, "it has 129 characters, and may have 1 to 128"),
        ("\U0001f4e6" * 64, "it has 256 bytes in UTF-8, and may have 255"),
    ],
    ids=["line break", "C1", "long", "many bytes"],
)
def test_an_identity_that_can_not_be_an_id_refuses_its_message_alone(road, identity, why):
    line = mainframe_line(1, "A", "LCLLN001", ref="L1")
    shown = road.work(mainframe_order("1", line, message=identity))
    assert (shown["state"], shown["reason"], shown["message_id"]) == ("invalid", "IdentityRefused", None)
    assert shown["error"]["why"] == why
    assert shown["identity"] == shown["digest"]
    [dead_letter] = road.left("mainframe_order.dead-letter")
    assert dead_letter.message.headers["x-orderhub-reason"] == "IdentityRefused"
    assert road.work(mainframe_order("2", line))["state"] == "done"


def test_a_value_that_one_system_can_not_take_holds_up_that_system_alone(road, command):
    """The profile is kept up, the other channel of billing is told, and the record leaves once it can be made."""
    assert road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L1")))["state"] == "done"
    [line] = work_order_lines(road.work_orders()[0])
    # Provisioning brings the value: nobody could know it when the order was accepted.
    status = provisioning_status("O-0000001-1", [(line.get("integrationId") or "", "COMPLETED")])
    status = status.replace("</status>", "</status><serviceNumber>Łącze</serviceNumber>")
    assert road.work(status, "provisioning_status")["state"] == "done"
    assert road.profile("1-B") == {"Local Line": "Active"}
    assert len(road.left("billing.events")) == 1
    [row] = json.loads(command("messages", "outbound", "--state", "set aside", "--json").out)
    assert (row["destination"], row["error"]["reason"]) == ("billing.records", "OutboundFailed")
    status = json.loads(command("status", "--json").out)
    assert [(one["destination"], one["messages"]) for one in status["set_aside"]] == [("billing.records", 1)]
    refused = command("messages", "resend", row["id"], expect=1)
    assert refused.err.startswith("field") or "Ł" in refused.err
    with road.open_hub.write() as transaction:  # as an operator would mend it
        outbox = transaction.messages.outbox.row(row["id"])
        body = outbox.message.body.decode().replace("Łącze", "Lacze").encode()
        transaction.connection.execute(update(OUTBOX).where(OUTBOX.c.id == row["id"]).values(body=body))
    assert command("messages", "resend", row["id"]).err == f"{row['id']}: waiting for billing.records\n"
    [record] = road.take("billing.records")  # whatever its time: the command has the real clock
    assert "Lacze" in record.message.body.decode("iso-8859-1")
    assert record.message.message_id == row["message_id"]
    assert record.message.content_type.startswith("text/plain")


def test_a_message_that_has_not_left_can_be_sent_elsewhere_and_given_up(road, command):
    first, second = emit(road, *(OutboxMessage(id, "gone.queue", "reply", b"<a/>") for id in ("one", "two")))
    wrong = command("messages", "resend", first, "--to", "billing.event", expect=2)
    assert "did you mean 'billing.events'?" in wrong.err
    assert "  where: option --to\n" in wrong.err
    assert command("messages", "resend", first, "--to", "folder:rescue", "--dry-run").err == (
        f"{first}: would wait for folder:rescue\n"
    )
    assert states(road, "folder:rescue") == {}
    assert command("messages", "resend", first, "--to", "folder:rescue").err == f"{first}: waiting for folder:rescue\n"
    assert command("messages", "give-up", second).err == f"{second}: given up\n"
    assert road.run()
    assert states(road, "folder:rescue") == {"one": ("sent", None)}
    assert states(road, "gone.queue") == {"two": ("given up", None)}
    assert "it is sent" in command("messages", "resend", first, expect=1).err
    assert json.loads(command("messages", "show", second, "--json").out)["state"] == "given up"
    assert command("messages", "show", second, "--body").out == "<a/>\n"
    for repeated in (("resend", second), ("resend", second, "--to", "folder:rescue"), ("give-up", second)):
        refused = command("messages", *repeated, expect=1).err
        assert "it is given up; this can be done with messages that are waiting or set aside" in refused
        assert "never sent again" in refused
    assert road.run()
    assert states(road, "gone.queue") == {"two": ("given up", None)}


def test_a_message_that_an_operator_sends_elsewhere_while_it_is_published_leaves_for_both(road):
    [row_id] = emit(road, OutboxMessage("one", "first", "reply", b"<a/>"))
    with road.open_hub.write() as transaction:
        transaction.messages.outbox.put_back(row_id, "second")
        transaction.messages.outbox.mark_sent("first", [row_id])
        transaction.messages.outbox.set_aside("first", row_id, {"what": "refused by the first"})
    assert states(road, "second") == {"one": ("waiting", None)}


def test_what_is_refused_by_its_transport_is_refused_again_until_an_operator_gives_it_up(brokered, command):
    [row_id] = emit(brokered, OutboxMessage("one", "billing.events", "outbound", b"<a/>", correlation_id=BAD_ID))
    for _ in range(2):
        assert not brokered.run()
        assert states(brokered, "billing.events") == {"one": ("set aside", "EnvelopeRefused")}
        command("messages", "resend", row_id)
    command("messages", "give-up", row_id)
    assert brokered.run()


@pytest.mark.parametrize("system", ["Billing", None], ids=["declared", "no system"])
def test_an_envelope_that_was_refused_gets_what_its_system_declares_today(brokered, broker, command, system):
    headers = {} if system is None else {SYSTEM_HEADER: system}
    queue = "billing.events"
    labels = {"content_type": "text/csv\x07", "type": "Rows\n", "headers": headers}
    [row_id] = emit(brokered, OutboxMessage("one", queue, "outbound", b"<a/>", **labels))
    assert not brokered.run()
    assert states(brokered, queue) == {"one": ("set aside", "EnvelopeRefused")}
    command("messages", "resend", row_id)
    assert brokered.run() == (system is not None)
    if system is None:
        assert states(brokered, queue) == {"one": ("set aside", "EnvelopeRefused")}
    else:
        [entry] = broker.queues[queue]
        declared = brokered.open_hub.deployment.systems[system]
        assert (entry.envelope.content_type, entry.envelope.type) == (declared.content_type, declared.type)


def test_a_message_that_only_waits_keeps_its_envelope(road, command):
    labels = {"content_type": "text/csv", "type": "Rows", "headers": {SYSTEM_HEADER: "Billing"}}
    [row_id] = emit(road, OutboxMessage("one", "billing.events", "outbound", b"<a/>", **labels))
    command("messages", "resend", row_id)
    [row] = road.take("billing.events")  # whatever its time: the command has the real clock
    assert (row.message.content_type, row.message.type) == ("text/csv", "Rows")


def test_commands_for_the_other_direction_are_named(road, command):
    came = road.send(sample("order-3-unknown-product.xml"), id="M-1")
    [leaves] = emit(road, OutboxMessage("one", "gone.queue", "reply", b"<a/>"))
    refused = command("messages", "replay", leaves, expect=1).err
    assert refused.startswith(f"the message {leaves} is an outbound message\n")
    assert f"`orderhub messages resend {leaves}`" in refused
    for id in (came, "M-1"):
        refused = command("messages", "resend", id, expect=1).err
        assert refused.startswith(f"the message {came} is an inbound message\n")
        assert f"`orderhub messages replay {came}`" in refused
    for name in ("replay", "resend"):
        assert command("messages", name, "nothing", expect=1).err.startswith("there is no message 'nothing'\n")


def test_an_operators_decisions_are_printed_as_json(road, command):
    came = road.work(sample("order-3-unknown-product.xml"))["id"]
    ids = emit(road, *(OutboxMessage(id, "gone.queue", "reply", b"<a/>") for id in ("one", "two")))
    waiting = [{"id": id, "state": "waiting", "destination": "folder:rescue"} for id in ids]
    for more in (("--dry-run",), ()):
        assert json.loads(command("messages", "resend", *ids, "--to", "folder:rescue", "--json", *more).out) == waiting
        replayed = json.loads(command("messages", "replay", came, "--json", *more).out)
        assert replayed == {"id": came, "state": "received"}
    assert json.loads(command("messages", "give-up", ids[0], "--json").out) == {"id": ids[0], "state": "given up"}
    refused = json.loads(command("messages", "resend", ids[0], "--json", expect=1).out)
    assert refused["reason"] == "MessageNotThere"


class TestReplies:
    """The repeat's answer, and a reply-to that the route doesn't allow."""

    ORDER = mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L1"))

    def test_a_repeat_is_answered_under_its_own_correlation_id(self, road):
        road.work(self.ORDER, id="M-1", correlation_id="first")
        road.work(self.ORDER, id="M-2", correlation_id="second", reply_to="mainframe.mine")
        road.work(self.ORDER, id="M-3")
        answers = road.left("mainframe.answers") + road.left("mainframe.mine")
        assert [(row.message.destination, row.message.correlation_id) for row in answers] == [
            ("mainframe.answers", "first"),
            ("mainframe.answers", "M-3"),
            ("mainframe.mine", "second"),
        ]
        assert len({(row.message.message_id, row.message.body) for row in answers}) == 1

    def test_a_repeat_that_comes_before_the_answer_gets_one_of_its_own(self, road):
        """Another correlation id asks for another answer; the same one, as when a broker delivers twice, doesn't."""
        for correlation_id in ("first", "first", "second", "second"):
            road.send(self.ORDER, id="M-1", correlation_id=correlation_id)
        road.run()
        answers = road.left("mainframe.answers")
        assert [row.message.correlation_id for row in answers] == ["first", "second"]

    @pytest.mark.parametrize("asked", ["billing.events", "mainframe.orders", "folder:x"])
    def test_a_reply_to_that_is_not_allowed_is_told(self, road, command, tmp_path, asked):
        """`mainframe.*` doesn't allow the route's own queue."""
        shown = road.work(self.ORDER, reply_to=asked)
        assert (shown["reply_to"], shown["reply_to_refused"]) == ("mainframe.answers", asked)
        [answer] = road.left("mainframe.answers")
        assert answer.message.headers["x-orderhub-reply-to-refused"] == asked
        (tmp_path / "order.xml").write_text(self.ORDER)
        printed = command("send", "mainframe_order", "order.xml", "--reply-to", asked)
        told = f"the route 'mainframe_order' allows no reply-to '{asked}': the answer goes to 'mainframe.answers'\n"
        assert printed.err.startswith(told)
        assert "reply-to not allowed" in printed.err  # the log, as of a message that comes from elsewhere

    def test_an_empty_reply_to_is_none(self, brokered, broker):
        brokered.run()  # declares the queues
        envelope = Envelope("M-1", self.ORDER.encode(), reply_to="", correlation_id="", type="", content_type="")
        broker.put("mainframe.orders", envelope)
        brokered.run()
        assert brokered.counts() == {"done": 1}
        [answer] = broker.queues["mainframe.answers"]
        assert answer.envelope.correlation_id == "M-1"


def test_a_message_is_found_by_the_identity_that_its_sender_uses(brokered, command, tmp_path):
    line = mainframe_line(1, "A", "LCLLN001", ref="L1")
    (tmp_path / "order.xml").write_text(mainframe_order("1", line, message="K-0003"))
    made = command("send", "mainframe_order", "order.xml").out.split("\t")[0]
    brokered.run()
    shown = json.loads(command("messages", "show", "K-0003", "--json").out)
    assert (shown["message_id"], shown["identity"]) == (made, "K-0003")
    assert "K-0003" in command("messages", "list").out
    (tmp_path / "order.xml").write_text(mainframe_order("2", line, message="K-0003"))
    command("send", "mainframe_order", "order.xml", "--id", "K-0003")
    brokered.run()
    printed = command("messages", "show", "K-0003", "--json")
    assert json.loads(printed.out)["reason"] == "MessageIdReused"
    assert printed.err == f"2 messages have this id; this is the newest. Older ones: {shown['id']}\n"


def test_lists_say_that_there_are_more_and_commands_the_state_that_came(road, command):
    ids = [road.send(sample("order-3-unknown-product.xml"), id=f"M-{number}") for number in range(1)]
    emit(road, *(OutboxMessage(f"e{number}", "billing.events", "outbound", b"<a/>") for number in range(3)))
    road.send(b"<x/>", id="M-9")
    for group in ("list", "outbound"):
        printed = command("messages", group, "--limit", "1", "--json")
        assert len(json.loads(printed.out)) == 1
        assert printed.err == "there are more messages: these are the newest 1; --limit shows more\n"
        assert command("messages", group, "--limit", "3").err == ""
    road.run()
    assert command("messages", "replay", ids[0]).err == f"{ids[0]}: received\n"
