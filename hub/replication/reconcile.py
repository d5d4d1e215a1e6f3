"""Reconcile a feed: compare the hub's records with an extract of all the partner's, and class each difference.

Both sides are read once, and added up in buckets. The records of the buckets that differ are then compared field by
field, beside the agreed rows, the conflicts and the values that are on their way. Traffic goes on meanwhile: the
records are looked at as they are then.

Spec: docs/design/legacy.md, "Reconciliation".
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from adapters.database.replication.agreed import AgreedRecord
from adapters.database.replication.decisions import StoredDecision
from adapters.database.replication.flat_rows import OurRecord
from adapters.database.replication.rows import REJECTED
from hub.data_manager.open_hub import Transaction
from hub.deployment.feed import FlatRow
from hub.replication.buckets import Buckets, bucket_of
from hub.replication.difference_class import CLASSES, Difference, DifferenceClass, class_of
from hub.replication.differences import is_closed
from hub.replication.export import UNSENDABLE
from hub.replication.flat_row import RecordRead, digest_of, read_flat_row, version_of
from hub.replication.opened_feed import OpenFeed
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet
from schemas.layouts.layout import Found

#: Keys that are compared in one transaction.
_AT_ONCE = 500
#: The newest batches among whose rejected records an explanation is looked for.
_BATCHES = 50
_PRESENT = "present"


class ExtractIncomplete(Refused):
    """An extract of the partner's isn't whole."""

    what = "the extract isn't whole"
    where = "file {file}"
    why = "{reason}"
    mend = "send the whole extract: without it, each record that is missing would count as a difference"


@dataclass(frozen=True)
class TheirRecord:
    """A record of the extract.

    Attributes:
        read: its values, with the first fault.
        version: in a form that sorts.
    """

    read: RecordRead
    version: str | None


@dataclass
class Reconciled:
    """The result.

    Attributes:
        ours, theirs: the number of records on each side.
        differences: each with its class, in the order of the keys.
        records: the partner's records for the keys that differ; None for a key that the partner doesn't have.
    """

    ours: int = 0
    theirs: int = 0
    differences: list[tuple[DifferenceClass, Difference]] = field(default_factory=list)
    records: dict[str, TheirRecord | None] = field(default_factory=dict)

    def counts(self) -> dict[DifferenceClass, int]:
        """Count the differences of each class."""
        counted = Counter(name for name, _ in self.differences)
        return {name: counted[name] for name in CLASSES}


@dataclass(frozen=True)
class _Noted:
    """The hub's notes on a feed, read once for all records.

    Attributes:
        unsendable: the sentence about each record that can't be sent.
        rejected: the digest of each record that was rejected, and the reason.
        latest: the newest version that a file of the partner's told of.
    """

    unsendable: Mapping[str, str]
    rejected: Mapping[str, tuple[str, str]]
    latest: str | None


@dataclass(frozen=True)
class _Known:
    """What the hub knows of some records beside their values."""

    noted: _Noted
    agreed: Mapping[str, AgreedRecord]
    open_of: Mapping[str, Mapping[str | None, StoredDecision]]
    with_open_orders: frozenset[str]


class Reconciliation:
    """Compares the two sides of one feed."""

    def __init__(self, open_feed: OpenFeed) -> None:
        self._open_feed = open_feed
        self._open_hub = open_feed.open_hub
        self._feed = open_feed.feed
        self._layout = open_feed.layout
        self._flat_rows = open_feed.flat_rows

    def reconcile(self, file: BinaryIO, name: str) -> Reconciled:
        """Compare the hub's records with those of an extract; *name* is the file's, for errors.

        Raises:
            ExtractIncomplete: the extract has no trailer, or another number of records than its trailer says.
            Invalid: a record can't be read.
        """
        result = Reconciled()
        ours, theirs = Buckets(), Buckets()
        # The bucket of each record of the file, two bytes each; a header and a trailer are in any bucket.
        buckets = array("H")
        for found in self._proven(file, name):
            bucket = 0
            if found.type.name == self._feed.file.record:
                key = found.node.properties.get(self._feed.record_key) or ""
                bucket = theirs.add(key, read_flat_row(self._feed, found.node).row)
                result.theirs += 1
            buckets.append(bucket)
        with self._open_hub.read() as transaction:
            for record in self._flat_rows.in_key_order(transaction.connection):
                if not is_closed(self._feed, record.fields):
                    ours.add(record.key, record.fields)
                    result.ours += 1
        differing = ours.differing(theirs)
        candidates = self._records_in(file, buckets, differing)
        with self._open_hub.read() as transaction:
            connection = transaction.connection
            keys = {key for key in self._flat_rows.keys(connection) if bucket_of(key) in differing}
            noted = self._noted(transaction)
        every = sorted(keys | candidates.keys())
        for start in range(0, len(every), _AT_ONCE):
            self._compare(every[start : start + _AT_ONCE], candidates, noted, result)
        return result

    def _proven(self, file: BinaryIO, name: str) -> Iterator[Found[Any]]:
        """Yield all records, and prove at the end that the file was whole."""
        form, count, said = self._feed.file, 0, ""
        compared = {field.record for field in self._feed.fields}
        for found in self._layout.records(file, may_lack=form.record):
            if found.type.name == form.record:
                if found.lacking and (lacking := compared & found.lacking):
                    raise ExtractIncomplete(file=name, reason=f"{found.place} lacks {', '.join(sorted(lacking))}")
                count += 1
            elif found.type.name == form.trailer and form.control.count is not None:
                said = found.node.get(form.control.count.field) or ""
            yield found
        if form.control.count is not None and said != str(count):
            reason = f"it has {count} records, and its trailer says {said or 'nothing'}"
            raise ExtractIncomplete(file=name, reason=reason)

    def _records_in(self, file: BinaryIO, buckets: array[int], differing: frozenset[int]) -> dict[str, TheirRecord]:
        """Read the records of the buckets that differ once more; the others are passed over."""
        file.seek(0)
        chosen = (bucket in differing for bucket in buckets)
        found = self._layout.records(file, may_lack=self._feed.file.record, chosen=chosen)
        return dict(self._their_record(each.node) for each in found if each.type.name == self._feed.file.record)

    def _their_record(self, node: PropertySet) -> tuple[str, TheirRecord]:
        get = node.properties.get
        version = version_of(get(self._feed.version)) if self._feed.version is not None else None
        return get(self._feed.record_key) or "", TheirRecord(read_flat_row(self._feed, node), version)

    def _compare(
        self, keys: Sequence[str], candidates: Mapping[str, TheirRecord], noted: _Noted, result: Reconciled
    ) -> None:
        open_feed = self._open_feed
        with self._open_hub.read() as transaction:
            ours = self._flat_rows.by_key(transaction.connection, keys)
            known = _Known(
                noted,
                open_feed.agreed(transaction).by_key(keys),
                open_feed.decisions(transaction).open_of(keys),
                open_feed.with_open_orders(transaction, keys),
            )
        for key in keys:
            theirs = candidates.get(key)
            found = list(self._differences(key, ours.get(key), theirs, known))
            if found:
                result.differences += [(class_of(difference), difference) for difference in found]
                result.records[key] = theirs

    def _noted(self, transaction: Transaction) -> _Noted:
        alarms = self._open_feed.alarms(transaction).standing(UNSENDABLE)
        rejected: dict[str, tuple[str, str]] = {}
        batches = self._open_feed.batches(transaction).listing(self._feed.name, _BATCHES, direction="in")
        for batch in reversed([batch for batch in batches if batch.rejected]):
            for row in self._open_feed.rows(transaction).listing(batch.id, 0, 10_000, REJECTED):
                reason = (row.reason or {}).get("what", row.row_status)
                rejected[row.key or ""] = (row.digest or "", f"file {batch.name}, record {row.position}: {reason}")
        return _Noted(
            {alarm.about: alarm.sentence for alarm in alarms},
            rejected,
            self._open_feed.agreed(transaction).latest_version(),
        )

    def _differences(
        self, key: str, record: OurRecord | None, theirs: TheirRecord | None, known: _Known
    ) -> Iterator[Difference]:
        ours = None if record is None or is_closed(self._feed, record.fields) else record.fields
        their_row = None if theirs is None else theirs.read.row
        if ours == their_row:
            return
        agreed = known.agreed.get(key)
        later = theirs is not None and theirs.version is not None and theirs.version > (known.noted.latest or "")
        fault = _fault(key, theirs, known.noted)
        is_whole = ours is None or their_row is None
        for place, name in [(None, None)] if is_whole else enumerate(self._feed.names):
            difference = Difference(
                key,
                name,
                _value(ours, place),
                _value(their_row, place),
                _value(None if agreed is None else agreed.partners, place),
                _value(None if agreed is None else agreed.sent, place),
                is_out=agreed is not None and agreed.sent_batch is not None,
                is_open=bool({name, None} & known.open_of.get(key, {}).keys()),
                # The partner deleted an account whose order is open: the hub keeps it until then.
                is_pending=their_row is None and key in known.with_open_orders,
                is_later=later,
                fault=fault,
            )
            if difference.ours != difference.theirs:
                yield difference


def _fault(key: str, theirs: TheirRecord | None, noted: _Noted) -> str | None:
    if key in noted.unsendable:
        return noted.unsendable[key]
    digest, reason = noted.rejected.get(key, ("", ""))
    return reason if theirs is not None and digest == digest_of(theirs.read.row) else None


def _value(row: FlatRow | None, place: int | None) -> str | None:
    """Return a field's value, or of a whole record whether it is there."""
    if row is None:
        return None
    return _PRESENT if place is None else row[place]
