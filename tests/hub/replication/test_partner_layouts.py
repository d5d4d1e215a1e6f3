"""The files of a feed have any layout: fixed width, a copybook's records, CSV, JSON lines; both ways, with answers."""

from __future__ import annotations

import hashlib
import io
import json
import pathlib
from collections.abc import Iterator, Sequence

import pytest

from hub.deployment.feed_form import feed_form
from hub.replication.explanation import explain
from hub.replication.reconcile import ExtractIncomplete, Reconciliation
from hub.replication.staging import data_row
from integration_objects.errors import Invalid
from tests.hub.replication.partner_layouts import FEED, LAYOUTS, PartnerSide

ANN: dict[str, str | None] = {
    "OPERATION": "A",
    "CUST-NO": "1",
    "CUST-NAME": "Ann",
    "CUST-STAT": "A",
    "CREDIT": "100.50",
    "PHONE": "555",
    "CHANGED-AT": "20260101000000",
}
BOB = {**ANN, "CUST-NO": "2", "CUST-NAME": "Bob", "CREDIT": "-7.25", "PHONE": None}
#: The first bytes of the second record of the hub's file, as each layout writes it.
WRITTEN = {
    "fixed width": b"DA1                   A+00000010050",
    "copybook records": "DA1                   A".encode("cp037") + bytes.fromhex("00000010050C"),
    "CSV": b"D;;;;;;;;A;1;A;100,50;",
    "CSV without header": b"D;A;1;A;100,50;",
    "JSON lines": b'{"REC":"D","OPERATION":"A","CUST-NO":"1","CUST-STAT":"A","CREDIT":100.5,',
}


@pytest.fixture(params=list(LAYOUTS))
def partner(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[PartnerSide]:
    side = PartnerSide(tmp_path, request.param)
    yield side
    side.close()


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_an_export_has_the_partners_form_and_the_right_totals(tmp_path: pathlib.Path, layout: str) -> None:
    side = PartnerSide(tmp_path, layout)
    side.put("1", Name="Ann", Status="Active", CreditLimit="100.50", PhoneNumber="555")
    side.put("2", Name="Bob", Status="Active", CreditLimit="-7.25")
    sent = side.export()
    assert WRITTEN[layout] in sent
    first, second = side.read(sent, "ACCOUNT")
    assert (first["CUST-NO"], first["PHONE"], str(first["CREDIT"]).rstrip("0")) == ("1", "555", "100.5")
    assert (second["CUST-NO"], second.get("PHONE"), second["CREDIT"]) == ("2", None, "-7.25")
    (header,), (trailer,) = side.read(sent, "HEADER"), side.read(sent, "TRAILER")
    assert (header["FILE-NO"], header["FILE-KIND"]) == ("1", "DELTA")
    totals = [str(trailer[name]) for name in ("RECORD-COUNT", "HASH-TOTAL", "CREDITS", "DEBITS")]
    assert [total.removesuffix("0") for total in totals] == ["2", "3", "100.5", "7.25"]
    answer = {"POSITION-NO": "2", "CUST-NO": "2", "OUTCOME": "REJECTED", "REASON": "R1", "REASON-TEXT": "no such Bob"}
    assert side.deliver("answer", side.file(1, answer, kind="answer", of=1)) == ["answer done"]
    assert [each["CUST-NO"] for each in side.read(side.export(), "ACCOUNT")] == ["2"], "what was rejected is sent again"
    side.close()


def test_an_import_takes_the_records_and_is_answered_in_the_partners_form(partner: PartnerSide) -> None:
    first = partner.file(1, ANN, BOB, {**BOB, "CUST-NO": "3", "CUST-STAT": "X"})
    assert partner.deliver("a", first) == ["a done"]
    assert partner.ours() == {"1": ("Ann", "Active", "100.5", "555"), "2": ("Bob", "Active", "-7.25", None)}
    told = partner.last_file()
    ((header,), (answer,), (trailer,)) = (partner.read(told, name) for name in ("HEADER", "ANSWER", "TRAILER"))
    assert (header["FILE-KIND"], header["OF-NO"], header["VERDICT"]) == ("ANSWER", "1", "ACCEPTED")
    assert (answer["POSITION-NO"], answer["CUST-NO"], answer["OUTCOME"]) == ("3", "3", "REJECTED")
    assert (answer["REASON"], answer["REASON-TEXT"]) == ("CodeUnknown", "the code 'X' of CUST-STAT is unknown")
    assert (trailer["RECORD-COUNT"], trailer["REJECTED-COUNT"]) == ("1", "1")
    partner.put("1", Name="Anna", CreditLimit="110.50")
    change = {**ANN, "OPERATION": "C", "CREDIT": "90.50", "PHONE": None, "CHANGED-AT": "20270101000000"}
    assert partner.deliver("b", partner.file(2, change, {**BOB, "OPERATION": "D"})) == ["b done"]
    assert partner.ours() == {"1": ("Anna", "Active", "100.5", None), "2": ("Bob", "Closed", "-7.25", None)}
    assert partner.deliver("again", partner.file(2, change, {**BOB, "OPERATION": "D"})) == ["again repeat"]


@pytest.mark.parametrize(
    ("field", "value", "check"),
    [
        ("RECORD_COUNT", "3", "count"),
        ("HASH_TOTAL", "4", "hash total"),
        ("CREDITS", "100.51", "total of credits"),
        ("DEBITS", "7.24", "total of debits"),
        ("DIGEST", "0" * 32, "digest"),
    ],
)
def test_a_file_with_a_faulty_total_is_refused_whole(partner: PartnerSide, field: str, value: str, check: str) -> None:
    content = partner.changed(partner.file(1, ANN, BOB), "TRAILER", **{field: value})
    assert partner.deliver("a", content) == ["a refused"]
    what = f"the {check} in TRAILER/{field.replace('_', '-')} doesn't agree with the records"
    assert (partner.error()["reason"], partner.error()["what"]) == ("FeedTotalWrong", what)
    assert partner.ours() == {}
    ((header,),) = [partner.read(partner.last_file(), "HEADER")]
    assert (header["VERDICT"], header["REASON"]) == ("REFUSED", "FeedTotalWrong")
    assert partner.deliver("b", partner.file(1, ANN, BOB)) == ["b done"], "the number is free again"


def test_a_changed_record_is_found_by_the_digest(partner: PartnerSide) -> None:
    content = partner.changed(partner.file(1, ANN, BOB), "ACCOUNT", CUST_NAME="Eve")
    assert partner.deliver("a", content) == ["a refused"]
    assert partner.error()["what"] == "the digest in TRAILER/DIGEST doesn't agree with the records"


def lacking_file(side: PartnerSide, content: bytes, *fields: str) -> bytes:
    """The file without these fields of its records, the last ones of a record, and with a digest that agrees."""
    if side.layout.content_type == "text/csv":
        cut = _without_columns(content.decode(), fields).encode()
    else:
        cut = b"".join(side.layout.parts(_without_fields(side, content, fields)))
    records = [
        each.data for each in side.layout.records(io.BytesIO(cut), may_lack="ACCOUNT") if each.type.name == "ACCOUNT"
    ]
    digest = hashlib.blake2b(b"".join(each + b"\n" for each in records), digest_size=16).hexdigest()
    old = side.read(content, "TRAILER")[0]["DIGEST"] or ""
    page = "cp037" if b"HASH" not in cut and b"DELTA" not in cut else "ascii"
    return cut.replace(old.encode(page), digest.encode(page))


def _without_columns(text: str, fields: Sequence[str]) -> str:
    lines = [line.split(";") for line in text.splitlines()]
    kept = [place for place, name in enumerate(lines[0]) if name not in fields]
    return "".join(";".join(line[place] for place in kept) + "\n" for line in lines)


def _without_fields(side: PartnerSide, content: bytes, fields: Sequence[str]) -> Iterator[bytes]:
    for found in side.layout.records(io.BytesIO(content)):
        if found.type.name != "ACCOUNT":
            yield found.data
        elif side.layout.content_type == "application/jsonl":
            keys = json.loads(found.data)
            yield json.dumps({name: value for name, value in keys.items() if name not in fields}).encode()
        else:
            yield found.data[: -sum({"CUST-NAME": 40, "PHONE": 20}[name] for name in fields)]


@pytest.mark.parametrize("layout", ["fixed width", "copybook records", "CSV", "JSON lines"])
def test_a_field_that_a_file_lacks_is_named_and_left_alone(tmp_path: pathlib.Path, layout: str) -> None:
    """It isn't empty: the value of the hub stays, as it was or as the hub has changed it."""
    side = PartnerSide(tmp_path, layout)
    side.deliver("a", side.file(1, ANN, BOB))
    side.put("2", Name="Bobby")
    changes = [{**each, "OPERATION": "C", "CREDIT": "1", "CHANGED-AT": "20270101000000"} for each in (ANN, BOB)]
    content = lacking_file(side, side.file(2, *changes, {**ANN, "CUST-NO": "3"}), "CUST-NAME", "PHONE")
    assert side.deliver("b", content) == ["b done"], side.error()
    assert side.ours() == {
        "1": ("Ann", "Active", "1", "555"),
        "2": ("Bobby", "Active", "1", None),
        "3": (None, "Active", "100.5", None),
    }
    with side.road.open_hub.read() as transaction:
        conflicts = side.open_feed.decisions(transaction).conflicts(10, every=True)
        (batch,) = side.open_feed.batches(transaction).listing(FEED, 1, direction="in")
        rows = side.open_feed.rows(transaction).listing(batch.id, 0, 9, ("PARTIALLY_IMPORTED",))
        (told,) = explain(side.open_feed, transaction, "2", "Phone Number")[:1]
    named = [(each.key, each.field, each.conflict, each.ours, each.theirs) for each in reversed(conflicts)]
    assert named == [
        ("1", "Name", "column_missing", "Ann", ()),
        ("1", "Phone Number", "column_missing", "555", ()),
        ("2", "Name", "column_missing", "Bobby", ()),
        ("2", "Phone Number", "column_missing", None, ()),
        ("3", None, "column_missing", (), ()),
    ]
    assert {(row.reason or {})["what"] for row in rows} == {"the record lacks CUST-NAME, PHONE"}
    assert (batch.conflicts, batch.rejected, len(rows)) == (3, 0, 3)
    assert told["because"] == "the partner's record doesn't have the field: the hub's value stayed"
    sent = side.read(side.export(), "ACCOUNT")
    assert [(each["CUST-NO"], each["CUST-NAME"]) for each in sent] == [("2", "Bobby")], "what the hub changed is sent"
    side.close()


def test_a_record_that_ends_within_a_field_is_damaged_and_rejected(tmp_path: pathlib.Path) -> None:
    side = PartnerSide(tmp_path, "fixed width")
    content = side.file(1, ANN)
    line = content.split(b"\n")[1]
    digests = [hashlib.blake2b(each + b"\n", digest_size=16).hexdigest().encode() for each in (line, line[:-1])]
    assert side.deliver("a", content.replace(line, line[:-1]).replace(*digests)) == ["a done"]
    assert side.ours() == {}
    assert side.read(side.last_file(), "ANSWER")[0]["REASON"] == "RecordLengthWrong"
    side.close()


@pytest.mark.parametrize("layout", ["CSV", "JSON lines"])
def test_an_extract_that_lacks_a_field_is_no_whole_extract(tmp_path: pathlib.Path, layout: str) -> None:
    side = PartnerSide(tmp_path, layout)
    content = lacking_file(side, side.file(1, ANN, kind="full"), "PHONE")
    with pytest.raises(ExtractIncomplete, match=r"line [23], byte .* lacks PHONE"):
        Reconciliation(side.open_feed).reconcile(io.BytesIO(content), "extract")
    side.close()


def test_a_field_that_a_message_lacks_is_named_too(tmp_path: pathlib.Path) -> None:
    side = PartnerSide(tmp_path, "JSON lines")
    line = {"REC": "D", "OPERATION": "C", "CUST-NO": "1", "CUST-NAME": None, "CHANGED-AT": "20270101000000"}
    (found,) = feed_form(side.feed, side.layout).records(json.dumps(line).encode())
    row = data_row(side.feed, side.open_feed.key_field, "delta", 1, found)
    assert [side.feed.names[place] for place in row.lacking] == ["Status", "Credit Limit", "Phone Number"]
    side.close()


def test_an_answer_that_cannot_be_read_is_placed_once(tmp_path: pathlib.Path) -> None:
    side = PartnerSide(tmp_path, "JSON lines")
    line = {"REC": "A", "POSITION-NO": "first", "CUST-NO": "1", "OUTCOME": "ACCEPTED"}
    with pytest.raises(Invalid) as error:
        list(feed_form(side.feed, side.layout).records(json.dumps(line).encode()))
    assert error.value.where == "line 1, column 29"
    side.close()
