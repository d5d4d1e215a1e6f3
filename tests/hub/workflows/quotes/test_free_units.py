"""Every n-th unit free, through the workflows: exact totals before and after Explode, and prices that stay."""

from __future__ import annotations

import re

from hub.demo.scenarios import SPOKANE, boss_order_installed, initial_order
from hub.presentation.screen import screen
from integration_objects.complex_object import action_code, instances, items_of
from integration_objects.names import KEY
from tests.customer_care import lines, the

ISDN = "ISDN Line"


def add(root, quantity):
    return {"request": "add", "product": ISDN, "beneath": root.get(KEY), "quantity": quantity}


def prices(tree):
    return sorted(line.get("Adjusted Price") for line in lines(tree, ISDN))


def total(outcome):
    return [note.text for note in outcome.notes if note.kind == "total"][-1].rpartition(": ")[2]


def modified(care, *requests):
    root = care.profile_root(SPOKANE)
    return care("modify", account=SPOKANE, root=root.get(KEY), requests=list(requests))


def install(care, outcome):
    care.install(care.place(the(outcome).get("Quote Number")))


def test_three_more_lines_in_one_line_of_the_quote_cost_the_same_as_three_lines(any_care):
    """The bundle has three ISDN lines, of which one is free; of six, two are free."""
    boss_order_installed(any_care)
    outcome = modified(any_care, add(any_care.profile_root(SPOKANE), "3"))
    quote = the(outcome)
    assert total(outcome) == "215.85 USD"
    (line,) = [line for line in lines(quote, ISDN) if action_code(line) == "Add"]
    assert [line.get(name) for name in ("Quantity", "Adjusted Price", "Free Quantity")] == ["3", "29.00", "1"]
    assert re.search("ISDN Line +Add +3 +29.00, 1 free ", screen(outcome.objects[0]))
    placed = any_care("quote-to-order", quote=quote.get("Quote Number"))
    (order,) = instances(placed.objects[0])
    assert total(placed) == "215.85 USD"
    assert prices(order) == ["0.00", "0.00", "29.00", "29.00", "29.00", "29.00"]
    assert {line.get("Free Quantity") for line in lines(order, ISDN)} == {None}
    any_care.install(order)
    again = modified(any_care)
    assert {action_code(item) for item in items_of(the(again))} == {"-"}
    assert total(again) == "215.85 USD"


def test_the_free_line_stays_free_and_another_becomes_free_only_when_it_is_gone(care):
    boss_order_installed(care)
    install(care, modified(care, add(care.profile_root(SPOKANE), "3")))
    profile = care.profile_root(SPOKANE)
    free = [line.get(KEY) for line in lines(profile, ISDN) if line.get("Adjusted Price") == "0.00"]
    paid = [line.get(KEY) for line in lines(profile, ISDN) if line.get(KEY) not in free]
    # Five lines: one is free. The line that is left free stays so.
    without_paid = the(modified(care, {"request": "remove", "item": paid[0]}))
    left = {line.get(KEY): line.get("Adjusted Price") for line in lines(without_paid, ISDN)}
    assert [left[key] for key in free] == ["0.00", "29.00"]
    assert {line.get(KEY) for line in lines(without_paid, ISDN) if action_code(line) == "Update"} == {free[1]}
    # Without a free line the other one stays free, and nothing changes but the line that goes.
    without_free = the(modified(care, {"request": "remove", "item": free[0]}))
    actions = {line.get(KEY): action_code(line) for line in lines(without_free, ISDN)}
    assert {key for key, action in actions.items() if action != "-"} == {free[0]}


def test_a_line_that_grows_keeps_its_price_and_brings_the_free_one_along(care):
    initial_order(care)
    install(care, modified(care, add(care.profile_root(SPOKANE), "1")))
    (line,) = lines(care.profile_root(SPOKANE), ISDN)
    grown = {"request": "set", "item": line.get(KEY), "fields": {"Quantity": "3"}}
    outcome = modified(care, grown)
    assert total(outcome) == "142.90 USD"  # 25.00, 10 x 5.99, 2 x 29.00
    found = {item.get(KEY) == line.get(KEY): item for item in lines(the(outcome), ISDN)}
    assert [found[True].get(name) for name in ("Quantity", "Adjusted Price", "Free Quantity")] == ["1", "29.00", None]
    assert (action_code(found[True]), action_code(found[False])) == ("-", "Add")
    assert [found[False].get(name) for name in ("Quantity", "Adjusted Price", "Free Quantity")] == ["2", "29.00", "1"]
    number = the(outcome).get("Quote Number")
    assert total(care("reprice", quote=number)) == "142.90 USD"
    order = care.place(number)
    assert prices(order) == ["0.00", "29.00", "29.00"]
    care.install(order)
    assert {action_code(item) for item in items_of(the(modified(care)))} == {"-"}


def test_rates_of_usage_are_listed_for_each_product(care):
    outcome = care("new-products-and-services", account="1-B", product="Home Energy")
    totals = [note.text for note in outcome.notes if note.kind in ("total", "rate")]
    assert totals == [
        "Home Energy, monthly: 4.00 USD",
        "Home Energy, Electricity, usage per kWh: 0.2845 USD",
        "quote Q-0000001, monthly: 4.00 USD",
        "quote Q-0000001, Electricity, usage per kWh: 0.2845 USD",
    ]
