"""A rehearsal: a workflow runs without writing, so that other systems are asked before its accounts are locked.

Spec: docs/design/road.md, "Locks"; see `hub.workflow_manager.answers`.
"""

from __future__ import annotations

import structlog

from hub.data_manager.open_hub import OpenHub
from hub.workflow_manager.answers import Answers, Unanswered
from hub.workflow_manager.origin import Origin, WhoPrices
from hub.workflow_manager.runtime import Runtime
from hub.workflow_manager.workflow import Workflow
from integration_objects.errors import Retryable
from integration_objects.property_set import PropertySet

log = structlog.get_logger()


#: questions of one workflow: a guard against one that never asks the same twice
MOST_QUESTIONS = 1_000


def rehearse(open_hub: OpenHub, workflow: Workflow, tree: PropertySet, origin: Origin) -> Answers | None:
    """Ask other systems what a workflow will ask, in no transaction; None where it asks none.

    What else goes wrong is the run's to say: it will meet it again.

    Raises:
        Retryable: another system doesn't answer.
    """
    if not asks_outside(open_hub.runtime, workflow, origin.prices):
        return None
    answers = Answers(open_hub.surroundings.now())
    for _ in range(MOST_QUESTIONS):
        answers.begin_again()
        try:
            with open_hub.read() as transaction:
                workflow.function(transaction.rehearsal(origin, answers), tree)
        except Unanswered as question:
            question.ask()
            continue
        except Retryable:
            raise
        except Exception as error:
            # The run meets it again, under the lock, unless it came of what a rehearsal doesn't write.
            log.debug("rehearsal ended early", workflow=workflow.name, why=f"{type(error).__name__}: {error}")
        break
    answers.begin_again()
    answers.rehearsing = False
    return answers


def asks_outside(runtime: Runtime, workflow: Workflow, prices: WhoPrices) -> bool:
    """Whether a workflow may ask another system: one of the ports is another system's, and it uses that.

    Args:
        runtime: the deployment's.
        workflow: one that takes requests may use both; one that takes orders has them checked, and priced where
        prices: its route says that the hub prices.
    """
    orders, requests = ("OM Order" in workflow.takes, "OM Workflow Request" in workflow.takes)
    configures = runtime.configurator.is_external and (orders or requests)
    return configures or (runtime.pricing.is_external and (requests or (orders and prices == "hub")))
