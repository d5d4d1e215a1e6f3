"""Which objects a shipped method takes under an argument's name.

Spec: docs/design/methods.md, "Words" (a complex object: a header, and a forest of line items) and "Apply" (an asset,
and
orders).
"""

from __future__ import annotations

from hub.services.objects import line_item_of
from integration_objects.complex_object import object_name
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.names import LINE_ITEM
from integration_objects.property_set import PropertySet

# What tells of lines, and is neither a state nor a change.
_TOLD = ("OM Billing Event", "OM Reply", "OM Work Order Status")
#: Objects with line items that can't be meant, by method and argument: an asset is a state, an order a change.
_NEVER = {
    ("apply", "asset"): (("OM Quote", "OM Order", "OM Work Order", *_TOLD), "an asset, as OM Asset"),
    ("apply", "orders"): (("OM Asset", *_TOLD), "a quote or an order"),
}


#: What a method writes on line items, whose definition must have it.
_WRITES = {
    "update-order-status": ("Order Item Processed Flag",),
    "set-effectivity-dates": ("Completed Date", "Calculated Effective Start Date", "Calculated Effective End Date"),
}


class ObjectRefused(Refused):
    """A method is given an object of a kind that it can't be for."""


def check_taken(method: str, argument: str, tree: PropertySet, definitions: Definitions) -> None:
    """Refuse an object of a kind that a shipped method can't take: one without line items, or the wrong way round.

    Looks at the object's name only, so that it costs the same for every size.

    Args:
        method: the method as commands have it: ``set-action``.
        argument: the argument's name.
        tree: a message or an empty object. Not changed.
        definitions: the integration objects.

    Raises:
        ObjectRefused: it can't be meant.
    """
    name = object_name(tree)
    if name is None or name not in definitions:
        return  # an empty object of no kind is every kind; an unknown one is the method's to tell
    root = definitions[name].root
    missing = [field for field in _WRITES.get(method, ()) if field not in line_item_of(definitions[name]).fields]
    refused, expected = _NEVER.get((method, argument), ((), "an object with line items, as OM Order has"))
    if LINE_ITEM not in root.children:
        why = f"expected {expected}; {name} has no line items"
    elif name in refused:
        why = f"expected {expected}; {name} is none"
    elif missing:
        expected = "an object whose line items have what the method sets, as OM Order"
        why = f"it sets {', '.join(missing)}, which the line items of {name} don't have"
    else:
        return
    raise ObjectRefused(
        f"'{method}' can't take {name} as '{argument}'",
        where=f"argument '{argument}'",
        why=why,
        mend=f"name a file with {expected}",
        tree=tree,
    )
