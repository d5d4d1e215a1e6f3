"""Change Address: an account gets another address, a stored one or a new one.

    move              moves services from one address to another
    change-address    says where the customer is, and where its next new services begin

Source: usage scenario a; spec: docs/workflows/change-address.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import ACCOUNT as ACCOUNT_ARGUMENT
from hub.workflows.quotes.quote_arguments import MODULE
from hub.workflows.state.accounts import the_account
from hub.workflows.state.lines import ACCOUNTS
from hub.workflows.state.service_address import AddressUnknown, service_addresses
from hub.workflows.state.service_profile import INACTIVE
from integration_objects.complex_object import instances, items_of, message
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT, ADDRESS, ASSET, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

#: the fields of a new address, by the arguments' parameters
_FIELDS = {
    "street": "Street",
    "street_2": "Street 2",
    "city": "City",
    "state": "State",
    "postal_code": "Postal Code",
    "country": "Country",
}
#: the fields of a new address, for errors
_SOME_FIELDS = "street=, city= and the like"
#: the arguments that name an address, or write one out
ADDRESS_ARGUMENTS = (
    Argument("address", help="The Address Id of its address, where that is stored."),
    *(Argument(parameter.replace("_", "-"), help=f"{field} of a new address.") for parameter, field in _FIELDS.items()),
)


class AddressGivenTwice(Refused):
    """An account's address is named, and written out."""

    what = "an account has one address"
    where = "argument 'address'"
    why = "expected address= for one that is stored, or {fields} for a new one; found both"
    mend = "leave one of the two out"


class AddressMissing(Refused):
    """An account is to get another address, and none is given."""

    what = "the account '{account_id}' gets no address"
    where = "argument 'address'"
    why = "expected address= for one that is stored, or {fields} for a new one; found neither"
    mend = "give one of the two"


class AddressAsBefore(Refused):
    """An account is to get the address that it has."""

    what = "the account '{account_id}' is at the address '{address}' already"
    where = "argument 'address'"
    why = "it is the account's Address Id"
    mend = "nothing has to be done"


def change_address(run: Run, account: str, address: str | None = None, **written: str | None) -> Outcome:
    """Give an account another address.

    Services stay where they are: they have addresses or service points of their own. Services that have neither, as
    some that were loaded, are at the account's address, and the report tells of them.

    Args:
        run: the run.
        account: the Account Id.
        address: the Address Id of a stored address.
        **written: the fields of a new address.

    Raises:
        AccountUnknown, AddressUnknown: there is no such account or address.
        AddressGivenTwice, AddressMissing: the address is named and written out, or neither.
        AddressAsBefore: the account has this address.
    """
    customer = the_account(run, account)
    if address is not None and address == customer.get("Address Id"):
        raise AddressAsBefore(account_id=account, address=address)
    chosen = address_of(run, address, written)
    if chosen is None:
        raise AddressMissing(account_id=account, fields=_SOME_FIELDS)
    before = _where_services_are(run, account)
    changed = PropertySet("Account", properties={"Account Id": account, "Address Id": chosen})
    run.effects.update(message(ACCOUNT, [changed]))
    text = f"it has no address of its own, and is at the account's: at '{chosen}' now"
    after = _where_services_are(run, account)
    notes = [
        Note("other address", text, key, product)
        for (key, product), place in after.items()
        if place == chosen and before.get((key, product)) != chosen
    ]
    return Outcome(objects=(message(ACCOUNT, [the_account(run, account)]),), notes=tuple(notes))


def _where_services_are(run: Run, account: str) -> dict[tuple[str | None, str | None], str | None]:
    """Find the addresses of the services that are provided for an account, by their keys and products."""
    owners = {account, *run.owners(ASSET, LINE_ITEM, {ACCOUNTS[0]: account})}
    places: dict[tuple[str | None, str | None], str | None] = {}
    for asset in instances(run.query(ASSET, {"Account Id": sorted(owners)})):
        addresses = service_addresses(run, asset)
        for item in items_of(asset):
            if item.get("Status") != INACTIVE:
                places[item.get(KEY), item.get("Product Id")] = addresses[id(item)]
    return places


def address_of(run: Run, address: str | None, written: Mapping[str, str | None]) -> str | None:
    """Return the Address Id of a stored address, or of a new one with the fields *written*; None where none is given.

    Raises:
        AddressUnknown: there is no such address.
        AddressGivenTwice: an address is named, and fields of a new one are written, too.
    """
    fields = {field: text for argument, field in _FIELDS.items() if (text := written.get(argument)) is not None}
    if address is not None:
        if fields:
            raise AddressGivenTwice(fields=_SOME_FIELDS)
        if not run.headers(ADDRESS, {"Address Id": address}):
            raise AddressUnknown(address=address, argument="address", consequence="")
        return address
    if not fields:
        return None
    made = PropertySet("Address", properties={"Address Id": run.new_id(), **fields})
    run.effects.insert(message(ADDRESS, [made]))
    return made.get("Address Id")


WORKFLOWS = (
    named_workflow(
        "Change Address",
        change_address,
        "give an account another address",
        ACCOUNT_ARGUMENT,
        *ADDRESS_ARGUMENTS,
        module=MODULE,
    ),
)
