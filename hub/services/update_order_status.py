"""Update Order Status: mark the root items of an order that are processed.

Source: "n. Update Order Status Method"; spec: docs/design/methods.md, "The small ones" and "Settled points", The rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.services.items import check_items
from hub.services.objects import copied, item_component
from integration_objects.complex_object import instances, line_items
from integration_objects.definition import Definitions
from integration_objects.property_set import PropertySet

#: Statuses of a finished item. The document says Complete, Failed or NULL.
COMPLETE_STATUSES = ("Complete", "Failed", "Rejected", "Cancelled")
#: Statuses of an item on which there was nothing to do; these always count as finished.
_NOTHING_TO_DO = ("-", "", None)


def update_order_status(
    object: PropertySet, complete: Sequence[str] | None = None, definitions: Definitions | None = None
) -> PropertySet:
    """Set Order Item Processed Flag of each root item: Y if the item and all beneath it are finished, else N.

    Args:
        object: an order. Not changed.
        complete: the statuses that count as finished; ``-``, ``''`` and null always do. None: the line item's
            ``complete_statuses`` in *definitions*, or `COMPLETE_STATUSES`.
    """
    check_items(object)
    if complete is None:
        declared = () if definitions is None else item_component(object, definitions).complete_statuses
        complete = declared or COMPLETE_STATUSES
    finished = frozenset((*complete, *_NOTHING_TO_DO))
    result = copied(object)
    for instance in instances(result):
        for root in line_items(instance):
            stack, processed = [root], True
            while stack and processed:
                item = stack.pop()
                processed = item.properties.get("Status") in finished
                stack.extend(line_items(item))
            root.properties["Order Item Processed Flag"] = "Y" if processed else "N"
    return result
