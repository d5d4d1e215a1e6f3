"""Folders as a transport: files are taken whole, and moved on when their message is in the database.

    speaks       files:  <root>/<channel>/inbox/      files that come in
                                          working/    files in the hub's inbox, not final yet
                                          done/, rejected/   final files, each with <file>.reply.xml beside it
                                          outbox/     files that leave, each appearing by rename
    supports     publish, put in, receive, acknowledge, settle, redelivery after close or death, many consumers of a
                 folder
    keeps        the body alone; the sender is the folder's name, the source the file's. A published file is
                 named by its message id, so that publishing it again replaces it
    leaves alone hidden files, ``*.tmp`` and ``*.part``, folders, and files that still grow; links, unreadable files and
                 names that could lead elsewhere, too: `left_alone` names these with the reason
    clears       when a channel is declared: unfinished files and markers that a death left behind
    settings     settle_s, most_bytes, outbound: see `FolderTransport`
    example      FolderTransport(Path("folders"), surroundings).receive("mainframe", limit=25, wait_s=1.0)

A file's turn is by its time of change, then its name. A marker in ``working/.taken/``, locked while its
consumer lives, keeps two consumers from one file, and tells the next consumer that the file was taken before.

Spec: docs/design/integration.md, "Transports"; docs/design/road.md, "Transports";
docs/design/guarantees.md, "Limits" and "The
crash suite".
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import quote

from adapters.files import digest_of, ending_of, read_body
from adapters.transport import (
    XML,
    BodyGone,
    Channel,
    Delivery,
    Envelope,
    Setup,
    Transport,
    TransportAway,
    Unroutable,
    check_envelope,
)
from adapters.transports.safe_files import (
    FileNameRefused,
    UnfinishedFile,
    candidates,
    check_name,
    files,
    lock_marker,
    made_folder,
    move,
    open_file,
    remove_unfinished,
    remove_unlocked,
    shown_name,
    write_whole,
)
from integration_objects.errors import Refused
from integration_objects.surroundings import Surroundings

#: the folder of all channels, in the deployment's folder
ROOT = "folders"
_NAME = "a folder's name has letters, digits, '.', '_' and '-', and begins with no '.'"
_CORRECT = "correct the name in the route or system"
_CHANNEL = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_FOLDERS = ("inbox", "working", "working/.taken", "done", "rejected")
_CONTENT_TYPES = {".xml": XML, ".json": "application/json", ".csv": "text/csv", ".txt": "text/plain"}
#: faults of a disk that concern one name, so that the files behind it can be written
_OF_ONE_NAME = frozenset((errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ))
_NO_FILE = "it is a link, or no regular file"
_POLL_S = 0.05
_MOST_BYTES = 4 * 1024 * 1024
_MOST_PUBLISHED_NAME = 150


@dataclass
class _Look:
    """Size and time of change of a file, and since when they stand (seconds of the monotonic clock)."""

    state: tuple[int, int]
    since: float


@dataclass
class _OpenFile:
    """A file that was delivered and not acknowledged. The open marker holds the lock."""

    channel: str
    name: str
    marker: int
    content: tuple[int, int, int]


class FileNotWritable(Refused):
    """A file that leaves can't be written under its name: a folder is in its place, or the disk refuses the name."""

    what = "the message can't be written as a file"
    where = "channel {channel}, file {name}"
    why = "{error.strerror}"
    mend = "take away what is in its place, then `orderhub messages resend`"


class FolderTransport(Transport):
    """All channels beneath one folder.

    Args:
        root: the folder of the channels' folders.
        surroundings: the clock.
        settle_s: seconds for which a file must not have changed before it is taken.
        most_bytes: a larger file is delivered as digest, size and first 64 KiB, unless its channel is declared with a
            limit of its own.
        outbound: the folder within a channel's where published files appear.

    """

    carries_properties = False

    def __init__(
        self,
        root: Path,
        surroundings: Surroundings,
        settle_s: float = 2.0,
        most_bytes: int = _MOST_BYTES,
        outbound: str = "outbox",
    ) -> None:
        self._left_alone: dict[str, dict[str, str]] = {}
        self._root = root
        self._surroundings = surroundings
        self._settle_s = settle_s
        self._most_bytes = most_bytes
        self._most_bytes_of: dict[str, int] = {}
        self._outbound = outbound
        self._looks: dict[str, dict[str, _Look]] = {}
        self._open_files: dict[str, _OpenFile] = {}
        self._last_ns = 0

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Make the transport of a deployment's folders, which lie beside its settings."""
        return cls(setup.folder / ROOT, setup.surroundings, setup.settings["folder_settle_s"])

    def declare(self, channels: Sequence[Channel]) -> None:
        """Note the limits of *channels*, and clear what deaths left in their folders.

        The folders are made when they are first used.
        """
        self._most_bytes_of |= {channel.name: channel.most_bytes for channel in channels if channel.most_bytes}
        for channel in channels:
            with _disk(channel.name):
                self._clear(self._folder(channel.name))

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Write each of *envelopes* as a file that appears whole, and is on the disk when this returns.

        Times of change grow from file to file, so that a reader can keep the order.
        """
        named = [(_published_name(check_envelope(envelope)), envelope) for envelope in envelopes]
        with _disk(channel):
            folder = made_folder(self._folder(channel), self._outbound)
            for name, envelope in named:
                try:
                    self._write(folder, name, (envelope.body,))
                except OSError as error:
                    if error.errno in _OF_ONE_NAME:
                        raise FileNotWritable(channel=channel, name=name, error=error) from error
                    raise

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* settled files, the one changed longest ago first."""
        end = self._surroundings.monotonic() + wait_s
        while True:
            with _disk(channel):
                deliveries = self._take(channel, limit)
            left = end - self._surroundings.monotonic()
            if deliveries or left <= 0:
                return deliveries
            self._surroundings.sleep(min(_POLL_S, left))

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Move the files of *deliveries* from ``inbox/`` to ``working/``: the hub's inbox has their messages.

        A file that was removed or replaced since it was read stays: its new content is delivered by itself.
        """
        for delivery in deliveries:
            file = self._open_files.pop(delivery.source, None)
            if file is None:
                continue
            folder = self._folder(file.channel)
            path = folder / "inbox" / file.name
            try:
                with _disk(file.channel):
                    if os.path.lexists(path) and _content(path.lstat()) == file.content:
                        move(path, folder / "working" / file.name)
                    # The marker goes last: after a death in between, the file still counts as taken before.
                    _marker(folder, file.name).unlink(missing_ok=True)
            finally:
                # Also after a fault of the disk: without the lock the file can be taken again.
                os.close(file.marker)

    def release(self, channels: Sequence[str]) -> None:
        """Give back the unacknowledged files of *channels*; they stay where they are, and are taken again."""
        for source, file in list(self._open_files.items()):
            if file.channel in channels:
                # The marker's file stays: a commit whose outcome is unknown may have kept the message.
                os.close(file.marker)
                del self._open_files[source]

    def close(self) -> None:
        """Give back the unacknowledged files; they stay where they are."""
        self.release([file.channel for file in self._open_files.values()])

    def settle(self, source: str, rejected: bool = False, reply: bytes | None = None, content_type: str = XML) -> None:
        """Move a file on whose message is final, to ``done/`` or ``rejected/``, and put the reply beside it.

        Raises:
            Unroutable, FileNameRefused: *source* is no ``<channel>/<file>``.
            TransportAway: the disk failed.
        """
        channel, working = self._working(source)
        with _disk(channel):
            # Settled before: the dispatcher repeats its batch after a death.
            if working.is_symlink() or not working.is_file():
                return
            target = made_folder(self._folder(channel), "rejected" if rejected else "done")
            digest = None if reply is None else hashlib.sha256(reply).hexdigest()
            ending = ".reply" + ending_of(content_type)
            name = _settled_name(target, working.name, ending, digest)
            if reply is not None:
                # The reply first: after a death between the two, the file is there to be settled again.
                self._write(target, name + ending, (reply,))
            move(working, target / name)

    def taken(self, source: str) -> BinaryIO:
        """Open a file in ``working/``.

        Raises:
            Unroutable, FileNameRefused: *source* is no ``<channel>/<file>``.
            BodyGone: there is no such file.
            TransportAway: the disk failed.
        """
        channel, working = self._working(source)
        return self._opened(source, channel, working)

    @staticmethod
    def _opened(source: str, channel: str, path: Path) -> BinaryIO:
        with _disk(channel):
            descriptor = open_file(path) if os.path.lexists(path) else None
        if descriptor is None:
            raise BodyGone(source=source, folder=path.parent)
        return os.fdopen(descriptor, "rb")

    def waiting(self, source: str) -> BinaryIO:
        """Open a file in ``inbox/`` that was delivered and isn't acknowledged; for the errors see `taken`."""
        channel, _, name = source.partition("/")
        return self._opened(source, channel, self._folder(channel) / "inbox" / check_name(name))

    def in_work(self, channel: str) -> list[str]:
        """List the names of the files in ``working/``."""
        working = self._folder(channel) / "working"
        with _disk(channel):
            return [name for name, _ in files(working)] if working.is_dir() else []

    def settle_with_file(self, source: str, rejected: bool, parts: Iterable[bytes], content_type: str) -> Iterator[int]:
        """Write an answer beside the file, part by part, then move the file on; for the errors see `settle`."""
        channel, working = self._working(source)
        with _disk(channel):
            target = made_folder(self._folder(channel), "rejected" if rejected else "done")
            if working.is_symlink() or not working.is_file():
                # Settled before: a death came between this and the note of it.
                if os.path.lexists(target / working.name):
                    return
                raise BodyGone(source=source, folder=working.parent)
            answer = UnfinishedFile(target, self._surroundings.new_id())
        ending = ".reply" + ending_of(content_type)
        written = 0
        try:
            for part in parts:
                with _disk(channel):
                    answer.write(part)
                written += len(part)
                yield written
            with _disk(channel):
                name = _settled_name(target, working.name, ending, answer.digest.hexdigest())
                self._last_ns = answer.appear(name + ending, self._last_ns + 1000)
                move(working, target / name)
        except BaseException:
            answer.discard()
            raise

    def _working(self, source: str) -> tuple[str, Path]:
        channel, _, name = source.partition("/")
        return channel, self._folder(channel) / "working" / check_name(name)

    def put_in(self, channel: str, name: str, parts: Iterable[bytes]) -> str:
        """Put a file into the channel's ``inbox/``, as its sender would: whole, under a free name; return its path.

        One part of the body is in memory at a time, so that files of any size can be put in.

        Raises:
            Unroutable, FileNameRefused: *channel* or *name* leads elsewhere.
            TransportAway: the disk failed.
        """
        folder = self._folder(channel)
        with _disk(channel):
            inbox, working = made_folder(folder, "inbox"), made_folder(folder, "working")
            name = _name_free_in(check_name(name), inbox, working)
            self._write(inbox, name, parts)
        return str(inbox / name)

    def publish_file(self, channel: str, name: str, parts: Iterable[bytes]) -> tuple[int, str]:
        """Let a file appear whole in ``outbox/`` under its name, part by part; a file of that name is replaced.

        Returns:
            Its bytes and their SHA-256.

        Raises:
            Unroutable, FileNameRefused: *channel* or *name* leads elsewhere.
            TransportAway: the disk failed.
        """
        size, digest = 0, hashlib.sha256()

        def counted() -> Iterator[bytes]:
            nonlocal size
            for part in parts:
                size += len(part)
                digest.update(part)
                yield part

        folder = self._folder(channel)
        with _disk(channel):
            self._write(made_folder(folder, self._outbound), check_name(name), counted())
        return size, digest.hexdigest()

    def is_left(self, channel: str) -> bool:
        """Whether files wait in ``inbox/`` that can be taken, those that still grow included."""
        with _disk(channel):
            waiting = files(made_folder(self._folder(channel), "inbox"))
        left_alone = self._left_alone.get(channel, {})
        return any(_shown(channel, name) not in left_alone for name, _ in waiting)

    def depth(self, channel: str) -> int:
        """Count the files in ``inbox/``, those that can't be taken included."""
        inbox = self._folder(channel) / "inbox"
        with _disk(channel):
            return len(files(inbox)) if inbox.is_dir() else 0

    def left_alone(self, channel: str) -> dict[str, str]:
        """The files that can't be taken, ``<channel>/<file>``, each with the reason, as the last look found them.

        Characters that can't be printed are escaped. A transport that hasn't taken files looks now, and takes none.
        """
        if channel not in self._left_alone:
            inbox = self._folder(channel) / "inbox"
            with _disk(channel):
                found = files(inbox) if inbox.is_dir() else []
            reasons = {_shown(channel, name): _why_not(inbox / name, name, state) for name, state in found}
            return {source: why for source, why in reasons.items() if why}
        return dict(self._left_alone[channel])

    def _clear(self, folder: Path) -> None:
        """Remove the unfinished files and the markers that nobody holds: their processes are dead."""
        for place in ("inbox", "working", "done", "rejected", self._outbound):
            if (folder / place).is_dir():
                remove_unfinished(folder / place)
        markers = folder / "working" / ".taken"
        for marker in sorted(markers.iterdir()) if markers.is_dir() else ():
            # A file that is still in inbox/ keeps its marker: its next delivery counts as a second one.
            if not os.path.lexists(folder / "inbox" / marker.name):
                remove_unlocked(marker)

    def _folder(self, channel: str) -> Path:
        if _CHANNEL.fullmatch(channel) is None:
            shown = ascii(channel)[1:-1]
            raise Unroutable(kind="folder", name=shown, where=f"channel {shown}", why=_NAME, mend=_CORRECT)
        return self._root / channel

    def _take(self, channel: str, limit: int) -> list[Delivery]:
        folder = self._folder(channel)
        for name in _FOLDERS:
            made_folder(folder, name)
        looks_before = self._looks.get(channel, {})
        looks = self._looks[channel] = {}
        self._left_alone[channel] = {}
        deliveries: list[Delivery] = []
        for name, state in files(folder / "inbox"):
            if not stat.S_ISREG(state.st_mode):
                self._leave_alone(channel, name, _NO_FILE)
                continue
            looks[name] = self._look(looks_before.get(name), state)
            if len(deliveries) < limit and self._has_settled(looks[name], state):
                delivery = self._take_file(channel, folder, name)
                if delivery is not None:
                    deliveries.append(delivery)
        return deliveries

    def _look(self, look_before: _Look | None, state: os.stat_result) -> _Look:
        """Note the file's size and time of change; keep the look before if nothing changed since."""
        content = (state.st_size, state.st_mtime_ns)
        if look_before is not None and look_before.state == content:
            return look_before
        return _Look(content, self._surroundings.monotonic())

    def _has_settled(self, look: _Look, state: os.stat_result) -> bool:
        """Whether the file has not changed for long enough, by its own times or between two looks."""
        # By two clocks: a file's own time may lie in the future, and a hub that just started has only one look.
        age = self._surroundings.seconds() - max(state.st_mtime, state.st_ctime)
        return age >= self._settle_s or self._surroundings.monotonic() - look.since >= self._settle_s

    def _take_file(self, channel: str, folder: Path, name: str) -> Delivery | None:
        """Take one file; return None for a file that is taken, gone, or can't be read now: the others go on."""
        if f"{channel}/{name}" in self._open_files:
            return None
        try:
            # The name first, then the marker, which bears it.
            name = self._with_free_name(folder, check_name(name))
            lock = lock_marker(_marker(folder, name))
        except (OSError, FileNameRefused) as error:
            self._leave_alone(channel, name, _why(error))
            return None
        if lock is None:
            return None
        marker, redelivered = lock
        file = None
        try:
            file = self._read(channel, folder / "inbox" / name)
        except OSError as error:
            self._leave_alone(channel, name, _why(error))
        if file is None:
            # The marker of an earlier death stays: the next delivery of the file must still count as a second one.
            if not redelivered:
                _marker(folder, name).unlink(missing_ok=True)
            os.close(marker)
            return None
        envelope, content = file
        source = f"{channel}/{name}"
        self._open_files[source] = _OpenFile(channel, name, marker, content)
        return Delivery(envelope, channel, channel, source, redelivered, source)

    def _with_free_name(self, folder: Path, name: str) -> str:
        """Rename the file if another file of its name is still in ``working/``; return its name."""
        inbox, working = folder / "inbox", folder / "working"
        if not os.path.lexists(working / name):
            return name
        free = _name_free_in(name, working, inbox)
        move(inbox / name, inbox / free)
        return free

    def _leave_alone(self, channel: str, name: str, why: str) -> None:
        if why:
            self._left_alone[channel][_shown(channel, name)] = why

    def _read(self, channel: str, path: Path) -> tuple[Envelope, tuple[int, int, int]] | None:
        """Read the file as an envelope, at most the limit in memory, and the mark of its content.

        Returns:
            None where the file is not regular, or changed while it was read.
        """
        most_bytes = self._most_bytes_of.get(channel, self._most_bytes)
        descriptor = open_file(path)
        if descriptor is None:
            return None
        with os.fdopen(descriptor, "rb") as file:
            content = _content(os.fstat(descriptor))
            body, oversize = read_body(file, most_bytes)
            size = len(body) if oversize is None else oversize.size
            # The sender wrote on while the file was read: it is taken whole at another look.
            if _content(os.fstat(descriptor)) != content or size != content[1]:
                return None
        content_type = _CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
        return Envelope(None, body, content_type=content_type, oversize=oversize), content

    def _write(self, folder: Path, name: str, parts: Iterable[bytes]) -> None:
        temporary = self._surroundings.new_id()
        # Later than the file before by a microsecond at least: with equal times a reader would go by the names.
        self._last_ns = write_whole(folder, name, parts, temporary, self._last_ns + 1000)


@contextmanager
def _disk(channel: str) -> Iterator[None]:
    """Say of a disk that fails within the block that the channel's folder is away."""
    try:
        yield
    except OSError as error:
        raise TransportAway(
            f"the folder '{channel}' cannot be used now",
            where=f"channel {channel}",
            why=error.strerror or str(error),
            mend="look at the disk, and at who may read and write there; it is tried again",
        ) from error


def _shown(channel: str, name: str) -> str:
    """Give a file's name as `FolderTransport.left_alone` has it: printable, whatever bytes its name has."""
    return f"{channel}/{shown_name(name)}"


def _why_not(path: Path, name: str, state: os.stat_result) -> str:
    """Why a file can't be taken, without taking it; "" for one that can."""
    if not stat.S_ISREG(state.st_mode):
        return _NO_FILE
    try:
        check_name(name)
        descriptor = open_file(path)
    except (OSError, FileNameRefused) as error:
        return _why(error)
    if descriptor is not None:
        os.close(descriptor)
    return ""


def _marker(folder: Path, name: str) -> Path:
    return folder / "working" / ".taken" / name


def _content(state: os.stat_result) -> tuple[int, int, int]:
    """The marks that tell contents of one file name apart: file, size, time of change."""
    return state.st_ino, state.st_size, state.st_mtime_ns


def _name_free_in(name: str, *folders: Path) -> str:
    """The first of the candidates for *name* that no file of *folders* has."""
    return next(
        candidate
        for candidate in candidates(name)
        if not any(os.path.lexists(folder / candidate) for folder in folders)
    )


def _settled_name(target: Path, name: str, ending: str, digest: str | None) -> str:
    """A name that is free in *target* for the file and its reply of this *ending* and *digest*; None: it has no reply.

    A reply without its file, of the same content, was written before a death: its name is the file's.
    """
    for candidate in candidates(name):
        beside = target / (candidate + ending)
        if os.path.lexists(target / candidate):
            continue
        if not os.path.lexists(beside) or (digest is not None and digest_of(beside) == digest):
            return candidate
    raise AssertionError("candidates never end")


def _published_name(envelope: Envelope) -> str:
    """A file name made from the message id, or from the body if the message has no id."""
    ending = ending_of(envelope.content_type)
    message_id = envelope.message_id or envelope.digest[:32]
    # Quoted, not replaced: two ids never share a file.
    name = quote(message_id, safe="")
    # `quote` leaves the dot, and readers leave hidden files alone.
    if name.startswith("."):
        name = "%2E" + name[1:]
    # Two long ids with one beginning differ in the digest.
    if len(name) > _MOST_PUBLISHED_NAME:
        name = f"{name[:_MOST_PUBLISHED_NAME]}-{hashlib.sha256(message_id.encode()).hexdigest()[:16]}"
    return name + ending


def _why(error: OSError | FileNameRefused) -> str:
    """Why a file can't be taken; "" for a file that has gone since the folder was read."""
    if isinstance(error, FileNotFoundError):
        return ""
    return error.why if isinstance(error, FileNameRefused) else error.strerror or str(error)
