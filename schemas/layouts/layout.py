"""A layout: the records of a file, how they follow each other, and the tree that they make.

    Records                 the root
      FILE-HEADER           a record: its fields are properties, its groups are nodes
      ORDER-RECORD
        LINE-RECORD         a record that stands behind its order, and belongs to it
      FILE-TRAILER

Headers and trailers are checked, not skipped. A file is read and written record by record; one topmost record with
everything beneath it is in memory at a time.

This module knows the order and the totals of records, and nothing of their bytes. `FixedLayout` and `CsvLayout` cut a
file into records, and read each of them.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import compress
from typing import BinaryIO, ClassVar, Generic, Protocol, TypeVar

from integration_objects.component import FieldType
from integration_objects.definition import IntegrationObject
from integration_objects.errors import HubError, Invalid, Refused
from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet
from schemas.external_component import ExternalComponent
from schemas.limits import LimitExceeded

#: The type of the root node.
ROOT = "Records"
#: What stands behind a field's name in the name of the property that keeps its bytes.
KEPT = " bytes"


class RecordTypeUnknown(Invalid):
    """A record's type is none of the layout's."""

    what = "the record type {type!r} is unknown"
    where = "{place}"
    why = "the layout knows {known}; {found}"
    mend = (
        "send a known type, or add it to 'records' in the layout; "
        "`orderhub layout diagnose` tells whether the file fits by another code page or form"
    )


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


class Record(Protocol):
    """The description of one kind of record, without its place among the others."""

    @property
    def name(self) -> str:
        """The record's name, which is the type of its nodes."""

    def field_type(self, name: str) -> FieldType | None:
        """Return the type of a field that stands once, directly in the record; None if there is none of this name."""

    def field_names(self) -> list[str]:
        """List the names of such fields."""

    def component(self) -> ExternalComponent:
        """Make the record's component, for maps."""


R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class RecordType(Generic[R]):
    """A kind of record and its place in a file.

    Attributes:
        record: its description.
        type: the text in the type field.
        least, most: how often it stands at its place; None for any number.
        beneath: the records that stand behind it and belong to it, in their order.
        checks: the totals that it has.
        where: file:line:column of the declaration.
    """

    record: R
    type: str
    least: int = 0
    most: int | None = None
    beneath: tuple[RecordType[R], ...] = ()
    checks: tuple[Check, ...] = ()
    where: str = ""

    @cached_property
    def name(self) -> str:
        """The record's name."""
        return self.record.name

    def walk(self) -> Iterator[RecordType[R]]:
        """Yield this type and all types beneath it."""
        yield self
        for each in self.beneath:
            yield from each.walk()

    def parted(self, node: PropertySet) -> tuple[PropertySet, list[PropertySet]]:
        """Part a record's node: a copy of it without the records beneath it, and these."""
        beneath = {each.name for each in self.beneath}
        own = PropertySet(node.type, properties=dict(node.properties))
        own.children = [child for child in node.children if child.type not in beneath]
        return own, [child for child in node.children if child.type in beneath]


@dataclass(slots=True)
class Found(Generic[R]):
    """A record that was found in a file.

    Attributes:
        type: its type.
        node: its fields and groups.
        name: "record 2", or "line 2" in files of lines.
        offset: the place of its first byte in the file, counted from 0.
        data: its bytes, without the marks by which the file is cut into records.
        fault: why one of its fields can't be read; None for a good record.
        lacking: the fields of its type that the record doesn't carry: they are neither null nor empty.
    """

    type: RecordType[R]
    node: PropertySet
    name: str
    offset: int
    data: bytes
    fault: HubError | None = None
    lacking: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """The place for people."""
        return f"{self.name}, byte {self.offset + 1} of the file"

    @property
    def placed_fault(self) -> HubError | None:
        """The fault with the record's place; faults of lines name their line themselves."""
        if self.fault is None or self.fault.where.startswith(f"{self.name}, "):
            return self.fault
        return self.fault.at(self.place)


@dataclass(frozen=True)
class Batched:
    """A topmost record that a file may hold any number of times, whatever its layout says for one message.

    Attributes:
        record: its name; None for every topmost record.
        alone: whether a fault in it, or in a record beneath it, is its own and leaves the others alone.
        most_bytes: bytes of one topmost record with everything beneath it.
    """

    record: str | None
    alone: bool
    most_bytes: int

    def covers(self, name: str) -> bool:
        """Tell whether a topmost record of this name may come any number of times."""
        return self.record is None or name == self.record


@dataclass(slots=True)
class Topmost:
    """A topmost record of a file with everything beneath it.

    Attributes:
        node: the tree.
        name: "record 2", or "line 2" in files of lines.
        offset: the place of its first byte in the file, counted from 0.
        records: the bytes of its records, kept for batches only.
        fault: the first fault of its records; None for a good one.
    """

    node: PropertySet
    name: str
    offset: int
    records: list[bytes] = field(default_factory=list)
    fault: HubError | None = None

    @property
    def place(self) -> str:
        """The place for people."""
        return f"{self.name}, byte {self.offset + 1} of the file"


@dataclass
class _Totals:
    """What was counted and summed so far."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    #: the names of records of which one couldn't be read: a sum over them proves nothing
    unread: set[str] = field(default_factory=set)

    def value(self, check: Check) -> str:
        if check.summed:
            return write_number(self.sums.get((check.record, check.summed), Decimal(0)))
        return str(self.counts.total() if check.record == "all" else self.counts[check.record])


class Layout(ABC, Generic[R]):
    """Reads and writes files of records.

    Attributes:
        content_type: of the files.
        keeps_read_records: whether the bytes of a record that was read are the same record in every other file.
        name: the external object's name.
        types: the records at the top, in their order.
        type_field: the field that tells the records apart; "" where there is one type, or their places tell.
        where: the declaration's place.
        by_name: all types, by their names.
    """

    content_type: ClassVar[str]
    keeps_read_records: ClassVar[bool] = False

    def __init__(self, name: str, types: Sequence[RecordType[R]], type_field: str, where: str = "") -> None:
        self.name = name
        self.types = tuple(types)
        self.type_field = type_field
        self.where = where
        self.by_name = {each.name: each for each in self.every_type()}
        self._by_type = {each.type: each for each in self.every_type()}
        self._parents = {each.name: parent for parent in self.every_type() for each in parent.beneath}
        self._neighbours = {
            each.name: (siblings[:at], siblings[at + 1 :])
            for siblings in (self.types, *(parent.beneath for parent in self.every_type()))
            for at, each in enumerate(siblings)
        }
        self._has_totals = any(each.checks for each in self.every_type())
        self._summed: dict[str, list[str]] = {}
        for each in self.every_type():
            for check in each.checks:
                if check.summed and check.summed not in self._summed.setdefault(check.record, []):
                    self._summed[check.record].append(check.summed)

    @property
    @abstractmethod
    def described_by(self) -> str:
        """The file that describes the records, by its path in the schemas folder."""

    @property
    @abstractmethod
    def says(self) -> str:
        """The form of the file in words, for people."""

    @abstractmethod
    def records(
        self,
        file: BinaryIO,
        keep_faults: bool = False,
        may_lack: str = "",
        chosen: Iterable[bool] | None = None,
    ) -> Iterator[Found[R]]:
        """Yield each record of a file by itself, without a look at its place among the others.

        Args:
            file: is read from its place on.
            keep_faults: a record of a known type with a field that can't be read is found with its fault, and with the
                other fields.
            may_lack: the type whose records may lack fields: a column of the header, a key, or fields behind the end of
                a short record. They are found with the names of these fields.
            chosen: tells of each record of the file whether it is found; the others are cut, and not read. The file
                ends with it. None for every record.

        Raises:
            Invalid: with the record's number and its place in the file.
        """

    @abstractmethod
    def record_bytes(self, type: RecordType[R], node: PropertySet) -> bytes:
        """Return the bytes of one record, as `Found.data` has them.

        Raises:
            Refused: a value has no place in the layout.
        """

    def typed_bytes(self, node: PropertySet) -> bytes:
        """Fill in the type of a record, which changes *node*; return the record's bytes.

        Raises:
            Refused: a value has no place in the layout.
        """
        type = self.by_name[node.type]
        if self.type_field:
            node.properties[self.type_field] = type.type
        return self.record_bytes(type, node)

    @abstractmethod
    def parts(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of a file, part by part, with these records, which are as `Found.data` has them."""

    def joined(self, records: Iterable[bytes]) -> bytes:
        """Make a file of the bytes of records, as `Found.data` has them."""
        return b"".join(self.parts(records))

    def file(self, records: Iterable[tuple[RecordType[R], PropertySet]]) -> Iterator[bytes]:
        """Yield the bytes of a file with these records.

        Raises:
            Refused: a value has no place in the layout.
        """
        return self.parts(self._encoded(records))

    def _encoded(self, records: Iterable[tuple[RecordType[R], PropertySet]]) -> Iterator[bytes]:
        for number, (type, node) in enumerate(records, 1):
            try:
                yield self.record_bytes(type, node)
            except HubError as error:
                raise error.at(f"record {number}") from None

    def every_type(self) -> Iterator[RecordType[R]]:
        """Yield all types, those above before those beneath."""
        for top in self.types:
            yield from top.walk()

    # Reading

    def chosen_records(
        self, records: Iterable[T], chosen: Iterable[bool] | None
    ) -> Iterator[tuple[T, RecordType[R] | None]]:
        """Yield the records of a file that are *chosen*, as `records` says, with their types as `positioned` does."""
        placed = self.positioned(records)
        return placed if chosen is None else compress(placed, chosen)

    def positioned(self, records: Iterable[T]) -> Iterator[tuple[T, RecordType[R] | None]]:
        """Yield records with their types, where their places tell them apart; None where the type field does.

        The first and the last records have a fixed number each, and those between them are of one type. As many
        records as come last are held back.
        """
        if self.type_field:
            yield from ((record, None) for record in records)
            return
        varying = next((at for at, each in enumerate(self.types) if each.least != each.most), len(self.types))
        first, last = (
            [each for each in types for _ in range(each.least)]
            for types in (self.types[:varying], self.types[varying + 1 :])
        )
        between = self.types[min(varying, len(self.types) - 1)]
        waiting: deque[T] = deque()
        for number, record in enumerate(records):
            if number < len(first):
                yield record, first[number]
                continue
            waiting.append(record)
            if len(waiting) > len(last):
                yield waiting.popleft(), between
        yield from zip(waiting, last, strict=False)

    def read(self, file: BinaryIO) -> Iterator[PropertySet]:
        """Yield each topmost record with everything beneath it.

        Raises:
            Invalid: with the record's number and its place in the file.
        """
        return (topmost.node for topmost in self.topmost(file))

    def topmost(self, file: BinaryIO, batched: Batched | None = None) -> Iterator[Topmost]:
        """Yield each topmost record with everything beneath it, and with its place; for its errors see `read`.

        *batched*: a topmost record that may come any number of times.
        """
        totals = _Totals()
        # The open records, the topmost first, and how often each type came beneath the last of them.
        path: list[Found[R]] = []
        came: list[dict[str, int]] = [defaultdict(int)]
        top: Topmost | None = None
        last, size = "", 0
        for found in self.records(file, keep_faults=batched is not None and batched.alone):
            type = found.type
            try:
                self._close(type, path, came, batched)
                if found.fault is not None:
                    if batched is None or not batched.covers((path[0] if path else found).type.name):
                        raise found.fault
                    totals.unread.add(type.name)
                if self._has_totals:
                    self._count(type, found.node, totals)
                    self._prove(type, found.node, totals)
            except HubError as error:
                raise error.at(found.place) from None
            if path:
                path[-1].node.children.append(found.node)
            else:
                if top is not None:
                    yield top
                top, size = Topmost(found.node, found.name, found.offset), 0
            if batched is not None and top is not None:
                size += len(found.data)
                if size > batched.most_bytes:
                    raise LimitExceeded(
                        limit="body",
                        most=batched.most_bytes,
                        counted="bytes of one order",
                        found="more",
                        where=top.place,
                    )
                top.records.append(found.data)
                top.fault = top.fault or found.placed_fault
            came[-1][type.name] += 1
            path.append(found)
            came.append(defaultdict(int))
            last = f", behind {found.name}"
        end = f"the end of the file{last}"
        while path:
            self._prove_least(path.pop().type.beneath, came.pop(), end)
        if top is not None:
            yield top
        self._prove_least(self.types, came[0], end)

    def _close(
        self, type: RecordType[R], path: list[Found[R]], came: list[dict[str, int]], batched: Batched | None
    ) -> None:
        """Close the open records that *type* can't stand beneath, and prove that it may stand there."""
        parent = self._parents.get(type.name)
        while path and path[-1].type is not parent:
            counts = came.pop()
            if beneath := path.pop().type.beneath:
                self._prove_least(beneath, counts, "before this record")
        if parent is not None and not path:
            raise RecordOutOfPlace(
                record=type.name, place="", reason=f"it belongs behind a {parent.name}, and none is open"
            )
        earlier, later_types = self._neighbours[type.name]
        before = came[-1]
        for later in later_types:
            if before[later.name]:
                raise RecordOutOfPlace(record=type.name, place="", reason=f"a {later.name} came before it")
        is_batched = batched is not None and parent is None and batched.covers(type.name)
        if not is_batched and type.most is not None and before[type.name] >= type.most:
            raise RecordOutOfPlace(
                record=type.name, place="", reason=f"it came already, and its largest number is {type.most}"
            )
        if earlier:
            self._prove_least(earlier, before, f"before {type.name}")

    def _prove_least(self, types: Sequence[RecordType[R]], came: dict[str, int], place: str) -> None:
        for each in types:
            if came[each.name] < each.least:
                raise RecordMissing(
                    record=each.name, place=place, reason=f"at least {each.least} must come, and {came[each.name]} came"
                )

    # Totals

    def _count(self, type: RecordType[R], node: PropertySet, totals: _Totals) -> None:
        totals.counts[type.name] += 1
        for name in self._summed.get(type.name, ()):
            key = (type.name, name)
            totals.sums[key] = totals.sums.get(key, Decimal(0)) + (as_number(node.get(name) or "") or 0)

    def _prove(self, type: RecordType[R], node: PropertySet, totals: _Totals) -> None:
        for check in type.checks:
            if type.name in totals.unread or (check.summed and check.record in totals.unread):
                continue
            said, found = node.get(check.field), totals.value(check)
            if said is None or as_number(said) != Decimal(found):
                raise TotalWrong(
                    field=check.field, record=type.name, place="", said=said or "nothing", found=found, rule=check
                )

    # Writing

    def write(self, nodes: Iterable[PropertySet]) -> Iterator[bytes]:
        """Yield the bytes of a file with these topmost records; types and totals that are left out are filled in.

        Raises:
            Refused: a value or a record has no place in the layout.
        """
        return self.file(self.ordered(nodes))

    def ordered(
        self, nodes: Iterable[PropertySet], behind: Iterable[PropertySet] = ()
    ) -> Iterator[tuple[RecordType[R], PropertySet]]:
        """Yield the records of these trees in the order of the file, each completed and without those beneath it.

        *behind*: the topmost records that stand before them in the file; they count in the totals.
        """
        totals = _Totals()
        for top in behind:
            self._count_all(self.by_name[top.type], top, totals)
        number = 0
        for top in nodes:
            waiting: list[tuple[PropertySet, Sequence[RecordType[R]], str]] = [(top, self.types, ROOT)]
            while waiting:
                node, places, above = waiting.pop()
                number += 1
                type = self.by_name.get(node.type)
                if type is None or type not in places:
                    known = self._parents.get(node.type)
                    raise RecordUnplaced(
                        record=node.type, place=f"record {number}, beneath {above}", known=known.name if known else ROOT
                    )
                own, records = type.parted(node) if type.beneath else (node, [])
                self._count(type, own, totals)
                own = self._completed(type, own, totals)
                try:
                    self._prove(type, own, totals)
                except HubError as error:
                    raise error.at(f"record {number}") from None
                yield type, own
                waiting.extend((child, type.beneath, type.name) for child in reversed(records))

    def _count_all(self, type: RecordType[R], node: PropertySet, totals: _Totals) -> None:
        """Count a record and all records beneath it."""
        self._count(type, node, totals)
        if type.beneath:
            beneath = {each.name: each for each in type.beneath}
            for child in node.children:
                if child.type in beneath:
                    self._count_all(beneath[child.type], child, totals)

    def _completed(self, type: RecordType[R], node: PropertySet, totals: _Totals) -> PropertySet:
        """Fill in the type and the totals of a record, in a copy, where they are left out."""
        filled: dict[str, str | None] = {}
        filled |= {check.field: totals.value(check) for check in type.checks if node.get(check.field) is None}
        if self.type_field and node.get(self.type_field) is None:
            filled[self.type_field] = type.type
        if not filled:
            return node
        return PropertySet(node.type, properties=node.properties | filled, children=node.children)

    # The shape for maps

    def definition(self) -> IntegrationObject:
        """Give the shape of the tree, for maps."""
        root = ExternalComponent(ROOT, tag=ROOT, where=self.where)
        for each in self.types:
            self._add_record(root, each)
        return IntegrationObject(self.name, root, external=True, where=self.where)

    def _add_record(self, above: ExternalComponent, type: RecordType[R]) -> None:
        component = type.record.component()
        above.children[type.name] = component
        above.occurs[type.name] = (type.least, type.most)
        for each in type.beneath:
            self._add_record(component, each)
