"""The built-in pricing: the source's numbers, every kind of rule alone and together, dates, rounding, hostile trees."""

from __future__ import annotations

import pathlib
from decimal import Decimal

import pytest

from hub.pricing.lines import CurrencyDiffers, PriceWrong
from hub.pricing.list_pricing import ListPricing
from hub.pricing.port import Change, RolledUp, Total
from hub.pricing.price_list import PriceList, PriceListNotEffective, PricingDateWrong, price_list_of
from hub.pricing.settle import PriceMissing
from hub.services.delta import delta
from hub.services.explode import ExtendedQuantityTooLarge
from hub.services.items import QuantityWrong
from hub.services.objects import ManyInstances
from integration_objects.complex_object import empty, instances, walk_items
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from schemas.hub_xml import hub_from_xml
from tests.hub.pricing.lists import ON, large_prices, large_quote, list_tree, price, priced, rule
from tests.steps_of import steps_of
from tests.trees import asset, counting, item, only, order, outline, quote, together

DEFINITIONS = shipped_definitions()
SAMPLE = pathlib.Path(__file__).parents[3] / "hub" / "samples" / "price_list.xml"


@pytest.fixture(scope="module")
def standard() -> PriceList:
    """The shipped price list."""
    return price_list_of(hub_from_xml(SAMPLE.read_bytes(), DEFINITIONS))


def line(key: str, optional: str = "Caller Id", **fields: str | None) -> PropertySet:
    """A local line of the Small Business Enabler with its three features."""
    features = [item(f"{key}-{word[:6]}", product_id=word) for word in ("Voice Mail", "Call Waiting", optional)]
    return item(key, *features, product_id="Local Line", **fields)


def enabler(lines: list[PropertySet]) -> PropertySet:
    return item("SBE", *lines, product_id="Small Business Enabler")


def month(amount: str) -> Total:
    return Total("Recurring", "Month", Decimal(amount))


def test_ten_lines_cost_5_99_each_with_their_features_included(standard: PriceList) -> None:
    """Usage Scenarios, a."""
    bill = ListPricing().price(quote(enabler([line(f"L{n}") for n in range(10)])), standard, ON)
    assert outline(bill.tree, "List Price", "Adjusted Price", "Price Type", "Unit Of Measure", "Currency Code").split(
        "\n"
    )[:5] == [
        "SBE 25.00 25.00 Recurring Month USD",
        "  L0 5.99 5.99 Recurring Month USD",
        "    L0-Voice  0.00 0.00 Recurring Month USD",
        "    L0-Call W 0.00 0.00 Recurring Month USD",
        "    L0-Caller 0.00 0.00 Recurring Month USD",
    ]
    assert bill.totals == (month("84.90"),)
    assert len(bill.changes) == 41
    assert bill.changes[1] == Change(2, "L0", "Local Line", None, Decimal("5.99"), "")
    assert (bill.currency, bill.rolled_up, bill.unpriced) == ("USD", (), ())
    assert only(bill.tree, "L0-Voice ").get("Price Description") == "included in the line"


def test_with_fifteen_lines_each_costs_4_99_and_the_changes_say_so(standard: PriceList) -> None:
    """Usage Scenarios, b: five more lines, and another one replaced."""
    had = ListPricing().price(asset(enabler([line(f"L{n}") for n in range(10)])), standard, ON).tree
    wanted = had.copy()
    bundle = only(wanted, "SBE")
    bundle.children[0].children[9:] = [line(f"N{n}", "Call Forwarding") for n in range(6)]
    bill = ListPricing().price(wanted, standard, "2026-11-01")
    assert [one for one in bill.changes if one.key and one.key.startswith("L")] == [
        Change(2 + 4 * n, f"L{n}", "Local Line", Decimal("5.99"), Decimal("4.99"), "More than ten lines")
        for n in range(9)
    ]
    assert bill.totals == (month("99.85"),)
    assert only(bill.tree, "L0").get("Pricing Comment") == "Price rule: More than ten lines"
    change = delta(had, bill.tree, DEFINITIONS, new_id=counting())
    counts: dict[str, int] = {}
    for code in outline(change, "Action Code").split("\n"):
        action = code.split()[-1]
        counts[action] = counts.get(action, 0) + 1
    assert counts == {"-": 1 + 27, "Update": 9, "Add": 6 + 18, "Delete": 1 + 3}


def test_the_third_isdn_line_is_free_and_the_two_before_keep_their_price(standard: PriceList) -> None:
    """Usage Scenarios, c and d: one ISDN line on order, two more; the second of the two is free."""
    lines = [line(f"L{n}") for n in range(5)]
    had = ListPricing().price(quote(enabler([*lines, item("I1", product_id="ISDN Line")])), standard, ON).tree
    assert only(had, "I1").get("Adjusted Price") == "29.00"
    wanted = had.copy()
    only(wanted, "SBE").children[0].children += [item(key, product_id="ISDN Line") for key in ("I2", "I3")]
    bill = ListPricing().price(wanted, standard, ON)
    assert bill.changes == (
        Change(23, "I2", "ISDN Line", None, Decimal("29.00"), ""),
        Change(24, "I3", "ISDN Line", None, Decimal("0.00"), "One ISDN line free for every two"),
    )
    assert only(bill.tree, "I3").get("List Price") == "29.00"


def test_voice_mail_costs_6_95_in_the_local_breakthrough_package(standard: PriceList) -> None:
    """Usage Scenarios, f: what one bundle includes, another sells."""
    features = ("Caller Id", "Call Forwarding", "Voice Mail")
    tree = order(
        item(
            "P",
            item("L", *[item(word, product_id=word) for word in features], product_id="Local Line"),
            item("I", product_id="Installation"),
            product_id="Local Breakthrough Package",
        )
    )
    bill = ListPricing().price(tree, standard, ON)
    assert outline(bill.tree, "Adjusted Price") == (
        "P 19.95\n  L 0.00\n    Caller Id 0.00\n    Call Forwarding 0.00\n    Voice Mail 6.95\n  I 15.00"
    )
    assert bill.totals == (Total("One-Time", None, Decimal("15.00")), month("26.90"))
    assert bill.rolled_up == (RolledUp(1, "P", "Local Breakthrough Package", Decimal("15.00")),)


def test_rates_of_usage_keep_their_digits_and_are_not_added(standard: PriceList) -> None:
    """The standing charge is rounded to cents, what a kWh costs is not; rates are listed, and never added up."""
    supplies = [item(name, product_id=name) for name in ("Electricity", "Gas")]
    bill = ListPricing().price(quote(item("E", *supplies, product_id="Home Energy")), standard, ON)
    assert bill.totals == (
        month("4.00"),
        Total("Usage", "kWh", Decimal("0.2845"), "Electricity"),
        Total("Usage", "kWh", Decimal("0.0935"), "Gas"),
    )


def test_every_product_of_the_samples_has_a_price_on_its_own(standard: PriceList) -> None:
    products = [
        product.get("Product Id") or ""
        for file in sorted(SAMPLE.parent.glob("*.xml"))
        if b'IntObjectName="Product"' in file.read_bytes()
        for product in instances(hub_from_xml(file.read_bytes(), DEFINITIONS))
    ]
    assert "Local Line" in products
    bill = ListPricing().price(quote(*[item(one, product_id=one) for one in products]), standard, ON)
    assert len(bill.changes) == len(products)


# Each kind of rule


def flat(*quantities: str | None) -> PropertySet:
    """A bundle B with items P of these quantities."""
    return quote(item("B", *[item(f"P{n}", product_id="P", quantity=q) for n, q in enumerate(quantities)]))


def prices_of(tree: PropertySet, *parts: PropertySet) -> list[str | None]:
    """The adjusted prices of all items with a product."""
    bill = priced(tree, price("P", "10.00"), *parts)
    found = outline(bill.tree, "Product Id", "Adjusted Price").split("\n")
    return [each.split()[2] for each in found if each.split()[1] != "None"]


def volume(quantity: str, amount: str, **fields: str | None) -> PropertySet:
    return rule(f"from {quantity}", "Volume", "P", from_quantity=quantity, price=amount, **fields)


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        ((None,) * 4, "10.00"),
        ((None,) * 5, "8.00"),
        (("4",), "10.00"),
        (("5",), "8.00"),
        (("4.9999999",), "10.00"),
        (("2.5", "2.5"), "8.00"),
        (("9", "0"), "8.00"),
        (("9", None), "7.00"),
        (("0", "0"), "10.00"),
    ],
)
def test_all_like_items_get_the_price_of_the_tier_that_they_reach(
    quantities: tuple[str | None, ...], expected: str
) -> None:
    found = prices_of(flat(*quantities), volume("10", "7.00"), volume("5", "8.00"))
    assert found == [expected] * len(quantities)


def test_like_items_are_counted_within_one_bundle_however_often_the_bundle_is_there() -> None:
    two = [item(f"B{n}", item(f"P{n}", product_id="P", quantity="3"), product_id="B", quantity="2") for n in range(2)]
    tiers = volume("6", "8.00", bundle_product_id="B")
    tree = quote(item("R", *two, product_id="R"))
    bill = priced(tree, price("P", "10.00"), price("B", "1"), price("R", "0"), tiers)
    assert outline(bill.tree, "Adjusted Price") == "R 0.00\n  B0 1.00\n    P0 10.00\n  B1 1.00\n    P1 10.00"
    # Without a bundle's name all that is beneath the root counts.
    bill = priced(tree, price("P", "10.00"), price("B", "1"), price("R", "0"), volume("12", "8.00"))
    assert only(bill.tree, "P1").get("Adjusted Price") == "8.00"


def test_root_items_are_counted_each_on_its_own() -> None:
    """Whatever else stands on the quote, a root item costs the same."""
    tree = quote(*[item(f"P{n}", product_id="P") for n in range(9)], item("P9", product_id="P", quantity="5"))
    assert prices_of(tree, volume("5", "8.00")) == ["10.00"] * 9 + ["8.00"]


def test_quantities_between_the_bundle_and_the_item_multiply() -> None:
    tree = quote(item("R", item("Box", item("P", product_id="P", quantity="3"), quantity="2"), quantity="0"))
    assert prices_of(tree, volume("6", "8.00")) == ["8.00"]
    assert prices_of(tree, volume("6.5", "8.00")) == ["10.00"]


def test_a_box_of_none_counts_nothing() -> None:
    tree = quote(item("R", item("Box", item("P", product_id="P", quantity="3"), quantity="0")))
    assert prices_of(tree, volume("1", "8.00")) == ["10.00"]


def test_a_tier_for_the_nearest_bundle_goes_before_one_for_everywhere() -> None:
    tree = quote(item("B", *[item(f"P{n}", product_id="P") for n in range(5)], product_id="B"))
    parts = (
        price("B", "0"),
        volume("2", "9.00"),
        rule("b", "Volume", "P", bundle_product_id="B", from_quantity="5", price="9.50"),
    )
    assert [only(priced(tree, price("P", "10.00"), *parts).tree, "P0").get("Adjusted Price")] == ["9.50"]
    tree.children[0].children[0].children[0].children[0].children[0].children[0].children.pop()
    assert [only(priced(tree, price("P", "10.00"), *parts).tree, "P0").get("Adjusted Price")] == ["9.00"]


def every(number: str, **fields: str | None) -> PropertySet:
    return rule(f"every {number}", "Every Nth Free", "P", every=number, **fields)


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        ((None,) * 7, "10.00 10.00 0.00 10.00 10.00 0.00 10.00"),
        (("2", "2", "2"), "10.00 10.00-1 10.00-1"),
        (("3",), "10.00-1"),
        (("6", None), "10.00-2 10.00"),
        (("2.5", "0.5", "1"), "10.00 0.00 10.00"),
        (("0", "3"), "10.00 10.00-1"),
        (("0.5",) * 6, "10.00 10.00 10.00 10.00 10.00 0.00"),
    ],
)
def test_every_third_unit_is_free_in_the_order_of_the_keys(quantities: tuple[str | None, ...], expected: str) -> None:
    """An item of several units has the price of a charged unit, and the number of its free ones (written behind it)."""
    bill = priced(flat(*quantities), price("P", "10.00"), every("3"))
    nodes = [node for node, _ in walk_items(instances(bill.tree)[0])]
    found = [
        f"{node.get('Adjusted Price')}" + (f"-{node.get('Free Quantity')}" if node.get("Free Quantity") else "")
        for node in nodes
        if node.get("Product Id") == "P"
    ]
    assert found == expected.split()


def test_one_rule_at_most_makes_units_free_that_of_the_nearest_bundle() -> None:
    tree = quote(item("B", *[item(f"P{n}", product_id="P") for n in range(4)], product_id="B"))
    bill = priced(tree, price("P", "10.00"), price("B", "0"), every("2"), every("4", bundle_product_id="B"))
    assert [one.number for one in bill.changes if one.rule] == [5]


def percent(number: str, name: str = "", **fields: str | None) -> PropertySet:
    return rule(name or f"{number} percent", "Percentage", "P", percent=number, **fields)


def amount(number: str, name: str = "", **fields: str | None) -> PropertySet:
    return rule(name or f"{number} off", "Amount", "P", amount=number, **fields)


@pytest.mark.parametrize(
    ("listed", "rules", "expected"),
    [
        ("10.00", (percent("10"),), "9.00"),
        ("10.00", (percent("100"),), "0.00"),
        ("10.00", (percent("10"), percent("20")), "7.20"),
        ("10.00", (amount("2.50"),), "7.50"),
        ("10.00", (amount("10"), amount("0.01")), "0.00"),
        ("10.00", (amount("1", "a"), percent("10", "z")), "8.00"),
        ("-10.00", (percent("10"), amount("1")), "-10.00"),
        ("0.00", (percent("10"), amount("1")), "0.00"),
        ("10.00", (percent("10", bundle_product_id="X"),), "10.00"),
        # Rounded once, at the end: 9.99 * 0.85 * 0.85 - 0.005 = 7.212775
        ("9.99", (percent("15", "a"), percent("15", "b"), amount("0.005")), "7.21"),
    ],
)
def test_discounts_apply_percentages_first_and_round_at_the_end(
    listed: str, rules: tuple[PropertySet, ...], expected: str
) -> None:
    bill = priced(quote(item("P", product_id="P")), price("P", listed), *rules)
    assert only(bill.tree, "P").get("Adjusted Price") == expected
    again = priced(quote(item("P", product_id="P")), price("P", listed), *reversed(rules))
    assert again == bill


def test_all_kinds_together_apply_in_the_stated_order() -> None:
    """Volume 8.00; less 10 percent: 7.20; less 0.05: 7.15; the third is free."""
    bill = priced(
        flat(None, None, None),
        price("P", "10.00"),
        every("3"),
        amount("0.05"),
        percent("10"),
        volume("3", "8.00"),
    )
    assert [(one.new, one.rule) for one in bill.changes] == [
        (Decimal("7.15"), "from 3; 10 percent; 0.05 off"),
        (Decimal("7.15"), "from 3; 10 percent; 0.05 off"),
        (Decimal("0.00"), "from 3; 10 percent; 0.05 off; every 3"),
    ]
    assert only(bill.tree, "P2").get("Pricing Comment") == "Price rule: from 3; 10 percent; 0.05 off; every 3"


# Rounding


@pytest.mark.parametrize(
    ("listed", "currency", "expected"),
    [
        ("0.005", "USD", "0.01"),
        ("0.0049999", "USD", "0.00"),
        ("1.015", "USD", "1.02"),
        ("-0.005", "USD", "-0.01"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("1.00005", "CLF", "1.0001"),
        ("1.005", "Points", "1.01"),
        ("999999999999998.9999999", "USD", "999999999999999.00"),
    ],
)
def test_prices_are_rounded_half_up_to_the_currencys_minor_unit(listed: str, currency: str, expected: str) -> None:
    bill = priced(quote(item("P", product_id="P")), price("P", listed), currency_code=currency)
    assert only(bill.tree, "P").get("Adjusted Price") == expected
    assert only(bill.tree, "P").get("List Price") == listed


def test_a_discounted_rate_of_usage_is_rounded_to_seven_digits() -> None:
    usage = price("P", "0.0335", price_type="Usage", unit_of_measure="kWh")
    bill = priced(quote(item("P", product_id="P")), usage, percent("12.3456"))
    assert only(bill.tree, "P").get("Adjusted Price") == "0.0293642"


def test_amounts_are_rounded_line_by_line_before_they_are_added_up() -> None:
    tree = quote(*[item(f"P{n}", product_id="P", quantity="0.5") for n in range(3)])
    assert priced(tree, price("P", "0.01")).totals == (month("0.03"),)


# Which price counts


def test_the_price_of_the_nearest_bundle_counts() -> None:
    tree = quote(item("A", item("B", item("P", product_id="P"), product_id="B"), product_id="A"))
    parts = [price(name, "0") for name in "AB"] + [price("P", "3"), price("P", "2", bundle_product_id="A")]
    assert only(priced(tree, *parts).tree, "P").get("Adjusted Price") == "2.00"
    parts.append(price("P", "1", bundle_product_id="B"))
    assert only(priced(tree, *parts).tree, "P").get("Adjusted Price") == "1.00"


def test_an_item_is_not_its_own_bundle_but_may_hold_its_like() -> None:
    tree = quote(item("P0", item("P1", product_id="P"), product_id="P"))
    bill = priced(tree, price("P", "3"), price("P", "1", bundle_product_id="P"))
    assert outline(bill.tree, "Adjusted Price") == "P0 3.00\n  P1 1.00"


def test_a_bundle_beside_an_item_is_not_above_it() -> None:
    tree = quote(item("R", item("B", item("X"), product_id="B"), item("P", product_id="P")))
    bill = priced(tree, price("B", "0"), price("P", "3"), price("P", "1", bundle_product_id="B"))
    assert only(bill.tree, "P").get("Adjusted Price") == "3.00"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-01-31", "1.00"),
        ("2026-01-31T23:59:59.999999Z", "1.00"),
        ("2026-02-01", "2.00"),
        ("2026-02-01T00:59:59+01:00", "1.00"),
        ("2026-02-28T23:59:59Z", "2.00"),
        ("2026-03-01", "1.00"),
        ("2026-05-31T11:59:59Z", "1.00"),
        ("2026-05-31T12:00:00Z", "5.00"),
    ],
)
def test_the_price_that_started_last_counts_until_its_last_day(on: str, expected: str) -> None:
    """An end that is a date is a whole day; one that is a date-time is the first moment without it."""
    bill = priced(
        quote(item("P", product_id="P")),
        price("P", "5"),
        price("P", "1", name="first", effective_start_date="2026-01-01", effective_end_date="2026-05-31T12:00:00Z"),
        price("P", "2", name="action", effective_start_date="2026-02-01", effective_end_date="2026-02-28"),
        on=on,
    )
    assert only(bill.tree, "P").get("Adjusted Price") == expected


def test_rules_hold_in_their_time_and_a_later_tier_replaces_an_earlier_one() -> None:
    parts = (
        volume("1", "8.00"),
        rule("new", "Volume", "P", from_quantity="1.0", price="7.00", effective_start_date="2026-02-01"),
        percent("50", effective_end_date="2025-12-31"),
    )
    for on, expected in (("2025-12-31", "4.00"), ("2026-01-01", "8.00"), ("2026-02-01", "7.00")):
        bill = priced(quote(item("P", product_id="P")), price("P", "10"), *parts, on=on)
        assert only(bill.tree, "P").get("Adjusted Price") == expected, on


def test_a_list_that_does_not_hold_is_refused() -> None:
    with pytest.raises(PriceListNotEffective) as refused:
        priced(
            quote(item("P", product_id="P")),
            price("P", "1"),
            on="2027-01-01",
            effective_start_date="2026-01-01",
            effective_end_date="2026-12-31",
        )
    assert str(refused.value) == (
        "the price list 'Standard' doesn't hold on 2027-01-01\n"
        "  where: price list 'Standard', Effective Start Date and Effective End Date\n"
        "  why:   its last day was 2026-12-31\n"
        "  mend:  take another price list or another date, or mend the list's dates"
    )


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(PricingDateWrong) as refused:
        priced(quote(item("P", product_id="P")), price("P", "1"), on="soon")
    assert str(refused.value) == (
        "the date of the prices can't be read\n"
        "  where: argument 'on'\n"
        "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'\n"
        "  mend:  give a date or a date-time"
    )


# What is not there, and what has no price


def test_deleted_items_are_not_counted_not_priced_and_not_added_up() -> None:
    gone = item(
        "P1", item("P2", product_id="P", adjusted_price="99"), product_id="P", action="Delete", adjusted_price="9"
    )
    bill = priced(quote(item("P0", product_id="P"), gone), price("P", "10.00"), volume("2", "8.00"))
    assert outline(bill.tree, "Adjusted Price") == "P0 10.00\nP1 9\n  P2 99"
    assert bill.totals == (month("10.00"),)


def test_an_inactive_asset_is_gone_but_not_what_lives_beneath_it() -> None:
    tree = asset(
        item(
            "B",
            item("P0", product_id="P"),
            item("P1", product_id="P", status="Inactive"),
            product_id="B",
            status="Inactive",
        )
    )
    bill = priced(tree, price("P", "10.00"), price("P", "6.00", bundle_product_id="B"), volume("2", "8.00"))
    assert outline(bill.tree, "Adjusted Price") == "B None\n  P0 6.00\n  P1 None"
    assert [one.number for one in bill.changes] == [1]


def test_products_without_a_price_are_refused_each_by_name() -> None:
    tree = quote(item("A", item("B", product_id="Y"), product_id="X"), item("C", product_id="X"), item("D"))
    with pytest.raises(PriceMissing) as refused:
        priced(tree, price("Y", "1", bundle_product_id="Z"))
    assert str(refused.value) == (
        "the price list 'Standard' has no price for 2 products\n"
        "  where: OM Quote 'Q-1', line item 'A'; OM Quote 'Q-1', line item 'B'\n"
        "  why:   without a price on 2026-10-01: 'X', 'Y' (it has prices, but none that holds here)\n"
        "  mend:  add their prices to the price list, or take these products off"
    )
    bill = priced(tree, price("Y", "1", bundle_product_id="Z"), may_lack=True)
    assert (bill.unpriced, bill.changes, bill.tree) == (("X", "Y"), (), tree)


def test_a_written_in_product_keeps_its_price_and_is_added_up() -> None:
    tree = quote(
        item("W", product_name="Cabling", adjusted_price="120.00", price_type="One-Time", quantity="2"),
        item("V", product_name="Goodwill", adjusted_price="-1"),
        item("P", product_id="P"),
    )
    bill = priced(tree, price("P", "10.00"))
    assert bill.totals == (
        Total("One-Time", None, Decimal("240.00")),
        month("10.00"),
        Total(None, None, Decimal("-1.00")),
    )
    assert (len(bill.changes), bill.unpriced) == (1, ())


def test_one_time_charges_are_rolled_up_through_all_parents() -> None:
    once = price("I", "15.00", price_type="One-Time", unit_of_measure=None)
    tree = quote(
        item(
            "A",
            item("B", item("I1", product_id="I", quantity="2"), quantity="3"),
            item("I2", product_id="I"),
            item("C", item("D")),
        )
    )
    bill = priced(tree, once)
    assert bill.totals == (Total("One-Time", None, Decimal("105.00")),)
    assert bill.rolled_up == (RolledUp(1, "A", None, Decimal("105.00")), RolledUp(2, "B", None, Decimal("90.00")))


# What an item keeps


def test_pricing_changes_no_text_of_a_value_that_stays_the_same() -> None:
    tree = quote(item("P", product_id="P", adjusted_price="10.0", list_price="10", unit_of_measure="Month"))
    bill = priced(tree, price("P", "10.00"))
    assert bill.changes == ()
    assert outline(bill.tree, "Adjusted Price", "List Price") == "P 10.0 10"


def test_a_persons_comment_stays_and_pricings_own_follows_the_price() -> None:
    tree = quote(
        item("A", product_id="P", pricing_comment="agreed with Bob"),
        item("B", product_id="P", pricing_comment="Price rule: of last year", adjusted_price="1"),
        item("C", product_id="P"),
    )
    comments = "Pricing Comment"
    bill = priced(tree, price("P", "10.00"), percent("10"))
    assert outline(bill.tree, comments) == ("A agreed with Bob\nB Price rule: 10 percent\nC Price rule: 10 percent")
    assert outline(priced(bill.tree, price("P", "10.00")).tree, comments) == "A agreed with Bob\nB None\nC None"


def test_a_comment_of_many_rules_is_no_longer_than_its_field() -> None:
    rules = [percent("1", f"{n:02d} {'x' * 250}") for n in range(20)]
    comment = only(priced(quote(item("P", product_id="P")), price("P", "10"), *rules).tree, "P").get("Pricing Comment")
    assert comment is not None
    assert (len(comment), comment[-4:]) == (4000, "x...")


def test_what_the_list_does_not_say_is_taken_away_where_it_was_said() -> None:
    tree = quote(item("P", product_id="P", unit_of_measure="Year", price_description="old"))
    bill = priced(tree, price("P", "1", unit_of_measure=None, number_of_occurrences="12"))
    assert outline(bill.tree, "Unit Of Measure", "Price Description", "Number Of Occurrences") == "P None None 12"


# Currency, and hostile trees


def test_a_tree_in_another_currency_is_refused() -> None:
    tree = quote(item("P", product_id="P"))
    instances(tree)[0].properties["Currency Code"] = "EUR"
    with pytest.raises(CurrencyDiffers) as refused:
        priced(tree, price("P", "1"))
    assert str(refused.value) == (
        "the price list 'Standard' is in another currency than the object to be priced\n"
        "  where: OM Quote 'Q-1', Currency Code\n"
        "  why:   the price list is in USD, found EUR\n"
        "  mend:  take a price list in EUR, or mend the Currency Code"
    )


def test_an_item_in_another_currency_is_refused_unless_it_is_deleted() -> None:
    with pytest.raises(CurrencyDiffers) as refused:
        priced(quote(item("P", product_id="P", currency_code="EUR")), price("P", "1"))
    assert refused.value.where == "OM Quote 'Q-1', line item 'P', Currency Code"
    assert priced(quote(item("P", product_id="P", currency_code="EUR", action="Delete")), price("P", "1")).changes == ()


def test_a_carried_price_that_is_no_number_is_refused() -> None:
    with pytest.raises(PriceWrong) as refused:
        priced(quote(item("P", product_id="P", adjusted_price="cheap")), price("P", "1"))
    assert str(refused.value) == (
        "the price of a line item is no number\n"
        "  where: OM Quote 'Q-1', line item 'P', Adjusted Price\n"
        "  why:   expected a number (digits with a sign and a point), found 'cheap'\n"
        "  mend:  mend the item's Adjusted Price, or leave it out"
    )


def test_a_quantity_that_is_none_is_refused() -> None:
    with pytest.raises(QuantityWrong) as refused:
        priced(quote(item("P", product_id="P", quantity="-1")), price("P", "1"))
    assert (refused.value.what, refused.value.where) == (
        "the quantity of P is no number of 0 or more",
        "pricing, OM Quote 'Q-1', line item 'P'",
    )


def test_quantities_that_multiply_too_far_are_refused() -> None:
    tree = quote(item("A", item("B", product_id="P", quantity="10000000"), quantity="100000000"))
    with pytest.raises(ExtendedQuantityTooLarge) as refused:
        priced(tree, price("P", "1"))
    assert str(refused.value) == (
        "an Extended Quantity is too large\n"
        "  where: pricing, OM Quote 'Q-1', line item 'B'\n"
        "  why:   the product of the quantities from the root down has more than 15 digits\n"
        "  mend:  mend the quantities above the item"
    )


def test_several_instances_are_refused_and_an_empty_object_costs_nothing() -> None:
    with pytest.raises(ManyInstances) as refused:
        priced(together(quote(item("A")), quote(item("B"))))
    assert refused.value.what == "the argument 'tree' carries 2 instances, and one is allowed"
    bill = priced(empty("OM Quote"))
    assert (bill.tree, bill.totals, bill.changes) == (empty("OM Quote"), (), ())


def test_an_instance_is_priced_like_its_message_and_neither_is_changed() -> None:
    tree = quote(item("P", product_id="P"))
    before = tree.copy()
    bill = priced(tree, price("P", "1"))
    alone = priced(instances(tree)[0], price("P", "1"))
    assert (alone.tree, alone.totals) == (instances(bill.tree)[0], bill.totals)
    assert tree == before
    with pytest.raises(PriceMissing) as refused:
        priced(instances(tree)[0])
    assert refused.value.where == "OM Quote 'Q-1', line item 'P'"


def test_a_chain_of_50_000_items_is_priced() -> None:
    """Quantities below 1 neither vanish into an error on the way down, nor make the work grow with the square."""
    node = item("P", product_id="P")
    for n in range(50_000):
        node = item(f"K{n}", node, product_id="Box", quantity="0.5" if n % 2 else "2")
    tiers = rule("t", "Volume", "Box", bundle_product_id="Box", from_quantity="3", price="1")
    bill = priced(quote(node), price("P", "1.00"), price("Box", "0"), price("Box", "0", bundle_product_id="Box"), tiers)
    assert len(bill.changes) == 50_001
    assert bill.totals == (month("1.00"),)


def test_fifteen_thousand_lines_are_priced() -> None:
    """All at the tier's price less ten per cent; every third is free."""
    bill = ListPricing().price(large_quote(15_000), large_prices(), ON)
    assert bill.totals == (month("72025.00"),)  # 25 and 10,000 times 7.20
    assert len(bill.changes) == 15_001


def test_the_steps_of_pricing_grow_with_the_number_of_lines() -> None:
    """Four times the lines are about four times the steps; how long they take says tests/bench/growth.py."""
    prices = large_prices()

    def steps(count: int) -> int:
        tree = large_quote(count)
        return steps_of(lambda: ListPricing().price(tree, prices, ON))

    assert steps(400) < 5 * steps(100)


def test_many_products_without_a_price_are_named_ten_at_most() -> None:
    tree = quote(*[item(f"K{n}", product_id=f"X{n}") for n in range(3_000)])
    with pytest.raises(PriceMissing) as refused:
        ListPricing().price(tree, price_list_of(list_tree()), ON)
    assert refused.value.what == "the price list 'Standard' has no price for 3000 products"
    assert refused.value.where.endswith("line item 'K9'; ...")
    assert refused.value.why.endswith("'X9', ...")
