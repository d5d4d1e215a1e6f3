"""The XSD of the hub's own XML, derived from an integration object's definition.

It describes the XML that `hub_xml` writes and reads: every element may be absent, or stand anywhere among its
neighbours, and every field may be ``xsi:nil``. The hub itself checks the rules that an XSD can't express (parents of
flat lines, keys).

Spec: docs/design/integration.md, "Integration object definitions: one source for everything".
"""

from __future__ import annotations

from lxml import etree

from integration_objects.component import Component, Field, IntegrationObject, element_name
from integration_objects.field_values import FRACTION_DIGITS, WHOLE_DIGITS
from schemas.hub_elements import FORMATS

_XS = "http://www.w3.org/2001/XMLSchema"
# The forms that `field_values` reads. XSD's own decimal and dateTime accept other forms, too.
_NUMBER = (
    rf"[+\-]?(0*[0-9]{{1,{WHOLE_DIGITS}}}(\.[0-9]{{0,{FRACTION_DIGITS}}}0*)?"
    rf"|\.[0-9]{{1,{FRACTION_DIGITS}}}0*)"
)
_ZONE = r"Z|[+\-]([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY_ZONE = r"Z|[+\-](0[0-9]|1[0-3]):[0-5][0-9]|[+\-]14:00"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
_DATE = (
    r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    rf"({_DAY_ZONE}|T{_TIME}({_ZONE})?|T24:00:00(\.0+)?({_DAY_ZONE})?)?"
)
_HEAD = ("MessageId", "MessageType", "IntObjectName", "IntObjectFormat", "PrimaryRowId")


def hub_xsd(definition: IntegrationObject) -> bytes:
    """Make the XSD of messages that carry *definition*, as the hub writes and reads them."""
    schema = etree.Element(f"{{{_XS}}}schema", nsmap={"xs": _XS})
    names = _type_names(definition)
    listed = "ListOf" + element_name(definition.name)
    for envelope in FORMATS:
        _add(schema, "element", name=envelope, type="Envelope")
    message = _add(schema, "complexType", name="Envelope")
    content = _add(message, "sequence")
    instances = _add(_add(content, "element", name=listed, minOccurs="0"), "complexType")
    _add_repeated(instances, definition.root, names)
    for name in _HEAD:
        attribute = _add(message, "attribute", name=name)
        if name == "IntObjectName":
            _restrict(_add(attribute, "simpleType"), enumeration=[definition.name])
        elif name == "IntObjectFormat":
            _restrict(_add(attribute, "simpleType"), enumeration=list(FORMATS.values()))
        else:
            attribute.set("type", "xs:string")
    _restrict(_add(_add(message, "attribute", name="IsEmpty"), "simpleType"), enumeration=["Y", "N"])
    _add(schema, "simpleType", name="Number").append(_restriction("xs:token", pattern=[_NUMBER]))
    _add(schema, "simpleType", name="Date").append(_restriction("xs:token", pattern=[_DATE]))
    _add(schema, "simpleType", name="Flag").append(_restriction("xs:token", enumeration=["Y", "N"]))
    for component in definition.components():
        _add_component(schema, component, names)
    return etree.tostring(schema, xml_declaration=True, encoding="UTF-8", pretty_print=True)  # type: ignore[no-any-return]


def _type_names(definition: IntegrationObject) -> dict[int, str]:
    """Give each component the name of its type; components of one name in different places get numbers."""
    names: dict[int, str] = {}
    counts: dict[str, int] = {}
    for component in definition.components():
        name = element_name(component.name) + "Type"
        counts[name] = counts.get(name, 0) + 1
        names[id(component)] = name if counts[name] == 1 else f"{name}{counts[name]}"
    return names


def _add_component(schema: etree._Element, component: Component, names: dict[int, str]) -> None:
    kind = _add(schema, "complexType", name=names[id(component)])
    # xs:all lets the elements stand in any order, as the reader takes them.
    content = _add(kind, "all")
    for field in component.fields.values():
        element = _add(content, "element", name=element_name(field.name), minOccurs="0", nillable="true")
        _add_type(element, field)
    for child in component.children.values():
        element = _add(content, "element", name="ListOf" + element_name(child.name), minOccurs="0")
        _add_repeated(_add(element, "complexType"), child, names)
    _add(kind, "attribute", name="operation", type="xs:string")


def _add_repeated(parent: etree._Element, component: Component, names: dict[int, str]) -> None:
    _add(
        _add(parent, "sequence"),
        "element",
        name=element_name(component.name),
        type=names[id(component)],
        minOccurs="0",
        maxOccurs="unbounded",
    )


def _add_type(element: etree._Element, field: Field) -> None:
    if field.type != "text":
        element.set("type", field.type.capitalize())
    elif field.values:
        # Every text field may hold the empty text. The text -- is an older spelling of the action code -.
        allowed = ["", *field.values, *(["--"] if "-" in field.values else [])]
        _restrict(_add(element, "simpleType"), enumeration=allowed)
    elif field.length is not None:
        _restrict(_add(element, "simpleType"), maxLength=[str(field.length)])
    else:
        element.set("type", "xs:string")


def _restrict(simple: etree._Element, **facets: list[str]) -> None:
    simple.append(_restriction("xs:string", **facets))


def _restriction(base: str, **facets: list[str]) -> etree._Element:
    restriction = etree.Element(f"{{{_XS}}}restriction", base=base)
    for name, values in facets.items():
        for value in values:
            _add(restriction, name, value=value)
    return restriction


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XS}}}{tag}", attributes)
