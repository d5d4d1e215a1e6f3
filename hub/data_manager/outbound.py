"""An operator's decisions on messages that have not left: put back, sent elsewhere, given up.

Spec: docs/the_road.md, "Messages that can't leave".
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.database.messages.outbox import OutboxRow
from adapters.system import System
from adapters.transport import EnvelopeRefused
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.workflow_manager.effects import SYSTEM_HEADER
from integration_objects.errors import Refused, UnknownName, located
from maps.circumstances import at
from schemas.hub_xml import hub_from_xml


class SystemGone(UnknownName, Refused):
    """A message waits to be made for a system that the deployment doesn't have any more."""

    kind = "system"
    where = "message {row_id}"
    why = "systems are {names}"
    otherwise = "declare the system again, or give the message up"


def resend(open_hub: OpenHub, transaction: Transaction, row: OutboxRow, destination: str | None = None) -> bool:
    """Put a message that has not left back into the line, of its own destination or of another one.

    A message that could not be made of its object is made now, by the map, schema and template as they are today. A
    message whose envelope was refused gets the content type and the type that its system declares today.

    Returns:
        False if the message was sent meanwhile, or was given up.

    Raises:
        Refused: the message can't be made still; it stays set aside.
        SystemGone: there is no such system any more.
    """
    if row.state not in ("waiting", "set aside"):
        return False
    systems = {system.name: system for system in open_hub.runtime.systems}
    system = systems.get(row.message.headers.get(SYSTEM_HEADER, ""))
    body = None if row.message.object is None else _made(open_hub, row, systems)
    is_declared_anew = body is not None or (row.error or {}).get("reason") == EnvelopeRefused.__name__
    # A message of another kind, or of a system that is gone, keeps its envelope: another transport may take it.
    labels = (system.content_type, system.type) if system is not None and is_declared_anew else (None, None)
    return transaction.messages.outbox.put_back(row.id, destination, body, *labels)


def _made(open_hub: OpenHub, row: OutboxRow, systems: Mapping[str, System]) -> bytes:
    """Make the message of its object, for the system that it names; return its body."""
    runtime = open_hub.runtime
    name = row.message.headers.get(SYSTEM_HEADER, "")
    if name not in systems:
        raise SystemGone(name, systems, row_id=row.id)
    tree = hub_from_xml(row.message.body, runtime.definitions)
    with located(f"message {row.id}"):
        # `now()` in its map is the time of the event, as it was for the other systems' messages.
        return systems[name].render(tree, runtime.maps, runtime.external_objects, at(row.created_at))
