"""Data maps: what each word of the grammar does, and how a map fails."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_objects.complex_object import (
    attributes,
    components,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from maps.data_map import FragmentApplied, read_maps
from maps.failure import MapFailed
from schemas.check import parse
from schemas.external_object import read_external_objects
from schemas.from_xml import external_from_xml
from schemas.to_xml import external_to_xml

FLAT = """\
children:
  - make: Line Item
    each: LINE
    flat: {key: "[NO]", parent: "[UP]"}
    fields: {Integration Id: "[NO]"}
"""


def shape(tree: PropertySet) -> list[str]:
    """The items of the first instance, each with its parent: 2<1."""
    return [
        f"{item.get('Integration Id')}<{parent.get('Integration Id') if parent else ''}"
        for item, parent in walk_items(instances(tree)[0])
    ]


def printed(error: HubError) -> str:
    """The error's text, without the map's version, which is a digest."""
    return re.sub(r"\(version [0-9a-f]{12}\)", "(version V)", str(error))


def only(tree: PropertySet) -> PropertySet:
    return line_items(instances(tree)[0])[0]


def test_fields_are_filled_from_references_constants_and_expressions(compile_map, sent, line):
    made = compile_map("""\
fields:
  Source Order Number: "[NO]"
  Account Id: "'C-' + [CUST]"
children:
  - make: Line Item
    each: LINE
    fields:
      Integration Id: "[..NO] + '-' + [NO]"
      Quantity: "[QTY] * 2"
      Due Date: "date([DUE], 'YYYYMMDD')"
      Track As Asset: "[QTY] > 1"
""").apply(sent(line("1", QTY="1.50", DUE="20260131"), CUST="7"))
    order = instances(made)[0]
    assert order.properties == {"Source Order Number": "O1", "Account Id": "C-7"}
    assert only(made).properties == {
        "Integration Id": "O1-1",
        "Quantity": "3.00",
        "Due Date": "2026-01-31",
        "Track As Asset": "Y",
    }


def test_a_reference_copies_the_text_as_it_came(compile_map, sent, line):
    body = 'children: [{make: Line Item, each: LINE, fields: {Quantity: "[QTY]"}}]'
    assert only(compile_map(body).apply(sent(line("1", QTY="5.990")))).get("Quantity") == "5.990"


def test_absent_stays_absent_null_stays_null_and_a_default_stands_for_both(compile_map, sent, line):
    data_map = compile_map("""\
children:
  - make: Line Item
    each: LINE
    fields:
      Integration Id: "[NO]"
      Quantity: "[QTY]"
      Due Date: "date([DUE], 'YYYYMMDD')"
      Pricing Comment: {value: "[NOTE]", default: none}
""")
    absent = only(data_map.apply(sent(line("1"))))
    assert absent.properties == {"Integration Id": "1", "Pricing Comment": "none"}
    null = only(data_map.apply(sent(line("1", QTY=None, DUE=None, NOTE=None))))
    assert null.properties == {
        "Integration Id": "1",
        "Quantity": None,
        "Due Date": None,
        "Pricing Comment": "none",
    }


def test_paths_reach_up_down_and_across(compile_map, sent, some):
    body = """\
fields:
  Source Order Number: "[@id] + [PLACE/CITY] + [PLACE@country] + [PARTY[2]/NAME] + [PLACE]"
children:
  - make: Contact
    each: PARTY/PLACE
    fields: {Name: "[../..NO] + [..NAME] + [.]", City: "[../../PLACE/CITY]"}
"""
    tree = sent(
        some("PARTY", 3, some("PLACE", 4, CITY="Bonn", text="there"), NAME="Ann"),
        some("PARTY", 5, NAME="Bob"),
        some("PLACE", 6, CITY="Ulm", at_country="DE", text="here"),
        at_id="9",
    )
    order = instances(compile_map(body).apply(tree))[0]
    assert order.get("Source Order Number") == "9UlmDEBobhere"
    assert [one.properties for one in components(order, "Contact")] == [{"Name": "O1Annthere", "City": "Ulm"}]


def test_where_filters_silently_and_nothing_left_is_an_empty_object(compile_map, sent, line):
    body = FLAT + "    where: \"[ACTN] <> 'N'\"\n"
    assert shape(compile_map(body).apply(sent(line("1", ACTN="A"), line("2", ACTN="N")))) == ["1<"]
    assert is_empty(compile_map("where: \"[NO] = 'O2'\"\n").apply(sent()))


def test_an_assertion_fails_the_map_with_expression_and_path(compile_map, sent):
    data_map = compile_map('assert: {"[CUST] IS NOT NULL": an order needs a customer number}\n')
    assert is_empty(data_map.apply(sent(CUST="7"))) is False
    with pytest.raises(MapFailed) as caught:
        data_map.apply(sent())
    assert printed(caught.value) == (
        "data map 'Sender to OM Order' (version V) asserts of 'Order': an order needs a customer number\n"
        "  where: maps/sender.yaml:6:10, line 2, /ORDERS[1]/ORDER[1]/CUST\n"
        "  why:   [CUST] IS NOT NULL is FALSE, where [CUST] is null\n"
        "  mend:  correct the message"
    )
    assert caught.value.reason == "AssertionFailed"


def test_lookups_translate_and_a_miss_is_an_error_unless_there_is_a_default(compile_map, sent, line):
    def body(table: str, expression: str) -> str:
        return (
            f"lookups: {{action: {table}}}\nchildren:\n  - make: Line Item\n    each: LINE\n"
            f'    fields: {{Action Code: "{expression}"}}\n'
        )

    def found(table: str, expression: str, code: str | None) -> str | None:
        return only(compile_map(body(table, expression)).apply(sent(line("1", ACTN=code)))).get("Action Code")

    assert found("{A: Add}", "lookup('action', [ACTN])", "A") == "Add"
    assert found("{A: Add}", "lookup('action', [ACTN], 'Delete')", "X") == "Delete"
    assert found("{A: Add, default: Update}", "lookup('action', [ACTN])", "X") == "Update"
    assert found("{A: Add}", "coalesce(lookup('action', upper([ACTN])), 'x')", "a") == "Add"
    assert found("{A: Add}", "lookup('action', [ACTN])", None) is None
    for expression in ("lookup('action', [ACTN])", "lookup('action', upper([ACTN]))"):
        with pytest.raises(MapFailed) as caught:
            found("{A: Add}", expression, "X")
        assert printed(caught.value) == (
            "data map 'Sender to OM Order' (version V) cannot fill 'Action Code' of 'Line Item'\n"
            "  where: maps/sender.yaml:10:27, /ORDERS[1]/ORDER[1]/LINE[1]/ACTN\n"
            f"  why:   {expression}: look-up table 'action' has no code 'X', and no default\n"
            "  mend:  add the code at maps/sender.yaml:6:19, or give a default"
        )
        assert caught.value.reason == "NotInLookup"


def test_a_look_up_table_may_stand_in_a_file(compile_map, sent, line):
    body = """\
lookups: {action: {file: lookups/a.csv}}
children: [{make: Line Item, each: LINE, fields: {Action Code: "lookup('action', [ACTN])"}}]
"""

    def compiled(content: str):
        return compile_map(body, **{"lookups/a.csv": content})

    first = compiled("code,value\nA,Add\n")
    assert only(first.apply(sent(line("1", ACTN="A")))).get("Action Code") == "Add"
    assert compiled("code,value\nA,Update\n").version != first.version
    for content, fault in {
        "A,Add\n": "has no header\n  where: maps/lookups/a.csv:1:1\n  why:   found 'A,Add'",
        "code,value\nA,B\n\nA,-\n": "has a code twice\n  where: maps/lookups/a.csv:4:1\n  why:   'A' was 'B'",
        "code,value\nA\n": "has a line that isn't code and value\n  where: maps/lookups/a.csv:2:1\n",
    }.items():
        with pytest.raises(DeclarationFault, match=re.escape(fault)):
            compiled(content)


def test_flat_rows_become_a_tree_in_any_order(compile_map, sent, line):
    rows = [line("3", UP="2"), line("2", UP="1"), line("1"), line("4", UP="1"), line("5", UP="")]
    assert shape(compile_map(FLAT).apply(sent(*rows))) == ["1<", "2<1", "3<2", "4<1", "5<"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [("1", None), ("1", None)],
            "finds the key '1' of 'Line Item' twice\n"
            "  where: maps/sender.yaml:9:17, line 11, /ORDERS[1]/ORDER[1]/LINE[2]/NO\n"
            "  why:   [NO] is '1' at line 10, /ORDERS[1]/ORDER[1]/LINE[1] too\n"
            "  mend:  give each row a key of its own",
        ),
        (
            [("1", None), ("2", "9")],
            "finds no parent of 'Line Item' '2'\n"
            "  where: maps/sender.yaml:9:33, line 11, /ORDERS[1]/ORDER[1]/LINE[2]/UP\n"
            "  why:   [UP] is '9', and no row has this [NO]\n"
            "  mend:  name a parent that is in the list, or none for a root",
        ),
        (
            [("1", "3"), ("2", "1"), ("3", "2")],
            "finds 'Line Item' '1' above itself\n"
            "  where: maps/sender.yaml:9:33, line 10, /ORDERS[1]/ORDER[1]/LINE[1]/UP\n"
            "  why:   from row to parent it goes 1 > 3 > 2 > 1\n"
            "  mend:  let one of them name another parent, or none for a root",
        ),
        (
            [("0", "1"), ("1", "1")],
            "finds 'Line Item' '1' above itself\n"
            "  where: maps/sender.yaml:9:33, line 11, /ORDERS[1]/ORDER[1]/LINE[2]/UP\n"
            "  why:   from row to parent it goes 1 > 1\n"
            "  mend:  let one of them name another parent, or none for a root",
        ),
        (
            [("1", None), (None, None)],
            "finds no key of 'Line Item'\n"
            "  where: maps/sender.yaml:9:17, line 11, /ORDERS[1]/ORDER[1]/LINE[2]/NO\n"
            "  why:   [NO] is null\n"
            "  mend:  give each row a key",
        ),
    ],
    ids=["RowKeyTwice", "ParentMissing", "OwnAncestor", "OwnParent", "RowKeyMissing"],
)
def test_flat_rows_that_make_no_tree_are_refused(compile_map, sent, line, rows, expected):
    tree = sent(*(line(key, 10 + n, UP=parent) for n, (key, parent) in enumerate(rows)))
    with pytest.raises(MapFailed) as caught:
        compile_map(FLAT).apply(tree)
    assert printed(caught.value) == f"data map 'Sender to OM Order' (version V) {expected}"
    assert caught.value.verdict == "refuse"


def test_a_row_whose_parent_was_filtered_is_refused_with_that_reason(compile_map, sent, line):
    with pytest.raises(MapFailed) as caught:
        compile_map(FLAT + "    where: \"[ACTN] <> 'N'\"\n").apply(
            sent(line("1", ACTN="N"), line("2", ACTN="A", UP="1"))
        )
    assert caught.value.why == "[UP] is '1', and that row is filtered out by `where`"


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(min_value=0, max_value=10**9), max_size=40))
def test_every_forest_survives_being_flat(compile_map, seeds):
    parents = {str(n): str(seed % n) if seed % n else None for n, seed in enumerate(seeds, 1)}
    rows = [PropertySet("LINE", properties={"NO": key, "UP": up}) for key, up in parents.items()]
    tree = PropertySet("ORDERS", children=[PropertySet("ORDER", children=rows)])
    made = compile_map(FLAT).apply(tree)
    order = instances(made)[0]
    found = {item.get("Integration Id"): parent and parent.get("Integration Id") for item, parent in walk_items(order)}
    assert found == parents


def test_trees_of_rows_may_be_deep(compile_map, sent, line):
    depth = 50_000
    rows = [line(str(n), UP=str(n - 1) if n else None) for n in range(depth)]
    made = compile_map(FLAT).apply(sent(*rows))
    assert sum(1 for _ in walk_items(instances(made)[0])) == depth
    with pytest.raises(MapFailed, match="finds 'Line Item' '0' above itself"):
        compile_map(FLAT).apply(sent(line("0", UP=str(depth - 1)), *rows[1:]))


def test_recurse_keeps_the_tree_and_the_dots_where_it_was_entered(compile_map, sent, line, some):
    body = """\
children:
  - make: Line Item
    each: LINE
    recurse: LINE
    where: "[ACTN] IS NULL"
    fields: {Integration Id: "[NO]", Pricing Comment: "[..NO]"}
    children:
      - make: Attribute
        each: FEATURE
        fields: {Name: "[NAME]"}
"""
    data_map = compile_map(body)
    inner = line("3", 0, some("FEATURE", NAME="F"), line("4"))
    made = data_map.apply(sent(line("1", 0, line("2", 0, inner), line("5", ACTN="N")), line("6")))
    assert shape(made) == ["1<", "2<1", "3<2", "4<3", "6<"]
    third = next(item for item, _ in walk_items(instances(made)[0]) if item.get("Integration Id") == "3")
    assert third.get("Pricing Comment") == "O1"
    assert [child.type for child in third.children] == ["ListOf Attribute", "ListOf Line Item"]
    assert attributes(third)[0].get("Name") == "F"
    deep = line("0")
    for number in range(1, 20_000):
        deep = line(str(number), 0, deep)
    assert sum(1 for _ in walk_items(instances(data_map.apply(sent(deep)))[0])) == 20_000


PARTY = """\
map: Party to Contact
from: Sender/ORDER/PARTY
to: OM Order/Contact
where: "[NAME] IS NOT NULL"
make: Contact
fields: {Name: "[NAME]", City: "lookup('city', [PLACE/CITY])"}
lookups: {city: {U: Ulm}}
"""


def test_a_map_uses_another_one(compile_map, sent, some):
    body = "children: [{use: Party to Contact, each: PARTY, where: \"[NAME] <> 'Bob'\"}]\n"
    data_map = compile_map(body, PARTY)
    parties = [some("PARTY", 0, some("PLACE", CITY="U"), NAME=name) for name in ("Ann", "Bob", None)]
    order = instances(data_map.apply(sent(*parties)))[0]
    assert [one.properties for one in components(order, "Contact")] == [{"Name": "Ann", "City": "Ulm"}]
    assert data_map.uses == ("Party to Contact",)
    assert compile_map(body, PARTY.replace("Ulm", "Bonn")).version != data_map.version
    with pytest.raises(MapFailed, match=r"^data map 'Party to Contact' .* cannot fill 'City' of 'Contact'"):
        data_map.apply(sent(some("PARTY", 0, some("PLACE", CITY="X"), NAME="Ann")))


def test_a_fragment_does_not_run_by_itself(compile_map, sent):
    with pytest.raises(FragmentApplied) as caught:
        compile_map("", head=PARTY).apply(sent())
    assert str(caught.value) == (
        "data map 'Party to Contact' can't be run by itself\n"
        "  where: maps/sender.yaml:1:1\n"
        "  why:   it starts or ends within an object\n"
        "  mend:  call it from another map, by `use`"
    )


BACK = """\
map: OM Order to Sender
from: OM Order
to: Sender
make: ORDERS
lookups: {action: {"-": N, Add: A}}
children:
  - make: ORDER
    fields: {NO: "[Source Order Number]", "@id": "[Account Id]"}
    children:
      - make: LINE
        each: Line Item
        recurse: Line Item
        fields:
          NO: "[Integration Id]"
          NOTE: "[..Source Order Number]"
          ACTN: "lookup('action', [Action Code])"
        children:
          - make: FEATURE
            each: Attribute
            fields: {".": "[Text Value]", "@unit": "[Name]"}
"""


def test_an_internal_object_becomes_an_external_one(compile_map, some):
    inner = some("Line Item", 0, **{"Integration Id": "2", "Action Code": "Add"})
    attribute = some("Attribute", 0, **{"Name": "kg", "Text Value": "5"})
    outer = PropertySet(
        "Line Item",
        properties={"Integration Id": "1"},
        children=[
            PropertySet("ListOf Line Item", children=[inner]),
            PropertySet("ListOf Attribute", children=[attribute]),
        ],
    )
    order = PropertySet(
        "Order",
        properties={"Source Order Number": "O1"},
        children=[PropertySet("ListOf Line Item", children=[outer])],
    )
    data_map = compile_map("", head=BACK)
    made = data_map.apply(message("OM Order", [order]))
    expected = some(
        "ORDERS", 0,
        some("ORDER", 0,
             some("LINE", 0,
                  some("FEATURE", 0, text="5", at_unit="kg"),
                  some("LINE", 0, NO="2", NOTE="O1", ACTN="A"),
                  NO="1", NOTE="O1", ACTN="N"),
             NO="O1"),
    )  # fmt: skip
    assert made == expected
    for instances_, reason, why in (
        ([], "NothingMade", "a 'Sender' has one 'ORDERS', and `where` or `each` left nothing"),
        ([order, order], "TooMany", "a 'Sender' has one 'ORDERS', and 2 were made"),
    ):
        with pytest.raises(MapFailed) as caught:
            data_map.apply(message("OM Order", instances_))
        assert (caught.value.reason, caught.value.why) == (reason, why)


def test_each_instance_of_a_message_is_mapped(compile_map, some):
    data_map = compile_map(
        "fields: {Source Order Number: \"[Source Order Number] + 'x'\"}\n",
        head="map: Copy\nfrom: OM Order\nto: OM Order\nmake: Order\n",
    )
    orders = [PropertySet("Order", properties={"Source Order Number": number}) for number in "12"]
    made = instances(data_map.apply(message("OM Order", orders)))
    assert [one.get("Source Order Number") for one in made] == ["1x", "2x"]


def test_a_message_of_another_object_is_refused(compile_map, some):
    with pytest.raises(MapFailed) as caught:
        compile_map("").apply(some("INVOICE"))
    assert printed(caught.value) == (
        "data map 'Sender to OM Order' (version V) can't read this message\n"
        "  where: maps/sender.yaml:1:1\n"
        "  why:   expected 'ORDERS', found 'INVOICE'\n"
        "  mend:  send the message to the route that reads its object"
    )


@pytest.mark.parametrize(
    ("fields", "source", "expected"),
    [
        (
            'Quantity: "[QTY]"',
            {"QTY": "ten"},
            "cannot fill 'Quantity' of 'Line Item'\n"
            "  where: maps/sender.yaml:9:24, line 9, /ORDERS[1]/ORDER[1]/LINE[1]/QTY\n"
            "  why:   [QTY]: expected a number (digits with a sign and a point), found 'ten'\n"
            "  mend:  correct the message, or convert the value in the map",
        ),
        (
            'Quantity: "[QTY] * 2"',
            {"QTY": "ten"},
            "cannot fill 'Quantity' of 'Line Item'\n"
            "  where: maps/sender.yaml:9:24, line 9, /ORDERS[1]/ORDER[1]/LINE[1]/QTY\n"
            "  why:   [QTY] * 2 (column 1): expected a number in 'QTY', found 'ten', where [QTY] is 'ten'\n"
            "  mend:  have the sender write digits with a sign and a point, or read the text by number()",
        ),
        (
            "Due Date: \"date([DUE], 'YYYYMMDD')\"",
            {"DUE": "20260230"},
            "cannot fill 'Due Date' of 'Line Item'\n"
            "  where: maps/sender.yaml:9:24, line 9, /ORDERS[1]/ORDER[1]/LINE[1]/DUE\n"
            "  why:   date([DUE], 'YYYYMMDD') (column 1): function 'date': there is no such day or time: "
            "'20260230', where [DUE] is '20260230'\n"
            "  mend:  have the sender mend the date",
        ),
        (
            'Pricing Comment: "[NOTE]"',
            {"NOTE": "x" * 21},
            "cannot fill 'Pricing Comment' of 'Line Item'\n"
            "  where: maps/sender.yaml:9:31, line 9, /ORDERS[1]/ORDER[1]/LINE[1]/NOTE\n"
            "  why:   [NOTE]: expected at most 20 characters, found 21\n"
            "  mend:  correct the message, or convert the value in the map",
        ),
    ],
)
def test_a_value_that_does_not_fit_names_field_place_expression_and_value(
    compile_map, sent, line, fields, source, expected
):
    body = f"children:\n  - make: Line Item\n    each: LINE\n    fields: {{{fields}}}\n"
    with pytest.raises(MapFailed) as caught:
        compile_map(body).apply(sent(line("1", 9, **source)))
    assert printed(caught.value) == f"data map 'Sender to OM Order' (version V) {expected}"


def test_a_required_field_without_a_value_names_the_source_field_and_two_ways_to_mend(compile_map, sent, line, some):
    body = """\
children:
  - make: Line Item
    each: LINE
    children: [{make: Attribute, each: FEATURE, fields: {Name: "[NAME]"}}]
"""
    with pytest.raises(MapFailed) as caught:
        compile_map(body).apply(sent(line("1", 9, some("FEATURE", 10))))
    assert printed(caught.value) == (
        "data map 'Sender to OM Order' (version V) cannot fill 'Name' of 'Attribute'\n"
        "  where: maps/sender.yaml:9:64, line 10, /ORDERS[1]/ORDER[1]/LINE[1]/FEATURE[1]/NAME\n"
        "  why:   source field 'NAME' is absent and the map gives no default\n"
        "  mend:  add a default in line 9, or make 'NAME' required in sender.xsd"
    )


def test_an_expression_remembered_for_equal_values_is_not_confused_by_others(compile_map, sent, line):
    body = """\
children:
  - make: Line Item
    each: LINE
    fields: {Integration Id: "[NO] + [UP]", Pricing Comment: "[NO] + coalesce([UP], [DUE], '-')"}
"""
    data_map = compile_map(body)
    for _ in range(2):
        made = data_map.apply(sent(line("1", UP="23"), line("12", UP="3"), line("1", DUE="x")))
        items = line_items(instances(made)[0])
        assert [one.get("Integration Id") for one in items] == ["123", "123", None]
        assert [one.get("Pricing Comment") for one in items] == ["123", "123", "1x"]


def test_the_source_is_not_changed_and_origins_go_over(compile_map, sent, line):
    tree = sent(line("1", 9))
    before = tree.copy()
    assert only(compile_map(FLAT).apply(tree)).origin == 9
    assert tree == before


AMOUNTS = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="BILL"><xs:complexType><xs:sequence>
    <xs:element name="PRICE" nillable="true" minOccurs="0"><xs:complexType><xs:simpleContent>
      <xs:extension base="xs:decimal"><xs:attribute name="currency"/></xs:extension>
    </xs:simpleContent></xs:complexType></xs:element>
  </xs:sequence><xs:attribute name="no"/></xs:complexType></xs:element>
</xs:schema>"""
COPIED = """\
map: Bill to Bill
from: Bill
to: Bill
make: BILL
fields: {"@no": "coalesce([PRICE], 'none')"}
children:
  - make: PRICE
    each: PRICE
    fields: {".": "[.]", "@currency": "[@currency]"}
"""


@pytest.mark.parametrize(
    ("price", "read"),
    [
        ("", "none"),
        ('<PRICE currency="USD">7.50</PRICE>', "7.50"),
        ('<PRICE xsi:nil="true" currency="USD"></PRICE>', "none"),
    ],
)
def test_a_component_whose_text_is_nil_is_read_and_written_as_a_null(price, read):
    """An amount with its currency in an attribute is a component; `xsi:nil` makes its value a null all the same."""
    declared = Source("schemas/bill.yaml", "external object: Bill\nschema: bill.xsd\nroot: BILL\n")
    bill = read_external_objects([declared], {"bill.xsd": AMOUNTS}.__getitem__)["Bill"]
    maps = read_maps([Source("maps/bill.yaml", COPIED)], {"Bill": bill.definition}, lambda path: b"")
    namespace = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    sent = parse(f"<BILL {namespace}>{price}</BILL>".encode())
    bill.schema.validate(sent)
    written = external_to_xml(maps["Bill to Bill"].apply(external_from_xml(sent, bill)), bill)
    bill.schema.validate(parse(written))
    tail = written.decode().partition("?>\n")[2]
    assert f' no="{read}"' in tail
    found = parse(written).find("PRICE")
    if not price:
        assert found is None
    else:
        expected = parse(f"<BILL {namespace}>{price}</BILL>".encode()).find("PRICE")
        assert (found.text, dict(found.attrib)) == (expected.text, dict(expected.attrib))


SIGNALS = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="S"><xs:complexType><xs:sequence>
    <xs:element name="QTY" type="xs:double" minOccurs="0"/><xs:element name="ENDS" type="xs:dateTime" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


@pytest.mark.parametrize(
    ("sent", "properties"),
    [
        ("<QTY>1.5E3</QTY><ENDS>2026-01-31T10:00:00.1234567Z</ENDS>", ("3000", "2026-01-31T10:00:00.123456Z")),
        ("<QTY>NaN</QTY><ENDS>9999-12-31T23:59:59.9999999</ENDS>", (None, None)),
        ("<QTY>INF</QTY><ENDS>0001-01-01T00:00:00</ENDS>", (None, None)),
    ],
)
def test_a_map_chooses_the_values_that_stand_for_none(objects, sent, properties):
    body = """\
map: S to OM Order
from: S
to: OM Order
make: Order
fields: {Source Order Number: "'1'"}
children:
  - make: Line Item
    fields:
      Integration Id: "'1'"
      Quantity: "null_if([QTY], 'NaN', 'INF') * 2"
      Due Date: "null_if([ENDS], '0001-01-01', '9999-12-31')"
"""
    declared = Source("schemas/s.yaml", "external object: S\nschema: s.xsd\nroot: S\n")
    external = read_external_objects([declared], {"s.xsd": SIGNALS}.__getitem__)["S"]
    maps = read_maps([Source("maps/s.yaml", body)], {**objects, "S": external.definition}, lambda path: b"")
    element = parse(f"<S>{sent}</S>".encode())
    external.schema.validate(element)
    made = only(maps["S to OM Order"].apply(external_from_xml(element, external)))
    assert (made.get("Quantity"), made.get("Due Date")) == properties
