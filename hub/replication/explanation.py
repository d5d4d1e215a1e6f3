"""Explain a value of a record: the file, the record and the bytes that it came from, the rule, and the lost value.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.database.replication.batches import MESSAGE
from adapters.database.replication.decisions import StoredDecision
from hub.data_manager.open_hub import Transaction
from hub.replication.opened_feed import OpenFeed
from integration_objects.errors import UnknownName

#: What an outcome says, by its word.
_SENTENCES = {
    "taken": "only the partner had changed it: its value was taken",
    "agreed": "both sides had the same value",
    "added": "the partner's difference was added to the hub's value",
    "hub wins": "both sides had changed it: the hub's value stayed",
    "partner wins": "both sides had changed it: the partner's value was taken",
    "open": "both sides have changed it: a person must decide",
    "superseded": "both sides had changed it; a later file settled it",
    "add": "the partner's record was new: all of its values were taken",
    "delete": "the partner deleted the record",
    "refused": "the record was not taken",
}


class FeedFieldUnknown(UnknownName):
    """A command names a field that the feed doesn't have."""

    kind = "field of the feed"
    where = "argument FIELD"
    verdict = "refuse"


def explain(open_feed: OpenFeed, transaction: Transaction, key: str, field: str | None) -> list[dict[str, Any]]:
    """Return each decision on a record, or on one field of it, the newest first, with the place that it came from.

    Raises:
        FeedFieldUnknown: the feed has no such field.
    """
    feed = open_feed.feed
    if field is not None and field not in feed.names:
        raise FeedFieldUnknown(field, feed.names)
    decisions = open_feed.decisions(transaction).of_key(key)
    told = [each for each in decisions if field is None or each.field in (field, None)]
    return [_explained(open_feed, transaction, each, field) for each in reversed(told)]


def _explained(
    open_feed: OpenFeed, transaction: Transaction, decision: StoredDecision, field: str | None
) -> dict[str, Any]:
    batch = open_feed.batches(transaction).row(decision.batch_id)
    row = open_feed.rows(transaction).at(decision.batch_id, decision.position)
    value = decision.value
    if decision.field is None and decision.outcome == "add" and row is not None and field is not None:
        value = row.fields[open_feed.feed.names.index(field)]
    place = {}
    if row is not None and row.place is not None and row.length is not None:
        place = {"record": row.position, "bytes": f"{row.place + 1} to {row.place + row.length}"}
    return {
        "at": decision.at,
        "field": decision.field or field or "(record)",
        "value": _shown(value),
        "message" if batch is not None and batch.kind == MESSAGE else "file": None if batch is None else batch.name,
        "number": None if batch is None else batch.number,
        **place,
        "rule": decision.rule,
        "outcome": decision.outcome,
        "because": decision.reason or _SENTENCES.get(decision.outcome, decision.outcome),
        "conflict": decision.conflict,
        "agreed": _shown(decision.agreed),
        "ours": _shown(decision.ours),
        "theirs": _shown(decision.theirs),
        **dict(_lost(decision)),
        "decided by": decision.decided_by,
    }


def _lost(decision: StoredDecision) -> Iterator[tuple[str, str | None]]:
    if decision.outcome in ("hub wins", "ours"):
        yield "lost", _shown(decision.theirs)
    elif decision.outcome in ("partner wins", "theirs"):
        yield "lost", _shown(decision.ours)


def _shown(value: Any) -> str | None:
    return None if value == () else value
