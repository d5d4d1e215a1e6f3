"""Conditions on an item and its former state: ``[Status]`` reads the item, ``[Old Status]`` the former state.

Spec: docs/design/methods.md, "Delta", action codes by configuration, and "Field Delta", conditions.
"""

from __future__ import annotations

from integration_objects.definition import Component
from integration_objects.expression import Evaluator, Expression, ExpressionFault, compile_expression, field_reader
from integration_objects.property_set import PropertySet

#: The prefix of a field's name that means the old value.
OLD = "Old "
#: A condition is evaluated on the item and its former state.
Pair = tuple[PropertySet, PropertySet]
#: The former state of a new item.
NOTHING = PropertySet()


def compile_condition(text: str, component: Component, where: str = "") -> Expression:
    """Compile a condition that is evaluated on a `Pair`.

    Args:
        text: the expression.
        component: the component whose fields the condition reads.
        where: file:line:column of the declaration, for errors.

    Raises:
        ExpressionFault: the text isn't understood, or names a field that the component hasn't.
    """
    fields = field_reader(component)

    def read(name: str, column: int) -> Evaluator:
        old_name = name.removeprefix(OLD)
        if old_name != name and (old_name in component.fields or name not in component.fields):
            read_old = fields(old_name, column)
            return lambda pair: read_old(pair[1])
        read_new = fields(name, column)
        return lambda pair: read_new(pair[0])

    try:
        return compile_expression(text, read)
    except ExpressionFault as fault:
        fault.at(where)
        raise
