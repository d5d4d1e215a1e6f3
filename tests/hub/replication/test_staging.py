"""A restart of the staging reads at most one chunk twice, and a file that changes meanwhile is refused."""

from __future__ import annotations

import io
import itertools
import pathlib

import pytest

from hub.replication import intake, staging
from hub.replication.digested_file import DigestedFile
from hub.replication.intake import check, next_turn, receive, stage
from tests.hub.replication.partner_layouts import LAYOUTS, PartnerSide
from tests.hub.replication.test_faulty_files import NAME, put, record
from tests.hub.replication.test_import_crashes import Death, dying
from tests.hub.replication.test_import_decisions import delta, statuses
from tests.hub.replication.test_partner_layouts import ANN
from tests.hub.replication.two_sides import TwoSides

CHUNK, RECORDS = 2, 9


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "STAGED", CHUNK)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions of the records that were read to become rows."""
    positions: list[int] = []
    make = staging.data_row

    def noted(*parts: object) -> object:
        positions.append(int(str(parts[3])))
        return make(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(staging, "data_row", noted)
    return positions


def test_a_death_at_each_chunk_reads_at_most_this_chunk_twice(sides: TwoSides, read: list[int]) -> None:
    deaths = itertools.product(range(1, 6), (False, True))
    for number, (death, after_commit) in enumerate(deaths, 1):
        sides.deliver("a", delta(number, *(record(f"{number}-{place}") for place in range(1, RECORDS + 1))))
        list(receive(sides.open_feed))
        batch = next_turn(sides.open_feed)
        assert batch is not None
        list(check(sides.open_feed, batch))
        read.clear()
        with pytest.raises(Death), dying(sides, death, after_commit):
            list(stage(sides.open_feed, sides.batches("in")[0]))
        staged = sides.batches("in")[0].staged_to
        assert staged == min(RECORDS, CHUNK * (death - 1 + after_commit))
        first = list(read)
        assert sides.imported() == ["a done"]
        assert read[len(first) :] == list(range(staged + 1, RECORDS + 1)), "it goes on at the checkpoint"
        assert len(first) - staged <= CHUNK
        assert statuses(sides) == [(position, "IMPORTED", None) for position in range(1, RECORDS + 1)]


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_records_before_the_checkpoint_are_cut_and_not_read(tmp_path: pathlib.Path, layout: str) -> None:
    side = PartnerSide(tmp_path, layout)
    content = side.file(1, *({**ANN, "CUST-NO": str(number)} for number in range(1, 5)))
    whole = list(side.layout.records(io.BytesIO(content)))
    for behind in range(len(whole) + 1):
        chosen = (at >= behind for at in itertools.count())
        rest = side.layout.records(io.BytesIO(content), chosen=chosen)
        assert [(found.name, found.offset, found.data, found.type) for found in rest] == [
            (found.name, found.offset, found.data, found.type) for found in whole[behind:]
        ]
    side.close()


def changed_name(content: bytes) -> bytes:
    """Other bytes, and the same number of records."""
    return content.replace(b"Name", b"Eman", 1)


def changed_end(content: bytes) -> bytes:
    return content.replace(b"T000000009", b"T000000008")


def unreadable(content: bytes) -> bytes:
    return content[:-600] + b"X" + content[-599:]


def test_a_file_that_changes_while_it_is_staged_is_refused_before_its_first_row_is_taken(sides: TwoSides) -> None:
    content = delta(1, *(record(str(number)) for number in range(1, RECORDS + 1)))
    for chunks, change in itertools.product((0, 1, 4), (changed_name, changed_end, unreadable)):
        sides.deliver("a", content)
        list(receive(sides.open_feed))
        batch = next_turn(sides.open_feed)
        assert batch is not None
        list(check(sides.open_feed, batch))
        steps = stage(sides.open_feed, sides.batches("in")[0])
        for _ in range(chunks):
            next(steps)
        steps.close()
        (path,) = (sides.folder / "working").glob("a*")
        path.write_bytes(change(content))
        assert sides.imported() == ["a refused"]
        error = sides.batches("in")[0].error or {}
        assert (error["reason"], error["what"]) == ("FeedFileChanged", "the file was changed after it came")
        assert (sides.ours(), statuses(sides)) == ({}, [])
        assert "REFUSED FeedFileChanged" in " ".join(sides.last_answer().split())
    sides.deliver("b", content)
    assert sides.imported() == ["b done"], "the number is free again"


def test_a_file_that_changes_before_it_is_checked_is_refused(sqlite: TwoSides) -> None:
    content = delta(1, record("1"))
    sqlite.deliver("a", content)
    list(receive(sqlite.open_feed))
    (path,) = (sqlite.folder / "working").glob("a*")
    path.write_bytes(delta(1, put(record("1"), NAME, "Other")))
    assert sqlite.imported() == ["a refused"]
    assert (sqlite.batches("in")[0].error or {})["reason"] == "FeedFileChanged"


def test_the_digest_is_that_of_all_bytes_however_much_was_read() -> None:
    content = bytes(range(256)) * 1000
    digests = set()
    for read in (0, 1, 10_000, len(content)):
        file = DigestedFile(io.BytesIO(content))
        file.read(read)
        file.seek(0)
        assert file.readline() == content[:11]
        digests.add(file.digest())
    file = DigestedFile(io.BytesIO(content[:-1]))
    assert (len(digests), file.digest() in digests) == (1, False)
