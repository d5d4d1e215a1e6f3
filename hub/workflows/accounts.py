"""Accounts: found.

Source: "Identify Account View", usage scenario a; spec: workflows.md.
"""

from __future__ import annotations

from hub.run import Run
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet

ACCOUNT = "Account"


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
