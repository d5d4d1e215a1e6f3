"""The configurator that comes with the hub: pure, linear in the size of the instance.

Source: part III, "Product Configurator"; spec: docs/design/workflows.md, "Configurator and pricing".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.configurator.batch import Batch, BatchResult
from hub.configurator.catalogue import Catalogue
from hub.configurator.checking import FormerState, broken_rules, label, obsoletes, strange_attributes
from hub.configurator.new_items import ItemMaker
from hub.configurator.port import BrokenRule, ConfigurationRefused, Configured
from hub.configurator.product_tree import ProductTree
from hub.configurator.relinking import relink
from hub.configurator.requests import Request
from hub.services.items import check_items, object_label
from hub.services.objects import line_item_of, object_of
from integration_objects.complex_object import attributes, line_items, message
from integration_objects.definition import Definitions
from integration_objects.errors import located
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet


class BuiltInConfigurator:
    """The built-in implementation of `port.Configurator`.

    Args:
        definitions: the integration objects; the line item's definition gives its fields, and those that a copy drops.
    """

    is_external = False

    def __init__(self, definitions: Definitions) -> None:
        self._items = line_item_of(definitions[ORDER])  # asset, quote and order share their line items

    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        """Make a root line item of a product with its defaults, recursively."""
        return ItemMaker(catalogue, new_id).make(product_id, None)

    def configure(
        self, instance: PropertySet, requests: Sequence[Request], catalogue: Catalogue, new_id: Callable[[], str]
    ) -> Configured:
        """Work a batch of requests, all or nothing; see `Configurator.configure`."""
        tree = self._checked(instance, keys=True)
        result = instance.copy()
        maker = ItemMaker(catalogue, new_id)
        relinked = relink(result, maker)
        if not requests:
            return Configured(result, tuple(obsoletes(ProductTree(result, catalogue))), tuple(relinked))
        # After the relinking: no request may move an item back to the place that its product has left.
        former = FormerState(result)
        # Copies come before the check, and lose whatever no longer belongs to the products: a copy is a new item.
        batch = Batch(result, requests, maker, self._items).work()
        products = _without_copied_strangers(result, ProductTree(result, catalogue), batch, catalogue)
        broken = broken_rules(products, former) + _out_of_sight(products, batch)
        if broken:
            refused = Configured(result, names=batch.names)
            raise ConfigurationRefused(broken, object_label(tree, instance), refused=refused)
        return Configured(result, tuple(obsoletes(products)), tuple(relinked), batch.names)

    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        """List every rule that an instance breaks; see `Configurator.check`."""
        self._checked(instance, keys=False)
        return broken_rules(ProductTree(instance, catalogue), None if before is None else FormerState(before))

    def _checked(self, instance: PropertySet, *, keys: bool) -> PropertySet:
        """Put the instance into a message, and prove that it is a tree, with keys if *keys*."""
        tree = message(object_of(instance), [instance])
        with located("the configurator"):
            check_items(tree, keys=keys)
        return tree


def _without_copied_strangers(
    instance: PropertySet, tree: ProductTree, batch: BatchResult, catalogue: Catalogue
) -> ProductTree:
    """Remove from copies all that no longer belongs to the definitions. Changes *instance*."""
    copied = batch.copies | batch.beneath_copies
    if not copied:
        return tree
    strangers: dict[int, tuple[PropertySet, set[int]]] = {}
    for item, above in tree.aside:
        if item.get(KEY) in batch.beneath_copies:
            strangers.setdefault(id(above), (above.item, set()))[1].add(id(item))
    for parent, removed in strangers.values():
        siblings = line_items(parent)
        siblings[:] = [item for item in siblings if id(item) not in removed]
    for place, stranger in list(strange_attributes(tree)):
        if place.item.get(KEY) in copied:
            listed = attributes(place.item)
            listed[:] = [attribute for attribute in listed if attribute is not stranger]
    return ProductTree(instance, catalogue)


def _out_of_sight(tree: ProductTree, batch: BatchResult) -> list[BrokenRule]:
    """Refuse items that the batch put beneath Inactive or foreign items, where no rule would see them."""
    seen = {id(place.item) for _, place in tree} | {id(item) for item, _ in tree.aside}
    broken = []
    for item in batch.placed:
        if id(item) not in seen:
            text = f"{label(item)} can't stand beneath an item that is Inactive or no longer belongs"
            broken.append(BrokenRule("Component", item.get("Product Id") or "", item.get(KEY), text))
    return broken
