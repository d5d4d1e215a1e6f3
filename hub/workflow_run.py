"""A workflow that a command asks for: one transaction with its accounts locked, and a recording that is kept.

Spec: workflows.md ("runs in one database transaction, and leaves a recording"); road.md, "Locks", "The recording".
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.database.connection import repeated
from hub.answers import StateMoved
from hub.desk import Desk
from hub.rehearsal import rehearse
from hub.run import Origin, Outcome
from hub.workflows import Workflow
from hub.workflows.licensing import prove_licensed
from hub.workflows.process import one_request
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


def run_workflow(desk: Desk, workflow: Workflow, request: PropertySet, dry_run: bool = False) -> Ran:
    """Run a workflow on stored objects; what it refuses is raised, and nothing is written then.

    Args:
        desk: the open deployment.
        workflow: the workflow.
        request: an OM Workflow Request message.
        dry_run: take everything back at the end.

    Raises:
        Refused: what the workflow refuses.
        StateMoved, ConstraintRace: other changes came between, again and again.
        DatabaseAway, DatabaseBusy: the database failed, again and again; a lost COMMIT may have taken effect.
    """
    return repeated(lambda: _run(desk, workflow, request, dry_run), on=(StateMoved,))


def _run(desk: Desk, workflow: Workflow, request: PropertySet, dry_run: bool) -> Ran:
    run_id = desk.surroundings.new_id()
    origin = Origin(ROUTE, SENDER, run_id)
    answers = rehearse(desk, workflow, request, origin)
    with desk.write(dry_run=dry_run) as transaction:
        run = transaction.run(origin, answers=answers)
        prove_licensed(run, workflow)
        run.lock_accounts(workflow.accounts(run, request))
        outcome = workflow.function(run, request)
        transaction.messages.runs.keep(run_id, workflow.name, _arguments(request), run.recording())
    return Ran(run_id, outcome)


def _arguments(request: PropertySet) -> dict[str, str]:
    return {one.get("Name") or "": one.get("Value") or "" for one in components(one_request(request), "Argument")}
