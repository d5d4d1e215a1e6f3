"""Services beneath a suspended service: none is put there active.

A suspension stops all that is beneath the service. A service that is put beneath it would run, and be billed, within a
service that rests.

Spec: docs/workflows.md, "The requested state, and the delta".
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.workflows.state.order_lookup import described
from hub.workflows.state.service_profile import INACTIVE
from integration_objects.complex_object import ComplexObject, action_code, is_tracked, items_of
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

_SUSPENDED = "Suspended"
_RESTING = (_SUSPENDED, INACTIVE)


class BeneathSuspended(Refused):
    """A service is put beneath a service that is suspended, or will be by then."""

    what = "{service} can't be put beneath {above}"
    where = "{place}, line item '{name}'"
    why = "{above} ({key}) is suspended, or will be by then, and what is beneath it rests with it"
    mend = "resume it first (`orderhub workflow resume`), or add the service once it is resumed"


def beneath_suspended(
    order: PropertySet, state: PropertySet, applied: PropertySet, place: str
) -> Iterator[BeneathSuspended]:
    """Yield an error for each service that a quote or an order puts beneath a suspended one; nothing is raised.

    Args:
        order: the quote or order, with its lines that are still to come.
        state: OM Asset message: the state that is requested before it.
        applied: OM Asset message: the state with it applied.
        place: the document's name, for errors.
    """
    lines = {line.get(KEY): line for line in items_of(order) if action_code(line) in ("Add", "Update")}
    for service, above in put_beneath_suspended(state, applied):
        line = lines.get(service.get(KEY))
        if line is not None and is_tracked(line):
            yield refused_beneath(service, above, place, line.get("Source Reference"))


def put_beneath_suspended(state: PropertySet, after: PropertySet) -> Iterator[tuple[PropertySet, PropertySet]]:
    """Yield the items that run beneath a suspended item and didn't stand there before, each with the item above.

    Args:
        state: OM Asset message: the state before.
        after: OM Asset message: the state after a change.
    """
    former, view = ComplexObject.of(state), ComplexObject.of(after)
    for service in view.items:
        above = view.parent_of(service)
        if above is None or above.get("Status") != _SUSPENDED or service.get("Status") in _RESTING:
            continue
        stored = former.by_key(service.get(KEY))
        parent = None if stored is None else former.parent_of(stored)
        if parent is None or parent.get(KEY) != above.get(KEY):
            yield service, above


def refused_beneath(
    service: PropertySet, above: PropertySet, place: str, reference: str | None = None
) -> BeneathSuspended:
    """Make the error for a service that is put beneath a suspended one."""
    return BeneathSuspended(
        service=described(service),
        above=described(above),
        key=above.get(KEY),
        place=place,
        name=reference or service.get(KEY),
    )
