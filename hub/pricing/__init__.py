"""Pricing: what the line items of a quote, an order or an asset cost.

What comes in: a complex object, worked as a state, a price list, and the moment that is priced for.
What goes out: a copy with its prices (`Priced`), what changed and by which rule, totals, products without a price.
Who calls it: workflows, through `Run.pricing`. `ListPricing` is the built-in implementation of the port `Pricing`;
`ExternalPricing` asks another system.

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Configurator
and
pricing".
"""

from __future__ import annotations

from typing import Protocol

from hub.pricing.external import ExternalPricing
from hub.pricing.list_pricing import ListPricing
from hub.pricing.price_list import PriceList, PriceListFaulty, price_list_of
from hub.pricing.priced import Change, Priced, RolledUp, Total
from integration_objects.property_set import PropertySet

__all__ = [
    "Change",
    "ExternalPricing",
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
    """The port: whoever can price a complex object."""

    @property
    def is_external(self) -> bool:
        """Whether the prices come from outside, so that a run must record them."""
        ...

    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        """Price every line item of *tree* that isn't deleted.

        Args:
            tree: a message of OM Asset, OM Quote or OM Order, or one of its instances. Not changed.
            prices: the price list; its currency is the result's.
            on: the date or date-time that is priced for.
            may_lack: whether products may have no price; their items keep what they carry, and `Priced.unpriced`
                names them.

        Raises:
            PriceMissing: products have no price, and *may_lack* isn't said.
            CurrencyDiffers: the tree, or one of its items, is in another currency than the list.
            PriceListNotEffective: the list doesn't hold on that day.
            Refused: what `check_items` finds, and an Extended Quantity that is too large.
        """
        ...
