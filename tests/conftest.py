"""What tests run on: SQLite always; PostgreSQL, RabbitMQ and Chromium where they are found or can be started.

ORDERHUB_TEST_DATABASE_URL and ORDERHUB_TEST_BROKER_URL name the servers; without them localhost is asked, else
private ones are started in temporary folders (`tests/services/`). Where that can't be either, the tests that need
them are skipped by name; where CI is true they fail. Databases are made on the server and dropped at the end.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections import Counter

import pika
import pytest
from sqlalchemy import create_engine, make_url, text

from adapters.database.connection.database import Database
from adapters.database.schema.tables import tables_of
from adapters.database.schema.upgrade import upgrade
from integration_objects.definition import shipped_definitions
from tests.memory import files_folder
from tests.services.chromium import a_chromium
from tests.services.postgresql import PrivatePostgresql, a_postgresql
from tests.services.private_server import Missing
from tests.services.rabbitmq import PrivateRabbitmq, a_rabbitmq
from tests.stocked import upgraded_sqlite


def pytest_configure():
    """Put the tests' folders into memory, unless somebody has named another place."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", files_folder())


def pytest_collection_modifyitems(items):
    """Refuse two tests of one name: where processes share the tests out, only one of them would run."""
    twice = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    if twice:
        raise pytest.UsageError(f"these names stand for several tests, give them ids: {', '.join(sorted(twice))}")


@contextlib.contextmanager
def needed(server):
    """Enter *server*; the test is skipped where it is missing, and fails in CI."""
    with contextlib.ExitStack() as stack:
        try:
            entered, why = stack.enter_context(server), None
        except Missing as missing:
            entered, why = None, str(missing)
        if why is not None and os.environ.get("CI") == "true":
            pytest.fail(why, pytrace=False)
        if why is not None:
            pytest.skip(why)
        yield entered


@pytest.fixture(scope="session")
def postgresql_admin():
    """The URL of a PostgreSQL where databases may be made."""
    with needed(a_postgresql()) as url:
        yield make_url(url).set(drivername="postgresql+psycopg")


@pytest.fixture(scope="session")
def broker_url():
    """The URL of a RabbitMQ that others may be using: tests give what they declare names of their own."""
    with needed(a_rabbitmq()) as url:
        yield url


@pytest.fixture
def new_queue_name(broker_url):
    """Makes a name for a queue of one test; it, and those of that name with these endings, are deleted after it."""
    made = []

    def make(*endings):
        name = f"orderhub-test.{uuid.uuid4().hex[:16]}"
        made.extend((name, *(name + ending for ending in endings)))
        return name

    yield make
    connection = pika.BlockingConnection(pika.URLParameters(broker_url))
    for name in made:
        connection.channel().queue_delete(name)
    connection.close()


@pytest.fixture(scope="session")
def private_postgresql():
    """A PostgreSQL that tests may stop, kill and start; each leaves it running."""
    with needed(PrivatePostgresql()) as server:
        yield server


@pytest.fixture(scope="session")
def chromium():
    """A browser, one for all tests of a process."""
    with needed(a_chromium()) as browser:
        yield browser


@pytest.fixture(scope="session")
def private_rabbitmq():
    """A RabbitMQ that tests may stop, kill and start; each leaves it running."""
    with needed(PrivateRabbitmq()) as server:
        yield server


@pytest.fixture(scope="session")
def make_postgresql(postgresql_admin):
    """Makes empty PostgreSQL databases, by a word for their names; they are dropped at the session's end."""
    made = []
    engine = create_engine(postgresql_admin, isolation_level="AUTOCOMMIT")

    def make(word):
        name = f"orderhub_{word}_{uuid.uuid4().hex[:12]}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"))
        made.append(name)
        return postgresql_admin.set(database=name).render_as_string(hide_password=False)

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture
def database_url(make_postgresql, postgresql_admin):
    """The URL of an empty PostgreSQL database, for one test."""
    url = make_postgresql("test")
    yield url
    engine = create_engine(postgresql_admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture(scope="session")
def upgraded_postgresql(make_postgresql):
    """A PostgreSQL database that was upgraded; tests find it empty, and leave rows for the next to remove."""
    database = Database(make_postgresql("tests"))
    upgrade(database, shipped_definitions())
    yield database
    database.close()


@pytest.fixture
def database(tmp_path):
    """An upgraded, empty SQLite database in a file."""
    path = tmp_path / "orderhub.db"
    path.write_bytes(upgraded_sqlite())
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgresql_database(upgraded_postgresql):
    """An upgraded, empty PostgreSQL database."""
    names = ", ".join(f'"{name}"' for name in tables_of(shipped_definitions()).tables)
    with upgraded_postgresql.write() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    return upgraded_postgresql


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def any_database(request):
    """An upgraded, empty database of each kind."""
    return request.getfixturevalue("database" if request.param == "SQLite" else "postgresql_database")
