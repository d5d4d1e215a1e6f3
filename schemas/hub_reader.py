"""Reads the hub's own XML from a parsed document; `hub_xml` is the way in.

Spec: docs/design/integration.md, "Property sets and the hub's own XML".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lxml import etree

from integration_objects.complex_object import empty, list_of
from integration_objects.component import Component, Definitions, Field, IntegrationObject, element_name
from integration_objects.declaration import NAME_KNOWN
from integration_objects.field_values import check_value, plain_date
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from schemas.check import local_name, place_of
from schemas.flat_lines import assemble, can_be_flat
from schemas.hub_elements import (
    FORMATS,
    OPERATION,
    XSI,
    ElementMisplaced,
    ElementUnknown,
    NotAMessage,
    ValueRefused,
    elements_of,
)

_NIL = f"{{{XSI}}}nil"
# Namespaces of attributes that say nothing about the content.
_ABOUT = (f"{{{XSI}}}", "{http://www.w3.org/XML/1998/namespace}")
_HEAD = ("MessageId", "MessageType", "IntObjectName", "IntObjectFormat", "PrimaryRowId", "IsEmpty")


Watch = Callable[[PropertySet], None]


def hub_from_element(
    root: etree._Element, definitions: Definitions, lines: bool = True, watch: Watch | None = None
) -> PropertySet:
    """Read a message of the hub's own from a parsed document; see `hub_from_xml`."""
    name = local_name(root.tag)
    if name not in FORMATS or (name == "Message" and root.tag != name):
        raise NotAMessage(
            f"the document is no message of the hub's own, but <{name}>",
            where=place_of(root),
            why="the root element of a message is Message or SiebelMessage, without a namespace",
            mend=nearest(name, FORMATS) or "send it to the route that takes such documents",
        )
    return _MessageReader(root, definitions, lines, name == "SiebelMessage", watch).message()


class _MessageReader:
    """Reads one document, without recursion."""

    def __init__(
        self, root: etree._Element, definitions: Definitions, lines: bool, foreign: bool, watch: Watch | None
    ) -> None:
        self.root = root
        self.definitions = definitions
        self.lines = lines
        # A SiebelMessage has namespaces of its maker's choice. The hub's own XML has none.
        self.foreign = foreign
        self.watch = watch

    def message(self) -> PropertySet:
        head = self._head()
        definition = self._definition(head)
        if head.get("IsEmpty") == "Y":
            if len(self.root) or (self.root.text or "").strip():
                raise ElementMisplaced(
                    "the message says that it is empty, and has content",
                    where=place_of(self.root),
                    why='IsEmpty="Y" means that the message carries no object',
                    mend="take away IsEmpty, or the content",
                )
            return empty(None if definition is None else definition.name)
        if definition is None:
            raise NotAMessage(
                "the message doesn't say which integration object it carries",
                where=place_of(self.root),
                why="the attribute IntObjectName is missing",
                mend='add IntObjectName with the name of the object, such as "OM Order"',
            )
        result = PropertySet(properties={"OutputIntObjectName": definition.name})
        if "PrimaryRowId" in head:
            result.properties["PrimaryRowId"] = head["PrimaryRowId"]
        envelope: dict[str, str | None] = {"MessageId": head["MessageId"]} if "MessageId" in head else {}
        envelope |= {
            "MessageType": head.get("MessageType", "Integration Object"),
            "IntObjectName": definition.name,
            "IntObjectFormat": "Hierarchical",
        }
        result.children.append(PropertySet("Message", properties=envelope, origin=self._line(self.root)))
        result.children[0].children.append(self._instances(definition))
        return result

    def _head(self) -> dict[str, str]:
        head: dict[str, str] = {}
        for name, value in self.root.items():
            # xsi:schemaLocation and xml:lang come with the tools that wrote the message.
            if name.startswith(_ABOUT):
                continue
            if name not in _HEAD:
                raise self._unknown_attribute(self.root, name, _HEAD)
            head[name] = value
        form = head.get("IntObjectFormat", "Hierarchical")
        if form not in FORMATS.values():
            raise NotAMessage(
                f"the message's IntObjectFormat is '{form}'",
                where=place_of(self.root),
                why="expected Hierarchical or Siebel Hierarchical",
                mend="write one of the two, or leave the attribute out",
            )
        if head.get("IsEmpty", "N") not in ("Y", "N"):
            raise NotAMessage(
                f"the message's IsEmpty is '{head['IsEmpty']}'",
                where=place_of(self.root),
                why="expected Y or N",
                mend="write Y for a message without an object, else N",
            )
        return head

    def _definition(self, head: dict[str, str]) -> IntegrationObject | None:
        if "IntObjectName" not in head:
            return None
        name = head["IntObjectName"]
        found = self.definitions.get(name)
        if found is None or found.external:
            known = [definition.name for definition in self.definitions.values() if not definition.external]
            raise NotAMessage(
                f"there is no integration object '{name}'",
                where=place_of(self.root),
                why="known are " + ", ".join(known),
                mend=nearest(name, known) or NAME_KNOWN,
            )
        return found

    def _instances(self, definition: IntegrationObject) -> PropertySet:
        tag = "ListOf" + element_name(definition.name)
        self._no_text(self.root, self.root.text)
        found: etree._Element | None = None
        for element in self.root:
            self._no_text(self.root, element.tail)
            if self._tag(element) != tag:
                raise self._unknown(element, self.root, [tag])
            if found is not None:
                raise ElementMisplaced(tag=tag, where=place_of(element))
            found = element
        if found is None:
            raise NotAMessage(
                f"the message carries no <{tag}>",
                where=place_of(self.root),
                why="a message carries the list of its instances, or says that it is empty",
                mend=f'add <{tag}>, or IsEmpty="Y"',
            )
        result = PropertySet(list_of(definition.name), origin=self._line(found))
        pending: list[tuple[etree._Element, PropertySet, Component]] = []
        self._components(found, definition.root, result, pending)
        self._fill(pending)
        return result

    def _fill(self, pending: list[tuple[etree._Element, PropertySet, Component]]) -> None:
        """Fill the nodes in *pending*, and all nodes beneath them, from their elements."""
        flat: list[tuple[PropertySet, Component]] = []
        while pending:
            element, node, component = pending.pop()
            shape = elements_of(component)
            fields, properties = shape.fields, node.properties
            self._no_text(element, element.text)
            if element.attrib:
                self._operation(element, node)
            for child in element:
                # The indents between elements are blank: nearly no tail costs the call.
                tail = child.tail
                if tail is not None and not tail.isspace():
                    self._no_text(element, tail)
                tag = child.tag if not self.foreign else local_name(child.tag)
                field = fields.get(tag)
                if field is not None:
                    if field.name in properties:
                        raise ElementMisplaced(tag=tag, where=place_of(child))
                    properties[field.name] = self._value(child, field)
                    continue
                below = shape.lists.get(tag)
                if below is None:
                    raise self._unknown(child, element, [*fields, *shape.lists])
                siblings = PropertySet(list_of(below.name), origin=self._line(child))
                if node.child(siblings.type) is not None:
                    raise ElementMisplaced(tag=tag, where=place_of(child))
                node.children.append(siblings)
                self._components(child, below, siblings, pending)
                if below is not component and can_be_flat(below):
                    flat.append((siblings, below))
            if self.watch is not None:
                self.watch(node)
        # Last, when every row has its fields: only then are the parents that rows name known.
        for siblings, below in flat:
            assemble(siblings, below)

    def _components(
        self,
        element: etree._Element,
        component: Component,
        siblings: PropertySet,
        pending: list[tuple[etree._Element, PropertySet, Component]],
    ) -> None:
        """Make a node for each component in the list *element*, and put it into *pending* to be filled."""
        tag = element_name(component.name)
        if element.attrib:
            self._list_attributes(element, tag)
        self._no_text(element, element.text)
        for child in element:
            self._no_text(element, child.tail)
            if self._tag(child) != tag:
                raise self._unknown(child, element, [tag])
            node = PropertySet(component.name, origin=self._line(child))
            siblings.children.append(node)
            pending.append((child, node, component))

    def _value(self, element: etree._Element, field: Field) -> str | None:
        if len(element):
            raise ElementMisplaced(
                f"<{element_name(field.name)}> is a field, and holds elements",
                where=place_of(element),
                why="expected text only",
                mend="write its value as text alone",
            )
        text: str = element.text or ""
        if element.attrib and self._is_nil(element):
            if text:
                raise ElementMisplaced(
                    f"<{element_name(field.name)}> is xsi:nil, and holds text",
                    where=place_of(element),
                    why="xsi:nil means null, and the text is a value",
                    mend="take the text away, or xsi:nil",
                )
            return None
        # Here, so that the refusal has the line: later the tree knows the line of the component only.
        why = check_value(field, text)
        if why is not None:
            # Only now, since nearly every value has the hub's own spelling.
            other = _other_spelling(field, text)
            if other != text and check_value(field, other) is None:
                return other
            raise ValueRefused(field=field.name, where=place_of(element), why=why, mend=_mend(field, text))
        return text

    def _is_nil(self, element: etree._Element) -> bool:
        nil = False
        for name, value in element.items():
            if name == _NIL:
                if value.strip() not in ("true", "false", "1", "0"):
                    raise ElementMisplaced(
                        f"xsi:nil is '{value}'",
                        where=place_of(element),
                        why="expected true or false",
                        mend="write true for null",
                    )
                nil = value.strip() in ("true", "1")
            else:
                self._other_attribute(element, name, ["xsi:nil"])
        return nil

    def _operation(self, element: etree._Element, node: PropertySet) -> None:
        for name, value in element.items():
            if name in ("operation", "Operation"):
                node.properties[OPERATION] = value
            else:
                self._other_attribute(element, name, ["operation"])

    def _list_attributes(self, element: etree._Element, tag: str) -> None:
        """Refuse attributes of a list: an operation there would be ignored, and mean nothing or everything."""
        for name in element.attrib:
            if name == _NIL or not name.startswith(_ABOUT):
                raise ElementUnknown(
                    kind="attribute",
                    name=f"'{local_name(name)}'",
                    parent=self._tag(element),
                    where=place_of(element),
                    why="a list of components has no attributes",
                    mend=f"write it on <{tag}>" if name.lower() == OPERATION.lower() else "leave it out",
                )

    def _other_attribute(self, element: etree._Element, name: str, known: list[str]) -> None:
        if name == _NIL or not name.startswith(_ABOUT):
            raise self._unknown_attribute(element, local_name(name), known)

    def _no_text(self, element: etree._Element, text: str | None) -> None:
        """Refuse *text* between the elements in *element*; white space is allowed."""
        if text is not None and not text.isspace():
            raise ElementMisplaced(
                f"<{self._tag(element)}> holds the text {text.strip()[:40]!r}",
                where=place_of(element),
                why="expected elements only",
                mend="take the text away, or put it into the element of its field",
            )

    def _unknown(self, element: etree._Element, parent: etree._Element, known: list[str]) -> ElementUnknown:
        name = local_name(element.tag)
        return ElementUnknown(
            kind="element",
            name=f"<{name}>",
            parent=self._tag(parent),
            where=place_of(element),
            why=_expected(element.tag, known),
            mend=nearest(name, known) or NAME_KNOWN,
        )

    def _unknown_attribute(self, element: etree._Element, name: str, known: Sequence[str]) -> ElementUnknown:
        return ElementUnknown(
            kind="attribute",
            name=f"'{name}'",
            parent=self._tag(element),
            where=place_of(element),
            why=f"known here are {', '.join(known)}",
            mend=nearest(name, known) or NAME_KNOWN,
        )

    def _tag(self, element: etree._Element) -> str:
        return local_name(element.tag) if self.foreign else str(element.tag)

    def _line(self, element: etree._Element) -> int | None:
        return element.sourceline if self.lines else None


def _expected(tag: str, known: list[str]) -> str:
    if local_name(tag) in known:
        return "elements of the hub's own XML have no namespace"
    return f"expected <{known[0]}>" if len(known) == 1 else f"none of its {len(known)} elements has this name"


def _other_spelling(field: Field, text: str) -> str:
    """Translate a value as XML Schema writes it: with blanks around a number, date or flag, with a zone at a day."""
    if field.type == "text":
        return text
    plain = text.strip(" \t\n\r")
    return plain_date(plain) if field.type == "date" else plain


def _mend(field: Field, text: str) -> str:
    if text == "" and field.type != "text":
        return "leave the element out, or mark it xsi:nil"
    if field.values:
        return nearest(text, field.values) or "write one of them"
    return "write such a value"
