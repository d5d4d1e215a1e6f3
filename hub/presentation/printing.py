"""Results for people: text tables, and trees drawn as a picture.

Tables and pictures are written by hand, although rich could draw both: scripts read them, so that their width must not
depend on a terminal, and rich takes as long to load as a small command runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from integration_objects.complex_object import action_code, attributes, instances, is_empty, line_items, object_name
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet


def out(text: str) -> None:
    """Print a result to standard output."""
    sys.stdout.write(text + "\n")


def flush() -> None:
    """Write the printed text out now, so that a closed pipe ends the command here and not at its end."""
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a result as JSON, indented."""
    out(json.dumps(value, ensure_ascii=False, indent=2))


def complain(text: str) -> None:
    """Print a message for people to standard error."""
    sys.stderr.write(text + "\n")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Draw a table, its columns as wide as their widest cell.

    >>> print(table(("route", "state"), [("orders", "done"), ("status", None)]))
    route   state
    orders  done
    status
    """
    # A line break within a cell would end the row for a script that reads lines.
    cells = [["" if cell is None else str(cell).replace("\n", " ") for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def value_of(attribute: PropertySet) -> str:
    """Return the value of an attribute of any type; "" for none.

    >>> value_of(PropertySet("Attribute", properties={"Name": "Rings", "Number Value": "6"}))
    '6'
    """
    return next((value for kind in ("Text", "Number", "Date") if (value := attribute.get(f"{kind} Value"))), "")


def picture(tree: PropertySet) -> str:
    """Draw a complex object as a tree: one line for each line item, with its attributes."""
    name = object_name(tree)
    if is_empty(tree):
        return f"{name or 'object'}: empty"
    return "\n".join(line for instance in instances(tree) for line in _picture(name or "", instance))


def _picture(name: str, instance: PropertySet) -> Iterator[str]:
    head = [instance.get(field) for field in ("Account Id", "Order Number", "Quote Number", "Revision", "Status")]
    yield f"{name} " + " ".join(text for text in head if text)
    # A stack and no recursion: a chain of items may be deeper than Python lets functions call each other.
    stack = _branches(instance, "")
    while stack:
        item, indent, is_last = stack.pop()
        yield indent + ("└─ " if is_last else "├─ ") + _line(item)
        stack += _branches(item, indent + ("   " if is_last else "│  "))


def _branches(parent: PropertySet, indent: str) -> list[tuple[PropertySet, str, bool]]:
    """Return the items right beneath *parent*, the last first, each with its indent and whether it is the last."""
    return [(item, indent, number == 0) for number, item in enumerate(reversed(line_items(parent)))]


def _line(item: PropertySet) -> str:
    parts = [item.get("Product Id") or item.get(KEY) or "?"]
    if action_code(item) != NO_ACTION:
        # A suspension and a change of price are both an Update; people know them by the alias.
        parts.append(f"[{item.get('Action Alias') or action_code(item)}]")
    parts += [text for name in ("Status", "Service Id", "Adjusted Price") if (text := item.get(name))]
    if item.get("Quantity") not in (None, "1"):
        parts.append(f"x {item.get('Quantity')}")
    if item.get("Free Quantity") is not None:
        parts.append(f"{item.get('Free Quantity')} free")
    values = [f"{attribute.get('Name')}={value_of(attribute)}" for attribute in attributes(item)]
    if values:
        parts.append(f"({', '.join(values)})")
    return "  ".join(parts)
