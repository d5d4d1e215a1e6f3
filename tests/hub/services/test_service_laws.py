"""Laws of the business service methods, on generated forests, and the slow oracle's verdict on each of them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.services import SERVICES
from hub.services.apply import apply
from hub.services.delta import delta
from hub.services.explode import explode
from hub.services.fully_exploded import fully_exploded
from hub.services.items import CircleOfItems, ItemKeyTwice
from hub.services.logical_delete import logical_delete
from hub.services.merge import merge
from hub.services.objects import copied
from hub.services.set_action import set_action
from hub.services.set_effectivity_dates import set_effectivity_dates
from hub.services.trim import trim
from integration_objects.complex_object import (
    action_code,
    all_items,
    attributes,
    empty,
    instances,
    is_empty,
    line_items,
    message,
)
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from tests.hub.services import oracle
from tests.hub.services.forests import QUANTITIES, orders, states
from tests.trees import counting

DEFINITIONS = shipped_definitions()
often = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


very_often = settings(often, max_examples=200)


def forest(tree: PropertySet) -> Any:
    """The tree as `oracle.apply` gives it."""
    if is_empty(tree):
        return None

    def plain(node: PropertySet) -> Any:
        return (
            oracle._carried(node.properties),
            [oracle._carried(a.properties) for a in attributes(node)],
            [plain(child) for child in line_items(node)],
        )

    return [plain(root) for one in instances(tree) for root in line_items(one)]


def difference(tree: PropertySet, known: set[str]) -> Any:
    """The tree as `oracle.delta` gives it."""

    def plain(node: PropertySet) -> Any:
        key = node.properties["Integration Id"]
        return (
            key if key in known else None,
            node.get("Action Code"),
            node.get("Quantity"),
            [(a.get("Name"), a.get("Action Code")) for a in attributes(node)],
            [plain(child) for child in line_items(node)],
        )

    return [plain(root) for one in instances(tree) for root in line_items(one)]


def state(tree: PropertySet) -> Any:
    """What Delta sees of a state: parents, compared fields, quantity and values, by key."""
    found = {}
    for entry in oracle.items(tree):
        fields = {}
        for name in oracle.COMPARED:
            fields[name] = entry["fields"].get(name)
        fields["Quantity"] = entry["fields"].get("Quantity") or "1"
        values = {name: {v: a.get(v) for v in oracle.VALUES} for name, a in entry["attributes"].items()}
        found[entry["key"]] = (entry["parent"], fields, values)
    return found


def same_state(one: Any, two: Any) -> bool:
    return one.keys() == two.keys() and all(
        one[key][0] == two[key][0]
        and all(oracle.same(name, text, two[key][1][name]) for name, text in one[key][1].items())
        and one[key][2].keys() == two[key][2].keys()
        and all(
            oracle.same(v, text, two[key][2][name][v])
            for name, values in one[key][2].items()
            for v, text in values.items()
        )
        for key in one
    )


def keys(tree: PropertySet) -> list[str | None]:
    return [item.get("Integration Id") for item in all_items([tree])]


@very_often
@given(states(QUANTITIES), st.lists(orders(), max_size=3))
def test_apply_gives_what_the_slow_oracle_gives(before: PropertySet, changes: list[PropertySet]) -> None:
    try:
        result = apply(before, changes, DEFINITIONS)
    except CircleOfItems:
        return  # the oracle doesn't look for circles; they have a test of their own
    left, ignored = oracle.apply(before, changes)
    assert forest(result.asset) == left
    assert sorted(map(str, ((i.item, i.attribute, i.action, i.state) for i in result.ignored))) == sorted(
        map(str, ignored)
    )


@very_often
@given(states(QUANTITIES), states(QUANTITIES), st.booleans())
def test_delta_gives_what_the_slow_oracle_gives(old: PropertySet, new: PropertySet, split: bool) -> None:
    result = delta(old, new, DEFINITIONS, counting(), split=split)
    assert difference(result, set(keys(old) + keys(new))) == oracle.delta(old, new, split)


@very_often
@given(states(), states(), st.sampled_from(["OM Quote", "OM Order"]))
def test_apply_undoes_delta(old: PropertySet, new: PropertySet, output: str) -> None:
    change = delta(old, new, DEFINITIONS, counting(), output)
    result = apply(old, [change], DEFINITIONS)
    assert same_state(state(result.asset), state(new))
    assert result.ignored == ()


@often
@given(states(QUANTITIES), states(QUANTITIES))
def test_apply_undoes_delta_without_splits_whatever_the_quantities(old: PropertySet, new: PropertySet) -> None:
    change = delta(old, new, DEFINITIONS, counting(), split=False)
    assert same_state(state(apply(old, [change], DEFINITIONS).asset), state(new))


@often
@given(states(QUANTITIES))
def test_a_delta_of_a_state_with_itself_has_no_action(one: PropertySet) -> None:
    result = delta(one, one, DEFINITIONS, counting())
    assert keys(result) == keys(one)
    assert {action_code(node) for node in result.walk()} == {"-"}


@often
@given(states(QUANTITIES))
def test_a_delta_against_the_empty_object_adds_or_deletes_everything(one: PropertySet) -> None:
    added = delta(None, one, DEFINITIONS, counting())
    deleted = delta(one, empty("OM Asset"), DEFINITIONS, counting())
    for result, action in ((added, "Add"), (deleted, "Delete")):
        assert keys(result) == keys(one)
        nodes = [node for node in result.walk() if node.type in ("Line Item", "Attribute")]
        assert all(node.get("Action Code") == action for node in nodes)
    assert is_empty(apply(one, [deleted], DEFINITIONS).asset)


@often
@given(states(QUANTITIES), orders())
def test_an_order_of_which_nothing_was_ignored_changes_nothing_more_the_second_time(
    before: PropertySet, change: PropertySet
) -> None:
    """Where something was ignored it may: an Add of what the same order deletes is possible the next time."""
    try:
        once = apply(before, [change], DEFINITIONS)
    except CircleOfItems:
        return
    if not once.ignored:
        assert apply(once.asset, [change], DEFINITIONS).asset == once.asset


@often
@given(states(), states())
def test_a_completed_delta_put_into_the_profile_twice_changes_nothing_more(old: PropertySet, new: PropertySet) -> None:
    """The chain of Apply Completed: dates, Trim, Logical Delete, Apply."""
    change = delta(old, new, DEFINITIONS, counting(), "OM Order")
    for item in all_items([change]):
        item.properties["Status"] = "Complete"
    dated = set_effectivity_dates(change, "2026-06-01")
    for completed in (change, dated, logical_delete(trim(dated, definitions=DEFINITIONS))):
        once = apply(old, [completed], DEFINITIONS).asset
        assert apply(once, [completed], DEFINITIONS).asset == once


@often
@given(orders())
def test_trim_drops_everything_for_true_and_nothing_for_false(change: PropertySet) -> None:
    assert is_empty(trim(change, "TRUE", definitions=DEFINITIONS))
    assert is_empty(trim(change, keep="FALSE", definitions=DEFINITIONS))
    if line_items(instances(change)[0]):
        assert trim(change, "FALSE", definitions=DEFINITIONS) == copied(change)
        assert trim(change, keep="TRUE", definitions=DEFINITIONS) == copied(change)


@often
@given(orders(quantities=(None, "0", "1", "2", "3")))
def test_what_was_exploded_is_fully_exploded(change: PropertySet) -> None:
    result = explode(change, DEFINITIONS, counting(), limit=100_000)
    assert fully_exploded(result)
    assert len(keys(result)) == len(set(keys(result)))
    if fully_exploded(change):
        assert result == copied(change)
    first = [key for key in keys(result) if key in set(keys(change))]
    assert first == keys(change)


@often
@given(states(QUANTITIES), orders(quantities=(None, "1", "2")))
def test_no_method_changes_its_input(before: PropertySet, change: PropertySet) -> None:
    copies = before.copy(), change.copy()
    new_id = counting()
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("Delta", (before, change, DEFINITIONS, new_id), {}),
        ("Trim", (change,), {"definitions": DEFINITIONS}),
        ("Logical Delete", (change,), {}),
        ("Explode", (change, DEFINITIONS, new_id), {}),
        ("Fully Exploded", (change,), {}),
        ("Field Delta", (before, change, DEFINITIONS), {}),
        ("Set Effectivity Dates", (change, "2026-06-01"), {}),
        ("Set Action", (change, "Add"), {}),
        ("Set Field", (change, "Status", "Open", DEFINITIONS), {}),
        ("Update Order Status", (change,), {}),
    ]
    for name, arguments, named in calls:
        SERVICES[name].function(*arguments, **named)
        assert (before, change) == copies, name
    for call in (
        lambda: apply(before, [change, change], DEFINITIONS),
        lambda: merge(before, change, DEFINITIONS),
    ):
        with contextlib.suppress(CircleOfItems, ItemKeyTwice):
            call()
        assert (before, change) == copies


@often
@given(orders())
def test_every_method_gives_the_same_for_the_same_and_shares_no_node(change: PropertySet) -> None:
    one, two = set_action(change, "Update"), set_action(change, "Update")
    assert one == two
    assert not {id(node) for node in one.walk()} & {id(node) for node in change.walk()}
    result = apply(None, [change], DEFINITIONS).asset
    assert not {id(node) for node in result.walk()} & {id(node) for node in change.walk()}
    maps = {id(node.properties) for node in change.walk()}
    assert not {id(node.properties) for node in result.walk()} & maps


def chain(levels: int, name: str, header: str, **fields: str) -> PropertySet:
    """One root with *levels* items beneath each other."""
    head = PropertySet(header, properties={"Account Id": "1-A"})
    node = head
    for number in range(levels):
        item = PropertySet("Line Item", properties={"Integration Id": f"K{number}", **fields})
        node.children.append(PropertySet("ListOf Line Item", children=[item]))
        node = item
    return message(name, [head])


def test_chains_of_50_000_levels_pass_through_every_method() -> None:
    deep = chain(50_000, "OM Order", "Order", **{"Action Code": "Add", "Status": "Complete"})
    gone = chain(50_000, "OM Order", "Order", **{"Action Code": "Delete"})
    state = chain(50_000, "OM Asset", "Asset", **{"Service Id": "1"})
    new_id = counting()
    assert len(keys(apply(None, [deep], DEFINITIONS).asset)) == 50_000
    assert is_empty(apply(state, [gone], DEFINITIONS).asset)
    assert len(keys(delta(state, deep, DEFINITIONS, new_id))) == 50_000
    assert len(keys(trim(deep, definitions=DEFINITIONS))) == 50_000
    assert len(keys(explode(deep, DEFINITIONS, new_id))) == 50_000
    assert SERVICES["Fully Exploded"].function(deep)
    for name in ("Logical Delete", "Set Effectivity Dates", "Update Order Status"):
        assert len(keys(SERVICES[name].function(gone))) == 50_000
    assert len(keys(SERVICES["Field Delta"].function(state, deep, DEFINITIONS))) == 50_000
    assert len(keys(SERVICES["Set Field"].function(deep, "Status", None, DEFINITIONS))) == 50_000
    assert len(keys(merge(empty("OM Order"), deep, DEFINITIONS))) == 50_000
    assert len(keys(SERVICES["Set Product Instance"].function(state, DEFINITIONS))) == 50_000


def test_a_circle_among_50_000_moved_items_is_found() -> None:
    state = chain(50_000, "OM Asset", "Asset")
    last = PropertySet("Line Item", properties={"Integration Id": "K49999"})
    first = PropertySet("Line Item", properties={"Integration Id": "K0", "Action Code": "Update"})
    last.children.append(PropertySet("ListOf Line Item", children=[first]))
    head = PropertySet("Order", children=[PropertySet("ListOf Line Item", children=[last])])
    with pytest.raises(CircleOfItems) as refused:
        apply(state, [message("OM Order", [head])], DEFINITIONS)
    assert "(50000 items)" in refused.value.why
