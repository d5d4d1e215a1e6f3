"""Decomposition rules: the tasks into which a line of an order is decomposed, and the turn of these tasks.

Declared in hub/decomposition/*.yaml; each is proven when it is loaded:

    decomposition rule: Broadband
    help: The network builds a line; the access platform configures it.
    products: [DSL Line]                 lines of these products; without the key, of all
    actions: [Add, Update]               lines with these actions; without the key, with any
    when: "[Quantity] = 1"               a condition on the line
    tasks:                               an empty list: nobody is asked, the line is complete by itself
      - task: Build
        system: Network                  without the key, the line's own Fulfilment System
      - task: Configure
        system: Access Platform
        after:                           things to wait for
          - {task: Build, milestone: Port Assigned}
          - {lines: beneath, products: [Modem]}
        needs: [Service Id]              fields that the line must have
        days before due: 3               the earliest start
        one for: service item            a work order of its own for each line or service item

The first rule that takes a line decides. A deployment's own rules come before the shipped ones, and all by the names of
their files.

Spec: docs/design/legacy.md, "Decomposition".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from integration_objects.complex_object import action_code
from integration_objects.declaration import DeclarationFault, Node, Parts, Source, read
from integration_objects.definition import Component, Definitions
from integration_objects.expression import Expression, ExpressionFault, compile_expression, field_reader
from integration_objects.names import ACTION_CODES, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS

#: The keys of a rule, of a task and of a thing to wait for.
REQUIRED, OPTIONAL = ("decomposition rule", "tasks"), ("help", "products", "actions", "when")
TASK_REQUIRED, TASK_OPTIONAL = ("task",), ("system", "after", "needs", "days before due", "one for")
AFTER_KEYS = ("task", "lines", "products", "milestone")
#: The actions that a rule may name.
ACTIONS = tuple(code for code in ACTION_CODES if code != NO_ACTION)
#: The lines that a task may wait for: the line itself, those above it, beneath it, of its service item, of its order.
SAME, ABOVE, BENEATH, SERVICE_ITEM, OF_ORDER = "same", "above", "beneath", "service item", "order"
LINES = (SAME, ABOVE, BENEATH, SERVICE_ITEM, OF_ORDER)
#: The number of work orders: one for all lines of the order, or one for each service item or line.
FOR_ORDER, FOR_SERVICE_ITEM, FOR_LINE = "order", "service item", "line"
ONE_FOR = (FOR_ORDER, FOR_SERVICE_ITEM, FOR_LINE)
#: The greatest number of days before a due date.
_MOST_DAYS = 3660


class TasksInCircle(DeclarationFault):
    """Tasks of one rule wait for each other."""

    what = "the tasks of the rule '{rule}' wait for each other: {circle}"
    why = "none of them could ever start"
    mend = "take one of these waits away"


@dataclass(frozen=True)
class After:
    """The lines and tasks that a task waits for.

    Attributes:
        task: the name of the awaited task; None for all tasks of the lines.
        lines: one of `LINES`.
        products: only lines of these products; empty for all.
        milestone: the milestone that is enough; None where the task must be complete.
    """

    task: str | None = None
    lines: str = SAME
    products: frozenset[str] = frozenset()
    milestone: str | None = None


@dataclass(frozen=True)
class Task:
    """A piece of work on a line.

    Attributes:
        system: the fulfilment system that does it; None for the line's own.
        needs: fields that the line must have before the task starts.
        days_before_due: the days before the line's due date on which the task may start; None for at once.
        one_for: one of `ONE_FOR`.
    """

    name: str
    system: str | None = None
    after: tuple[After, ...] = ()
    needs: tuple[str, ...] = ()
    days_before_due: int | None = None
    one_for: str = FOR_ORDER


@dataclass(frozen=True)
class DecompositionRule:
    """A rule: the lines that it takes, and their tasks.

    Attributes:
        products: the products whose lines it takes; empty for all.
        actions: the actions of the lines; empty for all.
        places: the place of each key of the declaration.
    """

    name: str
    products: frozenset[str]
    actions: frozenset[str]
    condition: Expression | None
    tasks: tuple[Task, ...]
    help: str
    where: str
    places: Mapping[str, str] = field(default_factory=dict)

    def takes(self, line: PropertySet) -> bool:
        """Tell whether the rule takes a line of an order, which has its Fulfilment System.

        Raises:
            ExpressionFault: the condition can't be evaluated on this line.
        """
        if self.products and line.get("Product Id") not in self.products:
            return False
        if self.actions and action_code(line) not in self.actions:
            return False
        try:
            return self.condition is None or self.condition.truth(line)
        except ExpressionFault as fault:
            raise fault.at(f"decomposition rule '{self.name}', {self.where}")  # noqa: B904  # the same fault, with its rule


def read_decomposition_rules(sources: Sequence[Source], definitions: Definitions) -> tuple[DecompositionRule, ...]:
    """Read decomposition rules in the order in which they are asked, and prove each against the order's definition.

    Raises:
        DeclarationFault: a rule is wrong; the error names file, line and column.
    """
    rules: dict[str, DecompositionRule] = {}
    for source in sources:
        node = read(source)
        rule = _rule(node, definitions[ORDER].root.children[LINE_ITEM])
        if rule.name in rules:
            other = rules[rule.name].where
            raise node.fault(f"there are two decomposition rules '{rule.name}'", mend=f"the other is {other}")
        rules[rule.name] = rule
    return tuple(rules.values())


def _rule(node: Node, line: Component) -> DecompositionRule:
    parts = node.mapping(required=REQUIRED, optional=OPTIONAL)
    name = parts["decomposition rule"].text()
    return DecompositionRule(
        name,
        frozenset(parts.texts("products")),
        frozenset(_choices(parts, "actions", ACTIONS)),
        _condition(parts.get("when"), line),
        _tasks(name, parts["tasks"], line),
        parts.text("help", ""),
        node.where,
        {key: value.where for key, value in parts.items()},
    )


def _choices(parts: Parts, key: str, allowed: Sequence[str]) -> Iterator[str]:
    if key in parts:
        node = parts[key]
        for each in [node] if node.kind == "scalar" else node.sequence():
            yield each.choice(*allowed)


def _condition(node: Node | None, line: Component) -> Expression | None:
    if node is None:
        return None
    try:
        return compile_expression(node.text(), field_reader(line), FUNCTIONS)
    except ExpressionFault as fault:
        raise node.fault(fault.what, why=f"{fault.where}: {fault.why}".lstrip(": "), mend=fault.mend) from fault


def _tasks(rule: str, node: Node, line: Component) -> tuple[Task, ...]:
    tasks: dict[str, Task] = {}
    places: dict[str, Node] = {}
    for each in node.sequence():
        parts = each.mapping(required=TASK_REQUIRED, optional=TASK_OPTIONAL)
        name = parts["task"]
        if name.text() in tasks:
            raise name.twice("task", places[name.text()].where)
        tasks[name.text()], places[name.text()] = _task(parts, line), name
    for task in tasks.values():
        _prove_own_tasks(task, places[task.name], tasks)
    circle = _circle(tasks)
    if circle:
        raise TasksInCircle(rule=rule, circle=" waits for ".join(circle), where=places[circle[0]].where)
    return tuple(tasks.values())


def _task(parts: Parts, line: Component) -> Task:
    for need in parts["needs"].sequence() if "needs" in parts else ():
        if need.text() not in line.fields:
            raise need.unknown("field of a line", line.fields)
    days = parts["days before due"].whole() if "days before due" in parts else None
    if days is not None and not 0 <= days <= _MOST_DAYS:
        mend = "write the number of days before the due date on which the work may start"
        raise parts["days before due"].fault(f"{days} is no number of days from 0 to {_MOST_DAYS}", mend=mend)
    return Task(
        parts["task"].text(),
        parts["system"].text() if "system" in parts else None,
        tuple(map(_after, parts.sequence("after"))),
        parts.texts("needs"),
        days,
        parts["one for"].choice(*ONE_FOR) if "one for" in parts else FOR_ORDER,
    )


def _after(node: Node) -> After:
    parts = node.mapping(optional=AFTER_KEYS)
    after = After(
        parts["task"].text() if "task" in parts else None,
        parts["lines"].choice(*LINES) if "lines" in parts else SAME,
        frozenset(parts.texts("products")),
        parts["milestone"].text() if "milestone" in parts else None,
    )
    if after.lines == SAME and (after.task is None or after.products):
        mend = "name a task of this rule, or other lines: lines: above, beneath, service item or order"
        raise node.fault("a line can't wait for all of its own work", mend=mend)
    return after


def _prove_own_tasks(task: Task, place: Node, tasks: Mapping[str, Task]) -> None:
    for after in task.after:
        if after.lines == SAME and after.task not in tasks:
            mend = nearest(after.task or "", tasks) or f"tasks of this rule: {', '.join(tasks)}"
            raise place.fault(f"the task '{task.name}' waits for an unknown task '{after.task}'", mend=mend)


def _circle(tasks: Mapping[str, Task]) -> list[str]:
    """Return the names of tasks of one line that wait for each other, the first one again at the end; [] for none."""
    awaited = {
        name: [after.task for after in task.after if after.lines == SAME and after.task] for name, task in tasks.items()
    }
    return find_circle(awaited)


def find_circle(awaited: Mapping[str, Sequence[str]]) -> list[str]:
    """Return names that wait for each other, the first one again at the end; [] for none.

    Args:
        awaited: the names that each name waits for.

    >>> find_circle({"a": ["b"], "b": ["c"], "c": ["b"]})
    ['b', 'c', 'b']
    >>> find_circle({"a": ["b"], "b": []})
    []
    """
    left = {name: [other for other in others if other in awaited] for name, others in awaited.items()}
    while free := [name for name, others in left.items() if not any(other in left for other in others)]:
        for name in free:
            del left[name]
    # Each name that is left waits for another one that is left: every way leads into a circle.
    places: dict[str, int] = {}
    at = next(iter(left), None)
    while at is not None and at not in places:
        places[at] = len(places)
        at = next(other for other in left[at] if other in left)
    return [] if at is None else [*list(places)[places[at] :], at]
