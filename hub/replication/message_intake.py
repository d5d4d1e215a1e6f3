"""The partner's messages of a feed: changed records, judged as rows of a file are, and answers to the hub's messages.

A message is one batch, worked in one transaction. An older record than the one last agreed on changes nothing, so that
a message may come late, twice or before its file.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md, "Messages between two files".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from adapters.database.replication.batches import MESSAGE, FeedBatch
from adapters.database.replication.rows import REJECTED, FeedRow
from hub.data_manager.open_hub import Transaction
from hub.data_manager.own_work import InWork
from hub.deployment.feed import feed_named
from hub.deployment.feed_form import KEY, MOST_RECORDS, OUTCOME, POSITION, REASON, TEXT, VERSION, FeedForm
from hub.replication.file_reading import answered_in
from hub.replication.flat_row import version_of, written_version
from hub.replication.judging import FeedKeyTwice
from hub.replication.merge import as_sent, merge_rows
from hub.replication.opened_feed import OpenFeed
from hub.replication.staging import FeedVersionUnfit, data_row
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import result_reply
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT
from schemas.layouts.layout import Found

#: The name of the work in replies.
_NAME = "Feed Message"
_STALE = "stale"


class FeedAnswerUnasked(Refused):
    """The partner answers a message that the hub hasn't sent."""

    what = "there is no message of {feed} that this answers"
    where = "feed {feed}, correlation id"
    why = "{reason}"
    mend = "answer with the message's id as correlation id, and its record's key; the next file settles the record"


class MessageIntake:
    """The work on the route of a feed."""

    def lock(self, transaction: Transaction, work: InWork) -> set[str]:
        """Lock the feed, and return the accounts that the message names."""
        open_feed, form = _open_feed(transaction, work)
        open_feed.lock(transaction)
        if open_feed.feed.object != ACCOUNT:
            return set()
        assert work.tree is not None  # noqa: S101  # the caller has looked
        return {key for node in work.tree.children if (key := form.key_of(node)) is not None}

    def run(self, transaction: Transaction, work: InWork) -> Outcome:
        """Merge the records of a message, or take the partner's answer to one of the hub's."""
        open_feed, form = _open_feed(transaction, work)
        open_feed.lock(transaction)
        every = list(form.records(work.row.body))
        if every[0].type.name == open_feed.feed.file.answer.record:
            # Before anything else: an answer isn't answered, not even where it is refused.
            work.row.reply_to = None
            _take_answer(open_feed, transaction, form, work.row.correlation_id, every)
            return Outcome()
        rows = _merged(open_feed, transaction, work, every)
        keys = sorted({row.key for row in rows if row.key is not None})
        # The hub may keep other values: they leave at once, too.
        open_feed.note_records(transaction, keys)
        definitions = transaction.open_hub.deployment.definitions
        reply = result_reply(_NAME, (), (), definitions, [_answer(row) for row in rows])
        if all(row.row_status == "DUP_RECORD_EXISTS" for row in rows):
            return Outcome("filtered", reply, why="the hub has these records, or newer ones")
        return Outcome(reply=reply)


def _open_feed(transaction: Transaction, work: InWork) -> tuple[OpenFeed, FeedForm]:
    feed = feed_named(transaction.open_hub.deployment.feeds, work.route.feed)
    return OpenFeed(transaction.open_hub, feed), cast(FeedForm, work.route.external)


def _merged(open_feed: OpenFeed, transaction: Transaction, work: InWork, every: Sequence[Found[Any]]) -> list[FeedRow]:
    """Judge and merge the records of a message; return their rows as they are then."""
    feed, row, batches = open_feed.feed, work.row, open_feed.batches(transaction)
    count = len(every)
    batch = batches.add(
        feed.name, "in", MESSAGE, "done", name=row.message_id or row.id, digest=row.digest, size=row.size, records=count
    )
    rows = open_feed.rows(transaction)
    rows.add(batch.id, (data_row(feed, open_feed.key_field, "delta", at, found) for at, found in enumerate(every, 1)))
    rows.judge(batch.id, feed.name, 0, count, FeedKeyTwice().as_dict())
    operations = rows.operations(batch.id, feed.name)
    decided = merge_rows(open_feed, transaction, batch, rows.listing(batch.id, 0, count))
    statuses = rows.statuses(batch.id)
    batches.advance(
        batch,
        **operations,
        unchanged=statuses.get("DUP_RECORD_EXISTS", 0),
        conflicts=sum(each.has_conflict for each in decided),
        rejected=sum(statuses.get(status, 0) for status in REJECTED),
    )
    return rows.listing(batch.id, 0, count, tuple(statuses))


def _answer(row: FeedRow) -> dict[str, str | None]:
    """Return the cells of the answer to a record."""
    reason = row.reason or {}
    name = reason.get("conflict") or reason.get("reason")
    # An old state isn't taken. Where the partner's record still is as it was told, the next file must tell of it again.
    outcome = "rejected" if row.row_status in REJECTED else "kept" if name == _STALE else "accepted"
    return {
        POSITION: str(row.position),
        KEY: row.key,
        OUTCOME: outcome,
        REASON: name,
        TEXT: reason.get("what"),
        VERSION: None if row.version is None else written_version(row.version),
    }


def _take_answer(
    open_feed: OpenFeed, transaction: Transaction, form: FeedForm, answers: str | None, every: Sequence[Found[Any]]
) -> None:
    """Take the partner's answer to the message with the id *answers*.

    What the partner accepted is agreed on, unless a later version of its record has come meanwhile. Otherwise the
    record stays in doubt: the next file has it, and the answer to the file settles it.

    Raises:
        FeedAnswerUnasked: there is no such message, or it hasn't the record.
        FeedVersionUnfit: an accepted record has no version.
    """
    feed, batches = open_feed.feed, open_feed.batches(transaction)
    batch = batches.row(answers or "")
    if batch is None or (batch.feed, batch.direction, batch.kind) != (feed.name, "out", MESSAGE):
        reason = f"no message has the id {answers!r}" if answers else "the answer has no correlation id"
        raise FeedAnswerUnasked(feed=feed.name, reason=reason)
    outcomes = list(_outcomes(open_feed, transaction, form, batch, every))
    agreed, now = open_feed.agreed(transaction), open_feed.open_hub.surroundings.now()
    known = agreed.by_key([row.key or "" for row, _, _ in outcomes])
    for row, outcome, version in outcomes:
        record = known.get(row.key or "")
        if record is None:
            continue
        if outcome == "accepted":
            agreed.put([as_sent(row, record, batch.id, batch.id, now, version)])
        elif record.sent_batch == batch.id:
            # Not on its way any more. The batch stays: an earlier message may have changed the partner's record.
            agreed.put([record._replace(sent=None)])
    if batch.is_open:
        counts = {name: sum(outcome == name for _, outcome, _ in outcomes) for name in ("kept", "rejected")}
        batches.advance(batch, state="done", **counts)


def _outcomes(
    open_feed: OpenFeed, transaction: Transaction, form: FeedForm, batch: FeedBatch, every: Sequence[Found[Any]]
) -> Iterator[tuple[FeedRow, str, str | None]]:
    """Yield each answered row of the hub's message with its outcome and the partner's version; keep the words."""
    feed, rows = open_feed.feed, open_feed.rows(transaction)
    answer = feed.file.answer
    sent = {row.key: row for row in rows.listing(batch.id, 0, MOST_RECORDS, ("EXPORTED",))}
    for found in every:
        get = found.node.properties.get
        row = sent.get(form.key_of(found.node))
        if row is None:
            raise FeedAnswerUnasked(feed=feed.name, reason=f"the message has no record {form.key_of(found.node)!r}")
        outcome, version = answered_in(feed, found), version_of(get(answer.version or "") or None)
        if outcome == "accepted" and version is None:
            raise FeedVersionUnfit(feed=feed, found="")
        if outcome != "accepted":
            words = {"answer": outcome, "reason": get(answer.reason) or outcome, "what": get(answer.text) or ""}
            rows.set_statuses(batch.id, [(row.position, "EXPORTED", words)])
        yield row, outcome, version
