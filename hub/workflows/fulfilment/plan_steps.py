"""The steps of a plan as people see them: work orders with states, names of lines, and the things that they wait for.

Spec: docs/decomposition.md, "The plan".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.presentation.plan_drawing import AwaitedStep, PlanStep
from hub.workflows.fulfilment.waits import OpenWaits, Wait
from hub.workflows.fulfilment.work_orders import WAITING, asked_keys, is_sent, open_waits
from hub.workflows.state.order_lookup import described
from hub.workflows.state.statuses import FAILED
from integration_objects.complex_object import ComplexObject
from integration_objects.property_set import PropertySet

#: the words for the status of a work order that was sent
_SENT = {"Open": "at work", "Complete": "complete", "Failed": "failed", "Cancelled": "cancelled"}


def plan_steps(order: PropertySet, work_orders: Sequence[PropertySet], is_planned: bool = False) -> list[PlanStep]:
    """Return the steps of an order's plan, each behind those that it waits for.

    Args:
        order: the revision that the work orders belong to.
        work_orders: its work orders, by number.
        is_planned: whether the order isn't submitted yet, and the work orders are those that it would have.
    """
    view = ComplexObject(order)
    places = {
        (key, work_order.get("Task") or ""): work_order.get("Work Order Number") or ""
        for work_order in work_orders
        for key in asked_keys(work_order)
    }
    waits = OpenWaits(view)
    made = (_step(view, work_order, places, waits, is_planned) for work_order in work_orders)
    steps = {step.number: step for step in made}
    return list(_in_turn(steps))


def line_name(view: ComplexObject, key: str) -> str:
    """Name a line by its number and product, as far as it has them."""
    item = view.by_key(key)
    if item is None:
        return key
    number = item.get("Line Number")
    return f"{number} {described(item)}" if number else described(item)


def _step(
    view: ComplexObject,
    work_order: PropertySet,
    places: Mapping[tuple[str, str], str],
    all_waits: OpenWaits,
    is_planned: bool,
) -> PlanStep:
    waits = all_waits.all(work_order.get("Waits"))
    # A work order that was sent waits for nothing, even if a line is worked on again that it has waited for.
    still_open = open_waits(view, work_order, all_waits) if work_order.get("Status") == WAITING else []
    open_now = set(still_open)
    after: dict[tuple[str, str | None], bool] = {}
    for wait in waits:
        number = places.get((wait.line, wait.task or ""))
        if number is not None:
            # Over when the last of the lines is: one wait for each line of the awaited work order.
            place = (number, wait.milestone)
            after[place] = after.get(place, True) and wait not in open_now
    further = [_further(view, wait) for wait in still_open if (wait.line, wait.task or "") not in places]
    start = work_order.get("Start Date")
    failed = [wait for wait in still_open if _has_failed(view, wait)]
    return PlanStep(
        work_order.get("Work Order Number") or "",
        work_order.get("Fulfilment System") or "",
        work_order.get("Task") or "",
        "held by failed lines" if failed else _state(work_order, is_planned),
        [line_name(view, key) for key in asked_keys(work_order)],
        [AwaitedStep(number, milestone, is_over) for (number, milestone), is_over in after.items()],
        [*further, *([f"the day {start}"] if start and work_order.get("Status") == WAITING else [])],
    )


def _has_failed(view: ComplexObject, wait: Wait) -> bool:
    item = view.by_key(wait.line)
    return item is not None and item.get("Status") in FAILED


def _state(work_order: PropertySet, is_planned: bool) -> str:
    if work_order.get("Status") == WAITING:
        return "later" if is_planned else "waiting"
    if is_planned:
        return "at once"
    return _SENT.get(work_order.get("Status") or "", "cancelled") if is_sent(work_order) else "cancelled"


def _further(view: ComplexObject, wait: Wait) -> str:
    name = line_name(view, wait.line)
    return f"{wait.needs} of {name}" if wait.needs else f"{wait.task} of {name}"


def _in_turn(steps: Mapping[str, PlanStep]) -> Iterator[PlanStep]:
    """Yield steps behind those that they wait for: later revisions may have given earlier steps new lines."""
    left = dict(steps)
    while left:
        ready = [step for step in left.values() if not any(awaited.number in left for awaited in step.after)]
        # Two work orders may wait for each other's lines after a revision: then neither comes first.
        for step in ready or list(left.values()):
            yield left.pop(step.number)
