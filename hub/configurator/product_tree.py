"""An instance as the rules see it: its items in order, each with its product's definition and its structure.

Items that no longer belong to the definitions stand aside, with all beneath them, and so do Inactive items: rules
neither count them nor look at them. Nothing here recurses, and a count over all beneath an item takes two look-ups.

Source: part III, "Complex asset"; spec: docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from hub.configurator.catalogue import Catalogue, ProductDefinition, Structure
from integration_objects.complex_object import line_items
from integration_objects.field_values import as_number
from integration_objects.property_set import PropertySet

#: Most levels between an item and a bundle that gives its structure; orders have ten levels.
MOST_LEVELS_ABOVE = 64
#: The greatest quantity of a line item.
MOST_QUANTITY = Decimal(1_000_000)
INACTIVE = "Inactive"
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A line item in its tree.

    Attributes:
        above: the place of the item above; None for a root item.
        definition: the product's; None if the catalogue doesn't have the product.
        structure: the components that the item may hold; None for any.
    """

    item: PropertySet
    above: Place | None
    definition: ProductDefinition | None
    structure: Structure | None

    def holds(self, item: PropertySet) -> bool:
        """Tell whether *item*, beneath this place, belongs to its structure."""
        return self.structure is None or item.properties.get("Product Id") in self.structure.components


def place_of(item: PropertySet, above: Place | None, catalogue: Catalogue) -> Place:
    """Make the place of *item* beneath *above*."""
    definition = catalogue.get(item.properties.get("Product Id") or "")
    return Place(item, above, definition, _structure(definition, above))


def _structure(definition: ProductDefinition | None, above: Place | None) -> Structure | None:
    """Return the structure that the nearest bundle above gives to the product, else the product's own."""
    if definition is None:
        return None
    product = definition.product_id
    for _ in range(MOST_LEVELS_ABOVE):
        if above is None:
            break
        if above.definition is not None and product in above.definition.within:
            return above.definition.within[product]
        above = above.above
    return definition.structure if definition.is_customizable else None


def is_inactive(item: PropertySet) -> bool:
    """Tell whether the item is history: a service that has ended."""
    return item.properties.get("Status") == INACTIVE


def quantity(item: PropertySet) -> Decimal | None:
    """Return the item's quantity, 1 for null; None if it is no number from 0 to 1,000,000."""
    text = item.properties.get("Quantity")
    if text is None or text == "1":
        return _ONE
    number = as_number(text)
    return number if number is not None and 0 <= number <= MOST_QUANTITY else None


class ProductTree:
    """The items of an instance that rules look at.

    Attributes:
        places: parents before children, in order.
        children: of each place, the positions of the items directly beneath it.
        aside: the items that no longer belong where they stand, each with the place above it.
    """

    def __init__(self, instance: PropertySet, catalogue: Catalogue) -> None:
        self.places: list[Place] = []
        self.children: list[list[int]] = []
        self.aside: list[tuple[PropertySet, Place]] = []
        self._ends: list[int] = []
        self._positions: dict[str, list[int]] = {}
        self._sums: dict[str, list[Decimal]] = {}
        self._build(instance, catalogue)

    def _build(self, instance: PropertySet, catalogue: Catalogue) -> None:
        stack: list[tuple[PropertySet, int]] = [(item, -1) for item in reversed(line_items(instance))]
        parents: list[int] = []
        while stack:
            item, parent = stack.pop()
            if is_inactive(item):
                continue
            above = self.places[parent] if parent >= 0 else None
            if above is not None and not above.holds(item):
                self.aside.append((item, above))
                continue
            position = len(self.places)
            if parent >= 0:
                self.children[parent].append(position)
            self.places.append(place_of(item, above, catalogue))
            self.children.append([])
            parents.append(parent)
            self._count(item, position)
            stack += [(child, position) for child in reversed(line_items(item))]
        # An item and all beneath it stand together: from its position up to its end. From the last item to the first,
        # each parent's end is that of its last child.
        self._ends = list(range(1, len(parents) + 1))
        for position in range(len(parents) - 1, -1, -1):
            if parents[position] >= 0:
                self._ends[parents[position]] = max(self._ends[parents[position]], self._ends[position])

    def _count(self, item: PropertySet, position: int) -> None:
        # Sums from the first item on: the difference of two of them is the sum of the items in between.
        product = item.properties.get("Product Id") or ""
        sums = self._sums.setdefault(product, [Decimal(0)])
        self._positions.setdefault(product, []).append(position)
        sums.append(sums[-1] + (quantity(item) or 0))

    def __iter__(self) -> Iterator[tuple[int, Place]]:
        """Yield every place with its position."""
        return iter(enumerate(self.places))

    def number_beneath(self, position: int, product_id: str) -> Decimal:
        """Add up the quantities of all items of a product beneath the item at *position*."""
        positions = self._positions.get(product_id, [])
        sums = self._sums.get(product_id, [Decimal(0)])
        return sums[bisect_left(positions, self._ends[position])] - sums[bisect_left(positions, position + 1)]

    def first_beneath(self, position: int, product_id: str) -> PropertySet | None:
        """Return the first item of a product beneath the item at *position*."""
        positions = self._positions.get(product_id, [])
        first = bisect_left(positions, position + 1)
        if first < len(positions) and positions[first] < self._ends[position]:
            return self.places[positions[first]].item
        return None
