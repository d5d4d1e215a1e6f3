"""Jobs: an operator's action on many messages, with its frozen choice, its progress, and what became of each message.

    previewed    the messages are chosen, and nothing is done; a person looks at the preview
    running      the running hub works it, some messages at a time
    stopped      a message failed for a new reason: a person decides whether it goes on
    done         each message has ended
    cancelled    by a person; the messages that were waiting stay as they were

The messages of a job are its items, in the order in which the messages were filed:

    waiting      nothing was done so far
    at work      the action was done, and the message's end is to come
    succeeded    it has the end that the action is for
    failed       it failed again
    skipped      the action could not be done: the message was in another state by then

Spec: docs/jobs.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select, update

from adapters.database.connection.statements import insert_rows
from adapters.database.messages.inbox_row import INBOX
from adapters.database.messages.message_filter import MessageFilter, OutboundFilter, chosen, chosen_outbound
from adapters.database.messages.outbox import OUTBOX
from adapters.database.schema.hub_tables import HUB, JOB_ITEM_STATES
from integration_objects.errors import Refused
from integration_objects.surroundings import Surroundings

JOB, ITEM = HUB.tables["hub_job"], HUB.tables["hub_job_item"]
_J, _N = JOB.c, ITEM.c
#: messages of one job
MOST_ITEMS = 100_000
#: the columns that hold JSON
_JSON = ("chosen_by", "edit", "stages", "known_errors", "preview", "stopped_by")
_THE_JOB = _J.id == bindparam("job")
_BY_ID = select(JOB).where(_THE_JOB)
_OPEN = select(JOB).where(_J.final_at.is_(None), _J.state != "previewed").order_by(_J.seq.desc()).limit(100)
_RUNNING = select(JOB).where(_J.state == "running").order_by(_J.seq)
# Another process works the job where its row is locked. SQLite's compiler leaves FOR UPDATE out: there the write
# transaction is the lock.
_CLAIM = _BY_ID.where(_J.state == "running").with_for_update(skip_locked=True)
_OF_JOB = _N.job_id == bindparam("job")
_COUNTS = select(_N.state, func.count()).where(_OF_JOB).group_by(_N.state)
_FAILURES = select(_N.reason, func.count()).where(_OF_JOB, _N.state == "failed").group_by(_N.reason).order_by(_N.reason)
_REASONS = select(_N.reason_before).where(_OF_JOB, _N.reason_before.is_not(None)).distinct()
_FIRST_OPEN = select(func.min(_N.position)).where(_OF_JOB, _N.state == bindparam("in_state"))
_WAITING = (
    select(ITEM)
    .where(_OF_JOB, _N.state == "waiting", _N.position < bindparam("end"))
    .order_by(_N.position)
    .limit(bindparam("most"))
)
# The message that a resubmission filed is the one to follow.
_FOLLOWED = func.coalesce(_N.result, _N.message)
_AT_WORK = (
    select(_N.position, _FOLLOWED.label("message"))
    .where(_OF_JOB, _N.state == "at work")
    .order_by(_N.position)
    .limit(bindparam("most"))
)
_INBOUND_AT_WORK = _AT_WORK.add_columns(INBOX.c.state, INBOX.c.reason).join(INBOX, INBOX.c.id == _FOLLOWED)
_OUTBOUND_AT_WORK = _AT_WORK.add_columns(*(OUTBOX.c[name] for name in ("sent_at", "aside_at", "given_up_at", "error")))
_OUTBOUND_AT_WORK = _OUTBOUND_AT_WORK.join(OUTBOX, OUTBOX.c.id == _FOLLOWED)
_SET_ITEM = (
    update(ITEM)
    .where(_OF_JOB, _N.position == bindparam("at"), _N.state == bindparam("state_before"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("because"),
        result=func.coalesce(bindparam("made"), _N.result),
        ended_at=bindparam("ended"),
    )
)
_START = (
    update(JOB)
    .where(_THE_JOB, _J.state == "previewed")
    .values(
        state="running",
        reason=bindparam("why"),
        started_by=bindparam("by"),
        started_at=bindparam("now"),
        rate=bindparam("a_minute"),
        stages=bindparam("in_stages"),
        known_errors=bindparam("known"),
    )
)
_STOP = update(JOB).where(_THE_JOB, _J.state == "running").values(state="stopped", stopped_by=bindparam("fault"))
_RESUME = (
    update(JOB)
    .where(_THE_JOB, _J.state == "stopped")
    .values(state="running", stopped_by=None, known_errors=bindparam("known"))
)
_FINISH = update(JOB).where(_THE_JOB, _J.state == "running").values(state="done", final_at=bindparam("now"))
_CANCEL = update(JOB).where(_THE_JOB, _J.final_at.is_(None)).values(state="cancelled", final_at=bindparam("now"))
_DUE = update(JOB).where(_THE_JOB).values(due_at=bindparam("at"))
_KEEP_PREVIEW = update(JOB).where(_THE_JOB).values(preview=bindparam("found"))
_OF_MESSAGE = (
    select(_J.id, _J.action, _J.state, _J.reason, _J.started_by, _J.started_at, _N.state.label("item_state"), _N.result)
    .join(ITEM, _N.job_id == _J.id)
    .where(_N.message == bindparam("of_message"))
    .order_by(_J.seq.desc())
    .limit(20)
)


class NothingChosen(Refused):
    """No message fits the filters of a job."""

    what = "no message fits: there is nothing to do"
    where = "{action}"
    why = "messages that can be chosen are {states}"
    mend = "widen the filters; `orderhub messages list` and `orderhub messages outbound` take the same ones"


class TooManyChosen(Refused):
    """Too many messages fit the filters of a job."""

    what = "more than {most} messages fit"
    where = "{action}"
    why = "a job has at most {most} messages"
    mend = "narrow the filters, by time or by route, and make several jobs"


@dataclass(frozen=True)
class JobRow:
    """A job; the fields are the columns of ``hub_job``.

    Attributes:
        action: one of `hub_tables.JOB_ACTIONS`.
        made_by, started_by: who chose the messages, and who began the work.
        reason: why it was started, in the words of the person who did.
        due_at: when the next messages may be taken, for a job with a rate.
        destination: another destination for messages that are resent; None for their own.
        rate: messages a minute; None for no limit.
        total: messages of the job.
        chosen_by: the filters.
        edit: the edit of a resubmission, as `hub.data_manager.jobs.edit.Edit.as_json` writes it.
        stages: the sizes of the first stages; the last stage is the rest.
        known_errors: reasons of errors that don't stop the job.
        preview: what the last preview found.
        stopped_by: the message, the reason and the time of the error that stopped the job.
    """

    seq: int
    id: str
    action: str
    state: str
    made_by: str
    made_at: str
    started_by: str | None
    started_at: str | None
    final_at: str | None
    due_at: str | None
    destination: str | None
    rate: int | None
    total: int
    chosen_by: Mapping[str, Any]
    reason: str | None
    edit: Mapping[str, Any] | None
    stages: Sequence[int] | None
    known_errors: Sequence[str] | None
    preview: Mapping[str, Any] | None
    stopped_by: Mapping[str, Any] | None

    @property
    def is_outbound(self) -> bool:
        """Return whether the job's messages are messages that leave."""
        return self.action in ("resend", "give up outbound")

    def stage_end(self, position: int) -> int:
        """Return the end of the stage that has the item at *position*: the position of the next stage's first item."""
        end = 0
        for size in self.stages or ():
            end += size
            if position < end:
                return min(end, self.total)
        return self.total


@dataclass(frozen=True)
class JobItem:
    """A message of a job.

    Attributes:
        message: its row in the inbox or the outbox.
        reason_before: the reason of its error when it was chosen.
        reason: the reason for which it failed again, or was skipped.
        result: the message that a resubmission filed in its place.
    """

    job_id: str
    position: int
    message: str
    state: str
    reason_before: str | None
    reason: str | None
    result: str | None
    ended_at: str | None


@dataclass(frozen=True)
class ItemEnd:
    """What became of an item: its new state, the reason of an error, and the message that was filed in its place."""

    position: int
    state: str
    reason: str | None = None
    result: str | None = None


class Jobs:
    """The jobs, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def make(
        self,
        action: str,
        chosen_by: MessageFilter | OutboundFilter,
        made_by: str,
        destination: str | None = None,
        edit: Mapping[str, Any] | None = None,
    ) -> JobRow:
        """Choose the messages that fit now, and keep the choice as a job.

        Raises:
            NothingChosen, TooManyChosen: no message fits, or too many do.
        """
        rows = self._chosen(chosen_by)
        if not rows:
            raise NothingChosen(action=action, states=", ".join(chosen_by.states))
        if len(rows) > MOST_ITEMS:
            raise TooManyChosen(action=action, most=MOST_ITEMS)
        job_id = self._surroundings.new_id()
        values = {
            "id": job_id,
            "action": action,
            "state": "previewed",
            "made_by": made_by,
            "made_at": self._surroundings.now(),
            "destination": destination,
            "total": len(rows),
            "chosen_by": _written(chosen_by.as_dict()),
            "edit": None if edit is None else _written(edit),
        }
        self._connection.execute(JOB.insert(), values)
        columns = ("job_id", "position", "message", "state", "reason_before")
        items = [(job_id, place, message, "waiting", reason) for place, (message, reason) in enumerate(rows)]
        insert_rows(self._connection, ITEM, columns, items)
        return self.known(job_id)

    def _chosen(self, chosen_by: MessageFilter | OutboundFilter) -> list[tuple[str, str | None]]:
        if isinstance(chosen_by, MessageFilter):
            found = self._connection.execute(chosen(chosen_by).limit(MOST_ITEMS + 1))
            return [(row.id, row.reason) for row in found]
        found = self._connection.execute(chosen_outbound(chosen_by).limit(MOST_ITEMS + 1))
        return [(row.id, _reason(row.error)) for row in found]

    def row(self, job_id: str) -> JobRow | None:
        """Return the job of this id; None if there is none."""
        row = self._connection.execute(_BY_ID, {"job": job_id}).mappings().one_or_none()
        return None if row is None else _job(row)

    def known(self, job_id: str) -> JobRow:
        """Return the job of this id, which is there."""
        return _job(self._connection.execute(_BY_ID, {"job": job_id}).mappings().one())

    def listing(self, limit: int = 100, state: str | None = None, before: int | None = None) -> list[JobRow]:
        """Return jobs, the newest first: in a state, made before the one with the number *before*."""
        statement = select(JOB).order_by(_J.seq.desc()).limit(limit)
        if state is not None:
            statement = statement.where(_J.state == state)
        if before is not None:
            statement = statement.where(_J.seq < before)
        return [_job(row) for row in self._connection.execute(statement).mappings()]

    def open(self) -> list[JobRow]:
        """Return the jobs that were started and haven't ended, the newest first."""
        return [_job(row) for row in self._connection.execute(_OPEN).mappings()]

    def running(self) -> list[JobRow]:
        """Return the jobs that run, the oldest first."""
        return [_job(row) for row in self._connection.execute(_RUNNING).mappings()]

    def claim(self, job_id: str) -> JobRow | None:
        """Take a running job for this transaction; None where it doesn't run any more, or another process has it."""
        row = self._connection.execute(_CLAIM, {"job": job_id}).mappings().one_or_none()
        return None if row is None else _job(row)

    def counts(self, job_id: str) -> dict[str, int]:
        """Count the items of a job in each state, every state named."""
        found = dict.fromkeys(JOB_ITEM_STATES, 0)
        for state, number in self._connection.execute(_COUNTS, {"job": job_id}):
            found[state] = number
        return found

    def failures(self, job_id: str) -> dict[str, int]:
        """Count the items that failed again, by reason."""
        return {reason or "": number for reason, number in self._connection.execute(_FAILURES, {"job": job_id})}

    def items(
        self, job_id: str, state: str | None = None, limit: int = 100, behind: int | None = None
    ) -> list[JobItem]:
        """Return items of a job in their order: in a state, behind the position *behind*."""
        statement = select(ITEM).where(_OF_JOB).order_by(_N.position).limit(limit)
        if state is not None:
            statement = statement.where(_N.state == state)
        if behind is not None:
            statement = statement.where(_N.position > behind)
        return self._items(statement, {"job": job_id})

    def sample(self, job_id: str, positions: Iterable[int]) -> list[JobItem]:
        """Return the items at these positions, in order."""
        statement = select(ITEM).where(_OF_JOB, _N.position.in_(sorted(positions))).order_by(_N.position)
        return self._items(statement, {"job": job_id})

    def waiting(self, job_id: str, end: int, most: int) -> list[JobItem]:
        """Return the first items before the position *end* to which nothing was done."""
        return self._items(_WAITING, {"job": job_id, "end": end, "most": most})

    def _items(self, statement: Select[Any], values: Mapping[str, Any]) -> list[JobItem]:
        return [JobItem(**row) for row in self._connection.execute(statement, values).mappings()]

    def first_open(self, job_id: str) -> int | None:
        """Return the position of the first item that hasn't ended; None if all have."""
        found = [
            self._connection.scalar(_FIRST_OPEN, {"job": job_id, "in_state": state}) for state in ("waiting", "at work")
        ]
        return min((position for position in found if position is not None), default=None)

    def ended(self, job: JobRow, most: int) -> list[ItemEnd]:
        """Find out which of the first *most* items at work have ended, and how; the caller writes it by `set_items`."""
        values = {"job": job.id, "most": most}
        if job.is_outbound:
            ends = map(_outbound_end, self._connection.execute(_OUTBOUND_AT_WORK, values).mappings())
        else:
            ends = map(_inbound_end, self._connection.execute(_INBOUND_AT_WORK, values).mappings())
        return [end for end in ends if end is not None]

    def set_items(self, job_id: str, ends: Sequence[ItemEnd], state_before: str) -> None:
        """Write the new states of items that are in *state_before*."""
        now = self._surroundings.now()
        values = [
            {
                "job": job_id,
                "at": end.position,
                "state_before": state_before,
                "new_state": end.state,
                "because": end.reason,
                "made": end.result,
                "ended": None if end.state == "at work" else now,
            }
            for end in ends
        ]
        if values:
            self._connection.execute(_SET_ITEM, values)

    def keep_preview(self, job_id: str, preview: Mapping[str, Any]) -> None:
        """Keep what a preview found."""
        self._connection.execute(_KEEP_PREVIEW, {"job": job_id, "found": _written(preview)})

    def start(self, job_id: str, reason: str, by: str, rate: int | None, stages: Sequence[int]) -> bool:
        """Let a previewed job run; return False for a job in another state."""
        values = {
            "job": job_id,
            "why": reason,
            "by": by,
            "now": self._surroundings.now(),
            "a_minute": rate,
            "in_stages": _written(list(stages)),
            "known": _written(sorted(self._connection.scalars(_REASONS, {"job": job_id}))),
        }
        return self._connection.execute(_START, values).rowcount == 1

    def stop(self, job_id: str, fault: Mapping[str, Any]) -> None:
        """Stop a running job because of an error of a new kind: its message, its reason."""
        told = {**fault, "at": self._surroundings.now()}
        self._connection.execute(_STOP, {"job": job_id, "fault": _written(told)})

    def resume(self, job: JobRow) -> bool:
        """Let a stopped job go on; the errors that it has met by now don't stop it again."""
        known = {*(job.known_errors or ()), *(reason for reason in self.failures(job.id) if reason)}
        return self._connection.execute(_RESUME, {"job": job.id, "known": _written(sorted(known))}).rowcount == 1

    def finish(self, job_id: str) -> None:
        """End a running job: each of its items has ended."""
        self._connection.execute(_FINISH, {"job": job_id, "now": self._surroundings.now()})

    def cancel(self, job_id: str) -> bool:
        """End a job before its time; return False for one that has ended."""
        return self._connection.execute(_CANCEL, {"job": job_id, "now": self._surroundings.now()}).rowcount == 1

    def wait_until(self, job_id: str, due_at: str) -> None:
        """Take no further items before *due_at*."""
        self._connection.execute(_DUE, {"job": job_id, "at": due_at})

    def of_message(self, message: str) -> list[dict[str, Any]]:
        """Return the last jobs that had a message, the newest first."""
        return [dict(row) for row in self._connection.execute(_OF_MESSAGE, {"of_message": message}).mappings()]


def _inbound_end(row: RowMapping) -> ItemEnd | None:
    if row["state"] in ("received", "retrying"):
        return None
    succeeded = row["state"] in ("done", "filtered")
    return ItemEnd(row["position"], "succeeded" if succeeded else "failed", None if succeeded else row["reason"])


def _outbound_end(row: RowMapping) -> ItemEnd | None:
    if row["sent_at"] is not None:
        return ItemEnd(row["position"], "succeeded")
    if row["given_up_at"] is not None or row["aside_at"] is not None:
        return ItemEnd(row["position"], "failed", _reason(row["error"]))
    return None


def _reason(error: str | None) -> str | None:
    return None if error is None else json.loads(error).get("reason")


def _job(row: RowMapping) -> JobRow:
    values: dict[str, Any] = dict(row)
    for name in _JSON:
        values[name] = None if values[name] is None else json.loads(values[name])
    return JobRow(**values)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
