"""What must hold after whatever was done to the hub, read from database and queues alone.

Spec: docs/design/guarantees.md, G1 to G6 and "The crash suite" (invariants).
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from tests.crash.hub_at_work import ANSWERS, ORDERS_QUEUE, ROUTE, WORK_ORDERS, HubAtWork

#: seconds that a server has to end the session of a client that has gone
SESSION_S = 10.0


def check(hub: HubAtWork, orders: int) -> None:
    """Prove that each of *orders* orders was worked once and answered, and that nothing else is there.

    The hub has come to its end in order, after everything was done.
    """
    check_messages(hub, orders)
    check_orders(hub, orders)
    check_outbox(hub, orders)
    if hub.broker_url is not None:
        check_queues(hub)
    check_nothing_left(hub)
    check_database(hub)


def check_messages(hub: HubAtWork, orders: int) -> None:
    """Every message is one row that is done, and the doors counted as many deliveries as the rows tell of."""
    found = hub.rows("SELECT state, count(*), count(DISTINCT identity) FROM hub_inbox GROUP BY state")
    assert found == [("done", orders, orders)]
    repeats = hub.number("SELECT sum(repeats) FROM hub_inbox")
    assert hub.number("SELECT sum(deliveries) FROM hub_door_count") == orders + repeats
    check_turns(hub)


def check_turns(hub: HubAtWork) -> None:
    """The messages of each customer were filed in the order in which they were sent."""
    sent: dict[str, list[int]] = defaultdict(list)
    for identity, key in hub.rows("SELECT identity, key FROM hub_inbox ORDER BY seq"):
        sent[key].append(int(identity.removeprefix("M-")))
    wrong = {key: numbers for key, numbers in sent.items() if numbers != sorted(numbers)}
    assert not wrong, wrong


def check_orders(hub: HubAtWork, orders: int) -> None:
    """Every order and line is there once, with a number of its own, in each customer's order of filing."""
    found = hub.rows("SELECT count(*), count(DISTINCT source_order_number), count(DISTINCT order_number) FROM s_order")
    assert found == [(orders, orders, orders)]
    numbers = hub.number("SELECT value FROM hub_sequence WHERE name = 'Order Number'")
    # Where processes share a database they take numbers in blocks, of which a death leaves the rest unused.
    assert numbers == orders if hub.broker_url is None else numbers >= orders
    lines = hub.rows("SELECT count(*), count(DISTINCT asset_integ_id) FROM s_order_item")
    assert lines == [(2 * orders, 2 * orders)]
    assert hub.number("SELECT count(*) FROM s_work_order") == orders
    assert hub.number("SELECT count(*) FROM s_integration_key") == 2 * orders
    by_customer: dict[str, list[int]] = defaultdict(list)
    for account, place in hub.rows(
        "SELECT o.account_id, i.seq FROM s_order o "
        "JOIN hub_inbox i ON i.message_id = 'M-' || o.source_order_number ORDER BY o.row_id"
    ):
        by_customer[account].append(int(place))
    assert sum(len(places) for places in by_customer.values()) == orders
    wrong = {account: places for account, places in by_customer.items() if places != sorted(places)}
    assert not wrong, wrong


def check_outbox(hub: HubAtWork, orders: int) -> None:
    """Every order has one work order and one answer; an answer may be there again, with the same id and body."""
    hub.look_at_outbox()
    kinds = hub.rows("SELECT kind, count(DISTINCT message_id), count(DISTINCT inbox_id) FROM hub_outbox GROUP BY kind")
    assert sorted(kinds) == [("outbound", orders, orders), ("reply", orders, orders)]
    assert hub.number("SELECT count(*) FROM hub_outbox WHERE kind = 'outbound'") == orders
    assert hub.rows("SELECT message_id FROM hub_outbox GROUP BY message_id HAVING count(DISTINCT body) > 1") == []


def check_queues(hub: HubAtWork) -> None:
    """Everything in the outbox was sent at least once with its id and its body, nothing else, and nothing is left."""
    for queue in (WORK_ORDERS, ANSWERS):
        rows = hub.rows(f"SELECT message_id, body FROM hub_outbox WHERE destination = '{queue}'")
        emitted = {(message_id, bytes(body)) for message_id, body in rows}
        arrived = [(one.message_id, one.body) for one in hub.queue(queue)]
        assert set(arrived) == emitted
        assert len(arrived) >= len(rows)
    assert hub.number("SELECT count(*) FROM hub_outbox WHERE sent_at IS NULL") == 0
    for queue in (ORDERS_QUEUE, f"{ROUTE}.dead-letter"):
        assert hub.queue(queue) == []


def check_nothing_left(hub: HubAtWork) -> None:
    """No lease, no mark of what a process has in hand, no session and no lock outlive the hub."""
    assert hub.rows("SELECT * FROM hub_lease") == []
    assert hub.rows("SELECT * FROM hub_in_hand") == []
    if hub.on_sqlite:
        assert sorted(path.name for path in hub.folder.glob("orderhub.db*")) == ["orderhub.db"]
        return
    assert _sessions(hub) == []
    assert hub.rows("SELECT * FROM pg_locks WHERE locktype = 'advisory'") == []
    assert hub.rows("SELECT * FROM pg_prepared_xacts") == []


def _sessions(hub: HubAtWork) -> list[tuple[Any, ...]]:
    """The sessions of clients that stay; the server ends one a moment after its client has gone."""
    deadline = time.monotonic() + SESSION_S
    while True:
        found = hub.rows(
            "SELECT state, query FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def check_database(hub: HubAtWork) -> None:
    """The database's own checks find nothing."""
    if hub.on_sqlite:
        assert hub.rows("PRAGMA integrity_check") == [("ok",)]
        assert hub.rows("PRAGMA foreign_key_check") == []
        return
    if hub.number("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'"):
        hub.rows("CREATE EXTENSION IF NOT EXISTS amcheck")
        hub.rows(
            "SELECT bt_index_check(index => i.indexrelid, heapallindexed => true) FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
            "WHERE a.amname = 'btree' AND c.relnamespace = 'public'::regnamespace"
        )
    orphans = "SELECT count(*) FROM {} child LEFT JOIN {} parent ON child.{} = parent.{} WHERE parent.{} IS NULL"
    for child, column, parent, key in (
        ("s_order_item", "order_id", "s_order", "row_id"),
        ("hub_outbox", "inbox_id", "hub_inbox", "id"),
    ):
        assert hub.number(orphans.format(child, parent, column, key, key)) == 0
