"""The files of a schema: found among what was handed in, or an error that names the line."""

from __future__ import annotations

import pytest

from schemas.check import AgainstSchema, parse, read_schema
from schemas.pattern import PatternUnreadable
from schemas.schema_files import SchemaFaulty, SchemaFileMissing

HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '


def xsd(body: str, attributes: str = "") -> bytes:
    return f"{HEAD}{attributes}>\n{body}\n</xs:schema>".encode()


def test_includes_and_imports_are_found_beside_each_other() -> None:
    files = {
        "a/main.xsd": xsd(
            '<xs:include schemaLocation="parts/one.xsd"/><xs:import namespace="urn:t" '
            'schemaLocation="../b/two.xsd"/><xs:element name="r"><xs:complexType><xs:sequence>'
            '<xs:element name="x" type="one"/><xs:element ref="t:y"/></xs:sequence></xs:complexType></xs:element>',
            'xmlns:t="urn:t"',
        ),
        "a/parts/one.xsd": xsd('<xs:simpleType name="one"><xs:restriction base="xs:int"/></xs:simpleType>'),
        "b/two.xsd": xsd('<xs:element name="y" type="xs:date"/>', 'targetNamespace="urn:t"'),
        "c/never.xsd": b"not read",
    }
    read: list[str] = []
    schema = read_schema(lambda path: read.append(path) or files[path], "a/main.xsd")  # type: ignore[func-returns-value]
    assert sorted(read) == ["a/main.xsd", "a/parts/one.xsd", "b/two.xsd"]
    schema.validate(parse(b'<r><x>1</x><y xmlns="urn:t">2026-01-31</y></r>'))
    with pytest.raises(AgainstSchema):
        schema.validate(parse(b'<r><x>one</x><y xmlns="urn:t">2026-01-31</y></r>'))
    assert "{urn:t}y" in schema.model.maps.elements


@pytest.mark.parametrize(
    "location", ["gone.xsd", "../../etc/passwd", "http://example.org/gone.xsd", "file:///etc/passwd"]
)
@pytest.mark.parametrize("kind", ["include", "import namespace='urn:t'"])
def test_a_file_that_was_not_handed_in_is_missing_and_never_fetched(kind: str, location: str) -> None:
    body = xsd(f'<xs:{kind} schemaLocation="{location}"/>')
    with pytest.raises(SchemaFileMissing) as caught:
        read_schema({"s/main.xsd": body}.__getitem__, "s/main.xsd")
    path = {"gone.xsd": "s/gone.xsd", "../../etc/passwd": "../etc/passwd"}.get(location, location)
    assert str(caught.value) == (
        f"the schema file '{path}' is not there\n"
        "  where: s/main.xsd:2\n"
        "  why:   schemas are read from the folder that holds them, and never fetched\n"
        "  mend:  put a copy of the file into that place, or let schemaLocation name the place where it is"
    )


def test_a_namespace_that_no_file_declares_is_missing() -> None:
    with pytest.raises(SchemaFileMissing) as caught:
        read_schema({"m.xsd": xsd('\n<xs:import namespace="urn:nowhere"/>')}.__getitem__, "m.xsd")
    assert str(caught.value) == (
        "the namespace 'urn:nowhere' is imported and nowhere declared\n"
        "  where: m.xsd:3\n"
        "  why:   no file of this schema has it as its targetNamespace\n"
        "  mend:  add a schemaLocation, and the file that it names"
    )


@pytest.mark.parametrize(
    ("body", "where", "why"),
    [
        (b"<a/>", "m.xsd:1", "expected xs:schema, found 'a'"),
        (b"<a>", "m.xsd:1:4", "the message is not XML"),
        (xsd('<xs:element name="a" type="nope"/>'), "m.xsd:2", "nope"),
        (b"<!DOCTYPE a><a/>", "m.xsd:1", "the message has a DOCTYPE"),
    ],
)
def test_a_faulty_schema_names_file_and_line(body: bytes, where: str, why: str) -> None:
    with pytest.raises(SchemaFaulty) as caught:
        read_schema({"m.xsd": body}.__getitem__, "m.xsd")
    assert caught.value.where == where
    assert why in caught.value.why
    assert caught.value.verdict == "stop"


def test_a_pattern_that_cannot_be_read_is_told_with_file_and_line() -> None:
    body = xsd(
        '<xs:simpleType name="t"><xs:restriction base="xs:string">\n<xs:pattern value="(a"/>'
        "</xs:restriction></xs:simpleType>"
    )
    with pytest.raises(PatternUnreadable) as caught:
        read_schema({"m.xsd": body}.__getitem__, "m.xsd")
    assert str(caught.value) == (
        "the pattern '(a' can't be read\n"
        "  where: m.xsd:3\n"
        "  why:   character 2: a group stays open\n"
        "  mend:  write the pattern as XML Schema, part 2, appendix F describes it"
    )
