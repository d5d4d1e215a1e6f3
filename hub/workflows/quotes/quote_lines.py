"""A quote's line items: found, replaced, numbered, written.

The lines of one service item stand on a quote once: a further change of the same item replaces them.

Source: "Modify Asset Sub-process", steps 4 and 5; "Edit Quotes Line Items Process", step 10; spec:
docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import currency_of
from hub.workflows.state.change_of_state import copy_key
from hub.workflows.state.lines import extend_quantities, fill_accounts, fill_products, line_in, number_lines
from hub.workflows.state.price_lists import listed_currency
from hub.workflows.state.statuses import StatusChangeRefused, check_change
from integration_objects.complex_object import (
    instances,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import KEY, LINE_ITEM, QUOTE
from integration_objects.property_set import PropertySet

IN_PROGRESS = "In Progress"


class QuoteUnknown(Refused):
    """There is no quote of this number."""


class QuoteNotInProgress(StatusChangeRefused):
    """A quote that was placed or cancelled can't be changed."""


class QuoteLineUnknown(Refused):
    """The quote has no such line."""


class CurrencyMixed(Refused):
    """Service items of two currencies are to be on one quote."""


def the_quote(run: Run, number: str) -> PropertySet:
    """The stored quote of this number, its newest revision.

    Raises:
        QuoteUnknown: there is none.
    """
    found = instances(run.query(QUOTE, {"Quote Number": number}))
    if not found:
        raise QuoteUnknown(
            f"the quote '{number}' is unknown",
            where="argument 'quote'",
            why="no quote of this number is stored",
            mend="mend the number: `orderhub object query 'OM Quote'` has them",
        )
    return max(found, key=lambda quote: read_number(quote.get("Revision") or "1"))


def quote_in_progress(run: Run, number: str) -> PropertySet:
    """The stored quote, where it may still be changed.

    Raises:
        QuoteUnknown: there is none.
        QuoteNotInProgress: it was placed or cancelled.
    """
    quote = the_quote(run, number)
    if quote.get("Status") != IN_PROGRESS:
        raise QuoteNotInProgress(
            f"the quote {number} can't be changed",
            where="argument 'quote'",
            why=f"expected the status {IN_PROGRESS}, found {quote.get('Status')}",
            mend="make a new quote for what else is wanted",
        )
    return quote


def active_quote(run: Run, account: PropertySet, session: str | None) -> PropertySet:
    """The session's active quote, where it belongs to the account and is In Progress; else a new one.

    Args:
        run: the run.
        account: an Account instance.
        session: the user session; None: the caller's own.

    Source: "New Products and Services Process", step 1.
    """
    quote_id = run.active_quote(session or run.origin.sender)
    if quote_id is not None:
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
) -> PropertySet:
    """A new, empty quote for the account, stored, and the session's active one.

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
        },
    )
    run.effects.insert(message(QUOTE, [quote]))
    run.effects.set_active_quote(session or run.origin.sender, quote.get("Row Id") or "")
    return quote


def set_currency(quote: PropertySet, currency: str) -> None:
    """Give a quote without lines another currency, and with it another price list; in place."""
    quote.properties["Currency Code"] = currency
    quote.properties["Price List Id"] = None


def check_status(quote: PropertySet, new: str) -> None:
    """Refuse a change of a quote's status that isn't in the table.

    Raises:
        StatusChangeRefused: it is placed or cancelled already.
    """
    number = quote.get("Quote Number") or ""
    try:
        check_change("quote", number, quote.get("Status"), new)
    except StatusChangeRefused as error:
        error.mend = "make a new quote for what else is wanted"
        raise error.at(f"quote {number}, Status") from error


def root_of_line(quote: PropertySet, line: str) -> PropertySet:
    """The ultimate parent of a line, which is named by its Integration Id or its Line Number.

    Raises:
        QuoteLineUnknown: the quote has no such line.
    """
    found = line_in(quote, line)
    if found is not None:
        return found[1]
    raise QuoteLineUnknown(
        f"the quote {quote.get('Quote Number')} has no line '{line}'",
        where="argument 'line'",
        why="none of its lines has this Integration Id or Line Number",
        mend=f"mend it: `orderhub show 'OM Quote' {quote.get('Quote Number')}` has the lines",
    )


def group_of(quote: PropertySet, root: str) -> list[PropertySet]:
    """The root *root* with those that a grown quantity of it added beside it, one for each time that it grew."""
    present = {item.get(KEY) for item in line_items(quote)}
    group, key = {root}, copy_key(root)
    while key in present:
        group.add(key)
        key = copy_key(key)
    return [item for item in line_items(quote) if item.get(KEY) in group]


def put_lines(run: Run, quote: PropertySet, replaced: Iterable[PropertySet], roots: list[PropertySet]) -> None:
    """Put the lines of a service item on a quote in place of its former ones, and store the quote.

    Args:
        run: the run.
        quote: the quote. Changed in place.
        replaced: the former roots, the quote's own nodes.
        roots: the new ones; lines that the quote had keep their Row Id, and their Due Date where there is no new one.
    """
    gone = {id(root) for root in replaced}
    former = {
        item.get(KEY): item for root in line_items(quote) if id(root) in gone for item in root.walk() if _is_item(item)
    }
    kept = put_list(quote, LINE_ITEM)
    at = next((number for number, root in enumerate(kept) if id(root) in gone), len(kept))
    before, after = kept[:at], [root for root in kept[at:] if id(root) not in gone]
    kept[:] = [*before, *roots, *after]
    for root in roots:
        for item in root.walk():
            if _is_item(item) and item.get(KEY) in former:
                was = former[item.get(KEY)]
                item.properties["Row Id"] = was.get("Row Id")
                item.properties["Due Date"] = item.get("Due Date") or was.get("Due Date")
    store_lines(run, quote)


def store_lines(run: Run, quote: PropertySet) -> None:
    """Complete a quote's lines (products' fields, accounts, numbers, quantities, row ids), and store the quote."""
    fill_products(run, quote)
    fill_accounts(quote)
    number_lines(quote)
    extend_quantities(quote)
    for item, _ in walk_items(quote):
        if item.get("Row Id") is None:
            item.properties["Row Id"] = run.new_id()
    run.effects.synchronize(message(QUOTE, [quote]))


def _is_item(node: PropertySet) -> bool:
    return node.type == LINE_ITEM
