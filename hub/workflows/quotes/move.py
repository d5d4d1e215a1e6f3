"""Move: what a customer has at one address ends there, and begins at another.

    the services at the old address    Delete, due on the day of moving out
    the same services                  Add, due on the day of moving in, with new keys and the new service points

Source: "m. Move Process", figures 9D-3 and 10M; spec: docs/design/workflows.md, "Move".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import ACCOUNT, MODULE, SESSION
from hub.workflows.quotes.quote_lines import CurrencyMixed, make_quote, put_lines
from hub.workflows.state.accounts import the_account
from hub.workflows.state.change_of_state import broken_rules, lines_of, price
from hub.workflows.state.service_id import KIND, OF_METER, OF_SERVICE_POINT
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import requested_state
from integration_objects.complex_object import (
    instances,
    is_tracked,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, LINE_ITEM, QUOTE
from integration_objects.property_set import PropertySet

ADDRESS, SERVICE_POINT = "Address", "Service Point"
Header = Mapping[str, str | None]


class AddressUnknown(Refused):
    """There is no address of this Address Id: the transfer can't be completed."""


class SameAddress(Refused):
    """The address that a customer moves to is the one that they move from."""


class NothingToMove(Refused):
    """The account has nothing at the address that it moves from."""


def move(
    run: Run,
    account: str,
    old_address: str,
    new_address: str,
    move_out: str,
    move_in: str,
    service_account: str | None = None,
    currency: str | None = None,
    session: str | None = None,
) -> Outcome:
    """Move what an account has at one address to another, by the lines of a new quote.

    Args:
        run: the run.
        account: the customer's Account Id.
        old_address: the Address Id that the customer moves from.
        new_address: the one that they move to.
        move_out: the day on which the services end at the old address.
        move_in: the day on which they begin at the new one.
        service_account: the account at which services are provided at the new address; None: as before.
        currency: the currency of the services that move, where the account has services in several; None for the only
            one.
        session: the user session whose active quote the new quote becomes.

    Raises:
        AccountUnknown, AddressUnknown, SameAddress: nothing is written.
        NothingToMove: the account has nothing at the old address, in *currency*.
        CurrencyMixed: it has services there in several currencies, and *currency* isn't given: a quote has one.
        PriceMissing: something has no price.

    Source: "m. Move Process", steps 1 to 10.
    """
    customer = the_account(run, account)
    if service_account is not None:
        the_account(run, service_account, "argument 'service-account'")
    _prove_addresses(run, old_address, new_address)  # 1 and 7
    state = requested_state(run, account)
    roots = _in_currency(list(_roots_at(run, customer, state, old_address)), currency, old_address)  # 2
    if not roots:
        raise NothingToMove(
            f"the account '{account}' has nothing at the address '{old_address}'"
            + ("" if currency is None else f" in {currency}"),
            where="argument 'old-address'",
            why="none of its products has a service point there, or is provided at an account of that address",
            mend="mend the Address Id; `orderhub workflow projected-state` shows what the account has",
        )
    quote = make_quote(
        run, customer, session, currency or next(filter(None, (root.get("Currency Code") for root in roots)), None)
    )  # 3
    for field in ("Service Account Id", "Billing Account Id"):
        quote.properties[field] = roots[0].get(field) or quote.get(field)
    header = PropertySet("Asset", properties={"Account Id": account})
    leaving = with_roots(header, [_tracked(root) for root in roots], ASSET)
    coming, notes = _transferred(run, leaving, state, new_address, service_account)  # 6
    notes += _of_other_addresses(run, leaving, old_address)
    ending = lines_of(run, leaving, None, QUOTE)  # 4
    _set_due(ending, move_out)  # 5
    beginning: list[PropertySet] = []
    if line_items(instances(coming)[0]):
        priced = price(run, quote, coming, move_in)
        notes += [*priced.notes, *broken_rules(run, priced.state, account)]
        beginning = lines_of(run, None, priced.state, QUOTE)
        _set_due(beginning, move_in)  # 8
    merged = run.call("Merge", with_roots(quote, ending, QUOTE), with_roots(quote, beginning, QUOTE))  # 9
    put_lines(run, quote, (), line_items(instances(merged)[0]))
    return Outcome(objects=(message(QUOTE, [quote]),), notes=tuple(notes))  # 10


def _prove_addresses(run: Run, old: str, new: str) -> None:
    found = {header["Address Id"] for header in run.headers(ADDRESS, {"Address Id": [old, new]})}
    for name, address in (("old-address", old), ("new-address", new)):
        if address not in found:
            raise AddressUnknown(
                f"the address '{address}' is unknown",
                where=f"argument '{name}'",
                why="no address of this Address Id is stored"
                + (", and without a move-in address the transfer can't be completed" if address == new else ""),
                mend="mend the Address Id, or load the address with its service points (orderhub load)",
            )
    if old == new:
        raise SameAddress(
            f"the customer can't move from '{old}' to '{new}'",
            where="argument 'new-address'",
            why="it is one address",
            mend="name the address that the customer moves to",
        )


def _roots_at(run: Run, customer: PropertySet, state: PropertySet, address: str) -> Iterator[PropertySet]:
    """The products at an address: by their service points; those that have none by the account they are provided at."""
    points = {header["Service Point Id"] for header in run.headers(SERVICE_POINT, {"Address Id": address})}
    roots = [root for instance in instances(state) for root in line_items(instance)]
    own = customer.get("Account Id")
    accounts = sorted({root.get("Service Account Id") or own or "" for root in roots})
    here = {
        header["Account Id"]
        for header in run.headers("Account", {"Account Id": accounts})
        if header.get("Address Id") == address
    }
    for root in roots:
        used = {item.get("Service Point Id") for item in root.walk() if item.type == LINE_ITEM} - {None}
        if used & points or (not used and (root.get("Service Account Id") or own) in here):
            yield root


def _in_currency(roots: list[PropertySet], currency: str | None, address: str) -> list[PropertySet]:
    """The products that one quote can move; those without a currency go with any.

    Raises:
        CurrencyMixed: there are several currencies, and none is named.
    """
    found = sorted({root.get("Currency Code") or "" for root in roots} - {""})
    if currency is None and len(found) > 1:
        raise CurrencyMixed(
            f"what is at the address '{address}' can't move by one quote",
            where="argument 'old-address'",
            why=f"it is priced in {' and '.join(found)}, and a quote has one currency",
            mend=f"move it by a quote for each, such as currency={found[0]} first",
        )
    return [root for root in roots if currency is None or root.get("Currency Code") in (None, currency)]


def _of_other_addresses(run: Run, leaving: PropertySet, address: str) -> list[Note]:
    """A note for each service of another address that ends because its service item is at the old one in part.

    A complex asset moves as one; a service has the address of its service point, else that of a service account of
    its own.
    """
    pairs = [(item, parent) for instance in instances(leaving) for item, parent in walk_items(instance)]
    points = _addresses(run, SERVICE_POINT, (item.get("Service Point Id") for item, _ in pairs))
    accounts = _addresses(run, "Account", (item.get("Service Account Id") for item, _ in pairs))
    notes = []
    for item, parent in pairs:
        there = points.get(item.get("Service Point Id"))
        if there is None and parent is not None:
            account = item.get("Service Account Id")
            there = accounts.get(account) if account != parent.get("Service Account Id") else None
        if there not in (None, address):
            why = f"it is at the address '{there}', and ends there with the service item that it is part of"
            notes.append(Note("other address", why, item.get(KEY), item.get("Product Id")))
    return notes


def _addresses(run: Run, name: str, keys: Iterable[str | None]) -> dict[str | None, str | None]:
    """The Address Ids of the service points or accounts of these keys."""
    wanted = sorted({key for key in keys if key is not None})
    if not wanted:
        return {}
    return {one[f"{name} Id"]: one.get("Address Id") for one in run.headers(name, {f"{name} Id": wanted})}


def _tracked(root: PropertySet) -> PropertySet:
    """A copy of a product without what isn't tracked as an asset: that is no service which could end."""
    copy = root.copy()
    for item in copy.walk():
        below = line_items(item)
        below[:] = [child for child in below if is_tracked(child)]
    return copy


def _transferred(
    run: Run, leaving: PropertySet, state: PropertySet, address: str, service_account: str | None
) -> tuple[PropertySet, list[Note]]:
    """The services as they are to be at the new address, with new keys, and what is left out."""
    coming = leaving.copy()
    [instance] = instances(coming)
    items = [item for item, _ in walk_items(instance)]
    products = run.products(item.get("Product Id") or "" for item in items)
    free = _free_points(run, state, address)
    notes: list[Note] = []

    def connected(item: PropertySet) -> bool:
        product = products.get(item.get("Product Id") or "", {})
        points = free.get(item.get("Product Id"))
        if product.get("Transferable") == "N":
            why = "the product can't be transferred to another address"
        elif not _needs_point(item, product):
            return True
        elif points:
            item.properties["Service Point Id"] = points.pop(0)
            item.properties["Service Id"] = None  # the service point and its meter tell it
            return True
        else:
            why = f"there is no service point for it at the address '{address}'"
        why += ", and what is beneath it goes with it" if line_items(item) else ""
        notes.append(Note("left out", why, item.get(KEY), item.get("Product Id")))
        return False

    stack = [instance]
    while stack:
        node = stack.pop()
        below = put_list(node, LINE_ITEM)
        below[:] = [child for child in below if connected(child)]
        for item in below:
            item.properties[KEY] = run.new_id()
            if service_account is not None:
                item.properties["Service Account Id"] = service_account
        stack.extend(reversed(below))
    return coming, notes


def _needs_point(item: PropertySet, product: Header) -> bool:
    return item.get("Service Point Id") is not None or product.get(KIND) in (OF_SERVICE_POINT, OF_METER)


def _free_points(run: Run, state: PropertySet, address: str) -> dict[str | None, list[str]]:
    """The service points at an address that the account doesn't use yet, by the product that they serve."""
    used = {item.get("Service Point Id") for instance in instances(state) for item, _ in walk_items(instance)}
    free: dict[str | None, list[str]] = {}
    for header in run.headers(SERVICE_POINT, {"Address Id": address}):
        if header["Service Point Id"] not in used:
            free.setdefault(header.get("Product Id"), []).append(header["Service Point Id"] or "")
    return free


def _set_due(roots: list[PropertySet], day: str) -> None:
    for root in roots:
        for item in root.walk():
            if item.type == LINE_ITEM:
                item.properties["Due Date"] = day


WORKFLOWS = (
    named_workflow(
        "Move",
        move,
        "move what an account has at one address to another, by a new quote",
        ACCOUNT,
        Argument("old-address", required=True, help="The Address Id that the customer moves from."),
        Argument("new-address", required=True, help="The Address Id that the customer moves to."),
        Argument("move-out", "date", required=True, help="The day on which the services end at the old address."),
        Argument("move-in", "date", required=True, help="The day on which they begin at the new one."),
        Argument(
            "service-account", "account", help="Where they are provided at the new address; without it, as before."
        ),
        Argument(
            "currency", "currency", help="Which services move, by their currency; needed where there are several."
        ),
        SESSION,
        module=MODULE,
    ),
)
