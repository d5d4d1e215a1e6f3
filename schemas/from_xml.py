"""A validated element tree becomes a property set, after an external object's definition.

    element of a component   PropertySet: type its name, value its own text, origin its line
    element of a field       property; ``''`` where it is empty, None with ``xsi:nil``
    XML attribute            property "@name"
    anything else            left out: elements that ``xs:any`` admits, and the texts of mixed content

Flags become Y and N. Blanks around a text are dropped where the schema's type says that they mean nothing.

Spec: docs/design/integration.md, "Integration object definitions"; docs/design/performance.md, rule 1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from lxml import etree

from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.errors import Invalid
from integration_objects.property_set import PropertySet
from schemas.check import place_of
from schemas.external_object import NIL, TYPE, ExternalComponent, ExternalObject

_FLAGS = {"true": "Y", "1": "Y", "false": "N", "0": "N"}


class WrongRoot(Invalid):
    """The root element of the message isn't that of the external object."""

    what = "the message is no '{name}'"
    why = "its root is '{found}'; '{expected}' is expected"
    mend = "send it to the route that takes such messages"


@dataclass(eq=False)
class _ComponentReader:
    """The treatment of each tag inside one component: one look-up a node."""

    name: str
    value: bool = False
    #: the treatment of the component's own value ("", "collapse", "flag")
    value_kind: str = ""
    #: tag -> reader of a child component
    children: dict[str, _ComponentReader] = dataclass_field(default_factory=dict)
    #: tag -> property name, kind ("", "collapse", "flag"), nillable
    fields: dict[str, tuple[str, str, bool]] = dataclass_field(default_factory=dict)
    attributes: dict[str, tuple[str, str]] = dataclass_field(default_factory=dict)


def external_from_xml(
    element: etree._Element, obj: ExternalObject | IntegrationObject, only: frozenset[str] | None = None
) -> PropertySet:
    """Read a message into a tree of direct children, without ``ListOf`` nodes.

    Args:
        element: the root, parsed by `schemas.check.parse` and validated by the object's schema.
        obj: the external object that the message is.
        only: the names of the components beneath the root that are needed; None for all.

    Returns:
        The root element's node; each node's origin is its line.

    Raises:
        WrongRoot: the root is another element.
    """
    definition = obj.definition if isinstance(obj, ExternalObject) else obj
    if element.tag != definition.root.tag:
        raise WrongRoot(name=definition.name, found=element.tag, expected=definition.root.tag, where=place_of(element))
    reader = _reader(definition.root)
    root = PropertySet(reader.name, origin=element.sourceline)
    stack = [(element, reader, root)]
    while stack:
        source, reader, node = stack.pop()
        if reader.value:
            node.value = _normal(source.text or "", reader.value_kind)
        properties = node.properties
        if reader.attributes:
            for tag, text in source.items():
                attribute = reader.attributes.get(tag)
                if attribute is not None:
                    name, kind = attribute
                    properties[name] = _normal(text, kind) if tag != TYPE else _full_name(source, text)
        fields, children = reader.fields, reader.children
        for child in source:
            tag = child.tag
            known = fields.get(tag)
            if known is not None:
                name, kind, nillable = known
                text = child.text or ""
                if kind:
                    text = _normal(text, kind)
                # Only where the schema allows nil: elsewhere the attribute is an unknown one, and an empty element is
                # an empty text.
                properties[name] = None if nillable and _is_nil(child) else text
                continue
            below = children.get(tag)
            if below is not None and (only is None or below.name in only):
                component = PropertySet(below.name, origin=child.sourceline)
                node.children.append(component)
                stack.append((child, below, component))
    return root


def _normal(text: str, kind: str) -> str:
    """Normalise a text: drop blanks that mean nothing, write flags as Y and N."""
    if not kind:
        return text
    text = " ".join(text.split())
    return _FLAGS.get(text, text) if kind == "flag" else text


def _is_nil(element: etree._Element) -> bool:
    return element.get(NIL, "").strip() in ("true", "1")


def _full_name(element: etree._Element, text: str) -> str:
    """Resolve the prefixed name of xsi:type to ``{namespace}name``."""
    prefix, _, name = text.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{name}" if namespace else name


@functools.cache
def _reader(root: Component) -> _ComponentReader:
    readers: dict[Component, _ComponentReader] = {root: _ComponentReader(root.name)}
    waiting = [root]
    while waiting:
        component = waiting.pop()
        reader = readers[component]
        reader.value = component.text is not None
        reader.value_kind = _kind(component, "", component.text or "")
        for name, field in component.fields.items():
            kind = _kind(component, name, field.type)
            if name.startswith("@"):
                reader.attributes[field.tag] = (name, kind)
            else:
                reader.fields[field.tag] = (name, kind, _may_be_nil(component, field))
        for child in component.children.values():
            if child not in readers:
                readers[child] = _ComponentReader(child.name)
                waiting.append(child)
            reader.children[child.tag] = readers[child]
    return readers[root]


def _kind(component: Component, name: str, type: str) -> str:
    if type == "flag":
        return "flag"
    return "collapse" if isinstance(component, ExternalComponent) and name in component.collapsed else ""


def _may_be_nil(component: Component, field: Field) -> bool:
    return isinstance(component, ExternalComponent) and field.name in component.nillable
