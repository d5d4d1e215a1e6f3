"""What is stored, found by the keys that people use, and how the hub stands.

Spec: docs/design/road.md, "Command line, completed" (`show`); docs/design/integration.md, "Reached from outside"
(`status`).
"""

from __future__ import annotations

from typing import Any

from adapters.database.objects.store import ObjectStore
from hub.data_manager.open_hub import Transaction
from hub.deployment.deployment import Deployment
from hub.deployment.route import component_of
from integration_objects.complex_object import is_empty
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import Refused
from integration_objects.expression import Expression, compile_expression, field_reader
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS

#: the field that people name an object by, where it isn't the first of its keys, and what else it must have
SHOWN_BY: dict[str, tuple[str, dict[str, str]]] = {
    "OM Order": ("Order Number", {"Active Flag": "Y"}),
    "OM Quote": ("Quote Number", {}),
    "Order Approval": ("Order Number", {}),
    "Service Profile History": ("Account Id", {}),
}


class ObjectUnknown(Refused):
    """There is no integration object of this name that is stored."""


class InstanceUnknown(Refused):
    """No instance of an integration object has this key."""


def stored_object(store: ObjectStore, definitions: Definitions, name: str, key: str) -> PropertySet:
    """The stored instance of *name* that people call *key*, as a message.

    Raises:
        ObjectUnknown, InstanceUnknown: there is none.
    """
    stored = [
        one
        for one, definition in definitions.items()
        if definition.root.keys and (definition.root.table or definition.row_of is not None)
    ]
    if name not in stored:
        raise ObjectUnknown(
            f"there is no stored integration object '{name}'",
            why=f"there are {', '.join(sorted(stored))}",
            mend=nearest(name, stored) or "name one of them",
        )
    field, also = SHOWN_BY.get(name, (definitions[name].root.keys[0][0], {}))
    tree = store.query(name, {field: key, **also})
    if is_empty(tree):
        raise InstanceUnknown(
            f"there is no {name} with the {field} '{key}'",
            where=f"{name}, {field}",
            why="nothing of this key is stored",
            mend="mend the key; `orderhub object query` finds instances by other fields",
        )
    return tree


def known_object(definitions: Definitions, name: str) -> IntegrationObject:
    """The integration object of this name.

    Raises:
        ObjectUnknown: there is none.
    """
    if name not in definitions:
        raise ObjectUnknown(
            f"there is no integration object '{name}'",
            why=f"there are {', '.join(definitions)}",
            mend=nearest(name, definitions) or "name one of them",
        )
    return definitions[name]


def header_expression(definitions: Definitions, name: str, text: str) -> Expression:
    """An expression over the header's fields of an object."""
    return compile_expression(text, field_reader(known_object(definitions, name).root), FUNCTIONS)


def status_of(transaction: Transaction, deployment: Deployment) -> dict[str, Any]:
    """How the hub stands: components, messages by state, both sides of the count, what waits, what fell out."""
    messages = transaction.messages
    counts = messages.counts()
    known = {row["name"]: row for row in messages.control.components()}
    components = []
    for name in deployment.route_names:
        row = known.get(component_of(name), {})
        components.append(
            {
                "name": component_of(name),
                "state": row.get("state", "running"),
                "why": row.get("why"),
                "since": row.get("since"),
            }
        )
    return {
        "components": components,
        "messages": {
            "received": counts.received,
            "states": dict(counts.states),
            "duplicates": counts.duplicates,
        },
        "doors": {
            "deliveries": counts.deliveries,
            "unacknowledged": counts.unacknowledged,
            "agrees": counts.agrees,
        },
        "outbox": messages.outbox.waiting_counts(),
        "fallout": messages.fallout.listing(),
    }
