"""External objects in a cache: the same object without a model, and never another one."""

from __future__ import annotations

import json

import pytest

from integration_objects.declaration import Source
from schemas.check import AgainstSchema, parse
from schemas.external_object import XmlObject, read_external_objects
from schemas.from_xml import external_from_xml
from schemas.kept_object import KeptObjects
from schemas.to_xml import external_to_xml

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o" xmlns="urn:o"
    elementFormDefault="qualified">
  <xs:simpleType name="number"><xs:restriction base="xs:token">
    <xs:pattern value="([0-9]{3})?[0-9]{4}"/></xs:restriction></xs:simpleType>
  <xs:complexType name="line"><xs:sequence>
    <xs:element name="n" type="number"/><xs:element name="on" type="xs:date" minOccurs="0" nillable="true"/>
    <xs:element name="b" type="xs:boolean" minOccurs="0" default="true"/>
    <xs:element name="kind" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
      <xs:maxLength value="3"/><xs:enumeration value="a"/><xs:enumeration value="b"/></xs:restriction></xs:simpleType>
    </xs:element>
    <xs:element name="line" type="line" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="act" type="xs:token" default="keep"/><xs:attribute name="mark" type="number"/></xs:complexType>
  <xs:complexType name="more"><xs:complexContent><xs:extension base="line"><xs:sequence>
    <xs:element name="x" type="number"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:element name="r"><xs:complexType><xs:sequence><xs:element name="line" type="line" maxOccurs="9"/>
    <xs:element name="text" nillable="true" minOccurs="0" maxOccurs="2" type="xs:string"/></xs:sequence>
  </xs:complexType></xs:element>
</xs:schema>"""
UNION = XSD.replace(
    "</xs:schema>",
    '<xs:simpleType name="u"><xs:union memberTypes="number xs:date"/></xs:simpleType>'
    '<xs:element name="u" type="u"/></xs:schema>',
)
BODY = (
    b'<r xmlns="urn:o" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><line mark="1234"><n>1234</n><b/>'
    b'<kind>a</kind><line><n>1234567</n></line></line><line xsi:type="more" act="x"><n>1234</n>'
    b'<on xsi:nil="true"/><x>%s</x></line><text xsi:nil="true"/></r>'
)


class Memory(dict[str, bytes]):
    """A cache in memory."""

    state = "this code"

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def write(self, name: str, content: bytes) -> None:
        self[name] = content


def declared(cache: Memory | None, xsd: str = XSD, root: str = "{urn:o}r") -> XmlObject:
    source = Source("x.yaml", f'external object: X\nschema: m.xsd\nroot: "{root}"\n')
    return read_external_objects([source], {"m.xsd": xsd.encode()}.__getitem__, cache=cache)["X"]


def is_kept(obj: XmlObject) -> bool:
    """Whether the object was made without a model."""
    return "model" not in obj.schema.__dict__


def test_a_kept_object_reads_writes_and_refuses_as_the_first_one_did() -> None:
    cache = Memory()
    first, kept = declared(cache), declared(cache)
    assert (is_kept(first), is_kept(kept)) == (False, True)
    trees = []
    for obj in (first, kept):
        element = parse(BODY % b"1234")
        obj.schema.validate(element)
        trees.append(external_from_xml(element, obj))
    assert trees[0] == trees[1]
    assert trees[0].children[0].properties["@act"] == "keep"
    assert external_to_xml(trees[0], first) == external_to_xml(trees[1], kept)
    # Without the model, also the verdict on patterns.
    assert is_kept(kept)
    for obj in (first, kept):
        with pytest.raises(AgainstSchema) as caught:
            obj.schema.validate(parse(BODY % b"123456"))
        assert caught.value.why == "value doesn't match any pattern of ['([0-9]{3})?[0-9]{4}']; found '123456'"
    with pytest.raises(AgainstSchema) as caught:
        kept.schema.validate(parse(b'<r xmlns="urn:o"><line/></r>'))
    assert caught.value.why == "The content of element '{urn:o}line' is not complete. Tag '{urn:o}n' expected"


def test_the_kept_shape_is_the_shape_that_the_schema_gives() -> None:
    cache = Memory()
    made, kept = (list(declared(cache).definition.components()) for _ in range(2))
    assert len(made) == len(kept)
    for one, other in zip(made, kept, strict=True):
        names = {id(component): number for number, component in enumerate(made)}
        other_names = {id(component): number for number, component in enumerate(kept)}
        children = {name: names[id(child)] for name, child in one.children.items()}
        assert {name: other_names[id(child)] for name, child in other.children.items()} == children
        assert {**vars(one), "children": None} == {**vars(other), "children": None}


def test_an_object_of_other_files_another_root_or_other_code_is_made_anew() -> None:
    cache = Memory()
    declared(cache)
    assert not is_kept(declared(cache, XSD.replace('maxOccurs="9"', 'maxOccurs="8"')))
    # One content for each object: the newest.
    assert len(cache) == 1
    assert not is_kept(declared(cache))
    cache.state = "other code"
    assert not is_kept(declared(cache))
    assert is_kept(declared(cache))


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept[: len(kept) // 2],
        lambda kept: b"",
        lambda kept: b"\xff",
        lambda kept: b"[]",
        lambda kept: json.dumps({**json.loads(kept), "components": []}).encode(),
        lambda kept: json.dumps({**json.loads(kept), "rules": 1}).encode(),
    ],
)
def test_a_damaged_content_is_made_anew(damage) -> None:  # type: ignore[no-untyped-def]
    cache = Memory()
    declared(cache)
    [name] = cache
    cache[name] = damage(cache[name])
    assert not is_kept(declared(cache))
    assert is_kept(declared(cache))


def test_a_union_with_a_pattern_is_judged_by_the_model() -> None:
    cache = Memory()
    for _ in range(2):
        obj = declared(cache, UNION, "{urn:o}u")
        for text, fits in ((b"1234", True), (b"2026-01-31", True), (b"123456", False)):
            element = parse(b'<u xmlns="urn:o">%s</u>' % text)
            if fits:
                obj.schema.validate(element)
            else:
                with pytest.raises(AgainstSchema):
                    obj.schema.validate(element)


def test_without_a_cache_nothing_is_kept() -> None:
    assert not is_kept(declared(None))
    assert KeptObjects(None).find("m.xsd", "r", []) is None
