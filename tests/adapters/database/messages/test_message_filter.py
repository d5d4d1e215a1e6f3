"""Messages by filters: every combination finds what a look at each message finds, page by page.

Runs on SQLite, and on PostgreSQL where there is one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, update

from adapters.database.connection.database import Database
from adapters.database.messages.filing import Arrival
from adapters.database.messages.inbox_row import INBOX
from adapters.database.messages.message_filter import MessageFilter, chosen
from adapters.database.messages.message_keys import MOST_KEY, MessageKey
from adapters.database.messages.store import MessageStore
from adapters.database.schema.hub_tables import FINAL_STATES, HUB, STATES
from adapters.transport import Envelope
from integration_objects.surroundings import SeededSurroundings

ROUTES, SENDERS = ("orders", "status", "accounts"), ("ann", "bob")
NUMBER = 48


@pytest.fixture(scope="module")
def filter_url(make_postgresql: Callable[[str], str]) -> str:
    """A PostgreSQL database for this module."""
    return make_postgresql("filter")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with messages in all states, of all routes and senders."""
    folder: Path = tmp_path_factory.mktemp("filter")
    url = f"sqlite:///{folder}/hub.db" if request.param == "sqlite" else request.getfixturevalue("filter_url")
    database = Database(url)
    with database.write() as connection:
        HUB.create_all(connection)
        _lines(connection)
        store = MessageStore(connection, SeededSurroundings(), process="worker-1")
        for number, (state, route, sender) in enumerate(itertools.product(STATES, ROUTES, SENDERS)):
            filed = store.file(Arrival(route, sender, f"M-{number}", Envelope(f"M-{number}", b"x"), "test"))
            row = store.inbox.row(filed.row_id)
            assert row is not None
            reason = None if state in ("done", "filtered", "received") else ("Odd", "Even")[number % 2]
            final_at = row.received_at if state in FINAL_STATES else None
            statement = update(INBOX).where(INBOX.c.id == row.id)
            connection.execute(statement.values(state=state, reason=reason, final_at=final_at))
            store.message_keys.keep([(row.seq, MessageKey("order", f"O-{number % 5}"))])
            store.message_keys.keep([(row.seq, MessageKey("account", "1-A")), (row.seq, MessageKey("account", "1-A"))])
    yield database
    database.close()


def _lines(connection) -> None:
    """Make the tables of orders, with one service on two orders."""
    metadata = MetaData()
    order = Table("s_order", metadata, Column("row_id", Text), Column("order_number", Text))
    line = Table(
        "s_order_item", metadata, *(Column(name, Text) for name in ("order_id", "asset_integ_id", "service_num"))
    )
    metadata.create_all(connection)
    connection.execute(order.insert(), [{"row_id": str(number), "order_number": f"O-{number}"} for number in range(3)])
    connection.execute(
        line.insert(),
        [{"order_id": str(number), "asset_integ_id": "I-1", "service_num": "(509) 555-0140"} for number in (1, 2)],
    )


@pytest.fixture
def store(database: Database) -> Iterator[MessageStore]:
    with database.read() as connection:
        yield MessageStore(connection, SeededSurroundings(), process="worker-1")


def _fits(row, chosen_by, keys_of):
    return (
        (not chosen_by.states or row["state"] in chosen_by.states)
        and chosen_by.route in (None, row["route"])
        and chosen_by.sender in (None, row["sender"])
        and chosen_by.reason in (None, row["reason"])
        and (chosen_by.since is None or row["received_at"] >= chosen_by.since)
        and (chosen_by.until is None or row["received_at"] < chosen_by.until)
        and (not chosen_by.keys or bool(set(chosen_by.keys) & set(keys_of(row["seq"]))))
    )


def test_every_combination_of_filters_finds_what_fits_page_by_page(store):
    everything = store.listing(limit=1000)
    assert [row["message_id"] for row in everything] == [f"M-{number}" for number in reversed(range(NUMBER))]
    middle = everything[NUMBER // 2]["received_at"]
    combinations = itertools.product(
        ((), ("done",), ("rejected", "parked"), STATES),
        (None, "status"),
        (None, "bob"),
        (None, "Odd"),
        ((None, None), (middle, None), (None, middle)),
        ((), (MessageKey("order", "O-2"),), (MessageKey("order", "O-2"), MessageKey("account", "1-A"))),
    )
    for states, route, sender, reason, (since, until), keys in combinations:
        chosen_by = MessageFilter(states, route, sender, reason, since, until, keys=keys)
        expected = [row["id"] for row in everything if _fits(row, chosen_by, store.message_keys.of)]
        found, before = [], None
        while page := store.listing(chosen_by, 7, before):
            found += [row["id"] for row in page]
            before = page[-1]["seq"]
        assert found == expected, chosen_by
        assert [row.id for row in store._connection.execute(chosen(chosen_by))] == expected[::-1]


def test_a_key_that_nobody_knows_finds_nothing_and_no_key_finds_everything(store):
    assert store.listing(MessageFilter(keys=(MessageKey("order", "O-9"),))) == []
    assert store.listing(MessageFilter(keys=None)) == []
    assert list(store._connection.execute(chosen(MessageFilter(keys=None)))) == []
    assert len(store.listing(MessageFilter(keys=()))) == NUMBER
    assert MessageFilter(states=("done",)).as_dict() == {"states": ("done",)}


@pytest.mark.parametrize(("kind", "text"), [("service id", "509.555.0140"), ("integration id", "I-1")])
def test_the_messages_of_a_service_are_those_of_its_orders(store, kind, text):
    keys = store.message_keys.named(kind, text)
    assert set(keys[1:]) == {MessageKey("order", "O-1"), MessageKey("order", "O-2")}
    found = store.listing(MessageFilter(keys=keys))
    assert {row["message_id"] for row in found} == {f"M-{number}" for number in range(NUMBER) if number % 5 in (1, 2)}


def test_a_key_that_is_too_long_for_an_identifier_is_not_kept(database):
    with database.write() as connection:
        store = MessageStore(connection, SeededSurroundings(), process="worker-1")
        keys = [MessageKey("order", "x" * MOST_KEY), MessageKey("order", "x" * (MOST_KEY + 1)), MessageKey("order", "")]
        store.message_keys.keep([(999, key) for key in keys])
        assert store.message_keys.of(999) == keys[:1]
