"""Trim, rule by rule."""

from __future__ import annotations

import pytest

from hub.services.trim import TwoSpecifications, trim
from integration_objects.complex_object import empty, instances, is_empty, line_items
from integration_objects.definition import shipped_definitions
from integration_objects.expression import ExpressionFault
from tests.trees import attribute, item, order, outline, together

D = shipped_definitions()


@pytest.mark.parametrize("status", [None, "", "-", "Pending", "Open", "Complete", "Failed"], ids=repr)
@pytest.mark.parametrize("action", [None, "", "--", "-", "Add", "Update", "Delete"], ids=repr)
@pytest.mark.parametrize("track", [None, "Y", "N"], ids=repr)
def test_by_default_complete_or_unchanged_tracked_items_stay(
    status: str | None, action: str | None, track: str | None
) -> None:
    result = trim(order(item("A", status=status, action=action, track=track)), definitions=D)
    stays = (status == "Complete" or action in (None, "", "--", "-")) and track != "N"
    assert is_empty(result) is not stays


def test_an_item_goes_with_all_beneath_it_and_its_children_are_not_asked() -> None:
    tree = order(item("A", item("B", item("C", service_id="x"), service_id="1"), item("E", attribute("Size", "L"))))
    assert outline(trim(tree, "[Service Id] = '1'", definitions=D)) == "A\n  E [Size=L]"


def test_keep_is_the_negation() -> None:
    tree = order(item("A", service_id="1"), item("B"))
    assert outline(trim(tree, keep="[Service Id] = '1'", definitions=D)) == "A"


def test_both_at_once_are_refused() -> None:
    with pytest.raises(TwoSpecifications) as refused:
        trim(order(item("A")), "TRUE", "FALSE", D)
    assert str(refused.value) == (
        "a specification and its negation exclude each other\n"
        "  where: arguments 'specification' and 'keep'\n"
        "  why:   'specification' names the items that go, 'keep' the items that stay\n"
        "  mend:  give one of them, or neither for the default"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "[Colour] = 1",
        "Unknown(1)",
        "1",
        "NULL",
        "1 / 0 = 1",
        "[Quantity]",
        "([Quantity] * 2)",
        "'a' + [Status]",
    ],
)
def test_a_wrong_specification_is_reported_before_the_first_item_is_read(text: str) -> None:
    for tree in (order(item("A", quantity="x")), empty(), empty("OM Order")):
        with pytest.raises(ExpressionFault):
            trim(tree, text, definitions=D)


def test_a_specification_that_gives_a_truth_value_for_no_item_says_so_without_one() -> None:
    with pytest.raises(ExpressionFault) as refused:
        trim(empty("OM Order"), "[Quantity] * 2", definitions=D)
    assert str(refused.value) == (
        "expression '[Quantity] * 2' can't be evaluated\n"
        "  where: column 12\n"
        "  why:   expected TRUE or FALSE, found a value that is never one\n"
        "  mend:  compare the value with something"
    )


def test_a_specification_that_fails_for_one_item_is_refused_with_the_item() -> None:
    with pytest.raises(ExpressionFault) as refused:
        trim(order(item("A", status="Open")), "[Status] > 1", definitions=D)
    assert str(refused.value) == (
        "expression '[Status] > 1' can't be evaluated\n"
        "  where: line item 'A', column 10\n"
        "  why:   expected two numbers or two dates, found the text 'Open' and the number 1\n"
        "  mend:  take the quotes off a number; number fields and dates can be put in order, other text can't"
    )


def test_what_no_item_reaches_is_not_evaluated() -> None:
    line = order(item("A", status="Open"))
    assert trim(line, "[Status] = 'Open' OR 1 / 0 = 1", definitions=D) == empty("OM Order")


def test_an_instance_that_loses_all_items_among_others_keeps_its_header() -> None:
    both = together(order(item("A", status="Open")), order(item("B"), number="O-2"))
    result = trim(both, "[Status] = 'Open'", definitions=D)
    assert [len(line_items(one)) for one in instances(result)] == [0, 1]
    assert instances(result)[0].get("Order Number") == "O-1"


def test_nothing_left_is_an_empty_object_and_an_empty_object_stays_one() -> None:
    for tree in (order(item("A")), order(), empty("OM Order")):
        result = trim(tree, "TRUE", definitions=D)
        assert is_empty(result)
        assert result.get("OutputIntObjectName") == "OM Order"
