"""Explode: an added item with quantity *n* becomes *n* items with quantity 1, with all that is beneath them.

Source: "e. Explode Method", figure 9D-2; spec: docs/design/methods.md, "Explode" and "Settled points", Explode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from hub.services.free_units import share_copies
from hub.services.items import ONE, check_items, object_label, place, quantity_of
from hub.services.objects import (
    attribute_copies,
    attribute_of,
    copied,
    fresh_properties,
    item_component,
    other_lists,
    put_attributes,
)
from integration_objects.complex_object import (
    action_code,
    attributes,
    carries,
    instances,
    is_tracked,
    line_items,
    put_list,
    walk_items,
)
from integration_objects.definition import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.field_values import FRACTION_DIGITS, WHOLE_DIGITS, write_number
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

#: Most items of the result: a guard against a mistyped quantity.
DEFAULT_LIMIT = 10_000
#: A count of items is exact up to this number; nobody reads more digits.
_COUNTED = 10**30
_CONTEXT = Context(prec=2 * (WHOLE_DIGITS + FRACTION_DIGITS))
#: The last digit that a number may have after its point.
_STEP = Decimal(1).scaleb(-FRACTION_DIGITS)


class QuantityNotWhole(Refused):
    """An item that must be exploded has a quantity above 1 that is no whole number."""

    what = "a quantity that must be exploded is no whole number"
    where = "{place}"
    why = "an added item becomes as many as its quantity says, found '{quantity}'"
    mend = "give a whole number, or set Track As Asset to N where the product is measured"


class RootItemUnknown(Refused):
    """The root that is to be exploded isn't in the object."""

    what = "there is no root item '{root}'"
    where = "{label}"
    why = "root items are {known}"
    mend = "give the Integration Id of a root item, or none for all"


class TooManyItems(Refused):
    """The result would have more items than the limit allows."""

    what = "the result would have too many line items"
    where = "{label}"
    why = "the result would have {count} items, the limit is {limit}"
    mend = "mend the quantities, or spread the items over several objects"


class ExtendedQuantityTooLarge(Refused):
    """The product of the quantities has more digits than a number may have."""

    what = "an Extended Quantity is too large"
    where = "{place}"
    why = "the product of the quantities from the root down has more than 15 digits"
    mend = "mend the quantities above the item"


def is_exploding(item: PropertySet) -> bool:
    """Tell whether the item satisfies the Explode criteria: Add, tracked as an asset, quantity above 1."""
    return quantity_of(item) > 1 and action_code(item) == "Add" and is_tracked(item)


def explode(
    object: PropertySet,
    definitions: Definitions,
    new_id: Callable[[], str],
    root: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> PropertySet:
    """Put *n* copies with quantity 1 in place of every added, tracked item with quantity *n*.

    Args:
        object: complex object. Not changed.
        definitions: the integration objects; the line item's list ``cleared`` names the fields that a copy drops.
        new_id: makes an identifier; called for each copied item's Integration Id and Row Id, in the result's order.
        root: Integration Id of the one root item to explode; None for all.
        limit: most items in the result, all instances together; holds only if an item is exploded.

    Returns:
        A new complex object. The first copy keeps its identifiers; the copies and all beneath them have
        Extended Quantity, the product of the quantities from the root down.

    Raises:
        QuantityNotWhole: the quantity of an item to be exploded is a fraction.
        RootItemUnknown: no instance has this root.
        TooManyItems: the result would have more than *limit* items; the error says how many.
        ExtendedQuantityTooLarge: the product has more than 15 digits before the point.
    """
    check_items(object)
    _check_root(object, root)
    component = item_component(object, definitions)
    # Counted before anything is copied: a mistyped quantity of a billion would take all memory.
    _check_count(object, root, limit)
    result = copied(object, lambda _: True)
    for source, target in zip(instances(object), instances(result), strict=True):
        _Explosion(object, source, component, new_id, root).write(target)
    return result


@dataclass(slots=True)
class _Task:
    """An item to be written.

    Attributes:
        target: the list that the copy goes into.
        fresh: whether the copy needs identifiers of its own.
        within: whether the item is exploded, or beneath an exploded item, so that it needs its Extended Quantity.
        above: the product of the quantities of its ancestors.
        exploding: whether the item may be exploded.
        shares: position and number of the copies of each exploded item from the root down to this one.
    """

    item: PropertySet
    target: list[PropertySet]
    fresh: bool
    within: bool
    above: Decimal
    exploding: bool
    shares: tuple[tuple[int, int], ...] = ()


class _Explosion:
    """The explosion of one instance; keeps its own stack, because trees may be deep."""

    def __init__(
        self,
        tree: PropertySet,
        instance: PropertySet,
        component: Component,
        new_id: Callable[[], str],
        root: str | None,
    ) -> None:
        self.tree = tree
        self.instance = instance
        self.component = component
        self.dropped = ("Row Id", *attribute_of(component).cleared)
        self.new_id = new_id
        self.root = root

    def write(self, header: PropertySet) -> None:
        """Write the items of the instance into *header*'s list. Changes *header*."""
        stack: list[_Task] = []
        for item in line_items(self.instance):
            chosen = self.root is None or item.properties.get(KEY) == self.root
            target = put_list(header, LINE_ITEM)
            stack += self._copies(_Task(item, target, False, False, ONE, chosen))
        # A stack gives its last entry first: reversed, the result has the order of the input.
        stack.reverse()
        while stack:
            task = stack.pop()
            below: list[_Task] = []
            node, product = self._write(task)
            if carries(task.item, LINE_ITEM):
                target = put_list(node, LINE_ITEM)
                for child in line_items(task.item):
                    below += self._copies(
                        _Task(child, target, task.fresh, task.within, product, task.exploding, task.shares)
                    )
            stack.extend(reversed(below))

    def _copies(self, task: _Task) -> list[_Task]:
        """Return the task itself, or one task for each copy if the item is exploded."""
        if not (task.exploding and is_exploding(task.item)):
            return [task]
        count = int(quantity_of(task.item))
        return [
            _Task(
                task.item,
                task.target,
                task.fresh or position > 0,
                True,
                task.above,
                True,
                (*task.shares, (position, count)),
            )
            for position in range(count)
        ]

    def _write(self, task: _Task) -> tuple[PropertySet, Decimal]:
        """Append the item's copy to its target; return it with the product of the quantities down to it."""
        item = task.item
        node = item.copy_node()
        if task.fresh:
            node.properties = fresh_properties(item.properties, self.component, self.new_id, row_id=True)
        node.properties["Action Code"] = action_code(item)
        quantity = quantity_of(item)
        if task.exploding and is_exploding(item):
            quantity = ONE
            # The first copy keeps its key and its ids: it is the line that the sender knows.
            node.properties["Quantity"] = "1"
        product = task.above if quantity == ONE else _CONTEXT.multiply(task.above, quantity)
        if task.within and "Extended Quantity" in self.component.fields:
            node.properties["Extended Quantity"] = self._extended(item, product)
        if task.shares:
            share_copies(node, task.shares, product)
        node.children = other_lists(item)
        put_attributes(node, item, self._attributes(item, task.fresh))
        task.target.append(node)
        return node, product

    def _attributes(self, item: PropertySet, fresh: bool) -> list[PropertySet]:
        twins = attribute_copies(item, "", self.dropped if fresh else ())
        for twin, attribute in zip(twins, attributes(item), strict=True):
            twin.properties["Action Code"] = action_code(attribute)
        return twins

    def _extended(self, item: PropertySet, product: Decimal) -> str:
        if product >= Decimal(10) ** WHOLE_DIGITS:
            raise ExtendedQuantityTooLarge(place=place(self.tree, self.instance, item), node=item)
        exponent = product.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > FRACTION_DIGITS:
            product = product.quantize(_STEP, rounding=ROUND_HALF_UP, context=_CONTEXT)
        return write_number(product)


def _check_root(tree: PropertySet, root: str | None) -> None:
    if root is None:
        return
    keys = [item.properties.get(KEY) for instance in instances(tree) for item in line_items(instance)]
    if root not in keys:
        known = ", ".join(f"'{key}'" for key in keys[:10] if key) or "none with a key"
        known += ", ..." if len(keys) > 10 else ""
        raise RootItemUnknown(root=root, label=object_label(tree), known=known, tree=tree)


def _check_count(tree: PropertySet, root: str | None, limit: int) -> None:
    """Refuse fractions, and a result with too many items, before anything is copied."""
    total, exploded = 0, False
    for instance in instances(tree):
        times: dict[int, int] = {}
        chosen: dict[int, bool] = {}
        for item, parent in walk_items(instance):
            count = 1 if parent is None else times[id(parent)]
            wanted = chosen[id(parent)] if parent is not None else root is None or item.properties.get(KEY) == root
            if wanted and is_exploding(item):
                exploded = True
                # Nested quantities multiply: without the bound a few levels make numbers of thousands of digits.
                count = min(count * _whole(tree, instance, item), _COUNTED)
            times[id(item)], chosen[id(item)] = count, wanted
            total += count
    if exploded and total > limit:
        many = f"{total}" if total < _COUNTED else f"at least {_COUNTED}"
        raise TooManyItems(label=object_label(tree), count=many, limit=limit, tree=tree)


def _whole(tree: PropertySet, instance: PropertySet, item: PropertySet) -> int:
    quantity = quantity_of(item)
    if quantity != quantity.to_integral_value():
        raise QuantityNotWhole(place=place(tree, instance, item), quantity=item.get("Quantity"), node=item)
    return int(quantity)
