"""Update Order Status: which root items of an order are processed.

Source: "n. Update Order Status Method"; spec: docs/design/methods.md, "The small ones" and "Settled points", The rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.services.items import check_items
from hub.services.objects import copied, items_of
from integration_objects.complex_object import instances, line_items
from integration_objects.definition import Definitions
from integration_objects.property_set import PropertySet

#: Statuses of an item on which nobody works any more. The document says Complete, Failed or NULL.
COMPLETE_STATUSES = ("Complete", "Failed", "Rejected", "Cancelled")
#: An item on which there was nothing to do; these count whatever the list says.
_NOTHING_TO_DO = ("-", "", None)


def update_order_status(
    object: PropertySet, complete: Sequence[str] | None = None, definitions: Definitions | None = None
) -> PropertySet:
    """Set Order Item Processed Flag of each root item: Y where it and all beneath it are finished, else N.

    Args:
        object: an order. Not changed.
        complete: the statuses that count as finished; ``-``, ``''`` and null always do. None: the line item's
            ``complete_statuses`` in *definitions*, or `COMPLETE_STATUSES`.
        definitions: the integration objects.

    Raises:
        Refused: what `check_items` finds.

    Source: "n. Update Order Status Method".
    """
    check_items(object, "Update Order Status")
    if complete is None:
        declared = () if definitions is None else items_of(object, definitions, "Update Order Status").complete_statuses
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
