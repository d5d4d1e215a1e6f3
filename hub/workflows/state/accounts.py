"""Accounts, and the accounts above them.

Source: "Identify Account View", usage scenario a; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.workflow_manager.run import Run
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT
from integration_objects.property_set import PropertySet


class AccountUnknown(Refused):
    """There is no account of this Account Id."""

    what = "the account '{account_id}' is unknown"
    where = "{place}"
    why = "no account of this Account Id is stored"
    mend = "mend the Account Id, or load the account (orderhub load)"


def the_account(run: Run, account_id: str, place: str = "argument 'account'") -> PropertySet:
    """Return the stored account; *place* says where the id stands, for the error."""
    for account in instances(run.query(ACCOUNT, {"Account Id": account_id})):
        return account
    raise AccountUnknown(account_id=account_id, place=place)


def designation(
    run: Run, account: str | None, service_account: str | None, billing_account: str | None, agreement: str | None
) -> dict[str, str]:
    """Return the fields of a header that name these accounts and this agreement, without those that aren't given.

    Raises:
        AccountUnknown: there is no such account.
    """
    for place, named in (("service-account", service_account), ("billing-account", billing_account)):
        if named not in (None, account):
            the_account(run, named or "", f"argument '{place}'")
    fields = {
        "Service Account Id": service_account,
        "Billing Account Id": billing_account,
        "Agreement Id": agreement,
    }
    return {field: text for field, text in fields.items() if text is not None}


def currency_of(run: Run, account: PropertySet) -> str | None:
    """Return the account's currency, else that of the nearest account above it; None where none has one."""
    currencies = (owner.get("Currency Code") for owner in upwards(run, account))
    return next((currency for currency in currencies if currency is not None), None)


def customer_of(run: Run, account: PropertySet) -> str | None:
    """Return the Account Id of the customer that the account belongs to: the account at the top."""
    *_, top = upwards(run, account)
    return top.get("Account Id")


def upwards(run: Run, account: PropertySet) -> Iterator[PropertySet]:
    """Yield the account and the accounts above it, from the nearest to the one at the top."""
    seen: set[str | None] = set()
    level = [account]
    while level:
        yield level[0]
        seen.add(level[0].get("Account Id"))
        above = level[0].get("Parent Account Id")
        # Accounts are loaded as they are sent, so that two may name each other as parents: each is visited once.
        level = instances(run.query(ACCOUNT, {"Account Id": above})) if above not in (None, *seen) else []
