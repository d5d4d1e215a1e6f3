"""How long the operator's reads take among many messages:

    python -m tests.bench.console [--quick] [--postgresql]

A business key is looked for among 1,000,000 messages; pages are read with 100,000 messages and 50,000 orders.
``--quick`` takes a twentieth of both. One message in fifty is refused, one in five hundred is parked; each order has
two lines with services. On SQLite; with ``--postgresql`` on PostgreSQL, too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import MetaData, Table, create_engine, make_url, text

from adapters.database.connection.database import Database
from adapters.database.connection.statements import insert_rows
from adapters.database.messages.message_filter import MessageFilter
from adapters.database.schema.hub_tables import HUB
from adapters.database.schema.tables import tables_of
from adapters.database.schema.upgrade import upgrade
from hub.data_manager.inspection.journey import journey_of
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.status import status_of
from hub.deployment.deployment import Deployment
from hub.deployment.settings import FILE, read_settings
from integration_objects.definition import shipped_definitions
from integration_objects.surroundings import SeededSurroundings, Surroundings
from tests.bench.delta_and_apply import say
from tests.services.postgresql import a_postgresql

MESSAGES, FEWER, ORDERS = 1_000_000, 100_000, 50_000
ROUTES, SENDERS = ("mainframe_order", "partner_order", "provisioning_status"), 40
#: rows that are written at once
AT_ONCE = 5_000
#: readings of each question
READINGS = 200
BODY = b"<ORDERS>" + b"x" * 240 + b"</ORDERS>"


class Filling:
    """Rows of messages and orders, written straight into the tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables: MetaData = tables_of(shipped_definitions())
        self._clock = SeededSurroundings()

    def messages(self, first: int, end: int) -> None:
        """Write messages with these numbers, each with the keys of its order and its account."""
        for start in range(first, end, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, end))
            with self._database.write() as connection:
                rows = [self._message(number) for number in numbers]
                insert_rows(connection, HUB.tables["hub_inbox"], tuple(rows[0]), [tuple(row.values()) for row in rows])
                keys = [key for number in numbers for key in _keys(number)]
                insert_rows(connection, HUB.tables["hub_message_key"], ("kind", "value", "seq"), keys)

    def _message(self, number: int) -> dict[str, Any]:
        at, state = self._clock.now(), _state(number)
        identity = f"M-{number:08}"
        failed = state in ("rejected", "parked")
        return {
            "seq": number,
            "id": self._clock.new_id(),
            "route": ROUTES[number % len(ROUTES)],
            "sender": f"sender-{number % SENDERS}",
            "identity": identity,
            "digest": f"{number:064}",
            "state": state,
            "due_at": at,
            "received_at": at,
            "final_at": None if state == "parked" else at,
            "message_id": identity,
            "correlation_id": identity,
            "content_type": "application/xml",
            "source": "bench",
            "reason": ("NotInLookup", "AccountUnknown")[number % 2] if failed else None,
            "error": '{"what": "it failed", "reason": "NotInLookup"}' if failed else None,
            "size": len(BODY),
            "headers": "{}",
            "body": BODY,
        }

    def orders(self, count: int) -> None:
        """Write orders with two lines each."""
        stamp = {"created": "2026-01-01", "created_by": "hub", "last_upd": "2026-01-01", "last_upd_by": "hub"}
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            orders = [
                {"row_id": f"o{number}", "order_number": _order(number), "modification_num": 1, **stamp}
                for number in numbers
            ]
            lines = [
                {
                    "row_id": f"l{number}-{place}",
                    "order_id": f"o{number}",
                    "position": place,
                    "root_id": f"l{number}-{place}",
                    "asset_integ_id": f"I-{number}-{place}",
                    "service_num": _service(number, place),
                    **stamp,
                }
                for number in numbers
                for place in (1, 2)
            ]
            with self._database.write() as connection:
                for name, rows in (("s_order", orders), ("s_order_item", lines)):
                    table: Table = self._tables.tables[name]
                    insert_rows(connection, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


def _state(number: int) -> str:
    if number % 500 == 7:
        return "parked"
    return "rejected" if number % 50 == 3 else "done"


def _order(number: int) -> str:
    return f"O-{number % ORDERS:07}"


def _service(number: int, place: int) -> str:
    return f"(509) {number // 1000:04}-{number % 1000:03}{place}"


def _keys(number: int) -> Iterator[tuple[str, str, int]]:
    yield "order", _order(number), number
    yield "account", f"1-{number % 20_000}", number


def measure(what: str, open_hub: OpenHub, read: Callable[[Transaction, int], object], most: int) -> None:
    """Read about another of *most* things each time; say the median, the 95th percentile, the process's own work."""
    chance = random.Random(7)  # noqa: S311  # repeatable on purpose
    taken, worked = [], time.process_time()
    for _ in range(READINGS):
        number = chance.randrange(1, most)
        start = time.perf_counter()
        with open_hub.read() as transaction:
            read(transaction, number)
        taken.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - worked) * 1000 / READINGS
    taken.sort()
    say(f"  {what:<46} {taken[len(taken) // 2]:8.1f} ms  {taken[len(taken) * 95 // 100]:8.1f} ms  {cpu:8.1f} ms")


def _found(**filters: Any) -> Callable[[Transaction, int], object]:
    return lambda transaction, number: transaction.messages.listing(MessageFilter(**filters), 51)


def _named(kind: str, value: Callable[[int], str]) -> Callable[[Transaction, int], object]:
    def read(transaction: Transaction, number: int) -> object:
        keys = transaction.messages.message_keys.named(kind, value(number))
        found = transaction.messages.listing(MessageFilter(keys=keys), 51)
        assert found, (kind, value(number))
        return found

    return read


def _message_page(transaction: Transaction, number: int) -> object:
    (row,) = transaction.messages.listing(limit=1, before=number + 1)
    return transaction.messages.show(row["id"]), journey_of(transaction, row["id"], row["seq"])


def _first_page(transaction: Transaction, number: int) -> object:
    open_hub = transaction.open_hub
    return status_of(transaction, open_hub.deployment), transaction.messages.overview.flow("2026-01-01T12", "minute")


KEYS = {
    "order number": _named("order", _order),
    "account": _named("account", lambda number: f"1-{number % 20_000}"),
    "integration id": _named("integration id", lambda number: f"I-{number}-1"),
    "service id": _named("service id", lambda number: _service(number, 2)),
}
PAGES: dict[str, Callable[[Transaction, int], object]] = {
    "first page: state, alarms, an hour's flow": _first_page,
    "messages, the newest": _found(),
    "messages, a page far back": lambda transaction, number: transaction.messages.listing(None, 51, number),
    "messages parked": _found(states=("parked",)),
    "messages refused, of a route": _found(states=("rejected", "invalid"), route=ROUTES[0]),
    "messages refused, of a sender": _found(states=("rejected",), sender="sender-3"),
    "messages of a sender": _found(sender="sender-3"),
    "messages with a reason": _found(reason="NotInLookup"),
    "messages of some minutes": _found(since="2026-01-01T06:00:00.000000Z", until="2026-01-01T06:10:00.000000Z"),
    "a message and its journey": _message_page,
}


def run(url: str, folder: pathlib.Path, share: int) -> None:
    """Fill a database, and measure."""
    (folder / FILE).write_text("", encoding="utf-8")
    settings = read_settings(folder, environment=False, database_url=url, routes=["*"])
    open_hub = OpenHub(Deployment(folder, settings), Surroundings())
    upgrade(open_hub.database, open_hub.deployment.definitions)
    filling = Filling(open_hub.database)
    filling.orders(ORDERS)
    fewer, messages = FEWER // share, MESSAGES // share
    filling.messages(1, fewer + 1)
    _settle(open_hub)
    say(f" with {fewer:,} messages and {ORDERS:,} orders{'median':>24}{'95 %':>13}{'processor':>13}")
    for what, read in (PAGES | KEYS).items():
        measure(what, open_hub, read, min(ORDERS, fewer))
    filling.messages(fewer + 1, messages + 1)
    _settle(open_hub)
    say(f" a key among {messages:,} messages")
    for what, read in (KEYS | {name: read for name, read in PAGES.items() if name.startswith("messages")}).items():
        measure(what, open_hub, read, min(ORDERS, fewer))
    open_hub.close()


def _settle(open_hub: OpenHub) -> None:
    """Let the database learn what its tables hold, as it does by itself in a while."""
    engine = open_hub.database._engine
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    name = f"orderhub_bench_{uuid.uuid4().hex[:12]}"
    with a_postgresql() as url:
        admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"))
        try:
            yield admin.url.set(database=name).render_as_string(hide_password=False)
        finally:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            admin.dispose()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true", help="as without it")
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args(arguments)
    share = 20 if options.quick else 1
    with tempfile.TemporaryDirectory(dir=os.environ.get("ORDERHUB_BENCH_FOLDER")) as name:
        folder = pathlib.Path(name)
        say("SQLite")
        run(f"sqlite:///{folder}/orderhub.db", folder, share)
        if options.postgresql:
            with _postgresql() as url:
                say("PostgreSQL")
                run(url, folder, share)


if __name__ == "__main__":
    main()
