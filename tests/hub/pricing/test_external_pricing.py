"""Pricing by another system, over HTTP: what it is asked, what is made of its answer, and what isn't believed."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest

from adapters.asked_service import AnswerFaulty
from adapters.http_client import HttpClient
from hub.pricing.external import ExternalPricing
from hub.pricing.lines import CurrencyDiffers
from hub.pricing.port import Change, Priced, RolledUp, Total
from hub.pricing.price_list import Kind, PriceListNotEffective
from hub.pricing.settle import PriceMissing
from integration_objects.complex_object import empty, instances
from integration_objects.property_set import PropertySet
from tests.http_service import HttpService, http_service
from tests.hub.pricing.lists import ON, price_list
from tests.trees import asset, attribute, item, order, outline, quote


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service() as found:
        yield found


def ask(service: HttpService, tree: PropertySet, **more: Any) -> Priced:
    return ExternalPricing(HttpClient(service.url, "the pricing")).price(tree, price_list(), ON, **more)


def costing(*amounts: Any, **fields: Any) -> dict[str, Any]:
    """An answer with these adjusted prices for the items 1, 2, ..."""
    return {
        "prices": [
            {"number": n, "fields": {"Adjusted Price": amount, "Price Type": "Recurring", **fields}}
            for n, amount in enumerate(amounts, 1)
        ]
    }


def test_another_system_is_asked_once_and_its_prices_are_written(service: HttpService) -> None:
    tree = order(
        item(
            "B",
            item("L", attribute("Rings", "6"), product_id="Local Line", quantity="2", adjusted_price="5.99"),
            item("G", product_id="Gone", action="Delete"),
            item("I", product_id="Installation"),
            product_id="Bundle",
        )
    )
    service.answer = lambda _: {
        "prices": [
            {
                "number": 2,
                "rules": ["Loyal"],
                "fields": {"Adjusted Price": 4.99, "List Price": "5.990", "Price Type": "Recurring"},
            },
            {"number": 1, "fields": {"Adjusted Price": 25, "Price Type": "Recurring", "Unit Of Measure": "Month"}},
            {"number": 3, "fields": {"Adjusted Price": "15", "Price Type": "One-Time"}},
        ]
    }
    bill = ask(service, tree)
    assert service.asked == [
        {
            "price list": "Standard",
            "currency": "USD",
            "on": ON,
            "object": "OM Order",
            "fields": {"Order Number": "O-1", "Account Id": "1-A"},
            "items": [
                {
                    "number": 1,
                    "above": None,
                    "fields": {"Integration Id": "B", "Product Id": "Bundle"},
                    "attributes": [],
                },
                {
                    "number": 2,
                    "above": 1,
                    "fields": {
                        "Integration Id": "L",
                        "Product Id": "Local Line",
                        "Quantity": "2",
                        "Adjusted Price": "5.99",
                    },
                    "attributes": [{"Name": "Rings", "Text Value": "6"}],
                },
                {
                    "number": 3,
                    "above": 1,
                    "fields": {"Integration Id": "I", "Product Id": "Installation"},
                    "attributes": [],
                },
            ],
        }
    ]
    assert bill.changes == (
        Change(1, "B", "Bundle", None, Decimal(25), ""),
        Change(2, "L", "Local Line", Decimal("5.99"), Decimal("4.99"), "Loyal"),
        Change(3, "I", "Installation", None, Decimal(15), ""),
    )
    assert outline(bill.tree, "List Price", "Adjusted Price", "Currency Code", "Pricing Comment") == (
        "B None 25 USD None\n"
        "  L 5.990 4.99 USD Price rule: Loyal [Rings=6/None]\n"
        "  G None None None None\n"
        "  I None 15 USD None"
    )
    assert bill.totals == (
        Total("One-Time", None, Decimal("15.00")),
        Total("Recurring", None, Decimal("9.98")),
        Total("Recurring", "Month", Decimal("25.00")),
    )
    assert bill.rolled_up == (RolledUp(1, "B", "Bundle", Decimal("15.00")),)


def test_items_that_the_answer_leaves_out_have_no_price(service: HttpService) -> None:
    service.answer = lambda _: costing("1")
    tree = quote(item("A", product_id="P"), item("B", product_id="Q"))
    with pytest.raises(PriceMissing) as refused:
        ask(service, tree)
    assert str(refused.value) == (
        "the external pricing with the price list 'Standard' has no price for 1 product\n"
        "  where: OM Quote 'Q-1', line item 'B'\n"
        "  why:   without a price on 2026-10-01: 'Q'\n"
        "  mend:  add their prices to the price list, or take these products off"
    )
    assert ask(service, tree, may_lack=True).unpriced == ("Q",)


def test_what_beneath_an_inactive_asset_still_lives_stands_beneath_what_is_above_it(service: HttpService) -> None:
    service.answer = lambda _: costing("1", "2")
    ask(service, asset(item("A", item("B", item("C", product_id="P"), status="Inactive"), product_id="P")))
    assert [(one["number"], one["above"]) for one in service.asked[0]["items"]] == [(1, None), (2, 1)]


def test_nobody_is_asked_for_nothing_nor_for_what_can_not_be_priced(service: HttpService) -> None:
    assert ask(service, empty("OM Quote")).totals == ()
    assert ask(service, quote(item("A", product_id="P", action="Delete"))).changes == ()
    with pytest.raises(CurrencyDiffers):
        ask(service, quote(item("A", product_id="P", currency_code="EUR")))
    with pytest.raises(PriceListNotEffective):
        ExternalPricing(HttpClient(service.url, "the pricing")).price(
            quote(item("A")), price_list(effective_end_date="2026-01-01"), ON
        )
    assert service.asked == []


def test_the_documentations_question_and_answer_are_the_real_ones(service: HttpService) -> None:
    page = (pathlib.Path(__file__).parents[3] / "docs" / "pricing.md").read_text(encoding="utf-8")
    question, answer = (json.loads(block.partition("```")[0]) for block in page.split("```json\n")[1:])
    for kind in get_args(Kind):
        assert f"| {kind} |" in page
    service.answer = lambda _: answer
    tree = quote(item(None, attribute("Rings", "6"), product_id="Local Line", quantity="1"))
    del instances(tree)[0].properties["Quote Number"]
    bill = ask(service, tree)
    assert service.asked == [question]
    assert bill.changes == (Change(1, None, "Local Line", None, Decimal("4.99"), "More than ten lines"),)


@pytest.mark.parametrize(
    ("answer", "where", "why"),
    [
        ([], "", "expected an object, found a list"),
        ({}, ", prices", "expected a value, found none"),
        ({"prices": {}}, ", prices", "expected a list, found an object"),
        ({"prices": [1]}, ", prices[0]", "expected an object, found a number"),
        ({"prices": [{"number": 1}]}, ", prices[0].fields", "expected a value, found none"),
        (
            {"prices": [{**costing("1")["prices"][0], "number": 0}]},
            ", prices[0].number",
            "expected a number from 1 to 1",
        ),
        (
            {"prices": [{**costing("1")["prices"][0], "number": 2}]},
            ", prices[0].number",
            "expected a number from 1 to 1",
        ),
        ({"prices": [{"number": True}]}, ", prices[0].number", "expected a whole number, found a truth value"),
        ({"prices": [{"number": []}]}, ", prices[0].number", "expected a whole number, found a list"),
        ({"prices": costing("1")["prices"] * 2}, ", prices[1].number", "the item 1 has a price already"),
        (costing(None), ", prices[0].fields.Adjusted Price", "expected a number, found nothing"),
        (costing(True), ", prices[0].fields.Adjusted Price", "expected a number, found a truth value"),
        (costing(["1"]), ", prices[0].fields.Adjusted Price", "expected a number, found a list"),
        (
            costing("1e9"),
            ", prices[0].fields.Adjusted Price",
            "expected a number (digits with a sign and a point), found '1e9'",
        ),
        (
            costing("1.12345678"),
            ", prices[0].fields.Adjusted Price",
            "expected at most 7 digits after the point, found '1.12345678'",
        ),
        (
            costing("1", **{"Price Type": "Monthly"}),
            ", prices[0].fields.Price Type",
            "expected one of 'One-Time', 'Recurring' or 'Usage'",
        ),
        (
            costing("1", Quantity="2"),
            ", prices[0].fields.Quantity",
            "there is no part of this name",
        ),
        (
            costing("1", **{"Unit Of Measure": 1}),
            ", prices[0].fields.Unit Of Measure",
            "expected a text, found a number",
        ),
        (
            costing("1", **{"Unit Of Measure": "x" * 31}),
            ", prices[0].fields.Unit Of Measure",
            "expected at most 30 characters, found 31",
        ),
        (
            costing("1", **{"Price Description": "a\x00"}),
            ", prices[0].fields.Price Description",
            "character U+0000 at position 2 is not allowed in text",
        ),
        (
            {"prices": [{**costing("1")["prices"][0], "rules": "x"}]},
            ", prices[0].rules",
            "expected a list, found a text",
        ),
        (
            {"prices": [{**costing("1")["prices"][0], "rules": ["x" * 256]}]},
            ", prices[0].rules[0]",
            "expected at most 255 characters, found 256",
        ),
    ],
)
def test_an_answer_that_is_not_what_was_agreed_is_an_error(
    service: HttpService, answer: Any, where: str, why: str
) -> None:
    service.answer = lambda _: answer
    with pytest.raises(AnswerFaulty) as caught:
        ask(service, quote(item("A", product_id="P")))
    assert str(caught.value) == (
        f"the answer of the pricing can't be used\n  where: {service.url}{where}\n  why:   {why}\n"
        "  mend:  mend the service; the question is asked again"
    )
