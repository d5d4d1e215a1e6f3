"""A person decides: a conflict on a field, or a batch that is held.

A decision on a field is a repair on both sides: the hub's object gets the value now, the partner gets it with the next
export, where it hasn't got it. The conflict of a record that was removed meanwhile can only be closed: "ours" says that
the record stays removed.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from adapters.database.replication.batches import Direction, FeedBatch
from adapters.database.replication.decisions import StoredDecision
from adapters.database.replication.rows import FeedRow
from hub.data_manager.open_hub import Transaction
from hub.replication.answers import refuse
from hub.replication.compare import RecordDecision
from hub.replication.flat_row import digest_of
from hub.replication.object_writes import write_objects
from hub.replication.opened_feed import OpenFeed
from hub.replication.row_decisions import DecidedRow
from integration_objects.errors import Refused
from integration_objects.field_values import check_value
from integration_objects.names import ACCOUNT

#: The way out where a decided value can't be stored.
_OTHER_VALUE = "give another value"


class ConflictUnknown(Refused):
    """A command names a conflict that the feed doesn't have."""

    what = "there is no conflict {number} on a field"
    where = "feed {feed}"
    why = "{reason}"
    mend = "`orderhub feed conflicts {feed}` lists them"


class ConflictDecided(Refused):
    """A command decides a conflict that a person has decided before."""

    what = "the conflict {conflict.seq} is decided"
    where = "feed {feed.name}"
    why = "{conflict.decided_by} decided it at {conflict.decided_at}: {conflict.reason}"
    mend = "change the record in the hub if the decision was wrong: the next export sends it"


class DecisionUnfit(Refused):
    """The decided value can't be stored."""

    what = "the value can't be that of {field}"
    where = "feed {feed}, conflict {number}"
    why = "{fault}"
    mend = "{mend}"


class NothingHeld(Refused):
    """A command lets a batch go on, or gives it up, and none is held."""

    what = "no batch of {feed} {state}"
    where = "feed {feed}"
    why = "{reason}"
    mend = "`orderhub feed status {feed}` shows the batches"


class TwoHeld(Refused):
    """A command is about the batch in work, and there is one in each direction."""

    what = "a file of the partner's and an export of {feed} are in work"
    where = "feed {feed}"
    why = "the command is about one of them"
    mend = "name it: --direction in, or --direction out for the export"


class FeedBatchCancelled(Refused):
    """A person has cancelled a batch before its first record was taken."""

    what = "the file was cancelled by {by}"
    where = "feed {feed}"
    why = "{reason}"
    mend = "send the file again, under the same number, once the reason is gone"


def decide_conflict(
    open_feed: OpenFeed, transaction: Transaction, number: int, take: str, value: str | None, by: str, why: str
) -> StoredDecision:
    """Decide a conflict on a field: take "ours", "theirs", or "value", the given one; return it as it was.

    "ours" closes the conflict of a record that was removed meanwhile, or of a field that the feed has no more.

    Raises:
        ConflictUnknown, ConflictDecided: there is no such conflict; a person has decided it.
        DecisionUnfit: the value can't be stored.
        Refused: the store refuses the value.
    """
    feed, decisions = open_feed.feed, open_feed.decisions(transaction)
    conflict = decisions.row(number)
    if conflict is None or conflict.conflict is None or conflict.field is None:
        raise ConflictUnknown(number=number, feed=feed.name, reason="no conflict of this number is about a field")
    if conflict.state == "decided":
        raise ConflictDecided(feed=feed, conflict=conflict)
    if feed.object == ACCOUNT:
        transaction.store.lock_accounts([conflict.key])
    ours = open_feed.flat_rows.by_key(transaction.connection, [conflict.key]).get(conflict.key)
    if ours is None or conflict.field not in feed.names:
        gone = f"the record {conflict.key} was removed" if ours is None else "the feed doesn't have the field any more"
        if take != "ours":
            mend = "`--take ours` closes the conflict"
            raise DecisionUnfit(feed=feed.name, field=conflict.field, number=number, fault=gone, mend=mend)
        decisions.decide(number, take, None, by, why)
        return conflict
    place = feed.names.index(conflict.field)
    chosen = {"ours": ours.fields[place], "theirs": conflict.theirs or None, "value": value}[take]
    fault = None if chosen is None else check_value(feed.fields[place].field, chosen)
    if fault is not None:
        raise DecisionUnfit(feed=feed.name, field=conflict.field, number=number, fault=fault, mend=_OTHER_VALUE)
    values = (*ours.fields[:place], chosen, *ours.fields[place + 1 :])
    batch = open_feed.batches(transaction).add(feed.name, "in", "repair", "done", records=1)
    row = FeedRow(1, conflict.key, "change", None, digest_of(values), None, None, "IMPORTED", None, values)
    open_feed.rows(transaction).add(batch.id, [row])
    decision = RecordDecision("change", values, None)
    written = write_objects(open_feed, transaction, [DecidedRow(row, ours, None, decision, "IMPORTED")])[0]
    if written.decision is None:
        fault = (written.reason or {}).get("what", "")
        raise DecisionUnfit(feed=feed.name, field=conflict.field, number=number, fault=fault, mend=_OTHER_VALUE)
    decisions.decide(number, take, chosen, by, why)
    open_feed.note_records(transaction, [conflict.key])
    return conflict


def release(
    open_feed: OpenFeed, transaction: Transaction, by: str, why: str, direction: Direction | None = None
) -> FeedBatch:
    """Let the held batch go on: the next import merges the partner's file, an export gets its number.

    Raises:
        NothingHeld: none is held.
        TwoHeld: one is held in each direction, and *direction* names none.
    """
    batch = _first(open_feed, transaction, ("held",), "is held", direction)
    batches = open_feed.batches(transaction)
    open_feed.alarms(transaction).clear("held", batch.id)
    released = {"error": None, "released_by": by, "release_reason": why}
    if batch.direction == "out":
        return batches.advance(batch, state="sent", number=open_feed.next_number(batches, "out"), **released)
    return batches.advance(batch, state="merging", **released)


def cancel(
    open_feed: OpenFeed, transaction: Transaction, by: str, why: str, direction: Direction | None = None
) -> FeedBatch:
    """Give up the batch that is in work before its first record was taken or sent; its number is free again.

    Raises:
        NothingHeld: none can be given up.
        TwoHeld: one can be given up in each direction, and *direction* names none.
    """
    states = ("held", "staging", "judging", "collecting")
    batch = _first(open_feed, transaction, states, "can be cancelled", direction)
    error = FeedBatchCancelled(by=by, feed=open_feed.feed.name, reason=why)
    if batch.direction == "in":
        return refuse(open_feed, transaction, batch, error, batch.number, "cancelled")
    # The next export compares anew: nothing of this one is on its way.
    open_feed.agreed(transaction).clear_sent_by(batch.id)
    open_feed.rows(transaction).remove(batch.id)
    open_feed.alarms(transaction).clear("held", batch.id)
    return open_feed.batches(transaction).advance(batch, state="cancelled", error=error)


def _first(
    open_feed: OpenFeed, transaction: Transaction, states: tuple[str, ...], words: str, direction: Direction | None
) -> FeedBatch:
    feed, batches = open_feed.feed.name, open_feed.batches(transaction)
    directions: tuple[Direction, ...] = ("in", "out") if direction is None else (direction,)
    found = [
        [
            batch
            for batch in batches.open(feed, each)
            if batch.state in states and (each == "in" or batch.kind != "answer")
        ]
        for each in directions
    ]
    firsts = [batch for batch, *_ in filter(None, found)]
    if len(firsts) > 1:
        raise TwoHeld(feed=feed)
    if not firsts:
        raise NothingHeld(feed=feed, state=words, reason=f"no open batch is {' or '.join(states)}")
    return firsts[0]
