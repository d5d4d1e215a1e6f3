"""A quote or an order against what it was before the workflow: one item more or less is seen at a glance."""

from __future__ import annotations

from hub.presentation.changed_lines import changed_lines
from integration_objects.complex_object import empty, message
from integration_objects.property_set import PropertySet
from tests.trees import attribute, item, node


def quote(*lines: PropertySet, **named: str | None) -> PropertySet:
    return node("Quote", *lines, quote_number="Q-1", **{"status": "In Progress", **named})


def line(number: int, *children: PropertySet, **named: str | None) -> PropertySet:
    return item(f"K-{number}", *children, line_number=str(number), product_id="Local Line", **named)


def changes(before: PropertySet, after: PropertySet) -> list[str]:
    return changed_lines(before, [message("OM Quote", [after])])


def test_a_line_more_or_less_is_named_and_several_are_counted():
    one, two, three = line(1), line(2, service_id="0140"), line(3)
    assert changes(quote(one), quote(one, three)) == ["changed: 1 line more: Local Line (line 3)"]
    assert changes(quote(one, two), quote(one)) == ["changed: 1 line less: Local Line 0140"]
    assert changes(quote(), quote(one, two, three)) == ["changed: 3 lines more"]
    assert changes(quote(one, two, three), quote()) == ["changed: 3 lines less"]


def test_changed_values_of_a_line_and_of_its_attributes_are_told():
    before = quote(line(1, attribute("Rings", "6"), attribute("Gone", "x"), service_id="0140", quantity="1"))
    after = quote(
        line(
            1,
            attribute("Rings", "3", action="Update"),
            attribute("Gone", "x", action="Delete"),
            attribute("New", "y", action="Add"),
            service_id="140",
            quantity="1.0",
            action="Update",
            adjusted_price="5.99",
        )
    )
    assert changes(before, after) == [
        "changed: Local Line 140: Action: nothing -> Update, Service Id: 0140 -> 140, "
        "Rings: 6 -> 3, New: nothing -> y, Gone: x -> nothing"
    ]


def test_lines_that_are_changed_alike_are_counted_and_the_header_has_a_sentence_of_its_own():
    before = node("Order", *(line(number, status="Open") for number in (1, 2, 3)), order_number="O-1", status="Open")
    lines = [line(1, status="Complete"), line(2, status="Complete"), line(3, status="Failed")]
    after = node("Order", *lines, order_number="O-1", status="Failed", row_id="R-1")
    assert changed_lines(before, [message("OM Order", [after])]) == [
        "changed: order O-1: Status: Open -> Failed",
        "changed: 2 lines: Status: Open -> Complete",
        "changed: Local Line (line 3): Status: Open -> Failed",
    ]


def test_ids_that_the_hub_fills_in_at_submit_are_no_changes_and_those_of_a_person_are():
    before = node("Order", line(1, action="Add"), order_number="O-1", status="New")
    filled = line(1, action="Add", service_address_id="PR-1", service_account_id="1-A", past_point_of_no_return="N")
    submitted = node("Order", filled, order_number="O-1", status="Open")
    assert changed_lines(before, [message("OM Order", [submitted])]) == ["changed: order O-1: Status: New -> Open"]
    edited = node("Order", line(1, action="Add", service_address_id="PR-1"), order_number="O-1", status="New")
    assert changed_lines(before, [message("OM Order", [edited])]) == [
        "changed: Local Line (line 1): Address: nothing -> PR-1"
    ]


def test_an_alias_is_told_as_the_action():
    asked = line(1, action="Update", action_alias="Suspend")
    assert changes(quote(line(1, action="-")), quote(asked)) == [
        "changed: Local Line (line 1): Action: nothing -> Suspend"
    ]


def test_a_quotes_status_is_told_once():
    before = quote(line(1, status="In Progress"))
    after = quote(line(1, status="Cancelled"), status="Cancelled")
    assert changes(before, after) == ["changed: quote Q-1: Status: In Progress -> Cancelled"]


def test_nothing_is_told_of_what_is_new_or_no_document():
    assert changed_lines(None, [message("OM Quote", [quote(line(1))])]) == []
    assert changed_lines(quote(), []) == []
    assert changed_lines(quote(), [empty("OM Quote")]) == []
    asset = node("Asset", line(1))
    assert changed_lines(asset, [message("OM Asset", [node("Asset")])]) == []
