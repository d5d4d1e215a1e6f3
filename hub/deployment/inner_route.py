"""A route of the messages that the hub sends to itself.

It reads no channel: its messages are inbox rows from the moment in which they are noted.

Spec: docs/design/integration.md, "Routes".
"""

from __future__ import annotations

from adapters.transport import TransportKind
from hub.deployment.route import RETRY_S, Reply, Route
from hub.workflow_manager.workflow import Workflow
from schemas.check import Limits

#: no transport: nothing comes in from outside
_NO_DOOR = TransportKind("none", "", prefix="none:")


def inner_route(name: str, workflow: Workflow, worked_by: str = "") -> Route:
    """Make the route called *name*.

    Args:
        name: the route's name, and the place of its messages.
        workflow: runs for each message.
        worked_by: the work on the messages in place of the workflow, as in `Route`.
    """
    return Route(
        name=name,
        transport=_NO_DOOR,
        place=name,
        external=None,
        map=None,
        workflow=workflow,
        prices="sender",
        identity="message id",
        key=None,
        reply=Reply(),
        reply_to=(),
        retry_s=RETRY_S,
        limits=Limits(),
        senders=(),
        content_types=(),
        where="the hub",
        worked_by=worked_by,
    )
