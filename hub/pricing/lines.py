"""The line items of a state, as pricing sees them: in order, with their quantities multiplied down the tree.

An item with action Delete is gone, with everything beneath it; an Inactive asset is gone, but not what still lives
beneath it.

Source: "Asset -> Quote -> Order Data Flow" (EXTENDED_QTY); spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from collections.abc import Iterator
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


class PriceWrong(Refused):
    """An item carries a price that is no number."""


@dataclass(slots=True)
class Line:
    """A line item that isn't deleted.

    Attributes:
        item: its node.
        number: its place among those that are there in the tree's order, from 1.
        above: the line that it stands beneath; None for a root.
        depth: 0 for a root.
        quantity: null is 1.
        factor: the product of the quantities from the root down, zeros left out.
        zeros: how many of these quantities are 0.
        is_there: FALSE for an Inactive asset, which only holds what lives beneath it.
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
        return self.item.properties.get(KEY)

    @property
    def product(self) -> str | None:
        """Its Product Id."""
        return self.item.properties.get("Product Id")

    @property
    def extended(self) -> Decimal:
        """Its Extended Quantity: how often it is there, however often its parents are."""
        return _ZERO if self.zeros else to_stored_digits(self.factor)

    def within(self, bundle: Line) -> Decimal:
        """How often it is there in one *bundle*, a line above it; of itself, its own quantity."""
        if bundle is self:
            return self.quantity
        if self.zeros > bundle.zeros:
            return _ZERO
        if bundle.factor == ONE:
            return to_stored_digits(self.factor)
        return to_stored_digits(EXACT.divide(self.factor, bundle.factor))


def lines_of(message: PropertySet, instance: PropertySet) -> list[Line]:
    """The lines of an instance, parents before children.

    Raises:
        ExtendedQuantityTooLarge: the product of an item's quantities has more than 15 digits.
        Refused: what `check_items` finds.
    """
    check_items(message)
    return list(_walk(message, instance))


def _walk(message: PropertySet, instance: PropertySet) -> Iterator[Line]:
    number = 0
    stack: list[tuple[PropertySet, Line | None]] = [(item, None) for item in reversed(line_items(instance))]
    while stack:
        item, above = stack.pop()
        if action_code(item) == "Delete":
            continue
        quantity = quantity_of(item)
        factor, zeros, depth = (ONE, 0, 0) if above is None else (above.factor, above.zeros, above.depth + 1)
        if quantity == _ZERO:
            zeros += 1
        elif quantity != ONE:
            factor = EXACT.multiply(factor, quantity)
            if factor >= _TOO_LARGE and not zeros:
                raise _too_large(message, instance, item)
        is_there = item.properties.get("Status") != _INACTIVE
        number += is_there
        line = Line(item, number, above, depth, quantity, factor, zeros, is_there)
        yield line
        stack += [(child, line) for child in reversed(line_items(item))]


def check_currency(message: PropertySet, instance: PropertySet, lines: list[Line], currency: str, name: str) -> None:
    """Refuse a tree in another currency than that of the price list *name*.

    Raises:
        CurrencyDiffers: names the first item, or the header.
    """
    for item in (None, *(line.item for line in lines if line.is_there)):
        node = instance if item is None else item
        found = node.properties.get("Currency Code")
        if found and found != currency:
            label = place(message, instance, item) if item is not None else object_label(message, instance)
            raise CurrencyDiffers(
                f"the price list '{name}' is in another currency than what is to be priced",
                where=f"{label}, Currency Code",
                why=f"the price list is in {currency}, found {found}",
                mend=f"take a price list in {found}, or mend the Currency Code",
                node=node,
            )


def carried_price(message: PropertySet, instance: PropertySet, item: PropertySet) -> Decimal | None:
    """The Adjusted Price that an item carries; None for none.

    Raises:
        PriceWrong: it is no number.
    """
    text = item.properties.get("Adjusted Price")
    if text is None:
        return None
    try:
        return read_number(text)
    except ValueError as fault:
        raise PriceWrong(
            "Pricing met a price that is no number",
            where=f"{place(message, instance, item)}, Adjusted Price",
            why=str(fault),
            mend="mend the item's Adjusted Price, or leave it out",
            node=item,
        ) from None


def _too_large(message: PropertySet, instance: PropertySet, item: PropertySet) -> ExtendedQuantityTooLarge:
    return ExtendedQuantityTooLarge(place=place(message, instance, item), node=item)
