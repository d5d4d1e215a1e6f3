"""Each data feature of XSD 1.0, by a small schema: read, written, and read again as the same tree."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass, field

import pytest

from integration_objects.declaration import Source
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from maps.path import value_path
from maps.scope import Position, Scope
from maps.shape import EXTERNAL
from schemas.check import parse
from schemas.external_object import XmlObject, read_external_objects
from schemas.from_xml import external_from_xml
from schemas.limits import DEFAULT_LIMITS
from schemas.to_xml import external_to_xml
from tests.schemas.test_kept_object import Memory

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "schemas.md").read_text(encoding="utf-8")
TEXT = 'type="xs:string"'


def schema(body: str, attributes: str = "") -> str:
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" {attributes}>{body}</xs:schema>'


def declared(body: str, attributes: str = "", root: str = "r", more: str = "", **files: str) -> XmlObject:
    texts = {"main.xsd": schema(body, attributes), **{f"{name}.xsd": text for name, text in files.items()}}
    source = Source("x.yaml", f'external object: X\nschema: main.xsd\nroot: "{root}"\n{more}')
    return read_external_objects([source], lambda path: texts[path].encode())["X"]


def r(content: str, attributes: str = "", type: str = "") -> str:
    """A root element of this content model."""
    return f'<xs:element name="r"><xs:complexType {type}>{content}{attributes}</xs:complexType></xs:element>'


def e(name: str, more: str = TEXT) -> str:
    return f'<xs:element name="{name}" {more}/>'


@dataclass(frozen=True)
class Feature:
    """A feature: the row of the page's matrix, a schema, a message of it, and the lines of its tree."""

    row: str
    body: str
    message: str
    tree: tuple[str, ...]
    attributes: str = ""
    root: str = "r"
    files: dict[str, str] = field(default_factory=dict)


BASE = (
    '<xs:complexType name="base" abstract="true"><xs:sequence>' + e("a") + "</xs:sequence></xs:complexType>"
    '<xs:complexType name="one"><xs:complexContent><xs:extension base="base"><xs:sequence>' + e("b") + "</xs:sequence>"
    "</xs:extension></xs:complexContent></xs:complexType>"
    '<xs:complexType name="two"><xs:complexContent><xs:extension base="base"><xs:attribute name="c"/></xs:extension>'
    "</xs:complexContent></xs:complexType>"
)
FEATURES = [
    Feature(
        "choice",
        r("<xs:choice>" + e("a") + "<xs:sequence>" + e("b") + e("c") + "</xs:sequence></xs:choice>"),
        "<r><b>1</b><c>2</c></r>",
        ("r b=1 c=2",),
    ),
    Feature(
        "repeated choice",
        r('<xs:choice maxOccurs="unbounded">' + e("a") + e("b") + "</xs:choice>"),
        "<r><b>1</b><a>2</a><b>3</b></r>",
        ("r", "  b:1", "  a:2", "  b:3"),
    ),
    Feature(
        "repeated sequence",
        r('<xs:sequence maxOccurs="unbounded">' + e("a") + e("b", f'{TEXT} minOccurs="0"') + "</xs:sequence>"),
        "<r><a>1</a><b>2</b><a>3</a><a>4</a><b>5</b></r>",
        ("r", "  a:1", "  b:2", "  a:3", "  a:4", "  b:5"),
    ),
    Feature(
        "all",
        r("<xs:all>" + e("a") + e("b", f'{TEXT} minOccurs="0"') + e("c") + "</xs:all>"),
        "<r><c>3</c><a>1</a></r>",
        ("r c=3 a=1",),
    ),
    Feature(
        "group, attribute group",
        '<xs:group name="g"><xs:sequence>' + e("a") + e("b") + "</xs:sequence></xs:group>"
        '<xs:attributeGroup name="h"><xs:attribute name="c"/><xs:attribute name="d"/></xs:attributeGroup>'
        + r('<xs:sequence><xs:group ref="g"/></xs:sequence>', '<xs:attributeGroup ref="h"/>'),
        '<r c="3" d="4"><a>1</a><b>2</b></r>',
        ("r @c=3 @d=4 a=1 b=2",),
    ),
    Feature(
        "extension",
        '<xs:complexType name="base"><xs:sequence>' + e("a") + "</xs:sequence></xs:complexType>"
        '<xs:element name="r"><xs:complexType><xs:complexContent><xs:extension base="base"><xs:sequence>'
        + e("b")
        + "</xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:element>",
        "<r><a>1</a><b>2</b></r>",
        ("r a=1 b=2",),
    ),
    Feature(
        "restriction",
        '<xs:complexType name="base"><xs:sequence>' + e("a") + e("b", f'{TEXT} minOccurs="0"') + "</xs:sequence>"
        '<xs:attribute name="c"/></xs:complexType>'
        '<xs:element name="r"><xs:complexType><xs:complexContent><xs:restriction base="base"><xs:sequence>'
        + e("a")
        + '</xs:sequence><xs:attribute name="c" use="prohibited"/></xs:restriction></xs:complexContent>'
        "</xs:complexType></xs:element>",
        "<r><a>1</a></r>",
        ("r a=1",),
    ),
    Feature(
        "abstract type, named by xsi:type",
        BASE + r("<xs:sequence>" + e("x", 'type="base" maxOccurs="unbounded"') + "</xs:sequence>"),
        f'<r {XSI}><x xsi:type="one"><a>1</a><b>2</b></x><x xsi:type="two" c="3"><a>4</a></x></r>',
        ("r", "  x @xsi:type=one a=1 b=2", "  x @xsi:type=two @c=3 a=4"),
    ),
    Feature(
        "substitution group",
        e("head", f'{TEXT} abstract="true"')
        + e("one", f'{TEXT} substitutionGroup="head"')
        + e("two", f'{TEXT} substitutionGroup="one"')
        + r('<xs:sequence><xs:element ref="head" maxOccurs="unbounded"/></xs:sequence>'),
        "<r><two>1</two><one>2</one></r>",
        ("r", "  two:1", "  one:2"),
    ),
    Feature(
        "list",
        '<xs:simpleType name="l"><xs:list itemType="xs:int"/></xs:simpleType>'
        + r("<xs:sequence>" + e("a", 'type="l"') + "</xs:sequence>"),
        "<r><a> 1  2\n3 </a></r>",
        ("r a=1 2 3",),
    ),
    Feature(
        "union",
        '<xs:simpleType name="u"><xs:union memberTypes="xs:int xs:date"/></xs:simpleType>'
        + r("<xs:sequence>" + e("a", 'type="u" maxOccurs="2"') + "</xs:sequence>"),
        "<r><a>1</a><a>2026-01-31</a></r>",
        ("r", "  a:1", "  a:2026-01-31"),
    ),
    Feature(
        "nillable",
        r(
            "<xs:sequence>"
            + e("a", f'{TEXT} nillable="true"')
            + e("b", f'{TEXT} nillable="true" maxOccurs="2"')
            + "</xs:sequence>"
        ),
        f'<r {XSI}><a xsi:nil="true"/><b>1</b><b xsi:nil="1"/></r>',
        ("r a=null", "  b:1", "  b @xsi:nil=Y"),
    ),
    Feature(
        "default and fixed values",
        r(
            "<xs:sequence>" + e("a", f'{TEXT} default="x"') + e("b", f'{TEXT} fixed="y"') + "</xs:sequence>",
            f'<xs:attribute name="c" {TEXT} default="z"/><xs:attribute name="d" {TEXT} fixed="v"/>',
        ),
        "<r><a/><b/></r>",
        ("r @c=z @d=v a=x b=y",),
    ),
    Feature(
        "chameleon include",
        '<xs:include schemaLocation="parts.xsd"/>' + r("<xs:sequence>" + e("a", 'type="t:part"') + "</xs:sequence>"),
        '<r xmlns="urn:t"><a><n>1</n><more>2</more></a></r>',
        ("r", "  a n=1", "    more:2"),
        'xmlns:t="urn:t" targetNamespace="urn:t" elementFormDefault="qualified"',
        "{urn:t}r",
        {
            "parts": schema(
                '<xs:complexType name="part"><xs:sequence>'
                + e("n")
                + '<xs:element ref="more" maxOccurs="2"/></xs:sequence></xs:complexType>'
                + e("more"),
                'elementFormDefault="qualified"',
            )
        },
    ),
    Feature(
        "import of other namespaces",
        '<xs:import namespace="urn:o" schemaLocation="other.xsd"/>'
        + r('<xs:sequence><xs:element ref="o:a"/>' + e("a") + "</xs:sequence>"),
        '<r xmlns:o="urn:o"><o:a>1</o:a><a>2</a></r>',
        ("r a=1 {}a=2",),
        'xmlns:o="urn:o"',
        files={"other": schema(e("a"), 'targetNamespace="urn:o"')},
    ),
    Feature(
        "redefine",
        '<xs:redefine schemaLocation="parts.xsd"><xs:complexType name="part"><xs:complexContent>'
        '<xs:extension base="part"><xs:sequence>'
        + e("b")
        + "</xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:redefine>"
        + r("<xs:sequence>" + e("x", 'type="part"') + "</xs:sequence>"),
        "<r><x><a>1</a><b>2</b></x></r>",
        ("r", "  x a=1 b=2"),
        files={
            "parts": schema('<xs:complexType name="part"><xs:sequence>' + e("a") + "</xs:sequence></xs:complexType>")
        },
    ),
    Feature(
        "recursion",
        '<xs:complexType name="n"><xs:sequence>'
        + e("a")
        + e("n", 'type="n" minOccurs="0" maxOccurs="unbounded"')
        + "</xs:sequence></xs:complexType>"
        + e("r", 'type="n"'),
        "<r><a>1</a><n><a>2</a><n><a>3</a></n></n><n><a>4</a></n></r>",
        ("r a=1", "  n a=2", "    n a=3", "  n a=4"),
    ),
    Feature(
        "simple content with attributes",
        r(
            '<xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="unit"/></xs:extension>'
            "</xs:simpleContent>"
        ),
        '<r unit="EUR">1.50</r>',
        ("r:1.50 @unit=EUR",),
    ),
    Feature(
        "empty content",
        r("<xs:sequence>" + '<xs:element name="a" minOccurs="0"><xs:complexType/></xs:element>' + "</xs:sequence>"),
        "<r><a/></r>",
        ("r", "  a"),
    ),
    Feature(
        "mixed content",
        r("<xs:sequence>" + e("a", f'{TEXT} minOccurs="0"') + "</xs:sequence>", type='mixed="true"'),
        "<r>only text</r>",
        ("r:only text",),
    ),
    Feature(
        "mixed content",
        r("<xs:sequence>" + e("a", f'{TEXT} minOccurs="0"') + "</xs:sequence>", type='mixed="true"'),
        "<r><a>only elements</a></r>",
        ("r a=only elements",),
    ),
]


def lines(node: PropertySet, depth: int = 0) -> list[str]:
    """A tree as text: type, value, properties, and the children beneath it."""
    value = f":{node.value}" if node.value.strip() else ""
    properties = "".join(f" {name}={'null' if text is None else text}" for name, text in node.properties.items())
    own = "  " * depth + node.type + value + properties
    return [own, *(line for child in node.children for line in lines(child, depth + 1))]


def there_and_back(obj: XmlObject, message: str) -> PropertySet:
    """The tree of a message, proven to be written as something valid that reads as the same tree."""
    element = parse(message.encode())
    obj.schema.validate(element)
    tree = external_from_xml(element, obj)
    written = parse(external_to_xml(tree, obj))
    obj.schema.validate(written)
    assert external_from_xml(written, obj) == tree
    return tree


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: f"{feature.row}: {feature.message[:30]}")
def test_a_feature_is_read_and_written(feature: Feature) -> None:
    obj = declared(feature.body, feature.attributes, feature.root, **feature.files)
    assert lines(there_and_back(obj, feature.message)) == list(feature.tree)


def test_the_pages_matrix_has_each_feature_and_no_other() -> None:
    matrix = PAGE.partition("## Features of XSD")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in matrix.splitlines() if line.startswith("| ")][2:]
    assert sorted(rows) == sorted({feature.row for feature in FEATURES} | {"wildcard"})


ABSTRACT = declared(BASE + r("<xs:sequence>" + e("x", 'type="base"') + "</xs:sequence>"))


def refusal(obj: XmlObject, message: str) -> HubError:
    with pytest.raises(HubError) as caught:
        obj.read(message.encode(), DEFAULT_LIMITS)
    return caught.value


def test_an_abstract_type_by_itself_is_refused() -> None:
    error = refusal(ABSTRACT, "<r><x><a>1</a></x></r>")
    assert error.reason == "AgainstSchema"
    assert error.where == "line 1, /r[1]/x[1]"


MIXED = declared(r("<xs:sequence>" + e("a") + "</xs:sequence>", type='mixed="true"'))


@pytest.mark.parametrize("message", ["<r>text<a>1</a></r>", "<r>\n  <a>1</a> text\n</r>"])
def test_text_between_elements_is_refused_with_its_reason(message: str) -> None:
    assert str(refusal(MIXED, message)) == (
        "'r' has text between its elements\n"
        "  where: line 1, /r[1]\n"
        "  why:   the schema allows mixed content there, and the hub's tree has no place for it\n"
        "  mend:  send the text in an element of its own"
    )


def test_a_tree_that_would_become_mixed_content_is_refused() -> None:
    with pytest.raises(HubError) as caught:
        external_to_xml(PropertySet("r", "text", {"a": "1"}), MIXED)
    assert str(caught.value) == (
        "'r' would have text between its elements\n"
        "  where: /r[1]\n"
        "  why:   the node has a text and elements\n"
        "  mend:  put the text into one of its fields"
    )


OPEN = (
    r(
        "<xs:sequence>"
        + e("a")
        + '<xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>'
        + e("z")
        + "</xs:sequence>",
        '<xs:anyAttribute processContents="skip"/>',
    ),
    'xmlns="urn:t" targetNamespace="urn:t" elementFormDefault="qualified"',
    "{urn:t}r",
)
EXTENDED = '<r xmlns="urn:t"><a>1</a><o:x xmlns:o="urn:o" k="v">2 &amp; <o:y/></o:x><p xmlns="urn:p"/><z>3</z></r>'


def test_without_a_word_what_a_wildcard_admits_is_left_out() -> None:
    assert lines(there_and_back(declared(*OPEN), EXTENDED)) == ["r a=1 z=3"]


def test_kept_elements_come_back_in_their_place() -> None:
    obj = declared(*OPEN, more="wildcards: kept\n")
    tree = there_and_back(obj, EXTENDED)
    assert lines(tree) == [
        "r a=1 z=3",
        '  xs:any:<o:x xmlns:o="urn:o" xmlns="urn:t" k="v">2 &amp; <o:y/></o:x>',
        '  xs:any:<p xmlns="urn:p"/>',
    ]
    assert re.search(rb"</a><o:x.*</o:x><p xmlns=\"urn:p\"/><z>", external_to_xml(tree, obj))
    assert lines(obj.read(EXTENDED.encode(), DEFAULT_LIMITS).tree) == lines(tree)
    # A map can read and copy them.
    path = value_path("xs:any[2]", Position(obj.definition.root, None, EXTERNAL))
    assert path.raw(Scope(tree, None)) == '<p xmlns="urn:p"/>'


def test_a_kept_element_that_is_no_xml_is_not_written() -> None:
    obj = declared(*OPEN, more="wildcards: kept\n")
    for text in ("no XML", "<a/><b/>", "<a>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        with pytest.raises(HubError) as caught:
            external_to_xml(PropertySet("r", "", {"a": "1", "z": "3"}, [PropertySet("xs:any", text)]), obj)
        assert caught.value.reason == "WildcardUnwritable"
        assert caught.value.what == "the element that a wildcard admits in 'r' can't be written"


def test_refused_wildcards_name_element_and_attribute() -> None:
    obj = declared(*OPEN, more="wildcards: refused\n")
    assert str(refusal(obj, EXTENDED)) == (
        "'{urn:o}x' in 'r' is admitted by a wildcard only\n"
        "  where: line 1, /r[1]/x[1]\n"
        "  why:   the external object's declaration refuses it\n"
        "  mend:  leave it out, or change `wildcards` in the declaration of the external object"
    )
    attribute = '<r xmlns="urn:t" k="v"><a>1</a><z>3</z></r>'
    assert refusal(obj, attribute).what == "'@k' in 'r' is admitted by a wildcard only"
    kept = refusal(declared(*OPEN, more="wildcards: kept\n"), attribute)
    assert (kept.reason, kept.why) == ("WildcardRefused", "only elements are kept")
    plain = f'<r xmlns="urn:t" {XSI} xsi:schemaLocation="urn:t t.xsd"><a>1</a><z>3</z></r>'
    assert lines(obj.read(plain.encode(), DEFAULT_LIMITS).tree) == ["r a=1 z=3"]


def test_a_message_is_glanced_at_whatever_its_wildcards_and_mixed_content() -> None:
    assert lines(declared(*OPEN, more="wildcards: refused\n").glance(EXTENDED.encode(), DEFAULT_LIMITS, None)) == [
        "r a=1 z=3"
    ]
    assert MIXED.glance(b"<r>text<a>1</a></r>", DEFAULT_LIMITS, None).get("a") == "1"


def test_an_unknown_treatment_of_wildcards_names_the_known_ones() -> None:
    with pytest.raises(HubError) as caught:
        declared(*OPEN, more="wildcards: keep\n")
    assert caught.value.why == "expected left out, kept, refused"


def test_objects_of_one_schema_keep_their_own_treatment_in_the_cache() -> None:
    cache = Memory()
    mixed = schema(
        r("<xs:sequence>" + e("a") + '<xs:any processContents="skip"/></xs:sequence>', type='mixed="true"')
    ).encode()
    for _ in range(2):  # the second time from the cache
        found = {}
        for wildcards in ("left out", "kept", "refused"):
            source = Source("x.yaml", f"external object: X\nschema: m.xsd\nroot: r\nwildcards: {wildcards}\n")
            obj = read_external_objects([source], {"m.xsd": mixed}.__getitem__, cache=cache)["X"]
            try:
                found[wildcards] = lines(external_from_xml(parse(b"<r><a>1</a><b/></r>"), obj))
            except HubError as error:
                found[wildcards] = [error.reason]
            assert refusal(obj, "<r>x<a>1</a><b/></r>").reason == "MixedContent"
        assert found == {"left out": ["r a=1"], "kept": ["r a=1", "  xs:any:<b/>"], "refused": ["WildcardRefused"]}
