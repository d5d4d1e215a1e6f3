"""The largest order, counted while its tree is made.

An order of 30,000 lines takes seconds to be read and mapped before it is refused. The counter refuses it at the first
line too many.

Spec: docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

#: Lines of one order, of all levels. The work on an order keeps its account locked, and grows with the lines.
MOST_LINES = 2_000
#: The type of an order's header.
_HEADER = "Order"


class OrderTooLarge(Refused):
    """An order is over one of the limits for lines, levels, attributes or quantities."""

    what = "the order has more than {most} {things}"
    where = "line {reference}"
    why = "found {count}"
    mend = "send it as several orders"


class LineCounter:
    """Counts the lines of an order while its components are made.

    Args:
        is_order: whether the message is known to be an order. Otherwise the lines after an order's header count.
    """

    def __init__(self, is_order: bool) -> None:
        self._counts = is_order
        self._lines = 0

    def __call__(self, component: PropertySet) -> None:
        """Count *component*, if it is a line.

        Raises:
            OrderTooLarge: it is one too many.
        """
        if component.type == _HEADER:
            self._counts = True
        elif component.type == LINE_ITEM and self._counts:
            self._lines += 1
            if self._lines > MOST_LINES:
                reference = reference_of(component) or "without a reference"
                raise OrderTooLarge(most=MOST_LINES, things="lines", reference=reference, count=self._lines)


def reference_of(line: PropertySet) -> str:
    """Return the name of a line by which its sender knows it."""
    return line.get("Source Reference") or line.get(KEY) or ""
