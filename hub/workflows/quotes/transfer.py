"""Transfer: a service item gets another owner. It ends in one account, and begins in another, on the same day.

    a quote of the giving account    Delete
    a quote of the taking account    Add, with new keys: the same numbers, service points and addresses; the accounts,
                                     the agreement and the prices are the new owner's

Source: "m. Move Process", which this follows; spec: docs/design/workflows.md, "Transfer".
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes import quote_arguments as arguments
from hub.workflows.quotes.products_and_services import set_due, tracked_item
from hub.workflows.quotes.quote_lines import make_quote, put_lines
from hub.workflows.state.accounts import the_account
from hub.workflows.state.belongings import designation
from hub.workflows.state.change_of_state import broken_rules, lines_of, price
from hub.workflows.state.lines import DESIGNATED
from hub.workflows.state.service_address import FIELD, service_addresses
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import open_orders
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    all_items,
    first_instance,
    instances,
    items_from,
    items_of,
    line_items,
    message,
)
from integration_objects.discount import FIELDS
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, NO_ACTION, QUOTE
from integration_objects.property_set import PropertySet


class SameOwner(Refused):
    """A service item is to be transferred to the account that has it."""

    what = "the service item '{root}' can't be transferred from '{account}' to '{account}'"
    where = "argument 'to'"
    why = "both are the same account"
    mend = "name the account of the new owner"


class TransferHasOpenOrders(Refused):
    """Orders on a service item that is to be transferred are still open."""

    what = "the service item '{root}' can't be transferred yet"
    where = "account '{account}', line item '{root}'"
    why = "orders on it are open: {orders}; they would come to nothing"
    mend = "transfer it when they are complete, or cancel them first"


class TransferOfSuspended(Refused):
    """A service item that is to be transferred rests."""

    what = "the service item '{root}' can't be transferred while it is suspended"
    where = "account '{account}', line item '{item}'"
    why = "the new owner's service would begin Active"
    mend = "resume it first (resume), then transfer it"


def transfer(
    run: Run,
    account: str,
    root: str,
    to: str,
    due_date: str | None = None,
    service_account: str | None = None,
    billing_account: str | None = None,
    agreement: str | None = None,
    session: str | None = None,
) -> Outcome:
    """Transfer a service item to another account, by a quote of each of both accounts.

    Args:
        run: the run.
        account: the account that has the service item.
        root: the service item: its root's Integration Id.
        to: the account that gets it.
        due_date: the day on which it ends for the one and begins for the other; None: as soon as may be.
        service_account: the new owner's service account; None: *to*.
        billing_account: the new owner's billing account; None: *to*.
        agreement: the new owner's agreement; None: none.
        session: the user session; the taking account's quote becomes its active one.

    Raises:
        AccountUnknown, ServiceItemUnknown, ServiceItemDisconnected, NotARoot, DisconnectRequested, NothingTracked:
            there is no such account or service item.
        AccountOfAnother, AgreementUnknown, AgreementOfAnother: an account or the agreement isn't the new owner's.
        SameOwner, TransferHasOpenOrders, TransferOfSuspended: it can't be transferred as it is.
        PriceMissing: the new owner's price list has no price for something in it.
    """
    giver, taker = the_account(run, account), the_account(run, to, "argument 'to'")
    if account == to:
        raise SameOwner(root=root, account=account)
    leaving, notes = tracked_item(run, account, root)
    _refuse_open_orders(run, account, root, leaving)
    _refuse_suspended(account, root, leaving)
    (top,) = line_items(first_instance(leaving))
    currency = top.get("Currency Code")
    present = {field: text for field in DESIGNATED if (text := top.get(field)) is not None}
    giving = make_quote(run, giver, session, currency, designated=present)
    ending = lines_of(run, leaving, None, QUOTE)
    set_due(items_from(ending), due_date)
    put_lines(run, giving, (), ending)
    taking = make_quote(
        run, taker, session, currency, designated=designation(run, to, service_account, billing_account, agreement)
    )
    # Priced for the day of the transfer, by the new owner's price list.
    priced = price(run, taking, _of_new_owner(run, leaving, to), due_date)
    beginning = lines_of(run, None, priced.state, QUOTE)
    set_due(items_from(beginning), due_date)
    put_lines(run, taking, (), beginning)
    turn = (
        f"submit the order of the quote {giving.get('Quote Number')} first, which sets the service's numbers free; "
        f"then place and submit the quote {taking.get('Quote Number')}"
    )
    report = (*notes, *priced.notes, *broken_rules(run, priced.state, to), Note("in turn", turn))
    return Outcome(objects=(message(QUOTE, [giving]), message(QUOTE, [taking])), notes=report)


def _refuse_open_orders(run: Run, account: str, root: str, leaving: PropertySet) -> None:
    keys = {item.get(KEY) for item in all_items([leaving])}
    numbers = [
        order.get("Order Number") or ""
        for tree in open_orders(run, account)
        for order in instances(tree)
        if any(item.get(KEY) in keys and action_code(item) != NO_ACTION for item in items_of(order))
    ]
    if numbers:
        raise TransferHasOpenOrders(root=root, account=account, orders=", ".join(numbers))


def _refuse_suspended(account: str, root: str, leaving: PropertySet) -> None:
    for item in all_items([leaving]):
        if item.get("Status") == "Suspended":
            raise TransferOfSuspended(root=root, account=account, item=item.get(KEY))


def _of_new_owner(run: Run, leaving: PropertySet, account: str) -> PropertySet:
    """Copy the service item as the new owner's: new keys, at the same address, no account, agreement or discount."""
    services = ComplexObject.of(leaving)
    addresses: Mapping[int, str | None] = service_addresses(run, services.header)
    at = {item.get(KEY): addresses[id(item)] for item in services.items}
    coming = with_roots(PropertySet("Asset", properties={"Account Id": account}), line_items(services.header), ASSET)
    coming = coming.copy()
    for item in all_items([coming]):
        item.properties |= {**dict.fromkeys((*DESIGNATED, *FIELDS)), FIELD: at[item.get(KEY)], "Source Reference": None}
        item.properties[KEY] = run.new_id()
    return coming


WORKFLOWS = (
    named_workflow(
        "Transfer",
        transfer,
        "transfer a service item to another account, by a quote of each account",
        arguments.ACCOUNT,
        arguments.ROOT,
        Argument("to", "account", required=True, help="The account of the new owner."),
        arguments.DUE_DATE,
        *arguments.DESIGNATED,
        arguments.SESSION,
        module=arguments.MODULE,
    ),
)
