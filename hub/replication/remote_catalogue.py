"""Tables that a remote client only reads: the products that can be sold, their prices, and the hub's notes on quotes.

The tables of products and price lists follow their definitions: one for each component, with the key of the one above.

Spec: docs/design/legacy.md, "Remote clients"; docs/remote_clients.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.database.objects.layout import StoredComponent
from adapters.database.objects.store import StoredObjects
from adapters.remote_file import Above, Record, RemoteTable
from hub.data_manager.open_hub import Transaction
from hub.pricing.price_list import ITEM, PRICE_LIST, RULE, pricing_moment
from hub.workflow_manager.run import Run
from hub.workflows.orders.verify import verify
from integration_objects.complex_object import components, instances, message
from integration_objects.component import snake_case
from integration_objects.errors import Refused
from integration_objects.names import PRODUCT, QUOTE
from integration_objects.property_set import PropertySet
from integration_objects.secrets import mask

NOTE = "Quote Note"
_NOTE = RemoteTable(
    snake_case(NOTE),
    ("Quote Id", "Number"),
    {name: snake_case(name) for name in ("Quote Id", "Number", "Kind", "Text", "Integration Id", "Product Id")},
    # No foreign key: a quote can be deleted, and the notes can't.
    is_reference=True,
)
#: The components whose products are all in the file.
_WITH_PRODUCTS = ("Product Structure", "Bundle Structure", ITEM, RULE)
#: Notes of `verify` that name nothing to be mended.
_NO_FAULTS = ("verified", "total", "rate")


@dataclass(frozen=True)
class _Part:
    """A component of a product or a price list with its table.

    Attributes:
        names: the field of the record for each field of the component; one that is named like a field of the key
            above has the component's name before its own.
    """

    component: StoredComponent
    table: RemoteTable
    names: Mapping[str, str]
    beneath: Sequence[_Part]

    def all(self) -> Iterator[_Part]:
        """Yield the part and all parts beneath it."""
        yield self
        for part in self.beneath:
            yield from part.all()

    def records(self, node: PropertySet, above: Record) -> Iterator[tuple[str, Record]]:
        """Yield the records of a node and of all nodes beneath it, with the name of their part."""
        record = {**above, **{name: node.get(own) or None for own, name in self.names.items()}}
        yield self.component.name, record
        key = {name: record[name] for name in self.table.key}
        for part in self.beneath:
            for child in components(node, part.component.name):
                yield from part.records(child, key)


def reference_tables(objects: StoredObjects) -> dict[str, RemoteTable]:
    """Return the tables by the name of their records."""
    parts = [part for name in (PRODUCT, PRICE_LIST) for part in _part(objects.of(name).header, None).all()]
    return {**{part.component.name: part.table for part in parts}, NOTE: _NOTE}


def _part(component: StoredComponent, above: RemoteTable | None) -> _Part:
    inherited = () if above is None else above.key
    names = {
        own: f"{component.name} {own}" if own in inherited else own for own in component.columns if own != "Row Id"
    }
    owner = [] if above is None else [Above(inherited, above.name, [above.columns[name] for name in inherited])]
    products = [
        Above((names[reference.field],), snake_case(PRODUCT), (snake_case("Product Id"),))
        for reference in component.references
        if reference.object == PRODUCT and component.name in _WITH_PRODUCTS
    ]
    table = RemoteTable(
        snake_case(component.name),
        (*inherited, *(names[own] for own in component.keys[0])),
        {name: snake_case(name) for name in (*inherited, *names.values())},
        (*owner, *products),
        is_reference=True,
    )
    return _Part(component, table, names, [_part(child, table) for child in component.children])


def reference_records(
    transaction: Transaction, run: Run, quotes: Iterable[PropertySet]
) -> dict[str, dict[str, Record]]:
    """Read the records of the tables: products and prices as they are now, and notes on these quotes in progress."""
    objects = transaction.open_hub.stored_objects
    price_lists = [node for node in instances(transaction.store.query(PRICE_LIST)) if _holds(run, node)]
    priced = [part for node in price_lists for name in (ITEM, RULE) for part in components(node, name)]
    sold = {part.get(name) for part in priced for name in ("Product Id", "Bundle Product Id")}
    products = instances(transaction.catalogues.with_components(sorted(product for product in sold if product)))
    found: dict[str, dict[str, Record]] = {name: {} for name in reference_tables(objects)}
    for name, nodes in ((PRODUCT, products), (PRICE_LIST, price_lists)):
        part = _part(objects.of(name).header, None)
        tables = {each.component.name: each.table for each in part.all()}
        for node in nodes:
            for kind, record in part.records(node, {}):
                found[kind][tables[kind].key_of(record) or ""] = record
    for quote in quotes:
        found[NOTE] |= {_NOTE.key_of(record) or "": record for record in _notes(run, quote)}
    return found


def _holds(run: Run, price_list: PropertySet) -> bool:
    """Tell whether a price list holds now; leave the prices and rules out that don't. Changes *price_list*."""
    moment = pricing_moment(run.now())
    try:
        proven = run.price_list(price_list.get("Price List Id") or "")
    except Refused:
        return False
    for component, parts in ((ITEM, proven.items), (RULE, proven.rules)):
        holding = {part.name for part in parts if part.period.holds(moment)}
        listed = components(price_list, component)
        listed[:] = [item for item in listed if item.get("Name") in holding]
    return proven.period.holds(moment)


def _notes(run: Run, quote: PropertySet) -> Iterator[Record]:
    """Yield what `verify` says has to be mended on a quote that is in progress."""
    number, secrets = quote.get("Quote Number") or "", run.secret_names().values_in(message(QUOTE, [quote]))
    try:
        notes = [(note.kind, note.text, note.item, note.product) for note in verify(run, number).notes]
    except Refused as error:
        notes = [("refused", f"{error.what}: {error.why}", None, None)]
    told = [note for note in notes if note[0] not in _NO_FAULTS]
    for place, (kind, text, item, product) in enumerate(told, 1):
        yield {
            "Quote Id": quote.get("Row Id"),
            "Number": str(place),
            "Kind": kind,
            "Text": mask(text, secrets),
            "Integration Id": item,
            "Product Id": product,
        }
