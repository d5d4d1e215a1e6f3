"""The hub's messages to a feed's partner: the records that a transaction has changed leave at once, each by itself.

What the partner has is looked at when the message is made. So a change that came from the partner, or that was taken
back meanwhile, leaves nothing.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md, "Messages between two files".
"""

from __future__ import annotations

from adapters.database.messages.outbox import OutboxMessage
from adapters.database.replication.batches import MESSAGE
from hub.data_manager.feed_changes import noted_records
from hub.data_manager.open_hub import Transaction
from hub.data_manager.own_work import InWork
from hub.deployment.door import feed_component
from hub.deployment.feed import FeedMessages, feed_named
from hub.deployment.feed_form import feed_form
from hub.replication.differences import SideBySide, sides_of
from hub.replication.export import FeedExport, Sending
from hub.replication.opened_feed import OpenFeed
from hub.workflow_manager.origin import outbound_id, trace_context
from hub.workflow_manager.outcome import Outcome
from integration_objects.property_set import PropertySet


class MessageSending:
    """The work on the route of changed records."""

    def lock(self, transaction: Transaction, work: InWork) -> set[str]:
        """Lock the feed; no account is touched."""
        assert work.tree is not None  # noqa: S101  # the caller has looked
        _open_feed(transaction, work.tree)[0].lock(transaction)
        return set()

    def run(self, transaction: Transaction, work: InWork) -> Outcome:
        """Make a message for each of the noted records that the partner has otherwise."""
        assert work.tree is not None  # noqa: S101  # the caller has looked
        open_feed, keys = _open_feed(transaction, work.tree)
        open_feed.lock(transaction)
        messages = open_feed.feed.messages
        if messages is None:
            return Outcome("filtered", why="the feed has no messages any more")
        if transaction.messages.control.is_paused(feed_component(open_feed.feed.name)):
            return Outcome("filtered", why="the feed is paused: the next file has the changes")
        export = FeedExport(open_feed)
        sides = [side for side in sides_of(open_feed, transaction, keys) if not _is_told(open_feed, transaction, side)]
        sendings = [
            sending for side in sides if (sending := export.sending(side, "delta", is_message=True)) is not None
        ]
        export.tell_unsendable(transaction, sides, sendings)
        leaving = [sending for sending in sendings if sending.refusal is None]
        for number, sending in enumerate(leaving, 1):
            _send(open_feed, transaction, export, messages, sending, work, number)
        return Outcome() if leaving else Outcome("filtered", why="the partner has these values, or is being told them")


def _open_feed(transaction: Transaction, tree: PropertySet) -> tuple[OpenFeed, list[str]]:
    name, keys = noted_records(tree)
    return OpenFeed(transaction.open_hub, feed_named(transaction.open_hub.deployment.feeds, name)), keys


def _is_told(open_feed: OpenFeed, transaction: Transaction, side: SideBySide) -> bool:
    """Tell whether a message with the wanted values is on its way."""
    if side.agreed is None or not side.is_in_doubt or side.agreed.sent != side.wanted:
        return False
    message = open_feed.batches(transaction).row(side.agreed.sent_batch or "")
    return message is not None and message.is_open


def _send(
    open_feed: OpenFeed,
    transaction: Transaction,
    export: FeedExport,
    messages: FeedMessages,
    sending: Sending,
    work: InWork,
    number: int,
) -> None:
    feed, form = open_feed.feed, feed_form(open_feed.feed, open_feed.layout)
    message_id = outbound_id(work.origin, feed.name, number)
    counts = {"records": 1, f"{sending.operation}s": 1}
    batch = open_feed.batches(transaction).add(
        feed.name, "out", MESSAGE, "sent", id=message_id, name=message_id, **counts
    )
    export.note_sent(transaction, batch, [sending])
    record = export.record_of(sending.row_at(1, len(feed.fields)))
    transaction.messages.pending_writes.emit(
        OutboxMessage(
            message_id=message_id,
            destination=messages.destination,
            kind="outbound",
            body=form.written([record]),
            inbox_id=work.row.id,
            route=work.row.route,
            type=form.name,
            content_type=form.content_type,
            headers=trace_context(work.origin, message_id),
        )
    )
