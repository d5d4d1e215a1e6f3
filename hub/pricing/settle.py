"""Write prices into a tree, and work out the changes and the totals: the same for every implementation.

An item keeps the text of each value that stays the same, so that pricing again changes nothing. The Pricing Comment is
written if the price changes and the comment is empty or was written by pricing; the comment of a person stays.

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.pricing.lines import Line, carried_price, check_currency, lines_of
from hub.pricing.port import Change, Priced
from hub.pricing.price_list import PriceList
from hub.pricing.totals import add_up, lines_and_prices
from hub.services.differences import same_value
from hub.services.free_units import COMMENT, FREE, free_units
from hub.services.items import place
from hub.services.objects import object_of, only_instance
from integration_objects.complex_object import is_empty, message
from integration_objects.errors import Refused, located
from integration_objects.field_values import write_number
from integration_objects.property_set import PropertySet

_MOST_COMMENT = 4_000
_ZERO = Decimal(0)
#: Most items that an error names.
_NAMED = 10


class PriceMissing(Refused):
    """Products have no price, and need one."""

    what = "{source} has no price for {count}"
    where = "{places}"
    why = "without a price on {on}: {products}"
    mend = "add their prices to the price list, or take these products off"


@dataclass(frozen=True)
class LinePrice:
    """The price of a line, as an implementation gives it.

    Attributes:
        adjusted: the Adjusted Price.
        fields: the line item's other price fields, which are written as they are.
        rules: the names of the price rules that made it, in the order in which they applied.
        free: the units of the Extended Quantity that cost nothing; 0 where all of them have the price.
    """

    adjusted: Decimal
    fields: Mapping[str, str | None]
    rules: tuple[str, ...] = ()
    free: Decimal = _ZERO


class Bill:
    """A complex object that is being priced: a copy of the given one, with its lines.

    Attributes:
        tree: the copy, a message or an instance as it was given.
        message: the copy as a message, for the places in errors.
        instance: the copy's one instance; None for an empty object.
        lines: the instance's lines.

    Raises:
        CurrencyDiffers: the tree, or one of its items, is in another currency than the price list.
        Refused: as `check_items`; or there are several instances, or an Extended Quantity is too large.
    """

    def __init__(self, tree: PropertySet, prices: PriceList) -> None:
        self.tree = tree.copy()
        self.currency = prices.currency
        self.instance: PropertySet | None = self.tree
        if is_empty(tree) or tree.child("Message") is not None:
            self.message = self.tree
            self.instance = only_instance(self.message, "tree")
        else:
            self.message = message(object_of(tree), [self.tree])
        self.lines: list[Line] = []
        if self.instance is not None:
            with located("pricing"):
                self.lines = lines_of(self.message, self.instance)
            check_currency(self.message, self.instance, self.lines, self.currency, prices.price_list_id)

    def settle(self, prices: Mapping[int, LinePrice]) -> Priced:
        """Write the prices, by the lines' numbers, into the copy. A line without one keeps the price that it carries.

        Raises:
            PriceWrong: an item carries a price that is no number.
        """
        lines = [line for line in self.lines if line.is_there]
        changes: list[Change] = []
        for line in lines:
            old = self._carried(line)
            price = prices.get(line.number)
            if price is not None:
                free = free_units(line.item)
                self._write(line.item, price, old, free)
                if old != price.adjusted or free != price.free:
                    rules = "; ".join(price.rules)
                    product = line.product or ""
                    changes.append(Change(line.number, line.key, product, old, price.adjusted, rules, free, price.free))
        unpriced = [line.product for line in lines if line.number not in prices and line.product]
        sums = add_up(lines_and_prices(self.lines, self._carried), self.currency)
        return Priced(
            self.tree,
            self.currency,
            tuple(changes),
            sums.totals,
            sums.by_item,
            sums.rolled_up,
            tuple(dict.fromkeys(unpriced)),
        )

    def refuse_unpriced(self, prices: Mapping[int, LinePrice], source: str, on: str, known: Collection[str]) -> None:
        """Refuse products without a price; those *known* have one beneath another bundle or at another time.

        Raises:
            PriceMissing: products have no price; the error names them, and the *source* of prices.
        """
        lacking: dict[str, Line] = {}
        for line in self.lines:
            if line.is_there and line.product and line.number not in prices:
                lacking.setdefault(line.product, line)
        if not lacking:
            return
        elsewhere = " (it has prices, but none that holds here)"
        products = [f"'{product}'{elsewhere if product in known else ''}" for product in lacking]
        instance = self.instance or self.message
        places = [place(self.message, instance, line.item) for line in list(lacking.values())[:_NAMED]]
        more = len(lacking) > _NAMED
        raise PriceMissing(
            source=source,
            count=f"{len(lacking)} product" + ("" if len(lacking) == 1 else "s"),
            places="; ".join(places) + ("; ..." if more else ""),
            on=on[:10],
            products=", ".join(products[:_NAMED]) + (", ..." if more else ""),
        )

    def _carried(self, line: Line) -> Decimal | None:
        assert self.instance is not None  # noqa: S101  # an empty object has no lines
        return carried_price(self.message, self.instance, line.item)

    def _write(self, item: PropertySet, price: LinePrice, old: Decimal | None, old_free: Decimal) -> None:
        for name, text in (*price.fields.items(), ("Currency Code", self.currency)):
            _put(item, name, text)
        # A price that is equal keeps its text (5.990), so that pricing again changes nothing.
        if old != price.adjusted:
            item.properties["Adjusted Price"] = write_number(price.adjusted)
        if old_free != price.free:
            item.properties[FREE] = write_number(price.free) if price.free else None
        if old == price.adjusted and old_free == price.free:
            return
        comment = item.get("Pricing Comment")
        if not comment or comment.startswith(COMMENT):
            _put(item, "Pricing Comment", _comment(price.rules))


def _put(item: PropertySet, name: str, text: str | None) -> None:
    """Write a value, unless the item has the same text or number already. Changes *item*."""
    if not same_value("number", item.get(name), text):
        item.properties[name] = text


def _comment(rules: Sequence[str]) -> str | None:
    if not rules:
        return None
    text = COMMENT + "; ".join(rules)
    return text if len(text) <= _MOST_COMMENT else text[: _MOST_COMMENT - 3] + "..."
