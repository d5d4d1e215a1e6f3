"""The two set-ups of the measurements: where databases are made, orders are sent, and what is done is counted."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence

import pika
import psycopg
from sqlalchemy import make_url

from adapters.rabbitmq import RabbitMQ
from adapters.transport import Channel, Envelope
from hub.data_manager.intake import declare_channels
from hub.data_manager.open_hub import OpenHub
from integration_objects.surroundings import Surroundings
from tests.bench import bench_hub, orders, processor_time, script
from tests.bench.script import SCRIPT, SCRIPTS


def rows_of(peer: str) -> dict[str, int]:
    """Rows that an order of this peer leaves in each table or view."""
    own = {"s_order_item_xa": script.ATTRIBUTES, "s_work_order_item_xa": script.WORK_ATTRIBUTES}
    return {own.get(name, name) if peer == SCRIPT else name: number for name, number in orders.ROWS.items()}


class Setup:
    """A database and a queue: makes databases for runs, sends orders, says what is done.

    Attributes:
        name, short: as the tables show it.
        broker_url: None where queues are embedded.
    """

    name: str
    short: str
    broker_url: str | None = None

    def versions(self) -> dict[str, str]:
        """Of its servers, by name."""
        return {}

    def new_database(self) -> str:
        """The URL of a fresh copy of the prepared database."""
        raise NotImplementedError

    def drop_database(self, url: str) -> None:
        """Remove it."""

    def counts(self, url: str, queries: Sequence[str]) -> list[int]:
        """What *queries* count."""
        raise NotImplementedError

    def done(self, peer: str) -> list[str]:
        """Queries that each count, once all is done, two rows for each order: what has left."""
        raise NotImplementedError

    def sender(self, peer: str, folder: pathlib.Path, url: str) -> Callable[[range, bool], None]:
        """What sends the orders of these numbers, those that warm up or those that count."""
        raise NotImplementedError

    def servers_ms(self) -> tuple[float, float]:
        """Processor time of the database's server, and of the broker."""
        return 0.0, 0.0

    def after_run(self) -> None:
        """Empty the queues that the hub's partners would have emptied."""


class Embedded(Setup):
    """SQLite, with inbox and outbox as the hub's queues, and with tables as the script's."""

    name = "SQLite + embedded queue"
    short = "embedded"

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._made = 0
        self._template = folder / "template.db"
        bench_hub.prepare(folder / "template", f"sqlite:///{self._template}")
        with contextlib.closing(sqlite3.connect(self._template)) as connection:
            for name in (script.IN_TABLE, script.OUT_TABLE):
                connection.execute(
                    f"CREATE TABLE {name} (seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, "
                    "message_id TEXT NOT NULL, body BLOB NOT NULL)"
                )
            connection.commit()

    def new_database(self) -> str:
        self._made += 1
        path = self._folder / f"run-{self._made}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def drop_database(self, url: str) -> None:
        pathlib.Path(url.removeprefix("sqlite:///")).unlink()

    def counts(self, url: str, queries: Sequence[str]) -> list[int]:
        path = url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            return [connection.execute(query).fetchone()[0] for query in queries]

    def done(self, peer: str) -> list[str]:
        return [f"SELECT count(*) FROM {script.OUT_TABLE if peer in SCRIPTS else 'hub_outbox'}"]

    def sender(self, peer: str, folder: pathlib.Path, url: str) -> Callable[[range, bool], None]:
        if peer not in SCRIPTS:
            files = bench_hub.Sender(folder, url)
            return lambda numbers, warm: files.send(peer, numbers, warm)
        engine = script.open_database(url)
        insert = script.Script(engine, peer).tables[script.IN_TABLE].insert()

        def enqueue(numbers: range, warm: bool) -> None:
            for start in range(0, len(numbers), bench_hub.SENT_AT_ONCE):
                with engine.begin() as connection:
                    connection.execute(
                        insert,
                        [
                            {
                                "queue": script.QUEUE,
                                "message_id": orders.message_id(number),
                                "body": orders.body(number, warm),
                            }
                            for number in numbers[start : start + bench_hub.SENT_AT_ONCE]
                        ],
                    )

        return enqueue


class Servers(Setup):
    """PostgreSQL and RabbitMQ."""

    name = "PostgreSQL + RabbitMQ"
    short = "servers"

    def __init__(
        self, folder: pathlib.Path, database: tuple[str, pathlib.Path | None], broker: tuple[str, pathlib.Path | None]
    ) -> None:
        self._database, self._database_folder = database
        self.broker_url, self._broker_folder = broker
        self._made = 0
        self._name = f"orderhub_bench_{os.getpid()}"
        self._execute(f"CREATE DATABASE {self._name} ENCODING 'UTF8' TEMPLATE template0")
        bench_hub.prepare(folder / "template", self._url(self._name))
        self._out = RabbitMQ(self.broker_url, Surroundings(), app_id="orderhub bench")
        deployment = bench_hub.deployment_in(folder / "template", self._url(self._name), self.broker_url)
        open_hub = OpenHub(deployment)
        declare_channels(open_hub, {"channel": self._out})
        open_hub.close()
        self._out.declare([Channel(name) for name in (script.QUEUE, script.WORK_ORDERS, script.ANSWERS)])

    def close(self) -> None:
        """Drop the databases; the queues of a private broker go with it."""
        self._out.close()
        self._execute(f"DROP DATABASE {self._name} WITH (FORCE)")

    def versions(self) -> dict[str, str]:
        with psycopg.connect(self._database) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        link = pika.BlockingConnection(pika.URLParameters(self.broker_url))
        broker = link._impl.server_properties["version"]
        link.close()
        return {"PostgreSQL": "" if row is None else row[0], "RabbitMQ": broker}

    def new_database(self) -> str:
        self._made += 1
        self._execute(f"CREATE DATABASE {self._name}_{self._made} TEMPLATE {self._name}")
        return self._url(f"{self._name}_{self._made}")

    def drop_database(self, url: str) -> None:
        self._execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def counts(self, url: str, queries: Sequence[str]) -> list[int]:
        with psycopg.connect(url, autocommit=True) as connection:
            return [connection.execute(query).fetchone()[0] for query in queries]  # type: ignore[index]

    def done(self, peer: str) -> list[str]:
        if peer in SCRIPTS:
            return ["SELECT 2 * count(*) FROM s_work_order"]
        return ["SELECT count(*) FROM hub_outbox WHERE sent_at IS NOT NULL"]

    def sender(self, peer: str, folder: pathlib.Path, url: str) -> Callable[[range, bool], None]:
        channel = script.QUEUE if peer in SCRIPTS else bench_hub.ROUTES[peer]

        def publish(numbers: range, warm: bool) -> None:
            self._out.publish(
                channel,
                [Envelope(orders.message_id(number), orders.body(number, warm)) for number in numbers],
            )

        return publish

    def servers_ms(self) -> tuple[float, float]:
        return processor_time.of_folder(self._database_folder), processor_time.of_folder(self._broker_folder)

    def after_run(self) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self.broker_url))
        channel = connection.channel()
        queues = (*bench_hub.ROUTES.values(), *bench_hub.CHANNELS, script.QUEUE, script.WORK_ORDERS, script.ANSWERS)
        for queue in queues:
            channel.queue_purge(queue)
        connection.close()

    def _url(self, name: str) -> str:
        return make_url(self._database).set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute(statement.encode())
