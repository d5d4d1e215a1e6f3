"""Laws of the configurator, with generated instances and batches; and that it takes linear time."""

from __future__ import annotations

import contextlib
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.configurator.requests import AddItem, CopyItem, MoveItem, RemoveItem, SetItem
from hub.configurator.requests_json import requests_from_json, requests_to_json
from integration_objects.complex_object import attributes, walk_items
from integration_objects.errors import Refused
from integration_objects.names import KEY
from tests.hub.configurator.products import (
    BUILT_IN,
    declared,
    large_batch,
    large_bundle,
    large_catalogue,
    levels,
    line,
    product,
    products,
    quote,
    rules,
    sample,
    structure,
)
from tests.steps_of import steps_of
from tests.trees import attribute, counting

CATALOGUE = products(
    product("Feature", declared(("Size", "number", "N", "1", "1", "9")))
    + product("Extra")
    + product(
        "Line",
        levels(("Any", None, "2")) + structure(("Feature", None, "2", "1", "Any"), ("Extra", None, "1", "0", "Any")),
    )
    + product(
        "Bundle",
        structure(("Line", "1", "3"))
        + rules(
            ("Not both", "excludes", "Feature", "Extra"),
            ("Few", "expression", None, None, "number_of('Feature') &lt; 4"),
        ),
    )
)
PRODUCTS = ("Bundle", "Line", "Feature", "Extra")
quantities = st.sampled_from(("0", "1", "2", "0.5"))


@st.composite
def states(draw):
    """Instances of which many break rules, and some hold what no longer belongs."""
    keys = counting("S")

    def items(level):
        count = draw(st.integers(0, 3 - level)) if level < 3 else 0
        return [
            line(
                draw(st.sampled_from((*PRODUCTS, "Unheard Of"))),
                keys(),
                *items(level + 1),
                *([attribute("Size", draw(st.sampled_from(("0", "5", "big"))))] if draw(st.booleans()) else []),
                quantity=draw(quantities),
            )
            for _ in range(count)
        ]

    return quote(*items(0))


references = st.sampled_from([*(f"S{n}" for n in range(1, 7)), "N1", "N2", "N1/Line", "S1/Line[2]/Feature"])
requests = st.one_of(
    st.builds(
        AddItem,
        st.sampled_from(PRODUCTS),
        st.none() | references,
        st.sampled_from((None, "N1", "N2")),
        st.none() | quantities,
        attributes=st.sampled_from(({}, {"Size": "5"}, {"Size": "0"})),
    ),
    st.builds(RemoveItem, references, st.sampled_from((None, None, "Size"))),
    st.builds(SetItem, references, st.sampled_from(({}, {"Quantity": "2"}, {"Service Id": None}))),
    st.builds(CopyItem, references, st.integers(1, 3)),
    st.builds(MoveItem, references, references),
)
batches = st.lists(requests, min_size=1, max_size=6)


@given(states(), batches)
@settings(max_examples=300, deadline=None)
def test_a_batch_is_all_or_nothing(state, batch):
    """What is refused changes nothing; what isn't obeys every rule, and has every key once."""
    before = state.copy()
    with contextlib.suppress(Refused):
        found = BUILT_IN.configure(state, batch, CATALOGUE, counting("K"))
        assert BUILT_IN.check(found.instance, CATALOGUE) == []
        keys = [item.get(KEY) for item, _ in walk_items(found.instance)]
        assert len(keys) == len(set(keys))
        assert set(found.names.values()) <= set(keys)
        again = BUILT_IN.configure(found.instance, [], CATALOGUE, counting("X"))
        assert again.instance == found.instance
        assert again.relinked == ()
    assert state == before


@given(states())
@settings(max_examples=200, deadline=None)
def test_no_requests_bring_an_instance_in_line_once_and_then_change_nothing(state):
    found = BUILT_IN.configure(state, [], CATALOGUE, counting("K"))
    if not found.relinked:
        assert found.instance == state
    again = BUILT_IN.configure(found.instance, [], CATALOGUE, counting("X"))
    assert again.instance == found.instance
    assert again.relinked == ()
    assert again.obsolete == found.obsolete


@given(st.sampled_from(sorted(sample())))
def test_a_started_product_belongs_to_its_own_definition(product_id):
    root = BUILT_IN.start(product_id, sample(), counting("K"))
    assert BUILT_IN.configure(quote(root), [], sample(), counting("X")).instance == quote(root)
    assert BUILT_IN.configure(quote(root), [], sample(), counting("X")).obsolete == ()


@given(batches)
def test_requests_survive_their_json_form(batch):
    assert requests_from_json(requests_to_json(batch)) == batch


def test_fifteen_hundred_lines_are_configured():
    """Six thousand items: each second one's rings are set, five lines are copied, one is taken away."""
    found = BUILT_IN.configure(large_bundle(1500), large_batch(1500), large_catalogue(), counting("K"))
    items = [item for item, _ in walk_items(found.instance)]
    assert Counter(item.get("Product Id") for item in items) == {
        "Large Business Enabler": 1,
        "Local Line": 1504,
        "Voice Mail": 1504,
        "Call Waiting": 1504,
        "Call Forwarding": 1504,
    }
    rings = [one.get("Number Value") for item in items for one in attributes(item) if one.get("Name") == "Rings"]
    assert Counter(rings) == {"6": 749, "4": 755}
    assert BUILT_IN.check(found.instance, large_catalogue()) == []


def test_the_steps_of_configuring_grow_with_the_number_of_lines():
    """Four times the lines are about four times the steps; how long they take says tests/bench/growth.py."""
    catalogue = large_catalogue()

    def steps(count):
        state, batch = large_bundle(count), large_batch(count)
        return steps_of(lambda: BUILT_IN.configure(state, batch, catalogue, counting("K")))

    small = steps(25)
    assert steps(100) < 5 * small
