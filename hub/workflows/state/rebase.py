"""Updates keep the values that other orders have changed meanwhile.

    remember        record beside each Update the values of the service item for which the line was made
    rebase          give the fields that the line doesn't change the values that other orders have given them meanwhile
    leave_alone     drop the fields that the line doesn't change, for Apply
    outdated_lines  find the lines that carry values which other orders have changed since

An Update carries every field of its item, also the fields that nobody asked to change (docs/design/methods.md,
"Delta": all fields are passed through). Between a quote and its order, and between an order and its submission, other
orders are submitted. The later one changes the fields that it asks to change, and no others, as if it had been made
after them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from hub.services.differences import same_value
from hub.workflow_manager.outcome import Note
from hub.workflows.state.statuses import UNTOUCHED
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    attribute_value,
    attributes,
    items_from,
    items_of,
)
from integration_objects.definition import Component
from integration_objects.names import KEY, OLD_ATTRIBUTES
from integration_objects.property_set import PropertySet

BUILT_ON = "Built On"
#: Fields that other rules settle: identity, status (Asset Status says the new one), computed values.
_SETTLED = frozenset((KEY, "Action Code", "Status", "Extended Quantity", "Product Id", "Track As Asset"))


def remember(component: Component, roots: Sequence[PropertySet], before: PropertySet | None) -> None:
    """Record beside each Update beneath *roots* the values that its service item has in the state *before*."""
    names, state = _names(component), ComplexObject.of(before)
    for item in items_from(roots):
        stored = state.by_key(item.get(KEY)) if action_code(item) == "Update" else None
        item.properties[BUILT_ON] = None if stored is None else _written(names, item, stored)


def remember_filled(item: PropertySet, carried: Collection[str], service: PropertySet) -> None:
    """Record on a sender's Update line the values that the hub filled in from its *service*. Changes *item*.

    The values of the fields that the sender *carried* are asked for, whatever they were before.
    """
    filled = {name: text for name, text in item.properties.items() if name not in carried and name not in _SETTLED}
    item.properties[BUILT_ON] = json.dumps({**filled, **_old_attributes(item, service)}, ensure_ascii=False)


def rebase(component: Component, roots: Sequence[PropertySet], state: PropertySet | None) -> list[Note]:
    """Give the fields that Updates don't change their values of a later state, in place.

    Fields without a recorded value (the sender carried them) stay, and so do lines that are worked on already.

    Args:
        component: the line item's.
        roots: root items of a quote or an order.
        state: OM Asset message: the state that is requested before them; None for none.

    Returns:
        A note for each compared field that another order has changed.
    """
    names, requested, notes = _names(component), ComplexObject.of(state), []
    for item in items_from(roots):
        base = _base(item)
        # A line that provisioning works on stands as it was sent: its request can't be changed any more.
        if base is None or item.get("Status") not in UNTOUCHED:
            continue
        current = requested.by_key(item.get(KEY))
        if current is None:
            continue  # Apply says that it isn't there
        for name in list(_outdated(component, names, item, base, current)):
            old, new = base.get(name), current.get(name)
            item.properties[name] = new
            if _is_told(component, name):
                values = f"{new or 'empty'} and no longer {old or 'empty'}"
                text = f"{name} is {values}: another order has changed it meanwhile"
                notes.append(Note("changed meanwhile", text, item.get(KEY), item.get("Product Id")))
        # The next rebase compares with this state, or it would report the same change again.
        item.properties[BUILT_ON] = _written([name for name in names if name in base], item, current)
    return notes


def outdated_lines(component: Component, order: PropertySet, state: PropertySet) -> list[PropertySet]:
    """Return the open Updates of an order that carry values which their services don't have in a state before it.

    Only compared fields count, and only those that the lines leave alone. The order isn't changed.
    """
    names, requested, outdated = _names(component), ComplexObject.of(state), []
    for item in items_of(order):
        base, current = _base(item), requested.by_key(item.get(KEY))
        if base is not None and current is not None and item.get("Status") == "Open":
            told = (_is_told(component, name) for name in _outdated(component, names, item, base, current))
            if any(told):
                outdated.append(item)
    return outdated


def _outdated(
    component: Component,
    names: Sequence[str],
    item: PropertySet,
    base: Mapping[str, str | None],
    current: PropertySet,
) -> Iterator[str]:
    """Yield the fields that a line left alone, and that have another value in the present state of its service."""
    for name in names:
        if name in item.properties and name in base:
            # Three values: the line's, the one that it was made for, the present one.
            kind, old = component.fields[name].type, base.get(name)
            if same_value(kind, item.get(name), old) and not same_value(kind, old, current.get(name)):
                yield name


def _is_told(component: Component, name: str) -> bool:
    return name in component.compared or name == "Quantity"


def leave_alone(roots: Sequence[PropertySet]) -> None:
    """Drop from Updates the fields that they don't change, and the recorded values, in place.

    Apply keeps a field that a line doesn't carry. So an order changes only the fields that it was asked to change, in
    whichever turn it is done with other orders.

    Args:
        roots: root items of an order, which belong to the caller alone.
    """
    for item in items_from(roots):
        for name, old in (_base(item) or {}).items():
            if name in item.properties and name not in _SETTLED and means_the_same(item.get(name), old):
                del item.properties[name]
        item.properties.pop(BUILT_ON, None)


def forget_null(item: PropertySet, name: str) -> None:
    """Drop from an Update's recorded values that of a field that had none, in place: no change of it is shown then."""
    recorded = _recorded(item) or {}
    if recorded.get(name, "") is None:
        del recorded[name]
        item.properties[BUILT_ON] = json.dumps(recorded, ensure_ascii=False)


def means_the_same(left: str | None, right: str | None) -> bool:
    """Tell whether two texts are one text, number or date: the store may have written either in another way."""
    return same_value("number", left, right) or same_value("date", left, right)


def _names(component: Component) -> list[str]:
    return [name for name in component.fields if name not in component.not_applied and name not in _SETTLED]


def _written(names: list[str], item: PropertySet, stored: PropertySet) -> str:
    values = {name: stored.get(name) for name in names if name in item.properties}
    return json.dumps({**values, **_old_attributes(item, stored)}, ensure_ascii=False)


def _old_attributes(item: PropertySet, stored: PropertySet) -> dict[str, dict[str, str]]:
    """Return the former values of the attributes that a line changes or deletes, for people who look at the line.

    They stand under one name, by the names of the attributes; none are returned for a line that leaves them alone.
    """
    changed = {
        attribute.get("Name") for attribute in attributes(item) if action_code(attribute) in ("Update", "Delete")
    }
    values = {attribute.get("Name") or "": attribute_value(attribute) for attribute in attributes(stored)}
    former = {name: value for name, value in values.items() if name in changed}
    return {OLD_ATTRIBUTES: former} if former else {}


def _base(item: PropertySet) -> dict[str, str | None] | None:
    """Return the values of fields that an Update records; None as for `_recorded`."""
    recorded = _recorded(item)
    if recorded is None:
        return None
    return {name: old for name, old in recorded.items() if old is None or isinstance(old, str)}


def _recorded(item: PropertySet) -> dict[str, object] | None:
    """Read all that an Update records; None for another line, and for a text that the hub didn't write."""
    text = item.get(BUILT_ON) if action_code(item) == "Update" else None
    try:
        recorded = None if text is None else json.loads(text)
    except ValueError:
        return None
    return recorded if isinstance(recorded, dict) else None
