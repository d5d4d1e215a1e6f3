"""Workflow requests coming in by a route: the workflow that the message names is run on its arguments.

Source: figure 4B (workflow manager); spec: docs/design/integration.md "Reached from outside".
"""

from __future__ import annotations

from hub.workflow_manager.named_workflow import one_request, workflow_named
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.received.licensing import ModuleNotLicensed, prove_licensed
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet


class WorkflowNotLicensed(Refused):
    """A request names a workflow whose module isn't licensed; others may go on asking."""


def accounts_of_workflow_request(run: Run, tree: PropertySet) -> set[str]:
    """The accounts that the named workflow touches."""
    return workflow_named(run.runtime.workflows, _name(tree)).accounts(run, tree)


def take_workflow_request(run: Run, tree: PropertySet) -> Outcome:
    """Run the workflow that the message names; its result is the reply.

    Raises:
        WorkflowUnknown, ArgumentUnknown, ArgumentMissing, ArgumentWrong: the request can't be understood.
        WorkflowNotLicensed: the workflow's module isn't licensed here and now.
        Refused: what the workflow itself refuses.
    """
    workflow = workflow_named(run.runtime.workflows, _name(tree))
    try:
        prove_licensed(run, workflow)
    except ModuleNotLicensed as error:
        raise WorkflowNotLicensed(error.what, where=error.where, why=error.why, mend=error.mend) from error
    return workflow.function(run, tree)


def _name(tree: PropertySet) -> str:
    return one_request(tree).get("Workflow Name") or ""
