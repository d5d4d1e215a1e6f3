"""The cells of a line that a remote client edits: its fields, and the values of its attributes.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.configurator.requests import SETTABLE
from hub.replication.remote_lines import PARENT, QUOTE_LINE, Line
from hub.services.differences import same_value
from integration_objects.names import ATTRIBUTE, KEY

#: A cell of a line: a field by its name, or the value of an attribute by the attribute's name behind this.
OF_ATTRIBUTE = f"{ATTRIBUTE}/"
ACTION = "Action Code"
_IDENTITY = (QUOTE_LINE.owner, KEY, PARENT)


def cells_of(line: Line) -> dict[str, str | None]:
    """Return the cells of a line."""
    return {**line.fields, **{OF_ATTRIBUTE + name: value for name, value in line.attributes.items()}}


def is_given(cell: str, value: str | None, ours: Mapping[str, str | None]) -> bool:
    """Tell whether the hub has given a line the same value; what the file calls a line is no value."""
    return cell in _IDENTITY or value == ours.get(cell) or is_same_number(value, ours.get(cell))


def is_settable(cell: str) -> bool:
    """Tell whether a user may set a cell; the hub gives the others."""
    return cell in SETTABLE or cell.startswith(OF_ATTRIBUTE)


def settings_of(cells: Mapping[str, str | None]) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the fields and the attributes that a request sets."""
    fields = {cell: value for cell, value in cells.items() if cell in SETTABLE}
    of_attributes = {cell: value for cell, value in cells.items() if cell.startswith(OF_ATTRIBUTE)}
    return fields, {cell.removeprefix(OF_ATTRIBUTE): value for cell, value in of_attributes.items()}


def rows_beneath(lines: Mapping[str, Line], start: str) -> list[str]:
    """Return what a user may change of a line and of all lines beneath it, as texts in the order of their keys."""
    beneath: dict[str | None, list[str]] = {}
    for key, line in lines.items():
        beneath.setdefault(line.parent, []).append(key)
    keys, found = [start], []
    while keys:
        key = keys.pop()
        cells = cells_of(lines[key])
        shown = {cell: value for cell, value in cells.items() if is_settable(cell) or cell in ("Product Id", ACTION)}
        found.append(repr((key, sorted(shown.items()))))
        keys += beneath.get(key, [])
    return sorted(found)


def is_same_number(text: str | None, other: str | None) -> bool:
    """Tell whether two texts are one number."""
    try:
        return same_value("number", text, other)
    except ValueError:
        return False
