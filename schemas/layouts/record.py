"""One record's bytes as a tree, and back.

    group                     node, type = its name; left out where it holds nothing
    field                     property of its group's node; left out for null
    field that occurs         node, its value is the field's; "" for null
    bytes that aren't plain   property "<field> bytes" in hex beside the field, so that they are written again as they
                              were; a map may ignore it, and a changed value makes it void

Empty occurrences at the end of a table of a fixed size are left out.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from integration_objects.errors import Invalid, Refused
from integration_objects.property_set import PropertySet
from schemas.layouts.copybook.entries import Occurs
from schemas.layouts.layout import KEPT
from schemas.layouts.options import Options
from schemas.layouts.placing import Area, Placed
from schemas.layouts.values.code_pages import CodePage, code_page
from schemas.layouts.values.form import Form, NotPlain
from schemas.layouts.values.unused import Unused

#: Bytes that an error shows.
_SHOWN = 24

#: The values of the fields that counts and views depend on, by the name with its qualifiers.
_Known = dict[tuple[str, ...], str | None]


class FieldUnreadable(Invalid):
    """A field's bytes are no value of its form."""

    what = "the field {field} can't be read"
    where = "{place}"
    why = "{reason}; its bytes are {shown}"
    mend = "correct the sender's record, or the layout where the record is right"


class RecordLengthWrong(Invalid):
    """A record is shorter or longer than its layout."""

    what = "the record {record} has {found} bytes"
    where = "{place}"
    why = "its layout has {expected}"
    mend = "compare the record format and the record length of the layout with the sender's"


class FieldUnwritable(Refused):
    """A value doesn't fit into its field."""

    what = "the value {value!r} doesn't fit into the field {field}"
    where = "{place}"
    why = "{reason}; the field is {says}"
    mend = "correct the map, or the value that it reads"


class CountWrong(Invalid):
    """The field that counts a table's occurrences holds no such number."""

    what = "the table {table} can't have {count} occurrences"
    where = "{place}"
    why = "{field} holds the number, and {least} to {most} are allowed"
    mend = "correct the field that holds the number"


class ViewUndeclared(Invalid):
    """No view of a redefined area is declared for the value of the field that chooses it."""

    what = "no view of {area} is declared for {field} {value!r}"
    where = "{place}"
    why = "views are declared for {known}"
    mend = "correct the value, or add its view to 'redefines' in the layout"


class NodeUnwritable(Refused):
    """A tree has something that the record has no place for."""

    what = "the record {record} has no place for {name}"
    where = "{place}"
    why = "{reason}"
    mend = "correct the map: `orderhub layout show` lists the fields"


@dataclass(slots=True)
class _Bytes:
    """A record that is being read: its bytes, the characters and the hex digits that they are, and its origin.

    *lenient*: fields that can't be read are left out, and raise nothing.
    """

    data: bytes
    characters: str
    digits: str
    origin: int | None
    lenient: bool = False

    def texts(self, at: int, length: int) -> str:
        """Return the characters of some bytes, and then their hex digits."""
        return self.characters[at : at + length] + self.digits[2 * at : 2 * (at + length)]


class _Piece(Protocol):
    """A part of a group that is read and written as one."""

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        """Read the part that begins at *at* into *node*; return the place behind it."""

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        """Append the part's bytes to *parts*."""


@dataclass
class _Step:
    """One field in a run of fields."""

    name: str
    start: int
    end: int
    form: Form
    path: str
    keys: tuple[tuple[str, ...], ...]
    filler: bool

    def __post_init__(self) -> None:
        self.kept = self.name + KEPT

    def text_within(self, length: int) -> slice:
        """Return the place of the field's text in `_Bytes.texts` of a run of *length* bytes."""
        if self.form.is_text:
            return slice(self.start, self.end)
        return slice(length + 2 * self.start, length + 2 * self.end)

    def read_slowly(self, record: _Bytes, at: int, properties: dict[str, str | None]) -> str | None:
        """Read a field that isn't in its plain form; keep its bytes where writing would change them."""
        raw = record.data[at + self.start : at + self.end]
        if len(raw) < self.form.length:
            if record.lenient:
                return None
            raise RecordLengthWrong(
                record=self.path.partition("/")[0],
                found=len(record.data),
                expected=f"{at + self.end} or more: {self.path} ends there",
                place=f"byte {len(record.data)} of the record",
            )
        try:
            value, plain = self.form.read(raw)
        except ValueError as error:
            if record.lenient:
                return None
            if not self.filler:
                raise FieldUnreadable(
                    field=self.path,
                    place=f"bytes {at + self.start + 1} to {at + self.end} of the record",
                    reason=str(error),
                    shown=_hex(raw),
                    data=record.data,
                    start=at + self.start,
                    length=self.form.length,
                ) from error
            value, plain = None, False
        if not plain:
            properties[self.kept] = raw.hex().upper()
        return value

    def write(self, properties: dict[str, str | None]) -> bytes:
        """Return the bytes of the field among *properties*: those that were kept, as long as they are its value's."""
        value, kept = properties.get(self.name) or None, properties.get(self.kept)
        if kept is not None:
            raw = self._kept_bytes(kept, value)
            if raw is not None:
                return raw
        try:
            return self.form.write(value)
        except ValueError as error:
            raise FieldUnwritable(
                value=value, field=self.path, place=self.path, reason=str(error), says=self.form.says
            ) from error

    def _kept_bytes(self, kept: str, value: str | None) -> bytes | None:
        raw = _from_hex(kept, self.path + KEPT)
        if len(raw) != self.form.length:
            return None
        try:
            found = self.form.read(raw)[0]
        except ValueError:
            # Only a filler keeps bytes that its form can't read, and it has no value then.
            return raw if self.filler and value is None else None
        return raw if found == value else None


@dataclass
class _Fields:
    """Fields one behind the other, each at a fixed place in the run."""

    page: CodePage
    steps: list[_Step] = field(default_factory=list)
    length: int = 0
    # The number of occurrences of a table, by the name of the field that counts them: the names of the groups between.
    counts: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # Made once, at the first record: attributes of steps cost more than what is unpacked.

    @cached_property
    def _texts(self) -> Callable[[str], tuple[str, ...]]:
        # A getter of one slice would return no tuple: it gets an empty slice as well.
        return itemgetter(*(step.text_within(self.length) for step in self.steps), slice(0))

    @cached_property
    def _reads(self) -> list[tuple[str, Callable[[str], str | None], _Step]]:
        return [(step.name, step.form.plain, step) for step in self.steps]

    @cached_property
    def _writes(self) -> list[tuple[str, Callable[[str | None], str]]]:
        return [(step.name, step.form.spelled) for step in self.steps]

    @cached_property
    def _encodings(self) -> list[tuple[Callable[[str], bytes], slice]]:
        """The neighbours whose texts become bytes together."""
        found, first = [], 0
        for is_text, steps in groupby(self.steps, lambda step: step.form.is_text):
            behind = first + len(list(steps))
            found.append((self.page.encode if is_text else bytes.fromhex, slice(first, behind)))
            first = behind
        return found

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(step.kept for step in self.steps)

    @cached_property
    def _keyed(self) -> list[_Step]:
        return [step for step in self.steps if step.keys]

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        properties = node.properties
        if at + self.length > len(record.data):
            # The first field that goes beyond the end is told, unless one before it can't be read.
            slow = {step.name: step.read_slowly(record, at, properties) for step in self.steps}
            properties |= {name: value for name, value in slow.items() if value is not None}
            return at + self.length
        for (name, plain, step), text in zip(self._reads, self._texts(record.texts(at, self.length)), strict=False):
            try:
                value = plain(text)
            except ValueError:
                value = step.read_slowly(record, at, properties)
            if value is not None:
                properties[name] = value
        for step in self._keyed:
            for key in step.keys:
                known[key] = properties.get(step.name)
        return at + self.length

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        properties = node.properties
        counted: dict[str, str | None] = {
            name: str(_count(node, path)) for name, path in self.counts.items() if not properties.get(name)
        }
        if counted:
            properties = properties | counted
        try:
            if not self._kept.isdisjoint(properties):
                raise NotPlain
            texts = [spelled(properties.get(name) or None) for name, spelled in self._writes]
            parts += [encode("".join(texts[place])) for encode, place in self._encodings]
        except ValueError:
            parts += [step.write(properties) for step in self.steps]
        for step in self._keyed:
            value = step.form.read(step.write(properties))[0]
            for key in step.keys:
                known[key] = value


@dataclass
class _Single:
    """A group that occurs once."""

    group: _Group

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        child = PropertySet(self.group.name, origin=record.origin)
        at = self.group.read(record, at, child, known)
        if child.properties or child.children:
            node.children.append(child)
        return at

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        found = [child for child in node.children if child.type == self.group.name]
        if len(found) > 1:
            raise NodeUnwritable(
                record=self.group.record,
                name=f"a second {self.group.name}",
                place=self.group.path,
                reason="it occurs once",
            )
        self.group.write(found[0] if found else PropertySet(self.group.name), parts, known)


@dataclass
class _Value:
    """A field whose value is that of a node."""

    name: str
    fields: _Fields

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        at = self.fields.read(record, at, node, known)
        node.value = node.properties.pop(self.name, None) or ""
        return at

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        self.fields.write(PropertySet(properties={**node.properties, self.name: node.value}), parts, known)


@dataclass
class _Table:
    """A group, or a field, that occurs several times."""

    name: str
    least: int
    most: int
    key: tuple[str, ...]
    path: str
    record: str
    item: _Piece

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        count = self._count(known) if self.key else self.most
        children: list[PropertySet] = []
        for _ in range(count):
            child = PropertySet(self.name, origin=record.origin)
            at = self.item.read(record, at, child, known)
            children.append(child)
        if not self.key:
            while children and not (children[-1].value or children[-1].properties or children[-1].children):
                children.pop()
        node.children.extend(children)
        return at

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        children = [child for child in node.children if child.type == self.name]
        count = self._count(known) if self.key else self.most
        if len(children) > count or (self.key and len(children) < count):
            reason = f"{self.key[0]} says {count}" if self.key else f"it occurs {self.most} times"
            raise NodeUnwritable(
                record=self.record, name=f"{len(children)} times {self.name}", place=self.path, reason=reason
            )
        empty = PropertySet(self.name)
        for at in range(count):
            self.item.write(children[at] if at < len(children) else empty, parts, known)

    def _count(self, known: _Known) -> int:
        text = known.get(self.key)
        if text is None or not text.isdecimal() or not self.least <= int(text) <= self.most:
            raise CountWrong(
                table=self.path, count=text, place="", field=" of ".join(self.key), least=self.least, most=self.most
            )
        return int(text)


@dataclass
class _Views:
    """An area that is redefined: one of its views is read, or written."""

    area: Area
    pieces: dict[str, list[_Piece]]
    names: dict[str, frozenset[str]]
    path: str
    record: str
    blank: bytes

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        behind = at
        for piece in self.pieces[self._chosen(known)]:
            behind = piece.read(record, behind, node, known)
        end = at + self.area.length
        rest = record.data[behind:end]
        if len(rest) < end - behind:
            raise RecordLengthWrong(
                record=self.record, found=len(record.data), expected=f"{end} or more: {self.path} ends there", place=""
            )
        if rest != self.blank * len(rest):
            node.properties[self._rest] = rest.hex().upper()
        return end

    @property
    def _rest(self) -> str:
        return f"{self.area.name} rest{KEPT}"

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        chosen = self._chosen(known)
        filled = {child.type for child in node.children}
        filled |= {name for name, value in node.properties.items() if value is not None}
        for view, names in self.names.items():
            other = sorted(filled & (names - self.names[chosen]))
            if view != chosen and other:
                raise NodeUnwritable(
                    record=self.record, name=other[0], place=self.path, reason=f"its bytes are written as {chosen}"
                )
        own: list[bytes] = []
        for piece in self.pieces[chosen]:
            piece.write(node, own, known)
        raw = b"".join(own)
        rest = _from_hex(node.properties.get(self._rest) or "", self.path)
        missing = self.area.length - len(raw)
        parts += [raw, rest if len(rest) == missing else self.blank * missing]

    def _chosen(self, known: _Known) -> str:
        rule = self.area.rule
        if rule is None:
            return self.area.name
        value = known.get((rule.by,)) if rule.by else ""
        view = rule.views.get(value or "", rule.views.get(""))
        if view is None:
            views = ", ".join(each or "else" for each in rule.views)
            raise ViewUndeclared(area=self.path, field=rule.by, value=value, place="", known=views)
        return view


class _Group:
    """A group's codec: its pieces in order."""

    def __init__(self, name: str, path: str, record: str) -> None:
        self.name = name
        self.path = path
        self.record = record
        self.pieces: list[_Piece] = []
        self.names: set[str] = set()
        self.children: set[str] = set()

    def read(self, record: _Bytes, at: int, node: PropertySet, known: _Known) -> int:
        for piece in self.pieces:
            at = piece.read(record, at, node, known)
        return at

    def write(self, node: PropertySet, parts: list[bytes], known: _Known) -> None:
        if not self.names.issuperset(node.properties):
            self._refuse(sorted(node.properties.keys() - self.names)[0], "field")
        for child in node.children:
            if child.type not in self.children:
                self._refuse(child.type, "group")
        for piece in self.pieces:
            piece.write(node, parts, known)

    def _refuse(self, name: str, kind: str) -> None:
        raise NodeUnwritable(
            record=self.record, name=f"the {kind} '{name}'", place=self.path, reason=f"{self.path} has no such {kind}"
        )


class RecordCodec:
    """Reads and writes the records of one description.

    Attributes:
        record: the description.
        most: the bytes that a record may have.
    """

    def __init__(self, record: Placed, options: Options) -> None:
        self.record = record
        self._page = code_page(options.code_page)
        self._group = _compile(record, self._page)
        self.most = record.length

    def decode(self, data: bytes, origin: int | None = None) -> PropertySet:
        """Read one record.

        Args:
            data: its bytes, without the record format's own.
            origin: its number in the file, for the nodes.

        Raises:
            FieldUnreadable, RecordLengthWrong, CountWrong, ViewUndeclared: with the place in the record.
        """
        node = PropertySet(self.record.name, origin=origin)
        behind = self._group.read(_Bytes(data, self._page.decode(data), data.hex(), origin), 0, node, {})
        if behind != len(data):
            raise RecordLengthWrong(
                record=self.record.name, found=len(data), expected=behind, place=f"byte {behind + 1} of the record"
            )
        return node

    def readable(self, data: bytes, origin: int | None = None) -> PropertySet:
        """Read the fields that can be read of a record that has a fault."""
        node = PropertySet(self.record.name, origin=origin)
        # Behind a table of an unknown size, and in an unknown view, no field has a known place.
        with suppress(CountWrong, ViewUndeclared, RecordLengthWrong):
            self._group.read(_Bytes(data, self._page.decode(data), data.hex(), origin, lenient=True), 0, node, {})
        return node

    def encode(self, node: PropertySet) -> bytes:
        """Write one record.

        Raises:
            FieldUnwritable, NodeUnwritable, CountWrong, ViewUndeclared: with the field's path.
        """
        parts: list[bytes] = []
        self._group.write(node, parts, {})
        return b"".join(parts)


def _hex(raw: bytes) -> str:
    shown = raw[:_SHOWN].hex(" ").upper()
    return shown if len(raw) <= _SHOWN else f"{shown} ... ({len(raw)} bytes)"


def _from_hex(text: str, path: str) -> bytes:
    """Read the hex digits of bytes that were kept."""
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise FieldUnwritable(
            value=text, field=path, place=path, reason="hex digits are expected", says="kept byte for byte"
        ) from error


def _count(node: PropertySet, path: Sequence[str]) -> int:
    """Count the nodes at the end of *path*."""
    nodes: Iterable[PropertySet] = [node]
    for step in path:
        nodes = [child for each in nodes for child in each.children if child.type == step]
    return len(list(nodes))


# Compiling


class _Compiler:
    """Makes the pieces of one record's groups."""

    def __init__(self, record: Placed, page: CodePage) -> None:
        self.record = record.name
        self.page = page
        self.keys: set[tuple[str, ...]] = set()
        for part in record.walk():
            if part.entry.occurs and part.entry.occurs.depends_on:
                self.keys.add(part.entry.occurs.depends_on)
            for member in part.members:
                if isinstance(member, Area) and member.rule and member.rule.by:
                    self.keys.add((member.rule.by,))

    def group(self, part: Placed, above: tuple[str, ...]) -> _Group:
        path = (*above, part.name)
        group = _Group(part.name, "/".join(path), self.record)
        self.members(part.members, path, group, group.pieces)
        if part.tail:
            self._add(group, group.pieces, f"{part.name} tail", Unused(part.tail), path, filler=True)
        for piece in group.pieces:
            if isinstance(piece, _Fields):
                for step in piece.steps:
                    counted = next((self._counted(part, key) for key in step.keys), None)
                    if counted:
                        piece.counts[step.name] = counted
        return group

    def members(
        self, members: Sequence[Placed | Area], path: tuple[str, ...], group: _Group, pieces: list[_Piece]
    ) -> None:
        for member in members:
            if member.slack:
                self._add(group, pieces, f"{member.name} slack", Unused(member.slack), path, filler=True)
            if isinstance(member, Area):
                pieces.append(self._views(member, path, group))
            elif member.entry.occurs:
                pieces.append(self._table(member, member.entry.occurs, path))
                group.children.add(member.name)
            elif member.form is None:
                pieces.append(_Single(self.group(member, path)))
                group.children.add(member.name)
            else:
                filler = member.entry.name == "FILLER"
                self._add(group, pieces, member.name, member.form, path, filler, member.entry.name)

    def _add(
        self,
        group: _Group,
        pieces: list[_Piece],
        name: str,
        form: Form,
        path: tuple[str, ...],
        filler: bool = False,
        own_name: str = "",
    ) -> None:
        last = pieces[-1] if pieces else None
        if not isinstance(last, _Fields):
            last = _Fields(self.page)
            pieces.append(last)
        step = self._step(name, form, path, last.length, filler, own_name)
        last.steps.append(step)
        last.length = step.end
        group.names |= {name, step.kept}

    def _step(
        self, name: str, form: Form, path: tuple[str, ...], start: int, filler: bool, own_name: str = ""
    ) -> _Step:
        keys = tuple(key for key in self.keys if key[0] == own_name and all(each in path for each in key[1:]))
        return _Step(name, start, start + form.length, form, "/".join((*path, name)), keys, filler)

    def _table(self, part: Placed, occurs: Occurs, path: tuple[str, ...]) -> _Table:
        item: _Piece
        if part.form is None:
            item = self.group(part, path)
        else:
            step = self._step(part.name, part.form, path, 0, part.entry.name == "FILLER")
            item = _Value(part.name, _Fields(self.page, [step], step.end))
        place = "/".join((*path, part.name))
        return _Table(part.name, occurs.least, occurs.most, occurs.depends_on, place, self.record, item)

    def _views(self, area: Area, path: tuple[str, ...], group: _Group) -> _Views:
        pieces: dict[str, list[_Piece]] = {}
        names: dict[str, frozenset[str]] = {}
        for view in area.views:
            own = _Group(group.name, group.path, group.record)
            self.members([view], path, own, own.pieces)
            pieces[view.name] = own.pieces
            names[view.name] = frozenset(own.names | own.children)
            group.names |= own.names
            group.children |= own.children
        found = _Views(area, pieces, names, "/".join((*path, area.name)), self.record, self.page.blank)
        group.names.add(found._rest)
        return found

    def _counted(self, part: Placed, key: tuple[str, ...]) -> tuple[str, ...] | None:
        """Give the path from a group to the table that *key* counts, through groups that occur once."""
        for member in part.members:
            if isinstance(member, Area):
                continue
            if member.entry.occurs:
                if member.entry.occurs.depends_on == key:
                    return (member.name,)
            elif member.members:
                beneath = self._counted(member, key)
                if beneath:
                    return (member.name, *beneath)
        return None


def _compile(record: Placed, page: CodePage) -> _Group:
    compiler = _Compiler(record, page)
    if record.form is None:
        return compiler.group(record, ())
    # A record of one field: an entry of level 01 or 77 with a picture.
    group = _Group(record.name, record.name, record.name)
    compiler.members([record], (), group, group.pieces)
    return group
