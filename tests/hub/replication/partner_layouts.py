"""A feed with a partner whose files have one of several layouts: fixed width, a copybook's records, CSV, JSON lines."""

from __future__ import annotations

import io
import json
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

from hub.deployment.feed import FileKind
from hub.replication.export import FeedExport
from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from hub.replication.written_file import FileHead, written_file
from integration_objects.property_set import PropertySet
from tests.road import Road

FEED = "partner_accounts"
TIME = "2026-01-01T00:00:00.000000Z"
#: The fields of each record: its name, and whether it is a number with two decimals, without one, or a text.
RECORDS: dict[str, dict[str, str]] = {
    "HEADER": {
        "REC": "X(1)",
        "FILE-NO": "9(8)",
        "FILE-KIND": "X(6)",
        "OF-NO": "9(8)",
        "MADE-AT": "X(14)",
        "VERDICT": "X(8)",
        "REASON": "X(40)",
        "REASON-TEXT": "X(200)",
    },
    "ACCOUNT": {
        "REC": "X(1)",
        "OPERATION": "X(1)",
        "CUST-NO": "X(20)",
        "CUST-STAT": "X(1)",
        "CREDIT": "S9(9)V99",
        "CHANGED-AT": "X(14)",
        "PHONE": "X(20)",
        "CUST-NAME": "X(40)",
    },
    "ANSWER": {
        "REC": "X(1)",
        "POSITION-NO": "9(9)",
        "CUST-NO": "X(20)",
        "OUTCOME": "X(8)",
        "REASON": "X(40)",
        "REASON-TEXT": "X(200)",
    },
    "TRAILER": {
        "REC": "X(1)",
        "RECORD-COUNT": "9(9)",
        "HASH-TOTAL": "9(10)",
        "CREDITS": "9(13)V99",
        "DEBITS": "9(13)V99",
        "DIGEST": "X(32)",
        "ACCEPTED-COUNT": "9(9)",
        "KEPT-COUNT": "9(9)",
        "REJECTED-COUNT": "9(9)",
    },
}
TYPES = {"HEADER": "H", "ACCOUNT": "D", "ANSWER": "A", "TRAILER": "T"}
_OCCURS = {name: "1" if name in ("HEADER", "TRAILER") else "0.." for name in RECORDS}
DECLARATION = f"""
feed: {FEED}
help: Accounts with a partner.
object: Account
key: {{field: Account Id, record: CUST-NO}}
fields:
  Name: {{record: CUST-NAME, owner: partner}}
  Status: {{record: CUST-STAT, owner: hub, codes: {{A: Active, I: Inactive}}}}
  Credit Limit: {{record: CREDIT, owner: counter}}
  Phone Number: {{record: PHONE, owner: newest}}
version: CHANGED-AT
file:
  layout: Partner Accounts
  header: HEADER
  record: ACCOUNT
  trailer: TRAILER
  number: HEADER/FILE-NO
  of: HEADER/OF-NO
  kind: {{field: HEADER/FILE-KIND, delta: DELTA, full: FULL, answer: ANSWER}}
  made at: HEADER/MADE-AT
  operation: {{field: OPERATION, add: A, change: C, delete: D}}
  answer:
    record: ANSWER
    position: POSITION-NO
    key: CUST-NO
    outcome: {{field: OUTCOME, accepted: ACCEPTED, kept: KEPT, rejected: REJECTED}}
    reason: REASON
    text: REASON-TEXT
    verdict: {{field: HEADER/VERDICT, accepted: ACCEPTED, refused: REFUSED}}
    verdict reason: HEADER/REASON
    verdict text: HEADER/REASON-TEXT
    counts: {{accepted: TRAILER/ACCEPTED-COUNT, kept: TRAILER/KEPT-COUNT, rejected: TRAILER/REJECTED-COUNT}}
  control:
    count: TRAILER/RECORD-COUNT
    hash: {{of: CUST-NO, digits: 10, is: TRAILER/HASH-TOTAL}}
    amounts: {{of: CREDIT, debits: TRAILER/DEBITS, credits: TRAILER/CREDITS}}
    digest: TRAILER/DIGEST
folder: partner
on delete: {{Status: Closed}}
"""


def _copybook(packed: bool) -> str:
    lines = []
    for name, fields in RECORDS.items():
        lines.append(f"       01  {name}.")
        for field, picture in fields.items():
            is_amount = "V99" in picture
            form = " COMP-3" if packed and is_amount else " COMP" if packed and field == "RECORD-COUNT" else ""
            sign = " SIGN LEADING SEPARATE" if picture.startswith("S") and not packed else ""
            lines.append(f"           05  {field:<14} PIC {picture}{sign}{form}.")
    return "\n".join(lines) + "\n"


def _fixed(packed: bool) -> dict[str, str]:
    page, form = ("cp037", "variable") if packed else ("iso-8859-1", "lines")
    declared = "".join(f"  {name}: {{type: {TYPES[name]}, occurs: {_OCCURS[name]}}}\n" for name in RECORDS)
    text = (
        "external object: Partner Accounts\nlayout:\n  copybook: partner/accounts.cpy\n"
        f"  code page: {page}\n  record format: {form}\n  type field: REC\n  blanks: null\n  low values: null\n"
        f"records:\n{declared}"
    )
    return {"accounts.cpy": _copybook(packed), "accounts.yaml": text}


def _csv(header: str) -> dict[str, str]:
    lines = []
    for name, fields in RECORDS.items():
        lines += [f"  {name}:", f"    type: {TYPES[name]}", f"    occurs: {_OCCURS[name]}", "    columns:"]
        for field, picture in fields.items():
            number = "{type: number, decimals: 2}" if "V99" in picture else "{type: number, decimals: 0}"
            lines.append(f"      {field}: {'text' if picture.startswith('X') else number}")
    text = (
        'external object: Partner Accounts\nlayout:\n  delimiter: ";"\n  decimal point: ","\n  line end: lf\n'
        f"  header: {header}\n  type column: REC\nrecords:\n" + "\n".join(lines)
    )
    return {"accounts.yaml": text}


def _json() -> dict[str, str]:
    def key(field: str, picture: str, name: str) -> dict[str, Any]:
        if field == "REC":
            return {"const": TYPES[name]}
        if picture.startswith("X"):
            return {"type": ["string", "null"], "maxLength": int(picture[2:-1])}
        return {"type": ["number", "null"], "multipleOf": 0.01 if "V99" in picture else 1}

    schema = {
        "$defs": {
            name: {
                "type": "object",
                "required": ["REC"],
                "additionalProperties": False,
                "properties": {field: key(field, picture, name) for field, picture in fields.items()},
            }
            for name, fields in RECORDS.items()
        }
    }
    declared = "".join(f"  {name}: {{type: {TYPES[name]}, occurs: {_OCCURS[name]}}}\n" for name in RECORDS)
    text = (
        "external object: Partner Accounts\nlayout:\n  json lines: partner/accounts.json\n  type field: REC\n"
        f"records:\n{declared}"
    )
    return {"accounts.json": json.dumps(schema), "accounts.yaml": text}


LAYOUTS: dict[str, Callable[[], dict[str, str]]] = {
    "fixed width": lambda: _fixed(packed=False),
    "copybook records": lambda: _fixed(packed=True),
    "CSV": lambda: _csv("yes"),
    "CSV without header": lambda: _csv("no"),
    "JSON lines": _json,
}


class PartnerSide:
    """A hub with the feed, and the hands of its partner."""

    def __init__(self, folder: pathlib.Path, layout: str) -> None:
        schemas, feeds = folder / "schemas" / "partner", folder / "hub" / "feeds"
        for each in (schemas, feeds):
            each.mkdir(parents=True)
        for name, text in LAYOUTS[layout]().items():
            (schemas / name).write_text(text, encoding="utf-8")
        (feeds / f"{FEED}.yaml").write_text(DECLARATION, encoding="utf-8")
        self.road = Road(folder)
        self.feed = self.road.open_hub.deployment.feeds[FEED]
        self.open_feed = OpenFeed(self.road.open_hub, self.feed)
        self.layout = self.open_feed.layout
        self.folder = folder / "folders" / "partner"

    def file(
        self, number: int, *records: dict[str, str | None], kind: FileKind = "delta", of: int | None = None
    ) -> bytes:
        """A file of the partner's with these records."""
        name = "ANSWER" if kind == "answer" else "ACCOUNT"
        head = FileHead(kind, number, TIME, of)
        nodes = lambda: [PropertySet(name, properties=dict(each)) for each in records]  # noqa: E731
        return b"".join(written_file(self.feed, self.layout, head, nodes))

    def changed(self, content: bytes, record: str, **fields: str) -> bytes:
        """A file with other values in a record; ``RECORD_COUNT`` is the field RECORD-COUNT."""
        records = []
        for found in self.layout.records(io.BytesIO(content)):
            if found.type.name == record:
                found.node.properties |= {name.replace("_", "-"): value for name, value in fields.items()}
            records.append(self.layout.record_bytes(found.type, found.node))
        return self.layout.joined(records)

    def deliver(self, name: str, content: bytes) -> list[str]:
        """Put a file into the inbox, and import; return the name and the end of each file."""
        (self.folder / "inbox").mkdir(parents=True, exist_ok=True)
        (self.folder / "inbox" / name).write_bytes(content)
        outcomes = import_files(self.open_feed, lambda text, done, size: None)
        return [f"{each.name} {'repeat' if each.batch is None else each.batch.state}" for each in outcomes]

    def export(self) -> bytes:
        """Export; return the file."""
        export = FeedExport(self.open_feed)
        list(export.export())
        (batch,) = export.publish()
        return (self.folder / "outbox" / str(batch.name)).read_bytes()

    def read(self, content: bytes, record: str) -> list[dict[str, str | None]]:
        """The records of this name in a file, without type and empty fields."""
        found = self.layout.records(io.BytesIO(content))
        return [_said(each.node.properties) for each in found if each.type.name == record]

    def last_file(self) -> bytes:
        """The newest file of the hub's."""
        return max((self.folder / "outbox").iterdir()).read_bytes()

    def put(self, key: str, **fields: str) -> None:
        """Make or change an account of the hub's."""
        values = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        self.road.load(
            '<Message MessageType="Integration Object" IntObjectName="Account" IntObjectFormat="Hierarchical">'
            f"<ListOfAccount><Account><AccountId>{key}</AccountId>{values}</Account></ListOfAccount></Message>"
        )

    def ours(self) -> dict[str, tuple[str | None, ...]]:
        """The hub's flat rows by key."""
        with self.road.open_hub.read() as transaction:
            records: Iterable[Any] = self.open_feed.flat_rows.in_key_order(transaction.connection)
            return {record.key: record.fields for record in records}

    def error(self) -> dict[str, str]:
        """The error of the newest file of the partner's."""
        with self.road.open_hub.read() as transaction:
            (batch,) = self.open_feed.batches(transaction).listing(FEED, 1, direction="in")
        return dict(batch.error or {})

    def close(self) -> None:
        self.road.close()


def _said(properties: dict[str, str | None]) -> dict[str, str | None]:
    return {
        name: value
        for name, value in properties.items()
        if value is not None and name != "REC" and not name.endswith(" bytes")
    }
