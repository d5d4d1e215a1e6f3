"""Files that people name on the command line: messages in, messages out.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
from collections.abc import Iterable, Iterator

from adapters.transport import KEPT_OF_OVERSIZE, Envelope, Oversize
from integration_objects.errors import Refused

_PART = 1024 * 1024
_MOST_SHOWN = 1024
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")


class FileUnreadable(Refused):
    """A file that the command names can't be read or written."""


def read_file(path: pathlib.Path) -> bytes:
    """The bytes of a file.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error, "read") from error


def read_message(path: pathlib.Path, most: int) -> tuple[bytes, Oversize | None]:
    """A file as a message's body: whole up to *most* bytes, else its beginning, with its size and digest.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    try:
        with path.open("rb") as file:
            body = file.read(most + 1)
            if len(body) <= most:
                return body, None
            digest, size = hashlib.sha256(body), len(body)
            while part := file.read(_PART):
                digest.update(part)
                size += len(part)
            return body[:KEPT_OF_OVERSIZE], Oversize(size, digest.hexdigest())
    except OSError as error:
        raise _unreadable(path, error, "read") from error


def read_parts(path: pathlib.Path) -> Iterator[bytes]:
    """The bytes of a file of any size, a part at a time.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    try:
        with path.open("rb") as file:
            while part := file.read(_PART):
                yield part
    except OSError as error:
        raise _unreadable(path, error, "read") from error


def check_readable(path: pathlib.Path) -> None:
    """Refuse a file that can't be read, before anything is done with others.

    Raises:
        FileUnreadable: there is no such file, or it can't be read.
    """
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise _unreadable(path, error, "read") from error


def shown_path(path: pathlib.Path) -> str:
    r"""A path as text that can be printed and kept, whatever bytes its name has; of a long one the end.

    >>> shown_path(pathlib.Path("orders", os.fsdecode(b"bad\xff.xml")))
    'orders/bad\\udcff.xml'
    """
    text = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(path))
    return text if len(text) <= _MOST_SHOWN else f"...{text[3 - _MOST_SHOWN :]}"


def write_message(folder: pathlib.Path, envelope: Envelope) -> pathlib.Path:
    """Write a message's body to a file in *folder*, named by its message id; returns the file."""
    ending = ".xml" if "xml" in envelope.content_type else ".txt"
    path = folder / (_NOT_IN_A_NAME.sub("_", envelope.message_id or envelope.digest) + ending)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(envelope.body)
    except OSError as error:
        raise _unreadable(path, error, "written") from error
    return path


def hold_name(folder: pathlib.Path, names: Iterable[str]) -> tuple[str, int] | None:
    """Hold the first of *names* that no living process on this machine holds, by a locked file in *folder*.

    Returns:
        The name, and the descriptor that holds it until it is closed or the process ends; None where all are held.

    Raises:
        FileUnreadable: the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            return name, descriptor
    except OSError as error:
        raise _unreadable(folder, error, "written") from error
    return None


def release_name(descriptor: int) -> None:
    """Give a held name back."""
    os.close(descriptor)


def machine_name() -> str:
    """This machine's name, for what is kept by machine in a shared database."""
    return os.uname().nodename


def fresh_folder(folder: pathlib.Path) -> None:
    """Make *folder* anew, and empty.

    Raises:
        FileUnreadable: it is in the way and can't be removed.
    """
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise _unreadable(folder, error, "made anew") from error


def _unreadable(path: pathlib.Path, error: OSError, done: str) -> FileUnreadable:
    return FileUnreadable(
        f"the file can't be {done}",
        where=str(path),
        why=error.strerror or str(error),
        mend="name a file that is there and that you may use",
    )
