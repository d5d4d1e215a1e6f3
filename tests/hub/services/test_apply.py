"""Apply, rule by rule."""

from __future__ import annotations

import pytest

from hub.services.apply import Ignored, apply
from hub.services.items import CircleOfItems
from hub.services.objects import ManyInstances, ObjectUndeclared
from integration_objects.complex_object import empty, instances, is_empty, line_items, message
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from tests.trees import asset, attribute, item, only, order, outline, quote, together

D = shipped_definitions()


def applied(before: PropertySet | None, *orders: PropertySet) -> PropertySet:
    return apply(before, orders, D).asset


def ignored(before: PropertySet | None, *orders: PropertySet) -> list[tuple[object, ...]]:
    found = apply(before, orders, D).ignored
    return [(i.order, i.item, i.attribute, i.action, i.state, i.reason) for i in found]


def test_the_result_holds_asset_items_and_added_ones_with_no_action() -> None:
    result = applied(
        asset(item("A", item("B", action="Add"), attribute("Colour", "Red", action="Delete"))),
        order(item("A", item("C", attribute("Size", "L", action="Add"), action="Add"))),
    )
    assert outline(result, "Action Code") == "A - [Colour=Red/-]\n  B -\n  C - [Size=L/-]"


def test_orders_are_applied_in_the_order_given_and_instances_of_one_message_one_after_the_other() -> None:
    first, second = (order(item("A", service_id=n, action="Update"), number=n) for n in ("1", "2"))
    for orders in ([first, second], [together(first, second)]):
        assert only(applied(asset(item("A")), *orders), "A").get("Service Id") == "2"
    assert only(applied(asset(item("A")), second, first), "A").get("Service Id") == "1"


def test_an_update_overwrites_what_it_carries_null_and_empty_included_and_leaves_the_rest() -> None:
    before = asset(item("A", service_id="1", pricing_comment="x", product_id="P", agreement_id="G"))
    change = order(item("A", service_id=None, pricing_comment="", agreement_id="H", action="Update"))
    assert only(applied(before, change), "A").properties == {
        "Integration Id": "A",
        "Service Id": None,
        "Pricing Comment": "",
        "Product Id": "P",
        "Agreement Id": "H",
        "Action Code": "-",
    }


def test_an_update_takes_the_orders_parent_and_moved_items_go_last() -> None:
    before = asset(item("A", item("B"), item("C")), item("E", item("F")))
    result = applied(before, order(item("E", item("B", action="Update"))))
    assert outline(result) == "A\n  C\nE\n  F\n  B"
    assert outline(applied(before, order(item("B", action="Update")))) == "A\n  C\nE\n  F\nB"


def test_row_id_numbers_dates_and_flags_of_an_order_are_not_copied() -> None:
    names = D["OM Order"].root.children["Line Item"].not_applied
    line = item("A", action="Add", product_id="P")
    for name in names:
        if name not in ("Action Code", "Asset Status"):
            line.properties[name] = "2026-01-01"
    assert only(applied(None, order(line)), "A").properties == {
        "Integration Id": "A",
        "Product Id": "P",
        "Status": "Active",
        "Action Code": "-",
    }


@pytest.mark.parametrize(
    ("carried", "added", "updated"),
    [
        ({}, "Active", "Suspended"),
        ({"status": "Complete"}, "Active", "Suspended"),
        ({"status": "Inactive"}, "Inactive", "Inactive"),
        ({"status": "Open", "asset_status": "Suspended"}, "Suspended", "Suspended"),
        ({"status": "Active", "asset_status": "Suspended"}, "Active", "Active"),
        ({"status": "Open", "asset_status": None}, "Active", "Suspended"),
    ],
)
def test_status_is_an_assets_or_the_asset_status_or_active_or_its_own(
    carried: dict[str, str | None], added: str, updated: str
) -> None:
    new = only(applied(None, order(item("A", action="Add", **carried))), "A")
    old = only(applied(asset(item("A", status="Suspended")), order(item("A", action="Update", **carried))), "A")
    assert (new.get("Status"), old.get("Status")) == (added, updated)
    assert "Asset Status" not in new.properties
    assert "Asset Status" not in old.properties


def test_a_deleted_item_takes_its_descendants_and_they_do_not_come_back_by_themselves() -> None:
    before = asset(item("A", item("B", item("C")), item("E")))
    gone = order(item("A", item("B", action="Delete")))
    again = order(item("A", item("B", action="Add")), number="O-2")
    assert outline(applied(before, gone)) == "A\n  E"
    assert outline(applied(before, gone, again)) == "A\n  E\n  B"
    late = order(item("A", item("B", item("C", action="Update"))), number="O-3")
    assert ignored(before, gone, again, late) == [("O-3", "C", None, "Update", "Delete", "the item was deleted")]


def test_an_item_moved_out_of_a_deleted_one_stays() -> None:
    before = asset(item("A", item("B")), item("E"))
    change = order(item("A", action="Delete"), item("E", item("B", action="Update")))
    assert outline(applied(before, change)) == "E\n  B"
    assert ignored(before, change) == []


def test_what_an_order_adds_beneath_a_missing_or_deleted_item_is_ignored_with_the_reason() -> None:
    before = asset(item("A", item("B")), item("E"))
    change = order(
        item("A", item("B", item("C", action="Add"), action="Update"), action="Delete"),
        item("X", item("Y", action="Add")),
    )
    assert outline(applied(before, change)) == "E"
    assert ignored(before, change) == [
        ("O-1", "B", None, "Update", "-", "its parent 'A' is deleted"),
        ("O-1", "C", None, "Add", "absent", "its parent 'B' is deleted"),
        ("O-1", "Y", None, "Add", "absent", "its parent 'X' isn't there"),
    ]


def test_what_a_later_order_adds_beneath_a_deleted_item_is_ignored() -> None:
    before = asset(item("A", item("B")))
    gone = order(item("A", item("B", action="Delete")))
    late = order(item("A", item("B", item("C", action="Add"))), number="O-2")
    assert outline(applied(before, gone, late)) == "A"
    assert ignored(before, gone, late) == [("O-2", "C", None, "Add", "absent", "its parent 'B' is deleted")]


def test_an_add_of_what_the_same_order_deletes_is_ignored_and_is_possible_the_next_time() -> None:
    """A deletion reaches what is beneath it when its order ends; until then the item is there."""
    before = asset(item("A", item("B")), item("E"))
    change = order(item("A", action="Delete"), item("E", item("B", action="Add")))
    assert outline(applied(before, change)) == "E"
    assert ignored(before, change) == [("O-1", "B", None, "Add", "-", "the item is there already")]
    assert outline(applied(before, change, change)) == "E\n  B"


def test_each_item_that_cannot_be_applied_is_listed_with_the_state_that_it_met() -> None:
    before = asset(item("A"), item("B"), item("C"))
    first = order(item("B", action="Delete"), item("N", action="Add"), item("C", action="Update"))
    second = quote(
        item("A", action="Add"),
        item("B", action="Delete"),
        item("C", action="Add"),
        item("N", action="Add"),
        item("U", action="Update"),
        item("V", action="Delete"),
    )
    assert ignored(before, first, second) == [
        ("Q-1", "A", None, "Add", "-", "the item is there already"),
        ("Q-1", "B", None, "Delete", "Delete", "the item was deleted"),
        ("Q-1", "C", None, "Add", "Update", "the item is there already"),
        ("Q-1", "N", None, "Add", "Add", "the item is there already"),
        ("Q-1", "U", None, "Update", "absent", "the item isn't there"),
        ("Q-1", "V", None, "Delete", "absent", "the item isn't there"),
    ]


def test_an_entry_prints_as_one_line() -> None:
    entry = Ignored("O-7", "A9", "Colour", "Update", "absent", "the attribute isn't there")
    assert str(entry) == (
        "order 'O-7', item 'A9', attribute 'Colour': Update ignored, met absent: the attribute isn't there"
    )


def test_an_entry_stays_one_line_whatever_the_sender_called_things() -> None:
    entry = Ignored("O-1\nignored: O-2", "A\x85", "Größe", "Add", "-", "the item is there already")
    assert str(entry) == (
        "order 'O-1\\nignored: O-2', item 'A\\x85', attribute 'Größe': Add ignored, met -: the item is there already"
    )


def test_attributes_of_an_updated_item_are_added_updated_and_deleted() -> None:
    before = asset(item("A", attribute("Same", "1"), attribute("Red", "1"), attribute("Gone", "1")))
    change = order(
        item(
            "A",
            attribute("Same", "9", action="-"),
            attribute("Red", "2", action="Update"),
            attribute("Gone", action="Delete"),
            attribute("New", "3", action="Add"),
            action="Update",
        )
    )
    assert outline(applied(before, change)) == "A [Same=1, Red=2, New=3]"


def test_attributes_that_cannot_be_applied_are_listed() -> None:
    before = asset(item("A", attribute("There", "1"), attribute("Gone", "1")))
    first = order(item("A", attribute("Gone", action="Delete"), action="Update"))
    second = order(
        item(
            "A",
            attribute("There", "2", action="Add"),
            attribute("Gone", "2", action="Update"),
            attribute("None", action="Delete"),
            action="Update",
        ),
        number="O-2",
    )
    assert ignored(before, first, second) == [
        ("O-2", "A", "There", "Add", "-", "the attribute is there already"),
        ("O-2", "A", "Gone", "Update", "Delete", "the attribute was deleted"),
        ("O-2", "A", "None", "Delete", "absent", "the attribute isn't there"),
    ]


def test_a_deleted_attribute_can_be_added_again() -> None:
    before = asset(item("A", attribute("Colour", "Red"), attribute("Size", "L")))
    gone = order(item("A", attribute("Colour", action="Delete"), action="Update"))
    again = order(item("A", attribute("Colour", "Blue", action="Add"), action="Update"))
    assert outline(applied(before, gone, again)) == "A [Size=L, Colour=Blue]"


def test_an_attribute_takes_all_three_values_and_null_where_it_carries_none() -> None:
    before = asset(item("A", attribute("Size", "L", number_value="5")))
    change = order(item("A", attribute("Size", number_value="6", action="Update"), action="Update"))
    found = line_items(instances(applied(before, change))[0])[0].children[0].children[0]
    assert found.properties == {
        "Name": "Size",
        "Text Value": None,
        "Number Value": "6",
        "Date Value": None,
        "Action Code": "-",
    }


def test_an_attribute_update_that_changes_nothing_is_no_change() -> None:
    before = asset(item("A", attribute("Size", number_value="5.99")))
    same = order(item("A", attribute("Size", number_value="5.990", action="Update"), action="Update"))
    add = order(item("A", attribute("Size", "1", action="Add"), action="Update"), number="O-2")
    assert ignored(before, same, add) == [("O-2", "A", "Size", "Add", "-", "the attribute is there already")]


def test_an_added_item_takes_its_added_and_unmarked_attributes() -> None:
    change = order(
        item(
            "A",
            attribute("One", "1", action="Add"),
            attribute("Two", "2"),
            attribute("Three", "3", action="Update"),
            attribute("Four", "4", action="Delete"),
            action="Add",
        )
    )
    assert outline(applied(None, change)) == "A [One=1, Two=2]"
    assert ignored(None, change) == [
        ("O-1", "A", "Three", "Update", "absent", "the attribute isn't there"),
        ("O-1", "A", "Four", "Delete", "absent", "the attribute isn't there"),
    ]


def test_nothing_left_is_an_empty_object() -> None:
    result = applied(asset(item("A", item("B"))), order(item("A", action="Delete")))
    assert is_empty(result)
    assert result.get("OutputIntObjectName") == "OM Asset"
    assert is_empty(applied(None))
    assert is_empty(applied(asset()))


def test_the_header_is_the_assets_and_without_one_it_has_the_first_orders_account() -> None:
    one, two = order(item("A", action="Add"), account="1-X"), order(item("B", action="Add"), account="1-Y")
    for nothing in (None, empty("OM Asset")):
        header = instances(applied(nothing, one, two))[0]
        assert (header.type, header.properties) == ("Asset", {"Account Id": "1-X"})
    before = asset(item("C"), account="1-Z")
    instances(before)[0].properties["As Of Date"] = "2026-01-01"
    assert instances(applied(before, one))[0].properties == instances(before)[0].properties


def test_several_assets_are_refused() -> None:
    with pytest.raises(ManyInstances) as refused:
        applied(together(asset(item("A")), asset(item("B"))))
    assert str(refused.value) == (
        "the argument 'asset' carries 2 instances, and one is allowed\n"
        "  where: OM Asset\n"
        "  why:   expected one instance, found 2\n"
        "  mend:  give one instance; Merge puts several together"
    )


def test_an_order_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ObjectUndeclared) as refused:
        applied(None, message("OM Other", [PropertySet("Other")]))
    assert str(refused.value) == (
        "there is no integration object 'OM Other'\n"
        "  where: integration_objects/\n"
        f"  why:   known are {', '.join(sorted(D))}\n"
        "  mend:  did you mean 'OM Quote'?"
    )


def test_moves_that_make_a_circle_are_refused_and_the_circle_is_named() -> None:
    before = asset(item("A"), item("B", item("C")))
    change = order(item("C", item("A", item("B", action="Update"), action="Update")))
    with pytest.raises(CircleOfItems) as refused:
        applied(before, change)
    assert str(refused.value) == (
        "moves of line items make a circle\n"
        "  where: order 'O-1', line item 'A'\n"
        "  why:   each stands beneath the next: A, C, B, A\n"
        "  mend:  give one of them a parent outside the circle"
    )


def test_a_circle_with_a_deleted_item_is_deleted_as_a_whole() -> None:
    before = asset(item("A"), item("B", item("C")), item("E"))
    change = order(item("C", item("A", item("B", action="Update"), action="Update"), action="Delete"))
    assert outline(applied(before, change)) == "E"
    assert [(i[1], i[5]) for i in ignored(before, change)] == [
        ("A", "its parent 'C' is deleted"),
        ("B", "its parent 'A' is deleted"),
    ]


def test_lists_of_a_deployments_own_components_are_kept_taken_over_and_replaced() -> None:
    def with_note(node: PropertySet, text: str) -> PropertySet:
        node.children.append(PropertySet("ListOf Note", children=[PropertySet("Note", properties={"Text": text})]))
        return node

    before = asset(with_note(item("A"), "old"), with_note(item("B"), "kept"))
    change = order(
        with_note(item("A", action="Update"), "new"),
        item("B", action="Update"),
        with_note(item("C", action="Add"), "added"),
    )
    roots = line_items(instances(applied(before, change))[0])
    assert [root.children[0].children[0].get("Text") for root in roots] == ["new", "kept", "added"]
