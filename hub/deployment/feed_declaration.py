"""Reads the declarations of feeds, and proves them against the integration objects and the layouts that they name.

Spec: docs/replication.md has every key.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from adapters.transport import CHANNEL, FOLDER
from hub.deployment.door import NAME, read_door
from hub.deployment.feed import (
    AmountTotals,
    Answered,
    AnswerForm,
    CheckName,
    Control,
    Expected,
    Feed,
    FeedField,
    FeedMessages,
    FileForm,
    FileKind,
    HashTotal,
    Joined,
    Kept,
    Limit,
    LimitName,
    Owner,
    Place,
    RecordOperation,
    Waiver,
)
from integration_objects.component import Component, Field, FieldType
from integration_objects.declaration import Node, Parts, Source, read
from integration_objects.definition import Definitions
from integration_objects.field_values import check_value
from integration_objects.time_zone import UTC
from maps.map_document import read_zone

if TYPE_CHECKING:
    from schemas.external_component import ExternalObject
    from schemas.layouts.layout import Layout

REQUIRED = ("feed", "object", "key", "fields", "file", "folder")
OPTIONAL = (
    "help",
    "joined",
    "version",
    "missing",
    "chunk",
    "limits",
    "waived",
    "on delete",
    "expected",
    "kept",
    "time zone",
    "messages",
)
KEY_KEYS = ("field", "record")
JOINED_KEYS = ("by", "where")
FIELD_KEYS = ("record", "owner", "codes")
FILE_REQUIRED = ("layout", "header", "record", "trailer", "number", "of", "kind", "answer")
FILE_OPTIONAL = ("first number", "made at", "operation", "control")
ANSWER_KEYS = (
    "record",
    "position",
    "key",
    "outcome",
    "reason",
    "text",
    "verdict",
    "verdict reason",
    "verdict text",
    "counts",
)
ANSWER_OPTIONAL = ("version",)
VERDICT_KEYS = ("field", "accepted", "refused")
HASH_KEYS = ("of", "digits", "is")
AMOUNT_KEYS = ("of", "debits", "credits")
EXPECTED_KEYS = ("at", "late after", "early before", "answer within", "smallest")
KEPT_KEYS = ("days", "sources", "batches")
MESSAGES_KEYS = ("from", "to", "senders")
WAIVER_KEYS = ("check", "reason", "until")
OWNERS = get_args(Owner)
KINDS = get_args(FileKind)
ANSWERS = get_args(Answered)
CHECKS = get_args(CheckName)
LIMITS = get_args(LimitName)
#: The operations that a file writes down; in a full file, "present" is written as none.
OPERATIONS = tuple(name for name in get_args(RecordOperation) if name != "present")
MISSING = ("reported", "deleted")
REMOVED = "removed"

_LIMIT = re.compile(r"([0-9]{1,9})( ?%)?")
_PLACE = re.compile(r"[^\s/]+/[^\s/]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_feeds(
    sources: Sequence[Source],
    definitions: Definitions,
    external_objects: Mapping[str, ExternalObject],
    zone_name: str = UTC,
) -> dict[str, Feed]:
    """Read feeds, and prove them.

    *zone_name*: the time zone of feeds that declare none.

    Raises:
        DeclarationFault: with file, line and column.
    """
    feeds: dict[str, Feed] = {}
    places: dict[str, str] = {}
    for source in sources:
        parts = read(source).mapping(required=REQUIRED, optional=OPTIONAL)
        feed = _FeedReader(parts, definitions, external_objects, zone_name).feed()
        if feed.name in feeds:
            raise parts["feed"].twice("feed", feeds[feed.name].where)
        if feed.folder in places:
            raise parts["folder"].fault(
                f"two feeds have the folder '{feed.folder}'",
                f"the first is in {places[feed.folder]}",
                mend="give each feed a folder of its own",
            )
        feeds[feed.name], places[feed.folder] = feed, parts["folder"].where
    return feeds


@dataclass(frozen=True)
class _Records:
    """The records of a feed's layout."""

    layout: Layout[Any]
    node: Node

    def field(self, node: Node, record: str) -> str:
        """Return the name of a field at *node*, which the *record* must have."""
        name = node.text()
        if self.type(record, name) is None:
            raise node.unknown(f"field of {record}", self.layout.by_name[record].record.field_names())
        return name

    def type(self, record: str, name: str) -> FieldType | None:
        """Return the type of a field of a record; None for no such field."""
        found: FieldType | None = self.layout.by_name[record].record.field_type(name)
        return found

    def record(self, node: Node) -> str:
        """Return the name of a topmost record at *node*."""
        names = [each.name for each in self.layout.types]
        if node.text() not in names:
            raise node.unknown(f"record of {self.layout.name}", names)
        return node.text()

    def place(self, node: Node) -> Place:
        """Return the ``RECORD/FIELD`` at *node*."""
        record, _, field = node.matching(_PLACE, "a field of a record", "RECORD/FIELD", "HEADER/FILE-NO").partition("/")
        known = self.layout.by_name.get(record)
        if known is None:
            raise node.fault(
                f"there is no record '{record}'", f"known are {', '.join(self.layout.by_name)}", mend="name one of them"
            )
        if known.record.field_type(field) is None:
            raise node.fault(
                f"the record {record} has no field '{field}'",
                f"known are {', '.join(known.record.field_names())}",
                mend="name one of them",
            )
        return Place(record, field)


class _FeedReader:
    """Reads one declaration."""

    def __init__(
        self, parts: Parts, definitions: Definitions, external_objects: Mapping[str, ExternalObject], zone_name: str
    ) -> None:
        self._parts = parts
        self._definitions = definitions
        self._external_objects = external_objects
        self._zone_name = zone_name

    def feed(self) -> Feed:
        """Read it."""
        parts = self._parts
        name = parts["feed"].matching(NAME, "a feed's name", "letters, digits, '_', '-'", "billing_accounts")
        root = self._root(parts["object"])
        file_parts = parts["file"].mapping(required=FILE_REQUIRED, optional=FILE_OPTIONAL)
        records = self._records(file_parts["layout"])
        data = records.record(file_parts["record"])
        key = parts["key"].mapping(required=KEY_KEYS, optional=())
        key_field = _key_of(key["field"], root)
        joined = {node.text(): self._joined(node, value, root, key_field) for node, value in parts.entries("joined")}
        version = parts.get("version")
        form = _file(file_parts, records, data)
        return Feed(
            name=name,
            help=parts.text("help", ""),
            object=parts["object"].text(),
            key=key_field,
            record_key=records.field(key["record"], data),
            joined=joined,
            fields=tuple(self._fields(root, joined, records, data)),
            version=None if version is None else records.field(version, data),
            file=form,
            folder=parts["folder"].matching(NAME, "a folder's name", "letters, digits, '.', '_', '-'", "billing"),
            deletes_missing="missing" in parts and parts["missing"].choice(*MISSING) == "deleted",
            chunk=_whole(parts["chunk"], 1, 10_000) if "chunk" in parts else 500,
            limits={cast(LimitName, node.choice(*LIMITS)): _limit(value) for node, value in parts.entries("limits")},
            waivers=tuple(_waiver(node) for node in parts.sequence("waived")),
            closed=self._closed(root),
            expected=_expected(parts["expected"]) if "expected" in parts else None,
            kept=_kept(parts["kept"]) if "kept" in parts else Kept(),
            zone=read_zone(parts.get("time zone"), self._zone_name),
            messages=self._messages(form),
            where=parts["feed"].where,
        )

    def _messages(self, form: FileForm) -> FeedMessages | None:
        node = self._parts.get("messages")
        if node is None:
            return None
        for place, is_there in (
            ("version", "version" in self._parts),
            ("file/answer/version", bool(form.answer.version)),
        ):
            if not is_there:
                raise node.fault(
                    f"messages need the key '{place}'",
                    "a message may overtake a file, and an answer: versions tell which state of a record is the newer",
                    mend=f"add '{place}: FIELD', or take the messages away",
                )
        parts = node.mapping(required=MESSAGES_KEYS[:2], optional=MESSAGES_KEYS)
        (transport, place), (to, to_place) = read_door(parts["from"]), read_door(parts["to"])
        if transport is to and place == to_place and transport is CHANNEL:
            raise parts["to"].fault(
                f"the hub would read its own messages from '{place}'", mend="name another channel in 'to'"
            )
        for name, kind, at in (("from", transport, place), ("to", to, to_place)):
            if kind.name == FOLDER and at == self._parts["folder"].text():
                raise parts[name].fault(
                    f"the folder '{at}' has the feed's files", mend=f"name a folder for messages alone in '{name}'"
                )
        if transport is CHANNEL and to is not CHANNEL:
            raise parts["to"].fault(
                "the answers to messages that come by a channel have no way back",
                "they leave by the channel in 'to'",
                mend="name a channel in 'to', too",
            )
        return FeedMessages(transport, place, to, to_place, parts.texts("senders"), node.where, parts["to"].where)

    def _root(self, node: Node) -> Component:
        name = node.text()
        if name not in self._definitions:
            raise node.unknown("integration object", self._definitions)
        root = self._definitions[name].root
        if not root.table:
            raise node.fault(f"the object '{name}' has no table of its own", mend="name an object that is stored")
        return root

    def _records(self, node: Node) -> _Records:
        from schemas.layouts.record_object import RecordObject

        name = node.text()
        if name not in self._external_objects:
            raise node.unknown("external object", self._external_objects)
        described = self._external_objects[name]
        if not isinstance(described, RecordObject):
            raise node.fault(
                f"the object '{name}' has no records",
                "the files of a feed are records of fixed width, lines of CSV, or lines of JSON",
                mend="name an object of a copybook, of CSV columns, or of 'json lines'",
            )
        return _Records(described.layout, node)

    def _joined(self, node: Node, value: Node, root: Component, key: str) -> Joined:
        component = self._root(node)
        parts = value.mapping(required=("by",), optional=JOINED_KEYS)
        name, by = node.text(), parts["by"].text()
        where = {field.text(): text.text() for field, text in parts.entries("where")}
        for field, _ in parts.entries("where"):
            _stored(field, component)
        own_key = component.keys[0][0]
        root_name = self._parts["object"].text()
        if by in root.fields and root.fields[by].references == f"{name}.{own_key}":
            return Joined(name, own_key, by, True, where)
        if by in component.fields and component.fields[by].references == f"{root_name}.{key}":
            return Joined(name, own_key, by, False, where)
        raise parts["by"].fault(
            f"'{by}' doesn't join {name} to {root_name}",
            f"expected a field of {root_name} that refers to {name}, or one of {name} that refers to {root_name}",
            mend="name such a field; its definition has 'references'",
        )

    def _fields(
        self, root: Component, joined: Mapping[str, Joined], records: _Records, data: str
    ) -> Iterable[FeedField]:
        taken: dict[str, str] = {}
        closed = self._closed(root)
        for node, value in self._parts["fields"].items():
            parts = value.mapping(required=FIELD_KEYS[:2], optional=FIELD_KEYS)
            name = node.text()
            object_name, slash, _ = name.partition("/")
            if slash and object_name not in joined:
                raise node.fault(
                    f"'{object_name}' isn't joined",
                    f"joined are {', '.join(joined) or 'none'}",
                    mend="add it to 'joined'",
                )
            component = self._definitions[object_name].root if slash else root
            field = _stored(node, component, name.rpartition("/")[2])
            record = records.field(parts["record"], data)
            if record in taken:
                raise parts["record"].twice("field of the record", taken[record])
            taken[record] = parts["record"].where
            owner = cast(Owner, parts["owner"].choice(*OWNERS))
            if owner == "counter" and field.type != "number":
                raise parts["owner"].fault(
                    f"'{name}' is no number", "differences of a counter are added", mend="name another owner"
                )
            if owner == "newest" and "version" not in self._parts:
                raise parts["owner"].fault(
                    "nothing tells which change is the newest",
                    "the records have no version",
                    mend="add 'version: FIELD' with the time of change, or name another owner",
                )
            layout_type = records.type(data, record)
            assert layout_type is not None  # noqa: S101  # `records.field` has found it
            codes = _codes(parts, field)
            closing = closed.get(name)
            if closing in codes.values():
                raise parts["codes"].fault(
                    f"the value '{closing}' closes a record, and has a code",
                    "a closed record is a deleted one for the partner, which deletes it in place of closing it",
                    mend="take the code away, or close records by another value in 'on delete'",
                )
            yield FeedField(name, object_name if slash else "", field, record, owner, codes, layout_type)

    def _closed(self, root: Component) -> Mapping[str, str]:
        node = self._parts.get("on delete")
        if node is None or (node.kind == "scalar" and node.choice(REMOVED)):
            return {}
        closed: dict[str, str] = {}
        for field, value in node.items():
            fault = check_value(_stored(field, root), value.text())
            if fault is not None:
                raise value.fault(f"'{field.text()}' can't have this value", fault, mend="write a value of the field")
            closed[field.text()] = value.text()
        return closed


def _key_of(node: Node, root: Component) -> str:
    name = node.text()
    keys = [key[0] for key in root.keys if len(key) == 1]
    if name not in keys:
        raise node.unknown("key of one field", keys)
    return name


def _stored(node: Node, component: Component, name: str | None = None) -> Field:
    name = node.text() if name is None else name
    field = component.fields.get(name)
    stored = [each.name for each in component.fields.values() if each.column]
    if field is None or not field.column:
        raise node.fault(
            f"{component.name} has no stored field '{name}'", f"stored are {', '.join(stored)}", mend="name one of them"
        )
    return field


def _codes(parts: Parts, field: Field) -> Mapping[str, str]:
    codes: dict[str, str] = {}
    for code, value in parts.entries("codes"):
        fault = check_value(field, value.text())
        if fault is not None:
            raise value.fault(f"'{field.name}' can't have this value", fault, mend="write a value of the field")
        if value.text() in codes.values():
            raise value.fault(
                f"two codes stand for '{value.text()}'", "the hub couldn't tell which to send", mend="take one away"
            )
        codes[code.text()] = value.text()
    return codes


def _file(parts: Parts, records: _Records, data: str) -> FileForm:
    kind = parts["kind"].mapping(required=("field", *KINDS), optional=())
    operation = parts["operation"].mapping(required=("field", *OPERATIONS)) if "operation" in parts else None
    return FileForm(
        layout=records.layout.name,
        record=data,
        header=records.record(parts["header"]),
        trailer=records.record(parts["trailer"]),
        number=records.place(parts["number"]),
        first_number=_whole(parts["first number"], 1, 10**12) if "first number" in parts else 1,
        of=records.place(parts["of"]),
        kind=records.place(kind["field"]),
        kinds={cast(FileKind, name): kind[name].text() for name in KINDS},
        operation=None if operation is None else records.field(operation["field"], data),
        operations={}
        if operation is None
        else {cast(RecordOperation, name): operation[name].text() for name in OPERATIONS},
        made_at=records.place(parts["made at"]) if "made at" in parts else None,
        answer=_answer(parts["answer"], records),
        control=_control(parts["control"], records, data) if "control" in parts else Control(),
    )


def _answer(node: Node, records: _Records) -> AnswerForm:
    parts = node.mapping(required=ANSWER_KEYS, optional=ANSWER_OPTIONAL)
    record = records.record(parts["record"])
    outcome = parts["outcome"].mapping(required=("field", *ANSWERS), optional=())
    verdict = parts["verdict"].mapping(required=VERDICT_KEYS, optional=())
    counts = parts["counts"].mapping(required=ANSWERS, optional=())
    return AnswerForm(
        record=record,
        position=records.field(parts["position"], record),
        key=records.field(parts["key"], record),
        outcome=records.field(outcome["field"], record),
        codes={cast(Answered, name): outcome[name].text() for name in ANSWERS},
        reason=records.field(parts["reason"], record),
        text=records.field(parts["text"], record),
        verdict=records.place(verdict["field"]),
        accepted=verdict["accepted"].text(),
        refused=verdict["refused"].text(),
        verdict_reason=records.place(parts["verdict reason"]),
        verdict_text=records.place(parts["verdict text"]),
        counts={cast(Answered, name): records.place(counts[name]) for name in ANSWERS},
        version=records.field(parts["version"], record) if "version" in parts else None,
    )


def _control(node: Node, records: _Records, data: str) -> Control:
    parts = node.mapping(optional=CHECKS)
    hash_total = parts["hash"].mapping(required=HASH_KEYS, optional=()) if "hash" in parts else None
    amounts = parts["amounts"].mapping(required=AMOUNT_KEYS, optional=()) if "amounts" in parts else None
    if amounts is not None and records.type(data, records.field(amounts["of"], data)) != "number":
        raise amounts["of"].fault(
            f"{amounts['of'].text()} is no number", "amounts are added up", mend="name a field with a number"
        )
    return Control(
        count=records.place(parts["count"]) if "count" in parts else None,
        hash=None
        if hash_total is None
        else HashTotal(
            records.field(hash_total["of"], data),
            _whole(hash_total["digits"], 1, 30),
            records.place(hash_total["is"]),
        ),
        amounts=None
        if amounts is None
        else AmountTotals(amounts["of"].text(), records.place(amounts["debits"]), records.place(amounts["credits"])),
        digest=records.place(parts["digest"]) if "digest" in parts else None,
    )


def _limit(node: Node) -> Limit:
    text = node.matching(_LIMIT, "a limit", "a number, or a number with %", "20 %")
    number, sign = int(text.rstrip(" %")), "%" in text
    return Limit(per_cent=number) if sign else Limit(most=number)


def _waiver(node: Node) -> Waiver:
    parts = node.mapping(required=WAIVER_KEYS, optional=())
    until = parts["until"].matching(_DAY, "a day", "YYYY-MM-DD", "2026-12-31")
    try:
        datetime.date.fromisoformat(until)
    except ValueError as error:
        raise parts["until"].fault(f"there is no day {until}", str(error), mend="write a day") from error
    return Waiver(cast(CheckName, parts["check"].choice(*CHECKS)), parts["reason"].text(), until)


def _expected(node: Node) -> Expected:
    from croniter import croniter

    parts = node.mapping(required=("at",), optional=EXPECTED_KEYS)
    at = parts["at"].text()
    if not croniter.is_valid(at) or len(at.split()) != 5:
        raise parts["at"].fault(
            f"'{at}' is no time of a calendar",
            "expected five fields: minute, hour, day, month, day of the week",
            mend="write it as cron does, such as 0 2 * * 1-6",
        )

    def minutes(key: str, otherwise: int) -> int:
        return _whole(parts[key], 1, 100_000) if key in parts else otherwise

    smallest = _limit(parts["smallest"]) if "smallest" in parts else Limit(per_cent=0)
    if smallest.per_cent is None or smallest.per_cent > 100:
        raise parts["smallest"].fault("the smallest size is no share", mend="write it in per cent, such as 50 %")
    return Expected(
        at=at,
        late_after_m=minutes("late after", 60),
        early_before_m=minutes("early before", 60),
        answer_within_m=minutes("answer within", 0) if "answer within" in parts else None,
        smallest=smallest.per_cent,
    )


def _kept(node: Node) -> Kept:
    parts = node.mapping(optional=KEPT_KEYS)
    kept = Kept(**{key: _whole(parts[key], 1, 100_000) for key in KEPT_KEYS if key in parts})
    if kept.sources < kept.days:
        raise parts["sources" if "sources" in parts else "days"].fault(
            f"sources are kept for {kept.sources} days, and all rows for {kept.days}",
            "a row that a decision names is kept at least as long as another one",
            mend="raise 'sources', or lower 'days'",
        )
    return kept


def _whole(node: Node, least: int, most: int) -> int:
    number = node.whole()
    if not least <= number <= most:
        raise node.fault(f"{number} is not allowed here", f"expected {least} to {most}", mend="write such a number")
    return number
