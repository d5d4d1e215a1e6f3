"""Products and services: they are added, changed, disconnected, suspended, resumed, and shown as a profile.

    new-products-and-services    an added product on the active quote
    modify                       a service item's new state, as the delta to its requested one
    disconnect                   its requested state against nothing
    suspend, resume              its requested state with another status
    profile                      the products and services of an account, or of a quote's accounts

Source: "Workflow Processes", a to d; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hub.configurator.requests import AddItem, Request
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import ACCOUNT, DUE_DATE, MODULE, REQUESTS, ROOT, SESSION
from hub.workflows.quotes.quote_lines import (
    CurrencyMixed,
    active_quote,
    group_of,
    put_lines,
    store_lines,
    the_quote,
)
from hub.workflows.state.accounts import the_account
from hub.workflows.state.change_of_state import (
    ChangedState,
    broken_rules,
    configure,
    document_totals,
    lines_of,
    price_as_wanted,
    proposing_products,
)
from hub.workflows.state.lines import ACCOUNTS
from hub.workflows.state.order_lookup import described
from hub.workflows.state.quantities import leave_out_empty
from hub.workflows.state.service_item import key_of, refuse_new_roots, requested_item, with_roots
from hub.workflows.state.service_profile import no_profile, open_orders, without_inactive
from hub.workflows.state.statuses import check_change
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    all_items,
    drop_items,
    instances,
    is_empty,
    is_tracked,
    items_from,
    line_items,
    message,
    put_list,
)
from integration_objects.errors import Refused, UnknownName
from integration_objects.names import ASSET, KEY, LINE_ITEM, NO_ACTION, QUOTE
from integration_objects.property_set import PropertySet

_VIEWS = {"service": ACCOUNTS[0], "billing": ACCOUNTS[1]}
_UNTRACKED = "[Track As Asset] = 'N'"


class NothingTracked(Refused):
    """No component of a service item is tracked as an asset, so that none can be disconnected."""

    what = "nothing of the service item '{root}' can be disconnected"
    where = "account '{account}', line item '{root}'"
    why = "none of its components is tracked as an asset"
    mend = "cancel the order that brings it, where it isn't complete; else there is nothing to do"


class ProfileUnclear(Refused):
    """A profile is asked for by a quote and by an account, or by neither."""

    what = "it isn't clear whose service profile is asked for"
    where = "arguments 'account' and 'quote'"
    why = "expected one of account= and quote=, found {given}"
    mend = "name the account, or a quote whose accounts count"


class ViewUnknown(UnknownName, Refused):
    """The profile is asked for in a view that it doesn't have."""

    kind = "view"
    where = "argument 'view'"
    why = "expected service or billing"
    otherwise = "name one of them, or neither"


def new_products_and_services(
    run: Run,
    account: str,
    product: str | None = None,
    quantity: str | None = None,
    requests: Sequence[Request] = (),
    session: str | None = None,
) -> Outcome:
    """Get the active quote ready for new products and services, and put a product on it.

    Raises:
        AccountUnknown, ProductNotInCatalogue: there is no such account or product.
        ConfigurationRefused: the requested configuration breaks rules of the products.
        PriceMissing: a product has no price.

    Source: "New Products and Services Process", steps 1 to 3.
    """
    customer = the_account(run, account)
    quote = active_quote(run, customer, session)  # 1
    _designate_accounts(run, quote, customer)  # 2
    notes: tuple[Note, ...] = ()
    names: Mapping[str, str] = {}
    if product is not None or requests:
        if requests:
            added = [] if product is None else [AddItem(product, name=product, quantity=quantity or "1")]
            # Errors name the caller's requests by their numbers, so the product comes last; a batch has no order.
            changed = configure(run, no_profile(account), account, [*requests, *added])
        else:
            changed = _started(run, account, product or "", quantity)
        priced = price_as_wanted(run, quote, changed.state)
        notes, names = (*changed.notes, *priced.notes), changed.names
        put_lines(run, quote, (), lines_of(run, None, priced.state, QUOTE))
    return Outcome(objects=(message(QUOTE, [quote]),), notes=(*notes, *document_totals(quote)), names=names)  # 3


def modify(
    run: Run,
    account: str,
    root: str,
    requests: Sequence[Request] = (),
    due_date: str | None = None,
    session: str | None = None,
) -> Outcome:
    """Change the requested state of a service item; the changes become lines of the active quote.

    They are wanted on the *due_date*, except for items to which a request gives another one. *root* names the service
    item, or a component of it.

    Raises:
        AccountUnknown, ServiceItemUnknown: there is no such account or service item.
        DisconnectRequested: an open or pending order disconnects the service item.
        RootAdded: the requests add another service item beside it.
        ConfigurationRefused: the new state breaks rules of the products.
        PriceMissing: a product has no price.

    Source: "Modify Products and Services Process", steps 1 to 4; "Modify Asset Sub-process", steps 1 to 5.
    """
    quote = active_quote(run, the_account(run, account), session)  # 1
    requested = requested_item(run, account, root, of_component=True)  # sub-process, 1 and 2
    key = key_of(requested)
    _adopt_currency(quote, requested)  # 2
    changed = configure(run, requested, account, requests)  # sub-process, 3
    where = f"account '{account}', line item '{key}'"
    refuse_new_roots(requested, changed.state, where, "with new-products-and-services")
    set_due(line_items(ComplexObject.of(changed.state).header), due_date)
    priced = price_as_wanted(run, quote, changed.state)
    notes = (*changed.notes, *priced.notes)
    outcome = _put(run, quote, requested, priced.state, notes, due_date)  # sub-process, 4 and 5
    return replace(outcome, names=changed.names)


def disconnect(run: Run, account: str, root: str, due_date: str | None = None, session: str | None = None) -> Outcome:
    """Disconnect a service item: lines of the active quote that delete it in its requested state, on the due date.

    Raises:
        AccountUnknown, ServiceItemUnknown, NotARoot: there is no such account or service item.
        DisconnectRequested: an open or pending order already disconnects it.
        NothingTracked: nothing in it is tracked as an asset.

    Source: "Disconnect Products and Services Process", steps 1 to 4.
    """
    quote = active_quote(run, the_account(run, account), session)  # 1
    requested, notes = tracked_item(run, account, root)
    _adopt_currency(quote, requested)  # 2
    return _put(run, quote, requested, None, notes, due_date)  # 3 and 4


def suspend(run: Run, account: str, root: str, due_date: str | None = None, session: str | None = None) -> Outcome:
    """Suspend a service item: it stays, and its services rest until they are resumed.

    Raises:
        StatusChangeRefused: it is suspended already.
        Refused: as `disconnect`.

    Source: the value table of Asset, Status ("User can provide customized workflow to use this state").
    """
    return _set_status(run, account, root, due_date, session, "Suspended")


def resume(run: Run, account: str, root: str, due_date: str | None = None, session: str | None = None) -> Outcome:
    """Resume a suspended service item.

    Raises:
        StatusChangeRefused: it isn't suspended.
        Refused: as `disconnect`.
    """
    return _set_status(run, account, root, due_date, session, "Active")


def show_profile(run: Run, quote: str | None = None, account: str | None = None, view: str | None = None) -> Outcome:
    """Show the service profile of an account, or that a quote's accounts lead to; nothing where there is none.

    Raises:
        ProfileUnclear: both or neither of *quote* and *account* are given.
        QuoteUnknown, AccountUnknown: there is no such quote or account.
        ViewUnknown: *view* is neither service nor billing.

    Source: "Profile Process".
    """
    if (quote is None) == (account is None):
        raise ProfileUnclear(given="neither" if quote is None else "both")
    if view is not None and view not in _VIEWS:
        raise ViewUnknown(view, _VIEWS)
    if quote is None:
        the_account(run, account or "")
        return _profile_of(run, account, _VIEWS[view or "service"], account or "")
    header = the_quote(run, quote)
    for field in _VIEWS.values() if view is None else (_VIEWS[view],):
        account_id = header.get(field)
        if account_id is not None:
            return _profile_of(run, header.get("Account Id"), field, account_id)
    return Outcome(why=f"the quote {quote} names no account whose products and services could be shown")


def _started(run: Run, account: str, product: str, quantity: str | None) -> ChangedState:
    """Start a product with its defaults; report broken rules only, because it may still be edited on the quote."""
    with proposing_products(run):
        root = run.configurator.start(product, run.catalogue([product]), run.new_id)
    if quantity is not None:
        root.properties["Quantity"] = quantity
    header = PropertySet("Asset", properties={"Account Id": account})
    put_list(header, LINE_ITEM).append(root)
    left_out = leave_out_empty(run, header, f"account '{account}'")
    state = with_roots(header, line_items(header), ASSET)
    return ChangedState(state, (*left_out, *broken_rules(run, state, account)))


def _designate_accounts(run: Run, quote: PropertySet, customer: PropertySet) -> None:
    """Fill the header's billing and service accounts where they are missing."""
    missing = [field for field in ACCOUNTS if quote.get(field) is None]
    for field in missing:
        quote.properties[field] = customer.get("Account Id")
    if missing:
        store_lines(run, quote)


def _adopt_currency(quote: PropertySet, requested: PropertySet) -> None:
    """Give the quote the currency of the asset, where that has one; in place.

    Raises:
        CurrencyMixed: the quote has lines in another currency.
    """
    currency = next((root.get("Currency Code") for root in line_items(ComplexObject.of(requested).header)), None)
    if currency is None or currency == quote.get("Currency Code"):
        return
    if line_items(quote):
        raise CurrencyMixed(
            f"the service item is priced in {currency}, and the quote {quote.get('Quote Number')} in another currency",
            where=f"quote {quote.get('Quote Number')}, Currency Code",
            why=f"it has lines in {quote.get('Currency Code')}",
            mend="make a new quote (new-quote) for the service item",
        )
    # The price list goes with its currency: one in the new currency is looked for when the lines are priced.
    quote.properties |= {"Currency Code": currency, "Price List Id": None}


def tracked_item(run: Run, account: str, root: str) -> tuple[PropertySet, tuple[Note, ...]]:
    """Return the requested state of a service item without the components that aren't tracked as assets.

    Raises:
        NothingTracked: nothing is left.
    """
    requested = requested_item(run, account, root)
    tracked: PropertySet = run.call("Trim", requested, specification=_UNTRACKED)
    if is_empty(tracked):
        raise NothingTracked(account=account, root=root)
    kept = ComplexObject.of(tracked).keyed
    notes = tuple(
        Note("left out", "it is not tracked as an asset", item.get(KEY), item.get("Product Id"))
        for item in ComplexObject.of(requested).items
        if item.get(KEY) not in kept
    )
    return tracked, notes


def _set_status(run: Run, account: str, root: str, due_date: str | None, session: str | None, status: str) -> Outcome:
    """Proceed as Disconnect does, with an Update of the services' status instead of a Delete."""
    quote = active_quote(run, the_account(run, account), session)
    requested, notes = tracked_item(run, account, root)
    _adopt_currency(quote, requested)
    changed = requested.copy()
    items = list(all_items([changed]))
    top = items[0]
    others = [item for item in items if item.get("Status") != status and is_tracked(item)]
    # A root that has the status already is accepted where an item beneath it hasn't: that was added, or failed, since.
    if not others or others[0] is top:
        key = key_of(requested)
        where, mend = f"account '{account}', {described(top)}", _why_nothing_to_do(run, account, key, status)
        check_change("asset", described(top), top.get("Status"), status, mend, where)
    for item in others:
        item.properties["Status"] = status
    return _put(run, quote, requested, changed, notes, due_date)


def _why_nothing_to_do(run: Run, account: str, key: str, status: str) -> str:
    """Write the mend for a service item that has, or is to have, the status already."""
    for tree in open_orders(run, account):
        order = ComplexObject.of(tree)
        item = order.by_key(key)
        if item is not None and action_code(item) == "Update" and item.get("Asset Status") == status:
            verb = "suspends" if status == "Suspended" else "resumes"
            return f"nothing: the order {order.header.get('Order Number')} {verb} it"
    return f"nothing: it is {status.lower()} already"


def _put(
    run: Run,
    quote: PropertySet,
    before: PropertySet,
    after: PropertySet | None,
    notes: tuple[Note, ...],
    due_date: str | None,
) -> Outcome:
    """Replace the service item's lines on the quote by the delta of both states, wanted on the due date."""
    root = key_of(before)
    former = group_of(quote, root)
    if any(action_code(item) != NO_ACTION for item in items_from(former)):
        product = former[0].get("Product Id")
        text = "the quote's former changes of the service item were replaced; edit-quote-line-item goes on from them"
        notes = (*notes, Note("replaced", text, root, product))
    lines = lines_of(run, before, after, QUOTE)
    set_due([item for item in items_from(lines) if action_code(item) != NO_ACTION], due_date)
    put_lines(run, quote, former, lines, anew=True)
    return Outcome(objects=(message(QUOTE, [quote]),), notes=(*notes, *document_totals(quote)))


def set_due(items: Iterable[PropertySet], day: str | None) -> None:
    """Give the due date to the items that have none. Changes *items*."""
    for item in items:
        item.properties["Due Date"] = item.get("Due Date") or day


def _profile_of(run: Run, customer: str | None, field: str, account_id: str) -> Outcome:
    """Show the items whose service or billing account (*field*) is this one, from all accounts that have such items.

    The quote's own *customer* comes first.
    """
    owners = {account_id, customer or account_id, *run.owners(ASSET, LINE_ITEM, {field: account_id})}
    profiles = instances(without_inactive(run.query(ASSET, {"Account Id": sorted(owners)})))
    profiles.sort(key=lambda asset: (asset.get("Account Id") != customer, asset.get("Account Id") or ""))
    shown = [tree for asset in profiles if not is_empty(tree := _of_account(asset, field, account_id))]
    notes = [] if shown else [Note("nothing", f"no service has the account '{account_id}' as its {field[:-3]}")]
    return Outcome(objects=tuple(shown), notes=tuple(notes))


def _of_account(asset: PropertySet, field: str, account_id: str) -> PropertySet:
    """Keep the items of the account and the items above them; an item without an account has its header's."""
    drop_items(asset, lambda item: (item.get(field) or asset.get("Account Id")) != account_id)
    return with_roots(asset, line_items(asset), ASSET)


WORKFLOWS = (
    named_workflow(
        "New Products And Services",
        new_products_and_services,
        "put a product on the active quote",
        ACCOUNT,
        Argument("product", help="The Product Id; without one, the active quote is only got ready."),
        Argument("quantity", "number", help="How many of it; 1 where it isn't said."),
        REQUESTS,
        SESSION,
        module=MODULE,
    ),
    named_workflow(
        "Modify",
        modify,
        "change a service item; the changes become lines of the active quote",
        ACCOUNT,
        ROOT,
        REQUESTS,
        DUE_DATE,
        SESSION,
        module=MODULE,
    ),
    *(
        named_workflow(
            name, function, f"{help}, by lines of the active quote", ACCOUNT, ROOT, DUE_DATE, SESSION, module=MODULE
        )
        for name, function, help in (
            ("Disconnect", disconnect, "disconnect a service item"),
            ("Suspend", suspend, "suspend a service item"),
            ("Resume", resume, "resume a suspended service item"),
        )
    ),
    named_workflow(
        "Profile",
        show_profile,
        "show the products and services of an account, or of a quote's accounts",
        Argument("account", "account", help="The Account Id of the account whose they are."),
        Argument("quote", "quote", help="The Quote Number of a quote whose accounts count, in place of account=."),
        Argument("view", help="service or billing; without one, the first of them that the quote has an account for."),
        module=MODULE,
        asks_only=True,
    ),
)
