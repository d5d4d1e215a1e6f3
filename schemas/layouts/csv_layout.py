"""A layout of CSV files: lines of cells, one record a line.

Where the file has a header, the header names the columns, in any order, and each line has a cell for each of them. The
cells of columns that its kind of record doesn't have are empty. Without a header, each kind of record has its own
columns, in the declared order.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, ClassVar, NoReturn

from integration_objects.component import Field, FieldType
from integration_objects.errors import HubError, Invalid
from integration_objects.field_values import shown
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from schemas.external_component import ExternalComponent
from schemas.layouts.csv_cells import Dialect, Line
from schemas.layouts.csv_columns import Column, TextCell
from schemas.layouts.layout import KEPT, Found, Layout, RecordType, RecordTypeUnknown
from schemas.layouts.record import FieldUnwritable, NodeUnwritable
from schemas.layouts.values.form import NotPlain


class CellUnreadable(Invalid):
    """A cell's text is no value of its column."""

    what = "the field {field} can't be read"
    where = "{place}"
    why = "{reason}; the cell is {shown}"
    mend = "correct the sender's file, or the layout where the file is right"


class CellsMiscounted(Invalid):
    """A line has more or fewer cells than it has columns."""

    what = "the line of {record} has {found} cells"
    where = "{place}"
    why = "its columns are {expected}: {columns}"
    mend = "send a cell for each column, and put cells that hold the delimiter into quotes"


class LineEmpty(Invalid):
    """An empty line stands within a CSV file."""

    what = "line {line} is empty"
    where = "line {line}, byte {offset} of the file"
    why = "one empty line may stand at the end of a file, and nowhere else"
    mend = "take the empty line out"


class HeaderWrong(Invalid):
    """The header of a CSV file isn't the layout's."""

    what = "the header {reason}"
    where = "{place}"
    why = "the layout has the columns {columns}"
    mend = "{cure}"


@dataclass(frozen=True)
class CsvRecord:
    """A kind of line.

    Attributes:
        name: the record's name.
        columns: its columns by name, in the declared order.
        where: file:line:column of the declaration.
    """

    name: str
    columns: Mapping[str, Column]
    where: str = ""

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the properties that a node may have."""
        return frozenset(self.columns) | {name + KEPT for name in self.columns}

    def field_type(self, name: str) -> FieldType | None:
        """Return the type of a column."""
        return self.columns[name].form.type if name in self.columns else None

    def field_names(self) -> list[str]:
        """List the names of the columns."""
        return list(self.columns)

    def component(self) -> ExternalComponent:
        """Make the record's component, for maps."""
        component = ExternalComponent(self.name, tag=self.name, where=self.where)
        for name, column in self.columns.items():
            form = column.form
            length, values = (form.length, form.values) if isinstance(form, TextCell) else (None, ())
            component.fields[name] = Field(
                name, form.type, length, required=column.required, values=values, tag=name, where=column.where
            )
            component.fields[name + KEPT] = Field(name + KEPT, tag=name + KEPT)
        return component


#: The columns of a kind of record by their places in a line; None where the line has a column of another record.
_Places = list[tuple[str, Column | None, Callable[[str], str] | None]]


class CsvLayout(Layout[CsvRecord]):
    """Reads and writes CSV files.

    Attributes:
        dialect: delimiter, quotes, encoding, line end.
        header: whether the first line names the columns.
        trimmed: whether blanks around a value mean nothing.
    """

    content_type: ClassVar[str] = "text/csv"

    def __init__(
        self,
        name: str,
        types: Sequence[RecordType[CsvRecord]],
        type_column: str,
        dialect: Dialect,
        header: bool,
        trimmed: bool = False,
        where: str = "",
    ) -> None:
        super().__init__(name, types, type_column, where)
        self.dialect = dialect
        self.header = header
        self.trimmed = trimmed
        #: the names of all columns, in the order of a written header
        self.columns = list(dict.fromkeys(name for each in self.every_type() for name in each.record.columns))

    @cached_property
    def _written_places(self) -> dict[str, _Places]:
        """The columns of a written line, for each type."""
        names = self.columns if self.header else None
        return {each.name: self._places(each, names) for each in self.every_type()}

    @property
    def _end(self) -> bytes:
        return self.dialect.line_end.encode(self.dialect.codec)

    @property
    def described_by(self) -> str:
        """The declaration, which describes the columns."""
        return self.where.partition(":")[0]

    @property
    def says(self) -> str:
        """The dialect in words."""
        delimiter = "tab" if self.dialect.delimiter == "\t" else self.dialect.delimiter
        return f"CSV, delimiter {delimiter}, {self.dialect.encoding}, {'with a' if self.header else 'without a'} header"

    # Reading

    def records(
        self,
        file: BinaryIO,
        keep_faults: bool = False,
        may_lack: str = "",
        chosen: Iterable[bool] | None = None,
    ) -> Iterator[Found[CsvRecord]]:
        """Yield each line of a file by itself."""
        lines = self.dialect.lines(file)
        names: list[str] | None = None
        if self.header:
            names = self._names(next(lines, None), may_lack)
        type_place = (names or self.types[0].record.field_names()).index(self.type_field) if self.type_field else 0
        places = {each.name: self._places(each, names) for each in self.every_type()}
        lacking = frozenset[str]()
        if may_lack and names is not None:
            lacking = frozenset(self.by_name[may_lack].record.columns) - frozenset(names)
        lines = self._without_last_empty(lines, is_record=not self.type_field and len(self.columns) == 1)
        for line, placed in self.chosen_records(lines, chosen):
            cells = self.dialect.cells(line)
            type = placed or self._type_of(line, cells, type_place)
            fault: HubError | None = None
            try:
                node = self._node(line, cells, type, places[type.name])
            except (CellUnreadable, CellsMiscounted, LineEmpty) as error:
                if not keep_faults:
                    raise
                node, fault = self._readable(line, cells, type, places[type.name]), error
            data = line.text.encode(self.dialect.codec)
            lacks = lacking if type.name == may_lack else frozenset[str]()
            yield Found(type, node, f"line {line.number}", line.offset, data, fault, lacks)

    @staticmethod
    def _without_last_empty(lines: Iterator[Line], is_record: bool) -> Iterator[Line]:
        """Pass an empty line at the end over; *is_record*: an empty line is a record whose only cell is empty."""
        empty: Line | None = None
        for line in lines:
            if empty is not None:
                yield empty
            empty = None if line.text or is_record else line
            if empty is None:
                yield line

    def parts(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Put a header before lines, and line ends behind them."""
        if self.dialect.mark:
            yield self.dialect.mark
        if self.header:
            yield self.dialect.line([self.dialect.cell(name) for name in self.columns])
        for record in records:
            yield record + self._end

    def _names(self, line: Line | None, may_lack: str) -> list[str]:
        """Read the header; the columns of the type *may_lack* may be missing."""
        columns = ", ".join(self.columns)
        if line is None:
            cure = "send the file with its header, or declare 'header: no'"
            raise HeaderWrong(place="line 1", reason="is missing", columns=columns, cure=cure)
        names: list[str] = []
        at = 0
        for cell in self.dialect.cells(line):
            name = self.dialect.bare(cell)
            name = name.strip() if self.trimmed else name
            if name not in self.columns or name in names:
                reason = f"has the {'unknown column' if name not in self.columns else 'column'} {shown(name)}"
                reason += " twice" * (name in names)
                cure = nearest(name, self.columns) or "send the declared columns, or declare this one, too"
                raise HeaderWrong(place=self.dialect.place(line, at), reason=reason, columns=columns, cure=cure)
            names.append(name)
            at += len(cell) + 1
        optional = set() if not may_lack else self.by_name[may_lack].record.columns.keys() - {self.type_field}
        missing = [name for name in self.columns if name not in names and name not in optional]
        if missing:
            reason = f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"
            cure = "send all columns; a column without values has empty cells"
            raise HeaderWrong(place=f"line {line.number}", reason=reason, columns=columns, cure=cure)
        return names

    def _places(self, type: RecordType[CsvRecord], names: list[str] | None) -> _Places:
        columns = type.record.columns
        every = [(name, columns.get(name)) for name in (columns if names is None else names)]
        return [(name, column, column.form.plain if column and not column.null else None) for name, column in every]

    def _type_of(self, line: Line, cells: list[str], place: int) -> RecordType[CsvRecord]:
        if not line.text:
            raise LineEmpty(line=line.number, offset=line.offset + 1)
        text = self._bare(cells[place]) if place < len(cells) else ""
        found = self._by_type.get(text)
        if found is None:
            raise RecordTypeUnknown(
                type=text,
                place=self._place(line, cells, place),
                known=", ".join(self._by_type),
                found=f"the column {self.type_field} has it",
            )
        return found

    def _node(self, line: Line, cells: list[str], type: RecordType[CsvRecord], places: _Places) -> PropertySet:
        if len(cells) != len(places):
            if not line.text:
                raise LineEmpty(line=line.number, offset=line.offset + 1)
            raise CellsMiscounted(
                record=type.name,
                found=len(cells),
                place=f"line {line.number}, byte {line.offset + 1} of the file",
                expected=len(places),
                columns=", ".join(name for name, _, _ in places),
            )
        node = PropertySet(type.name, origin=line.number)
        properties = node.properties
        slow = self.trimmed or self.dialect.quoting == "all"
        for at, (name, column, plain) in enumerate(places):
            cell = cells[at]
            try:
                if slow or not cell or plain is None or cell[0] == self.dialect.quote:
                    raise NotPlain
                properties[name] = plain(cell)
            except NotPlain:
                if column is not None:
                    self._read_slowly(line, cells, at, column, type, properties)
                elif cell:
                    self._refuse(line, cells, at, f"{type.name}/{name}", f"{type.name} has no such column")
        return node

    def _readable(self, line: Line, cells: list[str], type: RecordType[CsvRecord], places: _Places) -> PropertySet:
        """Read the cells that can be read of a line that has a fault; none where their number is wrong."""
        node = PropertySet(type.name, origin=line.number)
        # A delimiter too many or too few moves the cells behind it into wrong columns.
        for at, (_, column, _) in enumerate(places if len(cells) == len(places) else ()):
            if column is not None:
                with suppress(CellUnreadable):
                    self._read_slowly(line, cells, at, column, type, node.properties)
        return node

    def _read_slowly(
        self,
        line: Line,
        cells: list[str],
        at: int,
        column: Column,
        type: RecordType[CsvRecord],
        properties: dict[str, str | None],
    ) -> None:
        """Read a cell that isn't in its plain form; keep its bytes where writing would change them."""
        cell = cells[at]
        try:
            value, plain = column.read(self._bare(cell))
        except ValueError as error:
            self._refuse(line, cells, at, f"{type.name}/{column.name}", str(error))
        if value is not None:
            properties[column.name] = value
        try:
            is_plain = self.dialect.cell(plain) == cell
        except ValueError:
            is_plain = False
        if not is_plain:
            properties[column.name + KEPT] = cell.encode(self.dialect.codec).hex().upper()

    def _refuse(self, line: Line, cells: list[str], at: int, field: str, reason: str) -> NoReturn:
        raise CellUnreadable(
            field=field,
            place=self._place(line, cells, at),
            reason=reason,
            shown=shown(cells[at]),
            data=line.text,
            start=self._start(cells, at),
            length=max(1, len(cells[at])),
        )

    def _bare(self, cell: str) -> str:
        text = self.dialect.bare(cell)
        return text.strip(" ") if self.trimmed else text

    @staticmethod
    def _start(cells: list[str], at: int) -> int:
        return sum(len(each) + 1 for each in cells[:at])

    def _place(self, line: Line, cells: list[str], at: int) -> str:
        return self.dialect.place(line, self._start(cells, at))

    # Writing

    def record_bytes(self, type: RecordType[CsvRecord], node: PropertySet) -> bytes:
        """Return the bytes of one line, without its end."""
        unknown = node.properties.keys() - type.record.names
        unknown |= {child.type for child in node.children}
        if unknown:
            raise NodeUnwritable(record=type.name, name=min(unknown), place=type.name, reason="it has no such column")
        places = self._written_places[type.name]
        cells = [self._cell(type, node, column) if column is not None else "" for _, column, _ in places]
        try:
            return self.dialect.line(cells).removesuffix(self._end)
        except UnicodeEncodeError as error:
            sign = error.object[error.start]
            # The cell is looked for only now: encoding each cell by itself takes far longer.
            at = next(at for at, cell in enumerate(cells) if sign in cell)
            reason = ValueError(f"the encoding {self.dialect.encoding} has no '{sign}' (U+{ord(sign):04X})")
            column = places[at][1]
            assert column is not None  # noqa: S101  # the cells of other columns are empty
            raise self._unwritable(type, column, node.get(column.name), reason) from error

    def _cell(self, type: RecordType[CsvRecord], node: PropertySet, column: Column) -> str:
        value = node.properties.get(column.name) or None
        kept = node.properties.get(column.name + KEPT)
        try:
            written = self.dialect.cell(column.write(value))
        except ValueError as error:
            raise self._unwritable(type, column, value, error) from error
        return written if kept is None else self._kept_cell(kept, column, value, written)

    def _kept_cell(self, kept: str, column: Column, value: str | None, written: str) -> str:
        """Return a cell as it was read, if it is one cell that stands for *value*, and no formula."""
        try:
            cell = bytes.fromhex(kept).decode(self.dialect.codec)
            if not self.dialect.is_cell(cell):
                return written
            text = self._bare(cell)
            found, _ = column.read(text)
        except ValueError:
            return written
        # A formula that somebody sent without an apostrophe gets one.
        is_harmless = not isinstance(column.form, TextCell) or column.form.is_harmless(text)
        return cell if found == value and is_harmless else written

    @staticmethod
    def _unwritable(
        type: RecordType[CsvRecord], column: Column, value: str | None, error: ValueError
    ) -> FieldUnwritable:
        path = f"{type.name}/{column.name}"
        return FieldUnwritable(value=value, field=path, place=path, reason=str(error), says=column.form.says)
