"""The port of pricing: the argument and the result of every implementation.

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from hub.pricing.price_list import PriceList
from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class Change:
    """A change of an item's Adjusted Price, from *old* (None for none) to *new*.

    Attributes:
        number: the item's number in the tree's order, from 1; deleted items are not counted.
        key: its Integration Id; None if it has none.
        rule: the names of the price rules that made the new price, in the order in which they applied; "" for the
            list's price.
        old_free: the units that cost nothing before, where others of the item had the price.
        free: the units that cost nothing now.
    """

    number: int
    key: str | None
    product: str
    old: Decimal | None
    new: Decimal
    rule: str
    old_free: Decimal = Decimal(0)
    free: Decimal = Decimal(0)


#: units of recurring charges, and the words for such charges
_OFTEN = {"Day": "daily", "Week": "weekly", "Month": "monthly", "Quarter": "quarterly", "Year": "yearly"}


@dataclass(frozen=True)
class Total:
    """The charges of one price type and unit of measure; of usage, one rate of one product.

    A charge is Adjusted Price by the charged units of the Extended Quantity. Each line's amount is rounded, as
    `hub.pricing.currency` says, before the amounts are added up. Rates of usage are not added.

    Attributes:
        product: the product of a rate; None for other charges.
    """

    price_type: str | None
    unit_of_measure: str | None
    amount: Decimal
    product: str | None = None

    @property
    def label(self) -> str:
        """The kind of charge, as people read it.

        >>> Total("Recurring", "Month", Decimal(5)).label, Total("Usage", "kWh", Decimal(1)).label
        ('monthly', 'usage per kWh')
        """
        unit = self.unit_of_measure or ""
        if self.price_type == "Recurring" and unit in _OFTEN:
            return _OFTEN[unit]
        return (self.price_type or "other").lower() + (f" per {unit}" if unit else "")


@dataclass(frozen=True)
class ItemTotals:
    """The totals of one root item with all beneath it.

    Attributes:
        key: the root's Integration Id.
        product: the root's Product Id, or its Product Name where it has none.
    """

    key: str | None
    product: str | None
    totals: tuple[Total, ...]


@dataclass(frozen=True)
class RolledUp:
    """The one-time charges of a parent item: its own, and those of all items beneath it.

    The number and key are those of `Change`; the product is the Product Id, or the Product Name where there is none.
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
        changes: in the tree's order.
        totals: of all items: one for each price type and unit of measure, One-Time first, then Recurring, then the
            rates of usage.
        by_item: the totals of each root item, in the tree's order.
        rolled_up: the parents with one-time charges of their own or beneath them, in the tree's order.
        unpriced: the products without a price, each once, in the tree's order.
    """

    tree: PropertySet
    currency: str
    changes: tuple[Change, ...]
    totals: tuple[Total, ...]
    by_item: tuple[ItemTotals, ...]
    rolled_up: tuple[RolledUp, ...]
    unpriced: tuple[str, ...]


class Pricing(Protocol):
    """A pricing of complex objects: by price lists, or by another system."""

    @property
    def is_external(self) -> bool:
        """Whether the prices come from outside, so that a run must record them."""

    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        """Price every line item of *tree* that isn't deleted.

        Args:
            tree: a message of OM Asset, OM Quote or OM Order, or one of its instances. Not changed.
            prices: the price list; its currency is the result's.
            on: the date or date-time of the prices.
            may_lack: whether products may have no price; their items keep the prices that they carry, and
                `Priced.unpriced` names them.

        Raises:
            PriceMissing: products have no price, and *may_lack* is FALSE.
            CurrencyDiffers: the tree, or one of its items, is in another currency than the list.
            PriceListNotEffective: the list doesn't hold on that day.
            Refused: as `check_items`; or an Extended Quantity is too large.
        """
