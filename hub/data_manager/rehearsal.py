"""Rehearsals: a workflow runs without effects, so that other systems are asked before its accounts are locked.

Spec: docs/design/road.md, "Locks"; see `hub.workflow_manager.answers`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext

from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import PROFILES
from hub.workflow_manager.answers import Answers, OpenQuestion
from hub.workflow_manager.named_workflow import REQUEST
from hub.workflow_manager.origin import Origin, WhoPrices
from hub.workflow_manager.runtime import Runtime
from hub.workflow_manager.workflow import Workflow
from integration_objects.complex_object import object_name
from integration_objects.errors import Retryable
from integration_objects.log import Log
from integration_objects.names import ASSET, ORDER
from integration_objects.property_set import PropertySet

log = Log()

#: questions of one workflow: a guard against a workflow that never asks the same question twice
MOST_QUESTIONS = 1_000
#: seconds after which a workflow asks nothing more: each single question has a limit of its own
LONGEST_S = 60.0


class AnswersSlow(Retryable):
    """The answers to all questions of a workflow take too long together."""

    what = "other systems take more than {limit_s:g} s for the questions of the workflow '{workflow}'"
    mend = "nothing, it is tried again; if it stays so, make them faster, or split the message"


def rehearse(
    open_hub: OpenHub,
    workflow: Workflow,
    tree: PropertySet,
    origin: Origin,
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Answers | None:
    """Ask other systems the questions of a workflow, outside of any transaction; return their answers.

    None for a workflow that asks nobody. Errors other than those of the other systems are left to the run, which meets
    them again. *waiting* surrounds the wait for an answer.

    Raises:
        Retryable: another system doesn't answer, or all its answers together take too long.
    """
    if not asked_services(open_hub.runtime, [object_name(tree) or ""], origin.prices):
        return None
    bring = None
    if open_hub.runtime.profile_keeper is not None:
        # Loaded here: most deployments keep the profiles themselves, and their commands start sooner.
        from hub.data_manager.profile_copy import bring_up_to_date

        bring = functools.partial(bring_up_to_date, open_hub)
    answers = Answers(open_hub.surroundings.now(), bring_up_to_date=bring)
    begun_at = open_hub.surroundings.monotonic()
    for _ in range(MOST_QUESTIONS):
        answers.begin_again()
        try:
            # A transaction for each attempt: none stays open while the other system is asked.
            with open_hub.read() as transaction:
                workflow.function(transaction.rehearsal(origin, answers), tree)
        except OpenQuestion as question:
            if open_hub.surroundings.monotonic() - begun_at > LONGEST_S:
                raise AnswersSlow(limit_s=LONGEST_S, workflow=workflow.name) from None
            with waiting():
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


def asked_services(runtime: Runtime, objects: Collection[str], prices: WhoPrices) -> list[str]:
    """Name the other systems that the work on these objects may ask: the configurator, the pricing, the mainframe.

    A system that keeps the service profiles is asked by all workflows, but for those that take in other objects. A
    workflow that takes requests may use the configurator and the pricing. A workflow that takes orders has them
    checked by the configurator, and priced if its route lets the hub say the prices.
    """
    takes_orders, takes_requests = ORDER in objects, REQUEST in objects
    uses_configurator = takes_orders or takes_requests
    uses_pricing = takes_requests or (takes_orders and prices == "hub")
    asked = {
        "configurator": uses_configurator and runtime.configurator.is_external,
        "pricing": uses_pricing and runtime.pricing.is_external,
        PROFILES: runtime.profile_keeper is not None and _may_read_profiles(objects),
    }
    return [name for name, is_asked in asked.items() if is_asked]


def _may_read_profiles(objects: Collection[str]) -> bool:
    """Tell whether the work on these objects may read service profiles."""
    # Imported here: only hubs whose profiles are kept elsewhere come here, and workflows take long to load.
    from hub.workflows.received.hub_object import UPSERTED

    return any(name == ASSET or name not in UPSERTED for name in objects)
