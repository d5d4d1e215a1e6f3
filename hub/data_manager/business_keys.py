"""The business keys of a message: what its tree, its reply and its run say about orders, accounts and services.

Spec: docs/the_road.md, "Finding a message".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from adapters.database.messages.message_keys import MessageKey
from integration_objects.complex_object import components, instances, items_of
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from integration_objects.service_number import plain_number

#: keys of one message that are kept: a file of a hundred thousand accounts isn't found by each of them
MOST_KEYS = 200
#: fields of a header, and arguments of a workflow request, with the kind of key that each is
_OF_HEADER = {
    "Order Number": "order",
    "Source Order Number": "order",
    "Work Order Number": "order",
    "Account Id": "account",
    "Service Account Id": "account",
    "Billing Account Id": "account",
}
_OF_ARGUMENT = {"order": "order", "account": "account"}
_OF_LINE = {KEY: "integration id", "Service Id": "service id", "Service Account Id": "account"}


def keys_of_accepted(
    tree: PropertySet | None, reply: PropertySet | None, orders: Mapping[str, str | None]
) -> list[MessageKey]:
    """Return the keys of an accepted message: its lines are found through its order.

    Args:
        tree: the message.
        reply: the reply to it, which names the order that the hub made of it.
        orders: the orders that its run changed, each with its account.
    """
    return _first(_accepted(tree, reply, orders))


def keys_of_failed(tree: PropertySet | None) -> list[MessageKey]:
    """Return the keys of a message that failed: also those of its lines, because no order has them."""
    return [] if tree is None else _first(_failed(tree))


def key_of(kind: str, text: str) -> MessageKey:
    """Return the key as it is kept: service ids are compared without blanks and signs."""
    return MessageKey(kind, plain_number(text) if kind == "service id" else text)


def _first(keys: Iterator[MessageKey]) -> list[MessageKey]:
    return list(dict.fromkeys(islice(keys, MOST_KEYS)))


def _accepted(
    tree: PropertySet | None, reply: PropertySet | None, orders: Mapping[str, str | None]
) -> Iterator[MessageKey]:
    for order, account in orders.items():
        yield MessageKey("order", order)
        if account:
            yield MessageKey("account", account)
    for message in (tree, reply):
        if message is not None:
            for instance in instances(message):
                yield from _of_header(instance)


def _failed(tree: PropertySet) -> Iterator[MessageKey]:
    for instance in instances(tree):
        yield from _of_header(instance)
        for line in items_of(instance):
            yield from _of_fields(line, _OF_LINE)


def _of_header(instance: PropertySet) -> Iterator[MessageKey]:
    yield from _of_fields(instance, _OF_HEADER)
    for argument in components(instance, "Argument"):
        kind, value = _OF_ARGUMENT.get(argument.get("Name") or ""), argument.get("Value")
        if kind is not None and value:
            yield MessageKey(kind, value)


def _of_fields(node: PropertySet, kinds: Mapping[str, str]) -> Iterator[MessageKey]:
    for field, kind in kinds.items():
        value = node.get(field)
        if value:
            yield key_of(kind, value)
