"""A batch's file is registered, accepted or refused, and its orders become messages.

    announce     a command names the file, before it is in its folder
    register     the file is in its folder
    accept       the file is proven; or it is refused for the files that came before
    FileOrders   the second reading: order after order becomes a message

Spec: docs/design/legacy.md, "Batches"; docs/design/guarantees.md G1 and G2.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from adapters.database.messages.batches import BatchNumberReused, BatchPart, BatchRow
from adapters.database.messages.filing import Arrival
from adapters.database.schema.hub_tables import REFUSED_STATES
from adapters.transport import Delivery, Envelope
from hub.data_manager.batch_proof import ProvenBatch
from hub.data_manager.endings import Endings
from hub.data_manager.filing import arrival_of, file_arrivals
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.route import Route
from hub.workflow_manager.reply import error_reply
from integration_objects.errors import Refused, Retryable
from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFrame, BatchOrder
from schemas.hub_xml import hub_from_xml

#: orders that become messages in one transaction, and the bytes of their messages
PARTS = 200
PARTS_BYTES = 4 * 1024 * 1024


class FirstBatchUnknown(Refused):
    """A file sends orders of an earlier file again, and there is no such file."""

    what = "there is no batch '{named}' whose orders could come again"
    where = "route {route}"
    why = "no accepted file of this route has this number or id"
    mend = "name the file that was accepted: `orderhub batch list` shows its id and its number"


class FirstBatchOpen(Refused):
    """A file sends orders of an earlier file again that isn't answered yet."""

    what = "the orders of batch {first.id} can't come again yet"
    where = "route {route}, batch {first.id}"
    why = "the batch is {first.state}, and some of its orders aren't final: which ones are refused isn't known yet"
    mend = "wait until its orders are final, then send the refused ones"


class OrderNotInFirst(Refused):
    """An order of a file that sends refused orders again isn't in the file that was sent first."""

    what = "the order isn't in the batch that is sent again"
    where = "order {position}, batch {batch.id}"
    why = "batch {batch.resubmits} has no order {key}"
    mend = "send new orders in a file that names no earlier one"


class BatchTakenOver(Retryable):
    """Another process files the orders of the same batch; this one writes nothing."""

    what = "another process works on the batch"
    where = "batch {batch.id}"
    mend = "nothing: the other process goes on"


class BatchFileChanged(Retryable):
    """A file was changed after it was proven."""

    what = "the file isn't the one that was proven"
    where = "{batch.source}"
    why = "it had {batch.orders} orders, and has {found}"
    mend = "put the file back as it was; it is read again"


def announce(transaction: Transaction, route: Route, digest: str, size: int, name: str, first: str | None) -> BatchRow:
    """Note a file that a command is about to put into the route's folder.

    *first* is the id or the number of the batch whose refused orders the file sends again.

    Raises:
        FirstBatchUnknown, FirstBatchOpen: it can't come again.
    """
    batches = transaction.messages.batches
    resubmits = None if first is None else first_batch(transaction, route, first).id
    for row in batches.same(route.name, digest):
        # A former command ended before it put the file in.
        if row.state == "announced" and row.resubmits == resubmits:
            return row
    return batches.add(route.name, digest, size, name, None, resubmits)


def register(transaction: Transaction, route: Route, delivery: Delivery) -> BatchRow:
    """Note a file that is in the route's folder; a file that comes again after a death has its row already."""
    batches, envelope = transaction.messages.batches, delivery.envelope
    for row in batches.same(route.name, envelope.digest):
        if row.source == delivery.source and row.final_at is None:
            return row
        if row.state == "announced" and batches.adopt(row.id, delivery.source):
            return row
    name = delivery.source.partition("/")[2]
    return batches.add(route.name, envelope.digest, envelope.size, name, delivery.source, None)


def accept(transaction: Transaction, route: Route, batch: BatchRow, proven: ProvenBatch) -> bool:
    """Accept a proven file; return False if another process has done so.

    Raises:
        BatchNumberReused, FirstBatchUnknown, FirstBatchOpen: the file is refused for those that came before.
    """
    batches, frame = transaction.messages.batches, proven.frame
    named = batch.resubmits or proven.first_number
    first = None if named is None else first_batch(transaction, route, named)
    repeated, unfinished = _same_file(transaction, route, batch, first)
    if repeated is not None:
        return batches.accept(batch, orders=0, head=b"", tail=b"", repeats=repeated.answered)
    first = first or unfinished
    number = None
    if proven.number is not None:
        earlier = batches.numbered(route.name, proven.number)
        if earlier is not None and not (first is not None and earlier.digest == batch.digest):
            raise BatchNumberReused(number=proven.number, route=route.name, first=earlier)
        # The same bytes come again for their refused orders: the number stays that of the first file.
        number = proven.number if earlier is None else None
    return batches.accept(batch, orders=frame.orders, head=frame.head, tail=frame.tail, number=number, first=first)


def _same_file(
    transaction: Transaction, route: Route, batch: BatchRow, first: BatchRow | None
) -> tuple[BatchRow | None, BatchRow | None]:
    """Find the earlier batches with the bytes of this one: the one that it repeats, and the one that it goes on with.

    A batch that was given up before all its orders were messages goes on with the same file.
    """
    rows = [
        row
        for row in transaction.messages.batches.same(route.name, batch.digest)
        if row.seq < batch.seq and row.state not in ("announced", "received")
    ]
    given_up = [row for row in rows if row.state == "given up" and row.filed]
    if first is None and given_up:
        first = first_batch(transaction, route, given_up[-1].id)
    first_id = None if first is None else first.id
    repeated = [row for row in rows if row.state != "given up" and row.resubmits == first_id]
    return repeated[0] if repeated else None, first


def first_batch(transaction: Transaction, route: Route, named: str) -> BatchRow:
    """Return the batch that a file sends again, by its id or its number.

    Raises:
        FirstBatchUnknown, FirstBatchOpen: there is none, or it isn't answered yet.
    """
    batches = transaction.messages.batches
    first = batches.row(named) or batches.numbered(route.name, named)
    if first is None or first.route != route.name or first.state == "refused":
        raise FirstBatchUnknown(named=named, route=route.name)
    if first.state not in ("done", "given up") or batches.first_unfinished(first.answered) is not None:
        raise FirstBatchOpen(first=first, route=route.name)
    return first


def order_arrival(route: Route, order: BatchOrder, batch_id: str, source: str) -> Arrival:
    """Work out the arrival of an order of a batch: its identity is the batch and the position."""
    sent = Envelope(None, order.body, content_type=route.content_type)
    delivery = Delivery(sent, route.place, route.place, source)
    arrival = arrival_of(route, delivery, order.tree)
    identity = f"{batch_id}-{order.position}"
    envelope = replace(
        arrival.envelope,
        message_id=arrival.envelope.message_id or identity,
        correlation_id=batch_id,
        reply_to=f"batch:{batch_id}",
    )
    return replace(arrival, identity=identity, envelope=envelope, fault=order.fault or arrival.fault)


class FileOrders:
    """Makes messages of the orders of one accepted batch, from the first one that isn't a message yet."""

    def __init__(self, open_hub: OpenHub, route: Route, batch: BatchRow) -> None:
        self._open_hub = open_hub
        self._route = route
        self._batch = batch

    def run(self, file: BinaryIO) -> Iterator[int]:
        """Read the file from its beginning; yield the number of messages so far after each transaction.

        Raises:
            BatchTakenOver: another process files the orders, too.
            BatchFileChanged: the file isn't the proven one.
            Retryable: the database failed; what was yielded is kept.
        """
        batch, route = self._batch, self._route
        assert route.batch is not None  # noqa: S101  # only routes with batches come here
        with self._open_hub.read() as transaction:
            head, tail = transaction.messages.batches.frame(batch.id)
        frame = BatchFrame(head, tail, batch.orders)
        filed = batch.filed
        if batch.repeats is None:
            orders = route.batch.format.orders(file, frame, route.limits, behind=filed)
            for part in _in_parts(orders):
                self._file(part, filed)
                filed += len(part)
                yield filed
        with self._open_hub.write() as transaction:
            is_whole = transaction.messages.batches.work(batch.id)
        if not is_whole:
            raise BatchFileChanged(batch=batch, found=filed)

    def _file(self, orders: Sequence[BatchOrder], filed: int) -> None:
        batch, route = self._batch, self._route
        # Read before the transaction: on SQLite no other process can write while it is open.
        arrivals = [order_arrival(route, order, batch.id, batch.source or "") for order in orders]
        parts = [
            BatchPart(order.position, _own_id(arrival), order.place, "")
            for order, arrival in zip(orders, arrivals, strict=True)
        ]
        with self._open_hub.write() as transaction:
            replies = self._accepted_before(transaction, parts, arrivals)
            deliveries = [(route, Delivery(a.envelope, route.place, a.sender, a.source)) for a in arrivals]
            results, messages = file_arrivals(transaction, deliveries, arrivals)
            rows = [replace(part, inbox_id=result.row_id) for part, result in zip(parts, results, strict=True)]
            # The messages and the checkpoint are one transaction: a death leaves both or none.
            if not transaction.messages.batches.note_filed(batch.id, filed, rows):
                raise BatchTakenOver(batch=batch)
            endings = Endings(transaction)
            for work, _ in messages:
                reply = replies.get(work.row.identity)
                if reply is not None:
                    endings.pass_over(work, f"the order was accepted with batch {batch.resubmits}", reply)

    def _accepted_before(
        self, transaction: Transaction, parts: Sequence[BatchPart], arrivals: list[Arrival]
    ) -> dict[str, PropertySet]:
        """Find the orders of a batch that comes again which were accepted before; return their replies, by identity.

        The arrivals of orders that the first batch hasn't get a fault. Changes *arrivals*.
        """
        batch = self._batch
        if batch.resubmits is None:
            return {}
        own_ids = [part.own_id for part in parts if part.own_id is not None]
        positions = [part.position for part in parts if part.own_id is None]
        earlier = transaction.messages.batches.earlier(batch, own_ids, positions)
        first = transaction.messages.batches.row(batch.resubmits)
        # A batch that was given up may not have all orders of its file.
        is_whole = first is None or first.state != "given up"
        replies: dict[str, PropertySet] = {}
        for place, part in enumerate(parts):
            key = part.position if part.own_id is None else part.own_id
            states = earlier.get(key, [])
            if not states and is_whole:
                fault = OrderNotInFirst(position=part.position, batch=batch, key=key)
                arrivals[place] = replace(arrivals[place], fault=arrivals[place].fault or fault)
            for state, reply in states:
                if state not in REFUSED_STATES:
                    replies[arrivals[place].identity] = self._reply(reply)
        return replies

    def _reply(self, body: bytes | None) -> PropertySet:
        if body is None:
            return error_reply([])
        return hub_from_xml(bytes(body), self._open_hub.deployment.definitions)


def _own_id(arrival: Arrival) -> str | None:
    """Return the sender's own id of an order; None where its message bears the hub's."""
    message_id = arrival.envelope.message_id
    return None if message_id == arrival.identity else message_id


def _in_parts(orders: Iterator[BatchOrder]) -> Iterator[list[BatchOrder]]:
    """Group orders for one transaction each."""
    while part := list(itertools.islice(orders, 1)):
        size = len(part[0].body)
        while len(part) < PARTS and size < PARTS_BYTES:
            order = next(orders, None)
            if order is None:
                break
            part.append(order)
            size += len(order.body)
        yield part
