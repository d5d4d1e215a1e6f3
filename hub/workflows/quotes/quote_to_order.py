"""From a quote to an order, once; and an empty order for an account.

Source: "Quote to Order Process", "Asset -> Quote -> Order Data Flow"; spec: docs/design/workflows.md,
docs/design/road.md "Statuses".
"""

from __future__ import annotations

from hub.configurator.port import MOST_TOLD
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import (
    ACCOUNT,
    CURRENCY,
    DESIGNATED,
    DUE_DATE,
    MODULE,
    PRICE_LIST,
    QUOTE_NUMBER,
)
from hub.workflows.quotes.quote_lines import check_status, store_lines, the_quote
from hub.workflows.quotes.validity import prove_valid
from hub.workflows.state.accounts import currency_of, the_account
from hub.workflows.state.agreements import agreement_notes
from hub.workflows.state.belongings import designation
from hub.workflows.state.change_of_state import document_totals
from hub.workflows.state.due_dates import due_date_notes
from hub.workflows.state.id_holders import held_id_notes
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.lines import ACCOUNTS, extend_quantities, fill_accounts, fill_products, number_lines
from hub.workflows.state.missing_ids import missing_id_notes
from hub.workflows.state.order_rules import prove_in_turn, rules_broken, state_in_turn
from hub.workflows.state.price_lists import listed_currency
from hub.workflows.state.rebase import rebase
from hub.workflows.state.service_profile import make_no_action
from hub.workflows.state.standing_values import standing_value_notes
from hub.workflows.state.statuses import StatusChangeRefused
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    first_instance,
    items_of,
    line_items,
    list_of,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER, QUOTE
from integration_objects.property_set import PropertySet

PLACED = "Order Placed"
#: Fields of the header that an order takes over from its quote.
_HEADER = (
    "Account Id",
    "Service Account Id",
    "Billing Account Id",
    "Agreement Id",
    "Price List Id",
    "Currency Code",
)


class OrderPlaced(StatusChangeRefused):
    """The quote's changes have been ordered: they are executed once only."""

    what = "an order was placed for the quote {number} already"
    where = "quote {number}, Status"
    why = "its status is Order Placed, and its changes are executed once only"
    mend = "make a new quote for further changes"


class NothingToOrder(Refused):
    """A quote asks for no change."""

    what = "the quote {number} asks for no change"
    where = "quote {number}"
    why = "none of its lines adds, updates or deletes anything"
    mend = "put products or changes on it first, or cancel it"


class RulesBroken(Refused):
    """A quote asks for products that break their rules."""

    what = "the quote {number} asks for products that break {count}"
    where = "quote {number}"
    why = "{rules}"
    mend = "configure them further (edit-quote-line-item); verify names every rule that is broken"


def quote_to_order(run: Run, quote: str, due_date: str | None = None) -> Outcome:
    """Convert a quote to a sales order, once.

    Added lines get a new Integration Id, the order line's own row id, so that two orders never share one; the
    quote's lines follow.

    Raises:
        QuoteUnknown: there is no such quote.
        OrderPlaced: an order was placed for it already.
        QuoteExpired: the last day of its prices is over.
        StatusChangeRefused: it was cancelled; or it suspends a service that an order before it suspends, or resumes
            one that isn't suspended.
        NothingToOrder: it asks for no change.
        OrderDoesNotApply: its changes don't apply any more to the present services and the orders before it.
        RulesBroken: a service item that it changes would break a rule of its products.
        QuantityNotWhole, TooManyItems: a line can't be exploded.

    Source: "Quote to Order Process".
    """
    header = the_quote(run, quote)
    _prove_not_placed(header)
    prove_valid(run, header)
    prove_changes(header)
    # The state that the order will meet at its due date, not today's: Submit proves it against the same.
    state = state_in_turn(run, _place(run, header, due_date))
    # Before the proof: fields that the quote leaves alone get the values that other orders have set meanwhile.
    notes = rebase(run.definitions[QUOTE].root.children[LINE_ITEM], line_items(header), state)
    _prove_rules(run, header, state, _mend_by(due_date))
    exploded = exploded_quote(run, header)
    order = order_of(run, exploded, order_header(run, _next_number(run), due_date))
    notes += [*missing_id_notes(run, order), *held_id_notes(run, order)]
    notes += [*due_date_notes(run, order), *agreement_notes(run, order), *standing_value_notes(run, order)]
    exploded.properties["Status"] = PLACED
    # The quote keeps the exploded lines with the order's keys, so that each can be followed into the profile.
    store_lines(run, exploded)
    run.effects.insert(message(ORDER, [order]))
    notes += document_totals(order)
    return Outcome(objects=(message(ORDER, [order]), message(QUOTE, [exploded])), notes=tuple(notes))


def new_order(
    run: Run,
    account: str,
    currency: str | None = None,
    price_list: str | None = None,
    due_date: str | None = None,
    service_account: str | None = None,
    billing_account: str | None = None,
    agreement: str | None = None,
) -> Outcome:
    """Make an empty order for an account, accounts and currency filled in.

    Accounts that aren't given are the account itself.

    Raises:
        AccountUnknown, AgreementUnknown, PriceListUnknown: there is no such account, agreement or price list.
        AccountOfAnother, AgreementOfAnother: an account or the agreement is another customer's.
        PriceListInAnotherCurrency: the price list isn't in *currency*.
    """
    customer = the_account(run, account)
    currency = listed_currency(run, price_list, currency)
    order = order_header(run, _next_number(run), due_date)
    order.properties |= {
        "Account Id": account,
        "Service Account Id": account,
        "Billing Account Id": account,
        "Price List Id": price_list,
        "Currency Code": currency or currency_of(run, customer),
        **designation(run, account, service_account, billing_account, agreement),
    }
    run.effects.insert(message(ORDER, [order]))
    return Outcome(objects=(message(ORDER, [order]),))


def _prove_not_placed(header: PropertySet) -> None:
    # Before the table of statuses, which doesn't say that the quote's order is there already.
    if header.get("Status") == PLACED:
        raise OrderPlaced(number=header.get("Quote Number"))
    check_status(header, PLACED)


def prove_changes(header: PropertySet) -> None:
    """Refuse a quote none of whose lines adds, updates or deletes anything.

    Raises:
        NothingToOrder: it is such a quote.
    """
    if all(action_code(item) == NO_ACTION for item in items_of(header)):
        raise NothingToOrder(number=header.get("Quote Number"))


def _place(run: Run, quote: PropertySet, due_date: str | None) -> PropertySet:
    """Make the header that says which orders come before the quote's."""
    # Row ids are ordered by time: the order comes behind all that are stored, unless its due date says otherwise.
    return PropertySet(
        "Order",
        properties={"Row Id": run.new_id(), "Account Id": quote.get("Account Id"), "Due Date": due_date},
    )


def _prove_rules(run: Run, quote: PropertySet, state: PropertySet, mend: str) -> None:
    """Refuse a quote whose order Submit would refuse: each service item that it changes is proven whole.

    It obeyed its rules when it was edited; other orders may have come between.
    """
    broken = rules_broken(run, prove_in_turn(run, quote, QUOTE, state, mend))
    if not broken:
        return
    count = "a rule" if len(broken) == 1 else f"{len(broken)} rules"
    names, items = ItemNames(run, quote), ComplexObject(quote).keyed
    told = [(items.get(rule.item or ""), rule) for rule in broken[:MOST_TOLD]]
    rules = "; ".join(
        rule.sentence if item is None else f"{names.listed([item])} {rule.predicate}" for item, rule in told
    )
    more = f"; and {len(broken) - MOST_TOLD} more" if len(broken) > MOST_TOLD else ""
    raise RulesBroken(number=quote.get("Quote Number"), count=count, rules=rules + more)


def _mend_by(due_date: str | None) -> str:
    """Write the mend of a quote that doesn't apply where its order comes."""
    edit = "edit the quote's lines (edit-quote-line-item), or modify anew"
    if due_date is None:
        return f"other orders came before it: {edit}"
    return f"an order due {due_date} can't build on orders that are due later: give a later due-date=; or {edit}"


def _next_number(run: Run) -> str:
    return f"O-{run.next_number('Order Number'):07d}"


def order_header(run: Run, number: str | None, due_date: str | None) -> PropertySet:
    """Make the header of a new order with a number of its own."""
    return PropertySet(
        "Order",
        properties={
            "Row Id": run.new_id(),
            "Order Number": number,
            "Revision": "1",
            "Active Flag": "Y",
            "Order Type": "Sales Order",
            "Status": "New",
            "Due Date": due_date,
        },
    )


def exploded_quote(run: Run, quote: PropertySet) -> PropertySet:
    """Return a quote with a line for each of its services, as its order has them.

    Raises:
        QuantityNotWhole, TooManyItems, ExtendedQuantityTooLarge: a line can't be exploded.
    """
    exploded = first_instance(run.call("Explode", message(QUOTE, [quote])))
    fill_products(run, exploded)
    return exploded


def order_of(run: Run, quote: PropertySet, order: PropertySet) -> PropertySet:
    """Make the order of an exploded quote; the quote's added lines get the keys of the order's lines, in place.

    *order* is its header, with a number, which is completed.
    """
    order.properties |= {field: quote.get(field) for field in _HEADER}
    order.properties["Quote Id"] = quote.get("Row Id")
    for field in ACCOUNTS:
        order.properties[field] = order.get(field) or order.get("Account Id")
    # A deployment may give a quote's line fields that an order's line doesn't have.
    fields = run.definitions[ORDER].root.children[LINE_ITEM].fields
    twins: dict[int, PropertySet] = {}
    for item, parent in walk_items(quote):
        line = item.copy_node()
        line.properties = {name: text for name, text in item.properties.items() if name in fields}
        line.children = [node.copy() for node in item.children if node.type != list_of(LINE_ITEM)]
        line.properties["Row Id"] = run.new_id()
        if action_code(item) == "Add":
            line.properties[KEY] = item.properties[KEY] = line.get("Row Id")
        line.properties["Status"] = NO_ACTION if action_code(item) == NO_ACTION else "Pending"
        # As they are stored, so that the order is shown as it is: no answer has come yet.
        line.properties |= {"Order Item Processed Flag": "N", "Past Point Of No Return": "N"}
        if action_code(item) == NO_ACTION:
            make_no_action(line)
        twins[id(item)] = line
        put_list(order if parent is None else twins[id(parent)], LINE_ITEM).append(line)
    fill_accounts(order)
    number_lines(order)
    extend_quantities(order)
    return order


WORKFLOWS = (
    named_workflow(
        "Quote To Order", quote_to_order, "place the order of a quote, once", QUOTE_NUMBER, DUE_DATE, module=MODULE
    ),
    named_workflow(
        "New Order",
        new_order,
        "make an empty order for an account",
        ACCOUNT,
        CURRENCY,
        PRICE_LIST,
        DUE_DATE,
        *DESIGNATED,
        module=MODULE,
    ),
)
