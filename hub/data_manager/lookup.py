"""Stored objects by the keys that people use.

Spec: docs/design/road.md, "Command line, completed" (`show`).
"""

from __future__ import annotations

from collections.abc import Collection

from adapters.database.objects.store import ObjectStore
from hub.presentation.addresses import Addresses, address_text
from integration_objects.complex_object import is_empty
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import Refused, UnknownName
from integration_objects.expression import Expression, compile_expression, field_reader
from integration_objects.names import ADDRESS, ORDER, ORDER_ACTIVITY, QUOTE
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS

#: the field that people name an object by, if it isn't the first of its keys, and further conditions on its fields
SHOWN_BY: dict[str, tuple[str, dict[str, str]]] = {
    ORDER: ("Order Number", {"Active Flag": "Y"}),
    QUOTE: ("Quote Number", {}),
    "Order Approval": ("Order Number", {}),
    ORDER_ACTIVITY: ("Order Number", {}),
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


def shown_addresses(store: ObjectStore, ids: Collection[str]) -> Addresses:
    """Return stored addresses as people read them, by Address Id; nothing is read where there are no ids."""
    headers = store.headers_by_key(ADDRESS, sorted(ids)) if ids else {}
    return {address: address_text(header) for address, header in headers.items()}


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
