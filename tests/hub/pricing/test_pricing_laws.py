"""Laws of the built-in pricing, on generated trees and lists; and the verdict of a slow, plain oracle."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.pricing.list_pricing import ListPricing
from hub.pricing.port import Total
from hub.pricing.price_list import PriceList, PriceRule
from hub.services.explode import explode
from integration_objects.complex_object import instances, line_items, walk_items
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from tests.hub.pricing.lists import ON, price, price_list, rule
from tests.trees import item, quote

often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRODUCTS = ("P", "Q", "B")
CENT = Decimal("0.01")


@st.composite
def trees(draw: st.DrawFn) -> PropertySet:
    """A quote of up to twelve items in random places, some of them deleted."""
    count = draw(st.integers(0, 12))
    nodes = [
        item(
            f"K{n}",
            product_id=draw(st.sampled_from(PRODUCTS)),
            quantity=draw(st.sampled_from((None, "1", "2", "3", "0", "1.5"))),
            action=draw(st.sampled_from((None, "Add", "-", "Update", "Delete"))),
            adjusted_price=draw(st.sampled_from((None, "1", "5.00", "7.5"))),
        )
        for n in range(count)
    ]
    roots: list[PropertySet] = []
    for n, node in enumerate(nodes):
        above = draw(st.integers(-1, n - 1))
        if above < 0:
            roots.append(node)
        else:
            if not nodes[above].children:
                nodes[above].children.append(PropertySet("ListOf Line Item"))
            nodes[above].children[0].children.append(node)
    return quote(*roots)


@st.composite
def lists(draw: st.DrawFn) -> PriceList:
    """Prices for all products, some for bundles too, and rules of every kind."""
    amounts = st.integers(0, 3_000).map(lambda cents: str(Decimal(cents) / 100))
    bundles = st.sampled_from((None, "B", "Q"))
    parts = [
        price(product, draw(amounts), price_type=draw(st.sampled_from(("One-Time", "Recurring"))))
        for product in PRODUCTS
    ]
    if draw(st.booleans()):
        parts.append(price("P", draw(amounts), bundle_product_id="B"))
    for n, kind in enumerate(draw(st.lists(st.sampled_from(("Volume", "Percentage", "Amount")), max_size=4))):
        figures = {
            "Volume": {"from_quantity": str(n + 1), "price": draw(amounts)},
            "Percentage": {"percent": draw(st.sampled_from(("10", "33.3", "100")))},
            "Amount": {"amount": draw(st.sampled_from(("0.01", "2.5", "50")))},
        }[kind]
        parts.append(rule(f"r{n}", kind, draw(st.sampled_from(("P", "Q"))), bundle_product_id=draw(bundles), **figures))
    if draw(st.booleans()):
        parts.append(rule("free", "Every Nth Free", "P", bundle_product_id=draw(bundles), every="3"))
    return price_list(*parts)


@often
@given(trees(), lists())
def test_pricing_again_changes_nothing(tree: PropertySet, prices: PriceList) -> None:
    once = ListPricing().price(tree, prices, ON)
    again = ListPricing().price(once.tree, prices, ON)
    assert again.changes == ()
    assert again.tree == once.tree
    assert (again.totals, again.rolled_up) == (once.totals, once.rolled_up)


@often
@given(trees(), lists())
def test_prices_without_keys_depend_on_the_trees_order_alone(tree: PropertySet, prices: PriceList) -> None:
    other = tree.copy()
    for node, _ in walk_items(instances(other)[0]):
        del node.properties["Integration Id"]
    # Keys in the tree's order: which unit is free goes by the keys.
    for number, (node, _) in enumerate(walk_items(instances(tree)[0])):
        node.properties["Integration Id"] = f"{number:03d}"
    one, two = (ListPricing().price(each, prices, ON) for each in (tree, other))
    assert [(each.number, each.new, each.rule) for each in one.changes] == [
        (each.number, each.new, each.rule) for each in two.changes
    ]
    assert one.totals == two.totals


def there(nodes: list[PropertySet], above: tuple[PropertySet, ...] = ()) -> list[tuple[PropertySet, ...]]:
    """The path of every item that isn't deleted, root first, in the tree's order."""
    found: list[tuple[PropertySet, ...]] = []
    for node in nodes:
        if node.get("Action Code") != "Delete":
            path = (*above, node)
            found += [path, *there(line_items(node), path)]
    return found


def product_of(nodes: tuple[PropertySet, ...]) -> Decimal:
    result = Decimal(1)
    for node in nodes:
        result *= Decimal(node.get("Quantity") or "1")
    return result


@often
@given(trees(), lists())
def test_totals_are_the_sums_over_the_lines(tree: PropertySet, prices: PriceList) -> None:
    bill = ListPricing().price(tree, prices, ON)
    sums: dict[tuple[str, str], Decimal] = {}
    one_time: dict[int, Decimal] = {}
    paths = there(line_items(instances(bill.tree)[0]))
    for path in paths:
        fields = path[-1].properties
        charged = product_of(path) - Decimal(fields.get("Free Quantity") or 0)
        amount = (Decimal(fields["Adjusted Price"] or "") * charged).quantize(CENT, ROUND_HALF_UP)
        kind = (fields["Price Type"] or "", fields["Unit Of Measure"] or "")
        sums[kind] = sums.get(kind, Decimal(0)) + amount
        if kind[0] == "One-Time":
            for node in path:
                one_time[id(node)] = one_time.get(id(node), Decimal(0)) + amount
    assert bill.totals == tuple(Total(*kind, sums[kind]) for kind in sorted(sums))
    numbers = {id(path[-1]): number for number, path in enumerate(paths, 1)}
    parents = {id(path[-2]) for path in paths if len(path) > 1}
    assert {one.number: one.amount for one in bill.rolled_up} == {
        numbers[node]: amount for node, amount in one_time.items() if node in parents
    }


@often
@given(trees(), lists())
def test_every_price_is_what_the_rules_say_one_by_one(tree: PropertySet, prices: PriceList) -> None:
    """The oracle looks at the whole tree anew for each item, and knows no state."""
    bill = ListPricing().price(tree, prices, ON)
    paths = there(line_items(instances(bill.tree)[0]))
    for path in paths:
        found = (Decimal(path[-1].get("Adjusted Price") or ""), Decimal(path[-1].get("Free Quantity") or 0))
        assert found == oracle(path, paths, prices), path[-1]


KEYS = st.permutations([f"K{n}" for n in range(8)])
QUANTITIES = st.lists(st.integers(1, 5), min_size=1, max_size=8)
EVERY = st.integers(2, 4)


def free_list(every: int) -> PriceList:
    return price_list(price("B", "0"), price("P", "9.99"), rule("free", "Every Nth Free", "P", every=str(every)))


def bundle(keys: Sequence[str], quantities: Sequence[int], bundles: int = 1) -> PropertySet:
    parts = [item(key, product_id="P", quantity=str(n), action="Add") for key, n in zip(keys, quantities, strict=False)]
    return quote(item("B", *parts, product_id="B", quantity=str(bundles), action="Add"))


def prices_by_key(tree: PropertySet) -> dict[str, tuple[str | None, str | None]]:
    return {
        node.get("Integration Id") or "": (node.get("Adjusted Price"), node.get("Free Quantity"))
        for node, _ in walk_items(instances(tree)[0])
        if node.get("Product Id") == "P"
    }


@often
@given(KEYS, QUANTITIES, EVERY, st.integers(1, 3))
def test_a_total_with_free_units_is_exact_and_stays_so_when_it_is_exploded(
    keys: list[str], quantities: list[int], every: int, bundles: int
) -> None:
    once = ListPricing().price(bundle(keys, quantities, bundles), free_list(every), ON)
    units = sum(quantities[: len(keys)])
    assert once.totals[0].amount == bundles * (units - units // every) * Decimal("9.99")
    definitions = shipped_definitions()
    numbers = itertools.count()
    exploded = explode(once.tree, definitions, lambda: f"N{next(numbers):04d}")
    again = ListPricing().price(exploded, free_list(every), ON)
    assert (again.changes, again.totals) == ((), once.totals)
    assert {free for _, free in prices_by_key(exploded).values()} == {None}


@often
@given(KEYS, QUANTITIES, EVERY, st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(
    keys: list[str], quantities: list[int], every: int, chance: random.Random
) -> None:
    tree = bundle(keys, quantities)
    other = tree.copy()
    chance.shuffle(line_items(line_items(instances(other)[0])[0]))
    one, two = (ListPricing().price(each, free_list(every), ON) for each in (tree, other))
    assert prices_by_key(one.tree) == prices_by_key(two.tree)


@often
@given(KEYS, st.integers(2, 8), EVERY, st.data())
def test_a_free_item_stays_free_while_the_number_of_items_allows_it(
    keys: list[str], count: int, every: int, data: st.DataObject
) -> None:
    before = ListPricing().price(bundle(keys, [1] * count), free_list(every), ON)
    free_before = {key for key, (amount, _) in prices_by_key(before.tree).items() if amount == "0.00"}
    tree = before.tree.copy()
    parts = line_items(line_items(instances(tree)[0])[0])
    for node in data.draw(st.lists(st.sampled_from(list(parts)), unique_by=id, max_size=count - 1)):
        parts.remove(node)
    left = {node.get("Integration Id") for node in parts}
    after = prices_by_key(ListPricing().price(tree, free_list(every), ON).tree)
    free_after = {key for key, (amount, _) in after.items() if amount == "0.00"}
    assert len(free_after) == len(left) // every
    still = free_before & left
    assert free_after <= still or still <= free_after


def bundle_of(path: tuple[PropertySet, ...], bundle: str | None) -> int | None:
    """How far down *path* the bundle's item is; None where there is none."""
    if bundle is None:
        return 0
    return max((n for n, node in enumerate(path[:-1]) if node.get("Product Id") == bundle), default=None)


def within(path: tuple[PropertySet, ...], depth: int) -> Decimal:
    return product_of(path[depth + 1 :]) if depth < len(path) - 1 else product_of(path[-1:])


def like(path: tuple[PropertySet, ...], paths: list[tuple[PropertySet, ...]], bundle: str | None) -> Decimal:
    """The units of those of *paths* that are like the item and in its bundle."""
    depth = bundle_of(path, bundle)
    assert depth is not None
    found = Decimal(0)
    for other in paths:
        same = other[-1].get("Product Id") == path[-1].get("Product Id")
        if same and bundle_of(other, bundle) == depth and other[depth] is path[depth]:
            found += within(other, depth)
    return found


def oracle(
    path: tuple[PropertySet, ...], paths: list[tuple[PropertySet, ...]], prices: PriceList
) -> tuple[Decimal, Decimal]:
    """The price of an item, and its free units if they aren't all free."""
    price, rules = oracle_without_free(path, paths, prices)
    for one in rules:
        units = within(path, bundle_of(path, one.bundle) or 0)
        if one.kind == "Every Nth Free" and units and price > 0:
            charged = [each for each in paths if oracle_without_free(each, paths, prices)[0] > 0]
            key = path[-1].get("Integration Id") or ""
            start = like(path, [each for each in charged if (each[-1].get("Integration Id") or "") < key], one.bundle)
            free = (start + units) // one.figure - start // one.figure
            if free >= units:
                return Decimal(0), Decimal(0)
            return price, free * product_of(path) / units
    return price, Decimal(0)


def oracle_without_free(
    path: tuple[PropertySet, ...], paths: list[tuple[PropertySet, ...]], prices: PriceList
) -> tuple[Decimal, list[PriceRule]]:
    product = path[-1].get("Product Id")

    def nearest(bundles: set[str | None]) -> list[str | None]:
        depths = {one: bundle_of(path, one) for one in bundles}
        named = [one for one in bundles if one is not None and depths[one] is not None]
        return [*sorted(named, key=lambda one: -(depths[one] or 0)), *([None] if None in bundles else [])]

    listed = {one.bundle: one.price for one in prices.items if one.product == product}
    price = listed[nearest(set(listed))[0]]
    rules = [one for one in prices.rules if one.product == product and bundle_of(path, one.bundle) is not None]
    tiers = [
        (bundle, one)
        for bundle in nearest({one.bundle for one in rules if one.kind == "Volume"})
        for one in sorted(rules, key=lambda each: -each.from_quantity)
        if one.kind == "Volume" and one.bundle == bundle and one.from_quantity <= like(path, paths, bundle)
    ]
    if tiers:
        price = tiers[0][1].figure
    for one in sorted(rules, key=lambda each: each.name):
        if one.kind == "Percentage":
            price = price * (100 - one.figure) / 100
    for one in sorted(rules, key=lambda each: each.name):
        if one.kind == "Amount":
            price = max(Decimal(0), price - one.figure)
    return price.quantize(CENT, ROUND_HALF_UP), rules
