"""Lines that no system provides: when they are complete, and from when.

    Add       begins with the first line beneath it that is provided; without such a line, on its due date
    Update    on its due date, once nothing beneath it is open
    Delete    on its due date, once all beneath it has ended; a line that failed keeps it open

Bundles are such lines, and so is a cover that nobody installs. "Beneath" are the order's own lines with an action. A
line stands provided where it has a fulfilment system. A bundle of which no provided line comes fails with them: it must
not be charged. A line beneath an added bundle waits for the bundle, so that no completed line stands beneath one that
isn't there.

Source: "m. Move Process" (the specified dates); spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile

from hub.workflows.state.days import first_moment
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.statuses import FAILED
from hub.workflows.state.task_progress import TASKS, progress_of
from integration_objects.complex_object import ComplexObject, action_code, items_of
from integration_objects.names import NO_ACTION
from integration_objects.property_set import PropertySet

#: Statuses of a line that is still to be answered.
_OPEN = frozenset(("Pending", "Open"))


@dataclass(frozen=True)
class Clock:
    """The time at which lines are decided.

    Attributes:
        now: the present time, ISO.
        made: the time at which the order was made, ISO; no line is complete before it. None if it isn't known.
        zone: the zone whose midnight a due date without a time means.
    """

    now: str
    made: str | None = None
    zone: str = "UTC"

    def moment(self, date: str) -> datetime.datetime:
        """Return the moment that a date stands for; a day stands for its midnight in the zone."""
        return first_moment(date, self.zone)

    def has_come(self, date: str | None) -> bool:
        """Tell whether a due date has come; no date means now."""
        return date is None or self.moment(date) <= self.moment(self.now)

    def latest(self, dates: Iterable[str | None]) -> str:
        """Return the latest of these dates, and not one before the order was made; without dates, now."""
        known = [date for date in dates if date is not None]
        return max([*known, *([self.made] if self.made else [])], key=self.moment) if known else self.now


@dataclass(frozen=True)
class Decisions:
    """The lines of an order that were decided; the lines are those of the order that was looked at.

    Attributes:
        completed: lines that are complete, each with its Completed Date.
        failed: added bundles that fail with the lines beneath them.
        kept: lines that would take a bundle away, each with the lines beneath it that failed and keep it open.
    """

    completed: Sequence[tuple[PropertySet, str]]
    failed: Sequence[PropertySet]
    kept: Sequence[tuple[PropertySet, Sequence[PropertySet]]]


class _Verdict(Enum):
    WAITS, COMPLETE, FAILS, KEPT = range(4)


def decide_lines(order: PropertySet, clock: Clock) -> Decisions:
    """Decide the open lines of an order that no system provides, until no decision brings another one.

    Args:
        order: an instance of OM Order; its lines have their Fulfilment Systems. Not changed.
        clock: the time.
    """
    return _Order(order, clock).decisions()


def has_undecided(order: PropertySet) -> bool:
    """Tell whether an order has open lines that no system provides."""
    return any(is_open(item) and not is_provided(item) for item in items_of(order))


def dates_to_come(order: PropertySet, clock: Clock) -> list[str]:
    """Return the due dates, still to come, of an order's open lines that no system provides; the earliest first."""
    dates = {due_date(order, item) for item in items_of(order) if is_open(item) and not is_provided(item)}
    return sorted((date for date in dates if date is not None and not clock.has_come(date)), key=clock.moment)


def is_open(item: PropertySet) -> bool:
    """Tell whether a line has an action and is open."""
    return item.get("Status") == "Open" and action_code(item) != NO_ACTION


def is_provided(item: PropertySet) -> bool:
    """Tell whether a system provides a line; its order has been opened."""
    tasks = item.get(TASKS)
    return item.get("Fulfilment System") is not None if tasks is None else bool(progress_of(item))


class _Order:
    """An order while its lines are decided."""

    def __init__(self, order: PropertySet, clock: Clock) -> None:
        self._order, self._clock = order, clock
        self._view = ComplexObject(order)
        #: status and Completed Date as they are decided, by the identity of the line
        self._status = {id(item): item.get("Status") for item in self._view.items}
        self._completed = {id(item): item.get("Completed Date") for item in self._view.items}
        #: by identity: two lines of an order may be equal
        self._undecided = {id(item): item for item in self._view.items if is_open(item) and not is_provided(item)}
        self._below = self._lines_below()

    def decisions(self) -> Decisions:
        candidates = list(self._undecided.values())
        # A decision on a line may decide the lines above and beneath it: again until nothing moves.
        moved = True
        while moved:
            moved = False
            for item in list(self._undecided.values()):
                moved |= self._settle(item)
        completed = [item for item in candidates if self._status[id(item)] == "Complete"]
        return Decisions(
            [(item, self._completed[id(item)] or self._clock.now) for item in completed],
            [item for item in candidates if self._status[id(item)] == "Failed"],
            [
                (item, [line for line in self._below[id(item)] if self._any_failed([line])])
                for item in self._undecided.values()
                if self._verdict(item) is _Verdict.KEPT
            ],
        )

    def _lines_below(self) -> Mapping[int, list[PropertySet]]:
        """Return the lines with an action beneath each undecided line, by the identity of the line."""
        below: dict[int, list[PropertySet]] = {key: [] for key in self._undecided}
        for item in self._view.items if below else ():
            if action_code(item) != NO_ACTION:
                for above in self._view.above(item):
                    if id(above) in below:
                        below[id(above)].append(item)
        return below

    def _settle(self, item: PropertySet) -> bool:
        """Write the decision on a line, if there is one now; tell whether there is."""
        verdict = self._verdict(item)
        if verdict not in (_Verdict.COMPLETE, _Verdict.FAILS):
            return False
        if verdict is _Verdict.COMPLETE:
            self._completed[id(item)] = self._date(item)
        self._status[id(item)] = "Complete" if verdict is _Verdict.COMPLETE else "Failed"
        del self._undecided[id(item)]
        return True

    def _verdict(self, item: PropertySet) -> _Verdict:
        for above in self._view.above(item):
            if id(above) in self._below and action_code(above) == "Add" and not self._is(above, "Complete"):
                return _Verdict.FAILS if self._is(above, "Failed") else _Verdict.WAITS
        if action_code(item) == "Add":
            return self._verdict_of_added(item)
        below = self._below[id(item)]
        provided = [line for line in below if is_provided(line)]
        if action_code(item) == "Delete" and not self._any_open(provided) and self._any_failed(provided):
            # Also before the due date: somebody has to look at the line that failed.
            return _Verdict.KEPT
        return _Verdict.COMPLETE if self._is_due(item) and not self._any_open(below) else _Verdict.WAITS

    def _verdict_of_added(self, item: PropertySet) -> _Verdict:
        """Judge an added line by the lines beneath it alone."""
        below = self._below[id(item)]
        # Also before the due date: the line beneath is there, and would be left out of the profile without this one.
        if any(self._is_there(line, item) for line in below):
            return _Verdict.COMPLETE
        provided = [line for line in below if is_provided(line)]
        if self._any_open(provided):
            return _Verdict.WAITS
        if self._any_failed(provided):
            return _Verdict.FAILS
        if not self._is_due(item):
            return _Verdict.WAITS
        return self._verdict_of_unprovided(below)

    def _verdict_of_unprovided(self, below: Sequence[PropertySet]) -> _Verdict:
        """Judge a due line beneath which nothing is provided: the first of its lines that is due brings it."""
        undecided = [line for line in below if id(line) in self._undecided]
        if not undecided:
            return _Verdict.FAILS if self._any_failed(below) else _Verdict.COMPLETE
        verdicts = {self._verdict_beneath_added(line) for line in undecided}
        if _Verdict.COMPLETE in verdicts:
            return _Verdict.COMPLETE
        return _Verdict.WAITS if _Verdict.WAITS in verdicts else _Verdict.FAILS

    def _verdict_beneath_added(self, item: PropertySet) -> _Verdict:
        """Judge a line as if the added lines above it were there."""
        if action_code(item) == "Add":
            return self._verdict_of_added(item)
        # A service that moves beneath a new bundle waits for nothing but the bundle.
        return _Verdict.COMPLETE if self._is_due(item) else _Verdict.WAITS

    def _date(self, item: PropertySet) -> str:
        """Return the day of completion: that of the due date, or of the line that decided, whichever is later."""
        lines = self._below[id(item)]
        below = [date for line in lines if (date := self._completed[id(line)]) is not None]
        there = [self._there_since(line, item) for line in lines if self._is_there(line, item)]
        if action_code(item) == "Add" and there:
            # With the first line beneath it, whatever its due date: that line has been there since then.
            return self._clock.latest([min(there, key=self._clock.moment)])
        above = [self._completed[id(line)] for line in self._view.above(item) if action_code(line) == "Add"]
        return self._clock.latest([due_date(self._order, item), *below, *above])

    def _is_there(self, line: PropertySet, bundle: PropertySet) -> bool:
        """Tell whether a line and every added line between it and a bundle above it are complete.

        A feature beneath a line that provisioning still works on brings no bundle: the line may fail.
        """
        return self._is(line, "Complete") and all(self._is(above, "Complete") for above in self._between(line, bundle))

    def _there_since(self, line: PropertySet, bundle: PropertySet) -> str:
        """Return the day since which a line that is there has had all lines up to a bundle above it."""
        return self._clock.latest(self._completed[id(each)] for each in (line, *self._between(line, bundle)))

    def _between(self, line: PropertySet, bundle: PropertySet) -> list[PropertySet]:
        """Return the added lines between a line and a bundle above it that a system provides."""
        above = takewhile(lambda item: item is not bundle, self._view.above(line))
        return [item for item in above if action_code(item) == "Add" and is_provided(item)]

    def _is(self, item: PropertySet, status: str) -> bool:
        return self._status[id(item)] == status

    def _is_due(self, item: PropertySet) -> bool:
        return self._clock.has_come(due_date(self._order, item))

    def _any_open(self, lines: Iterable[PropertySet]) -> bool:
        return any(self._status[id(line)] in _OPEN for line in lines)

    def _any_failed(self, lines: Iterable[PropertySet]) -> bool:
        return any(self._status[id(line)] in FAILED for line in lines)
