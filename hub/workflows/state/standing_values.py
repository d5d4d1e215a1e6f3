"""Values of one order that stand over those of another one, although nobody expects it.

Orders change a service item in the order of their headers' due dates (docs/orders.md, "Answers out of turn"). Where a
newer order is due before an older one, the older one's values stand in the end. Due dates of lines don't count: a line
that is due later may be overridden by one that is due sooner. Nothing is lost; the person who places or submits either
of the two orders is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hub.services.differences import same_value
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.service_profile import (
    changed_items,
    in_sequence,
    orders_around,
    rows_of_making,
    still_to_come,
)
from integration_objects.complex_object import ComplexObject, action_code, attributes, first_instance, message
from integration_objects.definition import Component
from integration_objects.field_values import read_date
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER, VALUE_FIELDS
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames

KIND = "due date"
#: fields beside the compared ones that an Update asks for
_ASKED = ("Quantity", "Asset Status")


@dataclass(frozen=True)
class _Overridden:
    """A value of a line over which a line of another order sets another value.

    Attributes:
        line: the line whose value is lost in the end.
        above: the other order's line.
        name: the name of the field or attribute.
        value: the line's value.
        standing: the value that stands.
    """

    line: PropertySet
    above: PropertySet
    name: str
    value: str | None
    standing: str | None


def standing_value_notes(run: Run, order: PropertySet) -> list[Note]:
    """Report the values of an order that an older order overrides, and those of newer orders that it overrides.

    Args:
        run: the run; the account is locked.
        order: an instance of OM Order that isn't submitted yet.
    """
    own = still_to_come(order)
    tree = message(ORDER, [own])
    # Most orders add services: nothing else is read for them.
    if not any(action_code(line) == "Update" for line in changed_items([tree])):
        return []
    before, after = orders_around(run, order)
    # An order that is done already may be due later, too: its applied lines stand over this order.
    _, *applied = in_sequence(run, order.get("Account Id") or "", [tree])
    earlier, later = ([first_instance(other) for other in trees] for trees in (before, [*after, *applied]))
    row, *rows = rows_of_making(run, [order, *earlier, *later])
    component, names = run.definitions[ORDER].root.children[LINE_ITEM], run.secret_names()
    notes: list[Note] = []
    for other, other_row in zip(earlier, rows, strict=False):
        for lost in _shown(names, _overridden(component, other, own)):
            own_value, text = f"{lost.name} {lost.standing} of this order", f"overrides {lost.value} of the"
            # An older order that comes before this one is overridden as everybody expects.
            if other_row > row:
                notes.append(_note(lost, f"{own_value} {text} newer {_named(other)}: this order is due later"))
            elif _is_due_later(lost):
                notes.append(_note(lost, f"{own_value} {text} older {_named(other)}: {_by_headers(lost)}"))
    for other, other_row in zip(later, rows[len(earlier) :], strict=True):
        for lost in _shown(names, _overridden(component, own, other)):
            own_value, text = f"{lost.name} {lost.value} of this order", f"is overridden by {lost.standing} of the"
            if other_row < row:
                notes.append(_note(lost, f"{own_value} {text} older {_named(other)}: that order is due later"))
            elif _is_due_later(lost):
                notes.append(_note(lost, f"{own_value} {text} newer {_named(other)}: {_by_headers(lost)}"))
    return notes


def _shown(names: SecretNames, overridden: Iterable[_Overridden]) -> Iterator[_Overridden]:
    for lost in overridden:
        value, standing = (names.shown(lost.name, text) for text in (lost.value, lost.standing))
        yield replace(lost, value=value, standing=standing)


def _overridden(component: Component, lower: PropertySet, upper: PropertySet) -> Iterator[_Overridden]:
    """Yield the values of the order *lower* over which the order *upper* sets others."""
    lines = ComplexObject(upper)
    for line in ComplexObject(lower).items:
        above = lines.by_key(line.get(KEY))
        if above is None or action_code(line) != "Update" or action_code(above) != "Update":
            continue
        for name in (*component.compared, *_ASKED):
            # A field that an order doesn't ask for isn't there: `still_to_come` has dropped it.
            old, new = line.get(name), above.get(name)
            if old is not None and new is not None and not same_value(component.fields[name].type, old, new):
                yield _Overridden(line, above, name, old, new)
        yield from _overridden_attributes(line, above)


def _overridden_attributes(line: PropertySet, above: PropertySet) -> Iterator[_Overridden]:
    asked = {attribute.get("Name"): attribute for attribute in attributes(above) if action_code(attribute) != NO_ACTION}
    for attribute in attributes(line):
        other = asked.get(attribute.get("Name"))
        if other is None or action_code(attribute) == NO_ACTION:
            continue
        old, new = ([node.get(name) for name in VALUE_FIELDS.values()] for node in (attribute, other))
        if old != new:
            first, second = (next((value for value in values if value), None) for values in (old, new))
            yield _Overridden(line, above, attribute.get("Name") or "", first, second)


def _is_due_later(lost: _Overridden) -> bool:
    """Tell whether the line whose value is lost is due after the line that overrides it."""
    lower, upper = lost.line.get("Due Date"), lost.above.get("Due Date")
    return lower is not None and upper is not None and read_date(lower) > read_date(upper)


def _by_headers(lost: _Overridden) -> str:
    dates = f"the line is due {lost.line.get('Due Date')}, and the other one {lost.above.get('Due Date')}"
    return f"{dates}, but the due date of the whole order decides: give it one (revise due-date=)"


def _named(order: PropertySet) -> str:
    due = order.get("Due Date")
    return f"order {order.get('Order Number')} ({f'due {due}' if due else 'without a due date'})"


def _note(lost: _Overridden, text: str) -> Note:
    return Note(KIND, text, lost.line.get(KEY), lost.line.get("Product Id"))
