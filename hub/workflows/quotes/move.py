"""Move: a customer's services at one address end there, and begin at another.

    the services at the old address    Delete, due on the day of moving out
    the same services                  Add, due on the day of moving in, with new keys and the new service points

Source: "m. Move Process", figures 9D-3 and 10M; spec: docs/design/workflows.md, "Move".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hub.presentation.addresses import address_text
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes import quote_arguments as arguments
from hub.workflows.quotes.quote_lines import CurrencyMixed, make_quote, put_lines
from hub.workflows.state.accounts import the_account
from hub.workflows.state.belongings import prove_account
from hub.workflows.state.change_of_state import broken_rules, document_totals, lines_of, price
from hub.workflows.state.due_dates import due_date_notes
from hub.workflows.state.service_address import (
    FIELD,
    AddressUnknown,
    addresses_told,
    service_addresses,
    service_points_of,
)
from hub.workflows.state.service_id import KIND, OF_METER, OF_SERVICE_POINT
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import requested_state
from integration_objects.complex_object import (
    ComplexObject,
    first_instance,
    is_tracked,
    items_from,
    items_of,
    line_items,
    message,
    put_list,
)
from integration_objects.errors import Refused
from integration_objects.names import ADDRESS, ASSET, KEY, LINE_ITEM, QUOTE, SERVICE_POINT
from integration_objects.property_set import PropertySet

Header = Mapping[str, str | None]


class SameAddress(Refused):
    """The customer moves to the address that they move from."""

    what = "the customer can't move from '{address}' to '{address}'"
    where = "argument 'new-address'"
    why = "both are the same address"
    mend = "name the address that the customer moves to"


class NothingToMove(Refused):
    """The account has no service at the address that it moves from."""

    what = "the account '{account}' has nothing at the address '{address}'{in_currency}"
    where = "argument 'old-address'"
    why = "none of its products has a service point there, or is at that address without one"
    mend = "mend the Address Id; `orderhub workflow projected-state` shows what the account has"


class ServicePointUnclear(Refused):
    """The new address has more service points for a product than there are services that move."""

    what = "it isn't clear which service point {product} takes at the address '{address}'"
    where = "argument 'service-points'"
    why = "of these services {count} move, and the free service points are {points}"
    mend = "choose with service-points={example}"


class ServicePointNotThere(Refused):
    """A service point is chosen that none of the services that move can take."""

    what = "no service that moves can take the service point '{point}'"
    where = "argument 'service-points'"
    why = "free at the address '{address}', for products that move, are {points}"
    mend = "choose one of these, or leave it out"


def move(
    run: Run,
    account: str,
    old_address: str,
    new_address: str,
    move_out: str,
    move_in: str,
    service_account: str | None = None,
    currency: str | None = None,
    service_points: Sequence[str] = (),
    session: str | None = None,
) -> Outcome:
    """Move an account's services at one address to another, by the lines of a new quote.

    Args:
        run: the run.
        account: the customer's Account Id.
        old_address: the Address Id that the customer moves from.
        new_address: the Address Id that the customer moves to.
        move_out: the day on which the services end at the old address.
        move_in: the day on which they begin at the new one.
        service_account: the account at which services are provided at the new address; None: as before.
        currency: the currency of the services that move, where the account has services in several; None for the only
            one.
        service_points: the service points that services take at the new address, where it has several for a product.
        session: the user session whose active quote the new quote becomes.

    Raises:
        AccountUnknown, AddressUnknown, SameAddress: nothing is written.
        AccountOfAnother: *service_account* is another customer's.
        NothingToMove: the account has nothing at the old address, in *currency*.
        CurrencyMixed: it has services there in several currencies, and *currency* isn't given: a quote has one.
        ServicePointUnclear: the new address has more free service points for a product than services that move.
        ServicePointNotThere: none of the services can take one of *service_points*.
        PriceMissing: a product has no price.

    Source: "m. Move Process", steps 1 to 10.
    """
    customer = the_account(run, account)
    if service_account is not None:
        prove_account(run, account, service_account, "service-account")
    old_place, new_place = _proven_addresses(run, old_address, new_address)  # 1 and 7
    state = requested_state(run, account)
    roots = _in_currency(list(_roots_at(run, state, old_address)), currency, old_address)  # 2
    if not roots:
        in_currency = "" if currency is None else f" in {currency}"
        raise NothingToMove(account=account, address=old_address, in_currency=in_currency)
    currency = currency or next((text for root in roots if (text := root.get("Currency Code"))), None)
    quote = make_quote(run, customer, session, currency)  # 3
    for field in ("Service Account Id", "Billing Account Id"):
        quote.properties[field] = roots[0].get(field) or quote.get(field)
    header = PropertySet("Asset", properties={"Account Id": account})
    leaving = with_roots(header, [_tracked(root) for root in roots], ASSET)
    coming, notes = _transferred(run, leaving, state, new_address, new_place, service_points, service_account)  # 6
    notes += [*_at_other_addresses(run, leaving, old_address), *_address_stays(customer, old_address, old_place)]
    # Two deltas and not one: the services end and begin on different days, each with a due date of its own.
    ending = lines_of(run, leaving, None, QUOTE)  # 4
    _set_due(ending, move_out)  # 5
    beginning: list[PropertySet] = []
    if line_items(first_instance(coming)):
        # Priced for the day of moving in: the price list of that day counts.
        priced = price(run, quote, coming, move_in)
        notes += [*priced.notes, *broken_rules(run, priced.state, account)]
        beginning = lines_of(run, None, priced.state, QUOTE)
        _set_due(beginning, move_in)  # 8
    merged = run.call("Merge", with_roots(quote, ending, QUOTE), with_roots(quote, beginning, QUOTE))  # 9
    put_lines(run, quote, (), line_items(first_instance(merged)))
    notes += due_date_notes(run, quote)
    return Outcome(objects=(message(QUOTE, [quote]),), notes=(*notes, *document_totals(quote)))  # 10


def _proven_addresses(run: Run, old: str, new: str) -> tuple[str, str]:
    """Return the old and the new address as people read them."""
    known = {header["Address Id"]: header for header in run.headers(ADDRESS, {"Address Id": [old, new]})}
    for argument, address in (("old-address", old), ("new-address", new)):
        if address not in known:
            no_move_in = ", and without a move-in address the transfer can't be completed" if address == new else ""
            raise AddressUnknown(address=address, argument=argument, consequence=no_move_in)
    if old == new:
        raise SameAddress(address=old)
    return address_text(known[old]), address_text(known[new])


def _roots_at(run: Run, state: PropertySet, address: str) -> Iterator[PropertySet]:
    """Find the products at an address by their service points; those without one by their own addresses."""
    points = {header["Service Point Id"] for header in run.headers(SERVICE_POINT, {"Address Id": address})}
    instance = ComplexObject.of(state).header
    addresses = service_addresses(run, instance)
    for root in line_items(instance):
        used = service_points_of([root])
        if used & points or (not used and addresses[id(root)] == address):
            yield root


def _in_currency(roots: list[PropertySet], currency: str | None, address: str) -> list[PropertySet]:
    """Return the products that one quote can move; those without a currency go with any.

    Raises:
        CurrencyMixed: there are several currencies, and none is named.
    """
    currencies = sorted({root.get("Currency Code") or "" for root in roots} - {""})
    if currency is None and len(currencies) > 1:
        raise CurrencyMixed(
            f"the services at the address '{address}' can't move by one quote",
            where="argument 'old-address'",
            why=f"they are priced in {' and '.join(currencies)}, and a quote has one currency",
            mend=f"move them by a quote for each, such as currency={currencies[0]} first",
        )
    return [root for root in roots if currency is None or root.get("Currency Code") in (None, currency)]


def _at_other_addresses(run: Run, leaving: PropertySet, address: str) -> list[Note]:
    """Report each service of another address that ends because its service item is at the old one in part.

    A complex asset moves as one.
    """
    services = ComplexObject.of(leaving)
    addresses = addresses_told(run, services.header)
    elsewhere = [(item, text) for item in services.items if (text := addresses[id(item)]) not in (None, address)]
    headers = run.by_key(ADDRESS, sorted({text or "" for _, text in elsewhere})) if elsewhere else {}
    notes = []
    for item, item_address in elsewhere:
        place = address_text(headers.get(item_address or "", {"Address Id": item_address}))
        why = f"it is at the address {place}, and ends there with the service item that it is part of"
        notes.append(Note("other address", why, item.get(KEY), item.get("Product Id")))
    return notes


def _address_stays(customer: PropertySet, old: str, old_place: str) -> list[Note]:
    """Report that the account itself is still at the old address, where its next new services would begin."""
    if customer.get("Address Id") != old:
        return []
    text = (
        f"the account '{customer.get('Account Id')}' keeps the address {old_place}, at which its next new services "
        "would be; change-address gives it the new one once the customer lives there"
    )
    return [Note("account address", text)]


def _tracked(root: PropertySet) -> PropertySet:
    """Copy a product without untracked components and all beneath them: they are no services which could end."""
    copy = root.copy()
    for item in items_from([copy]):
        below = line_items(item)
        below[:] = [child for child in below if is_tracked(child)]
    return copy


def _transferred(
    run: Run,
    leaving: PropertySet,
    state: PropertySet,
    address: str,
    place: str,
    chosen: Sequence[str],
    service_account: str | None,
) -> tuple[PropertySet, list[Note]]:
    """Copy the services as they begin at the new address, with new keys; report those that are left out."""
    coming = leaving.copy()
    instance = first_instance(coming)
    products = run.products(item.get("Product Id") or "" for item in items_of(instance))
    needing = Counter(
        item.get("Product Id")
        for item in items_of(instance)
        if _needs_point(item, product := products.get(item.get("Product Id") or "", {}))
        and product.get("Transferable") != "N"
    )
    free_points = _chosen_points(_free_points(run, state, address), needing, chosen, address)
    notes: list[Note] = []

    def connect(item: PropertySet) -> bool:
        product = products.get(item.get("Product Id") or "", {})
        points = free_points.get(item.get("Product Id"))
        if product.get("Transferable") == "N":
            why = "the product can't be transferred to another address"
        elif not _needs_point(item, product):
            return True
        elif points:
            item.properties["Service Point Id"] = points.pop(0)
            item.properties["Service Id"] = None  # the service point and its meter have the service id
            return True
        else:
            why = f"there is no service point for it at the address {place}"
        why += ", and what is beneath it goes with it" if line_items(item) else ""
        notes.append(Note("left out", why, item.get(KEY), item.get("Product Id")))
        return False

    stack = [instance]
    while stack:
        node = stack.pop()
        below = put_list(node, LINE_ITEM)
        below[:] = [child for child in below if connect(child)]
        for item in below:
            item.properties |= {KEY: run.new_id(), FIELD: address}
            if service_account is not None:
                item.properties["Service Account Id"] = service_account
        stack.extend(reversed(below))
    return coming, notes


def _needs_point(item: PropertySet, product: Header) -> bool:
    return item.get("Service Point Id") is not None or product.get(KIND) in (OF_SERVICE_POINT, OF_METER)


def _free_points(run: Run, state: PropertySet, address: str) -> dict[str | None, list[str]]:
    """Return the service points at an address that the account doesn't use yet, by the product that they serve."""
    used = service_points_of(line_items(ComplexObject.of(state).header))
    free: dict[str | None, list[str]] = {}
    for header in run.headers(SERVICE_POINT, {"Address Id": address}):
        if header["Service Point Id"] not in used:
            free.setdefault(header.get("Product Id"), []).append(header["Service Point Id"] or "")
    return free


def _chosen_points(
    free: Mapping[str | None, list[str]], needing: Mapping[str | None, int], chosen: Sequence[str], address: str
) -> dict[str | None, list[str]]:
    """Return the service points that services take at an address, by their product.

    Args:
        free: the free service points there, by the product that they serve.
        needing: how many services that move need one, by their product.
        chosen: the service points that are to be taken; of a product none of whose points is chosen, all are left.
        address: the address.

    Raises:
        ServicePointUnclear: more are left than are needed.
        ServicePointNotThere: no service that moves can take a chosen one.
    """
    fitting = {product: points for product, points in free.items() if product in needing}
    known = [point for points in fitting.values() for point in points]
    for point in chosen:
        if point not in known:
            raise ServicePointNotThere(point=point, address=address, points=", ".join(known) or "none")
    taken = {}
    for product, points in fitting.items():
        left = [point for point in points if point in chosen] or points
        if len(left) > needing[product]:
            raise ServicePointUnclear(
                product=product,
                address=address,
                count=needing[product],
                points=", ".join(left),
                example=",".join(left[: needing[product]]),
            )
        taken[product] = list(left)
    return taken


def _set_due(roots: list[PropertySet], day: str) -> None:
    for item in items_from(roots):
        item.properties["Due Date"] = day


WORKFLOWS = (
    named_workflow(
        "Move",
        move,
        "move an account's services at one address to another, by a new quote",
        arguments.ACCOUNT,
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
        Argument(
            "service-points",
            "list",
            help="The service points to take at the new address, where it has several for a product; by commas.",
        ),
        arguments.SESSION,
        module=arguments.MODULE,
    ),
)
