"""The files of a feed have any layout: fixed width, a copybook's records, CSV, JSON lines; both ways, with answers."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.hub.replication.partner_layouts import LAYOUTS, PartnerSide

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
