"""`orderhub job`: one action on many messages, previewed, started, watched, stopped.

Spec: docs/jobs.md.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.database.messages.outbox import OUTBOX_STATES
from adapters.database.schema.hub_tables import JOB_ITEM_STATES, JOB_STATES
from adapters.files import read_file
from hub.command_line import messages as options
from hub.command_line.exit_codes import CommandMisused, misused
from hub.command_line.messages import MessageStateUnknown, business_key, chosen, stored_time
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import MOST_NUMBER, Json
from hub.command_line.text_command import TextCommand
from hub.presentation.printing import complain, out, print_json, table
from hub.presentation.progress import Progress

if TYPE_CHECKING:
    from adapters.database.messages.jobs import JobRow
    from adapters.database.messages.message_filter import MessageFilter, OutboundFilter
    from hub.data_manager.jobs.actions import Action
    from hub.data_manager.jobs.edit import Edit
    from hub.data_manager.open_hub import Transaction

app = typer.Typer()
job_app = typer.Typer(
    no_args_is_help=True,
    help="Jobs: one action on many messages, previewed, at a rate, in stages that stop at new errors.",
)
app.add_typer(job_app, name="job")

_LISTED = ("id", "action", "state", "total", "made_by", "made_at", "started_by", "reason")
_ITEMS = ("position", "state", "message", "reason_before", "reason", "result", "ended_at")
_REHEARSED = ("message", "kind", "reason_before", "state", "reason", "what")
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, as `orderhub job list` shows it.")]


class EditUnpaired(CommandMisused):
    """The texts to replace and the texts in their places don't come in pairs."""

    what = "each --replace needs its --by"
    where = "options --replace, --by"
    why = "{olds} texts are to be replaced, and {news} stand in their places"
    mend = "give them in pairs: --replace OLD --by NEW; --by '' takes a text out"


class StagesUnreadable(CommandMisused):
    """The sizes of a job's stages can't be read."""

    what = "'{text}' are no sizes of stages"
    where = "option --stages"
    why = "expected whole numbers from 1, of up to nine digits, with commas, or none"
    mend = "write, for example, 10,100: ten messages, then a hundred, then the rest"


class FilterOfOthers(CommandMisused):
    """A filter of messages that came in is given for messages that leave, or the other way about."""

    what = "{action} doesn't choose by {filters}"
    where = "orderhub job preview"
    why = "it is done with messages that {leave}"
    mend = "leave these options out; `orderhub job preview --help` tells which are for which"


@job_app.command("preview", cls=TextCommand)
def preview_job(
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION|JOB",
            help="replay, resubmit, give-up, resend or give-up-outbound; or a previewed job, again.",
        ),
    ],
    state: options.State = None,
    route: options.Route = None,
    sender: options.Sender = None,
    reason: options.Reason = None,
    since: options.Since = None,
    until: options.Until = None,
    batch: options.Batch = None,
    order: options.Order = None,
    account: options.Account = None,
    integration_id: options.IntegrationId = None,
    service_id: options.ServiceId = None,
    destination: Annotated[
        str | None, typer.Option(help="Only messages that leave for this destination (resend, give-up-outbound).")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Resend to another channel, or folder:NAME.")] = None,
    replace: Annotated[list[str] | None, typer.Option(metavar="OLD", help="Resubmit: a text to replace.")] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="NEW", help="Resubmit: the text in its place.")
    ] = None,
    body: Annotated[
        str | None, typer.Option(metavar="FILE", help="Resubmit: the whole new body of a single message.")
    ] = None,
    whole: Annotated[bool, typer.Option("--all", help="Rehearse every message, not twenty of them.")] = False,
    as_json: Json = False,
) -> None:
    """Choose messages, keep the choice as a job, and rehearse it: what would be the same, change, or fail now."""
    from hub.data_manager.jobs.actions import ACTIONS
    from hub.data_manager.jobs.making import action_named, known_job, make_job
    from hub.data_manager.jobs.preview import SAMPLE
    from hub.data_manager.jobs.preview import preview as rehearse_job

    edit = _edit(replace or [], by or [], body)
    business = business_key(order=order, account=account, integration_id=integration_id, service_id=service_id)
    inbound = {"route": route, "sender": sender, "batch": batch, "business key": business}
    with opened_hub() as open_hub:
        with open_hub.write() as transaction:
            job = transaction.messages.jobs.row(action) if action.replace("-", " ") not in ACTIONS else None
            if job is None:
                with misused():
                    named = action_named(action)
                _check_filters(named, inbound, {"destination": destination, "to": to}, edit)
                chosen_by: MessageFilter | OutboundFilter
                if named.is_outbound:
                    chosen_by = _chosen_outbound(state, destination, reason, since, until)
                else:
                    chosen_by = chosen(
                        transaction.messages, state, route, since, until, batch, sender, reason, business
                    )
                job = make_job(transaction, named, chosen_by, open_hub.deployment.settings.user, to, edit)
        number = job.total if whole else min(SAMPLE, job.total)
        with Progress("rehearsed", number, unit="") as progress:
            found = rehearse_job(open_hub, job, number, progress.note)
        with open_hub.read() as transaction:
            job = known_job(transaction, job.id)
    if as_json:
        print_json({"id": job.id, "action": job.action, "total": job.total, "preview": job.preview})
        return
    out(table(("job", "action", "messages"), [(job.id, job.action, job.total)]))
    out("")
    out(table(("of the rehearsed", "messages"), [*found.kinds.items(), ("in all", found.rehearsed)]))
    if found.reasons:
        out("")
        out(table(("would fail for", "messages"), found.reasons.items()))
    out("")
    out(table(_REHEARSED, [[getattr(each, name) for name in _REHEARSED] for each in found.messages]))
    if job.state == "previewed":
        complain(f"nothing is done yet; next: orderhub job start {job.id} --reason '...'")


def _edit(olds: Sequence[str], news: Sequence[str], body: str | None) -> Edit | None:
    from hub.data_manager.jobs.edit import Edit

    if body is not None:
        return Edit(body=read_file(pathlib.Path(body)))
    if len(olds) != len(news):
        raise EditUnpaired(olds=len(olds), news=len(news))
    return Edit(tuple(zip(olds, news, strict=True))) if olds else None


def _check_filters(action: Action, inbound: dict[str, Any], outbound: dict[str, str | None], edit: Edit | None) -> None:
    """Refuse filters that the action's messages don't have."""
    wrong = [name for name, value in (inbound if action.is_outbound else outbound).items() if value is not None]
    if edit is not None and action.name != "resubmit":
        wrong.append("an edit")
    if outbound["to"] is not None and action.name == "give up outbound":
        wrong.append("to")
    if wrong:
        leave = "leave" if action.is_outbound else "came in"
        raise FilterOfOthers(action=action.name, filters=", ".join(wrong), leave=leave)


def _chosen_outbound(
    state: str | None, destination: str | None, reason: str | None, since: str | None, until: str | None
) -> OutboundFilter:
    from adapters.database.messages.message_filter import OutboundFilter

    states = tuple(name.strip() for name in state.split(",")) if state is not None else ()
    for name in states:
        MessageStateUnknown.check(name, OUTBOX_STATES)
    times = {
        name: None if text is None else stored_time(text, name) for name, text in (("since", since), ("until", until))
    }
    return OutboundFilter(states, destination=destination, reason=reason, since=times["since"], until=times["until"])


@job_app.command("start", cls=TextCommand)
def start_job(
    job: JobId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is done; it is kept with the job.")],
    rate: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_NUMBER, help="Messages a minute; without it, as fast as they are worked."),
    ] = None,
    stages: Annotated[
        str, typer.Option(metavar="SIZES", help="The sizes of the first stages, or none; the last one is the rest.")
    ] = "10,100",
    as_json: Json = False,
) -> None:
    """Let a previewed job run: `orderhub run` works it."""
    from hub.data_manager.jobs.making import start_job as start

    sizes = _sizes(stages)
    with opened_hub(only_messages=True) as open_hub, open_hub.write() as transaction:
        started = start(transaction, job, reason, open_hub.deployment.settings.user, rate, sizes)
    _tell(started, as_json)


def _sizes(text: str) -> list[int]:
    if text == "none":
        return []
    sizes = [size.strip() for size in text.split(",")]
    if not all(size.isdecimal() and int(size[:9]) > 0 and len(size) < 10 for size in sizes):
        raise StagesUnreadable(text=text)
    return [int(size) for size in sizes]


@job_app.command("resume", cls=TextCommand)
def resume_job(job: JobId, as_json: Json = False) -> None:
    """Let a stopped job go on; the errors that it has met by now don't stop it again."""
    from hub.data_manager.jobs.making import resume_job as resume

    with opened_hub(only_messages=True) as open_hub, open_hub.write() as transaction:
        _tell(resume(transaction, job), as_json)


@job_app.command("cancel", cls=TextCommand)
def cancel_job(job: JobId, as_json: Json = False) -> None:
    """End a job before its time: messages that wait for their turn stay as they are."""
    from hub.data_manager.jobs.making import cancel_job as cancel

    with opened_hub(only_messages=True) as open_hub, open_hub.write() as transaction:
        _tell(cancel(transaction, job), as_json)


def _tell(job: JobRow, as_json: bool) -> None:
    if as_json:
        print_json({"id": job.id, "state": job.state})
    complain(f"{job.id}: {job.state}")


@job_app.command("list", cls=TextCommand)
def list_jobs(
    state: Annotated[str | None, typer.Option(help=f"Only those in this state: {', '.join(JOB_STATES)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_NUMBER, help="Most jobs, the newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first."""
    MessageStateUnknown.check(state, JOB_STATES)
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        jobs = transaction.messages.jobs.listing(limit, state)
        rows = [_described(transaction, job) for job in jobs]
    if as_json:
        print_json(rows)
    else:
        out(table((*_LISTED, "ended"), [[*(row[name] for name in _LISTED), _ended(row["items"])] for row in rows]))


@job_app.command("show", cls=TextCommand)
def show_job(
    job: JobId,
    state: Annotated[
        str, typer.Option(help=f"List the messages in this state: {', '.join(JOB_ITEM_STATES)}.")
    ] = "failed",
    limit: Annotated[int, typer.Option(min=1, max=MOST_NUMBER, help="Most messages that are listed.")] = 100,
    as_json: Json = False,
) -> None:
    """Show a job: its choice, its reason, how far it is, and the messages that failed again."""
    from hub.data_manager.jobs.making import known_job

    MessageStateUnknown.check(state, JOB_ITEM_STATES)
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        found = known_job(transaction, job)
        record = _described(transaction, found)
        listed = [vars(item) for item in transaction.messages.jobs.items(job, state, limit)]
    if as_json:
        print_json({**record, "listed": listed})
        return
    for name, value in record.items():
        if value is not None and not isinstance(value, dict | list):
            out(f"{name:<14} {value}")
    for name, value in (("chosen by", record["chosen_by"]), ("stopped by", record["stopped_by"])):
        if value:
            out(f"{name:<14} {', '.join(f'{key} {_text(text)}' for key, text in value.items())}")
    out("")
    out(table(("messages", "count"), record["items"].items()))
    for title, rows in (("failed again for", record["failures"]), ("of the preview", _kinds(found))):
        if rows:
            out("")
            out(table((title, "messages"), rows.items()))
    if listed:
        out("")
        out(table(_ITEMS, [[item[name] for name in _ITEMS] for item in listed]))


def _kinds(job: JobRow) -> dict[str, int]:
    return dict(job.preview["kinds"]) if job.preview else {}


def _described(transaction: Transaction, job: JobRow) -> dict[str, Any]:
    """Return a job as people and ``--json`` get it, without bodies."""
    hidden = ("seq", "edit")
    record = {name: value for name, value in vars(job).items() if name not in hidden}
    jobs = transaction.messages.jobs
    return {**record, "items": jobs.counts(job.id), "failures": jobs.failures(job.id)}


def _ended(counts: dict[str, int]) -> int:
    return sum(number for state, number in counts.items() if state not in ("waiting", "at work"))


def _text(value: Any) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(_text, value))
    return str(value)
