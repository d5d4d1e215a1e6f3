"""The values of an error's templates that are the hub's own words: a dead letter's headers may quote them.

    declared names    of the route and its map, of objects, components and fields, of limits
    whole numbers     limits and counts

A value that the message carries is none, whatever else it is. Neither is a text that is declared nowhere: it may come
from the customer's stored data.

Spec: docs/production.md, "Secrets and customers' data".
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from hub.data_manager.message_work import MessageWork
from integration_objects.definition import IntegrationObject
from integration_objects.errors import HubError
from integration_objects.field_values import as_number
from maps.component_rule import Owner
from schemas.check import Limits, parse
from schemas.foreign_xml import texts_of

_LIMITS = frozenset(field.name for field in dataclasses.fields(Limits))


def hub_words(work: MessageWork) -> Callable[[object], bool]:
    """Make the function that tells whether a template's value is the hub's own word for an error of this message."""
    texts = _texts(work)
    if texts is None:  # nobody knows the values of a body that can't be read
        return lambda value: isinstance(value, Owner) or (isinstance(value, str) and value in _LIMITS)
    numbers = {number for number in map(as_number, texts) if number is not None}
    names = _names(work)

    def is_own(value: object) -> bool:
        if isinstance(value, Owner):
            return True
        if isinstance(value, int):
            return not isinstance(value, bool) and value not in numbers
        return isinstance(value, str) and value in names and value not in texts

    return is_own


def _texts(work: MessageWork) -> frozenset[str] | None:
    """Return the texts of a body's elements and attributes; None for a body that can't be read."""
    try:
        if work.route.external is not None:
            return work.route.external.texts(work.row.body, work.route.limits)
        return texts_of(parse(work.row.body, work.route.limits))
    except HubError:
        return None


def _names(work: MessageWork) -> frozenset[str]:
    route = work.route
    objects = set(work.open_hub.deployment.definitions.values())
    own = {route.name, route.workflow.name}
    if route.external is not None:
        objects.add(route.external.definition)
        own.add(route.external.described_by)
    return frozenset(own).union(_LIMITS, *map(_names_of, objects))


@functools.lru_cache(maxsize=1_000)
def _names_of(definition: IntegrationObject) -> frozenset[str]:
    components = list(definition.components())
    return frozenset((definition.name,)).union(*((one.name, *one.fields) for one in components))
