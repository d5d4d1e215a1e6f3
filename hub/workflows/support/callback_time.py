"""The time by which somebody calls back: so many working minutes of the contact that answers for the request.

    from     now, or the earliest convenient time where that is later
    until    the latest convenient time, where that is earlier

Spec: docs/support.md, "Callbacks".
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from hub.workflow_manager.run import Run
from hub.workflows.state.days import first_moment, moment_text
from hub.workflows.support.contact_context import context_of
from hub.workflows.support.contact_rules import CALLBACK_MINUTES, HoldingRule, holding_rules
from integration_objects.errors import Refused
from integration_objects.field_values import read_date, read_number
from integration_objects.property_set import PropertySet

#: working minutes until a call is tried again that nobody answered
RETRY_MINUTES = 60


class NotInOrder(Refused):
    """A time isn't later than the one that it must be later than."""

    what = "nobody can be called by '{value}'"
    where = "argument '{field}'"
    why = "{fault}"
    mend = "give a later time, as in 2026-01-31T15:00:00Z"


@dataclass(frozen=True)
class DueTime:
    """The time by which to call, and the contact rule that gave it; None without rules."""

    date: str
    rule: str | None


def due_time(run: Run, request: PropertySet) -> DueTime:
    """Work out by when a request is due.

    Raises:
        NotInOrder: the latest convenient time isn't later than the earliest, or is over.
    """
    earliest, latest = request.get("Earliest Date"), request.get("Latest Date")
    now = read_date(run.now())
    start = max(now, moment_of(run, earliest)) if earliest else now
    end = moment_of(run, latest, is_end=True) if latest else None
    if end is not None and end <= start:
        fault = "it is over" if end <= now else "it isn't later than the earliest time"
        raise NotInOrder(field="latest", value=latest, fault=fault)
    holding = _holding(run, request)
    due = _after(holding, start, _minutes(holding))
    rule = None if holding is None else holding.rule.get("Rule Name")
    return DueTime(moment_text(due if end is None else min(due, end)), rule)


def retry_time(run: Run, request: PropertySet) -> str:
    """Work out when to call again a person whom nobody has reached."""
    return moment_text(_after(_holding(run, request), read_date(run.now()), RETRY_MINUTES))


def moment_of(run: Run, text: str, is_end: bool = False) -> datetime.datetime:
    """Return the moment of a date; of a date without a time the begin of the day, or its end."""
    moment = first_moment(text, run.runtime.zone_name)
    return moment + datetime.timedelta(days=1) if is_end and len(text) == len("2026-01-31") else moment


def _holding(run: Run, request: PropertySet) -> HoldingRule | None:
    context = context_of(
        run,
        order=request.get("Order Number"),
        account=request.get("Account Id"),
        product=request.get("Product Id"),
        page=request.get("Page"),
    )
    return next(iter(holding_rules(run, context)), None)


def _minutes(holding: HoldingRule | None) -> int:
    told = None if holding is None else holding.rule.get("Callback Minutes")
    return CALLBACK_MINUTES if told is None else int(read_number(told))


def _after(holding: HoldingRule | None, start: datetime.datetime, minutes: int) -> datetime.datetime:
    if holding is None or holding.hours is None:
        return start + datetime.timedelta(minutes=minutes)
    return holding.hours.after(start, minutes)
