"""Previews of jobs: each message is rehearsed in a transaction that is rolled back.

    same        it would fail as before
    changed     it would end otherwise: a message that failed would be done
    now fails   it would fail for another reason than before

Each message is rehearsed by itself, as things stand now: an order that needs an earlier one of the same job would
fail in the preview and be done by the job.

Spec: docs/jobs.md, "The preview".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from adapters.database.messages.inbox_row import InboxRow
from adapters.database.messages.jobs import JobItem, JobRow
from adapters.transport import Envelope
from hub.data_manager.endings import refused_state
from hub.data_manager.jobs.actions import ACTIONS, MOVED, RouteGone, edited_arrival, route_of
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.outbound import resend
from integration_objects.errors import HubError, OperatorNeeded, Waiting
from integration_objects.secrets import without_secrets

#: messages that are rehearsed where nobody asks for all
SAMPLE = 20
#: messages that a preview lists
MOST_LISTED = 100
KINDS = ("same", "changed", "now fails")


@dataclass(frozen=True)
class Rehearsed:
    """What would become of a message.

    Attributes:
        message: its id.
        kind: same, changed or now fails.
        reason_before: the reason of its error when it was chosen.
        state: the state that it would have; None if the action can't be done.
        reason, what: the error that it would meet.
    """

    message: str
    kind: str
    reason_before: str | None
    state: str | None
    reason: str | None = None
    what: str | None = None


@dataclass(frozen=True)
class Preview:
    """What a job would do.

    Attributes:
        total: messages of the job.
        rehearsed: messages of the preview.
        kinds: how many are the same, changed, and now fail.
        reasons: how many would fail for each reason.
        messages: the first of them, those that now fail in front.
        at: when it was made.
    """

    total: int
    rehearsed: int
    kinds: dict[str, int]
    reasons: dict[str, int]
    messages: tuple[Rehearsed, ...]
    at: str


def preview(open_hub: OpenHub, job: JobRow, most: int = SAMPLE, told: Callable[[int], None] | None = None) -> Preview:
    """Rehearse messages of a job, and keep what was found with the job.

    Args:
        open_hub: the hub.
        job: the job.
        most: messages that are rehearsed at most, spread evenly over the job.
        told: is called with the number of messages so far.

    Raises:
        Retryable: the database or another system is away.
    """
    found: list[Rehearsed] = []
    for place in _spread(job.total, most):
        with open_hub.read() as transaction:
            (item,) = transaction.messages.jobs.sample(job.id, [place])
        found.append(_rehearse(open_hub, job, item))
        if told is not None:
            told(len(found))
    kinds = Counter(each.kind for each in found)
    reasons = Counter(each.reason for each in found if each.reason is not None)
    # Those that a person must look at come first.
    found.sort(key=lambda each: -KINDS.index(each.kind))
    now = open_hub.surroundings.now()
    result = Preview(
        job.total,
        len(found),
        {kind: kinds[kind] for kind in KINDS},
        dict(sorted(reasons.items())),
        tuple(found[:MOST_LISTED]),
        now,
    )
    with open_hub.write() as transaction:
        transaction.messages.jobs.keep_preview(job.id, asdict(result))
    return result


def _spread(total: int, most: int) -> list[int]:
    """Return *most* places of *total*, the first and the last among them."""
    if most >= total:
        return list(range(total))
    if most == 1:
        return [0]
    return sorted({place * (total - 1) // (most - 1) for place in range(most)})


def _rehearse(open_hub: OpenHub, job: JobRow, item: JobItem) -> Rehearsed:
    if job.is_outbound:
        state, error = _rehearse_outbound(open_hub, job, item)
    elif job.action == "give up":
        with open_hub.read() as transaction:
            row = transaction.messages.inbox.row(item.message)
        state, error = ("dead" if row is not None and row.state in ACTIONS["give up"].states else None), None
    else:
        state, error = _rehearse_inbound(open_hub, job, item)
    reason = None if error is None else error.reason
    if state is None and error is None:
        reason = MOVED
    if reason is None:
        kind = "changed"
    else:
        kind = "same" if reason in (item.reason_before, MOVED) else "now fails"
    what = None if error is None else error.what
    return Rehearsed(item.message, kind, item.reason_before, state, reason, what)


def _rehearse_outbound(open_hub: OpenHub, job: JobRow, item: JobItem) -> tuple[str | None, HubError | None]:
    try:
        with open_hub.write(dry_run=True) as transaction:
            row = transaction.messages.outbox.row(item.message)
            if row is None or row.state not in ACTIONS[job.action].states:
                return None, None
            if job.action == "give up outbound":
                return "given up", None
            return ("waiting" if resend(open_hub, transaction, row, job.destination) else None), None
    except HubError as error:
        if error.verdict != "refuse":
            raise
        return "set aside", error


def _rehearse_inbound(open_hub: OpenHub, job: JobRow, item: JobItem) -> tuple[str | None, HubError | None]:
    with open_hub.read() as transaction:
        row = transaction.messages.inbox.row(item.message)
        if row is None or row.state not in ACTIONS[job.action].states:
            return None, None
        open_hub.renew_secret_names(transaction)
        try:
            if job.action == "resubmit":
                row = _as_filed(row, edited_arrival(route_of(transaction, row), row, job, item).envelope)
            route = open_hub.deployment.worked_routes.get(row.route)
            if route is None:
                raise RouteGone(message=row.id, route=row.route)
        except HubError as error:
            if error.verdict != "refuse":
                raise
            return None, error
    work = MessageWork(open_hub, replace(row, replays=row.replays + 1), route)
    work.prepare()
    if work.fault is None:
        try:
            # All that the workflow writes is rolled back; numbers that it took on PostgreSQL are left out.
            with open_hub.write(dry_run=True) as transaction:
                outcome, _ = work.run(transaction, None)
                return outcome.state, None
        except Exception as error:
            if open_hub.database.is_world_fault(error):
                raise
            work.fault = work.fault_of(error)
    return _state_after(work.fault), without_secrets(work.fault, work.secrets)


def _as_filed(row: InboxRow, envelope: Envelope) -> InboxRow:
    """Return the row that the edited message would have."""
    return replace(row, body=envelope.body, size=envelope.size, digest=envelope.digest)


def _state_after(error: HubError) -> str:
    """Return the state of a message that meets an error."""
    if error.verdict == "refuse":
        return refused_state(error)
    if isinstance(error, Waiting | OperatorNeeded):
        return "parked"
    return "received" if error.verdict == "stop" else "retrying"
