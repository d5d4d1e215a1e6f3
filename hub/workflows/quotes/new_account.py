"""New Account: an account for a customer, with the details of an existing one.

Source: usage scenario a; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import CURRENCY, MODULE
from hub.workflows.state.accounts import the_account
from integration_objects.complex_object import instances, message
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT
from integration_objects.property_set import PropertySet

#: Fields that a new account doesn't take over from an existing one: they identify it, or say how it stands.
_ITS_OWN = frozenset(("Account Id", "Name", "Account Class", "Parent Account Id", "Modification Number", "Status"))


class AccountNameMissing(Refused):
    """A new account would have no name, by which a person could find it."""

    what = "an account needs a name"
    where = "argument 'name'"
    why = "expected the customer's or the office's name, found none"
    mend = "give name=..."


class AccountExists(Refused):
    """There is an account of this Account Id already."""

    what = "there is an account '{account_id}' already"
    where = "argument 'account'"
    why = "an Account Id belongs to one account"
    mend = "give another, or none: then the hub makes one"


def new_account(
    run: Run,
    name: str,
    like: str | None = None,
    account: str | None = None,
    account_class: str | None = None,
    currency: str | None = None,
) -> Outcome:
    """Make an account, initialised with the details of an existing account of the same customer.

    Raises:
        AccountUnknown: there is no account *like*.
        AccountNameMissing: *name* is empty.
        AccountExists: *account* belongs to another account.

    Source: usage scenario a, "initializes the details of the new service account".
    """
    if not name.strip():
        raise AccountNameMissing
    former = None if like is None else the_account(run, like, "argument 'like'")
    account_id = account or run.new_id()
    if instances(run.query(ACCOUNT, {"Account Id": account_id})):
        raise AccountExists(account_id=account_id)
    created = PropertySet("Account", properties={"Account Id": account_id, "Name": name})
    if former is None:
        created.properties["Account Class"] = account_class or "Customer"
    else:
        created.properties["Account Class"] = account_class or "Service"
        # The customer is the account at the top: an office's new neighbour stands beside it, beneath the same customer.
        created.properties["Parent Account Id"] = former.get("Parent Account Id") or former.get("Account Id")
        created.properties |= {field: text for field, text in former.properties.items() if field not in _ITS_OWN}
    if currency is not None:
        created.properties["Currency Code"] = currency
    run.effects.insert(message(ACCOUNT, [created]))
    return Outcome(objects=(message(ACCOUNT, [created]),))


WORKFLOWS = (
    named_workflow(
        "New Account",
        new_account,
        "make an account, with the details of an existing one of the same customer",
        Argument("name", required=True, help="The account's name."),
        Argument("like", "account", help="An existing account of the customer, whose details the new one begins with."),
        Argument("account", help="The new Account Id; without one, the hub makes it."),
        Argument("account-class", help="Customer, Billing or Service; without it, Service, or Customer without like=."),
        CURRENCY,
        module=MODULE,
    ),
)
