"""A small sender's object, and the hub's order cut down to what the tests need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integration_objects.declaration import Source
from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.property_set import PropertySet
from maps.check import Finding, check_maps
from maps.data_map import DataMap, read_maps

HEAD = """\
map: Sender to OM Order
from: Sender
to: OM Order
make: Order
each: ORDER
"""

Compile = Callable[..., DataMap]
Check = Callable[..., list[Finding]]


def component(name: str, fields: dict[str, dict[str, Any]], *children: tuple[Component, int | None]) -> Component:
    made = Component(name, {one: Field(one, **about) for one, about in fields.items()})
    for child, most in children:
        made.children[child.name] = child
        made.occurs[child.name] = (0, most)
    return made


def _sender() -> IntegrationObject:
    feature = component("FEATURE", {"NAME": {}, "VAL": {}, "@unit": {}})
    feature.text = "text"
    feature.where = "sender.xsd"
    line = component(
        "LINE",
        {
            "NO": {"required": True},
            "UP": {},
            "ACTN": {"values": ("A", "C", "D", "N")},
            "QTY": {"type": "number"},
            "DUE": {},
            "NOTE": {"length": 4000},
            "LIVE": {"type": "flag"},
        },
        (feature, None),
    )
    line.children["LINE"] = line
    line.occurs["LINE"] = (0, None)
    place = component("PLACE", {"CITY": {}, "@country": {}})
    place.text = "text"
    party = component("PARTY", {"NAME": {}}, (place, 1))
    order = component("ORDER", {"NO": {}, "CUST": {}, "@id": {}}, (line, None), (party, None), (place, 1))
    return IntegrationObject("Sender", component("ORDERS", {}, (order, None)), external=True, where="sender.xsd")


def _order() -> IntegrationObject:
    attribute = component("Attribute", {"Name": {"required": True}, "Text Value": {"length": 10}})
    item = component(
        "Line Item",
        {
            "Integration Id": {},
            "Action Code": {"null_reads_as": "-", "values": ("Add", "Update", "Delete", "-")},
            "Quantity": {"type": "number"},
            "Due Date": {"type": "date"},
            "Track As Asset": {"type": "flag"},
            "Pricing Comment": {"length": 20},
        },
        (attribute, None),
    )
    item.children["Line Item"] = item
    item.occurs["Line Item"] = (0, None)
    contact = component("Contact", {"Name": {}, "City": {}})
    order = component("Order", {"Source Order Number": {}, "Account Id": {}}, (contact, None), (item, None))
    return IntegrationObject("OM Order", order)


@pytest.fixture(scope="session")
def objects() -> dict[str, IntegrationObject]:
    return {"Sender": _sender(), "OM Order": _order()}


@pytest.fixture(scope="session")
def compile_map(objects: dict[str, IntegrationObject]) -> Compile:
    """Compile a map whose head is HEAD; further maps, and look-up files by path, may be given."""

    def compile_(body: str, *others: str, head: str = HEAD, **files: str) -> DataMap:
        sources = [Source("maps/sender.yaml", head + body)]
        sources += [Source(f"maps/other{number}.yaml", text) for number, text in enumerate(others, 1)]
        maps = read_maps(sources, objects, lambda path: files[path].encode())
        return next(iter(maps.values()))

    return compile_


@pytest.fixture(scope="session")
def check_map(objects: dict[str, IntegrationObject]) -> Check:
    """The findings on a map whose head is HEAD."""

    def check(body: str, *others: str, head: str = HEAD) -> list[Finding]:
        sources = [Source("maps/sender.yaml", head + body)]
        sources += [Source(f"maps/other{number}.yaml", text) for number, text in enumerate(others, 1)]
        return check_maps(sources, objects, lambda path: b"")

    return check


def node(type: str, line: int = 0, *children: PropertySet, text: str = "", **fields: str | None) -> PropertySet:
    """A source node; ``at_id`` stands for the attribute ``@id``."""
    properties = {name.replace("at_", "@"): value for name, value in fields.items()}
    return PropertySet(type, text, properties, list(children), line or None)


@pytest.fixture(scope="session")
def sent() -> Callable[..., PropertySet]:
    """A sender's message with one order, number O1, of the given lines."""

    def build(*lines: PropertySet, **fields: str | None) -> PropertySet:
        return node("ORDERS", 1, node("ORDER", 2, *lines, **{"NO": "O1", **fields}))

    return build


@pytest.fixture(scope="session")
def line() -> Callable[..., PropertySet]:
    """A line: its number, then its source line, children and fields."""

    def build(no: str | None, at: int = 0, *children: PropertySet, **fields: str | None) -> PropertySet:
        return node("LINE", at, *children, **({} if no is None else {"NO": no}), **fields)

    return build


@pytest.fixture(scope="session")
def some() -> Callable[..., PropertySet]:
    """Any source node."""
    return node
