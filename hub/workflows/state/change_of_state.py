"""A change of a state: configured by requests, priced as a whole, and written as line items.

    state      OM Asset message: the services that the customer has asked for so far (empty for a new product)
    changed    the same, as the customer wants it: configured, then priced
    lines      the delta of both: OM Quote or OM Order line items with action codes

Source: "Modify Asset Sub-process", steps 3 and 4; "Edit Quotes Line Items Process", steps 7 to 9; spec:
docs/design/workflows.md, "Configurator and pricing".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from hub.configurator.port import ConfigurationRefused, Configured, ProductNotInCatalogue
from hub.configurator.requests import AddItem, Request
from hub.pricing.port import Change, Total
from hub.pricing.settle import PriceMissing
from hub.pricing.totals import totals_of
from hub.services.action_alias import ALIAS
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.due_dates import DUE_DATE, hand_down_due_dates
from hub.workflows.state.exchange_dates import date_prices
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.lines import products_of
from hub.workflows.state.named_requests import with_keys
from hub.workflows.state.price_lists import price_list_for
from hub.workflows.state.quantities import leave_out_empty
from hub.workflows.state.rebase import remember
from hub.workflows.state.service_address import forget_old_addresses
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import no_profile
from hub.workflows.state.suspended import put_beneath_suspended, refused_beneath
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    all_items,
    attributes,
    instances,
    items_from,
    line_items,
    message,
)
from integration_objects.field_values import read_date, write_number
from integration_objects.names import ASSET, KEY, LINE_ITEM, NO_ACTION, QUOTE
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Fields of a state's items that belong to the state, and not to a change of it.
_OF_THE_STATE = (
    "Row Id",
    "Line Number",
    "Parent Item Id",
    "Status",
    "Order Item Processed Flag",
    "Original Order Id",
    "Completed Date",
    "Effective Start Date",
    "Effective End Date",
    "Calculated Effective Start Date",
    "Calculated Effective End Date",
    "Applied Date",
)
#: the kinds of notes that report a new price, a total, and a rate of usage, which isn't added to others
PRICE, TOTAL, RATE = "price", "total", "rate"


@dataclass(frozen=True)
class ChangedState:
    """A state after a change, and the report of the change.

    Attributes:
        names: the keys of the items to which the requests gave names.
    """

    state: PropertySet
    notes: tuple[Note, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def configure(run: Run, state: PropertySet, account_id: str, requests: Sequence[Request]) -> ChangedState:
    """Work a batch of requests on a state, all or nothing.

    Args:
        run: the run.
        state: OM Asset message; an empty one for a new product. Not changed.
        account_id: the account of an empty state.
        requests: the batch; items are called by any of their names (`item_names`).

    Raises:
        ItemUnknown, ItemNameUnclear: no item, or several items, have a name.
        ConfigurationRefused: the new state would break rules of the products; names every one.
        QuantityZero: it would have a tracked service of quantity 0.
        BeneathSuspended: it would have a new service beneath a suspended one.
    """
    instance = instance_of(state, account_id)
    names = ItemNames(run, instance)
    requests = with_keys(requests, names)
    added = {request.product for request in requests if isinstance(request, AddItem)}
    catalogue = run.catalogue(products_of(instance) | added)
    try:
        with proposing_products(run):
            configured = run.configurator.configure(instance, requests, catalogue, run.new_id)
    except ConfigurationRefused as refused:
        broken = [replace(rule, text=names.in_sentence(rule.text, rule.item)) for rule in refused.broken]
        raise ConfigurationRefused(broken, f"account '{account_id}'", refused.mend, refused.refused) from refused
    hand_down_due_dates(instance, configured.instance, requests)
    left_out = leave_out_empty(run, configured.instance, f"account '{account_id}'", state)
    changed = message(ASSET, [configured.instance]) if line_items(configured.instance) else no_profile(account_id)
    _refuse_beneath_suspended(run, state, changed, f"account '{account_id}'")
    forget_old_addresses(state, changed)
    return ChangedState(changed, (*_notes(configured), *left_out), configured.names)


@contextmanager
def proposing_products(run: Run) -> Iterator[None]:
    """Propose the nearest product of the whole catalogue for an unknown one; a change reads the products it names."""
    try:
        yield
    except ProductNotInCatalogue as error:
        known = [header["Product Id"] or "" for header in run.headers("Product", {})]
        error.mend = nearest(error.objects["name"], known) or error.mend
        raise


def _refuse_beneath_suspended(run: Run, state: PropertySet, changed: PropertySet, place: str) -> None:
    """Refuse services that are put beneath a suspended service; a fee isn't one.

    Raises:
        BeneathSuspended: names the first.
    """
    pairs = list(put_beneath_suspended(state, changed))
    products = run.products(sorted({service.get("Product Id") or "" for service, _ in pairs})) if pairs else {}
    for service, above in pairs:
        if products.get(service.get("Product Id") or "", {}).get("Track As Asset") != "N":
            raise refused_beneath(service, above, place)


def broken_rules(run: Run, state: PropertySet, account_id: str, before: PropertySet | None = None) -> list[Note]:
    """Report every rule of its products that a state breaks.

    With *before*, an item or attribute that was added and doesn't belong to the definitions breaks a rule, too.
    """
    instance = instance_of(state, account_id)
    catalogue = run.catalogue(products_of(instance))
    former = None if before is None else instance_of(before, account_id)
    return [
        Note("broken rule", broken.predicate, broken.item, broken.product_id)
        for broken in run.configurator.check(instance, catalogue, former)
    ]


def price(run: Run, document: PropertySet, state: PropertySet, on: str | None = None) -> ChangedState:
    """Price a whole state by the price list of a quote or order; fill the list in where the header has none.

    Args:
        run: the run.
        document: the header whose Price List Id and Currency Code count. Changed in place.
        state: OM Asset message. Not changed.
        on: the pricing date; None: now.

    Raises:
        PriceListMissing, PriceListUnclear: no price list, or several, would do.
        PriceListInAnotherCurrency: its own isn't in its currency.
        PriceMissing: products have no price.
    """
    if not any(line_items(instance) for instance in instances(state)):
        return ChangedState(state)
    on = on or run.now()
    prices = price_list_for(run, document, on)
    try:
        priced = run.pricing.price(state, prices, on)
    except PriceMissing as missing:
        # Whoever priced the lines of a quote or an order knows nothing of the profile that they were priced in.
        missing.where = f"{document.type.lower()} {document.get(f'{document.type} Number')}"
        raise
    date_prices(run, priced)
    notes = [
        Note(PRICE, _change_text(change, priced.currency), change.key, change.product)
        for change in priced.changes
        if change.old is not None
    ]
    for item in priced.by_item:
        notes += total_notes(item.product or item.key or "", item.totals, priced.currency)
    return ChangedState(priced.tree, tuple(notes))


def total_notes(name: str, totals: Iterable[Total], currency: str) -> list[Note]:
    """Report the totals of a service item, a quote or an order; *name* says of which one they are."""
    return [
        Note(
            TOTAL if total.product is None else RATE,
            f"{_charged_for(name, total)}, {total.label}: {total.amount} {currency}",
        )
        for total in totals
    ]


def document_totals(document: PropertySet) -> list[Note]:
    """Report the totals of all that is on a quote or an order, as its lines make it."""
    currency = document.get("Currency Code")
    if currency is None:
        return []
    name = f"{document.type.lower()} {document.get(f'{document.type} Number')}"
    return total_notes(name, totals_of(message(f"OM {document.type}", [document]), currency), currency)


def _charged_for(name: str, total: Total) -> str:
    return name if total.product is None or total.product == name else f"{name}, {total.product}"


def _change_text(change: Change, currency: str) -> str:
    prices = "" if change.old == change.new else f"{change.old} -> {change.new} {currency}"
    free = (
        ""
        if change.old_free == change.free
        else f"{write_number(change.free)} free, {write_number(change.old_free)} before"
    )
    return ", ".join(part for part in (prices, free) if part) + (f" ({change.rule})" if change.rule else "")


def price_as_wanted(run: Run, document: PropertySet, state: PropertySet) -> ChangedState:
    """Price as `price` does, each service item for the day on which it is wanted; those of one day together."""
    header = ComplexObject.of(state).header
    roots = line_items(header)
    if not roots:
        return ChangedState(state)
    # One pricing for each day and not for each item: volume tiers count like items together.
    by_day: dict[str | None, list[PropertySet]] = {}
    for root in roots:
        by_day.setdefault(wanted_on(run, root), []).append(root)
    priced: dict[str | None, PropertySet] = {}
    notes: tuple[Note, ...] = ()
    # Now comes before every later day: the first pricing settles the price list of the whole document.
    for day in sorted(by_day, key=lambda day: day or ""):
        changed = price(run, document, with_roots(header, by_day[day], ASSET), day)
        priced |= {root.get(KEY): root for root in line_items(ComplexObject.of(changed.state).header)}
        notes += changed.notes
    return ChangedState(with_roots(header, [priced[root.get(KEY)] for root in roots], ASSET), notes)


def wanted_on(run: Run, root: PropertySet) -> str | None:
    """Return the pricing date of a service item that is wanted later than now; None: now."""
    due = root.get("Due Date")
    return due if due is not None and read_date(due) > read_date(run.now()) else None


def lines_of(run: Run, before: PropertySet | None, after: PropertySet | None, output: str) -> list[PropertySet]:
    """Make the root line items that turn one state into another.

    An item whose status changes between Active and Suspended is an Update with that Asset Status. A line beneath
    another one that asks for nothing has no due date.

    Args:
        run: the run.
        before: OM Asset message; None or empty for nothing. Not changed.
        after: likewise.
        output: "OM Quote" or "OM Order".
    """
    compared = (*run.definitions[ASSET].root.children[LINE_ITEM].compared, "Asset Status")
    after = _with_asset_status(before, after)
    delta = run.call("Delta", _without_asset_status(before), after, output=output, compared=compared)
    roots = line_items(ComplexObject.of(delta).header)
    if output == QUOTE:
        _name_copies(roots, after)
    for item in items_from([line for root in roots for line in line_items(root)]):
        if action_code(item) == NO_ACTION and item.get(DUE_DATE) is not None:
            item.properties[DUE_DATE] = None
    for item in items_from(roots):
        # Delta passes all fields through, and a line has rows, statuses and dates of its own.
        for name in _OF_THE_STATE:
            item.properties.pop(name, None)
        # Null and not absent: the line may take the row of one with an alias, and the store keeps what isn't carried.
        item.properties.setdefault(ALIAS, None)
        for attribute in attributes(item):
            attribute.properties.pop("Row Id", None)
    remember(run.definitions[output].root.children[LINE_ITEM], roots, before)
    return roots


def copy_key(root: str) -> str:
    """Make the key of the root that a grown quantity of *root* adds beside it on a quote; an order makes its own key.

    The key follows from the root's, so that the next change of the root finds the copy that the last change added.
    """
    # 32 hexadecimal digits are 128 bits: enough that two roots never share a key.
    return hashlib.sha256(f"copy of {root}".encode()).hexdigest()[:32]


def _name_copies(roots: Sequence[PropertySet], after: PropertySet | None) -> None:
    """Give roots that a grown quantity added their lasting keys, in place; skip keys of former copies."""
    known = {root.get(KEY) for root in line_items(ComplexObject.of(after).header)}
    beside: str | None = None
    for root in roots:
        if root.get("Action Code") == "Add" and root.get(KEY) not in known and beside is not None:
            key = copy_key(beside)
            while key in known:
                key = copy_key(key)
            root.properties[KEY] = key
        else:
            beside = root.get(KEY)


def _with_asset_status(before: PropertySet | None, after: PropertySet | None) -> PropertySet | None:
    """Copy *after* with the new status of each item in Asset Status, null where it stays; a new item becomes Active."""
    if after is None:
        return after
    former, result = ComplexObject.of(before), after.copy()
    for item in all_items([result]):
        stored = former.by_key(item.get(KEY))
        old, new = (stored and stored.get("Status")) or "Active", item.get("Status") or "Active"
        # Delta compares Asset Status: a null on both sides is no change, a new status makes the item an Update.
        item.properties["Asset Status"] = None if old == new else new
    return result


def _without_asset_status(state: PropertySet | None) -> PropertySet | None:
    if state is None:
        return state
    result = state.copy()
    for item in all_items([result]):
        item.properties["Asset Status"] = None
    return result


def instance_of(state: PropertySet, account_id: str) -> PropertySet:
    """Return the instance of a state; of an empty one, an instance without items."""
    return next(iter(instances(state)), PropertySet("Asset", properties={"Account Id": account_id}))


def _notes(configured: Configured) -> Iterator[Note]:
    for gone in configured.obsolete:
        yield Note("obsolete", gone.text, gone.item, gone.product_id)
    for moved in configured.relinked:
        yield Note("moved", f"stands beneath '{moved.beneath}' now", moved.item, moved.product_id)
