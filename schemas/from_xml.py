"""A checked element tree into a property set, after an external object's definition.

    element of a component   PropertySet: type its name, value its own text, origin its line
    element of a field       property; ``''`` where it is empty, None with ``xsi:nil``
    XML attribute            property "@name"
    anything else            left out: what ``xs:any`` admits, and what stands between in mixed content

Flags become Y and N. Blanks around a text are dropped where the schema's type says that they mean nothing.

Spec: docs/design/integration.md, "Integration object definitions"; docs/design/performance.md, rule 1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from lxml import etree

from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.errors import Invalid
from integration_objects.property_set import PropertySet
from schemas.check import place_of
from schemas.external_object import NIL, TYPE, ExternalComponent, ExternalObject

_FLAGS = {"true": "Y", "1": "Y", "false": "N", "0": "N"}


class WrongRoot(Invalid):
    """The message's root element is another one than the external object's."""


@dataclass(eq=False)
class _Reader:
    """What to do with each tag inside one component: one look-up a node."""

    name: str
    value: bool = False
    #: The own value needs blanks dropped or a flag translated.
    value_kind: str = ""
    #: tag -> reader of a child component
    children: dict[str, _Reader] = field(default_factory=dict)
    #: tag -> property name, kind ("", "collapse", "flag"), nillable
    fields: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)


def external_from_xml(
    element: etree._Element, obj: ExternalObject | IntegrationObject, only: frozenset[str] | None = None
) -> PropertySet:
    """Read a message into a tree of direct children, without ``ListOf`` nodes.

    Args:
        element: the root, parsed by `schemas.check.parse` and validated by the object's schema.
        obj: what it is.
        only: the names of the components beneath the root that somebody will look at; None: all.

    Returns:
        The root element's node; each node's origin is its line.

    Raises:
        WrongRoot: the root is another element.
    """
    definition = obj.definition if isinstance(obj, ExternalObject) else obj
    if element.tag != definition.root.tag:
        raise WrongRoot(
            f"the message is no '{definition.name}'",
            where=place_of(element),
            why=f"its root is '{element.tag}'; '{definition.root.tag}' is expected",
            mend="send it to the route that takes such messages",
        )
    reader = _reader(definition.root)
    root = PropertySet(reader.name, origin=element.sourceline)
    stack = [(element, reader, root)]
    while stack:
        source, reader, node = stack.pop()
        if reader.value:
            node.value = _meant(source.text or "", reader.value_kind)
        properties = node.properties
        if reader.attributes:
            for tag, text in source.items():
                told = reader.attributes.get(tag)
                if told is not None:
                    properties[told[0]] = _meant(text, told[1]) if tag != TYPE else _full_name(source, text)
        fields, children = reader.fields, reader.children
        for child in source:
            tag = child.tag
            known = fields.get(tag)
            if known is not None:
                name, kind, nillable = known
                text = child.text or ""
                if kind:
                    text = _meant(text, kind)
                properties[name] = None if nillable and _is_nil(child) else text
                continue
            below = children.get(tag)
            if below is not None and (only is None or below.name in only):
                made = PropertySet(below.name, origin=child.sourceline)
                node.children.append(made)
                stack.append((child, below, made))
    return root


def _meant(text: str, kind: str) -> str:
    """The text as it counts: without blanks that mean nothing, flags as Y and N."""
    if not kind:
        return text
    text = " ".join(text.split())
    return _FLAGS.get(text, text) if kind == "flag" else text


def _is_nil(element: etree._Element) -> bool:
    return element.get(NIL, "").strip() in ("true", "1")


def _full_name(element: etree._Element, text: str) -> str:
    """The name that xsi:type gives with a prefix, as ``{namespace}name``."""
    prefix, _, name = text.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{name}" if namespace else name


@functools.cache
def _reader(root: Component) -> _Reader:
    made: dict[Component, _Reader] = {root: _Reader(root.name)}
    waiting = [root]
    while waiting:
        component = waiting.pop()
        reader = made[component]
        reader.value = component.text is not None
        reader.value_kind = _kind(component, "", component.text or "")
        for name, told in component.fields.items():
            kind = _kind(component, name, told.type)
            if name.startswith("@"):
                reader.attributes[told.tag] = (name, kind)
            else:
                reader.fields[told.tag] = (name, kind, _may_be_nil(component, told))
        for child in component.children.values():
            if child not in made:
                made[child] = _Reader(child.name)
                waiting.append(child)
            reader.children[child.tag] = made[child]
    return made[root]


def _kind(component: Component, name: str, type: str) -> str:
    if type == "flag":
        return "flag"
    return "collapse" if isinstance(component, ExternalComponent) and name in component.collapsed else ""


def _may_be_nil(component: Component, told: Field) -> bool:
    return isinstance(component, ExternalComponent) and told.name in component.nillable
