"""Price lists for tests, in a few words."""

from __future__ import annotations

from hub.pricing.list_pricing import ListPricing
from hub.pricing.port import Priced
from hub.pricing.price_list import PriceList, price_list_of
from integration_objects.property_set import PropertySet
from tests.trees import item, node, quote

ON = "2026-10-01"


def price(product: str, amount: str, **fields: str | None) -> PropertySet:
    """A recurring price a month, unless *fields* say otherwise."""
    bundle = fields.get("bundle_product_id")
    usual = {"name": f"{product} in {bundle}" if bundle else product, "price_type": "Recurring"}
    usual |= {"unit_of_measure": "Month", "price": amount}
    return node("Price List Item", **{**usual, "product_id": product, **fields})


def rule(name: str, kind: str, product: str, **fields: str | None) -> PropertySet:
    return node("Price Rule", name=name, kind=kind, product_id=product, **fields)


def list_tree(*parts: PropertySet, **fields: str | None) -> PropertySet:
    """An instance of Price List, in USD."""
    return node("Price List", *parts, **{"price_list_id": "Standard", "currency_code": "USD", **fields})


def price_list(*parts: PropertySet, **fields: str | None) -> PriceList:
    return price_list_of(list_tree(*parts, **fields))


def priced(
    tree: PropertySet, *parts: PropertySet, on: str = ON, may_lack: bool = False, **fields: str | None
) -> Priced:
    """The tree, priced by the built-in pricing and a list of these parts."""
    return ListPricing().price(tree, price_list(*parts, **fields), on, may_lack=may_lack)


def large_prices() -> PriceList:
    """A list with a rule of each kind for the product P beneath B."""
    return price_list(
        price("B", "25"),
        price("P", "10", bundle_product_id="B"),
        rule("tier", "Volume", "P", from_quantity="11", price="8.00"),
        rule("every", "Every Nth Free", "P", every="3"),
        rule("percent", "Percentage", "P", percent="10"),
    )


def large_quote(count: int) -> PropertySet:
    """A quote of a B with *count* items of P."""
    return quote(item("B", *[item(f"P{n}", product_id="P") for n in range(count)], product_id="B"))
