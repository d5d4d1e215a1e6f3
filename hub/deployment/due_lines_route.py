"""The route of the messages that the hub sends to itself: an order's lines are to be completed on their day.

Every deployment has it. Its messages are inbox rows from the moment in which an order is opened.

Spec: docs/orders.md, "Lines that no system provides".
"""

from __future__ import annotations

from dataclasses import replace

from hub.deployment.inner_route import inner_route
from hub.deployment.route import Route
from hub.workflow_manager.origin import DUE_LINES
from hub.workflow_manager.workflow import Workflow

#: the name of the workflow that these messages ask for
DUE_LINES_WORKFLOW = "Complete Due Lines"


def due_lines_route(workflow: Workflow) -> Route:
    """Make the route; its messages are requests for *workflow*."""
    # Without the object that requests come as: a workflow that takes requests may ask other systems, and is held back
    # while one of them is away. This one asks nobody.
    return inner_route(DUE_LINES, replace(workflow, takes=()))
