"""A week of two-way replication with billing: both sides change accounts, a file comes to harm, and all comes out even.

Billing is the stand-in, with a database of its own. Each step prints the command that a person would type, and its
result is read back from both sides.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager

from adapters.files import opened
from hub.demo.billing_stand_in import FIELDS, BillingStandIn
from hub.demo.stage import Demonstration, demonstration, heading, paragraph
from hub.presentation.printing import out, table
from hub.replication.deciding import decide_conflict
from hub.replication.difference_class import EXPECTED
from hub.replication.export import FeedExport
from hub.replication.flat_row import written_record
from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from hub.replication.reconcile import Reconciliation
from hub.replication.repairs import repair
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet

#: The name by which `--scenario` calls the week.
REPLICATION = "replication"
FEED = "billing_accounts"
#: The account that both sides change, and another one of the samples.
JANE, WIDGETS = "1-B", "1-A"
_SHOWN = ("CUST-NAME", "CUST-STAT", "CREDIT-LIMIT", "PHONE", "CONTACT-LAST")


def play_replication(folder: pathlib.Path) -> bool:
    """Play the week in *folder*, made anew; return whether both sides are equal at its end."""
    with demonstration(folder) as hub, _week(hub, folder) as week:
        week.monday()
        week.tuesday()
        week.tuesday_evening()
        week.wednesday()
        week.thursday()
        week.friday()
        return week.saturday()


@contextmanager
def _week(hub: Demonstration, folder: pathlib.Path) -> Iterator[_Week]:
    feed = hub.open_hub.deployment.feeds[FEED]
    with closing(BillingStandIn(folder / "billing.db", folder / "folders" / feed.folder)) as billing:
        yield _Week(hub, OpenFeed(hub.open_hub, feed), billing, folder)


class _Week:
    """Both sides, and the days of the week."""

    def __init__(self, hub: Demonstration, feed: OpenFeed, billing: BillingStandIn, folder: pathlib.Path) -> None:
        self._hub = hub
        self._feed = feed
        self._billing = billing
        self._folder = folder

    def monday(self) -> None:
        """The hub's accounts go to billing."""
        heading("Monday: billing gets the hub's accounts")
        _command("load", "accounts.xml")
        self._hub.load("accounts.xml")
        self._export()
        self._read()
        self._import()
        self._show()

    def tuesday(self) -> None:
        """Each side changes other fields."""
        heading("Tuesday: each side changes what it likes, and nothing collides")
        self._set(JANE, Phone_Number="509-555-0142")
        self._billing_sets(JANE, **{"CONTACT-LAST": "Doe", "CREDIT-LIMIT": "500.00"})
        self._billing_types("add", "B-1", "CUST-NAME=Riverside Clinic", "CUST-STAT=A")
        self._billing.add("B-1", {"CUST-NAME": "Riverside Clinic", "CUST-STAT": "A", "CONTACT-LAST": "Poe"})
        self._exchange()
        self._show()

    def tuesday_evening(self) -> None:
        """A change of each side travels as a message."""
        heading("Tuesday evening: two changes don't wait for the files")
        self._set("B-1", Phone_Number="509-555-0177")
        self._run()
        self._hear()
        self._billing_sets(JANE, EMAIL="jane@example.com")
        self._billing_types("tell", "messages")
        for number, body in self._billing.tell():
            out(f"  messages/{number}")
            self._send(number, body, None)
        self._run()
        self._hear()
        paragraph("Both sides have both values, and the night's exchange of files is empty.")
        self._exchange()

    def wednesday(self) -> None:
        """Both sides change the same fields."""
        heading("Wednesday: both sides change the same fields of Jane Doe")
        paragraph(
            "The name belongs to billing, the status to the hub. The credit limit is a counter: both differences are "
            "added. The last name of the contact is for a person to decide."
        )
        self._set(JANE, Name="Jane Roe", Status="Inactive", Credit_Limit="600")
        self._set_contact("Roe")
        self._billing_sets(
            JANE, **{"CUST-NAME": "Jane D. Doe", "CUST-STAT": "A", "CREDIT-LIMIT": "450.00", "CONTACT-LAST": "Miller"}
        )
        self._exchange()
        self._show()
        self._decide()
        self._exchange()
        self._show()

    def thursday(self) -> None:
        """A file is cut on its way."""
        heading("Thursday: a file of billing's is cut on its way, then the same file comes twice")
        self._billing_sets(WIDGETS, PHONE="509-555-0100")
        number = self._write()
        path = self._folder / "folders" / self._feed.feed.folder / "inbox" / f"ACCOUNTS.{number:08}.txt"
        with opened(path) as file:
            whole = file.read()
        self._hub.write(str(path.relative_to(self._folder)), whole[:400].decode("iso-8859-1"))
        out("  (400 characters of it arrive)")
        self._import()
        paragraph("The hub's answer says that the file was refused. Billing sends the same file again.")
        self._read()
        self._import()
        self._billing.place(number)
        self._import()
        self._show()

    def friday(self) -> None:
        """Billing loses a record, and the reconciliation finds it."""
        heading("Friday: billing's disk loses an account and a telephone number; the reconciliation finds both")
        self._billing.database.execute("DELETE FROM account WHERE key = 'B-1'")
        self._billing.database.execute("UPDATE account SET PHONE = NULL WHERE key = ?", (WIDGETS,))
        self._billing.database.commit()
        self._reconcile()
        self._exchange()

    def saturday(self) -> bool:
        """Nobody works: nothing is sent."""
        heading("Saturday: nobody changes anything, and no file leaves")
        self._exchange()
        ours, theirs = self._hub_side(), self._billing_side()
        self._show()
        out(f"\nThe two sides are {'equal' if ours == theirs else 'NOT equal'}: {len(ours)} accounts.")
        return ours == theirs

    # What users do

    def _set(self, key: str, **fields: str) -> None:
        values = {name.replace("_", " "): value for name, value in fields.items()}
        out(f"\n(a user of the hub: {key}: {', '.join(f'{name} = {value}' for name, value in values.items())})")
        self._upsert("Account", {"Account Id": key, **values})

    def _set_contact(self, last_name: str) -> None:
        out(f"(a user of the hub: the contact's last name = {last_name})")
        with self._hub.open_hub.read() as transaction:
            ours = self._feed.flat_rows.by_key(transaction.connection, [JANE])[JANE]
        self._upsert("Contact", {"Contact Id": ours.joined["Contact"], "Last Name": last_name})

    def _upsert(self, name: str, values: dict[str, str | None]) -> None:
        with self._hub.open_hub.write() as transaction:
            transaction.store.upsert(message(name, [PropertySet(name, properties=values)]))

    def _billing_types(self, *words: str) -> None:
        folder = f"folders/{self._feed.feed.folder}"
        out(f"\n$ python -m hub.demo.billing_stand_in billing.db {folder} {' '.join(map(shlex.quote, words))}")

    def _billing_sets(self, key: str, **values: str) -> None:
        self._billing_types("set", key, *(f"{name}={value}" for name, value in values.items()))
        self._billing.set(key, dict(values))

    # Messages

    def _hear(self) -> None:
        """Let billing hear the hub's messages, and bring its answers."""
        messages = self._feed.feed.messages
        assert messages is not None  # noqa: S101  # the shipped feed has them
        _command("receive", messages.to_place, "--json")
        heard = self._hub.take(messages.to_place)
        for each in heard:
            out(f"  {' '.join(each.body.decode('iso-8859-1').split())}")
        self._billing_types("hear", "from-hub.json", "answers")
        answers = [(each.message_id, self._billing.hear(each.body)) for each in heard]
        for answered, body in answers:
            if body is not None:
                self._send(f"answer to {answered}", body, answered)
                self._run()

    def _send(self, message_id: str, body: bytes, answers: str | None) -> None:
        option = ("--id", message_id) if answers is None else ("--correlation-id", answers)
        folder, name = ("messages", message_id) if answers is None else ("answers", answers)
        _command("send", FEED, f"{folder}/{name}", *option)
        self._hub.bring(FEED, message_id, body, answers)

    def _run(self) -> None:
        _command("run", "--once")
        self._hub.run()

    # What operators do

    def _exchange(self) -> None:
        self._write()
        self._import()
        self._export()
        self._read()
        self._import()
        self._billing.read()

    def _write(self) -> int | None:
        self._billing_types("write")
        number = self._billing.write()
        out("  nothing has changed" if number is None else f"  file {number}")
        return number

    def _read(self) -> None:
        self._billing_types("read")
        out(f"  {self._billing.read()} files read")

    def _export(self) -> None:
        _command("feed", "export", FEED)
        export = FeedExport(self._feed)
        for _ in export.export():
            pass
        published = export.publish()
        for batch in published:
            out(f"  {batch.name}: add {batch.adds}, change {batch.changes}, delete {batch.deletes}")
        if not published:
            out("  nothing to send")

    def _import(self) -> None:
        _command("feed", "import", FEED)
        for received in import_files(self._feed, lambda *_: None):
            batch = received.batch
            if batch is None:
                out(f"  {received.name}: came before, nothing changes; its answer is sent again")
            elif batch.error is not None:
                out(f"  {received.name}: {batch.state}: {batch.error.get('what', '')}")
            else:
                out(f"  {received.name}: {batch.state}, {batch.records} records, {batch.conflicts} with a conflict")

    def _decide(self) -> None:
        _command("feed", "conflicts", FEED)
        with self._hub.open_hub.read() as transaction:
            conflicts = self._feed.decisions(transaction).conflicts(20)
        heads = ("number", "record", "field", "agreed", "the hub's", "billing's")
        rows = [[each.seq, each.key, each.field, each.agreed, each.ours, each.theirs] for each in conflicts]
        out(table(heads, [[str(cell) for cell in row] for row in rows]))
        for conflict in conflicts:
            _command("feed", "decide", FEED, str(conflict.seq), "--take", "ours", "--reason", "Jane has married")
            with self._feed.write() as transaction:
                decide_conflict(self._feed, transaction, conflict.seq, "ours", None, "demo", "Jane has married")

    def _reconcile(self) -> None:
        self._billing_types("extract", "extract.txt")
        self._hub.write("extract.txt", self._billing.extract().decode("iso-8859-1"))
        _command("feed", "reconcile", FEED, "extract.txt", "--repair")
        with opened(self._folder / "extract.txt") as file:
            result = Reconciliation(self._feed).reconcile(file, "extract.txt")
        for name, difference in result.differences:
            where = f"{difference.key}, {difference.field or 'the record'}"
            out(f"  {name}: {where}: the hub {difference.ours}, billing {difference.theirs}")
        batch = repair(self._feed, result)
        if batch is not None and any(name not in EXPECTED for name, _ in result.differences):
            out(f"  repaired: {batch.records} records merged")

    # What both sides have

    def _hub_side(self) -> dict[str, tuple[str | None, ...]]:
        with self._hub.open_hub.read() as transaction:
            records = list(self._feed.flat_rows.in_key_order(transaction.connection))
        found = {}
        for record in records:
            values = written_record(self._feed.feed, record.key, record.fields).properties
            found[record.key] = tuple(_plain(values.get(name)) for name in FIELDS)
        return found

    def _billing_side(self) -> dict[str, tuple[str | None, ...]]:
        return {key: tuple(map(_plain, values)) for key, values in self._billing.accounts().items()}

    def _show(self) -> None:
        rows = []
        for side, accounts in (("hub", self._hub_side()), ("billing", self._billing_side())):
            for key, values in accounts.items():
                named = dict(zip(FIELDS, values, strict=True))
                rows.append([key, side, *(named[name] or "" for name in _SHOWN)])
        out("\n" + table(("account", "side", *_SHOWN), sorted(rows)))


def _command(*words: str) -> None:
    out(f"\n$ orderhub {' '.join(map(shlex.quote, words))}")


def _plain(value: str | None) -> str | None:
    """Write an amount without zeros at its end, so that the two sides can be compared."""
    return value.rstrip("0").rstrip(".") if value and value.replace(".", "").isdigit() and "." in value else value
