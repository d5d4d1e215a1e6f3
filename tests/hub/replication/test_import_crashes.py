"""An import that dies anywhere goes on with the next call, to the same end: no record is lost, and none is taken twice.

python -m tests.hub.replication.test_import_crashes COUNT      cuts of a full file

The long form of the kills is tests/crash/feed_kills.py.
"""

from __future__ import annotations

import pathlib
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from tests.crash.feed_kills import kill_after_every_record
from tests.hub.replication.test_faulty_files import NAME, OPERATION, STATUS, header, joined, put, record, with_totals
from tests.hub.replication.two_sides import TwoSides

FIRST = [record(f"{number:02}") for number in range(1, 8)]
#: A change of each kind: changed, deleted, new, rejected, twice.
SECOND = [
    put(put(FIRST[0], OPERATION, "C"), NAME, "Changed"),
    put(FIRST[1], OPERATION, "D"),
    record("20"),
    put(record("21"), STATUS, "X"),
    record("20", name="Twice"),
    put(put(FIRST[2], OPERATION, "C"), NAME, "Changed"),
]


class Death(BaseException):
    """The process dies here."""


def files() -> dict[str, bytes]:
    return {
        "a": joined(with_totals([header("00000001"), *FIRST])),
        "b": joined(with_totals([header("00000002"), *SECOND])),
    }


@contextmanager
def dying(sides: TwoSides, at: int, after_commit: bool) -> Iterator[None]:
    """Let the process die at the *at*-th transaction that writes, before or after its commit."""
    real, count = sides.open_hub.write, 0

    @contextmanager
    def write(*arguments: Any, **named: Any) -> Iterator[Any]:
        nonlocal count
        count += 1
        with real(*arguments, **named) as transaction:
            yield transaction
            if count == at and not after_commit:
                raise Death
        if count == at:
            raise Death

    sides.open_hub.write = write  # type: ignore[method-assign]
    try:
        yield
    finally:
        sides.open_hub.write = real  # type: ignore[method-assign]


def run(sides: TwoSides) -> None:
    """Import, with a small chunk; the folders are closed as the end of a process closes them."""
    open_feed = OpenFeed(sides.open_hub, replace(sides.feed, chunk=2))
    try:
        list(import_files(open_feed, lambda text, done, size: None))
    finally:
        open_feed.folders.close()


def delivered(folder: pathlib.Path) -> TwoSides:
    sides = TwoSides(folder)
    for name, content in files().items():
        sides.deliver(name, content)
    return sides


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_death_at_any_transaction_changes_nothing_of_the_end(tmp_path: pathlib.Path, after_commit: bool) -> None:
    (tmp_path / "whole").mkdir()
    whole = delivered(tmp_path / "whole")
    run(whole)
    expected, deaths = whole.end_of_import(), 0
    whole.close()
    # Every third death in the short form; the two parameters take different ones.
    for at in range(1 + after_commit, 60, 3):
        folder = tmp_path / str(at)
        folder.mkdir()
        sides = delivered(folder)
        died = False
        try:
            with dying(sides, at, after_commit):
                run(sides)
        except Death:
            died = True
            run(sides)
        assert sides.end_of_import() == expected, f"death {at}"
        sides.close()
        if not died:
            break
        deaths += 1
    assert deaths > 4


def cut(content: bytes, chance: random.Random, count: int, sides: TwoSides) -> None:
    """Deliver a file cut at chance places; none may be taken."""
    before = sides.ours()
    for number in range(count):
        sides.deliver(f"cut{number}", content[: chance.randrange(len(content) - 1)])
        assert sides.imported() == [f"cut{number} refused"]
    assert sides.ours() == before


def test_a_full_file_that_is_cut_anywhere_deletes_nothing(tmp_path: pathlib.Path) -> None:
    sides = TwoSides(tmp_path)
    sides.feed = replace(sides.feed, deletes_missing=True)
    lines = [put(record(f"{number:03}"), OPERATION, " ") for number in range(1, 30)]
    sides.deliver("a", joined(with_totals([header("00000001", "FULL"), *lines])))
    sides.imported()
    cut(joined(with_totals([header("00000002", "FULL"), *lines])), random.Random(5), 40, sides)  # noqa: S311
    sides.deliver("whole", joined(with_totals([header("00000002", "FULL"), *lines[1:]])))
    assert sides.imported() == ["whole done"]
    assert sides.ours()["001"][1] == "Closed"
    sides.close()


def test_a_process_that_is_killed_after_every_record_changes_nothing_of_the_end(tmp_path: pathlib.Path) -> None:
    assert kill_after_every_record(tmp_path, records=13, chunk=5) == 26


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sides = TwoSides(pathlib.Path(name))
        lines = [put(record(f"{number:03}"), OPERATION, " ") for number in range(1, 30)]
        sides.deliver("a", joined(with_totals([header("00000001", "FULL"), *lines])))
        sides.imported()
        content = joined(with_totals([header("00000002", "FULL"), *lines]))
        cut(content, random.Random(6), int(sys.argv[1]), sides)  # noqa: S311
        print("no record was deleted")  # noqa: T201
