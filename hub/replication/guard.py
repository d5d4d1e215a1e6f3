"""The guard against mass changes: a batch over a limit is held before its first row.

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

    what = "file {batch.number} of {batch.feed} changes more than its limits allow"
    where = "feed {batch.feed}, batch {batch.id}"
    why = "{excess}"
    mend = "look at it, then `orderhub feed release {batch.feed} --reason ...` or `orderhub feed cancel {batch.feed}`"


def mass_change(feed: Feed, batch: FeedBatch, agreed: int, earlier: Sequence[FeedBatch]) -> MassChange | None:
    """Compare the counts of a judged batch with the limits; return the reason to hold it, or None.

    Args:
        feed: declares the limits.
        batch: with its counts.
        agreed: the number of agreed records before the batch.
        earlier: the last batches of the same kind that were taken, the newest first.
    """
    excess = list(_excess(feed, batch, agreed, earlier))
    return MassChange(batch=batch, excess="; ".join(excess)) if excess else None


def _excess(feed: Feed, batch: FeedBatch, agreed: int, earlier: Sequence[FeedBatch]) -> Iterator[str]:
    deletes = batch.deletes + (batch.missing if feed.deletes_missing else 0)
    counts: dict[LimitName, int] = {"adds": batch.adds, "changes": batch.changes, "deletes": deletes}
    for name, found in counts.items():
        limit = feed.limits.get(name)
        if limit is not None and found > _most(limit, agreed):
            share = f" of {agreed} records" if limit.per_cent is not None else ""
            yield f"{found} {name}, and at most {limit}{share} are allowed"
    sizes = [earlier_batch.size for earlier_batch in earlier if earlier_batch.size]
    # The size of a file of changes tells nothing: a quiet day has few.
    if sizes and batch.size is not None and batch.kind == "full":
        yield from _deviation("size", "bytes", feed.limits.get("size"), Decimal(batch.size), _average(sizes))
    amounts = [Decimal(earlier_batch.amount) for earlier_batch in earlier if earlier_batch.amount is not None]
    if amounts and batch.amount is not None:
        yield from _deviation("amount", "in all", feed.limits.get("amounts"), Decimal(batch.amount), amounts[0])


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
