"""Each fault of a file has one precise answer, and no record of the file is taken."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from hub.deployment.feed import Waiver
from tests.hub.replication.two_sides import TwoSides

#: The places of the fields in a line of 292 characters, from 0.
NUMBER, KIND, OF = slice(1, 9), slice(9, 15), slice(15, 23)
OPERATION, KEY, NAME, LIMIT = slice(1, 2), slice(2, 22), slice(22, 62), slice(63, 75)
STATUS, PHONE, FIRST_NAME, LAST_NAME = slice(62, 63), slice(75, 95), slice(235, 255), slice(255, 275)
CHANGED_AT = slice(275, 289)
COUNT, HASH, CREDITS, DEBITS, DIGEST = slice(1, 10), slice(10, 20), slice(20, 35), slice(35, 50), slice(50, 82)
KEPT = slice(91, 100)
WIDTH = 292

Lines = list[str]


def put(line: str, place: slice, text: str) -> str:
    """The line with a text at a place."""
    width = place.stop - place.start
    return line[: place.start] + text.ljust(width)[:width] + line[place.stop :]


def record(key: str, limit: str = "100.00", name: str = "Name") -> str:
    line = put(put(put("D".ljust(WIDTH), OPERATION, "A"), KEY, key), NAME, name)
    return put(put(line, LIMIT, f"{int(Decimal(limit) * 100):+012d}"), CHANGED_AT, "20260101000000")


def answer(position: int, key: str, outcome: str) -> str:
    return f"A{position:09}{key:20}{outcome:8}".ljust(WIDTH)


def with_totals(lines: Sequence[str], **places: str) -> Lines:
    """The lines with a trailer that agrees with them, but for the given totals."""
    records = [line for line in lines if line[0] in "DA"]
    amounts = [Decimal(line[LIMIT]) / 100 for line in records if line[0] == "D"]
    credits, debits = (sum((abs(a) for a in amounts if (a < 0) == under), Decimal(0)) for under in (False, True))
    hashed = sum(int("".join(filter(str.isdigit, line[KEY])) or 0) for line in records if line[0] == "D")
    digest = hashlib.blake2b("".join(f"{line}\n" for line in records).encode("iso-8859-1"), digest_size=16).hexdigest()
    kept = sum(line[30:38].strip() == "KEPT" for line in records if line[0] == "A")
    trailer = put("T".ljust(WIDTH), COUNT, f"{len(records):09}")
    trailer = put(trailer, HASH, f"{hashed % 10**10:010}")
    trailer = put(put(trailer, CREDITS, f"{int(credits * 100):015}"), DEBITS, f"{int(debits * 100):015}")
    trailer = put(put(trailer, DIGEST, digest), slice(82, 109), f"{0:09}{kept:09}{0:09}")
    for name, text in places.items():
        trailer = put(trailer, globals()[name], text)
    return [*lines, trailer]


def header(number: str = "00000002", kind: str = "DELTA", of: str = "00000000") -> str:
    return put(put(put("H".ljust(WIDTH), NUMBER, number), KIND, kind), OF, of)


RECORDS = [record("7"), record("8", "-50.00"), record("9", "20.00")]


def sound(records: Sequence[str] = RECORDS, head: str | None = None, **places: str) -> Lines:
    return with_totals([header() if head is None else head, *records], **places)


def joined(lines: Sequence[str], end: str = "\n", encoding: str = "iso-8859-1") -> bytes:
    return "".join(line + end for line in lines).encode(encoding)


def _without(lines: Lines, place: int) -> Lines:
    return [*lines[:place], *lines[place + 1 :]]


def _changed(lines: Lines, place: int, change: Callable[[str], str]) -> Lines:
    return [*lines[:place], change(lines[place]), *lines[place + 1 :]]


def total(check: str, field: str) -> tuple[str, str]:
    return "FeedTotalWrong", f"the {check} in FILE-TRAILER/{field} doesn't agree with the records"


def misplaced(record: str) -> tuple[str, str]:
    return "FeedRecordOutOfPlace", f"the record {record} can't stand here"


def unknown(type: str) -> tuple[str, str]:
    return "RecordTypeUnknown", f"the record type {type!r} is unknown"


def short(record: str, length: int) -> tuple[str, str]:
    return "RecordLengthWrong", f"the record {record} has {length} bytes"


def unreadable(field: str) -> tuple[str, str]:
    return "FieldUnreadable", f"the field {field} can't be read"


CUT = ("FeedTrailerMissing", "the file has no trailer")
BYTES = joined(sound())
#: An answer to a file that the hub never sent.
ANSWER = header(kind="ANSWER", of="00000099")
#: The fault; the file; the reason of the answer; what it says.
FAULTS: list[tuple[str, bytes, str, str]] = [
    ("empty", b"", "FeedFileEmpty", "the file is empty"),
    ("one empty line", b"\n", *unknown("")),
    ("cut within the header", BYTES[:100], *short("FILE-HEADER", 100)),
    ("cut behind the header", BYTES[:293], *CUT),
    ("cut within a record", BYTES[:400], *CUT),
    ("cut behind a record", BYTES[:586], *CUT),
    ("cut behind the last record", BYTES[: 293 * 4], *CUT),
    ("cut behind the type of the trailer", BYTES[: 293 * 4 + 1], *short("FILE-TRAILER", 1)),
    ("cut within the trailer", BYTES[: 293 * 4 + 60], *short("FILE-TRAILER", 60)),
    ("trailer twice", joined([*sound(), sound()[-1]]), *misplaced("FILE-TRAILER")),
    ("header twice", joined([header(), *sound()]), *misplaced("FILE-HEADER")),
    ("a second file behind it", BYTES + BYTES, *misplaced("FILE-HEADER")),
    ("record behind the trailer", joined([*sound(), RECORDS[0]]), *misplaced("ACCOUNT-RECORD")),
    ("no header", joined(sound()[1:]), *misplaced("ACCOUNT-RECORD")),
    ("trailer alone", joined(sound()[-1:]), *misplaced("FILE-TRAILER")),
    ("header between records", joined([header(), RECORDS[0], *sound()]), *misplaced("FILE-HEADER")),
    ("record lost", joined(_without(sound(), 2)), *total("count", "RECORD-COUNT")),
    ("record twice", joined([*sound()[:2], *sound()[1:]]), *total("count", "RECORD-COUNT")),
    ("count blank", joined(sound(COUNT="")), *total("count", "RECORD-COUNT")),
    ("count of one too many", joined(sound(COUNT="000000004")), *total("count", "RECORD-COUNT")),
    ("count no number", joined(sound(COUNT="00000000x")), *unreadable("FILE-TRAILER/RECORD-COUNT")),
    ("hash total wrong", joined(sound(HASH="0000000023")), *total("hash total", "HASH-TOTAL")),
    (
        "key changed",
        joined(_changed(sound(), 1, lambda line: put(line, KEY, "17"))),
        *total("hash total", "HASH-TOTAL"),
    ),
    (
        "overflow not dropped",
        joined(sound([record("99999999999"), record("5")], HASH="1000000000")),
        *total("hash total", "HASH-TOTAL"),
    ),
    ("credits wrong", joined(sound(CREDITS=f"{1:015}")), *total("total of credits", "CREDITS")),
    ("debits wrong", joined(sound(DEBITS=f"{1:015}")), *total("total of debits", "DEBITS")),
    (
        "sign lost",
        joined(_changed(sound(), 2, lambda line: line.replace("-", "+"))),
        *total("total of credits", "CREDITS"),
    ),
    (
        "debits with the credits",
        joined(sound(CREDITS=f"{17000:015}", DEBITS=f"{0:015}")),
        *total("total of credits", "CREDITS"),
    ),
    (
        "amount changed",
        joined(_changed(sound(), 3, lambda line: put(line, LIMIT, "+00000002001"))),
        *total("total of credits", "CREDITS"),
    ),
    ("digest wrong", joined(sound(DIGEST="0" * 32)), *total("digest", "DIGEST")),
    ("digest blank", joined(sound(DIGEST="")), *total("digest", "DIGEST")),
    ("letter changed", joined(_changed(sound(), 1, lambda line: put(line, NAME, "Game"))), *total("digest", "DIGEST")),
    ("records swapped", joined([sound()[0], sound()[2], sound()[1], *sound()[3:]]), *total("digest", "DIGEST")),
    (
        "amount unreadable",
        joined(_changed(sound(), 1, lambda line: put(line, LIMIT, "+0000x001000"))),
        *total("digest", "DIGEST"),
    ),
    ("number blank", joined(sound(head=header(""))), "FeedNumberUnreadable", "the number of the file can't be read"),
    (
        "number zero",
        joined(sound(head=header("00000000"))),
        "FeedNumberUnreadable",
        "the number of the file can't be read",
    ),
    ("number with letters", joined(sound(head=header("0000000x"))), *unreadable("FILE-HEADER/FILE-NO")),
    (
        "number used, other bytes",
        joined(sound(head=header("00000001"))),
        "FeedNumberReused",
        "the file's number 1 belongs to an earlier file",
    ),
    ("kind unknown", joined(sound(head=header(kind="BOTH"))), "FeedKindUnknown", "the kind of the file is unknown"),
    ("kind blank", joined(sound(head=header(kind=""))), "FeedKindUnknown", "the kind of the file is unknown"),
    (
        "answer to no file",
        joined(sound([answer(1, "7", "KEPT")], ANSWER)),
        "FirstFileUnknown",
        "there is no file 99 that this one answers",
    ),
    (
        "answer without a file",
        joined(sound([answer(1, "7", "KEPT")], header(kind="ANSWER"))),
        "FirstFileUnknown",
        "there is no file None that this one answers",
    ),
    (
        "resubmission of no file",
        joined(sound(head=header(of="00000099"))),
        "FirstFileUnknown",
        "there is no file 99 that this one sends again",
    ),
    ("answer within data", joined(sound([*RECORDS, answer(1, "7", "KEPT")])), *misplaced("ANSWER-RECORD")),
    ("data within an answer", joined(sound(head=ANSWER)), *misplaced("ACCOUNT-RECORD")),
    (
        "outcome unknown",
        joined(sound([answer(1, "7", "MAYBE")], ANSWER)),
        "FeedAnswerUnreadable",
        "the outcome of a record can't be read",
    ),
    (
        "answers miscounted",
        joined(sound([answer(1, "7", "KEPT")], ANSWER, KEPT=f"{2:09}")),
        *total("number of kept records", "KEPT-COUNT"),
    ),
    ("unknown record", joined(_changed(sound(), 2, lambda line: "X" + line[1:])), *unknown("X")),
    ("in EBCDIC", joined(sound(), encoding="cp037"), *unknown("È")),
    ("in UTF-16", joined(sound(), encoding="utf-16"), *unknown("")),
    ("with a mark before UTF-8", joined(sound(), encoding="utf-8-sig"), *unknown("ï")),
    ("lines end in CR LF", joined(sound(), end="\r\n"), *short("FILE-HEADER", 293)),
    ("lines end in CR", joined(sound(), end="\r"), *short("FILE-HEADER", 1465)),
    ("blank line at the end", joined([*sound(), ""]), *unknown("")),
    ("bytes 00 behind the end", BYTES + b"\x00" * 512, *unknown("")),
    ("another file", b"<xml/>\n", *unknown("<")),
]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSides]:
    two = TwoSides(tmp_path_factory.mktemp("faulty"))
    two.deliver("first.txt", joined(with_totals([header("00000001"), record("7", name="Before")])))
    assert two.imported() == ["first.txt done"]
    yield two
    two.close()


@pytest.mark.parametrize(("content", "reason", "what"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_faulty_file_is_refused_whole_with_its_reason(
    sides: TwoSides, content: bytes, reason: str, what: str
) -> None:
    before = sides.ours()
    name = hashlib.sha256(content + reason.encode()).hexdigest()[:12]
    sides.deliver(name, content)
    assert sides.imported() == [f"{name} refused"]
    assert sides.ours() == before
    batch = sides.batches("in")[0]
    assert batch.error is not None
    assert (batch.error["reason"], batch.error["what"], bool(batch.error["mend"])) == (reason, what, True)
    told = sides.last_answer()
    assert ("REFUSED" in told, reason in told) == (True, True)
    assert (sides.folder / "rejected" / name).exists()


def test_a_file_that_comes_too_early_waits_for_the_one_before(tmp_path: pathlib.Path) -> None:
    two = TwoSides(tmp_path)
    second = joined(with_totals([header("00000002"), record("8")]))
    two.deliver("b", second)
    assert two.imported() == []
    assert two.alarms() == ["file 2 of billing_accounts waits for file 1: it hasn't come."]
    two.deliver("a", joined(with_totals([header("00000001"), record("7")])))
    assert two.imported() == ["a done", "b done"]
    assert two.alarms() == []
    answers = sorted(path.read_bytes() for path in (two.folder / "outbox").iterdir())
    two.deliver("again", second)
    assert two.imported() == ["again repeat"]
    assert sorted(path.read_bytes() for path in (two.folder / "outbox").iterdir()) == answers
    two.close()


@pytest.mark.parametrize(("until", "end"), [("2099-12-31", "done"), ("2025-12-31", "refused")])
def test_a_check_is_waived_until_a_day(tmp_path: pathlib.Path, until: str, end: str) -> None:
    two = TwoSides(tmp_path)
    two.feed = replace(two.feed, waivers=(Waiver("digest", "their program is mended soon", until),))
    two.deliver("a", joined(with_totals([header("00000001"), record("7")], DIGEST="")))
    assert two.imported() == [f"a {end}"]
    two.close()


def test_the_high_digits_of_a_hash_total_are_dropped(tmp_path: pathlib.Path) -> None:
    two = TwoSides(tmp_path)
    records = [record("99999999999"), record("5")]
    two.deliver("a", joined(with_totals([header("00000001"), *records], HASH="0000000004")))
    assert two.imported() == ["a done"]
    two.close()


def test_files_that_lie_there_out_of_turn_are_taken_by_their_numbers(tmp_path: pathlib.Path) -> None:
    two = TwoSides(tmp_path)
    for number in (3, 1, 2):
        two.deliver(f"f{number}", joined(with_totals([header(f"{number:08}"), record(str(number))])))
    assert two.imported() == ["f1 done", "f2 done", "f3 done"]
    two.close()
