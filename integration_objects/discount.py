"""The discount or the agreed price that a person gave a line item, in its fields and in words.

An item has one of the three, and who gave it and why:

    Discount Percent    takes this percentage off the price
    Discount Amount     takes this amount off the price of a unit, but never goes below 0
    Agreed Price        takes the place of the price; the item's units are not counted for "every n-th free"

Spec: docs/design/workflows.md, "Pricing" (discounts are percentages or amounts).
"""

from __future__ import annotations

from decimal import Decimal

from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet

PERCENT, AMOUNT, AGREED = "Discount Percent", "Discount Amount", "Agreed Price"
REASON, BY = "Discount Reason", "Discounted By"
GIVEN = (PERCENT, AMOUNT, AGREED)
FIELDS = (*GIVEN, REASON, BY)
#: Most characters of a reason in the Pricing Comment and on a screen.
_MOST_REASON = 200


def has_discount(item: PropertySet) -> bool:
    """Tell whether a person gave the item a discount or a price."""
    return any(item.get(name) is not None for name in GIVEN)


def describe(item: PropertySet) -> str:
    """Describe the discount for people.

    >>> fields = {PERCENT: "10", BY: "mary", REASON: "loyal customer"}
    >>> describe(PropertySet("Line Item", properties=fields))
    '10 % off by mary (loyal customer)'
    """
    percent, amount, agreed = (as_number(item.get(name) or "") for name in GIVEN)
    if agreed is not None:
        given = f"agreed price {write_number(agreed)}"
    elif percent is not None:
        given = f"{write_number(percent)} % off"
    else:
        given = f"{write_number(amount or Decimal(0))} off"
    by, reason = item.get(BY), (item.get(REASON) or "")[:_MOST_REASON]
    return given + (f" by {by}" if by else "") + (f" ({reason})" if reason else "")
