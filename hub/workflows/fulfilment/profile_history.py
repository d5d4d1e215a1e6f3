"""The history of service profiles: one row for each change of a service item.

Source: "Service Profile" of the data model; spec: docs/design/data-model.md, "Objects and where they live"
(service-profile history), docs/design/road.md, "Out and back" (Apply Completed).
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
from integration_objects.secrets import SecretNames

HISTORY = "Service Profile History"
#: An item's place in the profile is a part of its state, too, though no field of the item keeps it.
PARENT = "Parent Item Id"
#: Fields of an attribute that aren't values of the service: its key, and fields that a state doesn't have.
_NO_VALUES = frozenset(("Name", "Action Code", "Row Id"))

#: The values of an item and of its attributes, by the names that the history has for them.
Values = Mapping[str, str]


def write_history(
    run: Run, before: PropertySet, after: PropertySet, actions: Mapping[str | None, str], order: PropertySet
) -> None:
    """Write a row for each service item that an order's completed lines have changed; all rows are one block.

    Args:
        run: the run.
        before: the service profile before the order, an OM Asset message; an empty object for none.
        after: the profile as it will be stored.
        actions: the lines' action codes, by key; other items are not looked at.
        order: the order's instance.
    """
    component = run.definitions[ASSET].root.children[LINE_ITEM]
    fields = {
        name: field for name, field in component.fields.items() if field.column is not None and field.column != "row_id"
    }
    value_fields = {
        name: field for name, field in component.children[ATTRIBUTE].fields.items() if name not in _NO_VALUES
    }
    secret_names = run.secret_names()
    old_values = dict(_values(before, actions, fields, value_fields))
    rows = []
    for key, new in _values(after, actions, fields, value_fields):
        old = old_values.get(key, {})
        differing = _differing(old, new, {**fields, **value_fields})
        if differing:
            rows.append(
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
                        "Old Values": _as_json(old, differing, secret_names),
                        "New Values": _as_json(new, differing, secret_names),
                    },
                )
            )
    if rows:
        run.effects.insert(message(HISTORY, rows))


def _values(
    tree: PropertySet, wanted: Mapping[str | None, str], fields: Mapping[str, Field], value_fields: Mapping[str, Field]
) -> Iterator[tuple[str | None, Values]]:
    """Yield the values of the wanted items, with the items' keys."""
    for instance in instances(tree):
        for item, parent in walk_items(instance):
            key = item.get(KEY)
            if key not in wanted:
                continue
            values = {name: text for name in fields if (text := item.get(name)) is not None}
            # A move changes no field of the item, and is a change of the profile all the same.
            if parent is not None:
                values[PARENT] = parent.get(KEY) or ""
            for attribute in attributes(item):
                for name in value_fields:
                    text = attribute.get(name)
                    if text is not None:
                        values[f"{ATTRIBUTE}/{attribute.get('Name')}/{name}"] = text
            yield key, values


def _differing(old: Values, new: Values, fields: Mapping[str, Field]) -> list[str]:
    """Return the names of the values that differ, compared by the types of their fields."""

    def type_of(name: str) -> str:
        field = fields.get(name.rpartition("/")[2])
        return "text" if field is None else field.type

    return [name for name in dict.fromkeys((*old, *new)) if not same_value(type_of(name), old.get(name), new.get(name))]


def _as_json(values: Values, names: list[str], secret_names: SecretNames) -> str | None:
    # Masked here, and not only where it is shown: nobody needs a former secret, and a history is kept for ever.
    wanted = {name: secret_names.shown(name, values[name]) for name in names if name in values}
    return json.dumps(wanted, ensure_ascii=False) if wanted else None
