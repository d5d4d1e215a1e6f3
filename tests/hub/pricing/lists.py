"""Price lists for tests, in a few words."""

from __future__ import annotations

from hub.pricing.list_pricing import ListPricing
from hub.pricing.port import Priced
from hub.pricing.price_list import PriceList, price_list_of
from integration_objects.complex_object import list_of
from integration_objects.property_set import PropertySet
from tests.trees import item, quote

ON = "2026-10-01"


def price(product: str, amount: str, **fields: str | None) -> PropertySet:
    """A recurring price a month, unless *fields* say otherwise."""
    named = {name.replace("_", " ").title(): text for name, text in fields.items()}
    bundle = named.get("Bundle Product Id")
    return PropertySet(
        "Price List Item",
        properties={
            "Name": f"{product} in {bundle}" if bundle else product,
            "Product Id": product,
            "Price Type": "Recurring",
            "Unit Of Measure": "Month",
            "Price": amount,
            **named,
        },
    )


def rule(name: str, kind: str, product: str, **fields: str | None) -> PropertySet:
    named = {field.replace("_", " ").title(): text for field, text in fields.items()}
    return PropertySet("Price Rule", properties={"Name": name, "Kind": kind, "Product Id": product, **named})


def list_tree(*parts: PropertySet, **fields: str | None) -> PropertySet:
    """An instance of Price List, in USD."""
    named = {field.replace("_", " ").title(): text for field, text in fields.items()}
    return PropertySet(
        "Price List",
        properties={"Price List Id": "Standard", "Currency Code": "USD", **named},
        children=[
            PropertySet(list_of(kind), children=[part for part in parts if part.type == kind])
            for kind in ("Price List Item", "Price Rule")
        ],
    )


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
