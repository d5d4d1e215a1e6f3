"""The totals of priced lines: for each service item and for all together.

Charges of one price type and unit of measure are added up. Rates of usage are listed and never added: nobody pays the
sum of a price for a kWh of electricity and a price for a kWh of gas.

Spec: docs/design/workflows.md, "Configurator and pricing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from hub.pricing.currency import EXACT, USAGE, rounded
from hub.pricing.lines import Line, carried_price, lines_of
from hub.pricing.port import ItemTotals, RolledUp, Total
from hub.pricing.price_list import PRICE_TYPES
from hub.services.free_units import free_units
from hub.services.objects import only_instance
from integration_objects.complex_object import is_empty
from integration_objects.property_set import PropertySet

_ONE_TIME = PRICE_TYPES[0]
_ZERO = Decimal(0)
#: A price type, a unit of measure; of usage also the product and the rate, None for other charges.
_Kind = tuple[str | None, str | None, str | None, Decimal | None]


@dataclass(frozen=True)
class Sums:
    """The sums over the lines of one tree; see `hub.pricing.port.Priced`."""

    totals: tuple[Total, ...]
    by_item: tuple[ItemTotals, ...]
    rolled_up: tuple[RolledUp, ...]


def totals_of(tree: PropertySet, currency: str) -> tuple[Total, ...]:
    """Add up the prices that the lines of a quote, an order or an asset carry.

    Args:
        tree: a message with one instance at most. Not changed.
        currency: the currency of its prices.

    Raises:
        PriceWrong: an item carries a price that is no number.
    """
    instance = None if is_empty(tree) else only_instance(tree, "tree")
    if instance is None:
        return ()
    lines = lines_of(tree, instance)
    return add_up(lines_and_prices(lines, lambda line: carried_price(tree, instance, line.item)), currency).totals


def lines_and_prices(
    lines: Iterable[Line], price_of: Callable[[Line], Decimal | None]
) -> list[tuple[Line, Decimal | None]]:
    """Pair the lines with their prices; a line that is not there has none."""
    return [(line, price_of(line) if line.is_there else None) for line in lines]


def add_up(priced: list[tuple[Line, Decimal | None]], currency: str) -> Sums:
    """Work out the sums over lines with their prices, None for none.

    Args:
        priced: the lines in the tree's order.
        currency: gives the digits to which each line's amount is rounded.
    """
    everything: dict[_Kind, Decimal] = {}
    by_item: dict[int, tuple[Line, dict[_Kind, Decimal]]] = {}
    root: Line | None = None
    amounts: dict[int, Decimal] = {}
    for line, price in priced:
        root = line if root is None or line.depth == 0 else root
        if price is None:
            continue
        kind, amount = _charge(line, price, currency)
        if kind[0] == _ONE_TIME:
            amounts[id(line)] = amount
        for sums in (everything, by_item.setdefault(id(root), (root, {}))[1]):
            # A rate that two lines share is listed once.
            sums[kind] = amount if kind[0] == USAGE else EXACT.add(sums.get(kind, _ZERO), amount)
    items = (ItemTotals(root.key, _name(root), _totals(sums)) for root, sums in by_item.values())
    return Sums(_totals(everything), tuple(items), tuple(_rolled_up([line for line, _ in priced], amounts)))


def _charge(line: Line, price: Decimal, currency: str) -> tuple[_Kind, Decimal]:
    """Return the kind of a line's charge, and its amount; of usage, its rate."""
    price_type, unit = line.item.get("Price Type") or None, line.item.get("Unit Of Measure") or None
    if price_type == USAGE:
        return (price_type, unit, _name(line), price.normalize()), price
    # Rounded line by line, as an invoice shows them: the total is the sum of the shown amounts.
    charged = max(_ZERO, EXACT.subtract(line.extended, free_units(line.item)))
    return (price_type, unit, None, None), rounded(EXACT.multiply(price, charged), currency, price_type)


def _totals(sums: dict[_Kind, Decimal]) -> tuple[Total, ...]:
    return tuple(Total(kind[0], kind[1], sums[kind], kind[2]) for kind in sorted(sums, key=_order))


def _order(kind: _Kind) -> tuple[int, str, str, str, Decimal]:
    price_type, unit, product, rate = kind
    known = PRICE_TYPES.index(price_type) if price_type in PRICE_TYPES else len(PRICE_TYPES)
    return known, price_type or "", unit or "", product or "", rate or _ZERO


def _rolled_up(lines: list[Line], amounts: dict[int, Decimal]) -> Iterator[RolledUp]:
    """Yield the parents with one-time charges of their own or beneath them; *amounts* has each line's own."""
    sums = dict(amounts)
    parents = {id(line.above) for line in lines if line.above is not None}
    # From the last line to the first: all beneath a line is added up before the line itself.
    for line in reversed(lines):
        if line.above is not None and id(line) in sums:
            sums[id(line.above)] = EXACT.add(sums.get(id(line.above), _ZERO), sums[id(line)])
    for line in lines:
        if line.is_there and id(line) in parents and id(line) in sums:
            yield RolledUp(line.number, line.key, _name(line), sums[id(line)])


def _name(line: Line) -> str | None:
    return line.product or line.item.get("Product Name")
