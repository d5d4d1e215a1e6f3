"""Rehearsals: a workflow runs without effects, so that other systems are asked before its accounts are locked.

Spec: docs/design/road.md, "Locks"; see `hub.workflow_manager.answers`.
"""

from __future__ import annotations

import structlog

from hub.data_manager.open_hub import OpenHub
from hub.workflow_manager.answers import Answers, OpenQuestion
from hub.workflow_manager.named_workflow import REQUEST
from hub.workflow_manager.origin import Origin, WhoPrices
from hub.workflow_manager.runtime import Runtime
from hub.workflow_manager.workflow import Workflow
from integration_objects.errors import Retryable
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet

log = structlog.get_logger()

#: questions of one workflow: a guard against a workflow that never asks the same question twice
MOST_QUESTIONS = 1_000


def rehearse(open_hub: OpenHub, workflow: Workflow, tree: PropertySet, origin: Origin) -> Answers | None:
    """Ask other systems the questions of a workflow, outside of any transaction; return their answers.

    None for a workflow that asks nobody. Errors other than those of the other systems are left to the run, which meets
    them again.

    Raises:
        Retryable: another system doesn't answer.
    """
    if not asks_outside(open_hub.runtime, workflow, origin.prices):
        return None
    answers = Answers(open_hub.surroundings.now())
    for _ in range(MOST_QUESTIONS):
        answers.begin_again()
        try:
            # A transaction for each attempt: none stays open while the other system is asked.
            with open_hub.read() as transaction:
                workflow.function(transaction.rehearsal(origin, answers), tree)
        except OpenQuestion as question:
            with open_hub.lone_work.waiting():
                question.ask()
            continue
        # Another system or the database is away: the message itself is tried again later.
        except Retryable:
            raise
        except Exception as error:
            # A rehearsal reads nothing of its own writes, so that this error may be none: the run will tell.
            log.debug("rehearsal ended early", workflow=workflow.name, why=f"{type(error).__name__}: {error}")
        break
    answers.begin_again()
    # From here on a question without an answer means that the state has moved: nobody is asked under a lock.
    answers.rehearsing = False
    return answers


def asks_outside(runtime: Runtime, workflow: Workflow, prices: WhoPrices) -> bool:
    """Whether a workflow may ask another system.

    A workflow that takes requests may use the configurator and the pricing. A workflow that takes orders has them
    checked by the configurator, and priced if its route lets the hub say the prices.
    """
    takes_orders, takes_requests = ORDER in workflow.takes, REQUEST in workflow.takes
    uses_configurator = takes_orders or takes_requests
    uses_pricing = takes_requests or (takes_orders and prices == "hub")
    return (uses_configurator and runtime.configurator.is_external) or (uses_pricing and runtime.pricing.is_external)
