"""Restructured products: what moved in the definition moves in the instance."""

from __future__ import annotations

import pathlib

from hub.configurator.port import Relinked
from hub.services.delta import delta
from integration_objects.complex_object import instances, message
from schemas.hub_xml import hub_from_xml
from tests.hub.configurator.products import (
    BUILT_IN,
    DEFINITIONS,
    declared,
    line,
    outline,
    product,
    products,
    quote,
    structure,
)
from tests.trees import counting

FIGURE = pathlib.Path(__file__).parents[2] / "figures" / "11K"
GROUPED = products(
    product("Call Forwarding", declared(("Forward To",)))
    + product("Caller Id")
    + product("Feature Package", structure(("Call Forwarding", None, "1", "1"), ("Caller Id", None, "1", "1")))
    + product("Local Line", structure(("Feature Package", None, "1")))
    + product("GCI One Bundle", structure(("Local Line", None, "9")))
)


def opened(*roots, catalogue=GROUPED):
    return BUILT_IN.configure(quote(*roots), [], catalogue, counting("K"))


def test_figure_11k_call_forwarding_is_relinked_beneath_the_feature_package():
    """The configured instance is figure 11K-2, and the delta is figure 11K-3."""
    catalogue = products(
        product("Call Forwarding", declared(("Forward To",)))
        + product("Feature Package", structure(("Call Forwarding", None, "1")))
        + product("Local Line", structure(("Feature Package", None, "1")))
        + product("GCI One Bundle", structure(("Local Line", None, "9")))
    )
    old = hub_from_xml((FIGURE / "old.xml").read_bytes(), DEFINITIONS)
    found = BUILT_IN.configure(instances(old)[0], [], catalogue, lambda: "G8")
    assert found.relinked == (Relinked("G3", "Call Forwarding", "G8", "G2"),)
    new = hub_from_xml((FIGURE / "new.xml").read_bytes(), DEFINITIONS)
    assert outline(found.instance) == outline(instances(new)[0])
    change = delta(old, message("OM Asset", [found.instance]), DEFINITIONS, counting("K"))
    wanted = hub_from_xml((FIGURE / "expected.xml").read_bytes(), DEFINITIONS)
    assert _actions(change) == _actions(wanted)


def _actions(tree):
    return [(node.get("Integration Id"), node.get("Action Code")) for node in tree.walk() if node.type == "Line Item"]


def test_a_group_that_is_made_brings_the_defaults_that_did_not_come_with_the_move():
    state = opened(line("Local Line", "L", line("Call Forwarding", "F")))
    assert outline(state.instance) == [
        (
            "Local Line",
            "L",
            {},
            [("Feature Package", "K1", {}, [("Caller Id", "K2", {}, []), ("Call Forwarding", "F", {}, [])])],
        )
    ]


def test_a_group_that_is_there_takes_the_items():
    package = line("Feature Package", "P", line("Caller Id", "C"))
    state = opened(line("Local Line", "L", line("Call Forwarding", "F"), package))
    assert outline(state.instance)[0][3] == [
        ("Feature Package", "P", {}, [("Caller Id", "C", {}, []), ("Call Forwarding", "F", {}, [])])
    ]


def test_a_dissolved_group_gives_its_items_back():
    """What is left of the group no longer belongs, and can be removed without a loss."""
    catalogue = products(
        product("Feature Package") + product("Caller Id") + product("Local Line", structure(("Caller Id", None, "1")))
    )
    state = opened(line("Local Line", "L", line("Feature Package", "P", line("Caller Id", "C"))), catalogue=catalogue)
    assert outline(state.instance)[0][3] == [("Feature Package", "P", {}, []), ("Caller Id", "C", {}, [])]
    assert state.relinked == (Relinked("C", "Caller Id", "L", "P"),)
    assert [one.item for one in state.obsolete] == ["P"]


def test_an_item_that_moved_up_in_the_structure_goes_up():
    catalogue = products(
        product("Card")
        + product("Voice Mail")
        + product("Local Line", structure(("Voice Mail", None, "1")))
        + product("Bundle", structure(("Local Line", None, "9"), ("Card", None, "9")))
    )
    state = opened(line("Bundle", "B", line("Local Line", "L", line("Card", "C"))), catalogue=catalogue)
    assert outline(state.instance)[0][3] == [("Local Line", "L", {}, []), ("Card", "C", {}, [])]


def test_what_fits_two_groups_stays_and_no_longer_belongs():
    catalogue = products(
        product("F")
        + product("One", structure(("F", None, "1")))
        + product("Two", structure(("F", None, "1")))
        + product("L", structure(("One", None, "1"), ("Two", None, "1")))
    )
    state = opened(line("L", "L", line("F", "F")), catalogue=catalogue)
    assert outline(state.instance) == [("L", "L", {}, [("F", "F", {}, [])])]
    assert [one.text for one in state.obsolete] == ["F 'F' no longer belongs beneath L 'L'"]
    state = opened(line("L", "L", line("F", "F"), line("Two", "T")), catalogue=catalogue)
    assert outline(state.instance)[0][3] == [("Two", "T", {}, [("F", "F", {}, [])])]


def test_inactive_items_stay_where_they_are():
    state = opened(line("Local Line", "L", line("Call Forwarding", "F", status="Inactive")))
    assert state.relinked == ()
    assert outline(state.instance) == [("Local Line", "L", {}, [("Call Forwarding", "F", {}, [])])]
