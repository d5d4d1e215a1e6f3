"""A partner's own check: messages get the verdicts of the real run, and nothing is kept.

The messages are filed and worked as ever, by the same code, in a transaction that is rolled back. So the order of the
messages counts: a change of an order is judged with the order before it.

Messages that ask another system (configurator, pricing) are judged one by one, because nobody is asked under a lock.
The questions are asked for real; they change nothing there.

Spec: docs/design/legacy.md, "A partner's own check".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.database.messages.filing import Arrival, Filed
from adapters.database.schema.hub_tables import ACCEPTED_STATES
from adapters.transport import Delivery
from hub.data_manager.endings import refused_state
from hub.data_manager.filing import arrivals_of, file_arrivals
from hub.data_manager.message_group import work_single
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.rehearsal import asked_services
from hub.deployment.route import Route
from integration_objects.errors import HubError, Misconfigured
from integration_objects.log import without_warnings

#: the state of a message that failed by the world's fault, and would be tried again
RETRYING = "retrying"


class RouteWouldStop(Misconfigured):
    """The message can't be worked, because a declaration or an invariant of the hub is broken."""

    what = "the message can't be worked: the route would stop"
    where = "route {route}"
    why = "the log has the fault, which is none of the message's"
    mend = "mend the fault, then check again"


@dataclass(frozen=True)
class Judgement:
    """What the real run would make of a message.

    Attributes:
        state: the state that it would have.
        is_repeat: the hub has the same message already; the other values are those of the first one.
        error: why it would be refused, or would wait; None where it is accepted.
        answer: the answer that its sender would get; None for none.
        content_type: of the answer.
        concerns_sender: whether the error is about the message: it refuses it, or lets it wait for another message.
    """

    state: str
    is_repeat: bool
    error: dict[str, str] | None
    answer: bytes | None
    content_type: str | None
    concerns_sender: bool

    @property
    def is_accepted(self) -> bool:
        """Whether the real run would accept the message."""
        return self.state in ACCEPTED_STATES

    def as_dict(self) -> dict[str, Any]:
        """Return the judgement with stable names; an answer that isn't text in UTF-8 keeps its readable parts."""
        return {
            "accepted": self.is_accepted,
            "state": self.state,
            "repeat": self.is_repeat,
            "error": self.error,
            "answer": None if self.answer is None else self.answer.decode("utf-8", "replace"),
            "content_type": self.content_type,
        }


def refused_judgement(error: HubError) -> Judgement:
    """Judge something that is refused before it is a message: a file of many orders."""
    return Judgement(refused_state(error), False, error.as_dict(), None, None, True)


def judge(open_hub: OpenHub, route: Route, deliveries: Sequence[Delivery]) -> list[Judgement]:
    """Judge messages as if they came in by *route* now, in this order.

    Raises:
        Retryable: the database doesn't answer.
    """
    arrivals = arrivals_of([(route, delivery) for delivery in deliveries])
    return judge_arrivals(open_hub, route, list(zip(deliveries, arrivals, strict=True)))


def judge_arrivals(open_hub: OpenHub, route: Route, messages: Sequence[tuple[Delivery, Arrival]]) -> list[Judgement]:
    """Judge messages whose identities and keys are worked out already, as `judge` does."""
    # The log tells of refusals, and nothing is refused here.
    with without_warnings():
        if asked_services(open_hub.runtime, route.objects, route.prices):
            return [judgement for message in messages for judgement in _judged_alone(open_hub, route, message)]
        return _judged(open_hub, route, messages)


def _judged(
    open_hub: OpenHub,
    route: Route,
    messages: Sequence[tuple[Delivery, Arrival]],
    prepared: MessageWork | None = None,
) -> list[Judgement]:
    """Judge messages in one transaction; *prepared* has the answers of other systems to the only one."""
    judgements = []
    with open_hub.write(dry_run=True) as transaction:
        open_hub.renew_secret_names(transaction)
        for delivery, arrival in messages:
            filed, works = file_arrivals(transaction, [(route, delivery)], [arrival])
            for work, _ in works:
                if prepared is None:
                    work.prepare()
                    work_single(transaction, work)
                else:
                    prepared.row = work.row
                    work_single(transaction, prepared)
            # Now, and not at the end: the next message is judged with the effects of this one.
            transaction.messages.pending_writes.write()
            judgements.append(_judgement(transaction, filed[0]))
    return judgements


def _judged_alone(open_hub: OpenHub, route: Route, message: tuple[Delivery, Arrival]) -> list[Judgement]:
    """Judge a message whose questions to other systems are asked outside of any transaction."""
    delivery, arrival = message
    with open_hub.write(dry_run=True) as transaction:
        open_hub.renew_secret_names(transaction)
        _, works = file_arrivals(transaction, [(route, delivery)], [arrival])
    # The row is gone, and its values are what the work needs to know of it.
    for work, _ in works:
        work.prepare()
    return _judged(open_hub, route, [message], works[0][0] if works else None)


def _judgement(transaction: Transaction, filed: Filed) -> Judgement:
    row = transaction.messages.inbox.row(filed.row_id)
    assert row is not None  # noqa: S101  # it was filed in this transaction
    error = row.error
    if filed.row is not None and row.state == "received":
        error = RouteWouldStop(route=row.route).as_dict()
    reply = None if row.reply_outbox_id is None else transaction.messages.outbox.row(row.reply_outbox_id)
    return Judgement(
        row.state,
        filed.row is None,
        error,
        None if reply is None else reply.message.body,
        None if reply is None else reply.message.content_type,
        row.is_final or row.waits_for is not None,
    )
