"""Set Product Instance: the configurator's result becomes the input of Apply and Delta.

Source: "a. Apply Method", "a Set Product Instance Method can be invoked"; spec: docs/design/methods.md, "The small
ones" and "Settled points", The rest.
"""

from __future__ import annotations

from hub.services.items import check_items, object_label
from hub.services.objects import as_object, fit, item_component, only_instance
from hub.services.set_action import set_action
from integration_objects.complex_object import empty, first_instance, line_items, object_name, put_list
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.names import ASSET, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet


class ManyRoots(Refused):
    """A product instance has several root items."""

    what = "the product instance has {count} root items, and one is allowed"
    where = "{label}"
    why = "a product instance is one customizable product, found {count} root items"
    mend = "give one root with all beneath it"


def set_product_instance(instance: PropertySet, definitions: Definitions) -> PropertySet:
    """Turn a product instance into an OM Asset with one root item.

    Args:
        instance: complex object with one instance and one root item: a customizable product as the configurator leaves
            it; an empty object for no product. Not changed.

    Returns:
        An OM Asset in which every action code is ``-``, because a product instance is a state; an empty OM Asset for an
        instance without items. The header's fields are taken over by name.

    Raises:
        ManyInstances: there are several instances.
        ManyRoots: there are several root items.
        Refused: as `check_items`; keys are needed.
    """
    check_items(instance, keys=True)
    header = only_instance(instance, "instance")
    roots = [] if header is None else line_items(header)
    if header is None or not roots:
        return empty(ASSET)
    if len(roots) > 1:
        raise ManyRoots(count=len(roots), label=object_label(instance), tree=instance)
    state = set_action(instance, NO_ACTION)
    if object_name(instance) == ASSET:
        return state
    result = as_object(ASSET, header, definitions)
    items = line_items(first_instance(state))
    fit(items, item_component(instance, definitions), item_component(result, definitions))
    put_list(first_instance(result), LINE_ITEM).extend(items)
    return result
