"""The report of a batch: its counts, the checks that weren't made, and each record that was rejected or collided.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from typing import Any

from adapters.database.replication.batches import FeedBatch
from adapters.database.replication.rows import REJECTED
from hub.data_manager.open_hub import Transaction
from hub.replication.opened_feed import OpenFeed
from integration_objects.errors import Refused

#: Records that a report lists.
MOST_LISTED = 1000
#: The newest batches among which the newest file is looked for.
_LOOKED_AT = 1000
_FACTS = ("number", "direction", "kind", "state", "name", "size", "received_at", "final_at", "released_by")
_COUNTS = ("records", "adds", "changes", "deletes", "unchanged", "missing", "conflicts", "rejected", "kept")
#: The states of rows that a report lists.
_LISTED = (*REJECTED, "PARTIALLY_IMPORTED")


class FeedBatchUnknown(Refused):
    """A command names a file that the feed never took in."""

    what = "there is no file {number} of {feed}"
    where = "feed {feed}"
    why = "no batch from the partner has this number"
    mend = "`orderhub feed status {feed}` lists the batches"


def report_of(open_feed: OpenFeed, transaction: Transaction, number: int | None) -> dict[str, Any]:
    """Return the report of the partner's file with a number, or of the newest one.

    Returns:
        ``feed``, ``facts``, ``counts``, ``waived checks``, ``alarms``, ``messages``, and ``records``: position, key,
        row_status, reason and text of each record that was rejected or collided.

    Raises:
        FeedBatchUnknown: there is no such file.
    """
    feed = open_feed.feed
    batch = _batch(open_feed, transaction, number)
    rows = open_feed.rows(transaction).listing(batch.id, 0, MOST_LISTED, _LISTED)
    values = vars(batch)
    return {
        "feed": feed.name,
        "facts": {name: values[name] for name in _FACTS if values[name] is not None},
        "counts": {name: values[name] for name in _COUNTS},
        "error": dict(batch.error or {}),
        "waived checks": [f"{each.check} until {each.until}: {each.reason}" for each in feed.waivers],
        "alarms": [alarm.sentence for alarm in open_feed.alarms(transaction).listing()],
        "messages": messages_in_words(open_feed, transaction),
        "records": [
            {
                "position": row.position,
                "key": row.key,
                "row_status": row.row_status,
                "reason": (row.reason or {}).get("reason"),
                "text": (row.reason or {}).get("what"),
            }
            for row in rows
        ],
    }


def messages_in_words(open_feed: OpenFeed, transaction: Transaction) -> list[str]:
    """Count the messages of each direction, and what became of their records; nothing for a feed that had none."""
    told = []
    for direction, counts in open_feed.batches(transaction).message_counts(open_feed.feed.name).items():
        if counts["messages"]:
            told.append(f"{direction}: " + ", ".join(f"{name} {count}" for name, count in counts.items() if count))
    return told


def _batch(open_feed: OpenFeed, transaction: Transaction, number: int | None) -> FeedBatch:
    batches, feed = open_feed.batches(transaction), open_feed.feed.name
    if number is not None:
        batch = batches.numbered(feed, "in", number)
    else:
        # Repairs, and what a person decides, are no files.
        newest = batches.listing(feed, _LOOKED_AT, direction="in")
        batch = next((each for each in newest if each.name is not None), None)
    if batch is None:
        raise FeedBatchUnknown(number=number or "", feed=feed)
    return batch
