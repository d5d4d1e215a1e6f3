"""An XSD seen as an integration object, and its messages there and back."""

from __future__ import annotations

import pytest

from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import IntegrationObject
from integration_objects.property_set import PropertySet
from schemas.check import parse
from schemas.external_object import XmlObject, read_external_objects
from schemas.from_xml import WrongRoot, external_from_xml
from schemas.schema_files import SchemaFileMissing
from schemas.to_xml import CharacterForbidden, NotInSchema, external_to_xml

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def declared(body: str, root: str = "r", attributes: str = "", **files: str) -> XmlObject:
    """An external object 'X' from the inside of a schema."""
    texts = {"main.xsd": f"<xs:schema {XS} {attributes}>{body}</xs:schema>"}
    texts |= {f"{name}.xsd": text for name, text in files.items()}
    source = Source("x.yaml", f'external object: X\nschema: main.xsd\nroot: "{root}"\n')
    return read_external_objects([source], lambda path: texts[path].encode())["X"]


def sequence(body: str) -> str:
    return f'<xs:element name="r"><xs:complexType><xs:sequence>{body}</xs:sequence></xs:complexType></xs:element>'


def there_and_back(obj: XmlObject, body: str) -> PropertySet:
    """The tree of *body*, proven to be written as something valid that reads as the same tree."""
    element = parse(body.encode())
    obj.schema.validate(element)
    tree = external_from_xml(element, obj)
    written = parse(external_to_xml(tree, obj))
    obj.schema.validate(written)
    assert external_from_xml(written, obj.definition) == tree
    return tree


def fields(obj: XmlObject, *path: str) -> dict[str, tuple[str, int | None, bool]]:
    component = obj.definition.root
    for step in path:
        component = component.children[step]
    return {field.name: (field.type, field.length, field.required) for field in component.fields.values()}


def test_simple_elements_and_attributes_are_fields_and_all_else_components() -> None:
    obj = declared(
        sequence(
            '<xs:element name="no" type="xs:string"/><xs:element name="many" type="xs:int" maxOccurs="3"/>'
            '<xs:element name="amount"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">'
            '<xs:attribute name="currency" use="required"/></xs:extension></xs:simpleContent></xs:complexType>'
            '</xs:element><xs:element name="on" type="xs:date" minOccurs="0"/>'
        )
    )
    assert isinstance(obj.definition, IntegrationObject)
    assert obj.definition.external
    assert fields(obj) == {"no": ("text", None, True), "on": ("date", None, False)}
    assert obj.definition.root.occurs == {"many": (1, 3), "amount": (1, 1)}
    assert obj.definition.root.children["many"].text == "number"
    assert obj.definition.root.children["amount"].text == "number"
    assert fields(obj, "amount") == {"@currency": ("text", None, True)}
    tree = there_and_back(
        obj,
        '<r><no>1</no><many>1</many><many>2</many>\n<amount currency="EUR"> 5.00 </amount><on>2026-01-31</on></r>',
    )
    assert str(tree) == (
        'PropertySet@/ p#2 c#3 type="r" value=""\n'
        "{\n"
        '  p["no"] = "1";\n'
        '  p["on"] = "2026-01-31";\n'
        '  c[0] PropertySet@/many[1] p#0 c#0 type="many" value="1"\n'
        "  {\n"
        "  }\n"
        '  c[1] PropertySet@/many[2] p#0 c#0 type="many" value="2"\n'
        "  {\n"
        "  }\n"
        '  c[2] PropertySet@/amount[1] p#1 c#0 type="amount" value="5.00"\n'
        "  {\n"
        '    p["@currency"] = "EUR";\n'
        "  }\n"
        "}"
    )
    assert [tree.origin, *(child.origin for child in tree.children)] == [1, 1, 1, 2]


def test_types_lengths_values_and_lists_come_from_the_schema() -> None:
    obj = declared(
        sequence(
            '<xs:element name="code" type="code"/><xs:element name="short" type="short"/>'
            '<xs:element name="yes" type="xs:boolean"/><xs:element name="list" type="list"/>'
            '<xs:element name="at" type="at"/><xs:element name="n" type="xs:positiveInteger"/>'
            '<xs:element name="f" type="xs:double"/><xs:element name="token" type="xs:token"/>'
        )
        + '<xs:simpleType name="code"><xs:restriction base="xs:string"><xs:enumeration value="A"/>'
        '<xs:enumeration value="B"/></xs:restriction></xs:simpleType>'
        '<xs:simpleType name="short"><xs:restriction base="xs:string"><xs:maxLength value="9"/></xs:restriction>'
        '</xs:simpleType><xs:simpleType name="list"><xs:list itemType="xs:int"/></xs:simpleType>'
        '<xs:simpleType name="at"><xs:union memberTypes="xs:date xs:dateTime"/></xs:simpleType>'
    )
    assert fields(obj) == {
        "code": ("text", None, True),
        "short": ("text", 9, True),
        "yes": ("flag", None, True),
        "list": ("text", None, True),
        "at": ("date", None, True),
        "n": ("number", None, True),
        "f": ("number", None, True),
        "token": ("text", None, True),
    }
    assert obj.definition.root.fields["code"].values == ("A", "B")
    tree = there_and_back(
        obj,
        "<r><code>A</code><short>  x </short><yes> 1 </yes><list> 1  2\n3 </list><at>2026-01-31T10:00:00Z</at>"
        "<n> 7</n><f>1e3</f><token> a  b </token></r>",
    )
    assert tree.properties == {
        "code": "A",
        "short": "  x ",
        "yes": "Y",
        "list": "1 2 3",
        "at": "2026-01-31T10:00:00Z",
        "n": "7",
        "f": "1000",
        "token": "a b",
    }
    assert b"<yes>true</yes>" in external_to_xml(tree, obj)


def test_namespaces_and_imports_keep_their_elements_apart() -> None:
    other = (
        f'<xs:schema {XS} targetNamespace="urn:b" elementFormDefault="qualified"><xs:element name="id" '
        'type="xs:string"/><xs:attribute name="lang" type="xs:string"/></xs:schema>'
    )
    obj = declared(
        '<xs:import namespace="urn:b" schemaLocation="b.xsd"/>'
        + sequence('<xs:element name="id" type="xs:string"/><xs:element ref="b:id"/>').replace(
            "</xs:sequence>", '</xs:sequence><xs:attribute ref="b:lang"/><xs:attribute name="lang"/>'
        ),
        "{urn:a}r",
        'xmlns:b="urn:b" targetNamespace="urn:a" elementFormDefault="unqualified"',
        b=other,
    )
    tree = there_and_back(
        obj,
        '<a:r xmlns:a="urn:a" xmlns:b="urn:b" b:lang="x" lang="y"><id>1</id><b:id>2</b:id></a:r>',
    )
    names = {told.tag: name for name, told in obj.definition.root.fields.items()}
    assert sorted(names) == ["id", "lang", "{urn:b}id", "{urn:b}lang"]
    assert tree.properties == {names["{urn:b}lang"]: "x", names["lang"]: "y", "id": "1", "{urn:b}id": "2"}
    assert sorted(names.values()) in (
        ["@lang", "@{urn:b}lang", "id", "{urn:b}id"],
        ["@lang", "@{}lang", "id", "{urn:b}id"],
    )


def test_a_qualified_message_is_written_with_a_default_namespace() -> None:
    obj = declared(
        sequence('<xs:element name="id" type="xs:string"/>'),
        "{urn:a}r",
        'targetNamespace="urn:a" elementFormDefault="qualified"',
    )
    tree = there_and_back(obj, '<r xmlns="urn:a"><id>1</id></r>')
    assert external_to_xml(tree, obj) == (b'<?xml version="1.0" encoding="UTF-8"?>\n<r xmlns="urn:a"><id>1</id></r>')


def test_of_a_choice_nothing_is_required() -> None:
    obj = declared(
        sequence(
            '<xs:choice><xs:element name="a" type="xs:int"/><xs:sequence><xs:element name="b" type="xs:int"/>'
            '<xs:element name="c" type="xs:int"/></xs:sequence></xs:choice><xs:element name="d" type="xs:int"/>'
        )
    )
    assert {name: told[2] for name, told in fields(obj).items()} == {"a": False, "b": False, "c": False, "d": True}
    assert there_and_back(obj, "<r><b>1</b><c>2</c><d>3</d></r>").properties == {"b": "1", "c": "2", "d": "3"}


def test_what_stands_in_a_repeated_group_keeps_the_trees_order() -> None:
    obj = declared(
        sequence(
            '<xs:element name="no" type="xs:int"/><xs:choice maxOccurs="unbounded"><xs:element name="a" '
            'type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice><xs:element name="end" type="xs:int"/>'
        )
    )
    assert obj.definition.root.occurs == {"a": (0, None), "b": (0, None)}
    tree = there_and_back(obj, "<r><no>0</no><b>1</b><a>2</a><b>3</b><end>4</end></r>")
    assert [(node.type, node.value) for node in tree.children] == [("b", "1"), ("a", "2"), ("b", "3")]


def test_fields_and_children_are_written_in_the_schemas_order_whatever_the_trees() -> None:
    obj = declared(
        sequence(
            '<xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int" maxOccurs="2"/>'
            '<xs:element name="c" type="xs:int"/>'
        )
    )
    tree = PropertySet("r", properties={"c": "3", "a": "1"}, children=[PropertySet("b", "2")])
    assert external_to_xml(tree, obj).endswith(b"\n<r><a>1</a><b>2</b><c>3</c></r>")


def test_members_of_a_substitution_group_stand_in_their_heads_place() -> None:
    obj = declared(
        '<xs:element name="party" type="party" abstract="true"/><xs:complexType name="party"><xs:sequence>'
        '<xs:element name="name" type="xs:string"/></xs:sequence></xs:complexType>'
        '<xs:element name="person" substitutionGroup="party" type="party"/>'
        '<xs:element name="company" substitutionGroup="party"><xs:complexType><xs:complexContent>'
        '<xs:extension base="party"><xs:sequence><xs:element name="number" type="xs:string"/></xs:sequence>'
        "</xs:extension></xs:complexContent></xs:complexType></xs:element>"
        + sequence('<xs:element ref="party" maxOccurs="unbounded"/>')
    )
    assert obj.definition.root.occurs == {"company": (0, None), "person": (0, None)}
    body = "<r><person><name>A</name></person><company><name>B</name><number>1</number></company></r>"
    tree = there_and_back(obj, body)
    assert [node.type for node in tree.children] == ["person", "company"]
    assert tree.children[1].properties == {"name": "B", "number": "1"}


def test_an_extension_named_by_xsi_type_brings_its_fields() -> None:
    obj = declared(
        '<xs:complexType name="base"><xs:sequence><xs:element name="a" type="xs:string"/></xs:sequence>'
        '</xs:complexType><xs:complexType name="more"><xs:complexContent><xs:extension base="t:base"><xs:sequence>'
        '<xs:element name="b" type="xs:string"/></xs:sequence><xs:attribute name="c"/></xs:extension>'
        "</xs:complexContent></xs:complexType>" + sequence('<xs:element name="x" type="t:base" maxOccurs="9"/>'),
        "{urn:t}r",
        'xmlns:t="urn:t" targetNamespace="urn:t" elementFormDefault="qualified"',
    )
    assert list(fields(obj, "x")) == ["a", "@c", "b", "@xsi:type"]
    tree = there_and_back(
        obj,
        f'<r xmlns="urn:t" xmlns:i="{XSI}"><x><a>1</a></x><x i:type="more" c="3"><a>1</a><b>2</b></x></r>',
    )
    assert tree.children[1].properties == {"@xsi:type": "{urn:t}more", "@c": "3", "a": "1", "b": "2"}


def test_nil_is_null_and_empty_is_the_empty_text() -> None:
    obj = declared(
        sequence(
            '<xs:element name="a" type="xs:string" nillable="true"/><xs:element name="b" type="xs:string"/>'
            '<xs:element name="c" nillable="true"><xs:complexType><xs:sequence><xs:element name="d" '
            'type="xs:string"/></xs:sequence></xs:complexType></xs:element>'
        )
    )
    tree = there_and_back(obj, f'<r xmlns:i="{XSI}"><a i:nil="true"/><b/><c i:nil="true"/></r>')
    assert tree == PropertySet(
        "r", properties={"a": None, "b": ""}, children=[PropertySet("c", properties={"@xsi:nil": "Y"})]
    )


def test_a_null_that_the_schema_does_not_allow_is_left_out() -> None:
    obj = declared(sequence('<xs:element name="a" type="xs:string" minOccurs="0"/>'))
    assert external_to_xml(PropertySet("r", properties={"a": None}), obj).endswith(b"\n<r></r>")


def test_recursive_types_are_one_component_that_holds_itself_and_depth_is_no_matter() -> None:
    obj = declared(
        '<xs:complexType name="node"><xs:sequence><xs:element name="n" type="xs:string"/>'
        '<xs:element name="node" type="node" minOccurs="0"/></xs:sequence></xs:complexType>'
        '<xs:element name="node" type="node"/>',
        root="node",
    )
    assert obj.definition.root.children["node"] is obj.definition.root
    deep = PropertySet("node", properties={"n": "0"})
    for number in range(20_000):
        deep = PropertySet("node", properties={"n": str(number)}, children=[deep])
    assert external_to_xml(deep, obj).count(b"<node>") == 20_001
    there_and_back(obj, "<node><n>1</n>" * 50 + "</node>" * 50)


def test_what_any_admits_is_no_part_of_the_object() -> None:
    obj = declared(sequence('<xs:element name="a" type="xs:string"/><xs:any processContents="skip" minOccurs="0"/>'))
    assert there_and_back(obj, "<r><a>1</a><b><c>2</c></b></r>") == PropertySet("r", properties={"a": "1"})


@pytest.mark.parametrize("value", ["a<b>&amp;'\"", "line\r\nbreak\ttab", " blanks ", "]]>", "é€\U0001f600", ""])
def test_any_text_comes_back_as_it_went(value: str) -> None:
    obj = declared(
        sequence('<xs:element name="a" type="xs:string"/>').replace(
            "</xs:sequence>", '</xs:sequence><xs:attribute name="b" type="xs:string"/>'
        )
    )
    tree = PropertySet("r", properties={"@b": value, "a": value})
    assert external_from_xml(parse(external_to_xml(tree, obj)), obj) == tree


def test_a_field_that_the_schema_does_not_have_names_the_nearest_one() -> None:
    obj = declared(sequence('<xs:element name="QTY" type="xs:int"/><xs:element name="NO" type="xs:int"/>'))
    with pytest.raises(NotInSchema) as caught:
        external_to_xml(PropertySet("r", properties={"QTTY": "1"}), obj)
    assert str(caught.value) == (
        "'r' has no field 'QTTY'\n  where: /r[1]\n  why:   the schema gives it QTY, NO\n  mend:  did you mean 'QTY'?"
    )
    with pytest.raises(NotInSchema, match="'r' has no component 'LINE'"):
        external_to_xml(PropertySet("r", children=[PropertySet("LINE")]), obj)
    with pytest.raises(NotInSchema, match="'r' has no text of its own"):
        external_to_xml(PropertySet("r", value="x"), obj)
    with pytest.raises(NotInSchema, match="the tree is no 'X'"):
        external_to_xml(PropertySet("q"), obj)


def test_a_character_that_xml_cannot_carry_is_refused_with_its_place() -> None:
    obj = declared(sequence('<xs:element name="x" type="xs:string" maxOccurs="2"/>'))
    tree = PropertySet("r", children=[PropertySet("x", "fine"), PropertySet("x", "a\x00b")])
    with pytest.raises(CharacterForbidden) as caught:
        external_to_xml(tree, obj)
    assert str(caught.value) == (
        "the value of 'x' can't be written as XML\n"
        "  where: /r[1]/x[2]\n"
        "  why:   it holds U+0000 at character 2\n"
        "  mend:  send text without it"
    )


def test_another_root_is_refused() -> None:
    obj = declared(sequence('<xs:element name="a" type="xs:int"/>'))
    with pytest.raises(WrongRoot) as caught:
        external_from_xml(parse(b"<q/>"), obj)
    assert str(caught.value) == (
        "the message is no 'X'\n"
        "  where: line 1, /q[1]\n"
        "  why:   its root is 'q'; 'r' is expected\n"
        "  mend:  send it to the route that takes such messages"
    )


def test_a_root_that_the_schema_does_not_have_names_the_nearest_one() -> None:
    with pytest.raises(DeclarationFault) as caught:
        declared('<xs:element name="ORDERS"/>', root="ORDER")
    assert str(caught.value) == (
        "the schema 'main.xsd' has no element 'ORDER'\n"
        "  where: x.yaml:3:7\n"
        "  why:   a root is a global element, with its namespace as {namespace}name\n"
        "  mend:  did you mean 'ORDERS'?"
    )


def test_a_schema_that_is_not_there_names_the_line_of_the_declaration() -> None:
    source = Source("x.yaml", "external object: X\nschema: gone.xsd\nroot: r\n")
    with pytest.raises(SchemaFileMissing) as caught:
        read_external_objects([source], {}.__getitem__)
    assert caught.value.where == "x.yaml:2:9"


def test_an_external_object_is_declared_once() -> None:
    source = Source("x.yaml", "external object: X\nschema: m.xsd\nroot: r\n")
    body = f'<xs:schema {XS}><xs:element name="r"/></xs:schema>'.encode()
    with pytest.raises(DeclarationFault, match="the external object 'X' is declared twice"):
        read_external_objects([source, source], lambda _: body)


DEFAULTS = declared(
    '<xs:complexType name="base"><xs:attribute name="act" default=" keep " type="xs:token"/>'
    '<xs:attribute name="amount" type="xs:decimal" default="1"/><xs:attribute name="yes" type="xs:boolean" '
    'fixed="true"/><xs:attribute name="none"/></xs:complexType>'
    '<xs:complexType name="more"><xs:complexContent><xs:extension base="base">'
    '<xs:attribute name="more" default="x"/></xs:extension></xs:complexContent></xs:complexType>'
    '<xs:element name="r"><xs:complexType><xs:sequence>'
    '<xs:element name="c" type="base" minOccurs="0" maxOccurs="9"/>'
    '<xs:element name="b" type="xs:boolean" minOccurs="0" default="true"/>'
    '<xs:element name="d" type="xs:double" minOccurs="0" nillable="true" default="1.5E3"/>'
    '<xs:element name="t" type="xs:string" minOccurs="0" maxOccurs="3" default="none"/>'
    '<xs:element name="s" type="xs:string" minOccurs="0"/>'
    "</xs:sequence></xs:complexType></xs:element>"
)


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        ("<c/>", {"@act": "keep", "@amount": "1", "@yes": "Y"}),
        ('<c act="" amount="2" yes="1" none=""/>', {"@act": "", "@amount": "2", "@yes": "Y", "@none": ""}),
        ('<c xsi:type="more"/>', {"@xsi:type": "more", "@act": "keep", "@amount": "1", "@yes": "Y", "@more": "x"}),
    ],
)
def test_an_absent_attribute_has_the_value_that_its_type_gives_it(body: str, properties: dict[str, str]) -> None:
    tree = there_and_back(DEFAULTS, f'<r xmlns:xsi="{XSI}">{body}</r>')
    assert tree.children[0].properties == properties


@pytest.mark.parametrize(
    ("body", "properties", "values"),
    [
        ("", {}, []),
        ("<b/><d/><s/>", {"b": "Y", "d": "1500", "s": ""}, []),
        ("<b>0</b>", {"b": "N"}, []),
        ('<d xsi:nil="true"/>', {"d": None}, []),
        ("<t/><t></t><t>x</t>", {}, ["none", "none", "x"]),
    ],
)
def test_an_empty_element_has_the_value_that_the_schema_gives_it(
    body: str, properties: dict[str, str | None], values: list[str]
) -> None:
    tree = there_and_back(DEFAULTS, f'<r xmlns:xsi="{XSI}">{body}</r>')
    assert tree.properties == properties
    assert [child.value for child in tree.children] == values


def test_dates_and_numbers_get_the_hubs_spelling() -> None:
    obj = declared(
        sequence(
            '<xs:element name="day" type="xs:date"/><xs:element name="at" type="xs:dateTime"/>'
            '<xs:element name="end" type="xs:dateTime"/><xs:element name="f" type="xs:float"/>'
            '<xs:element name="inf" type="xs:double"/><xs:element name="each" type="xs:date" maxOccurs="2"/>'
            '<xs:element name="month" type="xs:gYearMonth"/><xs:element name="token" type="xs:token"/>'
        )
    )
    tree = there_and_back(
        obj,
        "<r><day>\n2026-01-31+02:00\n</day><at>2026-01-31T08:00:00.123456789Z</at><end>2026-12-31T24:00:00</end>"
        "<f>-1.5e-2</f><inf>INF</inf><each>2026-01-31Z</each><month> 2026-01 </month><token> a\u00a0 b</token></r>",
    )
    assert tree.properties == {
        "day": "2026-01-31",
        "at": "2026-01-31T08:00:00.123456Z",
        "end": "2027-01-01T00:00:00",
        "f": "-0.015",
        "inf": "INF",
        "month": "2026-01",
        "token": "a\u00a0 b",
    }
    assert [child.value for child in tree.children] == ["2026-01-31"]


def test_a_restricted_union_and_list_are_fields() -> None:
    obj = declared(
        '<xs:simpleType name="u"><xs:union memberTypes="xs:date xs:dateTime"/></xs:simpleType>'
        '<xs:simpleType name="ru"><xs:restriction base="u"><xs:pattern value="2.*"/></xs:restriction></xs:simpleType>'
        '<xs:simpleType name="l"><xs:list itemType="xs:int"/></xs:simpleType>'
        '<xs:simpleType name="rl"><xs:restriction base="l"><xs:length value="2"/></xs:restriction></xs:simpleType>'
        + sequence('<xs:element name="u" type="ru"/><xs:element name="l" type="rl"/>')
    )
    assert fields(obj) == {"u": ("date", None, True), "l": ("text", None, True)}
    assert there_and_back(obj, "<r><u>2026-01-31</u><l>1 2</l></r>").properties == {"u": "2026-01-31", "l": "1 2"}
