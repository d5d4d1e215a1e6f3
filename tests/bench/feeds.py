"""How fast a feed of many accounts is imported, exported and reconciled, with the memory that each takes:

    python -m tests.bench.feeds [--quick | --full]

Each account has an address and a contact; its record has 292 characters. One in twenty has changed since the partner
had it. The imported file is a full one, in which the partner has changed one in twenty, too. The extract for the
reconciliation has 100 differences of ten kinds; each must be found, and be given its class. ``--full`` takes 1,000,000
accounts in place of 50,000, ``--quick`` 5,000.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial

from adapters.database.replication.agreed import AgreedRecords
from adapters.database.replication.decisions import Decision
from adapters.database.replication.rows import FeedRow
from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import Deployment
from hub.deployment.feed import FlatRow
from hub.deployment.settings import FILE, read_settings
from hub.replication.export import FeedExport
from hub.replication.flat_row import digest_of, version_of, written_record
from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from hub.replication.reconcile import Reconciliation
from hub.replication.written_file import FileHead, written_file
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from schemas.layouts.record_object import RecordObject
from tests.bench.delta_and_apply import say
from tests.stocked import upgraded_sqlite

FEED = "billing_accounts"
TIME = "2026-01-01T00:00:17.000000Z"
TOLD, LATER, EARLIER, NEWEST = "20260101000000", "20260102000000", "20250101000000", "20260103000000"
DIFFERENCES = 100
_STAMP = (1, TIME, "hub", TIME, "hub")


def make(folder: pathlib.Path, count: int) -> None:
    """Make a deployment with *count* accounts that the partner has, and change one in twenty."""
    (folder / FILE).write_text(f'database_url = "sqlite:///orderhub.db"\nfeeds = ["{FEED}"]\n', encoding="utf-8")
    (folder / "orderhub.db").write_bytes(upgraded_sqlite())
    database = sqlite3.connect(folder / "orderhub.db")
    stamp = "modification_num, created, created_by, last_upd, last_upd_by"
    marks = ", ".join("?" * 5)

    def rows(kind: str) -> Iterator[tuple[object, ...]]:
        for number in range(count):
            key = f"A{number:07}"
            if kind == "address":
                yield (key, key, f"{number} Market Street", "San Francisco", f"{number % 99999:05}", "US", *_STAMP)
            elif kind == "account":
                name = f"Customer number {number}"
                phone, mail = f"415 555 {number:07}", f"{key}@example.com"
                yield (key, key, name, "Active", key, phone, mail, f"{number % 9999}.50", *_STAMP)
            elif kind == "contact":
                yield (key, key, key, "Jane", f"Doe {number}", "Y", *_STAMP)
            else:
                values = (f"Customer number {number}", "Active", _plain(f"{number % 9999}.50"))
                values += (f"415 555 {number:07}", f"{key}@example.com", f"{number} Market Street", "San Francisco")
                values += (f"{number % 99999:05}", "US", "Jane", f"Doe {number}")
                yield (FEED, key, digest_of(values), version_of(TOLD), "first", number, json.dumps(values))

    tables = {
        "address": ("s_address", f"row_id, address_id, street, city, postal_code, country, {stamp}", 6),
        "account": (
            "s_account",
            f"row_id, account_id, name, status, address_id, phone_number, email_address, credit_limit, {stamp}",
            8,
        ),
        "contact": ("s_contact", f"row_id, contact_id, account_id, first_name, last_name, primary_flag, {stamp}", 6),
        "agreed": ("hub_feed_agreed", "feed, key, digest, version, batch_id, position, fields", 2),
    }
    with database:
        for kind, (table, columns, width) in tables.items():
            places = ", ".join("?" * width) + f", {marks}"
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows(kind))
        database.execute("UPDATE s_account SET name = name || ', changed' WHERE rowid % 20 = 0")
    database.close()


def _plain(number: str) -> str:
    return number.rstrip("0").rstrip(".")


#: The kinds of differences that are planted, each with the class that the reconciliation gives it.
KINDS = {
    "the partner lost the record": "lost",
    "the partner has an older value": "lost",
    "the partner changed a value later than it told": "in flight",
    "the partner has a record that it never told of": "in flight",
    "the hub's value was sent and not applied so far": "in flight",
    "the hub's value waits for the next export": "never sent",
    "the hub closed the record, and the export waits": "never sent",
    "the partner deleted an account with an open order": "pending order",
    "a person must decide about the value": "open conflict",
    "the hub rejected the partner's record": "our fault",
}


def planted(count: int) -> dict[str, str]:
    """Choose the key of each difference, with its kind; records of a kind must have been sent, or not."""
    every, found = count // DIFFERENCES, dict[str, str]()
    for at in range(DIFFERENCES):
        kind = list(KINDS)[at % len(KINDS)]
        start = at * every - at * every % 20 + 20 * (every >= 40)
        # The hub's value of one account in twenty was changed, and is sent.
        found[f"A{start + (19 if 'was sent' in kind else 3):07}"] = kind
    return found


def write_extract(folder: pathlib.Path) -> None:
    """Write the extract of the partner: the records of the hub, with differences of ten kinds in turn."""
    open_hub = opened(folder)
    open_feed = OpenFeed(open_hub, open_hub.deployment.feeds[FEED])
    feed, layout = open_feed.feed, open_feed.layout
    kinds = planted(_count(open_feed))
    with open_hub.read() as transaction:
        before = open_feed.flat_rows.by_key(transaction.connection, list(kinds))
    change_ours(folder, open_feed, kinds)
    rejected: list[FeedRow] = []

    def records() -> Iterator[PropertySet]:
        with open_hub.read() as transaction:
            for ours in open_feed.flat_rows.in_key_order(transaction.connection):
                kind = kinds.get(ours.key, "")
                if "lost the record" in kind or "deleted an account" in kind:
                    continue
                key, row, version = ours.key, list(before.get(ours.key, ours).fields), TOLD
                if "older value" in kind:
                    row[4], version = "other", EARLIER
                elif "later than it told" in kind:
                    row[4], version = "other", NEWEST
                elif "not applied" in kind:
                    row[0] = (row[0] or "").removesuffix(", changed")
                elif "must decide" in kind:
                    row[10] = "other"
                elif "rejected" in kind:
                    row[4] = "other"
                    rejected.append(_rejected(len(rejected) + 1, key, tuple(row)))
                for each, told in [(key, version)] + [(f"{key}X", NEWEST)] * ("never told of" in kind):
                    record = written_record(feed, each, tuple(row))
                    record.properties["CHANGED-AT"] = told
                    yield record

    with (folder / "extract").open("wb") as file:
        for part in written_file(feed, layout, FileHead("full", 1, TIME), records):
            file.write(part)
    with open_hub.write() as transaction:
        batch = open_feed.batches(transaction).add(FEED, "in", "delta", "done", name="rejected", rejected=len(rejected))
        open_feed.rows(transaction).add(batch.id, rejected)
    open_hub.close()


def _count(open_feed: OpenFeed) -> int:
    with open_feed.open_hub.read() as transaction:
        return sum(1 for _ in open_feed.flat_rows.keys(transaction.connection))


def change_ours(folder: pathlib.Path, open_feed: OpenFeed, kinds: dict[str, str]) -> None:
    """Make the differences that are the hub's: changes that aren't sent, open orders, open conflicts."""
    of_kind: dict[str, list[str]] = {}
    for key, kind in kinds.items():
        of_kind.setdefault(kind, []).append(key)
    database = sqlite3.connect(folder / "orderhub.db")
    with database:
        for kind, change in {
            "the hub's value waits for the next export": "phone_number = 'new'",
            "the hub closed the record, and the export waits": "status = 'Closed'",
        }.items():
            database.executemany(
                f"UPDATE s_account SET {change} WHERE account_id = ?",  # one of the two above
                [(key,) for key in of_kind[kind]],
            )
    database.close()
    with open_feed.open_hub.write() as transaction:
        for key in of_kind["the partner deleted an account with an open order"]:
            fields = {"Order Number": f"O-{key}", "Revision": "1", "Status": "Open", "Account Id": key}
            transaction.store.insert(message("OM Order", [PropertySet("Order", properties=fields)]))
        name = open_feed.feed.names[10]
        open_feed.decisions(transaction).add(
            "first",
            [
                Decision(key, name, 1, "manual", "open", "update_differing", "open")
                for key in of_kind["a person must decide about the value"]
            ],
        )


def _rejected(position: int, key: str, row: FlatRow) -> FeedRow:
    reason = {"what": "the code is unknown"}
    return FeedRow(position, key, "change", version_of(TOLD), digest_of(row), None, None, "PICKLIST_VALUE", reason, row)


def write_full_file(folder: pathlib.Path) -> None:
    """Write a full file of the partner: the records that it had, one in twenty changed."""
    open_hub = opened(folder)
    feed = open_hub.deployment.feeds[FEED]
    external = open_hub.deployment.external_objects[feed.file.layout]
    assert isinstance(external, RecordObject)

    def records() -> Iterator[PropertySet]:
        with open_hub.read() as transaction:
            for at, agreed in enumerate(AgreedRecords(transaction.connection, FEED).in_key_order()):
                is_changed = at % 20 == 7
                phone = f"415 777 {at:07}" if is_changed else agreed.fields[3]
                record = written_record(feed, agreed.key, (*agreed.fields[:3], phone, *agreed.fields[4:]))
                record.properties["CHANGED-AT"] = LATER if is_changed else TOLD
                yield record

    inbox = folder / "folders" / feed.folder / "inbox"
    inbox.mkdir(parents=True)
    with (inbox / "full").open("wb") as file:
        for part in written_file(feed, external.layout, FileHead("full", 1, TIME), records):
            file.write(part)
    open_hub.close()


def import_file(folder: pathlib.Path) -> None:
    open_hub = opened(folder)
    base, start, phases = _peak(), time.process_time(), dict[str, float]()

    def tell_phase(text: str, done: int, size: int) -> None:
        phases[text.partition(" ")[0]] = time.process_time() - start

    (outcome,) = import_files(OpenFeed(open_hub, open_hub.deployment.feeds[FEED]), tell_phase)
    assert outcome.batch is not None
    tell("import, full", outcome.batch.records, start, base)
    say(
        f"  {outcome.batch.changes} changed; until the end of " + ", ".join(f"{k} {v:.1f} s" for k, v in phases.items())
    )


def opened(folder: pathlib.Path) -> OpenHub:
    return OpenHub(Deployment(folder, read_settings(folder, environment=False, feeds=[FEED], folder_settle_s=0.0)))


def export(folder: pathlib.Path, full: bool) -> None:
    open_hub = opened(folder)
    base, start = _peak(), time.process_time()
    work = FeedExport(OpenFeed(open_hub, open_hub.deployment.feeds[FEED]))
    for _ in work.export(full):
        pass
    (batch,) = work.publish()
    tell(f"export, {batch.kind}", batch.records, start, base)


def reconcile(folder: pathlib.Path) -> None:
    open_hub = opened(folder)
    open_feed = OpenFeed(open_hub, open_hub.deployment.feeds[FEED])
    base, start = _peak(), time.process_time()
    with (folder / "extract").open("rb") as file:
        result = Reconciliation(open_feed).reconcile(file, "extract")
    tell("reconcile", result.theirs, start, base)
    classes = ", ".join(f"{name} {count}" for name, count in result.counts().items() if count)
    say(f"  {len(result.records)} records differ: {classes}")
    kinds = planted(_count(open_feed))
    expected = {f"{key}X" if "never told of" in kind else key: KINDS[kind] for key, kind in kinds.items()}
    found = {difference.key: name for name, difference in result.differences}
    wrong = {
        key: (expected.get(key), found.get(key)) for key in expected | found if expected.get(key) != found.get(key)
    }
    say(f"  planted are {len(expected)} of {len(KINDS)} kinds; found and classed wrongly: {wrong or 'none'}")
    if wrong:
        raise SystemExit(1)


def tell(what: str, records: int, start: float, base: float) -> None:
    taken = time.process_time() - start
    memory = f"{_peak():.0f} MiB, {_peak() - base:.0f} of them for the work"
    say(f"{what:<14} {records:>9,} records written or read  {taken:6.1f} s of one core  {memory}")


def _peak() -> float:
    """Return the process's largest memory in MiB; `getrusage` would count that of the process that began it, too."""
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--step", nargs=2)
    arguments = parser.parse_args()
    steps = {
        "full file": write_full_file,
        "import": import_file,
        "delta": partial(export, full=False),
        "full": partial(export, full=True),
        "extract": write_extract,
        "reconcile": reconcile,
    }
    if arguments.step is not None:
        steps[arguments.step[0]](pathlib.Path(arguments.step[1]))
        return
    count = 1_000_000 if arguments.full else 5_000 if arguments.quick else 50_000
    say(f"{count:,} accounts, one in twenty changed")
    with tempfile.TemporaryDirectory() as name:
        make(pathlib.Path(name), count)
        for step in steps:
            # Each in a process of its own, whose memory can be told.
            subprocess.run([sys.executable, "-m", "tests.bench.feeds", "--step", step, name], check=True)


if __name__ == "__main__":
    main()
