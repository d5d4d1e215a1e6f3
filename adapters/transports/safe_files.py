"""Steps on files that survive a kill at any moment: a file appears whole, moves for good, is locked while used.

Spec: docs/design/guarantees.md, "The crash suite" (write, fsync, rename, fsync of the folder).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from integration_objects.errors import Refused

#: File systems take 255 bytes; a number and `.reply.xml` are put behind a name.
MOST_NAME_BYTES = 200
_UNFINISHED_NAMES = (".tmp", ".part")
#: the beginning of the names of files that the hub is writing; a sender's own unfinished files have other names
_UNFINISHED = ".orderhub-"
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\\\]")


class FileNameRefused(Refused):
    """A file's name leads out of its folder, is too long, or holds a character that no name should."""

    what = "the file name '{name}' is refused"
    where = "{name}"
    why = "{fault}"
    mend = "give the file another name: without slash, backslash and control characters, 1 to {most} bytes in UTF-8"


def check_name(name: str) -> str:
    """Return *name* if it is the name of a visible file within a folder.

    >>> print(check_name("../passwd"))
    Traceback (most recent call last):
    ...
    adapters.transports.safe_files.FileNameRefused: the file name '../passwd' is refused
      where: ../passwd
      why:   its name has the character '/'
      mend:  give the file another name: without slash, backslash and control characters, 1 to 200 bytes in UTF-8
    """
    fault = _name_fault(name)
    if fault:
        raise FileNameRefused(name=shown_name(name), fault=fault, most=MOST_NAME_BYTES)
    return name


def _name_fault(name: str) -> str:
    """Return the rule that a file's name breaks; "" for none."""
    found = _FORBIDDEN.search(name)
    if found is not None:
        # Python reads a byte that is no UTF-8 as half a character.
        if "\ud800" <= found[0] <= "\udfff":
            return "its name isn't UTF-8"
        if found[0] in "/\\":
            return f"its name has the character '{found[0]}'"
        return f"its name has the control character U+{ord(found[0]):04X}"
    if name.startswith("."):
        return "its name begins with a point"
    size = len(name.encode())
    if not size:
        return "its name is empty"
    return "" if size <= MOST_NAME_BYTES else f"its name has {size} bytes in UTF-8, and may have {MOST_NAME_BYTES}"


def shown_name(name: str) -> str:
    r"""Give a file's name as errors and lists have it: printable letters as they are, all else escaped.

    >>> print(shown_name("Aufträge\udcff\n.xml"))
    Aufträge\udcff\n.xml
    """
    return "".join(sign if sign.isprintable() and sign != "\\" else ascii(sign)[1:-1] for sign in name)


def made_folder(folder: Path, name: str) -> Path:
    """Make the folder *name* within *folder* if it is absent; return it."""
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def files(folder: Path) -> list[tuple[str, os.stat_result]]:
    """List the files of *folder* with their states, the one changed longest ago first, then by name.

    Folders, hidden files, ``*.tmp`` and ``*.part`` are left out. Links are in the list; their state says so.
    """
    named_states = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED_NAMES):
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed since the folder was read
            if not stat.S_ISDIR(state.st_mode):
                named_states.append((entry.name, state))
    return sorted(named_states, key=lambda named: (named[1].st_mtime_ns, named[0]))


def write_whole(folder: Path, name: str, parts: Iterable[bytes], temporary: str, not_before_ns: int = 0) -> int:
    """Write a file that appears whole under its name, and is on the disk then; replace a file of that name.

    Args:
        folder: an existing folder.
        name: the file's name.
        parts: the content, part by part; an error on the way leaves no file.
        temporary: a name that nobody else uses, for the time of writing.
        not_before_ns: the earliest time of change that the file may get, in nanoseconds since 1970.

    Returns:
        The file's time of change, in nanoseconds since 1970.
    """
    file = UnfinishedFile(folder, temporary)
    try:
        for part in parts:
            file.write(part)
        return file.appear(name, not_before_ns)
    except BaseException:
        file.discard()
        raise


class UnfinishedFile:
    """A file that is written part by part under a name of its own, and then appears whole.

    Attributes:
        folder: where it appears.
        digest: SHA-256 of the parts that were written so far.
    """

    def __init__(self, folder: Path, temporary: str) -> None:
        """Begin a file in an existing folder; *temporary* is a name that nobody else uses for the time of writing."""
        self.folder = folder
        self.digest = hashlib.sha256()
        self._path = folder / f"{_UNFINISHED}{temporary}.tmp"
        self._file = os.fdopen(_create_locked(self._path), "wb")

    def write(self, part: bytes) -> None:
        """Write the next part."""
        self.digest.update(part)
        self._file.write(part)

    def appear(self, name: str, not_before_ns: int = 0) -> int:
        """Let the file appear under *name*, on the disk for good; see `write_whole`."""
        # Write, fsync, rename, fsync of the folder: without the first fsync a power cut may leave an empty file under
        # the name, without the second one no file.
        with self._file:
            self._file.flush()
            descriptor = self._file.fileno()
            # The rename keeps the time of change, by which readers order the files.
            changed_ns = max(not_before_ns, os.fstat(descriptor).st_mtime_ns)
            os.utime(descriptor, ns=(changed_ns, changed_ns))
            os.fsync(descriptor)
            self._path.replace(self.folder / name)
        sync_folder(self.folder)
        return changed_ns

    def discard(self) -> None:
        """Remove the file, unless it has appeared."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _create_locked(path: Path) -> int:
    """Create a file, and lock it for as long as its descriptor is open: `remove_unfinished` leaves it alone then."""
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Between the creation and the lock, the file looks as if its writer were dead, and may have been removed.
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Remove the files of *folder* that `write_whole` had begun when its process died."""
    for path in folder.glob(f"{_UNFINISHED}*.tmp"):
        remove_unlocked(path)


def remove_unlocked(path: Path) -> None:
    """Remove a file that no living process has locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # gone since the folder was read, or somebody else's
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        pass  # it is in use
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that has the name *path* now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def move(source: Path, target: Path) -> None:
    """Rename a file to another folder, for good."""
    # The target's folder first: after a power cut between the two, the file is in both folders rather than in none.
    source.rename(target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_file(path: Path) -> int | None:
    """Open a file for reading, following no link; return None for anything but a regular file."""
    # Without O_NONBLOCK, the opening of a pipe would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def lock_marker(path: Path) -> tuple[int, bool] | None:
    """Lock a marker file for as long as its descriptor is open; make the file if it is absent.

    Returns:
        The descriptor, and whether the marker was there before; None if another process has the lock.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    existed = False
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        existed = True
        descriptor = os.open(path, flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The former holder may have removed the marker between the opening and the lock. Then this descriptor locks a
        # file that nobody else can open, while another process may lock a new file of the same name.
        if _is_at(descriptor, path):
            return descriptor, existed
    except OSError:
        pass
    os.close(descriptor)
    return None


def candidates(name: str) -> Iterator[str]:
    """Give *name*, then the names to try if it is taken.

    >>> [text for text, _ in zip(candidates("order.xml"), range(3))]
    ['order.xml', 'order-2.xml', 'order-3.xml']
    """
    yield name
    stem, ending = os.path.splitext(name)
    number = 2
    while True:
        yield f"{stem}-{number}{ending}"
        number += 1
