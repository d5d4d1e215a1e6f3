"""Broker and database go away in the middle of the work, and the hub comes back by itself; every order once."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.crash.invariants import check
from tests.services.cutting_proxy import CuttingProxy
from tests.services.rabbitmq import SETTLED_S

ORDERS = 500


@pytest.fixture
def broker_proxy(fresh_broker):
    with CuttingProxy(fresh_broker) as proxy:
        yield proxy


@pytest.fixture
def database_proxy(fresh_database):
    with CuttingProxy(fresh_database) as proxy:
        yield proxy


def ends_well(hub):
    """The hub gets everything done by itself, and ends in order."""
    hub.wait_done(ORDERS)
    hub.wait_sent()
    assert hub.end() == 0
    check(hub, ORDERS)


def test_a_broker_that_is_killed_and_restarted(served_hub, private_rabbitmq):
    hub = served_hub(workers=1)
    declared = time.monotonic()
    hub.send(range(1, 301))
    hub.start()
    hub.wait_done(100)
    time.sleep(max(0.0, declared + SETTLED_S - time.monotonic()))
    private_rabbitmq.kill()
    hub.look_at_outbox()
    private_rabbitmq.start()
    hub.send(range(301, ORDERS + 1))
    hub.wait_done(350)
    private_rabbitmq.restart()
    ends_well(hub)


def cut(proxy) -> None:
    """Cut the connections that there are, once there are any: the hub may just be coming back from the last cut."""
    deadline = time.monotonic() + 60
    while proxy.cut() == 0:
        assert time.monotonic() < deadline, "the hub doesn't come back"
        time.sleep(0.01)


def test_a_connection_to_the_broker_that_is_cut(served_hub, broker_proxy):
    hub = served_hub(workers=2, broker_through=broker_proxy.url)
    hub.send(range(1, 301))
    hub.start()
    for done in (20, 120, 220):
        hub.wait_done(done)
        cut(broker_proxy)
    hub.send(range(301, ORDERS + 1))
    broker_proxy.cut_at(b"mainframe.answers", delivered=True)  # confirms that get lost
    hub.wait_done(350)
    broker_proxy.cut_at(b"provisioning.work_orders", delivered=False)
    ends_well(hub)


def test_a_connection_to_the_database_that_is_cut(served_hub, database_proxy):
    hub = served_hub(workers=1, database_through=database_proxy.url)
    hub.send(range(1, ORDERS + 1))
    hub.start()
    for done in (50, 150):
        hub.wait_done(done)
        # once more where the new connection files what came: it is not acknowledged, and comes again
        database_proxy.cut_at(b"INSERT INTO hub_inbox", delivered=False)
        cut(database_proxy)
    for done, delivered in ((200, True), (250, False), (300, True), (350, False), (400, True)):
        hub.wait_done(done)
        database_proxy.cut_at(b"COMMIT\0", delivered=delivered)  # whether it took effect, the hub can't know
    ends_well(hub)
    # The cuts were met; how many of them by a COMMIT of this hub is chance.
    assert "CommitUnknown" in hub.log
    assert "DatabaseAway" in hub.log


def test_a_database_that_is_killed_and_restarted(served_hub, private_postgresql):
    hub = served_hub(workers=2)
    hub.send(range(1, ORDERS + 1))
    hub.start()
    hub.wait_done(120)
    private_postgresql.kill()
    os.kill(hub.worker_processes()[0], signal.SIGKILL)  # its next one finds no database to begin with
    private_postgresql.start()
    hub.wait_done(300)
    private_postgresql.restart()
    ends_well(hub)


@pytest.mark.parametrize("away", ["broker", "database"])
def test_a_hub_ends_in_order_while_a_server_is_away(served_hub, broker_proxy, database_proxy, away):
    hub = served_hub(workers=2, broker_through=broker_proxy.url, database_through=database_proxy.url)
    hub.send(range(1, 51))
    hub.start()
    hub.wait_done(10)
    proxy = broker_proxy if away == "broker" else database_proxy
    proxy.refuse()
    proxy.cut()
    assert hub.end() == 0
    assert "Traceback" not in hub.log
