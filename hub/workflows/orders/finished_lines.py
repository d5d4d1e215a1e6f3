"""Lines of an order that no edit changes: finished ones, and all lines beneath one that failed.

Spec: docs/design/workflows.md, "Edit Order Line Item", "Supplemental Order (Revise), Cancel".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.configurator.item_path import split_path
from hub.configurator.requests import SETTABLE, Request
from hub.services.differences import Differs, differs_in
from hub.workflow_manager.run import Run
from hub.workflows.state.milestones import is_past, past_point
from hub.workflows.state.named_requests import references
from hub.workflows.state.order_lookup import described
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import make_no_action, still_to_come
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    attributes,
    first_instance,
    items_of,
    line_items,
    put_list,
)
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: lines by their keys
Lines = Mapping[str | None, PropertySet]


class FinishedLine(Refused):
    """A line is to be edited that is finished (complete, failed or cancelled), or stands beneath one that failed."""

    what = "the line {line} can't be edited: it {state}"
    where = "order {number}, line {key}"
    why = "{reason}"
    mend = "leave the line as it is{then}"


def refuse_finished(item: PropertySet, order: PropertySet) -> None:
    """Refuse to edit a line if it and all lines beneath it are finished.

    Raises:
        FinishedLine, PastPointOfNoReturn: nothing of the line can be edited.
    """
    if all(is_finished(line) for line in _lines_of([item])):
        raise refusal(item, order, "")


def is_finished(item: PropertySet) -> bool:
    """Tell whether a line is complete, never comes, or is past its point of no return."""
    return item.get("Status") in NEVER_COMES or item.get("Status") == "Complete" or is_past(item)


def refusal(line: PropertySet, order: PropertySet, fault: str) -> Refused:
    """Make the error for an edit of a line that no edit changes.

    Args:
        line: the line.
        order: its order.
        fault: a clause about the edit, as ", and the requests change it"; "" for none.
    """
    if is_past(line):
        return past_point(line, order, "be changed")
    finished = is_finished(line)
    comes_again = line.get("Status") in NEVER_COMES or not finished
    return FinishedLine(
        line=described(line),
        state="is finished" if finished else "stands beneath a failed one",
        number=order.get("Order Number"),
        key=line.get(KEY),
        reason=f"it is {line.get('Status')}{fault}",
        then="; once all of the order is answered, try it again or amend it from its fallout entry"
        if comes_again
        else ", and change its service with another order",
    )


def still_to_come_of(order: PropertySet, root: PropertySet) -> PropertySet:
    """Return the order's instance with the lines of this root only that are still to come. Not to be changed."""
    return still_to_come(first_instance(with_roots(order, [root], ORDER)))


def unchangeable(order: PropertySet, root: PropertySet | None) -> Lines:
    """Return the lines of a service item that no edit changes: finished ones, and all beneath one that never comes."""
    if root is None:
        return {}
    coming = {item.get(KEY) for item in items_of(still_to_come_of(order, root))}
    return {
        item.get(KEY): item
        for item in _lines_of([root])
        if item.get(KEY) not in coming or (is_finished(item) and action_code(item) != NO_ACTION)
    }


def worked(root: PropertySet) -> list[PropertySet]:
    """Copy a root with those of its lines that are complete or past their point of no return; nothing if none is.

    Lines above these become `-`. Failed lines are dropped: their service item is gone, nobody tries them again.
    """

    def is_worked(item: PropertySet) -> bool:
        return action_code(item) != NO_ACTION and (item.get("Status") == "Complete" or is_past(item))

    pruned = _view([root]).prune(is_worked)
    for item in items_of(pruned):
        if not is_worked(item):
            make_no_action(item)
            item.properties["Status"] = NO_ACTION
    return line_items(pruned)


def refuse_requests(lines: Lines, order: PropertySet, before: PropertySet, requests: Sequence[Request]) -> None:
    """Refuse requests that name a line whose service doesn't exist: it failed or was removed.

    Args:
        lines: the `unchangeable`.
        order: their order.
        before: OM Asset message: the service item before the requests.
        requests: to the configurator.

    Raises:
        FinishedLine, PastPointOfNoReturn: a request names such a line.
    """
    items = ComplexObject.of(before)
    for request in requests:
        for reference in references(request):
            # A path from a key names an item beneath it.
            key = reference if reference in lines else split_path(reference)[0]
            if key in lines and items.by_key(key) is None:
                raise refusal(lines[key], order, ", and the requests ask for something of it")


def refuse_changes(run: Run, lines: Lines, order: PropertySet, before: PropertySet, after: PropertySet) -> None:
    """Refuse requests that change a line which stays as it is, or remove it.

    The states before and after the requests are compared before the pricing, so that every difference was asked for.

    Raises:
        FinishedLine, PastPointOfNoReturn: the requests change or remove such a line.
    """
    component = run.definitions[ORDER].root.children[LINE_ITEM]
    fields_differ = differs_in(component, SETTABLE)
    values_differ = differs_in(component.children[ATTRIBUTE], component.children[ATTRIBUTE].compared)
    view_before, view_after = ComplexObject.of(before), ComplexObject.of(after)
    for key, line in lines.items():
        item, changed = view_before.by_key(key), view_after.by_key(key)
        if item is None:
            continue
        if changed is None:
            raise refusal(line, order, ", and the requests take it away")
        if (
            _key_above(view_before, item) != _key_above(view_after, changed)
            or fields_differ(item.properties, changed.properties)
            or _attributes_differ(item, changed, values_differ)
        ):
            raise refusal(line, order, ", and the requests change it")


def _key_above(view: ComplexObject, item: PropertySet) -> str | None:
    parent = view.parent_of(item)
    return None if parent is None else parent.get(KEY)


def _attributes_differ(item: PropertySet, changed: PropertySet, differ: Differs) -> bool:
    before = {value.get("Name"): value.properties for value in attributes(item)}
    after = {value.get("Name"): value.properties for value in attributes(changed)}
    return before.keys() != after.keys() or any(differ(value, after[name]) for name, value in before.items())


def put_back(lines: Lines, root: PropertySet | None, roots: list[PropertySet]) -> None:
    """Put lines that no edit changes back as they were, beneath the line that they stood beneath. Changes *roots*.

    Args:
        lines: the `unchangeable`.
        root: the root that they stand in.
        roots: the new roots of the service item, as the delta made them.
    """
    if root is None:
        return
    former, view = _view([root]), _view(roots)
    placed: dict[str | None, PropertySet] = {item.get(KEY): item for item in view.items}
    parents = {key: view.parent_of(item) for key, item in placed.items()}  # as they are before lines are put back
    for key, line in lines.items():
        above = former.parent_of(line)
        parent = None if above is None else placed.get(above.get(KEY))
        is_orphan = above is not None and parent is None
        item = placed.get(key)
        if item is not None:
            item.properties = dict(line.properties)
            parent_now = parents[key]
            if parent_now is not parent and not is_orphan:
                # A move that failed: the service is where it was, and the line where it was asked for.
                siblings = _below(parent_now, roots)
                siblings[:] = [sibling for sibling in siblings if sibling is not item]
                _below(parent, roots).append(item)
        elif is_orphan and line.get("Status") != "Complete":
            continue  # it never came, and the line above it was removed
        else:
            item = placed[key] = line.copy_node()
            _below(parent, roots).append(item)
        # Attributes have action codes of their own, and the delta has written others: those that were sent stand.
        put_list(item, ATTRIBUTE)[:] = [attribute.copy_node() for attribute in attributes(line)]


def _below(parent: PropertySet | None, roots: list[PropertySet]) -> list[PropertySet]:
    return roots if parent is None else put_list(parent, LINE_ITEM)


def _view(roots: Iterable[PropertySet]) -> ComplexObject:
    header = PropertySet("Order")
    put_list(header, LINE_ITEM).extend(roots)
    return ComplexObject(header)


def _lines_of(roots: Iterable[PropertySet]) -> list[PropertySet]:
    return _view(roots).items
