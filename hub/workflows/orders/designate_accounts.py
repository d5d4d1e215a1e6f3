"""Designate Accounts: the accounts and the agreement of a quote in progress, or of an order that isn't submitted.

Source: "j. Submit Order Process", step 3; "New Products and Services Process", step 2; spec: docs/design/workflows.md,
"Submit Order".
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders import approvals
from hub.workflows.orders.edit_order import OrderNotEditable
from hub.workflows.orders.one_document import prove_one_document
from hub.workflows.quotes.quote_arguments import DESIGNATED
from hub.workflows.quotes.quote_lines import quote_in_progress, store_lines
from hub.workflows.state.accounts import the_account
from hub.workflows.state.belongings import designation, prove_belongings
from hub.workflows.state.lines import fill_accounts
from hub.workflows.state.order_lookup import MODULE, UNSUBMITTED, order_in_hand
from hub.workflows.state.statuses import UNTOUCHED
from integration_objects.complex_object import action_code, items_of, message
from integration_objects.errors import Refused
from integration_objects.names import ORDER, QUOTE
from integration_objects.property_set import PropertySet


class AccountSettled(Refused):
    """A quote or an order is another account's already."""

    what = "the {document} belongs to the account '{account}' already"
    where = "argument 'account'"
    why = "its lines were made for that account's services"
    mend = "leave account= out, or make a quote or an order for the other account"


def designate_accounts(
    run: Run,
    quote: str | None = None,
    order: str | None = None,
    account: str | None = None,
    service_account: str | None = None,
    billing_account: str | None = None,
    agreement: str | None = None,
) -> Outcome:
    """Name the accounts and the agreement of a quote or an order; added lines that followed the header follow it.

    Args:
        run: the run.
        quote: the number of a quote in progress.
        order: the number of an order that isn't submitted.
        account: the customer's account, for an order that names none.
        service_account: where services are provided; None: as before.
        billing_account: the account that pays; None: as before.
        agreement: the agreement under which services are provided; None: as before.

    Raises:
        DocumentUnclear: *quote* and *order* are both given, or neither is.
        QuoteUnknown, QuoteNotInProgress, OrderUnknown, OrderNotEditable, HeldForApproval: it can't be changed.
        AccountUnknown, AgreementUnknown: an account or the agreement isn't there.
        AccountOfAnother, AgreementOfAnother: it is another customer's.
        AccountSettled: it belongs to another account than *account*.
    """
    prove_one_document(quote, order)
    header = _order(run, order) if order is not None else quote_in_progress(run, quote or "")
    document = f"order {order}" if order is not None else f"quote {quote}"
    _settle_account(run, header, account, document)
    named = designation(run, header.get("Account Id"), service_account, billing_account, agreement)
    _designate(header, named)
    if order is not None:
        fill_accounts(header)
        prove_belongings(run, header)
        run.effects.update(message(ORDER, [header]))
        return Outcome(objects=(message(ORDER, [header]),))
    store_lines(run, header)
    return Outcome(objects=(message(QUOTE, [header]),))


def _order(run: Run, number: str) -> PropertySet:
    order = order_in_hand(run, number)
    if order.get("Status") not in UNSUBMITTED:
        instead = "name other accounts of the services with another order"
        raise OrderNotEditable(number=number, status=order.get("Status"), instead=instead)
    approvals.refuse_held(run, order, "be edited")
    return order


def _settle_account(run: Run, header: PropertySet, account: str | None, document: str) -> None:
    """Give an order that names no account the account."""
    if account is None or account == header.get("Account Id"):
        return
    if header.get("Account Id") is not None:
        raise AccountSettled(document=document, account=header.get("Account Id"))
    the_account(run, account)
    header.properties["Account Id"] = account


def _designate(header: PropertySet, named: Mapping[str, str]) -> None:
    """Put the named accounts and agreement on the header and on the added lines that had the header's. In place."""
    for field, new in named.items():
        old = header.get(field)
        header.properties[field] = new
        for item in items_of(header):
            # A supplement has lines that provisioning is working on, or has done: those stay as they are.
            is_open = item.get("Status") in UNTOUCHED and action_code(item) == "Add"
            if is_open and item.get(field) in (None, old):
                item.properties[field] = new


WORKFLOWS = (
    named_workflow(
        "Designate Accounts",
        designate_accounts,
        "name the accounts and the agreement of a quote, or of an order that isn't submitted",
        Argument("quote", "quote", help="The number of a quote that is In Progress."),
        Argument("order", "order", help="The number of an order that is New or Pending."),
        Argument("account", "account", help="The customer's account, for an order that names none."),
        *DESIGNATED,
        module=MODULE,
    ),
)
