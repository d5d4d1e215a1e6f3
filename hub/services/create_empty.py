"""Create Empty Complex Object: an object of a kind, without line items.

Source: "q. Create Empty Complex Object Method"; spec: docs/design/methods.md, "The small ones".
"""

from __future__ import annotations

from hub.services.objects import definition_of
from integration_objects.complex_object import empty, message
from integration_objects.definition import Definitions
from integration_objects.property_set import PropertySet


def create_empty(name: str | None, definitions: Definitions) -> PropertySet:
    """Make an empty complex object.

    Args:
        name: an integration object's name; None for an object of no kind.

    Returns:
        With no name, a property set with ``Is Empty`` = ``Y`` and nothing else; with one, a message with the
        object's header, without fields and line items.

    Raises:
        ObjectUndeclared: no object has this name; the error lists the declared ones.
    """
    if name is None:
        return empty()
    definition = definition_of(name, definitions)
    return message(definition.name, [PropertySet(definition.root.name)])
