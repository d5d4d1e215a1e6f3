"""Tasks that were completed on lines which an order doesn't ask for any more: somebody must have the work undone.

Spec: docs/decomposition.md, "Changes in flight".
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.corrections import COMPLETED_DATE
from hub.workflows.state.order_lookup import described
from hub.workflows.state.task_progress import completed_tasks
from integration_objects.complex_object import message
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet


def report_withdrawn_tasks(run: Run, order: PropertySet, revision: PropertySet, dropped: Iterable[PropertySet]) -> None:
    """Raise a fallout entry for lines that were dropped after some of their tasks were completed.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force.
        revision: the revision that asked for the lines. The lines with work get a Completed Date, and it is stored.
        dropped: the lines of *revision* that nobody asks for any more.
    """
    concerned = [item for item in dropped if completed_tasks(item)]
    if not concerned:
        return
    for item in concerned:
        # The line's own status stays: only the work that was done is noted, as for late answers.
        item.properties[COMPLETED_DATE] = run.now()
    if revision is not order:
        # As it is stored: the revision was read before the present one took its place.
        revision.properties["Active Flag"] = "N"
    run.effects.update(message(ORDER, [revision]))
    named = "; ".join(f"{described(item)} ({item.get(KEY)}): {', '.join(completed_tasks(item))}" for item in concerned)
    reason = f"the order doesn't ask for these lines any more, and these tasks on them are done: {named}"
    keys = [item.get(KEY) or "" for item in concerned]
    fallout_entries.raise_once(run, order, fallout_entries.TASKS_WITHDRAWN, reason, keys)
