"""A random life of both sides of a feed: users edit, files come to harm, processes die.

    Simulation(folder, seed).run()

Between two files, messages tell of single changes. Some are lost, come twice, late or out of turn.

Both sides change, delete and make accounts, also the same ones. Files on their way are cut, repeated, late and out of
order. The hub dies before or within any of its transactions, and billing between a transaction and its file. When the
edits stop, the sides exchange files until they are at rest, and `prove` looks at what they have:

- both sides have the same values, but for fields that wait for a person
- the third exchange carries no record
- each change is there, or somebody saw it and changed it again, or a conflict names it
"""

from __future__ import annotations

import pathlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.database.replication.batches import Direction
from adapters.database.replication.decisions import DECISION
from hub.data_manager.open_hub import OpenHub
from hub.demo.billing_stand_in import FIELDS, BillingStandIn
from hub.replication.deciding import NothingHeld, decide_conflict, release
from hub.replication.differences import is_closed
from hub.replication.export import FeedExport
from hub.replication.flat_row import written_record
from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.hub.replication.two_sides import TwoSides

KEYS = tuple(f"K{number}" for number in range(8))
ROUNDS = 8
#: Exchanges without edits after which both sides must be at rest.
LAST_EXCHANGES = 3
_COUNTER = "CREDIT-LIMIT"
#: Goes to and fro, after which the files must be at rest.
_MOST_SETTLING = 60
#: A message on its way: its id, the id that it answers, its body.
Sent = tuple[str, str | None, bytes]


class Died(Exception):
    """The process dies here."""


@dataclass(frozen=True)
class Edit:
    """An edit of a user on either side: of a field, or of a whole record (*field* is None)."""

    side: str
    key: str
    field: str | None
    old: str | None
    new: str | None


@dataclass
class Crash:
    """The transaction at which the hub dies, counted from now on; and whether it dies before it begins."""

    at: int
    before: bool
    count: int = 0


@dataclass
class Simulation:
    """One schedule."""

    folder: pathlib.Path
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    crashes: int = 0
    edits: list[Edit] = field(default_factory=list)
    _late: list[tuple[pathlib.Path, bytes]] = field(default_factory=list)
    _whole: dict[pathlib.Path, bytes] = field(default_factory=dict)
    _crash: Crash | None = None
    #: the messages on their way to either side: id, the id that it answers, body
    _to_hub: list[Sent] = field(default_factory=list)
    _to_billing: list[Sent] = field(default_factory=list)
    messages: int = 0
    _answers: int = 0

    def run(self) -> None:
        """Live, come to rest, and prove it."""
        self._chance = random.Random(self.seed)  # noqa: S311  # chance edits, no secrets
        self._sides = TwoSides(self.folder, **self.settings)
        try:
            with self._dying():
                for _ in range(ROUNDS):
                    self._round()
            self._come_to_rest()
            self.prove()
            self._decide_all()
            self.carried = [self._exchange() for _ in range(LAST_EXCHANGES)]
            assert self.hub_side() == self.billing_side(), (
                f"seed {self.seed}: a decision didn't come to both sides: {self.hub_side()} {self.billing_side()}"
            )
        finally:
            self._sides.close()

    # Lives

    def _round(self) -> None:
        chance = self._chance
        actions: list[Callable[[], None]] = [
            *[self._edit_hub] * chance.randrange(4),
            *[self._edit_billing] * chance.randrange(4),
            *[self._import] * chance.randrange(3),
            *[self._export] * chance.randrange(3),
            *[self._read] * chance.randrange(3),
            *[self._write] * chance.randrange(3),
            *[self._tell] * chance.randrange(3),
            *[self._work] * chance.randrange(4),
            *[self._hear] * chance.randrange(4),
            self._harm,
            self._harm,
        ]
        chance.shuffle(actions)
        for action in actions:
            action()

    def _edit_hub(self) -> None:
        chance, key = self._chance, self._chance.choice(KEYS)
        before = self.hub_side().get(key)
        kind = chance.random()
        if before is not None and kind < 0.15:
            self._put(key, {"Status": "Closed"})
            self.edits.append(Edit("hub", key, None, "there", None))
        elif before is None and kind < 0.5:
            name, last = self._text("name"), self._text("last")
            self._put(key, {"Name": name, "Status": "Active", "Credit Limit": "100"}, last)
            self.edits.append(Edit("hub", key, None, None, "there"))
        elif before is not None:
            feed_field = chance.choice([each for each in self._sides.feed.fields if each.joined == ""])
            new = chance.choice(["Active", "Inactive"]) if feed_field.codes else self._text("hub")
            if feed_field.owner == "counter":
                new = str(Decimal(before[FIELDS.index(_COUNTER)] or 0) + chance.randrange(1, 50))
            self._put(key, {feed_field.field.name: new})
            after = self.hub_side()[key]
            place = FIELDS.index(feed_field.record)
            if before[place] != after[place]:
                self.edits.append(Edit("hub", key, feed_field.record, before[place], after[place]))

    def _put(self, key: str, values: dict[str, str], last_name: str | None = None) -> None:
        with self._sides.open_hub.write() as transaction:
            root = PropertySet("Account", properties={"Account Id": key, **values})
            transaction.store.upsert(message("Account", [root]))
            if last_name is not None:
                contact = {"Contact Id": f"{key}-C", "Account Id": key, "Primary Flag": "Y", "Last Name": last_name}
                transaction.store.upsert(message("Contact", [PropertySet("Contact", properties=contact)]))

    def _edit_billing(self) -> None:
        """Edit as the stand-in's users do, and take the edit over from its own list."""
        billing = self._sides.billing
        (last,) = billing.database.execute("SELECT coalesce(max(seq), 0) FROM edit").fetchone()
        billing.edit(1, self._chance, KEYS)
        for _, key, operation, name, old, new, _ in billing.database.execute(
            "SELECT * FROM edit WHERE seq > ?", (last,)
        ):
            there = ("there", None) if operation == "D" else (None, "there")
            self.edits.append(Edit("billing", key, name, *((old, new) if operation == "C" else there)))

    def _text(self, word: str) -> str:
        return f"{word} {self._chance.randrange(10**6)}"

    # Exchanges

    def _import(self) -> None:
        feed = OpenFeed(self._sides.open_hub, self._sides.feed)
        with self._may_die():
            try:
                list(import_files(feed, lambda *_: None))
            finally:
                feed.folders.close()  # the locks of a dead process are released

    def _export(self) -> None:
        full = self._chance.random() < 0.1
        with self._may_die():
            self.export(full)

    def export(self, full: bool = False) -> int:
        """Export; return the number of records."""
        export = FeedExport(OpenFeed(self._sides.open_hub, self._sides.feed))
        list(export.export(full))
        return sum(batch.records for batch in export.publish())

    def _read(self) -> None:
        self._sides.billing.read()

    def _write(self) -> None:
        billing = self._sides.billing
        full = self._chance.random() < 0.15
        if self._chance.random() < 0.2:
            # Billing dies between its transaction and its file.
            with suppress(Died):
                billing.place = self._die  # type: ignore[method-assign]
                billing.write(full)
            billing.close()
            self.crashes += 1
            self._sides.billing = BillingStandIn(self.folder / "billing.db", self._sides.folder)
            self._sides.billing.place()
        else:
            billing.write(full)

    # Messages

    def _tell(self) -> None:
        """Billing tells of its changes."""
        self._to_hub += [(message_id, None, body) for message_id, body in self._sides.billing.tell()]

    def _work(self) -> None:
        """The hub takes some of billing's messages, and works; its own are on their way then."""
        with self._may_die():
            for message_id, answers, body in self._arriving(self._to_hub):
                self._sides.tell_hub(message_id, body, answers)
            self._sides.work()
        self._to_billing += self._sides.leaving()

    def _hear(self) -> None:
        """Billing takes some of the hub's messages, and answers."""
        for message_id, _, body in self._arriving(self._to_billing):
            self._answer(message_id, body)

    def _answer(self, message_id: str, body: bytes) -> None:
        answer = self._sides.billing.hear(body)
        if answer is not None:
            # Billing may answer twice, and each answer is a message of its own.
            self._answers += 1
            self._to_hub.append((f"answer {self._answers} {message_id}", message_id, answer))

    def _arriving(self, on_their_way: list[Sent]) -> list[Sent]:
        """Take the messages that arrive now, in turn or in any order; some are lost, late or repeated."""
        chance, arriving = self._chance, []
        if chance.random() < 0.5:
            chance.shuffle(on_their_way)
        for sent in list(on_their_way):
            kind = chance.random()
            if kind < 0.2:
                continue  # later
            if kind < 0.9:
                on_their_way.remove(sent)
            if kind > 0.3:
                arriving.append(sent)
                self.messages += 1
        return arriving

    def _pass_messages(self) -> None:
        """Bring all messages to their ends."""
        self._to_billing += self._sides.leaving()
        while self._to_hub or self._to_billing:
            to_hub, self._to_hub = self._to_hub, []
            for message_id, answers, body in to_hub:
                self._sides.tell_hub(message_id, body, answers)
            to_billing, self._to_billing = self._to_billing, []
            for message_id, _, body in to_billing:
                self._answer(message_id, body)
            self._sides.work()
            self._to_billing += self._sides.leaving()
        self._sides.pass_messages()

    def _die(self, number: int | None = None) -> None:
        raise Died

    def _harm(self) -> None:
        """Let a file on its way come to harm: cut, late or repeated."""
        waiting = [path for name in ("inbox", "outbox") for path in sorted((self._sides.folder / name).glob("[!.]*"))]
        if not waiting:
            return
        path = self._chance.choice(waiting)
        content, kind = path.read_bytes(), self._chance.random()
        self._whole.setdefault(path, content)
        if kind < 0.3 and path.parent.name == "inbox":
            path.write_bytes(content[: self._chance.randrange(len(content) or 1)])
        elif kind < 0.5:
            path.write_bytes(content[: self._chance.randrange(len(content) or 1)])
            self._late.append((path, content))
        elif kind < 0.7:
            path.unlink()
            self._late.append((path, content))
        else:
            self._late.append((path, content))

    def _bring_late_files(self) -> None:
        for path, content in self._late:
            path.parent.mkdir(parents=True, exist_ok=True)
            hidden = path.with_name(".late")
            hidden.write_bytes(content)
            hidden.replace(path)
        self._late.clear()

    @contextmanager
    def _may_die(self) -> Iterator[None]:
        """Let the hub die at one of its next transactions, with a chance; then start it anew."""
        if self._chance.random() < 0.8:
            self._crash = Crash(self._chance.randrange(1, 10), self._chance.random() < 0.5)
        try:
            yield
        except Died:
            self.crashes += 1
            self._crash = None
            self._sides.reopen()
        finally:
            self._crash = None
        if self._chance.random() < 0.5:
            self._bring_late_files()

    @contextmanager
    def _dying(self) -> Iterator[None]:
        """Let each transaction that writes ask whether the hub dies there."""
        write = OpenHub.write

        @contextmanager
        def dying(open_hub: OpenHub, dry_run: bool = False) -> Iterator[Any]:
            crash = self._crash
            if crash is not None:
                crash.count += 1
                if crash.count == crash.at and crash.before:
                    raise Died
            with write(open_hub, dry_run) as transaction:
                yield transaction
                if crash is not None and crash.count == crash.at:
                    raise Died

        OpenHub.write = dying  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            OpenHub.write = write  # type: ignore[method-assign]

    def _come_to_rest(self) -> None:
        self._pass_messages()
        # In the end each file arrives whole, whatever came before it.
        self._late += self._whole.items()
        self._bring_late_files()
        self._settle()
        self.carried = [self._exchange() for _ in range(LAST_EXCHANGES)]

    def _exchange(self) -> int:
        """Exchange files in both directions, with their answers; return the number of records that were carried."""
        billing = self._sides.billing
        (before,) = billing.database.execute("SELECT count(*) FROM unsent").fetchone()
        billing.write()
        sent = self.export()
        self._settle()
        return int(before) + sent

    def _settle(self) -> None:
        """Bring all files that were written to their end: answers, and files that are refused and sent again."""
        billing, feed = self._sides.billing, OpenFeed(self._sides.open_hub, self._sides.feed)
        for _ in range(_MOST_SETTLING):
            self._sides.pass_messages()
            billing.place()
            self._release(feed)
            FeedExport(feed).publish()
            outcomes = list(import_files(feed, lambda *_: None))
            if not billing.read() and not outcomes:
                return
        raise AssertionError(f"seed {self.seed}: the files go to and fro without an end")

    def _release(self, feed: OpenFeed) -> None:
        """Let an operator release what the guard holds."""
        directions: tuple[Direction, ...] = ("in", "out")
        for direction in directions:
            with self._sides.open_hub.write() as transaction, suppress(NothingHeld):
                release(feed, transaction, "operator", "the simulation changes much", direction)

    def _decide_all(self) -> None:
        """Let a person decide each conflict that is open."""
        feed = OpenFeed(self._sides.open_hub, self._sides.feed)
        with self._sides.open_hub.read() as transaction:
            conflicts = feed.decisions(transaction).conflicts(10_000)
        for conflict in conflicts:
            with self._sides.open_hub.write() as transaction:
                decide_conflict(
                    feed, transaction, conflict.seq, self._chance.choice(["ours", "theirs"]), None, "person", "asked"
                )

    # Proves

    def hub_side(self) -> dict[str, tuple[str | None, ...]]:
        """The hub's records as billing would have them."""
        feed = OpenFeed(self._sides.open_hub, self._sides.feed)
        with self._sides.open_hub.read() as transaction:
            records = list(feed.flat_rows.in_key_order(transaction.connection))
        found = {}
        for record in records:
            if not is_closed(self._sides.feed, record.fields):
                properties = written_record(self._sides.feed, record.key, record.fields).properties
                found[record.key] = tuple(_plain(name, properties.get(name)) for name in FIELDS)
        return found

    def billing_side(self) -> dict[str, tuple[str | None, ...]]:
        """Billing's records."""
        return {
            key: tuple(_plain(name, value) for name, value in zip(FIELDS, values, strict=True))
            for key, values in self._sides.billing.accounts().items()
        }

    def prove(self) -> None:
        """Look at both sides at rest."""
        with self._sides.open_hub.read() as transaction:
            decisions = [dict(row._mapping) for row in transaction.connection.execute(DECISION.select())]
        open_fields = {(each["key"], each["field"]) for each in decisions if each["state"] == "open"}
        hub, billing = self.hub_side(), self.billing_side()
        names = {field.name: field.record for field in self._sides.feed.fields}
        waiting = {(key, names.get(name or "", "")) for key, name in open_fields}
        for key in sorted(hub.keys() | billing.keys()):
            assert key in hub, f"seed {self.seed}: billing alone has {key}"
            assert key in billing, f"seed {self.seed}: the hub alone has {key}"
            for name, ours, theirs in zip(FIELDS, hub[key], billing[key], strict=True):
                assert ours == theirs or (key, name) in waiting, f"seed {self.seed}: {key} {name}: {ours} {theirs}"
        assert not any(self.carried[2:]), f"seed {self.seed}: the exchanges carried {self.carried} records"
        conflicts = {(each["key"], names.get(each["field"] or "")) for each in decisions if each["conflict"]}
        lost = [edit for edit in self.edits if not self._is_kept(edit, hub, conflicts)]
        assert lost == [], f"seed {self.seed}: {lost}"

    def _is_kept(
        self, edit: Edit, final: dict[str, tuple[str | None, ...]], conflicts: set[tuple[str, str | None]]
    ) -> bool:
        """Whether the edit's value is there, or somebody changed it again, or a conflict names it."""
        if (edit.key, edit.field) in conflicts or (edit.key, None) in conflicts:
            return True
        others = [each for each in self.edits if each.key == edit.key and each is not edit]
        if edit.field is None:
            # Whether the record is there: the last word of either side, if they differ there is a conflict.
            return (edit.key in final) == (edit.new is not None) or any(each.field is None for each in others)
        if edit.field == _COUNTER or any(each.field is None and each.new is None for each in others):
            return True  # `counters` proves it; a deletion takes all values with it
        values = (
            _plain(edit.field, value) for value in (edit.new, (final.get(edit.key) or {})[FIELDS.index(edit.field)])
        )
        new, last = values
        seen = any(each.field == edit.field and _plain(edit.field, each.old) == new for each in others)
        return new == last or seen


def _plain(name: str, value: str | None) -> str | None:
    return value if value is None or name != _COUNTER else f"{Decimal(value):.2f}"
