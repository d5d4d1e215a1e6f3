"""Fields and components that leave with an order: those that the outbound object declares under the same names.

A deployment that adds a field or a component to OM Order and, under the same name, to OM Work Order or OM Billing
Event has its values sent.

Spec: docs/design/road.md, "Out and back".
"""

from __future__ import annotations

from collections.abc import Container

from integration_objects.complex_object import list_of
from integration_objects.definition import Component
from integration_objects.names import LINE_ITEM
from integration_objects.property_set import PropertySet


def carried(source: PropertySet, target: Component, but_not: Container[str] = ("Row Id",)) -> PropertySet:
    """Copy a header or a line with all fields and components that the outbound object has, too.

    Args:
        source: the order's node. Not changed.
        target: the outbound object's component.
        but_not: fields that the outbound object fills itself. A row of an outbound table has its own Row Id.

    Returns:
        A new node of the target's type. Line items aren't copied: the caller chooses them.
    """
    node = PropertySet(target.name)
    # Absent stays absent: a null would tell the other system that the field was cleared.
    node.properties = {
        name: source.properties[name] for name in target.fields if name not in but_not and name in source.properties
    }
    for name, child in target.children.items():
        below = None if name == LINE_ITEM else source.child(list_of(name))
        if below is not None:
            copies = PropertySet(below.type, children=[carried(entry, child) for entry in below.children])
            node.children.append(copies)
    return node
