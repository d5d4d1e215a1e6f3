"""Price lists: what one may hold, and the whole error for each thing that it may not."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from hub.pricing.price_list import PriceListFaulty, price_list_of
from integration_objects.complex_object import empty, message
from integration_objects.property_set import PropertySet
from tests.hub.pricing.lists import list_tree, price, price_list, rule
from tests.trees import quote


def test_a_price_list_is_read_from_its_instance_and_from_a_message() -> None:
    tree = list_tree(
        price("P", "10.00", number_of_occurrences="12", price_description="a year"),
        rule("v", "Volume", "P", from_quantity="11", price="8"),
        name="All",
        effective_start_date="2026-01-01",
        effective_end_date="2026-01-31",
    )
    found = price_list_of(tree)
    assert price_list_of(message("Price List", [tree])) == found
    assert (found.price_list_id, found.name, found.currency) == ("Standard", "All", "USD")
    assert found.period.end == datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    assert found.items[0].price == Decimal("10")
    assert found.items[0].fields["List Price"] == "10.00"
    assert found.items[0].fields["Number Of Occurrences"] == "12"
    assert (found.rules[0].from_quantity, found.rules[0].figure) == (Decimal(11), Decimal(8))


@pytest.mark.parametrize("tree", [quote(), empty("Price List"), PropertySet("Quote")])
def test_what_is_no_price_list_is_refused(tree: PropertySet) -> None:
    with pytest.raises(PriceListFaulty) as refused:
        price_list_of(tree)
    assert refused.value.what == "there is no price list in the message"
    assert refused.value.why == "expected a message with one Price List"


RULE, ITEM = "price list 'Standard', Price Rule 'r'", "price list 'Standard', Price List Item 'P'"


@pytest.mark.parametrize(
    ("part", "where", "why"),
    [
        (price("P", "ten"), f"{ITEM}, Price", "expected a number (digits with a sign and a point), found 'ten'"),
        (
            price("P", "999999999999999"),
            f"{ITEM}, Price",
            "expected a number below 999,999,999,999,999, found '999999999999999'",
        ),
        (price("P", "1", price_type=None), f"{ITEM}, Price Type", "expected a value, found none"),
        (
            price("P", "1", price_type="Monthly"),
            f"{ITEM}, Price Type",
            "expected one of One-Time, Recurring, Usage, found 'Monthly'",
        ),
        (price("", "1", name="P"), f"{ITEM}, Product Id", "expected a value, found none"),
        (
            price("P", "1", number_of_occurrences="-1"),
            f"{ITEM}, Number Of Occurrences",
            "expected a number of 0 or more, found '-1'",
        ),
        (
            price("P", "1", effective_start_date="soon"),
            f"{ITEM}, Effective Start Date",
            "expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'",
        ),
        (
            price("P", "1", effective_start_date="2026-02-01", effective_end_date="2026-01-31"),
            f"{ITEM}, Effective End Date",
            "it ends at 2026-02-01T00:00:00Z, before it has started",
        ),
        (
            rule("r", "Bulk", "P"),
            f"{RULE}, Kind",
            "expected one of Volume, Every Nth Free, Percentage, Amount, found 'Bulk'",
        ),
        (rule("r", "Volume", "P", price="1"), f"{RULE}, From Quantity", "expected a value, found none"),
        (
            rule("r", "Volume", "P", price="1", from_quantity="0"),
            f"{RULE}, From Quantity",
            "expected a number above 0, found '0'",
        ),
        (
            rule("r", "Volume", "P", price="-1", from_quantity="2"),
            f"{RULE}, Price",
            "expected a number of 0 or more, found '-1'",
        ),
        (
            rule("r", "Volume", "P", price="1", from_quantity="2", percent="3"),
            f"{RULE}, Percent",
            "a rule of kind Volume has From Quantity and Price, and no Percent",
        ),
        (
            rule("r", "Every Nth Free", "P", every="1"),
            f"{RULE}, Every",
            "expected a whole number of 2 or more, found '1'",
        ),
        (
            rule("r", "Every Nth Free", "P", every="2.5"),
            f"{RULE}, Every",
            "expected a whole number of 2 or more, found '2.5'",
        ),
        (
            rule("r", "Percentage", "P", percent="100.1"),
            f"{RULE}, Percent",
            "expected a number above 0 and up to 100, found '100.1'",
        ),
        (rule("r", "Amount", "P", amount="0"), f"{RULE}, Amount", "expected a number above 0, found '0'"),
        (rule("r", "Amount", "", amount="1"), f"{RULE}, Product Id", "expected a value, found none"),
    ],
)
def test_a_faulty_part_is_named(part: PropertySet, where: str, why: str) -> None:
    with pytest.raises(PriceListFaulty) as refused:
        price_list(part)
    assert str(refused.value) == (
        f"the price list 'Standard' can't be used\n  where: {where}\n  why:   {why}\n"
        "  mend:  mend the price list and load it again"
    )


def test_a_fault_has_the_line_that_it_came_from() -> None:
    part = price("P", "x")
    part.origin = 12
    with pytest.raises(PriceListFaulty) as refused:
        price_list(part)
    assert refused.value.where == f"{ITEM}, Price, line 12"


@pytest.mark.parametrize("name", ["Price List Id", "Currency Code"])
def test_a_list_has_an_id_and_a_currency(name: str) -> None:
    tree = list_tree()
    tree.properties[name] = None
    with pytest.raises(PriceListFaulty) as refused:
        price_list_of(tree)
    assert refused.value.where.endswith(f"', {name}")


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (price("P", "1"), price("P", "2", name="other"), "two prices for one product"),
        (
            price("P", "1", effective_start_date="2026-01-01"),
            price("P", "2", name="other", effective_start_date="2026-01-01T00:00:00Z"),
            "two prices for one product",
        ),
        (rule("P", "Amount", "P", amount="1"), rule("P", "Percentage", "P", percent="1"), "two rules with one name"),
        (
            rule("P", "Volume", "P", from_quantity="11", price="1"),
            rule("other", "Volume", "P", from_quantity="11.0", price="2"),
            "two rules for one case",
        ),
        (
            rule("P", "Every Nth Free", "P", every="2"),
            rule("other", "Every Nth Free", "P", every="3"),
            "two rules for one case",
        ),
    ],
)
def test_what_would_leave_a_price_to_chance_is_refused(first: PropertySet, second: PropertySet, what: str) -> None:
    with pytest.raises(PriceListFaulty) as refused:
        price_list(first, second)
    kind, name = second.type, second.get("Name")
    assert str(refused.value) == (
        f"the price list 'Standard' has {what}\n"
        f"  where: price list 'Standard', {kind} '{name}'\n"
        f"  why:   {kind} 'P' is for the same, from the same start on\n"
        "  mend:  take one of them out, or give it another start"
    )
