"""Why a file doesn't fit its layout: the layout is tried with other record formats, code pages and offsets.

CSV files are tried with other delimiters, encodings, quotes and decimal signs.

Each try reads the first records of the file. The layout that reads the most of them names the likely cause.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from integration_objects.errors import HubError
from schemas.layouts.csv_cells import LINE_ENDS as LINE_ENDS_OF_CSV
from schemas.layouts.csv_cells import Dialect
from schemas.layouts.csv_columns import Column, NumberCell
from schemas.layouts.csv_layout import CsvLayout, CsvRecord
from schemas.layouts.fixed_layout import FixedLayout, FixedRecord
from schemas.layouts.layout import Layout, R, RecordType
from schemas.layouts.placing import place
from schemas.layouts.record_formats import LINE_ENDS, RecordFormat

#: The bytes of a file that are looked at, and the records that are enough to tell.
SAMPLE, _ENOUGH = 1 << 20, 200
#: Bytes before the first record that are tried, and how much a record's length is varied.
_OFFSETS, _LENGTHS = range(1, 65), range(-8, 9)
_DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "vertical bars"}
_ENCODINGS = ("utf-8", "cp1252", "utf-16-le", "utf-16-be", "cp850")
_PAGES = ("cp037", "cp273", "cp500", "cp1047", "cp1140", "latin-1", "cp1252", "ascii")


@dataclass(frozen=True)
class Cause:
    """A likely cause.

    Attributes:
        text: a sentence.
        records: the records that could be read in this way.
        reads_all: whether the whole sample could be read.
    """

    text: str
    records: int
    reads_all: bool


def diagnose(layout: Layout[Any], sample: bytes) -> list[Cause]:
    """List what a file's beginning can be read as, the likeliest first; the first entry is the layout as it is.

    Args:
        layout: the layout.
        sample: the first `SAMPLE` bytes of the file, or the whole file.
    """
    as_it_is = _tried(layout, sample, "the layout as it is")
    if as_it_is.reads_all:
        return [as_it_is]
    tried = [_tried(variant, sample[skip:], text) for text, variant, skip in _variants(layout)]
    most = max((cause.records for cause in tried), default=0)
    # Only what reads about as much as the best: a wrong guess reads a few records of any file.
    better = [cause for cause in tried if cause.records > as_it_is.records and 10 * cause.records >= 9 * most]
    better.sort(key=lambda cause: (not cause.reads_all, -cause.records))
    # A file that can be read whole in another way isn't damaged.
    damages = [] if not isinstance(layout, FixedLayout) or (better and better[0].reads_all) else list(_damages(sample))
    return [as_it_is, *damages, *better[:3]]


def _tried(layout: Layout[Any], sample: bytes, text: str) -> Cause:
    records = 0
    file = io.BytesIO(sample)
    try:
        for _ in layout.records(file):
            records += 1
            if records == _ENOUGH:
                return Cause(text, records, True)
    except HubError:
        # The sample of a long file ends within a record.
        return Cause(text, records, len(sample) == SAMPLE and records > 0 and file.tell() == SAMPLE)
    return Cause(text, records, records > 0)


def _variants(layout: Layout[Any]) -> Iterator[tuple[str, Layout[Any], int]]:
    """Yield layouts that differ in something, with the bytes at the file's beginning that are left out."""
    if isinstance(layout, FixedLayout):
        yield from _fixed_variants(layout)
    elif isinstance(layout, CsvLayout):
        yield from _csv_variants(layout)


def _fixed_variants(layout: FixedLayout) -> Iterator[tuple[str, FixedLayout, int]]:
    """Yield layouts that differ in one thing, with the bytes at the file's beginning that are left out."""
    longest = max(each.record.placed.length for each in layout.every_type())
    formats = {
        "the records have variable length (record format: variable)": RecordFormat("variable"),
        "the records have variable length and stand in blocks (record format: blocked)": RecordFormat("blocked"),
        f"the records have {longest} bytes each (record format: fixed)": RecordFormat("fixed", longest),
        **{
            f"the records are lines (record format: lines, line end: {name})": RecordFormat("lines", line_end=end)
            for name, end in LINE_ENDS.items()
        },
    }
    for text, format in formats.items():
        if format != layout.format:
            yield text, _with(layout, format=format), 0
    for page in _PAGES:
        if page != layout.options.code_page:
            yield f"the code page is {page} (or one like it)", _with(layout, page=page), 0
            for text, format in formats.items():
                yield f"the code page is {page}, and {text}", _with(layout, format=format, page=page), 0
    for offset in _OFFSETS:
        yield f"{offset} bytes stand before the first record", layout, offset
    if layout.format.name == "fixed":
        for more in _LENGTHS:
            if more and layout.format.length + more > 0:
                length = layout.format.length + more
                text = (
                    f"the records have {length} bytes, and not {layout.format.length}: another version of the copybook"
                )
                yield text, _with(layout, format=replace(layout.format, length=length), tolerant=True), 0


def _with(
    layout: FixedLayout, format: RecordFormat | None = None, page: str = "", tolerant: bool = False
) -> FixedLayout:
    """Copy a layout with another record format or code page."""
    options = replace(layout.options, code_page=page) if page else layout.options

    def copied(record: FixedRecord) -> FixedRecord:
        return FixedRecord(place(record.placed.entry, options, "") if page else record.placed, options)

    types = [_copied(each, copied) for each in layout.types]
    twin = FixedLayout(
        layout.name, layout.copybook, types, layout.type_field, format or layout.format, options, layout.trimmed
    )
    twin.takes_other_lengths = tolerant
    return twin


def _copied(type: RecordType[R], copy: Callable[[R], R]) -> RecordType[R]:
    """Copy a type without its checks: a diagnosis reads records by themselves."""
    beneath = tuple(_copied(each, copy) for each in type.beneath)
    return RecordType(copy(type.record), type.type, type.least, type.most, beneath)


def _csv_variants(layout: CsvLayout) -> Iterator[tuple[str, CsvLayout, int]]:
    """Yield layouts that differ in one thing or two, each with no byte left out."""
    own = layout.dialect
    encodings = {"": own.encoding} | {each: each for each in _ENCODINGS if each != own.encoding}
    for encoding in encodings:
        more = f"the encoding is {encoding}" if encoding else ""
        dialect = replace(own, encoding=encoding) if encoding else own
        if encoding:
            yield more, _csv_with(layout, dialect), 0
        for sign, name in _DELIMITERS.items():
            if sign not in (own.delimiter, own.quote):
                text = f"{name} stand between the cells" + f", and {more}" * bool(more)
                yield text, _csv_with(layout, replace(dialect, delimiter=sign)), 0
    quote = "'" if own.quote == '"' else '"'
    yield f"the quote is {quote}", _csv_with(layout, replace(own, quote=quote, quoting="needed")), 0
    text = "the file has no header" if layout.header else "the file has a header"
    yield text, _csv_with(layout, own, header=not layout.header), 0
    for name, end in LINE_ENDS_OF_CSV.items():
        if end[-1] != own.line_end[-1]:
            yield f"the line end is {name}", _csv_with(layout, replace(own, line_end=end)), 0
    yield "the decimal sign is the other one of . and ,", _csv_with(layout, own, swapped=True), 0


def _csv_with(layout: CsvLayout, dialect: Dialect, header: bool | None = None, swapped: bool = False) -> CsvLayout:
    """Copy a layout with another dialect, header or decimal sign."""

    def copied(record: CsvRecord) -> CsvRecord:
        return replace(record, columns={name: _swapped(column) for name, column in record.columns.items()})

    types = [_copied(each, copied if swapped else lambda record: record) for each in layout.types]
    has_header = layout.header if header is None else header
    return CsvLayout(layout.name, types, layout.type_field, dialect, has_header, layout.trimmed)


def _swapped(column: Column) -> Column:
    form = column.form
    if not isinstance(form, NumberCell):
        return column
    other = {".": ",", ",": "."}
    swapped = NumberCell(form.decimals, other[form.point], other.get(form.thousands, form.thousands))
    return replace(column, form=swapped)


def _damages(sample: bytes) -> Iterator[Cause]:
    """Yield what a transfer as text does to a file."""
    if sample.count(b"\xef\xbf\xbd") > 2:
        yield Cause("a program replaced bytes by EF BF BD: the file was read as UTF-8 on its way", 0, False)
    if len(sample) > 64 and not any(byte > 0x7F for byte in sample) and sample.count(b"?") > len(sample) // 20:
        yield Cause("many bytes are 3F (?): the file was changed to ASCII on its way; transfer it as binary", 0, False)
    if sample.count(b"\r\n") > 2 and sample.count(b"\n") == sample.count(b"\r\n") and b"@" * 8 in sample:
        yield Cause("each 0A has a 0D before it, though the file is EBCDIC: it was transferred as text", 0, False)
