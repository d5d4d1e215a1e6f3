"""A property set becomes XML, in the order of the schema; the other direction of `schemas.from_xml`.

Fields and children are written in the schema's order. Only the members of one repeated group keep the tree's order. A
null is written as ``xsi:nil`` where the schema allows it, and left out elsewhere. The caller validates the result.

Spec: docs/design/integration.md, "Data maps"; docs/design/performance.md, rule 7.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from operator import itemgetter

from lxml import etree

from integration_objects.definition import Component, IntegrationObject
from integration_objects.errors import Invalid, Refused
from integration_objects.field_values import NOT_XML, UNWRITABLE
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from schemas.external_component import ANY, ANY_TAG, ExternalComponent, ExternalObject
from schemas.foreign_xml import parse
from schemas.hub_elements import XSI
from schemas.value_rules import NIL, TYPE

_FLAGS = {"Y": "true", "N": "false"}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TEXT = re.compile("[&<>\r]")
_SPECIAL = re.compile(f"[&<>\r{UNWRITABLE}]")
#: Parsers make blanks of tabs and line breaks in attributes: written as references, they come back.
_ATTRIBUTE = re.compile('[&<>"\t\n\r]')
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_rank = itemgetter(0)


class NotInSchema(Refused):
    """A node, field or value of the tree has no place in the external object."""

    what = "'{component}' has no {kind} '{name}'"
    why = "the schema gives it {known}"


class CharacterForbidden(Refused):
    """A text holds a character that XML can't carry."""

    what = "the value of '{name}' can't be written as XML"
    why = "it holds {sign}"
    mend = "send text without it"


class MixedContentMade(Refused):
    """A tree has a text beside elements, which would become mixed content."""

    what = "'{component}' would have text between its elements"
    why = "the node has a text and elements"
    mend = "put the text into one of its fields"


class WildcardUnwritable(Refused):
    """The text of a kept element isn't XML."""

    what = "the element that a wildcard admits in '{component}' can't be written"
    why = "{fault.what}: {fault.why}"
    mend = "give the text of one XML element, as it was read"


#: rank, start tag, end tag, element with xsi:nil or "" where null isn't allowed, whether it is a flag
_FieldWriter = tuple[int, str, str, str, bool]
#: A rank, and a finished text or a component to be written.
_Part = tuple[int, "str | tuple[PropertySet, _ComponentWriter]"]


@dataclass(eq=False)
class _ComponentWriter:
    """The tags of one component, its fields and children."""

    name: str
    open: str = ""
    close: str = ""
    value: bool = False
    mixed: bool = False
    value_flag: bool = False
    fields: dict[str, _FieldWriter] = dataclass_field(default_factory=dict)
    #: property name -> the attribute's name with its prefix, tag, flag
    attributes: dict[str, tuple[str, str, bool]] = dataclass_field(default_factory=dict)
    children: dict[str, tuple[int, _ComponentWriter]] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class _Plan:
    root: _ComponentWriter
    declarations: str
    prefixes: dict[str, str]


def external_to_xml(tree: PropertySet, obj: ExternalObject | IntegrationObject) -> bytes:
    """Write a message as UTF-8 with an XML declaration.

    Args:
        tree: the root element's node, as `external_from_xml` reads it. Not changed.
        obj: the external object that the message is.

    Raises:
        NotInSchema: a node, field or value has no place in the object.
        CharacterForbidden: XML can't carry a text.
    """
    plan = _plan_for(tree, obj)
    return "".join([_DECLARATION, *_texts([(tree, plan.root)], tree, plan)]).encode()


def joined_to_xml(frame: PropertySet, others: Iterable[PropertySet], obj: ExternalObject) -> Iterator[bytes]:
    """Write a message whose root has the children of many trees, part by part, as `external_to_xml` does.

    Args:
        frame: the root's node, with the children that stand before and behind the others. Not changed.
        others: trees of the same root; their children go to the place that the schema gives them.
        obj: the external object that the message is.
    """
    plan = _plan_for(frame, obj)
    start, *own = _parts(frame, plan.root, plan)
    yield f"{_DECLARATION}{start[1]}".encode()
    written = 0
    for tree in others:
        parts = _parts(tree, plan.root, plan)[1:]
        while parts and written < len(own) and own[written][0] < parts[0][0]:
            yield _text_of(own[written : written + 1], frame, plan)
            written += 1
        yield _text_of(parts, tree, plan)
    yield _text_of(own[written:], frame, plan) + plan.root.close.encode()


def _text_of(parts: Sequence[_Part], tree: PropertySet, plan: _Plan) -> bytes:
    return "".join(_texts([part for _, part in reversed(parts)], tree, plan)).encode()


def _plan_for(tree: PropertySet, obj: ExternalObject | IntegrationObject) -> _Plan:
    definition = obj.definition if isinstance(obj, ExternalObject) else obj
    plan = _plan(definition.root)
    if tree.type != plan.root.name:
        raise NotInSchema(
            f"the tree is no '{definition.name}'",
            where=f"/{tree.type}[1]",
            why=f"its type is '{tree.type}'; '{plan.root.name}' is expected",
            mend="write the tree as the object that it is",
        )
    return plan


def _texts(stack: list[str | tuple[PropertySet, _ComponentWriter]], tree: PropertySet, plan: _Plan) -> list[str]:
    """Write nodes of *tree* and texts, the last of *stack* first. Changes *stack*."""
    # Strings, because a builder of elements takes three times as long (docs/design/performance.md).
    out: list[str] = []
    while stack:
        entry = stack.pop()
        if isinstance(entry, str):
            out.append(entry)
            continue
        node, writer = entry
        try:
            parts = _parts(node, writer, plan)
        except Refused as error:
            # Only now: the path of a node is a search, which a message without a fault doesn't pay for.
            raise error.at(_path(tree, node)) from None
        out.append(parts[0][1])  # type: ignore[arg-type]  # the first part is the start tag's text
        if len(parts) == 1:
            out.append(writer.close)
            continue
        stack.append(writer.close)
        # The texts up to the first child are written at once. The child and the parts behind it wait on the stack.
        for at in range(1, len(parts)):
            part = parts[at][1]
            if not isinstance(part, str):
                stack += [waiting for _, waiting in reversed(parts[at:])]
                break
            out.append(part)
    return out


def _parts(node: PropertySet, writer: _ComponentWriter, plan: _Plan) -> list[_Part]:
    """List the node's start tag, and its fields and children in order, each with its rank."""
    start = writer.open + plan.declarations if writer is plan.root else writer.open
    parts: list[_Part] = []
    fields = writer.fields
    last, ordered = 0, True
    for name, text in node.properties.items():
        field_writer = fields.get(name)
        if field_writer is None:
            start += _attribute(name, text, writer, plan)
            continue
        rank, opening, closing, empty, flag = field_writer
        if rank < last:
            ordered = False
        last = rank
        if text is None:
            parts.append((rank, empty))
            continue
        if flag:
            text = _FLAGS.get(text, text)
        if _SPECIAL.search(text):
            text = _escaped(text, name)
        parts.append((rank, opening + text + closing))
    for child in node.children:
        below = writer.children.get(child.type)
        if below is None:
            raise _unknown("component", child.type, writer, [*writer.children, *writer.fields])
        if below[0] < last:
            ordered = False
        last = below[0]
        parts.append((last, _kept_element(child, writer) if child.type == ANY else (child, below[1])))
    # Most trees come in the schema's order, from a map that was written in it.
    if not ordered:
        parts.sort(key=_rank)
    if node.value:
        if writer.mixed and parts and node.value.strip():
            raise MixedContentMade(component=writer.name)
        if not writer.value:
            raise NotInSchema(
                f"'{writer.name}' has no text of its own",
                why="the schema gives it elements or attributes only",
                mend="put the text into one of its fields",
            )
        value = _FLAGS.get(node.value, node.value) if writer.value_flag else node.value
        start += ">" + _escaped(value, writer.name)
    else:
        start += ">"
    return [(0, start), *parts]


def _kept_element(node: PropertySet, writer: _ComponentWriter) -> str:
    """Write an element that was kept as XML; only well-formed XML of one element passes."""
    try:
        element = parse(node.value.encode())
    except Invalid as error:
        raise WildcardUnwritable(component=writer.name, fault=error) from error
    return str(etree.tostring(element, encoding="unicode"))


def _attribute(name: str, text: str | None, writer: _ComponentWriter, plan: _Plan) -> str:
    attribute = writer.attributes.get(name)
    if attribute is None:
        raise _unknown("field", name, writer, [*writer.fields, *writer.attributes, *writer.children])
    if text is None:
        return ""
    qualified, tag, flag = attribute
    if tag == TYPE:
        namespace, _, local = text.removeprefix("{").rpartition("}")
        prefix = plan.prefixes.get(namespace)
        if namespace and prefix is None:
            raise NotInSchema(
                f"'{name}' names a type of another schema",
                why=f"the namespace '{namespace}' is none of the object's",
                mend="name one of the types that the schema derives",
            )
        text = f"{prefix}:{local}" if prefix else local
    elif flag:
        text = _FLAGS.get(text, text)
    if NOT_XML.search(text):
        raise _forbidden(text, name)
    if _ATTRIBUTE.search(text):
        text = _ATTRIBUTE.sub(lambda match: _ENTITIES[match[0]], text)
    return f' {qualified}="{text}"'


def _escaped(text: str, name: str) -> str:
    if NOT_XML.search(text):
        raise _forbidden(text, name)
    return _TEXT.sub(lambda match: _ENTITIES[match[0]], text)


def _forbidden(text: str, name: str) -> CharacterForbidden:
    found = NOT_XML.search(text)
    sign = f"U+{ord(found[0]):04X} at character {found.start() + 1}" if found else ""
    return CharacterForbidden(name=name, sign=sign)


def _unknown(kind: str, name: str, writer: _ComponentWriter, known: list[str]) -> NotInSchema:
    mend = nearest(name, known) or "write only components and fields of the schema"
    return NotInSchema(component=writer.name, kind=kind, name=name, known=", ".join(known) or "nothing", mend=mend)


def _path(tree: PropertySet, wanted: PropertySet) -> str:
    """Find the path of a node within the tree, ``/ORDERS[1]/ORDER[1]``, for an error."""
    stack = [(tree, f"/{tree.type}[1]")]
    while stack:
        node, path = stack.pop()
        if node is wanted:
            return path
        seen: dict[str, int] = {}
        for child in node.children:
            seen[child.type] = seen.get(child.type, 0) + 1
            stack.append((child, f"{path}/{child.type}[{seen[child.type]}]"))
    return ""


@functools.cache
def _plan(root: Component) -> _Plan:
    components = list(IntegrationObject("", root).components())
    prefixes = _prefixes(root, components)
    writers = {component: _ComponentWriter(component.name) for component in components}
    for component, writer in writers.items():
        name = _qualified(component.tag, prefixes)
        writer.open, writer.close = f"<{name}", f"</{name}>"
        writer.value = component.text is not None
        writer.mixed = isinstance(component, ExternalComponent) and component.mixed
        writer.value_flag = component.text == "flag"
        ranks = component.ranks if isinstance(component, ExternalComponent) else {}
        nillable = component.nillable if isinstance(component, ExternalComponent) else set()
        for field_name, field in component.fields.items():
            name = _qualified(field.tag, prefixes, attribute=field_name.startswith("@"))
            if field_name.startswith("@"):
                writer.attributes[field_name] = (name, field.tag, field.type == "flag")
            else:
                nil = f'<{name} {_qualified(NIL, prefixes)}="true"/>'
                empty = nil if field_name in nillable else ""
                rank = ranks.get(field_name, 1)
                writer.fields[field_name] = (rank, f"<{name}>", f"</{name}>", empty, field.type == "flag")
        for child_name, child in component.children.items():
            writer.children[child_name] = (ranks.get(child_name, 1), writers[child])
    declared = "".join(
        f' xmlns{":" + prefix if prefix else ""}="{_attribute_value(namespace)}"'
        for namespace, prefix in prefixes.items()
    )
    return _Plan(writers[root], declared, prefixes)


def _attribute_value(text: str) -> str:
    return _ATTRIBUTE.sub(lambda match: _ENTITIES[match[0]], text)


def _prefixes(root: Component, components: list[Component]) -> dict[str, str]:
    """Choose the prefix of each namespace; "" for the root's, if every element has a namespace."""
    elements: dict[str, None] = {}
    others: dict[str, None] = {}
    plain = False
    for component in components:
        if component.tag == ANY_TAG:
            continue  # it stands for elements of any name
        tags = [component.tag, *(field.tag for name, field in component.fields.items() if name[0] != "@")]
        for tag in tags:
            plain = plain or not tag.startswith("{")
            elements.setdefault(_namespace(tag))
        for name, field in component.fields.items():
            if name[0] == "@" and field.tag.startswith("{"):
                others.setdefault(_namespace(field.tag))
        if isinstance(component, ExternalComponent) and component.nillable:
            others.setdefault(XSI)
    own = _namespace(root.tag)
    prefixes: dict[str, str] = {}
    # An attribute can't be qualified by the default namespace.
    if own and not plain and own not in others:
        prefixes[own] = ""
    for namespace in (*elements, *others):
        if namespace and namespace not in prefixes:
            prefixes[namespace] = {XSI: "xsi", "http://www.w3.org/XML/1998/namespace": "xml"}.get(
                namespace, f"ns{len(prefixes)}"
            )
    return prefixes


def _namespace(tag: str) -> str:
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""


def _qualified(tag: str, prefixes: dict[str, str], attribute: bool = False) -> str:
    local = tag.rpartition("}")[2]
    prefix = prefixes.get(_namespace(tag), "")
    return f"{prefix}:{local}" if prefix else local
