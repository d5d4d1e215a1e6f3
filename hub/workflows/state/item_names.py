"""The names of an item. A workflow finds the item by each of them.

    whole key          06H25V0HP00082SYSZTGWM5WAB
    Line Number        3                            of a quote, an order or a work order
    Service Id         509-555-0140 or 5095550140
    Service Point Id   SP-HOME-LINE
    end of the key     WM5WAB                       6 characters or more
    path               3/Caller Id                  from an item of one of these names down by products
                       Local Line[2]/Caller Id      from a root down by products, else from any item
    joined id          the number of the service point or meter, where the item has no Service Id of its own

The kinds are tried in this order. The first kind that some item has decides. A name that several items have is refused.

Spec: docs/workflows.md, "How an item is named".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from hub.configurator.item_path import Step, escaped, product_steps, split_path
from hub.configurator.product_tree import is_inactive
from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import described
from hub.workflows.state.service_id import joined_service_ids
from integration_objects.complex_object import ComplexObject, action_code, line_items
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.service_number import plain_number
from integration_objects.short_keys import FEWEST, short_keys

#: most items that an error lists, and most names that an unknown one is compared with
_MOST_LISTED, _MOST_COMPARED = 12, 1_000


class ItemNameUnclear(Refused):
    """Several items have the name that one item is called by."""

    what = "'{name}' is the name of {count} items"
    why = "they are {items}"
    mend = "name one of them by its number, or by the end of its key that stands in brackets"


class ItemNames:
    """The items of one instance, found by their names."""

    def __init__(self, run: Run, instance: PropertySet, numbered: bool = True) -> None:
        """Look at an instance; *numbered* tells whether the Line Numbers of a quote or an order are names."""
        self._run = run
        self._view = ComplexObject(instance)
        # The items of a profile may have the numbers of several orders.
        self._numbered = numbered and instance.type in ("Quote", "Order", "Work Order")

    def find(self, name: str, where: str, living: bool = False) -> PropertySet | None:
        """Return the item that has the name; None for none.

        Args:
            name: the name.
            where: the place of the name, for the error.
            living: whether the name means the one that stays, where items that end have it, too.

        Raises:
            ItemNameUnclear: several items have it.
        """
        found = self.having(name)
        if living and len(found) > 1:
            found = [item for item in found if not _ends(item)] or found
        if len(found) > 1:
            raise ItemNameUnclear(name=name, count=len(found), items=self.listed(found), where=where)
        return found[0] if found else None

    def having(self, name: str) -> list[PropertySet]:
        """Return all items that have the name, by the first kind of names that one has."""
        kinds = (self._by_own_name, self._by_path_from_item, self._by_products, self._by_joined_id)
        return next((items for kind in kinds if (items := kind(name))), [])

    def is_key(self, name: str) -> bool:
        """Tell whether the name is an item's whole key."""
        return self._view.by_key(name) is not None

    def root_of(self, item: PropertySet) -> PropertySet:
        """Return the root above an item; a root item is its own root."""
        return self._view.root_of(item)

    def listed(self, items: Sequence[PropertySet] | None = None) -> str:
        """List items with the names that they can be called by; without *items*, all of them."""
        items = self._view.items if items is None else items
        if not items:
            return "none"
        short = short_keys(self._view.keyed)
        texts = [self._text(item, short.get(item.get(KEY) or "")) for item in items[:_MOST_LISTED]]
        more = len(items) - _MOST_LISTED
        return ", ".join(texts) + (f" and {more} more" if more > 0 else "")

    def in_sentence(self, text: str, new: str | None = None) -> str:
        """Call the items by their names in a sentence of the configurator, which calls them by product and key.

        *new* is the key of an item that isn't here, because the requests add it: nobody knows its key.
        """
        for key, item in self._view.keyed.items():
            if f"'{key}'" in text:
                called = re.escape(f"{item.get('Product Id')} '{key}'")
                name = self.listed([item]).replace("\\", r"\\")
                text = re.sub(rf"{called}( \([^)]*\))?", name, text)
        return text if new is None or self._view.by_key(new) is not None else text.replace(f" '{new}'", "")

    def mend(self, name: str, also: Iterable[str] = ()) -> str:
        """Return the mend for an unknown name: the nearest known one, else how items are named.

        *also* are names that the reader could have meant besides those of the items.
        """
        head, steps = split_path(name)
        above = self._by_own_name(head) if steps else []
        # Beneath an item that is known, only the products there can be meant.
        known = [f"{escaped(head)}/{product}" for item in above for product in _products_beneath(item)]
        number = "its line number, " if self._numbered else ""
        how = f"name the item by {number}its service id, the end of its key (6 characters or more), or its product path"
        return nearest(name, known or [*also, *self._names()]) or how

    def _text(self, item: PropertySet, short: str | None) -> str:
        number = f" line {item.get('Line Number')}" if self._numbered and item.get("Line Number") else ""
        return f"{described(item)}{number} ({short or item.get(KEY)})"

    def _names(self) -> Iterator[str]:
        for item in self._view.items[:_MOST_COMPARED]:
            yield from (text for field in ("Service Id", "Service Point Id", KEY) if (text := item.get(field)))
            yield escaped(item.get("Product Id") or "")
        yield from self._joined_ids.values()

    def _by_own_name(self, name: str) -> list[PropertySet]:
        """Find the items that a field of their own names."""
        if (item := self._view.by_key(name)) is not None:
            return [item]
        return (
            (self._by_field["Line Number"].get(name, []) if self._numbered else [])
            or self._by_field["Service Id"].get(name)
            or self._by_plain_number.get(plain_number(name))
            or self._by_field["Service Point Id"].get(name)
            or self._by_end_of_key(name)
        )

    # The indexes are made once, because a batch may name thousands of items.

    @cached_property
    def _by_field(self) -> Mapping[str, Mapping[str, list[PropertySet]]]:
        fields = ("Line Number", "Service Id", "Service Point Id")
        return {field: _grouped((item.get(field), item) for item in self._view.items) for field in fields}

    @cached_property
    def _by_plain_number(self) -> Mapping[str, list[PropertySet]]:
        return _grouped((_plain(item.get("Service Id")), item) for item in self._view.items)

    @cached_property
    def _by_product(self) -> Mapping[str, list[PropertySet]]:
        return _grouped((product, item) for item in self._view.items for product in _products_of(item))

    @cached_property
    def _folded_keys(self) -> Sequence[tuple[str, PropertySet]]:
        return [(key.casefold(), item) for key, item in self._view.keyed.items()]

    def _by_end_of_key(self, name: str) -> list[PropertySet]:
        if len(name) < FEWEST:
            return []
        folded = name.casefold()
        return [item for key, item in self._folded_keys if key.endswith(folded)]

    def _by_path_from_item(self, name: str) -> list[PropertySet]:
        head, steps = split_path(name)
        tops = {id(item) for item in self._by_own_name(head)} if steps else set()
        return [item for item, top in self._ends_of(steps) if id(top) in tops] if tops else []

    def _by_products(self, name: str) -> list[PropertySet]:
        found = list(self._ends_of(product_steps(name)))
        return [item for item, top in found if top is None] or [item for item, _ in found]

    def _by_joined_id(self, name: str) -> list[PropertySet]:
        number = plain_number(name)
        return [item for item in self._view.items if _plain(self._joined_ids.get(id(item))) == number]

    @cached_property
    def _joined_ids(self) -> dict[int, str]:
        # Read from the database, so only for a name that no item has by itself.
        return joined_service_ids(self._run, self._view.header)

    def _ends_of(self, steps: Sequence[Step]) -> Iterator[tuple[PropertySet, PropertySet | None]]:
        """Yield the items at which the steps end, each with the item above the first step (None for a root's)."""
        for item in self._by_product.get(steps[-1].product.casefold(), ()) if steps else ():
            place: PropertySet | None = item
            for step in reversed(steps):
                if place is None or not self._is_step(place, step):
                    break
                place = self._view.parent_of(place)
            else:
                yield item, place

    def _is_step(self, item: PropertySet, step: Step) -> bool:
        if is_inactive(item) or step.product.casefold() not in _products_of(item):
            return False
        return step.number is None or self._sibling_numbers[id(item)] == step.number

    @cached_property
    def _sibling_numbers(self) -> dict[int, int]:
        """The number of each item among its siblings of the same product, from 1, by the item's `id`."""
        numbers: dict[int, int] = {}
        for parent in (self._view.header, *self._view.items):
            counted: dict[str | None, int] = {}
            for item in line_items(parent):
                if not is_inactive(item):
                    product = item.get("Product Id")
                    numbers[id(item)] = counted[product] = counted.get(product, 0) + 1
        return numbers


def _ends(item: PropertySet) -> bool:
    return action_code(item) == "Delete" or is_inactive(item)


def _grouped(pairs: Iterable[tuple[str | None, PropertySet]]) -> dict[str, list[PropertySet]]:
    """Group items by a text; leave out those without one."""
    groups: dict[str, list[PropertySet]] = {}
    for text, item in pairs:
        if text is not None:
            groups.setdefault(text, []).append(item)
    return groups


def _plain(number: str | None) -> str | None:
    return None if number is None else plain_number(number)


def _products_of(item: PropertySet) -> set[str]:
    """Return the names of an item's product, which people don't write in one case."""
    return {text.casefold() for field in ("Product Id", "Product Name") if (text := item.get(field))}


def _products_beneath(item: PropertySet) -> list[str]:
    return [escaped(child.get("Product Id") or "") for child in line_items(item) if not is_inactive(child)]
