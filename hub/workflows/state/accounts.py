"""Accounts, and those above them.

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


def the_account(run: Run, account_id: str, where: str = "argument 'account'") -> PropertySet:
    """The stored account.

    Raises:
        AccountUnknown: there is none.
    """
    found = instances(run.query(ACCOUNT, {"Account Id": account_id}))
    if not found:
        raise AccountUnknown(
            f"the account '{account_id}' is unknown",
            where=where,
            why="no account of this Account Id is stored",
            mend="mend the Account Id, or load the account (orderhub load)",
        )
    return found[0]


def currency_of(run: Run, account: PropertySet) -> str | None:
    """The account's currency, else that of the nearest account above it; None where none has one."""
    currencies = (one.get("Currency Code") for one in upwards(run, account))
    return next((currency for currency in currencies if currency is not None), None)


def customer_of(run: Run, account: PropertySet) -> str | None:
    """The Account Id of the customer that the account belongs to: of the account at the top."""
    *_, top = upwards(run, account)
    return top.get("Account Id")


def upwards(run: Run, account: PropertySet) -> Iterator[PropertySet]:
    """The account, and those above it, from the nearest to the one at the top."""
    seen: set[str | None] = set()
    found = [account]
    while found:
        yield found[0]
        seen.add(found[0].get("Account Id"))
        above = found[0].get("Parent Account Id")
        found = instances(run.query(ACCOUNT, {"Account Id": above})) if above not in (None, *seen) else []
