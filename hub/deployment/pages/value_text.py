"""Values as people read them on pages: amounts, days, times, flags."""

from __future__ import annotations

from hub.deployment.pages.page import Form
from integration_objects.field_values import as_number

_FLAGS = {"Y": "Yes", "N": "No"}


def shown(value: str | None, form: Form) -> str:
    """Write a value for people; nothing for null.

    >>> shown("1234.5", "money"), shown("0.0450000", "money"), shown("5.00", "number")
    ('1,234.50', '0.045', '5')
    >>> shown("2026-01-31T12:30:15.000001Z", "day"), shown("2026-01-31T12:30:15.000001Z", "time"), shown("Y", "flag")
    ('2026-01-31', '2026-01-31 12:30 UTC', 'Yes')
    """
    if value is None:
        return ""
    if form == "flag":
        return _FLAGS.get(value, value)
    if form == "day":
        return value[:10]
    if form == "time":
        day, _, time = value.partition("T")
        return f"{day} {time[:5]} UTC" if time else day
    if form in ("money", "number") and (number := as_number(value)) is not None:
        digits = f"{number:,f}"
        whole, _, rest = digits.partition(".")
        rest = rest.rstrip("0")
        rest = rest.ljust(2, "0") if form == "money" else rest
        return f"{whole}.{rest}" if rest else whole
    return value
