"""What makes the measured figures comparable: hub and script do the same durable work."""

from __future__ import annotations

import contextlib
import re
import sqlite3

import pytest
from lxml import etree
from sqlalchemy import inspect, text

from hub.data_manager.open_hub import OpenHub
from hub.data_manager.worker import Worker
from tests.bench import bench_hub, orders, road, script, setups, steps

#: columns that name rows, that tell when and by whom, and the hub's own numbers
_IDS = re.compile(
    r"(^|_)(row|order|item|root|asset_integ|integration)_id$|^(created|last_upd)(_by)?$|^(work_)?order_number$|^position$"
)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return setups.Embedded(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def by_hub(embedded, tmp_path_factory):
    """A database in which the hub has worked one order."""
    url, folder = embedded.new_database(), tmp_path_factory.mktemp("hub")
    embedded.sender("bench_order", folder, url)(range(7, 8), False)
    open_hub = OpenHub(bench_hub.deployment_in(folder, url, None))
    worker = Worker(open_hub)
    assert worker.run(once=True)
    worker.close()
    open_hub.close()
    return url


@pytest.fixture(scope="module")
def by_script(embedded, tmp_path_factory):
    """A database in which the script has worked the same order, with rows or with JSON for its attributes."""
    made: dict[str, str] = {}

    def worked(peer):
        if peer not in made:
            url = made[peer] = embedded.new_database()
            embedded.sender(peer, tmp_path_factory.mktemp(peer), url)(range(7, 8), False)
            engine = script.open_database(url)

            class Once:
                @property
                def asked(self):
                    with engine.connect() as connection:
                        return connection.scalar(text(f"SELECT count(*) FROM {script.IN_TABLE}")) == 0

            script.run_on_tables(script.Script(engine, peer), engine, Once())
            engine.dispose()
        return made[peer]

    return worked


def rows(url: str, table: str) -> list[dict[str, object]]:
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


def told(url, table, besides=()):
    """The rows, without what differs from peer to peer: identifiers, times, numbers."""
    found = [
        {name: value for name, value in row.items() if not _IDS.search(name) and name not in besides}
        for row in rows(url, table)
    ]
    return sorted(found, key=lambda row: sorted((name, str(value)) for name, value in row.items()))


@pytest.mark.parametrize("peer", script.SCRIPTS)
@pytest.mark.parametrize("table", [table for table in orders.ROWS if table != "hub_inbox"])
def test_hub_and_script_store_the_same_rows(by_hub, by_script, peer, table):
    """Attributes too, wherever they lie: the hub's and `script_json`'s views show what `script` has in tables."""
    theirs = dict(zip(orders.ROWS, setups.rows_of(peer), strict=True))[table]
    # The script doesn't compare what a sender sends again: the digest of the content is the hub's own.
    besides = ("attributes", "sent_content") if peer == script.SCRIPT else ("sent_content",)
    assert len(told(by_hub, table)) == orders.ROWS[table]
    assert told(by_hub, table, besides) == told(by_script(peer), theirs, besides)


@pytest.mark.parametrize("table", ["s_order_item", "s_work_order_item"])
def test_each_script_stores_attributes_in_one_place(by_script, table):
    """`script` leaves the column of the hub's storage empty, and `script_json` the tables that only `script` has."""
    assert {row["attributes"] for row in rows(by_script(script.SCRIPT), table)} == {None}
    assert rows(by_script(script.SCRIPT_JSON), script.ATTRIBUTES) == []
    assert rows(by_script(script.SCRIPT_JSON), script.WORK_ATTRIBUTES) == []


def test_the_scripts_tables_have_the_keys_that_attributes_have_without_json(embedded):
    engine = script.open_database(embedded.new_database())
    found = inspect(engine)
    for table, items in ((script.ATTRIBUTES, "order_item"), (script.WORK_ATTRIBUTES, "work_order_item")):
        [key] = found.get_foreign_keys(table)
        assert (key["constrained_columns"], key["referred_table"]) == ([f"{items}_id"], f"s_{items}")
        assert [one["column_names"] for one in found.get_unique_constraints(table)] == [[f"{items}_id", "name"]]
        assert found.get_pk_constraint(table)["constrained_columns"] == ["row_id"]
        assert len(found.get_check_constraints(table)) == 4
    engine.dispose()


@pytest.mark.parametrize("peer", script.SCRIPTS)
@pytest.mark.parametrize(
    ("table", "parent"), [("s_order_item", "par_order_item_id"), ("s_work_order_item", "par_work_order_item_id")]
)
def test_hub_and_script_store_the_same_tree(by_hub, by_script, peer, table, parent):
    def tree(url):
        lines = {row["row_id"]: row for row in rows(url, table)}
        return {
            row["ln_num"]: (lines[row[parent]]["ln_num"] if row[parent] else None, lines[row["root_id"]]["ln_num"])
            for row in lines.values()
        }

    assert tree(by_hub) == tree(by_script(peer))


@pytest.mark.parametrize("peer", script.SCRIPTS)
def test_hub_and_script_keep_the_same_body_and_nothing_is_left_to_do(by_hub, by_script, peer):
    for url in (by_hub, by_script(peer)):
        [row] = rows(url, "hub_inbox")
        assert (row["state"], row["body"], row["message_id"]) == ("done", orders.body(7), "MF-00000007-1")


@pytest.mark.parametrize("peer", script.SCRIPTS)
def test_hub_and_script_send_the_same_messages(by_hub, by_script, peer):
    def said(body):
        return [
            (node.tag, dict(node.attrib), re.sub(r"[0-9A-Za-z]{26,}|O-\d+", "ID", node.text or ""))
            for node in etree.fromstring(body).iter()
        ]

    sent = {row["destination"]: said(row["body"]) for row in rows(by_hub, "hub_outbox")}
    theirs = {row["queue"]: said(row["body"]) for row in rows(by_script(peer), script.OUT_TABLE)}
    assert sent["provisioning.work_orders"] == theirs[script.WORK_ORDERS]
    assert sent["mainframe.answers"] == theirs[script.ANSWERS]


def test_an_order_is_as_large_as_the_figures_say():
    assert 20_000 < len(orders.body(7)) < 24_000


@pytest.mark.parametrize(("owner", "name", "step"), steps.WRAPPED)
def test_the_profile_wraps_what_is_there(owner, name, step):
    assert callable(getattr(owner, name))
    assert step in steps.STEPS


def test_ratios_are_of_the_same_round_and_medians_of_each_figure():
    def figures(speed, ours):
        return road.Figures(speed, ours, 0.0, 0.0, 0.0, ours)

    found = {
        ("SQLite", 1, script.SCRIPT): [figures(10, 5), figures(20, 4), figures(30, 6)],
        ("SQLite", 1, "bench_order"): [figures(5, 10), figures(5, 20), figures(30, 6)],
    }
    assert road.ratios_to(script.SCRIPT, found, ("SQLite", 1, "bench_order")) == (2, 0.5)
    assert road.medians(found["SQLite", 1, "bench_order"]) == figures(5, 10)
    assert road.ratios_to(script.SCRIPT, {}, ("SQLite", 1, "bench_order")) is None
