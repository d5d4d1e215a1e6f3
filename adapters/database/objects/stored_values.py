"""The stored text of a field's value: numbers without needless zeros, dates in UTC, texts as they are.

Spec: docs/design/performance.md, rule 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.database.schema.tables import ID_LENGTH
from integration_objects.definition import Field
from integration_objects.field_values import check_value, in_utc, read_number, write_number

Binder = Callable[[str], str]
#: A binder raises it with the value's fault as text.
ValueFault = ValueError


def binder_of(field: Field, *, in_key: bool) -> Binder:
    """Return the function that makes the stored text of a value of *field*, or raises ValueFault."""
    if field.type == "number":
        return _key_number if in_key else _number
    if field.type == "date":
        return _date
    length = ID_LENGTH if field.column == "row_id" else field.length

    def checked(value: str) -> str:
        fault = check_value(field, value)
        if fault is not None:
            raise ValueFault(fault)
        if length is not None and len(value) > length:
            raise ValueFault(f"expected at most {length} characters, found {len(value)}")
        return value

    def text(value: str) -> str:
        # Printable text holds no character that can't be stored; only other text needs the thorough check.
        if value.isprintable() and (length is None or len(value) <= length):
            return value
        return checked(value)

    return text if field.type == "text" and not field.values and (length is None or length > 0) else checked


def bound_column(column: Sequence[str | None], bind: Binder, default: str | None = None) -> Sequence[str | None]:
    """Bind the values of a column, each different one once. Returns *column* itself where no text changes.

    A null becomes the *default*.

    Raises:
        ValueFault: a value doesn't fit its field.
    """
    rewritten = {}
    for text in set(column):
        stored_text = default if text is None else bind(text)
        if stored_text != text:
            rewritten[text] = stored_text
    return [rewritten.get(text, text) for text in column] if rewritten else column


def _number(value: str) -> str:
    # Plain digits are their stored text already; only other writings are parsed.
    if value.isdecimal() and value.isascii() and len(value) < 15 and (value[0] != "0" or len(value) == 1):
        return value
    return write_number(read_number(value))


def _key_number(value: str) -> str:
    # Rows are found by the text of a key: 1.0 and 1 are one key, and need one writing.
    number = _number(value)
    return number.rstrip("0").rstrip(".") if "." in number else number


def _date(value: str) -> str:
    fault = check_value(_ANY_DATE, value)
    if fault is not None:
        raise ValueFault(fault)
    return in_utc(value)


_ANY_DATE = Field("", type="date")
