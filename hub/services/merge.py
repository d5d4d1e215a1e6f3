"""Merge: put the line items of one object behind those of another.

Source: "o. Merge Method"; spec: docs/design/methods.md, "The small ones" and "Settled points", The rest.
"""

from __future__ import annotations

from hub.services.items import ItemKeyTwice, check_items, item_label, line_of, object_label
from hub.services.objects import as_object, copied, fit, item_component, only_instance
from integration_objects.complex_object import first_instance, items_of, line_items, object_name, put_list
from integration_objects.definition import Definitions
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet


def merge(target: PropertySet, source: PropertySet, definitions: Definitions) -> PropertySet:
    """Copy the source's root items, with all beneath them, behind the target's.

    Args:
        target: complex object with one instance, or empty. Not changed.
        source: complex object with one instance, or empty. Not changed.

    Returns:
        An object of the target's kind with the target's header. With an empty target: the source, its header's fields
        taken over by name where the kinds differ. With an empty source: the target.

    Raises:
        ManyInstances: one of them has several instances.
        ItemKeyTwice: a key is in both.
        Refused: as `check_items`; keys are needed.
    """
    check_items(target, keys=True)
    check_items(source, keys=True)
    ours = only_instance(target, "target")
    theirs = only_instance(source, "source")
    if theirs is None:
        return copied(target)
    copy = copied(source)
    if ours is None:
        name = object_name(target)
        if name is None or name == object_name(source):
            return copy
        result = as_object(name, theirs, definitions)
    else:
        _check_keys(target, ours, source, theirs)
        result = copied(target)
    roots = line_items(first_instance(copy))
    if roots:
        fit(roots, item_component(source, definitions), item_component(result, definitions))
        put_list(first_instance(result), LINE_ITEM).extend(roots)
    return result


def _check_keys(target: PropertySet, ours: PropertySet, source: PropertySet, theirs: PropertySet) -> None:
    known = {item.properties[KEY] for item in items_of(ours)}
    for item in items_of(theirs):
        if item.properties[KEY] in known:
            raise ItemKeyTwice(
                "a key is in both objects",
                where=f"{object_label(target)} and {object_label(source)}, {item_label(theirs, item)}{line_of(item)}",
                mend="drop the item from one of them, or apply one to the other",
                node=item,
            )
