"""The rights: each action that a person may be allowed, with a sentence for people.

A right concerns an account, or the hub as a whole. A user who sees some accounts only has a right that concerns an
account on the objects of these accounts only.

To see a thing and to change it are different rights, and so are a message and its body.

Spec: docs/users.md, "Rights".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: The right that every enabled user has, whatever the type: no declaration names it.
CHANGE_OWN_PASSWORD = "change own password"  # noqa: S105  # a right

SEE_ACCOUNTS = "see accounts"
CHANGE_ACCOUNTS = "change accounts"
OPEN_ACCOUNTS = "open accounts"
SEE_SERVICES = "see services"
SEE_QUOTES = "see quotes"
SEE_ORDERS = "see orders"
SEE_PRICES = "see prices"
QUOTE = "quote"
DISCOUNT = "discount"
ORDER = "order"
APPROVE = "approve"
COMPLETE_LINES = "complete lines"
SEE_FALLOUT = "see fallout"
RESOLVE_FALLOUT = "resolve fallout"
SEE_SUPPORT = "see support"
ASK_SUPPORT = "ask support"
ANSWER_SUPPORT = "answer support"
SEE_HELP = "see help"
EDIT_HELP = "edit help"
SEE_MESSAGES = "see messages"
SEE_MESSAGE_BODIES = "see message bodies"
EDIT_AND_RESUBMIT = "edit and resubmit"
REPLAY = "replay"
GIVE_UP = "give up"
MASS_ACTIONS = "mass actions"
SEE_COMPONENTS = "see components"
OPERATE_COMPONENTS = "operate components"
SEE_FEEDS = "see feeds"
OPERATE_FEEDS = "operate feeds"
SEE_DECLARATIONS = "see declarations"
SEE_USERS = "see users"
MANAGE_USERS = "manage users"
SEE_AUDIT = "see audit"


@dataclass(frozen=True)
class Right:
    """A right.

    Attributes:
        sentence: the actions that it allows.
        concerns_account: whether the objects of its actions belong to accounts.
    """

    sentence: str
    concerns_account: bool


def _of_account(sentence: str) -> Right:
    return Right(sentence, concerns_account=True)


def _of_hub(sentence: str) -> Right:
    return Right(sentence, concerns_account=False)


#: Every right that a declaration can give, by name.
RIGHTS: Mapping[str, Right] = {
    SEE_ACCOUNTS: _of_account("Find and see accounts with their addresses, contacts, agreements and members."),
    CHANGE_ACCOUNTS: _of_account("Make service accounts, and change addresses and contacts of accounts."),
    OPEN_ACCOUNTS: _of_account("Open an account to a third party, and close it again."),
    SEE_SERVICES: _of_account("See the products and services of an account, with their attributes and history."),
    SEE_QUOTES: _of_account("See quotes and their lines."),
    SEE_ORDERS: _of_account("See orders, their lines, their status, their plan and their activities."),
    SEE_PRICES: _of_account("See prices, discounts and totals, wherever they stand."),
    QUOTE: _of_account("Make, configure, change, verify and delete quotes."),
    DISCOUNT: _of_account("Give a discount on a quote."),
    ORDER: _of_account("Make an order from a quote; submit, revise, reschedule and cancel orders."),
    APPROVE: _of_account("See the orders that wait for approval, and approve or reject them."),
    COMPLETE_LINES: _of_account("Set the status of lines by hand, and apply completed lines to the service profile."),
    SEE_FALLOUT: _of_account("See the entries of fallout, with their causes."),
    RESOLVE_FALLOUT: _of_account("Resolve entries of fallout."),
    SEE_SUPPORT: _of_account("See trouble tickets, callbacks and requests for inventory."),
    ASK_SUPPORT: _of_account("Open a trouble ticket, ask to be called, and ask for inventory."),
    ANSWER_SUPPORT: _of_account("Work on the queues: trouble tickets, callbacks and requests for inventory."),
    SEE_HELP: _of_hub("Read the topics of the help centre."),
    EDIT_HELP: _of_hub("Write and change the topics of the help centre."),
    SEE_MESSAGES: _of_account("See messages: states, times, keys, errors and journeys, without their bodies."),
    SEE_MESSAGE_BODIES: _of_account("See the bodies of messages, in every stage; each view is audited."),
    EDIT_AND_RESUBMIT: _of_account("Change the body of a message that failed, and have it worked again."),
    REPLAY: _of_account("Have a message worked again as it is, and send a message that was set aside."),
    GIVE_UP: _of_account("Give a message up: nobody works on it any more."),
    MASS_ACTIONS: _of_hub("Start, stop and cancel jobs that act on many messages at once."),
    SEE_COMPONENTS: _of_hub("See components, doors, rates, ages, the ledger and alarms."),
    OPERATE_COMPONENTS: _of_hub("Start, stop, pause, resume and drain components."),
    SEE_FEEDS: _of_hub("See feeds and batches, with their counts, rows and conflicts."),
    OPERATE_FEEDS: _of_hub("Release, cancel, pause and resume feeds and batches, and decide conflicts."),
    SEE_DECLARATIONS: _of_hub("See the declarations of the deployment, with their versions."),
    SEE_USERS: _of_hub("See users, their types and their accounts."),
    MANAGE_USERS: _of_hub("Add, disable and enable users, set their passwords, and give and take accounts."),
    SEE_AUDIT: _of_hub("See the audit: who did what, when, from where and why."),
}
