"""What the rules of products allow: structure, attributes, rules, and what no longer belongs."""

from __future__ import annotations

import pytest

from hub.configurator.port import BrokenRule
from tests.hub.configurator.products import (
    BUILT_IN,
    declared,
    levels,
    line,
    product,
    products,
    quote,
    rules,
    sample,
    structure,
)
from tests.trees import attribute

FEATURES = products(
    product("Voice Mail")
    + product("Caller Id")
    + product("Call Forwarding")
    + product(
        "Local Line",
        levels(("Optional", "1", "2"))
        + structure(
            ("Voice Mail", "1", "1"),
            ("Caller Id", None, "3", "0", "Optional"),
            ("Call Forwarding", None, None, "0", "Optional"),
        ),
    )
)


def texts(*roots, catalogue=FEATURES, before=None):
    return [str(one) for one in BUILT_IN.check(quote(*roots), catalogue, before)]


def test_an_item_has_as_many_of_a_component_as_the_structure_says():
    assert texts(line("Local Line", "L", line("Caller Id", "C", quantity="4"))) == [
        "Least: Local Line 'L' has 0 Voice Mail, and needs at least 1",
        "Most: Local Line 'L' has 4 Caller Id, and may have at most 3",
        "Most: Local Line 'L' has 4 on the level 'Optional', and may have at most 2",
    ]


def test_quantities_count_and_fractions_are_counted_exactly():
    half = [line("Caller Id", f"C{n}", quantity="0.1") for n in range(3)]
    assert texts(line("Local Line", "L", line("Voice Mail", "V"), *half)) == [
        "Least: Local Line 'L' has 0.3 on the level 'Optional', and needs at least 1"
    ]


def test_a_level_counts_all_its_components_beneath_one_item():
    below = (line("Voice Mail", "V"), line("Caller Id", "C"), line("Call Forwarding", "F", quantity="2"))
    assert texts(line("Local Line", "L", *below)) == [
        "Most: Local Line 'L' has 3 on the level 'Optional', and may have at most 2"
    ]
    assert texts(line("Local Line", "L", *below[:2])) == []


def test_inactive_items_are_history():
    good = (line("Voice Mail", "V"), line("Caller Id", "C"))
    gone = line("Voice Mail", "V0", line("Unheard Of", "X"), status="Inactive")
    assert texts(line("Local Line", "L", gone, *good)) == []
    assert texts(line("Local Line", "L", status="Inactive")) == []


def test_a_bundle_says_what_its_own_components_are_made_of():
    """The samples' local line may have any feature; in the Small Business Enabler one, in the package both."""
    features = (line("Caller Id", "C"), line("Call Forwarding", "F", attribute("Forwarding Number", "1")))
    assert texts(line("Local Line", "L", *features), catalogue=sample()) == []
    lines = [line("Local Line", f"L{n}") for n in range(4)]
    assert texts(
        line("Small Business Enabler", "B", line("Local Line", "L", *features), *lines), catalogue=sample()
    ) == ["Most: Local Line 'L' has 2 on the level 'Optional Feature', and may have at most 1"]
    assert texts(line("Local Breakthrough Package", "P", line("Local Line", "L")), catalogue=sample()) == [
        "Least: Local Line 'L' has 0 Caller Id, and needs at least 1",
        "Least: Local Line 'L' has 0 Call Forwarding, and needs at least 1",
    ]


RINGS = products(
    "<Product><ProductId>P</ProductId><ListOfProductAttribute>"
    "<ProductAttribute><Name>Password</Name><Required>Y</Required></ProductAttribute>"
    "<ProductAttribute><Name>Rings</Name><Type>number</Type><LeastValue>1</LeastValue><MostValue>10</MostValue>"
    "</ProductAttribute>"
    "<ProductAttribute><Name>From</Name><Type>date</Type><LeastValue>2026-01-01</LeastValue></ProductAttribute>"
    "<ProductAttribute><Name>Size</Name><Type>number</Type>"
    "<ListOfAllowedValue><AllowedValue><Value>1</Value></AllowedValue><AllowedValue><Value>2.5</Value></AllowedValue>"
    "</ListOfAllowedValue></ProductAttribute>"
    "</ListOfProductAttribute></Product>"
)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((attribute("Password", "x"), attribute("Rings", number_value="10"), attribute("Size", "2.50")), []),
        ((), ["Required: P 'A' needs a value for 'Password'"]),
        ((attribute("Password", ""),), ["Required: P 'A' needs a value for 'Password'"]),
        (
            (attribute("Password", "x"), attribute("Rings", "six"), attribute("Size", number_value="3")),
            [
                "Type: 'Rings' of P 'A': expected a number (digits with a sign and a point), found 'six'",
                "Allowed Values: 'Size' of P 'A': expected one of 1, 2.5, found '3'",
            ],
        ),
        (
            (attribute("Password", "x"), attribute("Rings", "0"), attribute("From", date_value="2025-12-31T23:59:59Z")),
            [
                "Bounds: 'Rings' of P 'A': expected at least 1, found '0'",
                "Bounds: 'From' of P 'A': expected at least 2026-01-01, found '2025-12-31T23:59:59Z'",
            ],
        ),
        (
            (attribute("Password", "x"), attribute("Rings", "10.1"), attribute("From", "soon")),
            [
                "Bounds: 'Rings' of P 'A': expected at most 10, found '10.1'",
                "Type: 'From' of P 'A': expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'",
            ],
        ),
        (
            (attribute("Password", "x" * 4001),),
            ["Type: 'Password' of P 'A': expected at most 4000 characters, found 4001"],
        ),
    ],
)
def test_attributes_have_the_values_that_their_definition_allows(given, told):
    assert texts(line("P", "A", *given), catalogue=RINGS) == told


RULED = products(
    product("Gas")
    + product("Cover")
    + product("Heat Pump")
    + product("Power", declared(("Usage", "number")))
    + product(
        "Energy",
        structure(("Gas", None, "1"), ("Cover", None, "1"), ("Heat Pump", None, "1"), ("Power", None, "9"))
        + declared(("Tariff",))
        + rules(
            ("Cover needs gas", "requires", "Cover", "Gas"),
            ("One heating", "excludes", "Heat Pump", "Gas"),
            ("Never a pump alone", "requires", None, "Power", None, "energy comes with power"),
            ("Green for big", "expression", None, None, "number_of('Power') &lt; 3 OR [Tariff] = 'Green'"),
            ("Usage", "expression", None, None, "coalesce(value_of('Power', 'Usage'), 0) &lt;= 100", "too much usage"),
        ),
    )
)


def test_rules_require_exclude_and_evaluate_over_the_products_tree():
    below = (
        line("Cover", "C"),
        line("Power", "P1", attribute("Usage", number_value="101")),
        line("Power", "P2", quantity="2"),
    )
    assert texts(line("Energy", "E", *below), catalogue=RULED) == [
        "Cover needs gas: Energy 'E' has Cover, and needs Gas",
        "Green for big: Energy 'E': expected number_of('Power') < 3 OR [Tariff] = 'Green'",
        "Usage: Energy 'E': too much usage",
    ]
    assert texts(line("Energy", "E", line("Gas", "G"), line("Heat Pump", "H")), catalogue=RULED) == [
        "One heating: Energy 'E' has Heat Pump, and can't have Gas",
        "Never a pump alone: Energy 'E': energy comes with power",
    ]
    good = (line("Power", "P", quantity="3"), attribute("Tariff", "Green"))
    assert texts(line("Energy", "E", *good), catalogue=RULED) == []


def test_an_expression_reads_the_item_above():
    """The samples' call forwarding can't lead to its own line, wherever that is."""
    forwarding = line("Call Forwarding", "F", attribute("Forwarding Number", "509"))
    told = ["Not to itself: Call Forwarding 'F': a line can't be forwarded to its own number"]
    assert texts(line("Local Line", "L", forwarding, service_id="509"), catalogue=sample()) == told
    assert texts(line("Local Line", "L", forwarding, service_id="508"), catalogue=sample()) == []
    assert texts(forwarding, catalogue=sample()) == []


def test_an_expression_that_can_not_be_evaluated_is_broken():
    catalogue = products(product("P", rules(("Sum", "expression", None, None, "[Quantity] / 0 = 1"))))
    assert texts(line("P", "A", quantity="2"), catalogue=catalogue) == [
        "Sum: P 'A': expression '[Quantity] / 0 = 1' can't be evaluated: division by zero"
    ]


def test_flat_and_unknown_products_hold_what_they_like():
    roots = (
        line("Unheard Of", "U", line("Anything", "A", attribute("Any", "1"))),
        line("Voice Mail", "V", line("X", "Y")),
    )
    assert texts(*roots) == []
    assert texts(*roots, before=quote()) == []


def test_what_no_longer_belongs_breaks_nothing_and_what_is_new_and_does_not_belong_does():
    old = line(
        "Local Line",
        "L",
        line("Voice Mail", "V"),
        line("Caller Id", "C"),
        line("Pager", "P"),
        attribute("Colour", "red"),
    )
    assert texts(old) == []
    assert texts(old, before=quote(old.copy())) == []
    assert texts(old, before=quote(line("Local Line", "L"))) == [
        "Component: Pager 'P' can't stand beneath Local Line 'L', which has no such component",
        "Attribute: Local Line 'L' has no attribute 'Colour'; it has none",
    ]


def test_a_stranger_with_all_beneath_it_is_not_looked_at():
    """It would be taken away as a whole, so its own rules don't matter."""
    stranger = line("Pager", "P", line("Local Line", "L2"))
    assert texts(line("Local Line", "L", line("Voice Mail", "V"), line("Caller Id", "C"), stranger)) == []


def test_a_broken_rule_says_whose_it_is():
    assert BUILT_IN.check(quote(line("P", "A", service_id="650")), RINGS) == [
        BrokenRule("Required", "P", "A", "P 'A' (650) needs a value for 'Password'", "Password")
    ]


def test_items_without_keys_can_be_checked():
    """Orders of senders are checked before they have keys."""
    assert texts(line("Local Line", None, line("Voice Mail", None))) == [
        "Least: Local Line has 0 on the level 'Optional', and needs at least 1"
    ]


def test_a_quantity_beyond_all_bounds_is_named():
    assert texts(line("Gas", "G", quantity="1000000.1"), catalogue=RULED) == [
        "Quantity: the Quantity of Gas 'G': expected a number from 0 to 1000000, found '1000000.1'"
    ]


def test_a_chain_of_fifty_thousand_items_is_checked():
    top = node = line("Energy", "K0")
    for number in range(1, 50_000):
        below = line("Voice Mail", f"K{number}")
        node.children.append(quote(below).children[0])
        node = below
    # The first beneath Energy doesn't belong, so all the rest is set aside; a flat chain is walked to its end.
    assert len(texts(top, catalogue=RULED)) == 1
    assert texts(quote(top).children[0].children[0].children[0].children[0], catalogue=RULED) == []
