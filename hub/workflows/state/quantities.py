"""The quantities of services: a tracked service is there whole, and an item of quantity 0 is no item.

    prove_quantities    refuses a fraction of a tracked service, none of it, and one service that becomes several
    quantities_refused  finds these lines
    leave_out_empty     takes the untracked items of quantity 0 out of a state or an order, and reports them

Source: "Ungroup Quotes Process" (quantities of items that are tracked as assets); spec: docs/design/data-model.md,
"Objects and where they live".
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.services.differences import same_value
from hub.services.explode import QuantityNotWhole
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import place_of
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    is_tracked,
    items_from,
    items_of,
    line_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import as_number
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

#: Actions of lines that ask for a quantity. Lines of other actions repeat the quantity of a service that is there.
_ASKING = ("Add", "Update")


class QuantityZero(Refused):
    """Nothing of a product is asked for, and the product is tracked as an asset."""

    what = "nothing of the product '{product}' is asked for"
    where = "{place}, {line}"
    why = "its quantity is 0, and a service that is tracked as an asset is there whole or isn't there"
    mend = "give a quantity of 1 or more; to take the service away, remove or disconnect it"


class QuantityAboveOne(Refused):
    """A change makes several services of one that is tracked as an asset."""

    what = "the service '{product}' can't become {quantity} services"
    where = "{place}, {line}"
    why = "a service that is tracked as an asset has a key and a service id of its own"
    mend = "add each further service with a line of its own (Add)"


def prove_quantities(order: PropertySet, state: PropertySet, where: str) -> None:
    """Refuse a fraction of a tracked service, a quantity of 0, and one service that becomes several.

    The arguments are those of `quantities_refused`.

    Raises:
        QuantityNotWhole, QuantityZero, QuantityAboveOne: names the first such line.
    """
    for _, refused in quantities_refused(order, state, where):
        raise refused


def quantities_refused(order: PropertySet, state: PropertySet, where: str) -> Iterator[tuple[PropertySet, Refused]]:
    """Yield each line whose quantity can't be ordered, and its error; nothing is raised.

    A quantity that the profile has already (it was loaded so) may stay, or become less.

    Args:
        order: the order or quote, with its lines that are still to come.
        state: OM Asset message: the state that is requested before it.
        where: the document's name, for errors.
    """
    requested = ComplexObject.of(state)
    for item in items_of(order):
        text = item.get("Quantity")
        # Most lines have the quantity 1: reading it as a decimal number for each costs more than all other checks.
        if text in (None, "1") or action_code(item) not in _ASKING or not is_tracked(item):
            continue
        quantity = as_number(text or "")
        # Not by the text: 2.0 is a whole quantity, too. An Add is exploded into several lines.
        if quantity is None:
            continue
        is_whole = quantity != 0 and quantity == quantity.to_integral_value()
        if is_whole and (quantity <= 1 or action_code(item) == "Add"):
            continue
        stored = requested.by_key(item.get(KEY))
        if stored is not None and same_value("number", stored.get("Quantity"), text):
            continue
        if is_whole:
            before = None if stored is None else as_number(stored.get("Quantity") or "1")
            if before is not None and quantity > before:
                refused = QuantityAboveOne(
                    product=item.get("Product Id"), quantity=text, place=where, line=place_of(item)
                )
                yield item, refused
        elif quantity == 0:
            yield item, _zero(item, where)
        else:
            yield (
                item,
                QuantityNotWhole(
                    "a part of a service can't be ordered",
                    where=f"{where}, {place_of(item)}",
                    why=f"its quantity is {text}, and a service that is tracked as an asset is there whole",
                    mend="give it a whole quantity, or set Track As Asset to N where the product is measured",
                ),
            )


def leave_out_empty(
    run: Run, instance: PropertySet, where: str, before: PropertySet | None = None, is_order: bool = False
) -> list[Note]:
    """Take the items of quantity 0 out of an instance, with all beneath them. Changes *instance*.

    Args:
        run: the run.
        instance: an instance of OM Asset, OM Quote or OM Order.
        where: the place of its items, for errors.
        before: OM Asset message: the state before; a service that has the quantity 0 there may stay.
        is_order: whether the items are lines with actions, of which only the added ones can be left out.

    Returns:
        A note for each item that was left out.

    Raises:
        QuantityZero: the item, or an item beneath it, is tracked as an asset.
    """
    empty = list(_new_empty(instance, before, is_order))
    # Products are read only for such items, which are rare.
    if not empty:
        return []
    below = list(items_from(empty))
    products = run.products(sorted({item.get("Product Id") or "" for item in below}))
    for item in below:
        product = products.get(item.get("Product Id") or "", {})
        if (product.get("Track As Asset") or item.get("Track As Asset")) != "N":
            raise _zero(item, where)
    dropped = {id(item) for item in empty}
    # By identity: equal items are equal to `==`.
    for node in [instance, *items_of(instance)]:
        kept = line_items(node)
        kept[:] = [item for item in kept if id(item) not in dropped]
    return [Note("left out", "its quantity is 0", item.get(KEY), item.get("Product Id")) for item in empty]


def _new_empty(instance: PropertySet, before: PropertySet | None, is_order: bool) -> Iterator[PropertySet]:
    """Yield the items that are asked for with the quantity 0, and didn't have it before."""
    state = ComplexObject.of(before)
    for item in items_of(instance):
        if not is_empty_quantity(item) or (is_order and action_code(item) != "Add"):
            continue
        stored = state.by_key(item.get(KEY))
        if stored is None or not is_empty_quantity(stored):
            yield item


def is_empty_quantity(item: PropertySet) -> bool:
    """Tell whether an item's quantity is 0, however it is written."""
    text = item.get("Quantity")
    return text not in (None, "1") and as_number(text or "") == 0


def _zero(item: PropertySet, where: str) -> QuantityZero:
    return QuantityZero(product=item.get("Product Id"), place=where, line=place_of(item))
