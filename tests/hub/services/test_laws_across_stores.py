"""Apply undoes Delta also where the states and the delta went through the hub's own XML or through a database."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection

from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.database.schema.tables import tables_of
from hub.presentation.tree_json import tree_json
from hub.services.apply import apply
from hub.services.delta import delta
from integration_objects.complex_object import action_code, instances, is_empty, message
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings
from schemas.hub_xml import hub_from_xml, hub_to_xml
from tests.hub.services.forests import QUANTITIES, orders, states
from tests.hub.services.test_service_laws import DEFINITIONS, same_state, state
from tests.trees import asset, attribute, counting, item

METADATA = tables_of(DEFINITIONS)
OBJECTS = StoredObjects(DEFINITIONS)
ALLOWED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
often = settings(max_examples=60, deadline=None, suppress_health_check=ALLOWED)
seldom = settings(max_examples=12, deadline=None, suppress_health_check=ALLOWED)

Through = Callable[[PropertySet], PropertySet]


def through_xml(tree: PropertySet) -> PropertySet:
    return hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS)


class Database:
    """A store with the accounts and products that the forests name; each trip leaves nothing behind."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.store = ObjectStore(connection, OBJECTS, SeededSurroundings())
        self.store.insert(message("Account", [PropertySet("Account", properties={"Account Id": "1-A"})]))
        for name in ("P", "Q"):
            self.store.insert(message("Product", [PropertySet("Product", properties={"Product Id": name})]))

    def through(self, tree: PropertySet) -> PropertySet:
        """The tree as it is read after it was written; an order gets the number that it is read by."""
        if is_empty(tree):
            return tree
        written = tree.copy()
        [instance] = instances(written)
        key = {"Account Id": "1-A"}
        if instance.type == "Order":
            key = {"Order Number": "O-1", "Revision": "1"}
            instance.properties.update(key)
        savepoint = self.connection.begin_nested()
        try:
            self.store.insert(written)
            return self.store.query(written.children[0].get("IntObjectName") or "", key)
        finally:
            savepoint.rollback()


@pytest.fixture
def database(any_database: Any) -> Iterator[Database]:
    with contextlib.ExitStack() as stack:
        yield Database(stack.enter_context(any_database.write()))


def holds(old: PropertySet, new: PropertySet, through: Through) -> None:
    """Whether Apply undoes Delta, each tree having gone *through* something."""
    before, after = through(old), through(new)
    assert same_state(state(before), state(old))
    change = through(delta(before, after, DEFINITIONS, counting(), "OM Order"))
    result = apply(before, [change], DEFINITIONS)
    assert result.ignored == ()
    assert same_state(state(through(result.asset)), state(new))


def has_no_action(one: PropertySet, through: Through) -> None:
    change = through(delta(through(one), through(one), DEFINITIONS, counting(), "OM Order"))
    assert {action_code(node) for node in change.walk()} == {"-"}


@often
@given(states(), states())
def test_apply_undoes_delta_across_xml(old: PropertySet, new: PropertySet) -> None:
    holds(old, new, through_xml)


@often
@given(states(QUANTITIES))
def test_a_delta_of_a_state_with_itself_has_no_action_across_xml(one: PropertySet) -> None:
    has_no_action(one, through_xml)


@seldom
@given(states(), states())
def test_apply_undoes_delta_across_a_database(database: Database, old: PropertySet, new: PropertySet) -> None:
    holds(old, new, database.through)


@seldom
@given(states(), states())
def test_a_delta_of_a_state_with_itself_has_no_action_across_a_database(
    database: Database, old: PropertySet, new: PropertySet
) -> None:
    has_no_action(old, database.through)


def test_a_state_moved_changed_and_emptied_across_a_database(database: Database) -> None:
    """One case that has everything: a move, null over a value, an attribute gone, an item with all beneath it gone."""
    old = asset(
        item("A", item("B", attribute("Colour", "Red"), attribute("Size", None, number_value="5.990"), service_id="1")),
        item("C", item("D", item("E", quantity="1.0"))),
    )
    new = asset(item("A"), item("B", attribute("Size", None, number_value="5.99"), item("A2")), item("E"))
    holds(old, new, database.through)
    holds(old, asset(), database.through)
    holds(asset(), new, database.through)


@often
@given(orders())
def test_every_tree_has_a_json_form_that_says_all_that_xml_says(change: PropertySet) -> None:
    found = json.loads(tree_json(change, DEFINITIONS))
    again = json.loads(tree_json(through_xml(change), DEFINITIONS))
    assert found == again
    assert (found["name"], found["empty"]) == ("OM Order", False)
