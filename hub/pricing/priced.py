"""The result of pricing: the priced tree, the changes, and the totals.

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class Change:
    """A change of an item's Adjusted Price.

    Attributes:
        number: the item's number in the tree's order, from 1; deleted items are not counted.
        key: its Integration Id; None if it has none.
        product: its Product Id.
        old: the price that it carried; None for none.
        new: its new price.
        rule: the names of the price rules that made the new price, in the order in which they applied; "" for the
            list's price.
    """

    number: int
    key: str | None
    product: str
    old: Decimal | None
    new: Decimal
    rule: str


@dataclass(frozen=True)
class Total:
    """The sum of Adjusted Price by Extended Quantity over all items of one price type and unit of measure.

    Attributes:
        price_type: One-Time, Recurring or Usage; None for lines with a price and without a price type.
        unit_of_measure: None for none.
        amount: rounded as `hub.pricing.currency` says, for each line before they are added up.
    """

    price_type: str | None
    unit_of_measure: str | None
    amount: Decimal


@dataclass(frozen=True)
class RolledUp:
    """The one-time charges of a parent item: its own, and those of all items beneath it.

    Attributes:
        number, key: as in `Change`.
        product: its Product Id, or its Product Name; None if it has neither.
        amount: the sum of the lines' extended amounts.
    """

    number: int
    key: str | None
    product: str | None
    amount: Decimal


@dataclass(frozen=True)
class Priced:
    """A priced complex object.

    Attributes:
        tree: a copy of the given message or instance, with its prices.
        currency: of all prices and amounts.
        changes: in the tree's order.
        totals: one for each price type and unit of measure, One-Time first, then Recurring, then Usage.
        rolled_up: the parents with one-time charges of their own or beneath them, in the tree's order.
        unpriced: the products without a price, each once, in the tree's order.
    """

    tree: PropertySet
    currency: str
    changes: tuple[Change, ...]
    totals: tuple[Total, ...]
    rolled_up: tuple[RolledUp, ...]
    unpriced: tuple[str, ...]
