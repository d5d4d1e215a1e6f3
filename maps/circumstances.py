"""The circumstances of one application of a map: its clock, the answered message, and the lines of fields.

now         one moment for the whole application, handed in by the caller
answered    the message that an OM Reply answers, which the reply's map may read
line_of     finds the line of a field that is a simple element; only errors and traces ask
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from integration_objects.property_set import PropertySet

#: From the path of a component, ``/ORDERS[1]/ORDER[2]``, and the name of a field of it to the field's line.
LineOf = Callable[[str, str], int | None]


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of one application of a map.

    Attributes:
        clock: returns the time, ISO in UTC; None where the map is applied without a clock.
        answered: the answered message's tree, as the map's `answers` has it; None for none.
        line_of: finds a field's line; None where nobody knows the lines.
    """

    clock: Callable[[], str] | None = None
    answered: PropertySet | None = None
    line_of: LineOf | None = None

    @cached_property
    def now(self) -> str | None:
        """The time of the application: read once, so that all fields agree."""
        return None if self.clock is None else self.clock()


NO_CIRCUMSTANCES = Circumstances()


def at(now: str, answered: PropertySet | None = None, line_of: LineOf | None = None) -> Circumstances:
    """Make circumstances with a clock that stands at *now*."""
    return Circumstances(lambda: now, answered, line_of)
