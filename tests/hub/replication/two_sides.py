"""Both sides of the shipped feed: a hub in a folder with its accounts, and the stand-in for billing."""

from __future__ import annotations

import pathlib
from typing import Any, Self
from xml.sax.saxutils import escape

import pytest
from sqlalchemy import select

from adapters.database.replication.batches import Direction, FeedBatch, FeedBatches
from adapters.database.replication.rows import ROW
from hub.demo.billing_stand_in import BillingStandIn
from hub.deployment.feed import Feed, FlatRow
from hub.replication.export import FeedExport
from hub.replication.flat_row import flat_rows_of
from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.road import Road

FEED = "billing_accounts"
_ROWS = select(ROW.c.position, ROW.c.key, ROW.c.row_status, ROW.c.reason).order_by(
    ROW.c.position, ROW.c.row_status, ROW.c.key
)
_COUNTED = ("number", "direction", "kind", "state", "records", "adds", "changes", "conflicts", "rejected")


class TwoSides:
    """A hub and a billing system that exchange files; the methods act as the hub's users and operators."""

    def __init__(self, folder: pathlib.Path, **settings: Any) -> None:
        self._place, self._settings = folder, settings
        self._open()
        self.folder = folder / "folders" / self.feed.folder
        self.billing = BillingStandIn(folder / "billing.db", self.folder)

    @classmethod
    def on(cls, request: pytest.FixtureRequest, folder: pathlib.Path) -> Self:
        """Make both sides on the database that the fixture's parameter names."""
        if request.param == "SQLite":
            return cls(folder)
        database = request.getfixturevalue("postgresql_database")
        return cls(folder, database_url=database._url.render_as_string(hide_password=False))

    def _open(self) -> None:
        self.road = Road(self._place, feeds=[FEED], **self._settings)
        self.open_hub = self.road.open_hub
        self.feed: Feed = self.open_hub.deployment.feeds[FEED]

    def reopen(self) -> None:
        """Start the hub anew, as after its death."""
        surroundings = self.road.surroundings
        self.road.close()
        self._open()
        # The clock goes on, and no id is given twice.
        self.road.surroundings = self.open_hub.surroundings = surroundings

    def work(self) -> None:
        """Let the hub work the messages that it has."""
        while self.road.manager.work(25):
            pass

    def leaving(self) -> list[tuple[str, str | None, bytes]]:
        """Take the hub's messages to billing: their ids, the ids that they answer, and their bodies."""
        assert self.feed.messages is not None
        with self.open_hub.write() as transaction:
            rows = transaction.messages.outbox.take(self.feed.messages.to_place, 100)
        return [(row.message.message_id, row.message.correlation_id, row.message.body) for row in rows]

    def tell_hub(self, message_id: str, body: bytes, answers: str | None = None) -> str:
        """Bring a message of billing's to the hub's door; return its row in the inbox."""
        return self.road.send(body, FEED, message_id, correlation_id=answers)

    def pass_messages(self) -> int:
        """Bring all messages of both sides to their ends, with their answers; return how many came to either side."""
        count, waiting = 0, self.billing.tell()
        while True:
            for message_id, body in waiting:
                self.tell_hub(message_id, body)
            self.work()
            leaving = self.leaving()
            count += len(waiting) + len(leaving)
            if not waiting and not leaving:
                return count
            waiting = []
            for message_id, _, body in leaving:
                answer = self.billing.hear(body)
                if answer is not None:
                    count += 1
                    self.tell_hub(f"answer {message_id}", answer, message_id)
            waiting += self.billing.tell()

    def close(self) -> None:
        self.billing.close()
        self.road.close()

    def put(self, key: str, **fields: str) -> None:
        """Make or change an account of the hub's; ``Credit_Limit`` is the field Credit Limit."""
        values = "".join(f"<{_tag(name)}>{escape(value)}</{_tag(name)}>" for name, value in fields.items())
        self.road.load(
            '<Message MessageType="Integration Object" IntObjectName="Account" IntObjectFormat="Hierarchical">'
            f"<ListOfAccount><Account><AccountId>{key}</AccountId>{values}</Account></ListOfAccount></Message>"
        )

    def open_order(self, key: str) -> None:
        """Store an open order of an account."""
        fields = {"Order Number": f"O-{key}", "Revision": "1", "Status": "Open", "Account Id": key}
        self.road.insert(message("OM Order", [PropertySet("Order", properties=fields)]))

    def export(self, **options: bool) -> list[str]:
        """Export; return the lines of the records that were sent, cut after the status."""
        export = FeedExport(OpenFeed(self.open_hub, self.feed))
        list(export.export(**options))
        lines: list[str] = []
        for batch in export.publish():
            text = (self.folder / "outbox" / str(batch.name)).read_text(encoding="iso-8859-1")
            lines += [" ".join(line[1:63].split()) for line in text.split("\n") if line.startswith("D")]
        return lines

    def imported(self) -> list[str]:
        """Import all files; return the name and the end of each."""
        outcomes = import_files(self.open_feed, lambda text, done, size: None)
        return [f"{each.name} {'repeat' if each.batch is None else each.batch.state}" for each in outcomes]

    @property
    def open_feed(self) -> OpenFeed:
        """The feed in the open hub."""
        return OpenFeed(self.open_hub, self.feed)

    def set_last_name(self, key: str, name: str) -> None:
        """Change the last name of an account's contact."""
        with self.open_hub.write() as transaction:
            store = transaction.store
            (contact,) = store.keys("Contact", {"Account Id": key})
            changes = {"Contact Id": contact["Contact Id"], "Last Name": name}
            store.update(message("Contact", [PropertySet("Contact", properties=changes)]))

    def deliver(self, name: str, content: bytes) -> None:
        """Put a file into the inbox, as the partner would."""
        (self.folder / "inbox").mkdir(parents=True, exist_ok=True)
        (self.folder / "inbox" / name).write_bytes(content)

    def batches(self, direction: Direction | None = None) -> list[FeedBatch]:
        """The newest batches, the last one first."""
        with self.open_hub.read() as transaction:
            return FeedBatches(transaction.connection, self.open_hub.surroundings).listing(
                FEED, 100, direction=direction
            )

    def alarms(self) -> list[str]:
        """The sentences of the alarms that stand."""
        with self.open_hub.read() as transaction:
            return [alarm.sentence for alarm in self.open_feed.alarms(transaction).listing()]

    def last_answer(self) -> str:
        """The text of the newest file of ours."""
        return max((self.folder / "outbox").iterdir()).read_text(encoding="iso-8859-1")

    def end_of_import(self) -> tuple[Any, ...]:
        """All that the end of an import is known by: records, rows, decisions, counts, answers, and the files' places.

        Neither ids nor times are in it: two imports of the same files end alike.
        """
        feed = self.open_feed
        with self.open_hub.read() as transaction:
            agreed = [(each.key, each.fields, each.is_deleted) for each in feed.agreed(transaction).in_key_order()]
            rows = [tuple(row) for row in transaction.connection.execute(_ROWS)]
            keys = sorted({key for _, key, _, _ in rows if key} | {key for key, _, _ in agreed})
            decided = [
                (each.key, each.field, each.outcome) for key in keys for each in feed.decisions(transaction).of_key(key)
            ]
        counts = sorted(str([getattr(batch, name) for name in _COUNTED]) for batch in self.batches())
        # The first line of an answer has the time.
        answers = {path.name: path.read_text().split("\n", 1)[1] for path in (self.folder / "outbox").iterdir()}
        done = sorted(path.name for path in (self.folder / "done").iterdir())
        return self.ours(), agreed, rows, decided, counts, answers, done

    def ours(self) -> dict[str, FlatRow]:
        """The hub's flat rows by key."""
        flat_rows = flat_rows_of(self.feed, self.open_hub.stored_objects)
        with self.open_hub.read() as transaction:
            return {record.key: record.fields for record in flat_rows.in_key_order(transaction.connection)}


def _tag(name: str) -> str:
    return name.replace("_", "")
