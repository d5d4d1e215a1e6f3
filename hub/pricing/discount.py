"""The price of an item after the discount or the agreed price that a person gave it.

It comes after the price list's rules. `integration_objects.discount` has the fields.

Spec: docs/design/workflows.md, "Pricing" (discounts are percentages or amounts).
"""

from __future__ import annotations

from decimal import Decimal

from hub.pricing.currency import EXACT
from integration_objects.discount import AGREED, GIVEN
from integration_objects.field_values import as_number
from integration_objects.property_set import PropertySet

_ZERO, _HUNDRED = Decimal(0), Decimal(100)


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
