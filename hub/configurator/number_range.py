"""Ranges of numbers, as people write them: ``509-555-0102..509-555-0110``, or shorter ``509-555-0102..0110``."""

from __future__ import annotations

import re

from hub.configurator.requests import MOST_TIMES, RequestFaulty
from integration_objects.field_values import shown

#: the sign between the first number and the last one
BETWEEN = ".."
#: a number: anything, and the digits that are counted on
_NUMBER = re.compile(r"(.*?)([0-9]{1,18})")


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a range, the first and the last included; they keep their leading zeros.

    >>> numbers_in("509-555-0098..0101")
    ['509-555-0098', '509-555-0099', '509-555-0100', '509-555-0101']

    Raises:
        RequestFaulty: the text isn't a range of numbers, or the range has more than the most copies.
    """
    first, _, last = (part.strip() for part in text.partition(BETWEEN))
    begin, end = _NUMBER.fullmatch(first), _NUMBER.fullmatch(last)
    # The last number may be written without the part that both have in common.
    if begin is None or end is None or end[1] not in ("", begin[1]) or len(end[2]) != len(begin[2]):
        raise RequestFaulty(
            fault=f"{shown(text)} is no range: expected two numbers that differ in their last digits only",
            mend="write the first and the last number in one way, as 509-555-0102..509-555-0110",
        )
    low, high = int(begin[2]), int(end[2])
    if not low <= high < low + MOST_TIMES:
        raise RequestFaulty(
            fault=f"the range {shown(text)} has {max(high - low + 1, 0)} numbers; from 1 to {MOST_TIMES} are allowed",
            mend="give the lower number first, and fewer numbers at once",
        )
    return [f"{begin[1]}{number:0{len(begin[2])}}" for number in range(low, high + 1)]
