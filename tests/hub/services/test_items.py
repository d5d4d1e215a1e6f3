"""What every method refuses, and in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.services import Service
from hub.services.apply import apply
from hub.services.delta import delta
from hub.services.explode import explode
from hub.services.field_delta import field_delta
from hub.services.fully_exploded import fully_exploded
from hub.services.logical_delete import logical_delete
from hub.services.merge import merge
from hub.services.set_action import set_action
from hub.services.set_effectivity_dates import set_effectivity_dates
from hub.services.set_field import set_field
from hub.services.set_product_instance import set_product_instance
from hub.services.trim import trim
from hub.services.update_order_status import update_order_status
from integration_objects.complex_object import empty, put_list
from integration_objects.definition import shipped_definitions
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet
from tests.trees import asset, attribute, counting, item, order

D = shipped_definitions()
METHODS: dict[str, Callable[[PropertySet], object]] = {
    "Apply": lambda tree: apply(None, [tree], D),
    "Delta": lambda tree: delta(tree, None, D, counting()),
    "Trim": lambda tree: trim(tree, definitions=D),
    "Logical Delete": logical_delete,
    "Explode": lambda tree: explode(tree, D, counting()),
    "Fully Exploded": fully_exploded,
    "Field Delta": lambda tree: field_delta(tree, tree, D),
    "Set Effectivity Dates": set_effectivity_dates,
    "Set Action": lambda tree: set_action(tree, "Add"),
    "Set Field": lambda tree: set_field(tree, "Status", "Open", D),
    "Merge": lambda tree: merge(empty("OM Order"), tree, D),
    "Update Order Status": update_order_status,
    "Set Product Instance": lambda tree: set_product_instance(tree, D),
}
NEED_KEYS = {"Apply", "Delta", "Merge", "Field Delta", "Set Product Instance"}


def refusal(method: str, tree: PropertySet) -> str:
    with pytest.raises(Refused) as refused:
        Service(method, METHODS[method], "")(tree)
    return str(refused.value)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_refuses_two_items_with_one_key(method: str) -> None:
    assert refusal(method, order(item("A", item("B")), item("B"))) == (
        "two line items have one key\n"
        f"  where: method {method}, OM Order 'O-1', line item 'B'\n"
        "  why:   Integration Id is unique within an instance\n"
        "  mend:  drop one of the items, or give it an Integration Id of its own"
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_refuses_an_unknown_action_code(method: str) -> None:
    assert refusal(method, order(item("A", item("B", action="add")))) == (
        "'add' is no action code\n"
        f"  where: method {method}, OM Order 'O-1', line item 'B'\n"
        "  why:   expected one of Add, Update, Delete, -, found 'add'\n"
        "  mend:  mend the action code, or the map or look-up table that made it"
    )
    assert "line item 'A', attribute 'Colour'" in refusal(
        method, order(item("A", attribute("Colour", action="Change")))
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("quantity", ["-1", "", "one", "1e3"])
def test_every_method_refuses_a_quantity_that_is_no_number_of_0_or_more(method: str, quantity: str) -> None:
    assert refusal(method, order(item("A", quantity=quantity))).startswith(
        f"a quantity is no number of 0 or more\n  where: method {method}, OM Order 'O-1', line item 'A'\n"
    )


def test_a_negative_quantity_is_refused_in_these_words() -> None:
    assert refusal("Trim", order(item("A", quantity="-0.5"))) == (
        "a quantity is no number of 0 or more\n"
        "  where: method Trim, OM Order 'O-1', line item 'A'\n"
        "  why:   expected a number of 0 or more, found '-0.5'\n"
        "  mend:  mend the item's Quantity, or leave it out for 1"
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_refuses_two_attributes_with_one_name_or_one_without(method: str) -> None:
    assert refusal(method, order(item("A", attribute("Colour"), attribute("Colour")))) == (
        "two attributes of a line item have one name\n"
        f"  where: method {method}, OM Order 'O-1', line item 'A', attribute 'Colour'\n"
        "  why:   a name stands once among the attributes of an item\n"
        "  mend:  drop or rename one of them"
    )
    for name in (None, ""):
        assert refusal(method, order(item("A", attribute(name)))) == (
            "an attribute has no name\n"
            f"  where: method {method}, OM Order 'O-1', line item 'A'\n"
            "  why:   attributes are told apart by their Name within the item\n"
            "  mend:  give the attribute a Name"
        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("key", [None, ""])
def test_apply_delta_and_merge_need_keys_and_the_others_do_not(method: str, key: str | None) -> None:
    tree = order(item("A", item(key)))
    if method not in NEED_KEYS:
        METHODS[method](tree)
        return
    assert refusal(method, tree) == (
        "a line item has no key, and every line item needs one\n"
        f"  where: method {method}, OM Order 'O-1', line item 1 beneath 'A'\n"
        "  why:   expected Integration Id, found none\n"
        "  mend:  give the item an Integration Id"
    )


@pytest.mark.parametrize("method", METHODS)
def test_an_item_beneath_itself_is_refused_and_not_walked_for_ever(method: str) -> None:
    circle = item("A", item("B"))
    put_list(circle.children[0].children[0], "Line Item").append(circle)
    assert refusal(method, order(circle)) == (
        "a line item stands twice in one tree\n"
        f"  where: method {method}, OM Order 'O-1', line item 'A'\n"
        "  why:   the item stands beneath itself, or in two places of one tree\n"
        "  mend:  give each line item one parent"
    )


def test_a_refusal_names_the_line_of_the_source_and_a_root_item_without_a_key_by_its_place() -> None:
    bad = item("A", quantity="x")
    bad.origin = 22
    assert "where: method Trim, OM Order 'O-1', line item 'A', line 22\n" in refusal("Trim", order(bad))
    assert "where: method Apply, OM Asset '1-A', root item 2\n" in refusal("Apply", asset(item("A"), item(None)))


def test_keys_are_unique_within_an_instance_only() -> None:
    from tests.trees import together

    METHODS["Trim"](together(order(item("A")), order(item("A"), number="O-2")))


def circle(above: PropertySet, beneath: PropertySet) -> PropertySet:
    """An order in which an item stands beneath the one that it holds, with an innocent root beside it."""
    put_list(beneath, "Line Item").append(above)
    return order(above, item("Z"))


CIRCLE = (
    "a line item stands twice in one tree\n"
    "  where: method {}, OM Order 'O-1', {}\n"
    "  why:   the item stands beneath itself, or in two places of one tree\n"
    "  mend:  give each line item one parent"
)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_refuses_an_item_beneath_itself(method: str) -> None:
    beneath = item("B")
    assert refusal(method, circle(item("A", beneath), beneath)) == CIRCLE.format(method, "line item 'A'")


@pytest.mark.parametrize("method", [one for one in METHODS if one not in NEED_KEYS])
def test_every_method_refuses_an_item_without_a_key_beneath_itself(method: str) -> None:
    beneath = item(None)
    assert refusal(method, circle(item(None, beneath), beneath)) == CIRCLE.format(method, "root item 1")


@pytest.mark.parametrize("method", METHODS)
def test_an_item_is_named_though_a_circle_stands_beside_it(method: str) -> None:
    """What names the item looks for it among its siblings, and may come to the circle first."""
    above = item("A", item(None, quantity="-1"))
    put_list(above, "Line Item").append(above)
    text = refusal(method, order(above, item("Z")))
    assert f"where: method {method}, OM Order 'O-1', line item 1 beneath 'A'\n" in text
