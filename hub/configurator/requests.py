"""Requests: what a batch asks a configurator for, and their JSON form.

    [{"request": "add", "product": "Local Line", "beneath": "SBE", "name": "L1", "quantity": "1",
      "fields": {"Service Id": "509-555-0101"}, "attributes": {"Password": "1234"}},
     {"request": "set", "item": "L1/Voice Mail", "attributes": {"Password": "1234"}},
     {"request": "copy", "item": "L1", "times": "2", "fields": [{"Service Id": "509-555-0102"}]},
     {"request": "move", "item": KEY, "beneath": KEY},
     {"request": "remove", "item": KEY},
     {"request": "remove", "item": KEY, "attribute": "Colour"}]

An item is told by its Integration Id, or by the name that an `add` of the same batch gives it; a path goes down from
there by Product Ids: ``L1/Voice Mail``, ``KEY/Local Line[2]/Caller Id``. The steps are counted as the batch found the
tree, and as an added item came with its defaults. A batch has no order.

Source: part III, "Request"; spec: workflows.md, "Configurator".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True)
class AddItem:
    """Add an item of a product, with its defaults.

    Attributes:
        product: its Product Id.
        beneath: the item beneath which it stands; None for a root item.
        name: by which the batch's other requests know it; None for none.
        quantity: a number of 0 or more.
        fields: the line item's fields to set.
        attributes: values to set, None to have none.
    """

    product: str
    beneath: str | None = None
    name: str | None = None
    quantity: str = "1"
    fields: Fields = field(default_factory=dict)
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class RemoveItem:
    """Remove an item with all beneath it, or one of its attributes."""

    item: str
    attribute: str | None = None


@dataclass(frozen=True)
class SetItem:
    """Set fields and attributes of an item; an attribute set to None is taken away."""

    item: str
    fields: Fields = field(default_factory=dict)
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class CopyItem:
    """Copy an item with all beneath it, as the batch leaves it, with new keys.

    Attributes:
        item: what is copied; the copies stand behind it.
        times: how many copies.
        fields: of the first copies, one each, the fields to set.
    """

    item: str
    times: int = 1
    fields: tuple[Fields, ...] = ()


@dataclass(frozen=True)
class MoveItem:
    """Move an item with all beneath it to another parent."""

    item: str
    beneath: str


Request: TypeAlias = AddItem | RemoveItem | SetItem | CopyItem | MoveItem
