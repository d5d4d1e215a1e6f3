"""The plan of an order, and the impact of a supplement on it, shown before and after the order is submitted.

Spec: docs/decomposition.md, "The plan" and "Changes in flight".
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from hub.presentation.plan_drawing import plan_rows, plan_svg, shortened
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.plan_steps import line_name, plan_steps
from hub.workflows.fulfilment.revisions import same_request
from hub.workflows.fulfilment.work_orders import (
    as_opened,
    asked_keys,
    is_sent,
    is_waiting,
    planned_work_orders,
    stored_work_orders,
)
from hub.workflows.orders.submit import prove_lines
from hub.workflows.state.order_lookup import (
    MODULE,
    ORDER_NUMBER,
    UNSUBMITTED,
    in_force,
    order_in_hand,
    revision_of,
)
from hub.workflows.state.task_progress import completed_tasks
from integration_objects.complex_object import ComplexObject, action_code, items_of
from integration_objects.errors import OperatorNeeded, Refused
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet

#: statuses of lines that aren't asked for again
_ANSWERED = frozenset(("Complete", "Failed", "Rejected"))
#: the kinds of the notes
_FROZEN, _REFUSED = "begins nothing", "refused"


class NoSupplement(Refused):
    """The impact of a change is asked of an order that nobody is changing."""

    what = "the order {number} has no supplement that could change its work orders"
    where = "order {number}"
    why = "its revision {revision} is {status}, and no other revision waits to be submitted"
    mend = "make a supplement (`orderhub workflow revise`), edit it, and ask again; `plan` shows the work as it stands"


def show_plan(run: Run, order: str) -> Outcome:
    """Show an order's work orders in their turn: those that it has, or those that it would have if it were submitted.

    Raises:
        OrderUnknown: there is no such order.
        NoDecompositionRule, TaskWithoutSystem, PlanInCircle: its work can't be planned.
    """
    active = order_in_hand(run, order)
    submitted = in_force(run, active)
    is_planned = submitted.get("Status") in UNSUBMITTED
    work_orders = planned_work_orders(run, submitted) if is_planned else stored_work_orders(run, submitted)
    steps = plan_steps(as_opened(submitted) if is_planned else submitted, work_orders, is_planned)
    if not steps:
        return Outcome(why=f"the order {order} asks nothing of any system")
    notes = []
    if submitted is not active:
        text = f"its revision {active.get('Revision')} isn't submitted: until then no work order is begun"
        notes.append(Note(_FROZEN, text))
    title = f"Order {order}, revision {revision_of(submitted)}: {submitted.get('Status')}"
    return Outcome(rows=tuple(plan_rows(steps)), notes=tuple(notes), drawing=plan_svg(title, steps))


def show_impact(run: Run, order: str) -> Outcome:
    """Show what the submission of a supplement would do to each work order; nothing is sent.

    Raises:
        OrderUnknown: there is no such order.
        NoSupplement: it has no supplement that isn't submitted.
        NoDecompositionRule, TaskWithoutSystem, PlanInCircle: the supplement's work can't be planned.
    """
    supplement = order_in_hand(run, order)
    former = in_force(run, supplement)
    if former is supplement:
        status = supplement.get("Status")
        raise NoSupplement(number=order, revision=revision_of(supplement), status=status)
    judged, notes = supplement.copy(), []
    try:
        # It takes over what is done meanwhile, as a submission does.
        prove_lines(run, judged, former)
    except (Refused, OperatorNeeded) as error:
        notes.append(Note(_REFUSED, f"{error.what}: {error.why}"))
    before = {_number(work_order): work_order for work_order in stored_work_orders(run, former)}
    after = {_number(work_order): work_order for work_order in planned_work_orders(run, judged, former)}
    names = {**_names(former), **_names(judged)}
    changed = _changed_keys(run, judged, former)
    numbers = dict.fromkeys([*before, *after])
    rows = [_impact(before.get(number), after.get(number), changed, names) for number in numbers]
    rows += _undone(judged, former, names)
    return Outcome(rows=tuple(rows), notes=tuple(notes), why="" if rows else "no system is asked for anything")


def _number(work_order: PropertySet) -> str:
    return work_order.get("Work Order Number") or ""


def _names(order: PropertySet) -> dict[str, str]:
    view = ComplexObject(order)
    return {key: line_name(view, key) for key in view.keyed}


def _changed_keys(run: Run, supplement: PropertySet, former: PropertySet) -> set[str]:
    """Return the keys of the lines that ask for something else than in the former revision."""
    ask_the_same, lines = same_request(run, but_not=()), ComplexObject(former)
    return {
        item.get(KEY) or ""
        for item in items_of(supplement)
        if (line := lines.by_key(item.get(KEY))) is not None and not ask_the_same(item, line)
    }


def _impact(
    before: PropertySet | None, after: PropertySet | None, changed: Container[str], names: Mapping[str, str]
) -> dict[str, str | None]:
    """Make the row of a work order: as it is, and as it would be; None where it isn't there, or wouldn't change."""
    old = {} if before is None else {line.get(KEY) or "": line.get("Status") for line in _asked(before)}
    new = old.keys() if after is None else [line.get(KEY) or "" for line in _asked(after)]
    known = after if before is None else before
    parts = {
        "new lines": [key for key in new if key not in old],
        "changed": [key for key in new if key in old and key in changed],
        # Lines that are answered aren't asked for again, and nothing of them is dropped.
        "dropped": [key for key, status in old.items() if key not in new and status not in _ANSWERED],
    }
    return {
        "work order": None if known is None else _number(known),
        "task": None if known is None else known.get("Task"),
        "system": None if known is None else known.get("Fulfilment System"),
        "what happens": _what_happens(before, after, any(parts.values())),
        **{name: shortened([names.get(key, key) for key in keys]) or None for name, keys in parts.items()},
    }


def _asked(work_order: PropertySet) -> list[PropertySet]:
    wanted = set(asked_keys(work_order))
    return [line for line in items_of(work_order) if line.get(KEY) in wanted]


def _what_happens(before: PropertySet | None, after: PropertySet | None, is_changed: bool) -> str:
    if after is None:
        return "stays as it is"
    if is_waiting(after) and is_sent(after):
        return f"is sent again as revision {revision_of(after) + 1}, when its turn comes"
    if is_waiting(after):
        return "is planned, and waits" if before is None or is_changed else "waits as before"
    was_sent = before is not None and is_sent(before)
    if after.get("Status") == "Cancelled":
        return "is withdrawn" if was_sent else "is dropped, and nobody has heard of it"
    return f"is sent again, as revision {after.get('Revision')}" if was_sent else "is sent"


def _undone(supplement: PropertySet, former: PropertySet, names: Mapping[str, str]) -> list[dict[str, str | None]]:
    """Make a row for each dropped line with completed tasks: its work is to be undone."""
    view = ComplexObject(supplement)
    rows: list[dict[str, str | None]] = []
    for item in items_of(former):
        line = view.by_key(item.get(KEY))
        if item.get("Status") == "Open" and completed_tasks(item) and (line is None or action_code(line) == NO_ACTION):
            row = dict.fromkeys(("work order", "task", "system", "what happens", "new lines", "changed", "dropped"))
            what = "was done, and falls out to be undone"
            row |= {"task": ", ".join(completed_tasks(item)), "what happens": what}
            rows.append({**row, "dropped": names.get(item.get(KEY) or "")})
    return rows


WORKFLOWS = (
    named_workflow(
        "Plan",
        show_plan,
        "show the work orders of an order in their turn, and what each waits for",
        ORDER_NUMBER,
        module=MODULE,
        asks_only=True,
        draws=True,
    ),
    named_workflow(
        "Impact",
        show_impact,
        "show what the submission of an order's supplement would do to each work order",
        ORDER_NUMBER,
        module=MODULE,
        asks_only=True,
    ),
)
