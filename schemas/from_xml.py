"""A validated element tree becomes a property set, after an external object's definition.

    element of a component   PropertySet: type its name, value its own text, origin its line
    element of a field       property; ``''`` where it is empty, None with ``xsi:nil``
    XML attribute            property "@name"
    ``default``, ``fixed``   the value of an absent attribute or an empty element
    admitted by a wildcard   left out, kept as XML, or refused, as the object declares

Text between the elements of mixed content is refused.

Flags become Y and N, dates and numbers get the hub's spelling. Blanks around a text are dropped where the schema's type
says that they mean nothing.

Spec: docs/design/integration.md, "Integration object definitions"; docs/design/performance.md, rule 1.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from lxml import etree

from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.errors import Invalid
from integration_objects.field_values import plain_date, plain_number
from integration_objects.property_set import PropertySet
from schemas.external_component import ANY, ExternalComponent, ExternalObject, Wildcards
from schemas.foreign_xml import full_name, place_of
from schemas.value_rules import NIL, TYPE, normal

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_REFUSED = "the external object's declaration refuses it"
_FLAGS = {"true": "Y", "1": "Y", "false": "N", "0": "N"}
#: The functions that write a value in the hub's spelling, by the kind of the field.
_SPELLINGS: dict[str, Callable[[str], str]] = {
    "flag": lambda text: _FLAGS.get(text, text),
    "date": plain_date,
    "number": plain_number,
}


class WrongRoot(Invalid):
    """The root element of the message isn't that of the external object."""

    what = "the message is no '{name}'"
    why = "its root is '{found}'; '{expected}' is expected"
    mend = "send it to the route that takes such messages"


class MixedContent(Invalid):
    """A message has text between the elements of one element."""

    what = "'{name}' has text between its elements"
    why = "the schema allows mixed content there, and the hub's tree has no place for it"
    mend = "send the text in an element of its own"


class WildcardRefused(Invalid):
    """A message has an element or an attribute that the schema admits by a wildcard only."""

    what = "'{name}' in '{holder}' is admitted by a wildcard only"
    why = "{reason}"
    mend = "leave it out, or change `wildcards` in the declaration of the external object"


@dataclass(eq=False)
class _ComponentReader:
    """The treatment of each tag inside one component: one look-up a node."""

    name: str
    value: bool = False
    mixed: bool = False
    wildcards: Wildcards = ""
    #: the treatment of the component's own value ("", "collapse", "flag", "date", "number")
    value_kind: str = ""
    #: the value of an empty element of the component
    value_default: str = ""
    #: tag -> reader of a child component
    children: dict[str, _ComponentReader] = dataclass_field(default_factory=dict)
    #: tag -> property name, kind, nillable, value of an empty element
    fields: dict[str, tuple[str, str, bool, str]] = dataclass_field(default_factory=dict)
    attributes: dict[str, tuple[str, str]] = dataclass_field(default_factory=dict)
    #: name of a type ("" for the declared one) -> the values of absent attributes
    defaults: dict[str, dict[str, str]] = dataclass_field(default_factory=dict)


def external_from_xml(
    element: etree._Element,
    obj: ExternalObject | IntegrationObject,
    only: frozenset[str] | None = None,
    *,
    is_checked: bool = True,
) -> PropertySet:
    """Read a message into a tree of direct children, without ``ListOf`` nodes.

    Args:
        element: the root, parsed by `schemas.check.parse` and validated by the object's schema.
        obj: the external object that the message is.
        only: the names of the components beneath the root that are needed; None for all.
        is_checked: whether the schema has validated the message; without that, nothing is refused but another root.

    Returns:
        The root element's node; each node's origin is its line.

    Raises:
        WrongRoot: the root is another element.
        MixedContent: an element has text between its elements.
        WildcardRefused: the object refuses what a wildcard admits.
    """
    definition = obj.definition if isinstance(obj, ExternalObject) else obj
    if element.tag != definition.root.tag:
        raise WrongRoot(name=definition.name, found=element.tag, expected=definition.root.tag, where=place_of(element))
    reader = _reader(definition.root)
    root = PropertySet(reader.name, origin=element.sourceline)
    stack = [(element, reader, root)]
    while stack:
        source, reader, node = stack.pop()
        if is_checked and (reader.mixed or reader.wildcards):
            _prove_content(source, reader)
        if reader.value:
            node.value = _normal(source.text or "", reader.value_kind)
            if reader.value_default and not source.text and not _is_nil(source):
                node.value = reader.value_default
        properties = node.properties
        if reader.attributes:
            for tag, text in source.items():
                attribute = reader.attributes.get(tag)
                if attribute is not None:
                    name, kind = attribute
                    properties[name] = _normal(text, kind) if tag != TYPE else full_name(source, text)
        if reader.defaults:
            for name, default in reader.defaults.get(properties.get("@xsi:type") or "", reader.defaults[""]).items():
                # The default that the sender's own xsi:type has, before that of the declared type.
                properties.setdefault(name, default)
        fields, children = reader.fields, reader.children
        for child in source:
            tag = child.tag
            known = fields.get(tag)
            if known is not None:
                name, kind, nillable, default = known
                text = child.text or default
                if kind:
                    text = _normal(text, kind)
                # Only where the schema allows nil: elsewhere the attribute is an unknown one, and an empty element is
                # an empty text.
                properties[name] = None if nillable and _is_nil(child) else text
                continue
            below = children.get(tag)
            if below is None and reader.wildcards == "kept" and is_checked:
                # With the namespaces that it uses: it stands by itself.
                text = etree.tostring(child, encoding="unicode", with_tail=False)
                node.children.append(PropertySet(ANY, text, origin=child.sourceline))
                continue
            if below is not None and (only is None or below.name in only):
                component = PropertySet(below.name, origin=child.sourceline)
                node.children.append(component)
                stack.append((child, below, component))
    return root


def _prove_content(element: etree._Element, reader: _ComponentReader) -> None:
    """Refuse texts between elements, and what a wildcard admits where the object doesn't take it."""
    texts = (element.text, *(child.tail for child in element)) if reader.mixed and len(element) else ()
    if any(text and text.strip() for text in texts):
        raise MixedContent(name=reader.name, where=place_of(element))
    if not reader.wildcards:
        return
    for tag in element.keys():  # noqa: SIM118  # an element is no dict: iterated, it gives its children
        if tag not in reader.attributes and not tag.startswith(_XSI):
            reason = "only elements are kept" if reader.wildcards == "kept" else _REFUSED
            raise WildcardRefused(name=f"@{tag}", holder=reader.name, reason=reason, where=place_of(element))
    for child in element if reader.wildcards == "refused" else ():
        if child.tag not in reader.fields and child.tag not in reader.children:
            raise WildcardRefused(name=child.tag, holder=reader.name, reason=_REFUSED, where=place_of(child))


def _normal(text: str, kind: str) -> str:
    """Normalise a text: drop blanks that mean nothing, and write flags, dates and numbers in the hub's spelling."""
    if not kind:
        return text
    text = normal(text, "collapse")
    spell = _SPELLINGS.get(kind)
    return text if spell is None else spell(text)


def _is_nil(element: etree._Element) -> bool:
    return element.get(NIL, "").strip() in ("true", "1")


# Once for each definition, which isn't changed after it is read.
@functools.cache
def _reader(root: Component) -> _ComponentReader:
    readers: dict[Component, _ComponentReader] = {root: _ComponentReader(root.name)}
    waiting = [root]
    while waiting:
        component = waiting.pop()
        reader = readers[component]
        reader.value = component.text is not None
        if isinstance(component, ExternalComponent):
            reader.mixed, reader.wildcards = component.mixed, component.wildcards
        reader.value_kind = _kind(component, "", component.text or "")
        empty = component.empty if isinstance(component, ExternalComponent) else {}
        reader.value_default = _normal(empty.get("", ""), reader.value_kind)
        for name, field in component.fields.items():
            kind = _kind(component, name, field.type)
            if name.startswith("@"):
                reader.attributes[field.tag] = (name, kind)
            else:
                reader.fields[field.tag] = (name, kind, _may_be_nil(component, field), empty.get(name, ""))
        if isinstance(component, ExternalComponent):
            for type_name, defaults in component.defaults.items():
                reader.defaults[type_name] = {
                    name: _normal(text, _kind(component, name, component.fields[name].type))
                    for name, text in defaults.items()
                }
        for child in component.children.values():
            if child not in readers:
                readers[child] = _ComponentReader(child.name)
                waiting.append(child)
            reader.children[child.tag] = readers[child]
    return readers[root]


def _kind(component: Component, name: str, type: str) -> str:
    if type in _SPELLINGS:
        return type
    return "collapse" if isinstance(component, ExternalComponent) and name in component.collapsed else ""


def _may_be_nil(component: Component, field: Field) -> bool:
    return isinstance(component, ExternalComponent) and field.name in component.nillable
