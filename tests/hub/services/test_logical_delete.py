"""Logical Delete, rule by rule."""

from __future__ import annotations

import pytest

from hub.services.apply import apply
from hub.services.logical_delete import ChildrenUnknown, logical_delete
from integration_objects.definition import shipped_definitions
from tests.trees import asset, attribute, item, order, outline

D = shipped_definitions()
TREE = order(
    item(
        "A",
        item("B", item("C", attribute("Size", "L", action="Delete"), action="Delete"), action="Delete"),
        item("E", item("F", action="Delete"), action="-"),
        attribute("Colour", "Red", action="Delete"),
        action="Delete",
        status="Open",
    ),
    item("G", attribute("Size", "L", action="Delete"), action="Update", status="Open"),
)


def test_deleted_items_and_those_beneath_them_become_inactive_updates() -> None:
    assert outline(logical_delete(TREE), "Action Code", "Status") == (
        "A Update Inactive [Colour=Red/-]\n"
        "  B Update Inactive\n"
        "    C Update Inactive [Size=L/-]\n"
        "  E - None\n"
        "    F Update Inactive\n"
        "G Update Open [Size=L/Delete]"
    )


def test_with_leave_what_is_beneath_a_deleted_item_stays_unread() -> None:
    assert outline(logical_delete(TREE, children="leave"), "Action Code", "Status") == (
        "A Update Inactive [Colour=Red/-]\n"
        "  B Delete None\n"
        "    C Delete None [Size=L/Delete]\n"
        "  E - None\n"
        "    F Delete None\n"
        "G Update Open [Size=L/Delete]"
    )


def test_apply_keeps_the_history_of_what_was_deleted() -> None:
    before = asset(item("A", item("B", attribute("Size", "L")), status="Active"))
    change = order(item("A", item("B", attribute("Size", action="Delete"), action="Delete"), action="Delete"))
    result = apply(before, [logical_delete(change)], D).asset
    assert outline(result, "Status") == "A Inactive\n  B Inactive [Size=L/-]"


def test_another_choice_is_refused() -> None:
    with pytest.raises(ChildrenUnknown) as refused:
        logical_delete(TREE, children="drop")
    assert str(refused.value) == (
        "'drop' is no way to treat the items beneath a deleted item\n"
        "  where: argument 'children'\n"
        "  why:   expected convert or leave, found 'drop'\n"
        "  mend:  give one of them"
    )
