"""The databases that tests run on: SQLite always, PostgreSQL where one answers.

ORDERHUB_TEST_DATABASE_URL names the server; without it localhost:5432 is tried. A database is made there for the
session, and dropped at its end. On a desk without a server its tests are skipped by name; where CI is set they
fail.
"""

from __future__ import annotations

import os
import shutil
import uuid

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from adapters.database.connection import Database
from adapters.database.tables import tables_of
from adapters.database.upgrade import upgrade
from integration_objects.definition import shipped_definitions

SERVER = "postgresql://postgres@localhost:5432/postgres"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A SQLite file that was upgraded once, to be copied."""
    path = tmp_path_factory.mktemp("template") / "orderhub.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database, shipped_definitions())
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_admin():
    """The URL of a PostgreSQL where databases may be made; skips or fails where none answers."""
    url = make_url(os.environ.get("ORDERHUB_TEST_DATABASE_URL", SERVER)).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        why = f"no PostgreSQL answers at {url.render_as_string()}: {str(error.orig).splitlines()[0]}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    finally:
        engine.dispose()
    return url


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
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture(scope="session")
def upgraded_postgresql(make_postgresql):
    """A PostgreSQL database that was upgraded; tests find it empty, and leave rows for the next to remove."""
    database = Database(make_postgresql("tests"))
    upgrade(database, shipped_definitions())
    yield database
    database.close()


@pytest.fixture
def database(tmp_path, sqlite_template):
    """An upgraded, empty SQLite database in a file."""
    path = tmp_path / "orderhub.db"
    shutil.copy(sqlite_template, path)
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
