"""Units of an item that cost nothing, because a price rule makes every n-th one free.

An item of several units, some of them free, has the price of a charged unit as its Adjusted Price and the number of its
free units as its Free Quantity. An item whose units are all free has the price 0 and no Free Quantity. So an amount is
exact, price by charged units, and no average is rounded:

    3 x 29.00, Free Quantity 1    58.00
    exploded: 29.00, 29.00, 0.00  58.00

Free Quantity counts the units of the Extended Quantity: those of all copies of the items above it.

Spec: docs/design/workflows.md, "Configurator and pricing".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet

FREE = "Free Quantity"
#: The beginning of a Pricing Comment that pricing wrote.
COMMENT = "Price rule: "
_ADJUSTED, _PRICING_COMMENT = "Adjusted Price", "Pricing Comment"
_ZERO, _ONE = Decimal(0), Decimal(1)


def free_units(item: PropertySet) -> Decimal:
    """Return the Free Quantity that an item carries, 0 for none."""
    text = item.get(FREE)
    return max(_ZERO, (as_number(text) or _ZERO)) if text else _ZERO


def charged_quantity(item: PropertySet, name: str) -> str | None:
    """Return an item's Quantity or Extended Quantity, the field *name*, without its free units."""
    free, quantity = free_units(item), as_number(item.get(name) or "1")
    if free == 0 or quantity is None:
        return item.get(name)
    extended = as_number(item.get("Extended Quantity") or "") or quantity
    # Free Quantity counts the units of the Extended Quantity; the item's own quantity has the same share of them.
    return write_number(max(_ZERO, quantity - free * quantity / extended))


def is_free(item: PropertySet) -> bool:
    """Tell whether an item costs nothing though its list has a price for it."""
    price, listed = (as_number(item.get(name) or "") for name in (_ADJUSTED, "List Price"))
    return price == 0 and listed is not None and listed > 0


def share_of(free: Decimal, position: int, count: int) -> Decimal:
    """Return the share of one of *count* equal parts in *free* units; the rest of the division goes to the last parts.

    >>> [str(share_of(Decimal(2), position, 3)) for position in range(3)]
    ['0', '1', '1']
    """
    each = (free / count).to_integral_value(rounding=ROUND_FLOOR)
    rest = free - each * count - (count - 1 - position)
    return each + min(_ONE, max(_ZERO, rest))


def put_share(part: PropertySet, free: Decimal, units: Decimal) -> None:
    """Write the price of a part of an item that has *free* of its *units* free. Changes *part*."""
    part.properties[FREE] = write_number(free) if _ZERO < free < units else None
    if free >= units:
        price = as_number(part.get(_ADJUSTED) or "")
        # Times 0, and not a plain 0: the price keeps the digits of its currency (0.00).
        part.properties[_ADJUSTED] = None if price is None else write_number(price * 0)
    elif free == 0:
        _take_rule_back(part)


def share_growth(old: PropertySet, part: PropertySet, growth: PropertySet, before: Decimal, grown: Decimal) -> None:
    """Share the free units of a grown item between the units that were there and those that are added.

    The units that were free before stay free. Changes *part* and *growth*, which both carry the price of the whole.

    Args:
        old: the item before it grew.
        part: the units that were there.
        growth: the units that are added.
        before: the number of units that were there.
        grown: the number of units that are added.
    """
    free = free_units(part)
    if free == 0:
        return
    kept = min(free, before if is_free(old) else free_units(old))
    # More units are free than are added: the others are among those that were there.
    kept = max(kept, free - grown)
    put_share(part, kept, before)
    put_share(growth, free - kept, grown)
    if all(part.get(name) == old.get(name) for name in (_ADJUSTED, FREE)):
        part.properties[_PRICING_COMMENT] = old.get(_PRICING_COMMENT)


def share_copies(copy: PropertySet, shares: Sequence[tuple[int, int]], units: Decimal) -> None:
    """Give a copy that Explode makes its share of the item's free units. Changes *copy*.

    Args:
        copy: the copy, with the item's prices.
        shares: position and number of the copies of each exploded item from the root down to this one.
        units: the copy's own units.
    """
    free = free_units(copy)
    if free == 0:
        return
    for position, count in shares:
        free = share_of(free, position, count)
    put_share(copy, free, units)


def _take_rule_back(part: PropertySet) -> None:
    """Drop the rule that made units free, the last one, from the comment that pricing wrote. Changes *part*."""
    comment = part.get(_PRICING_COMMENT)
    if comment and comment.startswith(COMMENT):
        rules = comment.removeprefix(COMMENT).split("; ")[:-1]
        part.properties[_PRICING_COMMENT] = COMMENT + "; ".join(rules) if rules else None
