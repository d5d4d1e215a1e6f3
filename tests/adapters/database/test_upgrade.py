"""Bringing databases to this version: migrations that agree with the definitions, extensions, repeats."""

import pathlib

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, select, text

from adapters.database import upgrade as upgrading
from adapters.database.connection import Database
from adapters.database.object_store import ObjectStore
from adapters.database.tables import tables_of
from adapters.database.upgrade import DatabaseTooNew, head, needs_upgrade, upgrade
from integration_objects.complex_object import instances, message
from integration_objects.declaration import Source, shipped
from integration_objects.definition import read_definitions, shipped_definitions
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings

EXTENSION = """
extends: OM Order
components:
  Order:
    fields:
      Channel: {length: 20}
      Score: {type: number}
      Gift: {type: flag}
    children:
      - component: Note
        table: x_s_order_note
        owner column: order_id
        keys: [[Title]]
        fields:
          Title: {length: 30, required: yes}
          Text: {length: 4000}
"""


def extended(text=EXTENSION):
    return read_definitions(shipped("integration_objects"), [Source("objects/more.yaml", text)])


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def empty_database(request, tmp_path):
    """A database without any table."""
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path}/empty.db"
    else:
        url = request.getfixturevalue("make_postgresql")("empty")
    database = Database(url)
    yield database
    database.close()


def test_migrations_and_definitions_agree(any_database):
    """Tables, columns, types, keys and indexes are what Alembic would make of the definitions; checks too."""
    metadata = tables_of(shipped_definitions())
    with any_database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.sorted_tables:
            checks = {check["name"] for check in found.get_check_constraints(table.name)}
            declared = {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
            assert checks == declared, table.name


def test_texts_of_names_are_compared_by_code_point_on_postgresql(postgresql_database):
    metadata = tables_of(shipped_definitions())
    wanted = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if getattr(column.type, "length", None) is not None
    }
    with postgresql_database.read() as connection:
        statement = text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND collation_name = 'C'"
        )
        found = {tuple(row) for row in connection.execute(statement)}
    assert wanted - found == set()


def test_every_constraint_has_a_name_that_postgresql_keeps_whole():
    for table in tables_of(shipped_definitions()).sorted_tables:
        for named in (*table.constraints, *table.indexes):
            assert named.name, table.name
            assert len(named.name) <= 63


def test_every_foreign_key_is_indexed():
    for table in tables_of(shipped_definitions()).sorted_tables:
        indexed = {next(iter(index.columns)).name for index in table.indexes}
        indexed |= {next(iter(one.columns)).name for one in table.constraints if list(one.columns)}
        for key in table.foreign_keys:
            assert key.parent.name in indexed


def test_the_newest_migration_is_the_one_that_alembic_knows():
    config = Config()
    config.set_main_option("script_location", str(upgrading.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == head()


def test_a_database_is_upgraded_once(empty_database):
    definitions = shipped_definitions()
    assert needs_upgrade(empty_database, definitions)
    upgrade(empty_database, definitions)
    assert not needs_upgrade(empty_database, definitions)
    upgrade(empty_database, definitions)
    with empty_database.read() as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [head()]


def test_a_migration_can_be_taken_back(empty_database):
    upgrade(empty_database, shipped_definitions())
    migrate(empty_database, "base")
    with empty_database.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]


def migrate(database, revision):
    """Bring the database up or back to a revision."""
    from alembic import command

    with database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(upgrading.MIGRATIONS))
        move = command.upgrade if database_is_before(connection, revision) else command.downgrade
        move(config, revision)


def database_is_before(connection, revision):
    found = MigrationContext.configure(connection).get_current_revision()
    return revision != "base" and (found is None or found < revision)


def test_accounts_of_an_older_database_stay_through_the_migration_there_and_back(empty_database):
    """Columns are added to the table that others refer to, with their checks and their foreign key."""
    migrate(empty_database, "0001")
    insert = "INSERT INTO {} VALUES ({}, 't', 'u', 't', 'u')"
    columns = "(row_id, account_id, name, modification_num, created, created_by, last_upd, last_upd_by)"
    with empty_database.write() as connection:
        connection.execute(text(insert.format(f"s_account {columns}", "'1', '1', 'Jane', 1")))
        key = "s_account_key (row_id, account_id, system, number, position, created, created_by, last_upd, last_upd_by)"
        connection.execute(text(insert.format(key, "'2', '1', 'MAINFRAME', '100', 0")))
    upgrade(empty_database, shipped_definitions())
    metadata = tables_of(shipped_definitions())
    with empty_database.write() as connection:
        store = ObjectStore(connection, shipped_definitions(), metadata, SeededSurroundings())
        [account] = instances(store.query("Account", {"Account Id": "1"}))
        assert (account.get("Name"), account.get("Address Id"), len(account.children)) == ("Jane", None, 1)
        account.properties["Phone Number"] = "5095550100"
        store.update(message("Account", [account]))
    with empty_database.read() as connection:
        [key] = inspect(connection).get_foreign_keys("s_account")
    assert (key["constrained_columns"], key["referred_table"]) == (["address_id"], "s_address")
    migrate(empty_database, "0001")
    with empty_database.read() as connection:
        assert not inspect(connection).has_table("s_meter")
        assert "phone_number" not in {column["name"] for column in inspect(connection).get_columns("s_account")}
        assert connection.scalars(text("SELECT name FROM s_account")).all() == ["Jane"]
        assert connection.scalars(text("SELECT number FROM s_account_key")).all() == ["100"]


def test_an_upgrade_that_is_killed_leaves_nothing_and_is_run_again(empty_database, monkeypatch):
    """Migrations and extensions are one transaction: whichever statement is the last, all of it is undone."""

    class Killed(Exception):
        pass

    def die(*arguments):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(upgrading, "_extend", die)
        with pytest.raises(Killed):
            upgrade(empty_database, extended())
    with empty_database.read() as connection:
        assert inspect(connection).get_table_names() == []
    upgrade(empty_database, extended())
    assert not needs_upgrade(empty_database, extended())


def test_a_database_of_a_later_version_is_refused(database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew) as caught:
        upgrade(database, shipped_definitions())
    assert str(caught.value) == (
        "the database was upgraded by a later version of the hub\n"
        f"  where: {database.shown_url}\n"
        f"  why:   it is at 9999, and this version knows {', '.join(upgrading._revisions())}\n"
        "  mend:  install that version, or use another database"
    )


def test_an_extensions_columns_and_tables_are_added_and_recorded(empty_database):
    upgrade(empty_database, shipped_definitions())
    definitions = extended()
    assert needs_upgrade(empty_database, definitions)
    upgrade(empty_database, definitions)
    assert not needs_upgrade(empty_database, definitions)
    metadata = tables_of(definitions)
    order = PropertySet(
        "Order",
        properties={"Order Number": "1", "Channel": "web", "Score": "1.50", "Gift": "Y"},
        children=[PropertySet("ListOf Note", children=[PropertySet("Note", properties={"Title": "a", "Text": "b"})])],
    )
    with empty_database.write() as connection:
        store = ObjectStore(connection, definitions, metadata, SeededSurroundings())
        store.insert(message("OM Order", [order]))
        (found,) = instances(store.query("OM Order", {"Channel": "web"}))
        assert {name: found.get(name) for name in ("Channel", "Score", "Gift")} == {
            "Channel": "web",
            "Score": "1.50",
            "Gift": "Y",
        }
        assert found.children == order.children
        recorded = metadata.tables["hub_extension"]
        assert connection.execute(select(recorded.c.name)).all() == [("tables",)]


def test_what_an_extension_no_longer_has_is_never_dropped(empty_database):
    upgrade(empty_database, extended())
    upgrade(empty_database, shipped_definitions())
    assert not needs_upgrade(empty_database, shipped_definitions())
    with empty_database.read() as connection:
        found = inspect(connection)
        assert "x_channel" in {column["name"] for column in found.get_columns("s_order")}
        assert found.has_table("x_s_order_note")


def test_an_extended_flag_is_checked_by_its_table(empty_database):
    """The checks come with the columns, on both databases."""
    upgrade(empty_database, shipped_definitions())
    upgrade(empty_database, extended())
    with empty_database.read() as connection:
        checks = {check["name"] for check in inspect(connection).get_check_constraints("s_order")}
    assert {"ck_s_order_x_gift", "ck_s_order_x_channel_length"} <= checks


def test_migrations_are_part_of_the_package():
    assert pathlib.Path(upgrading.MIGRATIONS, "env.py").is_file()
