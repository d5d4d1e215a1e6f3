"""Folders as a transport, beyond what every transport promises."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.transport import Channel, Delivery, Envelope, TransportAway, Unroutable
from adapters.transports.folder import FolderTransport
from adapters.transports.safe_files import FileNameRefused
from integration_objects.surroundings import Surroundings


class HandClock(Surroundings):
    """A clock that is set by hand; both of its times advance together."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 2_000_000_000.0

    def seconds(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    path = tmp_path / "mainframe" / "inbox"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FolderTransport]:
    transport = FolderTransport(tmp_path, Surroundings(), settle_s=0)
    yield transport
    transport.close()


def receive(transport: FolderTransport) -> list[Delivery]:
    return transport.receive("mainframe", limit=100, wait_s=0)


def there(folder: Path) -> list[str]:
    """Every visible file beneath *folder*."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")
    )


def test_a_file_goes_from_inbox_to_working_to_done_with_its_reply_beside_it(
    tmp_path: Path, inbox: Path, folder: FolderTransport
) -> None:
    (inbox / "a.xml").write_bytes(b"<ORDER/>")
    [delivery] = receive(folder)
    assert (delivery.sender, delivery.source, delivery.channel) == (
        "mainframe",
        "mainframe/a.xml",
        "mainframe",
    )
    assert (delivery.envelope.body, delivery.envelope.message_id) == (b"<ORDER/>", None)
    assert delivery.envelope.content_type == "application/xml"
    folder.acknowledge([delivery])
    assert there(tmp_path) == ["mainframe/working/a.xml"]
    for _ in range(2):
        folder.settle("mainframe/a.xml", reply=b"<REPLY/>")
        assert there(tmp_path) == ["mainframe/done/a.xml", "mainframe/done/a.xml.reply.xml"]
    assert (tmp_path / "mainframe/done/a.xml.reply.xml").read_bytes() == b"<REPLY/>"
    assert list((tmp_path / "mainframe/working/.taken").iterdir()) == []


def test_a_rejected_file_goes_to_rejected(tmp_path: Path, inbox: Path, folder: FolderTransport) -> None:
    (inbox / "a.xml").write_bytes(b"x")
    folder.acknowledge(receive(folder))
    folder.settle("mainframe/a.xml", rejected=True)
    assert there(tmp_path) == ["mainframe/rejected/a.xml"]


def test_a_growing_file_is_left_alone_until_it_has_not_changed_for_the_settle_time(tmp_path: Path, inbox: Path) -> None:
    clock = HandClock()
    transport = FolderTransport(tmp_path, clock, settle_s=2.0)
    path = inbox / "a.xml"
    path.write_bytes(b"<ORDER>")
    os.utime(path, (clock.time + 9999, clock.time + 9999))
    assert receive(transport) == []
    clock.time += 1.5
    path.write_bytes(b"<ORDER></ORDER>")
    os.utime(path, (clock.time + 9999, clock.time + 9999))
    assert receive(transport) == []
    clock.time += 1.5
    assert receive(transport) == []
    clock.time += 0.5
    assert [delivery.envelope.body for delivery in receive(transport)] == [b"<ORDER></ORDER>"]
    transport.close()


def test_a_file_that_rested_before_the_first_look_is_taken_at_once(tmp_path: Path, inbox: Path) -> None:
    (inbox / "a.xml").write_bytes(b"x")
    transport = FolderTransport(tmp_path, HandClock(), settle_s=2.0)
    assert len(receive(transport)) == 1
    transport.close()


def test_hidden_unfinished_and_linked_files_and_folders_are_left_alone(
    tmp_path: Path, inbox: Path, folder: FolderTransport
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"secret")
    for name in (".a.xml", "a.xml.tmp", "a.xml.part", "z.xml"):
        (inbox / name).write_bytes(b"x")
    (inbox / "link.xml").symlink_to(secret)
    (inbox / "folder.xml").mkdir()
    os.mkfifo(inbox / "pipe.xml")
    assert [delivery.source for delivery in receive(folder)] == ["mainframe/z.xml"]
    assert folder.left_alone("mainframe") == {
        "mainframe/link.xml": "it is a link, or no regular file",
        "mainframe/pipe.xml": "it is a link, or no regular file",
    }


def test_a_name_that_no_database_keeps_does_not_stop_the_others(inbox: Path, folder: FolderTransport) -> None:
    for name in ("ä".encode() + b"\xff.xml", b"b\n.xml", b"c.xml", ("ü" * 100).encode() + b".xml"):
        (Path(os.fsdecode(os.fsencode(inbox) + b"/" + name))).write_bytes(b"x")
    assert [delivery.source for delivery in receive(folder)] == ["mainframe/c.xml"]
    assert folder.left_alone("mainframe") == {
        "mainframe/ä\\udcff.xml": "its name isn't UTF-8",
        "mainframe/b\\n.xml": "its name has the control character U+000A",
        f"mainframe/{'ü' * 100}.xml": "its name has 204 bytes in UTF-8, and may have 200",
    }
    (inbox / "c.xml").unlink()
    assert not folder.is_left("mainframe")


def test_a_file_that_is_put_in_by_parts_is_whole_or_not_there(tmp_path: Path, folder: FolderTransport) -> None:
    assert Path(folder.put_in("mainframe", "a.xml", iter((b"one", b"two")))).read_bytes() == b"onetwo"

    def parts() -> Iterator[bytes]:
        yield b"one"
        raise EOFError

    with pytest.raises(EOFError):
        folder.put_in("mainframe", "b.xml", parts())
    assert there(tmp_path) == ["mainframe/inbox/a.xml"]
    assert len(list((tmp_path / "mainframe" / "inbox").iterdir())) == 1


def test_a_file_that_vanishes_or_cannot_be_read_does_not_stop_the_others(
    inbox: Path, folder: FolderTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.xml", "b.xml", "c.xml"):
        (inbox / name).write_bytes(b"x")
    read = FolderTransport._read

    def fail(self: FolderTransport, channel: str, path: Path) -> object:
        if path.name == "a.xml":
            path.unlink()
        if path.name == "b.xml":
            raise PermissionError(13, "Permission denied")
        return read(self, channel, path)

    monkeypatch.setattr(FolderTransport, "_read", fail)
    assert [delivery.source for delivery in receive(folder)] == ["mainframe/c.xml"]
    assert folder.left_alone("mainframe") == {"mainframe/b.xml": "Permission denied"}
    monkeypatch.undo()
    [delivery] = receive(folder)
    assert (delivery.source, delivery.redelivered, folder.left_alone("mainframe")) == ("mainframe/b.xml", False, {})


def test_two_files_of_one_name_get_names_of_their_own(tmp_path: Path, inbox: Path, folder: FolderTransport) -> None:
    for body in (b"one", b"two", b"three"):
        (inbox / "a.xml").write_bytes(body)
        folder.acknowledge(receive(folder))
    names = ["a.xml", "a-2.xml", "a-3.xml"]
    assert there(tmp_path) == sorted(f"mainframe/working/{name}" for name in names)
    for name in names:
        folder.settle(f"mainframe/{name}", reply=b"reply")
    (inbox / "a.xml").write_bytes(b"four")
    folder.acknowledge(receive(folder))
    folder.settle("mainframe/a.xml", reply=b"reply")
    done = tmp_path / "mainframe" / "done"
    assert [(done / name).read_bytes() for name in ("a.xml", "a-2.xml", "a-3.xml", "a-4.xml")] == [
        b"one",
        b"two",
        b"three",
        b"four",
    ]
    assert len(there(done)) == 8


def test_a_file_that_was_replaced_after_it_was_read_comes_again_by_itself(
    tmp_path: Path, inbox: Path, folder: FolderTransport
) -> None:
    (inbox / "a.xml").write_bytes(b"one")
    deliveries = receive(folder)
    (inbox / "a.xml").write_bytes(b"number two")
    folder.acknowledge(deliveries)
    assert there(tmp_path) == ["mainframe/inbox/a.xml"]
    assert [delivery.envelope.body for delivery in receive(folder)] == [b"number two"]


def test_a_file_that_was_removed_after_it_was_read_is_acknowledged_all_the_same(
    tmp_path: Path, inbox: Path, folder: FolderTransport
) -> None:
    (inbox / "a.xml").write_bytes(b"one")
    deliveries = receive(folder)
    (inbox / "a.xml").unlink()
    folder.acknowledge(deliveries)
    assert there(tmp_path) == []


def test_a_death_between_reply_and_move_leaves_one_reply(
    tmp_path: Path, inbox: Path, folder: FolderTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "a.xml").write_bytes(b"one")
    folder.acknowledge(receive(folder))

    def die(source: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("adapters.transports.folder.move", die)
    with pytest.raises(TransportAway) as caught:
        folder.settle("mainframe/a.xml", reply=b"reply")
    assert str(caught.value) == (
        "the folder 'mainframe' cannot be used now\n"
        "  where: channel mainframe\n"
        "  why:   Input/output error\n"
        "  mend:  look at the disk, and at who may read and write there; it is tried again"
    )
    monkeypatch.undo()
    folder.settle("mainframe/a.xml", reply=b"reply")
    assert there(tmp_path) == ["mainframe/done/a.xml", "mainframe/done/a.xml.reply.xml"]


@pytest.mark.parametrize("size", [100, 101])
def test_a_file_over_the_limit_is_delivered_as_digest_size_and_beginning(
    tmp_path: Path, inbox: Path, size: int
) -> None:
    transport = FolderTransport(tmp_path, Surroundings(), settle_s=0, most_bytes=100)
    (inbox / "a.xml").write_bytes(b"x" * size)
    [delivery] = receive(transport)
    assert (delivery.envelope.oversize is not None) == (size > 100)
    assert delivery.envelope.size == size
    assert delivery.envelope.digest == hashlib.sha256(b"x" * size).hexdigest()
    transport.close()


def test_of_a_big_file_64_kib_are_kept(tmp_path: Path, inbox: Path) -> None:
    transport = FolderTransport(tmp_path, Surroundings(), settle_s=0, most_bytes=100_000)
    body = os.urandom(3_000_000)
    (inbox / "a.xml").write_bytes(body)
    [delivery] = receive(transport)
    assert delivery.envelope.body == body[:65536]
    assert delivery.envelope.oversize is not None
    assert delivery.envelope.digest == hashlib.sha256(body).hexdigest()
    transport.close()


@pytest.mark.parametrize("source", ["mainframe/../../secret", "mainframe/", "mainframe/.taken", "mainframe"])
def test_a_source_that_leads_elsewhere_is_refused(folder: FolderTransport, source: str) -> None:
    with pytest.raises(FileNameRefused):
        folder.settle(source)


@pytest.mark.parametrize("channel", ["..", "", "a/b", ".hidden", "/etc", "a\x00"])
def test_a_channel_that_leads_elsewhere_is_unroutable(folder: FolderTransport, channel: str) -> None:
    with pytest.raises(Unroutable):
        folder.publish(channel, [Envelope("m1", b"")])


def test_published_files_are_named_by_message_id_and_a_repeat_replaces_the_first(
    tmp_path: Path, folder: FolderTransport
) -> None:
    ids = ["m1", "../../etc/passwd", ".hidden", "1:2/ü", "x" * 128, "ü" * 127]
    for _ in range(2):
        folder.publish("billing", [Envelope(id, b"x", content_type="text/plain") for id in ids])
    names = [path.name for path in (tmp_path / "billing" / "outbox").iterdir()]
    assert len(names) == len(ids)
    assert there(tmp_path) == sorted(f"billing/outbox/{name}" for name in names)
    assert {"m1.txt", "..%2F..%2Fetc%2Fpasswd.txt"} & set(names) == {"m1.txt"}
    assert "%2E.%2F..%2Fetc%2Fpasswd.txt" in names


def test_a_file_that_was_taken_before_comes_to_the_next_consumer_as_redelivered(tmp_path: Path, inbox: Path) -> None:
    (inbox / "a.xml").write_bytes(b"x")
    first = FolderTransport(tmp_path, Surroundings(), settle_s=0)
    second = FolderTransport(tmp_path, Surroundings(), settle_s=0)
    assert [delivery.redelivered for delivery in receive(first)] == [False]
    assert receive(second) == []
    first.close()
    assert [delivery.redelivered for delivery in receive(second)] == [True]
    second.close()


def test_files_that_are_given_back_are_taken_again(inbox: Path, folder: FolderTransport) -> None:
    (inbox / "a.xml").write_bytes(b"<A/>")
    [first] = receive(folder)
    assert receive(folder) == []
    folder.release(["other"])
    assert receive(folder) == []
    folder.release(["mainframe"])
    [again] = receive(folder)
    assert (first.source, again.source, again.redelivered) == ("mainframe/a.xml", "mainframe/a.xml", True)


def test_what_deaths_left_behind_is_cleared_and_nothing_else(
    tmp_path: Path, inbox: Path, folder: FolderTransport
) -> None:
    other = FolderTransport(tmp_path, Surroundings(), settle_s=0)
    for name in ("held.xml", "died.xml"):
        (inbox / name).write_bytes(b"<A/>")
    assert len(receive(other)) == 2
    other._open_files.pop("mainframe/died.xml")  # as the kernel forgets a dead process's lock
    markers = tmp_path / "mainframe" / "working" / ".taken"
    (markers / "gone.xml").touch()
    done = tmp_path / "mainframe" / "done"
    (done / ".orderhub-1.tmp").write_bytes(b"<A")
    (inbox / ".sender-1.tmp").write_bytes(b"<A")  # a sender's, who still writes
    with (done / ".orderhub-2.tmp").open("wb") as in_work:
        fcntl.flock(in_work, fcntl.LOCK_EX)
        folder.declare([Channel("mainframe"), Channel("never.used")])
        assert (done / ".orderhub-2.tmp").exists()
    assert sorted(marker.name for marker in markers.iterdir()) == ["died.xml", "held.xml"]
    assert sorted(file.name for file in (*done.iterdir(), *inbox.iterdir()) if file.name.startswith(".")) == [
        ".orderhub-2.tmp",
        ".sender-1.tmp",
    ]
    assert not (tmp_path / "never.used").exists()
    other.close()


def test_who_only_looks_sees_the_files_that_nobody_can_take(tmp_path: Path, inbox: Path) -> None:
    (inbox / "good.xml").write_bytes(b"<A/>")
    (inbox / "a\\b.xml").write_bytes(b"<A/>")
    (inbox / "link.xml").symlink_to(inbox / "good.xml")
    looking = FolderTransport(tmp_path, Surroundings())
    assert looking.left_alone("mainframe") == {
        "mainframe/a\\\\b.xml": "its name has the character '\\'",
        "mainframe/link.xml": "it is a link, or no regular file",
    }
    assert looking.left_alone("never.used") == {}
    assert not (tmp_path / "mainframe" / "working").exists()
