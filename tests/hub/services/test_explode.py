"""Explode and Fully Exploded, rule by rule."""

from __future__ import annotations

import pytest

from hub.services.explode import (
    ExtendedQuantityTooLarge,
    QuantityNotWhole,
    RootItemUnknown,
    TooManyItems,
    explode,
)
from hub.services.fully_exploded import fully_exploded
from integration_objects.complex_object import attributes
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from tests.trees import attribute, counting, item, only, order, outline, quote, together

D = shipped_definitions()


def exploded(tree: PropertySet, *names: str, **named: object) -> str:
    return outline(explode(tree, D, counting(), **named), *names)  # type: ignore[arg-type]


def test_n_copies_stand_side_by_side_with_quantity_1_and_children_explode_within_each() -> None:
    tree = quote(
        item(
            "A",
            item("B", item("C", attribute("Size", "L"), action="Add"), quantity="2", action="Add"),
            item("E"),
            action="Add",
            quantity="2",
        )
    )
    assert exploded(tree, "Action Code", "Quantity", "Extended Quantity") == (
        "A Add 1 1\n"
        "  B Add 1 1\n"
        "    C Add None 1 [Size=L/None]\n"
        "  N1 Add 1 1\n"
        "    N3 Add None 1 [Size=L/None]\n"
        "  E - None 1\n"
        "N5 Add 1 1\n"
        "  N7 Add 1 1\n"
        "    N9 Add None 1 [Size=L/None]\n"
        "  N11 Add 1 1\n"
        "    N13 Add None 1 [Size=L/None]\n"
        "  N15 - None 1"
    ).replace("/None", "/-")


def test_the_first_copy_keeps_its_identifiers_and_the_others_get_new_ones() -> None:
    cleared = D["OM Order"].root.children["Line Item"].cleared
    line = item("A", action="Add", quantity="2", product_id="P", status="Pending")
    for name in cleared:
        if name != "Integration Id":
            line.properties[name] = "x"
    result = explode(order(line), D, counting())
    assert only(result, "A").properties == {**line.properties, "Quantity": "1", "Extended Quantity": "1"}
    assert only(result, "N1").properties == {
        "Integration Id": "N1",
        "Row Id": "N2",
        "Product Id": "P",
        "Status": "Pending",
        "Action Code": "Add",
        "Quantity": "1",
        "Extended Quantity": "1",
    }


def test_attributes_of_copies_lose_their_row_ids() -> None:
    line = item("A", attribute("Size", "L", row_id="9"), action="Add", quantity="2")
    result = explode(order(line), D, counting())
    assert [a.get("Row Id") for a in attributes(only(result, "A"))] == ["9"]
    assert [a.get("Row Id") for a in attributes(only(result, "N1"))] == [None]


@pytest.mark.parametrize(
    ("action", "track", "quantity", "splits"),
    [
        ("Add", None, "2", True),
        ("Add", "Y", "2.0", True),
        ("Add", "N", "2", False),
        ("Update", "Y", "2", False),
        (None, "Y", "2", False),
        ("Add", "Y", "1", False),
        ("Add", "Y", "0", False),
        ("Add", "Y", "0.5", False),
        ("Add", "Y", None, False),
        ("Add", "N", "1.5", False),
        ("Delete", "Y", "1.5", False),
    ],
)
def test_only_added_tracked_items_above_1_explode(
    action: str | None, track: str | None, quantity: str | None, splits: bool
) -> None:
    tree = order(item("A", action=action, track=track, quantity=quantity))
    assert exploded(tree) == ("A\nN1" if splits else "A")
    assert fully_exploded(tree) is not splits


def test_a_fraction_above_1_is_refused_and_not_fully_exploded() -> None:
    tree = order(item("A", action="Add", quantity="1.5"))
    assert not fully_exploded(tree)
    with pytest.raises(QuantityNotWhole) as refused:
        explode(tree, D, counting())
    assert str(refused.value) == (
        "a quantity that must be exploded is no whole number\n"
        "  where: OM Order 'O-1', line item 'A'\n"
        "  why:   an added item becomes as many as its quantity says, found '1.5'\n"
        "  mend:  give a whole number, or set Track As Asset to N where the product is measured"
    )


def test_the_extended_quantity_is_the_product_from_the_root_down() -> None:
    tree = order(item("A", item("B", item("C", quantity="2.5"), action="Add", quantity="2"), item("E"), quantity="3"))
    assert exploded(tree, "Quantity", "Extended Quantity") == (
        "A 3 None\n  B 1 3\n    C 2.5 7.5\n  N1 1 3\n    N3 2.5 7.5\n  E None None"
    )


def test_an_extended_quantity_has_7_digits_after_the_point_and_15_before() -> None:
    tree = order(item("A", item("B", quantity="0.0000015"), action="Add", quantity="2"), item("C"))
    small = item("D", item("E", item("F", quantity="0.0000015"), quantity="0.1"), action="Add", quantity="2")
    assert "F 0.0000015 0.0000002" in exploded(order(small), "Quantity", "Extended Quantity")
    assert "B 0.0000015 0.0000015" in exploded(tree, "Quantity", "Extended Quantity")
    large = order(item("A", item("B", item("C", action="Add", quantity="2"), quantity="99999999"), quantity="99999999"))
    with pytest.raises(ExtendedQuantityTooLarge) as refused:
        explode(large, D, counting())
    assert str(refused.value) == (
        "an Extended Quantity is too large\n"
        "  where: OM Order 'O-1', line item 'C'\n"
        "  why:   the product of the quantities from the root down has more than 15 digits\n"
        "  mend:  mend the quantities above the item"
    )


def test_one_root_can_be_exploded_alone() -> None:
    one = order(item("A", action="Add", quantity="2"), item("B", item("C"), action="Add", quantity="2"))
    assert exploded(one, root="A") == "A\nN1\nB\n  C"
    both = together(one, order(item("E", action="Add", quantity="2"), number="O-2"))
    assert exploded(both, root="E") == "A\nB\n  C\n--\nE\nN1"
    with pytest.raises(RootItemUnknown) as refused:
        explode(one, D, counting(), root="C")
    assert str(refused.value) == (
        "there is no root item 'C'\n"
        "  where: OM Order 'O-1'\n"
        "  why:   root items are 'A', 'B'\n"
        "  mend:  give the Integration Id of a root item, or none for all"
    )


def test_the_limit_counts_all_items_of_the_result_where_something_is_exploded() -> None:
    tree = order(item("A", item("B", action="Add", quantity="3"), action="Add", quantity="2"), item("C"))
    assert len(exploded(tree, limit=9).splitlines()) == 9
    with pytest.raises(TooManyItems) as refused:
        explode(tree, D, counting(), limit=8)
    assert str(refused.value) == (
        "the result would have too many line items\n"
        "  where: OM Order 'O-1'\n"
        "  why:   the result would have 9 items, the limit is 8\n"
        "  mend:  mend the quantities, or spread the items over several objects"
    )
    assert exploded(order(item("A"), item("B")), limit=1) == "A\nB"


def test_a_mistyped_quantity_is_refused_before_anything_is_copied() -> None:
    node = item("Z", action="Add", quantity="999999999999999")
    for level in range(50):
        node = item(f"K{level}", node, action="Add", quantity="999999999999999")
    with pytest.raises(TooManyItems) as refused:
        explode(order(node), D, counting())
    assert (
        "at least 1000000000000000000000000000000 items" in refused.value.why or "items, the limit" in refused.value.why
    )
