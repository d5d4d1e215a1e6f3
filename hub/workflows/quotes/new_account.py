"""New Account: an account for a customer, with the details of an existing one.

Source: usage scenario a; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from hub.presentation.addresses import address_text
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.change_address import ADDRESS_ARGUMENTS, address_of
from hub.workflows.quotes.quote_arguments import CURRENCY, MODULE
from hub.workflows.state.accounts import the_account
from hub.workflows.state.belongings import prove_account
from integration_objects.complex_object import instances, message
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT, ADDRESS
from integration_objects.property_set import PropertySet

#: Fields that a new account doesn't take over from an existing one: they identify it, or say how or where it stands.
_ITS_OWN = frozenset(
    ("Account Id", "Name", "Account Class", "Parent Account Id", "Modification Number", "Status", "Address Id")
)


#: What a new Account Id may have besides letters and digits. Commands and lists separated by commas take ids as they
#: are: white space, commas, quotes and the shell's own signs would break them. Loaded accounts keep the ids that other
#: systems gave them.
_ID_SIGNS = "-_.:/"


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


class AccountIdUnfit(Refused):
    """A new account would have an Account Id that can't be typed safely in commands and lists."""

    what = "a new account can't have the Account Id '{account_id}'"
    where = "argument 'account'"
    why = "it has the character '{sign}'; an Account Id has letters, digits and {signs} only"
    mend = "give another, or none: then the hub makes one"


def new_account(
    run: Run,
    name: str,
    like: str | None = None,
    account: str | None = None,
    account_class: str | None = None,
    parent: str | None = None,
    currency: str | None = None,
    address: str | None = None,
    **written: str | None,
) -> Outcome:
    """Make an account, initialised with the details of an existing account of the same customer.

    Args:
        run: the run.
        name: its name.
        like: the existing account; its address isn't taken over.
        account: the new Account Id; None: a new identifier.
        account_class: Customer, Billing or Service; None: Service with *like* or *parent*, else Customer.
        parent: the account above it; None: the customer of *like*.
        currency: its currency; None: that of *like*.
        address: the Address Id of a stored address.
        **written: the fields of a new address.

    Raises:
        AccountUnknown: there is no account *like* or *parent*.
        AccountOfAnother: *like* isn't of the hierarchy of *parent*.
        AccountNameMissing: *name* is empty.
        AccountIdUnfit: *account* has a character that no new Account Id may have.
        AccountExists: *account* belongs to another account.
        AddressUnknown: there is no such address.
        AddressGivenTwice: the address is named, and written out, too.

    Source: usage scenario a, "initializes the details of the new service account".
    """
    if not name.strip():
        raise AccountNameMissing
    for sign in account or "":
        if not sign.isalnum() and sign not in _ID_SIGNS:
            raise AccountIdUnfit(account_id=account, sign=sign, signs=" ".join(_ID_SIGNS))
    former = None if like is None else the_account(run, like, "argument 'like'")
    account_id = account or run.new_id()
    if instances(run.query(ACCOUNT, {"Account Id": account_id})):
        raise AccountExists(account_id=account_id)
    created = PropertySet("Account", properties={"Account Id": account_id, "Name": name})
    if former is not None:
        # The customer is the account at the top: an office's new neighbour stands beside it, beneath the same customer.
        created.properties["Parent Account Id"] = former.get("Parent Account Id") or former.get("Account Id")
        created.properties |= {field: text for field, text in former.properties.items() if field not in _ITS_OWN}
    if parent is not None:
        created.properties["Parent Account Id"] = the_account(run, parent, "argument 'parent'").get("Account Id")
        if like is not None:
            prove_account(run, parent, like, "like")
    is_beneath = created.get("Parent Account Id") is not None
    created.properties["Account Class"] = account_class or ("Service" if is_beneath else "Customer")
    if currency is not None:
        created.properties["Currency Code"] = currency
    created.properties["Address Id"] = address_of(run, address, written)
    run.effects.insert(message(ACCOUNT, [created]))
    notes = []
    if created.get("Address Id") is None and former is not None and former.get("Address Id") is not None:
        address_id = former.get("Address Id") or ""
        place = address_text(run.by_key(ADDRESS, [address_id]).get(address_id, {"Address Id": address_id}))
        text = f"it isn't at {place}, the address of '{like}', and has none yet"
        notes.append(Note("account address", text))
    return Outcome(objects=(message(ACCOUNT, [created]),), notes=tuple(notes))


WORKFLOWS = (
    named_workflow(
        "New Account",
        new_account,
        "make an account, with the details of an existing one of the same customer",
        Argument("name", required=True, help="The account's name."),
        Argument("like", "account", help="An existing account of the customer, whose details the new one begins with."),
        Argument("account", help="The new Account Id; without one, the hub makes it.", length=64),
        Argument(
            "account-class", help="Customer, Billing or Service; without it, Service beneath another, else Customer."
        ),
        Argument("parent", "account", help="The account above it; without one, the customer of like=."),
        CURRENCY,
        *ADDRESS_ARGUMENTS,
        module=MODULE,
    ),
)
