"""A file that is lost on its way through the folders is refused or taken when it comes again; later files go on."""

from __future__ import annotations

import pathlib

import pytest

from hub.replication.batch_file import FeedFileInInbox
from hub.replication.intake import check, next_turn, receive
from tests.hub.replication.test_faulty_files import header, joined, record, with_totals
from tests.hub.replication.test_import_crashes import Death, dying, files, run
from tests.hub.replication.two_sides import TwoSides

FILES = files()
UNREADABLE = b"no header"


@pytest.fixture
def sides(tmp_path: pathlib.Path) -> TwoSides:
    return TwoSides(tmp_path)


def known_and_not_moved(sides: TwoSides, name: str, content: bytes) -> pathlib.Path:
    """Let the hub die when it knows a file, and before the file leaves the inbox; return the file's place."""
    sides.deliver(name, content)
    with pytest.raises(Death), dying(sides, 1, after_commit=True):
        run(sides)
    return sides.folder / "inbox" / name


def batches(sides: TwoSides) -> list[tuple[str | None, str, str | None]]:
    return [(each.name, each.state, (each.error or {}).get("reason")) for each in reversed(sides.batches("in"))]


def test_a_file_that_was_lost_after_a_death_is_taken_when_it_comes_again(sides: TwoSides) -> None:
    known_and_not_moved(sides, "a", FILES["a"]).unlink()
    assert sides.imported() == ["a refused"]
    assert "FeedFileGone" in sides.last_answer()
    for name, content in FILES.items():
        sides.deliver(name, content)
    assert sides.imported() == ["a done", "b done"]
    assert batches(sides) == [("a", "refused", "FeedFileGone"), ("a", "done", None), ("b", "done", None)]
    assert sides.alarms() == []
    sides.close()


def test_a_file_that_is_refused_before_a_death_is_answered_once(sides: TwoSides) -> None:
    known_and_not_moved(sides, "a", UNREADABLE)
    assert sides.imported() == ["a refused"]
    assert len(sides.batches("in")) == 1
    assert len(list((sides.folder / "outbox").iterdir())) == 1
    assert (sides.folder / "rejected" / "a").exists()
    sides.close()


def test_a_lost_file_that_comes_again_under_another_name_goes_on_from_there(sides: TwoSides) -> None:
    # It waits for the file before it.
    known_and_not_moved(sides, "b", FILES["b"]).unlink()
    sides.deliver("b again", FILES["b"])
    assert sides.imported() == []
    sides.deliver("a", FILES["a"])
    assert sides.imported() == ["a done", "b again done"]
    assert sorted(path.name for path in (sides.folder / "done").iterdir()) == ["a", "b again"]
    sides.close()


def test_a_known_file_that_is_written_over_is_taken_when_it_comes_again(sides: TwoSides) -> None:
    # The partner writes over a file that the hub knows, with a cut one; then the whole one comes again.
    place = known_and_not_moved(sides, "b", FILES["b"])
    place.write_bytes(FILES["b"][:-100])
    assert sides.imported() == ["b refused"]
    sides.deliver("b", FILES["b"])
    assert sides.imported() == []
    sides.deliver("a", FILES["a"])
    assert sides.imported() == ["a done", "b-2 done"]
    assert sides.alarms() == []
    sides.close()


def test_a_file_that_another_import_is_taking_is_left_to_it(sides: TwoSides) -> None:
    known_and_not_moved(sides, "a", FILES["a"])
    first = sides.open_feed
    assert len(first.folders.receive(sides.feed.folder, 25, 0)) == 1
    with pytest.raises(FeedFileInInbox) as raised:
        sides.imported()
    assert str(raised.value).startswith("the file a is still in the inbox")
    first.folders.close()
    assert sides.imported() == ["a done"]
    sides.close()


def test_a_checked_file_that_is_lost_is_refused_and_later_ones_go_on(sides: TwoSides) -> None:
    sides.deliver("a", FILES["a"])
    feed = sides.open_feed
    list(receive(feed))
    batch = next_turn(feed)
    assert batch is not None
    list(check(feed, batch))
    (sides.folder / "working" / "a").unlink()
    assert sides.imported() == ["a refused"]
    other = joined(with_totals([header("00000001"), record("7")]))
    sides.deliver("another a", other)
    sides.deliver("b", FILES["b"])
    assert sides.imported() == ["another a done", "b done"]
    sides.close()
