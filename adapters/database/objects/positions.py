"""Which places new and moved rows get among their siblings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.database.objects.entry import Entry

#: The place of the position in a row as it is read (`StoredComponent.hidden`).
POSITION = 2


def places_among(owned: Sequence[Entry], last: int) -> dict[int, int]:
    """The positions of one owner's entries that are new or moved, by the entry's id: from *last* on.

    Under synchronize, where the tree says the order of all siblings, all get theirs where it differs.
    """
    ordered = [None if entry.row is None or entry.is_moved else entry.row[POSITION] for entry in owned]
    if all(entry.operation == "synchronize" for entry in owned) and not _is_in_order(ordered):
        ordered, last = [None] * len(owned), 0
    places = {}
    for entry, position in zip(owned, ordered, strict=True):
        if position is None:
            places[id(entry)] = last
            last += 1
    return places


def _is_in_order(positions: Sequence[Any]) -> bool:
    """Whether the known positions rise, and what has none stands behind them."""
    last = -1
    ended = False
    for position in positions:
        if position is None:
            ended = True
        elif ended or position <= last:
            return False
        else:
            last = position
    return True
