"""A hub that may take little memory gets through messages that would fill it together."""

from __future__ import annotations

import resource

from adapters.transport import Delivery, Envelope
from hub.data_manager.data_manager import DataManager
from tests.crash.hub_at_work import ORDERS_QUEUE, ROUTE, customer, order

#: Bytes beyond those that the worker has, before the messages come.
MORE = 250 * 1024 * 1024
MESSAGES = 10


def large_order(number: int) -> bytes:
    """An order of 15,000 lines, a little less than the 4 MiB that a route takes; it is refused for the lines."""
    line = order(number).partition(b"<LINE>")[2].partition(b"</LINE>")[0]
    return (
        order(number).partition(b"<LINE>")[0]
        + b"".join(
            b"<LINE>" + line.replace(b">1</LINE-NO>", b">%d</LINE-NO>" % place) + b"</LINE>\n" + b" " * 120
            for place in range(1, 15_001)
        )
        + b"</ORDER></ORDERS>"
    )


def test_large_messages_are_worked_one_by_one_in_little_memory(embedded_hub):
    hub = embedded_hub(workers=1)
    hub.start()
    hub.wait(lambda: len(hub.worker_processes()) == 1, "no worker starts")
    hub.send([1])
    hub.wait_done(1)
    [worker] = hub.worker_processes()
    with open(f"/proc/{worker}/statm") as statm:
        taken = int(statm.read().split()[0]) * resource.getpagesize()
    resource.prlimit(worker, resource.RLIMIT_AS, (taken + MORE, taken + MORE))
    open_hub = hub.open_hub()
    deliveries = [
        Delivery(Envelope(None, large_order(number)), ORDERS_QUEUE, "local", customer(number))
        for number in range(2, 2 + MESSAGES)
    ]
    assert 3_000_000 < deliveries[0].envelope.size < 4_194_304
    DataManager(open_hub).file(open_hub.deployment.routes[ROUTE], deliveries)
    open_hub.close()
    refused = "SELECT count(*) FROM hub_inbox WHERE state IN ('rejected', 'invalid') AND reason = 'OrderTooLarge'"
    hub.wait(lambda: hub.number(refused) == MESSAGES, "the large orders aren't refused", running=True)
    assert hub.worker_processes() == [worker]
    hub.send([30])
    hub.wait(lambda: hub.done() == 2, "no order is worked any more", running=True)
    assert hub.end() == 0
