"""The lines of a large object that say nothing new, folded: unchanged ones, and neighbours that are alike.

    unchanged   lines without an action, and with none beneath them: "27 lines unchanged"
    alike       neighbours with the same product, action and values, and the same beneath them: "9 more Local Line"

Only numbers, keys and service ids of alike lines differ. An object of up to 10 lines is shown whole; of one of up to 20
lines, unchanged lines are folded, and alike lines are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hub.presentation.item_row import ItemRow, is_changed
from integration_objects.complex_object import action_code, line_items, walk_items
from integration_objects.names import NO_ACTION
from integration_objects.property_set import PropertySet

#: lines of an object whose unchanged lines are shown: as many as one looks at without reading each
SHOWN_WHOLE = 10
#: Lines of an object whose alike lines are shown: of fewer services, people want to see each service id.
ALIKE_SHOWN = 20
#: The fewest lines that are left out for a line that says so.
_FEWEST_FOLDED = 2


@dataclass
class _Branch:
    """A line item with everything beneath it.

    Attributes:
        row: the item's row.
        size: the number of lines, its own counted.
        last: the last of the lines.
        is_unchanged: whether neither the item nor anything beneath it has an action.
        likeness: the same number for branches that are alike.
    """

    row: ItemRow
    below: list[_Branch]
    size: int
    last: ItemRow
    is_unchanged: bool
    likeness: int


def folded_rows(
    instance: PropertySet, row_of: Callable[[PropertySet, PropertySet, int], ItemRow], whole: bool
) -> list[ItemRow]:
    """Return the rows of an instance's line items in order, those that say nothing new folded.

    Args:
        instance: a quote, an order or a service profile.
        row_of: returns the row of an item, from the item, the item or header above it, and the number of items above.
        whole: whether nothing is folded.
    """
    rows: list[tuple[PropertySet, ItemRow]] = []
    levels: dict[int, int] = {}
    for item, parent in walk_items(instance):
        levels[id(item)] = 0 if parent is None else levels[id(parent)] + 1
        rows.append((item, row_of(item, instance if parent is None else parent, levels[id(item)])))
    if whole or len(rows) <= SHOWN_WHOLE:
        return [row for _, row in rows]
    branches = _branches(rows, is_state=instance.type == "Asset")
    folds_alike = len(rows) > ALIKE_SHOWN
    return list(_shown([branches[id(root)] for root in line_items(instance)], folds_alike))


def _branches(rows: Sequence[tuple[PropertySet, ItemRow]], is_state: bool) -> Mapping[int, _Branch]:
    """Return the branch of each item, by the item's identity."""
    branches: dict[int, _Branch] = {}
    kinds: dict[tuple[object, ...], int] = {}
    # The lower items first, and no recursion: a chain of items may be deeper than functions may call each other.
    for item, row in reversed(rows):
        below = [branches[id(child)] for child in line_items(item)]
        kind = (_without_names(row), tuple(branch.likeness for branch in below))
        branches[id(item)] = _Branch(
            row,
            below,
            size=1 + sum(branch.size for branch in below),
            last=below[-1].last if below else row,
            is_unchanged=not is_state
            and action_code(item) == NO_ACTION
            and all(branch.is_unchanged for branch in below),
            likeness=kinds.setdefault(kind, len(kinds)),
        )
    return branches


def _without_names(row: ItemRow) -> ItemRow:
    """Leave out of a row the values that name the one item; a changed service id is news of its own."""
    return row._replace(line="", key="", service=row.service if is_changed(row.service) else "")


def _shown(roots: Sequence[_Branch], folds_alike: bool) -> Iterator[ItemRow]:
    stack: list[_Branch | ItemRow] = [*_folded(roots, folds_alike, is_root=True)][::-1]
    while stack:
        entry = stack.pop()
        if isinstance(entry, ItemRow):
            yield entry
            continue
        yield entry.row
        stack += [*_folded(entry.below, folds_alike, is_root=False)][::-1]


def _folded(siblings: Sequence[_Branch], folds_alike: bool, is_root: bool) -> Iterator[_Branch | ItemRow]:
    """Yield siblings, with a row in the place of those that say nothing new."""
    # An unchanged root stays: it says of which service the object is.
    for unchanged, run in groupby(siblings, key=lambda branch: branch.is_unchanged and not is_root):
        branches = list(run)
        if unchanged and sum(branch.size for branch in branches) >= _FEWEST_FOLDED:
            yield _unchanged_row(branches)
            continue
        for _, neighbours in groupby(branches, key=lambda branch: branch.likeness):
            first, *others = neighbours
            yield first
            if folds_alike and sum(branch.size for branch in others) >= _FEWEST_FOLDED:
                yield _alike_row(first, others)
            else:
                yield from others


def _unchanged_row(branches: Sequence[_Branch]) -> ItemRow:
    size = sum(branch.size for branch in branches)
    return ItemRow(_numbers(branches), f"{_margin(branches[0])}({size} lines unchanged)")


def _alike_row(first: _Branch, others: Sequence[_Branch]) -> ItemRow:
    row = first.row
    with_lines = "with" if len(others) == 1 else "each with"
    each = f", {with_lines} {first.size - 1} beneath it" if first.size > 1 else ""
    product = f"{_margin(first)}({len(others)} more {row.product.strip()}{each})"
    services = [branch.row.service for branch in others if branch.row.service]
    service = row.service if is_changed(row.service) else " ... ".join(dict.fromkeys([*services[:1], *services[-1:]]))
    return row._replace(line=_numbers(others), product=product, service=service, key="", details="")


def _numbers(branches: Sequence[_Branch]) -> str:
    first, last = branches[0].row.line, branches[-1].last.line
    return f"{first}-{last}" if first and last and first != last else first


def _margin(branch: _Branch) -> str:
    return " " * (len(branch.row.product) - len(branch.row.product.lstrip()))
