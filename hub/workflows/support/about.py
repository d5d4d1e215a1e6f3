"""The order and the account that a request of support is about.

Spec: docs/support.md.
"""

from __future__ import annotations

from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import the_account
from hub.workflows.state.order_lookup import active_order
from integration_objects.errors import Refused


class OrderOfAnotherAccount(Refused):
    """A request names an account, and an order of another one."""

    what = "the order {order} isn't the account's"
    where = "arguments 'order' and 'account'"
    why = "the account '{account}' has no order of this number"
    mend = "name the order's own account, or the order alone"


def account_of_request(run: Run, account: str | None, order: str | None) -> str | None:
    """Return the account that a request belongs to: the named one, else that of the order; None where none is named.

    Raises:
        AccountUnknown, OrderUnknown: the named one isn't there.
        OrderOfAnotherAccount: both are named, and the order is another account's.
    """
    if account is not None:
        the_account(run, account)
    if order is None:
        return account
    of_order = active_order(run, order).get("Account Id")
    if account is not None and of_order != account:
        raise OrderOfAnotherAccount(order=order, account=account)
    return of_order
