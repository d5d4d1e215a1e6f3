"""The values that an attribute's definition allows. Source: part III, "Attributes"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.configurator.catalogue import AttributeDefinition
from integration_objects.field_values import check_characters, read_date, read_number, shown

#: Most characters of a value.
MOST_CHARACTERS = 4_000


def fault_of(attribute: AttributeDefinition, text: str) -> tuple[str, str] | None:
    """Return the kind of rule that *text* breaks as a value of the attribute, and a reason; None for an allowed value.

    Numbers compare as numbers (``5.0`` is an allowed ``5``), dates as moments, text as it is.
    """
    read: Callable[[str], Any] = {"number": read_number, "date": read_date}.get(attribute.type, _text)
    try:
        value = read(text)
    except ValueError as fault:
        return "Type", str(fault)
    if attribute.values and value not in [read(allowed) for allowed in attribute.values]:
        return "Allowed Values", f"expected one of {', '.join(attribute.values)}, found {shown(text)}"
    if attribute.least is not None and value < read(attribute.least):
        return "Bounds", f"expected at least {attribute.least}, found {shown(text)}"
    if attribute.most is not None and value > read(attribute.most):
        return "Bounds", f"expected at most {attribute.most}, found {shown(text)}"
    return None


def _text(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"expected at most {MOST_CHARACTERS} characters, found {len(text)}")
    fault = check_characters(text)
    if fault is not None:
        raise ValueError(fault)
    return text
