"""Results for people: text tables, and trees drawn as a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from integration_objects.complex_object import (
    action_code,
    attributes,
    instances,
    is_empty,
    line_items,
    object_name,
)
from integration_objects.property_set import PropertySet

if TYPE_CHECKING:
    from maps.check import Finding


def out(text: str) -> None:
    """Print a result to standard output."""
    sys.stdout.write(text + "\n")


def flush() -> None:
    """Hand over what was printed, so that an error of the reader's is known now."""
    sys.stdout.flush()


def print_findings(findings: Sequence[Finding], as_json: bool) -> None:
    """Print what a check found: a line each, or JSON with ``where``, ``text``, ``mend`` and ``severity``."""
    if as_json:
        out(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
        return
    for finding in findings:
        out(str(finding))


def complain(text: str) -> None:
    """Print a message for people to standard error."""
    sys.stderr.write(text + "\n")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in columns as wide as their widest cell.

    >>> print(table(("route", "state"), [("orders", "done"), ("status", None)]))
    route   state
    orders  done
    status
    """
    cells = [[str(head) for head in heads]]
    cells += [["" if cell is None else str(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def picture(tree: PropertySet) -> str:
    """A complex object drawn as a tree: one line for each line item, its attributes behind it."""
    if is_empty(tree):
        return f"{object_name(tree) or 'object'}: empty"
    return "\n".join(line for instance in instances(tree) for line in _picture(object_name(tree) or "", instance))


def _picture(name: str, instance: PropertySet) -> Iterable[str]:
    head = [instance.get(field) for field in ("Account Id", "Order Number", "Quote Number", "Revision", "Status")]
    yield f"{name} " + " ".join(text for text in head if text)
    stack = [(item, "", number == len(line_items(instance)) - 1) for number, item in enumerate(line_items(instance))][
        ::-1
    ]
    while stack:
        item, indent, is_last = stack.pop()
        yield indent + ("└─ " if is_last else "├─ ") + _line(item)
        below = line_items(item)
        indent += "   " if is_last else "│  "
        stack.extend((child, indent, number == len(below) - 1) for number, child in reversed(list(enumerate(below))))


def _line(item: PropertySet) -> str:
    parts = [item.get("Product Id") or item.get("Integration Id") or "?"]
    if action_code(item) != "-":
        parts.append(f"[{action_code(item)}]")
    for name in ("Status", "Service Id", "Adjusted Price"):
        if item.get(name):
            parts.append(str(item.get(name)))
    if item.get("Quantity") not in (None, "1"):
        parts.append(f"x {item.get('Quantity')}")
    values = [
        f"{one.get('Name')}={one.get('Text Value') or one.get('Number Value') or one.get('Date Value') or ''}"
        for one in attributes(item)
    ]
    if values:
        parts.append(f"({', '.join(values)})")
    return "  ".join(parts)
