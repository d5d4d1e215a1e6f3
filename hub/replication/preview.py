"""Say what the import of a file would do, without doing it.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Generator
from typing import BinaryIO

from adapters.database.replication.rows import REJECTED
from hub.replication.file_reading import check_file
from hub.replication.opened_feed import OpenFeed
from hub.replication.row_decisions import DecidedRow, decide_rows
from hub.replication.staging import staged_rows

_OUTCOMES = ("add", "change", "delete", "unchanged", "conflict", "rejected")


def preview(open_feed: OpenFeed, file: BinaryIO) -> Generator[int, None, dict[str, int]]:
    """Check a file of data, and decide all of its records; yield the bytes read so far, and return the counts.

    Raises:
        Invalid: the file would be refused.
    """
    feed = open_feed.feed
    checked = yield from check_file(feed, open_feed.layout, file, open_feed.open_hub.surroundings.now()[:10])
    counts: Counter[str] = Counter()
    file.seek(0)
    rows = staged_rows(feed, open_feed.key_field, open_feed.layout, file, checked.header.kind)
    while checked.header.kind != "answer" and (part := list(itertools.islice(rows, feed.chunk))):
        good = [row for row in part if row.row_status == "FOR_IMPORT"]
        counts["rejected"] += len(part) - len(good)
        with open_feed.open_hub.read() as transaction:
            for decided in decide_rows(open_feed, transaction, good):
                counts.update(_outcomes(decided))
        yield part[-1].place or 0
    return {name: counts[name] for name in _OUTCOMES}


def _outcomes(decided: DecidedRow) -> list[str]:
    if decided.decision is None or decided.status in REJECTED:
        return ["rejected"]
    outcome = decided.decision.outcome
    named = outcome if outcome in _OUTCOMES else "unchanged"
    return [named, "conflict"] if decided.has_conflict else [named]
