"""The history of service profiles: one row for each change of a service item.

Source: "Service Profile" of the data model; spec: docs/design/data-model.md, "Objects and where they live"
(service-profile
history), docs/design/road.md, "Out and back" (Apply Completed).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from hub.services.differences import same_value
from hub.workflow_manager.run import Run
from integration_objects.complex_object import attributes, instances, message, walk_items
from integration_objects.definition import Field
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

HISTORY = "Service Profile History"
#: An item's place in the profile is a change of it, too, though no field of the item keeps it.
PARENT = "Parent Item Id"
#: Fields of an attribute that say nothing of the service: its key, and what a state hasn't.
_NO_VALUES = frozenset(("Name", "Action Code", "Row Id"))

#: The values of an item and of its attributes, by the names that the history has for them.
Values = Mapping[str, str]


def write_history(
    run: Run, before: PropertySet, after: PropertySet, actions: Mapping[str | None, str], order: PropertySet
) -> None:
    """Write a row for each service item that an order's completed lines have changed; all rows are one block.

    Args:
        run: the run.
        before: the service profile as it was, an OM Asset message; an empty object for none.
        after: the profile as it will be stored.
        actions: what the lines asked for, by their keys; only these items are looked at.
        order: the order's instance.
    """
    item = run.definitions[ASSET].root.children[LINE_ITEM]
    fields = {name: one for name, one in item.fields.items() if one.column is not None and one.column != "row_id"}
    kinds = {name: one for name, one in item.children[ATTRIBUTE].fields.items() if name not in _NO_VALUES}
    old = dict(_values(before, actions, fields, kinds))
    changes = []
    for key, new in _values(after, actions, fields, kinds):
        was, now = _changed(old.get(key, {}), new, {**fields, **kinds})
        if was or now:
            changes.append(
                PropertySet(
                    "Service Profile Change",
                    properties={
                        "Account Id": order.get("Account Id"),
                        "Integration Id": key,
                        "Product Id": new.get("Product Id"),
                        "Action Code": actions[key],
                        "Order Number": order.get("Order Number"),
                        "Order Revision": order.get("Revision"),
                        "Changed Date": run.now(),
                        "Old Values": _as_json(was),
                        "New Values": _as_json(now),
                    },
                )
            )
    if changes:
        run.effects.insert(message(HISTORY, changes))


def _values(
    tree: PropertySet, wanted: Mapping[str | None, str], fields: Mapping[str, Field], kinds: Mapping[str, Field]
) -> Iterator[tuple[str | None, Values]]:
    """The values of the wanted items, by their keys."""
    for instance in instances(tree):
        for item, parent in walk_items(instance):
            key = item.get(KEY)
            if key not in wanted:
                continue
            found = {name: value for name in fields if (value := item.get(name)) is not None}
            if parent is not None:
                found[PARENT] = parent.get(KEY) or ""
            for one in attributes(item):
                for name in kinds:
                    value = one.get(name)
                    if value is not None:
                        found[f"{ATTRIBUTE}/{one.get('Name')}/{name}"] = value
            yield key, found


def _changed(old: Values, new: Values, fields: Mapping[str, Field]) -> tuple[Values, Values]:
    """The values that differ, as they were and as they are."""
    differing = []
    for name in dict.fromkeys((*old, *new)):
        one = fields.get(name.rpartition("/")[2])
        if not same_value("text" if one is None else one.type, old.get(name), new.get(name)):
            differing.append(name)
    return ({name: old[name] for name in differing if name in old}, {n: new[n] for n in differing if n in new})


def _as_json(values: Values) -> str | None:
    return json.dumps(values, ensure_ascii=False) if values else None
