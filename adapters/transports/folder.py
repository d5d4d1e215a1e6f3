"""Folders as doors: files are taken whole, and moved on when their message is in the database.

    speaks       files:  <root>/<channel>/inbox/      what comes in
                                          working/    in the hub's inbox, not final yet
                                          done/, rejected/   final, with <file>.reply.xml beside it
                                          outbox/     what leaves, each file appearing by rename
    supports     publish, receive, acknowledge, redelivery after close or death, many consumers of a folder
    keeps        the body alone; the sender is the folder's name, the source the file's. A published file is
                 named by its message id, so that publishing it again replaces it
    leaves alone hidden files, ``*.tmp`` and ``*.part``, folders, and files that still grow; links, and what
                 can't be read, too: `left_alone` says which and why
    settings     settle_s, most_bytes, outbound: see `FolderTransport`
    example      FolderTransport(Path("folders"), surroundings).receive("mainframe", limit=25, wait_s=1.0)

A file's turn is by its time of change, then its name. A marker in ``working/.taken/``, locked while its
consumer lives, keeps two consumers from one file, and tells the next one that the file was taken before.

Spec: docs/design/integration.md, "Doors"; docs/design/road.md, "Doors"; docs/design/guarantees.md, "Limits" and "The
crash suite".
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from adapters.transport import (
    KEPT_OF_OVERSIZE,
    XML,
    Delivery,
    Envelope,
    Oversize,
    Transport,
    TransportAway,
    Unroutable,
    check_envelope,
)
from adapters.transports.safe_files import (
    FileNameRefused,
    candidates,
    check_name,
    files,
    free_name,
    lock_marker,
    made,
    move,
    open_file,
    write_whole,
)
from integration_objects.surroundings import Surroundings

_CHANNEL = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_FOLDERS = ("inbox", "working", "working/.taken", "done", "rejected")
_ENDINGS = {
    XML: ".xml",
    "text/xml": ".xml",
    "application/json": ".json",
    "text/csv": ".csv",
    "text/plain": ".txt",
}
_CONTENT_TYPES = {".xml": XML, ".json": "application/json", ".csv": "text/csv", ".txt": "text/plain"}
_REPLY = ".reply.xml"
_POLL_S = 0.05
_PART = 1024 * 1024
_MOST_BYTES = 4 * 1024 * 1024
_MOST_PUBLISHED_NAME = 150


@dataclass(frozen=True)
class Unsettled:
    """A file in ``working/``: its message is in the hub's inbox.

    Attributes:
        source: ``<channel>/<file>``, as the delivery had it.
        sender: the folder's name.
        digest: SHA-256 of the file; the identity of its message.
    """

    source: str
    sender: str
    digest: str


@dataclass
class _Look:
    """What a file looked like, and since when (seconds of the monotonic clock)."""

    state: tuple[int, int]
    since: float


@dataclass
class _Taken:
    """A file that was delivered and not acknowledged: the open marker holds the lock."""

    channel: str
    name: str
    marker: int
    content: tuple[int, int, int]


class FolderTransport(Transport):
    """All channels beneath one folder.

    Args:
        root: the folder of the channels' folders.
        surroundings: the clock.
        settle_s: seconds for which a file must not have changed before it is taken.
        most_bytes: a larger file is delivered as digest, size and first 64 KiB.
        outbound: the folder within a channel's where published files appear.

    Attributes:
        left_alone: ``<channel>/<file>`` of files that can't be taken, and why, as the last look found; what is
            not ASCII in a name is escaped.
    """

    def __init__(
        self,
        root: Path,
        surroundings: Surroundings,
        settle_s: float = 2.0,
        most_bytes: int = _MOST_BYTES,
        outbound: str = "outbox",
    ) -> None:
        self.left_alone: dict[str, str] = {}
        self._root = root
        self._surroundings = surroundings
        self._settle_s = settle_s
        self._most_bytes = most_bytes
        self._outbound = outbound
        self._looks: dict[str, dict[str, _Look]] = {}
        self._taken: dict[str, _Taken] = {}
        self._last_ns = 0

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Write each of *envelopes* as a file that appears whole, and is on the disk when this returns.

        Times of change grow from file to file, so that a reader can keep the order.
        """
        named = [(_published_name(check_envelope(envelope)), envelope) for envelope in envelopes]
        try:
            folder = made(self._folder(channel), self._outbound)
            for name, envelope in named:
                self._write(folder, name, envelope.body)
        except OSError as error:
            raise _away(channel, error) from error

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* settled files, the one changed longest ago first."""
        end = self._surroundings.monotonic() + wait_s
        while True:
            try:
                deliveries = self._take(channel, limit)
            except OSError as error:
                raise _away(channel, error) from error
            left = end - self._surroundings.monotonic()
            if deliveries or left <= 0:
                return deliveries
            self._surroundings.sleep(min(_POLL_S, left))

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Move the files of *deliveries* from ``inbox/`` to ``working/``: the hub's inbox has their messages.

        A file that was removed or replaced since it was read stays: what is in it now comes by itself.
        """
        for delivery in deliveries:
            taken = self._taken.pop(delivery.source, None)
            if taken is None:
                continue
            folder = self._folder(taken.channel)
            path = folder / "inbox" / taken.name
            try:
                if os.path.lexists(path) and _content(path.lstat()) == taken.content:
                    move(path, folder / "working" / taken.name)
                _marker(folder, taken.name).unlink(missing_ok=True)
            except OSError as error:
                raise _away(taken.channel, error) from error
            finally:
                os.close(taken.marker)

    def close(self) -> None:
        """Give the files back that were not acknowledged; they stay where they are."""
        for taken in self._taken.values():
            os.close(taken.marker)
        self._taken.clear()

    def unsettled(self, channel: str) -> list[Unsettled]:
        """The files in ``working/``, whose messages are in the hub's inbox; the oldest first."""
        folder = self._folder(channel)
        try:
            result = []
            for name, _ in files(made(folder, "working")):
                envelope = self._read(folder / "working" / name)
                if envelope is not None:
                    result.append(Unsettled(f"{channel}/{name}", channel, envelope[0].digest))
        except OSError as error:
            raise _away(channel, error) from error
        return result

    def settle(self, source: str, rejected: bool = False, reply: bytes | None = None) -> Path | None:
        """Move a file on whose message is final, and put the reply beside it. Doing it again does nothing.

        Args:
            source: ``<channel>/<file>``, as delivered.
            rejected: whether to ``rejected/`` or to ``done/``.
            reply: the reply's body; None for no reply.

        Returns:
            Where the file is now; None where it isn't in ``working/`` (any more).

        Raises:
            Unroutable, FileNameRefused: *source* is no channel and file.
            TransportAway: the disk doesn't do it.
        """
        channel, _, name = source.partition("/")
        folder = self._folder(channel)
        working = folder / "working" / check_name(name)
        try:
            if working.is_symlink() or not working.is_file():
                return None
            target = made(folder, "rejected" if rejected else "done")
            name = _settled_name(target, name, reply)
            if reply is not None:
                # The reply first: after a death between the two, the file is there to be settled again.
                self._write(target, name + _REPLY, reply)
            move(working, target / name)
        except OSError as error:
            raise _away(channel, error) from error
        return target / name

    def put_in(self, channel: str, name: str, body: bytes | Iterable[bytes]) -> Path:
        """Put a file into the channel's ``inbox/``, as its sender would: whole, under a free name.

        Args:
            channel: the folder.
            name: what the file is called, where that is free.
            body: the bytes, or their parts, of which one is in memory at a time: a file of any size goes in.

        Raises:
            Unroutable, FileNameRefused: *channel* or *name* leads elsewhere.
            TransportAway: the disk doesn't do it.
        """
        folder = self._folder(channel)
        try:
            inbox, working = made(folder, "inbox"), made(folder, "working")
            free = free_name(
                check_name(name),
                lambda candidate: os.path.lexists(inbox / candidate) or os.path.lexists(working / candidate),
            )
            self._write(inbox, free, body)
        except OSError as error:
            raise _away(channel, error) from error
        return inbox / free

    def holds_files(self, channel: str) -> bool:
        """Whether files wait in ``inbox/`` that can be taken, those that still grow included."""
        try:
            waiting = files(made(self._folder(channel), "inbox"))
        except OSError as error:
            raise _away(channel, error) from error
        return any(_shown(channel, name) not in self.left_alone for name, _ in waiting)

    def _folder(self, channel: str) -> Path:
        if _CHANNEL.fullmatch(channel) is None:
            raise Unroutable(
                f"there is no folder '{ascii(channel)[1:-1]}'",
                where=f"channel {ascii(channel)[1:-1]}",
                why="a folder's name has letters, digits, '.', '_' and '-', and begins with no '.'",
                mend="correct the name in the route or system",
            )
        return self._root / channel

    def _take(self, channel: str, limit: int) -> list[Delivery]:
        folder = self._folder(channel)
        for name in _FOLDERS:
            made(folder, name)
        before = self._looks.get(channel, {})
        looks = self._looks[channel] = {}
        self.left_alone = {
            source: why for source, why in self.left_alone.items() if not source.startswith(f"{channel}/")
        }
        result: list[Delivery] = []
        for name, state in files(folder / "inbox"):
            if not stat.S_ISREG(state.st_mode):
                self._leave_alone(channel, name, "it is a link, or no regular file")
                continue
            looks[name] = self._look(before.get(name), state)
            if len(result) < limit and self._has_settled(looks[name], state):
                delivery = self._take_file(channel, folder, name)
                if delivery is not None:
                    result.append(delivery)
        return result

    def _look(self, before: _Look | None, state: os.stat_result) -> _Look:
        """What the file looks like; the look of *before* where nothing changed since."""
        content = (state.st_size, state.st_mtime_ns)
        if before is not None and before.state == content:
            return before
        return _Look(content, self._surroundings.monotonic())

    def _has_settled(self, look: _Look, state: os.stat_result) -> bool:
        """Whether the file has not changed for long enough, by its own times or between two looks."""
        age = self._surroundings.seconds() - max(state.st_mtime, state.st_ctime)
        return age >= self._settle_s or self._surroundings.monotonic() - look.since >= self._settle_s

    def _take_file(self, channel: str, folder: Path, name: str) -> Delivery | None:
        """Take one file; None where it is taken, gone, or can't be read now: the others go on."""
        if f"{channel}/{name}" in self._taken:
            return None
        try:
            name = _with_free_name(folder, check_name(name))
            locked = lock_marker(_marker(folder, name))
        except (OSError, FileNameRefused) as error:
            self._leave_alone(channel, name, _why(error))
            return None
        if locked is None:
            return None
        marker, redelivered = locked
        found = None
        try:
            found = self._read(folder / "inbox" / name)
        except OSError as error:
            self._leave_alone(channel, name, _why(error))
        if found is None:
            if not redelivered:
                _marker(folder, name).unlink(missing_ok=True)
            os.close(marker)
            return None
        envelope, content = found
        source = f"{channel}/{name}"
        self._taken[source] = _Taken(channel, name, marker, content)
        return Delivery(envelope, channel, channel, source, redelivered, source)

    def _leave_alone(self, channel: str, name: str, why: str) -> None:
        if why:
            self.left_alone[_shown(channel, name)] = why

    def _read(self, path: Path) -> tuple[Envelope, tuple[int, int, int]] | None:
        """The file as an envelope, at most the limit in memory, and what tells its content from another.

        None where it is no regular file, or changed while it was read.
        """
        descriptor = open_file(path)
        if descriptor is None:
            return None
        with os.fdopen(descriptor, "rb") as file:
            content = _content(os.fstat(descriptor))
            body = file.read(self._most_bytes + 1)
            size = len(body)
            oversize = None
            if size > self._most_bytes:
                digest = hashlib.sha256(body)
                while part := file.read(_PART):
                    digest.update(part)
                    size += len(part)
                oversize = Oversize(size, digest.hexdigest())
                body = body[:KEPT_OF_OVERSIZE]
            if _content(os.fstat(descriptor)) != content or size != content[1]:
                return None
        content_type = _CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
        return Envelope(None, body, content_type=content_type, oversize=oversize), content

    def _write(self, folder: Path, name: str, body: bytes | Iterable[bytes]) -> None:
        temporary = self._surroundings.new_id()
        parts = (body,) if isinstance(body, bytes) else body
        self._last_ns = write_whole(folder, name, parts, temporary, self._last_ns + 1000)


def _shown(channel: str, name: str) -> str:
    """A file as `FolderTransport.left_alone` names it: printable, whatever bytes its name has."""
    return f"{channel}/{ascii(name)[1:-1]}"


def _marker(folder: Path, name: str) -> Path:
    return folder / "working" / ".taken" / name


def _content(state: os.stat_result) -> tuple[int, int, int]:
    """What tells a file's content from another's under the same name: file, size, time of change."""
    return state.st_ino, state.st_size, state.st_mtime_ns


def _with_free_name(folder: Path, name: str) -> str:
    """The file's name; another, by rename, where a file of that name is being worked on still."""
    inbox, working = folder / "inbox", folder / "working"
    if not os.path.lexists(working / name):
        return name
    free = free_name(name, lambda some: os.path.lexists(working / some) or os.path.lexists(inbox / some))
    move(inbox / name, inbox / free)
    return free


def _settled_name(target: Path, name: str, reply: bytes | None) -> str:
    """A name that is free in *target* for the file and its reply.

    A reply without its file, of the same content, was written before a death: its name is the file's.
    """
    for candidate in candidates(name):
        beside = target / (candidate + _REPLY)
        if os.path.lexists(target / candidate):
            continue
        if not os.path.lexists(beside) or (reply is not None and beside.read_bytes() == reply):
            return candidate
    raise AssertionError("candidates never end")


def _published_name(envelope: Envelope) -> str:
    """A file name made from the message id, or from the body where there is none."""
    ending = _ENDINGS.get(envelope.content_type.partition(";")[0].strip().lower(), ".bin")
    message_id = envelope.message_id or envelope.digest[:32]
    name = quote(message_id, safe="")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > _MOST_PUBLISHED_NAME:
        name = f"{name[:_MOST_PUBLISHED_NAME]}-{hashlib.sha256(message_id.encode()).hexdigest()[:16]}"
    return name + ending


def _why(error: OSError | FileNameRefused) -> str:
    """Why a file can't be taken; "" where it went while we looked."""
    if isinstance(error, FileNotFoundError):
        return ""
    return error.why if isinstance(error, FileNameRefused) else error.strerror or str(error)


def _away(channel: str, error: OSError) -> TransportAway:
    return TransportAway(
        f"the folder '{channel}' cannot be used now",
        where=f"channel {channel}",
        why=error.strerror or str(error),
        mend="look at the disk, and at who may read and write there; it is tried again",
    )
