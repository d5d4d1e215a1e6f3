"""Values that libxml2 judges wrongly: patterns everywhere in a message, and blanks around dates."""

from __future__ import annotations

import pytest
from lxml import etree

from integration_objects.field_values import plain_date
from schemas.check import AgainstSchema, Schema, parse, read_schema
from schemas.value_rules import rules_of

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
NUMBER = '<xs:pattern value="([0-9]{3})?[0-9]{4}"/>'
NUMBERS = f"""
  <xs:simpleType name="number"><xs:restriction base="xs:token">{NUMBER}</xs:restriction></xs:simpleType>
  <xs:simpleType name="short"><xs:restriction base="number"><xs:pattern value="1.*"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="either"><xs:restriction base="xs:string">
    <xs:pattern value="a+"/><xs:pattern value="b+"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="numbers"><xs:list itemType="number"/></xs:simpleType>
  <xs:simpleType name="two"><xs:restriction base="numbers"><xs:length value="2"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="union"><xs:union memberTypes="number xs:date"/></xs:simpleType>
  <xs:simpleType name="narrow"><xs:restriction base="union"><xs:pattern value="1.*"/></xs:restriction></xs:simpleType>
"""


def schema_of(body: str, attributes: str = "") -> Schema:
    return read_schema({"m.xsd": schema_text(body, attributes)}.__getitem__, "m.xsd")


def schema_text(body: str, attributes: str = "") -> bytes:
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" {attributes}>{body}</xs:schema>'.encode()


def pattern_type(name: str, base: str, pattern: str) -> str:
    facet = f'<xs:pattern value="{pattern}"/>'
    return f'<xs:simpleType name="{name}"><xs:restriction base="{base}">{facet}</xs:restriction></xs:simpleType>'


def faults(schema: Schema, text: str) -> list[str]:
    try:
        schema.validate(parse(text.encode()))
    except AgainstSchema as error:
        return [f"{finding.where}: {finding.text}" for finding in error.objects["findings"]]
    return []


@pytest.mark.parametrize(
    ("type", "fitting", "others"),
    [
        ("number", ["1234", " 1234567\n"], ["123456", "", "1234 567"]),
        ("short", ["1234"], ["2345", "123"]),
        ("either", ["aa", "b"], ["ab", " a", ""]),
        ("numbers", ["", "1234 1234567", "1234\n1234"], ["1234 123456"]),
        ("two", ["1234 1234567"], ["1234", "1234 123456"]),
        ("union", ["1234", "2026-01-31", " 2026-01-31\n"], ["123456", "2026-02-30"]),
        ("narrow", ["1234"], ["2345", "2026-01-31", "123456"]),
    ],
)
def test_patterns_hold_in_elements_and_attributes_of_each_type(
    type: str, fitting: list[str], others: list[str]
) -> None:
    schema = schema_of(
        f'{NUMBERS}<xs:element name="e" type="{type}"/>'
        f'<xs:element name="a"><xs:complexType><xs:attribute name="n" type="{type}"/></xs:complexType></xs:element>'
    )
    for text in fitting:
        assert faults(schema, f"<e>{text}</e>") == []
        assert faults(schema, f'<a n="{text}"/>') == []
    for text in others:
        assert len(faults(schema, f"<e>{text}</e>")) == 1
        assert len(faults(schema, f'<a n="{text}"/>')) == 1


def test_a_fault_has_line_path_patterns_and_value() -> None:
    schema = schema_of(
        f'{NUMBERS}<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="e" type="either"/></xs:sequence>'
        '<xs:attribute name="n" type="number"/></xs:complexType></xs:element>'
    )
    assert faults(schema, '<r n="123456">\n<e>c</e></r>') == [
        "line 1, /r[1]: attribute n: value doesn't match any pattern of ['([0-9]{3})?[0-9]{4}']; found '123456'",
        "line 2, /r[1]/e[1]: value doesn't match any pattern of ['a+', 'b+']; found 'c'",
    ]


TREE = f"""{NUMBERS}
  <xs:complexType name="base"><xs:sequence><xs:element name="free" type="xs:string" minOccurs="0"/></xs:sequence>
  </xs:complexType>
  <xs:complexType name="derived"><xs:complexContent><xs:extension base="base"><xs:sequence>
    <xs:element name="n" type="number"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:element name="head" type="xs:string" abstract="true"/>
  <xs:element name="member" type="number" substitutionGroup="head"/>
  <xs:element name="global" type="number"/>
  <xs:attribute name="mark" type="number"/>
  <xs:element name="r"><xs:complexType><xs:sequence>
    <xs:element name="typed" type="base" minOccurs="0"/>
    <xs:element name="text" type="xs:token" minOccurs="0"/>
    <xs:element name="nil" type="number" nillable="true" minOccurs="0"/>
    <xs:element name="empty" type="number" default="1234" minOccurs="0"/>
    <xs:element name="line" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="n" type="number" minOccurs="0"/><xs:element ref="r" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element ref="head" minOccurs="0"/>
    <xs:element name="any" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:any processContents="lax"/></xs:sequence><xs:anyAttribute processContents="lax"/></xs:complexType>
    </xs:element>
    <xs:element name="skip" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:any processContents="skip"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>"""


@pytest.mark.parametrize(
    ("inside", "where"),
    [
        ('<typed xsi:type="derived"><n>{}</n></typed>', "/r[1]/typed[1]/n[1]"),
        ('<text xsi:type="number">{}</text>', "/r[1]/text[1]"),
        ("<line/><line><r><line><n>{}</n></line></r></line>", "/r[1]/line[2]/r[1]/line[1]/n[1]"),
        ("<member>{}</member>", "/r[1]/member[1]"),
        ("<any><global>{}</global></any>", "/r[1]/any[1]/global[1]"),
        ('<any mark="{}"><global>1234</global></any>', "/r[1]/any[1]"),
        ('<any><x xsi:type="number">{}</x></any>', "/r[1]/any[1]/x[1]"),
        ("<any><x><y><global>{}</global></y></x></any>", "/r[1]/any[1]/x[1]/y[1]/global[1]"),
    ],
)
def test_patterns_hold_wherever_the_schema_leads(inside: str, where: str) -> None:
    schema = schema_of(TREE)
    good, bad = (f"<r {XSI}>{inside.format(text)}</r>" for text in ("1234", "123456"))
    assert faults(schema, good) == []
    [fault] = faults(schema, bad)
    assert fault.startswith(f"line 1, {where}: ")


@pytest.mark.parametrize(
    "inside",
    [
        '<nil xsi:nil="true"/>',
        "<empty/>",
        "<text>123456</text>",
        "<any><x>123456</x></any>",
        "<skip><global>123456</global></skip>",
    ],
)
def test_other_values_are_left_alone(inside: str) -> None:
    assert faults(schema_of(TREE), f"<r {XSI}>{inside}</r>") == []


def test_a_schema_without_patterns_has_no_rules() -> None:
    assert schema_of('<xs:element name="r" type="xs:date"/>').rules.is_empty


DATES = {
    "date": "2026-01-31+01:00",
    "dateTime": "2026-01-31T24:00:00",
    "time": "10:00:00.1234567Z",
    "gYear": "2026Z",
    "gYearMonth": "2026-01",
    "gMonth": "--01",
    "gMonthDay": "--01-31",
    "gDay": "---31",
    "duration": "P1DT0.5S",
}


@pytest.mark.parametrize("type", sorted(DATES))
def test_blanks_around_a_date_mean_nothing(type: str) -> None:
    schema = schema_of(
        f'<xs:simpleType name="t"><xs:restriction base="xs:{type}"/></xs:simpleType>'
        '<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="e" type="t" maxOccurs="9"/></xs:sequence>'
        f'<xs:attribute name="a" type="xs:{type}"/></xs:complexType></xs:element>'
    )
    value = DATES[type]
    assert faults(schema, f'<r a=" {value}&#10;"><e>\n  {value}\n</e><e>{value}</e></r>') == []
    assert len(faults(schema, f"<r><e>{value} {value}</e></r>")) == 1
    # No-break spaces aren't blanks of XML.
    assert len(faults(schema, f"<r><e>\u00a0{value}</e></r>")) == 1


def test_a_text_that_looks_like_a_date_keeps_its_blanks() -> None:
    schema = schema_of(
        '<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="d" type="xs:date"/>'
        '<xs:element name="s" type="s"/></xs:sequence></xs:complexType></xs:element>'
        '<xs:simpleType name="s"><xs:restriction base="xs:string"><xs:length value="10"/></xs:restriction>'
        "</xs:simpleType>"
    )
    assert faults(schema, "<r><d> 2026-01-31</d><s>2026-01-31</s></r>") == []
    assert len(faults(schema, "<r><d> 2026-01-31</d><s> 2026-01-31</s></r>")) == 1


def test_values_are_respelled_in_the_document_itself() -> None:
    schema = schema_of('<xs:element name="r" type="xs:date"/>')
    root = etree.fromstring("<r>\n2026-01-31Z\n</r>")
    assert rules_of(schema.model, dates=True).respell(root)
    assert plain_date(root.text) == "2026-01-31"
    assert not rules_of(schema.model, dates=True).respell(root)


@pytest.mark.parametrize(
    ("type", "fixed", "same", "others"),
    [
        ("decimal", "1.0", ["1", " 01.00\n", "1.0"], ["2", "1.01"]),
        ("double", "1.5E3", ["1500", "1.5e3"], ["1501", "INF"]),
        ("boolean", "true", ["1", " true "], ["0", "false"]),
        ("token", "a b", ["a  b", " a b"], ["ab"]),
        ("date", "2026-01-31", [" 2026-01-31"], ["2026-02-01"]),
        ("string", "a", ["a"], [" a", "A"]),
    ],
)
def test_an_element_with_a_fixed_value_is_compared_by_its_value(
    type: str, fixed: str, same: list[str], others: list[str]
) -> None:
    schema = schema_of(
        f'<xs:element name="r"><xs:complexType><xs:sequence><xs:element name="e" type="xs:{type}" fixed="{fixed}"/>'
        "</xs:sequence></xs:complexType></xs:element>"
    )
    assert faults(schema, "<r><e/></r>") == []
    assert [faults(schema, f"<r><e>{text}</e></r>") for text in same] == [[]] * len(same)
    assert [len(faults(schema, f"<r><e>{text}</e></r>")) for text in others] == [1] * len(others)


def test_the_end_of_a_day_is_compared_as_the_next_midnight() -> None:
    schema = schema_of(
        '<xs:element name="r"><xs:simpleType><xs:restriction base="xs:dateTime">'
        '<xs:minInclusive value="2026-01-01T00:00:00Z"/></xs:restriction></xs:simpleType></xs:element>'
    )
    assert faults(schema, "<r>2025-12-31T24:00:00Z</r>") == []
    assert len(faults(schema, "<r>2025-12-30T24:00:00Z</r>")) == 1


CONTENT = f"""{NUMBERS}
  <xs:complexType name="amount"><xs:simpleContent><xs:extension base="xs:token"><xs:attribute name="c"/></xs:extension>
  </xs:simpleContent></xs:complexType>
  <xs:complexType name="slim"><xs:simpleContent><xs:restriction base="amount">{NUMBER}</xs:restriction>
  </xs:simpleContent></xs:complexType>
  <xs:complexType name="slimmer"><xs:simpleContent><xs:restriction base="slim">
    <xs:pattern value="1.*"/></xs:restriction>
  </xs:simpleContent></xs:complexType>
  <xs:complexType name="more"><xs:simpleContent><xs:extension base="number"/></xs:simpleContent></xs:complexType>
  <xs:attributeGroup name="group"><xs:attribute name="g" type="number"/></xs:attributeGroup>
  <xs:group name="group"><xs:choice>
    <xs:element name="slim" type="slim"/><xs:element name="slimmer" type="slimmer"/>
    <xs:element name="more" type="more"/>
    <xs:element name="amount" type="amount"/></xs:choice></xs:group>
  <xs:element name="r"><xs:complexType><xs:sequence><xs:group ref="group" minOccurs="0"/></xs:sequence>
    <xs:attributeGroup ref="group"/></xs:complexType></xs:element>"""


@pytest.mark.parametrize(
    "body",
    [
        '<r g="{}"/>',
        "<r><slim>{}</slim></r>",
        "<r><slimmer>{}</slimmer></r>",
        "<r><more>{}</more></r>",
        f'<r {XSI}><amount xsi:type="slim">{{}}</amount></r>',
        f'<r {XSI}><amount xsi:type="slimmer">{{}}</amount></r>',
    ],
)
def test_patterns_hold_for_the_content_of_complex_types(body: str) -> None:
    schema = schema_of(CONTENT)
    assert faults(schema, body.format("1234")) == []
    assert len(faults(schema, body.format("123456"))) == 1


def test_a_redefined_type_has_the_patterns_of_both_definitions() -> None:
    base = schema_text('<xs:element name="r" type="t"/>' + pattern_type("t", "xs:string", "[a-z]*"))
    main = schema_text(
        f'<xs:redefine schemaLocation="b.xsd">{pattern_type("t", "t", "([a-z0-9]{3})?[a-z0-9]{4}")}</xs:redefine>'
    )
    schema = read_schema({"m.xsd": main, "b.xsd": base}.__getitem__, "m.xsd")
    assert [len(faults(schema, f"<r>{text}</r>")) for text in ("abcd", "abcdefg", "abcdef", "abc1")] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "body",
    [
        '<r xmlns="urn:x" {} xsi:type="t">{}</r>',
        '<p:r xmlns:p="urn:x" {} xsi:type="p:t">{}</p:r>',
        '<q xmlns="urn:x" {}><z xsi:type="t">{}</z></q>',
        '<q xmlns="urn:x" {} xsi:type="t">{}</q>',
    ],
)
def test_a_type_that_the_message_names_is_found_by_its_namespace(body: str) -> None:
    schema = schema_of(
        pattern_type("t", "xs:string", "a") + '<xs:element name="r" type="xs:anySimpleType"/>'
        '<xs:element name="q" type="xs:anyType"/>',
        'targetNamespace="urn:x" xmlns="urn:x"',
    )
    assert faults(schema, body.format(XSI, "a")) == []
    assert len(faults(schema, body.format(XSI, "b"))) == 1
