"""Field Delta, rule by rule."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hub.services.field_delta import InstancesUnequal, field_delta
from integration_objects.complex_object import attributes
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from tests.trees import attribute, item, only, order, outline, quote, together

D = shipped_definitions()


@pytest.mark.parametrize(
    ("make", "action", "status", "expected"),
    [
        (quote, None, "Open", "Update"),
        (quote, "-", None, "Update"),
        (quote, "Add", None, "Add"),
        (quote, "Add", "Complete", "Add"),
        (quote, "Update", None, "Update"),
        (quote, "Delete", None, "Delete"),
        (order, "-", "Open", "Update"),
        (order, "--", None, "Update"),
        (order, "Add", "Complete", "Update"),
        (order, "Add", "Open", "Add"),
        (order, "Update", "Open", "Update"),
        (order, "Delete", "Complete", "Delete"),
    ],
)
def test_the_action_code_follows_the_sources_table(
    make: Any, action: str | None, status: str | None, expected: str
) -> None:
    before = make(item("A", action=action, status=status, service_id="1"))
    after = make(item("A", action=action, status=status, service_id="2"))
    assert outline(field_delta(before, after, D), "Action Code") == f"A {expected}"


def test_what_is_not_compared_does_not_trigger() -> None:
    before, after = order(item("A", due_date="2026-01-01")), order(item("A", due_date="2026-01-02"))
    assert outline(field_delta(before, after, D), "Action Code") == "A -"


def test_an_attribute_whose_value_changed_is_marked_and_marks_its_item() -> None:
    before = quote(item("A", attribute("Red", "1"), attribute("Same", "1")))
    after = quote(item("A", attribute("Red", "2"), attribute("Same", "1"), attribute("New", "1")))
    assert outline(field_delta(before, after, D), "Action Code") == "A Update [Red=2/Update, Same=1/-, New=1/Add]"


def test_in_an_item_that_stays_add_a_changed_attribute_becomes_add() -> None:
    before = order(item("A", attribute("Red", "1"), action="Add", status="Open"))
    after = order(item("A", attribute("Red", "2"), action="Add", status="Open"))
    assert outline(field_delta(before, after, D), "Action Code") == "A Add [Red=2/Add]"


def test_a_missing_attribute_triggers_too() -> None:
    before, after = quote(item("A", attribute("Red", "1"))), quote(item("A"))
    assert outline(field_delta(before, after, D), "Action Code") == "A Update"


def test_nothing_within_a_delete_changes() -> None:
    before = order(item("A", attribute("Red", "1"), action="Delete"))
    after = order(item("A", attribute("Red", "2"), action="Delete"))
    result = field_delta(before, after, D)
    assert [a.get("Action Code") for a in attributes(only(result, "A"))] == ["-"]


def test_nothing_beneath_a_delete_changes() -> None:
    before = order(item("A", item("B", item("C", attribute("Red", "1"))), action="Delete"), item("D"))
    after = order(item("A", item("B", item("C", attribute("Red", "2"))), action="Delete"), item("D", service_id="1"))
    assert outline(field_delta(before, after, D), "Action Code") == "A Delete\n  B -\n    C - [Red=2/-]\nD Update"


def test_a_new_item_and_marked_attributes_stay_as_they_are() -> None:
    before = quote(item("A", attribute("Red", "1")))
    after = quote(item("A", attribute("Red", "2", action="Delete"), item("B", service_id="1")))
    assert outline(field_delta(before, after, D), "Action Code") == "A Update [Red=2/Delete]\n  B -"


def settings(**named: Any) -> dict[str, Any]:
    quoted = D["OM Quote"]
    line = dataclasses.replace(quoted.root.children["Line Item"], **named)
    root = dataclasses.replace(quoted.root, children={"Line Item": line})
    return {**D, "OM Quote": dataclasses.replace(quoted, root=root)}


def test_triggers_the_field_and_the_condition_are_the_definitions() -> None:
    declared = settings(
        triggers=("Due Date",),
        trigger_field="Pricing Comment",
        trigger_value="moved",
        trigger_condition="[Action Code] <> 'Add' AND [Old Due Date] IS NOT NULL",
    )
    before = quote(item("A", due_date="2026-01-01"), item("B", due_date="2026-01-01", action="Add"), item("C"))
    after = quote(
        item("A", due_date="2026-01-02"),
        item("B", due_date="2026-01-02", action="Add"),
        item("C", due_date="2026-01-02", service_id="1"),
    )
    assert outline(field_delta(before, after, declared), "Action Code", "Pricing Comment") == (
        "A - moved\nB Add None\nC - None"
    )


def test_instances_are_paired_by_position() -> None:
    def pair(first: str, second: str) -> PropertySet:
        return together(order(item("A", service_id=first)), order(item("A", service_id=second)))

    assert outline(field_delta(pair("1", "2"), pair("1", "3"), D), "Action Code") == "A -\n--\nA Update"
    with pytest.raises(InstancesUnequal) as refused:
        field_delta(pair("1", "2"), order(item("A")), D)
    assert str(refused.value) == (
        "the instances of both objects can't be paired\n"
        "  where: OM Order and OM Order 'O-1'\n"
        "  why:   'before' has 2, 'after' has 1\n"
        "  mend:  give the same instances in the same order on both sides"
    )
