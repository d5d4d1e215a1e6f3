"""Steps on files that survive a kill at any moment: appear whole, move for good, be locked while alive.

`adapters.transports.folder` and file-writing systems are made of these.

Spec: docs/design/guarantees.md, "The crash suite" (write, fsync, rename, fsync of the folder).
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from integration_objects.errors import Refused

MOST_NAME_BYTES = 200
_UNFINISHED_NAMES = (".tmp", ".part")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\\\]")


class FileNameRefused(Refused):
    """A file's name leads out of its folder, is too long, or holds what no name should."""


def check_name(name: str) -> str:
    """Return *name* when it is a file's name within a folder, and visible.

    >>> print(check_name("../passwd"))
    Traceback (most recent call last):
    ...
    adapters.transports.safe_files.FileNameRefused: the file name '../passwd' is refused
      where: ../passwd
      why:   a name has no slash, backslash or control character, no '.' at its head, and 1 to 200 bytes
      mend:  give the file another name
    """
    size = len(name.encode(errors="surrogatepass"))
    if _FORBIDDEN.search(name) or name.startswith(".") or not 0 < size <= MOST_NAME_BYTES:
        raise FileNameRefused(
            f"the file name '{ascii(name)[1:-1]}' is refused",
            where=ascii(name)[1:-1],
            why="a name has no slash, backslash or control character, no '.' at its head, "
            f"and 1 to {MOST_NAME_BYTES} bytes",
            mend="give the file another name",
        )
    return name


def made(folder: Path, name: str = "") -> Path:
    """The folder *name* within *folder*, made where it is absent."""
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def files(folder: Path) -> list[tuple[str, os.stat_result]]:
    """The files of *folder* that are ready by their names, changed longest ago first, then by name.

    Folders, hidden files, ``*.tmp`` and ``*.part`` are left out; links are not, and their state says so.
    """
    result = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED_NAMES):
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # it went while we looked
            if not stat.S_ISDIR(state.st_mode):
                result.append((entry.name, state))
    return sorted(result, key=lambda found: (found[1].st_mtime_ns, found[0]))


def write_whole(folder: Path, name: str, parts: Iterable[bytes], temporary: str, not_before_ns: int = 0) -> int:
    """Write a file that appears whole and on the disk under its name; one of that name is replaced.

    Args:
        folder: where; it exists.
        name: the file's name.
        parts: what is in it, one after the other; where they end in an error, there is no file.
        temporary: a name that nobody else uses, for the time of writing.
        not_before_ns: its time of change is this, in nanoseconds since 1970, or later.

    Returns:
        Its time of change, in nanoseconds since 1970.
    """
    path = folder / f".{temporary}.tmp"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            changed_ns = max(not_before_ns, os.fstat(descriptor).st_mtime_ns)
            os.utime(descriptor, ns=(changed_ns, changed_ns))
            os.fsync(descriptor)
        path.replace(folder / name)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return changed_ns


def move(source: Path, target: Path) -> None:
    """Rename a file to another folder, for good."""
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
    """Open a file for reading, following no link; None where it is no regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def lock_marker(path: Path) -> tuple[int, bool] | None:
    """Lock a marker file, which is made where it is absent, for as long as its descriptor is open.

    Returns:
        The descriptor, and whether the marker was there before; None where another process has the lock.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    was_there = False
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        was_there = True
        descriptor = os.open(path, flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had the lock may have removed the marker meanwhile: then this is the lock of nothing.
        if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor, was_there
    except OSError:
        pass
    os.close(descriptor)
    return None


def candidates(name: str) -> Iterator[str]:
    """*name*, and what it is called where that is taken.

    >>> [text for text, _ in zip(candidates("order.xml"), range(3))]
    ['order.xml', 'order-2.xml', 'order-3.xml']
    """
    yield name
    stem, ending = os.path.splitext(name)
    number = 2
    while True:
        yield f"{stem}-{number}{ending}"
        number += 1


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """The first of the candidates for *name* that isn't taken."""
    return next(candidate for candidate in candidates(name) if not is_taken(candidate))
