"""An open feed: its declaration with the hub, its layout, and its folder.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

from adapters.database.replication.agreed import AgreedRecords
from adapters.database.replication.alarms import FeedAlarms
from adapters.database.replication.batches import Direction, FeedBatch, FeedBatches
from adapters.database.replication.decisions import Decisions
from adapters.database.replication.flat_rows import FlatRows
from adapters.database.replication.open_orders import accounts_with_orders
from adapters.database.replication.rows import FeedRow, FeedRows
from adapters.transport import Setup
from adapters.transports.folder import FolderTransport
from hub.data_manager.feed_changes import note_records
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.door import feed_component
from hub.deployment.feed import Feed
from hub.replication.flat_row import flat_rows_of
from hub.workflows.state.service_profile import OPEN_HEADERS
from integration_objects.component import Field
from integration_objects.errors import Waiting
from integration_objects.names import ACCOUNT
from schemas.layouts.layout import Layout
from schemas.layouts.record_object import RecordObject

#: Rows that one page of `OpenFeed.each_row` has.
_PAGE = 500


class FeedPaused(Waiting):
    """A person has paused the feed."""

    what = "the feed {feed} is paused"
    where = "feed {feed}"
    why = "`orderhub feed pause {feed}` was called, and the feed wasn't resumed since"
    mend = "`orderhub feed resume {feed}`, then run the command again: it goes on where it ended"


class OpenFeed:
    """A feed in an open hub."""

    def __init__(self, open_hub: OpenHub, feed: Feed) -> None:
        self.open_hub = open_hub
        self.feed = feed

    @cached_property
    def layout(self) -> Layout[Any]:
        """The layout of its files."""
        external = self.open_hub.deployment.external_objects[self.feed.file.layout]
        return cast(RecordObject, external).layout

    @cached_property
    def folders(self) -> FolderTransport:
        """The deployment's folders."""
        deployment = self.open_hub.deployment
        return FolderTransport.open(Setup(deployment.folder, vars(deployment.settings), self.open_hub.surroundings))

    @cached_property
    def flat_rows(self) -> FlatRows:
        """The reader of the hub's own flat rows."""
        return flat_rows_of(self.feed, self.open_hub.stored_objects)

    @cached_property
    def key_field(self) -> Field:
        """The field of the root's key."""
        return self.open_hub.deployment.definitions[self.feed.object].root.fields[self.feed.key]

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a transaction that writes, the only one on this feed; wait for the transaction of another process."""
        with self.open_hub.write() as transaction:
            # On PostgreSQL each statement sees what others have committed. An export that reads the hub's records
            # before an import commits, and the agreed rows after it, would take a new account for a deleted one.
            self.lock(transaction)
            transaction.quiet_feeds.add(self.feed.name)
            yield transaction

    def lock(self, transaction: Transaction) -> None:
        """Wait for the other transactions on this feed, and keep them waiting until this one ends."""
        transaction.store.lock_names([feed_component(self.feed.name)])

    def note_records(self, transaction: Transaction, keys: Sequence[str]) -> None:
        """Let a message leave for each of these records in which the two sides differ, if the feed has messages."""
        if self.feed.messages is not None and keys:
            definitions, surroundings = self.open_hub.deployment.definitions, self.open_hub.surroundings
            note_records(transaction.messages.pending_writes, definitions, surroundings, self.feed.name, keys)

    def each_row(self, batch_id: str, statuses: Sequence[str]) -> Iterator[FeedRow]:
        """Read the rows of a batch in any of these states, in order; each page is a transaction of its own."""
        behind = 0
        while True:
            with self.open_hub.read() as transaction:
                page = self.rows(transaction).listing(batch_id, behind, _PAGE, statuses)
            yield from page
            if len(page) < _PAGE:
                return
            behind = page[-1].position

    def next_number(self, batches: FeedBatches, direction: Direction) -> int:
        """Return the number of the next file of a direction."""
        last = batches.last_number(self.feed.name, direction)
        return self.feed.file.first_number if last is None else last + 1

    def publish(self, batch: FeedBatch, parts: Iterable[bytes], **values: Any) -> FeedBatch:
        """Put the file of a batch into the outbox, then note it with the batch; *values* are further columns.

        A file that a crash left out, or that wasn't noted, is put there again with the same bytes.
        """
        name = f"{self.feed.name}.{batch.number or 0:08}"
        size, digest = self.folders.publish_file(self.feed.folder, name, parts)
        with self.write() as transaction:
            return self.batches(transaction).advance(batch, name=name, size=size, digest=digest, **values)

    def batches(self, transaction: Transaction) -> FeedBatches:
        """Return the batches in a transaction."""
        return FeedBatches(transaction.connection, self.open_hub.surroundings)

    def rows(self, transaction: Transaction) -> FeedRows:
        """Return the rows of batches in a transaction."""
        return FeedRows(transaction.connection)

    def agreed(self, transaction: Transaction) -> AgreedRecords:
        """Return the agreed rows in a transaction."""
        return AgreedRecords(transaction.connection, self.feed.name)

    def decisions(self, transaction: Transaction) -> Decisions:
        """Return the decisions in a transaction."""
        return Decisions(transaction.connection, self.open_hub.surroundings, self.feed.name)

    def alarms(self, transaction: Transaction) -> FeedAlarms:
        """Return the alarms in a transaction."""
        return FeedAlarms(transaction.connection, self.open_hub.surroundings, self.feed.name)

    def with_open_orders(self, transaction: Transaction, keys: Sequence[str]) -> frozenset[str]:
        """Return those of the keys whose accounts have an open order; none for a feed of other objects."""
        if self.feed.object != ACCOUNT or not keys:
            return frozenset()
        return accounts_with_orders(transaction.connection, self.open_hub.stored_objects, keys, OPEN_HEADERS)

    def prove_running(self, transaction: Transaction) -> None:
        """Stop between two chunks where a person has paused the feed.

        Raises:
            FeedPaused: it is paused.
        """
        if transaction.messages.control.is_paused(feed_component(self.feed.name)):
            raise FeedPaused(feed=self.feed.name, waits_for="")
