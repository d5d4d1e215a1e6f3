"""Due dates that are worth a second look: told to whoever verifies, places or submits, and refused to nobody.

    in the past                 a document or a line is wanted on a day that is over
    moved in before moved out   a service begins at one address before it ends at another

A date that is set on an item holds for everything beneath it that has no date of its own.

Spec: docs/orders.md, "Dates".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hub.configurator.requests import Request, SetItem
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.days import is_before
from integration_objects.complex_object import action_code, all_items, items_from, items_of, line_items, walk_items
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet

DUE_DATE = "Due Date"
KIND = "due date"


def due_date(document: PropertySet, line: PropertySet) -> str | None:
    """Return the due date of a line: its own, or else that of its quote or order."""
    return line.get(DUE_DATE) or document.get(DUE_DATE)


def add_due_dates(state: PropertySet, roots: Iterable[PropertySet]) -> None:
    """Give the items of a state the due dates of their lines, so that requests can change them. Changes *state*.

    No state carries due dates by itself.

    Args:
        state: OM Asset message.
        roots: root lines of a quote or an order.
    """
    dates = {item.get(KEY): item.get(DUE_DATE) for item in items_from(list(roots))}
    for item in all_items([state]):
        if dates.get(item.get(KEY)) is not None:
            item.properties[DUE_DATE] = dates[item.get(KEY)]


def hand_down_due_dates(before: PropertySet, after: PropertySet, requests: Sequence[Request]) -> None:
    """Give items beneath an item whose due date was set the same date, and new items that of the item above them.

    An item keeps a date of its own: one that a request sets, or that differed from the date above before. Changes
    *after*.

    Args:
        before: the instance of OM Asset that the requests were worked on.
        after: the instance after them.
        requests: the requests, with items called by their keys.
    """
    dated = {request.item for request in requests if isinstance(request, SetItem) and DUE_DATE in request.fields}
    former = {item.get(KEY): item for item in items_of(before)}
    # Those above come first, so that a date goes all the way down.
    for item, parent in walk_items(after):
        if parent is None or item.get(KEY) in dated:
            continue
        old, old_above = former.get(item.get(KEY)), former.get(parent.get(KEY))
        if old is None or old_above is None:
            follows = item.get(DUE_DATE) is None
        elif item.get(DUE_DATE) != old.get(DUE_DATE):
            follows = False  # a request set it that calls the item by its path
        else:
            follows = old.get(DUE_DATE) == old_above.get(DUE_DATE)
        if follows and item.get(DUE_DATE) != parent.get(DUE_DATE):
            item.properties[DUE_DATE] = parent.get(DUE_DATE)


def due_date_notes(run: Run, document: PropertySet) -> list[Note]:
    """Report due dates in the past, and services that move in before they move out.

    Args:
        run: the run.
        document: an instance of OM Quote or OM Order.
    """
    wanted = document.get(DUE_DATE)
    notes = []
    if wanted is not None and is_before(run, wanted, run.now()):
        notes.append(Note(KIND, f"the order is due on {wanted}, which is in the past"))
    return [*notes, *_lines_in_the_past(run, document), *_moved_in_too_early(run, document)]


def _lines_in_the_past(run: Run, document: PropertySet) -> Iterator[Note]:
    """Report each due date where it is met first, and not for the lines beneath that have the same."""
    for line, parent in walk_items(document):
        due = line.get(DUE_DATE)
        if due is None or action_code(line) == NO_ACTION or line.get("Status") == "Complete":
            continue
        if due in (document.get(DUE_DATE), None if parent is None else parent.get(DUE_DATE)):
            continue
        if is_before(run, due, run.now()):
            yield Note(KIND, f"it is due on {due}, which is in the past", line.get(KEY), line.get("Product Id"))


def _moved_in_too_early(run: Run, document: PropertySet) -> Iterator[Note]:
    """Report each product that a root line adds at one address before another root line takes it away elsewhere."""
    ending = [root for root in line_items(document) if action_code(root) == "Delete" and root.get(DUE_DATE) is not None]
    for root in line_items(document):
        begin = root.get(DUE_DATE)
        if action_code(root) != "Add" or begin is None:
            continue
        for left in ending:
            if left.get("Product Id") != root.get("Product Id") or not is_elsewhere(left, root):
                continue
            end = left.get(DUE_DATE) or ""
            if is_before(run, begin, end):
                text = f"it begins on {begin} at the new address, before the service ends on {end} at the old one"
                yield Note(KIND, text, root.get(KEY), root.get("Product Id"))
                break


def is_elsewhere(left: PropertySet, right: PropertySet) -> bool:
    """Tell whether two lines are at different addresses, or at different service points."""
    return any(left.get(name) != right.get(name) for name in ("Service Address Id", "Service Point Id"))
