"""Write a file of a feed: header, records, and a trailer, with the control totals of the records.

Data and answers are written alike. The totals are added up on the way; only where the header has one of them, the
records are gone through twice.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.deployment.feed import Feed, FileKind, Place
from hub.replication.control_totals import ControlTotals
from hub.replication.flat_row import written_time
from integration_objects.errors import HubError
from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet
from schemas.layouts.layout import Layout


@dataclass(frozen=True)
class FileHead:
    """The facts of a file's header.

    Attributes:
        number: the file's number in the hub's sequence.
        of: the number of the file that it answers; None for a file of data.
        made_at: the time for the header, ISO in UTC.
        refusal: why the answered file was refused, as a batch keeps an error; None where it was accepted.
    """

    kind: FileKind
    number: int
    made_at: str
    of: int | None = None
    refusal: Mapping[str, str] | None = None


@dataclass
class _Totals:
    """The totals so far, of data or of answers."""

    control: ControlTotals
    outcomes: Counter[str] = field(default_factory=Counter)


def written_file(
    feed: Feed, layout: Layout[Any], head: FileHead, records: Callable[[], Iterable[PropertySet]]
) -> Iterator[bytes]:
    """Yield the bytes of a file, part by part.

    Args:
        feed: declares the form.
        layout: of the feed's files.
        head: the facts of the header.
        records: begins a reading of the data or answer records, without their types.

    Raises:
        Refused: a value has no place in the layout.
    """
    return layout.parts(_records(feed, layout, head, records))


def _records(
    feed: Feed, layout: Layout[Any], head: FileHead, records: Callable[[], Iterable[PropertySet]]
) -> Iterator[bytes]:
    header = _header_values(feed, head)
    if any(place.record == feed.file.header for place in _total_places(feed, head.kind)):
        totals = _new_totals(feed)
        for _ in _counted(feed, layout, head.kind, records(), totals):
            pass
        header |= _total_values(feed, head.kind, totals)
    totals = _new_totals(feed)
    yield _frame(layout, feed.file.header, header)
    yield from _counted(feed, layout, head.kind, records(), totals)
    yield _frame(layout, feed.file.trailer, _total_values(feed, head.kind, totals))


def _header_values(feed: Feed, head: FileHead) -> dict[Place, str]:
    form = feed.file
    values = {form.number: str(head.number), form.of: str(head.of or 0), form.kind: form.kinds[head.kind]}
    if form.made_at is not None:
        values[form.made_at] = written_time(head.made_at, feed.zone)
    if head.kind == "answer":
        values[form.answer.verdict] = form.answer.accepted if head.refusal is None else form.answer.refused
    if head.refusal is not None:
        values[form.answer.verdict_reason] = head.refusal.get("reason", "")
        values[form.answer.verdict_text] = head.refusal.get("what", "")
    return values


def _counted(
    feed: Feed, layout: Layout[Any], kind: FileKind, records: Iterable[PropertySet], totals: _Totals
) -> Iterator[bytes]:
    """Yield the bytes of the records, and add them up in *totals*, which changes."""
    form, control = feed.file, feed.file.control
    hashed = control.hash.of if control.hash is not None and kind != "answer" else None
    amount = control.amounts.of if control.amounts is not None and kind != "answer" else None
    for number, record in enumerate(records, 2):
        try:
            content = layout.typed_bytes(record)
        except HubError as error:
            raise error.at(f"record {number}") from None
        get = record.properties.get
        totals.control.add(
            content, get(hashed) if hashed is not None else None, as_number(get(amount) or "") if amount else None
        )
        if kind == "answer":
            totals.outcomes[get(form.answer.outcome) or ""] += 1
        yield content


def _new_totals(feed: Feed) -> _Totals:
    hash_total = feed.file.control.hash
    return _Totals(ControlTotals(None if hash_total is None else hash_total.digits))


def _total_places(feed: Feed, kind: FileKind) -> Iterator[Place]:
    return iter(_total_values(feed, kind, _new_totals(feed)))


def _total_values(feed: Feed, kind: FileKind, totals: _Totals) -> dict[Place, str]:
    control, sums = feed.file.control, totals.control
    values: dict[Place, str] = {}
    if control.count is not None:
        values[control.count] = str(sums.count)
    if control.digest is not None:
        values[control.digest] = sums.digest
    if kind == "answer":
        answer = feed.file.answer
        return values | {place: str(totals.outcomes[answer.codes[name]]) for name, place in answer.counts.items()}
    if control.hash is not None:
        values[control.hash.place] = str(sums.hash_total)
    if control.amounts is not None:
        values[control.amounts.debits] = write_number(sums.debits)
        values[control.amounts.credits] = write_number(sums.credits)
    return values


def _frame(layout: Layout[Any], name: str, values: dict[Place, str]) -> bytes:
    """Return the bytes of the header or the trailer, with those of the values that it has a field for."""
    properties: dict[str, str | None] = {place.field: value for place, value in values.items() if place.record == name}
    return layout.typed_bytes(PropertySet(name, properties=properties))
