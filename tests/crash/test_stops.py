"""Hubs that share a queue are stopped and started in turn under a backlog: no message overtakes one of its key."""

from __future__ import annotations

import random
import time

import pytest

from tests.crash.hub_at_work import CUSTOMERS, ROUTE, refused_order
from tests.crash.invariants import check_turns

#: Several prefetches between two stops; more would prove no more, and take a minute a case.
MESSAGES = 1_200
ROUNDS = 3


@pytest.mark.parametrize(
    ("hubs", "workers", "stop"),
    [(3, 1, "end"), (1, 2, "end"), (2, 1, "kill_everything"), (1, 2, "kill_worker")],
    ids=["three hubs", "two workers", "two hubs killed", "two workers killed"],
)
def test_stops_under_a_backlog_keep_the_order_of_each_key(served_hub, hubs, workers, stop):
    """The next consumer waits already when the active one goes, with messages that were handed over to it."""
    running = [served_hub(workers=workers) for _ in range(hubs)]
    first = running[0]
    chance = random.Random(20260111)  # noqa: S311  # repeatable on purpose
    for hub in running:
        hub.start()
        hub.wait_linked(workers)
    first.send(range(1, MESSAGES + 1), refused_order)
    links = dict.fromkeys(running, workers)
    for turn in range(ROUNDS):
        hub = running[turn % hubs]
        # A random part of a group: anywhere in the work.
        hub.wait_filed(MESSAGES * turn // (ROUNDS + 1) + chance.randrange(100))
        if stop == "end":
            assert hub.end() == 0
        elif stop == "kill_everything":
            hub.kill_everything()
        else:
            hub.kill_worker(chance)
        if stop != "kill_worker":  # which is started again by the hub itself
            hub.start()
        links[hub] += 1 if stop == "kill_worker" else workers
        hub.wait_linked(links[hub])
    first.wait_filed(MESSAGES)
    assert [hub.end() for hub in running] == [0] * hubs
    assert not [hub.log for hub in running if "Traceback" in hub.log]
    check_turns(first)
    found = first.rows("SELECT count(*), count(DISTINCT identity), count(DISTINCT key) FROM hub_inbox")
    assert found == [(MESSAGES, MESSAGES, CUSTOMERS)]


def test_pauses_under_a_backlog_keep_the_order_of_each_key(served_hub):
    """Two hubs give back what they were handed, each at its own moment."""
    running = [served_hub(workers=1) for _ in range(2)]
    for hub in running:
        hub.start()
        hub.wait_linked(1)
    first = running[0]
    first.send(range(1, MESSAGES + 1), refused_order)
    open_hub = first.open_hub()
    for turn in range(ROUNDS):
        first.wait_filed(MESSAGES * turn // (ROUNDS + 1) + 1)
        with open_hub.write() as transaction:
            transaction.messages.control.pause(f"route:{ROUTE}")
        assert first.number("SELECT count(*) FROM hub_inbox") < MESSAGES
        time.sleep(0.5)  # each hub looks at its next step
        with open_hub.write() as transaction:
            transaction.messages.control.resume(f"route:{ROUTE}")
    open_hub.close()
    first.wait_filed(MESSAGES)
    assert [hub.end() for hub in running] == [0, 0]
    check_turns(first)
    assert first.rows("SELECT count(*), count(DISTINCT identity) FROM hub_inbox") == [(MESSAGES, MESSAGES)]
