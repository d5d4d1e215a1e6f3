"""Message bodies as people may see them: without secrets, and records as lines of JSON.

Spec: docs/production.md, "Secrets and customers' data".
"""

from __future__ import annotations

from adapters.database.messages.inbox_row import InboxRow
from adapters.database.messages.outbox import OutboxMessage
from hub.deployment.deployment import Deployment
from integration_objects.errors import HubError
from integration_objects.secrets import SecretNames
from schemas.external_component import ExternalObject
from schemas.secret_values import is_read_by_layout, masked_body, masked_records


def shown_body(body: bytes, names: SecretNames, deployment: Deployment, message: InboxRow | OutboxMessage) -> bytes:
    """Return a message's body with *** in the place of each secret.

    Files of records and CSV become lines of JSON, as `orderhub layout decode` prints them: in their own bytes a field
    has no room for the mask, and nobody reads EBCDIC.

    Raises:
        BodyNotMasked: the body can't be read, and may hold a secret.
    """
    external = _object_of(deployment, message)
    if external is None or not is_read_by_layout(external):
        return masked_body(body, names)
    from hub.presentation.records import record_json

    return "\n".join(map(record_json, masked_records(body, names, external))).encode()


def _object_of(deployment: Deployment, message: InboxRow | OutboxMessage) -> ExternalObject | None:
    """Find the external object of a message; None for none, and while declarations can't be read."""
    try:
        route = deployment.routes.get(message.route or "")
        if isinstance(message, InboxRow) or message.kind == "dead letter":
            return None if route is None else route.external
        if message.kind == "reply":
            return None if route is None else route.reply.object
        systems = [each for each in deployment.systems.values() if each.destination == message.destination]
        # A message that its system can't take is kept in the hub's own XML.
        if message.object is not None or not systems or systems[0].object is None:
            return None
        return deployment.external_objects[systems[0].object]
    except HubError:
        return None
