"""The names of an account. An argument of a workflow finds the account by each of them.

    Account Id      2-LB
    phone number    509-555-0140 or 5095550140
    name            Lee Brown, in capitals or not
    account key     100300, the number by which another system knows the account

The kinds are tried in this order. The first kind that some account has decides. A name that several accounts have is
refused.

Spec: docs/workflows.md, "How an account is named".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hub.workflow_manager.recorded_reads import RecordedReads
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT, ACCOUNT_KEY
from integration_objects.service_number import plain_number

#: accounts that are read for a name, and accounts that an error lists
_MOST_READ, _MOST_LISTED = 50, 12


class AccountNameUnclear(Refused):
    """Several accounts have the name that one account is called by."""

    what = "'{name}' is the name of {count} accounts"
    where = "argument '{argument}'"
    why = "their Account Ids are {accounts}"
    mend = "name one of them by its Account Id"


def account_named(run: RecordedReads, name: str, argument: str) -> str:
    """Return the Account Id of the account that has a name; the name itself if no account has it.

    Raises:
        AccountNameUnclear: several accounts have it.
    """
    # Not recorded: nothing is learnt but the argument itself, and the workflow reads the account.
    if run.store.headers_by_key(ACCOUNT, [name]):
        return name
    found = next((ids for ids in _ids_by_kind(run, name) if ids), [name])
    if len(found) > 1:
        more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
        listed = ", ".join(found[:_MOST_LISTED]) + more
        raise AccountNameUnclear(name=name, argument=argument, count=len(found), accounts=listed)
    return found[0]


def _ids_by_kind(run: RecordedReads, name: str) -> Iterator[list[str]]:
    """Yield the Account Ids of the accounts with this phone number, this name, and this number in another system."""
    if plain_number(name):
        yield _ids(run, "Phone Number", name, plain_number)
    yield _ids(run, "Name", name, str.casefold)
    if plain_number(name):
        keys = run.beginning(ACCOUNT, ACCOUNT_KEY, "Number", name, _MOST_READ)
        fitting = [key for _, key in keys if plain_number(key["Number"] or "") == plain_number(name)]
        # Several systems may know one account by one number.
        yield sorted({run.account_of(key["System"], key["Number"]) or "" for key in fitting})


def _ids(run: RecordedReads, field: str, name: str, plain: Callable[[str], str]) -> list[str]:
    # Those of exactly this name come first: the shortest values do.
    rows = run.beginning(ACCOUNT, None, field, name, _MOST_READ)
    return sorted({row["Account Id"] or "" for _, row in rows if plain(row[field] or "") == plain(name)})
