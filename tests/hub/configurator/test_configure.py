"""Batches of requests: what they may ask for, that their order doesn't matter, and that they are all or nothing."""

from __future__ import annotations

import itertools

import pytest

from hub.configurator.batch import ItemUnknown, RequestsContradict
from hub.configurator.new_items import TooManyNewItems
from hub.configurator.port import ConfigurationRefused, Obsolete, ProductNotInCatalogue
from hub.configurator.requests import AddItem, CopyItem, MoveItem, RemoveItem, RequestFaulty, SetItem
from hub.services.items import ItemKeyMissing, ItemKeyTwice
from integration_objects.complex_object import walk_items
from integration_objects.names import KEY
from tests.hub.configurator.products import (
    BUILT_IN,
    configured,
    declared,
    line,
    outline,
    product,
    products,
    products_in,
    quote,
    rules,
    sample,
    structure,
)
from tests.trees import attribute, counting

#: A bundle of lines with a feature, and nothing that must be there.
PLAIN = products(
    product("Feature", declared(("Size", "number", "N", "1", "1", "9"), ("Colour",)))
    + product("Line", structure(("Feature", None, "2", "1")))
    + product("Bundle", structure(("Line", None, "5", "0")) + declared(("Note",)))
    + product("Alone")
)


def plain():
    return quote(
        line(
            "Bundle",
            "B",
            line("Line", "L1", line("Feature", "F1")),
            line("Line", "L2", service_id="650", status="Active"),
        )
    )


def test_a_started_product_has_its_defaults_recursively():
    root = BUILT_IN.start("Small Business Enabler", sample(), counting("K"))
    assert outline(quote(root)) == [
        (
            "Small Business Enabler",
            "K1",
            {},
            [("Local Line", "K2", {}, [("Voice Mail", "K3", {}, []), ("Call Waiting", "K4", {}, [])])],
        )
    ]
    assert root.properties == {
        "Integration Id": "K1",
        "Product Id": "Small Business Enabler",
        "Action Code": "-",
        "Quantity": "1",
        "Track As Asset": "Y",
        "Fulfilment System": None,
        "Price Type": "Recurring",
        "Product Name": "Small Business Enabler",
    }


def test_a_bundle_says_what_its_lines_start_with():
    root = BUILT_IN.start("Local Breakthrough Package", sample(), counting("K"))
    assert outline(quote(root))[0][3] == [
        ("Local Line", "K2", {}, [("Caller Id", "K3", {}, []), ("Call Forwarding", "K4", {"Rings": "4"}, [])])
    ]


def test_an_unknown_product_is_told_with_the_nearest_one():
    with pytest.raises(ProductNotInCatalogue) as caught:
        BUILT_IN.start("Local Lien", sample(), counting("K"))
    assert str(caught.value) == (
        "there is no product 'Local Lien'\n"
        "  where: Product, Product Id 'Local Lien'\n"
        "  why:   the catalogue doesn't have it\n"
        "  mend:  did you mean 'Local Line'?"
    )


SCENARIO_A = [
    AddItem("Small Business Enabler", name="bundle"),
    SetItem("bundle/Local Line", {"Service Id": "509-555-0101"}),
    SetItem("bundle/Local Line/Voice Mail", attributes={"Password": "1234"}),
    AddItem("Caller Id", beneath="bundle/Local Line"),
    CopyItem("bundle/Local Line", 9, tuple({"Service Id": f"509-555-01{n:02}"} for n in range(2, 11))),
]


def test_scenario_a_one_line_is_configured_and_copied():
    """One bundle, ten lines, thirty features."""
    state = configured(quote(), SCENARIO_A, sample())
    assert products_in(state) == {
        "Small Business Enabler": 1,
        "Local Line": 10,
        "Voice Mail": 10,
        "Call Waiting": 10,
        "Caller Id": 10,
    }
    lines = [item.get("Service Id") for item, _ in walk_items(state) if item.get("Product Id") == "Local Line"]
    assert lines == [f"509-555-01{n:02}" for n in range(1, 11)]
    assert {one[2]["Password"] for a in outline(state)[0][3] for one in a[3] if one[0] == "Voice Mail"} == {"1234"}
    assert BUILT_IN.check(state, sample()) == []
    keys = [item.get(KEY) for item, _ in walk_items(state)]
    assert len(set(keys)) == len(keys) == 41


def test_scenarios_b_to_d_lines_are_added_and_replaced_and_isdn_lines_follow():
    new_id = counting("K")
    state = configured(quote(), SCENARIO_A, sample(), new_id)
    bundle = outline(state)[0]
    last, first = bundle[3][-1][1], bundle[3][0][1]
    numbers = tuple({"Service Id": f"509-555-02{n:02}"} for n in range(6))
    state = configured(state, [CopyItem(first, 6, numbers), RemoveItem(last)], sample(), new_id)
    assert products_in(state)["Local Line"] == 15
    assert last not in {item.get(KEY) for item, _ in walk_items(state)}
    add = AddItem("ISDN Line", bundle[1], "boss", fields={"Service Point Id": "NA-1"})
    named = BUILT_IN.configure(state, [add], sample(), new_id)
    assert [
        item.get("Service Point Id") for item, _ in walk_items(named.instance) if item.get(KEY) == named.names["boss"]
    ] == ["NA-1"]
    state = configured(named.instance, [AddItem("ISDN Line", bundle[1])] * 2, sample(), new_id)
    before = state.copy()
    with pytest.raises(ConfigurationRefused) as caught:
        configured(state, [CopyItem(first, 6), *[AddItem("ISDN Line", bundle[1])] * 8], sample(), new_id)
    assert str(caught.value) == (
        "the configuration breaks 2 rules of its products\n"
        "  where: OM Quote '1-A'\n"
        "  why:   Small Business Enabler 'K1' has 21 Local Line, and may have at most 20; "
        "Small Business Enabler 'K1' has 11 ISDN Line, and may have at most 10\n"
        "  mend:  mend the requests; nothing was changed"
    )
    assert state == before
    assert products_in(state)["ISDN Line"] == 3


def test_scenario_f_voice_mail_is_dropped_and_the_forwarding_number_changed():
    batch = [
        AddItem("Local Breakthrough Package", name="P"),
        SetItem("P/Local Line", {"Service Id": "509-555-0101"}),
        SetItem("P/Local Line/Call Forwarding", attributes={"Forwarding Number": "509-555-0199", "Rings": "6"}),
        AddItem("Voice Mail", "P/Local Line", "VM", attributes={"Password": "1"}),
    ]
    new_id = counting("K")
    found = BUILT_IN.configure(quote(), batch, sample(), new_id)
    key = found.names["P"]
    batch = [
        RemoveItem(found.names["VM"]),
        SetItem(f"{key}/Local Line/Call Forwarding", attributes={"Forwarding Number": "509-555-0177"}),
    ]
    state = configured(found.instance, batch, sample(), new_id)
    assert outline(state)[0][3][0][3] == [
        ("Caller Id", "K3", {}, []),
        ("Call Forwarding", "K4", {"Rings": "6", "Forwarding Number": "509-555-0177"}, []),
    ]


def test_an_item_that_is_added_alone_has_its_default_values_and_no_default_components():
    batch = [
        AddItem("Local Breakthrough Package", name="P", alone=True),
        AddItem("Local Line", "P", "L", alone=True),
        AddItem("Caller Id", "L"),
        AddItem("Call Forwarding", "L", attributes={"Forwarding Number": "1"}),
    ]
    state = configured(quote(), batch, sample())
    assert list(products_in(state).values()) == [1, 1, 1, 1]
    assert outline(state)[0][3][0][3][1][2] == {"Rings": "4", "Forwarding Number": "1"}
    with pytest.raises(ConfigurationRefused, match="has 0 Local Line, and needs at least 1"):
        configured(quote(), batch[:1], sample())


def test_every_broken_rule_is_named_in_one_refusal_and_nothing_is_changed():
    state = quote()
    batch = [
        AddItem("Small Business Enabler", name="B"),
        AddItem("Call Forwarding", "B/Local Line", attributes={"Rings": "0", "Colour": "red"}),
        AddItem("Caller Id", "B/Local Line"),
        AddItem("Gas", "B"),
    ]
    with pytest.raises(ConfigurationRefused) as caught:
        configured(state, batch, sample())
    assert [str(one) for one in caught.value.broken] == [
        "Least: Small Business Enabler 'K1' has 1 Local Line, and needs at least 5",
        "Most: Local Line 'K2' has 2 on the level 'Optional Feature', and may have at most 1",
        "Required: Voice Mail 'K3' needs a value for 'Password'",
        "Required: Call Forwarding 'K5' needs a value for 'Forwarding Number'",
        "Bounds: 'Rings' of Call Forwarding 'K5': expected at least 1, found '0'",
        "Component: Gas 'K7' can't stand beneath Small Business Enabler 'K1', which has no such component",
        "Attribute: Call Forwarding 'K5' has no attribute 'Colour'; "
        "its attributes are Forwarding Number, Rings, Active From",
    ]
    assert state == quote()


def test_the_home_energy_product_has_its_rules():
    batch = [AddItem("Home Energy", name="H"), AddItem("Boiler Cover", "H"), AddItem("Heat Pump Plan", "H")]
    with pytest.raises(ConfigurationRefused) as caught:
        configured(quote(), batch, sample())
    assert [str(one) for one in caught.value.broken] == [
        "Cover needs gas: Home Energy 'K1' has Boiler Cover, and needs Gas",
        "One heating: Home Energy 'K1' has Heat Pump Plan, and can't have Boiler Cover",
    ]
    good = [*batch[:2], AddItem("Gas", "H", fields={"Service Point Id": "SP-1"}, attributes={"Tariff": "Fixed"})]
    state = configured(quote(), good, sample())
    assert outline(state)[0][3] == [
        ("Electricity", "K2", {"Tariff": "Standard"}, []),
        ("Boiler Cover", "K3", {}, []),
        ("Gas", "K4", {"Tariff": "Fixed"}, []),
    ]


BATCH = [
    AddItem("Line", "B", "L"),
    AddItem("Feature", "L", "F", attributes={"Size": "5"}),
    SetItem("L/Feature", attributes={"Colour": "red"}),
    MoveItem("F1", "L2"),
    CopyItem("L2", 1, ({"Service Id": "651"},)),
    RemoveItem("L1"),
]


def test_a_batch_has_no_order():
    """Whatever the order, the same tree, but for the keys and the order of siblings."""

    def shape(nodes):
        return sorted((n[0], sorted(n[2].items()), shape(n[3])) for n in nodes)

    wanted = shape(outline(configured(plain(), BATCH, PLAIN)))
    assert wanted == shape(
        [
            (
                "Bundle",
                "",
                {},
                [
                    (
                        "Line",
                        "",
                        {},
                        [("Feature", "", {"Size": "1", "Colour": "red"}, []), ("Feature", "", {"Size": "5"}, [])],
                    ),
                    ("Line", "", {}, [("Feature", "", {}, [])]),
                    ("Line", "", {}, [("Feature", "", {}, [])]),
                ],
            )
        ]
    )
    for batch in itertools.permutations(BATCH):
        assert shape(outline(configured(plain(), batch, PLAIN))) == wanted


def test_a_copy_is_new_and_stands_behind_the_original():
    state = plain()
    state.children[0].children[0].children[0].children[0].properties |= {
        "Row Id": "R",
        "Source Reference": "S",
        "Status": "Suspended",
        "Service Account Id": "1-B",
    }
    found = outline(configured(state, [CopyItem("L1", 2)], PLAIN))
    assert [one[1] for one in found[0][3]] == ["L1", "K1", "K3", "L2"]
    copies = [item for item, _ in walk_items(configured(state, [CopyItem("L1", 2)], PLAIN)) if item.get(KEY) == "K1"]
    assert copies[0].properties == {
        "Product Id": "Line",
        "Service Account Id": "1-B",
        "Integration Id": "K1",
        "Action Code": "-",
    }


def test_an_item_may_be_copied_and_removed_in_one_batch():
    found = outline(configured(plain(), [RemoveItem("L1"), CopyItem("L1", 1)], PLAIN))
    assert [(one[1], [below[0] for below in one[3]]) for one in found[0][3]] == [("L2", []), ("K1", ["Feature"])]


def test_a_copy_leaves_out_what_no_longer_belongs():
    state = quote(line("Line", "L", line("Feature", "F", attribute("Old", "1")), line("Pager", "P", line("X", "Y"))))
    found = BUILT_IN.configure(state, [CopyItem("L")], PLAIN, counting("K"))
    assert outline(found.instance)[1] == ("Line", "K1", {}, [("Feature", "K2", {}, [])])
    assert found.obsolete == (
        Obsolete("P", "Pager", None, "Pager 'P' no longer belongs beneath Line 'L'"),
        Obsolete("F", "Feature", "Old", "Feature 'F' no longer has an attribute 'Old'"),
    )


def test_what_no_longer_belongs_is_shown_and_can_be_removed():
    state = quote(
        line(
            "Line",
            "L",
            line("Feature", "F", attribute("Old", "1"), attribute("Size", number_value="2")),
            line("Pager", "P"),
        )
    )
    opened = BUILT_IN.configure(state, [], PLAIN, counting("K"))
    assert [(one.item, one.attribute) for one in opened.obsolete] == [("P", None), ("F", "Old")]
    assert opened.instance == state
    changed = BUILT_IN.configure(opened.instance, [SetItem("F", attributes={"Size": "3"})], PLAIN, counting("K"))
    assert len(changed.obsolete) == 2
    cleared = BUILT_IN.configure(changed.instance, [RemoveItem("P"), RemoveItem("F", "Old")], PLAIN, counting("K"))
    assert cleared.obsolete == ()
    assert outline(cleared.instance) == [("Line", "L", {}, [("Feature", "F", {"Size": "3"}, [])])]


def test_an_attribute_that_no_longer_belongs_can_not_be_set():
    state = quote(line("Feature", "F", attribute("Old", "1")))
    with pytest.raises(RequestFaulty) as caught:
        configured(state, [SetItem("F", attributes={"Old": "2"})], PLAIN)
    assert str(caught.value) == (
        "the attribute 'Old' can only be taken away\n"
        "  where: request 1 (set)\n"
        "  why:   it no longer belongs to Feature, which has Size, Colour\n"
        "  mend:  set it to null, or leave it as it is"
    )
    assert outline(configured(state, [SetItem("F", attributes={"Old": None})], PLAIN)) == [("Feature", "F", {}, [])]


def test_an_attributes_value_goes_into_the_field_of_its_type():
    state = quote(line("Feature", "F", attribute("Size", "2", action="-")))
    (root,) = [item for item, _ in walk_items(configured(state, [SetItem("F", attributes={"Size": "3"})], PLAIN))]
    assert root.children[0].children[0].properties == {
        "Name": "Size",
        "Text Value": None,
        "Action Code": "-",
        "Number Value": "3",
    }


def test_items_beneath_an_inactive_one_would_be_seen_by_no_rule():
    state = quote(line("Line", "L", status="Inactive"))
    with pytest.raises(ConfigurationRefused) as caught:
        configured(state, [AddItem("Feature", "L")], PLAIN)
    text = "Feature 'K1' can't stand beneath an item that is Inactive or no longer belongs"
    assert caught.value.why == text


def test_a_set_field_is_one_that_a_customer_chooses():
    with pytest.raises(RequestFaulty) as caught:
        configured(plain(), [SetItem("L1", {"Adjusted Price": "0"})], PLAIN)
    assert str(caught.value) == (
        "the field 'Adjusted Price' can't be set\n"
        "  where: request 1 (set)\n"
        "  why:   fields that can be chosen are Service Id, Service Point Id, Service Account Id, Service Address "
        "Id, Billing Account Id, Agreement Id, Quantity, Due Date, Pricing Comment\n"
        "  mend:  leave it out"
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"Service Id": "1" * 101}, "expected at most 100 characters, found 101"),
        ({"Service Id": "\x00"}, "character U+0000 at position 1 is not allowed in text"),
        ({"Due Date": "soon"}, "expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'"),
        ({"Quantity": "-1"}, "expected a number from 0 to 1000000, found '-1'"),
        ({"Quantity": "1000000.1"}, "expected a number from 0 to 1000000, found '1000000.1'"),
        ({"Quantity": "1e3"}, "expected a number (digits with a sign and a point), found '1e3'"),
    ],
)
@pytest.mark.parametrize("kind", ["add", "set", "copy"])
def test_a_field_takes_values_of_its_type_only(kind, fields, why):
    batch = {
        "add": AddItem("Line", "B", fields=fields),
        "set": SetItem("L1", fields),
        "copy": CopyItem("L1", 1, (fields,)),
    }
    with pytest.raises(RequestFaulty) as caught:
        configured(plain(), [batch[kind]], PLAIN)
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("batch", "error", "where", "what", "why"),
    [
        (
            [RemoveItem("L3")],
            ItemUnknown,
            "request 1 (remove)",
            "there is no item 'L3'",
            "it is no item's Integration Id, no name that the batch gives, and no path from one of them",
        ),
        (
            [SetItem("B/Line[3]")],
            ItemUnknown,
            "request 1 (set)",
            "there is no item 'B/Line[3]'",
            "it is no item's Integration Id, no name that the batch gives, and no path from one of them",
        ),
        (
            [RemoveItem("F1", "Size")],
            ItemUnknown,
            "request 1 (remove)",
            "the item 'F1' has no attribute 'Size'",
            "only an attribute that is there can be removed",
        ),
        (
            [SetItem("L1", {"Service Id": "1"}), SetItem("B/Line", {"Service Id": "2"})],
            RequestsContradict,
            "request 2 (set)",
            "another request sets the field 'Service Id' of the item to another value",
            "a batch has no order, so neither of them is the last",
        ),
        (
            [SetItem("F1", attributes={"Size": "1"}), SetItem("F1", attributes={"Size": None})],
            RequestsContradict,
            "request 2 (set)",
            "another request sets the attribute 'Size' of the item to another value",
            "a batch has no order, so neither of them is the last",
        ),
        (
            [MoveItem("F1", "L2"), MoveItem("F1", "L1")],
            RequestsContradict,
            "request 2 (move)",
            "another request moves the item elsewhere",
            "an item stands beneath one other",
        ),
        (
            [MoveItem("L1", "F1")],
            RequestsContradict,
            "request 1 (move)",
            "the item of the request isn't in the new state",
            "another request removes it, or it would stand beneath itself or beneath a removed item",
        ),
        (
            [RemoveItem("B"), SetItem("F1", attributes={"Size": "1"})],
            RequestsContradict,
            "request 2 (set)",
            "the item of the request isn't in the new state",
            "another request removes it, or it would stand beneath itself or beneath a removed item",
        ),
        (
            [AddItem("Line", "Y", "X"), AddItem("Line", "X", "Y")],
            RequestsContradict,
            "request 1 (add)",
            "the added item would stand beneath itself",
            "items that the batch adds stand beneath each other in a circle",
        ),
        (
            [AddItem("Line", "B", "X"), AddItem("Line", "B", "X")],
            RequestsContradict,
            "request 2 (add)",
            "the name 'X' means two items",
            "it is the name that another request gives, or the key of an item",
        ),
        (
            [AddItem("Line", "B", "L1")],
            RequestsContradict,
            "request 1 (add)",
            "the name 'L1' means two items",
            "it is the name that another request gives, or the key of an item",
        ),
    ],
)
def test_requests_that_can_not_be_meant_are_refused_whole(batch, error, where, what, why):
    state = plain()
    with pytest.raises(error) as caught:
        configured(state, batch, PLAIN)
    assert (caught.value.what, caught.value.where, caught.value.why) == (what, where, why)
    assert caught.value.mend
    assert state == plain()


def test_the_same_thing_may_be_asked_twice():
    batch = [SetItem("L1", {"Service Id": "1"}), SetItem("L1", {"Service Id": "1"}), RemoveItem("L2"), RemoveItem("L2")]
    assert [one[1] for one in outline(configured(plain(), batch, PLAIN))[0][3]] == ["L1"]


def test_a_moved_item_must_belong_where_it_goes():
    with pytest.raises(ConfigurationRefused) as caught:
        configured(plain(), [MoveItem("F1", "B")], PLAIN)
    assert caught.value.why == ("Feature 'F1' can't stand beneath Bundle 'B', which has no such component")


def test_a_relinked_item_cant_be_moved_back():
    state = quote(line("Bundle", "B", line("Feature", "F1"), line("Line", "L1")))
    with pytest.raises(ConfigurationRefused) as caught:
        configured(state, [MoveItem("F1", "B")], PLAIN)
    assert "Feature 'F1' can't stand beneath Bundle 'B', which has no such component" in caught.value.why


def test_items_are_counted_before_they_are_made():
    with pytest.raises(TooManyNewItems) as caught:
        configured(quote(line("Alone", "A")), [CopyItem("A", 10_000), AddItem("Alone")], PLAIN)
    assert str(caught.value) == (
        "the requests would make more than 10000 line items\n"
        "  why:   they would make 10001 at least\n"
        "  mend:  ask for fewer items, or set the products' defaults lower"
    )
    assert len(outline(configured(quote(line("Alone", "A")), [CopyItem("A", 10_000)], PLAIN))) == 10_001


def test_defaults_that_multiply_are_stopped():
    catalogue = products(
        product("D")
        + product("C", structure(("D", None, None, "1000")))
        + product("B", structure(("C", None, None, "1000")))
        + product("A", structure(("B", None, None, "1000")))
    )
    with pytest.raises(TooManyNewItems):
        BUILT_IN.start("A", catalogue, counting("K"))


def test_an_instance_needs_keys_and_each_once():
    with pytest.raises(ItemKeyMissing):
        configured(quote(line("Line", None)), [], PLAIN)
    with pytest.raises(ItemKeyTwice):
        configured(quote(line("Line", "L"), line("Line", "L")), [], PLAIN)


def test_a_broken_instance_can_be_opened_and_mended():
    """A rule that came later doesn't keep anybody from mending what it breaks."""
    catalogue = products(product("P", rules(("Few", "expression", None, None, "[Quantity] &lt; 3"))))
    state = configured(quote(line("P", "A", quantity="5")), [], catalogue)
    with pytest.raises(ConfigurationRefused):
        configured(state, [SetItem("A", {"Quantity": "4"})], catalogue)
    assert BUILT_IN.check(configured(state, [SetItem("A", {"Quantity": "2"})], catalogue), catalogue) == []


def test_an_errors_text_names_two_hundred_rules_and_counts_the_rest():
    catalogue = products(product("P", declared(("N", "text", "Y"))))
    with pytest.raises(ConfigurationRefused) as caught:
        configured(quote(line("P", "A")), [CopyItem("A", 300)], catalogue)
    assert len(caught.value.broken) == 301
    assert caught.value.why.count("needs a value") == 200
    assert caught.value.why.endswith("; and 101 more")
