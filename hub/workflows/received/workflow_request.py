"""Workflow requests from a route: the workflow that a message names is run, if its module is licensed.

Source: figure 4B (workflow manager); spec: docs/design/integration.md "Reached from outside"; docs/design/methods.md,
"The small ones", Module Licensed.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.files import machine_name
from hub.workflow_manager.named_workflow import REQUEST, one_request, workflow_named
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from integration_objects.errors import Misconfigured, Refused
from integration_objects.property_set import PropertySet


class ModuleNotLicensed(Misconfigured):
    """A workflow belongs to a module that the licence file doesn't license here and now."""

    what = "the workflow '{workflow}' can't start: the module '{module}' isn't licensed"
    where = "the licence file {file}"
    why = "it licenses {modules}, until {expires}, on {hosts}; this is {host}"
    mend = "install a licence that has the module; a route that stopped goes on with `orderhub resume`"


class WorkflowNotLicensed(Refused):
    """A request names a workflow whose module isn't licensed; the route goes on with other requests."""


def prove_licensed(run: Run, workflow: Workflow) -> None:
    """Refuse to start a workflow whose module isn't licensed for this machine and day.

    Raises:
        ModuleNotLicensed: it isn't; the route that runs it stops.
    """
    module, licence = workflow.module, run.runtime.licence
    # Without a licence file every module may be used.
    if licence is None or not module:
        return
    host = machine_name()
    if not run.call("Module Licensed", module, licence=licence, host=host, today=run.now()):
        raise ModuleNotLicensed(
            workflow=workflow.name,
            module=module,
            file=run.runtime.licence_file,
            modules=", ".join(licence.modules) or "nothing",
            expires=licence.expires or "no end",
            hosts=", ".join(licence.hosts) or "every host",
            host=host,
        )


def accounts_of_workflow_request(run: Run, tree: PropertySet) -> set[str]:
    """Return the accounts that the named workflow touches."""
    return workflow_of(run.runtime.workflows, tree).accounts(run, tree)


def take_workflow_request(run: Run, tree: PropertySet) -> Outcome:
    """Run the workflow that the message names; its result is the reply.

    Raises:
        WorkflowUnknown, ArgumentUnknown, ArgumentMissing, ArgumentWrong: the request can't be understood.
        WorkflowNotLicensed: the workflow's module isn't licensed here and now.
        Refused: as the workflow itself raises it.
    """
    workflow = workflow_of(run.runtime.workflows, tree)
    try:
        prove_licensed(run, workflow)
    except ModuleNotLicensed as error:
        # A Misconfigured error stops the route, and the requests behind this one may name licensed workflows: only this
        # message is refused.
        raise WorkflowNotLicensed(error.what, where=error.where, why=error.why, mend=error.mend) from error
    return workflow.function(run, tree)


def workflow_of(workflows: Mapping[str, Workflow], tree: PropertySet) -> Workflow:
    """Return the workflow that a request names.

    Raises:
        OneRequestAMessage, WorkflowUnknown: the message carries no request, or names no workflow.
    """
    return workflow_named(workflows, one_request(tree).get("Workflow Name") or "")


WORKFLOWS = (
    Workflow(
        "Workflow Request",
        take_workflow_request,
        accounts_of_workflow_request,
        (REQUEST,),
        "run the workflow that the message names, on stored objects",
        named=workflow_of,
    ),
)
