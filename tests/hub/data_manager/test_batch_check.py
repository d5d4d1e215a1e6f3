"""A partner's own check of a file of many orders: the verdicts of the real run, and nothing is kept."""

from __future__ import annotations

import json

import pytest

from adapters.database.messages.message_filter import MessageFilter
from tests.hub.data_manager.test_batches import ROUTE, batches, file_of, order_node, put
from tests.road import Road


@pytest.fixture
def record_road(tmp_path):
    """A road on the real clock: a record has no place for the fractions of its seconds."""
    made = Road(tmp_path, real=True).load_samples()
    yield made
    made.close()


def test_each_order_of_a_file_gets_the_verdict_of_the_real_run(record_road, command, tmp_path):
    road = record_road
    orders = [order_node(1), order_node(2, product="NOSUCH01"), order_node(3, customer="999999"), order_node(4)]
    content = file_of(road, orders)
    (tmp_path / "b.bin").write_bytes(content)
    printed = command("partner", "check", ROUTE, "b.bin", "--json", expect=1)
    judged = json.loads(printed.out)
    assert [(one["name"], one["accepted"]) for one in judged] == [
        ("b.bin, order 1", True),
        ("b.bin, order 2", False),
        ("b.bin, order 3", False),
        ("b.bin, order 4", True),
    ]
    assert (batches(road), road.counts()) == ([], {})
    put(road, content)
    road.run()
    with road.open_hub.read() as transaction:
        listed = transaction.messages.listing(MessageFilter(route=ROUTE))
    # The last filed comes first.
    real = [(message["state"], message["reason"]) for message in reversed(listed)]
    assert [(one["state"], (one["error"] or {}).get("reason")) for one in judged] == real
    # The same file again would change nothing.
    known = command("partner", "check", ROUTE, "b.bin", expect=1).out
    [batch] = batches(road)
    assert known == (
        "b.bin: rejected\n"
        "  what:   the hub has the same file already\n"
        f"  where:  route {ROUTE}, batch {batch.id}\n"
        "  why:    the bytes are the same\n"
        f"  mend:   nothing: `orderhub batch show {batch.id}` has its verdicts\n"
        "  reason: FileKnown\n"
    )
    (tmp_path / "c.bin").write_bytes(file_of(road, [order_node(5)]))
    assert "reason: BatchNumberReused\n" in command("partner", "check", ROUTE, "c.bin", expect=1).out
    (tmp_path / "d.bin").write_bytes(file_of(road, [order_node(2)], number=2, **{"FIRST-FILE-NO": "1"}))
    assert "reason: ResubmissionNotJudged\n" in command("partner", "check", ROUTE, "d.bin", expect=1).out


def test_a_file_that_would_be_refused_whole_has_one_verdict(record_road, command, tmp_path):
    (tmp_path / "b.bin").write_bytes(file_of(record_road, [order_node(1)])[:-10])
    [judged] = json.loads(command("partner", "check", ROUTE, "b.bin", "--json", expect=1).out)
    assert (judged["name"], judged["state"], judged["error"]["reason"]) == ("b.bin", "invalid", "RecordsFaulty")
