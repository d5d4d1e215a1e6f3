"""Flat rows: the values of one record in the order of the feed's fields, in one form on both sides.

    read_flat_row     the partner's record becomes a flat row
    written_record    a flat row becomes the partner's record
    digest_of         a flat row's digest: equal rows have equal digests

A number has no zeros at its end, a code is the hub's value, an empty text is null.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass

from adapters.database.objects.layout import StoredObjects
from adapters.database.replication.flat_rows import FlatRows, plain_digits
from hub.deployment.feed import Feed, FeedField, FlatRow
from integration_objects.errors import Refused
from integration_objects.field_values import as_number, check_value, read_date, write_number
from integration_objects.property_set import PropertySet
from integration_objects.time_zone import time_zone

#: Parts two values in a digest, and stands for null: neither can be in a value, which XML must be able to carry.
_PARTED, _NULL = "\x1f", "\x00"
#: The digits of a version that is a number, with zeros in front, so that versions sort as text.
_VERSION_DIGITS = 30
#: A time of the partner's: year to second.
_TIME, _TIME_DIGITS = "%Y%m%d%H%M%S", 14


class CodeUnknown(Refused):
    """A record has a code that the feed doesn't know."""

    what = "the code {code!r} of {field.record} is unknown"
    where = "field {field.name}"
    why = "known are {known}"
    mend = "send a known code, or add this one to 'codes' of the feed"


class CodeMissing(Refused):
    """The hub has a value for which the feed has no code."""

    what = "there is no code for the value {value!r}"
    where = "field {field.name}"
    why = "the codes of {field.record} stand for {known}"
    mend = "add a code to 'codes' of the feed"


class FeedValueUnfit(Refused):
    """A value of a record can't be stored in the hub's field."""

    what = "{field.record} has a value that {field.name} can't have"
    where = "field {field.name}"
    why = "{fault}"
    mend = "correct the record, and send it again"


@dataclass(frozen=True)
class RecordRead:
    """A record as it was read.

    Attributes:
        row: its values; null for one that is faulty.
        fault: the first fault; None for a good record.
        status: the state of a row with this fault.
    """

    row: FlatRow
    fault: Refused | None = None
    status: str = "FOR_IMPORT"


def read_flat_row(feed: Feed, record: PropertySet) -> RecordRead:
    """Read the flat row of the partner's record."""
    values: list[str | None] = []
    fault: Refused | None = None
    status = "FOR_IMPORT"
    get = record.properties.get
    for field in feed.fields:
        value = get(field.record) or None
        if value is not None:
            value, wrong, wrong_status = _read(field, value)
            if wrong is not None and fault is None:
                fault, status = wrong, wrong_status
        values.append(value)
    return RecordRead(tuple(values), fault, status)


def _read(field: FeedField, text: str) -> tuple[str | None, Refused | None, str]:
    if field.codes:
        if text not in field.codes:
            return None, CodeUnknown(code=text, field=field, known=", ".join(field.codes)), "PICKLIST_VALUE"
        return field.codes[text], None, ""
    value = plain_digits(text) if field.field.type == "number" else text
    fault = check_value(field.field, value or "")
    if fault is None:
        return value, None, ""
    status = "PICKLIST_VALUE" if field.field.values else "SQL_ERROR"
    return None, FeedValueUnfit(field=field, fault=fault), status


def written_record(feed: Feed, key: str, row: FlatRow) -> PropertySet:
    """Make the partner's record of a flat row, without operation and version.

    Raises:
        CodeMissing: a value has no code.
    """
    properties: dict[str, str | None] = {feed.record_key: key}
    for field, value in zip(feed.fields, row, strict=True):
        if value is not None and field.codes:
            if value not in field.codes_of_hub:
                raise CodeMissing(value=value, field=field, known=", ".join(field.codes_of_hub))
            value = field.codes_of_hub[value]
        # A null is said, so that a layout of keys doesn't leave the key out: that would say nothing of the field.
        properties[field.record] = value
    return PropertySet(feed.file.record, properties=properties)


def digest_of(row: FlatRow) -> str:
    """Return the digest of a flat row: BLAKE2b with 16 bytes, in hex.

    >>> digest_of(("a", None)) == digest_of(("a", "")), digest_of(("a", None)) == digest_of(("a", None))
    (False, True)
    """
    text = _PARTED.join([_NULL if value is None else value for value in row])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def version_of(text: str | None) -> str | None:
    """Write a version in a form that sorts as text: a number with zeros in front, a time as it is.

    >>> version_of("20261129173000") > version_of("9"), version_of(None)
    (True, None)
    """
    if text is None:
        return None
    number = as_number(text)
    if number is None or number != number.to_integral_value() or number < 0:
        return text
    return write_number(number).partition(".")[0].rjust(_VERSION_DIGITS, "0")


def written_version(version: str) -> str:
    """Write a version as the partner wrote it: a number without zeros in front.

    >>> written_version(version_of("20261129173000")), written_version("2026-11-29")
    ('20261129173000', '2026-11-29')
    """
    is_number = version.isdecimal() and len(version) >= _VERSION_DIGITS
    return version.lstrip("0") or "0" if is_number else version


def time_of(version: str | None, zone: str) -> datetime.datetime | None:
    """Return the moment that a version tells in a time zone; None if it is no day or time.

    An hour that comes twice, where clocks are set back, is the first one.

    >>> time_of(version_of("20260629173000"), "Europe/Berlin").isoformat()
    '2026-06-29T15:30:00+00:00'
    """
    digits = "".join(sign for sign in version or "" if sign.isdigit()).lstrip("0")[:_TIME_DIGITS]
    try:
        local = datetime.datetime.strptime(digits.ljust(_TIME_DIGITS, "0"), _TIME)  # noqa: DTZ007  # it gets its zone
        return local.replace(tzinfo=time_zone(zone)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


def written_time(moment: str, zone: str) -> str:
    """Write a time of the hub as the partner writes times: year to second, in its time zone.

    >>> written_time("2026-06-29T15:30:00.5Z", "Europe/Berlin")
    '20260629173000'
    """
    return read_date(moment).astimezone(time_zone(zone)).strftime(_TIME)


def flat_rows_of(feed: Feed, objects: StoredObjects) -> FlatRows:
    """Return the reader of the hub's own flat rows."""
    fields = [(field.joined, field.field.name) for field in feed.fields]
    return FlatRows(objects, feed.object, feed.key, feed.joined, fields)
