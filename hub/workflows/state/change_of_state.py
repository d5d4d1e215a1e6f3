"""A change of a state: configured by requests, priced as a whole, and told as line items.

    state      OM Asset message: what the customer has asked for so far (empty for a new product)
    changed    the same, as the customer wants it to be: configured, then priced
    lines      the delta of both: OM Quote or OM Order line items with action codes

Source: "Modify Asset Sub-process", steps 3 and 4; "Edit Quotes Line Items Process", steps 7 to 9; spec:
docs/design/workflows.md,
"Configurator and pricing".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.configurator.port import Configured
from hub.configurator.requests import AddItem, Request
from hub.pricing import Total
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.lines import products_of
from hub.workflows.state.price_lists import price_list_for
from hub.workflows.state.rebase import remember
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import no_profile
from integration_objects.complex_object import (
    attributes,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.field_values import read_date
from integration_objects.names import ASSET, KEY, QUOTE
from integration_objects.property_set import PropertySet

#: Fields of a state's items that say nothing of a change.
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
#: the kinds of notes that tell a new price, and what a whole service item costs
PRICE, TOTAL = "price", "total"


@dataclass(frozen=True)
class Changed:
    """A state as it is to be, and what there is to tell of it."""

    state: PropertySet
    notes: tuple[Note, ...] = ()


def configure(run: Run, state: PropertySet, account_id: str, requests: Sequence[Request]) -> Changed:
    """Work a batch of requests on a state, all or nothing.

    Args:
        run: the run.
        state: OM Asset message; an empty one to begin with nothing. Not changed.
        account_id: whose it is.
        requests: the batch.

    Raises:
        ConfigurationRefused: the new state would break rules of the products; names every one.
    """
    instance = _instance(state, account_id)
    named = {request.product for request in requests if isinstance(request, AddItem)}
    catalogue = run.catalogue(products_of(instance) | named)
    configured = run.configurator.configure(instance, requests, catalogue, run.new_id)
    changed = message(ASSET, [configured.instance]) if line_items(configured.instance) else no_profile(account_id)
    return Changed(changed, tuple(_notes(configured)))


def broken_rules(run: Run, state: PropertySet, account_id: str, before: PropertySet | None = None) -> list[Note]:
    """Every rule of its products that a state breaks; with *before*, what was added without belonging, too."""
    instance = _instance(state, account_id)
    catalogue = run.catalogue(products_of(instance))
    former = None if before is None else _instance(before, account_id)
    return [
        Note("broken rule", f"{broken.rule}: {broken.text}", broken.item, broken.product_id)
        for broken in run.configurator.check(instance, catalogue, former)
    ]


def price(run: Run, quote: PropertySet, state: PropertySet, on: str | None = None) -> Changed:
    """Price a whole state by the price list of a quote or order; the header gets the list where it had none.

    Args:
        run: the run.
        quote: the header whose Price List Id and Currency Code count. Changed in place.
        state: OM Asset message. Not changed.
        on: the date that is priced for; None: now.

    Raises:
        PriceListMissing, PriceListUnclear: no price list, or several, would do.
        PriceListInAnotherCurrency: its own isn't in its currency.
        PriceMissing: products have no price.
    """
    if not any(line_items(instance) for instance in instances(state)):
        return Changed(state)
    on = on or run.now()
    prices = price_list_for(run, quote, on)
    priced = run.pricing.price(state, prices, on)
    notes = [
        Note(
            PRICE,
            f"{'new' if change.old is None else change.old} -> {change.new} {priced.currency}"
            + (f" ({change.rule})" if change.rule else ""),
            change.key,
            change.product,
        )
        for change in priced.changes
        if change.old is not None
    ]
    notes += [Note(TOTAL, f"{_what(total)}: {total.amount} {priced.currency}") for total in priced.totals]
    return Changed(priced.tree, tuple(notes))


def price_as_wanted(run: Run, quote: PropertySet, state: PropertySet) -> Changed:
    """As `price`, each service item for the day that it is wanted on; those of one day together."""
    found = list(instances(state))
    if not found or not line_items(found[0]):
        return Changed(state)
    header, roots = found[0], line_items(found[0])
    by_day: dict[str | None, list[PropertySet]] = {}
    for root in roots:
        by_day.setdefault(wanted_on(run, root), []).append(root)
    priced: dict[str | None, PropertySet] = {}
    notes: tuple[Note, ...] = ()
    for day in sorted(by_day, key=lambda day: day or ""):
        changed = price(run, quote, with_roots(header, by_day[day], ASSET), day)
        priced.update({root.get(KEY): root for one in instances(changed.state) for root in line_items(one)})
        notes += changed.notes
    return Changed(with_roots(header, [priced[root.get(KEY)] for root in roots], ASSET), notes)


def wanted_on(run: Run, root: PropertySet) -> str | None:
    """The day that a line's service item is priced for where it is wanted later than now; None: now."""
    due = root.get("Due Date")
    return due if due is not None and read_date(due) > read_date(run.now()) else None


def _what(total: Total) -> str:
    """What a total is of: ``Recurring per Month``."""
    kind = total.price_type or "Other"
    return kind if total.unit_of_measure is None else f"{kind} per {total.unit_of_measure}"


def lines_of(run: Run, before: PropertySet | None, after: PropertySet | None, output: str) -> list[PropertySet]:
    """The root line items that turn one state into another.

    An item whose status changes between Active and Suspended is an Update with that Asset Status.

    Args:
        run: the run.
        before: OM Asset message; None or empty for nothing. Not changed.
        after: likewise.
        output: "OM Quote" or "OM Order".
    """
    compared = (*run.definitions[ASSET].root.children["Line Item"].compared, "Asset Status")
    after = _with_asset_status(before, after)
    delta = run.call("Delta", _without_asset_status(before), after, output=output, compared=compared)
    roots = [root for instance in instances(delta) for root in line_items(instance)]
    if output == QUOTE:
        _name_copies(roots, after)
    for root in roots:
        for item in root.walk():
            if item.type == "Line Item":
                for field in _OF_THE_STATE:
                    item.properties.pop(field, None)
                for attribute in attributes(item):
                    attribute.properties.pop("Row Id", None)
    remember(run.definitions[output].root.children["Line Item"], roots, before)
    return roots


def copy_key(root: str) -> str:
    """The key of the root that a grown quantity of *root* adds beside it on a quote; an order gives it one of its own.

    It follows from the root's, so that the next change of the root finds what the last one had added.
    """
    return hashlib.sha256(f"copy of {root}".encode()).hexdigest()[:32]


def _name_copies(roots: Iterable[PropertySet], after: PropertySet | None) -> None:
    """Give added roots that a grown quantity made their lasting keys, in place; one that has grown before goes on."""
    known = {item.get(KEY) for instance in instances(after) for item in line_items(instance)} if after else set()
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
    """A copy of *after* in which Asset Status says what status is to become another; what is new becomes Active."""
    if after is None or is_empty(after):
        return after
    statuses = {
        item.get(KEY): item.get("Status")
        for instance in (instances(before) if before is not None else ())
        for item, _ in walk_items(instance)
    }
    result = after.copy()
    for instance in instances(result):
        for item, _ in walk_items(instance):
            was, status = statuses.get(item.get(KEY)) or "Active", item.get("Status") or "Active"
            item.properties["Asset Status"] = None if was == status else status
    return result


def _without_asset_status(state: PropertySet | None) -> PropertySet | None:
    if state is None or is_empty(state):
        return state
    result = state.copy()
    for instance in instances(result):
        for item, _ in walk_items(instance):
            item.properties["Asset Status"] = None
    return result


def _instance(state: PropertySet, account_id: str) -> PropertySet:
    found = instances(state)
    return found[0] if found else PropertySet("Asset", properties={"Account Id": account_id})


def _notes(configured: Configured) -> Iterable[Note]:
    for gone in configured.obsolete:
        yield Note("obsolete", gone.text, gone.item, gone.product_id)
    for moved in configured.relinked:
        yield Note("moved", f"stands beneath '{moved.beneath}' now", moved.item, moved.product_id)
