"""A file that is read from its beginning to its end, and the digest of the bytes that were read.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

#: Bytes read at once where only their digest is wanted.
_PART = 1 << 20


class DigestedFile(io.BufferedReader):
    """Reads another file, and adds its bytes up."""

    def __init__(self, file: BinaryIO) -> None:
        self._raw = _Digesting(file)
        super().__init__(self._raw)

    def digest(self) -> str:
        """Read the rest of the file; return SHA-256 of all bytes, in hexadecimal digits."""
        while self.read(_PART):
            pass
        return self._raw.digest.hexdigest()


class _Digesting(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        self.digest.update(part)
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # To the beginning, or nowhere: `tell` asks so.
        if offset or whence == io.SEEK_END:
            raise io.UnsupportedOperation("the bytes between would be missing in the digest")
        if whence == io.SEEK_SET:
            self.digest = hashlib.sha256()
        return self._file.seek(offset, whence)
