"""What the lines that update a service item were built on, so that they undo nothing that they left alone.

    remember    beside each Update, what the service item was like when the line was made
    rebase      what such a line left alone is what other orders have made of it meanwhile
    leave_alone such a line carries nothing but what it changes, for Apply

An Update carries every field of its item, also those that nobody asked to change (docs/design/methods.md, "Delta": all
fields are
passed through). Between a quote and its order, and between an order and its submission, others are submitted; the one
that comes later changes what it asks to change, and nothing else, as if it had been made after them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

from hub.services.differences import same_value
from hub.workflow_manager.outcome import Note
from integration_objects.complex_object import action_code, instances, walk_items
from integration_objects.definition import Component
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

BUILT_ON = "Built On"
#: Fields that other rules settle: what the item is, its status (Asset Status says what it becomes), what is computed.
_SETTLED = frozenset((KEY, "Action Code", "Status", "Extended Quantity", "Product Id", "Track As Asset"))


def remember(component: Component, roots: Iterable[PropertySet], before: PropertySet | None) -> None:
    """Write beside each Update what it is built on, in place.

    Args:
        component: the line item's.
        roots: root items of a quote or an order.
        before: OM Asset message: the state that they change; None for none.
    """
    names, items = _names(component), _by_key(before)
    for root in roots:
        for item in root.walk():
            if item.type == LINE_ITEM:
                was = items.get(item.get(KEY)) if action_code(item) == "Update" else None
                item.properties[BUILT_ON] = None if was is None else _written(names, item, was)


def remember_filled(item: PropertySet, carried: Collection[str]) -> None:
    """Likewise beside an Update of a sender, of which the hub filled in what the sender didn't carry; in place.

    Args:
        item: the line, filled.
        carried: the fields that the sender carried, whose values are asked for, whatever they were before.
    """
    filled = {name: text for name, text in item.properties.items() if name not in carried and name not in _SETTLED}
    item.properties[BUILT_ON] = json.dumps(filled, ensure_ascii=False)


def rebase(component: Component, roots: Iterable[PropertySet], state: PropertySet | None) -> list[Note]:
    """Let what Updates left alone be what it is in a later state, in place.

    What a line doesn't remember (what its sender carried) stays, and so do lines that are worked on already.

    Args:
        component: the line item's.
        roots: root items of a quote or an order.
        state: OM Asset message: what is requested before them; None for none.

    Returns:
        A note for each compared field that another order has changed.
    """
    names, notes = _names(component), []
    items: Mapping[str | None, PropertySet] | None = None
    for root in roots:
        for item in root.walk():
            base = _base(item)
            if base is None or item.get("Status") not in (None, "Pending"):
                continue
            items = _by_key(state) if items is None else items
            now = items.get(item.get(KEY))
            if now is None:
                continue  # Apply says that it isn't there
            for name in names:
                if name not in item.properties or name not in base:
                    continue
                kind, was, here = component.fields[name].type, base.get(name), now.get(name)
                if same_value(kind, item.get(name), was) and not same_value(kind, was, here):
                    item.properties[name] = here
                    if name in component.compared or name == "Quantity":
                        text = f"{name} is {here} and no longer {was}: another order has changed it meanwhile"
                        notes.append(Note("changed meanwhile", text, item.get(KEY), item.get("Product Id")))
            item.properties[BUILT_ON] = _written([name for name in names if name in base], item, now)
    return notes


def leave_alone(roots: Iterable[PropertySet]) -> None:
    """Drop from Updates what they left alone, in place, and what they remember: Apply leaves alone what isn't carried.

    So an order that is done after another one, in whichever turn, changes what it was asked to change.

    Args:
        roots: root items of an order, which are nobody else's.
    """
    for root in roots:
        for item in root.walk():
            for name, was in (_base(item) or {}).items():
                if name in item.properties and name not in _SETTLED and _is_same(item.get(name), was):
                    del item.properties[name]
            item.properties.pop(BUILT_ON, None)


def _is_same(one: str | None, other: str | None) -> bool:
    """Whether two values are one as text, as numbers or as dates: the store may have written either in another way."""
    return same_value("number", one, other) or same_value("date", one, other)


def _names(component: Component) -> list[str]:
    return [name for name in component.fields if name not in component.not_applied and name not in _SETTLED]


def _written(names: list[str], item: PropertySet, was: PropertySet) -> str:
    return json.dumps({name: was.get(name) for name in names if name in item.properties}, ensure_ascii=False)


def _base(item: PropertySet) -> dict[str, str | None] | None:
    """What an Update remembers; None for another line, and for what isn't the hub's own writing."""
    text = item.get(BUILT_ON) if item.type == LINE_ITEM and action_code(item) == "Update" else None
    try:
        found = None if text is None else json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {name: was for name, was in found.items() if was is None or isinstance(was, str)}


def _by_key(state: PropertySet | None) -> Mapping[str | None, PropertySet]:
    if state is None:
        return {}
    return {item.get(KEY): item for instance in instances(state) for item, _ in walk_items(instance)}
