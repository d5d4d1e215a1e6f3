"""Transactions on both databases: turns, limits, and what the drivers' errors become at the border."""

import pathlib
import sqlite3
import threading

import psycopg.errors
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from adapters.database.connection import engines
from adapters.database.connection.database import Database, WriteWithinWrite
from adapters.database.connection.driver_faults import (
    POSTGRESQL,
    SQLITE,
    CommitUnknown,
    ConstraintBroken,
    DatabaseAway,
    DatabaseBusy,
    DatabaseFull,
    DatabaseUnusable,
    TablesMissing,
    hub_fault,
)
from adapters.database.connection.engines import (
    DatabaseFolderMissing,
    DatabaseUnknown,
    DatabaseUnsafe,
    wal_is_safe,
)
from integration_objects.errors import Refused
from tests.adapters.database.units import repeated_on


def count(database):
    with database.read() as connection:
        return connection.scalar(text("SELECT count(*) FROM hub_sequence"))


def put(connection, name, value=1):
    connection.execute(
        text("INSERT INTO hub_sequence (name, value) VALUES (:name, :value)"), {"name": name, "value": value}
    )


def test_a_transaction_is_committed_at_its_end_and_rolled_back_on_an_error(any_database):
    with any_database.write() as connection:
        put(connection, "kept")

    def put_and_fail():
        with any_database.write() as connection:
            put(connection, "lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put_and_fail()
    assert count(any_database) == 1


def test_a_savepoint_is_undone_alone(any_database):
    with any_database.write() as connection:
        put(connection, "a")
        savepoint = connection.begin_nested()
        put(connection, "b")
        savepoint.rollback()
        put(connection, "c")
    assert count(any_database) == 2


def test_no_update_is_lost_among_many_writers(any_database):
    """Read, then write what was read plus one: on SQLite by turns, on PostgreSQL under the row's lock."""
    with any_database.write() as connection:
        put(connection, "n", 0)
    lock = "" if any_database.dialect.writers_take_turns else " FOR UPDATE"

    def work():
        for _ in range(10):
            with any_database.write() as connection:
                value = connection.scalar(text("SELECT value FROM hub_sequence WHERE name = 'n'" + lock))
                connection.execute(text("UPDATE hub_sequence SET value = :value"), {"value": value + 1})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_database.read() as connection:
        assert connection.scalar(text("SELECT value FROM hub_sequence")) == 40


def test_sqlite_keeps_what_it_committed_and_its_foreign_keys(database):
    with database.read() as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    wal = wal_is_safe(sqlite3.sqlite_version_info)
    assert found == {"journal_mode": "wal" if wal else "delete", "synchronous": 2 if wal else 3, "foreign_keys": 1}


def test_postgresql_has_its_time_limits(postgresql_database):
    with postgresql_database.write() as connection:
        found = [
            connection.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert found == ["30s", "5s", "1min"]


def test_options_of_the_url_come_beside_the_time_limits_and_win(postgresql_database):
    url = postgresql_database._url.update_query_dict({"options": "-c search_path=public -c lock_timeout=1s"})
    database = Database(url.render_as_string(hide_password=False))
    with database.read() as connection:
        found = [
            connection.scalar(text(f"SHOW {name}")) for name in ("statement_timeout", "lock_timeout", "search_path")
        ]
    database.close()
    assert found == ["30s", "1s", "public"]


@pytest.mark.parametrize("part", [{"username": "nobody-here"}, {"database": "nothing-here"}], ids=["role", "database"])
def test_a_server_that_knows_no_such_role_or_database_is_not_waited_for(postgresql_database, part):
    url = postgresql_database._url.set(**part)
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnusable, match=r"nobody-here|nothing-here"), database.read():
        pass
    database.close()


@pytest.mark.parametrize("options", ["nonsense", "-c statement_timeout=abc", "-c no_such_setting_here=1"])
def test_options_that_the_server_does_not_take_are_not_waited_for(postgresql_database, options):
    url = postgresql_database._url.update_query_dict({"options": options})
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnusable), database.read():
        pass
    database.close()


def test_a_read_on_postgresql_sees_one_state_and_writes_nothing(postgresql_database):
    with postgresql_database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM hub_sequence")) == 0
        with postgresql_database.write() as other:
            put(other, "later")
        assert connection.scalar(text("SELECT count(*) FROM hub_sequence")) == 0
    # The same answer as that of a standby after a failover, which is waited for.
    with pytest.raises(DatabaseAway, match="read-only"), postgresql_database.read() as connection:
        put(connection, "x")


def test_a_write_within_a_write_is_found_before_it_waits_for_itself(database):
    with pytest.raises(WriteWithinWrite), database.write(), database.write():
        pass
    with database.write() as connection:
        put(connection, "a")


def test_a_writer_of_another_process_is_waited_for_and_then_told_of(database, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    other = Database(database.shown_url)
    with other.write() as connection:
        put(connection, "a")
        again = Database(database.shown_url)
        with pytest.raises(DatabaseBusy), again.write():
            pass
        again.close()
    other.close()


def test_an_unsafe_postgresql_is_refused_unless_a_setting_allows_it(postgresql_database):
    url = postgresql_database._url.update_query_dict({"options": "-c synchronous_commit=off"})
    unsafe = Database(url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnsafe) as caught:
        unsafe.check()
    assert str(caught.value) == (
        "the database may lose what it has committed: synchronous_commit is off\n"
        f"  where: {unsafe.shown_url}\n"
        "  why:   the hub acknowledges a message once its transaction is committed for good\n"
        "  mend:  set synchronous_commit to on in postgresql.conf, or allow it with the setting "
        "unsafe_database where losing orders doesn't matter"
    )
    with pytest.raises(DatabaseUnsafe), unsafe.write():
        pass
    unsafe.close()
    allowed = Database(url.render_as_string(hide_password=False), unsafe=True)
    allowed.check()
    allowed.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "orders.db", ""])
def test_a_url_of_another_kind_is_refused(url):
    with pytest.raises(DatabaseUnknown):
        Database(url)


def test_a_refused_url_does_not_show_its_password():
    with pytest.raises(DatabaseUnknown) as caught:
        Database("mysql://user:secret@host/name")
    assert str(caught.value) == (
        "the database URL names no database that the hub can use\n"
        "  where: setting database_url\n"
        "  why:   expected sqlite:///<file> or postgresql://<user>@<host>/<name>, found mysql:\n"
        "  mend:  mend it in orderhub.toml or in ORDERHUB_DATABASE_URL"
    )


def test_a_relative_file_lies_in_the_deployments_folder(tmp_path):
    (tmp_path / "data").mkdir()
    database = Database("sqlite:///data/hub.db", folder=tmp_path)
    with database.write():
        pass
    database.close()
    assert pathlib.Path(tmp_path, "data", "hub.db").exists()


def test_a_table_that_is_missing_names_the_command(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(TablesMissing) as caught, database.read() as connection:
        connection.execute(text("SELECT * FROM s_order"))
    database.close()
    assert caught.value.mend == "run `orderhub db upgrade`"


def test_data_that_breaks_a_constraint_is_refused_without_showing_it(any_database):
    with pytest.raises(ConstraintBroken) as caught, any_database.write() as connection:
        put(connection, "x" * 300)
    assert "xxx" not in str(caught.value)
    assert isinstance(caught.value, Refused)


def test_nobody_at_the_database_is_tried_again():
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseAway), database.read():
        pass
    database.close()


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("40001", DatabaseBusy),
        ("40P01", DatabaseBusy),
        ("55P03", DatabaseBusy),
        ("57014", DatabaseBusy),
        ("57P01", DatabaseAway),
        ("08006", DatabaseAway),
        ("25006", DatabaseAway),
        ("25P03", DatabaseAway),
        ("53100", DatabaseFull),
        ("23505", ConstraintBroken),
        ("42P01", TablesMissing),
        ("28P01", DatabaseUnusable),
    ],
)
def test_postgresqls_states_have_their_meaning(state, fault):
    error = psycopg.errors.lookup(state)("told so")
    found = hub_fault(DBAPIError("SELECT 1", {}, error), "here")
    assert type(found) is fault
    assert found.where == "here"


def test_a_server_that_takes_no_writes_is_waited_for(postgresql_database):
    """It is a standby after a failover, or its host has locked it; the hub must not end, and nothing is refused."""

    def locked(connection):
        connection.execute(text("SET TRANSACTION READ ONLY"))
        put(connection, "a")

    with pytest.raises(DatabaseAway), postgresql_database.write() as connection:
        locked(connection)
    assert count(postgresql_database) == 0


def test_every_error_of_the_drivers_has_a_meaning():
    """The tables end with an entry for all the rest, and what comes before it is more specific."""
    for table in (POSTGRESQL, SQLITE):
        starts = list(table)
        assert starts[-1] == ""
        for number, start in enumerate(starts):
            assert not any(later.startswith(start) for later in starts[number + 1 :])


def test_a_lost_link_is_tried_again_and_the_whole_unit_with_it(postgresql_database):
    attempts = []

    def work(connection):
        attempts.append(1)
        put(connection, "a")
        if len(attempts) < 3:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return "done"

    assert repeated_on(postgresql_database, work) == "done"
    assert len(attempts) == 3
    assert count(postgresql_database) == 1


def test_a_unit_that_never_succeeds_ends_after_five_attempts(any_database):
    attempts = []

    def work(connection):
        attempts.append(1)
        raise DatabaseBusy("busy", database="", cause="")

    with pytest.raises(DatabaseBusy):
        repeated_on(any_database, work)
    assert len(attempts) == 5


def test_a_link_lost_during_commit_is_unknown_and_not_repeated(postgresql_database):
    attempts = []

    def cut(connection):
        pid = connection.connection.driver_connection.info.backend_pid
        with postgresql_database._reader.connect() as other:
            other.execute(text(f"SELECT pg_terminate_backend({pid})"))
            other.execute(text("SELECT pg_sleep(0.1)"))

    def work(connection):
        attempts.append(1)
        put(connection, "a")

    event.listen(postgresql_database._engine, "commit", cut)
    try:
        with pytest.raises(CommitUnknown) as caught:
            repeated_on(postgresql_database, work)
    finally:
        event.remove(postgresql_database._engine, "commit", cut)
    assert len(attempts) == 1
    assert caught.value.what == "the link to the database was lost during COMMIT"
    assert postgresql_database.is_world_fault(caught.value)


def test_a_lock_is_waited_for_only_so_long(postgresql_database):
    with postgresql_database.write() as connection:
        put(connection, "a")

        def put_the_same():
            with postgresql_database.write() as other:
                other.execute(text("SET LOCAL lock_timeout = 50"))
                put(other, "a")

        with pytest.raises(DatabaseBusy):
            put_the_same()


def test_what_ends_a_transaction_is_told_from_what_ends_a_message(database):
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorname = "SQLITE_BUSY"
    double = sqlite3.IntegrityError("UNIQUE constraint failed")
    double.sqlite_errorname = "SQLITE_CONSTRAINT_UNIQUE"
    assert database.is_world_fault(DBAPIError("", {}, locked))
    assert database.is_world_fault(DatabaseAway("away", database="", cause=""))
    assert not database.is_world_fault(DBAPIError("", {}, double))
    assert not database.is_world_fault(Refused("no", mend="mend it"))
    assert not database.is_world_fault(ValueError("bug"))


@pytest.mark.parametrize(("place", "is_"), [("nowhere/deeper", "missing"), ("file", "a file")])
def test_no_folder_is_made_for_a_mistyped_path(tmp_path, place, is_):
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseFolderMissing) as caught:
        Database(f"sqlite:///{place}/hub.db", folder=tmp_path)
    assert str(caught.value) == (
        "the folder of the database isn't there\n"
        "  where: setting database_url\n"
        f"  why:   {tmp_path / place} is {is_}\n"
        "  mend:  make the folder, or mend the path in orderhub.toml or in ORDERHUB_DATABASE_URL"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("option", ["password", "sslpassword"])
def test_a_password_among_the_options_of_the_url_is_not_shown(option):
    database = Database(f"postgresql://me:SECRET@host/d?user=a&{option}=SECRET&sslmode=require")
    assert "SECRET" not in database.shown_url
    assert "sslmode=require" in database.shown_url
    database.close()
