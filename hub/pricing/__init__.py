"""Pricing: the prices of the line items of a quote, an order or an asset.

What comes in: a complex object, read as a state, a price list, and the moment of the prices. What goes out: a copy with
its prices (`Priced`), the changes with their rules, totals, and the products without a price. Who calls it: workflows,
through `Run.pricing`. `ListPricing` is the built-in implementation of the port `Pricing`; `external.ExternalPricing`
asks another system (in a module of its own, because it needs pydantic, which small commands don't load).

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Configurator
and pricing".
"""

from __future__ import annotations

from typing import Protocol

from hub.pricing.list_pricing import ListPricing
from hub.pricing.price_list import PriceList, PriceListFaulty, price_list_of
from hub.pricing.priced import Change, Priced, RolledUp, Total
from integration_objects.property_set import PropertySet

__all__ = [
    "Change",
    "ListPricing",
    "PriceList",
    "PriceListFaulty",
    "Priced",
    "Pricing",
    "RolledUp",
    "Total",
    "price_list_of",
]


class Pricing(Protocol):
    """The port of pricing."""

    @property
    def is_external(self) -> bool:
        """Whether the prices come from outside, so that a run must record them."""
        ...

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
        ...
