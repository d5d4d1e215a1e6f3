"""Quotes and their line items: a quote by its number, the active quote, lines replaced and written.

The lines of one service item stand on a quote once: a further change of the same item replaces them. The active quote
is the quote that a user session works on.

Source: "New Products and Services Process", steps 1 and 2; "Check Active Quote"; "Modify Asset Sub-process", steps 4
and 5; "Edit Quotes Line Items Process", step 10; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import currency_of
from hub.workflows.state.belongings import prove_belongings
from hub.workflows.state.change_of_state import copy_key
from hub.workflows.state.lines import extend_quantities, fill_accounts, fill_products, number_lines
from hub.workflows.state.order_lookup import revision_of
from hub.workflows.state.price_lists import listed_currency
from hub.workflows.state.statuses import IN_PROGRESS, StatusChangeRefused, check_change
from integration_objects.complex_object import instances, items_from, items_of, line_items, message, put_list
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, QUOTE
from integration_objects.property_set import PropertySet

_NEW_QUOTE = "make a new quote for further changes"
#: the mend for a quote that isn't In Progress any more, by its status
_INSTEAD = {
    "Order Placed": "go on with its order (`orderhub orders {account}` lists it); make a new quote for further changes"
}


class QuoteUnknown(Refused):
    """There is no quote of this number."""

    what = "the quote '{number}' is unknown"
    where = "argument 'quote'"
    why = "no quote of this number is stored"
    mend = "mend the number: `orderhub quotes ACCOUNT` lists those of an account"


class QuoteNotInProgress(StatusChangeRefused):
    """A quote that was placed or cancelled can't be changed."""

    what = "the quote {number} can't be {done}"
    where = "argument 'quote'"
    why = "its status is {status}, and only a quote that is In Progress can be {done}"
    mend = "{instead}"


class CurrencyMixed(Refused):
    """A quote would have service items of two currencies."""


def the_quote(run: Run, number: str) -> PropertySet:
    """Return the newest revision of the stored quote of this number."""
    revisions = instances(run.query(QUOTE, {"Quote Number": number}))
    if not revisions:
        raise QuoteUnknown(number=number)
    return max(revisions, key=revision_of)


def quote_in_progress(run: Run, number: str, done: str = "changed") -> PropertySet:
    """Return the stored quote, which may still be changed; *done* says in an error what is to be done with it.

    Raises:
        QuoteUnknown: there is none.
        QuoteNotInProgress: it was placed or cancelled.
    """
    quote = the_quote(run, number)
    if quote.get("Status") != IN_PROGRESS:
        raise QuoteNotInProgress(number=number, status=quote.get("Status"), done=done, instead=_instead(quote))
    return quote


def active_quote(run: Run, account: PropertySet, session: str | None) -> PropertySet:
    """Return the session's active quote, where it belongs to the account and is In Progress; else a new one.

    Without a *session*, the caller's own counts.

    Source: "New Products and Services Process", step 1.
    """
    quote_id = run.active_quote(session or run.origin.sender)
    if quote_id is not None:
        # The quote may have been placed since it was chosen, and the session may ask for another account now.
        for quote in instances(run.query(QUOTE, {"Row Id": quote_id})):
            if quote.get("Account Id") == account.get("Account Id") and quote.get("Status") == IN_PROGRESS:
                return quote
    return make_quote(run, account, session)


def make_quote(
    run: Run,
    account: PropertySet,
    session: str | None,
    currency: str | None = None,
    price_list: str | None = None,
    opportunity: str | None = None,
    designated: Mapping[str, str] | None = None,
) -> PropertySet:
    """Store a new, empty quote for the account, and make it the session's active one.

    *designated* are the service account, the billing account and the agreement that the header names, by field.

    Raises:
        PriceListUnknown, PriceListInAnotherCurrency: there is no such price list, or it isn't in *currency*.
    """
    account_id = account.get("Account Id")
    currency = listed_currency(run, price_list, currency)
    quote = PropertySet(
        "Quote",
        properties={
            "Row Id": run.new_id(),
            "Quote Number": f"Q-{run.next_number('Quote Number'):07d}",
            "Revision": "1",
            "Status": IN_PROGRESS,
            "Account Id": account_id,
            "Service Account Id": account_id,
            "Billing Account Id": account_id,
            "Opportunity Id": opportunity,
            "Price List Id": price_list,
            "Currency Code": currency or currency_of(run, account),
            **(designated or {}),
        },
    )
    run.effects.insert(message(QUOTE, [quote]))
    run.effects.set_active_quote(session or run.origin.sender, quote.get("Row Id") or "")
    return quote


def check_status(quote: PropertySet, new: str) -> None:
    """Refuse a change of status of a quote that is placed or cancelled already."""
    number = quote.get("Quote Number") or ""
    check_change("quote", number, quote.get("Status"), new, mend=_instead(quote), where=f"quote {number}, Status")


def _instead(quote: PropertySet) -> str:
    """Return the mend for a quote that isn't In Progress any more."""
    return _INSTEAD.get(quote.get("Status") or "", _NEW_QUOTE).format(account=quote.get("Account Id"))


def set_status(quote: PropertySet, status: str | None) -> None:
    """Give a quote and all of its lines a status. Changes *quote*."""
    for node in (quote, *items_of(quote)):
        node.properties["Status"] = status


def group_of(quote: PropertySet, root: str) -> list[PropertySet]:
    """Return the root item and the copies that later quantity increases put beside it."""
    present = {item.get(KEY) for item in line_items(quote)}
    group, key = {root}, copy_key(root)
    # Each copy's key follows from the one before it (`copy_key`): the chain ends at the first that isn't there.
    while key in present:
        group.add(key)
        key = copy_key(key)
    return [item for item in line_items(quote) if item.get(KEY) in group]


def put_lines(
    run: Run,
    quote: PropertySet,
    replaced: Sequence[PropertySet],
    roots: Sequence[PropertySet],
    anew: bool = False,
) -> None:
    """Put the lines of a service item on a quote in place of its former ones, and store the quote.

    Args:
        run: the run.
        quote: the quote. Changed in place.
        replaced: the former roots, the quote's own nodes.
        roots: the new ones; lines that the quote had keep their Row Id, and their Due Date where they carry none.
        anew: whether the former request is given up, and not edited: nothing but the Row Id is left of its lines.
    """
    former = {item.get(KEY): item for item in items_from(replaced)}
    # By identity: lines of one quote may be equal.
    removed = {id(root) for root in replaced}
    lines = put_list(quote, LINE_ITEM)
    place = next((number for number, root in enumerate(lines) if id(root) in removed), len(lines))
    lines[:] = [*lines[:place], *roots, *(root for root in lines[place:] if id(root) not in removed)]
    for item in items_from(roots):
        if item.get(KEY) in former:
            line = former[item.get(KEY)]
            # The same row, so that synchronize changes the line instead of deleting it and inserting another.
            item.properties["Row Id"] = line.get("Row Id")
            if anew:
                # Null and not absent: the store leaves a field alone that the line doesn't carry.
                item.properties |= {name: None for name in line.properties if name not in item.properties}
            else:
                # Null means that the edit took the day off; a line that ends is in no state that could carry one.
                item.properties.setdefault("Due Date", line.get("Due Date"))
    store_lines(run, quote)


def store_lines(run: Run, quote: PropertySet) -> None:
    """Complete a quote's lines (products' fields, accounts, numbers, quantities, row ids, status), and store them.

    Raises:
        AccountUnknown, AccountOfAnother, AgreementUnknown, AgreementOfAnother, ServicePointUnknown: a line names
            something that isn't there, or isn't the customer's.
    """
    fill_products(run, quote)
    fill_accounts(quote)
    number_lines(quote)
    extend_quantities(quote)
    prove_belongings(run, quote)
    for item in items_of(quote):
        if item.get("Row Id") is None:
            item.properties["Row Id"] = run.new_id()
    set_status(quote, quote.get("Status"))
    # Not an update: lines that were taken off the quote must be deleted.
    run.effects.synchronize(message(QUOTE, [quote]))
