"""The servers that tests start for themselves: killed and started again, and gone at the end."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pika
import psycopg
import pytest

from tests.services import debian, postgresql, private_server, rabbitmq
from tests.services.guard import processes_in
from tests.services.postgresql import NamedServerAway, PrivatePostgresql, a_postgresql
from tests.services.private_server import Missing, PrivateServer, ServerDidNotStart, free_port
from tests.services.rabbitmq import PrivateRabbitmq, a_rabbitmq

ROOT = pathlib.Path(__file__).parents[2]
#: Seconds until what was ended is gone, on a busy machine.
GONE_S = 30


def is_gone(folder: pathlib.Path) -> bool:
    deadline = time.monotonic() + GONE_S
    while time.monotonic() < deadline:
        if not folder.exists() and not processes_in(folder):
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def channel(url: str) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        opened = connection.channel()
        opened.confirm_delivery()
        yield opened
    finally:
        connection.close()


def ended_in_order(server: PrivateServer) -> None:
    server.stop()


def killed(server: PrivateServer) -> None:
    server.kill()


@pytest.mark.parametrize("ended", [ended_in_order, killed])
def test_a_postgresql_that_ends_keeps_what_was_committed(private_postgresql, ended: Callable[[PrivateServer], None]):
    url, table = private_postgresql.url, ended.__name__
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE {table} AS SELECT 1 AS kept")
        connection.commit()
        connection.execute(f"INSERT INTO {table} VALUES (2)")
        ended(private_postgresql)
        assert not private_postgresql.running
        assert processes_in(private_postgresql.folder) == []
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    private_postgresql.start()
    assert private_postgresql.url == url
    with psycopg.connect(url) as connection:
        assert connection.execute(f"SELECT kept FROM {table}").fetchall() == [(1,)]


def test_a_private_postgresql_keeps_commits_safe(private_postgresql):
    with psycopg.connect(private_postgresql.url) as connection:
        shown = [
            connection.execute(f"SHOW {setting}").fetchone()[0]
            for setting in ("fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "server_encoding")
        ]
    assert shown == ["on", "on", "on", "127.0.0.1", "UTF8"]


@pytest.mark.parametrize("ended", [ended_in_order, killed])
def test_a_rabbitmq_that_ends_keeps_what_was_confirmed(private_rabbitmq, ended: Callable[[PrivateServer], None]):
    url, queue = private_rabbitmq.url, ended.__name__
    with channel(url) as opened:
        opened.queue_declare(queue, durable=True)
        kept = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)
        opened.basic_publish("", queue, b"kept", kept, mandatory=True)
        time.sleep(rabbitmq.SETTLED_S)
    ended(private_rabbitmq)
    assert not private_rabbitmq.running
    assert rabbitmq.why_unfit(url) is not None
    private_rabbitmq.start()
    assert private_rabbitmq.url == url
    with channel(url) as opened:
        assert opened.basic_get(queue, auto_ack=True)[2] == b"kept"
        opened.queue_delete(queue)


def test_a_private_rabbitmq_is_asked_by_its_own_control_program(private_rabbitmq):
    assert "orderhub-" in private_rabbitmq.control("eval", "node().")
    assert private_rabbitmq.control("list_vhosts").split() == ["name", "/"]


def test_a_server_that_is_closed_leaves_nothing(private_postgresql):
    with PrivatePostgresql() as server:
        folder = server.folder
        assert server.port != private_postgresql.port
        server.kill()
    assert not folder.exists()
    assert processes_in(folder) == []
    assert server.folder is None


def test_a_run_that_is_killed_leaves_nothing(private_postgresql):
    """The fixture says whether there is a PostgreSQL to start."""
    code = (
        "import time\n"
        "from tests.services.postgresql import PrivatePostgresql\n"
        "server = PrivatePostgresql()\n"
        "server.start()\n"
        "print(server.folder, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        folder = pathlib.Path(run.stdout.readline().strip())
        assert processes_in(folder) != []
        run.kill()
    assert is_gone(folder)


@pytest.mark.parametrize("stopped_by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_developers_pair_runs_until_it_is_stopped(private_postgresql, private_rabbitmq, stopped_by):
    with subprocess.Popen(
        [sys.executable, "-m", "tests.services"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as services:
        lines = []
        while not (lines and lines[-1].startswith("# Ctrl-C")):
            lines.append(services.stdout.readline())
            assert lines[-1], "it ended"
        printed = dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))
        assert postgresql.why_unfit(printed["ORDERHUB_TEST_DATABASE_URL"]) is None
        assert postgresql.why_unfit(printed["ORDERHUB_DATABASE_URL"]) is None
        assert rabbitmq.why_unfit(printed["ORDERHUB_TEST_BROKER_URL"]) is None
        assert printed["ORDERHUB_BROKER_URL"] == printed["ORDERHUB_TEST_BROKER_URL"]
        services.send_signal(stopped_by)
        assert services.wait(GONE_S) == 0
    folders = [pathlib.Path(found) for found in re.findall(r"/\S*orderhub-\S+", "".join(lines))]
    assert len(folders) == 2
    assert all(is_gone(folder) for folder in folders)


def test_a_server_that_does_not_start_says_the_end_of_its_log_and_leaves_nothing(tmp_path, monkeypatch):
    class Broken(PrivateServer):
        name, start_s, stop_signal = "Broken", 5.0, signal.SIGTERM

        def _prepare(self) -> None:
            self.made = self.folder

        def _launch(self) -> subprocess.Popen[bytes]:
            return self._popen(["/bin/sh", "-c", "echo no space; exit 1"], "server")

        def _answers(self) -> bool:
            return False

    broken = Broken()
    with pytest.raises(ServerDidNotStart) as caught, broken:
        pytest.fail("it didn't start")
    assert str(caught.value) == "Broken ended while starting: no space"
    assert not broken.made.exists()


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server answers, none is installed, and none may be."""
    for module in (postgresql, rabbitmq):
        monkeypatch.setattr(module, "LOCAL", free_port())
        monkeypatch.delenv(module.SETTING, raising=False)
    monkeypatch.setattr(postgresql, "FOLDERS", ())
    monkeypatch.setattr(rabbitmq, "BEHIND_THE_WRAPPER", pathlib.Path("/nowhere"))
    monkeypatch.setattr(private_server, "_ALSO_ON_PATH", "")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian._why_not.cache_clear()


@pytest.mark.parametrize(
    ("server", "module", "tried", "package"),
    [
        (a_postgresql, postgresql, "ORDERHUB_TEST_DATABASE_URL names no PostgreSQL", "postgresql"),
        (a_rabbitmq, rabbitmq, "ORDERHUB_TEST_BROKER_URL names no RabbitMQ", "rabbitmq-server"),
    ],
)
def test_where_there_is_none_the_reason_says_what_to_install(nothing_here, server, module, tried, package):
    with pytest.raises(Missing) as caught, server():
        pytest.fail("there is one")
    assert str(caught.value) == (
        f"{tried}, none answers on port {module.LOCAL}, and "
        f"{package} isn't installed, and only root on Debian may have the tests install it: apt-get install {package}"
    )


@pytest.mark.parametrize("server", [PrivatePostgresql, PrivateRabbitmq])
def test_a_private_server_that_is_missing_leaves_no_folder(nothing_here, tmp_path, monkeypatch, server):
    monkeypatch.setattr(private_server.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(Missing), server():
        pytest.fail("there is one")
    assert list(tmp_path.iterdir()) == []


def test_a_named_server_that_does_not_answer_is_not_replaced(monkeypatch):
    port = free_port()
    monkeypatch.setenv("ORDERHUB_TEST_DATABASE_URL", f"postgresql+psycopg://me:secret@127.0.0.1:{port}/orders")
    monkeypatch.setenv("ORDERHUB_TEST_BROKER_URL", f"amqp://me:secret@127.0.0.1:{port}/%2F")
    for server, shown in (
        (a_postgresql, f"ORDERHUB_TEST_DATABASE_URL names postgresql://me:***@127.0.0.1:{port}/orders"),
        (a_rabbitmq, f"ORDERHUB_TEST_BROKER_URL names amqp://127.0.0.1:{port}/%2F"),
    ):
        with pytest.raises(NamedServerAway) as caught, server():
            pytest.fail("it answers")
        assert str(caught.value).startswith(f"{shown}, which is no use: ")
