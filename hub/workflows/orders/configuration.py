"""Configuration: the structure of a service item of a quote or an order, as a configurator's page shows it.

    item        an item, with its quantity, its service id and its price
    attribute   one of its attributes, with the allowed values
    component   a component that may be added beneath it: how many there are, the least and the most
    obsolete    an item or attribute that no longer belongs to its product's definition

Requests are tried, and nothing is written: a state that breaks rules is shown with each broken rule in the row of the
item or attribute that breaks it.

Source: part III, "Product Configurator", "Configuration Session"; spec: docs/workflows/configuration.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.configurator.item_path import escaped
from hub.configurator.port import BrokenRule, ConfigurationRefused, Obsolete
from hub.configurator.product_tree import Place, ProductTree
from hub.configurator.requests import Request
from hub.configurator.rule_expression import value_of_attribute
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.edit_order import editable_order, is_priced_here, states
from hub.workflows.quotes.quote_arguments import MODULE, REQUESTS
from hub.workflows.quotes.quote_lines import quote_in_progress
from hub.workflows.quotes.quotes import ends_on_quote, quoted_item, root_group
from hub.workflows.state.change_of_state import PRICE, configure, instance_of, price_as_wanted
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.due_dates import add_due_dates
from hub.workflows.state.lines import products_of
from hub.workflows.state.named_requests import named_on_lines
from hub.workflows.state.service_item import requested_item
from integration_objects.complex_object import attributes, is_empty, items_of, line_items, message
from integration_objects.errors import Refused
from integration_objects.field_values import write_number
from integration_objects.names import ASSET, KEY
from integration_objects.property_set import PropertySet
from integration_objects.secrets import MASK

COLUMNS = (
    *("kind", "level", "item", "product", "name", "value", "service id", "price"),
    *("least", "most", "values", "type", "required", "broken"),
)
Row = dict[str, str | None]


class ConfigurationUnclear(Refused):
    """No quote, order or account is named, or several of them are."""

    what = "one quote, one order or one account must be named"
    where = "arguments 'quote', 'order' and 'account'"
    why = "expected one of the three, found {found}"
    mend = "give quote=, order= or account="


def configuration(
    run: Run,
    line: str,
    quote: str | None = None,
    order: str | None = None,
    requests: Sequence[Request] = (),
    account: str | None = None,
) -> Outcome:
    """Show a service item with its structure, as it would be after some requests.

    Raises:
        ConfigurationUnclear: not one of quote, order and account is named.
        AccountUnknown, ServiceItemUnknown: the account has no such service item.
        QuoteUnknown, QuoteLineUnknown, QuoteNotInProgress, QuoteDisconnects: of a quote.
        OrderUnknown, OrderLineUnknown, OrderNotEditable, OrderDisconnects: of an order.
        ItemUnknown, ItemNameUnclear, RequestFaulty: a request can't be worked at all.
    """
    named = [name for name, value in (("quote", quote), ("order", order), ("account", account)) if value is not None]
    if len(named) != 1:
        raise ConfigurationUnclear(found=" and ".join(named) or "none")
    if account is not None:
        state = requested_item(run, account, line, of_component=True)
        document = _header_for(account, state)
    else:
        document, root, state = _quoted(run, quote, line) if quote is not None else _ordered(run, order or "", line)
        roots = root_group(document, root) if quote is not None else [root]
        requests = named_on_lines(run, document, roots, requests)
        account = document.get("Account Id") or ""
    try:
        changed = configure(run, state, account, requests)
        instance, names = instance_of(changed.state, account), changed.names
    except ConfigurationRefused as refusal:
        if refusal.refused is None:
            raise
        instance, names = refusal.refused.instance, refusal.refused.names
    priced, notes = _priced(run, document, instance)
    return Outcome(
        rows=tuple(_Structure(run, instance_of(state, account), instance, priced, names).rows()), notes=notes
    )


def _header_for(account: str, state: PropertySet) -> PropertySet:
    """Make the header of the quote on which a service of the customer would be changed."""
    currency = next(
        (text for item in items_of(instance_of(state, account)) if (text := item.get("Currency Code"))), None
    )
    return PropertySet("Quote", properties={"Account Id": account, "Currency Code": currency})


def _quoted(run: Run, quote: str, line: str) -> tuple[PropertySet, PropertySet, PropertySet]:
    header = quote_in_progress(run, quote)
    _, root = line_and_root(run, header, line)
    item = quoted_item(run, header, root)
    if is_empty(item.after):
        raise ends_on_quote(header, root)
    add_due_dates(item.after, item.lines)
    return header, root, item.after


def _ordered(run: Run, order: str, line: str) -> tuple[PropertySet, PropertySet, PropertySet]:
    stored = editable_order(run, order)
    _, root = line_and_root(run, stored, line)
    _, now, _ = states(run, stored, root)
    return stored, root, now


def _priced(
    run: Run, document: PropertySet, instance: PropertySet
) -> tuple[Mapping[str | None, str | None], tuple[Note, ...]]:
    """Return the price of each item, by its key, and the totals."""
    if not line_items(instance) or (document.type == "Order" and not is_priced_here(run, document)):
        return {item.get(KEY): item.get("Adjusted Price") for item in items_of(instance)}, ()
    try:
        # A copy of the header: pricing may fill its price list in.
        priced = price_as_wanted(run, document.copy_node(), message(ASSET, [instance]))
    except Refused as refused:
        return {}, (Note(PRICE, f"{refused.what}: {refused.why}"),)
    found = {item.get(KEY): item.get("Adjusted Price") for item in items_of(instance_of(priced.state, ""))}
    return found, tuple(note for note in priced.notes if note.kind != PRICE)


@dataclass(frozen=True)
class _Faults:
    """What is wrong with an instance, by item and attribute."""

    broken: Sequence[BrokenRule]
    obsolete: Sequence[Obsolete]

    def of(self, item: PropertySet, attribute: str | None = None) -> str | None:
        key = item.get(KEY)
        return (
            "; ".join(rule.predicate for rule in self.broken if (rule.item, rule.attribute) == (key, attribute)) or None
        )

    def gone(self, item: PropertySet) -> Iterator[Obsolete]:
        return (each for each in self.obsolete if each.item == item.get(KEY) and each.attribute is not None)


class _Structure:
    """The rows of an instance."""

    def __init__(
        self,
        run: Run,
        before: PropertySet,
        instance: PropertySet,
        prices: Mapping[str | None, str | None],
        names: Mapping[str, str],
    ) -> None:
        self._prices = prices
        catalogue = run.catalogue(products_of(instance))
        broken = run.configurator.check(instance, catalogue, before)
        aligned = run.configurator.configure(instance, (), catalogue, run.new_id)
        self._faults = _Faults(broken, aligned.obsolete)
        self._tree = ProductTree(aligned.instance, catalogue)
        self._products = run.products(sorted(products_of(instance)))
        self._old_keys = {item.get(KEY) for item in items_of(before)}
        self._given = {key: name for name, key in names.items()}
        # By identity: the name of each item for requests, "" for one that they can't name (a copy).
        self._names: dict[int, str] = {}

    def rows(self) -> Iterator[Row]:
        """Yield the rows, each item before those beneath it."""
        for position, place in self._tree:
            above = place.above
            level = 0
            while above is not None:
                above, level = above.above, level + 1
            yield self._item(place, level)
            yield from self._attributes(place, level + 1)
            yield from self._components(position, place, level + 1)
        for item, above in self._tree.aside:
            gone = next((each for each in self._faults.obsolete if each.item == item.get(KEY)), None)
            text = None if gone is None else _without_key(gone)
            yield _row("obsolete", 1, self._name(item, above), item.get("Product Id"), broken=text)

    def _name(self, item: PropertySet, above: Place | None) -> str:
        if id(item) not in self._names:
            self._names[id(item)] = self._named(item, above)
        return self._names[id(item)]

    def _named(self, item: PropertySet, above: Place | None) -> str:
        key = item.get(KEY) or ""
        if key in self._given or key in self._old_keys:
            return self._given.get(key, key)
        parent = "" if above is None else self._names.get(id(above.item), "")
        if above is None or not parent or above.item.get(KEY) in self._old_keys:
            return ""
        product = item.get("Product Id")
        alike = Counter(each.get("Product Id") for each in line_items(above.item))
        # Numbers of siblings may have changed since the item came: one of several has no name that stays true.
        return f"{parent}/{escaped(product or '')}" if alike[product] == 1 else ""

    def _item(self, place: Place, level: int) -> Row:
        item = place.item
        product = item.get("Product Id") or ""
        line = None
        if place.above is not None and place.above.structure is not None:
            line = place.above.structure.components.get(product)
        return _row(
            "item",
            level,
            self._name(item, place.above),
            product,
            value=item.get("Quantity") or "1",
            price=self._prices.get(item.get(KEY)),
            least=None if line is None else write_number(line.least),
            most=None if line is None or line.most is None else write_number(line.most),
            type="service" if self._products.get(product, {}).get("Service Instance") == "Y" else None,
            broken=self._faults.of(item),
        ) | {"service id": item.get("Service Id")}

    def _attributes(self, place: Place, level: int) -> Iterator[Row]:
        item, definition = place.item, place.definition
        name, product = self._name(item, place.above), item.get("Product Id")
        carried = {each.get("Name"): value_of_attribute(each) for each in attributes(item)}
        for attribute in () if definition is None else definition.attributes.values():
            value = carried.get(attribute.name)
            yield _row(
                "attribute",
                level,
                name,
                product,
                attribute.name,
                value=MASK if attribute.secret and value else value,
                least=attribute.least,
                most=attribute.most,
                values="|".join(attribute.values) or None,
                type="secret" if attribute.secret else attribute.type,
                required="Y" if attribute.required else None,
                broken=self._faults.of(item, attribute.name),
            )
        for gone in self._faults.gone(item):
            yield _row("obsolete", level, name, product, gone.attribute, broken=_without_key(gone))

    def _components(self, position: int, place: Place, level: int) -> Iterator[Row]:
        if place.structure is None:
            return
        there = Counter(self._tree.places[child].item.get("Product Id") for child in self._tree.children[position])
        for product, line in place.structure.components.items():
            yield _row(
                "component",
                level,
                self._name(place.item, place.above),
                product,
                line.level,
                value=str(there[product]),
                least=write_number(line.least),
                most=None if line.most is None else write_number(line.most),
            )


def _without_key(gone: Obsolete) -> str:
    """Return the sentence about what no longer belongs; its item is in the row."""
    return gone.text.replace(f" '{gone.item}'", "", 1)


def _row(kind: str, level: int, item: str, product: str | None, name: str | None = None, **columns: str | None) -> Row:
    known: Row = {"kind": kind, "level": str(level), "item": item, "product": product, "name": name, **columns}
    return {column: known.get(column) for column in COLUMNS}


WORKFLOWS = (
    named_workflow(
        "Configuration",
        configuration,
        "show a service item with its structure: what may be added, allowed values, broken rules, the price",
        Argument("quote", "quote", help="The number of a quote in progress."),
        Argument("order", "order", help="The number of an order that isn't submitted."),
        Argument("account", "account", help="The customer, for a service item that stands on no quote or order yet."),
        Argument("line", required=True, help="A line or a service item: its number, service id, product path, or key."),
        REQUESTS,
        module=MODULE,
        asks_only=True,
        columns=COLUMNS,
    ),
)
