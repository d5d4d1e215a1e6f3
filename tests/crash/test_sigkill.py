"""The hub is killed in the middle of its work, again and again; every order is there exactly once."""

from __future__ import annotations

import importlib.resources
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

ORDERS = 200
KILLS = 5


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hub.cli", *arguments]


def order(number: int) -> str:
    return (
        f"<ORDERS><ORDER><MSG-ID>M-{number}</MSG-ID><ORD-NO>{number}</ORD-NO><REV-NO>1</REV-NO>"
        f"<CUST-NO>{('100200', '100300')[number % 2]}</CUST-NO><CURR>USD</CURR>"
        f"<LINE><LINE-NO>1</LINE-NO><SVC-REF>L{number}</SVC-REF><ACTN>A</ACTN><PROD-CD>LCLLN001</PROD-CD><QTY>1</QTY></LINE>"
        f"<LINE><LINE-NO>2</LINE-NO><PARENT-LINE-NO>1</PARENT-LINE-NO><ACTN>A</ACTN><PROD-CD>CALID001</PROD-CD>"
        f"<QTY>1</QTY></LINE></ORDER></ORDERS>"
    )


def rows(folder: pathlib.Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "orderhub.db", timeout=30)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.fixture
def deployment(tmp_path: pathlib.Path) -> pathlib.Path:
    """A deployment with 200 orders of two customers in its inbox."""
    (tmp_path / "orderhub.toml").write_text('routes = ["mainframe_order"]\npoll_s = 0.01\n')
    samples = importlib.resources.files("hub") / "samples"
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    for name in ("products.xml", "accounts.xml"):
        (tmp_path / name).write_bytes((samples / name).read_bytes())
    subprocess.run(
        command("load", "products.xml", "accounts.xml"),
        cwd=tmp_path,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    files = []
    for number in range(1, ORDERS + 1):
        file = tmp_path / f"order-{number}.xml"
        file.write_text(order(number))
        files.append(file.name)
    subprocess.run(
        command("send", "mainframe_order", *files), cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return tmp_path


def test_sigkill_in_the_middle_loses_nothing_and_doubles_nothing(deployment):
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    chance = random.Random(20260101)  # noqa: S311  # repeatable on purpose
    seen: dict[object, object] = {}
    for kill in range(1, KILLS + 1):
        process = subprocess.Popen(command("run"), cwd=deployment, env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        # The kills fall where a share of the orders is done, and a little later: anywhere in the work.
        while rows(deployment, "SELECT count(*) FROM hub_inbox WHERE state = 'done'")[0][0] < ORDERS * kill // (
            KILLS + 1
        ):  # type: ignore[operator]
            assert process.poll() is None
            assert time.monotonic() < deadline, "the hub doesn't go on"
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for row_id, message_id in rows(deployment, "SELECT id, message_id FROM hub_outbox"):
            assert seen.setdefault(row_id, message_id) == message_id
    assert subprocess.run(command("run", "--once"), cwd=deployment, env=environment, check=False).returncode == 0

    assert rows(deployment, "SELECT state, count(*) FROM hub_inbox GROUP BY state") == [("done", ORDERS)]
    assert rows(
        deployment, "SELECT count(*), count(DISTINCT source_order_number), count(DISTINCT order_number) FROM s_order"
    ) == [(ORDERS, ORDERS, ORDERS)]
    assert rows(deployment, "SELECT count(*) FROM s_order_item") == [(ORDERS * 2,)]
    assert rows(deployment, "SELECT count(*), count(DISTINCT message_id) FROM hub_outbox WHERE kind = 'outbound'") == [
        (ORDERS, ORDERS)
    ]
    assert rows(deployment, "SELECT count(*), count(DISTINCT message_id) FROM hub_outbox WHERE kind = 'reply'") == [
        (ORDERS, ORDERS)
    ]
    kept = dict(rows(deployment, "SELECT id, message_id FROM hub_outbox"))
    assert seen.items() <= kept.items()
    assert rows(deployment, "PRAGMA integrity_check") == [("ok",)]
    assert rows(deployment, "PRAGMA foreign_key_check") == []
    # within a customer the orders were worked in the order in which they were sent
    for account in ("1-A", "1-B"):
        numbers = [
            int(str(row[0]))
            for row in rows(
                deployment,
                f"SELECT source_order_number FROM s_order WHERE account_id = '{account}' ORDER BY order_number",
            )
        ]
        assert numbers == sorted(numbers)
