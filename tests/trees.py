"""Trees for the tests of the business service methods, written short, and read back plainly.

asset(item("A", item("B", attribute("Colour", "Red"), action="Update", status="Open")))
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from integration_objects.complex_object import all_items, attributes, instances, line_items, message, put_list
from integration_objects.property_set import PropertySet

Plain = dict[str, Any]


def fields(named: dict[str, str | None]) -> dict[str, str | None]:
    """Python names as field names: ``service_id`` and ``Service_Id`` are Service Id, ``action`` is Action Code."""
    short = {"action": "Action Code", "track": "Track As Asset", "key": "Integration Id"}
    return {short.get(name, name.replace("_", " ").title()): text for name, text in named.items()}


def node(type: str, *children: PropertySet, **named: str | None) -> PropertySet:
    """A header or component with its fields; each kind of its children in one list, attributes first."""
    made = PropertySet(type, properties=fields(named))
    for kind in sorted({child.type for child in children}):
        put_list(made, kind).extend(child for child in children if child.type == kind)
    return made


def item(key: str | None, *children: PropertySet, **named: str | None) -> PropertySet:
    """A line item; children are line items and attributes."""
    return node("Line Item", *children, **({} if key is None else {"key": key}), **named)


def attribute(name: str | None, text: str | None = None, **named: str | None) -> PropertySet:
    """An attribute with a Text Value, and other fields by name."""
    return node("Attribute", name=name, **({} if text is None else {"text_value": text}), **named)


def instance(header: str, roots: tuple[PropertySet, ...], **named: str | None) -> PropertySet:
    """A header with its list of line items, which may be empty."""
    made = node(header, *roots, **named)
    put_list(made, "Line Item")
    return made


def asset(*roots: PropertySet, account: str = "1-A") -> PropertySet:
    return message("OM Asset", [instance("Asset", roots, account_id=account)])


def order(*roots: PropertySet, number: str = "O-1", account: str = "1-A") -> PropertySet:
    return message("OM Order", [instance("Order", roots, order_number=number, account_id=account)])


def quote(*roots: PropertySet, number: str = "Q-1", account: str = "1-A") -> PropertySet:
    return message("OM Quote", [instance("Quote", roots, quote_number=number, account_id=account)])


def together(*trees: PropertySet) -> PropertySet:
    """One message with the instances of all trees."""
    name = trees[0].children[0].get("IntObjectName")
    return message(str(name), [one for tree in trees for one in instances(tree)])


def outline(tree: PropertySet, *names: str) -> str:
    """The line items, a line each, indented by depth: key, the named fields, attributes in brackets."""
    lines: list[str] = []
    for number, one in enumerate(instances(tree)):
        if number:
            lines.append("--")
        stack = [(root, 0) for root in reversed(line_items(one))]
        while stack:
            node, depth = stack.pop()
            words = [str(node.get("Integration Id")), *(str(node.get(name)) for name in names)]
            values = [
                f"{a.get('Name')}={a.get('Text Value')}" + (f"/{a.get('Action Code')}" if names else "")
                for a in attributes(node)
            ]
            lines.append("  " * depth + " ".join(words) + (f" [{', '.join(values)}]" if values else ""))
            stack.extend((child, depth + 1) for child in reversed(line_items(node)))
    return "\n".join(lines)


def counting(prefix: str = "N") -> Callable[[], str]:
    """Identifiers N1, N2, ..."""
    numbers: Iterator[int] = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"


def only(tree: PropertySet, key: str) -> PropertySet:
    """The line item with this key."""
    return next(node for node in all_items([tree]) if node.get("Integration Id") == key)
