"""How a CSV file is cut into lines and cells, and how cells become lines.

A line of the file may hold line ends within quotes; it is one line here. A quote within quotes stands twice. Files are
read line by line, and a file of any size takes the memory of one line. Python's module `csv` tells neither the bytes
nor the columns of what it reads, so that a fault would have no place.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Literal

from integration_objects.errors import Invalid

#: Bytes that are read at once.
_CHUNK = 1 << 16
#: Characters of a line: a quote that doesn't close would make one line of the rest of the file.
_LONGEST_LINE = 1 << 20
_MARK = "\ufeff"

LINE_ENDS = {"crlf": "\r\n", "lf": "\n", "nel": "\x85"}
#: Encodings whose characters take several bytes, by the name that is declared; all others are code pages.
UNICODE = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}


class CsvFaulty(Invalid):
    """A CSV file can't be cut into lines and cells."""

    what = "line {line} can't be read"
    where = "{place}"
    why = "{reason}"
    mend = "{cure}"


@dataclass(frozen=True)
class Line:
    """A line of a CSV file.

    Attributes:
        number: of its first line in the file, counted from 1.
        offset: the place of its first byte in the file, counted from 0.
        text: its characters without the line end.
    """

    number: int
    offset: int
    text: str


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        delimiter: the character between two cells.
        quote: the character around cells; "" for none.
        quoting: which cells are written within quotes.
        encoding: as declared; "utf-8-sig" writes a byte order mark.
        line_end: the characters behind a line.
    """

    delimiter: str
    quote: str = '"'
    quoting: Literal["needed", "all", "none"] = "needed"
    encoding: str = "utf-8"
    line_end: str = "\r\n"

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        return UNICODE.get(self.encoding, self.encoding)

    @property
    def mark(self) -> bytes:
        """The bytes that a written file begins with."""
        return codecs.BOM_UTF8 if self.encoding == "utf-8-sig" else b""

    @cached_property
    def _special(self) -> re.Pattern[str]:
        """The signs that a cell can have within quotes only."""
        return re.compile(f"[{re.escape(self.quote + self.delimiter + self.line_end)}\n\r]")

    # Reading

    def lines(self, file: BinaryIO) -> Iterator[Line]:
        """Yield the lines of a file.

        Raises:
            CsvFaulty: a byte stands for no character, or a quote doesn't close.
        """
        end, quote = self.line_end[-1], self.quote
        decoder = codecs.getincrementaldecoder(self.codec)("strict")
        rest, offset, number = "", 0, 1
        open_lines: list[str] = []
        length = 0
        chunk, at_start = b"-", True
        while chunk:
            chunk = file.read(_CHUNK)
            fault = None
            try:
                text = decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                fault, text = error, error.object[: error.start].decode(self.codec)
            if at_start and text:
                at_start = False
                if text[0] == _MARK:
                    text, offset = text[1:], self._width(_MARK)
            *found, rest = (rest + text).split(end)
            for each in found:
                if quote and each.count(quote) & 1:
                    open_lines.append(each)
                    if len(open_lines) > 1:
                        each, open_lines = end.join(open_lines), []
                elif open_lines:
                    open_lines.append(each)
                if open_lines:
                    length += len(each) + 1
                    if length > _LONGEST_LINE:
                        break
                    continue
                yield Line(number, offset, each.removesuffix("\r") if end == "\n" else each)
                offset += self._width(each) + self._width(end)
                number += 1 + each.count(end)
                length = 0
            if length + len(rest) > _LONGEST_LINE:
                line = Line(number, offset, end.join([*open_lines, rest]))
                self.cells(line)
                raise self.fault(
                    line, 0, f"it has over {_LONGEST_LINE:,} characters", "compare the line end with the layout's"
                )
            if fault is not None:
                raise self._undecodable(fault, end.join([*open_lines, rest]), Line(number, offset, ""))
        if rest or open_lines:
            yield Line(number, offset, end.join([*open_lines, rest]).removesuffix("\r"))

    def cells(self, line: Line) -> list[str]:
        """Cut a line into cells, which keep their quotes.

        Raises:
            CsvFaulty: with the column of the fault.
        """
        text, quote = line.text, self.quote
        if not quote or quote not in text:
            if "\r" in text or (self.line_end == "\x85" and "\n" in text):
                place = min(at for at in (text.find("\r"), text.find("\n")) if at >= 0)
                cure = "put the cell into quotes, or compare the line end with the layout's"
                raise self.fault(line, place, "a line break stands in a cell without quotes", cure)
            return text.split(self.delimiter)
        cells: list[str] = []
        at = 0
        while True:
            start = at
            at = self._behind_cell(line, start)
            cells.append(text[start:at])
            if at == len(text):
                return cells
            at += 1

    def _behind_cell(self, line: Line, start: int) -> int:
        """Return the place behind the cell that begins at *start*."""
        text, quote = line.text, self.quote
        if not text.startswith(quote, start):
            end = text.find(self.delimiter, start)
            end = len(text) if end < 0 else end
            wrong = self._special.search(text, start, end)
            if wrong is not None:
                if wrong[0] == quote:
                    reason = "a quote stands within a cell that doesn't begin with a quote"
                    cure = "put the whole cell into quotes, and write each quote within it twice"
                else:
                    reason, cure = "a line break stands in a cell without quotes", "put the cell into quotes"
                raise self.fault(line, wrong.start(), reason, cure)
            return end
        at = start + 1
        while True:
            at = text.find(quote, at)
            if at < 0:
                reason = "the quote that opens here doesn't close"
                raise self.fault(line, start, reason, "close the quote, and write each quote within a cell twice")
            if not text.startswith(quote, at + 1):
                break
            at += 2
        at += 1
        if at < len(text) and text[at] != self.delimiter:
            reason = "signs stand between the closing quote and the next delimiter"
            raise self.fault(line, at, reason, "write each quote within a cell twice")
        return at

    def is_cell(self, text: str) -> bool:
        """Tell whether a text is one whole cell, with its quotes."""
        try:
            [_] = self.cells(Line(1, 0, text))
        except (ValueError, CsvFaulty):
            return False
        return bool(self.quote and text.startswith(self.quote)) or self._special.search(text) is None

    def bare(self, cell: str) -> str:
        """Return the text of a cell, without its quotes."""
        if self.quote and cell.startswith(self.quote):
            return cell[1:-1].replace(self.quote * 2, self.quote)
        return cell

    def fault(self, line: Line, at: int, reason: str, cure: str) -> CsvFaulty:
        """Make the error for the character *at* of a line, counted from 0."""
        return CsvFaulty(line=line.number, place=self.place(line, at), reason=reason, cure=cure)

    def place(self, line: Line, at: int) -> str:
        """Name the place of a character, which may stand behind a line end within quotes."""
        before, end = line.text[:at], self.line_end[-1]
        return f"line {line.number + before.count(end)}, column {at - before.rfind(end)}"

    # Writing

    def cell(self, text: str) -> str:
        """Write a text as a cell.

        Raises:
            ValueError: the text needs quotes, and the layout has none.
        """
        quote = self.quote
        special = self._special.search(text)
        if special is None and self.quoting != "all":
            return text
        if not quote:
            raise ValueError(f"it has {special[0] if special else ''!r}, which needs quotes, and the layout has none")
        return quote + text.replace(quote, quote * 2) + quote

    def line(self, cells: Sequence[str]) -> bytes:
        """Write cells as a line.

        Raises:
            UnicodeEncodeError: the encoding doesn't have a character.
        """
        return (self.delimiter.join(cells) + self.line_end).encode(self.codec)

    def _width(self, text: str) -> int:
        """Return the number of bytes of a text."""
        if self.codec not in UNICODE or (self.codec == "utf-8" and text.isascii()):
            return len(text)
        return len(text.encode(self.codec))

    def _undecodable(self, error: UnicodeDecodeError, before: str, line: Line) -> CsvFaulty:
        byte = error.object[error.start]
        offset = line.offset + self._width(before)
        number = line.number + before.count(self.line_end[-1])
        column = len(before) - before.rfind(self.line_end[-1])
        return CsvFaulty(
            line=number,
            place=f"line {number}, column {column}, byte {offset + 1} of the file",
            reason=f"the byte {byte:02X} is no character of {self.encoding} ({error.reason})",
            cure="save the file in this encoding, or correct the encoding of the layout",
        )
