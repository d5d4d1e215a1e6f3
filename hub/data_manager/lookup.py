"""Lookups for people: stored objects by the keys that people use, and the state of the hub.

Spec: docs/design/road.md, "Command line, completed" (`show`); docs/design/integration.md, "Reached from outside"
(`status`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.database.messages.outbox import Outbox
from adapters.database.objects.store import ObjectStore
from adapters.http_client import ServiceAway, ServiceStillAway
from hub.data_manager.open_hub import Transaction
from hub.deployment.deployment import Deployment
from hub.deployment.route import component_of
from integration_objects.complex_object import is_empty
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import Refused, UnknownName
from integration_objects.expression import Expression, compile_expression, field_reader
from integration_objects.names import ORDER, QUOTE
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS

#: the field that people name an object by, if it isn't the first of its keys, and further conditions on its fields
SHOWN_BY: dict[str, tuple[str, dict[str, str]]] = {
    ORDER: ("Order Number", {"Active Flag": "Y"}),
    QUOTE: ("Quote Number", {}),
    "Order Approval": ("Order Number", {}),
    "Service Profile History": ("Account Id", {}),
}


class StoredObjectUnknown(UnknownName, Refused):
    """There is no integration object of this name, or none that is stored."""

    kind = "integration object"
    where = "argument OBJECT"
    why = "there are {names}"


class InstanceUnknown(Refused):
    """No instance of an integration object has this key."""

    what = "there is no {name} with the {field} '{key}'"
    where = "{name}, {field}"
    why = "nothing of this key is stored"
    mend = "mend the key; `orderhub object query` finds instances by other fields"


def stored_object(store: ObjectStore, definitions: Definitions, name: str, key: str) -> PropertySet:
    """Return the stored instance of *name* that people call *key*, as a message.

    Raises:
        StoredObjectUnknown, InstanceUnknown: there is none.
    """
    stored_names = [
        name
        for name, definition in definitions.items()
        if definition.root.keys and (definition.root.table or definition.row_of is not None)
    ]
    if name not in stored_names:
        raise StoredObjectUnknown(name, stored_names, kind="stored integration object")
    field, conditions = SHOWN_BY.get(name, (definitions[name].root.keys[0][0], {}))
    tree = store.query(name, {field: key, **conditions})
    if is_empty(tree):
        raise InstanceUnknown(name=name, field=field, key=key)
    return tree


def known_object(definitions: Definitions, name: str) -> IntegrationObject:
    """Return the integration object of this name.

    Raises:
        StoredObjectUnknown: there is none.
    """
    if name not in definitions:
        raise StoredObjectUnknown(name, definitions)
    return definitions[name]


def header_expression(definitions: Definitions, name: str, text: str) -> Expression:
    """Compile an expression over the fields of an object's header."""
    return compile_expression(text, field_reader(known_object(definitions, name).root), FUNCTIONS)


def status_of(transaction: Transaction, deployment: Deployment) -> dict[str, Any]:
    """Return the state of the hub: its components, its messages with their ages and keys, what waits, and fallout."""
    messages = transaction.messages
    now = transaction.open_hub.surroundings.now()
    counts, unfinished = messages.counts(), messages.overview.unfinished(now)
    known = {row["name"]: row for row in messages.control.components()}
    components = [
        {"name": name, "state": "running", "why": None, "since": None, **known.get(name, {})}
        for name in map(component_of, deployment.route_names)
    ]
    return {
        "components": components,
        "messages": {
            "received": counts.received,
            "states": dict(counts.states),
            "oldest": _oldest(unfinished),
            "duplicates": counts.duplicates,
        },
        "doors": {
            "deliveries": counts.deliveries,
            "agrees": counts.agrees,
        },
        "unfinished": unfinished,
        "planned": messages.overview.planned(now),
        "away": _away(messages.overview.last_errors([ServiceAway.__name__, ServiceStillAway.__name__])),
        "held_keys": messages.overview.held_keys(),
        "outbox": _waiting(messages.outbox),
        "set_aside": messages.outbox.aside_counts(),
        "fallout": messages.fallout.listing(),
    }


def _oldest(unfinished: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Find the time at which the oldest message of each unfinished state was received."""
    oldest: dict[str, str] = {}
    for row in unfinished:
        oldest[row["state"]] = min(oldest.get(row["state"], row["oldest"]), row["oldest"])
    return oldest


def _away(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name each system that left a message without an answer once, with its last error."""
    last: dict[str, dict[str, Any]] = {}
    for error in errors:
        last.setdefault(error["what"], dict(error))
    return list(last.values())


def _waiting(outbox: Outbox) -> list[dict[str, Any]]:
    """Count the messages that wait for each destination, and tell why the first of them didn't leave."""
    counts = outbox.waiting_counts()
    heads = {head.message.destination: head for head in outbox.heads(row["destination"] for row in counts)}
    found = []
    for row in counts:
        head = heads.get(row["destination"])
        failed = head is not None and head.error is not None
        blocked = {"attempts": head.attempts, "again_at": head.due_at, "error": head.error} if head and failed else {}
        found.append({**row, "attempts": 0, "again_at": None, "error": None, **blocked})
    return found
