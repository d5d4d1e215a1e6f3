"""What a person looks at, as contact rules see it: products, order types, statuses, regions, the page, the moment.

Of a line, the products are its own and those of the lines above it; of a product alone, the products whose structures
have it. Each word has a distance: 0 for the thing itself, more for what stands above it.

Source: claim 6 ("context-sensitive contact information"). Spec: docs/support.md, "Contacts".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.services.action_alias import ALIAS
from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import path_up, read_hierarchy
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.moves import moves
from hub.workflows.state.order_lookup import active_order
from hub.workflows.state.service_address import service_addresses
from hub.workflows.support.about import account_of_request
from integration_objects.complex_object import ComplexObject, action_code, items_from, line_items
from integration_objects.errors import Refused
from integration_objects.field_values import read_date
from integration_objects.names import ADDRESS, NO_ACTION, PRODUCT
from integration_objects.property_set import PropertySet

#: parts of an address that a rule's Region may name, the nearest first
_REGION = ("City", "State", "Country")
#: levels of products above one that are looked at: a guard against structures that hold themselves
_MOST_LEVELS = 20

#: a word in small letters -> its distance
Distances = Mapping[str, int]


class LineWithoutOrder(Refused):
    """A line is named, and no order that has it."""

    what = "the line '{line}' belongs to no order that is named"
    where = "argument 'line'"
    why = "a line is found on its order"
    mend = "give order=, too"


@dataclass(frozen=True)
class ContactContext:
    """What a person looks at.

    Attributes:
        moment: the time, in UTC.
        words: the distances of the words by the rule's field: Product Id, Order Type, Status, Region, Page.
        account: the account that it belongs to; None for none.
    """

    moment: datetime.datetime
    words: Mapping[str, Distances] = field(default_factory=dict)
    account: str | None = None


def context_of(
    run: Run,
    order: str | None = None,
    line: str | None = None,
    account: str | None = None,
    product: str | None = None,
    page: str | None = None,
    order_type: str | None = None,
    status: str | None = None,
    region: str | None = None,
    at: str | None = None,
) -> ContactContext:
    """Work out what a person looks at; values that are given come before those that an order tells.

    Raises:
        AccountUnknown, OrderUnknown, OrderOfAnotherAccount, LineWithoutOrder, OrderLineUnknown, ItemNameUnclear: it
            names something that isn't there.
    """
    owner = account_of_request(run, account, order)
    if line is not None and order is None:
        raise LineWithoutOrder(line=line)
    told: dict[str, Distances] = {}
    addresses: list[str | None] = []
    if order is not None:
        document = active_order(run, order)
        roots = line_items(document)
        chosen = None if line is None else line_and_root(run, document, line)[0]
        told["Product Id"] = _products(document, chosen)
        told["Order Type"] = _types(document, chosen, roots)
        told["Status"] = _near([None if chosen is None else chosen.get("Status"), document.get("Status")])
        places = service_addresses(run, document)
        addresses = [places[id(item)] for item in ([chosen] if chosen is not None else roots)]
    if product is not None:
        told["Product Id"] = products_above(run, product)
    for name, value in (("Order Type", order_type), ("Status", status), ("Page", page), ("Region", region)):
        if value is not None:
            told[name] = _near([value])
    if region is None:
        told["Region"] = _regions(run, addresses, owner)
    return ContactContext(read_date(at or run.now()), told, owner)


def _near(words: Iterable[str | None]) -> Distances:
    """Give each word its place as its distance."""
    found: dict[str, int] = {}
    for distance, word in enumerate(words):
        if word is not None:
            found.setdefault(word.casefold(), distance)
    return found


def _nearest(told: Iterable[Iterable[str | None]]) -> Distances:
    """Give each word of several things its distance where it is the nearest."""
    found: dict[str, int] = {}
    for words in told:
        for word, distance in _near(words).items():
            found[word] = min(distance, found.get(word, distance))
    return found


def _products(order: PropertySet, line: PropertySet | None) -> Distances:
    """Return the products of a line and of the lines above it; of an order, those of its roots."""
    if line is None:
        return {(root.get("Product Id") or "").casefold(): 0 for root in line_items(order)}
    return _near(item.get("Product Id") for item in (line, *ComplexObject(order).above(line)))


def _types(order: PropertySet, line: PropertySet | None, roots: Iterable[PropertySet]) -> Distances:
    """Return what a line, or the roots of an order, are to become; the other name of a change is the nearer one."""
    moved = {id(item) for pair in moves(order) for root in pair for item in items_from([root])}
    told = (
        ("Move" if id(item) in moved else None, item.get(ALIAS), action_code(item))
        for item in ([line] if line is not None else roots)
    )
    return _nearest([word for word in words if word not in (None, NO_ACTION)] for words in told)


def products_above(run: Run, product: str) -> Distances:
    """Return a product and the products whose structures have it, level by level, in small letters."""
    found = {product.casefold(): 0}
    level = {product}
    for distance in range(1, _MOST_LEVELS):
        above = run.owners(PRODUCT, "Product Structure", {"Component Product Id": sorted(level)})
        level = {name for name in above if name.casefold() not in found}
        if not level:
            break
        found |= {name.casefold(): distance for name in level}
    return found


def _regions(run: Run, addresses: Iterable[str | None], account: str | None) -> Distances:
    """Return the cities, states and countries of addresses; without one, of the account, or of the nearest above it."""
    wanted = sorted({address for address in addresses if address is not None})
    if not wanted and account is not None:
        accounts = read_hierarchy(run, [account])
        of_accounts = [accounts.get(each, {}).get("Address Id") for each in path_up(accounts, account)]
        wanted = [address for address in of_accounts if address is not None][:1]
    addresses_told = (run.by_key(ADDRESS, wanted) if wanted else {}).values()
    return _nearest([address.get(part) for part in _REGION] for address in addresses_told)
