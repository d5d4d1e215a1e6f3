"""Stored products and price lists, read and proven once in a transaction for all of its runs.

    ruled         the products that have rules; a small question, asked once for each product
    read          the catalogue of products and of the products in their structures; kept until a product changes
    price_list    a price list; kept until a price list changes
    secret_names  the names of secret attributes: those of the setting `secrets`, and those that products mark

Spec: docs/design/workflows.md, "Configurator and pricing"; docs/design/performance.md, rule 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from adapters.database.objects.store import ObjectStore
from integration_objects.complex_object import components, instances, message
from integration_objects.definition import Definitions
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames

# Many commands read the names of secret attributes, and no more: the code of catalogues is loaded where one is read.
if TYPE_CHECKING:
    from hub.configurator.catalogue import Catalogue
    from hub.pricing.price_list import PriceList

T = TypeVar("T")

_PRODUCT, _KEY, _PRICE_LIST = "Product", "Product Id", "Price List"
#: the parts of a product that its items, or items beneath them, can break; levels count nothing without a structure
_RULED = ("Product Structure", "Bundle Structure", "Product Attribute", "Product Rule")


@dataclass(frozen=True)
class Stored(Generic[T]):
    """A catalogue or price list, proven, with the stored rows that it was made of; runs record the rows.

    Attributes:
        proven: the catalogue or price list.
        rows: the stored objects as `flat` returns them. Not to be changed.
    """

    proven: T
    rows: list[list[Any]]


class CatalogueReader:
    """Reads catalogues and price lists in one transaction.

    Args:
        store: the transaction's objects.
        definitions: the integration objects; rules of products read fields of their line items.
        secrets: the names of the setting `secrets`.
    """

    def __init__(self, store: ObjectStore, definitions: Definitions, secrets: Iterable[str] = ()) -> None:
        self._store = store
        self._definitions = definitions
        self._secrets = tuple(secrets)
        self._marked: set[str] | None = None
        self._catalogues: dict[frozenset[str] | None, Stored[Catalogue]] = {}
        self._price_lists: dict[str, Stored[PriceList | None]] = {}

    def ruled(self, product_ids: Iterable[str]) -> set[str]:
        """Return the products among these that have a structure, attributes or rules."""
        return self._store.holders_of(_PRODUCT, _RULED, product_ids)

    def read(self, product_ids: Iterable[str | None] | None = None) -> Stored[Catalogue]:
        """Return the catalogue of these products and of the products in their structures; None: of all products.

        Raises:
            ProductFaulty: a stored product can't be understood.
        """
        from hub.configurator.catalogue_of import catalogue_of

        wanted = None if product_ids is None else frozenset(name for name in product_ids if name)
        # A run that has changed a product in this transaction reads its own changes, and keeps nothing for others:
        # its savepoint may still be rolled back.
        kept = {} if self._store.has_changed(_PRODUCT) else self._catalogues
        if wanted not in kept:
            products = self._store.query(_PRODUCT) if wanted is None else self.with_components(wanted)
            catalogue = catalogue_of(products, self._definitions, SecretNames(self._secrets))
            kept[wanted] = Stored(catalogue, flat(products))
        return kept[wanted]

    def price_list(self, price_list_id: str) -> Stored[PriceList | None]:
        """Return the price list of this id; a proven None for an unknown id.

        Raises:
            PriceListFaulty: the stored one contradicts itself.
        """
        from hub.pricing.price_list import price_list_of

        # As in `read`: no other run may see what this one may still take back.
        kept = {} if self._store.has_changed(_PRICE_LIST) else self._price_lists
        if price_list_id not in kept:
            tree = self._store.query(_PRICE_LIST, {"Price List Id": price_list_id})
            kept[price_list_id] = Stored(price_list_of(tree) if tree.children else None, flat(tree))
        return kept[price_list_id]

    def secret_names(self) -> list[str]:
        """Return the names of attributes, elements and fields whose values are secret, sorted.

        A name that one product marks is secret for all: errors, histories and other systems' messages name no product.
        """
        marked = None if self._store.has_changed(_PRODUCT) else self._marked
        if marked is None:
            marked = self._store.values_of(_PRODUCT, "Product Attribute", "Name", {"Secret": "Y"})
            if not self._store.has_changed(_PRODUCT):
                self._marked = marked
        return sorted({*self._secrets, *marked})

    def with_components(self, product_ids: Iterable[str]) -> PropertySet:
        """Read products and the products in their structures: one query for each level of the structures."""
        products: list[PropertySet] = []
        known_ids: set[str] = set()
        wanted_ids = set(product_ids)
        while wanted_ids:
            known_ids |= wanted_ids
            level = instances(self._store.query(_PRODUCT, {_KEY: sorted(wanted_ids)}))
            products += level
            wanted_ids = {product_id for product in level for product_id in _named_in(product)} - known_ids
        return message(_PRODUCT, products)


def _named_in(product: PropertySet) -> set[str]:
    """Return the ids of the products in a product's structure."""
    return {
        product_id
        for component in ("Product Structure", "Bundle Structure")
        for line in components(product, component)
        for product_id in (line.get("Component Product Id"), line.get("Within Product Id"))
        if product_id
    }


def flat(tree: PropertySet) -> list[list[Any]]:
    """Flatten a tree to rows [depth, type, value, properties], parents first: JSON without recursion."""
    rows: list[list[Any]] = []
    stack = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        rows.append([depth, node.type, node.value, dict(node.properties)])  # the tree may change after this
        # Reversed, so that the rows come in the tree's order.
        stack.extend((child, depth + 1) for child in reversed(node.children))
    return rows


def from_flat(rows: Iterable[Sequence[Any]]) -> PropertySet:
    """Make the tree whose rows `flat` gave.

    >>> tree = PropertySet("Order", properties={"Status": "New"}, children=[PropertySet("Line", children=[])])
    >>> from_flat(flat(tree)) == tree
    True
    """
    above: list[PropertySet] = []
    for depth, type, value, properties in rows:
        node = PropertySet(type, value, dict(properties))
        # The nodes above a row are those of the rows before it, down to its depth.
        del above[depth:]
        if above:
            above[-1].children.append(node)
        above.append(node)
    return above[0] if above else PropertySet()
