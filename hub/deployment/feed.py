"""A feed: one flat record that the hub and a partner both keep, and how it is kept equal by numbered files.

    feed: billing_accounts
    object: Account                             # the root; its key is the key of the record on both sides
    key: {field: Account Id, record: CUST-NO}
    joined:                                     # further objects of the flat record
      Address: {by: Address Id}                 # a field of the root that names the address
      Contact: {by: Account Id, where: {Primary Flag: "Y"}}   # a field of the contact that names the root
    fields:
      Name: {record: CUST-NAME, owner: partner}
      Address/Street: {record: STREET, owner: hub}

The partner is the other side. A flat row is the values of one record in the order of the feed's fields.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md has every key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from adapters.transport import TransportKind
from integration_objects.component import Field, FieldType
from integration_objects.errors import Refused, UnknownName

#: The side, or the rule, that decides about a field that both sides changed.
Owner = Literal["hub", "partner", "newest", "counter", "manual"]
#: The values of one record, in the order of the feed's fields.
FlatRow = tuple[str | None, ...]
#: The kinds of a file: changes only, every record, or the answer to a file of the other side.
FileKind = Literal["delta", "full", "answer"]
#: What a file says of a record; "present" in a full file, which has no operations.
RecordOperation = Literal["add", "change", "delete", "present"]
#: What the receiver of a file did with a record.
Answered = Literal["accepted", "kept", "rejected"]
#: The checks of a file that a feed can waive.
CheckName = Literal["count", "hash", "amounts", "digest"]
#: The numbers that a guard can limit.
LimitName = Literal["adds", "changes", "deletes", "amounts", "size"]


class FeedUnknown(UnknownName, Refused):
    """A command names a feed that the deployment doesn't have."""

    kind = "feed"
    where = "argument FEED"


@dataclass(frozen=True)
class FeedField:
    """A field of the flat record.

    Attributes:
        name: ``Name`` of the root, ``Address/Street`` of a joined object.
        joined: the joined object; "" for the root.
        field: the field of the hub's object.
        record: the field of the partner's record.
        owner: decides where both sides changed the field.
        codes: the hub's value of each of the partner's codes; empty where both write the same.
        layout_type: the type that the layout gives the partner's field.
    """

    name: str
    joined: str
    field: Field
    record: str
    owner: Owner
    codes: Mapping[str, str]
    layout_type: FieldType

    @cached_property
    def codes_of_hub(self) -> Mapping[str, str]:
        """The partner's code of each of the hub's values."""
        return {ours: theirs for theirs, ours in self.codes.items()}


@dataclass(frozen=True)
class Joined:
    """A further object of the flat record, at most one for each root.

    Attributes:
        object: the integration object.
        key: the field of its key.
        by: the field that joins it to the root.
        is_named_by_root: whether *by* is a field of the root that names the object; else it is a field of the object
            that names the root.
        where: fields that the joined object has, beside *by*.
    """

    object: str
    key: str
    by: str
    is_named_by_root: bool
    where: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """A field of one of the records of a file, as the declaration writes it: ``FILE-HEADER/FILE-NO``."""

    record: str
    field: str

    def __str__(self) -> str:
        return f"{self.record}/{self.field}"


@dataclass(frozen=True)
class AnswerForm:
    """The records of a file that answers another file; a record without an answer of its own was accepted.

    Attributes:
        record: the name of the records.
        position: the field with the position of the answered record in its file, from 1.
        key: the field with the record's key.
        outcome: the field that tells what became of the record.
        codes: the text of each outcome in that field.
        reason, text: the fields with the name of the reason, and its sentence.
        verdict: the field that tells whether the file was accepted; and what it holds then, and otherwise.
        accepted, refused: the texts of *verdict*.
        verdict_reason, verdict_text: the fields with the reason of a refusal.
        counts: the field with the number of records of each outcome.
        version: the field with the version that the answering side's record has from now on; None where it has none.
    """

    record: str
    position: str
    key: str
    outcome: str
    codes: Mapping[Answered, str]
    reason: str
    text: str
    verdict: Place
    accepted: str
    refused: str
    verdict_reason: Place
    verdict_text: Place
    counts: Mapping[Answered, Place]
    version: str | None = None


@dataclass(frozen=True)
class HashTotal:
    """A total of the digits in a field, of which the last *digits* are kept."""

    of: str
    digits: int
    place: Place


@dataclass(frozen=True)
class AmountTotals:
    """The totals of a field's amounts: of those below zero (debits, without sign), and of the others (credits)."""

    of: str
    debits: Place
    credits: Place


@dataclass(frozen=True)
class Control:
    """The totals that a file carries, each None where the file has none.

    Attributes:
        count: the number of data or answer records.
        hash: the hash total, over data records.
        amounts: the totals of amounts, over data records.
        digest: BLAKE2b with 16 bytes, in hex, of the bytes of all data or answer records.
    """

    count: Place | None = None
    hash: HashTotal | None = None
    amounts: AmountTotals | None = None
    digest: Place | None = None


@dataclass(frozen=True)
class FileForm:
    """The form of the files, the same in both directions.

    Attributes:
        layout: the external object.
        record: the name of the data records.
        header, trailer: the names of the first and the last record.
        number: the field with the file's number. Data and answers of one side are one sequence.
        first_number: the number of the first file.
        of: the field with the number of the file that an answer or a resubmission names; zero or nothing otherwise.
        kind: the field that tells the kind of a file, and the text for each kind.
        operation: the field of a data record that tells its operation; None where there is none.
        operations: the text of each operation.
        made_at: the field of the header with the time at which the hub wrote a file; None for none.
    """

    layout: str
    record: str
    header: str
    trailer: str
    number: Place
    first_number: int
    of: Place
    kind: Place
    kinds: Mapping[FileKind, str]
    operation: str | None
    operations: Mapping[RecordOperation, str]
    made_at: Place | None
    answer: AnswerForm
    control: Control


@dataclass(frozen=True)
class Limit:
    """A bound on one number of a batch: a number, or a share of what is usual."""

    most: int | None = None
    per_cent: int | None = None

    def __str__(self) -> str:
        return str(self.most) if self.most is not None else f"{self.per_cent} %"


@dataclass(frozen=True)
class Waiver:
    """A check that isn't made until a day."""

    check: CheckName
    reason: str
    until: str


@dataclass(frozen=True)
class Expected:
    """When files arrive.

    Attributes:
        at: a cron expression, in the deployment's time zone.
        late_after_m: minutes after which a file is late.
        early_before_m: minutes by which a file may be early.
        answer_within_m: minutes after which the answer to a file of ours is late; None for never.
        smallest: the share of the usual size, in per cent, beneath which a file is unusually small.
    """

    at: str
    late_after_m: int
    early_before_m: int
    answer_within_m: int | None
    smallest: int


@dataclass(frozen=True)
class Kept:
    """How long rows of the interface table are kept.

    Attributes:
        days: the days of a row after its batch's end.
        sources: the days of a row that a decision names, after the decision: `orderhub feed why` tells its bytes.
        batches: the newest batches of each direction whose rows are kept for longer.
    """

    days: int = 30
    sources: int = 365
    batches: int = 10


@dataclass(frozen=True)
class FeedMessages:
    """The messages between two files: single records, in the form of the feed's data records and answer records.

    Attributes:
        transport, place: the kind of transport that the partner's messages come in by, and the channel's name there.
        to_transport, to_place: those that the hub's messages leave by.
        senders: the senders whose messages are taken; empty for all.
        where: file:line:column of the declaration.
        to_where: that of its key ``to``.
    """

    transport: TransportKind
    place: str
    to_transport: TransportKind
    to_place: str
    senders: tuple[str, ...]
    where: str
    to_where: str

    @property
    def destination(self) -> str:
        """The destination in the outbox of the hub's messages."""
        return self.to_transport.destination(self.to_place)


@dataclass(frozen=True)
class Feed:
    """A feed.

    Attributes:
        name: the feed's name.
        object: the root's integration object.
        key: the field of the root's key.
        record_key: the field of the partner's record with the key.
        joined: the joined objects by name.
        fields: the fields, in the order of a flat row.
        version: the field of the partner's record with its change time or counter; None where it has none.
        file: the form of the files.
        folder: the folder of the files beneath ``folders/``.
        deletes_missing: whether a record that a full file hasn't is deleted; else it is reported.
        chunk: records in one transaction.
        limits: the guard against mass changes.
        waivers: checks that aren't made for a time.
        closed: the fields that a deleted record gets; empty where it is removed.
        expected: when files arrive; None where nobody waits.
        kept: how long rows of the interface table are kept.
        zone: the time zone of the partner's times.
        messages: the messages between two files; None where records travel by files only.
        where: file:line:column of the declaration.
    """

    name: str
    help: str
    object: str
    key: str
    record_key: str
    joined: Mapping[str, Joined]
    fields: tuple[FeedField, ...]
    version: str | None
    file: FileForm
    folder: str
    deletes_missing: bool
    chunk: int
    limits: Mapping[LimitName, Limit]
    waivers: tuple[Waiver, ...]
    closed: Mapping[str, str]
    expected: Expected | None
    kept: Kept
    zone: str
    messages: FeedMessages | None = None
    where: str = ""

    @cached_property
    def owners(self) -> tuple[Owner, ...]:
        """The owner of each field."""
        return tuple(field.owner for field in self.fields)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each field."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> FeedField | None:
        """Return the field of this name; None for none."""
        return next((field for field in self.fields if field.name == name), None)


def feed_named(feeds: Mapping[str, Feed], name: str) -> Feed:
    """Return a feed by its name.

    Raises:
        FeedUnknown: there is none.
    """
    if name not in feeds:
        raise FeedUnknown(name, feeds)
    return feeds[name]
