"""The configurator that comes with the hub: pure, linear in the size of the instance.

Source: part III, "Product Configurator"; spec: docs/design/workflows.md, "Configurator and pricing".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.configurator.batch import Batch, Worked
from hub.configurator.catalogue import Catalogue
from hub.configurator.checking import Before, broken_rules, label, obsoletes, strange_attributes
from hub.configurator.new_items import Maker
from hub.configurator.port import BrokenRule, ConfigurationRefused, Configured
from hub.configurator.product_tree import ProductTree
from hub.configurator.relinking import relink
from hub.configurator.requests import Request
from hub.services.items import check_items, object_label
from hub.services.objects import line_item_of
from integration_objects.complex_object import attributes, line_items, message
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

#: Whose line items configurations are made of; all three objects share them.
_ORDER = "OM Order"


class BuiltInConfigurator:
    """The built-in implementation of `port.Configurator`.

    Args:
        definitions: the integration objects; the line item's say what its fields may hold, and what a copy drops.
    """

    is_external = False

    def __init__(self, definitions: Definitions) -> None:
        self._items = line_item_of(definitions[_ORDER])
        self._objects = {definition.root.name: definition.name for definition in definitions.values()}

    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        """A root line item of a product with its defaults, recursively."""
        return Maker(catalogue, new_id).make(product_id, None)

    def configure(
        self,
        instance: PropertySet,
        requests: Sequence[Request],
        catalogue: Catalogue,
        new_id: Callable[[], str],
    ) -> Configured:
        """Work a batch of requests, all or nothing.

        Raises:
            ConfigurationRefused, Refused: as the port has it.
        """
        tree = self._checked(instance, keys=True)
        result = instance.copy()
        maker = Maker(catalogue, new_id)
        relinked = relink(result, maker)
        if not requests:
            found = ProductTree(result, catalogue)
            return Configured(result, tuple(obsoletes(found)), tuple(relinked))
        worked = Batch(result, requests, maker, self._items).work()
        found = _without_copied_strangers(result, ProductTree(result, catalogue), worked, catalogue)
        broken = broken_rules(found, Before(instance))
        broken += _out_of_sight(found, worked)
        if broken:
            raise ConfigurationRefused(broken, object_label(tree, instance))
        return Configured(result, tuple(obsoletes(found)), tuple(relinked), worked.names)

    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        """Every rule that an instance breaks, in the tree's order."""
        self._checked(instance, keys=False)
        return broken_rules(ProductTree(instance, catalogue), None if before is None else Before(before))

    def _checked(self, instance: PropertySet, *, keys: bool) -> PropertySet:
        """The instance in a message, proven to be a tree with keys."""
        tree = message(self._objects.get(instance.type, instance.type), [instance])
        try:
            check_items(tree, keys=keys)
        except Refused as refusal:
            refusal.at("the configurator")
            raise
        return tree


def _without_copied_strangers(
    instance: PropertySet, tree: ProductTree, worked: Worked, catalogue: Catalogue
) -> ProductTree:
    """The tree without what copies took over though it no longer belongs: a copy is a new item. Changes *instance*."""
    copied = worked.copies | worked.beneath_copies
    if not copied:
        return tree
    strangers: dict[int, tuple[PropertySet, set[int]]] = {}
    for item, above in tree.aside:
        if item.properties.get(KEY) in worked.beneath_copies:
            strangers.setdefault(id(above), (above.item, set()))[1].add(id(item))
    for parent, gone in strangers.values():
        listed = line_items(parent)
        listed[:] = [one for one in listed if id(one) not in gone]
    for place, attribute in list(strange_attributes(tree)):
        if place.item.properties.get(KEY) in copied:
            listed = attributes(place.item)
            listed[:] = [one for one in listed if one is not attribute]
    return ProductTree(instance, catalogue)


def _out_of_sight(tree: ProductTree, worked: Worked) -> list[BrokenRule]:
    """Items that the batch put beneath what is Inactive or no longer belongs, where no rule would see them."""
    seen = {id(place.item) for _, place in tree} | {id(item) for item, _ in tree.aside}
    return [
        BrokenRule(
            "Component",
            item.properties.get("Product Id") or "",
            item.properties.get(KEY),
            f"{label(item)} can't stand beneath what is Inactive or no longer belongs",
        )
        for item in worked.placed
        if id(item) not in seen
    ]
