"""Read a file of a feed: its header, its records, and the control totals of its trailer.

    read_header    the number and the kind, from the first record
    check_file     the whole file is read once: order of the records, totals; nothing is stored
    file_records   the data or answer records of a checked file, one after the other

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, repeat
from typing import Any, BinaryIO

from hub.deployment.feed import Answered, CheckName, Feed, FileKind, Place
from hub.replication.control_totals import ControlTotals
from integration_objects.errors import Invalid
from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet
from schemas.layouts.layout import Found, Layout

#: The largest number of a file: the databases count to 2^63.
_MOST_NUMBER = 10**18
#: Records between two notes of the progress.
_PAUSE = 1000


class FeedFileEmpty(Invalid):
    """A file of a feed has no record."""

    what = "the file is empty"
    where = "byte 1 of the file"
    why = "a file begins with a {record}"
    mend = "send the file whole"


class FeedRecordOutOfPlace(Invalid):
    """A record of a feed's file stands where none of its kind can stand."""

    what = "the record {record} can't stand here"
    where = "{place}"
    why = "{reason}"
    mend = "send one header, the records, and one trailer"


class FeedTrailerMissing(Invalid):
    """A file of a feed ends before its trailer."""

    what = "the file has no trailer"
    where = "the end of the file"
    why = "the last record is a {record}, and a whole file ends with a {trailer}"
    mend = "send the file whole"


class FeedNumberUnreadable(Invalid):
    """The number of a feed's file is missing, or no number."""

    what = "the number of the file can't be read"
    where = "{place}"
    why = "{place} has {found!r}, and a number from {least} on is expected"
    mend = "number the files one by one"


class FeedKindUnknown(Invalid):
    """The kind of a feed's file is none that the feed declares."""

    what = "the kind of the file is unknown"
    where = "{place}"
    why = "{place} has {found!r}, and {known} are declared"
    mend = "send a declared kind, or correct 'kind' of the feed"


class FeedTotalWrong(Invalid):
    """A control total of a feed's file differs from what its records make."""

    what = "the {check} in {place} doesn't agree with the records"
    where = "{place}"
    why = "it says {said}, and the records make {found}"
    mend = "send the file again as it was made, or correct the total where the file is made"


class FeedAnswerUnreadable(Invalid):
    """A record of an answer has an outcome that the feed doesn't know."""

    what = "the outcome of a record can't be read"
    where = "{place}"
    why = "it is {found!r}, and {known} are declared"
    mend = "send a declared outcome"


@dataclass(frozen=True)
class FileHeader:
    """The facts of a file's header.

    Attributes:
        number: the file's number.
        kind: delta, full or answer.
        of: the number of the file that it answers, or sends again in part; None for neither.
    """

    number: int
    kind: FileKind
    of: int | None


@dataclass(frozen=True)
class CheckedFile:
    """A file that was read once, and is sound.

    Attributes:
        header: its header.
        records: the number of data or answer records.
        amount: the sum of the declared amounts; None where none is declared.
        is_refusal: whether it is an answer that says that the whole file was refused.
        reason: the reason of such a refusal.
    """

    header: FileHeader
    records: int
    amount: Decimal | None
    is_refusal: bool
    reason: str


def read_header(feed: Feed, layout: Layout[Any], file: BinaryIO) -> FileHeader:
    """Read the header of a file from its beginning.

    Raises:
        Invalid: the file has no readable header.
    """
    found = next(layout.records(file, may_lack=feed.file.record), None)
    if found is None:
        raise FeedFileEmpty(record=feed.file.header)
    return _header(feed, found)


def file_records(
    feed: Feed, layout: Layout[Any], file: BinaryIO, kind: FileKind, behind: int = 0
) -> Iterator[Found[Any]]:
    """Yield the data records of a file that was checked, or its answer records.

    A data record whose fields can't be read comes with its fault: it is rejected by itself.

    Args:
        feed: declares the form.
        layout: of the feed's files.
        file: is at its beginning.
        kind: of the file.
        behind: the number of records that are passed over without being read.

    Raises:
        Invalid: the file isn't the one that was checked.
    """
    # The header stands before the first of them.
    chosen = chain(repeat(False, behind + 1), repeat(True))
    every = layout.records(file, keep_faults=kind != "answer", may_lack=feed.file.record, chosen=chosen)
    return (found for found in every if found.type.name == _wanted(feed, kind))


def check_file(feed: Feed, layout: Layout[Any], file: BinaryIO, today: str) -> Generator[int, None, CheckedFile]:
    """Read a file once, and check it; yield the bytes read so far, now and then.

    *today*: a check that is waived until a later day isn't made.

    Raises:
        Invalid: the first fault.
    """
    header = read_header(feed, layout, file)
    file.seek(0)
    adding = _Adding(feed, header.kind)
    frame: dict[str, PropertySet] = {}
    for found in _every_record(feed, layout, file, header.kind):
        if found.type.name in (feed.file.header, feed.file.trailer):
            frame[found.type.name] = found.node
            continue
        adding.add(found)
        if adding.totals.count % _PAUSE == 0:
            yield found.offset
    waived = {waiver.check for waiver in feed.waivers if today <= waiver.until}
    adding.prove(frame, waived)
    answer = feed.file.answer
    is_refusal = header.kind == "answer" and _said(frame, answer.verdict) == answer.refused
    amount = None if feed.file.control.amounts is None else adding.totals.credits - adding.totals.debits
    return CheckedFile(header, adding.totals.count, amount, is_refusal, _said(frame, answer.verdict_reason) or "")


class _Adding:
    """Adds up the totals of a file."""

    def __init__(self, feed: Feed, kind: FileKind) -> None:
        control = feed.file.control
        self._feed = feed
        self._is_answer = kind == "answer"
        self._hashed = None if control.hash is None or self._is_answer else control.hash.of
        self._amount = None if control.amounts is None or self._is_answer else control.amounts.of
        self._outcomes: Counter[str] = Counter()
        self._has_unread = False
        self.totals = ControlTotals(None if control.hash is None else control.hash.digits)

    def add(self, found: Found[Any]) -> None:
        """Add a record."""
        get = found.node.properties.get
        hashed = None if self._hashed is None else get(self._hashed)
        amount = None if self._amount is None else as_number(get(self._amount) or "")
        self.totals.add(found.data, hashed, amount)
        self._has_unread = self._has_unread or found.fault is not None
        if self._is_answer:
            self._outcomes[answered_in(self._feed, found)] += 1

    def prove(self, frame: dict[str, PropertySet], waived: set[CheckName]) -> None:
        """Compare all totals with those that the file says."""
        control, totals = self._feed.file.control, self.totals
        if control.count is not None and "count" not in waived:
            _prove_number("count", control.count, frame, Decimal(totals.count))
        if self._is_answer:
            # An answer may leave accepted records out, so that their number isn't that of its records.
            names: tuple[Answered, ...] = ("kept", "rejected")
            for name in names:
                place = self._feed.file.answer.counts[name]
                _prove_number(f"number of {name} records", place, frame, Decimal(self._outcomes[name]))
        # A sum over fields of which one can't be read proves nothing; the count and the digest do.
        elif not self._has_unread:
            if control.hash is not None and "hash" not in waived:
                _prove_number("hash total", control.hash.place, frame, Decimal(totals.hash_total))
            if control.amounts is not None and "amounts" not in waived:
                _prove_number("total of credits", control.amounts.credits, frame, totals.credits)
                _prove_number("total of debits", control.amounts.debits, frame, totals.debits)
        if control.digest is not None and "digest" not in waived:
            said = _said(frame, control.digest)
            if (said or "").lower() != totals.digest:
                raise FeedTotalWrong(check="digest", place=control.digest, said=said or "nothing", found=totals.digest)


def answered_in(feed: Feed, found: Found[Any]) -> Answered:
    """Return the outcome that a record of an answer tells.

    Raises:
        FeedAnswerUnreadable: it tells none.
    """
    answer = feed.file.answer
    said = found.node.properties.get(answer.outcome) or ""
    for name, code in answer.codes.items():
        if code == said:
            return name
    raise FeedAnswerUnreadable(place=found.place, found=said, known=", ".join(answer.codes.values()))


def _every_record(feed: Feed, layout: Layout[Any], file: BinaryIO, kind: FileKind) -> Iterator[Found[Any]]:
    form, wanted, last = feed.file, _wanted(feed, kind), ""
    for found in layout.records(file, keep_faults=kind != "answer", may_lack=form.record):
        name = found.type.name
        if name == wanted and last in (wanted, form.header):
            pass
        elif last == form.trailer:
            raise FeedRecordOutOfPlace(record=name, place=found.place, reason=f"the {form.trailer} came before it")
        elif name == form.header and last:
            raise FeedRecordOutOfPlace(record=name, place=found.place, reason="it is the second header of the file")
        elif name not in (form.header, form.trailer, wanted):
            reason = f"a file of kind {form.kinds[kind]} has records {wanted}"
            raise FeedRecordOutOfPlace(record=name, place=found.place, reason=reason)
        elif not last and name != form.header:
            raise FeedRecordOutOfPlace(record=name, place=found.place, reason=f"a file begins with a {form.header}")
        if name != wanted and (fault := found.placed_fault) is not None:
            raise fault
        last = name
        yield found
    if last != form.trailer:
        raise FeedTrailerMissing(record=last, trailer=form.trailer)


def _wanted(feed: Feed, kind: FileKind) -> str:
    return feed.file.answer.record if kind == "answer" else feed.file.record


def _header(feed: Feed, found: Found[Any]) -> FileHeader:
    form = feed.file
    if found.type.name != form.header:
        reason = f"a file begins with a {form.header}"
        raise FeedRecordOutOfPlace(record=found.type.name, place=found.place, reason=reason)
    values = found.node.properties
    number = _number(form.number, values.get(form.number.field), form.first_number)
    said = values.get(form.kind.field)
    kind = next((name for name, text in form.kinds.items() if text == said), None)
    if kind is None:
        raise FeedKindUnknown(place=form.kind, found=said or "", known=", ".join(form.kinds.values()))
    of = values.get(form.of.field)
    return FileHeader(number, kind, None if not (of or "").strip("0 ") else _number(form.of, of, form.first_number))


def _number(place: Place, text: str | None, least: int) -> int:
    number = as_number((text or "").strip())
    if number is None or number != number.to_integral_value() or not least <= number < _MOST_NUMBER:
        raise FeedNumberUnreadable(place=place, found=text or "", least=least)
    return int(number)


def _said(frame: dict[str, PropertySet], place: Place) -> str | None:
    node = frame.get(place.record)
    return None if node is None else node.properties.get(place.field)


def _prove_number(check: str, place: Place, frame: dict[str, PropertySet], found: Decimal) -> None:
    said = _said(frame, place)
    if said is None or as_number(said.strip()) != found:
        raise FeedTotalWrong(check=check, place=place, said=said or "nothing", found=write_number(found))
