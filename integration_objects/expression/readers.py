"""The meaning of ``[name]`` where an expression is about a component's own fields."""

from __future__ import annotations

from integration_objects.complex_object import action_code
from integration_objects.component import Component
from integration_objects.expression.faults import ExpressionFault
from integration_objects.expression.syntax import Evaluator, Reader
from integration_objects.expression.values import DateText, Value
from integration_objects.field_values import as_number, shown
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet


def field_reader(component: Component) -> Reader:
    """Return the reader of a component's own fields, typed by its definition.

    A null Action Code reads as ``-``, other nulls as the definition's ``null_reads_as``.
    """

    def read(name: str, column: int) -> Evaluator:
        field = component.fields.get(name)
        if field is None:
            why = f"component {component.name!r} has no field {name!r}"
            raise ExpressionFault(why, nearest(name, component.fields) or "use a field of its definition", column)
        if name == "Action Code":
            return action_code
        return typed_reader(name, field.type, field.null_reads_as, column)

    return read


def typed_reader(name: str, type: str, null_reads_as: str | None = None, column: int = 0) -> Evaluator:
    """Return the function that reads the property *name* of a property set as a value of *type*."""

    def read_text(item: PropertySet) -> str | None:
        text = item.properties.get(name)
        return null_reads_as if text is None else text

    def read_date(item: PropertySet) -> Value:
        text = read_text(item)
        return None if text is None else DateText(text)

    def read_number(item: PropertySet) -> Value:
        text = read_text(item)
        if text is None:
            return None
        # Of any size: the bounds of a stored number are checked where a value is stored.
        number = as_number(text)
        if number is None:
            why = f"expected a number in field {name!r}, found {shown(text)}"
            raise ExpressionFault(why, "write the field as digits with a sign and a point", column, running=True)
        return number

    return {"number": read_number, "date": read_date}.get(type, read_text)
