"""Two revisions of an order compared line by line, and lines of one that the other takes over.

Source: "f. Supplemental Order Process"; spec: docs/design/workflows.md, "Supplemental Order (Revise), Cancel".
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from hub.services.differences import differs_in
from hub.services.items import quantity_of
from hub.workflow_manager.run import Run
from hub.workflows.state.task_progress import TASKS, forget_failed_tasks
from integration_objects.complex_object import ComplexObject, action_code, attributes, items_of, message, put_list
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, ORDER, WORK_ORDER
from integration_objects.property_set import PropertySet


def same_request(run: Run, but_not: Container[str] = ("Service Id",)) -> Callable[[PropertySet, PropertySet], bool]:
    """Make a function that tells whether two order lines ask for the same action, quantity, fields and attributes.

    Args:
        run: the run.
        but_not: compared fields that may differ. The Service Id may be one that provisioning gave.
    """
    line = run.definitions[ORDER].root.children[LINE_ITEM]
    attribute = line.children[ATTRIBUTE]
    fields_differ = differs_in(line, [name for name in line.compared if name not in but_not])
    values_differ = differs_in(attribute, attribute.compared)

    def ask_the_same(left: PropertySet, right: PropertySet) -> bool:
        if action_code(left) != action_code(right) or quantity_of(left) != quantity_of(right):
            return False
        if fields_differ(left.properties, right.properties):
            return False
        # By name and not by place: a sender may write the same attributes in another order.
        values, others = _attributes_by_name(left), _attributes_by_name(right)
        return values.keys() == others.keys() and not any(
            action_code(value) != action_code(others[name]) or values_differ(value.properties, others[name].properties)
            for name, value in values.items()
        )

    return ask_the_same


def same_work(run: Run) -> Callable[[PropertySet, PropertySet], bool]:
    """Make a function that tells whether two lines ask a system for the same: another price is the same work.

    The lines are those of orders, or of work orders as they were sent.
    """
    sent = run.definitions[WORK_ORDER].root.children[LINE_ITEM].fields
    compared = run.definitions[ORDER].root.children[LINE_ITEM].compared
    return same_request(run, but_not=("Service Id", *(name for name in compared if name not in sent)))


def _attributes_by_name(item: PropertySet) -> Mapping[str | None, PropertySet]:
    return {attribute.get("Name"): attribute for attribute in attributes(item)}


def keep_progress(run: Run, supplement: PropertySet, original: PropertySet) -> None:
    """Give a supplement's lines the progress of their tasks, where they ask for the same. Changes *supplement*.

    A line that asks otherwise is worked anew by all of its tasks.
    """
    lines, ask_the_same = ComplexObject(original), same_request(run)
    for item in items_of(supplement):
        line = lines.by_key(item.get(KEY))
        progress = None if line is None else line.get(TASKS)
        if progress is None and item.get(TASKS) is None:
            continue
        # A failed line that is tried again has forgotten its failed tasks already.
        if item.get("Status") == "Open":
            item.properties[TASKS] = progress if line is not None and ask_the_same(item, line) else None
            forget_failed_tasks(item)


def take_over(twin: PropertySet, line: PropertySet) -> None:
    """Make a supplement's line equal to the original's *line*, and keep its row and its flag. Changes *twin*.

    The original's root may be processed while the supplement has put more beneath it: the flag is the supplement's own.
    """
    status = line.get("Status")
    names = ("Row Id", "Line Number", "Order Item Processed Flag")
    # A supplement may postpone a line that is still to come; a line that is complete keeps the date that it had.
    kept = {name: twin.get(name) for name in (names if status == "Complete" else (*names, "Due Date"))}
    twin.properties = {**line.properties, **kept, "Status": "Pending" if status == "Open" else status}
    put_list(twin, ATTRIBUTE)[:] = [attribute.copy_node() for attribute in attributes(line)]


def pass_on(run: Run, supplement: PropertySet, changed: Iterable[PropertySet]) -> None:
    """Hand new statuses and milestones of an order's lines on to its supplement, and store the supplement.

    Lines that the supplement changes stay as the supplement has them.

    Args:
        run: the run.
        supplement: the active revision, not yet submitted. Changed in place.
        changed: the lines of the revision in force whose status or milestone has changed.
    """
    ask_the_same = same_request(run)
    view = ComplexObject(supplement)
    # A line that the supplement changes keeps its request; it is judged when the supplement is submitted.
    for line in changed:
        twin = view.by_key(line.get(KEY))
        if twin is not None and ask_the_same(twin, line):
            take_over(twin, line)
    run.effects.update(message(ORDER, [supplement]))
