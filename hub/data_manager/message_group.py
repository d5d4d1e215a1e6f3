"""A group of messages in one transaction: their accounts are locked once, each is worked in a savepoint of its own.

Spec: docs/design/road.md, "What commits when", "Locks".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.data_manager.endings import Endings
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import Transaction
from hub.workflow_manager.answers import StateMoved
from hub.workflow_manager.effects import TouchesAnotherAccount
from integration_objects.errors import HubError
from schemas.check import OutOfMemory


def work_group(transaction: Transaction, group: Sequence[MessageWork]) -> list[str]:
    """Work the messages of *group*, except for some that must be worked alone; return the inbox rows of these."""
    accounts = _accounts(transaction, group)
    # All accounts of the group at once and sorted: two groups that lock in the same order can't deadlock.
    transaction.store.lock_accounts(sorted(accounts))
    return [work.row.id for work in group if not _is_worked(transaction, work, accounts)]


def _accounts(transaction: Transaction, group: Sequence[MessageWork]) -> set[str]:
    """Find the accounts of a group; keep an error as the fault of the message that it belongs to."""
    accounts: set[str] = set()
    # After a refused statement PostgreSQL takes no other one before a savepoint is rolled back. Only reads are undone.
    savepoint = transaction.connection.begin_nested()
    for work in group:
        try:
            accounts |= work.accounts(transaction)
        except Exception as error:
            if transaction.open_hub.database.is_world_fault(error):
                raise
            savepoint.rollback()
            savepoint = transaction.connection.begin_nested()
            work.fault = work.fault_of(error)
    savepoint.commit()
    return accounts


def work_single(transaction: Transaction, work: MessageWork) -> None:
    """Work a message that is alone in its transaction, and may lock any account."""
    _is_worked(transaction, work, None)


def _is_worked(transaction: Transaction, work: MessageWork, locked: set[str] | None) -> bool:
    """Work one message in a savepoint, and write its end; False for a message that must be worked alone."""
    with work.computing():
        return _is_ended(transaction, work, locked)


def _is_ended(transaction: Transaction, work: MessageWork, locked: set[str] | None) -> bool:
    endings = Endings(transaction)
    if work.fault is not None:
        _fail(transaction, work, work.fault)
        return True
    savepoint = transaction.connection.begin_nested()
    mark = transaction.messages.pending_writes.mark()
    try:
        outcome, recording = work.run(transaction, locked)
        endings.finish(work, outcome, recording)
        savepoint.commit()
        return True
    except Exception as error:
        # Another message of the group moved the state that this one asked about, or the workflow needs an account
        # that the group hasn't locked; locking it now, out of order, could deadlock with another group.
        must_be_alone = locked is not None and isinstance(error, (TouchesAnotherAccount, StateMoved))
        if transaction.open_hub.database.is_world_fault(error):
            raise  # a savepoint can't save a transaction whose connection or lock is gone
        # Outbox rows and endings wait in memory for the end of the transaction, where no savepoint reaches them.
        savepoint.rollback()
        transaction.messages.pending_writes.undo(mark)
        if not must_be_alone:
            _fail(transaction, work, work.fault_of(error))
        return not must_be_alone


def _fail(transaction: Transaction, work: MessageWork, error: HubError) -> None:
    """Write how a message fails; one for which a group lacked memory is worked alone, in its turn."""
    if isinstance(error, OutOfMemory) and not work.is_alone:
        transaction.messages.inbox.work_alone([work.row.id])
    else:
        Endings(transaction).fail(work, error)
