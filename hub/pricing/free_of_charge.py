"""Every n-th unit free: the choice of the free units among like items of one bundle.

The number of free units follows from the number of units. Units that were free stay free as long as that number allows
it, so that a new item never takes an older one's place. Other units are chosen by the order of the Integration Ids, and
not by the tree's: the service profile is ordered by the times of provisioning's answers.

Spec: docs/design/workflows.md, "Configurator and pricing" (every n-th item may be free).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from hub.pricing.currency import EXACT, to_stored_digits
from hub.pricing.lines import Line
from hub.pricing.settle import LinePrice
from hub.services.free_units import free_units, is_free

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Candidate:
    """A line of which units may be free.

    Attributes:
        units: the line's units in one bundle, above 0.
        was_free: those of them that its last prices made free.
    """

    line: Line
    units: Decimal
    was_free: Decimal

    @classmethod
    def of(cls, line: Line, units: Decimal) -> Candidate:
        """Make the candidate of a line with so many units in one bundle."""
        if is_free(line.item):
            return cls(line, units, units)
        free = free_units(line.item)
        # The line's own number counts the units of all bundles together.
        was_free = EXACT.divide(EXACT.multiply(free, units), line.extended) if free and line.extended else _ZERO
        return cls(line, units, min(units, was_free))

    def with_free(self, price: LinePrice, free: Decimal, rule: str) -> LinePrice:
        """Return the line's price with so many units free in each bundle."""
        rules = (*price.rules, rule)
        if free >= self.units:
            return replace(price, adjusted=price.adjusted * 0, rules=rules)
        all_bundles = EXACT.divide(EXACT.multiply(free, self.line.extended), self.units)
        return replace(price, rules=rules, free=to_stored_digits(all_bundles))


def choose(candidates: Sequence[Candidate], every: Decimal) -> Iterator[tuple[Candidate, Decimal]]:
    """Yield the candidates that have free units, with their number.

    Args:
        candidates: like items of one bundle, in the tree's order.
        every: every how-manieth unit is free, 2 or more.
    """
    # Stable: lines without keys keep the tree's order.
    ordered = sorted((each for each in candidates if each.units > 0), key=lambda each: each.line.key or "")
    left = _whole(sum((each.units for each in ordered), _ZERO), every)
    kept = []
    for candidate in ordered:
        kept.append(min(candidate.was_free.to_integral_value(rounding=ROUND_CEILING), left))
        left -= kept[-1]
    counted = given = _ZERO
    for candidate, stays in zip(ordered, kept, strict=True):
        counted = EXACT.add(counted, candidate.units)
        room = candidate.units.to_integral_value(rounding=ROUND_CEILING) - stays
        more = max(_ZERO, min(_whole(counted, every) - given - stays, room, left))
        left -= more
        given += stays + more
        if stays + more > 0:
            # Of half a unit that completes an n-th, no more than this half can be free.
            yield candidate, min(candidate.units, stays + more)


def _whole(units: Decimal, every: Decimal) -> Decimal:
    return EXACT.divide(units, every).to_integral_value(rounding=ROUND_FLOOR)
