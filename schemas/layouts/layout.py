"""A layout: the records of a file, how they follow each other, and the tree that they make.

    Records                 the root
      FILE-HEADER           a record: its fields are properties, its groups are nodes
      ORDER-RECORD
        LINE-RECORD         a record that stands behind its order, and belongs to it
      FILE-TRAILER

Headers and trailers are checked, not skipped. A file is read and written record by record; one topmost record with
everything beneath it is in memory at a time.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO

from integration_objects.component import Field
from integration_objects.definition import IntegrationObject
from integration_objects.errors import HubError, Invalid, Refused
from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet
from schemas.external_component import ExternalComponent
from schemas.layouts.options import Options
from schemas.layouts.placing import Area, Placed
from schemas.layouts.record import KEPT, RecordCodec
from schemas.layouts.record_formats import RecordFormat
from schemas.layouts.values.code_pages import code_page

#: The type of the root node.
ROOT = "Records"


class RecordTypeUnknown(Invalid):
    """A record's type is none of the layout's."""

    what = "the record type {type!r} is unknown"
    where = "{place}"
    why = "the layout knows {known}; the field {field} has the bytes {shown}"
    mend = "send a known type, or add it to 'records' in the layout"


class RecordOutOfPlace(Invalid):
    """A record stands where its layout has no place for it."""

    what = "the record {record} can't stand here"
    where = "{place}"
    why = "{reason}"
    mend = "send the records in the layout's order: `orderhub layout show` prints it"


class RecordMissing(Invalid):
    """A record that a layout demands isn't there."""

    what = "the record {record} is missing"
    where = "{place}"
    why = "{reason}"
    mend = "send the file whole"


class TotalWrong(Invalid):
    """A count or a sum in a header or trailer differs from what the file holds."""

    what = "the {field} of {record} doesn't agree with the file"
    where = "{place}"
    why = "it says {said}, and the file has {found} ({rule})"
    mend = "send the file whole and once, or correct the total"


class RecordUnplaced(Refused):
    """A tree has a record that the layout has no place for."""

    what = "the layout has no place for the record {record}"
    where = "{place}"
    why = "its place is beneath {known}"
    mend = "correct the map: `orderhub layout show` prints the records"


@dataclass(frozen=True)
class Check:
    """A total in a record that is compared with what was read, or filled in what is written.

    Attributes:
        field: the field with the total.
        record: the record that is counted or summed; "all" for all records, this one included.
        summed: the field that is summed; "" for a count.
        where: file:line:column of the rule.
    """

    field: str
    record: str
    summed: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"sum {self.record}/{self.summed}" if self.summed else f"count {self.record}"


class RecordType:
    """A kind of record in a file.

    Attributes:
        record: its description.
        codec: reads and writes its bytes.
        name: the copybook's name.
        type: the text in the type field.
        least, most: how often it stands at its place; None for any number.
        beneath: the records that stand behind it and belong to it, in their order.
        checks: the totals that it has.
        where: file:line:column of the declaration.
    """

    def __init__(
        self,
        record: Placed,
        options: Options,
        type: str,
        least: int = 0,
        most: int | None = None,
        beneath: Sequence[RecordType] = (),
        checks: Sequence[Check] = (),
        where: str = "",
    ) -> None:
        self.record = record
        self.name = record.name
        self.type = type
        self.least, self.most = least, most
        self.beneath = tuple(beneath)
        self.checks = tuple(checks)
        self.where = where
        self.codec = RecordCodec(record, options)

    def walk(self) -> Iterator[RecordType]:
        """Yield this type and all types beneath it."""
        yield self
        for each in self.beneath:
            yield from each.walk()

    def type_field(self, name: str) -> Placed | None:
        """Find a field that stands once, directly in the record."""
        for member in self.record.members:
            if isinstance(member, Placed) and member.name == name and member.form and not member.entry.occurs:
                return member
        return None


@dataclass
class _Totals:
    """What was counted and summed so far."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def value(self, check: Check) -> str:
        if check.summed:
            return write_number(self.sums.get((check.record, check.summed), Decimal(0)))
        return str(self.counts.total() if check.record == "all" else self.counts[check.record])


class Layout:
    """Reads and writes files of records.

    Attributes:
        name: the external object's name.
        copybook: the copybook's path in the schemas folder.
        types: the records at the top, in their order.
        format: how the file is cut into records.
        options: what the layout says about its bytes.
        trimmed: whether blanks at the end of a line are left out.
        where: the declaration's place.
    """

    def __init__(
        self,
        name: str,
        copybook: str,
        types: Sequence[RecordType],
        type_field: str,
        format: RecordFormat,
        options: Options,
        trimmed: bool = False,
        where: str = "",
    ) -> None:
        self.name = name
        self.copybook = copybook
        self.types = tuple(types)
        self.type_field = type_field
        self.format = format
        self.options = options
        self.trimmed = trimmed
        self.where = where
        #: whether records may be longer or shorter than their description; a diagnosis tries that
        self.takes_other_lengths = False
        self._page = code_page(options.code_page)
        self._by_type = {each.type: each for each in self.every_type()}
        self._parents = {each.name: parent for parent in self.every_type() for each in parent.beneath}
        self._summed: dict[str, list[str]] = {}
        for each in self.every_type():
            for check in each.checks:
                if check.summed and check.summed not in self._summed.setdefault(check.record, []):
                    self._summed[check.record].append(check.summed)
        place = self.types[0].type_field(type_field)
        # The place and the form of the type field, which are the same in all records.
        self._type_place = None if place is None or place.form is None else (place.offset, place.form)

    def every_type(self) -> Iterator[RecordType]:
        """Yield all types, those above before those beneath."""
        for top in self.types:
            yield from top.walk()

    # Reading

    def read(self, file: BinaryIO) -> Iterator[PropertySet]:
        """Yield each topmost record with everything beneath it.

        Raises:
            Invalid: with the record's number and its place in the file.
        """
        totals = _Totals()
        # The open records, the topmost first, and how often each type came beneath the last of them.
        path: list[tuple[RecordType, PropertySet]] = []
        came: list[Counter[str]] = [Counter()]
        number = offset = 0
        for number, (offset, data) in enumerate(self.format.read(file), 1):
            place = f"record {number}, byte {offset + 1} of the file"
            try:
                type, node = self.read_record(data, number)
                finished = self._close(type, path, came)
            except HubError as error:
                raise error.at(place) from None
            self._count(type, node, totals)
            self._prove(type, node, totals, place)
            if finished is not None:
                yield finished
            if path:
                path[-1][1].children.append(node)
            came[-1][type.name] += 1
            path.append((type, node))
            came.append(Counter())
        end = f"the end of the file, behind record {number}"
        while path:
            type, node = path.pop()
            self._prove_least(type.beneath, came.pop(), end)
            if not path:
                yield node
        self._prove_least(self.types, came[0], end)

    def read_record(self, data: bytes, number: int | None = None) -> tuple[RecordType, PropertySet]:
        """Read one record by itself, without a look at its place among the others.

        Args:
            data: its bytes.
            number: its number in the file, for the nodes.
        """
        type = self._type_of(data)
        return type, type.codec.decode(self._padded(data, type), origin=number)

    def _padded(self, data: bytes, type: RecordType) -> bytes:
        if self.trimmed and len(data) < type.codec.most:
            return data + self._page.blank * (type.codec.most - len(data))
        if self.takes_other_lengths:
            return data[: type.codec.most].ljust(type.codec.most, self._page.blank)
        # A record of fixed format may be longer than its description: the longest record decides.
        if self.format.name == "fixed" and len(data) > type.codec.most:
            rest = data[type.codec.most :]
            if not rest.strip(self._page.blank):
                return data[: type.codec.most]
        return data

    def _type_of(self, data: bytes) -> RecordType:
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
                field=self.type_field,
                shown=raw.hex(" ").upper() or "none",
            )
        return found

    def _close(
        self, type: RecordType, path: list[tuple[RecordType, PropertySet]], came: list[Counter[str]]
    ) -> PropertySet | None:
        """Close the open records that *type* can't stand beneath; return the topmost one if it was closed."""
        parent = self._parents.get(type.name)
        finished = None
        while path and path[-1][0] is not parent:
            closed, node = path.pop()
            self._prove_least(closed.beneath, came.pop(), "before this record")
            finished = node if not path else None
        if parent is not None and not path:
            raise RecordOutOfPlace(
                record=type.name, place="", reason=f"it belongs behind a {parent.name}, and none is open"
            )
        siblings = self.types if parent is None else parent.beneath
        before = came[-1]
        for later in siblings[siblings.index(type) + 1 :]:
            if before[later.name]:
                raise RecordOutOfPlace(record=type.name, place="", reason=f"a {later.name} came before it")
        if type.most is not None and before[type.name] >= type.most:
            raise RecordOutOfPlace(
                record=type.name, place="", reason=f"it came already, and its largest number is {type.most}"
            )
        self._prove_least(siblings[: siblings.index(type)], before, f"before {type.name}")
        return finished

    def _prove_least(self, types: Sequence[RecordType], came: Counter[str], place: str) -> None:
        for each in types:
            if came[each.name] < each.least:
                raise RecordMissing(
                    record=each.name, place=place, reason=f"at least {each.least} must come, and {came[each.name]} came"
                )

    # Totals

    def _count(self, type: RecordType, node: PropertySet, totals: _Totals) -> None:
        totals.counts[type.name] += 1
        for name in self._summed.get(type.name, ()):
            key = (type.name, name)
            totals.sums[key] = totals.sums.get(key, Decimal(0)) + (as_number(node.get(name) or "") or 0)

    def _prove(self, type: RecordType, node: PropertySet, totals: _Totals, place: str) -> None:
        for check in type.checks:
            said, found = node.get(check.field), totals.value(check)
            if said is None or as_number(said) != Decimal(found):
                raise TotalWrong(
                    field=check.field, record=type.name, place=place, said=said or "nothing", found=found, rule=check
                )

    # Writing

    def write(self, nodes: Iterable[PropertySet]) -> Iterator[bytes]:
        """Yield the bytes of a file with these topmost records; types and totals that are left out are filled in.

        Raises:
            Refused: a value or a record has no place in the layout.
        """
        return self.format.write(self._records(nodes))

    def _records(self, nodes: Iterable[PropertySet]) -> Iterator[bytes]:
        totals = _Totals()
        names = {each.name: each for each in self.every_type()}
        number = 0
        for top in nodes:
            waiting: list[tuple[PropertySet, Sequence[RecordType], str]] = [(top, self.types, ROOT)]
            while waiting:
                node, places, above = waiting.pop()
                number += 1
                type = names.get(node.type)
                if type is None or type not in places:
                    known = self._parents.get(node.type)
                    raise RecordUnplaced(
                        record=node.type, place=f"record {number}, beneath {above}", known=known.name if known else ROOT
                    )
                beneath = {each.name for each in type.beneath}
                own = PropertySet(node.type, properties=dict(node.properties))
                own.children = [child for child in node.children if child.type not in beneath]
                if self.type_field and own.get(self.type_field) is None:
                    own.properties[self.type_field] = type.type
                self._count(type, own, totals)
                for check in type.checks:
                    if own.get(check.field) is None:
                        own.properties[check.field] = totals.value(check)
                try:
                    self._prove(type, own, totals, "")
                    yield self._cut(type.codec.encode(own))
                except HubError as error:
                    raise error.at(f"record {number}") from None
                records = [child for child in node.children if child.type in beneath]
                waiting.extend((child, type.beneath, type.name) for child in reversed(records))

    def _cut(self, data: bytes) -> bytes:
        if self.format.name == "fixed" and len(data) < self.format.length:
            return data + self._page.blank * (self.format.length - len(data))
        return data.rstrip(self._page.blank) if self.trimmed else data

    # The shape for maps

    def definition(self) -> IntegrationObject:
        """Give the shape of the tree, for maps."""
        root = ExternalComponent(ROOT, tag=ROOT, where=self.where)
        for each in self.types:
            self._add_record(root, each)
        return IntegrationObject(self.name, root, external=True, where=self.where)

    def _add_record(self, above: ExternalComponent, type: RecordType) -> None:
        component = _component(type.record)
        above.children[type.name] = component
        above.occurs[type.name] = (type.least, type.most)
        for each in type.beneath:
            self._add_record(component, each)


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
