"""Jobs are made and started: the choice is frozen first, and a person sees it before anything is done.

Spec: docs/jobs.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapters.database.messages.jobs import JobRow
from adapters.database.messages.message_filter import MessageFilter, OutboundFilter
from hub.data_manager.jobs.actions import ACTIONS, Action
from hub.data_manager.jobs.edit import Edit, EditEmpty
from hub.data_manager.open_hub import Transaction
from hub.deployment.channels import check_destination
from integration_objects.errors import Refused, UnknownName

#: the sizes of the first stages of a job, where nobody says others: a mistake meets few messages
FIRST_STAGES = (10, 100)
#: characters of a job's reason
MOST_REASON = 4_000


class JobActionUnknown(UnknownName, Refused):
    """There is no action of this name for a job."""

    kind = "action"
    where = "job"
    why = "actions are {names}"


class StateNotChosen(Refused):
    """A job's action can't be done on messages of a state."""

    what = "messages that are {state} can't be chosen to {action}"
    where = "job {action}"
    why = "it can be done with messages that are {states}"
    mend = "choose by one of these states, or leave the state out"


class OneBodyManyMessages(Refused):
    """A whole new body is given for several messages."""

    what = "one body can't stand in place of {total} messages"
    where = "job resubmit"
    why = "a whole body is the edit of a single message"
    mend = "choose one message, or edit by texts that are replaced"


class ReasonMissing(Refused):
    """A job is started without a reason."""

    what = "nobody says why the job is to be done"
    where = "job {job_id}"
    why = "the reason is kept with the job, for those who look at its messages later"
    mend = "give the reason in a sentence of up to {most} characters"


class JobUnknown(Refused):
    """There is no job of this id."""

    what = "there is no job '{job_id}'"
    where = "job {job_id}"
    why = "no id of a job is equal to it"
    mend = "`orderhub job list` shows the ids"


class JobElsewhere(Refused):
    """A job is in a state in which this can't be done with it."""

    what = "the job {job.id} stays as it is"
    where = "job {job.id}"
    why = "it is {job.state}; this can be done with a job that is {states}"
    mend = "`orderhub job show {job.id}` tells how far it is"


def action_named(name: str) -> Action:
    """Return the action of this name; blanks and hyphens are alike.

    Raises:
        JobActionUnknown: there is none.
    """
    action = ACTIONS.get(name.replace("-", " "))
    if action is None:
        raise JobActionUnknown(name, [known.replace(" ", "-") for known in ACTIONS])
    return action


def make_job(
    transaction: Transaction,
    action: Action,
    chosen_by: MessageFilter | OutboundFilter,
    made_by: str,
    destination: str | None = None,
    edit: Edit | None = None,
) -> JobRow:
    """Choose the messages that fit now, and keep the choice; nothing is done with them.

    Raises:
        StateNotChosen, NothingChosen, TooManyChosen: the filters choose no messages of the action, or too many.
        EditEmpty, OneBodyManyMessages: the edit isn't one for these messages.
        Refused: there is no such destination.
    """
    for state in chosen_by.states:
        if state not in action.states:
            raise StateNotChosen(state=state, action=action.name, states=", ".join(action.states))
    if action.name == "resubmit":
        if edit is None:
            raise EditEmpty
        edit.check()
    if destination is not None:
        check_destination(transaction.open_hub.deployment, transaction.messages.outbox, destination)
    narrowed = replace(chosen_by, states=chosen_by.states or action.states)
    written = None if edit is None else edit.as_json()
    job = transaction.messages.jobs.make(action.name, narrowed, made_by, destination, written)
    if edit is not None and edit.body is not None and job.total != 1:
        raise OneBodyManyMessages(total=job.total)
    return job


def start_job(
    transaction: Transaction,
    job_id: str,
    reason: str,
    by: str,
    rate: int | None = None,
    stages: Sequence[int] = FIRST_STAGES,
) -> JobRow:
    """Let a previewed job run, for a reason.

    Args:
        transaction: the transaction.
        job_id: the job.
        reason: why it is done; it is kept.
        by: who starts it.
        rate: messages a minute; None for no limit.
        stages: the sizes of the first stages; none for one stage.

    Raises:
        ReasonMissing, JobUnknown, JobElsewhere: there is no reason, no such job, or it isn't previewed.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MOST_REASON:
        raise ReasonMissing(job_id=job_id, most=MOST_REASON)
    job = known_job(transaction, job_id)
    if not transaction.messages.jobs.start(job_id, reason, by, rate, stages):
        raise JobElsewhere(job=job, states="previewed")
    return transaction.messages.jobs.known(job_id)


def resume_job(transaction: Transaction, job_id: str) -> JobRow:
    """Let a stopped job go on: the errors that it has met don't stop it again.

    Raises:
        JobUnknown, JobElsewhere: there is no such job, or it isn't stopped.
    """
    job = known_job(transaction, job_id)
    if not transaction.messages.jobs.resume(job):
        raise JobElsewhere(job=job, states="stopped")
    return transaction.messages.jobs.known(job_id)


def cancel_job(transaction: Transaction, job_id: str) -> JobRow:
    """End a job before its time: the messages that were waiting stay as they were.

    Raises:
        JobUnknown, JobElsewhere: there is no such job, or it has ended.
    """
    job = known_job(transaction, job_id)
    if not transaction.messages.jobs.cancel(job_id):
        raise JobElsewhere(job=job, states="previewed, running or stopped")
    return transaction.messages.jobs.known(job_id)


def known_job(transaction: Transaction, job_id: str) -> JobRow:
    """Return the job of this id.

    Raises:
        JobUnknown: there is none.
    """
    job = transaction.messages.jobs.row(job_id)
    if job is None:
        raise JobUnknown(job_id=job_id)
    return job
