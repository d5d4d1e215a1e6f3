"""A received order's lines: which services they mean, and what their sender left out.

Source: spec docs/design/road.md, "Whose order, which line".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.workflow_manager.run import Run
from hub.workflows.state.milestones import is_past, past_point
from hub.workflows.state.rebase import remember_filled
from hub.workflows.state.service_profile import still_to_come
from integration_objects.complex_object import (
    action_code,
    attributes,
    instances,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import as_date, as_number
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER
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


class CompleteLineChanged(Refused):
    """A supplement changes a line that is complete already."""


class OrderDoesNotApply(Refused):
    """Some of an order's lines would change nothing on the requested state, or can't."""


class LinesUpsideDown(Refused):
    """A line stands beneath another that stands beneath it in the customer's services."""


def recorded_keys(run: Run, order: PropertySet, account_id: str) -> dict[str, str]:
    """The Integration Ids that were recorded for the references of an order's lines, by reference.

    A line without a reference is known by the Integration Id that it was sent with. Changes *order* so.

    Raises:
        LineKeyTwice: two lines have one reference.
    """
    for item, _ in walk_items(order):
        if item.get("Source Reference") is None and item.get(KEY) is not None:
            item.properties["Source Reference"] = item.get(KEY)
    references = [item.get("Source Reference") or "" for item, _ in walk_items(order)]
    _check_twice(references)
    system = order.get("Source System") or HUB
    return run.integration_ids(system, account_id, sorted({reference for reference in references if reference}))


def needs_state(order: PropertySet, pairs: Mapping[str, str], newest: PropertySet | None) -> bool:
    """Whether anything of an order may touch what the account has or has ordered.

    Lines that all add services under references that nobody has used touch nothing: then neither the profile nor the
    open orders need to be read.
    """
    return newest is not None or bool(pairs) or any(action_code(item) != "Add" for item, _ in walk_items(order))


def resolve_keys(
    run: Run,
    order: PropertySet,
    account_id: str,
    state: PropertySet,
    newest: PropertySet | None,
    pairs: Mapping[str, str],
) -> None:
    """Give every line its Integration Id, from the sender's reference or anew.

    `Add`: the hub makes the key and records the pair; a supplement keeps the pairs of the order that it replaces,
    and a reference whose service still stands keeps its key, so that the dry run finds the service added twice.
    Others: looked up; else an Integration Id of the account; else refused. *pairs* are the `recorded_keys`.
    """
    system = order.get("Source System") or HUB
    lines = [item for item, _ in walk_items(order)]
    references = [item.get("Source Reference") or "" for item in lines]
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
        run.effects.keep_integration_ids(system, account_id, made)


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
        carried = frozenset(item.properties)
        fill_line(item, place.item)
        if action_code(item) == "Update":
            remember_filled(item, carried)
        if action_code(item) == "Delete":
            _fill_deleted(item, place.item, sent)


def fill_line(item: PropertySet, known: PropertySet) -> None:
    """Fill what a line doesn't carry from the service as it is known. Changes *item*."""
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
                fill_line(gone, child)
                put_list(item, LINE_ITEM).append(gone)
                stack.append((gone, child))


def put_ancestors(order: PropertySet, state: PropertySet) -> None:
    """Put the ancestors that the sender left out above its lines, as `-`."""
    places = _places(state)
    present = {item.get(KEY) or "": item for item, _ in walk_items(order)}
    parents = {id(item): parent for item, parent in walk_items(order)}
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
            fill_line(above, place.parent)
            present[key] = above
            parents[id(above)] = None
            roots.append(above)
            todo.append(above)
        _refuse_circle(root, above, parents)
        roots[:] = [one for one in roots if one is not root]
        parents[id(root)] = above
        put_list(above, LINE_ITEM).append(root)


def _refuse_circle(root: PropertySet, above: PropertySet, parents: dict[int, PropertySet | None]) -> None:
    node: PropertySet | None = above
    while node is not None:
        if node is root:
            one, two = (line.get("Source Reference") or line.get(KEY) for line in (above, root))
            raise LinesUpsideDown(
                f"the line {one} stands beneath the line {two}, which stands beneath it in the customer's services",
                where=f"line {one}",
                why="no service can be beneath itself",
                mend="send the lines as they stand, or move one of them away first",
            )
        node = parents[id(node)]


def adopt_former_keys(order: PropertySet, former: PropertySet) -> None:
    """Give the lines of a supplement the keys of the revision that it replaces, copies of an exploded line included.

    A line is the former one of the same reference beneath the same parent; of several, the first that is free.
    """
    free: dict[tuple[str | None, str | None], list[str]] = {}
    for item, parent in walk_items(former):
        if item.get("Source Reference") is not None:
            place = (item.get("Source Reference"), None if parent is None else parent.get(KEY))
            free.setdefault(place, []).append(item.get(KEY) or "")
    for item, parent in walk_items(order):
        keys = free.get((item.get("Source Reference"), None if parent is None else parent.get(KEY)))
        if keys and action_code(item) == "Add":
            item.properties[KEY] = keys.pop(0)


def keep_finished_lines(order: PropertySet, former: PropertySet, compared: Sequence[str]) -> None:
    """A line that is complete in the replaced revision, or past its point of no return, stays as it is there.

    Args:
        order: the supplement, with the keys of its lines. Changed in place.
        former: the revision that provisioning works on.
        compared: the fields in which such a line must not differ.

    Raises:
        CompleteLineMissing, CompleteLineChanged, PastPointOfNoReturn: the supplement leaves it out, or changes it.
    """
    lines = {item.get(KEY): item for item, _ in walk_items(order)}
    for done, _ in walk_items(former):
        if done.get("Status") != "Complete" and not is_past(done):
            continue
        item = lines.get(done.get(KEY))
        changed = [] if item is None else _changes(item, done, compared)
        if item is None or changed:
            raise _finished(done, former, changed)
        item.properties = {name: text for name, text in done.properties.items() if name != "Row Id"}
        put_list(item, ATTRIBUTE)[:] = [attribute.copy_node() for attribute in attributes(done)]


def _finished(done: PropertySet, former: PropertySet, changed: Sequence[str]) -> Refused:
    """The refusal of a supplement that changes a finished line, or leaves it out where nothing is *changed*."""
    reference = done.get("Source Reference")
    if done.get("Status") != "Complete":
        return past_point(done, former, "be changed" if changed else "be left out")
    if not changed:
        return CompleteLineMissing(
            f"the new revision leaves out the line {reference}, which is complete",
            where=f"line {reference}",
            why="a complete line stands until another order changes its service",
            mend="send the line with the revision, and take its service away with a Delete in an order of its own",
        )
    return CompleteLineChanged(
        f"the new revision changes the line {reference}, which is complete",
        where=f"line {reference}",
        why="; ".join(changed),
        mend="send the line as it was, and change its service with an order of its own",
    )


def _changes(item: PropertySet, done: PropertySet, compared: Sequence[str]) -> list[str]:
    """What a supplement's line says otherwise than the line of the revision that it replaces."""
    changed = []
    if action_code(item) not in (action_code(done), NO_ACTION):
        changed.append(f"Action Code is {action_code(item)}, was {action_code(done)}")
    # Its Service Id may be provisioning's: what the sender doesn't know it can't repeat.
    for name in (*compared, "Quantity"):
        if item.get(name) is not None and not _same(item.get(name), done.get(name)) and name != "Service Id":
            changed.append(f"{name} is {item.get(name)}, was {done.get(name)}")
    was = {one.get("Name"): one for one in attributes(done)}
    for one in attributes(item):
        before = was.get(one.get("Name"))
        for name in ("Text Value", "Number Value", "Date Value"):
            if one.get(name) is not None and (before is None or not _same(one.get(name), before.get(name))):
                changed.append(f"{one.get('Name')} is {one.get(name)}")
    return changed


def _same(one: str | None, two: str | None) -> bool:
    if one == two or one is None or two is None:
        return one == two
    numbers = as_number(one), as_number(two)
    if None not in numbers:
        return numbers[0] == numbers[1]
    dates = as_date(one), as_date(two)
    return None not in dates and dates[0] == dates[1]


def prove_on_state(
    run: Run,
    order: PropertySet,
    state: PropertySet,
    mend: str = "send changes that follow from the present services: Add what isn't there, Update or Delete what is",
    name: str = ORDER,
) -> PropertySet:
    """Apply an order dry; whatever would be ignored is a refusal that lists it.

    Args:
        run: the run.
        order: the order, or a quote before it becomes one.
        state: OM Asset message: what it is applied to.
        mend: what whoever placed it can do.
        name: the integration object that *order* is an instance of.

    Returns:
        OM Asset message: the state with the order applied.

    Raises:
        OrderDoesNotApply: something would be ignored.
    """
    change = message(name, [still_to_come(order)])
    applied = run.call("Apply", state, [change])
    asset: PropertySet = applied.asset
    if not applied.ignored:
        return asset
    references = {item.get(KEY): item.get("Source Reference") for item, _ in walk_items(order)}
    listed = []
    for entry in applied.ignored:
        what = f"attribute {entry.attribute} of line" if entry.attribute else "line"
        listed.append(f"{what} {references.get(entry.item) or entry.item} ({entry.action}): {entry.reason}")
    kind = order.type.lower()
    number = order.get("Source Order Number") or order.get(f"{order.type} Number")
    raise OrderDoesNotApply(
        f"{len(listed)} of the {kind}'s changes can't be made on what the customer has and has ordered",
        where=f"{kind} {number}",
        why="; ".join(listed),
        mend=mend,
    )
