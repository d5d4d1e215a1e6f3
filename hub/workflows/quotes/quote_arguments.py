"""Arguments that several workflows of quotes take."""

from __future__ import annotations

from hub.workflow_manager.arguments import Argument

#: the licence's module that they belong to
MODULE = "Quotes"

ACCOUNT = Argument(
    "account",
    "account",
    required=True,
    help="The customer: its Account Id, phone number, name, or number in another system.",
)
ROOT = Argument("root", required=True, help="The service item: its service id, product, key, or the key's end.")
REQUESTS = Argument("requests", "requests", help="Requests to the configurator: JSON, or @file.")
SESSION = Argument(
    "session", help="The user session whose active quote is worked on; without one, the caller's own.", length=255
)
CURRENCY = Argument("currency", "currency", help="Currency Code; without one, the account's.")
PRICE_LIST = Argument("price-list", help="Price List Id; without one, the only one that holds for the currency.")
QUOTE_NUMBER = Argument("quote", "quote", required=True, help="The Quote Number.")
LINE = Argument("line", required=True, help="A line of the quote: its Line Number, service id, product path, or key.")
DUE_DATE = Argument("due-date", "date", help="When it is wanted: an ISO date; without one, as soon as may be.")
VALID_UNTIL = Argument("valid-until", "date", help="The last day on which the quote's prices can be ordered.")
#: the accounts and the agreement that a header gives to its new lines
DESIGNATED = (
    Argument("service-account", "account", help="Where services are provided; without one, the customer's account."),
    Argument("billing-account", "account", help="The account that pays; without one, the customer's account."),
    Argument("agreement", help="The Agreement Id under which services are provided.", length=64),
)
