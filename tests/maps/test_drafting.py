"""First drafts of maps: the guesses, and the promise that `map check` refuses nothing but the marked gaps."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from integration_objects.declaration import Source, shipped
from integration_objects.definition import IntegrationObject, read_definitions
from maps.check import Finding, check_maps
from maps.drafting.draft import Draft, draft
from maps.drafting.likeness import likeness, words
from schemas.external_object import read_external_objects
from tests.shipped_objects import shipped_external_objects

#: The errors that a draft may leave: each stands for a marked gap.
GAPS = ("nothing fills the required field", "look-up table ")

SENT = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="Orders"><xs:complexType><xs:sequence>
    <xs:element name="Order" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="OrdNo" type="xs:string"/>
      <xs:element name="Client" type="Long"/>
      <xs:element name="WantedDay" type="xs:string"/>
      <xs:element name="Urgent" type="xs:string"/>
      <xs:element name="Kind" type="Kind"/>
      <xs:element name="Pos" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:element name="Nr" type="xs:int"/>
        <xs:element name="ParentNr" type="xs:int" minOccurs="0"/>
        <xs:element name="Qty" type="xs:string"/>
        <xs:element name="Article"><xs:complexType><xs:simpleContent><xs:extension base="xs:string">
          <xs:attribute name="label" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:simpleType name="Long">
    <xs:restriction base="xs:string"><xs:maxLength value="80"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Kind"><xs:restriction base="xs:string">
    <xs:enumeration value="N"/><xs:enumeration value="CHANGE"/><xs:enumeration value="X"/>
  </xs:restriction></xs:simpleType>
</xs:schema>"""

KEPT = """
integration object: Kept
component: Order
fields:
  Source System: {}
  Source Order Number: {length: 64, required: yes}
  Order Number: {length: 64}
  Account Id: {length: 40}
  Due Date: {type: date}
  Urgent: {type: flag}
  Kind: {values: [New, Change, Delete]}
  Colour: {required: yes}
  Size: {}
children:
  - component: Line Item
    nested: yes
    fields:
      Line Number: {}
      Quantity: {type: number}
      Product Id: {}
      Product Name: {}
"""

DRAFTED = """\
# A draft. Each guess is by names and types: read every line, and correct it.
# Missing, and without it `map check` refuses the map:
#   look-up table kind: X (one of New, Change, Delete)
#   Order: Colour (text)
map: Shop Orders to Kept
from: Shop Orders
to: Kept
lookups:
  kind:  # the codes of Kind
    N: New  # guess
    CHANGE: Change  # guess
    # missing: X
make: Order
each: Order  # guess, 100 %
fields:
  Source System: "'SHOP'"  # guess, by the source's name
  Source Order Number: "[OrdNo]"  # guess, 100 %
  Account Id: "coalesce([Client])"  # guess, 68 %; more than 40 characters are refused
  Due Date: "date([WantedDay], 'YYYYMMDD')"  # guess, 76 %; the form of the date, too
  Urgent: "[Urgent] = 'Y'"  # guess, 90 %; the text for yes, too
  Kind: "lookup('kind', [Kind])"  # guess, 100 %
  # missing: Colour (text)
# no guess for: Order Number, Size
children:
  - make: Line Item
    each: Pos  # guess, 81 %
    flat: {key: "[Nr]", parent: "[ParentNr]"}  # guess
    fields:
      Line Number: "[Nr]"  # guess, 68 %
      Quantity: "number([Qty])"  # guess, 90 %
      Product Id: "[Article]"  # guess, 68 %
      Product Name: "[Article@label]"  # guess, 76 %
"""


def shop() -> dict[str, IntegrationObject]:
    declared = Source("shop.yaml", "external object: Shop Orders\nschema: shop.xsd\nroot: Orders\n")
    external = read_external_objects([declared], {"shop.xsd": SENT}.__getitem__)
    return {**read_definitions([Source("kept.yaml", KEPT)]), "Shop Orders": external["Shop Orders"].definition}


def checked(drafted: Draft, objects: Mapping[str, IntegrationObject]) -> list[Finding]:
    found = check_maps([Source("draft.yaml", drafted.text)], objects, {}.__getitem__)
    return [finding for finding in found if finding.severity == "error"]


def test_a_draft_marks_its_guesses_and_names_what_is_missing() -> None:
    objects = shop()
    drafted = draft(objects["Shop Orders"], objects["Kept"])
    assert drafted.text == DRAFTED
    assert drafted.missing == ("look-up table kind: X (one of New, Change, Delete)", "Order: Colour (text)")


def test_the_check_refuses_the_gaps_and_takes_the_draft_once_they_are_filled() -> None:
    objects = shop()
    drafted = draft(objects["Shop Orders"], objects["Kept"])
    assert [finding.text for finding in checked(drafted, objects)] == [
        "nothing fills the required field 'Colour' of 'Order' in data map 'Shop Orders to Kept'",
        "look-up table 'kind' has no 'X', which 'Kind' may be",
    ]
    filled = drafted.text.replace("# missing: Colour (text)", "Colour: \"'red'\"").replace("# missing: X", "X: Delete")
    assert checked(Draft(filled, ()), objects) == []


@pytest.fixture(scope="module")
def objects() -> dict[str, IntegrationObject]:
    """All shipped objects."""
    external = {name: each.definition for name, each in shipped_external_objects().items()}
    return {**read_definitions(shipped("integration_objects")), **external}


PAIRS = [
    ("Mainframe Order", "OM Order"),
    ("Partner Order", "OM Order"),
    ("Provisioning Status", "OM Work Order Status"),
    ("OM Reply", "Mainframe Answer"),
    ("OM Reply", "Partner Acknowledgement"),
    ("OM Work Order", "Provisioning Work Order"),
    ("OM Billing Event", "Billing Message"),
    ("OM Quote", "OM Order"),
    ("Partner Order", "Partner Acknowledgement"),
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_of_every_shipped_pair_the_check_refuses_nothing_but_the_gaps(
    objects: dict[str, IntegrationObject], source: str, target: str
) -> None:
    drafted = draft(objects[source], objects[target])
    errors = checked(drafted, objects)
    assert [error.text for error in errors if not error.text.startswith(GAPS)] == []
    assert drafted.missing or not errors


#: Names as UBL has them: elements with attributes, several currencies, an article by the numbers of both sides.
TRADE = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="Text"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="unitCode"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="Id"><xs:sequence><xs:element name="ID" type="Text"/></xs:sequence></xs:complexType>
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="ID" type="Text"/>
    <xs:element name="TaxExchangeRate"><xs:complexType><xs:sequence>
      <xs:element name="SourceCurrencyCode" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    <xs:element name="DocumentCurrencyCode" type="Text"/>
    <xs:element name="LineItem" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="DeliveryTerms" type="Id"/>
      <xs:element name="Quantity" type="Text"/>
      <xs:element name="Item"><xs:complexType><xs:sequence>
        <xs:element name="BuyersItemIdentification" type="Id"/>
        <xs:element name="SellersItemIdentification" type="Id"/>
        <xs:element name="AdditionalItemProperty" maxOccurs="unbounded"><xs:complexType><xs:sequence>
          <xs:element name="Name" type="xs:string"/><xs:element name="Value" type="xs:string"/>
        </xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


def test_names_as_ubl_has_them_are_guessed(objects: dict[str, IntegrationObject]) -> None:
    source = Source("schemas/trade.yaml", "external object: Trade\nschema: trade.xsd\nroot: Order\n")
    trade = read_external_objects([source], {"trade.xsd": TRADE}.__getitem__)["Trade"].definition
    text = draft(trade, objects["OM Order"]).text
    for line in (
        'Source Order Number: "[ID]"',
        'Currency Code: "[DocumentCurrencyCode]"',
        "each: LineItem",
        'Product Id: "[Item/SellersItemIdentification/ID]"',
        'Unit Of Measure: "[Quantity@unitCode]"',
        "each: Item/AdditionalItemProperty",
        'Name: "[Name]"',
        'Text Value: "[Value]"',
    ):
        assert f"{line}  # guess" in text
    assert "DeliveryTerms" not in text


def test_the_fields_of_a_shipped_map_are_guessed(objects: dict[str, IntegrationObject]) -> None:
    text = draft(objects["Mainframe Order"], objects["OM Order"]).text
    for line in (
        'Source Order Number: "[ORDER/ORD-NO]"',
        'Account Id: "[ORDER/CUST-NO]"',
        'Billing Account Id: "[ORDER/BILL-CUST]"',
        "Due Date: \"date([ORDER/DUE-DATE], 'YYYYMMDD')\"",
        "each: ORDER/LINE",
        'flat: {key: "[LINE-NO]", parent: "[PARENT-LINE-NO]"}',
        'Product Id: "[PROD-CD]"',
        'Quantity: "[QTY]"',
        'Adjusted Price: "[PRICE]"',
        "each: FEATURE",
        'Text Value: "[VAL]"',
    ):
        assert f"{line}  # guess" in text


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("OrderNumber", "ORDER_NUMBER", 1.0),
        ("CUST-NO", "Customer Number", 1.0),
        ("CUST-NO", "Account Id", 0.85),
        ("Lines", "line", 1.0),
        ("Quantiti", "Quantity", 0.79),
        ("Colour", "Quantity", 0.0),
        ("", "Quantity", 0.0),
    ],
)
def test_names_are_compared_by_words_abbreviations_synonyms_and_spelling(one: str, other: str, alike: float) -> None:
    assert likeness(words(one), words(other)) == pytest.approx(alike, abs=0.01)
