"""Make rows of the interface table from the records of a file that was checked.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from adapters.database.replication.rows import FeedRow
from hub.deployment.feed import Feed, FileKind
from hub.replication.file_reading import answered_in, file_records
from hub.replication.flat_row import digest_of, read_flat_row, version_of
from integration_objects.component import Field
from integration_objects.errors import Refused
from integration_objects.field_values import check_value
from schemas.layouts.layout import Found, Layout

#: Characters of a version.
_MOST_VERSION = 64


class FeedKeyMissing(Refused):
    """A record has no key."""

    what = "the record has no key"
    where = "field {feed.record_key}"
    why = "the key tells which record of the hub it is"
    mend = "send the record with its key"


class FeedKeyUnfit(Refused):
    """A record's key can't be stored."""

    what = "the record's key can't be one"
    where = "field {feed.record_key}"
    why = "{fault}"
    mend = "correct the key, and send the record again"


class FeedOperationUnknown(Refused):
    """A record has an operation that the feed doesn't declare."""

    what = "the operation {found!r} is unknown"
    where = "field {feed.file.operation}"
    why = "{known} are declared"
    mend = "send a declared operation"


class FeedVersionUnfit(Refused):
    """A record has no version, or one that is too long."""

    what = "the record's version can't be read"
    where = "field {feed.version}"
    why = "it is {found!r}; a time or a number of at most 64 characters is expected"
    mend = "send the record with its time of change"


def staged_rows(
    feed: Feed, key: Field, layout: Layout[Any], file: BinaryIO, kind: FileKind, behind: int = 0
) -> Iterator[FeedRow]:
    """Yield a row for each data or answer record of a checked file behind a position.

    *key* is the field of the root's key.

    Raises:
        Invalid: the file isn't the one that was checked.
    """
    for position, found in enumerate(file_records(feed, layout, file, kind, behind), behind + 1):
        yield _answer_row(feed, position, found) if kind == "answer" else data_row(feed, key, kind, position, found)


def _answer_row(feed: Feed, position: int, found: Found[Any]) -> FeedRow:
    answer, get = feed.file.answer, found.node.properties.get
    fields = (get(answer.position), get(answer.reason), get(answer.text))
    version = None if answer.version is None else version_of(get(answer.version) or None)
    return FeedRow(
        position,
        get(answer.key),
        answered_in(feed, found),
        None if version is None else version[:_MOST_VERSION],
        None,
        found.offset,
        len(found.data),
        "IN_PROGRESS",
        None,
        fields,
    )


def data_row(feed: Feed, key_field: Field, kind: FileKind, position: int, found: Found[Any]) -> FeedRow:
    """Make the row of a data record; *kind* is that of its file, delta for a message."""
    get = found.node.properties.get
    key = get(feed.record_key) or None
    operation, fault, status = "present", found.fault, "SQL_ERROR"
    if fault is None and kind == "delta":
        operation, fault = _operation(feed, get(feed.file.operation or ""))
        status = "PICKLIST_VALUE" if fault is not None else status
    if fault is None:
        fault, status = _key_fault(feed, key, key_field)
    version = None if feed.version is None else version_of(get(feed.version) or None)
    if fault is None and feed.version is not None and (version is None or len(version) > _MOST_VERSION):
        fault, status = FeedVersionUnfit(feed=feed, found=get(feed.version) or ""), "REQUIRED_COLS"
    read = read_flat_row(feed, found.node)
    if fault is None and read.fault is not None and operation != "delete":
        fault, status = read.fault, read.status
    lacking = found.lacking if operation != "delete" else ()
    return FeedRow(
        position,
        key if fault is None else None if key is None else key[:255],
        operation,
        version if fault is None else None,
        digest_of(read.row),
        found.offset,
        len(found.data),
        "FOR_IMPORT" if fault is None else status,
        None if fault is None else fault.as_dict(),
        read.row,
        tuple(place for place, field in enumerate(feed.fields) if field.record in lacking) if lacking else (),
    )


def _operation(feed: Feed, code: str | None) -> tuple[str, Refused | None]:
    if feed.file.operation is None:
        return "present", None
    for name, text in feed.file.operations.items():
        if text == code:
            return name, None
    known = ", ".join(feed.file.operations.values())
    return "present", FeedOperationUnknown(feed=feed, found=code or "", known=known)


def _key_fault(feed: Feed, key: str | None, field: Field) -> tuple[Refused | None, str]:
    if key is None:
        return FeedKeyMissing(feed=feed), "REQUIRED_COLS"
    fault = check_value(field, key)
    return (None, "") if fault is None else (FeedKeyUnfit(feed=feed, fault=fault), "SQL_ERROR")
