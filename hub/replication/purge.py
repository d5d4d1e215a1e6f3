"""Remove old rows of the interface table, as a feed's `kept` says; batches, decisions and agreed rows stay.

    always kept      rows of open batches, of the newest batches, of open conflicts, and rejected ones: the answer is
                     made of them once more if its file comes again
    kept for long    rows that a decision names: `orderhub feed why` tells their bytes
    removed          all other rows, some days after their batch's end

Spec: docs/replication.md, "Old rows".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.database.replication.batches import Direction, FeedBatch
from hub.replication.opened_feed import OpenFeed

_DAY_S = 86_400
#: Rows that one transaction removes.
_AT_ONCE = 5000
#: Messages whose rows one transaction removes; most have one row.
_MESSAGES = 500


@dataclass(frozen=True)
class Purged:
    """The outcome of a purge.

    Attributes:
        rows: the rows that were removed.
        batches: the batches of which rows were removed.
    """

    rows: int
    batches: int


def purge(open_feed: OpenFeed) -> Purged:
    """Remove old rows, some in each transaction, so that others needn't wait for long."""
    kept, surroundings = open_feed.feed.kept, open_feed.open_hub.surroundings
    until, sources_until = (surroundings.later(-days * _DAY_S) for days in (kept.days, kept.sources))
    old = _old_batches(open_feed, until)
    counts = [sum(_removed(open_feed, batch, sources_until)) for batch in old]
    messages = list(_removed_of_messages(open_feed, until, sources_until))
    return Purged(
        sum(counts) + sum(rows for rows, _ in messages),
        sum(count > 0 for count in counts) + sum(batches for _, batches in messages),
    )


def _removed_of_messages(open_feed: OpenFeed, until: str, sources_until: str) -> Iterator[tuple[int, int]]:
    """Remove the old rows of messages, many messages in each transaction; yield the removed rows, and their messages.

    A message doesn't wait for files to come behind it: a feed whose messages all arrive has few files.
    """
    behind = 0
    while True:
        with open_feed.open_hub.write() as transaction:
            ended = open_feed.batches(transaction).ended_messages(open_feed.feed.name, until, behind, _MESSAGES)
            if not ended:
                return
            counts = open_feed.rows(transaction).purge_messages([each for _, each in ended], sources_until)
        behind = ended[-1][0]
        yield counts


def _removed(open_feed: OpenFeed, batch: FeedBatch, sources_until: str) -> Iterator[int]:
    """Remove the old rows of a batch; yield the number that each transaction has removed."""
    count, behind = 1, 0
    while count:
        with open_feed.open_hub.write() as transaction:
            count, behind = open_feed.rows(transaction).purge(batch.id, behind, _AT_ONCE, sources_until)
        yield count


def _old_batches(open_feed: OpenFeed, until: str) -> Iterator[FeedBatch]:
    """Yield the files that ended before a time, but for the newest of each direction."""
    directions: tuple[Direction, ...] = ("in", "out")
    for direction in directions:
        with open_feed.open_hub.read() as transaction:
            batches = open_feed.batches(transaction)
            ended = batches.ended(open_feed.feed.name, direction, until, open_feed.feed.kept.batches)
        yield from ended
