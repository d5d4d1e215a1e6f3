"""Quotes: made, cancelled.

Source: "New Products and Services Process", "Quote to Order Process"; spec: workflows.md.
"""

from __future__ import annotations

from hub.arguments import Argument
from hub.run import Outcome, Run
from hub.workflows.accounts import the_account
from hub.workflows.active_quote import QUOTE, make_quote
from hub.workflows.process import process
from integration_objects.complex_object import message

MODULE = "Quotes"


def new_quote(run: Run, account: str, currency: str | None = None, session: str | None = None) -> Outcome:
    """An empty quote for an account, accounts and currency filled in; it becomes the session's active one.

    Raises:
        AccountUnknown: there is no such account.
    """
    quote = make_quote(run, the_account(run, account), currency, session)
    return Outcome(objects=(message(QUOTE, [quote]),))


#: what most workflows take
ACCOUNT = Argument("account", "account", required=True, help="The customer's Account Id.")
SESSION = Argument("session", help="The user session whose active quote is worked on; without one, the caller's own.")
CURRENCY = Argument("currency", help="Currency Code; without one, the account's.")

WORKFLOWS = (
    process(
        "New Quote",
        new_quote,
        "make an empty quote for an account, and the session's active one",
        ACCOUNT,
        CURRENCY,
        SESSION,
        module=MODULE,
    ),
)
