"""Extract the records of a user into a file, which the user takes along.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapters.database.replication.remote_files import KeptFile, RemoteFiles
from adapters.remote_file import RemoteFile, write_remote_file
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.replication.remote_catalogue import reference_records
from hub.replication.remote_records import by_table, remote_tables, seen_accounts, seen_records
from hub.workflow_manager.origin import Origin
from hub.workflows.state.statuses import IN_PROGRESS
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.names import QUOTE

USER = "User"


class RemoteUserUnknown(Refused):
    """There is no such user, or no longer."""

    what = "there is no active user '{user_id}'"
    where = "{place}"
    why = "a file belongs to a user of the hub, who works there now"
    mend = "load the user (orderhub load), or name another one"


class RemoteAccountUnknown(Refused):
    """An extract names an account that isn't stored."""

    what = "the account '{account_id}' is unknown, and nothing was extracted"
    where = "option '--account'"
    why = "no account of this Account Id is stored"
    mend = "mend the Account Id; `orderhub find NAME` finds it"


class NoAccountsNamed(Refused):
    """A user's first extract names no accounts."""

    what = "the first file of user '{user_id}' needs accounts"
    where = "option '--account'"
    why = "only a later extract without accounts has those of the file before it"
    mend = "name each account of the user: --account ID --account ID"


def extract(
    open_hub: OpenHub, user_id: str, accounts: Sequence[str], has_hierarchy: bool, place: str
) -> tuple[KeptFile, bytes]:
    """Make a new file for a user.

    Args:
        accounts: the accounts of the user from now on; none for those of the user's newest file.
        has_hierarchy: whether all accounts beneath these are the user's, too.
        place: the file, for errors.

    Returns:
        The file as the hub keeps it, and its bytes.

    Raises:
        RemoteUserUnknown, RemoteAccountUnknown, NoAccountsNamed: the user or the accounts can't be used.
        RemoteFileTooLarge: the file would be over the limit.
    """
    with open_hub.write() as transaction:
        files = lock_user(transaction, user_id, place)
        newest = files.newest()
        if not accounts:
            if newest is None:
                raise NoAccountsNamed(user_id=user_id)
            accounts, has_hierarchy = newest.accounts, newest.has_hierarchy
        else:
            known = set(seen_accounts(transaction.store, accounts, False))
            for account in accounts:
                if account not in known:
                    raise RemoteAccountUnknown(account_id=account)
        kept, content = new_file(transaction, files, user_id, accounts, has_hierarchy, place)
        files.add(kept)
        return kept, content


def lock_user(transaction: Transaction, user_id: str, place: str) -> RemoteFiles:
    """Return the files of an active user; another process that works on them waits.

    Raises:
        RemoteUserUnknown: there is no such user, or the user has left.
    """
    users = transaction.store.keys(USER, {"User Id": user_id})
    if not users or users[0]["Active Flag"] == "N":
        raise RemoteUserUnknown(user_id=user_id, place=place)
    transaction.store.lock_names([f"remote client {user_id}"])
    return RemoteFiles(transaction.connection, user_id)


def new_file(
    transaction: Transaction, files: RemoteFiles, user_id: str, accounts: Sequence[str], has_hierarchy: bool, place: str
) -> tuple[KeptFile, bytes]:
    """Make the next file of a user, with the records as they are now; it isn't kept yet."""
    open_hub = transaction.open_hub
    tables = remote_tables(open_hub.stored_objects)
    newest = files.newest()
    number = 1 if newest is None else newest.number + 1
    accounts_seen = seen_accounts(transaction.store, accounts, has_hierarchy)
    records = seen_records(transaction, accounts_seen)
    run = transaction.run(Origin("remote", user_id, f"{number}"))
    in_progress = {"Account Id": accounts_seen, "Status": IN_PROGRESS}
    quotes = instances(transaction.store.query(QUOTE, in_progress)) if accounts_seen else []
    renamed = by_table(tables, {**records, **reference_records(transaction, run, quotes)})
    returned = [
        (each.id, each.object, each.key, each.field, each.base, each.yours, each.hub, each.reason, str(each.number))
        for each in files.open_returned()
    ]
    file = RemoteFile(open_hub.surroundings.new_id(), user_id, number, renamed, renamed, returned)
    kept = KeptFile(
        file.id, user_id, number, file.base_digest(), list(accounts), has_hierarchy, open_hub.surroundings.now()
    )
    return kept, write_remote_file(file, tables.values(), place)


def answer_file(transaction: Transaction, files: RemoteFiles, user_id: str, place: str) -> KeptFile:
    """Make the file that answers an applied one, and keep it with its bytes; its accounts are the newest file's."""
    newest = files.newest()
    assert newest is not None  # noqa: S101  # the applied file is one
    kept, content = new_file(transaction, files, user_id, newest.accounts, newest.has_hierarchy, place)
    kept = replace(kept, body=content)
    files.add(kept)
    return kept
