"""Copies of service profiles that another system keeps are brought up to date before a workflow reads them.

    1. the changes of the account that have not left are delivered, in their order
    2. the other system is asked for the account's rows, outside of any transaction
    3. the account is locked, and the copy becomes as the rows are; unless a change came meanwhile: then again from 1

So a copy never loses a change of the hub's own that the other system doesn't have yet, and it has all changes that
other programs made there before it was read.

Spec: docs/design/legacy.md, "Profiles in a mainframe".
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from adapters.database.objects.faults import VersionConflict
from adapters.transport import VIRTUAL
from adapters.virtual_components.declaration import ACCOUNT_ID
from adapters.virtual_components.keeper import ProfileKeeper
from adapters.virtual_components.profile_rows import ProfileRows, profile_of
from adapters.virtual_components.transport import VirtualTransport
from hub.data_manager.handing_over import HandingOver
from hub.data_manager.open_hub import OpenHub
from integration_objects.complex_object import first_instance, is_empty
from integration_objects.errors import OperatorNeeded, Outage, Refused
from integration_objects.log import Log
from integration_objects.names import ACCOUNT, ASSET
from integration_objects.property_set import PropertySet

log = Log()

#: the field by which a change that came meanwhile is noticed: the profile's version is its account's
VERSION = "Modification Number"
#: tries to bring one copy up to date, where changes come between the question and the lock
MOST_TRIES = 5
#: seconds until a message is tried again whose account has changes that can't be delivered now
_AGAIN_S = 2.0


class ProfileChangesWait(Outage):
    """Changes of an account's service profile have not reached the system that keeps the profiles."""

    what = "changes of the service profile of account '{account_id}' have not reached the system that keeps it"
    where = "{destination}"
    why = "{fault}"
    mend = "nothing, it is tried again; if it stays so, look after that system (`orderhub status`)"


class ProfileUnusable(OperatorNeeded):
    """The rows of an account aren't a service profile that the hub can have."""

    what = "the service profile of account '{account_id}' can't be used as the other system keeps it"
    where = "{fault.where}"
    why = "{fault.what}: {fault.why}"
    mend = "mend the rows there, or load the objects that they name; then `orderhub messages replay`"


def bring_up_to_date(open_hub: OpenHub, account_ids: Collection[str]) -> None:
    """Bring the copies of these accounts' service profiles up to date; nothing where the hub keeps the profiles.

    The caller has no transaction open. A copy that this process has read within the declared cache time stays.

    Raises:
        ServiceAway, ServiceNotAsked: the other system doesn't answer.
        AnswerFaulty: its answer can't be read.
        ProfileChangesWait: changes wait that it can't have now.
        ProfileUnusable: its rows aren't a profile that the hub can have.
    """
    keeper = open_hub.runtime.profile_keeper
    if keeper is None:
        return
    now = open_hub.surroundings.monotonic()
    for account_id in sorted(account_ids):
        read_at = open_hub.profiles_read_at.get(account_id)
        if read_at is None or not now - read_at < keeper.kept.cache_s:
            _bring_one(open_hub, keeper, account_id)
            # Without a cache time nobody would look at the times, which grow with each account.
            if keeper.kept.cache_s:
                open_hub.profiles_read_at[account_id] = open_hub.surroundings.monotonic()


def _bring_one(open_hub: OpenHub, keeper: ProfileKeeper, account_id: str) -> None:
    destination = keeper.destination(account_id)
    fault = f"other changes came between {MOST_TRIES} times"
    for _ in range(MOST_TRIES):
        waiting = _deliver_changes(open_hub, destination)
        with open_hub.read() as transaction:
            # Read together: a change that is written from here on makes the copy's version another one.
            is_left = bool(transaction.messages.outbox.heads([destination]))
            account = transaction.store.query(ACCOUNT, {ACCOUNT_ID: account_id}, versions=True)
            copy = transaction.store.query(ASSET, {ACCOUNT_ID: account_id})
        # A number that no account has: the workflow refuses it.
        if is_empty(account):
            return
        if is_left:
            fault = waiting or fault
            continue
        rows = keeper.read(account_id)
        version = first_instance(account).get(VERSION) or ""
        if _is_copied(open_hub, keeper, rows, account_id, copy, version):
            return
    raise ProfileChangesWait(account_id=account_id, destination=destination, fault=fault, again_in_s=_AGAIN_S)


def _is_copied(
    open_hub: OpenHub, keeper: ProfileKeeper, rows: ProfileRows, account_id: str, copy: PropertySet, version: str
) -> bool:
    """Make the copy as the rows are; return False where another change came meanwhile, and nothing was written."""
    try:
        present = None if is_empty(copy) else first_instance(copy)
        profile = profile_of(account_id, rows, present, keeper.kept, open_hub.deployment.definitions)
        if profile is None:
            return True
        first_instance(profile).properties[VERSION] = version
        with open_hub.write() as transaction:
            transaction.store.lock_accounts([account_id])
            # Not by the effects of a run: these would send the rows back to where they came from.
            transaction.store.execute(profile)
    except VersionConflict:
        return False
    except Refused as fault:
        raise ProfileUnusable(account_id=account_id, fault=fault) from fault
    log.info("service profile read from its keeper", account=account_id)
    return True


def _deliver_changes(open_hub: OpenHub, destination: str) -> str:
    """Deliver the changes of an account; return why the first one that is left can't be delivered now, "" for none."""
    deployment = open_hub.deployment
    with closing(VirtualTransport(deployment.setup(open_hub.surroundings))) as transport:
        handing_over = HandingOver(open_hub, {VIRTUAL.name: transport})
        while True:
            with open_hub.read() as transaction:
                heads = transaction.messages.outbox.heads([destination])
            if not heads:
                return ""
            if not handing_over.hand_over(destination):
                break
    with open_hub.read() as transaction:
        heads = transaction.messages.outbox.heads([destination])
    error = heads[0].error if heads else None
    return "" if error is None else f"{error['what']}: {error['why']}"
