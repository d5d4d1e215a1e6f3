"""Fallout entries as workflows raise and resolve them.

    Lines Failed              an order is done, and some of its lines failed
    Removal Held By Failed Lines    a bundle is to end, and stays, because a line beneath it failed to end
    Work Held By Failed Lines    a work order waits for the work on a line that failed
    Completed Below Failed    lines were completed beneath a failed one: the service profile has none of them
    Ignored by Apply          completed lines that the service profile couldn't take
    Waits For Another Order   completed lines of services, or beneath them, that the service profile doesn't have yet
    Built On Failed Lines     an open order was configured and priced on lines that will not come
    Completed After Withdrawal    lines were provisioned that the order had asked for, and doesn't ask for any more
    Tasks Done Before Withdrawal    systems had completed tasks of lines that the order doesn't ask for any more
    Completed As Replaced     lines were provisioned as a replaced revision asked; the present one asks otherwise
    Ended Before Its Start    a service was taken away on a day before its first day
    Number Of Another Service    provisioning brought a number that another service has
    Overtaken By Due Date     an order that was submitted later, and is due earlier, leaves something of it undone

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/workflows.md, two traps of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import described
from integration_objects.complex_object import action_code
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

LINES_FAILED = "Lines Failed"
REMOVAL_HELD = "Removal Held By Failed Lines"
WORK_HELD = "Work Held By Failed Lines"
BELOW_FAILED = "Completed Below Failed"
IGNORED = "Ignored by Apply"
WAITING = "Waits For Another Order"
BUILT_ON_FAILED = "Built On Failed Lines"
OVERTAKEN = "Overtaken By Due Date"
AFTER_WITHDRAWAL = "Completed After Withdrawal"
TASKS_WITHDRAWN = "Tasks Done Before Withdrawal"
AS_REPLACED = "Completed As Replaced"
ENDED_EARLY = "Ended Before Its Start"
NUMBER_HELD = "Number Of Another Service"
#: causes of entries about work on lines that the order doesn't ask for any more
WITHDRAWN = (AFTER_WITHDRAWAL, TASKS_WITHDRAWN)
#: what became of lines beneath a failed line, by action: in the network, and in the service profile
_BELOW_A_FAILED_LINE = {
    "Add": "provisioned, and not in the service profile",
    "Update": "changed, and in the service profile as before",
    "Delete": "taken away, and still in the service profile",
}


def raise_once(run: Run, order: PropertySet, cause: str, reason: str, lines: Sequence[str]) -> None:
    """Raise a fallout entry, unless the same one is open: the same cause on the same lines of the same order."""
    # Each answer of provisioning applies the order again. A lasting fault must not raise a new entry each time.
    for entry in run.fallout_of(order.get("Order Number")):
        if entry["cause"] == cause and sorted(entry["lines"]) == sorted(lines):
            return
    run.effects.raise_fallout(order, cause, reason, lines)


def below_failed_reason(lines: Sequence[PropertySet]) -> str:
    """Say what became of completed lines beneath a failed line: the service profile has none of their changes."""
    parts = []
    for action, clause in _BELOW_A_FAILED_LINE.items():
        named = [f"{described(line)} ({line.get(KEY)})" for line in lines if action_code(line) == action]
        if named:
            parts.append(f"{clause}: {', '.join(named)}")
    return f"a line above these lines failed; {'; '.join(parts)}"


def why_failed(line: PropertySet) -> str:
    """Say of a failed line, in a clause, that it failed and why."""
    return f"{described(line)} ({line.get(KEY)}) {line.get('Status')}: {line.get('Status Reason') or 'no reason given'}"


def resolve(run: Run, order: PropertySet, cause: str, how: str, lines: Iterable[str] | None = None) -> None:
    """Resolve the order's open entries of a cause.

    Args:
        run: the run.
        order: the order, in any revision.
        cause: the entries' cause.
        how: the resolution, a sentence.
        lines: resolve only entries all of whose lines are among these; None for all entries.
    """
    among = None if lines is None else set(lines)
    for entry in run.fallout_of(order.get("Order Number")):
        if entry["cause"] == cause and (among is None or among.issuperset(entry["lines"])):
            run.effects.resolve_fallout(entry["row_id"], how)


def resolve_failed(run: Run, order: PropertySet, how: str) -> None:
    """Resolve the order's open entries about lines that failed, and about bundles and work that these lines hold."""
    for cause in (LINES_FAILED, REMOVAL_HELD, WORK_HELD):
        resolve(run, order, cause, how)
