"""A received order's lines: the services that they mean, and the fields that their sender left out.

Source: spec docs/design/road.md, "Whose order, which line".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.services.action_alias import ALIAS, alias_of
from hub.services.old_values import NOTHING
from hub.workflow_manager.run import Run
from hub.workflows.state import ignored_lines
from hub.workflows.state.milestones import is_past, past_point
from hub.workflows.state.rebase import means_the_same, remember_filled
from hub.workflows.state.service_address import FIELD, forget_old_address
from hub.workflows.state.service_profile import still_to_come
from hub.workflows.state.suspended import beneath_suspended
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    attributes,
    items_of,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.definition import Component
from integration_objects.errors import Refused
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER, VALUE_FIELDS
from integration_objects.property_set import PropertySet

#: the sender's name for line references of an order that names no Source System
HUB = "HUB"

#: fields of the requested state that a line never takes over: they belong to the former line, not to the service
_NOT_FILLED = frozenset({"Status", "Source Reference", "Applied Date", "Row Id", "Line Number"})


class ServiceUnknown(Refused):
    """A line changes a service that the account doesn't have and hasn't ordered."""

    what = "the line {line} has the action {action}, but there is no such service"
    where = "line {reference}, Source Reference"
    why = (
        "the account {account_id} neither has nor has ordered a service that {system} calls '{reference}', "
        "and it is no Integration Id of the account"
    )
    mend = (
        "send the reference under which the service was added, or the Integration Id of the reply; "
        "a new service has the action Add"
    )


class LineKeyTwice(Refused):
    """Two lines of an order mean the same service."""

    what = "two lines of the order mean the service '{reference}'"
    where = "line {reference}"
    why = "a service can stand on one line of an order only"
    mend = "send one line for each service"


class CompleteLineMissing(Refused):
    """A supplement leaves out a line that is complete already."""

    what = "the new revision leaves out the line {reference}, which is complete"
    where = "line {reference}"
    why = "a complete line stands until another order changes its service"
    mend = "send the line with the revision, and take its service away with a Delete in another order"


class CompleteLineChanged(Refused):
    """A supplement changes a line that is complete already."""

    what = "the new revision changes the line {reference}, which is complete"
    where = "line {reference}"
    why = "{changes}"
    mend = "send the line as it was, and change its service with another order"


class OrderDoesNotApply(Refused):
    """Some lines of an order or quote can't be applied to the requested state, or would change nothing there."""

    what = "{count} of the {kind}'s changes can't be made on the present and ordered services of the customer"
    where = "{kind} {number}"
    why = "{reasons}"


class LinesUpsideDown(Refused):
    """A line stands beneath another line that stands beneath it in the customer's services."""

    what = "the line {lower} stands beneath the line {upper}, which stands beneath it in the customer's services"
    where = "line {lower}"
    why = "no service can be beneath itself"
    mend = "send the lines as they stand, or move one of them away first"


def recorded_keys(run: Run, order: PropertySet, account_id: str) -> dict[str, str]:
    """Return the Integration Ids that were recorded for the references of an order's lines, by reference.

    A line without a reference gets the Integration Id that it was sent with as its reference. Changes *order* so.

    Raises:
        LineKeyTwice: two lines have one reference.
    """
    for item in items_of(order):
        if item.get("Source Reference") is None and item.get(KEY) is not None:
            item.properties["Source Reference"] = item.get(KEY)
    references = [item.get("Source Reference") or "" for item in items_of(order)]
    _check_twice(references)
    system = order.get("Source System") or HUB
    return run.integration_ids(system, account_id, sorted({reference for reference in references if reference}))


def needs_state(order: PropertySet, pairs: Mapping[str, str], newest: PropertySet | None) -> bool:
    """Tell whether a line of an order may touch a service that the account has or has ordered.

    Neither the profile nor the open orders need to be read where all lines add services under new references.
    """
    return newest is not None or bool(pairs) or any(action_code(item) != "Add" for item in items_of(order))


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
    lines = list(items_of(order))
    present = ComplexObject.of(state).keyed
    known = present.keys() if newest is None else {*present, *ComplexObject(newest).keyed}
    new_keys: dict[str, str] = {}
    for item in lines:
        reference = item.get("Source Reference") or ""
        key = pairs.get(reference)
        # A recorded reference whose service is gone is free again: an Add under it is a new service.
        if key not in known:
            key = None
        if action_code(item) == "Add":
            if key is None:
                key = run.new_id()
                if reference:
                    new_keys[reference] = key
        elif key is None:
            key = next((sent for sent in (item.get(KEY), reference) if sent in present), None)
            if key is None:
                raise ServiceUnknown(
                    line=reference or "without a reference",
                    reference=reference,
                    action=action_code(item),
                    account_id=account_id,
                    system=system,
                )
        item.properties[KEY] = key
    # Once more, by key: one line may name a service by the reference, another by the Integration Id.
    _check_twice([item.get(KEY) or "" for item in lines])
    if new_keys:
        run.effects.keep_integration_ids(system, account_id, new_keys)


def _check_twice(references: Sequence[str]) -> None:
    seen = set()
    for reference in references:
        # Lines without a reference are services of their own, however many there are.
        if reference and reference in seen:
            raise LineKeyTwice(reference=reference)
        seen.add(reference)


def fill_from_state(order: PropertySet, state: PropertySet) -> None:
    """Fill the fields that an `Update`, `Delete` or `-` line doesn't carry from the service as requested so far.

    A `Delete` line is completed downwards too: provisioning needs each service that goes, and Logical Delete each
    that becomes Inactive.
    """
    requested = ComplexObject.of(state)
    sent = {item.get(KEY) for item in items_of(order)}
    for item in list(items_of(order)):
        service = requested.by_key(item.get(KEY))
        if service is None or action_code(item) == "Add":
            continue
        # Before the line is filled: afterwards nobody knows which fields the sender asked for.
        carried = frozenset(item.properties)
        fill_line(item, service)
        if action_code(item) == "Update":
            if FIELD not in carried and forget_old_address(item, service):
                # As if the sender had asked for it: a null that was filled in would follow the service's next address.
                carried |= {FIELD}
            remember_filled(item, carried, service)
        if action_code(item) == "Delete":
            _fill_deleted(item, service, sent)


def fill_line(item: PropertySet, service: PropertySet) -> None:
    """Fill the fields that a line doesn't carry from its service. Changes *item*."""
    for name, text in service.properties.items():
        if name not in item.properties and name not in _NOT_FILLED:
            item.properties[name] = text


def _fill_deleted(line: PropertySet, service: PropertySet, sent: set[str | None]) -> None:
    stack = [(line, service)]
    while stack:
        item, stored = stack.pop()
        names = {attribute.get("Name") for attribute in attributes(item)}
        for attribute in attributes(stored):
            if attribute.get("Name") not in names:
                deleted = attribute.copy_node()
                deleted.properties["Action Code"] = "Delete"
                put_list(item, ATTRIBUTE).append(deleted)
        below = {child.get(KEY): child for child in line_items(item)}
        for child in line_items(stored):
            key = child.get(KEY)
            if key in below:
                stack.append((below[key], child))
            # A line that was sent elsewhere has moved away: it doesn't go with its former parent.
            elif key not in sent:
                deleted = PropertySet(LINE_ITEM, properties={KEY: key, "Action Code": "Delete"})
                fill_line(deleted, child)
                put_list(item, LINE_ITEM).append(deleted)
                stack.append((deleted, child))


def name_actions(order: PropertySet, state: PropertySet, component: Component) -> None:
    """Write the Action Alias of each line whose sender gave it none, as Delta does for lines made in the hub.

    Args:
        order: the order, with the keys of its lines. Changed in place.
        state: OM Asset message: the state that is requested before it.
        component: the order's line item.
    """
    codes = {alias.code for alias in component.aliases}
    lines = [item for item in items_of(order) if action_code(item) in codes and item.get(ALIAS) is None]
    # Most orders only add: then no condition has to be compiled.
    if not lines:
        return
    find, before = alias_of(component), ComplexObject.of(state)
    for item in lines:
        alias = find(item, before.by_key(item.get(KEY)) or NOTHING)
        if alias is not None:
            item.properties[ALIAS] = alias


def put_ancestors(order: PropertySet, state: PropertySet) -> None:
    """Put the ancestors that the sender left out above its lines, as `-`."""
    requested = ComplexObject.of(state)
    present = {item.get(KEY): item for item in items_of(order)}
    parents = {id(item): parent for item, parent in walk_items(order)}  # these change while ancestors are put in
    roots = put_list(order, LINE_ITEM)
    todo = list(roots)
    while todo:
        root = todo.pop(0)
        service = requested.by_key(root.get(KEY))
        parent = None if service is None else requested.parent_of(service)
        if action_code(root) == "Add" or parent is None:
            continue
        key = parent.get(KEY)
        above = present.get(key)
        if above is None:
            above = PropertySet(LINE_ITEM, properties={KEY: key, "Action Code": NO_ACTION})
            fill_line(above, parent)
            present[key] = above
            parents[id(above)] = None
            roots.append(above)
            # An ancestor may have ancestors that weren't sent either.
            todo.append(above)
        _refuse_circle(root, above, parents)
        # By identity: equal lines are equal to `==`, and only this one moves.
        roots[:] = [other for other in roots if other is not root]
        parents[id(root)] = above
        put_list(above, LINE_ITEM).append(root)


def _refuse_circle(root: PropertySet, above: PropertySet, parents: dict[int, PropertySet | None]) -> None:
    node: PropertySet | None = above
    while node is not None:
        if node is root:
            lower, upper = (line.get("Source Reference") or line.get(KEY) for line in (above, root))
            raise LinesUpsideDown(lower=lower, upper=upper)
        node = parents[id(node)]


def adopt_former_keys(order: PropertySet, former: PropertySet) -> None:
    """Give the lines of a supplement the keys of the revision that it replaces, copies of an exploded line included.

    A line gets the key of the former line with the same reference beneath the same parent; of several, the first that
    is free.
    """
    free: dict[tuple[str | None, str | None], list[str]] = {}
    for item, parent in walk_items(former):
        if item.get("Source Reference") is not None:
            free.setdefault(_place(item, parent), []).append(item.get(KEY) or "")
    for item, parent in walk_items(order):
        keys = free.get(_place(item, parent))
        # In the former order, so that each copy of an exploded line keeps its own key.
        if keys and action_code(item) == "Add":
            item.properties[KEY] = keys.pop(0)


def _place(item: PropertySet, parent: PropertySet | None) -> tuple[str | None, str | None]:
    return item.get("Source Reference"), None if parent is None else parent.get(KEY)


def keep_finished_lines(order: PropertySet, former: PropertySet, compared: Sequence[str]) -> None:
    """Keep the lines that are complete in the replaced revision, or past their points of no return.

    Args:
        order: the supplement, with the keys of its lines. Changed in place.
        former: the revision that provisioning works on.
        compared: the fields in which such a line must not differ.

    Raises:
        CompleteLineMissing, CompleteLineChanged, PastPointOfNoReturn: the supplement leaves it out, or changes it.
    """
    lines = {item.get(KEY): item for item in items_of(order)}
    for finished in items_of(former):
        if finished.get("Status") != "Complete" and not is_past(finished):
            continue
        item = lines.get(finished.get(KEY))
        changes = [] if item is None else _changes(item, finished, compared)
        if item is None or changes:
            if finished.get("Status") != "Complete":
                raise past_point(finished, former, "be changed" if changes else "be left out")
            reference = finished.get("Source Reference")
            if changes:
                raise CompleteLineChanged(reference=reference, changes="; ".join(changes))
            raise CompleteLineMissing(reference=reference)
        item.properties = {name: text for name, text in finished.properties.items() if name != "Row Id"}
        put_list(item, ATTRIBUTE)[:] = [attribute.copy_node() for attribute in attributes(finished)]


def _changes(item: PropertySet, finished: PropertySet, compared: Sequence[str]) -> list[str]:
    """Describe the differences between a supplement's line and the finished line of the revision that it replaces."""
    changes = []
    if action_code(item) not in (action_code(finished), NO_ACTION):
        changes.append(f"Action Code is {action_code(item)}, was {action_code(finished)}")
    for name in (*compared, "Quantity"):
        text = item.get(name)
        # A sender can't repeat a Service Id that provisioning gave.
        if text is not None and name != "Service Id" and not means_the_same(text, finished.get(name)):
            changes.append(f"{name} is {text}, was {finished.get(name)}")
    former = {attribute.get("Name"): attribute for attribute in attributes(finished)}
    for attribute in attributes(item):
        before = former.get(attribute.get("Name"))
        for name in VALUE_FIELDS.values():
            text = attribute.get(name)
            if text is not None and (before is None or not means_the_same(text, before.get(name))):
                changes.append(f"{attribute.get('Name')} is {text}")
    return changes


def prove_on_state(
    run: Run,
    order: PropertySet,
    state: PropertySet,
    mend: str = "send changes that follow from the present services: Add what isn't there, Update or Delete what is",
    name: str = ORDER,
) -> PropertySet:
    """Apply an order dry; refuse it where Apply would ignore something, or a service would run beneath a suspended one.

    Args:
        run: the run.
        order: the order, or a quote before it becomes one.
        state: OM Asset message: the state to which it is applied.
        mend: the error's mend.
        name: the integration object that *order* is an instance of.

    Returns:
        OM Asset message: the state with the order applied.

    Raises:
        OrderDoesNotApply: lists every ignored line and attribute.
        BeneathSuspended: a service is put beneath a suspended one.
    """
    coming = still_to_come(order)
    number = order.get("Source Order Number") or order.get(f"{order.type} Number")
    applied = run.call("Apply", state, [message(name, [coming])])
    asset: PropertySet = applied.asset
    if not applied.ignored:
        for refused in beneath_suspended(coming, state, asset, f"{order.type.lower()} {number}"):
            raise refused
        return asset
    raise OrderDoesNotApply(
        count=len(applied.ignored),
        kind=order.type.lower(),
        number=number,
        reasons=ignored_lines.told(run, order, applied.ignored),
        mend=mend,
    )
