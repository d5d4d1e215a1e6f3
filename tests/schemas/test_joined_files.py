"""A namespace that lies in several files, in each way that schemas refer to each other."""

from __future__ import annotations

import pytest

from schemas.check import AgainstSchema, parse, read_schema
from schemas.schema_files import SchemaFaulty

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
KIND = '<xs:simpleType name="kind"><xs:restriction base="xs:string"><xs:pattern value="[a-c]"/></xs:restriction>'
KIND += "</xs:simpleType>"
NUMBER = '<xs:simpleType name="number"><xs:restriction base="xs:int"/></xs:simpleType>'
COMMON = 'targetNamespace="urn:c" xmlns:c="urn:c"'


def xsd(body: str, attributes: str = "") -> bytes:
    return f"<xs:schema {XS} {attributes}>{body}</xs:schema>".encode()


def root(types: str = "c:kind c:number") -> str:
    kind, number = types.split()
    return (
        '<xs:element name="r"><xs:complexType><xs:sequence>'
        f'<xs:element name="k" type="{kind}"/><xs:element name="n" type="{number}"/>'
        "</xs:sequence></xs:complexType></xs:element>"
    )


def imported(place: str, namespace: str = "urn:c") -> str:
    return f'<xs:import namespace="{namespace}" schemaLocation="{place}"/>'


C = 'xmlns:c="urn:c"'
SETS = {
    "two imports": {
        "m.xsd": xsd(imported("kinds.xsd") + imported("numbers.xsd") + root(), C),
        "kinds.xsd": xsd(KIND, COMMON),
        "numbers.xsd": xsd(NUMBER, COMMON),
    },
    "a diamond": {
        "m.xsd": xsd(
            imported("a.xsd", "urn:a") + imported("b/b.xsd", "urn:b") + root("a:kind b:number"),
            'xmlns:a="urn:a" xmlns:b="urn:b"',
        ),
        "a.xsd": xsd(
            imported("b/kinds.xsd") + '<xs:simpleType name="kind"><xs:restriction base="c:kind"/></xs:simpleType>',
            f'targetNamespace="urn:a" {C}',
        ),
        "b/b.xsd": xsd(
            imported("numbers.xsd") + '<xs:simpleType name="number"><xs:restriction base="c:number"/></xs:simpleType>',
            f'targetNamespace="urn:b" {C}',
        ),
        "b/kinds.xsd": xsd(KIND, COMMON),
        "b/numbers.xsd": xsd(NUMBER, COMMON),
    },
    "parts that include each other": {
        "m.xsd": xsd(imported("kinds.xsd") + imported("numbers.xsd") + root(), C),
        "kinds.xsd": xsd('<xs:include schemaLocation="base.xsd"/>' + KIND, COMMON),
        "numbers.xsd": xsd(
            '<xs:include schemaLocation="base.xsd"/><xs:include schemaLocation="kinds.xsd"/>' + NUMBER, COMMON
        ),
        "base.xsd": xsd('<xs:simpleType name="base"><xs:restriction base="xs:string"/></xs:simpleType>', COMMON),
    },
    "copies of one file": {
        "m.xsd": xsd(imported("a/c.xsd") + imported("o.xsd", "urn:o") + root(), C),
        "o.xsd": xsd(imported("b/c.xsd"), 'targetNamespace="urn:o"'),
        "a/c.xsd": xsd(KIND + NUMBER, COMMON),
        "b/c.xsd": xsd(KIND + NUMBER, COMMON),
    },
    "the main file's own namespace": {
        "m.xsd": xsd(imported("o.xsd", "urn:o") + root("o:kind number"), 'xmlns:o="urn:o"'),
        "o.xsd": xsd('<xs:import schemaLocation="numbers.xsd"/>' + KIND, 'targetNamespace="urn:o"'),
        "numbers.xsd": xsd(NUMBER),
    },
}


@pytest.mark.parametrize("name", sorted(SETS))
def test_a_namespace_in_several_files_is_read_whole(name: str) -> None:
    schema = read_schema(SETS[name].__getitem__, "m.xsd")
    assert "r" in schema.model.maps.elements
    schema.validate(parse(b"<r><k>a</k><n>1</n></r>"))
    for body in (b"<r><k>d</k><n>1</n></r>", b"<r><k>a</k><n>x</n></r>"):
        with pytest.raises(AgainstSchema):
            schema.validate(parse(body))


def test_files_that_contradict_each_other_are_told() -> None:
    files = SETS["two imports"] | {"numbers.xsd": xsd(NUMBER + KIND.replace("[a-c]", "[x-z]"), COMMON)}
    with pytest.raises(SchemaFaulty) as caught:
        read_schema(files.__getitem__, "m.xsd")
    assert "kind" in caught.value.why


def test_a_faulty_file_keeps_its_line_beside_a_pattern() -> None:
    body = xsd(f'\n{KIND}\n<xs:element\n name="r"\n type="nope"/>', "\n\n")
    with pytest.raises(SchemaFaulty) as caught:
        read_schema({"m.xsd": body}.__getitem__, "m.xsd")
    assert caught.value.where == "m.xsd:7"
