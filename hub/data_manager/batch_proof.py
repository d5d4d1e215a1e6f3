"""The first reading of a batch's file: its structure, its header and its trailer; nothing is stored.

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from hub.deployment.route import Route, value_in
from hub.deployment.route_batch import RouteBatch
from integration_objects.errors import Invalid, Misconfigured
from integration_objects.expression import text_of
from integration_objects.field_values import as_number, shown
from maps.scope import Scope
from schemas.batch_format import MOST_FILE_BYTES, MOST_ORDERS, BatchFrame

#: characters of the sender's number of a file
MOST_NUMBER = 255


class RouteWithoutBatches(Misconfigured):
    """A command names a route that takes no batches."""

    what = "the route {route.name} takes no batches"
    where = "{route.where}"
    mend = "declare `batch:` in the route, or send single messages with `orderhub send`"


class BatchTooLarge(Invalid):
    """A file is larger than any batch, or has more orders."""

    what = "the file is too large for a batch"
    why = "it has {found:,} {counted}, and may have {most:,}"
    mend = "send it in parts"


class OrderCountWrong(Invalid):
    """The number of orders that a header or trailer names differs from the orders of the file."""

    what = "the number of orders doesn't agree with the file"
    where = "route {route.name}, batch, count"
    why = "it says {said}, and the file has {found}"
    mend = "send the file whole and once, or correct the number"


class BatchNumberUnreadable(Invalid):
    """The header's number of the file is missing, or can't be one."""

    what = "the file's number can't be read"
    where = "route {route.name}, batch, number"
    why = "{reason}"
    mend = "send a number of 1 to 255 printable characters, another one for each file"


@dataclass(frozen=True)
class ProvenBatch:
    """A file that was read once, and is sound.

    Attributes:
        frame: its header and trailer, and the number of its orders.
        number: the sender's number of the file; None where the route declares none.
        first_number: the number of the file whose refused orders come again; None for none.
    """

    frame: BatchFrame
    number: str | None
    first_number: str | None


def batch_of(route: Route) -> RouteBatch:
    """Return the declaration of the route's batches.

    Raises:
        RouteWithoutBatches: the route takes none.
    """
    if route.batch is None:
        raise RouteWithoutBatches(route=route)
    return route.batch


def prove_batch(route: Route, file: BinaryIO, size: int) -> Generator[int, None, ProvenBatch]:
    """Read a file and check it; yield the bytes read so far, now and then.

    Args:
        route: takes batches.
        file: at its beginning.
        size: its bytes.

    Raises:
        RouteWithoutBatches: the route takes none.
        Invalid: the first fault, with its place in the file.
    """
    batch = batch_of(route)
    if size > MOST_FILE_BYTES:
        raise BatchTooLarge(found=size, counted="bytes", most=MOST_FILE_BYTES)
    frame = yield from batch.format.read_frame(file, route.limits, batch.alone)
    if frame.orders > MOST_ORDERS:
        raise BatchTooLarge(found=frame.orders, counted="orders", most=MOST_ORDERS)
    tree = batch.format.frame_tree(frame, route.limits)
    if batch.count is not None:
        said = text_of(batch.count.expression.evaluate(Scope(tree, None)))
        if said is None or as_number(said.strip()) != Decimal(frame.orders):
            told = "nothing" if said is None else shown(said)
            raise OrderCountWrong(route=route, said=told, found=frame.orders)
    number = first_number = None
    if batch.number is not None:
        number = _number(route, value_in(batch.number, tree))
    if batch.resubmits is not None:
        first_number = value_in(batch.resubmits, tree)
    return ProvenBatch(frame, number, first_number)


def prove_at_once(route: Route, file: BinaryIO, size: int) -> ProvenBatch:
    """Read a file and check it, as `prove_batch` does, for nobody who looks on."""
    reading = prove_batch(route, file, size)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            proven: ProvenBatch = end.value
            return proven


def _number(route: Route, number: str | None) -> str:
    if number is None:
        raise BatchNumberUnreadable(route=route, reason="the header has none")
    if len(number) > MOST_NUMBER or not number.isprintable():
        raise BatchNumberUnreadable(route=route, reason=f"it is {shown(number)}")
    return number
