"""Files that people name on the command line, folders and locks of the deployment.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from adapters.transport import KEPT_OF_OVERSIZE, XML, Envelope, Oversize
from integration_objects.errors import Refused

#: Bytes read at once: the memory that a file of any size costs.
_PART = 1024 * 1024
#: Characters of a path that are shown; its end has the file's name.
_MOST_SHOWN = 1024
#: Bytes of the note in the file of a held name.
_NOTE = 64
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_ENDINGS = {
    XML: ".xml",
    "text/xml": ".xml",
    "application/json": ".json",
    "application/jsonl": ".jsonl",
    "text/csv": ".csv",
    "text/plain": ".txt",
}


class FileUnreadable(Refused):
    """A file that the command names can't be read or written."""

    what = "the file can't be {done}"
    where = "{path}"
    mend = "name a file that is there and that you may use"


class FolderNotEmpty(Refused):
    """A folder that is to be filled has files already."""

    what = "the folder isn't empty"
    where = "{path}"
    why = "it has {name}; no file is written over"
    mend = "name a new folder, or an empty one"


@contextmanager
def _disk(path: pathlib.Path, done: str) -> Iterator[None]:
    """Say of a disk that fails within the block that the file at *path* can't be *done*."""
    try:
        yield
    except BrokenPipeError:
        # No disk says so: the reader of standard output has gone, while a file is read and printed.
        raise
    except OSError as error:
        raise FileUnreadable(path=path, done=done, why=error.strerror or str(error)) from error


def read_file(path: pathlib.Path) -> bytes:
    """Read the bytes of a file.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    with _disk(path, "read"):
        return path.read_bytes()


@contextmanager
def opened(path: pathlib.Path) -> Iterator[BinaryIO]:
    """Open a file of any size, to be read part by part.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    with _disk(path, "read"):
        file = path.open("rb")
    with file, _disk(path, "read"):
        yield file


def read_message(path: pathlib.Path, most_bytes: int) -> tuple[bytes, Oversize | None]:
    """Read a file as a message's body, as `read_body` does.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    with _disk(path, "read"), path.open("rb") as file:
        return read_body(file, most_bytes)


def read_body(file: BinaryIO, most_bytes: int) -> tuple[bytes, Oversize | None]:
    """Read a body whole up to *most_bytes*; of a larger one the first 64 KiB, with its size and digest."""
    # One byte more than allowed tells a body over the limit; its size isn't trusted, since a file may grow.
    body = file.read(most_bytes + 1)
    if len(body) <= most_bytes:
        return body, None
    digest, size = hashlib.sha256(body), len(body)
    while part := file.read(_PART):
        digest.update(part)
        size += len(part)
    return body[:KEPT_OF_OVERSIZE], Oversize(size, digest.hexdigest())


def digest_of(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file of any size, in hexadecimal.

    Raises:
        OSError: there is no such file, or it can't be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_parts(path: pathlib.Path) -> Iterator[bytes]:
    """Read the bytes of a file of any size, one part after the other.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    with _disk(path, "read"), path.open("rb") as file:
        while part := file.read(_PART):
            yield part


def check_readable(path: pathlib.Path) -> None:
    """Refuse an unreadable file, before anything is done with other files.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    with _disk(path, "read"), path.open("rb") as file:
        file.read(1)


def shown_path(path: pathlib.Path) -> str:
    r"""Write a path as text that can be printed and stored, whatever bytes it has. Cut the beginning of a long one off.

    >>> shown_path(pathlib.Path("orders", os.fsdecode(b"bad\xff.xml")))
    'orders/bad\\udcff.xml'
    """
    text = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(path))
    return text if len(text) <= _MOST_SHOWN else f"...{text[3 - _MOST_SHOWN :]}"


def ending_of(content_type: str) -> str:
    """Return the ending of the name of a file with such a body.

    >>> ending_of("text/csv; charset=utf-8"), ending_of("application/octet-stream")
    ('.csv', '.bin')
    """
    return _ENDINGS.get(content_type.partition(";")[0].strip().lower(), ".bin")


def write_message(folder: pathlib.Path, envelope: Envelope) -> pathlib.Path:
    """Write a message's body to a file in *folder*, named by its message id; return the file."""
    name = _NOT_IN_A_NAME.sub("_", envelope.message_id or envelope.digest)
    path = folder / (name + ending_of(envelope.content_type))
    with _disk(path, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(envelope.body)
    return path


def write_parts(path: pathlib.Path, parts: Iterable[bytes]) -> None:
    """Write a file of any size, part by part; an error on the way leaves no file.

    Raises:
        FileUnreadable: it can't be written.
    """
    with _disk(path, "written"):
        file = path.open("wb")
    try:
        with file:
            for part in parts:
                with _disk(path, "written"):
                    file.write(part)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class HeldName:
    """A name that this process holds by a locked file, until it is released or the process ends.

    Attributes:
        name: the name; it is the file's, too.
        descriptor: the open file.
    """

    name: str
    descriptor: int

    def note(self) -> str | None:
        """Read the note that the last holder left in the file; None where there never was one."""
        note = os.pread(self.descriptor, _NOTE, 0)
        return note.decode("ascii", "replace").strip() if note else None

    def write_note(self, text: str) -> None:
        """Write a note of at most 64 characters over the last one; it outlives the process, not the machine."""
        # One write of one length: a process that is killed leaves the old note or the new one, nothing between.
        os.pwrite(self.descriptor, text.encode("ascii").ljust(_NOTE), 0)

    def release(self) -> None:
        """Give the name back."""
        os.close(self.descriptor)


def hold_name(folder: pathlib.Path, names: Iterable[str]) -> HeldName | None:
    """Hold the first of *names* that no living process on this machine holds, by a locked file in *folder*.

    Returns:
        The held name; None if all are held.

    Raises:
        FileUnreadable: the folder can't be written.
    """
    with _disk(folder, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            # O_CLOEXEC: a program that this process starts must not inherit the lock.
            descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                # The kernel gives the lock back when the process dies, however it dies.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            return HeldName(name, descriptor)
    return None


def machine_name() -> str:
    """Give this machine's name, by which a shared database keeps its machines apart."""
    return os.uname().nodename


def fresh_folder(folder: pathlib.Path) -> None:
    """Make *folder* anew, and empty.

    Raises:
        FileUnreadable: the old folder can't be removed.
    """
    with _disk(folder, "made anew"):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)


def write_new_folder(folder: pathlib.Path, files: Mapping[str, bytes]) -> None:
    """Write *files*, by their paths, into a *folder* that is empty or not there yet.

    Raises:
        FolderNotEmpty: the folder has a file or a folder; nothing was written.
        FileUnreadable: the folder can't be written.
    """
    with _disk(folder, "written"):
        folder.mkdir(parents=True, exist_ok=True)
        if present := sorted(entry.name for entry in folder.iterdir()):
            raise FolderNotEmpty(path=folder, name=present[0])
        for path, content in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
