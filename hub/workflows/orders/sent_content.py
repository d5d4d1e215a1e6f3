"""The content of a sender's order, as a digest: it tells a repeat of a revision from another order under its number.

Source: spec docs/design/road.md, "Whose order, which line".
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from integration_objects.complex_object import list_of
from integration_objects.definition import Component
from integration_objects.field_values import as_date, as_number
from integration_objects.property_set import PropertySet

#: The header's field that keeps the digest.
SENT_CONTENT = "Sent Content"
#: The header's fields by which a sender names the order and the revision: they are no content.
_NAMES = ("Source System", "Source Order Number", "Source Revision")


def sent_content(order: PropertySet, component: Component) -> str:
    """Digest an order as its sender sent it.

    Equal numbers and equal moments have one digest, however they are written. So do the same lines, attributes and
    other components in another order. A null is not an absent field: an Update with a null clears its field.

    Args:
        order: an instance, mapped, without the fields that only the hub can know. Not changed.
        component: its definition.

    Returns:
        64 hexadecimal digits.
    """
    header = order.copy_node()
    header.children = order.children
    header.properties = {name: text for name, text in order.properties.items() if name not in _NAMES}
    return hashlib.sha256(_canonical(header, component).encode()).hexdigest()


def _canonical(node: PropertySet, component: Component) -> str:
    fields = {name: _value(component, name, text) for name, text in node.properties.items()}
    lists = {}
    for name, child in component.children.items():
        below = node.child(list_of(name))
        if below is not None:
            # Sorted: a sender's serializer may write the same lines in another order.
            lists[name] = sorted(_canonical(entry, child) for entry in below.children)
    return json.dumps([fields, lists], sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _value(component: Component, name: str, text: str | None) -> Any:
    field = component.fields.get(name)
    if text is None or field is None or field.type not in ("number", "date"):
        return text
    if field.type == "number":
        number = as_number(text)
        # `normalize` cuts zeros at the end: 1.50 and 1.5 are one number.
        return text if number is None else str(number.normalize())
    moment = as_date(text)
    return text if moment is None else moment.isoformat()
