"""Work orders: an open order decomposed into requests for fulfilment systems, each sent when its turn comes.

    Waiting     planned, and not sent: something that it waits for isn't over, or its Start Date is to come.
                With a revision: it was sent, its lines ask otherwise now, and its next revision waits for its turn
    Open        sent; a revision replaces the whole work order
    Complete, Failed, Cancelled

Source: "Submit Order Process", step 6, "decompose orders into multiple work orders"; spec: docs/decomposition.md,
docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from hub.workflow_manager.named_workflow import request
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.carried import carried
from hub.workflows.fulfilment.plan import (
    PlannedWorkOrder,
    Tasks,
    assign_tasks,
    plan_work_orders,
    tasks_of,
)
from hub.workflows.fulfilment.revisions import keep_progress, same_work
from hub.workflows.fulfilment.unprovided_lines import Clock, is_open
from hub.workflows.fulfilment.waits import OpenWaits, Wait, write_waits
from hub.workflows.state.days import moment_text
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.order_lookup import revision_of
from hub.workflows.state.service_id import service_ids
from hub.workflows.state.service_profile import make_no_action
from hub.workflows.state.statuses import FAILED
from hub.workflows.state.task_progress import is_task_complete
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    instances,
    items_of,
    message,
    put_list,
)
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, WORK_ORDER
from integration_objects.property_set import PropertySet

#: the status of a work order that is planned, and not sent
WAITING = "Waiting"
#: fields that a line of a work order has from its own table, never from the order's line
_OWN_FIELDS = frozenset(("Row Id", "Parent Item Id", "Status Time"))
_OWN_HEADER_FIELDS = frozenset(("Row Id", "Modification Number"))
#: fields of a work order that stay the same in all of its revisions
_KEPT = (
    *("Work Order Number", "Revision", "Source System", "Source Order Number"),
    *("Fulfilment System", "Task", "Unit"),
)
#: fields of a work order that plan it, and that no system is sent
_PLANNING = ("Unit", "Start Date", "Waits")


def is_sent(work_order: PropertySet) -> bool:
    """Tell whether a stored work order has ever been sent: its revisions are counted from the first message."""
    return work_order.get("Revision") != "0"


def is_waiting(work_order: PropertySet) -> bool:
    """Tell whether a work order, or its next revision, waits for its turn."""
    return work_order.get("Status") == WAITING


def send_work_orders(run: Run, order: PropertySet, again: bool = False, must_leave: bool = False) -> None:
    """Plan the work orders of an order, store them, and send those that wait for nothing.

    A revision replaces a whole work order that a system had, even if the system has nothing left to do. Lines that a
    system was asked for stay in their work order.

    Args:
        run: the run.
        order: the order's instance: Open, or Cancelled with no line to do.
        again: whether work orders of this order may have been stored before.
        must_leave: whether the order is being accepted, and is refused if a system can't take its work order.

    Raises:
        CannotLeave: a system can't, and *must_leave* says that it must.
        PlanInCircle: tasks wait for each other.
    """
    stored = stored_work_orders(run, order) if again else []
    known = {work_order.get("Work Order Number") for work_order in stored}
    view = ComplexObject(order)
    waits = OpenWaits(view)
    for work_order in _work_orders(run, order, stored):
        tree = message(WORK_ORDER, [work_order])
        if work_order.get("Work Order Number") not in known:
            run.effects.insert(tree, fresh=True)  # its number is new under the account's lock: no key can be taken
        else:
            run.effects.synchronize(tree)
        if is_sent(work_order) and not is_waiting(work_order):
            _emit(run, work_order, must_leave)
        elif is_waiting(work_order):
            if must_leave:
                # Now, and not when it is sent: nobody could refuse the order any more.
                _prove(run, work_order)
            _report_held(run, order, view, work_order, open_waits(view, work_order, waits))
            if work_order.get("Start Date") is not None:
                _plan_start(run, order, work_order)


def _emit(run: Run, work_order: PropertySet, must_leave: bool = False) -> None:
    system = work_order.get("Fulfilment System") or ""
    run.effects.emit(WORK_ORDER, message(WORK_ORDER, [_outgoing(work_order)]), for_system=system, must_leave=must_leave)


def _outgoing(work_order: PropertySet) -> PropertySet:
    """Copy a work order as a system gets it: its planning is the hub's own."""
    sent = work_order.copy_node()
    sent.children = work_order.children
    for name in _PLANNING:
        sent.properties.pop(name, None)
    return sent


def _plan_start(run: Run, order: PropertySet, work_order: PropertySet) -> None:
    """Have the hub look at an order again on the day on which one of its work orders may start."""
    number, date = order.get("Order Number") or "", work_order.get("Start Date") or ""
    due_at = moment_text(_clock(run).moment(date))
    run.effects.plan(
        f"{number} {revision_of(order)} {date}", request("complete-due-lines", [("order", number)]), due_at
    )


def stored_work_orders(run: Run, order: PropertySet) -> list[PropertySet]:
    """Return the work orders of an order as they are stored, by number."""
    stored = instances(run.query(WORK_ORDER, {"Order Number": order.get("Order Number")}))
    return sorted(stored, key=_count)


def _count(work_order: PropertySet) -> int:
    return int((work_order.get("Work Order Number") or "").rpartition("-")[2])


def prove_work_orders(run: Run, order: PropertySet) -> None:
    """Prove that the systems concerned can take the work orders of an order that isn't opened yet.

    Raises:
        CannotLeave: a system can't take a value of the order.
        NobodyTakes: no declared system takes the work order of one of its fulfilment systems.
        NoDecompositionRule, TaskWithoutSystem, PlanInCircle: its work can't be planned.
    """
    for work_order in planned_work_orders(run, order):
        _prove(run, work_order)


def _prove(run: Run, work_order: PropertySet) -> None:
    """Prove that a system can take a work order, as it will be sent."""
    sent = _outgoing(work_order)
    sent.properties |= {"Revision": str(max(1, revision_of(work_order))), "Status": "Open"}
    run.effects.prove(WORK_ORDER, message(WORK_ORDER, [sent]), work_order.get("Fulfilment System"))


def planned_work_orders(run: Run, order: PropertySet, former: PropertySet | None = None) -> list[PropertySet]:
    """Return the work orders that would be stored if an order were opened now.

    Args:
        run: the run.
        order: the order, not yet opened. Not changed.
        former: the revision that it replaces; None for a first one.

    Returns:
        New work orders, and those of *former* that would change.

    Raises:
        NoDecompositionRule, TaskWithoutSystem, PlanInCircle: its work can't be planned.
    """
    opened = as_opened(order)
    if former is not None:
        keep_progress(run, opened, former)
    assign_tasks(opened, run.runtime.decomposition_rules)
    return list(_work_orders(run, opened, [] if former is None else stored_work_orders(run, former)))


def as_opened(order: PropertySet) -> PropertySet:
    """Copy an order with its lines as they are when it is opened."""
    opened = order.copy()
    for item in items_of(opened):
        if item.get("Status") == "Pending":
            item.properties["Status"] = "Open"
    return opened


def start_work_orders(run: Run, order: PropertySet) -> bool:
    """Send the waiting work orders of an order whose turn has come; report those that wait for failed lines.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force, with the newest statuses. Nobody may be making a supplement of it.

    Returns:
        Whether one was sent.
    """
    # Most orders have none: then their headers are all that is read.
    example = {"Order Number": order.get("Order Number"), "Status": WAITING}
    if not run.headers(WORK_ORDER, example):
        return False
    view, clock, was_sent = ComplexObject(order), _clock(run), False
    joined_ids = _joined_ids(run, order)
    all_waits = OpenWaits(view, joined_ids)
    for work_order in sorted(instances(run.query(WORK_ORDER, example)), key=_count):
        task = work_order.get("Task") or ""
        open_keys = [
            key
            for key in asked_keys(work_order)
            if (item := view.by_key(key)) is not None and is_open(item) and not is_task_complete(item, task)
        ]
        if not open_keys and not is_sent(work_order):
            # All of its lines have failed by another of their tasks.
            work_order.properties["Status"] = "Cancelled"
            run.effects.update(message(WORK_ORDER, [work_order]))
        elif open_keys and (waits := open_waits(view, work_order, all_waits)):
            _report_held(run, order, view, work_order, waits)
        elif not open_keys or clock.has_come(work_order.get("Start Date")):
            # Without a line it is withdrawn: the system knows an earlier revision.
            wanted = set(open_keys)
            lines = [item for item in view.items if item.get(KEY) in wanted]
            sent = _revised(run, view, work_order, lines, joined_ids)
            run.effects.synchronize(message(WORK_ORDER, [sent]))
            _emit(run, sent)
            was_sent = True
    return was_sent


def open_waits(view: ComplexObject, work_order: PropertySet, waits: OpenWaits) -> list[Wait]:
    """Return the waits of a work order that aren't over; *waits* are those of its order, whose lines *view* has."""
    found = waits.open(work_order.get("Waits"))
    if not found:
        return []
    own = set(asked_keys(work_order))
    # A line that has failed by another task is left out: the other lines don't wait for it.
    left_out = {key for key in own if (item := view.by_key(key)) is not None and not is_open(item)}
    return [wait for wait in found if wait.line not in left_out]


def _report_held(
    run: Run, order: PropertySet, view: ComplexObject, work_order: PropertySet, waits: Iterable[Wait]
) -> None:
    """Raise a fallout entry for a work order if one of its open *waits* is for the work on a line that failed."""
    found = map(view.by_key, dict.fromkeys(wait.line for wait in waits))
    failed = [item for item in found if item is not None and item.get("Status") in FAILED]
    if not failed:
        return
    named = "; ".join(map(fallout_entries.why_failed, failed))
    reason = f"the work order {work_order.get('Work Order Number')} ({told_task(work_order)}) waits for {named}"
    keys = list(dict.fromkeys([*(item.get(KEY) or "" for item in failed), *asked_keys(work_order)]))
    fallout_entries.raise_once(run, order, fallout_entries.WORK_HELD, reason, keys)


def told_task(work_order: PropertySet) -> str:
    """Name the task of a work order with its system."""
    return f"{work_order.get('Task')}, {work_order.get('Fulfilment System')}"


def asked_keys(work_order: PropertySet) -> list[str]:
    """Return the keys of the lines on which a work order asks for something."""
    return [line.get(KEY) or "" for line in items_of(work_order) if action_code(line) != NO_ACTION]


@dataclass(frozen=True)
class _Place:
    """The place of lines among the work orders of an order."""

    system: str
    task: str
    unit: str | None

    @classmethod
    def of(cls, work_order: PropertySet) -> _Place:
        return cls(
            work_order.get("Fulfilment System") or "", work_order.get("Task") or "", work_order.get("Unit") or None
        )


def _work_orders(run: Run, order: PropertySet, stored: Sequence[PropertySet]) -> Iterator[PropertySet]:
    """Make the work orders of an order that are new or have changed; *stored* are those that it has, by number."""
    view = ComplexObject(order)
    tasks = tasks_of(order, run.runtime.decomposition_rules)
    joined_ids = _joined_ids(run, order)
    sent = [work_order for work_order in stored if is_sent(work_order)]
    asked = _asked_before(view, tasks, sent)
    amended = _amended(run, view, asked)
    planned = plan_work_orders(
        order,
        tasks,
        _clock(run),
        after_products=run.products_before(_products(view.items)),
        joined_ids=joined_ids,
        given={place: before.work_order for place, before in asked.items()},
        amended=amended,
    )
    places: dict[_Place, PropertySet] = {}
    for work_order in sent:
        places.setdefault(_Place.of(work_order), work_order)
    lines = _lines_of_sent(view, asked, planned, places)
    held: dict[int, PlannedWorkOrder] = {}
    for plan in planned:
        former = plan.amends
        if former is not None and _can_wait(plan, former, lines.get(id(former), []), asked, amended):
            held[id(former)] = plan
    for work_order in sent:
        own = lines.get(id(work_order), [])
        if id(work_order) in held:
            yield _later(run, view, work_order, own, held[id(work_order)], joined_ids)
            continue
        # A line that has to wait again is withdrawn, where the system must hear of other lines now.
        waiting = {id(line) for plan in planned if plan.amends is work_order for line in plan.lines}
        own = [line for line in own if id(line) not in waiting]
        # Also without a line: provisioning must hear that an open work order asks for nothing any more.
        if work_order.get("Status") in ("Open", WAITING) or own:
            yield _revised(run, view, work_order, own, joined_ids)
    planned = [plan for plan in planned if plan.amends is None or held.get(id(plan.amends)) is not plan]
    unsent = [work_order for work_order in stored if not is_sent(work_order)]
    # Work orders of this order keep their numbers, also the ones that are done.
    last_number = max(map(_count, stored), default=0)
    # A supplement that was made in the hub has no sender, and provisioning may know the order by the sender's number.
    source = next(iter(sent or stored), order)
    for plan in planned:
        if plan.is_ready and _place(plan) in places:
            continue  # its lines have gone into the work order that the system has
        former = next((work_order for work_order in unsent if _Place.of(work_order) == _place(plan)), None)
        if former is None:
            last_number += 1
            former = _header(order, source, f"{order.get('Order Number')}-{last_number}", plan)
        else:
            unsent.remove(former)
        if plan.is_ready:
            yield _revised(run, view, former, plan.lines, joined_ids)
        else:
            yield _later(run, view, former, plan.lines, plan, joined_ids)
    for work_order in unsent:
        if work_order.get("Status") == WAITING:
            # Nobody has heard of it: nothing has to be withdrawn.
            yield _with_lines(run, view, work_order, [], joined_ids)


def _place(plan: PlannedWorkOrder) -> _Place:
    return _Place(plan.system, plan.task, plan.unit)


def _header(order: PropertySet, source: PropertySet, name: str, plan: PlannedWorkOrder) -> PropertySet:
    """Make the header of a work order that was never sent."""
    return PropertySet(
        "Work Order",
        properties={
            "Work Order Number": name,
            "Revision": "0",
            "Source System": source.get("Source System"),
            "Source Order Number": source.get("Source Order Number"),
            "Fulfilment System": plan.system,
            "Task": plan.task,
            "Unit": plan.unit,
        },
    )


@dataclass(frozen=True)
class _Asked:
    """A line for which a system has a work order: the work order, and the line as it is there."""

    work_order: PropertySet
    line: PropertySet


def _asked_before(view: ComplexObject, tasks: Tasks, sent: Iterable[PropertySet]) -> Mapping[tuple[str, str], _Asked]:
    """Return the open lines with their tasks for which a system has a work order, by key and task."""
    found = {}
    for work_order in sent:
        place = _Place.of(work_order)
        for line in items_of(work_order):
            item = None if action_code(line) == NO_ACTION else view.by_key(line.get(KEY))
            if item is not None and any(
                (task.name, task.system or item.get("Fulfilment System")) == (place.task, place.system)
                for task in tasks.get(id(item), ())
            ):
                found[line.get(KEY) or "", place.task] = _Asked(work_order, line)
    return found


def _amended(run: Run, view: ComplexObject, asked: Mapping[tuple[str, str], _Asked]) -> set[tuple[str, str]]:
    """Return the keys and tasks of lines that ask for something else than their systems were told."""
    ask_the_same = same_work(run)
    return {
        place
        for place, before in asked.items()
        # The lines of a revision that waits were never sent.
        if is_waiting(before.work_order)
        or ((item := view.by_key(place[0])) is not None and not ask_the_same(item, before.line))
    }


def _can_wait(
    plan: PlannedWorkOrder,
    former: PropertySet,
    lines: Iterable[PropertySet],
    asked: Mapping[tuple[str, str], _Asked],
    amended: Set[tuple[str, str]],
) -> bool:
    """Tell whether the next revision of a work order that was sent can wait: only the plan's lines are new in it.

    *lines* are all that the system is asked for now.
    """
    still_open = {line.get(KEY) for line in items_of(former) if line.get("Status") == "Open"}
    waiting = {line.get(KEY) for line in plan.lines}
    changed = {key for (key, task), before in asked.items() if before.work_order is former and (key, task) in amended}
    # What of a revision that waits is new to the system isn't known any more.
    is_known = not is_waiting(former)
    return is_known and changed <= waiting and still_open | waiting == {line.get(KEY) for line in lines}


def _later(
    run: Run,
    view: ComplexObject,
    former: PropertySet,
    lines: Sequence[PropertySet],
    plan: PlannedWorkOrder,
    joined_ids: Mapping[int, str],
) -> PropertySet:
    """Make a work order, or the next revision of one that was sent, which waits for its turn.

    A system that has a revision keeps it until then; its answers are those to a replaced revision (`answers`).
    """
    waiting = _with_lines(run, view, former, lines, joined_ids)
    waiting.properties |= {"Status": WAITING, "Waits": write_waits(plan.waits), "Start Date": plan.start}
    return waiting


def _lines_of_sent(
    view: ComplexObject,
    asked: Mapping[tuple[str, str], _Asked],
    planned: Iterable[PlannedWorkOrder],
    places: Mapping[_Place, PropertySet],
) -> Mapping[int, list[PropertySet]]:
    """Return the lines of the work orders that were sent, by identity: those that they have, and new ones.

    *places* are the places to which new lines can go, each with its work order.
    """
    keys: dict[int, set[str]] = {}
    for (key, task), before in asked.items():
        item = view.by_key(key)
        if item is not None and is_open(item) and not is_task_complete(item, task):
            keys.setdefault(id(before.work_order), set()).add(key)
    for plan in planned:
        former = places.get(_place(plan))
        if plan.is_ready and former is not None:
            keys.setdefault(id(former), set()).update(line.get(KEY) or "" for line in plan.lines)
    return {place: [item for item in view.items if item.get(KEY) in wanted] for place, wanted in keys.items()}


def _clock(run: Run) -> Clock:
    return Clock(run.now(), zone=run.runtime.zone_name)


def _products(items: Iterable[PropertySet]) -> list[str]:
    return sorted({product for item in items if (product := item.get("Product Id")) is not None})


def _joined_ids(run: Run, order: PropertySet) -> Mapping[int, str]:
    """Return the service ids that lines have from the network, by the identity of the line."""
    return service_ids(run, list(items_of(order)), lambda item: due_date(order, item) or run.now())


def _revised(
    run: Run,
    view: ComplexObject,
    former: PropertySet,
    items: Sequence[PropertySet],
    joined_ids: Mapping[int, str],
) -> PropertySet:
    """Make the next revision of a work order, which is sent."""
    work_order = _with_lines(run, view, former, items, joined_ids)
    # The waits are over, and stay for people who look at the plan.
    work_order.properties |= {"Revision": str(revision_of(former) + 1), "Waits": former.get("Waits")}
    return work_order


def _with_lines(
    run: Run,
    view: ComplexObject,
    former: PropertySet,
    items: Sequence[PropertySet],
    joined_ids: Mapping[int, str],
) -> PropertySet:
    """Make a work order anew with the lines that it asks for, beneath their ancestors as `-`.

    Args:
        run: the run.
        view: the view on the order.
        former: the work order as it was, or its header.
        items: the order's lines that the system is to work on, in their order.
        joined_ids: the service ids that lines have from the network.
    """
    work_order = carried(view.header, run.definitions[WORK_ORDER].root, but_not=_OWN_HEADER_FIELDS)
    work_order.properties |= {name: former.get(name) for name in _KEPT}
    work_order.properties |= {
        "Order Revision": view.header.get("Revision"),
        "Status": "Open" if items else "Cancelled",
        "Start Date": None,
        "Waits": None,
    }
    component = run.definitions[WORK_ORDER].root.children[LINE_ITEM]
    asked = set(map(id, items))
    lines: dict[int, PropertySet] = {}
    # Also an empty list: the lines that the work order has had are withdrawn.
    put_list(work_order, LINE_ITEM)
    for item in items:
        # Parents before children: a line that is asked for may stand beneath another one.
        for each in (*reversed(list(view.above(item))), item):
            if id(each) in lines:
                continue
            line = lines[id(each)] = carried(each, component, but_not=_OWN_FIELDS)
            if id(each) in joined_ids:
                line.properties["Service Id"] = joined_ids[id(each)]
            if id(each) not in asked:
                make_no_action(line)
                # An ancestor is sent for its place only: the system has nothing to do on it, and nothing to answer.
                line.properties["Status"] = NO_ACTION
            above = view.parent_of(each)
            put_list(work_order if above is None else lines[id(above)], LINE_ITEM).append(line)
    return work_order
