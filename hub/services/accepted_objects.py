"""The objects that a shipped method accepts under an argument's name.

Spec: docs/design/methods.md, "Words" (a complex object: a header, and a forest of line items) and "Apply" (an asset,
and orders).
"""

from __future__ import annotations

from hub.services.objects import line_item_of
from integration_objects.complex_object import object_name
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.names import ASSET, LINE_ITEM, ORDER, QUOTE
from integration_objects.property_set import PropertySet

#: Objects that report on line items, and are neither a state nor a change.
_REPORTS = ("OM Billing Event", "OM Reply", "OM Work Order Status")
#: Objects with line items that are the wrong way round, by method and argument: an asset is a state, an order a change.
_REFUSED = {
    ("apply", "asset"): ((QUOTE, ORDER, "OM Work Order", *_REPORTS), "an asset, as OM Asset"),
    ("apply", "orders"): ((ASSET, *_REPORTS), "a quote or an order"),
}
#: Fields that a method writes on line items, whose definition must have them.
_WRITTEN = {
    "update-order-status": ("Order Item Processed Flag",),
    "set-effectivity-dates": ("Completed Date", "Calculated Effective Start Date", "Calculated Effective End Date"),
}


class ObjectRefused(Refused):
    """A method is given an object of a kind that it doesn't accept."""

    what = "'{method}' can't take {name} as '{argument}'"
    where = "argument '{argument}'"
    why = "{fault}"
    mend = "name a file with {expected}"


def check_taken(method: str, argument: str, tree: PropertySet, definitions: Definitions) -> None:
    """Refuse an object that a shipped method doesn't accept: one without line items, or the wrong way round.

    Looks at the object's name only, so that it costs the same for every size.

    Args:
        method: the method as commands have it: ``set-action``.
        tree: a message or an empty object. Not changed.

    Raises:
        ObjectRefused: the method doesn't accept it.
    """
    name = object_name(tree)
    if name is None or name not in definitions:
        return  # an empty object of no kind is every kind; an unknown one is refused by the method
    missing = [field for field in _WRITTEN.get(method, ()) if field not in line_item_of(definitions[name]).fields]
    refused, expected = _REFUSED.get((method, argument), ((), "an object with line items, as OM Order has"))
    if LINE_ITEM not in definitions[name].root.children:
        fault = f"expected {expected}; {name} has no line items"
    elif name in refused:
        fault = f"expected {expected}; {name} is none"
    elif missing:
        expected = "an object whose line items have what the method sets, as OM Order"
        fault = f"it sets {', '.join(missing)}, which the line items of {name} don't have"
    else:
        return
    raise ObjectRefused(method=method, argument=argument, name=name, fault=fault, expected=expected, tree=tree)
