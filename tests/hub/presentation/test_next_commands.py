"""The command that a person types next, with the real values."""

from __future__ import annotations

import pytest

from hub.presentation.next_commands import NEXT, next_commands
from hub.workflows import Workflows
from integration_objects.complex_object import empty, message
from tests.trees import item, node

LINES = [item("A", product_id="Local Line", action="Add")]


def quote(status: str, *lines):
    return message("OM Quote", [node("Quote", *lines, quote_number="Q-1", status=status, account_id="1-A")])


def order(status: str, *lines, active: str = "Y", revision: str = "1"):
    fields = {"order_number": "O-1", "status": status, "account_id": "1 A", "active_flag": active, "revision": revision}
    return message("OM Order", [node("Order", *lines, **fields)])


def profile(*lines):
    return message("OM Asset", [node("Asset", *lines, account_id="1-A")])


@pytest.mark.parametrize(
    ("tree", "kinds", "expected"),
    [
        (quote("In Progress", *LINES), (), "workflow quote-to-order quote=Q-1"),
        (order("New"), ("kept",), "workflow cancel-order order=O-1"),
        (order("Pending", revision="2"), ("kept",), "workflow submit order=O-1"),
        (quote("In Progress"), (), "workflow new-products-and-services account=1-A product=PRODUCT"),
        (
            quote("In Progress", *LINES),
            ("total", "broken rule"),
            "workflow edit-quote-line-item quote=Q-1 line=LINE requests=@REQUESTS.json",
        ),
        (
            quote("In Progress", item("A", action="-")),
            (),
            "workflow edit-quote-line-item quote=Q-1 line=LINE requests=@REQUESTS.json",
        ),
        (order("New", *LINES), (), "workflow submit order=O-1"),
        (order("Cancelled", *LINES), ("fallout",), "workflow fallout-list account='1 A'"),
        (quote("In Progress", *LINES), ("expired", "price"), "workflow reprice quote=Q-1"),
        (
            quote("In Progress", *LINES),
            ("service id", "expired"),
            "workflow edit-quote-line-item quote=Q-1 line=LINE requests=@REQUESTS.json",
        ),
        (
            order("New", *LINES),
            ("service id",),
            "workflow edit-order-line-item order=O-1 line=LINE requests=@REQUESTS.json",
        ),
        (order("Pending", *LINES), ("held",), "workflow approve order=O-1 by=USER"),
        (order("New"), (), "workflow edit-order-line-item order=O-1 requests=@REQUESTS.json"),
        (order("Open", *LINES), (), "show 'OM Order' O-1 --text"),
        (order("Open", *LINES), ("fallout",), "workflow fallout-list account='1 A'"),
        (order("Pending", revision="2"), (), "workflow submit order=O-1"),
        (order("Failed", *LINES), (), "workflow fallout-list order=O-1"),
        (profile(*LINES), (), "workflow modify account=1-A root=A requests=@REQUESTS.json"),
        (profile(*LINES, item("B")), (), "workflow modify account=1-A root=KEY requests=@REQUESTS.json"),
        (order("Complete", *LINES), (), "show 'OM Asset' '1 A' --text"),
    ],
)
def test_the_next_command_follows_from_the_object_and_its_status(tree, kinds, expected):
    assert next_commands([tree], kinds) == [f"orderhub {expected}"]


@pytest.mark.parametrize(
    "tree",
    [
        quote("Cancelled", *LINES),
        quote("Order Placed", *LINES),
        order("Open", *LINES, active="N"),
        empty("OM Quote"),
    ],
)
def test_nothing_follows_where_nothing_is_left_to_do(tree):
    assert next_commands([tree]) == []


def test_each_of_several_objects_has_its_command_and_no_command_is_named_twice():
    giving = message("OM Quote", [node("Quote", *LINES, quote_number="Q-2", status="In Progress", account_id="1-B")])
    taking = quote("In Progress", *LINES)
    assert next_commands([giving, taking, taking, empty("OM Quote")]) == [
        "orderhub workflow quote-to-order quote=Q-2",
        "orderhub workflow quote-to-order quote=Q-1",
    ]


def test_every_workflow_of_the_table_is_there_and_takes_the_arguments():
    known = {workflow.command: {argument.name for argument in workflow.arguments} for workflow in Workflows().values()}
    for command in NEXT.values():
        if command.startswith("workflow "):
            _, name, *arguments = command.replace("{Account Id}", "-").replace("{Quote Number}", "-").split(" ")
            assert {argument.partition("=")[0] for argument in arguments if "=" in argument} <= known[name]
