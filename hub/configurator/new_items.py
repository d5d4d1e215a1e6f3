"""New items of products, with their defaults.

Source: part III, "Configuration Session"; spec: docs/design/workflows.md, "Configurator" (default numbers, default
values).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.configurator.catalogue import AttributeDefinition, Catalogue
from hub.configurator.port import ProductNotInCatalogue
from hub.configurator.product_tree import Place, place_of
from hub.services.product_fields import copy_product_fields
from integration_objects.complex_object import put_list
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, VALUE_FIELDS
from integration_objects.property_set import PropertySet

#: Most items that one batch makes: a guard against a mistyped number, as Explode has it.
MOST_ITEMS = 10_000


class TooManyNewItems(Refused):
    """A batch would make more items than the limit allows."""

    what = "the requests would make more than {most} line items"
    why = "they would make {count} at least"
    mend = "ask for fewer items, or set the products' defaults lower"


class ItemMaker:
    """Makes the new items of one configuration, and counts them."""

    def __init__(self, catalogue: Catalogue, new_id: Callable[[], str]) -> None:
        self.catalogue = catalogue
        self.new_id = new_id
        self._count = 0

    def make(
        self,
        product_id: str,
        above: Place | None,
        quantity: str = "1",
        without: Mapping[str, int] | None = None,
        alone: bool = False,
    ) -> PropertySet:
        """Make an item of a product with its defaults, recursively.

        Args:
            above: the place above the item; a bundle there may change the product's structure.
            without: by component, how many the item will get in another way, so that its defaults are fewer.
            alone: whether the item gets no default components at all.

        Raises:
            ProductNotInCatalogue: the catalogue doesn't have it.
            TooManyNewItems: the batch would make too many items.
        """
        if product_id not in self.catalogue:
            raise ProductNotInCatalogue(product_id, self.catalogue)
        # By hand: default components may stand deeper beneath each other than Python recurs.
        top = self._item(product_id, quantity)
        stack = [] if alone else [(top, above)]
        while stack:
            item, parent = stack.pop()
            place = place_of(item, parent, self.catalogue)
            below = self._defaults(place, without if item is top and without else {})
            if below:
                put_list(item, LINE_ITEM).extend(below)
                stack += [(child, place) for child in reversed(below)]
        return top

    def _defaults(self, place: Place, without: Mapping[str, int]) -> list[PropertySet]:
        lines = () if place.structure is None else place.structure.components.values()
        return [
            self._item(line.product_id, "1")
            for line in lines
            for _ in range(line.default - without.get(line.product_id, 0))
        ]

    def _item(self, product_id: str, quantity: str) -> PropertySet:
        self.count(1)
        item = PropertySet(LINE_ITEM, properties={KEY: self.new_id(), "Product Id": product_id})
        item.properties |= {"Action Code": NO_ACTION, "Quantity": quantity}
        definition = self.catalogue.get(product_id)
        if definition is not None:
            copy_product_fields(item, definition.fields)
            for attribute in definition.attributes.values():
                if attribute.default is not None:
                    put_value(item, attribute.name, attribute, attribute.default)
        return item

    def count(self, number: int) -> None:
        """Count items that are about to be made.

        Raises:
            TooManyNewItems: they are too many.
        """
        self._count += number
        if self._count > MOST_ITEMS:
            raise TooManyNewItems(most=MOST_ITEMS, count=self._count)


def put_value(item: PropertySet, name: str, attribute: AttributeDefinition | None, value: str) -> None:
    """Set an attribute of an item to a value of its type; a new attribute goes last. Changes *item*."""
    listed = put_list(item, ATTRIBUTE)
    if len(item.children) > 1 and item.children[-1].children is listed:
        # Attributes stand before line items, as objects are written.
        item.children.insert(0, item.children.pop())
    node = next((carried for carried in listed if carried.get("Name") == name), None)
    if node is None:
        node = PropertySet(ATTRIBUTE, properties={"Name": name, "Action Code": NO_ACTION})
        listed.append(node)
    value_field = VALUE_FIELDS["text" if attribute is None else attribute.type]
    # A value that a sender put into another type's field would stand beside the new one.
    for field in VALUE_FIELDS.values():
        if field == value_field:
            node.properties[field] = value
        elif field in node.properties:
            node.properties[field] = None
