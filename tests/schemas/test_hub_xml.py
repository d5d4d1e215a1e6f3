import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from integration_objects.complex_object import empty, list_of, message, put_list
from integration_objects.component import Component, Field, IntegrationObject
from integration_objects.definition import shipped_definitions
from integration_objects.errors import Invalid, Refused
from integration_objects.names import ATTRIBUTE, LINE_ITEM
from integration_objects.property_set import PropertySet
from schemas.check import Limits
from schemas.hub_xml import hub_from_xml, hub_to_xml
from schemas.hub_xsd import hub_xsd
from tests.steps_of import steps_of
from tests.trees import attribute, instance, item

DEFINITIONS = shipped_definitions()
DEEP = Limits.files()
SCHEMAS = {one.name: etree.XMLSchema(etree.fromstring(hub_xsd(one))) for one in DEFINITIONS.values()}
QUOTE = """\
<Message MessageId="123" MessageType="Integration Object" IntObjectName="OM Quote" IntObjectFormat="Hierarchical">
  <ListOfOMQuote>
    <Quote>
      <QuoteNumber>Q-1</QuoteNumber><AccountId>1-A</AccountId>
      <ListOfLineItem>
        <LineItem>
          <IntegrationId>A1</IntegrationId><ProductId>GCI One Bundle</ProductId>
          <ActionCode>-</ActionCode><Quantity>1</Quantity>
          <ListOfAttribute>
            <Attribute><Name>Colour</Name><TextValue>Red</TextValue><ActionCode>-</ActionCode></Attribute>
          </ListOfAttribute>
          <ListOfLineItem><LineItem><IntegrationId>A2</IntegrationId></LineItem></ListOfLineItem>
        </LineItem>
      </ListOfLineItem>
    </Quote>
  </ListOfOMQuote>
</Message>
"""


def read(text: str, lines: bool = True) -> PropertySet:
    return hub_from_xml(text.encode(), DEFINITIONS, Limits(), lines)


def order(inner: str) -> str:
    """A message with one order of these elements; they stand in line 2."""
    return (
        '<Message IntObjectName="OM Order" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><ListOfOMOrder>'
        f"<Order>\n{inner}</Order></ListOfOMOrder></Message>"
    )


def lines(inner: str) -> str:
    return order(f"<ListOfLineItem>{inner}</ListOfLineItem>")


def order_of(*roots: PropertySet, **named: str | None) -> PropertySet:
    return message("OM Order", [instance("Order", roots, order_number="O-1", **named)])


MISPLACED = PropertySet(list_of(LINE_ITEM), children=[PropertySet(ATTRIBUTE)])


def chain(length: int, row_ids: bool = False) -> PropertySet:
    def line(number: int) -> PropertySet:
        return item(f"A{number}", **({"row_id": f"R{number}"} if row_ids else {}))

    top = node = line(1)
    for number in range(2, length + 1):
        below = line(number)
        put_list(node, LINE_ITEM).append(below)
        node = below
    return order_of(top)


def test_the_specs_example_is_read_as_the_tree_that_it_shows():
    colour = attribute("Colour", "Red", action="-")
    bundle = item("A1", colour, item("A2"), product_id="GCI One Bundle", action="-", quantity="1")
    quote = PropertySet(
        "Quote",
        properties={"Quote Number": "Q-1", "Account Id": "1-A"},
        children=[PropertySet(list_of(LINE_ITEM), children=[bundle])],
    )
    assert read(QUOTE) == message("OM Quote", [quote], "123")


def test_fields_are_written_in_the_definitions_order():
    written = hub_to_xml(order_of(item("A1", Quantity="1", **{"Product Id": "P"})), DEFINITIONS).decode()
    assert written == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Message MessageType="Integration Object" IntObjectName="OM Order" IntObjectFormat="Hierarchical">\n'
        "  <ListOfOMOrder>\n"
        "    <Order>\n"
        "      <OrderNumber>O-1</OrderNumber>\n"
        "      <ListOfLineItem>\n"
        "        <LineItem>\n"
        "          <IntegrationId>A1</IntegrationId>\n"
        "          <ProductId>P</ProductId>\n"
        "          <Quantity>1</Quantity>\n"
        "        </LineItem>\n"
        "      </ListOfLineItem>\n"
        "    </Order>\n"
        "  </ListOfOMOrder>\n"
        "</Message>\n"
    )


def test_absent_null_and_empty_are_three_things():
    tree = read(order("<Status xsi:nil='true'/><OrderType></OrderType><QuoteId xsi:nil='false'> x </QuoteId>"))
    header = tree.children[0].children[0].children[0]
    assert header.properties == {"Status": None, "Order Type": "", "Quote Id": " x "}


def test_an_empty_object_is_read_and_written():
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<Message IntObjectName="OM Asset" IsEmpty="Y"/>\n'
    assert hub_to_xml(empty("OM Asset"), DEFINITIONS).decode() == text
    assert read(text.partition("\n")[2]) == empty("OM Asset")
    assert hub_from_xml(hub_to_xml(empty(), DEFINITIONS), DEFINITIONS) == empty()


def test_the_older_envelope_is_read_with_any_namespace_and_written_where_asked_for():
    text = QUOTE.replace("Message ", 'SiebelMessage xmlns="http://www.siebel.com/xml" ', 1)
    text = text.replace("</Message>", "</SiebelMessage>").replace("Hierarchical", "Siebel Hierarchical")
    assert read(text) == read(QUOTE)
    written = hub_to_xml(read(QUOTE), DEFINITIONS, envelope="SiebelMessage")
    root = etree.fromstring(written)
    assert (root.tag, root.get("IntObjectFormat")) == ("SiebelMessage", "Siebel Hierarchical")
    assert read(written.decode().partition("\n")[2]) == read(QUOTE)


def test_several_instances_and_the_primary_row_are_kept():
    headers = [PropertySet("Order", properties={"Row Id": f"R{n}"}) for n in range(3)]
    tree = message("OM Order", headers, "m-1")
    assert tree.get("PrimaryRowId") == "R0"
    assert hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS) == tree


def test_what_execute_is_to_do_is_an_attribute_of_the_component():
    tree = read(
        '<Message IntObjectName="Account"><ListOfAccount><Account operation="upsert"/></ListOfAccount></Message>'
    )
    account = tree.children[0].children[0].children[0]
    assert account.properties == {"Operation": "upsert"}
    assert hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS) == tree


def test_nodes_keep_their_lines_unless_asked_not_to():
    tree = read(QUOTE)
    assert [(node.type, node.origin) for node in tree.walk() if node.type in ("Quote", LINE_ITEM)] == [
        ("Quote", 3),
        (LINE_ITEM, 6),
        (LINE_ITEM, 12),
    ]
    assert all(node.origin is None for node in read(QUOTE, lines=False).walk())


def test_a_flat_list_is_assembled_by_row_ids_or_by_keys():
    by_key = lines(
        "<LineItem><IntegrationId>A2</IntegrationId><ParentItemId>A1</ParentItemId></LineItem>"
        "<LineItem><IntegrationId>A1</IntegrationId><ParentItemId/></LineItem>"
        "<LineItem><IntegrationId>A3</IntegrationId><ParentItemId>A2</ParentItemId></LineItem>"
    )
    expected = order_of(item("A1", item("A2", item("A3"))))
    del expected.children[0].children[0].children[0].properties["Order Number"]
    assert read(by_key) == expected
    by_row = lines(
        "<LineItem><RowId>1</RowId></LineItem><LineItem><RowId>2</RowId><ParentItemId>1</ParentItemId></LineItem>"
    )
    (top,) = read(by_row).children[0].children[0].children[0].children[0].children
    assert [node.properties for node in top.walk() if node.type == LINE_ITEM] == [{"Row Id": "1"}, {"Row Id": "2"}]


def test_a_hundred_levels_are_nested_and_one_more_is_flat():
    for row_ids in (False, True):
        nested, flat = (hub_to_xml(chain(length, row_ids), DEFINITIONS) for length in (100, 101))
        assert (b"ParentItemId" in nested, b"ParentItemId" in flat) == (False, True)
        assert hub_from_xml(nested, DEFINITIONS, DEEP) == chain(100, row_ids)
        assert hub_from_xml(flat, DEFINITIONS, DEEP) == chain(101, row_ids)


def test_a_flat_tree_comes_back_with_its_empty_lists_its_order_and_its_attributes():
    tree = chain(150)
    nodes = [node for node in tree.walk() if node.type == LINE_ITEM]
    put_list(nodes[-1], LINE_ITEM)
    put_list(nodes[7], LINE_ITEM).append(item("B1"))
    nodes[9].children.append(
        PropertySet(list_of(ATTRIBUTE), children=[PropertySet(ATTRIBUTE, properties={"Name": "x"})])
    )
    assert hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS, DEEP) == tree


def test_rows_with_and_without_row_ids_may_stand_in_one_flat_list():
    tree = chain(150)
    for number, node in enumerate(node for node in tree.walk() if node.type == LINE_ITEM):
        if number % 2:
            node.properties["Row Id"] = f"R{number}"
    assert hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS, DEEP) == tree


def test_a_chain_of_50000_lines_goes_through():
    tree = chain(50_000)
    assert hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS, DEEP) == tree


def test_the_steps_of_writing_and_reading_grow_with_the_length_of_the_chain():
    """How long they take says tests/bench/growth.py."""

    def steps(length):
        tree = chain(length)
        return steps_of(lambda: hub_from_xml(hub_to_xml(tree, DEFINITIONS), DEFINITIONS, DEEP))

    assert steps(2_000) < 5 * steps(500)


def test_lines_too_deep_to_nest_without_identities_are_refused():
    tree = chain(101)
    tree.children[0].children[0].children[0].children[0].children[0].properties = {}
    with pytest.raises(Refused) as caught:
        hub_to_xml(tree, DEFINITIONS)
    assert str(caught.value) == (
        "'Line Item' is nested deeper than 100, and can't be written flat\n"
        "  why:   the identity '' of a parent names 0 lines\n"
        "  mend:  give each line an Integration Id of its own"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            order("<OrderNumbr>1</OrderNumbr>"),
            "unknown element <OrderNumbr> in <Order>\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/OrderNumbr[1]\n"
            "  why:   none of its 21 elements has this name\n"
            "  mend:  did you mean 'OrderNumber'?",
        ),
        (
            order("<Status xmlns='urn:x'>1</Status>"),
            "unknown element <Status> in <Order>\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/Status[1]\n"
            "  why:   elements of the hub's own XML have no namespace\n"
            "  mend:  did you mean 'Status'?",
        ),
        (
            lines("<Line/>"),
            "unknown element <Line> in <ListOfLineItem>\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/ListOfLineItem[1]/Line[1]\n"
            "  why:   expected <LineItem>\n"
            "  mend:  did you mean 'LineItem'?",
        ),
        (
            lines("<LineItem/><LineItem><Quantity>1e3</Quantity></LineItem>"),
            "'Quantity' can't be read\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/ListOfLineItem[1]/LineItem[2]/Quantity[1]\n"
            "  why:   expected a number (digits with a sign and a point), found '1e3'\n"
            "  mend:  write such a value",
        ),
        (
            order("<DueDate/>"),
            "'Due Date' can't be read\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/DueDate[1]\n"
            "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found ''\n"
            "  mend:  leave the element out, or mark it xsi:nil",
        ),
        (
            order("<Status>a</Status><Status>b</Status>"),
            "<Status> is there twice\n  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/Status[2]\n"
            "  why:   its parent holds each of its elements once; components that repeat stand in one list\n"
            "  mend:  take one of the two away",
        ),
        (
            order("<ListOfLineItem/><ListOfLineItem/>"),
            "<ListOfLineItem> is there twice\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/ListOfLineItem[2]\n"
            "  why:   its parent holds each of its elements once; components that repeat stand in one list\n"
            "  mend:  take one of the two away",
        ),
        (
            order("<Status><b/></Status>"),
            "<Status> is a field, and holds elements\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/Status[1]\n"
            "  why:   expected text only\n"
            "  mend:  write its value as text alone",
        ),
        (
            order("<Status xsi:nil='true'>a</Status>"),
            "<Status> is xsi:nil, and holds text\n  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/Status[1]\n"
            "  why:   xsi:nil means null, and the text is a value\n"
            "  mend:  take the text away, or xsi:nil",
        ),
        (
            order("<Status/>loose"),
            "<Order> holds the text 'loose'\n"
            "  where: line 1, /Message[1]/ListOfOMOrder[1]/Order[1]\n"
            "  why:   expected elements only\n"
            "  mend:  take the text away, or put it into the element of its field",
        ),
        (
            order("<Status unit='x'/>"),
            "unknown attribute 'unit' in <Status>\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/Status[1]\n"
            "  why:   known here are xsi:nil\n"
            "  mend:  name a known one, or take it away",
        ),
        (
            order("<ListOfLineItem operation='delete'/>"),
            "unknown attribute 'operation' in <ListOfLineItem>\n"
            "  where: line 2, /Message[1]/ListOfOMOrder[1]/Order[1]/ListOfLineItem[1]\n"
            "  why:   a list of components has no attributes\n"
            "  mend:  write it on <LineItem>",
        ),
        (
            "<Message IntObjectName='OM Order'><ListOfOMOrder x='1'/></Message>",
            "unknown attribute 'x' in <ListOfOMOrder>\n"
            "  where: line 1, /Message[1]/ListOfOMOrder[1]\n"
            "  why:   a list of components has no attributes\n"
            "  mend:  leave it out",
        ),
        (
            "<Message IntObjectName='OM Order'><ListOfOMOrder>hello<Order/></ListOfOMOrder></Message>",
            "<ListOfOMOrder> holds the text 'hello'\n"
            "  where: line 1, /Message[1]/ListOfOMOrder[1]\n"
            "  why:   expected elements only\n"
            "  mend:  take the text away, or put it into the element of its field",
        ),
        (
            "<Message IntObjectName='OM Ordr'/>",
            "there is no integration object 'OM Ordr'\n"
            "  where: line 1, /Message[1]\n"
            f"  why:   known are {', '.join(sorted(shipped_definitions()))}\n"
            "  mend:  did you mean 'OM Order'?",
        ),
        (
            "<Message IntObjectName='OM Order'/>",
            "the message carries no <ListOfOMOrder>\n"
            "  where: line 1, /Message[1]\n"
            "  why:   a message carries the list of its instances, or says that it is empty\n"
            '  mend:  add <ListOfOMOrder>, or IsEmpty="Y"',
        ),
        (
            "<Message><a/></Message>",
            "the message doesn't say which integration object it carries\n"
            "  where: line 1, /Message[1]\n"
            "  why:   the attribute IntObjectName is missing\n"
            '  mend:  add IntObjectName with the name of the object, such as "OM Order"',
        ),
        (
            "<ORDER/>",
            "the document is no message of the hub's own, but <ORDER>\n"
            "  where: line 1, /ORDER[1]\n"
            "  why:   the root element of a message is Message or SiebelMessage, without a namespace\n"
            "  mend:  send it to the route that takes such documents",
        ),
        (
            lines("<LineItem><IntegrationId>A1</IntegrationId><ParentItemId>A9</ParentItemId></LineItem>"),
            "the parent 'A9' of line 'A1' isn't in the list\n"
            "  where: line 2\n"
            "  why:   ParentItemId is the parent's RowId, or its IntegrationId where it has no RowId\n"
            "  mend:  name the RowId or IntegrationId of a line in the list",
        ),
        (
            lines(
                "<LineItem><IntegrationId>A1</IntegrationId><ParentItemId>A2</ParentItemId></LineItem>"
                "<LineItem><IntegrationId>A2</IntegrationId><ParentItemId>A1</ParentItemId></LineItem>"
            ),
            "the parents of the lines form a circle\n  where: line 2\n  why:   line 'A1' > line 'A2' > line 'A1'\n"
            "  mend:  let one of them name a line outside the circle, or no parent",
        ),
        (
            lines(
                "<LineItem><RowId>1</RowId><IntegrationId>A1</IntegrationId></LineItem>"
                "<LineItem><RowId>1</RowId><IntegrationId>A2</IntegrationId></LineItem>"
                "<LineItem><RowId>3</RowId><ParentItemId>1</ParentItemId></LineItem>"
            ),
            "two lines have the RowId '1', which a line names as its parent\n"
            "  where: line 2\n  why:   the first is line 'A1'\n"
            "  mend:  give each line a RowId of its own",
        ),
    ],
)
def test_what_cannot_be_read_says_what_where_why_and_how_to_mend_it(text: str, message: str):
    with pytest.raises(Invalid) as caught:
        read(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("tree", "what"),
    [
        (order_of(Colour="red"), "'Order' has no field 'Colour'"),
        (order_of(Status="a\x00b"), "XML can't carry the value of 'Status'"),
        (
            message("OM Order", [PropertySet("Order", children=[MISPLACED])]),
            "a 'Attribute' stands where a 'Line Item' belongs",
        ),
        (message("OM Ordr", [PropertySet("Order")]), "there is no integration object 'OM Ordr'"),
        (PropertySet(), "the tree is no message"),
    ],
)
def test_what_cannot_be_written_is_refused(tree: PropertySet, what: str):
    with pytest.raises(Refused) as caught:
        hub_to_xml(tree, DEFINITIONS)
    assert caught.value.what == what


XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r "), max_size=20).filter(
    lambda text: "\ufffe" not in text and "\uffff" not in text
)


def values_of(field: Field) -> st.SearchStrategy[str | None]:
    if field.type == "number":
        some = st.decimals(-9_999_999, 9_999_999, places=3).map(str)
    elif field.type == "date":
        some = st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)).map(str)
    elif field.type == "flag":
        some = st.sampled_from("YN")
    elif field.values:
        some = st.sampled_from(field.values)
    else:
        some = XML_TEXT.filter(lambda text: len(text) <= (field.length or 4000))
    return st.none() | some


@st.composite
def nodes_of(draw: st.DrawFn, component: Component, depth: int = 3) -> PropertySet:
    names = [name for name in component.fields if name != "Parent Item Id"]
    chosen = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    node = PropertySet(component.name)
    for name in chosen:
        node.properties[name] = draw(values_of(component.fields[name]))
    for child in draw(st.permutations(list(component.children.values()))) if depth else ():
        if draw(st.booleans()):
            below = draw(st.lists(nodes_of(child, depth - 1), max_size=2))
            node.children.append(PropertySet(list_of(child.name), children=below))
    return node


@st.composite
def messages(draw: st.DrawFn) -> tuple[IntegrationObject, PropertySet]:
    definition = draw(st.sampled_from(list(DEFINITIONS.values())))
    instances = draw(st.lists(nodes_of(definition.root), max_size=2))
    return definition, message(definition.name, instances, draw(st.none() | XML_TEXT))


@settings(max_examples=150, deadline=None)
@given(messages(), st.sampled_from(["Message", "SiebelMessage"]))
def test_reading_what_was_written_gives_an_equal_tree_and_the_xsd_accepts_it(made, envelope):
    definition, tree = made
    written = hub_to_xml(tree, DEFINITIONS, envelope)
    assert hub_from_xml(written, DEFINITIONS) == tree
    if tree.get("Is Empty") is None:
        xsd = SCHEMAS[definition.name]
        assert xsd.validate(etree.fromstring(written)), xsd.error_log


@pytest.mark.parametrize("tree", [order_of(item("A1", **{"Due Date": None})), chain(101), message("OM Order", [])])
def test_the_xsd_accepts_flat_lines_nulls_and_empty_objects(tree: PropertySet):
    assert SCHEMAS["OM Order"].validate(etree.fromstring(hub_to_xml(tree, DEFINITIONS)))


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("DueDate", "2026-01-31+02:00", "2026-01-31"),
        ("DueDate", "2026-01-31T24:00:00", "2026-02-01T00:00:00"),
        ("DueDate", "2026-01-31T08:00:00.123456789Z", "2026-01-31T08:00:00.123456789Z"),
        ("Revision", "1.00000000", "1.00000000"),
        ("Revision", ".50000000", ".50000000"),
        ("Revision", "\n  2\n", "2"),
        ("DueDate", "\n  2026-01-31T08:00:00Z\n", "2026-01-31T08:00:00Z"),
        ("ActiveFlag", " Y ", "Y"),
        ("Status", " Open ", " Open "),
    ],
)
def test_the_xsd_and_the_reader_take_the_spellings_of_other_systems(field: str, text: str, value: str):
    body = order(f"<{field}>{text}</{field}>")
    assert SCHEMAS["OM Order"].validate(etree.fromstring(body))
    header = read(body).children[0].children[0].children[0]
    assert list(header.properties.values()) == [value]


@pytest.mark.parametrize(
    "text",
    [
        order("<OrderNumbr>1</OrderNumbr>"),
        order("<DueDate>2026-02-32T24:00:00</DueDate>"),
        order("<DueDate>2026-02-01+15:00</DueDate>"),
        order("<Revision>1.00000001</Revision>"),
        order("<ListOfLineItem operation='delete'/>"),
        order("<Revision>1e3</Revision>"),
        order("<Revision/>"),
        order("<DueDate>2026-01-31 12:00</DueDate>"),
        order("<ActiveFlag>yes</ActiveFlag>"),
        order("<Status>a</Status><Status>b</Status>"),
        order("<ListOfLineItem><Line/></ListOfLineItem>"),
        order(f"<OrderNumber>{65 * 'x'}</OrderNumber>"),
    ],
)
def test_the_xsd_refuses_what_the_reader_refuses(text: str):
    assert not SCHEMAS["OM Order"].validate(etree.fromstring(text))
    with pytest.raises(Invalid):
        read(text)
