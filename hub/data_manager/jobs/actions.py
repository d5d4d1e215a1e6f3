"""The actions of jobs on one message, in the caller's transaction.

    replay             put a message back, to be worked again
    resubmit           file an edited copy of a message in its place
    give up            make a message dead
    resend             put a message that has not left back into its line, or send it elsewhere
    give up outbound   never send a message that has not left

Each is what the command for one message does; a job does it many times.

Spec: docs/jobs.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapters.database.messages.filing import Arrival
from adapters.database.messages.inbox_row import InboxRow
from adapters.database.messages.jobs import ItemEnd, JobItem, JobRow
from adapters.database.schema.hub_tables import REFUSED_STATES
from adapters.transport import Delivery
from hub.data_manager.endings import give_up_message
from hub.data_manager.filing import arrival_of
from hub.data_manager.jobs.edit import read_edit
from hub.data_manager.open_hub import Transaction
from hub.data_manager.outbound import resend
from hub.deployment.route import Route
from integration_objects.errors import HubError, Refused

#: the reason of an item whose message was in another state by the time of its turn
MOVED = "MessageNotThere"


@dataclass(frozen=True)
class Action:
    """What a job can be made for.

    Attributes:
        name: one of `hub_tables.JOB_ACTIONS`.
        states: the states of messages on which it can be done.
        is_outbound: whether these are messages that leave.
        follows: whether the message's end is to come, by which the item ends.
        right: the right of `hub.access` that it needs, beside that of mass actions.
        sentence: the action, for people.
    """

    name: str
    states: tuple[str, ...]
    is_outbound: bool
    follows: bool
    right: str
    sentence: str


_NOT_DONE = ("retrying", "parked", *REFUSED_STATES)
_NOT_SENT = ("waiting", "set aside")
ACTIONS = {
    action.name: action
    for action in (
        Action("replay", _NOT_DONE, False, True, "replay", "work the messages again, as they are"),
        Action("resubmit", _NOT_DONE, False, True, "edit and resubmit", "edit the messages, and work the edited ones"),
        Action("give up", ("retrying", "parked"), False, False, "give up", "make the messages dead"),
        Action("resend", _NOT_SENT, True, True, "replay", "send messages that have not left"),
        Action("give up outbound", _NOT_SENT, True, False, "give up", "never send messages that have not left"),
    )
}


class RouteGone(Refused):
    """A message's route is switched off: nobody would work the edited message."""

    what = "the message {message} can't be resubmitted"
    where = "message {message}"
    why = "its route {route} is switched off"
    mend = "switch the route on again"


class PartOfBatch(Refused):
    """An order of a batch is to be resubmitted by itself."""

    what = "the message {message} can't be resubmitted"
    where = "message {message}"
    why = "it is an order of a batch, whose answer lists the order as it came"
    mend = "send the mended orders as a batch: `orderhub batch send --resubmits`; `replay` works the order as it is"


def do(transaction: Transaction, job: JobRow, item: JobItem) -> ItemEnd:
    """Do a job's action on one of its messages; return what became of the item.

    A refusal is the item's end, not the job's.
    """
    try:
        if job.is_outbound:
            return _do_outbound(transaction, job, item)
        return _do_inbound(transaction, job, item)
    except HubError as error:
        if error.verdict != "refuse":
            raise
        return ItemEnd(item.position, "skipped", error.reason)


def _do_outbound(transaction: Transaction, job: JobRow, item: JobItem) -> ItemEnd:
    outbox = transaction.messages.outbox
    row = outbox.row(item.message)
    if row is None:
        return ItemEnd(item.position, "skipped", MOVED)
    if job.action == "give up outbound":
        is_done, state = outbox.give_up(row.id), "succeeded"
    else:
        is_done, state = resend(transaction.open_hub, transaction, row, job.destination), "at work"
    return ItemEnd(item.position, state) if is_done else ItemEnd(item.position, "skipped", MOVED)


def _do_inbound(transaction: Transaction, job: JobRow, item: JobItem) -> ItemEnd:
    if job.action == "replay":
        is_done, state = transaction.messages.inbox.replay(item.message), "at work"
    elif job.action == "give up":
        is_done, state = give_up_message(transaction, item.message), "succeeded"
    else:
        return _resubmit(transaction, job, item)
    return ItemEnd(item.position, state) if is_done else ItemEnd(item.position, "skipped", MOVED)


def _resubmit(transaction: Transaction, job: JobRow, item: JobItem) -> ItemEnd:
    row = transaction.messages.inbox.row(item.message)
    if row is None or row.state not in ACTIONS["resubmit"].states:
        return ItemEnd(item.position, "skipped", MOVED)
    arrival = edited_arrival(route_of(transaction, row), row, job, item)
    # The message that isn't final holds its key; the edited one takes its place, and answers the sender.
    transaction.messages.inbox.give_up(row.id)
    filed = transaction.messages.file(arrival)
    return ItemEnd(item.position, "at work", result=filed.row_id)


def route_of(transaction: Transaction, row: InboxRow) -> Route:
    """Return the route of a message that is to be resubmitted.

    Raises:
        RouteGone: it is switched off.
        PartOfBatch: the message is an order of a batch.
    """
    route = transaction.open_hub.deployment.worked_routes.get(row.route)
    if route is None:
        raise RouteGone(message=row.id, route=row.route)
    if route.batch is not None:
        raise PartOfBatch(message=row.id)
    return route


def edited_arrival(route: Route, row: InboxRow, job: JobRow, item: JobItem) -> Arrival:
    """Make the arrival of an edited message: a message of its own, from the same sender, answered at the same place.

    Raises:
        Refused: the edit can't be made.
    """
    edit = read_edit(job.edit or {})
    # Of the envelope as it came, without the mark of a body that was too large: the edited one is proven anew.
    envelope = replace(row.envelope, body=edit.of(row.id, row.body, row.size), oversize=None)
    arrival = arrival_of(route, Delivery(envelope, route.place, row.sender, row.source))
    return replace(
        arrival,
        # The same identity would be a reused one. This one is the same each time that the job does the item.
        identity=f"job-{job.id}-{item.position}",
        envelope=replace(arrival.envelope, reply_to=row.reply_to),
        reply_to_refused=row.reply_to_refused,
    )
