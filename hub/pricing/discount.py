"""The discount or the agreed price that a person gave an item: it comes after the price list's rules.

An item has one of the three, and who gave it and why:

    Discount Percent    takes this percentage off the price
    Discount Amount     takes this amount off the price of a unit, but never goes below 0
    Agreed Price        takes the place of the price; the item's units are not counted for "every n-th free"

Spec: docs/design/workflows.md, "Pricing" (discounts are percentages or amounts).
"""

from __future__ import annotations

from decimal import Decimal

from hub.pricing.currency import EXACT
from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet

PERCENT, AMOUNT, AGREED = "Discount Percent", "Discount Amount", "Agreed Price"
REASON, BY = "Discount Reason", "Discounted By"
GIVEN = (PERCENT, AMOUNT, AGREED)
FIELDS = (*GIVEN, REASON, BY)
_ZERO, _HUNDRED = Decimal(0), Decimal(100)
#: Most characters of a reason in the Pricing Comment.
_MOST_REASON = 200


def has_discount(item: PropertySet) -> bool:
    """Tell whether a person gave the item a discount or a price."""
    return any(item.get(name) is not None for name in GIVEN)


def has_agreed_price(item: PropertySet) -> bool:
    """Tell whether the item's price is one that a person agreed."""
    return as_number(item.get(AGREED) or "") is not None


def discounted(item: PropertySet, price: Decimal) -> Decimal:
    """Return an item's price after the discount that a person gave; a discount leaves a credit alone."""
    percent, amount, agreed = (as_number(item.get(name) or "") for name in GIVEN)
    if agreed is not None:
        return agreed
    if price <= 0:
        return price
    if percent is not None:
        return EXACT.divide(EXACT.multiply(price, EXACT.subtract(_HUNDRED, min(percent, _HUNDRED))), _HUNDRED)
    return price if amount is None else max(_ZERO, EXACT.subtract(price, amount))


def describe(item: PropertySet) -> str:
    """Describe the discount for the Pricing Comment: 10 % off by mary (loyal customer)."""
    percent, amount, agreed = (as_number(item.get(name) or "") for name in GIVEN)
    if agreed is not None:
        given = f"{write_number(agreed)} agreed"
    elif percent is not None:
        given = f"{write_number(percent)} % off"
    else:
        given = f"{write_number(amount or _ZERO)} off"
    by, reason = item.get(BY), (item.get(REASON) or "")[:_MOST_REASON]
    return given + (f" by {by}" if by else "") + (f" ({reason})" if reason else "")
