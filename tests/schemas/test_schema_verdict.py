"""lxml judges, xmlschema explains: path, line, value and what was expected."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from schemas.check import AgainstSchema, Schema, parse, read_schema

ORDER = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="ORDER"><xs:complexType><xs:sequence>
    <xs:element name="NO" type="xs:string"/>
    <xs:element name="LINE" type="LINE" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="LINE"><xs:sequence>
    <xs:element name="QTY" type="xs:decimal"/>
    <xs:element name="LINE" type="LINE" minOccurs="0"/>
  </xs:sequence></xs:complexType>
</xs:schema>"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema({"order.xsd": ORDER}.__getitem__, "order.xsd")


def refused(schema: Schema, body: bytes) -> AgainstSchema:
    with pytest.raises(AgainstSchema) as caught:
        schema.validate(parse(body))
    return caught.value


def test_a_message_that_fits_passes(schema: Schema) -> None:
    schema.validate(parse(b"<ORDER><NO>1</NO><LINE><QTY> 1.5 </QTY></LINE></ORDER>"))


def test_a_wrong_value_is_shown_with_line_path_and_expectation(schema: Schema) -> None:
    error = refused(schema, b"<ORDER><NO>1</NO>\n<LINE><QTY>1</QTY></LINE>\n<LINE><QTY>two</QTY></LINE></ORDER>")
    assert str(error) == (
        "the message doesn't fit the schema 'order.xsd'\n"
        "  where: line 3, /ORDER[1]/LINE[2]/QTY[1]\n"
        "  why:   invalid value 'two' for xs:decimal\n"
        "  mend:  send a message that fits the schema"
    )


def test_a_missing_element_names_what_was_expected(schema: Schema) -> None:
    error = refused(schema, b"<ORDER>\n<LINE><QTY>1</QTY></LINE></ORDER>")
    assert error.where == "line 1, /ORDER[1]"
    assert error.why == "Unexpected child with tag 'LINE' at position 1. Tag 'NO' expected"


def test_further_findings_follow_the_first_and_are_bounded(schema: Schema) -> None:
    error = refused(schema, b"<ORDER><NO>1</NO>" + b"<LINE><QTY>x</QTY></LINE>" * 50 + b"</ORDER>")
    assert len(error.objects["findings"]) == 20
    assert "; further: line 1, /ORDER[1]/LINE[2]/QTY[1]: invalid value 'x' for xs:decimal; " in error.why


def test_lxml_speaks_for_itself_where_xmlschema_would_recurse(schema: Schema) -> None:
    levels = 60
    body = b"<ORDER><NO>1</NO>" + b"<LINE><QTY>1</QTY>" * levels + b"<X/>" + b"</LINE>" * levels + b"</ORDER>"
    assert "Unexpected child with tag 'X'" in refused(schema, body).why

    def deep(element: object, last: object) -> object:
        raise RecursionError

    shallow = read_schema({"order.xsd": ORDER}.__getitem__, "order.xsd")
    shallow._explain = deep  # type: ignore[method-assign,assignment]
    error = refused(shallow, b"<ORDER>\n<NO>1</NO>\n<LINE><QTY>two</QTY></LINE></ORDER>")
    assert error.where == "line 3, /ORDER[1]/LINE[1]/QTY[1]"
    assert error.why == "Element 'QTY': 'two' is not a valid value of the atomic type 'xs:decimal'."


def test_a_flood_of_bad_messages_is_explained_up_to_a_number_of_elements_a_second() -> None:
    clock = iter([7.0, 7.25, 7.5, 7.75, 8.0])
    schema = read_schema({"order.xsd": ORDER}.__getitem__, "order.xsd", seconds=lambda: next(clock))
    large = b"<ORDER><NO>1</NO>" + b"<LINE><QTY>1</QTY></LINE>" * 6_000 + b"<LINE><QTY>two</QTY></LINE></ORDER>"
    small = b"<ORDER><NO>1</NO><LINE><QTY>two</QTY></LINE></ORDER>"
    told = [refused(schema, body).why for body in (small, large, large, small, large)]
    explained, own = "invalid value 'two' for xs:decimal", "Element 'QTY': 'two' is not a valid value of the atomic"
    assert told == [explained, explained, f"{own} type 'xs:decimal'.", explained, explained]


def test_a_schema_location_in_a_message_is_never_followed(schema: Schema) -> None:
    body = (
        b'<ORDER xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x file:///etc/passwd" '
        b'xsi:noNamespaceSchemaLocation="http://192.0.2.1/x.xsd"><NO>1</NO><LINE><QTY>%s</QTY></LINE></ORDER>'
    )
    schema.validate(parse(body % b"1"))
    assert refused(schema, body % b"two").why == "invalid value 'two' for xs:decimal"


def test_a_message_with_many_faults_is_explained_up_to_the_last_fault_that_is_told(schema: Schema) -> None:
    lines = 4_900
    body = b"<ORDER><NO>1</NO>" + b"\n<LINE><QTY>x</QTY></LINE>" * lines + b"</ORDER>"
    seen: list[object] = []
    model = schema.model
    explain = model.iter_errors

    class Counting:
        def iter_errors(self, element: object, validation_hook: Callable[[object, object], object]) -> object:
            def counted(node: object, declaration: object) -> object:
                seen.append(node)
                return validation_hook(node, declaration)

            return explain(element, validation_hook=counted)

    schema.__dict__["model"] = Counting()
    try:
        error = refused(schema, body)
    finally:
        schema.__dict__["model"] = model
    assert len(error.objects["findings"]) == 20
    assert error.why.startswith("invalid value 'x' for xs:decimal; further: line 3, ")
    assert len(seen) < 100


def test_a_number_of_thousands_of_digits_is_told_in_the_hubs_words() -> None:
    xsd = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r" type="xs:int"/></xs:schema>"""
    schema = read_schema({"m.xsd": xsd}.__getitem__, "m.xsd")
    assert refused(schema, b"<r>%s</r>" % (b"1" * 5_000)).why == (
        f"a number of at most 4,300 digits is expected; found '{'1' * 40}'... (5000 characters)"
    )


def test_xmlschema_judges_where_libxml2_gives_up(schema: Schema) -> None:
    class GivesUp:
        def validate(self, element: object) -> bool:
            raise etree.XMLSchemaValidateError("Internal error in XML Schema validation.")

    shallow = read_schema({"order.xsd": ORDER}.__getitem__, "order.xsd")
    shallow.__dict__["_verdict"] = GivesUp()
    shallow.validate(parse(b"<ORDER><NO>1</NO><LINE><QTY>1</QTY></LINE></ORDER>"))
    assert refused(shallow, b"<ORDER><NO>1</NO><LINE><QTY>x</QTY></LINE></ORDER>").why == (
        "invalid value 'x' for xs:decimal"
    )
