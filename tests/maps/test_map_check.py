"""The proof of data maps: every finding has a place, a reason, and the nearest right name."""

from __future__ import annotations

import pytest

from integration_objects.declaration import DeclarationFault

ITEM = "children:\n  - make: Line Item\n    each: LINE\n    fields: {%s}\n"


def found(findings) -> list[str]:
    return [str(finding) for finding in findings]


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (
            'fields: {Source Order Number: "[NUMBR]", Account Id: "[CUSTT]"}\n',
            "6:31: error: expression '[NUMBR]' is not understood: column 1: 'ORDER' has no field 'NUMBR' "
            "(it has 'NO', 'CUST', '@id', 'LINE', 'PARTY', 'PLACE')\n"
            "6:54: error: expression '[CUSTT]' is not understood: column 1: 'ORDER' has no field 'CUSTT' "
            "(did you mean 'CUST'?)",
        ),
        (
            'fields: {Acount Id: "[CUST]"}\n',
            "6:10: error: 'Order' has no field 'Acount Id' (did you mean 'Account Id'?)",
        ),
        (
            'fields: {Account Id: "[PARTY/NAME]"}\n',
            "6:22: error: expression '[PARTY/NAME]' is not understood: column 1: 'PARTY/NAME' may match "
            "more than once: 'ORDER' may have several 'PARTY', and one value is needed "
            "(write PARTY[1] for the first one, choose one by a condition, PARTY[FIELD='...'], "
            "or make a component for each)",
        ),
        (
            'fields: {Account Id: "[../..CUST]"}\n',
            "6:22: error: expression '[../..CUST]' is not understood: column 1: there is nothing above "
            "'ORDERS' (take away a '..')",
        ),
        (
            "fields: {Account Id: \"format_date(now(), 'yyyy-mm')\"}\n",
            "6:22: error: expression \"format_date(now(), 'yyyy-mm')\" is not understood: column 1: the form 'yyyy-mm' "
            "has letters that are no part of a date: 'yyyy' (did you mean 'YYYY-MM'? the parts of a form are YYYY, YY, "
            "DDD, MM, DD, HH, MI, SS, T before HH, and Z at the end; other letters stand outside of the form)",
        ),
        (
            "children: [{make: Line Item, each: LIEN}]\n",
            "6:36: error: 'ORDER' has no component 'LIEN' (did you mean 'LINE'?)",
        ),
        (
            "children: [{make: LineItem, each: LINE}]\n",
            "6:19: error: 'Order' has no component 'LineItem': it has 'Contact', 'Line Item' "
            "(did you mean 'Line Item'?)",
        ),
        (
            ITEM % "Track As Asset: \"'maybe'\"",
            "9:30: error: the constant doesn't fit 'Track As Asset': expected Y or N, found 'maybe' "
            "(write one that fits)",
        ),
        (
            ITEM % 'Due Date: "[DUE]"',
            "9:24: error: 'DUE' is a text and 'Due Date' a date (convert it: date([DUE], 'YYYYMMDD'))",
        ),
        (
            ITEM % 'Pricing Comment: "[NOTE]"',
            "9:31: error: 'NOTE' may have 4000 characters and 'Pricing Comment' takes 20 "
            "(let the schema bound it, or cut it: left([NOTE], 20))",
        ),
        (
            ITEM % 'Action Code: "[ACTN]"',
            "9:27: error: 'ACTN' may be 'A', 'C', 'D', 'N', which doesn't fit 'Action Code' "
            "(translate it with a look-up table)",
        ),
        (
            "lookups: {action: {A: Add, C: Change, D: Delete}}\n"
            + ITEM % "Action Code: \"lookup('action', [ACTN])\"",
            "10:27: error: look-up table 'action' gives 'Change', unfit for 'Action Code' "
            "(correct the table at maps/sender.yaml:6:19)\n"
            "10:27: error: look-up table 'action' has no 'N', which 'ACTN' may be "
            "(add to the table at maps/sender.yaml:6:19, or give a default)",
        ),
        (
            ITEM % "Action Code: \"lookup('actions', [ACTN])\"",
            "9:27: error: expression \"lookup('actions', [ACTN])\" is not understood: column 1: there is no "
            "look-up table 'actions' (the map's tables: none; add it at `lookups`)",
        ),
        (
            "lookups: {spare: {A: B}}\nwhere: \"[CUST] <> Test AND [NO] <> NULL\"\n",
            "6:18: warning: nothing uses the look-up table 'spare' (take it away)\n"
            "7:8: warning: column 11: 'Test' stands without quotes (write 'Test')\n"
            "7:8: warning: column 25: a comparison with NULL is always FALSE (write IS NULL)",
        ),
        (
            "children: [{make: Line Item, each: LINE, children: [{make: Attribute, each: FEATURE}]}]\n",
            "6:53: error: nothing fills the required field 'Name' of 'Attribute' in data map "
            "'Sender to OM Order' (add 'Name' at `fields`)",
        ),
        (
            'children: [{make: Contact, each: PARTY, flat: {key: "[NAME]", parent: "[NAME]"}}]\n',
            "6:47: error: a 'Contact' of 'OM Order' can't hold others of its kind: "
            "the rows become a tree of the component that is made "
            "(make a nested component of the rows, or take 'flat' away)",
        ),
        (
            'children: [{make: Line Item, each: LINE, recurse: FEATURE, fields: {Integration Id: "[NO]"}}]\n',
            "6:85: error: expression '[NO]' is not understood: column 1: 'FEATURE' has no field 'NO' "
            "(it has 'NAME', 'VAL', '@unit')",
        ),
        (
            "children: [{make: Line Item, each: LINE, recurse: [LINE, LINES]}]\n",
            "6:58: error: 'LINE' has no component 'LINES' (did you mean 'LINE'?)",
        ),
        (
            "children: [{make: Account Id, each: LINE}]\n",
            "6:19: error: 'Account Id' is a field of 'Order', not a component (fill it at `fields`)",
        ),
        (
            "children: [{use: Party to Contcat, each: PARTY}]\n",
            "6:18: error: there is no map 'Party to Contcat' (add its file)",
        ),
        (
            "feilds: {}\n",
            "6:1: error: there is no key 'feilds': known are answers, assert, children, each, fields, from, lookups, "
            "make, map, time zone, to, where (did you mean 'fields'?)",
        ),
    ],
)  # fmt: skip
def test_findings_name_the_place_and_the_mend(check_map, body, finding):
    assert found(check_map(body)) == [f"maps/sender.yaml:{line}" for line in finding.split("\n")]


def test_a_good_map_has_no_findings(check_map):
    body = "lookups: {action: {A: Add, default: Update}}\n"
    assert check_map(body + ITEM % 'Action Code: "lookup(\'action\', [ACTN])", Track As Asset: "[LIVE]"') == []


def test_several_nodes_for_one_component_are_found_when_the_map_is_loaded(check_map):
    head = "map: Copy\nfrom: Sender\nto: Sender\nmake: ORDERS\n"
    body = "children:\n  - make: ORDER\n    each: ORDER\n    children: [{make: PLACE, each: %s}]\n"
    assert found(check_map(body % "PARTY", head=head)) == [
        "maps/sender.yaml:8:36: error: `each` may match more than once, and the target takes one 'PLACE' "
        "(let `where` or a condition leave one, A[B='x'], or write a number: A[1])"
    ]
    for each in ('"PARTY[1]"', "PARTY, where: \"[NAME] = 'Ann'\""):
        assert found(check_map(body % each, head=head)) == [
            "maps/sender.yaml:8:16: warning: nothing fills the text of 'PLACE' in data map 'Copy' (add '.' at `fields`)"
        ]


def test_a_map_that_uses_itself_through_another_is_a_fault(check_map):
    head = "map: %s\nfrom: Sender/ORDER/LINE\nto: OM Order/Line Item\nmake: Line Item\n"
    one = head % "One" + "children: [{use: Two, each: LINE}]\n"
    two = head % "Two" + "children: [{use: One, each: LINE}]\n"
    assert found(check_map("", two, head=one)) == [
        "maps/other1.yaml:5:18: error: data map 'One' uses itself: it goes One > Two > One "
        "(walk nested components by `recurse`)",
        "maps/sender.yaml:5:18: error: data map 'Two' uses itself: it goes Two > One > Two "
        "(walk nested components by `recurse`)",
    ]


def test_two_maps_with_one_name_are_a_fault(check_map):
    head = "map: One\nfrom: Sender\nto: OM Order\nmake: Order\neach: ORDER\n"
    assert found(check_map("", head, head=head)) == [
        "maps/other1.yaml:1:6: error: there are two maps called 'One': the other one is maps/sender.yaml:1:1 "
        "(give one of them another name)"
    ]


def test_reading_maps_stops_at_the_first_fault(compile_map):
    with pytest.raises(DeclarationFault) as caught:
        compile_map("", head="map: X\nfrom: Sendr\nto: OM Order\nmake: Order\n")
    assert str(caught.value) == (
        "there is no integration object 'Sendr'\n  where: maps/sender.yaml:2:7\n  mend:  did you mean 'Sender'?"
    )
