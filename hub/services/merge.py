"""Merge: the line items of one object behind those of another.

Source: "o. Merge Method"; spec: docs/design/methods.md, "The small ones" and "Settled points", The rest.
"""

from __future__ import annotations

from hub.services.items import KeyTwice, check_items, item_label, object_label
from hub.services.objects import as_object, copied, fit, items_of, only_instance
from integration_objects.complex_object import instances, line_items, object_name, put_list, walk_items
from integration_objects.definition import Definitions
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet


def merge(target: PropertySet, source: PropertySet, definitions: Definitions) -> PropertySet:
    """Copy the source's root items, with all beneath them, behind the target's.

    Args:
        target: complex object with one instance, or empty. Not changed.
        source: likewise. Not changed.
        definitions: the integration objects.

    Returns:
        An object of the target's type with the target's header. Into an empty object: the source, its
        header's fields taken over by name where the types differ. Of an empty object: the target.

    Raises:
        ManyInstances: one of them has several instances.
        KeyTwice: a key is in both.
        Refused: what `check_items` finds; keys are needed.

    Source: "o. Merge Method".
    """
    check_items(target, "Merge", keys=True)
    check_items(source, "Merge", keys=True)
    ours = only_instance(target, "Merge", "target")
    theirs = only_instance(source, "Merge", "source")
    if theirs is None:
        return copied(target)
    copy = copied(source)
    if ours is None:
        name = object_name(target)
        if name is None or name == object_name(source):
            return copy
        result = as_object(name, theirs, definitions, "Merge")
    else:
        _check_keys(target, ours, source, theirs)
        result = copied(target)
    found = line_items(instances(copy)[0])
    if found:
        fit(found, items_of(source, definitions, "Merge"), items_of(result, definitions, "Merge"))
        put_list(instances(result)[0], LINE_ITEM).extend(found)
    return result


def _check_keys(target: PropertySet, ours: PropertySet, source: PropertySet, theirs: PropertySet) -> None:
    known = {item.properties[KEY] for item, _ in walk_items(ours)}
    for item, _ in walk_items(theirs):
        if item.properties[KEY] in known:
            raise KeyTwice(
                "Merge met a key that is in both objects",
                where=f"{object_label(target)} and {object_label(source)}, {item_label(theirs, item)}"
                + (f", line {item.origin}" if item.origin is not None else ""),
                node=item,
                why=f"{KEY} is unique within an instance",
                mend="drop the item from one of them, or apply one to the other",
            )
