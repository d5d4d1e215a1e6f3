"""The active quote: the one that a user session works on.

Source: "New Products and Services Process", steps 1 and 2; "Check Active Quote"; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import currency_of
from hub.workflows.state.price_lists import listed_currency
from integration_objects.complex_object import instances, message
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet

QUOTE = "OM Quote"
IN_PROGRESS = "In Progress"


class CurrencyMixed(Refused):
    """Service items of two currencies are to be on one quote."""


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
