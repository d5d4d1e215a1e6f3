"""Restructured products: items that moved in the definition move in the instance, too.

    a component of a product was grouped beneath another component (figure 11K): its items go beneath the item of that
        component, which is made if there is none
    a group was dissolved: its items go up to the nearest item above whose structure has them

An item that fits neither way, or two ways at once, stays where it is and no longer belongs.

Source: Figures 11K-1 through 11K-3; spec: docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

from collections import Counter

from hub.configurator.new_items import ItemMaker
from hub.configurator.port import Relinked
from hub.configurator.product_tree import MOST_LEVELS_ABOVE, Place, is_inactive, place_of
from integration_objects.complex_object import line_items, put_list
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet


def relink(instance: PropertySet, maker: ItemMaker) -> list[Relinked]:
    """Move the items whose place in their product's structure changed; return them in order. Changes *instance*."""
    moved: list[Relinked] = []
    stack = [place_of(item, None, maker.catalogue) for item in reversed(line_items(instance))]
    # From the top down. An item that moved up is looked at again in its new place: it may hold strangers itself.
    while stack:
        place = stack.pop()
        if is_inactive(place.item):
            continue
        strangers = [item for item in line_items(place.item) if not is_inactive(item) and not place.holds(item)]
        if strangers:
            stack += _Restructured(place, maker, moved).mend(strangers)
        below = reversed(line_items(place.item))
        stack += [place_of(item, place, maker.catalogue) for item in below if place.holds(item)]
    return moved


class _Restructured:
    """An item that holds items that its structure no longer has."""

    def __init__(self, place: Place, maker: ItemMaker, moved: list[Relinked]) -> None:
        self.place = place
        self.maker = maker
        self.moved = moved
        self.groups: dict[str, str | None] = {}

    def mend(self, strangers: list[PropertySet]) -> list[Place]:
        """Move the strangers that fit elsewhere; return the places of those that went up, still to be looked at."""
        grouped: dict[str, list[PropertySet]] = {}
        went_up: list[Place] = []
        for item in strangers:
            group = self._group_of(item)
            above = None if group is not None else _nearest_above(self.place, item)
            if group is not None:
                grouped.setdefault(group, []).append(item)
            elif above is not None:
                self._move([item], self.place.item, above.item)
                went_up.append(place_of(item, above, self.maker.catalogue))
            else:
                self._move([child for child in line_items(item) if self.place.holds(child)], item, self.place.item)
        for group, items in grouped.items():
            self._move(items, self.place.item, self._target(group, items))
        return went_up

    def _target(self, group: str, items: list[PropertySet]) -> PropertySet:
        """Return the item of the product *group* beneath the place; make it if there is none."""
        target = next((child for child in line_items(self.place.item) if _is_of(child, group)), None)
        if target is None:
            # The moved items take the places of the group's default components.
            coming = Counter(item.get("Product Id") or "" for item in items)
            target = self.maker.make(group, self.place, without=coming)
            line_items(self.place.item).append(target)
        return target

    def _group_of(self, item: PropertySet) -> str | None:
        """Return the one component of the place whose structure has the item's product; an existing one goes first."""
        product = item.get("Product Id") or ""
        if product not in self.groups:
            structure, catalogue = self.place.structure, self.maker.catalogue
            groups = []
            for line in () if structure is None else structure.components.values():
                probe = PropertySet(LINE_ITEM, properties={"Product Id": line.product_id})
                group = place_of(probe, self.place, catalogue)
                if line.most != 0 and group.structure is not None and group.holds(item):
                    groups.append(line.product_id)
            present = [name for name in groups if any(_is_of(child, name) for child in line_items(self.place.item))]
            chosen = present or groups
            self.groups[product] = chosen[0] if len(chosen) == 1 else None
        return self.groups[product]

    def _move(self, items: list[PropertySet], source: PropertySet, target: PropertySet) -> None:
        """Move items from *source* to *target*, and note them."""
        if not items:
            return
        moving = {id(item) for item in items}
        listed = line_items(source)
        listed[:] = [item for item in listed if id(item) not in moving]
        put_list(target, LINE_ITEM).extend(items)
        former, new = source.get(KEY), target.get(KEY)
        self.moved += [Relinked(item.get(KEY), item.get("Product Id"), new, former) for item in items]


def _nearest_above(place: Place, item: PropertySet) -> Place | None:
    above = place.above
    for _ in range(MOST_LEVELS_ABOVE):
        # An item without a structure may hold anything, which is no sign that this item belongs there.
        if above is None or (above.structure is not None and above.holds(item)):
            return above
        above = above.above
    return None


def _is_of(item: PropertySet, product: str) -> bool:
    return item.get("Product Id") == product and not is_inactive(item)
