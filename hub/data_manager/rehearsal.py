"""A rehearsal: a workflow runs without writing, so that other systems are asked before its accounts are locked.

Spec: docs/design/road.md, "Locks"; see `hub.workflow_manager.answers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog

from adapters.database.objects.store import Done
from hub.data_manager.open_hub import OpenHub
from hub.workflow_manager.answers import Answers, Unanswered
from hub.workflow_manager.run import Origin, Run, Runtime, WhoPrices
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
                workflow.function(
                    Rehearsal(
                        open_hub.runtime,
                        transaction.store,
                        transaction.messages,
                        origin,
                        answers=answers,
                        catalogues=transaction.catalogues,
                    ),
                    tree,
                )
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


class Rehearsal(Run):
    """A run that reads and asks, and writes nothing."""

    def next_number(self, sequence: str) -> int:
        """No number is given out."""
        return 0

    def insert(self, tree: PropertySet, *, fresh: bool = False) -> list[Done]:
        """Nothing is written."""
        return []

    update = upsert = synchronize = delete = execute = insert

    def keep_integration_ids(self, system: str, account_id: str, pairs: Mapping[str, str]) -> None:
        """Nothing is written."""

    def set_active_quote(self, session: str, quote_id: str) -> None:
        """Nothing is written."""

    def lock_accounts(self, account_ids: Iterable[str]) -> None:
        """Nothing is locked."""

    def emit(self, name: str, tree: PropertySet, for_system: str | None = None) -> int:
        """Nothing leaves."""
        return 1

    def release(self, condition: str) -> None:
        """Nothing is released."""

    def fallout(self, order: PropertySet, cause: str, reason: str, lines: Sequence[str]) -> None:
        """Nothing is written."""

    def resolve_fallout(self, row_id: str, how: str) -> bool:
        """Nothing is written."""
        return True
