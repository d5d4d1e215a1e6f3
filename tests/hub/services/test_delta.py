"""Delta, rule by rule."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hub.services.delta import OutputRefused, delta
from hub.services.differences import ComparedFieldUnknown
from hub.services.objects import ManyInstances
from integration_objects.complex_object import instances, is_empty, message
from integration_objects.definition import ActionAlias, Component, shipped_definitions
from integration_objects.property_set import PropertySet
from tests.trees import asset, attribute, counting, item, only, order, outline, quote, together

D = shipped_definitions()


def change(old: PropertySet | None, new: PropertySet | None, **named: Any) -> PropertySet:
    return delta(old, new, named.pop("definitions", D), counting(), **named)


def actions(old: PropertySet | None, new: PropertySet | None, **named: Any) -> str:
    return outline(change(old, new, **named), "Action Code")


@pytest.mark.parametrize("field", D["OM Quote"].root.children["Line Item"].compared)
def test_a_changed_compared_field_is_an_update(field: str) -> None:
    one, two = asset(item("A")), asset(item("A"))
    only(one, "A").properties[field] = "1"
    only(two, "A").properties[field] = "2"
    assert actions(one, two) == "A Update"


def test_another_changed_field_is_no_change() -> None:
    assert actions(asset(item("A", status="Active", list_price="1")), asset(item("A", status="Open"))) == "A -"


@pytest.mark.parametrize(
    ("field", "one", "two", "action"),
    [
        ("adjusted_price", "5.990", "5.99", "-"),
        ("adjusted_price", "5.99", "6", "Update"),
        ("service_id", None, "", "Update"),
        ("service_id", "1.0", "1", "Update"),
    ],
)
def test_values_are_compared_by_their_type(field: str, one: str | None, two: str | None, action: str) -> None:
    assert actions(asset(item("A", **{field: one})), asset(item("A", **{field: two}))) == f"A {action}"


def test_null_and_absent_are_the_same() -> None:
    assert actions(asset(item("A", service_id=None)), asset(item("A"))) == "A -"


def test_dates_of_attributes_compare_as_dates() -> None:
    one = asset(item("A", attribute("Since", date_value="2026-01-31")))
    two = asset(item("A", attribute("Since", date_value="2026-01-31T01:00:00+01:00")))
    assert actions(one, two) == "A - [Since=None/-]"


def test_all_fields_of_the_new_item_pass_and_what_the_new_one_lost_is_carried_as_null() -> None:
    one = asset(item("A", service_id="1", status="Active", list_price="3", quantity="2"))
    two = asset(item("A", product_id="P", source_reference="r"))
    assert only(change(one, two), "A").properties == {
        "Integration Id": "A",
        "Product Id": "P",
        "Source Reference": "r",
        "Action Code": "Update",
        "Service Id": None,
        "Quantity": None,
    }


def test_attributes_are_marked_and_mark_their_item() -> None:
    one = asset(item("A", attribute("Same", "1"), attribute("Red", "1"), attribute("Gone", "1")))
    two = asset(item("A", attribute("New", "1"), attribute("Red", "2"), attribute("Same", "1")))
    assert actions(one, two) == "A Update [New=1/Add, Red=2/Update, Same=1/-, Gone=1/Delete]"


def test_a_changed_parent_is_an_update_and_a_changed_order_is_none() -> None:
    one = asset(item("A", item("B"), item("C")), item("E"))
    assert actions(one, asset(item("E"), item("A", item("C"), item("B")))) == "E -\nA -\n  C -\n  B -"
    assert actions(one, asset(item("A", item("C", item("B"))), item("E"))) == ("A -\n  C -\n    B Update\nE -")


def test_a_deleted_item_comes_with_all_beneath_it_last_among_its_siblings() -> None:
    one = asset(item("R", item("A", item("B", item("C", attribute("Size", "L")))), item("E")), item("S"))
    two = asset(item("R", item("E"), item("N")))
    assert actions(one, two) == (
        "R -\n  E -\n  N Add\n  A Delete\n    B Delete\n      C Delete [Size=L/Delete]\nS Delete"
    )


def test_a_descendant_that_survives_elsewhere_is_an_update_there() -> None:
    one = asset(item("R", item("A", item("B"), item("C"))))
    two = asset(item("R", item("C")))
    assert actions(one, two) == "R -\n  C Update\n  A Delete\n    B Delete"


def test_a_deleted_item_keeps_all_fields_of_the_old_one() -> None:
    one = asset(item("A"), item("B", service_id="1", row_id="77", status="Active", action="-"))
    assert only(change(one, asset(item("A"))), "B").properties == {
        **only(one, "B").properties,
        "Action Code": "Delete",
    }


def test_a_grown_quantity_leaves_the_item_and_adds_a_copy_behind_it() -> None:
    def card(quantity: str) -> PropertySet:
        return item(
            "C",
            attribute("Limit", "9"),
            item("P", item("Q", quantity="2"), service_id="55"),
            quantity=quantity,
            service_id="650",
            line_number="3",
            row_id="7",
            product_id="Card",
        )

    result = change(asset(item("A", card("1"), item("E"))), asset(item("A", card("3"), item("E"))))
    assert outline(result, "Action Code", "Quantity", "Service Id", "Line Number", "Row Id") == (
        "A - None None None None\n"
        "  C - 1 650 3 7 [Limit=9/-]\n"
        "    P - None 55 None None\n"
        "      Q - 2 None None None\n"
        "  N1 Add 2 None None None [Limit=9/Add]\n"
        "    N2 Add None None None None\n"
        "      N3 Add 2 None None None\n"
        "  E - None None None None"
    )


def test_a_grown_quantity_is_no_update_where_the_quantity_is_a_compared_field() -> None:
    old, new = asset(item("A", quantity="1")), asset(item("A", quantity="3"))
    result = change(old, new, compared=["Quantity", "Service Id"])
    assert [line.split(" ", 1)[1] for line in outline(result, "Action Code", "Quantity").splitlines()] == [
        "- 1",
        "Add 2",
    ]
    assert actions(asset(item("A")), asset(item("A", quantity="1")), compared=["Quantity"]) == "A -"
    assert actions(new, old, compared=["Quantity"]) == "A Update"


def test_a_split_item_is_an_update_by_its_other_fields() -> None:
    result = change(asset(item("A", service_id="1")), asset(item("A", service_id="2", quantity="2.0")))
    assert outline(result, "Action Code", "Quantity") == "A Update 1\nN1 Add 1.0"


@pytest.mark.parametrize(
    ("had", "has", "track", "expected"),
    [
        ("3", "1", "Y", "A Update 1"),
        ("1", "2.5", "Y", "A Update 2.5"),
        ("1.5", "2", "Y", "A Update 2"),
        ("0", "2", "Y", "A Update 2"),
        ("1", "2", "N", "A Update 2"),
        (None, "1", "Y", "A - 1"),
        ("1", "1.0", "Y", "A - 1.0"),
        ("1", "2", None, "A - 1\nN1 Add 1"),
    ],
)
def test_other_changes_of_the_quantity_are_an_update(
    had: str | None, has: str, track: str | None, expected: str
) -> None:
    old, new = asset(item("A", quantity=had)), asset(item("A", quantity=has, track=track))
    assert outline(change(old, new), "Action Code", "Quantity") == expected


def test_without_split_a_grown_quantity_is_an_update() -> None:
    result = change(asset(item("A")), asset(item("A", quantity="3")), split=False)
    assert outline(result, "Action Code", "Quantity") == "A Update 3"


def test_a_new_item_is_one_line_with_its_whole_quantity() -> None:
    result = change(None, asset(item("A", quantity="3")))
    assert outline(result, "Action Code", "Quantity") == "A Add 3"


def test_both_empty_give_an_empty_object_and_a_header_without_items_is_empty() -> None:
    result = change(None, asset(), output="OM Order")
    assert is_empty(result)
    assert result.get("OutputIntObjectName") == "OM Order"


def test_the_header_is_the_new_ones_or_the_old_ones_where_the_new_is_empty() -> None:
    old, new = asset(item("A"), account="1-X"), asset(item("A"), account="1-Y")
    instances(new)[0].properties.update({"As Of Date": "2026-01-01", "Row Id": "9"})
    made = instances(change(old, new))[0]
    assert (made.type, made.properties) == ("Quote", {"Account Id": "1-Y"})
    assert instances(change(old, asset(account="1-Y")))[0].properties == {"Account Id": "1-X"}


def test_the_output_is_a_quote_or_an_order() -> None:
    for name, header in (("OM Quote", "Quote"), ("OM Order", "Order")):
        result = change(None, quote(item("A")), output=name)
        assert result.children[0].get("IntObjectName") == name
        assert instances(result)[0].type == header


def test_a_caller_may_compare_other_fields() -> None:
    old = asset(item("A", attribute("Size", "1"), status="Active", service_id="1"))
    new = asset(item("A", attribute("Size", "2"), status="Open", service_id="2"))
    assert actions(old, new, compared=[], compared_values=[]) == "A - [Size=2/-]"
    assert actions(old, new, compared=["Status"], compared_values=[]) == "A Update [Size=2/-]"
    with pytest.raises(ComparedFieldUnknown) as refused:
        change(old, new, compared=["Colour"])
    assert refused.value.what == "field 'Colour' can't be compared"
    assert refused.value.why == "component 'Line Item' has no such field"


def test_several_instances_are_refused() -> None:
    two = together(asset(item("A")), asset(item("B")))
    for old, new, name in ((two, None, "old"), (None, two, "new")):
        with pytest.raises(ManyInstances) as refused:
            change(old, new)
        assert refused.value.what == f"the argument '{name}' carries 2 instances, and one is allowed"


def with_item(**settings: Any) -> dict[str, Any]:
    """The definitions, the quote's line item with other settings."""
    quoted = D["OM Quote"]
    line: Component = dataclasses.replace(quoted.root.children["Line Item"], **settings)
    root = dataclasses.replace(quoted.root, children={**quoted.root.children, "Line Item": line})
    return {**D, "OM Quote": dataclasses.replace(quoted, root=root)}


def test_aliases_stand_beside_the_action_code_where_their_condition_holds() -> None:
    aliases = (
        ActionAlias("Update", "Suspend", "[Old Status] = 'Active' AND [Status] = 'Suspended'"),
        ActionAlias("Update", "Change"),
        ActionAlias("Delete", "Disconnect"),
    )
    old = asset(*(item(k, status="Active", service_id="1") for k in "ABC"), item("E", service_id="1"))
    new = asset(item("A", status="Suspended", service_id="2"), item("B", service_id="2"), item("E", service_id="1"))
    result = change(old, new, definitions=with_item(aliases=aliases))
    assert outline(result, "Action Code", "Action Alias") == (
        "A Update Suspend\nB Update Change\nE - None\nC Delete Disconnect"
    )


@pytest.mark.parametrize(
    ("was", "asset_status", "alias"),
    [
        ("Active", "Suspended", "Suspend"),
        (None, "Suspended", "Suspend"),
        ("Suspended", "Active", "Resume"),
        ("Suspended", "Suspended", None),
        ("Active", "Active", None),
        ("Inactive", "Suspended", None),
    ],
)
def test_the_shipped_aliases_look_at_the_status_that_was(was: str | None, asset_status: str, alias: str | None) -> None:
    old = asset(item("A", status=was, service_id="1"))
    result = change(old, order(item("A", asset_status=asset_status, service_id="2")))
    assert (only(result, "A").get("Action Code"), only(result, "A").get("Action Alias")) == ("Update", alias)


def test_old_values_of_configured_fields_are_written_beside_the_new_ones() -> None:
    definitions = with_item(old_values=("Service Id",))
    result = change(
        asset(item("A", service_id="1"), item("B", service_id="3")),
        asset(item("A", service_id="2"), item("N", service_id="4")),
        definitions=definitions,
    )
    assert only(result, "A").get("Old Service Id") == "1"
    assert "Old Service Id" not in only(result, "N").properties
    assert "Old Service Id" not in only(result, "B").properties


def test_action_codes_of_the_inputs_are_not_read() -> None:
    old = asset(item("A", action="Delete"))
    assert actions(old, order(item("A", action="Add"))) == "A -"


def test_empty_lists_that_the_new_state_carries_stay() -> None:
    new = message("OM Asset", [PropertySet("Asset", children=[PropertySet("ListOf Line Item", children=[item("A")])])])
    only(new, "A").children = [PropertySet("ListOf Attribute"), PropertySet("ListOf Line Item")]
    assert [child.type for child in only(change(asset(item("A")), new), "A").children] == [
        "ListOf Attribute",
        "ListOf Line Item",
    ]


def test_only_a_quote_or_an_order_can_be_made() -> None:
    with pytest.raises(OutputRefused) as caught:
        delta(None, None, shipped_definitions(), str, output="OM Asset")
    assert str(caught.value) == (
        "a delta can't be of the kind 'OM Asset'\n"
        "  where: argument 'output'\n"
        "  why:   a change of one state into another is a quote or an order\n"
        "  mend:  give OM Quote or OM Order"
    )
