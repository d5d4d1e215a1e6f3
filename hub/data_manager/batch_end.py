"""A batch ends without its orders being answered one by one: its file is refused whole, or an operator gives it up.

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

from adapters.database.messages.batches import BatchRow
from adapters.database.messages.outbox import OutboxMessage
from adapters.transport import BodyGone
from hub.data_manager.batch_answer import refusal_file
from hub.data_manager.doors import open_transport
from hub.data_manager.endings import refused_state
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.route import Route
from integration_objects.errors import Refused
from integration_objects.log import Log

log = Log()


class BatchGivenUp(Refused):
    """An operator gave a batch up."""

    what = "the batch was given up by an operator"
    where = "batch {batch.id}, {batch.name}"
    why = "{reason}; {taken} had become messages"
    mend = "send the file again: orders that were accepted are passed over, and the others are taken"


class BatchGoesOn(Refused):
    """A command gives a batch up that ends without an operator's help, or has ended."""

    what = "the batch {batch.id} can't be given up"
    where = "batch {batch.id}"
    why = "it is {batch.state}; a batch can be given up while its work is interrupted, or while it is announced only"
    mend = "`orderhub batch show {batch.id}` has its state; `orderhub messages give-up` gives up a parked order"


def refuse_batch(open_hub: OpenHub, route: Route, batch: BatchRow, error: Refused) -> None:
    """End a batch whose file is refused, and send its answer, with which the file goes to ``rejected/``."""
    answer = refusal_file(open_hub, route, batch, error)
    with open_hub.write() as transaction:
        if not transaction.messages.batches.finish(batch.id, error):
            return
        _send(transaction, route, batch, error, answer)
    log.warning("batch refused", route=route.name, batch=batch.id, file=batch.name, reason=error.reason)


def give_up_batch(open_hub: OpenHub, batch: BatchRow, reason: str) -> None:
    """End an interrupted or announced batch for an operator's *reason*; its messages go on.

    The sender is answered where the file is in its folder: the answer lies beside it.

    Raises:
        BatchGoesOn: the batch is neither interrupted nor announced.
    """
    if batch.final_at is not None or (batch.error is None and batch.state != "announced"):
        raise BatchGoesOn(batch=batch)
    taken = f"{batch.filed} of its {batch.orders} orders" if batch.filed else "none of its orders"
    error = BatchGivenUp(batch=batch, reason=reason, taken=taken)
    # Without its route, nobody knows how to answer the sender; the batch has ended all the same.
    route = open_hub.deployment.routes.get(batch.route)
    answer = None
    if route is not None and _has_file(open_hub, route, batch):
        answer = refusal_file(open_hub, route, batch, error)
    with open_hub.write() as transaction:
        if not transaction.messages.batches.give_up(batch, error):
            raise BatchGoesOn(batch=transaction.messages.batches.row(batch.id))
        if route is not None and answer is not None:
            _send(transaction, route, batch, error, answer)
    log.warning("batch given up", route=batch.route, batch=batch.id, file=batch.name, why=reason)


def _has_file(open_hub: OpenHub, route: Route, batch: BatchRow) -> bool:
    """Tell whether a batch's file is in its folder.

    An answer to a file that is gone would be taken for the answer to the next file of its name.
    """
    transport = open_transport(open_hub, route.transport)
    if batch.source is None or transport is None:
        return False
    try:
        with transport.taken(batch.source):
            return True
    except BodyGone:
        return False


def _send(transaction: Transaction, route: Route, batch: BatchRow, error: Refused, answer: tuple[bytes, str]) -> None:
    """Send the answer of a batch that ends, in the transaction that ends it."""
    destination = None if batch.source is None else route.transport.answer_to(route.place, batch.source)
    if destination is None:
        return
    body, content_type = answer
    transaction.messages.outbox.emit(
        OutboxMessage(
            message_id=batch.id,
            destination=destination,
            kind="reply",
            body=body,
            route=route.name,
            correlation_id=batch.id,
            content_type=content_type,
            headers={"x-orderhub-state": refused_state(error)},
        )
    )
