"""A workflow whose module isn't licensed refuses to start. Spec: docs/design/methods.md, "The small ones", Module
Licensed.
"""

from __future__ import annotations

from adapters.files import machine_name
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from integration_objects.errors import Misconfigured


class ModuleNotLicensed(Misconfigured):
    """A workflow belongs to a module that the licence file doesn't license here and now."""


def prove_licensed(run: Run, workflow: Workflow) -> None:
    """Refuse to start a workflow whose module isn't licensed for this machine and day.

    Raises:
        ModuleNotLicensed: it isn't; the route that runs it stops.
    """
    module, licence = workflow.module, run.runtime.licence
    if licence is None or not module:
        return
    if not run.call("Module Licensed", module, licence=licence, host=machine_name(), today=run.now()):
        raise ModuleNotLicensed(
            f"the workflow '{workflow.name}' can't start: the module '{module}' isn't licensed",
            where=f"the licence file {run.runtime.licence_file}",
            why=f"it licenses {', '.join(licence.modules) or 'nothing'}, until {licence.expires or 'no end'}, "
            f"on {', '.join(licence.hosts) or 'every host'}; this is {machine_name()}",
            mend="install a licence that has the module; a route that stopped goes on with `orderhub resume`",
        )
