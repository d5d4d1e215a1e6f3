"""The line items of a state as pricing reads them: in order, with their quantities multiplied down the tree.

An item with action Delete is left out, with everything beneath it; an Inactive asset has no price, but the active items
beneath it have.

Source: "Asset -> Quote -> Order Data Flow" (EXTENDED_QTY); spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.pricing.currency import EXACT, to_stored_digits
from hub.services.explode import ExtendedQuantityTooLarge
from hub.services.items import ONE, check_items, object_label, place, quantity_of
from integration_objects.complex_object import action_code, line_items
from integration_objects.errors import Refused
from integration_objects.field_values import WHOLE_DIGITS, read_number
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

_INACTIVE = "Inactive"
_ZERO = Decimal(0)
_TOO_LARGE = Decimal(10) ** WHOLE_DIGITS


class CurrencyDiffers(Refused):
    """A tree, or one of its items, is in another currency than the price list."""

    what = "the price list '{name}' is in another currency than the object to be priced"
    where = "{place}, Currency Code"
    why = "the price list is in {currency}, found {found}"
    mend = "take a price list in {found}, or mend the Currency Code"


class PriceWrong(Refused):
    """An item carries a price that is no number."""

    what = "the price of a line item is no number"
    where = "{place}, Adjusted Price"
    why = "{fault}"
    mend = "mend the item's Adjusted Price, or leave it out"


@dataclass(slots=True)
class Line:
    """A line item that isn't deleted.

    Attributes:
        number: its number in the tree's order among the lines that have prices, from 1.
        above: the line above it; None for a root.
        depth: 0 for a root.
        factor: the product of the quantities from the root down, zeros left out.
        zeros: the number of these quantities that are 0.
        is_there: FALSE for an Inactive asset, which only holds the items beneath it.
    """

    item: PropertySet
    number: int
    above: Line | None
    depth: int
    quantity: Decimal
    factor: Decimal
    zeros: int
    is_there: bool

    @property
    def key(self) -> str | None:
        """Its Integration Id."""
        return self.item.get(KEY)

    @property
    def product(self) -> str | None:
        """Its Product Id."""
        return self.item.get("Product Id")

    @property
    def extended(self) -> Decimal:
        """Its Extended Quantity: the product of the quantities from the root down."""
        return _ZERO if self.zeros else to_stored_digits(self.factor)

    def within(self, bundle: Line) -> Decimal:
        """Return its quantity in one *bundle*, a line above it; its own quantity if the bundle is the line itself."""
        if bundle is self:
            return self.quantity
        if self.zeros > bundle.zeros:
            return _ZERO
        if bundle.factor == ONE:
            return to_stored_digits(self.factor)
        return to_stored_digits(EXACT.divide(self.factor, bundle.factor))


def lines_of(message: PropertySet, instance: PropertySet) -> list[Line]:
    """Read the lines of an instance, parents before children.

    Raises:
        ExtendedQuantityTooLarge: the product of an item's quantities has more than 15 digits.
        Refused: as `check_items`.
    """
    check_items(message)
    lines: list[Line] = []
    number = 0
    stack: list[tuple[PropertySet, Line | None]] = [(item, None) for item in reversed(line_items(instance))]
    while stack:
        item, above = stack.pop()
        if action_code(item) == "Delete":
            continue
        quantity = quantity_of(item)
        factor, zeros, depth = (ONE, 0, 0) if above is None else (above.factor, above.zeros, above.depth + 1)
        # Zeros are counted and not multiplied: the quantity within a bundle is a quotient, and the bundle may have 0.
        if quantity == _ZERO:
            zeros += 1
        elif quantity != ONE:
            factor = EXACT.multiply(factor, quantity)
            if factor >= _TOO_LARGE and not zeros:
                raise ExtendedQuantityTooLarge(place=place(message, instance, item), node=item)
        is_there = item.get("Status") != _INACTIVE
        number += is_there
        line = Line(item, number, above, depth, quantity, factor, zeros, is_there)
        lines.append(line)
        stack += [(child, line) for child in reversed(line_items(item))]
    return lines


def check_currency(message: PropertySet, instance: PropertySet, lines: list[Line], currency: str, name: str) -> None:
    """Refuse a tree in another currency than that of the price list *name*.

    Raises:
        CurrencyDiffers: names the first item, or the header.
    """
    for item in (None, *(line.item for line in lines if line.is_there)):
        node = instance if item is None else item
        found = node.get("Currency Code")
        if found and found != currency:
            label = place(message, instance, item) if item is not None else object_label(message, instance)
            raise CurrencyDiffers(name=name, place=label, currency=currency, found=found, node=node)


def carried_price(message: PropertySet, instance: PropertySet, item: PropertySet) -> Decimal | None:
    """Read the Adjusted Price that an item carries; None for none.

    Raises:
        PriceWrong: it is no number.
    """
    text = item.get("Adjusted Price")
    if text is None:
        return None
    try:
        return read_number(text)
    except ValueError as fault:
        raise PriceWrong(place=place(message, instance, item), fault=fault, node=item) from None
