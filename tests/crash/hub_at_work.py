"""A hub at work in processes of its own, as whoever stands outside sees it: its orders, its processes, its tables.

hub = HubAtWork(folder, "postgresql://...", "amqp://...", workers=2)
hub.start()
hub.send(range(1, 501))
hub.wait_done(250)
hub.kill_everything()               SIGKILL to all its processes
hub.start()
hub.wait_done(500)
hub.end()                           SIGTERM; its exit code
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg

from adapters.database.schema.upgrade import upgrade
from adapters.rabbitmq import RabbitMQ, Timeouts
from adapters.transport import Delivery, Envelope, TransportAway, confirmed_of
from hub.data_manager.data_manager import DataManager
from hub.data_manager.intake import declare_channels
from hub.data_manager.lone_work import LoneWork
from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import Deployment
from hub.deployment.settings import read_settings
from hub.workflow_manager.origin import Origin
from hub.workflows.received.hub_object import load
from integration_objects.surroundings import Surroundings
from schemas.hub_xml import hub_from_xml
from tests.road import mainframe_line, mainframe_order

ROOT = pathlib.Path(__file__).parents[2]
ROUTE = "mainframe_order"
SQLITE = "orderhub.db"
ORDERS_QUEUE, ANSWERS, WORK_ORDERS = "mainframe.orders", "mainframe.answers", "provisioning.work_orders"
CUSTOMERS = 20
#: Seconds in which something must go on, on a busy machine.
GOES_ON_S = 90
#: Seconds between two looks.
LOOK_S = 0.02
#: Where parent and session stand in what follows the name in /proc/PID/stat; the first is the state.
_PARENT, _SESSION = 1, 3

Row = tuple[Any, ...]


def order(number: int) -> bytes:
    """A small order of one of the customers: a service with a feature, made by provisioning."""
    lines = (mainframe_line(1, "A", "LCLLN001", ref=f"L{number}"), mainframe_line(2, "A", "CALID001", parent=1))
    return mainframe_order(str(number), *lines, customer=customer(number), message=f"M-{number}").encode()


def refused_order(number: int) -> bytes:
    """An order of a product that nobody knows: it is refused, which takes the hub less time than working it."""
    return order(number).replace(b"LCLLN001", b"UNKNOWN1")


def customer(number: int) -> str:
    """The mainframe's number of the customer who sends order *number*."""
    return str(900_000 + number % CUSTOMERS)


class HubAtWork:
    """A deployment with one route; nothing runs before `start`.

    Args:
        folder: the deployment's, made here.
        database_url: a database that `prepare` has made ready.
        broker_url: None for the embedded queue.
        workers: the number of worker processes.
        database_through, broker_through: what the hub itself uses in their place: a proxy's address.
        settings: further settings.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        database_url: str,
        broker_url: str | None,
        workers: int,
        database_through: str | None = None,
        broker_through: str | None = None,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.broker_url = broker_url
        self.workers = workers
        self._settings = {
            "routes": [ROUTE],
            "systems": ["*"],
            "poll_s": 0.02,
            "database_url": database_through or database_url,
            **settings,
        }
        if broker_url is not None:
            self._settings["broker_url"] = broker_through or broker_url
        (folder / "orderhub.toml").write_text(
            "".join(f"{name} = {json.dumps(value)}\n" for name, value in self._settings.items())
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: dict[str, Row] = {}
        self._sender: RabbitMQ | None = None
        self._eye: psycopg.Connection[Row] | None = None
        if broker_url is not None:
            self._sender = RabbitMQ(broker_url, Surroundings(), timeouts=Timeouts(longest_backoff_s=0.5))
            declare_channels(self.open_hub(), {"channel": self._sender})

    # Its processes

    def start(self) -> None:
        """Start it; returns at once."""
        assert self.processes() == [], "it runs already"
        with (self.folder / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub.command_line.app", "run", "--workers", str(self.workers)],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=log,
                start_new_session=True,
            )

    def processes(self) -> list[int]:
        """The ids of all its living processes, that which was started first."""
        if self._process is None:
            return []
        return sorted(found for found, after_name in _processes() if int(after_name[_SESSION]) == self._process.pid)

    def worker_processes(self) -> list[int]:
        """The ids of the processes that work: the supervisor's children."""
        assert self._process is not None
        return sorted(found for found, after_name in _processes() if int(after_name[_PARENT]) == self._process.pid)

    def kill_worker(self, chance: random.Random) -> None:
        """SIGKILL to one of the worker processes, once there is one."""
        while True:
            found = self.worker_processes()
            with contextlib.suppress(ProcessLookupError, IndexError):  # none is there yet, or it went by itself
                os.kill(chance.choice(found), signal.SIGKILL)
                return
            time.sleep(LOOK_S)

    def kill_everything(self) -> None:
        """SIGKILL to all its processes, at one moment."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._wait_gone()

    def kill_parent(self) -> None:
        """SIGKILL to the process that was started; the workers must end by themselves."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._wait_gone()

    def end(self) -> int:
        """SIGTERM, as from whoever started it; returns the exit code, once all of it has ended."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(GOES_ON_S)
        self._wait_gone()
        return code

    def close(self) -> None:
        """End what is left of it, after a failed test too."""
        if self._process is not None and self.processes():
            self.kill_everything()
        if self._sender is not None:
            self._sender.close()
        if self._eye is not None:
            self._eye.close()

    @property
    def on_sqlite(self) -> bool:
        """Whether its database is a SQLite file, in its folder."""
        return self.database_url.startswith("sqlite")

    @property
    def log(self) -> str:
        """What it has written, for people."""
        return (self.folder / "hub.log").read_text(errors="replace")

    def _wait_gone(self) -> None:
        self.wait(lambda: not self.processes(), "the processes don't end")

    # Its doors

    def send(self, numbers: Iterable[int], body: Callable[[int], bytes] = order) -> None:
        """Send orders, in this order; returns when the hub's queue has them for good."""
        bodies = {number: body(number) for number in numbers}
        if self._sender is not None:
            self.publish(ORDERS_QUEUE, [Envelope(f"M-{number}", body) for number, body in bodies.items()])
            return
        open_hub = self.open_hub()
        open_hub.prepare_database()
        deliveries = [
            Delivery(Envelope(None, body), ORDERS_QUEUE, "local", f"order-{number}") for number, body in bodies.items()
        ]
        DataManager(open_hub).file(open_hub.deployment.routes[ROUTE], deliveries)
        open_hub.close()

    def publish(self, queue: str, envelopes: list[Envelope]) -> None:
        """Publish as a careful sender does: a message that wasn't confirmed is sent again."""
        assert self._sender is not None
        deadline = time.monotonic() + GOES_ON_S
        while envelopes:
            try:
                self._sender.publish(queue, envelopes)
                return
            except TransportAway as error:
                assert time.monotonic() < deadline, "the broker doesn't come back"
                envelopes = [one for place, one in enumerate(envelopes) if place not in confirmed_of(error)]
                time.sleep(LOOK_S)

    def queue(self, name: str) -> list[Envelope]:
        """Take all that is in a queue."""
        assert self._sender is not None
        taken: list[Envelope] = []
        while got := self._sender.receive(name, 10_000, 0.3):
            taken += [one.envelope for one in got]
            self._sender.acknowledge(got)
        self._sender.release([name])
        return taken

    # Its tables

    def rows(self, statement: str) -> list[Row]:
        """What a SELECT finds, by a connection of its own, past the hub and its proxies."""
        if self.on_sqlite:
            with contextlib.closing(sqlite3.connect(self.folder / SQLITE, timeout=GOES_ON_S)) as connection:
                return connection.execute(statement).fetchall()
        for _ in range(2):  # the second time because the server was away since the last look
            if self._eye is None or self._eye.broken:
                self._eye = psycopg.connect(self.database_url, autocommit=True)
            with contextlib.suppress(psycopg.OperationalError):
                cursor = self._eye.execute(statement)
                return cursor.fetchall() if cursor.description else []
        raise AssertionError("the database doesn't answer")

    def number(self, statement: str) -> Any:
        """The one value that a SELECT finds."""
        [[value]] = self.rows(statement)
        return value

    def done(self) -> int:
        """How many messages are done."""
        return int(self.number("SELECT count(*) FROM hub_inbox WHERE state = 'done'"))

    def wait_done(self, number: int) -> None:
        """Wait until *number* messages are done."""

        def enough() -> bool:
            found = dict(self.rows("SELECT state, count(*) FROM hub_inbox GROUP BY state"))
            assert found.keys() <= {"received", "retrying", "done"}, self.log[-2000:]
            return found.get("done", 0) >= number

        self.wait(enough, f"{number} messages don't get done", running=True)

    def wait_filed(self, number: int) -> None:
        """Wait until *number* messages are in the inbox, in whatever state."""
        filed = "SELECT count(*) FROM hub_inbox"
        self.wait(lambda: self.number(filed) >= number, f"{number} messages don't get filed", running=True)

    def wait_linked(self, times: int) -> None:
        """Wait until its processes have opened the link that they consume by, *times* times since the beginning."""
        line = "link='orderhub consume'"
        self.wait(lambda: self.log.count(line) >= times, "the hub doesn't consume", running=True)

    def wait_sent(self) -> None:
        """Wait until nothing waits to leave."""
        waiting = "SELECT count(*) FROM hub_outbox WHERE sent_at IS NULL"
        self.wait(lambda: self.number(waiting) == 0, "messages don't leave", running=True)

    def look_at_outbox(self) -> None:
        """Prove that what was in the outbox before is there still, and has the ids and the body that it had."""
        found = {
            row[0]: row[1:]
            for row in self.rows("SELECT id, message_id, kind, inbox_id, destination, body FROM hub_outbox")
        }
        changed = {row_id: row for row_id, row in self._seen.items() if found.get(row_id) != row}
        assert changed == {}
        self._seen = found

    def wait(self, condition: Callable[[], bool], what: str, running: bool = False) -> None:
        """Wait until *condition* holds; fail with *what* after a while, or, with *running*, when the hub ends."""
        deadline = time.monotonic() + GOES_ON_S
        while not condition():
            if running:
                assert self._process is not None
                assert self._process.poll() is None, f"the hub ended: {self.log[-2000:]}"
            assert time.monotonic() < deadline, f"{what}: {self.log[-2000:]}"
            time.sleep(LOOK_S)

    def open_hub(self, process: str = "command", lone_work: LoneWork | None = None) -> OpenHub:
        """The deployment, opened in this process, past the proxies."""
        settings = {**self._settings, "database_url": self.database_url}
        return OpenHub(
            Deployment(self.folder, read_settings(self.folder, environment=False, **settings)),
            process=process,
            lone_work=lone_work,
        )


def prepare(folder: pathlib.Path, database_url: str) -> None:
    """Make a database ready for the route: its tables, the samples' products, and twenty customers."""
    open_hub = OpenHub(Deployment(folder, read_settings(folder, environment=False, database_url=database_url)))
    upgrade(open_hub.database, open_hub.deployment.definitions)
    products = (ROOT / "hub" / "samples" / "catalogue.xml").read_bytes()
    accounts = "".join(
        f"<Account><AccountId>1-{number}</AccountId><Name>Customer {number}</Name><CurrencyCode>USD</CurrencyCode>"
        f"<Status>Active</Status><ListOfAccountKey><AccountKey><System>MAINFRAME</System><Number>{number}</Number>"
        "</AccountKey></ListOfAccountKey></Account>"
        for number in (customer(number) for number in range(CUSTOMERS))
    )
    message = (
        '<Message MessageType="Integration Object" IntObjectName="Account" IntObjectFormat="Hierarchical">'
        f"<ListOfAccount>{accounts}</ListOfAccount></Message>"
    )
    for body in (products, message.encode()):
        with open_hub.write() as transaction:
            load(transaction.run(Origin("load", "local", "test")), hub_from_xml(body, open_hub.deployment.definitions))
    open_hub.close()


def _processes() -> Iterator[tuple[int, Sequence[str]]]:
    """All processes of the machine that aren't dead, each with what follows its name in /proc/PID/stat."""
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if after_name[0] not in "ZX":
                yield int(entry.name), after_name
