"""Set Product Instance: what the configurator gives, as the input that Apply and Delta take.

Source: "a. Apply Method", "a Set Product Instance Method can be invoked"; spec: docs/design/methods.md, "The small
ones"
and "Settled points", The rest.
"""

from __future__ import annotations

from hub.services.items import check_items, object_label
from hub.services.objects import as_object, fit, items_of, only_instance
from hub.services.set_action import set_action
from integration_objects.complex_object import empty, instances, line_items, object_name, put_list
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.names import LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

ASSET = "OM Asset"


class ManyRoots(Refused):
    """A product instance has several root items."""


def set_product_instance(instance: PropertySet, definitions: Definitions) -> PropertySet:
    """Turn a product instance into an OM Asset with one root item.

    Args:
        instance: complex object with one instance and one root item: a customizable product as the
            configurator leaves it; an empty object for one that isn't there. Not changed.
        definitions: the integration objects.

    Returns:
        An OM Asset in which every action code is ``-``, for a product instance is a state; an empty OM Asset
        where there is no item. The header's fields are taken over by name.

    Raises:
        ManyInstances: there are several instances.
        ManyRoots: there are several root items.
        Refused: what `check_items` finds; keys are needed.

    Source: "a. Apply Method".
    """
    check_items(instance, "Set Product Instance", keys=True)
    found = only_instance(instance, "Set Product Instance", "instance")
    roots = [] if found is None else line_items(found)
    if found is None or not roots:
        return empty(ASSET)
    if len(roots) > 1:
        raise ManyRoots(
            "Set Product Instance wants one root item",
            where=object_label(instance),
            tree=instance,
            why=f"a product instance is one customizable product, found {len(roots)} root items",
            mend="give one root with all beneath it",
        )
    state = set_action(instance, NO_ACTION)
    if object_name(instance) == ASSET:
        return state
    result = as_object(ASSET, found, definitions, "Set Product Instance")
    items = line_items(instances(state)[0])
    method = "Set Product Instance"
    fit(items, items_of(instance, definitions, method), items_of(result, definitions, method))
    put_list(instances(result)[0], LINE_ITEM).extend(items)
    return result
