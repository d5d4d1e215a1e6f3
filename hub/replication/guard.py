"""The guard against mass changes: a file over a limit is held before its first row, an export before it is written.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from adapters.database.replication.batches import FeedBatch
from hub.deployment.feed import Feed, Limit, LimitName
from integration_objects.errors import OperatorNeeded

#: Records that a share always allows: a share of few records says little.
_ALWAYS = 25


class MassChange(OperatorNeeded):
    """A batch changes more than its feed allows without a person."""

    what = "{subject} of {batch.feed} changes more than its limits allow"
    where = "feed {batch.feed}, batch {batch.id}"
    why = "{excess}"
    mend = (
        "look at it, then `orderhub feed release {batch.feed} --reason ...` "
        "or `orderhub feed cancel {batch.feed} --reason ...`"
    )


def mass_change(feed: Feed, batch: FeedBatch, agreed: int, earlier: Sequence[FeedBatch]) -> MassChange | None:
    """Compare the counts of a judged file, or of a collected export, with the limits.

    Args:
        feed: declares the limits.
        batch: with its counts.
        agreed: the number of agreed records before the batch.
        earlier: the last batches of the same direction and kind, the newest first.

    Returns:
        The reason to hold the batch; None if it is within the limits.
    """
    excess = list(_excess(feed, batch, agreed, earlier))
    # An export has no number before it is let go.
    subject = "the export" if batch.direction == "out" else f"file {batch.number}"
    return MassChange(batch=batch, subject=subject, excess="; ".join(excess)) if excess else None


def _excess(feed: Feed, batch: FeedBatch, agreed: int, earlier: Sequence[FeedBatch]) -> Iterator[str]:
    # The partner may delete the records that a full file of ours lacks.
    deletes = batch.deletes + (batch.missing if feed.deletes_missing or batch.direction == "out" else 0)
    counts: dict[LimitName, int] = {"adds": batch.adds, "changes": batch.changes, "deletes": deletes}
    for name, found in counts.items():
        limit = feed.limits.get(name)
        if limit is not None and found > _most(limit, agreed):
            share = f" of {agreed} records" if limit.per_cent is not None else ""
            yield f"{found} {name}, and at most {limit}{share} are allowed"
    # The size of a file of changes tells nothing: a quiet day has few.
    if batch.kind == "full":
        yield from _size_excess(batch, earlier, feed.limits.get("size"))
    amounts = [Decimal(earlier_batch.amount) for earlier_batch in earlier if earlier_batch.amount is not None]
    if amounts and batch.amount is not None:
        yield from _deviation("amount", "in all", feed.limits.get("amounts"), Decimal(batch.amount), amounts[0])


def _size_excess(batch: FeedBatch, earlier: Sequence[FeedBatch], limit: Limit | None) -> Iterator[str]:
    if batch.direction == "out":
        # The bytes of a file that isn't written are unknown, so that its records stand for them.
        records = [earlier_batch.records for earlier_batch in earlier if earlier_batch.records]
        if records and limit is not None and limit.per_cent is not None:
            yield from _deviation("size", "records", limit, Decimal(batch.records), _average(records))
        return
    sizes = [earlier_batch.size for earlier_batch in earlier if earlier_batch.size]
    if sizes and batch.size is not None:
        yield from _deviation("size", "bytes", limit, Decimal(batch.size), _average(sizes))


def _most(limit: Limit, agreed: int) -> float:
    # A share of nothing says nothing: the first file brings all records.
    if limit.per_cent is not None:
        return max(_ALWAYS, agreed * limit.per_cent / 100) if agreed else float("inf")
    return limit.most if limit.most is not None else float("inf")


def _average(sizes: Sequence[int]) -> Decimal:
    return Decimal(sum(sizes)) / len(sizes)


def _deviation(name: str, unit: str, limit: Limit | None, found: Decimal, usual: Decimal) -> Iterator[str]:
    if limit is None:
        return
    allowed = Decimal(limit.most) if limit.most is not None else abs(usual) * (limit.per_cent or 0) / 100
    if abs(found - usual) > allowed:
        yield f"a {name} of {found:f} {unit}, and {usual:.0f} is usual, give or take {limit}"
