"""The elements of the hub's own XML: the fields and lists of a component's element, and the errors about them.

Spec: docs/design/integration.md, "Property sets and the hub's own XML".
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from integration_objects.complex_object import list_of
from integration_objects.component import Component, Field, element_name
from integration_objects.errors import Invalid, Refused

Envelope = Literal["Message", "SiebelMessage"]

#: The envelopes' root elements, and the IntObjectFormat that each writes.
FORMATS = {"Message": "Hierarchical", "SiebelMessage": "Siebel Hierarchical"}
#: The property that tells `execute` what to do with a component; an attribute in XML.
OPERATION = "Operation"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


class NotAMessage(Invalid):
    """The document is XML, but no message of the hub's own."""


class ElementUnknown(Invalid):
    """The definition has no element or attribute of this name at this place."""

    what = "unknown {kind} {name} in <{parent}>"


class ElementMisplaced(Invalid):
    """An element is there twice, or holds an element or text that it can't hold."""

    what = "<{tag}> is there twice"
    why = "its parent holds each of its elements once; components that repeat stand in one list"
    mend = "take one of the two away"


class ValueRefused(Invalid):
    """A field's text is no value of the field."""

    what = "'{field}' can't be read"


class NotWritable(Refused):
    """The tree holds a node that the definition doesn't know, or a text that XML can't carry."""

    # Such a tree comes from code, not from a document.
    mend = "make the tree with integration_objects.complex_object, or read it from a document"


@dataclass(frozen=True)
class Elements:
    """The fields and lists that a component's element may hold.

    Attributes:
        fields: by element name.
        lists: the child components, by the element name of their list.
        by_type: the element name of a list, and its component, by the type of the list's node.
        tags: name and element name of each field, in the definition's order.
    """

    fields: dict[str, Field]
    lists: dict[str, Component]
    by_type: dict[str, tuple[str, Component]]
    tags: tuple[tuple[str, str], ...]


# Bounded, because each reading of the definitions makes new components, and the cache keeps them alive.
@functools.lru_cache(maxsize=4096)
def elements_of(component: Component) -> Elements:
    """Return the elements of a component; they are worked out once for each component."""
    return Elements(
        {element_name(field.name): field for field in component.fields.values()},
        {"ListOf" + element_name(child.name): child for child in component.children.values()},
        {list_of(child.name): ("ListOf" + element_name(child.name), child) for child in component.children.values()},
        tuple((field.name, element_name(field.name)) for field in component.fields.values()),
    )
