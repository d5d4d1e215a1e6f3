"""Products' definitions and price lists as they are stored, read and proven once in a transaction for all of its runs.

    ruled         which products have anything that an item could break: one small question, once for each product
    read          the catalogue of products and of all that their structures name; kept while no product is changed
    price_list    a price list; kept while none is changed

Spec: docs/design/workflows.md, "Configurator and pricing"; docs/design/performance.md, rule 10.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from adapters.database.objects.store import ObjectStore
from hub.configurator import Catalogue, catalogue_of
from hub.pricing import PriceList, price_list_of
from integration_objects.complex_object import components, instances, message
from integration_objects.definition import Definitions
from integration_objects.property_set import PropertySet

_PRODUCT, _KEY, _PRICE_LIST = "Product", "Product Id", "Price List"
#: the parts of a product that an item of it, or beneath it, can break; levels count nothing without a structure
_RULED = ("Product Structure", "Bundle Structure", "Product Attribute", "Product Rule")


@dataclass(frozen=True)
class ReadCatalogue:
    """A catalogue, and what it was made of, for the recordings of the runs that use it.

    Attributes:
        catalogue: by Product Id, proven.
        rows: the products, as `flat` gives them. Not to be changed.
    """

    catalogue: Catalogue
    rows: list[list[Any]]


@dataclass(frozen=True)
class ReadPriceList:
    """A price list, and what it was made of, as `ReadCatalogue` has it; None where there is none of its id."""

    prices: PriceList | None
    rows: list[list[Any]]


class CatalogueReader:
    """Reads catalogues and price lists in one transaction.

    Args:
        store: the transaction's objects.
        definitions: the integration objects, whose line items the products' rules read.
    """

    def __init__(self, store: ObjectStore, definitions: Definitions) -> None:
        self._store = store
        self._definitions = definitions
        self._kept: dict[frozenset[str] | None, ReadCatalogue] = {}
        self._prices: dict[str, ReadPriceList] = {}

    def ruled(self, product_ids: Iterable[str]) -> set[str]:
        """Those of these products that have a structure, attributes or rules."""
        return self._store.holders_of(_PRODUCT, _RULED, product_ids)

    def read(self, product_ids: Iterable[str | None] | None = None) -> ReadCatalogue:
        """The catalogue of these products and of all that their structures name; None: of all.

        Raises:
            ProductFaulty: a stored product can't be understood.
        """
        wanted = None if product_ids is None else frozenset(name for name in product_ids if name)
        kept = {} if self._store.has_changed(_PRODUCT) else self._kept
        if wanted not in kept:
            products = self._store.query(_PRODUCT) if wanted is None else self._with_components(wanted)
            kept[wanted] = ReadCatalogue(catalogue_of(products, self._definitions), flat(products))
        return kept[wanted]

    def price_list(self, price_list_id: str) -> ReadPriceList:
        """The price list of this id.

        Raises:
            PriceListFaulty: the stored one contradicts itself.
        """
        kept = {} if self._store.has_changed(_PRICE_LIST) else self._prices
        if price_list_id not in kept:
            found = self._store.query(_PRICE_LIST, {"Price List Id": price_list_id})
            kept[price_list_id] = ReadPriceList(price_list_of(found) if found.children else None, flat(found))
        return kept[price_list_id]

    def _with_components(self, product_ids: frozenset[str]) -> PropertySet:
        found: list[PropertySet] = []
        known: set[str] = set()
        wanted = set(product_ids)
        while wanted:
            known |= wanted
            read = instances(self._store.query(_PRODUCT, {_KEY: sorted(wanted)}))
            found += read
            wanted = {name for product in read for name in _named_in(product)} - known
        return message(_PRODUCT, found)


def _named_in(product: PropertySet) -> set[str]:
    """The products that a product's structure names."""
    return {
        name
        for component in ("Product Structure", "Bundle Structure")
        for line in components(product, component)
        for name in (line.get("Component Product Id"), line.get("Within Product Id"))
        if name
    }


def flat(tree: PropertySet) -> list[list[Any]]:
    """A tree as rows [depth, type, value, properties], parents first: JSON without recursion."""
    rows: list[list[Any]] = []
    stack = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        rows.append([depth, node.type, node.value, dict(node.properties)])  # the tree may change after this
        stack.extend((child, depth + 1) for child in reversed(node.children))
    return rows
