"""Quotes: made, edited, priced, numbered, ungrouped, cancelled.

    new-quote                 an empty quote for an account
    edit-quote-line-item      configures a service item on a quote further
    reprice                   prices every line anew
    renumber, ungroup         number the lines; make copies instead of a quantity
    cancel-quote              ends a quote

Source: "Edit Quotes Line Items Process", "Ungroup Quotes Process"; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.configurator.requests import Request
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.opportunities import the_opportunity
from hub.workflows.quotes.quote_arguments import (
    ACCOUNT,
    CURRENCY,
    DESIGNATED,
    LINE,
    MODULE,
    PRICE_LIST,
    QUOTE_NUMBER,
    REQUESTS,
    SESSION,
    VALID_UNTIL,
)
from hub.workflows.quotes.quote_lines import (
    check_status,
    group_of,
    make_quote,
    put_lines,
    quote_in_progress,
    set_status,
    store_lines,
    the_quote,
)
from hub.workflows.quotes.validity import choose_price_list, renew, validity_notes
from hub.workflows.state.accounts import the_account
from hub.workflows.state.belongings import designation
from hub.workflows.state.change_of_state import (
    PRICE,
    configure,
    document_totals,
    lines_of,
    price,
    price_as_wanted,
    wanted_on,
)
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.due_dates import add_due_dates
from hub.workflows.state.lines import number_lines
from hub.workflows.state.moves import moves
from hub.workflows.state.named_requests import named_on_lines, refuse_ending
from hub.workflows.state.rebase import rebase
from hub.workflows.state.service_item import (
    ServiceItemGone,
    gone_note,
    refuse_new_roots,
    requested_item,
    takes_off,
    to_be_taken_off,
    with_roots,
)
from hub.workflows.state.service_profile import without_inactive
from integration_objects.complex_object import action_code, first_instance, is_empty, items_of, line_items, message
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, QUOTE
from integration_objects.property_set import PropertySet

CANCELLED = "Cancelled"


class QuoteDisconnects(Refused):
    """A quote disconnects the service item that would be edited on it."""

    what = "the service item '{root}' can't be edited on the quote {number}"
    where = "quote {number}, line item '{root}'"
    why = "the quote disconnects it"
    mend = "modify the service item instead: that replaces the quote's lines of it"


def ends_on_quote(quote: PropertySet, root: PropertySet) -> QuoteDisconnects:
    """Make the refusal to edit a service item that a quote disconnects, or moves: then it is edited where it begins."""
    places = {"root": root.get(KEY), "number": quote.get("Quote Number")}
    begun = next((begun for ended, begun in moves(quote) if ended is root), None)
    if begun is None:
        return QuoteDisconnects(**places)
    ends, begins = (line.get("Line Number") or line.get(KEY) for line in (root, begun))
    return QuoteDisconnects(
        **places,
        why=f"the quote moves it: it ends at one address as line {ends}, and begins at another one as line {begins}",
        mend=f"edit it where it begins: line={begins}",
    )


@dataclass(frozen=True)
class QuotedItem:
    """A service item on a quote.

    Attributes:
        root: its root line.
        lines: the root, and the copies that a grown quantity put beside it.
        before: the requested state before the quote; None for a new item.
        after: the state as the quote makes it; an empty object where the quote disconnects it.
        notes: the lines that Apply ignores, and the values that other orders have changed.
    """

    root: PropertySet
    lines: list[PropertySet]
    before: PropertySet | None
    after: PropertySet
    notes: tuple[Note, ...]


def new_quote(
    run: Run,
    account: str,
    currency: str | None = None,
    price_list: str | None = None,
    opportunity: str | None = None,
    service_account: str | None = None,
    billing_account: str | None = None,
    agreement: str | None = None,
    valid_until: str | None = None,
    session: str | None = None,
) -> Outcome:
    """Make an empty quote for an account, accounts and currency filled in; it becomes the session's active one.

    Accounts that aren't given are the account itself.

    Raises:
        AccountUnknown, AgreementUnknown, PriceListUnknown, OpportunityUnknown: there is no such account, agreement,
            price list or opportunity.
        AccountOfAnother, AgreementOfAnother: an account or the agreement is another customer's.
        OpportunityOfAnother: the opportunity is another customer's.
        PriceListInAnotherCurrency: the price list isn't in *currency*.
    """
    customer = the_account(run, account)
    if opportunity is not None:
        the_opportunity(run, opportunity, customer)
    designated = designation(run, account, service_account, billing_account, agreement)
    if valid_until is not None:
        designated["Valid Until Date"] = valid_until
    quote = make_quote(run, customer, session, currency, price_list, opportunity, designated)
    return Outcome(objects=(message(QUOTE, [quote]),), notes=tuple(validity_notes(run, quote)))


def edit_quote_line_item(run: Run, quote: str, line: str, requests: Sequence[Request] = ()) -> Outcome:
    """Configure a service item further, from the state that the quote makes of it.

    Where the service item doesn't exist any more, the request to remove it takes its lines off the quote; any other
    request is refused.

    Raises:
        QuoteUnknown, QuoteLineUnknown: there is no such quote or line.
        QuoteNotInProgress: the quote was placed or cancelled.
        DisconnectRequested, ServiceItemDisconnected, NotARoot: an open or pending order disconnects the service item,
            has disconnected it, or has moved it beneath another.
        QuoteDisconnects, ItemEnds: the quote itself disconnects it, or takes an item away that a request names.
        ItemUnknown, ItemNameUnclear: no item, or several items, have a name in the requests.
        RootAdded: the requests add another service item beside it.
        ConfigurationRefused: the new state breaks rules of the products.

    Source: "Edit Quotes Line Items Process", steps 1 to 10.
    """
    header = quote_in_progress(run, quote)
    _, root = line_and_root(run, header, line)
    requests = named_on_lines(run, header, root_group(header, root), requests)
    try:
        item = quoted_item(run, header, root)  # 1 to 5
    except ServiceItemGone as error:
        if not takes_off(requests, root):
            raise
        put_lines(run, header, root_group(header, root), [])
        return Outcome(objects=(message(QUOTE, [header]),), notes=(gone_note(error, root),))
    if is_empty(item.after):
        raise ends_on_quote(header, root)
    refuse_ending(header, item.after, requests, QuoteDisconnects.mend)
    add_due_dates(item.after, item.lines)
    changed = configure(run, item.after, header.get("Account Id") or "", requests)  # 7
    where = f"quote {quote}, line item '{root.get(KEY)}'"
    refuse_new_roots(item.after, changed.state, where, "with new-products-and-services")
    priced = price_as_wanted(run, header, changed.state)
    put_lines(run, header, item.lines, lines_of(run, item.before, priced.state, QUOTE))  # 8 to 10
    notes = (*item.notes, *changed.notes, *priced.notes, *document_totals(header))
    return Outcome(objects=(message(QUOTE, [header]),), notes=notes, names=changed.names)


def reprice(run: Run, quote: str, price_list: str | None = None, valid_until: str | None = None) -> Outcome:
    """Price every service item on a quote anew; report the changes, and the service items that are gone.

    Another price list takes the place of the quote's. A quote that is no longer valid is renewed: until *valid_until*,
    without one until today.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it can't be changed.
        PriceListUnknown, PriceListInAnotherCurrency, PriceListNotEffective: the quote can't have the price list.
        QuoteExpired: *valid_until* is over.
        PriceMissing: a product has no price.
    """
    header = quote_in_progress(run, quote)
    notes = renew(run, header, valid_until)
    if price_list is not None:
        notes += choose_price_list(run, header, price_list)
    changes_header = bool(notes)
    for item in quoted_items(run, header, notes):
        if is_empty(item.after):
            continue
        former_prices = _prices(header)
        priced = price(run, header, item.after, wanted_on(run, item.root))
        put_lines(run, header, item.lines, lines_of(run, item.before, priced.state, QUOTE))
        # Compared with the quote's former prices: the priced state may have changes of an earlier pricing already.
        prices = _prices(header)
        notes += item.notes
        notes += [
            note for note in priced.notes if note.kind != PRICE or former_prices.get(note.item) != prices.get(note.item)
        ]
    if changes_header:
        store_lines(run, header)
    notes += document_totals(header)
    return Outcome(objects=(message(QUOTE, [header]),), notes=tuple(notes))


def renumber(run: Run, quote: str) -> Outcome:
    """Number the lines of a quote in the tree's order.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it can't be changed.
    """
    header = quote_in_progress(run, quote)
    number_lines(header)
    run.effects.synchronize(message(QUOTE, [header]))
    return Outcome(objects=(message(QUOTE, [header]),))


def ungroup(run: Run, quote: str, line: str) -> Outcome:
    """Explode the service item of a line: a line of its own for each of its quantity.

    Raises:
        QuoteUnknown, QuoteLineUnknown, QuoteNotInProgress: see there.
        QuantityNotWhole, TooManyItems: the line can't be exploded.

    Source: "Ungroup Quotes Process", steps 1 to 4.
    """
    header = quote_in_progress(run, quote)  # 1
    _, root = line_and_root(run, header, line)
    exploded = first_instance(run.call("Explode", message(QUOTE, [header]), root=root.get(KEY)))  # 2
    store_lines(run, exploded)  # 3
    added = sum(1 for _ in items_of(exploded)) - sum(1 for _ in items_of(header))
    text = f"line {line} stands for one service, and is left as it is"
    notes = () if added else (Note("nothing", text, root.get(KEY), root.get("Product Id")),)
    return Outcome(objects=(message(QUOTE, [exploded]),), notes=notes)  # 4


def cancel_quote(run: Run, quote: str) -> Outcome:
    """Cancel a quote.

    Raises:
        QuoteUnknown: there is no such quote.
        StatusChangeRefused: it was placed, or cancelled already.
    """
    header = the_quote(run, quote)
    check_status(header, CANCELLED)
    set_status(header, CANCELLED)
    run.effects.update(message(QUOTE, [header]))
    return Outcome(objects=(message(QUOTE, [header]),))


def quoted_item(run: Run, header: PropertySet, root: PropertySet) -> QuotedItem:
    """Apply the lines of a service item to its requested state.

    Raises:
        ServiceItemGone: the service item doesn't exist any more.

    Source: "Edit Quotes Line Items Process", steps 1 to 5.
    """
    before = None
    if action_code(root) != "Add":  # 1
        try:
            before = requested_item(run, header.get("Account Id") or "", root.get(KEY) or "")  # 2 to 4
        except ServiceItemGone as error:
            raise to_be_taken_off(error, "edit-quote-line-item", "quote") from None
    lines = root_group(header, root)
    # Copies: `rebase` changes its lines in place, and the quote's own must stay as they are.
    copies = [line.copy() for line in lines]
    changed = rebase(run.definitions[QUOTE].root.children[LINE_ITEM], copies, before)
    applied = run.call("Apply", before, with_roots(header, copies, QUOTE))  # 5
    ignored = [
        Note("ignored", f"{entry.action} of {entry.attribute or 'the line'}: {entry.reason}", entry.item)
        for entry in applied.ignored
    ]
    return QuotedItem(root, lines, before, without_inactive(applied.asset), (*changed, *ignored))


def quoted_items(run: Run, header: PropertySet, notes: list[Note]) -> Iterator[QuotedItem]:
    """Yield the quote's service items; add a note for each that is gone to *notes* instead."""
    # By identity: a copy that a grown quantity put beside a root belongs to the root's service item.
    copies = {id(line) for root in line_items(header) for line in root_group(header, root) if line is not root}
    for root in [root for root in line_items(header) if id(root) not in copies]:
        try:
            item = quoted_item(run, header, root)
        except ServiceItemGone as error:
            notes.append(gone_note(error, root))
            continue
        yield item


def root_group(header: PropertySet, root: PropertySet) -> list[PropertySet]:
    """Return a root line of a quote with the copies that stand beside it."""
    return group_of(header, root.get(KEY) or "")


def _prices(header: PropertySet) -> dict[str | None, str | None]:
    return {item.get(KEY): item.get("Adjusted Price") for item in items_of(header)}


WORKFLOWS = (
    named_workflow(
        "New Quote",
        new_quote,
        "make an empty quote for an account, and the session's active one",
        ACCOUNT,
        CURRENCY,
        PRICE_LIST,
        Argument("opportunity", help="The Opportunity Id of the sale that it is for."),
        *DESIGNATED,
        VALID_UNTIL,
        SESSION,
        module=MODULE,
    ),
    named_workflow(
        "Edit Quote Line Item",
        edit_quote_line_item,
        "configure a service item further, from the state that a quote gives it",
        QUOTE_NUMBER,
        LINE,
        REQUESTS,
        module=MODULE,
    ),
    named_workflow(
        "Reprice",
        reprice,
        "price a quote anew, and list the changes",
        QUOTE_NUMBER,
        Argument("price-list", help="Another Price List Id of the quote's currency; without one, the quote's own."),
        VALID_UNTIL,
        module=MODULE,
    ),
    named_workflow("Renumber", renumber, "number a quote's lines in the tree's order", QUOTE_NUMBER, module=MODULE),
    named_workflow(
        "Ungroup", ungroup, "make a line for each of a service item's quantity", QUOTE_NUMBER, LINE, module=MODULE
    ),
    named_workflow("Cancel Quote", cancel_quote, "cancel a quote", QUOTE_NUMBER, module=MODULE),
)
