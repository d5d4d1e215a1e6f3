"""A hub is killed at random points of a batch: the next one goes on, and no order is lost or doubled."""

from __future__ import annotations

import io
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from adapters.database.connection.database import Database
from adapters.database.schema.upgrade import upgrade
from integration_objects.definition import shipped_definitions
from schemas.layouts.record_object import RecordObject
from tests.hub.data_manager.test_batches import batches, counted, file_of, files, order_node, put, told
from tests.road import Road

#: more than one transaction of filing, and some seconds of work
ORDERS = 250
KILLS = 4
#: seconds until a hub must have finished, on a busy machine
FINISHED_S = 180


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_a_batch_survives_kills_at_random_points(
    tmp_path: pathlib.Path, request: pytest.FixtureRequest, kind: str
) -> None:
    url = "sqlite:///orderhub.db" if kind == "SQLite" else request.getfixturevalue("database_url")
    if kind == "PostgreSQL":
        database = Database(url)
        upgrade(database, shipped_definitions())
        database.close()
    road = Road(tmp_path, **({"database_url": url} if kind == "PostgreSQL" else {}))
    road.load_samples()
    content = file_of(road, [order_node(number, customer=("100300", "100200")[number % 2]) for number in range(ORDERS)])
    settings = (
        f'database_url = "{url}"\nroutes = ["mainframe_batch"]\nsystems = ["*"]\nfolder_settle_s = 0\npoll_s = 0.01\n'
    )
    (tmp_path / "orderhub.toml").write_text(settings)
    put(road, content)
    chance = random.Random(20261129)  # noqa: S311  # repeatable on purpose
    for _ in range(KILLS):
        hub = _started(tmp_path)
        _wait_for_work(road, hub)
        time.sleep(chance.uniform(0.0, 1.5))
        os.killpg(hub.pid, signal.SIGKILL)
        hub.wait()
    hub = _started(tmp_path)
    _wait_for_handler(hub)
    end = time.monotonic() + FINISHED_S
    # Not until a file is in done/: the process that was killed last may have moved it, and not noted that.
    while batches(road)[0].state != "done" and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(hub.pid, signal.SIGTERM)
    assert hub.wait() == 0
    assert counted(road) == {"done": ORDERS}
    (batch,) = batches(road)
    assert (batch.state, batch.orders, batch.filed) == ("done", ORDERS, ORDERS)
    assert files(road, "done") == ["b.bin", "b.bin.reply.bin"]
    assert files(road, "working") == files(road, "inbox") == []
    answer = (tmp_path / "folders" / "mainframe.batches" / "done" / "b.bin.reply.bin").read_bytes()
    layout = road.open_hub.deployment.external_objects["Mainframe Batch Answer"]
    assert isinstance(layout, RecordObject)
    outcomes = told(list(layout.layout.read(io.BytesIO(answer))))
    assert [outcome[:3] for outcome in outcomes] == [(str(n + 1), f"B-{n}", "OK") for n in range(ORDERS)]
    numbers = [order.get("Source Order Number") for order in road.stored("OM Order")]
    assert len(numbers) == len(set(numbers)) == ORDERS
    road.close()


def _started(folder: pathlib.Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hub.command_line.app", "run"]
    root = pathlib.Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with (folder / "hub.log").open("ab") as log:
        return subprocess.Popen(  # the hub itself
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def _wait_for_handler(hub: subprocess.Popen[bytes]) -> None:
    """Wait until *hub* handles SIGTERM: the signal ends a process that only begins to load Python, with -15."""
    end = time.monotonic() + FINISHED_S
    while True:
        status = pathlib.Path(f"/proc/{hub.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)  # one bit a signal, from the lowest
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        assert hub.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


def _wait_for_work(road: Road, hub: subprocess.Popen[bytes]) -> None:
    """Wait until the hub does something about the batch that it didn't do before."""
    before = _progress(road)
    end = time.monotonic() + FINISHED_S
    while _progress(road) == before:
        assert hub.poll() is None, (road.folder / "hub.log").read_text()
        assert time.monotonic() < end
        time.sleep(0.02)


def _progress(road: Road) -> tuple[object, ...]:
    return (tuple((batch.state, batch.filed) for batch in batches(road)), tuple(counted(road).items()))
