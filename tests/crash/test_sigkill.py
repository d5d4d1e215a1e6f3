"""The hub is killed in the middle of its work, again and again; every order is there exactly once."""

from __future__ import annotations

import random

import pytest

from tests.crash.invariants import check

ORDERS = 500
#: Sent twice, from a sender that isn't sure: every twentieth.
REPEATED = range(20, ORDERS + 1, 20)


@pytest.mark.parametrize("workers", [1, 2], ids=["one worker", "two workers"])
@pytest.mark.parametrize("set_up", ["embedded_hub", "served_hub"], ids=["SQLite, embedded", "PostgreSQL, RabbitMQ"])
def test_sigkill_in_the_middle_loses_nothing_and_doubles_nothing(request, set_up, workers):
    hub = request.getfixturevalue(set_up)(workers=workers)
    chance = random.Random(20260101 + workers)  # noqa: S311  # repeatable on purpose
    hub.send(range(1, ORDERS + 1))
    hub.send(REPEATED)
    deaths = ["everything", "everything"] if workers == 1 else ["a worker", "the parent", "a worker", "everything"]
    hub.start()
    for number, death in enumerate(deaths, 1):
        # where a share of the orders is done, and a little later: anywhere in the work
        hub.wait_done(ORDERS * number // (len(deaths) + 1) + chance.randrange(10))
        if death == "a worker":
            hub.kill_worker(chance)
        elif death == "the parent":
            hub.kill_parent()
        else:
            hub.kill_everything()
        hub.look_at_outbox()
        if death != "a worker":  # which is started again by the hub itself
            hub.start()
    hub.wait_done(ORDERS)
    if hub.broker_url is not None:
        hub.wait_sent()
    assert hub.end() == 0
    check(hub, ORDERS)
