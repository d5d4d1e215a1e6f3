"""A workflow that a command asks for: one transaction with its accounts locked, and a recording that is kept.

Spec: docs/design/workflows.md ("runs in one database transaction, and leaves a recording"); docs/design/road.md,
"Locks", "The recording".
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.database.connection.database import repeated
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.rehearsal import rehearse
from hub.workflow_manager.answers import StateMoved
from hub.workflow_manager.named_workflow import one_request
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.workflow import Workflow
from hub.workflows.received.licensing import prove_licensed
from integration_objects.complex_object import components
from integration_objects.property_set import PropertySet

#: stands for the route in what such runs send
ROUTE = "workflow"
#: stands for the sender: whoever uses the command line
SENDER = "local"


@dataclass(frozen=True)
class Ran:
    """A finished run.

    Attributes:
        run_id: under which its recording is kept; nothing is kept of a dry run.
        outcome: what the workflow answered.
    """

    run_id: str
    outcome: Outcome


def run_workflow(open_hub: OpenHub, workflow: Workflow, request: PropertySet, dry_run: bool = False) -> Ran:
    """Run a workflow on stored objects; what it refuses is raised, and nothing is written then.

    Args:
        open_hub: the open deployment.
        workflow: the workflow.
        request: an OM Workflow Request message.
        dry_run: take everything back at the end.

    Raises:
        Refused: what the workflow refuses.
        StateMoved, ConstraintRace: other changes came between, again and again.
        DatabaseAway, DatabaseBusy: the database failed, again and again; a lost COMMIT may have taken effect.
    """
    return repeated(lambda: _run(open_hub, workflow, request, dry_run), on=(StateMoved,))


def _run(open_hub: OpenHub, workflow: Workflow, request: PropertySet, dry_run: bool) -> Ran:
    run_id = open_hub.surroundings.new_id()
    origin = Origin(ROUTE, SENDER, run_id)
    answers = rehearse(open_hub, workflow, request, origin)
    with open_hub.write(dry_run=dry_run) as transaction:
        run = transaction.run(origin, answers=answers)
        prove_licensed(run, workflow)
        run.effects.lock_accounts(workflow.accounts(run, request))
        outcome = workflow.function(run, request)
        transaction.messages.runs.keep(run_id, workflow.name, _arguments(request), run.recording())
    return Ran(run_id, outcome)


def _arguments(request: PropertySet) -> dict[str, str]:
    return {one.get("Name") or "": one.get("Value") or "" for one in components(one_request(request), "Argument")}
