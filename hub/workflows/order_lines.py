"""A received order's lines: which services they mean, and what their sender left out.

Source: spec road.md, "Whose order, which line".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.run import Run
from integration_objects.complex_object import (
    ATTRIBUTE,
    KEY,
    LINE_ITEM,
    NO_ACTION,
    action_code,
    attributes,
    instances,
    line_items,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet

#: the sender's name for line references of an order that names no Source System
HUB = "HUB"

#: fields of the requested state that a line never takes over: they say what happened to the line, not what it is
_NOT_FILLED = frozenset({"Status", "Source Reference", "Applied Date", "Row Id", "Line Number"})


class ServiceUnknown(Refused):
    """A line changes a service that the account doesn't have and hasn't ordered."""


class LineKeyTwice(Refused):
    """Two lines of an order mean the same service."""


class CompleteLineMissing(Refused):
    """A supplement leaves out a line that is complete already."""


def resolve_keys(run: Run, order: PropertySet, account_id: str, state: PropertySet, newest: PropertySet | None) -> None:
    """Give every line its Integration Id, from the sender's reference or anew.

    `Add`: the hub makes the key and records the pair; a supplement keeps the pairs of the order that it replaces,
    and a reference whose service still stands keeps its key, so that the dry run finds the service added twice.
    Others: looked up; else an Integration Id of the account; else refused.
    """
    system = order.get("Source System") or HUB
    lines = [item for item, _ in walk_items(order)]
    for item in lines:
        if item.get("Source Reference") is None and item.get(KEY) is not None:
            item.properties["Source Reference"] = item.get(KEY)
    references = [item.get("Source Reference") or "" for item in lines]
    _check_twice(references)
    pairs = run.integration_ids(system, account_id, sorted({reference for reference in references if reference}))
    present = {item.get(KEY): item for item, _ in walk_items(instances(state)[0])}
    of_former = set() if newest is None else {item.get(KEY) for item, _ in walk_items(newest)}
    made: dict[str, str] = {}
    for item, reference in zip(lines, references, strict=True):
        recorded = pairs.get(reference)
        if action_code(item) == "Add":
            key = recorded if recorded is not None and (recorded in of_former or recorded in present) else None
            if key is None:
                key = run.new_id()
                if reference:
                    made[reference] = key
        else:
            key = recorded if recorded in present or recorded in of_former else None
            if key is None and item.get(KEY) in present:
                key = item.get(KEY)
            if key is None and reference in present:
                key = reference
            if key is None:
                raise ServiceUnknown(
                    f"the line {reference or 'without a reference'} has the action {action_code(item)}, "
                    "but there is no such service",
                    where=f"line {reference}, Source Reference",
                    why=f"the account {account_id} neither has nor has ordered a service that {system} calls "
                    f"'{reference}', and it is no Integration Id of the account",
                    mend="send the reference under which the service was added, or the Integration Id of the reply; "
                    "a new service has the action Add",
                )
        item.properties[KEY] = key
    _check_twice([item.get(KEY) or "" for item in lines])
    if made:
        run.keep_integration_ids(system, account_id, made)


def _check_twice(references: Sequence[str]) -> None:
    seen = set()
    for reference in references:
        if reference and reference in seen:
            raise LineKeyTwice(
                f"two lines of the order mean the service '{reference}'",
                where=f"line {reference}",
                why="a service can stand on one line of an order only",
                mend="send one line for each service",
            )
        seen.add(reference)


@dataclass(frozen=True)
class _Place:
    item: PropertySet
    parent: PropertySet | None


def _places(state: PropertySet) -> dict[str, _Place]:
    return {item.get(KEY) or "": _Place(item, parent) for item, parent in walk_items(instances(state)[0])}


def fill_from_state(order: PropertySet, state: PropertySet) -> None:
    """Fill what an `Update`, `Delete` or `-` line doesn't carry from the service as it is requested so far.

    A `Delete` line is completed downwards too: provisioning needs each service that goes, and Logical Delete each
    that becomes Inactive.
    """
    places = _places(state)
    sent = {item.get(KEY) for item, _ in walk_items(order)}
    for item, _ in list(walk_items(order)):
        place = places.get(item.get(KEY) or "")
        if place is None or action_code(item) == "Add":
            continue
        _fill_line(item, place.item)
        if action_code(item) == "Delete":
            _fill_deleted(item, place.item, sent)


def _fill_line(item: PropertySet, known: PropertySet) -> None:
    for name, text in known.properties.items():
        if name not in item.properties and name not in _NOT_FILLED:
            item.properties[name] = text


def _fill_deleted(line: PropertySet, known: PropertySet, sent: set[str | None]) -> None:
    stack = [(line, known)]
    while stack:
        item, was = stack.pop()
        named = {attribute.get("Name") for attribute in attributes(item)}
        for attribute in attributes(was):
            if attribute.get("Name") not in named:
                gone = attribute.copy_node()
                gone.properties["Action Code"] = "Delete"
                put_list(item, ATTRIBUTE).append(gone)
        below = {child.get(KEY): child for child in line_items(item)}
        for child in line_items(was):
            key = child.get(KEY)
            if key in below:
                stack.append((below[key], child))
            elif key not in sent:
                gone = PropertySet(LINE_ITEM, properties={KEY: key, "Action Code": "Delete"})
                _fill_line(gone, child)
                put_list(item, LINE_ITEM).append(gone)
                stack.append((gone, child))


def put_ancestors(order: PropertySet, state: PropertySet) -> None:
    """Put the ancestors that the sender left out above its lines, as `-`."""
    places = _places(state)
    present = {item.get(KEY) or "": item for item, _ in walk_items(order)}
    roots = put_list(order, LINE_ITEM)
    todo = list(roots)
    while todo:
        root = todo.pop(0)
        place = places.get(root.get(KEY) or "")
        if action_code(root) == "Add" or place is None or place.parent is None:
            continue
        key = place.parent.get(KEY) or ""
        above = present.get(key)
        if above is None:
            above = PropertySet(LINE_ITEM, properties={KEY: key, "Action Code": NO_ACTION})
            _fill_line(above, place.parent)
            present[key] = above
            roots[roots.index(root)] = above
            todo.append(above)
        else:
            roots.remove(root)
        put_list(above, LINE_ITEM).append(root)


def keep_completed_lines(order: PropertySet, former: PropertySet) -> None:
    """A line that is complete in the replaced revision stays complete, and must be there."""
    lines = {item.get(KEY): item for item, _ in walk_items(order)}
    for done, _ in walk_items(former):
        if done.get("Status") != "Complete":
            continue
        item = lines.get(done.get(KEY))
        if item is None:
            raise CompleteLineMissing(
                f"the new revision leaves out the line {done.get('Source Reference')}, which is complete",
                where=f"line {done.get('Source Reference')}",
                why="a complete line stands until another order changes its service",
                mend="send the line with the revision, and take its service away with a Delete in an order of its own",
            )
        for name in ("Status", "Completed Date", "Applied Date", "Service Id", "Action Code"):
            item.properties[name] = done.get(name)
