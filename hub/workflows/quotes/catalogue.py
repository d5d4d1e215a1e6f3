"""The catalogue: the products that an account can be sold by themselves, with the prices of its price list.

Source: "Customer Self Service" (customers use the product configurator themselves), "Browse Catalog".
Spec: docs/web.md, "The customer's portal".
"""

from __future__ import annotations

from hub.pricing.price_list import ListedPrice, pricing_moment
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import ACCOUNT, MODULE
from hub.workflows.state.accounts import currency_of, the_account
from hub.workflows.state.price_lists import price_list_for
from integration_objects.complex_object import components, instances
from integration_objects.property_set import PropertySet

#: products that an answer has
MOST_SHOWN = 50
_COLUMNS = ("product", "name", "description", "price", "currency", "price type", "unit")


def catalogue(run: Run, account: str, text: str | None = None) -> Outcome:
    """Show the products that an account can be sold by themselves, with their prices.

    A product that is a component of another one is sold with that one. A product without a price in the account's
    price list isn't sold.

    Args:
        run: the run.
        account: the Account Id.
        text: a part of the product's name or description, in capital or small letters; None for all.

    Raises:
        AccountUnknown: there is no such account.
        PriceListMissing, PriceListUnclear: no price list, or several, would do.
    """
    header = PropertySet("Quote", properties={"Currency Code": currency_of(run, the_account(run, account))})
    price_list = price_list_for(run, header)
    prices = price_list.at(pricing_moment(run.now())).prices
    products = instances(run.query("Product", {}))
    beneath = {
        each.get("Component Product Id") for product in products for each in components(product, "Product Structure")
    }
    rows = []
    for product in sorted(products, key=lambda product: product.get("Name") or product.get("Product Id") or ""):
        product_id = product.get("Product Id") or ""
        price = prices.get(product_id, {}).get(None)
        if price is not None and product_id not in beneath and _is_like(product, text):
            rows.append(_row(product, price, price_list.currency))
    more = len(rows) - MOST_SHOWN
    notes = (Note("more", f"and {more} more; a part of the name finds them"),) if more > 0 else ()
    return Outcome(rows=tuple(rows[:MOST_SHOWN]), notes=notes, why="" if rows else "no product is found")


def _is_like(product: PropertySet, text: str | None) -> bool:
    if text is None:
        return True
    wanted = text.casefold()
    return any(wanted in (product.get(name) or "").casefold() for name in ("Product Id", "Name", "Description"))


def _row(product: PropertySet, price: ListedPrice, currency: str) -> dict[str, str | None]:
    return {
        "product": product.get("Product Id"),
        "name": product.get("Name") or product.get("Product Id"),
        "description": product.get("Description"),
        "price": price.fields["List Price"],
        "currency": currency,
        "price type": price.price_type,
        "unit": price.fields.get("Unit Of Measure"),
    }


WORKFLOWS = (
    named_workflow(
        "Catalogue",
        catalogue,
        "show the products that an account can be sold, with their prices",
        ACCOUNT,
        Argument("text", help="A part of a product's name or description; without one, all.", length=255),
        module=MODULE,
        asks_only=True,
        columns=_COLUMNS,
    ),
)
