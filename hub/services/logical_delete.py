"""Logical Delete: deleted items become inactive, so that the history of an account's services stays.

Source: "d. Logical Delete Method", figures 11P to 11Q-2; spec: docs/design/methods.md, "Logical Delete".
"""

from __future__ import annotations

from hub.services.items import check_items
from hub.services.objects import copied
from integration_objects.complex_object import attributes, instances, line_items
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.names import NO_ACTION
from integration_objects.property_set import PropertySet

CONVERT, LEAVE = "convert", "leave"


class ChildrenUnknown(Refused):
    """The argument `children` is neither ``convert`` nor ``leave``."""

    what = "'{children}' is no way to treat the items beneath a deleted item"
    where = "argument 'children'"
    why = "expected convert or leave, found '{children}'"
    mend = "give one of them"


def logical_delete(object: PropertySet, definitions: Definitions | None = None, children: str = CONVERT) -> PropertySet:
    """Turn every item with action Delete into an Update with status Inactive.

    Args:
        object: complex object. Not changed.
        definitions: not used.
        children: ``convert`` (default): items with Delete beneath a deleted item are converted too; ``leave``: the
            items beneath a deleted item stay as they are, as the document says.

    Returns:
        A new complex object. Attributes with Delete in a converted item have ``-``: the history keeps them.

    Raises:
        ChildrenUnknown: *children* is something else.

    Source: "d. Logical Delete Method". The document does not read the items beneath; Apply would then drop them.
    """
    if children not in (CONVERT, LEAVE):
        raise ChildrenUnknown(children=children)
    check_items(object)
    result = copied(object)
    stack = [item for instance in instances(result) for item in line_items(instance)]
    while stack:
        item = stack.pop()
        deleted = item.properties["Action Code"] == "Delete"
        if deleted:
            item.properties["Action Code"] = "Update"
            item.properties["Status"] = "Inactive"
            for attribute in attributes(item):
                # With Delete, Apply would take the attribute away, and the history would lose its value.
                if attribute.properties["Action Code"] == "Delete":
                    attribute.properties["Action Code"] = NO_ACTION
        # With LEAVE, nothing beneath a deleted item is visited, as the source's pseudo-code has it.
        if not deleted or children == CONVERT:
            stack.extend(line_items(item))
    return result
