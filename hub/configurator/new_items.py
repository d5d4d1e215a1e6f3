"""New items of products, with their defaults.

Source: part III, "Configuration Session"; spec: docs/design/workflows.md, "Configurator" (default numbers, default
values).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.configurator.catalogue import AttributeDefinition, Catalogue
from hub.configurator.port import ProductUnknown
from hub.configurator.product_tree import Place, place_of
from hub.configurator.rule_expression import VALUE_FIELDS
from hub.services.product_fields import copy_product_fields
from integration_objects.complex_object import put_list
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Items that one batch makes: a guard against a mistyped number, as Explode has it.
MOST_ITEMS = 10_000


class TooManyItems(Refused):
    """A batch would make more items than the limit allows."""


class Maker:
    """Makes the new items of one configuration, and counts them."""

    def __init__(self, catalogue: Catalogue, new_id: Callable[[], str]) -> None:
        self.catalogue = catalogue
        self.new_id = new_id
        self._count = 0

    def make(
        self, product_id: str, above: Place | None, quantity: str = "1", without: Mapping[str, int] | None = None
    ) -> PropertySet:
        """A new item of a product, with its defaults, recursively.

        Args:
            product_id: the product.
            above: where it will stand; what a bundle says of its structure is found there.
            quantity: the item's.
            without: how many of a component the item will get in another way, so that its defaults are fewer.

        Raises:
            ProductUnknown: the catalogue doesn't have it.
            TooManyItems: it would be too many.
        """
        if product_id not in self.catalogue:
            raise ProductUnknown(
                f"there is no product '{product_id}'",
                where=f"Product, Product Id '{product_id}'",
                why="the catalogue doesn't have it",
                mend=nearest(product_id, self.catalogue) or "load the product, or name another",
            )
        top = self._item(product_id, quantity)
        stack = [(top, above)]
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
        self.add(1)
        item = PropertySet(LINE_ITEM, properties={KEY: self.new_id(), "Product Id": product_id})
        item.properties |= {"Action Code": NO_ACTION, "Quantity": quantity}
        definition = self.catalogue.get(product_id)
        if definition is not None:
            copy_product_fields(item, definition.fields)
            for attribute in definition.attributes.values():
                if attribute.default is not None:
                    put_value(item, attribute.name, attribute, attribute.default)
        return item

    def add(self, number: int) -> None:
        """Count items that are about to be made.

        Raises:
            TooManyItems: they are too many.
        """
        self._count += number
        if self._count > MOST_ITEMS:
            raise TooManyItems(
                f"the requests would make more than {MOST_ITEMS} line items",
                why=f"they would make {self._count} at least",
                mend="ask for fewer items, or set the products' defaults lower",
            )


def put_value(item: PropertySet, name: str, attribute: AttributeDefinition | None, value: str) -> None:
    """Set an attribute of an item to a value of its type; a new attribute goes last. Changes *item*."""
    listed = put_list(item, ATTRIBUTE)
    if len(item.children) > 1 and item.children[-1].children is listed:
        # Attributes stand before line items, as objects are written.
        item.children.insert(0, item.children.pop())
    node = next((one for one in listed if one.properties.get("Name") == name), None)
    if node is None:
        node = PropertySet(ATTRIBUTE, properties={"Name": name, "Action Code": NO_ACTION})
        listed.append(node)
    field = VALUE_FIELDS["text" if attribute is None else attribute.type]
    for other in VALUE_FIELDS.values():
        if other == field:
            node.properties[other] = value
        elif other in node.properties:
            node.properties[other] = None
