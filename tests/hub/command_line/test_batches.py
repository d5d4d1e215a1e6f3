"""`orderhub batch`: send, list, show, and the faults that a person meets."""

from __future__ import annotations

import json
import re
from typing import Any

from hub.command_line.batches import _LISTED
from tests.hub.data_manager.test_batches import PLACE, answer, file_of, files, order_node, put, told, without_its_file
from tests.road import Road


def test_a_batch_is_sent_listed_shown_and_answered(road: Road, command: Any) -> None:
    (road.folder / "b.bin").write_bytes(file_of(road, [order_node(1), order_node(2, product="NOSUCH")]))
    sent = json.loads(command("batch", "send", "mainframe_batch", "b.bin", "--json").out)
    assert sent == {"id": sent["id"], "orders": 2}
    assert [row["state"] for row in json.loads(command("batch", "list", "--json").out)] == ["announced"]
    said = command("batch", "show", sent["id"], "--answer", "early.bin", expect=1).err
    assert said.splitlines()[0] == f"the batch {sent['id']} has no answer yet"
    road.run()
    (row,) = json.loads(command("batch", "list", "--json").out)
    assert {name: row[name] for name in ("id", "state", "number", "orders", "accepted", "refused", "states")} == {
        "id": sent["id"], "state": "done", "number": "1", "orders": 2, "accepted": 1, "refused": 1,
        "states": {"done": 1, "rejected": 1},
    }  # fmt: skip
    heads, line = command("batch", "list").out.splitlines()
    assert tuple(heads.split()) == _LISTED
    assert re.match(rf"{sent['id']}  mainframe_batch  done   b.bin  1       2       2      1         1 ", line)
    shown = json.loads(command("batch", "show", sent["id"], "--json").out)
    assert [(part["position"], part["state"], part["own_id"]) for part in shown["parts"]] == [(2, "rejected", "B-2")]
    assert shown["parts"][0]["place"] == "record 4, byte 180 of the file"
    command("batch", "show", sent["id"], "--answer", "answer.bin")
    there = road.folder / "folders" / PLACE / "done" / "b.bin.reply.bin"
    assert (road.folder / "answer.bin").read_bytes() == there.read_bytes()
    listed = json.loads(command("messages", "list", "--batch", sent["id"], "--json").out)
    assert [message["message_id"] for message in listed] == ["B-2", "B-1"]


def test_refused_orders_are_sent_again_by_an_option(road: Road, command: Any) -> None:
    (road.folder / "b.bin").write_bytes(file_of(road, [order_node(1), order_node(2, product="NOSUCH")]))
    command("batch", "send", "mainframe_batch", "b.bin")
    road.run()
    (road.folder / "c.bin").write_bytes(file_of(road, [order_node(2)], number=2))
    command("batch", "send", "mainframe_batch", "c.bin", "--resubmits", "1")
    road.run()
    assert told(answer(road, "c.bin")) == [("1", "B-2", "OK", None)]
    said = command("batch", "send", "mainframe_batch", "c.bin", "--resubmits", "77", expect=1).err
    assert said.splitlines()[0] == "there is no batch '77' whose orders could come again"


def test_a_faulty_file_is_refused_at_once_and_stays_where_it_is(road: Road, command: Any) -> None:
    (road.folder / "b.bin").write_bytes(file_of(road, [order_node(1)])[:-3])
    said = command("batch", "send", "mainframe_batch", "b.bin", expect=1).err
    assert said.splitlines()[:2] == ["record 4 can't be read", "  where: b.bin, byte 176 of the file"]
    assert files(road, "inbox") == []
    assert json.loads(command("batch", "list", "--json").out) == []
    said = command("batch", "send", "mainframe_order", "b.bin", expect=2).err
    assert said.splitlines()[0] == "the route mainframe_order takes no batches"
    # The fault is the route's: the file isn't named.
    assert said.splitlines()[1].endswith("routes/mainframe_order.yaml:2:1")
    assert "b.bin" not in said
    assert command("batch", "show", "NONE", expect=1).err.splitlines()[0] == "there is no batch 'NONE'"


def test_another_file_of_a_used_number_is_refused_at_once(road: Road, command: Any) -> None:
    (road.folder / "b.bin").write_bytes(file_of(road, [order_node(1)]))
    command("batch", "send", "mainframe_batch", "b.bin")
    road.run()
    (road.folder / "c.bin").write_bytes(file_of(road, [order_node(2)]))
    said = command("batch", "send", "mainframe_batch", "c.bin", expect=1).err
    assert said.splitlines()[0] == "the file's number '1' belongs to an earlier file"
    assert files(road, "inbox") == []
    assert [row["name"] for row in json.loads(command("batch", "list", "--json").out)] == ["b.bin"]


def test_a_batch_whose_file_is_gone_is_given_up_by_a_command(road: Road, command: Any) -> None:
    batch = without_its_file(road, orders=3)
    said = command("batch", "show", batch.id, "--answer", "early.bin", expect=1).err
    assert said.splitlines()[0] == f"the batch {batch.id} has no answer yet"
    assert "Missing option '--reason'" in command("batch", "give-up", batch.id, expect=2).err
    ended = command("batch", "give-up", batch.id, "--reason", "the disk was lost", "--json")
    assert json.loads(ended.out) == {"id": batch.id, "state": "given up"}
    shown = json.loads(command("batch", "show", batch.id, "--json").out)
    assert (shown["state"], shown["error"]["why"]) == (
        "given up",
        "the disk was lost; 2 of its 3 orders had become messages",
    )
    command("batch", "show", batch.id, "--answer", "answer.bin")
    decoded = command("layout", "decode", "Mainframe Batch Answer", "answer.bin").out.splitlines()
    assert '"BatchGivenUp"' in decoded[1]
    assert [line for line in decoded if '"B-1"' in line or '"B-2"' in line] == decoded[2:4]
    said = command("batch", "give-up", batch.id, "--reason", "again", expect=1).err
    assert said.splitlines()[0] == f"the batch {batch.id} can't be given up"


def test_a_copy_is_listed_with_the_orders_of_the_batch_that_it_repeats(road: Road, command: Any) -> None:
    content = file_of(road, [order_node(1), order_node(2, product="NOSUCH")])
    put(road, content)
    road.run()
    put(road, content, "copy.bin")
    road.run()
    rows = json.loads(command("batch", "list", "--json").out)
    assert [(row["name"], row["orders"], row["filed"], row["accepted"], row["refused"]) for row in rows] == [
        ("copy.bin", 2, 2, 1, 1),
        ("b.bin", 2, 2, 1, 1),
    ]
