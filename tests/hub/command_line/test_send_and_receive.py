"""`orderhub send` and `receive`: what goes in whole, what is taken once, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib

import pytest
from structlog.testing import capture_logs

from adapters.transport import MOST_BYTES
from adapters.transports.memory import MemoryBroker, MemoryTransport
from tests.road import mainframe_line, mainframe_order, sample


def test_a_file_with_any_name_is_sent_and_its_source_can_be_read(road, command, tmp_path):
    file = pathlib.Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.xml"))
    file.write_bytes(sample("order-1-new-service.xml"))
    printed = command("send", "mainframe_order", file)
    assert printed.out.endswith(f"\tnew\treceived\t{tmp_path}/bad\\udcff.xml\n")
    assert road.shown(printed.out.split("\t")[0])["source"] == f"{tmp_path}/bad\\udcff.xml"


def test_a_file_in_a_folder_that_no_database_could_name_does_not_keep_run_once_from_ending(road, command, tmp_path):
    inbox = tmp_path / "folders" / "mainframe" / "inbox"
    inbox.mkdir(parents=True)
    pathlib.Path(os.fsdecode(os.fsencode(inbox) + b"/bad\xff.xml")).write_bytes(b"<ORDERS/>")
    command("run", "--once", expect=1)
    with capture_logs() as logs:
        assert not road.run()
        assert not road.run()
    told = [entry["file"] for entry in logs if entry["event"] == "a file is left alone"]
    assert told == ["mainframe/bad\\udcff.xml"]  # once, although each look finds it
    [left_alone] = json.loads(command("status", "--json").out)["left_alone"]
    assert left_alone["file"] == "mainframe/bad\\udcff.xml"
    assert "mainframe/bad\\udcff.xml" in command("status").out


def test_a_large_file_goes_into_a_folder_whole_and_is_refused_as_too_large(road, command, tmp_path):
    file = tmp_path / "large.xml"
    body = b"<ORDERS>" + b" " * (4 * 1024 * 1024) + b"</ORDERS>"
    file.write_bytes(body)
    command("send", "mainframe_folder", file)
    road.run()
    [row] = json.loads(command("messages", "list", "--json").out)
    shown = road.shown(row["id"])
    assert (shown["state"], shown["reason"]) == ("invalid", "LimitExceeded")
    assert (shown["size"], shown["digest"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert (tmp_path / "folders" / "mainframe" / "rejected" / "large.xml").stat().st_size == len(body)


def test_a_message_that_is_refused_at_the_door_is_printed_with_its_state(road, command, tmp_path):
    body = mainframe_order("1", mainframe_line("A", "A", "LCLLN001"), message="bad&#133;id")
    (tmp_path / "a.xml").write_text(body)
    (tmp_path / "b.xml").write_bytes(sample("order-1-new-service.xml"))
    lines = command("send", "mainframe_order", "a.xml", "b.xml", expect=1).out.splitlines()
    assert [line.split("\t")[1:] for line in lines] == [["new", "invalid", "a.xml"], ["new", "received", "b.xml"]]
    assert road.shown(lines[0].split("\t")[0])["reason"] == "IdentityRefused"


def test_a_folder_carries_no_ids(road, command, tmp_path):
    (tmp_path / "a.xml").write_bytes(b"<ORDERS/>")
    printed = command("send", "mainframe_folder", "a.xml", "--id", "X", "--reply-to", "y", expect=2)
    assert printed.err == (
        "--id and --reply-to can't be used with the route 'mainframe_folder'\n"
        "  where: route mainframe_folder, folder mainframe\n"
        "  why:   a file carries its body alone: the answer is put beside it, and the identity comes from the content\n"
        "  mend:  leave the option out, or send to a route that reads a channel\n"
        "  reason: OptionUnusable\n"
    )
    command("send", "mainframe_folder", "a.xml", "missing.xml", expect=2)
    assert not list((tmp_path / "folders").glob("*/inbox/*"))


class BrokenOutput:
    """Standard output whose reader is gone when it is flushed."""

    def write(self, text):
        return len(text)

    def flush(self):
        raise BrokenPipeError


def test_what_could_not_be_printed_was_not_taken(road, command, monkeypatch):
    road.work(sample("order-1-new-service.xml"))
    before = road.left("mainframe.answers")
    assert len(before) == 1
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", BrokenOutput())
        command("receive", "mainframe.answers", expect=1)
    assert road.left("mainframe.answers") == before
    assert "<STATE>" in command("receive", "mainframe.answers").out
    assert road.left("mainframe.answers") == []


def test_a_channel_that_nothing_names_is_refused_with_those_that_are_known(road, command):
    printed = command("receive", "provisioning.work_order", expect=2)
    assert printed.out == ""
    assert printed.err.startswith("there is no channel 'provisioning.work_order'\n")
    assert "mainframe_order.dead-letter" in printed.err
    assert printed.err.endswith("mend:  did you mean 'provisioning.work_orders'?\n  reason: ChannelUnknown\n")
    for known in ("provisioning.work_orders", "mainframe.orders", "mainframe_folder.dead-letter", "mainframe.mine"):
        assert command("receive", known).out == ""


def test_with_a_broker_a_message_is_published_to_it(road, command, tmp_path, monkeypatch):
    broker = MemoryBroker()
    monkeypatch.setenv("ORDERHUB_BROKER_URL", "amqp://broker.example/")
    monkeypatch.setattr("adapters.rabbitmq.transport.RabbitMQ.open", lambda setup: MemoryTransport(broker))
    (tmp_path / "a.xml").write_bytes(b"<ORDERS/>")
    printed = command("send", "mainframe_order", "a.xml", "--id", "M-1", "--correlation-id", "C-1")
    assert printed.out == "M-1\tpublished\tmainframe.orders\ta.xml\n"
    [delivery] = MemoryTransport(broker).receive("mainframe.orders", 10, 0)
    envelope = delivery.envelope
    assert (envelope.message_id, envelope.correlation_id, envelope.body) == ("M-1", "C-1", b"<ORDERS/>")
    assert road.counts() == {}
    (tmp_path / "b.xml").write_bytes(b"x" * (MOST_BYTES + 1))
    assert "the file is too large for a message" in command("send", "mainframe_order", "b.xml", expect=1).err
    assert "the channel 'x' is a queue of the broker" in command("receive", "x", expect=2).err


@pytest.mark.parametrize("number", [0, 3])
def test_sqlite_serves_two_workers(road, command, number):
    printed = command("run", "--once", "--workers", number, expect=2)
    assert number == 0 or "3 worker processes are too many" in printed.err


def test_the_number_of_workers_is_a_setting_and_an_option(road, command, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "hub.command_line.running.run_workers", lambda deployment, number, once: asked.append((number, once))
    )
    monkeypatch.setenv("ORDERHUB_WORKERS", "2")
    command("run", expect=1)
    command("run", "--once", "--workers", "1", expect=1)
    assert asked == [(2, False), (1, True)]
