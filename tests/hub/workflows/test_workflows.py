"""The registry of the workflows."""

from __future__ import annotations

from hub.workflows import Workflows
from integration_objects.definition import shipped_definitions


def test_the_hubs_workflows_take_the_hubs_objects():
    """`orderhub check` therefore proves a deployment's own workflows only."""
    for workflow in Workflows().values():
        assert {*workflow.takes} <= {*shipped_definitions()}, workflow.name
