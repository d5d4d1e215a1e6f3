"""The plan of an order: its work orders, the lines of each, and the things that each waits for. Pure functions.

    line 1  DSL Line   Build (Network), then Configure (Access)     work order 1: Build (Network), lines 1 and 2
    line 2  ISDN Line  Build (Network)                              work order 2: Configure (Access), line 1, after 1

Lines go into one work order if the same system does the same task on them and they wait for the same things. So no work
order ever waits for itself.

Spec: docs/decomposition.md; docs/design/legacy.md, "Decomposition".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from hub.workflow_manager.decomposition_rule import (
    ABOVE,
    BENEATH,
    FOR_LINE,
    FOR_SERVICE_ITEM,
    OF_ORDER,
    SAME,
    SERVICE_ITEM,
    After,
    DecompositionRule,
    Task,
    find_circle,
)
from hub.workflows.fulfilment.unprovided_lines import Clock, is_open
from hub.workflows.fulfilment.waits import AnyWait, Wait, WaitForAll, has_field
from hub.workflows.state.days import moment_text
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.order_lookup import described, place_of
from hub.workflows.state.statuses import FAILED
from hub.workflows.state.task_progress import TASKS, has_reached, is_task_complete, name_tasks, progress_of
from integration_objects.complex_object import ComplexObject, action_code, items_from, items_of, walk_items
from integration_objects.errors import OperatorNeeded, Refused
from integration_objects.field_values import read_date
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

#: the tasks of each line that has some, by the identity of the line
Tasks = Mapping[int, Sequence[Task]]
#: by product: the products after which it is provided, each with the milestone that is enough; None: complete
AfterProducts = Mapping[str, Sequence[tuple[str, str | None]]]


class NoDecompositionRule(OperatorNeeded):
    """No decomposition rule takes a line."""

    what = "no decomposition rule takes the line {line}"
    where = "order {number}, {place}"
    why = "its action is {action}, its product {product}, its fulfilment system {system}"
    mend = "declare a rule that takes it in hub/decomposition/"


class TaskWithoutSystem(OperatorNeeded):
    """A task has no system that does it."""

    what = "nobody does the task {task} of the line {line}"
    why = "the rule '{rule}' names no system, and the line of the order {number} has no fulfilment system"
    mend = "name a `system` in the rule, or give the product its Fulfilment System"


class PlanInCircle(Refused):
    """Tasks of an order's lines wait for each other."""

    what = "the work on the order {number} can't be planned: tasks wait for each other"
    where = "order {number}"
    why = "{circle}"
    mend = "take one of these waits out of the decomposition rules, or out of the products (Provided After)"


@dataclass
class PlannedWorkOrder:
    """A work order of a plan.

    Attributes:
        unit: the key of the line or service item that it is for; None for the whole order.
        lines: the order's lines on which the system is to work.
        waits: everything that must be over before it starts.
        start: the date before which it doesn't start; None for none.
        amends: the work order that was sent with these lines; they ask otherwise now. None for none.
    """

    system: str
    task: str
    unit: str | None
    amends: PropertySet | None = None
    lines: list[PropertySet] = field(default_factory=list)
    waits: Sequence[AnyWait] = ()
    start: str | None = None

    @property
    def is_ready(self) -> bool:
        """Tell whether nothing keeps it from being sent."""
        return not self.waits and self.start is None


def assign_tasks(order: PropertySet, rules: Sequence[DecompositionRule]) -> None:
    """Give every line its fulfilment system, and the names of its tasks. Changes *order*.

    The system is the product's own, or else that of the nearest line above.

    Raises:
        NoDecompositionRule: no rule takes one of the open lines.
        TaskWithoutSystem: nobody does a task of one of them.
    """
    # Parents come before children, so that a parent's system is settled when its children ask for it.
    for item, parent in walk_items(order):
        system = item.get("Fulfilment System") or (parent.get("Fulfilment System") if parent is not None else None)
        item.properties["Fulfilment System"] = system
    decided = list(_decided(order, rules))
    awaited = {after.task for _, tasks in decided for task in tasks for after in task.after if _is_shared(after, task)}
    for item, tasks in decided:
        names = [task.name for task in tasks]
        # A kept milestone makes a line uncommon, too. A task for which others wait on all lines is looked for by name.
        is_named = item.get(TASKS) is not None or not _is_common(item, tasks)
        if is_open(item) and (is_named or (names and (None in awaited or awaited.intersection(names)))):
            name_tasks(item, names)


def _is_shared(after: After, task: Task) -> bool:
    """Tell whether a task waits for the same tasks on all lines of its order or service item, and never for itself."""
    could_be_itself = after.task == task.name or (after.task is None and bool(after.products))
    return after.lines in (SERVICE_ITEM, OF_ORDER) and not could_be_itself


def _is_common(item: PropertySet, tasks: Sequence[Task]) -> bool:
    """Tell whether a line's fulfilment system does its only task; without such a system, whether nobody does any."""
    own = item.get("Fulfilment System")
    return not tasks if own is None else len(tasks) == 1 and tasks[0].system in (None, own)


def tasks_of(order: PropertySet, rules: Sequence[DecompositionRule]) -> Tasks:
    """Return the tasks of an order's open and failed lines, by the identity of the line; as `assign_tasks`."""
    return {id(item): tasks for item, tasks in _decided(order, rules)}


def _decided(order: PropertySet, rules: Sequence[DecompositionRule]) -> Iterator[tuple[PropertySet, Sequence[Task]]]:
    for item in items_of(order):
        if not is_open(item) and item.get("Status") not in FAILED:
            continue
        rule = next((rule for rule in rules if rule.takes(item)), None)
        parts = {"number": order.get("Order Number"), "line": f"{described(item)} ({item.get(KEY)})"}
        if rule is None:
            raise NoDecompositionRule(
                **parts,
                place=place_of(item),
                action=action_code(item),
                product=item.get("Product Id"),
                system=item.get("Fulfilment System") or "none",
            )
        for task in rule.tasks:
            if task.system is None and item.get("Fulfilment System") is None:
                raise TaskWithoutSystem(**parts, task=task.name, rule=rule.name, where=rule.where)
        yield item, rule.tasks


def plan_work_orders(
    order: PropertySet,
    tasks: Tasks,
    clock: Clock,
    *,
    after_products: AfterProducts = MappingProxyType({}),
    joined_ids: Container[int] = (),
    given: Mapping[tuple[str, str], PropertySet] = MappingProxyType({}),
    amended: Container[tuple[str, str]] = (),
) -> list[PlannedWorkOrder]:
    """Plan the work orders of an order.

    Args:
        order: an instance of OM Order, opened. Not changed.
        tasks: the tasks of its lines (`tasks_of`).
        clock: the time.
        after_products: the products that lines of a product come after, each with a milestone; None: complete.
        joined_ids: identities of the lines that have a Service Id from the network.
        given: the work orders that were sent, by the lines' keys and the tasks that they ask for: these are in no
            planned work order, and others wait for them.
        amended: those keys and tasks of *given* that ask otherwise now. They are in a planned work order if they have
            to wait again.

    Returns:
        The work orders in an order in which they can be worked.

    Raises:
        PlanInCircle: tasks wait for each other.
    """
    return _Planner(order, tasks, clock, after_products, joined_ids, given, amended).work_orders()


@dataclass(eq=False)
class _Node:
    """A task on a line, while the plan is made."""

    item: PropertySet
    task: Task
    barriers: list[_Barrier] = field(default_factory=list)
    work_order: PlannedWorkOrder | None = None


@dataclass(eq=False)
class _Barrier:
    """Tasks that others wait for, each with the milestone that is enough.

    All lines of an order may wait for all lines of it: they share one barrier, and the plan stays linear.
    """

    awaited: Sequence[tuple[_Node, str | None]]
    #: the same tasks in a few words; None where only a list of them tells
    told: WaitForAll | None = None
    waiting: list[_Node] = field(default_factory=list)
    #: the work orders and other things that the tasks are in, once all of them have their places
    places: frozenset[Hashable] | None = None


class _Planner:
    """An order while its plan is made."""

    def __init__(
        self,
        order: PropertySet,
        tasks: Tasks,
        clock: Clock,
        after_products: AfterProducts,
        joined_ids: Container[int],
        given: Mapping[tuple[str, str], PropertySet],
        amended: Container[tuple[str, str]],
    ) -> None:
        self._order, self._clock = order, clock
        self._after_products, self._joined_ids, self._given = after_products, joined_ids, given
        self._amended = amended
        self._view = ComplexObject(order)
        #: the tasks that aren't complete, by the identity of the line
        self._nodes: dict[int, list[_Node]] = {}
        for item in self._view.items:
            for task in tasks.get(id(item), ()):
                if not is_task_complete(item, task.name):
                    self._nodes.setdefault(id(item), []).append(_Node(item, task))
        #: the lines of the order and of service items that were asked for, by the kind and the root
        self._together: dict[tuple[str, int], list[PropertySet]] = {}
        #: the tasks that several tasks wait for, by the lines, tasks and products
        self._barriers: dict[Hashable, _Barrier] = {}
        #: the tasks that each work order waits for, by its identity
        self._waits: dict[int, dict[tuple[_Node, str | None], Wait]] = {}
        #: the work orders whose waits have a barrier's tasks, by their identities
        self._noted: set[tuple[int, int]] = set()

    def work_orders(self) -> list[PlannedWorkOrder]:
        nodes = [node for nodes in self._nodes.values() for node in nodes]
        planned = [
            node
            for node in nodes
            if is_open(node.item) and (self._given_to(node) is None or self._place_of(node) in self._amended)
        ]
        for node in planned:
            node.barriers = [barrier for barrier in self._barriers_of(node) if barrier.awaited]
            for barrier in node.barriers:
                barrier.waiting.append(node)
        return self._grouped(planned)

    def _given_to(self, node: _Node) -> PropertySet | None:
        """Return the work order that was sent for a task; None for none."""
        return self._given.get(self._place_of(node))

    @staticmethod
    def _place_of(node: _Node) -> tuple[str, str]:
        return node.item.get(KEY) or "", node.task.name

    def _barriers_of(self, node: _Node) -> Iterator[_Barrier]:
        """Yield the barriers that a task waits for."""
        for after in node.task.after:
            # A task that could wait for itself has a barrier of its own.
            if not _is_shared(after, node.task):
                yield _Barrier(list(self._awaited(node, after)))
                continue
            root = self._view.root_of(node.item) if after.lines == SERVICE_ITEM else None
            place = (id(root), after, node.task.name)
            if place not in self._barriers:
                awaited = list(self._awaited(node, after))
                self._barriers[place] = _Barrier(awaited, _told(awaited, after, root, node.task))
            yield self._barriers[place]
        yield _Barrier(list(dict.fromkeys(self._awaited_by_product(node))))

    def _awaited(self, node: _Node, after: After) -> Iterator[tuple[_Node, str | None]]:
        """Yield the tasks that a task waits for by its rule, each with the milestone that is enough."""
        for other in self._nodes_of(self._lines(node.item, after.lines), after.products):
            # "After everything else" doesn't mean the same task of other lines, which waits for everything, too.
            if other is node or (not after.task and not after.products and other.task.name == node.task.name):
                continue
            if after.task in (None, other.task.name) and not _has_reached(other, after.milestone):
                yield other, after.milestone

    def _awaited_by_product(self, node: _Node) -> Iterator[tuple[_Node, str | None]]:
        """Yield the tasks that a task waits for by its product, each with the milestone that is enough."""
        is_removed = action_code(node.item) == "Delete"
        for products, milestone in self._products_before(node.item.get("Product Id") or "", is_removed):
            for other in self._nodes_of(self._lines(node.item, SERVICE_ITEM), products):
                if (action_code(other.item) == "Delete") is is_removed and not _has_reached(other, milestone):
                    yield other, milestone

    def _products_before(self, product: str, is_removed: bool) -> Iterable[tuple[frozenset[str], str | None]]:
        """List the products that come before a product, each with the milestone that is enough."""
        if is_removed:
            # Services are removed the other way round: first the one that was built last.
            later = [name for name, before in self._after_products.items() if product in dict(before)]
            return [(frozenset(later), None)] if later else []
        return [(frozenset((name,)), milestone) for name, milestone in self._after_products.get(product, ())]

    def _lines(self, item: PropertySet, kind: str) -> Sequence[PropertySet]:
        """Return the lines of a kind, as they are seen from a line; of a service item or an order, all of its lines."""
        if kind == SAME:
            return [item]
        if kind == ABOVE:
            return list(self._view.above(item))
        if kind == BENEATH:
            return [line for line in items_from([item]) if line is not item]
        root = self._view.root_of(item) if kind == SERVICE_ITEM else None
        key = (kind, id(root))
        if key not in self._together:
            self._together[key] = self._view.items if root is None else list(items_from([root]))
        return self._together[key]

    def _nodes_of(self, lines: Iterable[PropertySet], products: frozenset[str]) -> Iterator[_Node]:
        for line in lines:
            if not products or line.get("Product Id") in products:
                yield from self._nodes.get(id(line), ())

    def _grouped(self, nodes: Sequence[_Node]) -> list[PlannedWorkOrder]:
        """Put tasks into work orders: tasks come behind all those that they wait for."""
        planned = set(map(id, nodes))
        barriers = {id(barrier): barrier for node in nodes for barrier in node.barriers}
        open_tasks: dict[int, int] = {}
        behind: dict[int, list[_Barrier]] = {}
        for barrier in barriers.values():
            open_tasks[id(barrier)] = sum(id(other) in planned for other, _ in barrier.awaited)
            for other, _ in barrier.awaited:
                behind.setdefault(id(other), []).append(barrier)
        open_waits = {id(node): sum(open_tasks[id(barrier)] > 0 for barrier in node.barriers) for node in nodes}
        work_orders: dict[Hashable, PlannedWorkOrder] = {}
        queue = deque(node for node in nodes if not open_waits[id(node)])
        while queue:
            node = queue.popleft()
            del open_waits[id(node)]
            self._put(node, work_orders)
            for barrier in behind.get(id(node), ()):
                open_tasks[id(barrier)] -= 1
                for other in () if open_tasks[id(barrier)] else barrier.waiting:
                    open_waits[id(other)] -= 1
                    if not open_waits[id(other)]:
                        queue.append(other)
        if open_waits:
            self._refuse_circle([node for node in nodes if id(node) in open_waits])
        positions = {id(item): position for position, item in enumerate(self._view.items)}
        for work_order in work_orders.values():
            work_order.lines.sort(key=lambda line: positions[id(line)])
            work_order.waits = [*self._waits.get(id(work_order), {}).values(), *work_order.waits]
        return list(work_orders.values())

    def _put(self, node: _Node, work_orders: dict[Hashable, PlannedWorkOrder]) -> None:
        """Put a task into the work order of its system whose lines wait for the same work orders."""
        item, task = node.item, node.task
        key = item.get(KEY) or ""
        lacking = [Wait(key, needs=name) for name in task.needs if not has_field(item, name, self._joined_ids)]
        # A line without its data waits by itself, so that the others can go on.
        unit = key if lacking or task.one_for == FOR_LINE else None
        if unit is None and task.one_for == FOR_SERVICE_ITEM:
            unit = self._view.root_of(item).get(KEY)
        system, start = task.system or item.get("Fulfilment System") or "", self._start(item, task)
        places = [self._places(barrier) for barrier in node.barriers]
        # The set itself, if there is one: all lines of an order may wait for all lines of it.
        after = places[0] if len(places) == 1 else frozenset[Hashable]().union(*places)
        given = self._given_to(node)
        if given is not None and not (lacking or start or after):
            return  # it comes with the next revision of the work order that was sent
        place = (system, task.name, unit, start, after, bool(lacking), id(given))
        work_order = work_orders.get(place)
        if work_order is None:
            work_order = work_orders[place] = PlannedWorkOrder(system, task.name, unit, given, start=start)
        node.work_order = work_order
        work_order.lines.append(item)
        # By identity first: the lines of a work order mostly wait for the same tasks.
        waits = self._waits.setdefault(id(work_order), {})
        for barrier in node.barriers:
            if (id(work_order), id(barrier)) in self._noted:
                continue
            self._noted.add((id(work_order), id(barrier)))
            if barrier.told is not None:
                work_order.waits = [*work_order.waits, barrier.told]
            for other, milestone in () if barrier.told is not None else barrier.awaited:
                if (other, milestone) not in waits:
                    waits[other, milestone] = Wait(other.item.get(KEY) or "", other.task.name, milestone)
        work_order.waits = [*work_order.waits, *lacking]

    def _places(self, barrier: _Barrier) -> frozenset[Hashable]:
        """Return the work orders of a barrier's tasks, which are in their places, each with its milestone."""
        if barrier.places is None:
            # A task that has failed is in no work order now, and a thing of its own.
            barrier.places = frozenset(
                (id(other.work_order or self._given_to(other) or other), milestone)
                for other, milestone in barrier.awaited
            )
        return barrier.places

    def _start(self, item: PropertySet, task: Task) -> str | None:
        """Return the day before which a task doesn't start, if that day is to come."""
        due = due_date(self._order, item)
        if task.days_before_due is None or due is None:
            return None
        # A day stays a day: its midnight is that of the deployment's zone.
        start = moment_text(read_date(due) - timedelta(days=task.days_before_due))[: len(due) if _is_day(due) else None]
        return None if self._clock.has_come(start) else start

    def _refuse_circle(self, nodes: Sequence[_Node]) -> None:
        names = {id(node): f"{node.task.name} of {described(node.item)} ({node.item.get(KEY)})" for node in nodes}
        awaited = {
            names[id(node)]: [
                names[id(other)] for barrier in node.barriers for other, _ in barrier.awaited if id(other) in names
            ]
            for node in nodes
        }
        circle = " waits for ".join(find_circle(awaited))
        raise PlanInCircle(number=self._order.get("Order Number"), circle=circle)


def _told(
    awaited: Iterable[tuple[_Node, str | None]], after: After, root: PropertySet | None, task: Task
) -> WaitForAll | None:
    """Tell in a few words for which tasks *task* waits; None where a line doesn't name its awaited task."""
    # Lines of orders that were opened before their tasks were awaited by name.
    if any(other.task.name not in progress_of(other.item) for other, _ in awaited):
        return None
    return WaitForAll(
        None if root is None else root.get(KEY),
        after.task,
        but=None if after.task is not None else task.name,
        products=tuple(sorted(after.products)),
        milestone=after.milestone,
    )


def _is_day(date: str) -> bool:
    """Tell whether a date has no time.

    >>> _is_day("2026-03-01"), _is_day("2026-03-01T00:00:00Z")
    (True, False)
    """
    return "T" not in date


def _has_reached(node: _Node, milestone: str | None) -> bool:
    return milestone is not None and has_reached(node.item, node.task.name, milestone)
