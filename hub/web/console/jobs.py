"""The console's jobs: the list, and a job with its preview, its progress, and the messages that failed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.database.messages.jobs import JobItem, JobRow
from hub.access import rights
from hub.access.user import ActionObject
from hub.data_manager.jobs.making import FIRST_STAGES, cancel_job, resume_job, start_job
from hub.web.console.choosing import previewed
from hub.web.console.page import (
    ConsoleAction,
    ConsolePage,
    Done,
    Looking,
    Shown,
    columns,
    details,
    found,
    reason_asked,
    row,
    step,
    table,
)
from hub.web.faults import JobAnswerUnreadable
from hub.web.views import ActionView, PartView, QuestionView

#: items and jobs that are listed
MOST = 100
_LISTED = columns(
    made_at=("Made", "time"),
    action="Action",
    state=("State", "status"),
    total=("Messages", "number"),
    ended=("Ended", "number"),
    failed=("Failed again", "number"),
    reason="Reason",
    started_by="By",
)
_JOB = columns(
    action="Action",
    state=("State", "status"),
    reason="Reason",
    total="Messages",
    chosen="Chosen by",
    made_by="Chosen by whom",
    made_at=("Made", "time"),
    started_by="Started by",
    started_at=("Started", "time"),
    rate="Messages a minute",
    stages="First stages",
    destination="To",
    stopped="Stopped by",
    final_at=("Ended", "time"),
)
_PROGRESS = columns(state=("State", "status"), count=("Messages", "number"), share="Share")
_FAILURES = columns(reason="Failed again for", count=("Messages", "number"))
_KINDS = columns(kind="Of the rehearsed", count=("Messages", "number"))
_REHEARSED = columns(
    message="Message",
    kind=("It would be", "status"),
    reason_before="Before",
    state=("State", "status"),
    reason="Reason",
)
_ITEMS = columns(
    position=("Place", "number"),
    message="Message",
    reason_before="Before",
    reason="Now",
    result="Edited message",
    ended_at=("Ended", "time"),
)


def _list(looking: Looking) -> Shown:
    jobs = looking.transaction.messages.jobs
    rows = []
    for job in jobs.listing(MOST):
        counts = jobs.counts(job.id)
        ended = sum(number for state, number in counts.items() if state not in ("waiting", "at work"))
        values = {**vars(job), "ended": ended, "failed": counts["failed"]}
        rows.append(row(_LISTED, values, {"made_at": f"/console/jobs/{step(job.id)}"}))
    help = "A job is made in the list of messages: choose by its filters, then an action."
    return Shown("Jobs", (table("jobs", "Jobs", _LISTED, rows, empty="There is no job yet."),), help=help)


def _job_of(looking: Looking) -> JobRow:
    job: JobRow = found(looking.transaction.messages.jobs.row(looking.parameters["job"]))
    return job


def _job(looking: Looking) -> Shown:
    job = _job_of(looking)
    jobs = looking.transaction.messages.jobs
    place = "outbound" if job.is_outbound else "messages"
    counts = jobs.counts(job.id)
    parts = [details("job", "Job", _JOB, {**vars(job), **_told(job)}), _progress(job, counts)]
    if job.preview is not None:
        parts += _preview(job.preview, place)
    failures = jobs.failures(job.id)
    if failures:
        shown = [row(_FAILURES, {"reason": reason, "count": number}) for reason, number in failures.items()]
        parts.append(table("failures", "Kinds of errors", _FAILURES, shown))
        parts.append(_items(jobs.items(job.id, "failed", MOST), place))
    possible = {"previewed": ("start", "preview", "cancel"), "running": ("cancel",), "stopped": ("resume", "cancel")}
    links = () if job.final_at else (ActionView("reload", "Look again", f"/console/jobs/{step(job.id)}"),)
    return Shown(f"Job to {job.action} {job.total} messages", parts, actions=possible.get(job.state, ()), links=links)


def _told(job: JobRow) -> dict[str, Any]:
    chosen = "; ".join(f"{name}: {_words(value)}" for name, value in job.chosen_by.items())
    stopped = job.stopped_by and f"a new kind of error, {job.stopped_by['reason']}, of {job.stopped_by['message']}"
    return {"chosen": chosen, "stopped": stopped}


def _words(value: Any) -> str:
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)


def _progress(job: JobRow, counts: Mapping[str, int]) -> PartView:
    rows = [
        row(_PROGRESS, {"state": state, "count": number, "share": f"{100 * number // max(job.total, 1)} %"})
        for state, number in counts.items()
    ]
    return table("progress", "Progress", _PROGRESS, rows)


def _preview(kept: Mapping[str, Any], place: str) -> list[PartView]:
    kinds = [row(_KINDS, {"kind": kind, "count": number}) for kind, number in kept["kinds"].items()]
    rehearsed = [
        row(_REHEARSED, each, {"message": f"/console/{place}/{step(each['message'])}"}) for each in kept["messages"]
    ]
    help = f"{kept['rehearsed']} of {kept['total']} messages were rehearsed; nothing of it was kept."
    return [
        table("preview", "Preview", _KINDS, kinds, help=help),
        table("rehearsed", "Rehearsed messages", _REHEARSED, rehearsed),
    ]


def _items(items: Sequence[JobItem], place: str) -> PartView:
    rows = []
    for item in items:
        links = {"message": f"/console/{place}/{step(item.message)}"}
        if item.result is not None:
            links["result"] = f"/console/{place}/{step(item.result)}"
        rows.append(row(_ITEMS, vars(item), links))
    return table("failed", "Failed again", _ITEMS, rows)


def _start_asked(looking: Looking) -> Sequence[QuestionView]:
    sizes = ",".join(map(str, FIRST_STAGES))
    stages = "With commas; the last stage is the rest. A new kind of error stops the job at its stage."
    return (
        *reason_asked(looking),
        QuestionView("rate", "Messages a minute", "whole", "", False, help="Empty: as fast as they are worked."),
        QuestionView("stages", "Sizes of the first stages", "text", sizes, False, help=stages),
    )


def _start(looking: Looking, answers: Mapping[str, str]) -> Done:
    job_id = looking.parameters["job"]
    rate = _whole(answers["rate"]) if answers.get("rate") else None
    stages = [_whole(size) for size in answers.get("stages", "").split(",") if size.strip()]
    start_job(looking.transaction, job_id, answers.get("reason", ""), looking.user.name, rate, stages)
    return _done(job_id, "The hub works it now; this page shows how far it is.")


def _whole(text: str) -> int:
    number = text.strip()
    if not (number.isascii() and number.isdecimal() and int(number[:9]) > 0 and len(number) < 10):
        raise JobAnswerUnreadable(text=text)
    return int(number)


def _cancel(looking: Looking, answers: Mapping[str, str]) -> Done:
    cancel_job(looking.transaction, looking.parameters["job"])
    return _done(looking.parameters["job"], "Messages that were waiting stay as they were.")


def _resume(looking: Looking, answers: Mapping[str, str]) -> Done:
    resume_job(looking.transaction, looking.parameters["job"])
    return _done(looking.parameters["job"], "The errors that it has met don't stop it again.")


def _preview_again(looking: Looking, answers: Mapping[str, str]) -> Done:
    job = _job_of(looking)
    done = _done(job.id)
    return Done(done.location, done.notes, done.about, previewed(job))


def _done(job_id: str, *notes: str) -> Done:
    return Done(f"/console/jobs/{step(job_id)}", notes, ActionObject("job", job_id))


_NEEDED = (rights.MASS_ACTIONS,)
PAGES = (
    ConsolePage("console_jobs", "/console/jobs", rights.SEE_MESSAGES, _list, menu="Jobs", menu_order=930),
    ConsolePage(
        "console_job",
        "/console/jobs/{job}",
        rights.SEE_MESSAGES,
        _job,
        actions=(
            ConsoleAction("start", "Start", _NEEDED, _start_asked, _start),
            ConsoleAction("preview", "Preview again", _NEEDED, lambda looking: (), _preview_again),
            ConsoleAction("resume", "Go on", _NEEDED, reason_asked, _resume),
            ConsoleAction("cancel", "Cancel", _NEEDED, reason_asked, _cancel),
        ),
    ),
)
