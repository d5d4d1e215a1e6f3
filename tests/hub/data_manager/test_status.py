"""What the hub says of its state: why a destination is blocked, which keys are held, which doors don't answer."""

from __future__ import annotations

import socket

from adapters.transport import TransportAway
from hub.data_manager.doors import doors
from hub.data_manager.status import status_of
from tests.road import Road, mainframe_line, mainframe_order


def status(road):
    with road.open_hub.read() as transaction:
        return status_of(transaction, road.open_hub.deployment)


def test_a_blocked_destination_tells_why_and_when_it_is_tried_again(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="A")))
    (waiting,) = [row for row in status(road)["outbox"] if row["destination"] == "mainframe.answers"]
    assert (waiting["waiting"], waiting["attempts"], waiting["again_at"], waiting["error"]) == (1, 0, None, None)
    fault = TransportAway("the broker doesn't answer", why="connection refused", mend="start it")
    later = road.surroundings.later(60)
    with road.open_hub.write() as transaction:
        (head,) = transaction.messages.outbox.heads(["mainframe.answers"])
        transaction.messages.outbox.mark_failed("mainframe.answers", head.id, fault.as_dict(), later)
    (blocked,) = [row for row in status(road)["outbox"] if row["destination"] == "mainframe.answers"]
    assert (blocked["attempts"], blocked["again_at"]) == (1, later)
    assert blocked["error"]["why"] == "connection refused"


def test_ages_and_reasons_of_unfinished_messages_are_told(road):
    row_id = road.send(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="A")))
    state = status(road)
    received_at = road.shown(row_id)["received_at"]
    assert state["messages"]["oldest"] == {"received": received_at}
    assert [(one["route"], one["state"], one["messages"]) for one in state["unfinished"]] == [
        ("mainframe_order", "received", 1)
    ]
    road.run()
    assert (status(road)["messages"]["oldest"], status(road)["unfinished"], status(road)["held_keys"]) == ({}, [], [])


def test_files_that_wait_at_a_folder_are_counted_and_embedded_channels_are_no_doors(road):
    inbox = road.folder / "folders" / "mainframe" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "order.xml").write_text("<ORDERS/>")
    assert doors(road.open_hub) == [
        {"route": "mainframe_batch", "door": "folder mainframe.batches", "waiting": 0, "why": None},
        {"route": "mainframe_folder", "door": "folder mainframe", "waiting": 1, "why": None},
    ]


def test_a_door_that_does_not_answer_says_why(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    road = Road(tmp_path, routes=["mainframe_order"], broker_url=f"amqp://127.0.0.1:{port}/")
    (door,) = doors(road.open_hub)
    assert (door["route"], door["door"], door["waiting"]) == ("mainframe_order", "channel mainframe.orders", None)
    assert "refused" in door["why"]
    road.close()
