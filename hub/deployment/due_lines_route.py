"""The route of the messages that the hub sends to itself: an order's lines are to be completed on their day.

Every deployment has it. It reads no channel: its messages are inbox rows from the moment in which an order is opened.

Spec: docs/orders.md, "Lines that no system provides".
"""

from __future__ import annotations

from dataclasses import replace

from adapters.transport import TransportKind
from hub.deployment.route import RETRY_S, Reply, Route
from hub.workflow_manager.origin import DUE_LINES
from hub.workflow_manager.workflow import Workflow
from schemas.check import Limits

#: the name of the workflow that these messages ask for
DUE_LINES_WORKFLOW = "Complete Due Lines"
#: no transport: nothing comes in from outside
NO_DOOR = TransportKind("none", "", prefix="none:")


def due_lines_route(workflow: Workflow) -> Route:
    """Make the route; its messages are requests for *workflow*."""
    return Route(
        name=DUE_LINES,
        transport=NO_DOOR,
        place=DUE_LINES,
        external=None,
        map=None,
        # Without the object that requests come as: a workflow that takes requests may ask other systems, and is held
        # back while one of them is away. This one asks nobody.
        workflow=replace(workflow, takes=()),
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
    )
