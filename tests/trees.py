"""Trees for the tests of the business service methods, written short, and read back plainly.

asset(item("A", item("B", attribute("Colour", "Red"), action="Update", status="Open")))
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from integration_objects.complex_object import attributes, instances, line_items, message
from integration_objects.property_set import PropertySet

Plain = dict[str, Any]


def fields(named: dict[str, str | None]) -> dict[str, str | None]:
    """Python names as field names: ``service_id`` is Service Id, ``action`` is Action Code."""
    short = {"action": "Action Code", "track": "Track As Asset", "key": "Integration Id"}
    return {short.get(name, name.replace("_", " ").title()): text for name, text in named.items()}


def item(key: str | None, *children: PropertySet, **named: str | None) -> PropertySet:
    """A line item; children are line items and attributes."""
    node = PropertySet("Line Item", properties={} if key is None else {"Integration Id": key})
    node.properties.update(fields(named))
    for type in ("Attribute", "Line Item"):
        found = [child for child in children if child.type == type]
        if found:
            node.children.append(PropertySet("ListOf " + type, children=found))
    return node


def attribute(name: str | None, text: str | None = None, **named: str | None) -> PropertySet:
    """An attribute with a Text Value, and other fields by name."""
    node = PropertySet("Attribute", properties={"Name": name})
    if text is not None:
        node.properties["Text Value"] = text
    node.properties.update(fields(named))
    return node


def instance(header: str, roots: tuple[PropertySet, ...], **named: str | None) -> PropertySet:
    """A header with its line items."""
    return PropertySet(
        header, properties=fields(named), children=[PropertySet("ListOf Line Item", children=list(roots))]
    )


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
    for one in instances(tree):
        stack = list(line_items(one))
        while stack:
            node = stack.pop()
            if node.get("Integration Id") == key:
                return node
            stack.extend(line_items(node))
    raise KeyError(key)
