"""Two texts of a field mean the same if they are equal as numbers or as dates; null and absent are one.

Source: "b. Delta Method", DiffItem and DiffAttribute; spec: docs/design/methods.md, "Delta".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from integration_objects.definition import Component
from integration_objects.errors import Refused
from integration_objects.field_values import as_date, as_number

Properties = Mapping[str, str | None]
Differs = Callable[[Properties, Properties], bool]


class ComparedFieldUnknown(Refused):
    """A caller's list of compared fields names one that the definition hasn't."""

    what = "field '{name}' can't be compared"
    where = "{place}"
    why = "component '{component}' has no such field"
    mend = "name a field of the component"


def differs_in(component: Component, names: Iterable[str]) -> Differs:
    """Compile the question whether two nodes of *component* differ in one of the fields *names*.

    Raises:
        ComparedFieldUnknown: a name isn't a field of the component.
    """
    kinds: list[tuple[str, str]] = []
    for name in names:
        if name not in component.fields:
            place = component.where or f"component '{component.name}'"
            raise ComparedFieldUnknown(name=name, component=component.name, place=place)
        kinds.append((name, component.fields[name].type))

    def differs(old: Properties, new: Properties) -> bool:
        if old == new:
            return False  # the common case
        for name, kind in kinds:
            left, right = old.get(name), new.get(name)
            if left != right and not same_value(kind, left, right):
                return True
        return False

    return differs


def same_value(kind: str, left: str | None, right: str | None) -> bool:
    """Tell whether two texts of one field mean the same.

    >>> same_value("number", "5.990", "5.99"), same_value("text", "5.990", "5.99")
    (True, False)
    >>> same_value("date", "2026-01-31", "2026-01-31T01:00:00+01:00"), same_value("text", None, "")
    (True, False)
    """
    if left is None or right is None or left == right:
        return left == right
    if kind == "number":
        number = as_number(left)
        return number is not None and number == as_number(right)
    if kind == "date":
        moment = as_date(left)
        return moment is not None and moment == as_date(right)
    return False
