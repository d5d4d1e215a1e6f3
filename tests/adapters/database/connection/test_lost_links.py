"""PostgreSQL when things go wrong: deadlocks, conflicts, limits, cut links, and what becomes of a unit of work."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.database.connection.database import Database
from adapters.database.connection.driver_faults import CommitUnknown, ConstraintRace, DatabaseAway, DatabaseBusy
from adapters.database.objects.matcher import Matcher
from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.database.schema.tables import tables_of
from integration_objects.complex_object import instances, line_items, message
from integration_objects.definition import shipped_definitions
from integration_objects.surroundings import SeededSurroundings
from tests.adapters.database.units import repeated_on
from tests.services.cutting_proxy import CuttingProxy
from tests.trees import item, node

DEFINITIONS = shipped_definitions()
METADATA = tables_of(DEFINITIONS)
OBJECTS = StoredObjects(DEFINITIONS)
#: Lines that are written with COPY.
MANY = 40


def put(connection, name, value=1):
    connection.execute(text("INSERT INTO hub_sequence VALUES (:name, :value)"), {"name": name, "value": value})


def raise_value(connection, name):
    connection.execute(text("UPDATE hub_sequence SET value = value + 1 WHERE name = :name"), {"name": name})


def values(database):
    with database.read() as connection:
        return {row.name: row.value for row in connection.execute(text("SELECT name, value FROM hub_sequence"))}


def orders(database):
    with database.read() as connection:
        return connection.scalar(text("SELECT count(*) FROM s_order_item"))


def order(number="1"):
    lines = [item(f"{number}-{line}") for line in range(MANY)]
    return message("OM Order", [node("Order", *lines, order_number=number, revision="1")])


def insert(connection, tree=None, seed=0):
    store = ObjectStore(connection, OBJECTS, SeededSurroundings(seed))
    return store.insert(order() if tree is None else tree)


@pytest.fixture
def proxy(postgresql_database):
    with CuttingProxy(postgresql_database._url.render_as_string(hide_password=False)) as proxy:
        yield proxy


@pytest.fixture
def through_proxy(proxy):
    """The same database, reached through the proxy."""
    database = Database(proxy.url)
    yield database
    database.close()


def in_two_threads(work):
    """Run work(0) and work(1) at the same time; what each raised."""
    faults = []

    def run(number):
        try:
            work(number)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return faults


def test_the_loser_of_a_deadlock_does_its_unit_of_work_again(postgresql_database):
    """40P01: PostgreSQL ends one of the two, and both changes are there in the end."""
    with postgresql_database.write() as connection:
        put(connection, "a")
        put(connection, "b")
    both_hold_one = threading.Barrier(2)
    one_is_done = threading.Event()
    attempts = []

    def work(number):
        names = ["a", "b"] if number == 0 else ["b", "a"]

        def unit(connection):
            attempts.append(number)
            if attempts.count(number) > 1:
                one_is_done.wait(10)  # else it may be faster than the one that waits for its row, and meet it again
            raise_value(connection, names[0])
            if attempts.count(number) == 1:
                both_hold_one.wait(10)
            raise_value(connection, names[1])

        repeated_on(postgresql_database, unit)
        one_is_done.set()

    assert in_two_threads(work) == []
    assert len(attempts) == 3
    assert values(postgresql_database) == {"a": 3, "b": 3}


def test_a_transaction_that_cannot_be_serialized_is_done_again(postgresql_database):
    """40001: it saw what another changed meanwhile."""
    with postgresql_database.write() as connection:
        put(connection, "a")
    attempts = []

    def unit(connection):
        attempts.append(1)
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(text("SELECT * FROM hub_sequence")).all()
        if len(attempts) == 1:
            with postgresql_database.write() as other:
                raise_value(other, "a")
        raise_value(connection, "a")

    repeated_on(postgresql_database, unit)
    assert len(attempts) == 2
    assert values(postgresql_database) == {"a": 3}


@pytest.mark.parametrize("mark", [b"SAVEPOINT", b"COPY"])
def test_a_link_cut_before_commit_is_tried_again_with_the_whole_unit(proxy, through_proxy, mark):
    attempts = []

    def unit(connection):
        attempts.append(1)
        if len(attempts) == 1:
            proxy.cut_at(mark, delivered=False)
        with connection.begin_nested():
            insert(connection)

    repeated_on(through_proxy, unit)
    assert len(attempts) == 2
    assert orders(through_proxy) == MANY


def test_a_link_cut_within_a_block_of_rows_ends_the_transaction_and_not_the_message(proxy, through_proxy):
    proxy.cut_at(b"COPY", delivered=False)
    found = []

    def unit(connection):
        try:
            insert(connection)
        except DBAPIError as error:
            found.append(through_proxy.is_world_fault(error))
            raise

    with pytest.raises(DatabaseAway) as caught, through_proxy.write() as connection:
        unit(connection)
    assert found == [True]
    assert not isinstance(caught.value, CommitUnknown)
    assert orders(through_proxy) == 0


@pytest.mark.parametrize(("delivered", "kept"), [(True, MANY), (False, 0)])
def test_a_link_cut_during_commit_is_unknown_whether_it_took_effect_or_not(proxy, through_proxy, delivered, kept):
    attempts = []

    def unit(connection):
        attempts.append(1)
        insert(connection)
        proxy.cut_at(b"COMMIT", delivered=delivered)

    with pytest.raises(CommitUnknown):
        repeated_on(through_proxy, unit)
    assert len(attempts) == 1
    assert orders(through_proxy) == kept


def test_a_pool_whose_links_all_died_serves_the_next_unit_of_work(proxy, through_proxy):
    """As after a restart of the server, between two messages."""
    assert orders(through_proxy) == 0
    proxy.cut()
    attempts = []

    def unit(connection):
        attempts.append(1)
        insert(connection)

    repeated_on(through_proxy, unit)
    assert orders(through_proxy) == MANY


def test_a_server_that_stays_away_is_told_after_five_attempts(proxy, through_proxy):
    proxy.refuse()
    with pytest.raises(DatabaseAway):
        repeated_on(through_proxy, insert)
    proxy.accept()
    repeated_on(through_proxy, insert)
    assert orders(through_proxy) == MANY


def test_a_statement_that_takes_too_long_is_ended(postgresql_database):
    def unit(connection):
        connection.execute(text("SET LOCAL statement_timeout = 50"))
        connection.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(DatabaseBusy) as caught, postgresql_database.write() as connection:
        unit(connection)
    assert caught.value.why == "canceling statement due to statement timeout"


def test_a_transaction_that_idles_too_long_gives_its_locks_back(postgresql_database):
    attempts = []

    def unit(connection):
        attempts.append(1)
        put(connection, "a")
        if len(attempts) == 1:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
            with postgresql_database.write() as other:
                other.execute(text("SELECT pg_sleep(0.5)"))
        put(connection, "b")

    repeated_on(postgresql_database, unit)
    assert len(attempts) == 2
    assert values(postgresql_database) == {"a": 1, "b": 1}


def test_a_block_of_rows_that_another_transaction_wrote_meanwhile_is_tried_again(postgresql_database, monkeypatch):
    """The unique constraints hold within COPY as within INSERT, and mean the same."""
    with postgresql_database.write() as connection:
        done = insert(connection)
        kept = ObjectStore(connection, OBJECTS, SeededSurroundings()).query("OM Order")
    taken = line_items(instances(kept)[0])[0].get("Row Id")
    again = order("2")
    line_items(instances(again)[0])[7].properties["Row Id"] = taken
    monkeypatch.setattr(Matcher, "_refuse_present", lambda *arguments: None)
    with pytest.raises(ConstraintRace) as caught, postgresql_database.write() as connection:
        insert(connection, again, seed=1)
    assert caught.value.why == 'duplicate key value violates unique constraint "pk_s_order_item"'
    assert [one.operation for one in done] == ["inserted"]
    assert orders(postgresql_database) == MANY


def test_a_block_of_rows_keeps_every_character_and_null(postgresql_database):
    """What means something in COPY's own text is data all the same."""
    texts = ["\\N", "\\.", "a\tb\nc\rd\\", "", None, "\u20ac \U0001f600", "\\x41", "NULL"]
    tree = order()
    for line, value in zip(line_items(instances(tree)[0]), texts, strict=False):
        line.properties["Service Id"] = value
    with postgresql_database.write() as connection:
        insert(connection, tree)
    with postgresql_database.read() as connection:
        found = ObjectStore(connection, OBJECTS, SeededSurroundings()).query("OM Order")
    assert [line.get("Service Id") for line in line_items(instances(found)[0])[: len(texts)]] == texts


def test_a_lock_is_held_by_one_across_transactions_and_ends_with_its_connection(postgresql_database):
    with postgresql_database.lock("dispatch:billing") as first:
        with postgresql_database.write():
            pass
        with (
            postgresql_database.lock("dispatch:billing") as second,
            postgresql_database.lock("dispatch:provisioning") as other,
        ):
            assert (first, second, other) == (True, False, True)
    with pytest.raises(ZeroDivisionError), postgresql_database.lock("dispatch:billing"):
        raise ZeroDivisionError
    with postgresql_database.lock("dispatch:billing") as again:
        assert again
