"""The work on jobs: each step is one transaction, in which some messages are worked on and their items are written.

A process that is killed leaves whole steps behind, so that a message is put back once, whoever goes on. Several
processes share the jobs out: a job's row is locked while one of them does a step.

Spec: docs/jobs.md, "How a job is worked".
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.database.messages.jobs import ItemEnd, JobRow
from hub.data_manager.jobs.actions import do
from hub.data_manager.open_hub import OpenHub, Transaction
from integration_objects.log import Log

log = Log()

#: messages of one step: a transaction stays short, and other messages go on beside a job
AT_ONCE = 25
#: items at work whose ends are looked for in one step
LOOKED_AT = 500
#: seconds between two looks for jobs while messages are worked
LOOK_S = 0.5


class JobWork:
    """One process's work on the running jobs."""

    def __init__(self, open_hub: OpenHub) -> None:
        self._open_hub = open_hub
        self._look_at = 0.0

    def step(self, *, is_idle: bool = True) -> int:
        """Do a step of each running job; return how many items changed their states.

        *is_idle*: whether the process has nothing else to do; a busy one looks for jobs now and then.
        """
        now = self._open_hub.surroundings.monotonic()
        if not is_idle and now < self._look_at:
            return 0
        self._look_at = now + LOOK_S
        # A reading transaction looks first: otherwise each look of an idle worker would take SQLite's write lock.
        with self._open_hub.read() as transaction:
            running = transaction.messages.jobs.running()
        return sum(self._step(job.id) for job in running if self._has_work(job))

    def is_left(self) -> bool:
        """Tell whether a running job has messages that are to be taken, now or at the job's rate.

        A job that waits for ends that may never come isn't left: its messages wait in the inbox or the outbox.
        """
        with self._open_hub.read() as transaction:
            return any(_next_end(transaction, job) is not None for job in transaction.messages.jobs.running())

    def _has_work(self, job: JobRow) -> bool:
        with self._open_hub.read() as transaction:
            jobs = transaction.messages.jobs
            # As far as a step looks: a message that ends late must not hide the ends behind it.
            if jobs.ended(job, LOOKED_AT) or (self._is_due(job) and _next_end(transaction, job) is not None):
                return True
            return jobs.first_open(job.id) is None

    def _is_due(self, job: JobRow) -> bool:
        return job.due_at is None or job.due_at <= self._open_hub.surroundings.now()

    def _step(self, job_id: str) -> int:
        with self._open_hub.write() as transaction:
            jobs = transaction.messages.jobs
            job = jobs.claim(job_id)
            if job is None:
                return 0
            ended = jobs.ended(job, LOOKED_AT)
            jobs.set_items(job.id, ended, "at work")
            if self._is_stopped(transaction, job, ended):
                return len(ended)
            done = self._take(transaction, job) if self._is_due(job) else []
            if jobs.first_open(job.id) is None:
                jobs.finish(job.id)
                log.info("job done", job=job.id, action=job.action, **_counted(jobs.counts(job.id)))
        return len(ended) + len(done)

    def _is_stopped(self, transaction: Transaction, job: JobRow, ended: Sequence[ItemEnd]) -> bool:
        """Stop a job whose message failed for a reason that none of its messages had before."""
        known = set(job.known_errors or ())
        new = next((end for end in ended if end.state == "failed" and (end.reason or "") not in known), None)
        if new is None:
            return False
        (item,) = transaction.messages.jobs.sample(job.id, [new.position])
        transaction.messages.jobs.stop(job.id, {"message": item.result or item.message, "reason": new.reason})
        log.warning("job stopped", job=job.id, action=job.action, message=item.message, reason=new.reason)
        return True

    def _take(self, transaction: Transaction, job: JobRow) -> list[ItemEnd]:
        """Do the action on the next messages of the job's stage, as many as its rate allows now."""
        jobs, end = transaction.messages.jobs, _next_end(transaction, job)
        if end is None:
            return []
        # With a rate, what a second allows, and one message at the least.
        most = AT_ONCE if job.rate is None else min(AT_ONCE, max(1, job.rate // 60))
        items = jobs.waiting(job.id, end, most)
        done = [do(transaction, job, item) for item in items]
        jobs.set_items(job.id, done, "waiting")
        if job.rate is not None:
            jobs.wait_until(job.id, self._open_hub.surroundings.later(len(items) * 60 / job.rate))
        return done


def _next_end(transaction: Transaction, job: JobRow) -> int | None:
    """Return the end of the stage whose messages are taken next; None if all of the stage's messages are taken."""
    jobs = transaction.messages.jobs
    first = jobs.first_open(job.id)
    if first is None:
        return None
    end = job.stage_end(first)
    return end if jobs.waiting(job.id, end, 1) else None


def _counted(counts: dict[str, int]) -> dict[str, int]:
    return {state.replace(" ", "_"): number for state, number in counts.items() if number}
