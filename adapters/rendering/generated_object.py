"""A generated object, for the proof of templates: each field has a value of its type.

    generated(definition, "1", 2)    each list has two instances
    generated(definition, "1", 0)    each list is empty that may be empty

A component nests in its own kind once.
"""

from __future__ import annotations

from integration_objects.complex_object import message, put_list
from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.property_set import PropertySet

_VALUES = {"number": "1", "date": "2026-01-31", "flag": "Y"}


def generated(definition: IntegrationObject, text: str, instances: int) -> PropertySet:
    """Make an object of *definition*.

    Args:
        definition: an internal or an external object.
        text: the value of text fields, cut to their length.
        instances: the number of instances in each list, as far as the definition allows.

    Returns:
        An internal object's message with one instance, or an external object's root node.
    """
    root = PropertySet(definition.root.name)
    # A component within one of its own kind comes once, and holds none of its kind itself.
    stack: list[tuple[Component, PropertySet, tuple[Component, ...]]] = [(definition.root, root, ())]
    while stack:
        component, node, above = stack.pop()
        node.properties = {name: _value(field, text) for name, field in component.fields.items()}
        if component.text is not None:
            node.value = _VALUES.get(component.text, text)
        for name, child in component.children.items():
            least, most = component.occurs.get(name, (0, None))
            number = max(least, instances if most is None else min(most, instances))
            if not number or [*above, component].count(child) > 1:
                continue
            below = [PropertySet(child.name) for _ in range(number)]
            (node.children if definition.external else put_list(node, child.name)).extend(below)
            stack += [(child, one, (*above, component)) for one in below]
    return root if definition.external else message(definition.name, [root])


def _value(field: Field, text: str) -> str:
    if field.values:
        return field.values[0]
    return _VALUES.get(field.type, text if field.length is None else text[: field.length])
