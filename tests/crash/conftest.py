"""Hubs at work on servers of the tests' own, each with a fresh database and fresh queues."""

from __future__ import annotations

import shutil
import uuid

import pika
import psycopg
import pytest

from tests.crash.hub_at_work import SQLITE, HubAtWork, prepare

pytest.register_assert_rewrite("tests.crash.invariants")  # it says what it found, as tests do


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory):
    """A SQLite file with tables, products and customers, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(folder, f"sqlite:///{SQLITE}")
    return folder / SQLITE


@pytest.fixture(scope="session")
def prepared_postgresql(private_postgresql, tmp_path_factory):
    """The name of a database with tables, products and customers, to be copied."""
    name = "prepared"
    _command(private_postgresql.url, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    prepare(tmp_path_factory.mktemp("prepared"), _database(private_postgresql.url, name))
    return name


@pytest.fixture
def embedded_hub(tmp_path, prepared_sqlite):
    """Makes the test's hub on SQLite and the embedded queue."""
    hubs = []

    def make(**parts):
        shutil.copy(prepared_sqlite, tmp_path / SQLITE)
        hubs.append(HubAtWork(tmp_path, f"sqlite:///{SQLITE}", None, **parts))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


@pytest.fixture
def fresh_database(private_postgresql, prepared_postgresql):
    """The URL of a prepared PostgreSQL database, dropped after the test."""
    name = f"crash_{uuid.uuid4().hex[:12]}"
    _command(private_postgresql.url, f"CREATE DATABASE {name} TEMPLATE {prepared_postgresql}")
    yield _database(private_postgresql.url, name)
    private_postgresql.start()
    _command(private_postgresql.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_broker(private_rabbitmq):
    """The URL of a RabbitMQ without queues."""
    _delete_queues(private_rabbitmq)
    yield private_rabbitmq.url
    private_rabbitmq.start()


@pytest.fixture
def served_hub(tmp_path, fresh_database, fresh_broker):
    """Makes the test's hubs on PostgreSQL and RabbitMQ; each further one has a folder of its own."""
    hubs = []

    def make(**parts):
        folder = tmp_path / f"hub-{len(hubs) + 1}"
        folder.mkdir(exist_ok=True)
        hubs.append(HubAtWork(folder, fresh_database, fresh_broker, **parts))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def _database(url, name):
    return f"{url.rpartition('/')[0]}/{name}"


def _command(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _delete_queues(server):
    listed = server.control("list_queues", "--quiet", "--no-table-headers", "name").splitlines()
    connection = pika.BlockingConnection(pika.URLParameters(server.url))
    for name in filter(None, (line.strip() for line in listed)):
        connection.channel().queue_delete(name)
    connection.close()
