"""A partner's own check of a file of many orders: judged whole as it would be taken, then order by order.

Orders are judged in groups, each in a transaction that is rolled back: an order is judged with the ones before it in
its group. One transaction for a whole file would hold its accounts for as long as the file takes.

Spec: docs/design/legacy.md, "A partner's own check"; docs/batches.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import BinaryIO

from adapters.database.messages.batches import BatchRow
from adapters.transport import Delivery
from hub.data_manager.batch_filing import accept, first_batch, order_arrival
from hub.data_manager.batch_proof import ProvenBatch
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.partner_check import Judgement, judge_arrivals
from hub.deployment.route import Route
from integration_objects.errors import Refused
from schemas.batch_format import BatchOrder

#: orders that are judged in one transaction
GROUP = 100


class FileKnown(Refused):
    """The hub has the same file already: sent again, it gets the same answer, and changes nothing."""

    what = "the hub has the same file already"
    where = "route {route}, batch {first}"
    why = "the bytes are the same"
    mend = "nothing: `orderhub batch show {first}` has its verdicts"


class ResubmissionNotJudged(Refused):
    """A file sends the refused orders of an earlier file again, which the check can't judge."""

    what = "the check doesn't judge a file that sends orders again"
    where = "route {route}, batch {first}"
    why = "the orders that were accepted with the first file are passed over in the real run, and would be refused here"
    mend = "check a file with the new orders alone, as a file that names no earlier one"


def judge_file(open_hub: OpenHub, route: Route, proven: ProvenBatch, digest: str, size: int) -> str:
    """Judge whether a proven file would be taken, beside the files that came before; return the id for its orders.

    Raises:
        BatchNumberReused, FirstBatchUnknown, FirstBatchOpen: it would be refused.
        FileKnown, ResubmissionNotJudged: there is nothing to judge, or it can't be judged.
    """
    row_id, accepted = judge_acceptance(open_hub, route, proven, digest, size)
    if accepted is not None and accepted.repeats is not None:
        raise FileKnown(route=route.name, first=accepted.repeats)
    if accepted is not None and accepted.resubmits is not None:
        raise ResubmissionNotJudged(route=route.name, first=accepted.resubmits)
    return row_id


def judge_acceptance(
    open_hub: OpenHub, route: Route, proven: ProvenBatch, digest: str, size: int, resubmits: str | None = None
) -> tuple[str, BatchRow | None]:
    """Accept a proven file without effect; return the id that it got, and its row as it would stand then.

    *resubmits* is the id or the number of the batch whose refused orders the file sends again.

    Raises:
        BatchNumberReused, FirstBatchUnknown, FirstBatchOpen: it would be refused.
    """
    with open_hub.write(dry_run=True) as transaction:
        batches = transaction.messages.batches
        first = None if resubmits is None else first_batch(transaction, route, resubmits).id
        row = batches.add(route.name, digest, size, "check", f"{route.place}/check", first)
        accept(transaction, route, row, proven)
        return row.id, batches.row(row.id)


def judge_orders(
    open_hub: OpenHub, route: Route, proven: ProvenBatch, batch_id: str, file: BinaryIO
) -> Iterator[tuple[BatchOrder, Judgement]]:
    """Judge the orders of a file that would be taken; give each with its judgement, in the order of their positions.

    *file* stands at its beginning.
    """
    assert route.batch is not None  # noqa: S101  # the file is proven
    source = f"{route.place}/check"
    orders = route.batch.format.orders(file, proven.frame, route.limits)
    while group := list(itertools.islice(orders, GROUP)):
        arrivals = [order_arrival(route, order, batch_id, source) for order in group]
        deliveries = [Delivery(arrival.envelope, route.place, arrival.sender, source) for arrival in arrivals]
        judgements = judge_arrivals(open_hub, route, list(zip(deliveries, arrivals, strict=True)))
        yield from zip(group, judgements, strict=True)
