"""The line of a field that is a simple element, found when an error or a trace asks for it.

The tree keeps the lines of components only: a line for each field would cost every message what few errors need.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from lxml import etree

from integration_objects.definition import IntegrationObject

_STEP = re.compile(r"/([^/\[]+)\[([0-9]+)\]")


def field_lines(element: etree._Element, definition: IntegrationObject) -> Callable[[str, str], int | None]:
    """Return the function that finds a field's line in an external object's document.

    Its arguments are a component's path, ``/ORDERS[1]/ORDER[2]``, and the field's name; None: there is no such element.
    """
    return functools.partial(_field_line, element, definition)


def _field_line(element: etree._Element, definition: IntegrationObject, path: str, field: str) -> int | None:
    component = definition.root
    # The first step is the root itself.
    for name, number in _STEP.findall(path)[1:]:
        component = component.children[name]
        found = next(
            (child for place, child in enumerate(element.iterchildren(component.tag), 1) if place == int(number)), None
        )
        if found is None:
            return None
        element = found
    declared = component.fields.get(field)
    # libxml2 keeps the lines of elements, and none of attributes.
    if declared is None or field.startswith("@"):
        return None
    found = next(element.iterchildren(declared.tag), None)
    return None if found is None else found.sourceline
