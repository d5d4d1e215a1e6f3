"""Workflows that a command or a page asks for.

    run_workflow    in one transaction, with its accounts locked; keeps a recording
    ask_workflow    a workflow that only reads, in a transaction that is open; keeps nothing

Spec: docs/design/workflows.md ("runs in one database transaction, and leaves a recording"); docs/design/road.md,
"Locks", "The recording".
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.database.connection.database import repeated
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.rehearsal import rehearse
from hub.workflow_manager.answers import StateMoved
from hub.workflow_manager.named_workflow import arguments_of, one_request
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from hub.workflows import may_need_systems
from hub.workflows.received.workflow_request import prove_licensed
from integration_objects.complex_object import first_instance, is_empty, message, object_name
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames, without_secrets

#: the route's name in the ids of the messages that such runs send
ROUTE = "workflow"
#: the sender's name in these ids: the user of the command line
SENDER = "local"


class Asker:
    """Who asks for a workflow: by itself, the user of the command line. A page derives its own from it."""

    def origin(self, run_id: str) -> Origin:
        """Return the origin of the run, from which the ids of its messages are made."""
        return Origin(ROUTE, SENDER, run_id)

    def before(self, transaction: Transaction) -> None:
        """Do what belongs before the work, in its transaction, behind the locks; an error ends the run."""

    def after(self, transaction: Transaction, run_id: str, outcome: Outcome) -> None:
        """Do what belongs behind the work, in its transaction."""


@dataclass(frozen=True)
class FinishedRun:
    """A finished run.

    Attributes:
        run_id: the key of its recording; a dry run keeps no recording.
        outcome: the workflow's answer.
        before: the first instance of the answer as it was before the run; None if the run made it.
    """

    run_id: str
    outcome: Outcome
    before: PropertySet | None = None


_COMMAND = Asker()


def run_workflow(
    open_hub: OpenHub, workflow: Workflow, request: PropertySet, dry_run: bool = False, asker: Asker = _COMMAND
) -> FinishedRun:
    """Run a workflow on stored objects, as an OM Workflow Request asks; roll everything back on a dry run.

    Raises:
        Refused: the workflow refuses the request; nothing is written.
        StateMoved, ConstraintRace: other changes came between, again and again.
        DatabaseAway, DatabaseBusy: the database failed, again and again; a lost COMMIT may have taken effect.
    """
    try:
        return repeated(lambda: _run(open_hub, workflow, request, dry_run, asker), on=(StateMoved,))
    except HubError as error:
        without_secrets(error, open_hub.secret_names.values_in(request))
        raise


def ask_workflow(transaction: Transaction, workflow: Workflow, request: PropertySet, origin: Origin) -> Outcome:
    """Return the answer of a workflow that only reads.

    Raises:
        Refused: the workflow refuses the request.
        Retryable: the database, or another system that it asks, failed.
    """
    open_hub = transaction.open_hub
    answers = rehearse(open_hub, workflow, request, origin)
    run = transaction.rehearsal(origin, answers)
    prove_licensed(run, workflow)
    try:
        return workflow.function(run, request)
    except HubError as error:
        without_secrets(error, open_hub.renew_secret_names(transaction).values_in(request))
        raise


def _run(open_hub: OpenHub, workflow: Workflow, request: PropertySet, dry_run: bool, asker: Asker) -> FinishedRun:
    run_id = open_hub.surroundings.new_id()
    origin = asker.origin(run_id)
    # Other systems are asked before any account is locked: a slow one would hold up all messages of the accounts.
    answers = rehearse(open_hub, workflow, request, origin)
    # The declarations of systems are read before that, too: reading them takes longer than the workflow.
    if may_need_systems(workflow):
        _ = open_hub.runtime.systems
    with open_hub.write(dry_run=dry_run, user=origin.person) as transaction:
        secret_names = open_hub.renew_secret_names(transaction)
        run = transaction.run(origin, answers=answers)
        prove_licensed(run, workflow)
        run.effects.lock_accounts(workflow.accounts(run, request))
        asker.before(transaction)
        outcome = workflow.function(run, request)
        arguments = secret_names.masked_json(dict(arguments_of(one_request(request))))
        transaction.messages.runs.keep(run_id, workflow.name, arguments, run.finish())
        asker.after(transaction, run_id, outcome)
        return FinishedRun(run_id, outcome, _before(run, outcome, secret_names))


def _before(run: Run, outcome: Outcome, secret_names: SecretNames) -> PropertySet | None:
    """Return the first instance of the answer as the run read it first, completed and masked as the answer is."""
    if not outcome.objects or is_empty(outcome.objects[0]):
        return None
    first = outcome.objects[0]
    name = object_name(first) or ""
    before = run.first_read(name, first_instance(first).get("Row Id"))
    if before is None:
        return None
    completed = run.runtime.complete(run, message(name, [before]))
    return first_instance(secret_names.masked(completed))
