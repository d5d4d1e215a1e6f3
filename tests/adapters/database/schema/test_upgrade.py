"""Bringing databases to this version: migrations that agree with the definitions, extensions, repeats."""

import pathlib

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, event, inspect, select, text

from adapters.database.connection.column_types import JsonText
from adapters.database.connection.database import Database
from adapters.database.connection.statements import is_one_of, plain_number
from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.database.schema import upgrade as upgrading
from adapters.database.schema.json_views import renew_views, views_of
from adapters.database.schema.tables import NUMBERS, tables_of
from adapters.database.schema.upgrade import (
    DatabaseTooNew,
    DatabaseTooOld,
    StoredOtherwise,
    head,
    needs_upgrade,
    planned_upgrade,
    upgrade,
)
from integration_objects.complex_object import instances, message
from integration_objects.declaration import Source, shipped
from integration_objects.definition import read_definitions, shipped_definitions
from integration_objects.errors import HubError, Misconfigured
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings

XA = {
    "s_asset_xa": ("s_asset", "asset_id"),
    "s_quote_item_xa": ("s_quote_item", "quote_item_id"),
    "s_order_item_xa": ("s_order_item", "order_item_id"),
    "s_work_order_item_xa": ("s_work_order_item", "work_order_item_id"),
}
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


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_and_definitions_agree(any_database):
    """Tables, columns, types, keys and indexes are what Alembic would make of the definitions; checks too.

    Alembic doesn't compare indexes on expressions on SQLite: see the next test.
    """
    metadata = tables_of(shipped_definitions())
    with any_database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.sorted_tables:
            checks = {check["name"] for check in found.get_check_constraints(table.name)}
            declared = {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
            if not any_database.dialect.writers_take_turns:
                # There the type says that it is JSON, and no check.
                declared -= {f"ck_{table.name}_{one.name}" for one in table.columns if isinstance(one.type, JsonText)}
            assert checks == declared, table.name


def test_numbers_are_found_by_an_index_on_both_databases(any_database):
    """The migration's index is the one that the query for a number needs, whatever its blanks and signs."""
    metadata = tables_of(shipped_definitions())
    with any_database.write() as connection:
        for table, column in NUMBERS.items():
            number = metadata.tables[table].c[column]
            query = select(number).where(is_one_of(plain_number(number), "wanted"))
            is_sqlite = connection.dialect.name == "sqlite"
            if not is_sqlite:
                connection.execute(text("SET LOCAL enable_seqscan = off"))
            explain = ("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + str(query.compile(connection))
            plan = connection.exec_driver_sql(explain, ('["1"]',) if is_sqlite else {"wanted": ["1"]}).all()
            assert f"ix_{table}_{column}" in str(plan)


@pytest.mark.parametrize(
    ("name", "component", "field"),
    [
        ("Account", None, "Name"),
        ("Account", None, "Phone Number"),
        ("Account", None, "Account Id"),
        ("Contact", None, "Last Name"),
        ("Meter", None, "Serial Number"),
        ("Service Point", None, "Service Id"),
        ("OM Asset", "Line Item", "Service Id"),
        ("OM Order", "Line Item", "Service Id"),
        ("OM Order", None, "Order Number"),
        ("OM Quote", None, "Quote Number"),
    ],
)
def test_what_begins_with_a_text_is_found_by_an_index_on_both_databases(any_database, name, component, field):
    definitions = shipped_definitions()
    objects = StoredObjects(definitions)
    statements = []

    def note(connection, cursor, statement, values, context, many):
        statements.append((statement, values))

    with any_database.write() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if not is_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        store = ObjectStore(connection, objects, SeededSurroundings())
        event.listen(connection, "before_cursor_execute", note)
        assert store.beginning(name, component, field, "A 1", 10) == []
        statement, values = statements[-1]
        explain = ("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + statement
        plan = str(connection.exec_driver_sql(explain, values).all())
        assert ("SEARCH" if is_sqlite else "Index") in plan
        assert "SCAN" not in plan
        assert "Seq Scan" not in plan


def view_definitions(connection):
    """What the database knows of its views, by name."""
    statement = "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'"
    if connection.dialect.name == "sqlite":
        statement = "SELECT name, sql FROM sqlite_master WHERE type = 'view'"
    return {name: (found, columns_of(connection, name)) for name, found in connection.execute(text(statement)).all()}


def columns_of(connection, name):
    return [(column["name"], str(column["type"])) for column in inspect(connection).get_columns(name)]


def test_migrations_and_definitions_agree_on_the_views(any_database):
    """The views that the migrations made are those that the definitions would make."""
    views = views_of(tables_of(shipped_definitions()))
    with any_database.write() as connection:
        migrated = view_definitions(connection)
        assert sorted(migrated) == sorted(views) == sorted([*XA, "s_order_activity_line"])
        for name in views:
            connection.execute(text(f"DROP VIEW {name}"))
        renew_views(connection, views.values())
        made = view_definitions(connection)
        assert made == migrated
        renew_views(connection, views.values())
        assert view_definitions(connection) == made
        for name, view in views.items():
            assert [column for column, _ in made[name][1]] == view.table.c.keys()


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
    with empty_database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(upgrading.MIGRATIONS))
        command.downgrade(config, "base")
    with empty_database.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert inspect(connection).get_view_names() == []


def test_messages_that_wait_to_leave_stay_where_they_are(empty_database):
    """On SQLite, migration 0010 makes the outbox anew: its rows and the numbers that were given out stay."""
    message = {"message_id": "M", "destination": "d", "kind": "reply", "content_type": "x", "created_at": "t"}
    insert = text(
        "INSERT INTO hub_outbox (id, message_id, destination, kind, content_type, created_at, due_at, headers, body) "
        "VALUES (:id, :message_id, :destination, :kind, :content_type, :created_at, :created_at, '{}', :body)"
    )
    with empty_database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(upgrading.MIGRATIONS))
        command.upgrade(config, "0009")
        connection.execute(insert, [{**message, "id": name, "body": name.encode()} for name in "abc"])
        connection.execute(text("DELETE FROM hub_outbox WHERE id = 'c'"))
    upgrade(empty_database, shipped_definitions())
    with empty_database.write() as connection:
        connection.execute(insert, {**message, "id": "d", "body": b"d"})
        rows = connection.execute(text("SELECT seq, id, message_id, body FROM hub_outbox ORDER BY seq"))
        assert [(*row[:3], bytes(row.body)) for row in rows] == [
            (1, "a", "M", b"a"),
            (2, "b", "M", b"b"),
            (4, "d", "M", b"d"),
        ]


def test_a_database_in_which_accounts_share_an_integration_id_is_refused(empty_database):
    """Before anything is changed, with the first ten of them and their accounts."""
    time = {"created": "t", "created_by": "u", "last_upd": "t", "last_upd_by": "u"}
    audit, values = ", ".join(time), ", ".join(f":{name}" for name in time)
    with empty_database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(upgrading.MIGRATIONS))
        command.upgrade(config, "0017")
        account = f"INSERT INTO s_account (row_id, account_id, modification_num, {audit}) VALUES (:a, :a, 1, {values})"
        connection.execute(text(account), [{"a": name, **time} for name in "AB"])
        asset = (
            f"INSERT INTO s_asset (row_id, account_id, integration_id, position, root_id, {audit}) "
            f"VALUES (:row, :account, :key, 0, :row, {values})"
        )
        keys = [f"K{number:02}" for number in range(12)]
        rows = [{"row": f"{name}-{key}", "account": name, "key": key, **time} for name in "AB" for key in keys]
        rows += [{"row": f"none-{number}", "account": "A", "key": None, **time} for number in range(2)]
        rows += [{"row": "only", "account": "A", "key": "only", **time}]
        connection.execute(text(asset), rows)
    with pytest.raises(Misconfigured) as caught:
        upgrade(empty_database, shipped_definitions())
    assert caught.value.what == "Integration Ids name service items of several accounts: 12"
    assert caught.value.why.endswith(
        "shared are 'K00' (A, B), " + ", ".join(f"'K{n:02}' (A, B)" for n in range(1, 10)) + ", and 2 more"
    )
    with empty_database.read() as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == ["0017"]
    with empty_database.write() as connection:
        connection.execute(text("UPDATE s_asset SET integration_id = row_id WHERE account_id = 'B'"))
    upgrade(empty_database, shipped_definitions())
    assert not needs_upgrade(empty_database, shipped_definitions())


def test_nulls_get_the_default_of_their_column(empty_database):
    """Migration 0020: rows of before are filled, what they refer to stays, and an extension's column is added after."""
    audit = {"created": "t", "created_by": "u", "last_upd": "t", "last_upd_by": "u"}
    rows = {
        "s_order": {"row_id": "O", "order_number": "1", "modification_num": 1},
        "s_order_item": {"row_id": "I", "order_id": "O", "position": 0, "root_id": "I", "processed_flg": "Y"},
        "s_prod_int": {"row_id": "P", "product_id": "P", "serv_inst_flg": "Y", "modification_num": 1},
    }
    with empty_database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(upgrading.MIGRATIONS))
        command.upgrade(config, "0019")
        for table, row in rows.items():
            columns = ", ".join({**row, **audit})
            values = ", ".join(f":{column}" for column in {**row, **audit})
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), {**row, **audit})
    upgrade(empty_database, extended())
    asked = "rev_num, active_flg, action_cd, track_as_asset, processed_flg, past_no_return_flg, x_channel"
    with empty_database.read() as connection:
        order = connection.execute(text(f"SELECT {asked} FROM s_order JOIN s_order_item ON order_id = s_order.row_id"))
        assert [(int(row[0]), *row[1:]) for row in order] == [(1, "Y", "-", "Y", "Y", "N", None)]
        product = connection.execute(text("SELECT crt_ast_rec_flg, serv_inst_flg, service_id_kind FROM s_prod_int"))
        assert product.all() == [("Y", "Y", "Attribute")]
        if connection.dialect.name == "sqlite":
            assert connection.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def test_a_database_whose_rows_name_service_points_that_are_not_there_is_refused(empty_database):
    """Before anything is changed, with the first ten rows; once the points are loaded, foreign keys hold them."""
    time = {"created": "t", "created_by": "u", "last_upd": "t", "last_upd_by": "u"}
    audit, values = ", ".join(time), ", ".join(f"'{text}'" for text in time.values())
    with empty_database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(upgrading.MIGRATIONS))
        command.upgrade(config, "0024")
        for statement in (
            f"INSERT INTO s_address (row_id, address_id, modification_num, {audit}) VALUES ('D', 'D', 1, {values})",
            f"INSERT INTO s_account (row_id, account_id, modification_num, {audit}) VALUES ('A', 'A', 1, {values})",
            "INSERT INTO s_order (row_id, order_number, rev_num, active_flg, account_id, agree_id, modification_num, "
            f"{audit}) VALUES ('O', 'O-1', '1', 'Y', 'A', 'AG-9', 1, {values})",
        ):
            connection.execute(text(statement))
        asset = (
            "INSERT INTO s_asset (row_id, account_id, service_point_id, position, root_id, track_as_asset, "
            f"{audit}) VALUES (:row, 'A', :point, 0, :row, 'Y', {values})"
        )
        rows = [{"row": f"R{number:02}", "point": f"P{number:02}"} for number in range(11)]
        connection.execute(text(asset), [*rows, {"row": "none", "point": None}])
    with pytest.raises(Misconfigured) as caught:
        upgrade(empty_database, shipped_definitions())
    named = ", ".join(f"s_asset R{n:02} (service_point_id 'P{n:02}')" for n in range(10))
    assert str(caught.value) == (
        "rows of the database name service points or agreements that aren't there: 12\n"
        "  where: s_asset.service_point_id, s_order.agree_id\n"
        f"  why:   each must be there from this version on; the rows are {named}, and 2 more\n"
        "  mend:  nothing was changed: with the version of the hub that made the database, load these service points "
        "and agreements (orderhub load), or set the columns of rows that need none to NULL; then upgrade"
    )
    with empty_database.write() as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == ["0024"]
        point = (
            "INSERT INTO s_service_point (row_id, service_point_id, address_id, modification_num, "
            f"{audit}) VALUES (:point, :point, 'D', 1, {values})"
        )
        connection.execute(text(point), rows)
        connection.execute(text("UPDATE s_order SET agree_id = NULL"))
    upgrade(empty_database, shipped_definitions())
    with pytest.raises(HubError), empty_database.write() as connection:
        connection.execute(text("DELETE FROM s_service_point WHERE row_id = 'P00'"))
    with empty_database.write() as connection:
        connection.execute(text("DELETE FROM s_asset WHERE row_id = 'R00'"))
        connection.execute(text("DELETE FROM s_service_point WHERE row_id = 'P00'"))


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


@pytest.mark.parametrize("revision", ["0001", "0008"])
def test_a_database_from_before_the_first_release_is_refused(any_database, revision):
    """Nothing is upgraded from there; the error says what to do instead."""
    with any_database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    try:
        for ask in (upgrade, needs_upgrade):
            with pytest.raises(DatabaseTooOld) as caught:
                ask(any_database, shipped_definitions())
            assert str(caught.value) == (
                "the database was made before the first release of the hub\n"
                f"  where: {any_database.shown_url}\n"
                f"  why:   it is at {revision}, and no upgrade leads from there to {head()}\n"
                "  mend:  name a new, empty database in the setting database_url, run `orderhub db upgrade`, "
                "and load the data again"
            )
    finally:
        with any_database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": head()})


def test_an_upgrade_killed_at_any_statement_leaves_nothing(empty_database):
    """Every thirtieth statement in turn: nothing has happened, and the next run is as if there had been none before."""

    class Killed(Exception):
        pass

    def upgrade_until(last):
        def count(*arguments):
            nonlocal last
            last -= 1
            if last < 0:
                raise Killed

        event.listen(empty_database._engine, "before_cursor_execute", count)
        try:
            upgrade(empty_database, extended())
        finally:
            event.remove(empty_database._engine, "before_cursor_execute", count)

    for last in range(5, 1000, 30):
        try:
            upgrade_until(last)
        except Killed:
            with empty_database.read() as connection:
                assert inspect(connection).get_table_names() == inspect(connection).get_view_names() == []
        else:
            break
    assert 90 < last < 995
    assert not needs_upgrade(empty_database, extended())


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
        store = ObjectStore(connection, StoredObjects(definitions), SeededSurroundings())
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


def test_a_planned_upgrade_has_the_statements_of_the_real_one(empty_database):
    """The plan of an extension lists its tables and columns alone, and changes nothing."""
    upgrade(empty_database, shipped_definitions())
    planned = planned_upgrade(empty_database, extended())
    assert needs_upgrade(empty_database, extended())
    executed = []

    def collect(connection, cursor, statement, *rest):
        executed.append(statement.strip())

    event.listen(Engine, "before_cursor_execute", collect)
    try:
        upgrade(empty_database, extended())
    finally:
        event.remove(Engine, "before_cursor_execute", collect)
    assert any(" x_" in statement for statement in planned)
    assert [statement.partition(" VALUES ")[0] for statement in planned] == [
        statement.partition(" VALUES ")[0]
        for statement in executed
        if statement.startswith(("CREATE", "ALTER", "INSERT", "DROP"))
    ]
    assert planned_upgrade(empty_database, extended()) == []


def test_a_planned_upgrade_can_be_run_by_hand(empty_database):
    """Every statement has its values: the database is ready afterwards."""
    planned = planned_upgrade(empty_database, extended())
    assert any(statement.startswith("INSERT INTO hub_extension") for statement in planned)
    with empty_database.write() as connection:
        for statement in planned:
            connection.exec_driver_sql(statement)
    assert not needs_upgrade(empty_database, extended())


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


ON_ATTRIBUTES = (
    "extends: Line Item\ncomponents:\n  Attribute:\n    fields: {Unit: {length: 10}, Rate: {type: number}}\n"
)
OTHER_ON_ATTRIBUTES = "extends: Line Item\ncomponents:\n  Attribute:\n    fields: {Colour: {length: 10}}\n"
NOTES = """
extends: OM Order
components:
  Order:
    children:
      - component: Note
        table: x_s_order_note
        json column: x_notes
        keys: [[Title]]
        fields: {Title: {length: 30, required: yes}, Amount: {type: number}}
"""


def order_with(attribute, *notes):
    item = PropertySet("Line Item", properties={"Integration Id": "1"})
    item.children = [PropertySet("ListOf Attribute", children=[PropertySet("Attribute", properties=attribute)])]
    order = PropertySet(
        "Order", properties={"Order Number": "1"}, children=[PropertySet("ListOf Line Item", children=[item])]
    )
    if notes:
        order.children.append(
            PropertySet("ListOf Note", children=[PropertySet("Note", properties=one) for one in notes])
        )
    return message("OM Order", [order])


def test_an_extensions_field_of_what_is_kept_as_json_is_stored_read_and_shown(empty_database):
    upgrade(empty_database, shipped_definitions())
    definitions = extended(ON_ATTRIBUTES)
    assert needs_upgrade(empty_database, definitions)
    upgrade(empty_database, definitions)
    assert not needs_upgrade(empty_database, definitions)
    with empty_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(definitions), SeededSurroundings())
        store.insert(order_with({"Name": "Length", "Unit": "m", "Rate": "1.50"}))
        [order] = instances(store.query("OM Order"))
        [attribute] = order.children[0].children[0].children[0].children
        assert (attribute.get("Unit"), attribute.get("Rate"), attribute.get("Text Value")) == ("m", "1.50", None)
        shown = connection.execute(text("SELECT name, x_unit, x_rate FROM s_order_item_xa")).one()
        assert (shown.name, shown.x_unit, str(shown.x_rate)) == ("Length", "m", "1.50")


def test_columns_of_extensions_come_together_in_a_view(empty_database):
    """What an earlier extension had is still shown when another one comes, and when it comes back."""
    for definition in (ON_ATTRIBUTES, OTHER_ON_ATTRIBUTES, ON_ATTRIBUTES):
        upgrade(empty_database, extended(definition))
    with empty_database.read() as connection:
        names = [name for name, _ in columns_of(connection, "s_order_item_xa")]
    assert names[-3:] == ["x_unit", "x_rate", "x_colour"]


def test_who_may_read_a_view_still_may_after_an_upgrade(make_postgresql):
    database = Database(make_postgresql("grants"))
    try:
        upgrade(database, shipped_definitions())
        with database.write() as connection:
            connection.execute(text("GRANT SELECT ON s_order_item_xa TO PUBLIC"))
            connection.execute(text("CREATE VIEW report AS SELECT name FROM s_order_item_xa"))
        upgrade(database, extended(ON_ATTRIBUTES))
        with database.read() as connection:
            granted = text("SELECT has_table_privilege('public', 's_order_item_xa', 'SELECT')")
            assert connection.scalar(granted)
            assert "x_unit" in dict(columns_of(connection, "s_order_item_xa"))
    finally:
        database.close()


def test_a_view_of_an_extension_is_renewed_after_a_migration_that_made_it_anew(empty_database, monkeypatch):
    definitions = extended(ON_ATTRIBUTES)
    upgrade(empty_database, definitions)

    def make_views_anew(connection):
        for name in XA:
            connection.execute(text(f"DROP VIEW {name}"))
        renew_views(connection, views_of(tables_of(shipped_definitions())).values())

    monkeypatch.setattr(upgrading, "head", lambda: "a later one")
    monkeypatch.setattr(upgrading, "_migrate", make_views_anew)
    upgrade(empty_database, definitions)
    with empty_database.read() as connection:
        assert {"x_unit", "x_rate"} <= set(dict(columns_of(connection, "s_asset_xa")))


def test_an_extensions_json_column_is_added_with_its_view(empty_database):
    upgrade(empty_database, shipped_definitions())
    definitions = extended(NOTES)
    upgrade(empty_database, definitions)
    with empty_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(definitions), SeededSurroundings())
        notes = ({"Title": "b", "Amount": "2.0"}, {"Title": "a"})
        store.insert(order_with({"Name": "x"}, *notes))
        [order] = instances(store.query("OM Order"))
        assert [one.get("Title") for one in order.children[1].children] == ["b", "a"]
        rows = connection.execute(text("SELECT title, amount, position FROM x_s_order_note ORDER BY position"))
        assert [(row.title, str(row.amount), row.position) for row in rows] == [("b", "2.0", 0), ("a", "None", 1)]
    with empty_database.read() as connection:
        checks = {check["name"] for check in inspect(connection).get_check_constraints("s_order")}
    assert ("ck_s_order_x_notes" in checks) == empty_database.dialect.writers_take_turns


@pytest.mark.parametrize("first", ["table", "JSON"])
def test_an_extension_that_stores_otherwise_than_before_is_refused(empty_database, first):
    """A deployment's rows are not moved, and not left behind, without its knowing."""
    as_table = NOTES.replace("        json column: x_notes\n", "").replace("Amount", "Number")
    one, other = (as_table, NOTES) if first == "table" else (NOTES, as_table)
    upgrade(empty_database, extended(one))
    with pytest.raises(StoredOtherwise) as caught:
        upgrade(empty_database, extended(other))
    form, there = ("JSON", "a table") if first == "table" else ("a table", "JSON, shown by a view")
    assert str(caught.value) == (
        f"'x_s_order_note' is declared to be stored as {form}, and is {there} in the database\n"
        "  where: x_s_order_note\n"
        "  why:   the upgrade drops nothing, and rows are there already or may be\n"
        "  mend:  give the component another table name and load its rows again, or declare it as it was"
    )


def test_migrations_are_part_of_the_package():
    assert pathlib.Path(upgrading.MIGRATIONS, "env.py").is_file()


def test_an_extensions_field_with_a_default_serves_the_rows_of_before(empty_database):
    """A column that is added to a table with rows can be NOT NULL: its default is what they have."""
    upgrade(empty_database, shipped_definitions())
    definitions = extended("extends: OM Order\ncomponents: {Order: {fields: {Gift: {type: flag, default: 'N'}}}}\n")
    with empty_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(shipped_definitions()), SeededSurroundings())
        store.insert(message("OM Order", [PropertySet("Order", properties={"Order Number": "1"})]))
    upgrade(empty_database, definitions)
    with empty_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(definitions), SeededSurroundings(2))
        store.insert(message("OM Order", [PropertySet("Order", properties={"Order Number": "2", "Gift": None})]))
        found = instances(store.query("OM Order"))
    assert {order.get("Order Number"): order.get("Gift") for order in found} == {"1": "N", "2": "N"}
