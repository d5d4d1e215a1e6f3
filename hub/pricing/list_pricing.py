"""The built-in pricing: by a price list and its rules. Pure; the work grows with the number of line items.

For each item, in this order:

    1. the listed price: of the nearest bundle that has one for the product, else the one for everywhere
    2. Volume: the tier that the number of like items in the bundle reaches; its price takes the listed one's place
    3. Percentage rules by name, then Amount rules by name; each works on what the ones before it left, not below 0
    4. the discount or agreed price that a person gave the item; then rounding to the currency's minor unit
    5. Every Nth Free: of the units in the bundle, counted in the order of their Integration Ids, the n-th, 2n-th, ...
       cost nothing; `hub.pricing.free_of_charge` chooses them, so that a unit that was free stays free

A rule of the nearest bundle goes before a rule for everywhere, and at most one Volume and one Every Nth Free rule work
on an item. If a rule or price names a bundle, like items are counted within the nearest item of that product above
them; else within their root item. They are counted in one bundle, whatever the quantity of the bundle itself.

Source: "Usage Scenarios", a, b and d; spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.pricing.currency import EXACT, rounded
from hub.pricing.discount import discounted, has_agreed_price
from hub.pricing.free_of_charge import Candidate, choose
from hub.pricing.lines import Line
from hub.pricing.port import Priced
from hub.pricing.price_list import EffectivePrices, PriceList, PriceRule, pricing_moment
from hub.pricing.settle import Bill, LinePrice
from integration_objects.discount import describe
from integration_objects.property_set import PropertySet

_ZERO, _HUNDRED = Decimal(0), Decimal(100)
#: The items within which an item's prices and rules count: by bundle, None for everywhere (its root item).
Scopes = Mapping[str | None, Line]
#: A product, the rule's bundle, and the item that is this bundle.
_Count = tuple[str, str | None, int]


class ListPricing:
    """Prices by the given price list."""

    is_external = False

    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        """Price every line item of *tree* that isn't deleted; see `Pricing.price`."""
        effective = prices.at(pricing_moment(on))
        bill = Bill(tree, prices)
        line_prices = _LinePrices(bill.lines, effective, prices.currency).by_number()
        if not may_lack:
            known = {item.product for item in prices.items}
            bill.refuse_unpriced(line_prices, f"the price list '{prices.price_list_id}'", on, known)
        return bill.settle(line_prices)


@dataclass
class _LinePrices:
    """The prices of the lines of one tree."""

    lines: list[Line]
    effective: EffectivePrices
    currency: str
    counts: dict[_Count, Decimal] = field(default_factory=dict)

    def by_number(self) -> dict[int, LinePrice]:
        """Work out the prices of all lines that have one, by number."""
        scopes = list(_scopes_of(self.lines, _bundles_by_product(self.effective)))
        # All lines are counted before the first is priced: the last line of a bundle may bring all lines to a tier.
        for line, product, around in scopes:
            for bundle in self.effective.tiers.get(product, ()):
                _add(self.counts, product, bundle, line, around)
        prices = {line.number: self._price(line, product, around) for line, product, around in scopes}
        found = {number: price for number, price in prices.items() if price is not None}
        self._make_free(scopes, found)
        return found

    def _make_free(self, scopes: list[tuple[Line, str, dict[str | None, Line]]], prices: dict[int, LinePrice]) -> None:
        """Make every n-th unit free, where a rule says so. Changes *prices*."""
        counted: dict[_Count, tuple[PriceRule, list[Candidate]]] = {}
        for line, product, around in scopes:
            by_bundle = self.effective.every.get(product, {})
            price = prices.get(line.number)
            # A unit that costs nothing anyway is not counted: it would take a free unit away from the customer.
            if price is None or price.adjusted <= 0 or has_agreed_price(line.item):
                continue
            for bundle in _nearest_first(by_bundle, around):
                scope = around[bundle]
                key = (product, bundle, id(scope))
                counted.setdefault(key, (by_bundle[bundle], []))[1].append(Candidate.of(line, line.within(scope)))
                break
        for rule, candidates in counted.values():
            for candidate, free in choose(candidates, rule.figure):
                number = candidate.line.number
                prices[number] = candidate.with_free(prices[number], free, rule.name)

    def _price(self, line: Line, product: str, around: Scopes) -> LinePrice | None:
        by_bundle = self.effective.prices.get(product, {})
        # "" for no price, because None is a bundle, too: the price that holds everywhere.
        bundle = next(_nearest_first(by_bundle, around), "")
        if bundle == "":
            return None
        listed = by_bundle[bundle]
        price, rules = listed.price, []
        for rule in (*self._tier(line, product, around), *self._discounts(product, around)):
            changed = _ruled(price, rule)
            # A rule that changes nothing isn't named in the Pricing Comment.
            if changed != price:
                price = changed
                rules.append(rule.name)
        changed = discounted(line.item, price)
        if changed != price:
            price = changed
            rules.append(describe(line.item))
        price = rounded(price, self.currency, listed.price_type)
        return LinePrice(price, listed.fields, tuple(rules))

    def _tier(self, line: Line, product: str, around: Scopes) -> Iterator[PriceRule]:
        """Yield the volume tier that is reached, if any."""
        by_bundle = self.effective.tiers.get(product, {})
        for bundle in _nearest_first(by_bundle, around):
            count = self.counts[product, bundle, id(around[bundle])]
            # The highest tier stands first. A bundle whose tiers are all too high leaves the choice to a farther one.
            for rule in by_bundle[bundle]:
                if rule.from_quantity <= count:
                    yield rule
                    return

    def _discounts(self, product: str, around: Scopes) -> Iterator[PriceRule]:
        return (rule for rule in self.effective.discounts.get(product, ()) if rule.bundle in around)


def _scopes_of(
    lines: list[Line], bundles: Mapping[str, frozenset[str]]
) -> Iterator[tuple[Line, str, dict[str | None, Line]]]:
    """Walk the lines with a product and a price; give each with the nearest items of its bundles above it."""
    # The items above a line are kept by product, so that a deep tree costs no more than a flat one.
    path: list[Line] = []
    above: dict[str, list[Line]] = {}
    for line in lines:
        while len(path) > line.depth:
            closed = path.pop()
            if closed.product:
                above[closed.product].pop()
        product = line.product
        if product and line.is_there:
            around: dict[str | None, Line] = {None: path[0] if path else line}
            for bundle in bundles.get(product, ()):
                if above.get(bundle):
                    around[bundle] = above[bundle][-1]
            yield line, product, around
        path.append(line)
        if product:
            above.setdefault(product, []).append(line)


def _bundles_by_product(effective: EffectivePrices) -> dict[str, frozenset[str]]:
    """Return the bundles that the prices and rules of each product name."""
    named: dict[str, set[str]] = {}
    for by_product in (effective.prices, effective.tiers, effective.every):
        for product, by_bundle in by_product.items():
            named.setdefault(product, set()).update(bundle for bundle in by_bundle if bundle is not None)
    for product, rules in effective.discounts.items():
        named.setdefault(product, set()).update(rule.bundle for rule in rules if rule.bundle is not None)
    return {product: frozenset(bundles) for product, bundles in named.items()}


def _nearest_first(bundles: Collection[str | None], around: Scopes) -> Iterator[str | None]:
    """Walk those of *bundles* that are around an item, the nearest first, everywhere (None) last."""
    named = [bundle for bundle in bundles if bundle is not None and bundle in around]
    yield from sorted(named, key=lambda bundle: -around[bundle].depth)
    if None in bundles:
        yield None


def _add(counts: dict[_Count, Decimal], product: str, bundle: str | None, line: Line, around: Scopes) -> Decimal:
    """Count the line's units in its bundle, if it stands in one, and return the count. Changes *counts*."""
    scope = around.get(bundle)
    if scope is None:
        return _ZERO
    key = (product, bundle, id(scope))
    count = EXACT.add(counts.get(key, _ZERO), line.within(scope))
    counts[key] = count
    return count


def _ruled(price: Decimal, rule: PriceRule) -> Decimal:
    """Apply a Volume, Percentage or Amount rule to *price*; a discount leaves a credit alone."""
    if rule.kind == "Volume":
        return rule.figure
    if price <= 0:
        return price
    if rule.kind == "Percentage":
        return EXACT.divide(EXACT.multiply(price, EXACT.subtract(_HUNDRED, rule.figure)), _HUNDRED)
    return max(_ZERO, EXACT.subtract(price, rule.figure))
