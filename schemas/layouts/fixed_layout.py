"""A layout of records of fixed width, by a copybook.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, ClassVar

from integration_objects.component import Field, FieldType
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet, RecordNumber
from schemas.external_component import ExternalComponent
from schemas.layouts.layout import KEPT, Found, Layout, RecordType, RecordTypeUnknown
from schemas.layouts.options import Options
from schemas.layouts.placing import Area, Placed
from schemas.layouts.record import RecordCodec, RecordLengthWrong
from schemas.layouts.record_formats import RecordFormat
from schemas.layouts.values.code_pages import code_page


class FixedRecord:
    """A kind of record of fixed width.

    Attributes:
        placed: the copybook's entry of level 01, with the bytes of its fields.
        codec: reads and writes its bytes.
    """

    def __init__(self, placed: Placed, options: Options) -> None:
        self.placed = placed
        self.codec = RecordCodec(placed, options)

    @property
    def name(self) -> str:
        """The copybook's name."""
        return self.placed.name

    def field(self, name: str) -> Placed | None:
        """Find a field that stands once, directly in the record."""
        for member in self.placed.members:
            if isinstance(member, Placed) and member.name == name and member.form and not member.entry.occurs:
                return member
        return None

    def field_type(self, name: str) -> FieldType | None:
        """Return the type of such a field."""
        found = self.field(name)
        return None if found is None or found.form is None else found.form.type

    def field_names(self) -> list[str]:
        """List the names of the record's members."""
        return [member.name for member in self.placed.members if isinstance(member, Placed)]

    def behind(self, length: int) -> frozenset[str]:
        """Return the fields that a record of this length lacks; none if it ends within a field, a table or a view."""
        lacking = set()
        for member in self.placed.members:
            start = (member.views[0] if isinstance(member, Area) else member).offset
            if start + member.length <= length:
                continue
            if isinstance(member, Area) or member.form is None or member.entry.occurs or start < length:
                return frozenset()
            lacking.add(member.name)
        return frozenset(lacking)

    def component(self) -> ExternalComponent:
        """Make the record's component, for maps."""
        return _component(self.placed)


class FixedLayout(Layout[FixedRecord]):
    """Reads and writes files of records of fixed width.

    Attributes:
        copybook: the copybook's path in the schemas folder.
        format: how the file is cut into records.
        options: what the layout says about its bytes.
        trimmed: whether blanks at the end of a line are left out.
    """

    content_type: ClassVar[str] = "application/octet-stream"
    keeps_read_records: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        copybook: str,
        types: Sequence[RecordType[FixedRecord]],
        type_field: str,
        format: RecordFormat,
        options: Options,
        trimmed: bool = False,
        where: str = "",
    ) -> None:
        super().__init__(name, types, type_field, where)
        self.copybook = copybook
        self.format = format
        self.options = options
        self.trimmed = trimmed
        #: whether records may be longer or shorter than their description; a diagnosis tries that
        self.takes_other_lengths = False
        self._page = code_page(options.code_page)
        place = self.types[0].record.field(type_field)
        # The place and the form of the type field, which are the same in all records.
        self._type_place = None if place is None or place.form is None else (place.offset, place.form)

    @property
    def described_by(self) -> str:
        """The path of the copybook."""
        return self.copybook

    @property
    def says(self) -> str:
        """The record format and the code page."""
        return f"{self.format.name} records, code page {self.options.code_page}"

    def records(
        self,
        file: BinaryIO,
        keep_faults: bool = False,
        may_lack: str = "",
        chosen: Iterable[bool] | None = None,
    ) -> Iterator[Found[FixedRecord]]:
        """Yield each record of a file by itself."""
        cut = enumerate(self.format.read(file), 1)
        for (number, (offset, data)), placed in self.chosen_records(cut, chosen):
            fault, lacking = None, frozenset[str]()
            try:
                type = placed or self._type_of(data)
                node = type.record.codec.decode(self._padded(data, type.record.codec.most), RecordNumber(number))
            except RecordTypeUnknown as error:
                raise error.at(f"record {number}, byte {offset + 1} of the file") from None
            except HubError as error:
                type = placed or self._type_of(data)
                # The fields before the end are read first: each of them is sound.
                if isinstance(error, RecordLengthWrong) and type.name == may_lack:
                    lacking = type.record.behind(len(data))
                if not keep_faults and not lacking:
                    raise error.at(f"record {number}, byte {offset + 1} of the file") from None
                fault = None if lacking else error
                codec = type.record.codec
                node = codec.readable(self._padded(data, codec.most), RecordNumber(number))
            yield Found(type, node, f"record {number}", offset, data, fault, lacking)

    def parts(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Put the marks of the record format between records."""
        return self.format.write(records)

    def _padded(self, data: bytes, most: int) -> bytes:
        if self.trimmed and len(data) < most:
            return data + self._page.blank * (most - len(data))
        if self.takes_other_lengths:
            return data[:most].ljust(most, self._page.blank)
        # A record of fixed format may be longer than its description: the longest record decides.
        if self.format.name == "fixed" and len(data) > most:
            rest = data[most:]
            if not rest.strip(self._page.blank):
                return data[:most]
        return data

    def _type_of(self, data: bytes) -> RecordType[FixedRecord]:
        if self._type_place is None:
            return self.types[0]
        start, form = self._type_place
        raw = data[start : start + form.length]
        try:
            text = form.read(raw)[0] or ""
        except (ValueError, IndexError):
            text = self._page.decode(raw)
        found = self._by_type.get(text) or self._by_type.get(self._page.decode(raw))
        if found is None:
            raise RecordTypeUnknown(
                type=text,
                place=f"byte {start + 1} of the record",
                known=", ".join(self._by_type),
                found=f"the field {self.type_field} has the bytes {raw.hex(' ').upper() or 'none'}",
            )
        return found

    def record_bytes(self, type: RecordType[FixedRecord], node: PropertySet) -> bytes:
        """Return the bytes of one record."""
        data = type.record.codec.encode(node)
        if self.format.name == "fixed" and len(data) < self.format.length:
            return data + self._page.blank * (self.format.length - len(data))
        return data.rstrip(self._page.blank) if self.trimmed else data


def _component(part: Placed) -> ExternalComponent:
    """Make the component of a group, or of a field that occurs."""
    component = ExternalComponent(part.name, tag=part.name, where=f"line {part.entry.line}")
    if part.form is not None:
        component.text = part.form.type
    for member in part.members:
        for view in member.views if isinstance(member, Area) else [member]:
            occurs = view.entry.occurs
            if occurs or view.form is None:
                component.children[view.name] = _component(view)
                component.occurs[view.name] = (0, occurs.most if occurs else 1)
            else:
                length = view.form.length if view.form.type == "text" else None
                component.fields[view.name] = Field(view.name, view.form.type, length, tag=view.name)
                component.fields[view.name + KEPT] = Field(view.name + KEPT, tag=view.name + KEPT)
    return component
