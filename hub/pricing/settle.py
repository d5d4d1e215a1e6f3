"""Writes prices into a tree, and works out what changed and the totals: the same for every implementation.

An item keeps the text of each value that stays the same, so that pricing again changes nothing. The Pricing Comment
is written where the price changes, and is empty or an earlier one of pricing; what a person wrote there stays.

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.pricing.currency import EXACT, rounded
from hub.pricing.lines import Line, carried_price, check_currency, lines_of
from hub.pricing.price_list import PRICE_TYPES, PriceList
from hub.pricing.priced import Change, Priced, RolledUp, Total
from hub.services.items import place
from hub.services.objects import only_instance
from integration_objects.complex_object import is_empty, message
from integration_objects.errors import Refused
from integration_objects.field_values import as_number, write_number
from integration_objects.property_set import PropertySet

#: What a Pricing Comment that pricing wrote begins with.
COMMENT = "Price rule: "
_MOST_COMMENT = 4_000
_ONE_TIME = PRICE_TYPES[0]
_ZERO = Decimal(0)
#: The objects that have these headers.
_OBJECT_OF = {"Asset": "OM Asset", "Quote": "OM Quote", "Order": "OM Order"}
#: Items that an error names.
_NAMED = 10


class PriceMissing(Refused):
    """Products have no price where one is needed."""


@dataclass(frozen=True)
class LinePrice:
    """What an implementation says that a line costs. Texts are written as they are; None where there is nothing."""

    list_price: str | None
    adjusted: Decimal
    price_type: str | None
    unit_of_measure: str | None
    number_of_occurrences: str | None
    description: str | None
    rules: tuple[str, ...] = ()


class Bill:
    """A complex object that is being priced: a copy of what was given, with its lines.

    Attributes:
        tree: the copy, of the same kind as what was given.
        message: the copy as a message, for the places in errors.
        instance: the copy's one instance; None for an empty object.
        lines: the instance's lines.
    """

    def __init__(self, tree: PropertySet, prices: PriceList) -> None:
        """Copy *tree* and read its lines.

        Raises:
            CurrencyDiffers: it, or one of its items, is in another currency than *prices*.
            Refused: what `check_items` finds, several instances, an Extended Quantity that is too large.
        """
        self.tree = tree.copy()
        self.currency = prices.currency
        self.instance: PropertySet | None = self.tree
        if is_empty(tree) or tree.child("Message") is not None:
            self.message = self.tree
            self.instance = only_instance(self.message, "tree")
        else:
            self.message = message(_OBJECT_OF.get(tree.type, tree.type), [self.tree])
        self.lines: list[Line] = []
        if self.instance is not None:
            try:
                self.lines = lines_of(self.message, self.instance)
            except Refused as refusal:
                refusal.at("pricing")
                raise
            check_currency(self.message, self.instance, self.lines, self.currency, prices.price_list_id)

    def place(self, line: Line) -> str:
        """Where a line stands, for an error."""
        return place(self.message, self.instance or self.message, line.item)

    def settle(self, found: Mapping[int, LinePrice]) -> Priced:
        """Write the prices into the copy.

        Args:
            found: by the lines' numbers. A line without a price keeps what it carries.

        Raises:
            PriceWrong: an item carries a price that is no number.
        """
        there = [line for line in self.lines if line.is_there]
        changes: list[Change] = []
        for line in there:
            old = self._carried(line)
            price = found.get(line.number)
            if price is not None:
                self._write(line.item, price, old)
                if old != price.adjusted:
                    changes.append(
                        Change(line.number, line.key, line.product or "", old, price.adjusted, "; ".join(price.rules))
                    )
        unpriced = [line.product for line in there if line.number not in found and line.product]
        totals, rolled_up = self._sums()
        return Priced(self.tree, self.currency, tuple(changes), totals, rolled_up, tuple(dict.fromkeys(unpriced)))

    def refuse_unpriced(self, found: Mapping[int, LinePrice], source: str, on: str, known: Collection[str]) -> None:
        """Refuse products without a price.

        Args:
            found: the prices, by the lines' numbers.
            source: who has none, for the error.
            on: the date that was priced for.
            known: products that have a price elsewhere, beneath another bundle or at another time.

        Raises:
            PriceMissing: there are some; each is named.
        """
        lacking: dict[str, Line] = {}
        for line in self.lines:
            if line.is_there and line.product and line.number not in found:
                lacking.setdefault(line.product, line)
        if not lacking:
            return
        products = [
            f"'{one}'" + (" (it has prices, but none that holds here)" if one in known else "") for one in lacking
        ]
        places = [self.place(line) for line in list(lacking.values())[:_NAMED]]
        raise PriceMissing(
            f"{source} has no price for {_counted(lacking)}",
            where="; ".join(places) + ("; ..." if len(lacking) > _NAMED else ""),
            why=f"without a price on {on}: {', '.join(products[:_NAMED])}{', ...' if len(products) > _NAMED else ''}",
            mend="add their prices to the price list, or take these products off",
        )

    def _carried(self, line: Line) -> Decimal | None:
        assert self.instance is not None  # noqa: S101  # an empty object has no lines
        return carried_price(self.message, self.instance, line.item)

    def _write(self, item: PropertySet, price: LinePrice, old: Decimal | None) -> None:
        _put(item, "List Price", price.list_price)
        _put(item, "Price Type", price.price_type)
        _put(item, "Unit Of Measure", price.unit_of_measure)
        _put(item, "Number Of Occurrences", price.number_of_occurrences)
        _put(item, "Currency Code", self.currency)
        _put(item, "Price Description", price.description)
        if old == price.adjusted:
            return
        item.properties["Adjusted Price"] = write_number(price.adjusted)
        comment = item.properties.get("Pricing Comment")
        if not comment or comment.startswith(COMMENT):
            _put(item, "Pricing Comment", _comment(price.rules))

    def _sums(self) -> tuple[tuple[Total, ...], tuple[RolledUp, ...]]:
        totals: dict[tuple[str | None, str | None], Decimal] = {}
        one_time: dict[int, Decimal] = {}  # by line: its own one-time charges and those beneath it
        parents: set[int] = set()
        for line in reversed(self.lines):
            below = one_time.get(id(line))
            if line.above is not None:
                parents.add(id(line.above))
            price = self._carried(line) if line.is_there else None
            if price is not None:
                price_type = line.item.properties.get("Price Type") or None
                unit = line.item.properties.get("Unit Of Measure") or None
                amount = rounded(EXACT.multiply(price, line.extended), self.currency, price_type)
                totals[price_type, unit] = EXACT.add(totals.get((price_type, unit), _ZERO), amount)
                if price_type == _ONE_TIME:
                    below = EXACT.add(below or _ZERO, amount)
            if below is not None:
                one_time[id(line)] = below
                if line.above is not None:
                    one_time[id(line.above)] = EXACT.add(one_time.get(id(line.above), _ZERO), below)
        return (
            tuple(Total(*kind, totals[kind]) for kind in sorted(totals, key=_total_order)),
            tuple(
                RolledUp(
                    line.number, line.key, line.product or line.item.properties.get("Product Name"), one_time[id(line)]
                )
                for line in self.lines
                if line.is_there and id(line) in parents and id(line) in one_time
            ),
        )


def _total_order(kind: tuple[str | None, str | None]) -> tuple[int, str, str]:
    price_type, unit = kind
    known = PRICE_TYPES.index(price_type) if price_type in PRICE_TYPES else len(PRICE_TYPES)
    return known, price_type or "", unit or ""


def _put(item: PropertySet, name: str, text: str | None) -> None:
    """Write a value, unless the item has it already, in whatever form. Changes *item*."""
    old = item.properties.get(name)
    if old == text or (old is not None and text is not None and _is_same_number(old, text)):
        return
    item.properties[name] = text


def _is_same_number(one: str, two: str) -> bool:
    number = as_number(one)
    return number is not None and number == as_number(two)


def _comment(rules: Sequence[str]) -> str | None:
    if not rules:
        return None
    text = COMMENT + "; ".join(rules)
    return text if len(text) <= _MOST_COMMENT else text[: _MOST_COMMENT - 3] + "..."


def _counted(products: Collection[str]) -> str:
    return f"{len(products)} product" + ("" if len(products) == 1 else "s")
