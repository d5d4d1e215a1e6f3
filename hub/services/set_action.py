"""Set Action: one action code for all line items and attributes.

Source: "i. Set Action Method"; spec: docs/design/methods.md, "The small ones".
"""

from __future__ import annotations

from hub.services.items import action_of, check_items
from hub.services.objects import copied
from integration_objects.complex_object import all_items, attributes
from integration_objects.property_set import PropertySet


def set_action(object: PropertySet, action: str | None) -> PropertySet:
    """Set the action code of every line item and every attribute, unconditionally.

    Args:
        object: complex object. Not changed.
        action: Add, Update, Delete or ``-``; null, ``''`` and ``--`` mean ``-``.

    Raises:
        ActionCodeUnknown: *action* is something else.
    """
    code = action_of(action)
    check_items(object)
    result = copied(object)
    for item in all_items([result]):
        item.properties["Action Code"] = code
        for attribute in attributes(item):
            attribute.properties["Action Code"] = code
    return result
