"""Quotes: made, edited, proven, priced, numbered, ungrouped, cancelled.

    new-quote                 an empty quote for an account
    edit-quote-line-item      a service item on a quote, configured further
    verify                    every rule of the products that the quote's states break
    reprice                   every line's price anew
    renumber, ungroup         the lines' numbers; copies instead of a quantity
    cancel-quote              its end

Source: "Edit Quotes Line Items Process", "Ungroup Quotes Process"; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.configurator.requests import Request
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.opportunities import the_opportunity
from hub.workflows.quotes.quote_arguments import (
    ACCOUNT,
    CURRENCY,
    LINE,
    MODULE,
    PRICE_LIST,
    QUOTE_NUMBER,
    REQUESTS,
    SESSION,
)
from hub.workflows.quotes.quote_lines import (
    check_status,
    group_of,
    make_quote,
    put_lines,
    quote_in_progress,
    root_of_line,
    store_lines,
    the_quote,
)
from hub.workflows.state.accounts import the_account
from hub.workflows.state.change_of_state import (
    PRICE,
    TOTAL,
    broken_rules,
    configure,
    lines_of,
    price,
    wanted_on,
)
from hub.workflows.state.lines import number_lines
from hub.workflows.state.order_rules import left_behind, statuses_refused
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
from integration_objects.complex_object import (
    action_code,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, QUOTE
from integration_objects.property_set import PropertySet

CANCELLED = "Cancelled"


class QuoteDisconnects(Refused):
    """A quote disconnects the service item that was to be edited on it."""


def new_quote(
    run: Run,
    account: str,
    currency: str | None = None,
    price_list: str | None = None,
    opportunity: str | None = None,
    session: str | None = None,
) -> Outcome:
    """An empty quote for an account, accounts and currency filled in; it becomes the session's active one.

    Raises:
        AccountUnknown, PriceListUnknown, OpportunityUnknown: there is no such account, price list or opportunity.
        OpportunityOfAnother: the opportunity is another customer's.
        PriceListInAnotherCurrency: the price list isn't in *currency*.
    """
    customer = the_account(run, account)
    if opportunity is not None:
        the_opportunity(run, opportunity, customer)
    quote = make_quote(run, customer, session, currency, price_list, opportunity)
    return Outcome(objects=(message(QUOTE, [quote]),))


def edit_quote_line_item(run: Run, quote: str, line: str, requests: Sequence[Request] = ()) -> Outcome:
    """Configure a service item further, from what the quote makes of it.

    Where the service item is there no more, the request to remove it takes its lines off the quote: nothing else can be
    done with them.

    Raises:
        QuoteUnknown, QuoteLineUnknown: there is no such quote or line.
        QuoteNotInProgress: the quote was placed or cancelled.
        DisconnectRequested, ServiceItemDisconnected, NotARoot: an open or pending order disconnects the service item,
            one has, or has moved it beneath another.
        QuoteDisconnects: the quote itself does.
        RootAdded: the requests add another service item beside it.
        ConfigurationRefused: the new state breaks rules of the products.

    Source: "Edit Quotes Line Items Process", steps 1 to 10.
    """
    header = quote_in_progress(run, quote)
    root = root_of_line(header, line)
    try:
        before, now, notes = _states(run, header, root)  # 1 to 5
    except ServiceItemGone as error:
        if not takes_off(requests, root):
            raise
        put_lines(run, header, _group(header, root), [])
        return Outcome(objects=(message(QUOTE, [header]),), notes=(gone_note(error, root),))
    if is_empty(now):
        raise _disconnects(header, root)
    changed = configure(run, now, header.get("Account Id") or "", requests)  # 7
    where = f"quote {quote}, line item '{root.get(KEY)}'"
    refuse_new_roots(now, changed.state, where, "with new-products-and-services")
    priced = price(run, header, changed.state, wanted_on(run, root))
    roots = lines_of(run, before, priced.state, QUOTE)  # 8 and 9
    put_lines(run, header, _group(header, root), roots)  # 10
    return Outcome(objects=(message(QUOTE, [header]),), notes=(*notes, *changed.notes, *priced.notes))


def verify(run: Run, quote: str) -> Outcome:
    """Every rule that the states break which the quote asks for, and what of it can't be done any more; all is named.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it asks for nothing any more.
    """
    header = quote_in_progress(run, quote)
    found: list[Note] = []
    for root in _heads(header):
        try:
            before, now, notes = _states(run, header, root)
        except ServiceItemGone as error:
            found.append(gone_note(error, root))
            continue
        notes = (*notes, *_out_of_date(header, root, before))
        found += [*notes, *broken_rules(run, now, header.get("Account Id") or "", before)]
        found += _outdated_prices(run, header, root, now)
    return Outcome(objects=(message(QUOTE, [header]),), notes=tuple(found))


def reprice(run: Run, quote: str) -> Outcome:
    """Price every service item on a quote anew, and say what changed, and which is there no more.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it can't be changed.
        PriceMissing: something has no price.
    """
    header = quote_in_progress(run, quote)
    found: list[Note] = []
    for root in _heads(header):
        try:
            before, now, notes = _states(run, header, root)
        except ServiceItemGone as error:
            found.append(gone_note(error, root))
            continue
        if is_empty(now):
            continue
        was = _prices(header)
        priced = price(run, header, now, wanted_on(run, root))
        put_lines(run, header, _group(header, root), lines_of(run, before, priced.state, QUOTE))
        # Against what the quote said: what an earlier pricing changed on the asset's state is no news.
        now_costs = _prices(header)
        found += notes
        found += [note for note in priced.notes if note.kind == TOTAL or was.get(note.item) != now_costs.get(note.item)]
    return Outcome(objects=(message(QUOTE, [header]),), notes=tuple(found))


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
    """Explode the service item of a line: a line for each of its quantity, each to be told apart.

    Raises:
        QuoteUnknown, QuoteLineUnknown, QuoteNotInProgress: see there.
        QuantityNotWhole, TooManyItems: what can't be exploded.

    Source: "Ungroup Quotes Process", steps 1 to 4.
    """
    header = quote_in_progress(run, quote)  # 1
    root = root_of_line(header, line)
    exploded = instances(run.call("Explode", message(QUOTE, [header]), root=root.get(KEY)))[0]  # 2
    store_lines(run, exploded)  # 3
    return Outcome(objects=(message(QUOTE, [exploded]),))  # 4


def cancel_quote(run: Run, quote: str) -> Outcome:
    """Cancel a quote: its changes are asked for no more.

    Raises:
        QuoteUnknown: there is no such quote.
        StatusChangeRefused: it was placed, or cancelled already.
    """
    header = the_quote(run, quote)
    check_status(header, CANCELLED)
    header.properties["Status"] = CANCELLED
    changed = PropertySet("Quote", properties={"Row Id": header.get("Row Id"), "Status": CANCELLED})
    run.effects.update(message(QUOTE, [changed]))
    return Outcome(objects=(message(QUOTE, [header]),))


def _states(
    run: Run, header: PropertySet, root: PropertySet
) -> tuple[PropertySet | None, PropertySet, tuple[Note, ...]]:
    """A service item before the quote, and as the quote makes it; with what of the quote is ignored.

    Source: "Edit Quotes Line Items Process", steps 1 to 5.
    """
    before = None
    if action_code(root) != "Add":  # 1
        try:
            before = requested_item(run, header.get("Account Id") or "", root.get(KEY) or "")  # 2 to 4
        except ServiceItemGone as error:
            raise to_be_taken_off(error, "edit-quote-line-item", "quote") from None
    group = [one.copy() for one in _group(header, root)]
    changed = rebase(run.definitions[QUOTE].root.children[LINE_ITEM], group, before)
    asked = with_roots(_bare(header), group, QUOTE)
    applied = run.call("Apply", before, asked)  # 5
    notes = tuple(
        Note("ignored", f"{entry.action} of {entry.attribute or 'the line'}: {entry.reason}", entry.item)
        for entry in applied.ignored
    )
    return before, without_inactive(applied.asset), (*changed, *notes)


def _bare(header: PropertySet) -> PropertySet:
    bare = header.copy_node()
    bare.children = []
    return bare


def _group(header: PropertySet, root: PropertySet) -> list[PropertySet]:
    """The root with what a grown quantity of it added beside it."""
    return group_of(header, root.get(KEY) or "")


def _heads(header: PropertySet) -> list[PropertySet]:
    """The roots of a quote, without those that belong to another one's group."""
    roots = line_items(header)
    behind = {id(one) for root in roots for one in _group(header, root) if one is not root}
    return [root for root in roots if id(root) not in behind]


def _outdated_prices(run: Run, header: PropertySet, root: PropertySet, now: PropertySet) -> Iterator[Note]:
    """The prices of a service item that the price list doesn't give any more, as other orders have left it.

    Another system's pricing isn't asked: Verify is no reason to keep the account locked for it.
    """
    if run.pricing.is_external:
        return
    try:
        priced = price(run, header.copy_node(), now, wanted_on(run, root))
    except Refused as error:
        yield Note(PRICE, f"{error.what}: {error.why}", root.get(KEY), root.get("Product Id"))
        return
    for note in priced.notes:
        if note.kind == PRICE:
            yield Note(PRICE, f"{note.text}; reprice prices the quote anew", note.item, note.product)


def _out_of_date(header: PropertySet, root: PropertySet, before: PropertySet | None) -> Iterator[Note]:
    if before is None:
        return
    for refused in statuses_refused(_group(header, root), before, ""):
        yield Note("ignored", f"{refused.what}: {refused.why}", refused.objects["key"])
    [own] = instances(with_roots(_bare(header), _group(header, root), QUOTE))
    for text in left_behind(own, before):
        yield Note("left behind", text, root.get(KEY), root.get("Product Id"))


def _prices(header: PropertySet) -> dict[str | None, str | None]:
    return {item.get(KEY): item.get("Adjusted Price") for item, _ in walk_items(header)}


def _disconnects(header: PropertySet, root: PropertySet) -> QuoteDisconnects:
    return QuoteDisconnects(
        f"the service item '{root.get(KEY)}' can't be edited on the quote {header.get('Quote Number')}",
        where=f"quote {header.get('Quote Number')}, line item '{root.get(KEY)}'",
        why="the quote disconnects it",
        mend="modify the service item instead: that replaces the quote's lines of it",
    )


WORKFLOWS = (
    named_workflow(
        "New Quote",
        new_quote,
        "make an empty quote for an account, and the session's active one",
        ACCOUNT,
        CURRENCY,
        PRICE_LIST,
        Argument("opportunity", help="The Opportunity Id of the sale that it is for."),
        SESSION,
        module=MODULE,
    ),
    named_workflow(
        "Edit Quote Line Item",
        edit_quote_line_item,
        "configure a service item further, from what a quote makes of it",
        QUOTE_NUMBER,
        LINE,
        REQUESTS,
        module=MODULE,
    ),
    named_workflow("Verify", verify, "name every rule that a quote breaks", QUOTE_NUMBER, module=MODULE),
    named_workflow("Reprice", reprice, "price a quote anew, and say what changed", QUOTE_NUMBER, module=MODULE),
    named_workflow("Renumber", renumber, "number a quote's lines in the tree's order", QUOTE_NUMBER, module=MODULE),
    named_workflow(
        "Ungroup", ungroup, "make a line for each of a service item's quantity", QUOTE_NUMBER, LINE, module=MODULE
    ),
    named_workflow("Cancel Quote", cancel_quote, "cancel a quote", QUOTE_NUMBER, module=MODULE),
)
