"""The places of a record's fields: entries of a copybook with their forms, lengths, slack bytes and views.

    Placed      a field (it has a form) or a group (it has members)
    Area        the views of the same bytes: an entry with the entries that redefine it

A field's place depends on the fields before it only where a table's number of occurrences varies. Everything else is
worked out here, once.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from integration_objects.nearest import nearest
from schemas.layouts.copybook.entries import MOST_OCCURRENCES, Entry, Usage
from schemas.layouts.copybook.picture import Picture
from schemas.layouts.copybook.source_text import CopybookFaulty
from schemas.layouts.options import Chosen, Options
from schemas.layouts.values.binary import Binary, Pointer
from schemas.layouts.values.code_pages import code_page
from schemas.layouts.values.dated import Dated
from schemas.layouts.values.edited import EditedNumber, EditedText
from schemas.layouts.values.floating import Floating
from schemas.layouts.values.form import Form
from schemas.layouts.values.listed import Listed
from schemas.layouts.values.no_number import NoNumber
from schemas.layouts.values.packed import Packed, UnsignedPacked
from schemas.layouts.values.texts import Text, Wide
from schemas.layouts.values.zoned import BlankZero, Overpunched, SeparatelySigned, Unsigned

#: The bytes of one record: a record of variable format has at most 32 KiB, files without records' lengths more.
MOST_BYTES = 16_000_000
#: The bytes of a table without a largest number of occurrences.
UNBOUNDED_BYTES = 1_000_000


@dataclass
class Placed:
    """A field or a group in a record.

    Attributes:
        name: the name among the members of its group; a second FILLER is "FILLER 2".
        entry: the copybook's entry.
        form: the form of a field; None for a group.
        members: the members of a group, in the order of their bytes.
        offset: the bytes before it in the record, where every table before it has its largest number of occurrences
            and all tables that hold it are at their first.
        slack: unused bytes right before it.
        length: the bytes of one occurrence, at most, with the slack bytes behind it.
        tail: unused bytes at the end of an occurrence.
    """

    name: str
    entry: Entry
    form: Form | None = None
    members: list[Placed | Area] = field(default_factory=list)
    offset: int = 0
    slack: int = 0
    length: int = 0
    tail: int = 0

    @property
    def whole(self) -> int:
        """The bytes of all occurrences, at most."""
        return self.length * (self.entry.occurs.most if self.entry.occurs else 1)

    def walk(self) -> Iterator[Placed]:
        """Yield this group or field, and everything in it, views included, in the order of the copybook."""
        yield self
        for member in self.members:
            for part in member.views if isinstance(member, Area) else [member]:
                yield from part.walk()


@dataclass
class Area:
    """Bytes that several entries describe.

    Attributes:
        views: the entry that is redefined, and the entries that redefine it.
        rule: chooses the view; None for the first one always.
        slack: unused bytes right before it.
        length: the bytes of the longest view.
    """

    views: list[Placed]
    rule: Chosen | None = None
    slack: int = 0
    length: int = 0

    @property
    def name(self) -> str:
        """The name of the entry that is redefined."""
        return self.views[0].name


@dataclass(frozen=True)
class _Inherited:
    """The clauses of a group that hold for the fields in it."""

    usage: Usage | None = None
    leading: bool | None = None
    separate: bool | None = None

    def within(self, entry: Entry) -> _Inherited:
        return _Inherited(
            entry.usage or self.usage,
            self.leading if entry.sign_leading is None else entry.sign_leading,
            self.separate if entry.sign_separate is None else entry.sign_separate,
        )


def place(record: Entry, options: Options, file: str) -> Placed:
    """Place the fields of a record.

    Args:
        record: an entry of level 01 with everything beneath it.
        options: what the layout says about the bytes.
        file: the copybook's name, for errors.

    Raises:
        CopybookFaulty: a redefined entry isn't there, a table's count isn't before it, a length is over the limit.
        CodePageUnknown: a code page isn't there.
    """
    placer = _Placer(options, file)
    placed = placer.placed(record, "", _Inherited(), 0)
    placer.prove_rules(placed)
    return placed


class _Placer:
    """Places the entries of one record."""

    def __init__(self, options: Options, file: str) -> None:
        self.options = options
        self.file = file
        self.page = code_page(options.code_page)
        self.no_number = NoNumber(self.page.blank, options.blanks, options.low_values, options.high_values)

    def placed(self, entry: Entry, name: str, above: _Inherited, offset: int) -> Placed:
        """Place an entry whose first byte stands at *offset*; set the largest number of an unbounded table."""
        inherited = above.within(entry)
        part = Placed(name or entry.name, entry, offset=offset)
        if entry.children:
            part.length = self._place_members(part, inherited) - offset
            if entry.occurs:
                # Each occurrence must be aligned as the first one is.
                alignment = max((self._alignment(field, inherited) for field in entry.walk()), default=1)
                part.tail = -part.length % alignment
                part.length += part.tail
        else:
            part.form = self._dated(entry, self._listed(entry, self._form(entry, inherited)))
            part.length = part.form.length
        if entry.occurs and entry.occurs.is_unbounded:
            entry.occurs = replace(entry.occurs, most=max(1, min(MOST_OCCURRENCES, UNBOUNDED_BYTES // part.length)))
        if part.whole > MOST_BYTES:
            raise self._fault(
                entry, f"{entry.name} takes {part.whole:,} bytes", f"a record has at most {MOST_BYTES:,}", ""
            )
        return part

    def _place_members(self, group: Placed, inherited: _Inherited) -> int:
        """Place the members of a group; return the offset behind the last one."""
        at = group.offset
        names: dict[str, int] = {}
        behind: dict[str, Placed | Area] = {}
        for entry in group.entry.children:
            names[entry.name] = names.get(entry.name, 0) + 1
            name = entry.name if names[entry.name] == 1 else f"{entry.name} {names[entry.name]}"
            if entry.redefines:
                area = self._area(entry, group, behind)
                view = self.placed(entry, name, inherited, area.views[0].offset)
                area.views.append(view)
                area.length = max(area.length, view.whole)
                at = view.offset + area.length
                continue
            slack = -at % self._first_alignment(entry, inherited)
            part = self.placed(entry, name, inherited, at + slack)
            part.slack = slack
            group.members.append(part)
            behind = {entry.name: part}
            at = part.offset + part.whole
        return at

    def _area(self, entry: Entry, group: Placed, behind: dict[str, Placed | Area]) -> Area:
        """Find, or make, the area that *entry* redefines: it is the entry right before, or a view of it."""
        before = group.members[-1] if group.members else None
        names = [view.entry.name for view in before.views] if isinstance(before, Area) else list(behind)
        if before is None or entry.redefines not in names:
            others = [child.name for child in group.entry.children]
            raise self._fault(
                entry,
                f"{entry.name} redefines {entry.redefines}, which isn't right before it",
                "an entry redefines the entry before it in the same group",
                nearest(entry.redefines, others),
            )
        if isinstance(before, Area):
            return before
        area = Area([before], self.options.redefines.get(before.entry.name), before.slack, before.whole)
        # The slack bytes before the area are the area's now, and not the view's again.
        before.slack = 0
        group.members[-1] = area
        return area

    # Forms

    def _listed(self, entry: Entry, form: Form) -> Form:
        """Bind a field to the values of its condition names, where the layout says so."""
        if entry.name not in self.options.conditions:
            return form
        try:
            if entry.conditions:
                return Listed(form, entry.conditions, self.page)
            why = "it has no condition names (level 88)"
        except ValueError as error:
            why = f"it can't hold one of the values: {error}"
        raise self._fault(
            entry, f"{entry.name} can't be bound to its conditions", why, "correct 'conditions' in the layout"
        )

    def _dated(self, entry: Entry, form: Form) -> Form:
        """Make a date of a field, where the layout says that it is one."""
        rule = self.options.dates.get(entry.name)
        if rule is None:
            return form
        dated = Dated(form, rule)
        try:
            dated.write(f"{rule.form.first_year or 2000}-12-31")
        except ValueError as error:
            why, mend = f"{error}; the field is {form.says}", "correct 'dates' in the layout"
            raise self._fault(
                entry, f"{entry.name} can't hold dates of the form {rule.form.form}", why, mend
            ) from error
        return dated

    def _form(self, entry: Entry, inherited: _Inherited) -> Form:
        """Choose the form of a field."""
        picture = entry.picture
        usage = inherited.usage or "display"
        if usage in ("single float", "double float"):
            # IEEE numbers come from machines whose order of bytes is that of their native binary numbers.
            order = self.options.byte_order if self.options.floating_point == "ieee" else "big"
            return Floating(4 if usage == "single float" else 8, self.options.floating_point, order)
        if usage == "pointer":
            return Pointer()
        if usage == "index" or picture is None:
            return Binary(9, 0, True, native=True, order=self.options.byte_order)
        if picture.kind == "number":
            return self._number(entry, picture, inherited, usage)
        if picture.kind == "edited number":
            return EditedNumber(picture, self.page, entry.blank_when_zero, self.options.decimal_point == ",")
        if picture.kind == "edited text":
            return EditedText(picture, self.page)
        if picture.kind == "national" or usage == "national":
            return Wide(2 * picture.size, "utf-16-be", entry.right)
        if picture.kind == "double byte" or usage == "double byte":
            if not self.options.double_byte_code_page:
                raise self._fault(
                    entry,
                    f"{entry.name} holds double-byte characters",
                    "the layout names no double-byte code page",
                    "add 'double byte code page: ...' to the layout",
                )
            return Wide(2 * picture.size, self.options.double_byte_code_page, entry.right)
        return Text(picture.size, self.page, entry.right)

    def _number(self, entry: Entry, picture: Picture, inherited: _Inherited, usage: Usage) -> Form:
        digits, scale, signed = picture.digits, picture.scale, picture.signed
        if usage in ("binary", "native binary"):
            native = usage == "native binary"
            return Binary(digits, scale, signed, native, self.options.byte_order if native else "big")
        if usage == "packed":
            return Packed(digits, scale, signed, self.no_number)
        if usage == "unsigned packed":
            if signed:
                raise self._fault(entry, f"{entry.name} is COMP-6 and has a sign", "COMP-6 has no sign", "take S away")
            return UnsignedPacked(digits, scale, self.no_number)
        if entry.blank_when_zero:
            # A zero of blanks: blanks mean zero here, whatever they mean elsewhere.
            return BlankZero(self._zoned(digits, scale, signed, inherited), self.page.blank)
        return self._zoned(digits, scale, signed, inherited)

    def _zoned(
        self, digits: int, scale: int, signed: bool, inherited: _Inherited
    ) -> Unsigned | Overpunched | SeparatelySigned:
        if not signed:
            return Unsigned(digits, scale, self.page, self.no_number)
        kind = SeparatelySigned if inherited.separate else Overpunched
        return kind(digits, scale, self.page, self.no_number, bool(inherited.leading))

    # Alignment

    def _first_alignment(self, entry: Entry, inherited: _Inherited) -> int:
        """Give the alignment of the first field in *entry*: slack bytes stand before the groups that begin with it."""
        while entry.children:
            inherited = inherited.within(entry)
            entry = entry.children[0]
        return self._alignment(entry, inherited)

    def _alignment(self, entry: Entry, inherited: _Inherited) -> int:
        if not entry.aligned or entry.children:
            return 1
        usage = inherited.within(entry).usage
        if usage in ("binary", "native binary") and entry.picture:
            return 2 if entry.picture.digits <= 4 else 4
        return {"single float": 4, "double float": 8, "index": 4, "pointer": 4}.get(usage or "", 1)

    # Proofs

    def prove_rules(self, record: Placed) -> None:
        """Prove that the names which the copybook and the layout refer to are there."""
        names = {part.entry.name for part in record.walk()}
        seen: set[str] = set()
        for part in record.walk():
            occurs = part.entry.occurs
            if occurs and occurs.depends_on and occurs.depends_on[0] not in seen:
                raise self._fault(
                    part.entry,
                    f"{part.entry.name} depends on {occurs.depends_on[0]}, which isn't before it",
                    "the number of occurrences must be known when the table is read",
                    nearest(occurs.depends_on[0], sorted(seen)),
                )
            seen.add(part.entry.name)
        for name, first, last in record.entry.renames:
            for each in (first, last):
                if each not in names:
                    raise self._fault(
                        record.entry, f"{name} renames {each}, which isn't there", "", nearest(each, sorted(names))
                    )

    def _fault(self, entry: Entry, what: str, why: str, mend: str) -> CopybookFaulty:
        return CopybookFaulty(what, where=f"{self.file}:{entry.line}", why=why, mend=mend)
