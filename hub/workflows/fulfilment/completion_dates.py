"""The day of completion that a system tells: not in the future, not before the order, no end before the start.

    prove_completed    refuse days of completion that can't be
    prove_ends         refuse the end of a service that begins later
    prove_dates        refuse a service whose corrected end comes before its start
    move_ends          move an end that comes before the start of its service, where it is too late to refuse it

A clock may be wrong by a few minutes (`CLOCK_SKEW`), and a date without a time is a whole day.

Spec: docs/orders.md, "Dates".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.days import CLOCK_SKEW, is_before, is_to_come, made_of
from hub.workflows.state.order_lookup import described
from integration_objects.complex_object import ComplexObject, action_code, is_tracked
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY
from integration_objects.property_set import PropertySet

_COMPLETED, _START, _END = "Completed Date", "Effective Start Date", "Effective End Date"
_LINE_END = "Calculated Effective End Date"
_MINUTES = int(CLOCK_SKEW.total_seconds() // 60)


class CompletedInFuture(Refused):
    """A line is said to be complete at a time that hasn't come yet."""

    what = "{line} can't have been completed on {completed}"
    where = "order {number}, line {key}"
    why = "that is in the future: it is {now} now (clocks may differ by {minutes} minutes)"
    mend = "tell the day on which the work was done, once it is done; or mend the system's clock"


class CompletedBeforeOrder(Refused):
    """A line is said to have been complete before its order was made."""

    what = "{line} can't have been completed on {completed}"
    where = "order {number}, line {key}"
    why = "the order was made later, on {made} (clocks may differ by {minutes} minutes)"
    mend = "tell the day on which the work was done; or mend the system's clock"


class EndedBeforeStart(Refused):
    """A service is said to have ended before it began."""

    what = "{line} can't have ended on {end}"
    where = "order {number}, line {key}"
    why = "it began later, on {start}"
    mend = "tell the day on which it was taken away; or first mend the day on which it began"


def prove_completed(run: Run, order: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Refuse days of completion in the future, or before the order was made.

    Args:
        run: the run.
        order: the order, in any revision.
        lines: lines of it, with the new Completed Date.

    Raises:
        CompletedInFuture, CompletedBeforeOrder: a line can't have been completed on its day.
    """
    made = made_of(run, order) if lines else None
    for line in lines:
        completed = line.get(_COMPLETED) or run.now()
        name, key, number = described(line), line.get(KEY), order.get("Order Number")
        if is_to_come(run, completed):
            raise CompletedInFuture(
                line=name, key=key, number=number, completed=completed, now=run.now(), minutes=_MINUTES
            )
        if made is not None and is_before(run, completed, made):
            raise CompletedBeforeOrder(
                line=name, key=key, number=number, completed=completed, made=made, minutes=_MINUTES
            )


def prove_ends(run: Run, order: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Refuse the completion of a Delete before the first day of its service.

    Args:
        run: the run.
        order: the order.
        lines: its lines that an answer has completed.

    Raises:
        EndedBeforeStart: a service would end before it began.
    """
    ended = [line for line in lines if action_code(line) == "Delete" and is_tracked(line)]
    if not ended or not run.runtime.keeps_profiles:
        return
    services = ComplexObject.of(run.query(ASSET, {"Account Id": order.get("Account Id")}))
    for line in ended:
        service = services.by_key(line.get(KEY))
        if service is not None:
            prove_dates(run, order, line, service.get(_START), line.get(_COMPLETED))


def prove_dates(run: Run, order: PropertySet, line: PropertySet, start: str | None, end: str | None) -> None:
    """Refuse a service that ends before it begins; None for a date that isn't known.

    Raises:
        EndedBeforeStart: it does.
    """
    if start is not None and end is not None and is_before(run, end, start):
        number = order.get("Order Number")
        raise EndedBeforeStart(line=described(line), key=line.get(KEY), number=number, start=start, end=end)


def move_ends(
    run: Run, before: PropertySet, deleted: Mapping[str | None, PropertySet]
) -> list[tuple[PropertySet, str, str]]:
    """Give lines that end a service before its start the start as their end, in place.

    Args:
        run: the run.
        before: OM Asset message: the services before the lines.
        deleted: lines with the action Delete, by key, with their calculated dates.

    Returns:
        The lines that were changed, each with the end that it had, and the start.
    """
    moved = []
    services = ComplexObject.of(before)
    for key, line in deleted.items():
        service = services.by_key(key)
        start, end = None if service is None else service.get(_START), line.get(_LINE_END)
        if start is not None and end is not None and is_before(run, end, start):
            line.properties[_LINE_END] = start
            moved.append((line, end, start))
    return moved
