"""The dates of an order's lines: the promised and the expected day of each.

    promised    the due date with which the line was submitted first, in the earliest revision that has one
    expected    of an open line: the day that its fulfilment system has announced, else its due date; today, if that
                day has passed. A line that no system provides follows the lines beneath it, as `unprovided_lines`
                completes it. A line that is complete, or will not come, is expected no more

Spec: docs/order_status.md, "Dates".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.unprovided_lines import is_provided
from hub.workflows.state.days import first_moment, is_before, today
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.order_lookup import SUBMITTED, revision_of
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import ComplexObject, action_code, items_of
from integration_objects.names import KEY, NO_ACTION, ORDER_ACTIVITY
from integration_objects.property_set import PropertySet

Dates = Mapping[str, str]


def submitted_revisions(run: Run, numbers: Sequence[str]) -> set[tuple[str | None, str | None]]:
    """Return the revisions of orders, as Order Number and Revision, that were submitted at any time."""
    rows = run.headers(ORDER_ACTIVITY, {"Order Number": list(numbers), "Event": "Submitted"}) if numbers else []
    return {(row["Order Number"], row["Order Revision"]) for row in rows}


def promised_dates(
    revisions: Iterable[PropertySet], submitted: set[tuple[str | None, str | None]]
) -> tuple[str | None, Dates]:
    """Return the day that was promised for an order, and those of its lines by key.

    Args:
        revisions: all revisions of one order.
        submitted: the revisions that were submitted.
    """
    of_order: str | None = None
    of_lines: dict[str, str] = {}
    for revision in sorted(revisions, key=revision_of):
        # An order that was submitted before there were activities is known by its status.
        was_submitted = (revision.get("Order Number"), revision.get("Revision")) in submitted
        if not was_submitted and revision.get("Status") not in SUBMITTED:
            continue
        of_order = of_order or revision.get("Due Date")
        for line in items_of(revision):
            promised = due_date(revision, line)
            if promised is not None and action_code(line) != NO_ACTION:
                of_lines.setdefault(line.get(KEY) or "", promised)
    return of_order, of_lines


def expected_dates(run: Run, order: PropertySet) -> Dates:
    """Return the days on which an order's open lines are expected, by key; a line without a date has none."""
    view = ComplexObject(order)
    dates: dict[str, str] = {}
    beneath: dict[int, list[str]] = {}
    # The lower lines first: a line that no system provides waits for those beneath it.
    for line in reversed(view.items):
        if action_code(line) == NO_ACTION or line.get("Status") in NEVER_COMES:
            continue
        if line.get("Status") == "Complete":
            day = line.get("Completed Date")
        else:
            day = _expected(run, order, line, beneath.get(id(line), []))
            if day is not None:
                dates[line.get(KEY) or ""] = day
        for above in view.above(line) if day is not None else ():
            beneath.setdefault(id(above), []).append(day or "")
    return dates


def latest(run: Run, dates: Iterable[str]) -> str | None:
    """Return the latest of these dates; None for none."""
    return max(dates, key=lambda date: first_moment(date, run.runtime.zone_name), default=None)


def _expected(run: Run, order: PropertySet, line: PropertySet, beneath: Sequence[str]) -> str | None:
    announced = line.get("Expected Date") or due_date(order, line)
    own = announced if announced is None or not is_before(run, announced, today(run)) else today(run)
    if is_provided(line) or not beneath:
        return own
    if action_code(line) == "Add":
        return min(beneath, key=lambda date: first_moment(date, run.runtime.zone_name))
    return latest(run, [*beneath, *([] if own is None else [own])])
