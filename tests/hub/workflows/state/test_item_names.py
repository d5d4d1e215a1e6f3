"""The names of items: each kind of name finds its item, an unclear or unknown name is refused with the known ones."""

from __future__ import annotations

import pytest

from hub.workflows.state.item_names import ItemNames, ItemNameUnclear
from integration_objects.complex_object import line_items
from integration_objects.names import KEY
from tests.customer_care import actions, lines, the
from tests.hub.configurator.products import line
from tests.trees import instance

BUNDLE = line(
    "Enabler",
    "06H25V0HP00082SYSZTGWM5WAB",
    line(
        "Local Line",
        "06H25V0HP00082SYSZTGXM5WAB",
        line("Caller Id", "C-1"),
        service_id="509-555-0140",
        line_number="2",
        service_point_id="SP-1",
    ),
    line("Local Line", "L-2", line("Caller Id", "C-2"), line("Voice Mail", "V-2"), service_id="7", line_number="3"),
    line_number="1",
)
CARD = line("Calling Card", "CARD-1", line("Local Line", "L-3", service_id="5095550140"), line_number="7")


def found(name, *roots, living=False, kind="Quote"):
    item = ItemNames(None, instance(kind, roots or (BUNDLE,))).find(name, "there", living)
    return None if item is None else item.get(KEY)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("06H25V0HP00082SYSZTGXM5WAB", "06H25V0HP00082SYSZTGXM5WAB"),
        ("2", "06H25V0HP00082SYSZTGXM5WAB"),
        ("509-555-0140", "06H25V0HP00082SYSZTGXM5WAB"),
        ("(509) 555 0140", "06H25V0HP00082SYSZTGXM5WAB"),
        ("SP-1", "06H25V0HP00082SYSZTGXM5WAB"),
        ("XM5WAB", "06H25V0HP00082SYSZTGXM5WAB"),
        ("xm5wab", "06H25V0HP00082SYSZTGXM5WAB"),
        ("Enabler", "06H25V0HP00082SYSZTGWM5WAB"),
        ("voice mail", "V-2"),
        ("Local Line/Voice Mail", "V-2"),
        ("Enabler/Local Line[2]", "L-2"),
        ("Local Line[1]/Caller Id", "C-1"),
        ("3/Caller Id", "C-2"),
        ("5095550140/Caller Id", "C-1"),
        ("XM5WAB/Caller Id", "C-1"),
        ("7", "L-2"),
    ],
)
def test_an_item_has_many_names(name, key):
    assert found(name) == key


def test_a_line_number_comes_before_a_service_id_and_is_no_name_in_a_profile():
    assert (found("7", BUNDLE, CARD), found("7", BUNDLE, CARD, kind="Asset")) == ("CARD-1", "L-2")


def test_the_path_from_a_root_comes_before_a_path_from_an_item_beneath():
    root = line("Local Line", "L-4")
    assert found("Local Line", BUNDLE, root) == "L-4"


def test_no_part_of_a_key_below_six_characters_is_a_name():
    assert found("M5WAB") is None


def test_an_item_that_stays_is_meant_before_one_that_ends():
    old, new = line("Line", "A", action="Delete", service_id="1"), line("Line", "B", action="Add", service_id="1")
    assert found("1", old, new, living=True) == "B"
    with pytest.raises(ItemNameUnclear):
        found("1", old, new)


def test_an_inactive_item_is_no_step_of_a_path():
    assert found("Line", line("Line", "A", status="Inactive"), line("Line", "B")) == "B"


def test_an_unclear_name_lists_the_items_with_names_that_are_clear():
    with pytest.raises(ItemNameUnclear) as refused:
        found("Enabler/Local Line")
    assert str(refused.value) == (
        "'Enabler/Local Line' is the name of 2 items\n"
        "  where: there\n"
        "  why:   they are Local Line 509-555-0140 line 2 (XM5WAB), Local Line 7 line 3 (L-2)\n"
        "  mend:  name one of them by its number, or by the end of its key that stands in brackets"
    )
    assert (found("XM5WAB"), found("L-2")) == ("06H25V0HP00082SYSZTGXM5WAB", "L-2")


def test_two_numbers_that_differ_in_punctuation_only_are_unclear():
    with pytest.raises(ItemNameUnclear):
        found("509.555.0140", BUNDLE, CARD)


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("509-555-0141", "did you mean '509-555-0140'?"),
        ("Voice Male", "did you mean 'Voice Mail'?"),
        ("3/Voice Male", "did you mean '3/Voice Mail'?"),
        ("?", "name the item by its line number, its service id, the end of its key (6 characters or more), or its "),
    ],
)
def test_the_nearest_name_is_proposed(name, mend):
    names = ItemNames(None, instance("Quote", (BUNDLE,)))
    # A name that nobody has is looked for among the joined ids, too: of these items none has a service point.
    names._joined_ids = {}
    assert names.find(name, "there") is None
    assert names.mend(name).startswith(mend)


def test_a_long_list_is_cut():
    names = ItemNames(None, instance("Order", [line("Line", f"KEY-{number:03}") for number in range(300)]))
    assert names.listed().endswith("Line (EY-010), Line (EY-011) and 288 more")
    assert ItemNames(None, instance("Order", ())).listed() == "none"


def test_items_are_found_among_three_hundred():
    roots = [
        line("Enabler", f"{number:026}", line("Line", f"{number:025}X", service_id=f"1-{number}"))
        for number in range(150)
    ]
    names = ItemNames(None, instance("Asset", roots))
    for number in range(100):
        found = [names.find(name, "there") for name in (f"1{number}", f"{number:06}x", f"Enabler[{number + 1}]/Line")]
        assert [item and item.get("Service Id") for item in found] == [f"1-{number}"] * 3


PACKAGE = "Local Breakthrough Package"
PACK = [
    {"request": "set", "item": f"{PACKAGE}/Local Line", "fields": {"Service Id": "509-555-0140"}},
    {"request": "set", "item": f"{PACKAGE}/Local Line/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}},
]


def test_a_service_item_is_called_by_its_product_or_the_end_of_its_key(any_care):
    care = any_care
    care.install(
        care.place(
            the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=PACK)).get("Quote Number")
        )
    )
    root = care.profile_root("1-B")
    key = root.get(KEY) or ""
    for name in (key, key[-8:], key[-8:].lower(), PACKAGE):
        quote = the(care("disconnect", account="1-B", root=name))
        assert actions(quote)[(PACKAGE, "Delete")] == 1
        assert [item.get(KEY) for item in line_items(quote)] == [key]
    assert "[Delete]" not in str(care("projected-state", account="1-B", root=PACKAGE))
    component = line_items(root)[0]
    refused = care.refused("disconnect", account="1-B", root="5095550140")
    assert refused == (
        "the item '5095550140' is a component of a service item\n"
        "  where: account '1-B', line item '5095550140'\n"
        f"  why:   it is part of the service item {PACKAGE} ({key})\n"
        f"  mend:  name the service item, root={key}, and the component in the requests"
    )
    assert component.get("Service Id") == "509-555-0140"
    number = care.place(quote.get("Quote Number")).get("Order Number")
    for name in (PACKAGE, "509-555-0140", key[-6:]):
        refused = care.refused("modify", account="1-B", root=name)
        assert f"already been made to disconnect the service item '{name}'" in refused
        assert f"the order {number} disconnects it" in refused


def test_a_line_is_called_by_its_service_id_or_its_product(care):
    number = the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=PACK)).get("Quote Number")
    for name in ("Caller Id", "5095550140", "1"):
        care("edit-quote-line-item", quote=number, line=name, requests=[])
    order = care.place(number).get("Order Number")
    for name in (f"{PACKAGE}/Local Line/Caller Id", "509-555-0140", "1"):
        care("edit-order-line-item", order=order, line=name, requests=[])
    assert lines(care.order(order), "Local Line", "Add")
