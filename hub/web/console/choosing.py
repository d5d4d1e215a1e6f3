"""Choosing messages for a job: by the filters of a list's address, or a single message; each choice is a job.

A job over the messages of a list is made and previewed first, and started on its own page. The action on a single
message is a job of one message, which is started at once: the reason is asked for in both cases, and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.database.messages.jobs import JobRow
from adapters.database.messages.message_filter import MessageFilter, OutboundFilter
from adapters.database.messages.outbox import OUTBOX_STATES
from adapters.database.schema.hub_tables import STATES
from hub.access import rights
from hub.access.user import ActionObject
from hub.data_manager.jobs.actions import ACTIONS, Action
from hub.data_manager.jobs.edit import Edit
from hub.data_manager.jobs.making import make_job, start_job
from hub.data_manager.jobs.preview import preview
from hub.data_manager.open_hub import OpenHub
from hub.web.console.page import ConsoleAction, Done, Looking, nothing_asked, reason_asked, step
from hub.web.faults import FilterUnreadable
from hub.web.views import QuestionView
from integration_objects.field_values import read_date

_KEYS = ("order", "account", "integration-id", "service-id")


@dataclass(frozen=True)
class SingleAction:
    """An action on a single message, with the states in which it is offered."""

    name: str
    states: tuple[str, ...]
    action: ConsoleAction


def chosen_by(looking: Looking) -> MessageFilter:
    """Read the filters for messages that came in from an address.

    Raises:
        FilterUnreadable: a state, a time, or two keys at once can't be looked for.
    """
    given = looking.parameters
    key = key_asked(given)
    return MessageFilter(
        states=_states(given.get("state"), STATES),
        route=given.get("route"),
        sender=given.get("sender"),
        reason=given.get("reason"),
        since=_time(given.get("since")),
        until=_time(given.get("until")),
        batch=given.get("batch"),
        keys=() if key is None else looking.transaction.messages.message_keys.named(*key),
    )


def key_asked(given: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the kind and the value of the business key of an address; None for none."""
    keys = [(name.replace("-", " "), given[name]) for name in _KEYS if given.get(name)]
    if len(keys) > 1:
        raise FilterUnreadable(why="one search goes by one of order, account, Integration Id and number")
    return keys[0] if keys else None


def outbound_chosen_by(looking: Looking) -> OutboundFilter:
    """Read the filters for messages that leave from an address.

    Raises:
        FilterUnreadable: a state or a time can't be looked for.
    """
    given = looking.parameters
    return OutboundFilter(
        states=_states(given.get("state"), OUTBOX_STATES),
        destination=given.get("destination"),
        kind=given.get("kind"),
        reason=given.get("reason"),
        since=_time(given.get("since")),
        until=_time(given.get("until")),
    )


def _states(text: str | None, known: Sequence[str]) -> tuple[str, ...]:
    states = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    for state in states:
        if state not in known:
            raise FilterUnreadable(why=f"there is no state '{state}'; states are {', '.join(known)}")
    return states


def _time(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return read_date(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError as error:
        raise FilterUnreadable(why=f"'{text}' is no time: {error}") from error


def _edit_asked(looking: Looking) -> Sequence[QuestionView]:
    help = "Each of these texts in the bodies is replaced; nothing else changes."
    return (
        QuestionView("old", "Text to replace", "long text", "", True, help=help),
        QuestionView("new", "Text in its place", "long text", "", False),
    )


def _destination_asked(looking: Looking) -> Sequence[QuestionView]:
    return (QuestionView("to", "Another destination", "text", "", False, help="Empty: their own."),)


def _asked(action: Action) -> Callable[[Looking], Sequence[QuestionView]]:
    if action.name == "resubmit":
        return _edit_asked
    return _destination_asked if action.name == "resend" else nothing_asked


def _made(looking: Looking, action: Action, one: str | None, answers: Mapping[str, str]) -> JobRow:
    """Make the job of an action: over the filters of the address, or over one message."""
    choice: MessageFilter | OutboundFilter
    if one is not None:
        choice = OutboundFilter(ids=(one,)) if action.is_outbound else MessageFilter(ids=(one,))
    else:
        choice = outbound_chosen_by(looking) if action.is_outbound else chosen_by(looking)
    edit = Edit(((answers.get("old", ""), answers.get("new", "")),)) if action.name == "resubmit" else None
    destination = answers.get("to") or None if action.name == "resend" else None
    return make_job(looking.transaction, action, choice, looking.user.name, destination, edit)


def previewed(job: JobRow) -> Callable[[OpenHub], None]:
    """Make the work that rehearses a job after its transaction."""

    def run(open_hub: OpenHub) -> None:
        preview(open_hub, job)

    return run


def _mass_action(action: Action) -> ConsoleAction:
    def do(looking: Looking, answers: Mapping[str, str]) -> Done:
        job = _made(looking, action, None, answers)
        note = f"{job.total} messages are chosen; nothing is done yet. Start the job when the preview is right."
        about = ActionObject("job", job.id)
        return Done(f"/console/jobs/{step(job.id)}", (note,), about, previewed(job))

    help = f"Chooses all messages of the list to {action.sentence}. A preview comes first: nothing is done yet."
    label = f"{action.name.capitalize()} all of these"
    needed = (rights.MASS_ACTIONS, action.right)
    return ConsoleAction(action.name.replace(" ", "-"), label, needed, _asked(action), do, help)


def _single_action(action: Action, parameter: str) -> SingleAction:
    def ask(looking: Looking) -> Sequence[QuestionView]:
        return (*_asked(action)(looking), *reason_asked(looking))

    def do(looking: Looking, answers: Mapping[str, str]) -> Done:
        one = looking.parameters[parameter]
        job = _made(looking, action, one, answers)
        start_job(looking.transaction, job.id, answers.get("reason", ""), looking.user.name, stages=())
        about = ActionObject("message", one)
        return Done(f"/console/jobs/{step(job.id)}", ("The hub works the message soon.",), about)

    name = action.name.replace(" ", "-")
    shown = ConsoleAction(name, action.name.capitalize(), (action.right,), ask, do, f"{action.sentence.capitalize()}.")
    return SingleAction(name, action.states, shown)


INBOUND_ACTIONS = tuple(_mass_action(action) for action in ACTIONS.values() if not action.is_outbound)
OUTBOUND_ACTIONS = tuple(_mass_action(action) for action in ACTIONS.values() if action.is_outbound)
ONE_MESSAGE_ACTIONS = tuple(_single_action(action, "message") for action in ACTIONS.values() if not action.is_outbound)
ONE_OUTBOUND_ACTIONS = tuple(_single_action(action, "outbound") for action in ACTIONS.values() if action.is_outbound)
