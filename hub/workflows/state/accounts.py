"""Accounts, and the accounts above them.

Source: "Identify Account View", usage scenario a; spec: docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.workflow_manager.run import Run
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT
from integration_objects.property_set import PropertySet

#: the headers of accounts, by Account Id
Accounts = Mapping[str, Mapping[str, str | None]]


class AccountUnknown(Refused):
    """There is no account of this Account Id."""

    what = "the account '{account_id}' is unknown"
    where = "{place}"
    why = "no account of this Account Id is stored"
    mend = "mend the Account Id (`orderhub find NAME` finds it), or load the account (orderhub load)"


def the_account(run: Run, account_id: str, place: str = "argument 'account'") -> PropertySet:
    """Return the stored account; *place* says where the id stands, for the error."""
    for account in instances(run.query(ACCOUNT, {"Account Id": account_id})):
        return account
    raise AccountUnknown(account_id=account_id, place=place)


def currency_of(run: Run, account: PropertySet) -> str | None:
    """Return the account's currency, else that of the nearest account above it; None where none has one."""
    account_id = account.get("Account Id") or ""
    accounts = read_hierarchy(run, [account_id])
    currencies = (accounts.get(above, {}).get("Currency Code") for above in path_up(accounts, account_id))
    return next((currency for currency in currencies if currency is not None), None)


def customer_of(run: Run, account: PropertySet) -> str | None:
    """Return the Account Id of the customer that the account belongs to: the account at the top."""
    account_id = account.get("Account Id") or ""
    return path_up(read_hierarchy(run, [account_id]), account_id)[-1]


def read_hierarchy(run: Run, account_ids: Iterable[str]) -> Accounts:
    """Return these accounts and all accounts above them, by Account Id: a query for each level of the hierarchy."""
    accounts: dict[str, Mapping[str, str | None]] = {}
    wanted = sorted(set(account_ids))
    while wanted:
        found = run.by_key(ACCOUNT, wanted)
        accounts |= found
        above = {account.get("Parent Account Id") for account in found.values()}
        wanted = sorted(account for account in above if account is not None and account not in accounts)
    return accounts


def path_up(accounts: Accounts, account_id: str | None) -> list[str]:
    """Return the account and those above it, from the nearest to the one at the top; nothing for None.

    The one at the top may not be loaded yet: a hierarchy is loaded in any order.
    """
    path: list[str] = []
    # Two accounts may name each other as parents where they were stored by other means: each is visited once.
    while account_id is not None and account_id not in path:
        path.append(account_id)
        account_id = accounts.get(account_id, {}).get("Parent Account Id")
    return path
