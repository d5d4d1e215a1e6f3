"""How a file is cut into records, and how records become a file.

    fixed       records of one length, one behind the other (F, FB)
    variable    each record behind a record descriptor word: length with these 4 bytes, and two zero bytes (V)
    blocked     blocks of variable records, each block behind a block descriptor word of the same form (VB)
    lines       each record ends with a line end

Files are read record by record: a file of any size takes the memory of one block.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from integration_objects.errors import Invalid

FormatName = Literal["fixed", "variable", "blocked", "lines"]

#: Bytes that are read at once.
_CHUNK = 1 << 16
#: The length that a descriptor word can give.
_MOST = 32_760
#: Bytes of a line: a file without the declared line end would be one line.
_LONGEST_LINE = 1 << 20

LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "nel": b"\x15"}


class RecordsFaulty(Invalid):
    """The bytes of a file can't be cut into records."""

    what = "record {number} can't be read"
    where = "byte {offset} of the file"
    why = "{reason}"
    mend = "send the file whole, or correct the record format of the layout: `orderhub layout diagnose` tries all"


@dataclass(frozen=True)
class RecordFormat:
    """How a file is cut into records.

    Attributes:
        name: the format.
        length: the bytes of a record of fixed format.
        line_end: the bytes behind a record of format lines.
        block: the largest number of bytes of a written block.
    """

    name: FormatName
    length: int = 0
    line_end: bytes = b"\n"
    block: int = _MOST

    def read(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yield each record with the offset of its first byte in the file.

        Raises:
            RecordsFaulty: the file is cut within a record, or a descriptor word is none.
        """
        if self.name == "fixed":
            return self._fixed(file)
        if self.name == "lines":
            return self._lines(file)
        return self._variable(file)

    def write(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of a file.

        Raises:
            RecordsFaulty: a record is longer than its format can say, or holds a line end.
        """
        if self.name == "blocked":
            yield from self._blocks(records)
            return
        for number, record in enumerate(records, 1):
            if self.name == "variable":
                yield self._described(record, number)
            elif self.name == "lines":
                if self.line_end in record:
                    raise RecordsFaulty(number=number, offset=0, reason="it holds the bytes of a line end")
                yield record + self.line_end
            elif len(record) != self.length:
                raise RecordsFaulty(
                    number=number,
                    offset=0,
                    reason=f"it has {len(record)} bytes, and the record length is {self.length}",
                )
            else:
                yield record

    # Reading

    def _fixed(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        length, offset = self.length, 0
        # Whole records at once: a read call a record costs more than decoding a field.
        while chunk := file.read(length * max(1, _CHUNK // length)):
            for start in range(0, len(chunk), length):
                record = chunk[start : start + length]
                if len(record) < length:
                    reason = f"the file ends after {len(record)} of its {length} bytes"
                    raise RecordsFaulty(number=offset // length + 1, offset=offset + 1, reason=reason)
                yield offset, record
                offset += length

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        rest, offset, number = b"", 0, 1
        while chunk := file.read(_CHUNK):
            *lines, rest = (rest + chunk).split(self.line_end)
            for line in lines:
                yield offset, line
                offset += len(line) + len(self.line_end)
                number += 1
            if len(rest) > _LONGEST_LINE:
                reason = f"there is no line end ({self.line_end.hex().upper()}) in {len(rest):,} bytes"
                raise RecordsFaulty(number=number, offset=offset + 1, reason=reason)
        if rest:
            yield offset, rest

    def _variable(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        offset, number = 0, 1
        block_end: int | None = None
        while True:
            if self.name == "blocked" and (block_end is None or offset == block_end):
                word = file.read(4)
                if not word:
                    return
                block_end = offset + self._length_in(word, number, offset, "block")
                offset += 4
                continue
            word = file.read(4)
            if not word:
                return
            length = self._length_in(word, number, offset, "record")
            if block_end is not None and offset + length > block_end:
                raise RecordsFaulty(
                    number=number, offset=offset + 1, reason=f"its {length} bytes go beyond the end of its block"
                )
            record = file.read(length - 4)
            if len(record) < length - 4:
                reason = f"the file ends after {len(record)} of its {length - 4} bytes"
                raise RecordsFaulty(number=number, offset=offset + 1, reason=reason)
            yield offset + 4, record
            offset += length
            number += 1

    def _length_in(self, word: bytes, number: int, offset: int, kind: str) -> int:
        if len(word) == 4:
            length, zero = struct.unpack(">HH", word)
            if length >= 4 and not zero:
                return int(length)
        shown = word.hex(" ").upper()
        raise RecordsFaulty(
            number=number,
            offset=offset + 1,
            reason=f"{shown} is no {kind} descriptor word: a length of 4 or more, and two bytes 00",
        )

    # Writing

    def _described(self, record: bytes, number: int) -> bytes:
        if len(record) + 4 > _MOST:
            reason = f"it has {len(record):,} bytes, and a variable record has at most {_MOST - 4:,}"
            raise RecordsFaulty(number=number, offset=0, reason=reason)
        return struct.pack(">HH", len(record) + 4, 0) + record

    def _blocks(self, records: Iterable[bytes]) -> Iterator[bytes]:
        block: list[bytes] = []
        size = 4
        for number, record in enumerate(records, 1):
            described = self._described(record, number)
            if block and size + len(described) > self.block:
                yield struct.pack(">HH", size, 0) + b"".join(block)
                block, size = [], 4
            block.append(described)
            size += len(described)
        if block:
            yield struct.pack(">HH", size, 0) + b"".join(block)
